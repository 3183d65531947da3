//! `breakfix run`: lessons against their scenarios, judged.

mod ground;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;

use super::{interrupt, output, runtime, tools};
use crate::diagnostic::Severity;
use crate::live::Live;
use crate::outcome::{Exit, LabOutcome, RunOutcome};
use crate::plan::{self, Lab};
use crate::report::{self, Format};
use crate::scenarios::{self, Source};
use crate::session::runs;
use crate::shell::Interrupt;
use crate::simulator::clock::Pace;
use crate::tree::{self, LoadError, Loaded};

/// What to run, and where.
#[derive(Debug, Clone)]
pub struct RunRequest {
    pub paths: Vec<PathBuf>,
    /// Instead of what the lessons name.
    pub scenario: Option<String>,
    pub backend: Backend,
    pub pace: Pace,
    /// Leave the world for inspection.
    pub keep: bool,
    /// Where scenarios are looked for before the built-in ones.
    pub scenarios: Option<PathBuf>,
    pub format: Format,
    /// Show the commands' output as it comes.
    pub verbose: bool,
}

/// Where a lesson's commands act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Simulator,
    Aws,
    Nothing,
}

/// Why nothing was run.
enum Refused {
    /// The diagnostics or the message are told; this is the exit code.
    Told(Exit),
}

/// Runs every lab, reports on stdout.
///
/// # Errors
/// When we could not find out: the environment failed before any lab could.
pub fn run(request: RunRequest) -> anyhow::Result<Exit> {
    let prepared = match prepare(&request) {
        Ok(prepared) => prepared,
        Err(Refused::Told(exit)) => return Ok(exit),
    };
    let runtime = runtime()?;
    let interrupt = interrupt::watch(&runtime)?;
    let state = runs::state_directory(|name| std::env::var_os(name));
    let logs = runs::new_directory(&state, jiff::Timestamp::now())?;
    let started = Instant::now();
    let mut live = Live::on_stderr(request.verbose);
    let mut outcome = RunOutcome::default();
    for (number, (lab, source)) in prepared.into_iter().enumerate() {
        let setting = ground::Setting {
            runtime: &runtime,
            interrupt: &interrupt,
            request: &request,
            log: logs.join(format!("{}.log", number + 1)),
        };
        let lab_outcome = run_lab(&setting, &lab, source, &mut live);
        outcome.labs.push(lab_outcome);
        if interrupt.count() > 0 {
            outcome.interrupted = true;
            break;
        }
    }
    drop(live);
    outcome.duration = started.elapsed();
    let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    output::say(&report::render(&outcome, request.format, color));
    Ok(outcome.exit())
}

fn run_lab(
    setting: &ground::Setting<'_>,
    lab: &Lab,
    source: Option<Source>,
    live: &mut Live,
) -> LabOutcome {
    let result = match setting.request.backend {
        Backend::Nothing => ground::run_bare(setting, lab, live),
        Backend::Simulator | Backend::Aws => ground::run_simulated(setting, lab, source, live),
    };
    result.unwrap_or_else(|error| LabOutcome {
        lab: lab.name.clone(),
        error: Some(format!("{error:#}")),
        ..LabOutcome::default()
    })
}

/// Everything that can be found wrong before anything starts.
fn prepare(request: &RunRequest) -> Result<Vec<(Lab, Option<Source>)>, Refused> {
    let refuse = |exit: Exit, text: &str| {
        output::complain(&format!("error: {text}"));
        Refused::Told(exit)
    };
    if request.backend == Backend::Aws {
        let why = "--on aws is not built yet: a real account first needs the plan, the confirmation and the clean-up by tag that keep it safe. Use --on simulator";
        return Err(refuse(Exit::Usage, why));
    }
    if request.backend == Backend::Nothing && request.scenario.is_some() {
        return Err(refuse(
            Exit::Usage,
            "--on none has no environment to inject a scenario into: leave out --scenario, or use --on simulator",
        ));
    }
    let loaded = load(request).map_err(|error| match error {
        LoadError::Unreadable { .. } => refuse(Exit::CannotTell, &error.to_string()),
        _ => refuse(Exit::Usage, &error.to_string()),
    })?;
    tell_diagnostics(&loaded)?;
    if loaded.plan.step_count() == 0 {
        return Err(refuse(
            Exit::Usage,
            "nothing selected: no page has a `bash` block that runs",
        ));
    }
    let mut prepared = Vec::new();
    for lab in loaded.plan.labs {
        let name = lab
            .scenario
            .as_deref()
            .filter(|_| request.backend != Backend::Nothing);
        let source = name
            .map(|name| scenarios::load(name, request.scenarios.as_deref()))
            .transpose();
        let source = source.map_err(|error| {
            let exit = if request.scenario.is_some() {
                Exit::Usage
            } else {
                Exit::Content
            };
            refuse(exit, &format!("{}: {error:#}", lab.name))
        })?;
        if let Some(source) = &source {
            supply_hooks(&lab, source).map_err(|why| refuse(Exit::Content, &why))?;
        }
        prepared.push((lab, source));
    }
    let needed: Vec<String> = prepared
        .iter()
        .flat_map(|(_, source)| source)
        .flat_map(|source| source.scenario.tools.clone())
        .collect();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let problems = tools::problems(&needed, &path, request.backend == Backend::Simulator);
    if !problems.is_empty() {
        return Err(refuse(Exit::CannotTell, &problems.join("\nerror: ")));
    }
    Ok(prepared)
}

fn load(request: &RunRequest) -> Result<Loaded, LoadError> {
    tree::load(
        &request.paths,
        &plan::Request {
            scenario: request.scenario.clone(),
        },
    )
}

fn tell_diagnostics(loaded: &Loaded) -> Result<(), Refused> {
    if !loaded.diagnostics.is_empty() {
        let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let source_of = |path: &std::path::Path| loaded.sources.get(path).cloned();
        output::complain(&report::diagnostics::render(
            &loaded.diagnostics,
            &source_of,
            color,
        ));
    }
    let wrong = loaded
        .diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error);
    if wrong {
        Err(Refused::Told(Exit::Content))
    } else {
        Ok(())
    }
}

/// Every hook that no script supplies must be one of the scenario's.
fn supply_hooks(lab: &Lab, source: &Source) -> Result<(), String> {
    for step in &lab.steps {
        let Some(hook) = &step.hook else { continue };
        if hook.source == plan::HookSource::Scenario
            && !source.scenario.hooks.contains_key(&hook.name)
        {
            return Err(format!(
                "{}:{}: hook={} has no script tests/hook-{}.sh beside the page, and the scenario {} has no hook of that name",
                step.page.display(),
                step.line,
                hook.name,
                hook.name,
                source.scenario.name
            ));
        }
    }
    Ok(())
}

/// The interrupt that signals raise, for rooms that only look at it.
type Signals = Arc<Interrupt>;

/// The directory in which lessons start: where breakfix was called.
fn working_directory() -> anyhow::Result<PathBuf> {
    std::env::current_dir().context("failed to find the working directory")
}
