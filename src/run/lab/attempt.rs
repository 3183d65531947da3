//! One attempt at a step: its commands up to the first that fails, between its hooks, then its wait.

use std::time::Duration;

use super::super::empty_outcome;
use super::super::limits::{Clock, Limit, Limits, seconds};
use super::super::step_output::StepOutput;
use super::{LabRun, StepPart};
use crate::outcome::{CommandOutcome, Event, Failure, HookPhase, StepOutcome, StepResult};
use crate::plan::{self, ExpectError, Step};
use crate::shell::{Bounds, Capture, Ending, Finished, Output, ShellError};

/// The shortest piece of a `wait=` between two looks at the limits around it.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);

impl LabRun<'_> {
    /// The step once: hook before, commands, hook after, wait.
    pub(super) fn attempt(&mut self, step: &Step) -> Result<StepOutcome, ShellError> {
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
            drift: None,
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

fn timeout_text(step: &Step) -> String {
    format!(
        "timeout={} of the block at {}:{}",
        seconds(step.timeout),
        step.page.display(),
        step.line
    )
}
