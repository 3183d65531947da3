//! `breakfix run`: lessons against their scenarios, judged.

mod ground;
mod prepare;
mod scratch;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::{interrupt, output, runtime};
use crate::live::Live;
use crate::outcome::{Exit, LabOutcome, RunOutcome};
use crate::plan::Lab;
use crate::report::{self, Format};
pub use crate::run::ShellPer;
use crate::run::{self, Options, Run};
use crate::scenarios::Source;
use crate::session::runs;
use crate::shell::Interrupt;
use crate::simulator::clock::Pace;

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
    pub shell_per: ShellPer,
    /// Stop everything at the first failure.
    pub bail: bool,
    pub page_timeout: Option<Duration>,
    pub run_timeout: Option<Duration>,
    /// Variables whose values are hidden, beside those whose names say that they are secret.
    pub mask: Vec<String>,
}

/// Where a lesson's commands act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Simulator,
    Aws,
    Nothing,
}

/// Runs every lab, reports on stdout.
///
/// # Errors
/// When we could not find out: the environment failed before any lab could.
pub fn run(request: RunRequest) -> anyhow::Result<Exit> {
    let prepared = match prepare::prepare(&request) {
        Ok(prepared) => prepared,
        Err(refused) => {
            output::complain(&format!("error: {}", refused.text));
            return Ok(refused.exit);
        }
    };
    let runtime = runtime()?;
    let interrupt = interrupt::watch(&runtime)?;
    let state = runs::state_directory(|name| std::env::var_os(name));
    let logs = runs::new_directory(&state, jiff::Timestamp::now())?;
    let scratch = scratch::Scratch::new(&std::env::temp_dir())?;
    let started = Instant::now();
    let mut live = Live::on_stderr(request.verbose);
    let mut outcome = RunOutcome::default();
    let mut setting = ground::Setting {
        runtime: &runtime,
        interrupt: &interrupt,
        request: &request,
        scratch: &scratch,
        log: PathBuf::new(),
    };
    let mut run = Run::new(request.options(), interrupt.as_ref().clone());
    let mut labs = prepared.into_iter();
    while let Some((lab, source)) = labs.next() {
        let number = outcome.labs.len() + 1;
        setting.log = logs.join(format!("{number}.log"));
        let next = next_suites(labs.as_slice());
        outcome.labs.push(if run.is_stopped() {
            run.skip(&lab)
        } else {
            run_lab(&setting, &mut run, &lab, next, source, &mut live)
        });
    }
    if let Some(last) = outcome.labs.last_mut().filter(|_| !run.is_finished()) {
        ground::finish(&setting, run, last, &mut live)?;
    }
    outcome.interrupted = interrupt.count() > 0;
    drop(live);
    outcome.duration = started.elapsed();
    let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    output::say(&report::render(&outcome, request.format, color));
    Ok(outcome.exit())
}

/// The suites of the next lab that has anything to run: those it shares with this one stay open.
fn next_suites(labs: &[prepare::Prepared]) -> &[PathBuf] {
    let next = labs.iter().find(|(lab, _)| !lab.steps.is_empty());
    next.map_or(&[], |(lab, _)| &lab.suite_hooks)
}

fn run_lab(
    setting: &ground::Setting<'_>,
    run: &mut Run,
    lab: &Lab,
    next: &[PathBuf],
    source: Option<Source>,
    live: &mut Live,
) -> LabOutcome {
    let part = ground::Part { run, lab, next };
    let result = match setting.request.backend {
        Backend::Nothing => ground::run_bare(setting, part, live),
        Backend::Simulator | Backend::Aws => ground::run_simulated(setting, part, source, live),
    };
    result.unwrap_or_else(|error| LabOutcome {
        error: Some(format!("{error:#}")),
        ..run::not_run(lab, "its environment could not be set up")
    })
}

impl RunRequest {
    fn options(&self) -> Options {
        Options {
            shell_per: self.shell_per,
            bail: self.bail,
            page_timeout: self.page_timeout,
            run_timeout: self.run_timeout,
        }
    }
}

/// The interrupt that signals raise, for rooms that only look at it.
type Signals = Arc<Interrupt>;

/// The directory in which lessons start: where breakfix was called.
fn working_directory() -> anyhow::Result<PathBuf> {
    std::env::current_dir().context("failed to find the working directory")
}
