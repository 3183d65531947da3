//! The report for programs: one JSON document with a version of its own. The types here are its
//! shape; the outcome's types may change without it.

mod read;

use std::time::Duration;

use serde::Serialize;

pub use self::read::{ReadError, read};

use super::Counts;
use super::explanation::{explain, kind_word, phase_word, suite_reason, verdict_word};
use super::text::{chunk_texts, document};
use crate::outcome::{
    CheckOutcome, CommandOutcome, Failure, LabOutcome, RunOutcome, StepOutcome, StepResult, Stream,
    SuiteHookOutcome, Verdict,
};

/// Raised when a field changes its meaning or goes; new fields do not raise it.
const VERSION: u32 = 1;

/// The document, ending with a newline.
pub fn render(outcome: &RunOutcome) -> String {
    document(&run_view(outcome))
}

#[derive(Serialize)]
struct RunView<'a> {
    version: u32,
    /// What the process exits with.
    exit_code: u8,
    interrupted: bool,
    /// Whether a pass on a retry counts as one.
    allow_flaky: bool,
    /// Whether drift of documented output makes the content wrong.
    drift_fails: bool,
    duration_ms: u128,
    /// Which of several machines this was; `null` when it was the only one.
    shard: Option<ShardView<'a>>,
    counts: CountsView,
    labs: Vec<LabView<'a>>,
}

#[derive(Serialize)]
struct ShardView<'a> {
    index: usize,
    count: usize,
    /// The labs of all shards, in order.
    labs: &'a [String],
}

#[derive(Serialize)]
struct CountsView {
    passed: usize,
    failed: usize,
    timed_out: usize,
    flaky: usize,
    interrupted: usize,
    skipped: usize,
    /// Commands whose documented output is not what came.
    drifted: usize,
}

#[derive(Serialize)]
struct LabView<'a> {
    lab: &'a str,
    duration_ms: u128,
    error: Option<&'a str>,
    /// Path of the file with all output.
    log: Option<String>,
    /// Path of the directory with everything about a lab that failed.
    bundle: Option<String>,
    steps: Vec<StepView<'a>>,
    /// Blocks that were not meant to run.
    skipped: Vec<SkippedView<'a>>,
    suite_hooks: Vec<SuiteHookView>,
    checks: Vec<CheckView<'a>>,
    leftovers: &'a [String],
}

#[derive(Serialize)]
struct SuiteHookView {
    script: String,
    /// `before` or `after`.
    phase: &'static str,
    /// As of a step.
    result: &'static str,
    reason: Option<String>,
    duration_ms: u128,
    output: Vec<OutputView>,
    dropped_bytes: u64,
}

#[derive(Serialize)]
struct StepView<'a> {
    number: usize,
    id: &'a str,
    title: &'a str,
    page: String,
    line: usize,
    /// `pass`, `fail`, `timeout`, `skip`, `flaky` or `interrupted`.
    result: &'static str,
    /// What happened, where the result has several kinds: `command`, `hook`, …
    kind: Option<&'static str>,
    reason: Option<String>,
    /// The hook that failed, with all that it said.
    hook: Option<HookView<'a>>,
    duration_ms: u128,
    /// Time that passed in the lab's world.
    world_ms: u128,
    notes: &'a [String],
    commands: Vec<CommandView<'a>>,
}

#[derive(Serialize)]
struct HookView<'a> {
    name: &'a str,
    /// `before` or `after`.
    phase: &'static str,
    detail: &'a str,
}

#[derive(Serialize)]
struct CommandView<'a> {
    line: usize,
    text: &'a str,
    /// `null` when it did not end by itself.
    exit_code: Option<i32>,
    duration_ms: u128,
    output: Vec<OutputView>,
    /// Bytes missing in the middle of `output`.
    dropped_bytes: u64,
    /// Where the page's documented output is not what came.
    drift: Option<DriftView<'a>>,
}

