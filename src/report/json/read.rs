//! A report becomes the outcome again that it was written from: as far as reports tell it, so that writing it once
//! more gives the same document.

use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;

use super::super::explanation::explain;
use super::VERSION;
use crate::outcome::{
    CheckKind, CheckOutcome, CommandOutcome, Drift, Failure, HookPhase, LabOutcome, RunOutcome,
    ShardOutcome, SkippedBlock, StepOutcome, StepResult, Stream, SuiteHookOutcome, Verdict,
};

/// Why a text is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// `why` ends with the line.
    #[error("no report of `breakfix run`: {why}")]
    NoReport {
        /// Counted from 1.
        line: usize,
        why: String,
    },
    #[error(
        "a report of version {found}, and this breakfix reads version {VERSION}: use the breakfix that wrote it"
    )]
    OtherVersion { found: u32 },
}

/// Reads what [`render`](super::render) writes.
///
/// # Errors
/// When the text is no report, or one of another version.
pub fn read(text: &str) -> Result<RunOutcome, ReadError> {
    let Versioned { version } = parse(text)?;
    if version != VERSION {
        return Err(ReadError::OtherVersion { found: version });
    }
    parse::<Run>(text).map(RunOutcome::from)
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, ReadError> {
    serde_json::from_str(text).map_err(|error| {
        let (why, line) = (error.to_string(), error.line());
        let place = format!(" at line {line} column {}", error.column());
        let why = why.strip_suffix(&place).unwrap_or(&why).to_owned();
        ReadError::NoReport { line, why }
    })
}

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

#[derive(Deserialize)]
struct Run {
    interrupted: bool,
    allow_flaky: bool,
    drift_fails: bool,
    duration_ms: u64,
    shard: Option<Shard>,
    labs: Vec<Lab>,
}

#[derive(Deserialize)]
struct Shard {
    index: usize,
    count: usize,
    labs: Vec<String>,
}

#[derive(Deserialize)]
struct Lab {
    lab: String,
    duration_ms: u64,
    error: Option<String>,
    log: Option<String>,
    bundle: Option<String>,
    steps: Vec<Step>,
    skipped: Vec<Skipped>,
    suite_hooks: Vec<SuiteHook>,
    checks: Vec<Check>,
    leftovers: Vec<String>,
}

/// Goes through [`StepFields`], so that a mistake has its line.
#[derive(Deserialize)]
#[serde(try_from = "StepFields")]
struct Step(StepOutcome);

#[derive(Deserialize)]
struct StepFields {
    number: usize,
    id: String,
    title: String,
    page: String,
    line: usize,
    result: ResultWord,
    kind: Option<String>,
    reason: Option<String>,
    hook: Option<Hook>,
    duration_ms: u64,
    world_ms: u64,
    notes: Vec<String>,
    commands: Vec<Command>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum ResultWord {
    Pass,
    Fail,
    Timeout,
    Skip,
    Flaky,
    Interrupted,
}

#[derive(Deserialize)]
struct Hook {
    name: String,
    phase: Phase,
    detail: String,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Phase {
    Before,
    After,
}

#[derive(Deserialize)]
struct Command {
    line: usize,
    text: String,
    exit_code: Option<i32>,
    duration_ms: u64,
    output: Vec<Output>,
    dropped_bytes: u64,
    drift: Option<DriftFields>,
}

#[derive(Deserialize)]
struct DriftFields {
    line: usize,
    kind: String,
    expected: String,
    found: String,
    reason: String,
}

#[derive(Deserialize)]
struct Output {
    stream: StreamWord,
    text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum StreamWord {
    Stdout,
    Stderr,
}

#[derive(Deserialize)]
struct Skipped {
    page: String,
    line: usize,
    reason: String,
}

#[derive(Deserialize)]
#[serde(try_from = "SuiteHookFields")]
struct SuiteHook(SuiteHookOutcome);

#[derive(Deserialize)]
struct SuiteHookFields {
    script: String,
    phase: Phase,
    result: ResultWord,
    reason: Option<String>,
    duration_ms: u64,
    output: Vec<Output>,
    dropped_bytes: u64,
}

#[derive(Deserialize)]
struct Check {
    id: String,
    title: String,
    kind: KindWord,
    verdict: VerdictWord,
    expected: Option<String>,
    observed: Option<String>,
    reason: Option<String>,
    since_ms: Option<u64>,
    typical: Option<String>,
    warnings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum KindWord {
    Symptom,
    Condition,
    Invariant,
}

#[derive(Deserialize)]
enum VerdictWord {
    #[serde(rename = "met")]
    Met,
    #[serde(rename = "not yet")]
    NotYet,
    #[serde(rename = "not met")]
    NotMet,
    #[serde(rename = "cannot tell")]
    CannotTell,
}

impl From<Run> for RunOutcome {
    fn from(run: Run) -> RunOutcome {
        RunOutcome {
            labs: run.labs.into_iter().map(LabOutcome::from).collect(),
            interrupted: run.interrupted,
            allow_flaky: run.allow_flaky,
            duration: Duration::from_millis(run.duration_ms),
            drift_fails: run.drift_fails,
            shard: run.shard.map(|shard| ShardOutcome {
                index: shard.index,
                count: shard.count,
                labs: shard.labs,
            }),
        }
    }
}

impl From<Lab> for LabOutcome {
    fn from(lab: Lab) -> LabOutcome {
        let skipped = lab.skipped.into_iter().map(|block| SkippedBlock {
            page: block.page.into(),
            line: block.line,
            reason: block.reason,
        });
        LabOutcome {
            lab: lab.lab,
            steps: lab.steps.into_iter().map(|step| step.0).collect(),
            skipped: skipped.collect(),
            suite_hooks: lab.suite_hooks.into_iter().map(|hook| hook.0).collect(),
            checks: lab.checks.into_iter().map(CheckOutcome::from).collect(),
            leftovers: lab.leftovers,
            error: lab.error,
            log: lab.log.map(Into::into),
            bundle: lab.bundle.map(Into::into),
            duration: Duration::from_millis(lab.duration_ms),
        }
    }
}

impl TryFrom<StepFields> for Step {
    type Error = String;

    fn try_from(fields: StepFields) -> Result<Step, String> {
        let mut step = StepOutcome {
            number: fields.number,
            id: fields.id,
            title: fields.title,
            page: fields.page.into(),
            line: fields.line,
            result: StepResult::Pass,
            commands: fields.commands.into_iter().map(Into::into).collect(),
            duration: Duration::from_millis(fields.duration_ms),
            world: Duration::from_millis(fields.world_ms),
            notes: fields.notes,
        };
        let reason = fields.reason.unwrap_or_default();
        step.result = match fields.result {
            ResultWord::Fail => {
                let kind = fields.kind.as_deref().unwrap_or_default();
                StepResult::Fail(failure(&step, kind, &reason, fields.hook)?)
            }
            other => ended(other, &reason)?,
        };
        Ok(Step(step))
    }
}

/// A result that is no failure, of a step or of a suite's hook.
fn ended(result: ResultWord, reason: &str) -> Result<StepResult, String> {
    let unknown = || {
        Err(format!(
            "the reason `{reason}` does not belong to its result"
        ))
    };
    Ok(match result {
        ResultWord::Pass => StepResult::Pass,
        ResultWord::Skip => StepResult::Skip(reason.to_owned()),
        ResultWord::Interrupted => StepResult::Interrupted,
        ResultWord::Timeout => match reason.strip_prefix("time ran out: ") {
            Some(limit) => StepResult::Timeout(limit.to_owned()),
            None => return unknown(),
        },
        ResultWord::Flaky => match failures_before_a_pass(reason) {
            Some(failures) => StepResult::Flaky { failures },
            None => return unknown(),
        },
        ResultWord::Fail => return unknown(),
    })
}

fn failures_before_a_pass(reason: &str) -> Option<usize> {
    match reason.strip_prefix("passed after failing ")? {
        "once" => Some(1),
        times => times.strip_suffix(" times")?.parse().ok(),
    }
}

/// Of a failed command the report has the words only: the command is the one that they fit.
fn failure(
    step: &StepOutcome,
    kind: &str,
    reason: &str,
    hook: Option<Hook>,
) -> Result<Failure, String> {
    let about_command = |failure: fn(usize) -> Failure| {
        let mut told = step.clone();
        let none = step.commands.len();
        let fitting = (0..none).rev().chain([none]).find(|index| {
            told.result = StepResult::Fail(failure(*index));
            explain(&told).is_some_and(|explanation| explanation.reason == reason)
        });
        let missing = || format!("no command of step {} fits `{reason}`", step.number);
        fitting.map(failure).ok_or_else(missing)
    };
    match (kind, hook) {
        ("command", _) => about_command(|index| Failure::Command { index }),
        ("shell-lost", _) => about_command(|index| Failure::ShellLost { index }),
        ("nothing-failed", _) => Ok(Failure::NothingFailed),
        ("hook", Some(hook)) => Ok(Failure::Hook {
            name: hook.name,
            phase: hook.phase.into(),
            detail: hook.detail,
        }),
        ("hook", None) => Err(format!(
            "step {} does not say which hook failed",
            step.number
        )),
        _ => Err(format!(
            "step {} failed in an unknown way: `{kind}`",
            step.number
        )),
    }
}

impl TryFrom<SuiteHookFields> for SuiteHook {
    type Error = String;

    fn try_from(hook: SuiteHookFields) -> Result<SuiteHook, String> {
        let reason = hook.reason.unwrap_or_default();
        let phase = hook.phase.into();
        let result = match hook.result {
            ResultWord::Fail => StepResult::Fail(Failure::Hook {
                name: "suite".to_owned(),
                phase,
                detail: reason,
            }),
            // Nobody tells how often; no suite is tried again.
            ResultWord::Flaky => StepResult::Flaky { failures: 1 },
            ResultWord::Skip => {
                let why = reason.strip_prefix("did not run: ").unwrap_or(&reason);
                StepResult::Skip(why.to_owned())
            }
            other => ended(other, &reason)?,
        };
        Ok(SuiteHook(SuiteHookOutcome {
            script: hook.script.into(),
            phase,
            result,
            duration: Duration::from_millis(hook.duration_ms),
            output: output(hook.output),
            dropped: hook.dropped_bytes,
        }))
    }
}

impl From<Phase> for HookPhase {
    fn from(phase: Phase) -> HookPhase {
        match phase {
            Phase::Before => HookPhase::Before,
            Phase::After => HookPhase::After,
        }
    }
}

impl From<Command> for CommandOutcome {
    fn from(command: Command) -> CommandOutcome {
        CommandOutcome {
            line: command.line,
            text: command.text,
            exit_code: command.exit_code,
            duration: Duration::from_millis(command.duration_ms),
            output: output(command.output),
            dropped: command.dropped_bytes,
            drift: command.drift.map(|drift| Drift {
                line: drift.line,
                kind: Cow::Owned(drift.kind),
                expected: drift.expected,
                found: drift.found,
                why: drift.reason,
            }),
        }
    }
}

fn output(chunks: Vec<Output>) -> Vec<(Stream, Vec<u8>)> {
    let chunk = |chunk: Output| {
        let stream = match chunk.stream {
            StreamWord::Stdout => Stream::Stdout,
            StreamWord::Stderr => Stream::Stderr,
        };
        (stream, chunk.text.into_bytes())
    };
    chunks.into_iter().map(chunk).collect()
}

impl From<Check> for CheckOutcome {
    fn from(check: Check) -> CheckOutcome {
        let reason = check.reason;
        CheckOutcome {
            id: check.id,
            title: check.title,
            kind: match check.kind {
                KindWord::Symptom => CheckKind::Symptom,
                KindWord::Condition => CheckKind::Condition,
                KindWord::Invariant => CheckKind::Invariant,
            },
            verdict: match check.verdict {
                VerdictWord::Met => Verdict::Met,
                VerdictWord::NotYet => Verdict::NotYet {
                    awaiting: reason.unwrap_or_default(),
                    since: check.since_ms.map(Duration::from_millis),
                    typical: check.typical,
                },
                VerdictWord::NotMet => Verdict::NotMet {
                    expected: check.expected.unwrap_or_default(),
                    observed: check.observed.unwrap_or_default(),
                    reason,
                },
                VerdictWord::CannotTell => Verdict::CannotTell {
                    why: reason.unwrap_or_default(),
                },
            },
            warnings: check.warnings,
            advice: None,
        }
    }
}
