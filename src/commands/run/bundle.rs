//! What a failed lab leaves behind for whoever looks into it: a directory with what was shown, the
//! exact script, the environment, what was observed, the calls, the report, and how to do it again.
//! Everything goes through the run's mask and one of its own: a bundle is made to be passed on.

mod again;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::Permissions;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::super::output;
use super::ground::Setting;
use super::{Documented, RunRequest};
use crate::outcome::{Exit, LabOutcome, RunOutcome, StepResult};
use crate::plan::{HookSource, Lab, Step};
use crate::report::{self, Format};
use crate::shell::{HIDDEN, Mask};
use crate::simulator::Simulator;

/// What only exists while a lab runs.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// What the lab's shell was given.
    pub(super) environment: Vec<(OsString, OsString)>,
    /// The fault that was injected, also when it was drawn by lot.
    pub(super) variant: Option<String>,
    /// The simulated world before it was undone, and its calls.
    pub(super) world: Option<(Value, Value)>,
}

impl Evidence {
    /// Notes the simulator's state of a lab that failed.
    pub(super) fn note_world(&mut self, simulator: &Simulator) {
        self.world = Some((simulator.inventory(), simulator.audit()));
    }
}

/// Whether a lab leaves a bundle. An interrupt is no failure.
pub(super) fn is_wanted(request: &RunRequest, outcome: &LabOutcome) -> bool {
    let drifted = outcome
        .steps
        .iter()
        .any(|step| step.drifts().next().is_some());
    match outcome.exit(request.allow_flaky) {
        Exit::Met => request.documented == Documented::Fail && drifted,
        Exit::Interrupted => false,
        _ => true,
    }
}

/// Writes the bundle of a lab that failed, below the request's directory or the run's logs, and notes where.
pub(super) fn keep(setting: &Setting<'_>, lab: &Lab, outcome: &mut LabOutcome, mask: &Mask) {
    let evidence = setting.evidence.take();
    if !is_wanted(setting.request, outcome) {
        return;
    }
    let logs = setting.log.parent().unwrap_or(Path::new("."));
    let directory = setting.request.bundle.clone();
    let directory = directory.unwrap_or_else(|| logs.join("bundle"));
    let number = setting
        .log
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy();
    let directory = directory.join(format!("{number}-{}", plain_name(&lab.name)));
    let bundle = Bundle {
        request: setting.request,
        lab,
        outcome,
        own: Mask::of(values_of(&evidence.environment)),
        mask,
        evidence: &evidence,
    };
    match bundle.write(&directory) {
        Ok(()) => outcome.bundle = Some(directory),
        Err(error) => output::complain(&format!("warning: no failure bundle: {error:#}")),
    }
}

/// A lab's path as the name of one directory.
fn plain_name(name: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    let plain: String = name
        .chars()
        .map(|letter| if is_plain(letter) { letter } else { '-' })
        .collect();
    let plain = plain.trim_matches(['-', '.']);
    let end = plain.len().min(100);
    plain[..end].to_owned()
}

/// Parts of names whose values are nobody else's business: more than a run hides, since whole environments are told.
const PRIVATE: [&str; 7] = [
    "SECRET",
    "TOKEN",
    "PASSWORD",
    "PASSWD",
    "CREDENTIAL",
    "PRIVATE",
    "APIKEY",
];

fn is_private(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let is_place = name.ends_with("_FILE") || name.ends_with("_PATH") || name.ends_with("_DIR");
    !is_place && (name.ends_with("_KEY") || PRIVATE.iter().any(|part| name.contains(part)))
}

fn values_of(environment: &[(OsString, OsString)]) -> impl Iterator<Item = &[u8]> {
    let private = environment
        .iter()
        .filter(|(name, _)| is_private(&name.to_string_lossy()));
    private.map(|(_, value)| value.as_bytes())
}

struct Bundle<'a> {
    request: &'a RunRequest,
    lab: &'a Lab,
    outcome: &'a LabOutcome,
    mask: &'a Mask,
    /// Hides the private values of the environment.
    own: Mask,
    evidence: &'a Evidence,
}

