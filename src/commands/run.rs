//! `breakfix run`: lessons against their scenarios, judged.

mod bundle;
pub(super) mod documented;
mod ground;
pub mod part;
pub(super) mod prepare;
pub mod report_files;
mod side_by_side;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use self::part::PartRequest;
use self::prepare::Prepared;
use self::report_files::{ReportRequest, Reports};
use self::side_by_side::Shared;
use super::content::Selection;
use super::sessions::AccountNames;
use super::{interrupt, output, runtime, scratch};
pub use crate::config::Documented;
use crate::live::Live;
use crate::outcome::{Exit, LabOutcome, RunOutcome};
use crate::plan::{Lab, NOT_SELECTED};
use crate::report::{self, Format};
pub use crate::run::ShellPer;
use crate::run::{self, Failures, Halt, Options, Run};
use crate::scenarios::Source;
use crate::session::runs;
use crate::shell::Interrupt;
use crate::simulator::chaos::Chaos;
use crate::simulator::clock::Pace;

/// What to run, and where.
#[derive(Debug, Clone)]
pub struct RunRequest {
    pub selection: Selection,
    /// Again whenever it is edited.
    pub watch: bool,
    /// Which of the selected labs, and from which step on.
    pub part: PartRequest,
    pub backend: Backend,
    /// Which fault the scenario has; its first variant when `None`.
    pub variant: Option<String>,
    /// The real account, where that is the backend.
    pub account: Option<AccountNames>,
    /// Change a real account without asking.
    pub yes: bool,
    pub pace: Pace,
    /// Trouble that the simulator makes for the lab's calls.
    pub chaos: Chaos,
    /// Leave the world for inspection.
    pub keep: bool,
    /// What stdout gets; the terminal's report unless a report asks for it.
    pub format: Option<Format>,
    pub reports: Vec<ReportRequest>,
    /// For steps that declare retries, instead of their own number.
    pub retries: Option<u32>,
    /// A pass on a retry counts as one.
    pub allow_flaky: bool,
    /// What drift of documented output means.
    pub documented: Documented,
    /// Show the commands' output as it comes.
    pub verbose: bool,
    pub shell_per: ShellPer,
    /// Stop everything at the first failure.
    pub bail: bool,
    /// Stop everything after so many failures.
    pub max_fail: Option<usize>,
    /// So many labs run at the same time.
    pub jobs: usize,
    /// Nothing is drawn over.
    pub plain: bool,
    pub page_timeout: Option<Duration>,
    pub run_timeout: Option<Duration>,
    /// Where failed labs leave their bundles, instead of the run's logs.
    pub bundle: Option<PathBuf>,
    /// Variables whose values are hidden, beside those whose names say that they are secret.
    pub mask: Vec<String>,
}

/// Where a lesson's commands act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Simulator,
    /// The one that the request names.
    Account,
    Nothing,
}

/// Runs every lab, reports on stdout and into the files asked for.
///
/// # Errors
/// When we could not find out: the environment failed before any lab could.
pub fn run(request: RunRequest) -> anyhow::Result<Exit> {
    if request.watch {
        return watch::watch(&request);
    }
    let reports = match Reports::open(&request.reports, request.format) {
        Ok(reports) => reports,
        Err(refused) => return Ok(refuse(&refused, Exit::Usage)),
    };
    let (prepared, part) = match prepare::prepare_part(&request) {
        Ok(prepared) => prepared,
        Err(refused) => return Ok(refused.complained()),
    };
    let killed = "the run did not finish: breakfix is still running, or was killed";
    let mut unfinished = unfinished(&request, &prepared, killed);
    part.mark(&mut unfinished);
    if let Err(refused) = reports.begin(&unfinished) {
        return Ok(refuse(&refused, Exit::Usage));
    }
    let mut result = run_labs(&request, prepared);
    if let Ok(outcome) = &mut result {
        part.mark(outcome);
    }
    let outcome = result.as_ref().unwrap_or_else(|error| {
        for lab in &mut unfinished.labs {
            lab.error = Some(format!("{error:#}"));
        }
        &unfinished
    });
    let mut exit = outcome.exit();
    let durations = part.finish(outcome);
    for problem in reports.finish(outcome).into_iter().chain(durations) {
        // Whoever reads the report would not know what this run found out.
        exit = refuse(&problem, exit.or_heavier(Exit::CannotTell));
    }
    result.map(|_| exit)
}

