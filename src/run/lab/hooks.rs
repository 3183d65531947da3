//! Hooks: scripts and checks around a step, `hook-suite.sh` around labs. What cleans up (`after`)
//! runs also when time ran out or an interrupt came, with a little time of its own.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::super::limits::{Clock, Limit, Limits, seconds};
use super::super::{CLEANUP_LIMIT, Stop};
use super::{LabRun, StepPart};
use crate::outcome::{Event, Failure, HookPhase, StepResult, Stream, SuiteHookOutcome};
use crate::plan::{DEFAULT_HOOK_TIMEOUT, HookSource, Step};
use crate::shell::{Bounds, Capture, Ending, HookInput, Output, ShellError};

/// Bytes of a failed hook's output that its failure quotes.
const HOOK_DETAIL_BYTES: usize = 4 * 1024;
/// The name that a suite's failure gives its hook.
const SUITE: &str = "suite";

impl LabRun<'_> {
    /// The step's hook, if it has one.
    pub(super) fn hook(
        &mut self,
        step: &Step,
        phase: HookPhase,
        input: Option<&HookInput>,
    ) -> Result<StepPart, ShellError> {
        let Some(hook) = &step.hook else {
            return Ok(Ok(()));
        };
        let what = format!("hook {} {}", hook.name, phase_word(phase));
        (self.on_event)(Event::Pausing {
            what: what.clone(),
            limit: step.hook_timeout,
        });
        self.log_line(&format!("## {what}"));
        let now = self.now();
        let text = hook_timeout_text(step, &what);
        let own = Limit::new(Clock::World, now, step.hook_timeout, text);
        let limits = self.limits_of(phase).with(own);
        let verdict = match &hook.source {
            HookSource::Scenario => {
                let checked = self.surroundings.check_hook(hook, phase, limits.left(now));
                Ok(checked.map_err(|detail| self.masked(&detail)))
            }
            HookSource::Script(script) => {
                let mut capture = Capture::new(HOOK_DETAIL_BYTES);
                let ending = self.script(script, phase, input, &limits, &mut capture)?;
                script_verdict(ending, &capture.text())
            }
        };
        Ok(self.judge(verdict, &hook.name, phase, &limits))
    }

    fn limits_of(&self, phase: HookPhase) -> Limits {
        match phase {
            HookPhase::Before => self.outer_limits(),
            HookPhase::After => self.outer_limits().extended(CLEANUP_LIMIT),
        }
    }

    fn judge(
        &self,
        verdict: Result<Result<(), String>, Ending>,
        name: &str,
        phase: HookPhase,
        limits: &Limits,
    ) -> StepPart {
        let interrupted = phase == HookPhase::Before && self.config.interrupt.count() > 0;
        let fired = limits.fired(self.now()).map(str::to_owned);
        match (verdict, fired) {
            (Err(Ending::Interrupted), _) => Err(StepResult::Interrupted),
            _ if interrupted => Err(StepResult::Interrupted),
            (_, Some(limit)) => Err(StepResult::Timeout(limit)),
            // The shell saw time run out, so a limit has fired unless a clock went backwards.
            (Err(_), None) => Err(StepResult::Timeout(format!("the limit of hook {name}"))),
            (Ok(Err(detail)), None) => Err(StepResult::Fail(Failure::Hook {
                name: name.to_owned(),
                phase,
                detail,
            })),
            (Ok(Ok(())), None) => Ok(()),
        }
    }

    /// Runs a hook's script.
    fn script(
        &mut self,
        script: &Path,
        phase: HookPhase,
        input: Option<&HookInput>,
        limits: &Limits,
        capture: &mut Capture,
    ) -> Result<Ending, ShellError> {
        let (clocks, surroundings) = (&self.clocks, &*self.surroundings);
        let remaining = || limits.left(clocks.now(surroundings));
        let on_event = &mut *self.on_event;
        let mut sink = |output: Output<'_>| {
            if let Output::Shown(stream, bytes) = output {
                capture.push(stream, bytes);
                on_event(Event::Output {
                    stream,
                    bytes: bytes.to_vec(),
                });
            }
        };
        // What cleans up goes on after the first interrupt.
        let bounds = Bounds {
            remaining: &remaining,
            interrupts: usize::from(phase == HookPhase::After),
        };
        let shell = self.run.shell.as_mut().ok_or(ShellError::SupervisorGone)?;
        let finished = shell.run_hook(script, phase_word(phase), input, bounds, &mut sink)?;
        Ok(finished.ending)
    }

    /// Enters the suites that are not open yet, up to the first whose `before` fails.
    pub(in crate::run) fn open_suites(&mut self, wanted: &[PathBuf]) {
        while self.run.stopped.is_none()
            && self.stopped.is_none()
            && let Some(script) = self.run.suites.next_to_open(wanted)
        {
            let outcome = self.suite_hook(script, HookPhase::Before);
            let failure = failure_text(&outcome);
            match &outcome.result {
                StepResult::Interrupted => self.run.stopped = Some(Stop::Interrupted),
                StepResult::Pass => {}
                _ if self.run.limit_fired().is_some() => {
                    self.run.stopped = self.run.limit_fired().map(Stop::Limit);
                }
                _ => {
                    self.run
                        .options
                        .failures
                        .note(failure.as_deref().unwrap_or_default());
                    self.run.look_for_stops();
                }
            }
            self.run.suites.opened(script, failure);
            self.suite_hooks.push(outcome);
        }
    }

    /// Leaves the open suites that are not `wanted`, the innermost first.
    pub(in crate::run) fn close_suites(&mut self, wanted: &[PathBuf]) {
        while let Some(script) = self.run.suites.close_next(wanted) {
            let outcome = self.suite_hook(&script, HookPhase::After);
            self.suite_hooks.push(outcome);
        }
    }

    fn suite_hook(&mut self, script: &Path, phase: HookPhase) -> SuiteHookOutcome {
        let what = format!("suite hook {} {}", script.display(), phase_word(phase));
        (self.on_event)(Event::Stage { text: what.clone() });
        let started = Instant::now();
        let mut capture = Capture::new(self.config.kept_bytes);
        let mut result = match self.call_suite(script, phase, &what, &mut capture) {
            Ok(part) => part.err().unwrap_or(StepResult::Pass),
            Err(error) => {
                // Whatever comes next gets a new shell.
                self.run.shell = None;
                StepResult::Fail(Failure::Hook {
                    name: SUITE.to_owned(),
                    phase,
                    detail: self.masked(&error.to_string()),
                })
            }
        };
        let (output, dropped) = capture.finish();
        if let StepResult::Fail(Failure::Hook { detail, .. }) = &mut result {
            let printed = excerpt(&output);
            *detail = format!("{detail}\n{}", printed.trim_end())
                .trim_end()
                .to_owned();
        }
        SuiteHookOutcome {
            script: script.to_owned(),
            phase,
            result,
            duration: started.elapsed(),
            output,
            dropped,
        }
    }

    fn call_suite(
        &mut self,
        script: &Path,
        phase: HookPhase,
        what: &str,
        capture: &mut Capture,
    ) -> Result<StepPart, ShellError> {
        if phase == HookPhase::After {
            if self.config.interrupt.count() > 1 {
                return Ok(Err(StepResult::Interrupted));
            }
            self.recover_shell();
        }
        self.log_line(&format!("## {what}"));
        let limits = self.suite_limits(phase, what);
        let ending = self.script(script, phase, None, &limits, capture)?;
        Ok(self.judge(script_verdict(ending, ""), SUITE, phase, &limits))
    }

    /// A shell for cleaning up, whatever became of the lab's.
    fn recover_shell(&mut self) {
        if let Some(shell) = &mut self.run.shell {
            shell.revive();
        } else {
            self.start_shell();
        }
    }

    fn suite_limits(&mut self, phase: HookPhase, what: &str) -> Limits {
        let now = self.now();
        let text = format!(
            "the {} s that {what} may take",
            seconds(DEFAULT_HOOK_TIMEOUT)
        );
        let own = Limit::new(Clock::World, now, DEFAULT_HOOK_TIMEOUT, text);
        let run = Limits::of(self.run.limit.clone());
        match phase {
            HookPhase::Before => run.with(own),
            HookPhase::After if self.config.interrupt.count() > 0 => {
                let text = format!(
                    "the {} s for cleaning up after an interrupt",
                    seconds(CLEANUP_LIMIT)
                );
                let budget = || Limit::new(Clock::Real, now, CLEANUP_LIMIT, text);
                let budget = self.run.cleanup.get_or_insert_with(budget).clone();
                Limits::of([own, budget])
            }
            HookPhase::After => run.extended(CLEANUP_LIMIT).with(own),
        }
    }
}

