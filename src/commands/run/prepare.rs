//! Everything about a run that can be found wrong before anything starts.

use std::io::IsTerminal as _;
use std::path::Path;

use super::super::{output, tools};
use super::{Backend, RunRequest};
use crate::outcome::Exit;
use crate::plan::{self, HookSource, Lab};
use crate::report;
use crate::run::ShellPer;
use crate::scenarios::{self, Source};
use crate::tree::{self, LoadError, Loaded};

/// Why nothing was run.
pub(super) struct Refused {
    pub(super) exit: Exit,
    pub(super) text: String,
}

/// A lab and the scenario that it runs against.
pub(super) type Prepared = (Lab, Option<Source>);

pub(super) fn prepare(request: &RunRequest) -> Result<Vec<Prepared>, Refused> {
    check_backend(request)?;
    let loaded = load(request)?;
    show_diagnostics(&loaded);
    if loaded
        .diagnostics
        .iter()
        .any(|diagnostic| diagnostic.is_error())
    {
        let text = "nothing was run: mend the mistakes above first";
        return Err(refused(Exit::Content, text));
    }
    if loaded.plan.step_count() == 0 {
        let text = "nothing selected: no page has a `bash` block that runs";
        return Err(refused(Exit::Usage, text));
    }
    let labs = loaded.plan.labs.into_iter();
    let prepared = labs
        .map(|lab| bind(lab, request))
        .collect::<Result<Vec<_>, _>>()?;
    check_tools(&prepared, request)?;
    Ok(prepared)
}

fn refused(exit: Exit, text: impl Into<String>) -> Refused {
    Refused {
        exit,
        text: text.into(),
    }
}

fn check_backend(request: &RunRequest) -> Result<(), Refused> {
    match request.backend {
        Backend::Aws => Err(refused(
            Exit::Usage,
            "--on aws is not built yet: a real account first needs the plan, the confirmation and the clean-up by tag that keep it safe. Use --on simulator",
        )),
        Backend::Nothing if request.scenario.is_some() => Err(refused(
            Exit::Usage,
            "--on none has no environment to inject a scenario into: leave out --scenario, or use --on simulator",
        )),
        Backend::Simulator if request.shell_per == ShellPer::Run => Err(refused(
            Exit::Usage,
            "--shell-per run needs one environment for all labs, and on the simulator each lab has its own: use --on none, or --shell-per lab",
        )),
        Backend::Nothing | Backend::Simulator => Ok(()),
    }
}

fn load(request: &RunRequest) -> Result<Loaded, Refused> {
    let asked = plan::Request {
        scenario: request.scenario.clone(),
    };
    tree::load(&request.paths, &asked).map_err(|error| {
        let exit = match error {
            LoadError::Unreadable { .. } => Exit::CannotTell,
            _ => Exit::Usage,
        };
        refused(exit, error.to_string())
    })
}

fn show_diagnostics(loaded: &Loaded) {
    if loaded.diagnostics.is_empty() {
        return;
    }
    let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let source_of = |path: &Path| loaded.sources.get(path).cloned();
    output::complain(&report::diagnostics::render(
        &loaded.diagnostics,
        &source_of,
        color,
    ));
}

/// Finds the lab's scenario, and that it supplies the hooks that no script does.
fn bind(lab: Lab, request: &RunRequest) -> Result<Prepared, Refused> {
    let name = lab
        .scenario
        .as_deref()
        .filter(|_| request.backend != Backend::Nothing);
    let Some(name) = name else {
        return Ok((lab, None));
    };
    let source = scenarios::load(name, request.scenarios.as_deref()).map_err(|error| {
        // A name on the command line is a slip of the caller's, one in a page the author's.
        let exit = if request.scenario.is_some() {
            Exit::Usage
        } else {
            Exit::Content
        };
        refused(exit, format!("{}: {error:#}", lab.name))
    })?;
    check_hooks(&lab, &source)?;
    Ok((lab, Some(source)))
}

fn check_hooks(lab: &Lab, source: &Source) -> Result<(), Refused> {
    for step in &lab.steps {
        let Some(hook) = step
            .hook
            .as_ref()
            .filter(|hook| hook.source == HookSource::Scenario)
        else {
            continue;
        };
        if !source.scenario.hooks.contains_key(&hook.name) {
            let place = format!("{}:{}", step.page.display(), step.line);
            let (name, scenario) = (&hook.name, &source.scenario.name);
            let text = format!(
                "{place}: hook={name} has no script tests/hook-{name}.sh beside the page, and the scenario {scenario} has no hook of that name"
            );
            return Err(refused(Exit::Content, text));
        }
    }
    Ok(())
}

fn check_tools(prepared: &[Prepared], request: &RunRequest) -> Result<(), Refused> {
    let simulated = request.backend == Backend::Simulator;
    let sources = prepared.iter().filter_map(|(_, source)| source.as_ref());
    let mut needed: Vec<&str> = sources
        .flat_map(|source| &source.scenario.tools)
        .map(String::as_str)
        .collect();
    if simulated && prepared.iter().any(|(lab, _)| calls_aws(lab)) {
        needed.push("aws");
    }
    needed.sort_unstable();
    needed.dedup();
    let path = std::env::var_os("PATH").unwrap_or_default();
    match tools::problems(&needed, &path, simulated).as_slice() {
        [] => Ok(()),
        problems => Err(refused(Exit::CannotTell, problems.join("\nerror: "))),
    }
}

/// Whether a command or a hook of the lab may call the AWS CLI. Saying yes too often costs one `aws --version`.
fn calls_aws(lab: &Lab) -> bool {
    let mentions = |text: &str| {
        let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
        words.into_iter().any(|word| word == "aws")
    };
    lab.steps.iter().any(|step| {
        let script = match step.hook.as_ref().map(|hook| &hook.source) {
            Some(HookSource::Script(path)) => std::fs::read_to_string(path).unwrap_or_default(),
            Some(HookSource::Scenario) | None => String::new(),
        };
        mentions(&script) || step.commands.iter().any(|command| mentions(&command.text))
    })
}
