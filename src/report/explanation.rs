//! Results in words: why a step ended as it did, what shows it, what a verdict says. Every format
//! speaks through here, so a new kind of failure is one arm of [`of_failure`].

use std::time::Duration;

use super::text::{elided, elided_output};
use crate::language::{Language, Message};
use crate::message;
use crate::outcome::{
    CheckKind, CheckOutcome, CommandOutcome, Failure, HookPhase, LabOutcome, RunOutcome,
    StepOutcome, StepResult, SuiteHookOutcome, Verdict,
};

/// Why a step did not simply pass.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Explanation<'a> {
    /// A stable name of what happened, for programs.
    pub(crate) kind: &'static str,
    /// One line, with the place of what it speaks of.
    pub(crate) reason: String,
    /// Line in the step's page to look at.
    pub(crate) line: usize,
    pub(crate) evidence: Evidence<'a>,
}

/// What a reader wants to see beside the reason.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Evidence<'a> {
    /// The reason says it all.
    Nothing,
    /// A command and its output.
    Command(&'a CommandOutcome),
    /// What something other than a command said.
    Text(String),
}

/// How much a result weighs with a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Passed,
    Skipped,
    Flaky,
    Failed,
    Interrupted,
}

/// `before` or `after`.
pub(crate) fn phase_word(phase: HookPhase) -> &'static str {
    match phase {
        HookPhase::Before => "before",
        HookPhase::After => "after",
    }
}

/// Why a suite's hook did not pass, on one line; `None` when it did.
pub(crate) fn suite_reason(hook: &SuiteHookOutcome) -> Option<String> {
    Some(match &hook.result {
        StepResult::Pass | StepResult::Flaky { .. } => return None,
        StepResult::Fail(Failure::Hook { detail, .. }) => {
            detail.lines().next().unwrap_or_default().to_owned()
        }
        StepResult::Fail(_) => "it failed".to_owned(),
        StepResult::Timeout(limit) => format!("time ran out: {limit}"),
        StepResult::Interrupted => "interrupted".to_owned(),
        StepResult::Skip(reason) => format!("did not run: {reason}"),
    })
}

/// How the step stands.
pub(crate) fn standing(result: &StepResult) -> Standing {
    match result {
        StepResult::Pass => Standing::Passed,
        StepResult::Skip(_) => Standing::Skipped,
        StepResult::Flaky { .. } => Standing::Flaky,
        StepResult::Fail(_) | StepResult::Timeout(_) => Standing::Failed,
        StepResult::Interrupted => Standing::Interrupted,
    }
}

/// Why a step's result is what it is; `None` when it simply passed.
pub(crate) fn explain(step: &StepOutcome) -> Option<Explanation<'_>> {
    let plain = |kind, reason| Explanation {
        kind,
        reason,
        line: step.line,
        evidence: Evidence::Nothing,
    };
    Some(match &step.result {
        StepResult::Pass => return None,
        StepResult::Skip(reason) => plain("skip", reason.clone()),
        StepResult::Flaky { failures: 1 } => plain("flaky", "passed after failing once".to_owned()),
        StepResult::Flaky { failures } => {
            plain("flaky", format!("passed after failing {failures} times"))
        }
        StepResult::Timeout(limit) => about_command("timeout", step, step.commands.last(), |_| {
            format!("time ran out: {limit}")
        }),
        StepResult::Interrupted => about_command("interrupted", step, step.commands.last(), |_| {
            "interrupted".to_owned()
        }),
        StepResult::Fail(failure) => of_failure(step, failure),
    })
}

fn of_failure<'a>(step: &'a StepOutcome, failure: &'a Failure) -> Explanation<'a> {
    match failure {
        Failure::Command { index } => about_command(
            "command",
            step,
            step.commands.get(*index),
            |command| match command {
                Some(command) => format!("{}: {}", place(step, command), exit_text(command)),
                None => "a command failed".to_owned(),
            },
        ),
        Failure::ShellLost { index } => {
            about_command("shell-lost", step, step.commands.get(*index), |command| {
                let lost = "the shell was replaced or killed";
                match command {
                    Some(command) => {
                        format!("{}: {lost} ({})", place(step, command), exit_text(command))
                    }
                    None => lost.to_owned(),
                }
            })
        }
        Failure::NothingFailed => {
            about_command("nothing-failed", step, step.commands.last(), |_| {
                "expectError=must, but nothing failed".to_owned()
            })
        }
        Failure::Hook {
            name,
            phase,
            detail,
        } => {
            let phase = phase_word(*phase);
            let (first, rest) = detail.split_once('\n').unwrap_or((detail, ""));
            Explanation {
                kind: "hook",
                reason: format!("hook {name} {phase} the step: {}", first.trim_end()),
                line: step.line,
                evidence: if rest.trim().is_empty() {
                    Evidence::Nothing
                } else {
                    Evidence::Text(rest.to_owned())
                },
            }
        }
    }
}