/// The outer error is how a script was cut short, the inner one its failure.
fn script_verdict(ending: Ending, printed: &str) -> Result<Result<(), String>, Ending> {
    match ending {
        Ending::Limit | Ending::Interrupted => Err(ending),
        Ending::Status(0) | Ending::Exited(0) => Ok(Ok(())),
        Ending::Status(code) | Ending::Exited(code) | Ending::Lost(code) => {
            let detail = format!("exit code {code}\n{}", printed.trim_end());
            Ok(Err(detail.trim_end().to_owned()))
        }
    }
}

/// As much of a hook's output as its failure quotes.
fn excerpt(output: &[(Stream, Vec<u8>)]) -> String {
    let mut excerpt = Capture::new(HOOK_DETAIL_BYTES);
    for (stream, bytes) in output {
        excerpt.push(*stream, bytes);
    }
    excerpt.text()
}

/// Why nothing within a suite can run; `None` when its `before` passed.
fn failure_text(outcome: &SuiteHookOutcome) -> Option<String> {
    let why = match &outcome.result {
        StepResult::Pass => return None,
        StepResult::Fail(Failure::Hook { detail, .. }) => {
            detail.lines().next().unwrap_or_default().to_owned()
        }
        StepResult::Timeout(limit) => format!("time ran out: {limit}"),
        StepResult::Interrupted => "interrupted".to_owned(),
        StepResult::Fail(_) | StepResult::Flaky { .. } | StepResult::Skip(_) => "failed".to_owned(),
    };
    Some(format!(
        "suite hook {} before failed: {why}",
        outcome.script.display()
    ))
}

fn hook_timeout_text(step: &Step, what: &str) -> String {
    let limit = seconds(step.hook_timeout);
    let (page, line) = (step.page.display(), step.line);
    format!("hookTimeout={limit} of {what} at {page}:{line}")
}

fn phase_word(phase: HookPhase) -> &'static str {
    match phase {
        HookPhase::Before => "before",
        HookPhase::After => "after",
    }
}