impl Bundle<'_> {
    fn write(&self, directory: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(directory)
            .with_context(|| format!("failed to make {}", directory.display()))?;
        let mut files = vec![
            ("transcript.txt", self.transcript()),
            ("script.sh", self.script()),
            ("environment.txt", self.environment()),
            ("observations.json", pretty(&self.observations())),
            ("report.json", self.report()),
        ];
        if let Some((_, audit)) = &self.evidence.world {
            files.push(("audit.json", pretty(audit)));
        }
        files.push(("README.txt", self.readme(&files)));
        for (name, text) in files {
            let path = directory.join(name);
            let text = self.own.text(&self.mask.text(&text));
            std::fs::write(&path, text)
                .with_context(|| format!("failed to write {}", path.display()))?;
            if name == "script.sh" {
                std::fs::set_permissions(&path, Permissions::from_mode(0o755))
                    .with_context(|| format!("failed to make {} executable", path.display()))?;
            }
        }
        Ok(())
    }

    fn transcript(&self) -> String {
        let log = self.outcome.log.as_ref();
        let bytes = log.and_then(|log| std::fs::read(log).ok());
        match bytes {
            Some(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            None => "nothing was run\n".to_owned(),
        }
    }

    /// Every step that ran, as bash got it.
    fn script(&self) -> String {
        let mut text = "#!/usr/bin/env bash\n# What bash got, command by command, in one shell. It wants the variables of environment.txt.\n".to_owned();
        for step in &self.lab.steps {
            let ran = self
                .outcome
                .steps
                .iter()
                .find(|ran| ran.number == step.number);
            let result = ran.map(|ran| &ran.result);
            let (page, line) = (step.page.display(), step.line);
            let _ = write!(
                text,
                "\n# step {}: {}\n# {page}:{line}\n",
                step.number,
                one_line(&step.title)
            );
            if let Some(StepResult::Skip(why)) = result {
                let _ = writeln!(text, "# did not run: {}", one_line(why));
                continue;
            }
            text += &hook_line(step, "before");
            let ran = ran.map_or(0, |ran| ran.commands.len());
            for (index, command) in step.commands.iter().enumerate() {
                let _ = writeln!(text, "# {page}:{}", command.line);
                if index < ran {
                    text += &format!("{}\n", command.text);
                } else {
                    text += "# did not run\n";
                }
            }
            text += &hook_line(step, "after");
        }
        text
    }

    /// All names; the values of the private ones are hidden whatever their length.
    fn environment(&self) -> String {
        let variables = self.evidence.environment.iter();
        let mut lines: Vec<String> = variables
            .map(|(name, value)| {
                let name = name.to_string_lossy();
                let value = if is_private(&name) {
                    HIDDEN.to_owned()
                } else {
                    value.to_string_lossy().into_owned()
                };
                format!("{name}={}\n", again::quoted(&value))
            })
            .collect();
        lines.sort();
        lines.concat()
    }

    fn observations(&self) -> Value {
        let report: Value = serde_json::from_str(&self.report()).unwrap_or_default();
        let mut world = self.evidence.world.as_ref().map(|(world, _)| world.clone());
        if let Some(world) = &mut world {
            hide(world);
        }
        json!({
            "version": 1,
            "scenario": self.lab.scenario,
            "variant": self.evidence.variant,
            "checks": report["labs"][0]["checks"],
            "leftovers": self.outcome.leftovers,
            "error": self.outcome.error,
            "world": world,
        })
    }

    /// The report of a run that had this lab alone.
    fn report(&self) -> String {
        let run = RunOutcome {
            labs: vec![self.outcome.clone()],
            allow_flaky: self.request.allow_flaky,
            drift_fails: self.request.documented == Documented::Fail,
            duration: self.outcome.duration,
            ..RunOutcome::default()
        };
        report::render(&run, Format::Json, false)
    }

    fn readme(&self, files: &[(&str, String)]) -> String {
        let is_there = |name: &str| files.iter().any(|(known, _)| *known == name);
        let mut text = format!("{} failed.\n\nDo it again:\n", one_line(&self.lab.name));
        if let Ok(directory) = std::env::current_dir() {
            let directory = directory.to_string_lossy();
            let _ = writeln!(text, "  cd {}", again::quoted(&directory));
        }
        let command = again::command(self.request, self.lab, self.evidence.variant.as_deref());
        let _ = write!(text, "  {command}\n\nHere is:\n");
        for (name, what) in [
            ("transcript.txt", "everything that was shown"),
            (
                "script.sh",
                "each command as bash got it, with its place in the lesson",
            ),
            ("environment.txt", "the environment that the lab began with"),
            (
                "observations.json",
                "the checks, and the world before it was undone",
            ),
            (
                "audit.json",
                "every call to the simulator: who, what, and what came of it",
            ),
            ("report.json", "the report of this lab"),
        ] {
            if is_there(name) {
                let _ = writeln!(text, "  {name:18} {what}");
            }
        }
        text + &format!("\nSecret values are {HIDDEN}.\n")
    }
}

