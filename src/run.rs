//! Drives a lab's plan through a shell and says what happens as it happens. Clock, pauses and
//! hooks that are checks come in as [`Surroundings`]; drawing and reporting are for others.
//!
//! A failing step stops its page; the lab's later pages go on, as do the run's later labs, unless
//! the run bails. A suite that wraps several labs runs `before` in the environment of the first of
//! them and `after` in that of the last.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::outcome::{Event, HookPhase, LabOutcome, SkippedBlock, StepOutcome, StepResult};
use crate::plan::{self, Lab, Step};
use crate::shell::{Interrupt, Mask, Secrets, Shell, ShellConfig};

mod failures;
mod halt;
mod lab;
mod limits;
mod step_output;
mod suites;

pub use failures::Failures;
pub use halt::Halt;
use lab::LabRun;
use limits::{Clock, Limit, Now, seconds};
use suites::Suites;

/// What cleaning up (the `after` of suites, undoing) may take once an interrupt came or a limit of
/// the run fired.
pub const CLEANUP_LIMIT: Duration = Duration::from_secs(60);

/// Said of a step that only made what the step needs that the run resumes from.
pub const RAN_AS_SETUP: &str = "ran as set-up and passed; it was not tested";

/// What a run needs from the world that the lab acts on.
pub trait Surroundings {
    /// Time that passed in the world since some fixed moment. Limits count it, and it may jump.
    fn now(&self) -> Duration;

    /// Lets that much time pass (`wait=`). Returns early when an interrupt comes.
    fn pause(&mut self, duration: Duration);

    /// Judges a hook that is a set of checks ([`plan::HookSource::Scenario`]) within `limit`; the error
    /// says what is not as it should be.
    fn check_hook(
        &mut self,
        hook: &plan::Hook,
        phase: HookPhase,
        limit: Duration,
    ) -> Result<(), String>;
}

/// What shares one shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ShellPer {
    /// Each page starts in the lab's environment and directory.
    Page,
    #[default]
    Lab,
    /// All labs: only where they share one environment.
    Run,
}

/// How to run, whatever the lab.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub shell_per: ShellPer,
    /// Stop everything after some failures, of all runs that share this.
    pub failures: Failures,
    /// Stops before the next step when somebody asks for it.
    pub halt: Halt,
    /// Limit of the steps of one page together, in the lab's time.
    pub page_timeout: Option<Duration>,
    /// Limit of the whole run, in real time.
    pub run_timeout: Option<Duration>,
}

/// Runs one lab alone, with the usual options.
///
/// A failing step is a result. What we could not find out is the outcome's `error`.
pub fn run(
    lab: &Lab,
    config: &ShellConfig,
    surroundings: &mut dyn Surroundings,
    on_event: &mut dyn FnMut(Event),
) -> LabOutcome {
    Run::new(Options::default(), config.interrupt.clone()).lab(
        lab,
        &[],
        config,
        surroundings,
        on_event,
    )
}

/// The labs of one run, one after the other: what they share outlives each of them.
#[derive(Debug)]
pub struct Run {
    options: Options,
    started: Instant,
    limit: Option<Limit>,
    suites: Suites,
    /// Kept from lab to lab with [`ShellPer::Run`].
    shell: Option<Shell>,
    /// What every shell of the run has learned.
    secrets: Secrets,
    interrupt: Interrupt,
    /// Why no further step of the run starts.
    stopped: Option<Stop>,
    /// When cleaning up must be done, since it has begun in a hurry.
    cleanup: Option<Limit>,
}

/// Why a run stops.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stop {
    Interrupted,
    /// The run's limit fired, and some step's result says so.
    Limit(String),
    Failures(String),
    /// Somebody asked for it, and may let it go on.
    Halted(String),
}

impl Stop {
    fn reason(&self) -> String {
        match self {
            Stop::Interrupted => "the run was interrupted".to_owned(),
            Stop::Limit(limit) => format!("time ran out: {limit}"),
            Stop::Failures(why) | Stop::Halted(why) => why.clone(),
        }
    }
}

