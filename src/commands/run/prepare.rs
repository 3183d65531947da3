//! Everything about a run that can be found wrong before anything starts.

use std::path::Path;

use super::super::content::{self, Content, Refused, refused};
use super::super::tools;
use super::part::{self, Part};
use super::{Backend, RunRequest};
use crate::outcome::Exit;
use crate::plan::Lab;
use crate::run::ShellPer;
use crate::scenario::RANDOM;
use crate::scenarios::Source;

/// A lab and the scenario that it runs against.
pub(in crate::commands) type Prepared = (Lab, Option<Source>);

pub(in crate::commands) fn prepare(request: &RunRequest) -> Result<Vec<Prepared>, Refused> {
    prepare_part(request).map(|(prepared, _)| prepared)
}

/// Also what the reports have to say about labs that others run.
pub(super) fn prepare_part(request: &RunRequest) -> Result<(Vec<Prepared>, Part), Refused> {
    check_backend(request)?;
    let content = content::load(&request.selection, request.backend != Backend::Nothing)?;
    let prepared = bound(request, content)?;
    check_tools(&prepared.0, request)?;
    Ok(prepared)
}

/// For content that is looked at again and again: somebody else tells its diagnostics, and the tools are there.
pub(super) fn prepare_again(request: &RunRequest) -> Result<Vec<Prepared>, Refused> {
    check_backend(request)?;
    let selection = &request.selection;
    let mut content = content::read(selection, request.backend != Backend::Nothing)?;
    content.select(selection)?;
    bound(request, content).map(|(prepared, _)| prepared)
}

fn bound(request: &RunRequest, mut content: Content) -> Result<(Vec<Prepared>, Part), Refused> {
    if content.has_errors() {
        let text = "nothing was run: mend the mistakes above first";
        return Err(refused(Exit::Content, text));
    }
    if !content.loaded.plan.runs_something() {
        return Err(refused(Exit::Usage, content::NOTHING_RUNS));
    }
    let scenarios = content.scenarios;
    let plan = &mut content.loaded.plan;
    plan.labs
        .retain(|lab| !lab.steps.is_empty() || !lab.skipped.is_empty());
    let part = part::narrow(plan, request)?;
    let labs = content.loaded.plan.labs.into_iter();
    let prepared: Vec<Prepared> = labs
        .map(|mut lab| {
            limit_retries(&mut lab, request.retries);
            let source = lab.scenario.as_ref().and_then(|name| scenarios.get(name));
            let source = source.cloned();
            (lab, source)
        })
        .collect();
    check_jobs(&prepared, request)?;
    check_variant(&prepared, request)?;
    check_keep(&prepared, request)?;
    Ok((prepared, part))
}

fn check_backend(request: &RunRequest) -> Result<(), Refused> {
    match request.backend {
        Backend::Nothing if request.selection.scenario.is_some() => Err(refused(
            Exit::Usage,
            "--on none has no environment to inject a scenario into: leave out --scenario, or use --on simulator",
        )),
        Backend::Simulator | Backend::Account if request.shell_per == ShellPer::Run => {
            Err(refused(
                Exit::Usage,
                "--shell-per run needs one environment for all labs, and each lab is broken on its own: use --on none, or --shell-per lab",
            ))
        }
        Backend::Account if request.watch => Err(refused(
            Exit::Usage,
            "--watch breaks an environment again and again, which a real account is not for: use --on simulator, or --on none",
        )),
        Backend::Nothing | Backend::Simulator | Backend::Account => Ok(()),
    }
}

/// A real account and its cluster are one for all labs, and scenarios break them.
fn check_jobs(prepared: &[Prepared], request: &RunRequest) -> Result<(), Refused> {
    let breaks = prepared.iter().any(|(_, source)| source.is_some());
    if request.backend == Backend::Account && request.jobs > 1 && breaks {
        return Err(refused(
            Exit::Usage,
            "--jobs: on a real account labs with a scenario run one after the other, because they would break each other's environment",
        ));
    }
    Ok(())
}

/// Gives steps that declare retries the number that was asked for.
fn limit_retries(lab: &mut Lab, retries: Option<u32>) {
    let Some(retries) = retries else { return };
    let declared = lab.steps.iter_mut().filter(|step| step.retries > 0);
    declared.for_each(|step| step.retries = retries);
}

/// A fault that is asked for must be one of every scenario that is going to be injected.
fn check_variant(prepared: &[Prepared], request: &RunRequest) -> Result<(), Refused> {
    let Some(asked) = request.variant.as_deref().filter(|asked| *asked != RANDOM) else {
        return Ok(());
    };
    let mut sources = prepared
        .iter()
        .filter_map(|(_, source)| source.as_ref())
        .peekable();
    if sources.peek().is_none() {
        return Err(refused(
            Exit::Usage,
            "--variant is a fault of a scenario, and no lesson here has one: name it with --scenario",
        ));
    }
    sources.try_for_each(|source| match source.scenario.choose(Some(asked)) {
        Ok(_) => Ok(()),
        Err(error) => Err(refused(Exit::Usage, error.to_string())),
    })
}

fn check_keep(prepared: &[Prepared], request: &RunRequest) -> Result<(), Refused> {
    let labs = prepared.iter().filter(|(lab, _)| lab.runs_something());
    match (request.keep, request.backend, labs.count()) {
        (true, Backend::Nothing, _) => Err(refused(
            Exit::Usage,
            "--keep has nothing to keep with --on none",
        )),
        (true, Backend::Account, _) => Err(refused(
            Exit::Usage,
            "--keep is for the simulator: on a real account `breakfix start` leaves the environment broken until `breakfix finish`",
        )),
        (true, _, many) if many > 1 => Err(refused(
            Exit::Usage,
            format!("--keep keeps the world of one lab, and {many} are selected: select one"),
        )),
        _ => Ok(()),
    }
}

pub(super) fn check_tools(prepared: &[Prepared], request: &RunRequest) -> Result<(), Refused> {
    let simulated = request.backend == Backend::Simulator;
    let running = || prepared.iter().filter(|(lab, _)| lab.runs_something());
    let sources = running().filter_map(|(_, source)| source.as_ref());
    let mut needed: Vec<&str> = sources
        .flat_map(|source| &source.scenario.tools)
        .map(String::as_str)
        .collect();
    if simulated && running().any(|(lab, _)| calls_aws(lab)) {
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
    let script = |path: &Path| mentions(&std::fs::read_to_string(path).unwrap_or_default());
    let suites = lab.suite_hooks.iter().filter(|_| lab.runs_something());
    suites.into_iter().any(|suite| script(suite))
        || lab.steps_to_run().any(|step| {
            step.script().is_some_and(script)
                || step.commands.iter().any(|command| mentions(&command.text))
        })
}