#[derive(Serialize)]
struct DriftView<'a> {
    /// Line of the page.
    line: usize,
    kind: &'a str,
    expected: &'a str,
    found: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct OutputView {
    stream: &'static str,
    /// Bytes that are not UTF-8 appear as U+FFFD.
    text: String,
}

#[derive(Serialize)]
struct SkippedView<'a> {
    page: String,
    line: usize,
    reason: &'a str,
}

#[derive(Serialize)]
pub(super) struct CheckView<'a> {
    id: &'a str,
    title: &'a str,
    /// `symptom`, `condition` or `invariant`.
    kind: &'static str,
    /// `met`, `not yet`, `not met` or `cannot tell`.
    verdict: &'static str,
    expected: Option<&'a str>,
    observed: Option<&'a str>,
    /// Why it is not met, what is awaited, or why we cannot tell.
    reason: Option<&'a str>,
    /// How long it has been awaited, and how long that usually takes.
    since_ms: Option<u128>,
    typical: Option<&'a str>,
    warnings: &'a [String],
}

fn run_view(outcome: &RunOutcome) -> RunView<'_> {
    let counts = Counts::of(outcome);
    RunView {
        version: VERSION,
        exit_code: outcome.exit() as u8,
        interrupted: outcome.interrupted,
        allow_flaky: outcome.allow_flaky,
        drift_fails: outcome.drift_fails,
        duration_ms: outcome.duration.as_millis(),
        shard: outcome.shard.as_ref().map(|shard| ShardView {
            index: shard.index,
            count: shard.count,
            labs: &shard.labs,
        }),
        counts: CountsView {
            passed: counts.passed,
            failed: counts.failed,
            timed_out: counts.timed_out,
            flaky: counts.flaky,
            interrupted: counts.interrupted,
            skipped: counts.all_skipped(),
            drifted: outcome.drifts().count(),
        },
        labs: outcome.labs.iter().map(lab_view).collect(),
    }
}

fn lab_view(lab: &LabOutcome) -> LabView<'_> {
    let skipped = lab.skipped.iter().map(|block| SkippedView {
        page: block.page.to_string_lossy().into_owned(),
        line: block.line,
        reason: &block.reason,
    });
    LabView {
        lab: &lab.lab,
        duration_ms: lab.duration.as_millis(),
        error: lab.error.as_deref(),
        log: lab
            .log
            .as_ref()
            .map(|path| path.to_string_lossy().into_owned()),
        bundle: lab
            .bundle
            .as_ref()
            .map(|path| path.to_string_lossy().into_owned()),
        steps: lab.steps.iter().map(step_view).collect(),
        skipped: skipped.collect(),
        suite_hooks: lab.suite_hooks.iter().map(suite_hook_view).collect(),
        checks: lab.checks.iter().map(check_view).collect(),
        leftovers: &lab.leftovers,
    }
}

fn step_view(step: &StepOutcome) -> StepView<'_> {
    let explanation = explain(step);
    StepView {
        number: step.number,
        id: &step.id,
        title: &step.title,
        page: step.page.to_string_lossy().into_owned(),
        line: step.line,
        result: result_word(&step.result),
        kind: explanation.as_ref().map(|explanation| explanation.kind),
        reason: explanation.map(|explanation| explanation.reason),
        hook: hook_view(&step.result),
        duration_ms: step.duration.as_millis(),
        world_ms: step.world.as_millis(),
        notes: &step.notes,
        commands: step.commands.iter().map(command_view).collect(),
    }
}

fn hook_view(result: &StepResult) -> Option<HookView<'_>> {
    match result {
        StepResult::Fail(Failure::Hook {
            name,
            phase,
            detail,
        }) => Some(HookView {
            name,
            phase: phase_word(*phase),
            detail,
        }),
        _ => None,
    }
}

