//! Drives a lab's plan through a shell and says what happens as it happens. Clock, pauses and
//! hooks that are checks come in as [`Surroundings`]; drawing and reporting are for others.
//!
//! A failing step stops its page; the lab's later pages go on, as do the run's later labs, unless
//! the run bails. A suite that wraps several labs runs `before` in the environment of the first of
//! them and `after` in that of the last.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::outcome::{
    CommandOutcome, Event, Failure, HookPhase, LabOutcome, SkippedBlock, StepOutcome, StepResult,
    SuiteHookOutcome,
};
use crate::plan::{self, ExpectError, Lab, Step};
use crate::shell::{
    Bounds, Capture, Ending, Finished, Interrupt, Output, Secrets, Shell, ShellConfig, ShellError,
};

mod hooks;
mod limits;
mod step_output;
mod suites;

use limits::{Clock, Limit, Limits, Now, seconds};
use step_output::StepOutput;
use suites::Suites;

/// What cleaning up (the `after` of suites, undoing) may take once an interrupt came or a limit of
/// the run fired.
pub const CLEANUP_LIMIT: Duration = Duration::from_secs(60);

/// The shortest piece of a `wait=` between two looks at the limits around it.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);

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
    /// Stop everything at the first step or suite that fails.
    pub bail: bool,
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
    Bail(String),
}

impl Stop {
    fn reason(&self) -> String {
        match self {
            Stop::Interrupted => "the run was interrupted".to_owned(),
            Stop::Limit(limit) => format!("time ran out: {limit}"),
            Stop::Bail(what) => format!("--bail: {what}"),
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
            let stays = if run.run.stopped.is_some() { &[] } else { next };
            run.close_suites(stays);
            if run.run.options.shell_per != ShellPer::Run {
                run.end_shell();
            }
            (outcome.suite_hooks, outcome.error) = (run.suite_hooks, run.error);
            steps
        } else {
            not_run(lab, "not selected").steps
        };
        on_event(Event::LabFinished {
            lab: lab.name.clone(),
        });
        outcome
    }

    /// Whether no further lab should be set up: it would only be skipped.
    pub fn is_stopped(&self) -> bool {
        self.stopped.is_some() || self.interrupt.count() > 0 || self.limit_fired().is_some()
    }

