//! `breakfix run`: lessons against their scenarios, judged.

mod documented;
mod ground;
mod prepare;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;

pub use self::documented::Documented;
use super::{interrupt, output, runtime};
use crate::live::Live;
use crate::outcome::{Exit, LabOutcome, RunOutcome};
use crate::plan::Lab;
use crate::report::{self, Format};
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
    /// What drift of documented output means.
    pub documented: Documented,
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
    let started = Instant::now();
    let mut live = Live::on_stderr(request.verbose);
    let mut outcome = RunOutcome {
        drift_fails: request.documented == Documented::Fail,
        ..RunOutcome::default()
    };
    for (number, (lab, source)) in prepared.into_iter().enumerate() {
        let setting = ground::Setting {
            runtime: &runtime,
            interrupt: &interrupt,
            request: &request,
            log: logs.join(format!("{}.log", number + 1)),
        };
        let mut lab_outcome = run_lab(&setting, &lab, source, &mut live);
        if request.documented != Documented::Ignore {
            documented::compare(&lab, &mut lab_outcome);
        }
        outcome.labs.push(lab_outcome);
        if interrupt.count() > 0 {
            outcome.interrupted = true;
            break;
        }
    }
    drop(live);
    outcome.duration = started.elapsed();
    if request.verbose && !outcome.drift_fails && outcome.drifts().next().is_some() {
        let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        output::complain(&report::terminal::drift_details(&outcome, color));
    }
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

/// The interrupt that signals raise, for rooms that only look at it.
type Signals = Arc<Interrupt>;

/// The directory in which lessons start: where breakfix was called.
fn working_directory() -> anyhow::Result<PathBuf> {
    std::env::current_dir().context("failed to find the working directory")
}
