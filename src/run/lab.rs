//! One lab of a run: its shell, its pages, and what a step's end means for those after it.

mod attempt;
mod hooks;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::limits::{Clock, Limit, Limits, Now, seconds};
use super::{RAN_AS_SETUP, Run, ShellPer, Stop, Surroundings, empty_outcome, skipped};
use crate::outcome::{Event, StepOutcome, StepResult, SuiteHookOutcome};
use crate::plan::Step;
use crate::shell::{Interrupt, Shell, ShellConfig, ShellError};

/// One lab of a run.
pub(super) struct LabRun<'a> {
    pub(super) run: &'a mut Run,
    config: &'a ShellConfig,
    surroundings: &'a mut dyn Surroundings,
    on_event: &'a mut dyn FnMut(Event),
    of: usize,
    clocks: Clocks,
    page: Option<Page>,
    /// Why no further step of the lab runs.
    stopped: Option<String>,
    /// Why the steps that set-up was to make ready do not run.
    unprepared: Option<String>,
    pub(super) suite_hooks: Vec<SuiteHookOutcome>,
    pub(super) error: Option<String>,
}

/// What it takes to read both clocks.
#[derive(Clone)]
struct Clocks {
    started: Instant,
    interrupt: Interrupt,
    /// How long we had been stopped when the lab began.
    suspended_before: Duration,
}

impl Clocks {
    fn now(&self, surroundings: &dyn Surroundings) -> Now {
        let suspended = self.interrupt.suspended();
        let since = suspended.saturating_sub(self.suspended_before);
        Now {
            world: surroundings.now().saturating_sub(since),
            real: self.started.elapsed().saturating_sub(suspended),
        }
    }
}

/// The page whose steps run.
struct Page {
    path: PathBuf,
    limit: Option<Limit>,
    /// Why no further step of it runs.
    stopped: Option<String>,
}

/// What came of something within a step that can also be cut short.
type StepPart = Result<(), StepResult>;