fn about_command<'a>(
    kind: &'static str,
    step: &StepOutcome,
    command: Option<&'a CommandOutcome>,
    reason: impl FnOnce(Option<&CommandOutcome>) -> String,
) -> Explanation<'a> {
    Explanation {
        kind,
        reason: reason(command),
        line: command.map_or(step.line, |command| command.line),
        evidence: command.map_or(Evidence::Nothing, Evidence::Command),
    }
}

fn place(step: &StepOutcome, command: &CommandOutcome) -> String {
    format!("{}:{}", step.page.display(), command.line)
}

fn exit_text(command: &CommandOutcome) -> String {
    match command.exit_code {
        Some(code) => format!("exit code {code}"),
        None => "it did not end by itself".to_owned(),
    }
}

impl Evidence<'_> {
    /// As printable text of about `limit` bytes at most, cut in the middle; empty when there is none.
    pub(crate) fn text(&self, limit: usize) -> String {
        match self {
            Evidence::Nothing => String::new(),
            Evidence::Text(said) => elided(said, limit),
            Evidence::Command(command) => {
                let typed = elided(&command.text, limit / 4);
                let printed = elided_output(command, limit / 4 * 3);
                format!("$ {typed}\n{printed}").trim_end().to_owned()
            }
        }
    }
}

/// `met`, `not yet`, `not met` or `cannot tell`: for programs.
pub(crate) fn verdict_word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Met => "met",
        Verdict::NotYet { .. } => "not yet",
        Verdict::NotMet { .. } => "not met",
        Verdict::CannotTell { .. } => "cannot tell",
    }
}

/// The same for people.
pub(crate) fn verdict_name(verdict: &Verdict) -> Message {
    match verdict {
        Verdict::Met => message!("verdict-met"),
        Verdict::NotYet { .. } => message!("verdict-not-yet"),
        Verdict::NotMet { .. } => message!("verdict-not-met"),
        Verdict::CannotTell { .. } => message!("verdict-cannot-tell"),
    }
}

/// What a verdict has to say, each line with its word; empty when the check is met.
pub(crate) fn verdict_lines(verdict: &Verdict, language: Language) -> Vec<(String, String)> {
    let lines = match verdict {
        Verdict::Met => Vec::new(),
        Verdict::NotYet {
            awaiting,
            since,
            typical,
        } => {
            let since = since.map(|since| message!("verdict-since", time = time_message(since)));
            let typical = typical.as_ref();
            let typical = typical.map(|typical| message!("verdict-usually", time = typical));
            let times: Vec<Message> = since.into_iter().chain(typical).collect();
            let said = match times.is_empty() {
                true => awaiting.into(),
                false => message!("verdict-with-times", awaiting = awaiting, times = times),
            };
            vec![(message!("verdict-not-yet"), said)]
        }
        Verdict::CannotTell { why } => vec![(message!("verdict-cannot-tell"), why.into())],
        Verdict::NotMet {
            expected,
            observed,
            reason,
        } => {
            let because = reason.iter();
            let because = because.map(|reason| (message!("verdict-because"), reason.into()));
            let lines = [
                (message!("verdict-expected"), expected.into()),
                (message!("verdict-observed"), observed.into()),
            ];
            lines.into_iter().chain(because).collect()
        }
    };
    let said = |(word, said): (Message, Message)| (word.to(language), said.to(language));
    lines.into_iter().map(said).collect()
}

/// `5 s`, `5 min 12 s`: of what is only known about so closely.
fn time_message(duration: Duration) -> Message {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => message!("time-seconds", seconds = seconds),
        (0, minutes, seconds) => {
            message!("time-minutes", minutes = minutes, seconds = seconds)
        }
        (hours, minutes, _) => message!("time-hours", hours = hours, minutes = minutes),
    }
}

/// The lines of a verdict below one another, in English.
pub(crate) fn verdict_text(check: &CheckOutcome, limit: usize) -> String {
    let lines = verdict_lines(&check.verdict, Language::English);
    let lines = lines.iter().map(|(word, said)| format!("{word}: {said}"));
    elided(&lines.collect::<Vec<_>>().join("\n"), limit)
}

/// How much is left over; `None` when nothing is.
pub(crate) fn leftover_words(lab: &LabOutcome) -> Option<String> {
    match lab.leftovers.len() {
        0 => None,
        1 => Some("1 resource is still there".to_owned()),
        several => Some(format!("{several} resources are still there")),
    }
}

/// `shard 2/3` and how many of all labs it holds; `None` when no other machine runs any.
pub(crate) fn shard_words(outcome: &RunOutcome) -> Option<(String, String)> {
    let shard = outcome.shard.as_ref()?;
    let held = match outcome.labs.len() {
        0 => format!("no lab of {}: nothing to run here", shard.labs.len()),
        held => format!("{held} of {} labs", shard.labs.len()),
    };
    Some((format!("shard {}/{}", shard.index, shard.count), held))
}

/// `symptom`, `condition` or `invariant`.
pub(crate) fn kind_word(kind: CheckKind) -> &'static str {
    match kind {
        CheckKind::Symptom => "symptom",
        CheckKind::Condition => "condition",
        CheckKind::Invariant => "invariant",
    }
}