impl Run {
    /// A run that has done nothing yet; its limit counts from now.
    pub fn new(options: Options, interrupt: Interrupt) -> Run {
        let now = Now {
            world: Duration::ZERO,
            real: Duration::ZERO,
        };
        let limit = options.run_timeout.map(|after| {
            let text = format!("--run-timeout={} on the command line", seconds(after));
            Limit::new(Clock::Real, now, after, text)
        });
        Run {
            options,
            started: Instant::now(),
            limit,
            suites: Suites::default(),
            shell: None,
            secrets: Secrets::default(),
            interrupt,
            stopped: None,
            cleanup: None,
        }
    }

    /// A run beside this one: it shares the options, the failures so far and the limit of the whole.
    #[must_use]
    pub fn beside(&self, interrupt: Interrupt) -> Run {
        Run {
            options: self.options.clone(),
            started: self.started,
            limit: self.limit.clone(),
            suites: Suites::default(),
            shell: None,
            secrets: self.secrets.clone(),
            interrupt,
            stopped: None,
            cleanup: None,
        }
    }

    /// Runs a lab's steps in order within its suites. `next` are the suites of the lab that comes
    /// after it: those of both stay open, unless the run stops here.
    pub fn lab(
        &mut self,
        lab: &Lab,
        next: &[PathBuf],
        config: &ShellConfig,
        surroundings: &mut dyn Surroundings,
        on_event: &mut dyn FnMut(Event),
    ) -> LabOutcome {
        on_event(Event::LabStarted {
            lab: lab.name.clone(),
            steps: lab.steps.len(),
        });
        let mut outcome = LabOutcome {
            log: config.log.clone(),
            ..lab_outcome(lab)
        };
        outcome.steps = if lab.runs_something() {
            let mut run = LabRun::new(self, config, surroundings, on_event, lab.steps.len());
            run.start_shell();
            run.close_suites(&lab.suite_hooks);
            run.open_suites(&lab.suite_hooks);
            let steps = lab.steps.iter().map(|step| run.step_or_skip(step));
            let steps = steps.collect();
            let stays = match run.run.stopped {
                None | Some(Stop::Halted(_)) => next,
                Some(_) => &[],
            };
            run.close_suites(stays);
            if run.run.options.shell_per != ShellPer::Run {
                run.end_shell();
            }
            (outcome.suite_hooks, outcome.error) = (run.suite_hooks, run.error);
            steps
        } else {
            not_run(lab, plan::NOT_SELECTED).steps
        };
        on_event(Event::LabFinished {
            lab: lab.name.clone(),
        });
        outcome
    }

    /// What hides everything that is known to be secret by now.
    pub fn mask(&self) -> Mask {
        let mut secrets = self.secrets.clone();
        if let Some(shell) = &self.shell {
            secrets.learn_from(shell.secrets());
        }
        secrets.mask().clone()
    }

    /// Whether no further lab should be set up: it would only be skipped.
    pub fn is_stopped(&self) -> bool {
        self.stopped.is_some()
            || self.interrupt.count() > 0
            || self.limit_fired().is_some()
            || self.options.failures.stop().is_some()
    }

    /// A lab that does not run because the run [is stopped](Run::is_stopped): every step is a skip
    /// with its reason.
    pub fn skip(&mut self, lab: &Lab) -> LabOutcome {
        let mut outcome = lab_outcome(lab);
        self.look_for_stops();
        let fired = self.limit_fired();
        for step in &lab.steps {
            if let Some(reason) = &step.skip {
                outcome.steps.push(skipped(step, reason.clone()));
                continue;
            }
            outcome.steps.push(match (&self.stopped, &fired) {
                (Some(stop), _) => skipped(step, stop.reason()),
                (None, Some(limit)) => {
                    // Some result must say it, or the run would pass.
                    self.stopped = Some(Stop::Limit(limit.clone()));
                    StepOutcome {
                        result: StepResult::Timeout(limit.clone()),
                        ..empty_outcome(step)
                    }
                }
                (None, None) => skipped(step, Stop::Interrupted.reason()),
            });
        }
        outcome
    }