fn refuse(text: &str, exit: Exit) -> Exit {
    output::complain(&format!("error: {text}"));
    exit
}

/// Runs every lab and says nothing of what came, but for what is said meanwhile.
pub(super) fn run_labs(
    request: &RunRequest,
    prepared: Vec<Prepared>,
) -> anyhow::Result<RunOutcome> {
    let runtime = runtime()?;
    let interrupt = interrupt::watch(&runtime)?;
    let state = runs::state_directory(|name| std::env::var_os(name));
    let logs = runs::new_directory(&state, jiff::Timestamp::now())?;
    let scratch = scratch::Scratch::new(&std::env::temp_dir())?;
    let started = Instant::now();
    let mut outcome = blank(request);
    let run = Run::new(request.options(), interrupt.as_ref().clone());
    let shared = Shared {
        runtime: &runtime,
        interrupt: &interrupt,
        request,
        scratch: &scratch,
        logs,
    };
    let done = side_by_side::run_all(&shared, prepared, run)?;
    outcome.labs = done.labs;
    outcome.interrupted = interrupt.count() > usize::from(done.kept);
    outcome.duration = started.elapsed();
    tell_drifts(request, &outcome);
    Ok(outcome)
}

/// What drifted, where that is no mistake and somebody wants to see it all the same.
fn tell_drifts(request: &RunRequest, outcome: &RunOutcome) {
    if request.verbose && !outcome.drift_fails && outcome.drifts().next().is_some() {
        let color = output::is_colored(&std::io::stderr());
        output::complain(&report::terminal::drift_details(outcome, color));
    }
}

/// An outcome by the request's rules in which nothing happened yet.
fn blank(request: &RunRequest) -> RunOutcome {
    RunOutcome {
        allow_flaky: request.allow_flaky,
        drift_fails: request.documented == Documented::Fail,
        ..RunOutcome::default()
    }
}

/// What reports say until the run is over, and for good if breakfix is killed.
fn unfinished(request: &RunRequest, prepared: &[Prepared], error: &str) -> RunOutcome {
    let lab = |(lab, _): &Prepared| LabOutcome {
        error: Some(error.to_owned()),
        ..run::not_run(lab, "the run did not finish")
    };
    RunOutcome {
        labs: prepared.iter().map(lab).collect(),
        ..blank(request)
    }
}

fn run_lab(
    setting: &ground::Setting<'_>,
    run: &mut Run,
    lab: &Lab,
    next: &[PathBuf],
    source: Option<Source>,
    live: &mut Live,
    again: Option<&mut ground::Again<'_>>,
) -> LabOutcome {
    if !lab.runs_something() {
        return run::not_run(lab, NOT_SELECTED);
    }
    let part = ground::Part {
        run,
        lab,
        next,
        again,
    };
    let result = match setting.request.backend {
        Backend::Nothing => ground::run_bare(setting, part, live),
        Backend::Simulator => ground::broken::run_simulated(setting, part, source, live),
        Backend::Account => match &setting.request.account {
            Some(names) => ground::broken::run_on_account(setting, part, source, names, live),
            None => Err(anyhow::anyhow!("no account is named")),
        },
    };
    result.unwrap_or_else(|error| LabOutcome {
        error: Some(format!("{error:#}")),
        ..run::not_run(lab, "the environment failed")
    })
}

impl RunRequest {
    /// What follows labs that run one after the other.
    fn live(&self) -> Live {
        if self.plain {
            Live::lines_on_stderr_with(self.verbose)
        } else {
            Live::on_stderr(self.verbose)
        }
    }

    fn options(&self) -> Options {
        Options {
            shell_per: self.shell_per,
            failures: match (self.bail, self.max_fail) {
                (true, _) => Failures::up_to("--bail", 1),
                (false, Some(limit)) => Failures::up_to(&format!("--max-fail={limit}"), limit),
                (false, None) => Failures::default(),
            },
            halt: Halt::default(),
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