    /// A lab that does not run because the run [is stopped](Run::is_stopped): every step is a skip
    /// with its reason.
    pub fn skip(&mut self, lab: &Lab) -> LabOutcome {
        let mut outcome = lab_outcome(lab);
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

    /// Whether [`Run::finish`] has `after` hooks to run or a shell to end.
    pub fn is_finished(&self) -> bool {
        self.suites.is_empty() && self.shell.is_none()
    }

    /// Leaves the suites that are still open, because the lab that should have left them could not
    /// be set up, and ends the shell of the run; what came of it is added to the last lab's outcome.
    pub fn finish(
        mut self,
        config: &ShellConfig,
        surroundings: &mut dyn Surroundings,
        on_event: &mut dyn FnMut(Event),
        last: &mut LabOutcome,
    ) {
        let mut run = LabRun::new(&mut self, config, surroundings, on_event, 0);
        if !run.run.suites.is_empty() {
            run.start_shell();
        }
        run.close_suites(&[]);
        run.end_shell();
        last.suite_hooks.extend(run.suite_hooks);
        last.error = last.error.take().or(run.error);
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

/// One lab of a run.
struct LabRun<'a> {
    run: &'a mut Run,
    config: &'a ShellConfig,
    surroundings: &'a mut dyn Surroundings,
    on_event: &'a mut dyn FnMut(Event),
    of: usize,
    clocks: Clocks,
    page: Option<Page>,
    /// Why no further step of the lab runs.
    stopped: Option<String>,
    suite_hooks: Vec<SuiteHookOutcome>,
    error: Option<String>,
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
    fn new(
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
    fn start_shell(&mut self) {
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
    fn end_shell(&mut self) {
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

    fn step_or_skip(&mut self, step: &Step) -> StepOutcome {
        if step.skip.is_none() {
            self.turn_to_page(&step.page);
        }
        let page_stopped = || self.page.as_ref().and_then(|page| page.stopped.clone());
        let suite = || self.run.suites.failure().map(str::to_owned);
        let stop = self.run.stopped.as_ref().map(Stop::reason);
        let left_out = step.skip.clone();
        let reason = left_out
            .or(stop)
            .or_else(suite)
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
        (self.on_event)(Event::StepFinished {
            outcome: outcome.clone(),
        });
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
                } else if self.run.options.bail {
                    let what = format!("step {number} ({page}:{line}) failed");
                    self.run.stopped = Some(Stop::Bail(what));
                }
            }
            StepResult::Pass | StepResult::Flaky { .. } | StepResult::Skip(_) => {}
        }
    }

    /// The step once: hook before, commands, hook after, wait.
    fn attempt(&mut self, step: &Step) -> Result<StepOutcome, ShellError> {
        let mut outcome = empty_outcome(step);
        let mut printed = StepOutput::collect(step, self.config)?;
        let mut part = self.hook(step, HookPhase::Before, None)?;
        if part.is_ok() {
            part = self.commands(step, &mut outcome, &mut printed)?;
            if part != Err(StepResult::Interrupted) && !self.is_lost() {
                let input = printed.as_mut().map(StepOutput::finish).transpose()?;
                let after = self.hook(step, HookPhase::After, input)?;
                part = part.and(after);
            }
        }
        if part.is_ok() && !step.wait.is_zero() {
            part = self.wait(step);
        }
        outcome.result = part.err().unwrap_or(StepResult::Pass);
        Ok(outcome)
    }

    /// Runs the block's commands up to the first that fails, under one limit.
    fn commands(
        &mut self,
        step: &Step,
        outcome: &mut StepOutcome,
        printed: &mut Option<StepOutput>,
    ) -> Result<StepPart, ShellError> {
        let limit = Limit::new(Clock::World, self.now(), step.timeout, timeout_text(step));
        let limits = self.outer_limits().with(limit);
        let mut background = Vec::new();
        let mut part = Ok(());
        let mut failed = false;
        for (index, command) in step.commands.iter().enumerate() {
            let (finished, command_outcome) = self.command(command, &limits, printed)?;
            outcome.commands.push(command_outcome);
            background.extend(finished.background);
            let rest = step.commands.len() - index - 1;
            let late = limits.fired(self.now()).map(str::to_owned);
            part = match (finished.ending, late) {
                (Ending::Interrupted, _) => Err(StepResult::Interrupted),
                (_, Some(limit)) => Err(StepResult::Timeout(limit)),
                (Ending::Limit, None) => Err(StepResult::Timeout(timeout_text(step))),
                (Ending::Lost(_), None) if rest > 0 || step.number < self.of => {
                    Err(StepResult::Fail(Failure::ShellLost { index }))
                }
                (Ending::Status(0), None) => Ok(()),
                (Ending::Exited(code) | Ending::Lost(code) | Ending::Status(code), None) => {
                    failed = code != 0;
                    let expected = !failed || step.expect_error != ExpectError::No;
                    if rest > 0 && expected {
                        let line = command.line;
                        outcome.notes.push(format!("the block ended at line {line} with exit code {code}; {rest} later commands did not run"));
                    }
                    if failed && step.expect_error == ExpectError::No {
                        Err(StepResult::Fail(Failure::Command { index }))
                    } else {
                        Ok(())
                    }
                }
            };
            if part.is_err() || finished.ending != Ending::Status(0) {
                break;
            }
        }
        for process in background {
            if let Some(name) = process.running_name() {
                outcome.notes.push(format!(
                    "left {name} (process {}) running in the background; it ends with the lab",
                    process.pid
                ));
            }
        }
        if part.is_ok() && !failed {
            match step.expect_error {
                ExpectError::No => {}
                ExpectError::May => outcome
                    .notes
                    .push("expectError=true, but nothing failed".to_owned()),
                ExpectError::Must => part = Err(StepResult::Fail(Failure::NothingFailed)),
            }
        }
        Ok(part)
    }

    fn command(
        &mut self,
        command: &plan::Command,
        limits: &Limits,
        printed: &mut Option<StepOutput>,
    ) -> Result<(Finished, CommandOutcome), ShellError> {
        let text = self.masked(&command.text);
        (self.on_event)(Event::CommandStarted {
            line: command.line,
            text: text.clone(),
        });
        self.log_line(&format!("$ {text}"));
        let mut capture = Capture::new(self.config.kept_bytes);
        let mut failure = None;
        let finished = {
            let (clocks, surroundings) = (&self.clocks, &*self.surroundings);
            let remaining = || limits.left(clocks.now(surroundings));
            let on_event = &mut *self.on_event;
            let mut sink = |output: Output<'_>| match output {
                Output::Shown(stream, bytes) => {
                    capture.push(stream, bytes);
                    on_event(Event::Output {
                        stream,
                        bytes: bytes.to_vec(),
                    });
                }
                Output::Raw(bytes) => {
                    if let Some(Err(error)) = printed.as_mut().map(|output| output.push(bytes)) {
                        failure = Some(error);
                    }
                }
            };
            let bounds = Bounds {
                remaining: &remaining,
                interrupts: 0,
            };
            let shell = self.run.shell.as_mut().ok_or(ShellError::SupervisorGone)?;
            shell.run(&command.text, Some(command.line), bounds, &mut sink)?
        };
        if let Some(error) = failure {
            return Err(error.into());
        }
        let (output, dropped) = capture.finish();
        let outcome = CommandOutcome {
            line: command.line,
            text: self.masked(&text),
            exit_code: match finished.ending {
                Ending::Status(code) | Ending::Exited(code) | Ending::Lost(code) => Some(code),
                Ending::Limit | Ending::Interrupted => None,
            },
            duration: finished.duration,
            output,
            dropped,
        };
        Ok((finished, outcome))
    }

    /// Lets the step's `wait=` pass; an interrupt or an outer limit ends it.
    fn wait(&mut self, step: &Step) -> StepPart {
        (self.on_event)(Event::Pausing {
            what: format!("wait={}", step.wait.as_secs()),
            limit: step.wait,
        });
        let interrupts = self.config.interrupt.count();
        let limits = self.outer_limits();
        let mut left = step.wait;
        while !left.is_zero() {
            let now = self.now();
            if let Some(limit) = limits.fired(now) {
                return Err(StepResult::Timeout(limit.to_owned()));
            }
            // The world's clock may run faster than a limit's: then this takes a few rounds.
            let pause = left.min(limits.left(now).max(SHORTEST_PAUSE));
            self.surroundings.pause(pause);
            if self.config.interrupt.count() > interrupts {
                return Err(StepResult::Interrupted);
            }
            left = left.saturating_sub(pause);
        }
        Ok(())
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

fn timeout_text(step: &Step) -> String {
    format!(
        "timeout={} of the block at {}:{}",
        seconds(step.timeout),
        step.page.display(),
        step.line
    )
}