    /// Whether [`Run::leave`] has `after` hooks to run or a shell to end.
    pub fn is_finished(&self) -> bool {
        self.suites.is_empty() && self.shell.is_none()
    }

    /// Leaves the suites that are still open, because the lab that should have left them could not
    /// be set up or was to run again, and ends the shell of the run; what came of it is added to the
    /// last lab's outcome.
    pub fn leave(
        &mut self,
        config: &ShellConfig,
        surroundings: &mut dyn Surroundings,
        on_event: &mut dyn FnMut(Event),
        last: &mut LabOutcome,
    ) {
        let mut run = LabRun::new(self, config, surroundings, on_event, 0);
        if !run.run.suites.is_empty() {
            run.start_shell();
        }
        run.close_suites(&[]);
        run.end_shell();
        last.suite_hooks.extend(run.suite_hooks);
        last.error = last.error.take().or(run.error);
    }

    /// Stops where all who run a part of this have had too many failures, or where somebody asks for it.
    fn look_for_stops(&mut self) {
        if self.stopped.is_none() {
            let failures = self.options.failures.stop().map(Stop::Failures);
            self.stopped = failures.or_else(|| self.options.halt.reason().map(Stop::Halted));
        }
    }

    /// Whether this stopped only because [`Halt`] asked for it.
    pub fn is_halted(&self) -> bool {
        matches!(self.stopped, Some(Stop::Halted(_)))
    }

    /// Makes a halted run ready for more steps. `false` where nothing could run in its shell or its suites any more.
    pub fn resume(&mut self) -> bool {
        if self.is_halted() {
            self.stopped = None;
        }
        let lives = self.shell.as_ref().is_some_and(|shell| !shell.is_lost());
        lives && self.stopped.is_none() && self.suites.failure().is_none()
    }

    /// The failures so far, of all who run a part of this.
    pub fn failures(&self) -> &Failures {
        &self.options.failures
    }

    fn limit_fired(&self) -> Option<String> {
        let now = Now {
            world: Duration::ZERO,
            real: self.real(),
        };
        let fired = self
            .limit
            .as_ref()
            .filter(|limit| limit.left(now).is_zero());
        fired.map(|limit| limit.text().to_owned())
    }

    /// Real time since the start, without that for which we were stopped.
    fn real(&self) -> Duration {
        let elapsed = self.started.elapsed();
        elapsed.saturating_sub(self.interrupt.suspended())
    }
}

/// The outcome of a lab that was not run: nothing of it goes untold. A step that would not have run
/// anyway keeps its own reason.
pub fn not_run(lab: &Lab, reason: &str) -> LabOutcome {
    let skip = |step: &Step| skipped(step, step.skip.clone().unwrap_or_else(|| reason.to_owned()));
    LabOutcome {
        steps: lab.steps.iter().map(skip).collect(),
        ..lab_outcome(lab)
    }
}

/// What a lab's outcome is before anything ran.
fn lab_outcome(lab: &Lab) -> LabOutcome {
    LabOutcome {
        lab: lab.name.clone(),
        skipped: lab.skipped.iter().map(skipped_block).collect(),
        ..LabOutcome::default()
    }
}

fn skipped(step: &Step, reason: String) -> StepOutcome {
    StepOutcome {
        result: StepResult::Skip(reason),
        ..empty_outcome(step)
    }
}

fn empty_outcome(step: &Step) -> StepOutcome {
    StepOutcome {
        number: step.number,
        id: step.id.clone(),
        title: step.title.clone(),
        page: step.page.clone(),
        line: step.line,
        result: StepResult::Pass,
        commands: Vec::new(),
        duration: Duration::ZERO,
        world: Duration::ZERO,
        notes: Vec::new(),
    }
}

fn skipped_block(skip: &plan::Skip) -> SkippedBlock {
    SkippedBlock {
        page: skip.page.clone(),
        line: skip.line,
        reason: skip.reason.clone(),
    }
}