fn suite_hook_view(hook: &SuiteHookOutcome) -> SuiteHookView {
    SuiteHookView {
        script: hook.script.to_string_lossy().into_owned(),
        phase: phase_word(hook.phase),
        result: result_word(&hook.result),
        reason: suite_reason(hook),
        duration_ms: hook.duration.as_millis(),
        output: output_view(&hook.output),
        dropped_bytes: hook.dropped,
    }
}

fn result_word(result: &StepResult) -> &'static str {
    match result {
        StepResult::Pass => "pass",
        StepResult::Fail(_) => "fail",
        StepResult::Timeout(_) => "timeout",
        StepResult::Skip(_) => "skip",
        StepResult::Flaky { .. } => "flaky",
        StepResult::Interrupted => "interrupted",
    }
}

fn output_view(output: &[(Stream, Vec<u8>)]) -> Vec<OutputView> {
    let view = |(stream, text): (Stream, String)| OutputView {
        stream: match stream {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        },
        text,
    };
    chunk_texts(output).into_iter().map(view).collect()
}

fn command_view(command: &CommandOutcome) -> CommandView<'_> {
    CommandView {
        line: command.line,
        text: &command.text,
        exit_code: command.exit_code,
        duration_ms: Duration::as_millis(&command.duration),
        output: output_view(&command.output),
        dropped_bytes: command.dropped,
        drift: command.drift.as_ref().map(|drift| DriftView {
            line: drift.line,
            kind: &drift.kind,
            expected: &drift.expected,
            found: &drift.found,
            reason: &drift.why,
        }),
    }
}

pub(super) fn check_view(check: &CheckOutcome) -> CheckView<'_> {
    let (expected, observed, reason) = match &check.verdict {
        Verdict::Met => (None, None, None),
        Verdict::NotYet { awaiting, .. } => (None, None, Some(awaiting.as_str())),
        Verdict::CannotTell { why } => (None, None, Some(why.as_str())),
        Verdict::NotMet {
            expected,
            observed,
            reason,
        } => (
            Some(expected.as_str()),
            Some(observed.as_str()),
            reason.as_deref(),
        ),
    };
    let (since, typical) = match &check.verdict {
        Verdict::NotYet { since, typical, .. } => (*since, typical.as_deref()),
        _ => (None, None),
    };
    CheckView {
        id: &check.id,
        title: &check.title,
        kind: kind_word(check.kind),
        verdict: verdict_word(&check.verdict),
        expected,
        observed,
        reason,
        since_ms: since.map(|since| since.as_millis()),
        typical,
        warnings: &check.warnings,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::full_run;
    use super::*;

    #[test]
    fn the_document_says_what_the_run_found_out() {
        let document: serde_json::Value = serde_json::from_str(&render(&full_run())).unwrap();
        let check = |pointer: &str, expected: serde_json::Value| {
            assert_eq!(document.pointer(pointer), Some(&expected), "{pointer}");
        };
        check("/version", 1.into());
        check("/exit_code", 5.into());
        check("/counts/skipped", 2.into());
        check("/labs/0/duration_ms", 1400.into());
        check("/labs/0/steps/1/result", "fail".into());
        check("/labs/0/steps/1/kind", "command".into());
        check(
            "/labs/0/steps/1/reason",
            "lab/page.md:41: exit code 254".into(),
        );
        check(
            "/labs/0/steps/1/commands/1/output/0/stream",
            "stderr".into(),
        );
        check(
            "/labs/0/steps/1/commands/1/output/0/text",
            "\u{1b}[31mno\u{fffd}\u{1b}[0m such\n".into(),
        );
        check("/labs/0/steps/0/world_ms", 312_000.into());
        check("/labs/0/skipped/0/reason", "test=false".into());
        check("/labs/0/checks/0/verdict", "not met".into());
        check("/labs/0/checks/0/observed", "none".into());
        check("/labs/0/suite_hooks/0/phase", "after".into());
        check("/labs/0/suite_hooks/0/result", "pass".into());
        check("/labs/0/leftovers/0", "key 1234".into());
    }
}