impl<'a> LabRun<'a> {
    pub(super) fn new(
        run: &'a mut Run,
        config: &'a ShellConfig,
        surroundings: &'a mut dyn Surroundings,
        on_event: &'a mut dyn FnMut(Event),
        of: usize,
    ) -> LabRun<'a> {
        let clocks = Clocks {
            started: run.started,
            interrupt: run.interrupt.clone(),
            suspended_before: run.interrupt.suspended(),
        };
        LabRun {
            clocks,
            run,
            config,
            surroundings,
            on_event,
            of,
            page: None,
            stopped: None,
            unprepared: None,
            suite_hooks: Vec::new(),
            error: None,
        }
    }

    fn now(&self) -> Now {
        self.clocks.now(self.surroundings)
    }

    /// The limits around a step: its page's and the run's.
    fn outer_limits(&self) -> Limits {
        let page = self.page.as_ref().and_then(|page| page.limit.clone());
        Limits::of(page.into_iter().chain(self.run.limit.clone()))
    }

    /// Starts a shell unless there is one.
    pub(super) fn start_shell(&mut self) {
        if let Some(shell) = &mut self.run.shell {
            if let Err(error) = shell.log_to(self.config.log.as_deref()) {
                self.fail(&error);
            }
            return;
        }
        let mut config = self.config.clone();
        config.secrets.learn_from(&self.run.secrets);
        match Shell::start(&config) {
            Ok(shell) => self.run.shell = Some(shell),
            Err(error) => {
                self.fail(&error);
                self.stopped = Some("the shell could not be started".to_owned());
            }
        }
    }

    /// Ends the shell with all its processes.
    pub(super) fn end_shell(&mut self) {
        let Some(shell) = self.run.shell.take() else {
            return;
        };
        self.run.secrets.learn_from(shell.secrets());
        match shell.finish() {
            Ok(0) => {}
            Ok(left) => self.fail(&format!("{left} processes of the lab could not be ended")),
            Err(failure) => self.fail(&failure),
        }
    }

    /// Notes what could not be found out; the first such thing counts.
    fn fail(&mut self, error: &dyn std::fmt::Display) {
        let error = self.masked(&error.to_string());
        self.error.get_or_insert(error);
    }

    fn masked(&self, text: &str) -> String {
        let shell = self.run.shell.as_ref().map(Shell::secrets);
        shell.unwrap_or(&self.run.secrets).mask().text(text)
    }

    fn log_line(&mut self, line: &str) {
        if let Some(shell) = &mut self.run.shell {
            shell.log_line(line);
        }
    }

    fn is_lost(&self) -> bool {
        self.run.shell.as_ref().is_none_or(Shell::is_lost)
    }

    pub(super) fn step_or_skip(&mut self, step: &Step) -> StepOutcome {
        if step.skip.is_none() {
            self.turn_to_page(&step.page);
        }
        if step.skip.is_none() {
            self.run.look_for_stops();
        }
        let page_stopped = || self.page.as_ref().and_then(|page| page.stopped.clone());
        let suite = || self.run.suites.failure().map(str::to_owned);
        let stop = self.run.stopped.as_ref().map(Stop::reason);
        let left_out = step.skip.clone();
        let reason = left_out
            .or(stop)
            .or_else(suite)
            .or_else(|| self.unprepared.clone())
            .or_else(|| self.stopped.clone())
            .or_else(page_stopped);
        let outcome = match reason {
            Some(reason) => skipped(step, reason),
            None => self.step(step).unwrap_or_else(|failure| {
                self.stopped = Some("the shell failed".to_owned());
                self.fail(&format!("step {}: {failure}", step.number));
                self.run.shell = None;
                skipped(step, self.masked(&failure.to_string()))
            }),
        };
        let outcome = self.judge_setup(step, outcome);
        (self.on_event)(Event::StepFinished {
            outcome: outcome.clone(),
        });
        outcome
    }

    /// Set-up that passed tells nothing about the lab; without it nothing can be resumed.
    fn judge_setup(&mut self, step: &Step, mut outcome: StepOutcome) -> StepOutcome {
        match outcome.result {
            _ if !step.setup => {}
            StepResult::Pass | StepResult::Flaky { .. } => {
                outcome.result = StepResult::Skip(RAN_AS_SETUP.to_owned());
            }
            _ => {
                let (number, page, line) = (step.number, step.page.display(), step.line);
                self.unprepared.get_or_insert_with(|| {
                    format!("nothing was resumed: step {number} ({page}:{line}), which sets it up, did not pass")
                });
            }
        }
        outcome
    }

    /// A new page has limits, and perhaps a shell, of its own.
    fn turn_to_page(&mut self, path: &Path) {
        if self.page.as_ref().is_some_and(|page| page.path == path) {
            return;
        }
        if self.page.is_some() && self.run.options.shell_per == ShellPer::Page {
            self.end_shell();
            if self.run.stopped.is_none() {
                self.stopped = None;
                self.start_shell();
            }
        }
        let now = self.now();
        let limit = self.run.options.page_timeout.map(|after| {
            let text = format!(
                "--page-timeout={} on the command line, for {}",
                seconds(after),
                path.display()
            );
            Limit::new(Clock::World, now, after, text)
        });
        self.page = Some(Page {
            path: path.to_owned(),
            limit,
            stopped: None,
        });
    }

    fn step(&mut self, step: &Step) -> Result<StepOutcome, ShellError> {
        (self.on_event)(Event::StepStarted {
            number: step.number,
            of: self.of,
            title: step.title.clone(),
            limit: step.timeout,
        });
        self.log_line(&format!(
            "## step {} {}:{}",
            step.number,
            step.page.display(),
            step.line
        ));
        let (started, world_started) = (Instant::now(), self.surroundings.now());
        let mut failures = 0;
        let mut outcome = loop {
            if let Some(limit) = self.outer_limits().fired(self.now()) {
                break StepOutcome {
                    result: StepResult::Timeout(limit.to_owned()),
                    ..empty_outcome(step)
                };
            }
            let outcome = self.attempt(step)?;
            if !matches!(outcome.result, StepResult::Fail(_))
                || failures == step.retries as usize
                || self.is_lost()
            {
                break outcome;
            }
            failures += 1;
        };
        if outcome.result == StepResult::Pass && failures > 0 {
            outcome.result = StepResult::Flaky { failures };
        }
        outcome.duration = started.elapsed();
        outcome.world = self.surroundings.now().saturating_sub(world_started);
        self.note_end(&outcome);
        Ok(outcome)
    }

    /// What a step's result means for those after it.
    fn note_end(&mut self, outcome: &StepOutcome) {
        let (number, page, line) = (outcome.number, outcome.page.display(), outcome.line);
        if self.is_lost() {
            self.stopped = Some(format!(
                "the shell was lost in step {number} ({page}:{line})"
            ));
        }
        match outcome.result {
            StepResult::Interrupted => self.run.stopped = Some(Stop::Interrupted),
            StepResult::Fail(_) | StepResult::Timeout(_) => {
                if let Some(page) = &mut self.page {
                    page.stopped = Some("an earlier step failed".to_owned());
                }
                if let Some(limit) = self.run.limit_fired() {
                    self.run.stopped = Some(Stop::Limit(limit));
                } else {
                    let what = format!("step {number} ({page}:{line}) failed");
                    self.run.options.failures.note(&what);
                    self.run.look_for_stops();
                }
            }
            StepResult::Pass | StepResult::Flaky { .. } | StepResult::Skip(_) => {}
        }
    }
}