fn hook_line(step: &Step, phase: &str) -> String {
    match &step.hook {
        None => String::new(),
        Some(hook) => match &hook.source {
            HookSource::Script(path) => format!("# hook: bash {} {phase}\n", path.display()),
            HookSource::Scenario => {
                format!("# hook: the scenario's checks {}, {phase}\n", hook.name)
            }
        },
    }
}

fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// Takes out of a world what its owner would not pass on: the keys' own bytes, credentials, Kubernetes' secrets.
fn hide(value: &mut Value) {
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(hide),
        Value::Object(members) => {
            let is_secret = members.get("kind").is_some_and(|kind| kind == "Secret");
            for (name, member) in members.iter_mut() {
                let name = name.to_ascii_lowercase();
                let is_data = is_secret && (name == "data" || name == "stringdata");
                let told = [
                    "secret",
                    "password",
                    "token",
                    "material",
                    "userdata",
                    "privatekey",
                    "private_key",
                ];
                if is_data || told.iter().any(|part| name.contains(part)) {
                    *member = Value::from(HIDDEN);
                } else {
                    hide(member);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lab_has_a_directory_of_a_plain_name() {
        let check = |name: &str, expected: &str| assert_eq!(plain_name(name), expected);
        check("content/a/page.md", "content-a-page.md");
        check("../x y/", "x-y");
        check("ノード.md", "md");
        check(&"a".repeat(300), &"a".repeat(100));
    }

    #[test]
    fn private_names_are_more_than_a_run_hides() {
        for name in [
            "API_KEY",
            "my_token",
            "DB_PASSWD",
            "AWS_SECRET_ACCESS_KEY",
            "GOOGLE_CREDENTIALS",
        ] {
            assert!(is_private(name), "{name}");
        }
        for name in [
            "KEY_ID",
            "NEW_KMS_KEY_ID",
            "PATH",
            "AWS_SHARED_CREDENTIALS_FILE",
            "KEYMAP",
        ] {
            assert!(!is_private(name), "{name}");
        }
    }

    #[test]
    fn a_world_is_told_without_its_secrets() {
        let mut world = json!({
            "kms": {"keys": [{"id": "k", "material": {"secret": "x"}}]},
            "kubernetes": {"objects": [{"kind": "Secret", "metadata": {"name": "n"}, "data": {"a": "b"}},
                                       {"kind": "ConfigMap", "data": {"a": "b"}}]},
        });
        hide(&mut world);
        let expected = json!({
            "kms": {"keys": [{"id": "k", "material": "***"}]},
            "kubernetes": {"objects": [{"kind": "Secret", "metadata": {"name": "n"}, "data": "***"},
                                       {"kind": "ConfigMap", "data": {"a": "b"}}]},
        });
        assert_eq!(world, expected);
    }
}
