//! Drives a lab's plan through a shell and says what happens as it happens. Clock, pauses and
//! hooks that are checks come in as [`Surroundings`]; drawing and reporting are for others.

use std::time::{Duration, Instant};

use crate::outcome::{
    CommandOutcome, Event, Failure, HookPhase, LabOutcome, SkippedBlock, StepOutcome, StepResult,
    Stream,
};
use crate::plan::{self, ExpectError, HookSource, Lab, Step};
use crate::shell::{Bounds, Capture, Ending, Finished, HookInput, Shell, ShellConfig, ShellError};

mod step_output;

use step_output::StepOutput;

/// Bytes of a failed hook's output that its failure quotes.
const HOOK_DETAIL_BYTES: usize = 4 * 1024;

/// What a run needs from the world that the lab acts on.
pub trait Surroundings {
    /// Time that passed in the world since some fixed moment. Limits count it, and it may jump.
    fn now(&self) -> Duration;

    /// Lets that much time pass (`wait=`). Returns early when an interrupt comes.
    fn pause(&mut self, duration: Duration);

    /// Judges a hook that is a set of checks ([`HookSource::Scenario`]) within `limit`; the error
    /// says what is not as it should be.
    fn check_hook(
        &mut self,
        hook: &plan::Hook,
        phase: HookPhase,
        limit: Duration,
    ) -> Result<(), String>;
}

/// Runs a lab's steps in order, in one shell, up to the first that fails; the rest are skipped.
///
/// A failing step is a result. What we could not find out is the outcome's `error`.
pub fn run(
    lab: &Lab,
    config: &ShellConfig,
    surroundings: &mut dyn Surroundings,
    on_event: &mut dyn FnMut(Event),
) -> LabOutcome {
    on_event(Event::LabStarted {
        lab: lab.name.clone(),
        steps: lab.steps.len(),
    });
    let mut outcome = LabOutcome {
        lab: lab.name.clone(),
        skipped: lab.skipped.iter().map(skipped_block).collect(),
        log: config.log.clone(),
        ..LabOutcome::default()
    };
    match Shell::start(config) {
        Ok(shell) => {
            let run = LabRun {
                shell,
                config,
                surroundings,
                on_event,
                of: lab.steps.len(),
                stopped: None,
            };
            (outcome.steps, outcome.error) = run.steps(&lab.steps);
        }
        Err(error) => {
            outcome.error = Some(error.to_string());
            let skip = |step| skipped(step, "the shell could not be started".to_owned());
            outcome.steps = lab.steps.iter().map(skip).collect();
        }
    }
    on_event(Event::LabFinished {
        lab: lab.name.clone(),
    });
    outcome
}

struct LabRun<'a> {
    shell: Shell,
    config: &'a ShellConfig,
    surroundings: &'a mut dyn Surroundings,
    on_event: &'a mut dyn FnMut(Event),
    of: usize,
    /// Why no further step runs.
    stopped: Option<String>,
}

/// What came of something within a step that can also be cut short.
type StepPart = Result<(), StepResult>;

impl LabRun<'_> {
    fn steps(mut self, steps: &[Step]) -> (Vec<StepOutcome>, Option<String>) {
        let mut error = None;
        let mut outcomes = Vec::with_capacity(steps.len());
        for step in steps {
            let outcome = match self.stopped.clone() {
                Some(reason) => skipped(step, reason),
                None => self.step(step).unwrap_or_else(|failure| {
                    self.stopped = Some("the shell failed".to_owned());
                    error = Some(format!("step {}: {failure}", step.number));
                    skipped(step, failure.to_string())
                }),
            };
            (self.on_event)(Event::StepFinished {
                outcome: outcome.clone(),
            });
            outcomes.push(outcome);
        }
        let left = self.shell.finish();
        error = error.or_else(|| match left {
            Ok(0) => None,
            Ok(left) => Some(format!("{left} processes of the lab could not be ended")),
            Err(failure) => Some(failure.to_string()),
        });
        (outcomes, error)
    }

    fn step(&mut self, step: &Step) -> Result<StepOutcome, ShellError> {
        (self.on_event)(Event::StepStarted {
            number: step.number,
            of: self.of,
            title: step.title.clone(),
            limit: step.timeout,
        });
        self.shell.log_line(&format!(
            "## step {} {}:{}",
            step.number,
            step.page.display(),
            step.line
        ));
        let (started, world_started) = (Instant::now(), self.surroundings.now());
        let mut failures = 0;
        let mut outcome = loop {
            let outcome = self.attempt(step)?;
            if !matches!(outcome.result, StepResult::Fail(_))
                || failures == step.retries as usize
                || self.shell.is_lost()
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
        self.stopped = self.reason_to_stop(&outcome);
        Ok(outcome)
    }

    fn reason_to_stop(&self, outcome: &StepOutcome) -> Option<String> {
        let place = || format!("{}:{}", outcome.page.display(), outcome.line);
        match outcome.result {
            _ if self.shell.is_lost() => Some(format!(
                "the shell was lost in step {} ({})",
                outcome.number,
                place()
            )),
            StepResult::Interrupted => Some("the run was interrupted".to_owned()),
            StepResult::Fail(_) | StepResult::Timeout(_) => {
                Some("an earlier step failed".to_owned())
            }
            StepResult::Pass | StepResult::Flaky { .. } | StepResult::Skip(_) => None,
        }
    }

    /// The step once: hook before, commands, hook after, wait.
    fn attempt(&mut self, step: &Step) -> Result<StepOutcome, ShellError> {
        let mut outcome = empty_outcome(step);
        let mut printed = StepOutput::collect(step, self.config)?;
        let mut part = self.hook(step, HookPhase::Before, None)?;
        if part.is_ok() {
            part = self.commands(step, &mut outcome, &mut printed)?;
            if part != Err(StepResult::Interrupted) && !self.shell.is_lost() {
                let input = printed.map(StepOutput::finish).transpose()?;
                part = part.and(self.hook(step, HookPhase::After, input.as_ref())?);
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
        let deadline = self.surroundings.now() + step.timeout;
        let mut background = Vec::new();
        let mut part = Ok(());
        let mut failed = false;
        for (index, command) in step.commands.iter().enumerate() {
            let (finished, command_outcome) = self.command(command, deadline, printed)?;
            outcome.commands.push(command_outcome);
            background.extend(finished.background);
            let rest = step.commands.len() - index - 1;
            let late = self.surroundings.now() > deadline;
            part = match finished.ending {
                Ending::Interrupted => Err(StepResult::Interrupted),
                _ if late => Err(StepResult::Timeout(timeout_text(step))),
                Ending::Limit => Err(StepResult::Timeout(timeout_text(step))),
                Ending::Lost(_) if rest > 0 || step.number < self.of => {
                    Err(StepResult::Fail(Failure::ShellLost { index }))
                }
                Ending::Status(0) => Ok(()),
                Ending::Exited(code) | Ending::Lost(code) | Ending::Status(code) => {
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
        deadline: Duration,
        printed: &mut Option<StepOutput>,
    ) -> Result<(Finished, CommandOutcome), ShellError> {
        (self.on_event)(Event::CommandStarted {
            line: command.line,
            text: command.text.clone(),
        });
        self.shell.log_line(&format!("$ {}", command.text));
        let mut capture = Capture::new(self.config.kept_bytes);
        let mut failure = None;
        let finished = {
            let surroundings = &*self.surroundings;
            let remaining = || deadline.saturating_sub(surroundings.now());
            let on_event = &mut *self.on_event;
            let mut sink = |stream: Stream, bytes: &[u8]| {
                capture.push(stream, bytes);
                if let Some(Err(error)) = printed.as_mut().map(|output| output.push(bytes)) {
                    failure = Some(error);
                }
                on_event(Event::Output {
                    stream,
                    bytes: bytes.to_vec(),
                });
            };
            self.shell.run(
                &command.text,
                Some(command.line),
                Bounds {
                    remaining: &remaining,
                    interrupts: 0,
                },
                &mut sink,
            )?
        };
        if let Some(error) = failure {
            return Err(error.into());
        }
        let (output, dropped) = capture.finish();
        let outcome = CommandOutcome {
            line: command.line,
            text: command.text.clone(),
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

    fn hook(
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
        self.shell.log_line(&format!("## {what}"));
        let deadline = self.surroundings.now() + step.hook_timeout;
        let verdict = match &hook.source {
            HookSource::Scenario => {
                Ok(self.surroundings.check_hook(hook, phase, step.hook_timeout))
            }
            HookSource::Script(script) => self.script(script, phase, input, deadline)?,
        };
        let interrupted = phase == HookPhase::Before && self.config.interrupt.count() > 0;
        Ok(match verdict {
            Err(Ending::Interrupted) => Err(StepResult::Interrupted),
            _ if interrupted => Err(StepResult::Interrupted),
            Err(_) => Err(StepResult::Timeout(hook_timeout_text(step, &what))),
            Ok(_) if self.surroundings.now() > deadline => {
                Err(StepResult::Timeout(hook_timeout_text(step, &what)))
            }
            Ok(Err(detail)) => Err(StepResult::Fail(Failure::Hook {
                name: hook.name.clone(),
                phase,
                detail,
            })),
            Ok(Ok(())) => Ok(()),
        })
    }

    /// Runs a hook's script; the outer error is how it was cut short, the inner one its failure.
    fn script(
        &mut self,
        script: &std::path::Path,
        phase: HookPhase,
        input: Option<&HookInput>,
        deadline: Duration,
    ) -> Result<Result<Result<(), String>, Ending>, ShellError> {
        let mut capture = Capture::new(HOOK_DETAIL_BYTES);
        let surroundings = &*self.surroundings;
        let remaining = || deadline.saturating_sub(surroundings.now());
        let on_event = &mut *self.on_event;
        let mut sink = |stream: Stream, bytes: &[u8]| {
            capture.push(stream, bytes);
            on_event(Event::Output {
                stream,
                bytes: bytes.to_vec(),
            });
        };
        // What cleans up goes on after the first interrupt.
        let bounds = Bounds {
            remaining: &remaining,
            interrupts: usize::from(phase == HookPhase::After),
        };
        let finished = self
            .shell
            .run_hook(script, phase_word(phase), input, bounds, &mut sink)?;
        Ok(match finished.ending {
            Ending::Limit | Ending::Interrupted => Err(finished.ending),
            Ending::Status(0) | Ending::Exited(0) => Ok(Ok(())),
            Ending::Status(code) | Ending::Exited(code) | Ending::Lost(code) => {
                let printed: Vec<u8> = capture
                    .finish()
                    .0
                    .into_iter()
                    .flat_map(|(_, bytes)| bytes)
                    .collect();
                let printed = String::from_utf8_lossy(&printed);
                Ok(Err(format!("exit code {code}\n{}", printed.trim_end())
                    .trim_end()
                    .to_owned()))
            }
        })
    }

    fn wait(&mut self, step: &Step) -> StepPart {
        (self.on_event)(Event::Pausing {
            what: format!("wait={}", step.wait.as_secs()),
            limit: step.wait,
        });
        let interrupts = self.config.interrupt.count();
        self.surroundings.pause(step.wait);
        if self.config.interrupt.count() > interrupts {
            Err(StepResult::Interrupted)
        } else {
            Ok(())
        }
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
        step.timeout.as_secs_f64(),
        step.page.display(),
        step.line
    )
}

fn hook_timeout_text(step: &Step, what: &str) -> String {
    let limit = step.hook_timeout.as_secs_f64();
    format!(
        "hookTimeout={limit} of {what} at {}:{}",
        step.page.display(),
        step.line
    )
}

fn phase_word(phase: HookPhase) -> &'static str {
    match phase {
        HookPhase::Before => "before",
        HookPhase::After => "after",
    }
}
