//! The report for CI systems: JUnit's XML. A lab is a suite of its steps, its checks are a suite
//! of their own. Nobody who reads only failures and errors takes an unsuccessful run for a good one.

use std::path::Path;

use quick_junit::{
    FlakyOrRerun, NonSuccessKind, Report, TestCase, TestCaseStatus, TestRerun, TestSuite, XmlString,
};

use super::explanation::{
    Explanation, Standing, explain, kind_word, leftover_words, phase_word, shard_words, standing,
    suite_reason, verdict_lines, verdict_text, verdict_word,
};
use super::text::{elided, output_text, reason_line, short_line};
use crate::language::Language;
use crate::outcome::{
    CheckOutcome, Exit, LabOutcome, RunOutcome, SkippedBlock, StepOutcome, StepResult,
    SuiteHookOutcome, Verdict,
};

/// Bytes of a command and its output that a failure quotes; the run's log has all of it.
const EVIDENCE_BYTES: usize = 64 * 1024;

/// The document.
pub fn render(outcome: &RunOutcome) -> String {
    let name = match shard_words(outcome) {
        Some((shard, held)) => format!("breakfix, {shard}: {held}"),
        None => "breakfix".to_owned(),
    };
    let mut report = Report::new(name);
    report.set_time(outcome.duration);
    for lab in &outcome.labs {
        report.add_test_suite(steps_suite(lab, outcome.allow_flaky));
        if !lab.checks.is_empty() {
            report.add_test_suite(checks_suite(lab));
        }
        if outcome.drift_fails && lab.steps.iter().any(|step| step.drifts().next().is_some()) {
            report.add_test_suite(drift_suite(lab));
        }
    }
    if outcome.interrupted {
        let mut suite = TestSuite::new("breakfix");
        let status = non_success(
            NonSuccessKind::Error,
            "interrupted",
            "the run was interrupted",
        );
        suite.add_test_case(case("run", "breakfix", status));
        report.add_test_suite(suite);
    }
    let document = report
        .to_string()
        .expect("writing to memory does not fail, and XmlString holds nothing that XML forbids");
    without_total_of_skips(document)
}

/// The public schemas have `skipped` on each suite, not on all of them together.
fn without_total_of_skips(document: String) -> String {
    let Some(start) = document.find(" skipped=\"") else {
        return document;
    };
    let value = start + " skipped=\"".len();
    let end = document[value..]
        .find('"')
        .map_or(value, |at| value + at + 1);
    // Before any suite: it is the root's.
    let is_of_root = document.find("<testsuite ").is_none_or(|suite| end < suite);
    if is_of_root {
        document[..start].to_owned() + &document[end..]
    } else {
        document
    }
}

fn steps_suite(lab: &LabOutcome, allow_flaky: bool) -> TestSuite {
    let mut suite = TestSuite::new(xml(&short_line(&lab.lab)));
    suite.set_time(lab.duration);
    if let Some(log) = &lab.log {
        suite.add_property((xml("log"), xml(&log.to_string_lossy())));
    }
    suite.add_test_cases(lab.steps.iter().map(|step| step_case(step, allow_flaky)));
    suite.add_test_cases(lab.skipped.iter().map(skipped_case));
    suite.add_test_cases(lab.suite_hooks.iter().map(suite_hook_case));
    if let Some(error) = &lab.error {
        let mut status = non_success(NonSuccessKind::Error, "environment", error);
        status.set_description(xml(&elided(error, EVIDENCE_BYTES)));
        suite.add_test_case(case("environment", &lab.lab, status));
    }
    if let Some(message) = leftover_words(lab) {
        let mut status = non_success(NonSuccessKind::Error, "leftovers", &message);
        status.set_description(xml(&elided(&lab.leftovers.join("\n"), EVIDENCE_BYTES)));
        suite.add_test_case(case("undo", &lab.lab, status));
    }
    suite
}

fn step_case(step: &StepOutcome, allow_flaky: bool) -> TestCase {
    let name = format!("{} {}", step.number, step.title);
    let status = step_status(step, allow_flaky);
    let mut case = case(&name, &step.page.to_string_lossy(), status);
    at(&mut case, &step.page, step.line);
    case.set_time(step.duration);
    let notes: Vec<String> = step
        .notes
        .iter()
        .map(|note| format!("note: {note}"))
        .collect();
    if !notes.is_empty() {
        let place = place(&step.page, step.line);
        let all = format!("{place}\n{}", notes.join("\n"));
        case.set_system_out(xml(&elided(&all, EVIDENCE_BYTES)));
    }
    case
}

fn step_status(step: &StepOutcome, allow_flaky: bool) -> TestCaseStatus {
    let Some(explanation) = explain(step) else {
        return TestCaseStatus::success();
    };
    match &step.result {
        StepResult::Pass => TestCaseStatus::success(),
        StepResult::Skip(reason) => skipped(reason),
        StepResult::Flaky { failures } => flaky(*failures, &explanation, allow_flaky),
        StepResult::Fail(_) | StepResult::Timeout(_) => {
            unsuccessful(NonSuccessKind::Failure, &explanation)
        }
        StepResult::Interrupted => unsuccessful(NonSuccessKind::Error, &explanation),
    }
}

fn unsuccessful(kind: NonSuccessKind, explanation: &Explanation<'_>) -> TestCaseStatus {
    let mut status = non_success(kind, explanation.kind, &explanation.reason);
    let evidence = explanation.evidence.text(EVIDENCE_BYTES);
    let reason = elided(&explanation.reason, EVIDENCE_BYTES);
    status.set_description(xml(format!("{reason}\n{evidence}").trim_end()));
    status
}

/// A pass with its failures before it; a failure where flaky steps are none.
fn flaky(failures: usize, explanation: &Explanation<'_>, allowed: bool) -> TestCaseStatus {
    let mut status = if allowed {
        TestCaseStatus::success()
    } else {
        non_success(
            NonSuccessKind::Failure,
            explanation.kind,
            &explanation.reason,
        )
    };
    status.set_rerun_kind(FlakyOrRerun::Flaky);
    for attempt in 1..=failures {
        let mut rerun = TestRerun::new(NonSuccessKind::Failure);
        rerun.set_type(explanation.kind);
        rerun.set_message(format!("attempt {attempt} of {} failed", failures + 1));
        status.add_rerun(rerun);
    }
    status
}

fn suite_hook_case(hook: &SuiteHookOutcome) -> TestCase {
    let status = match (suite_reason(hook), standing(&hook.result)) {
        (None, _) => TestCaseStatus::success(),
        (Some(reason), Standing::Skipped) => skipped(&reason),
        (Some(reason), _) => {
            let mut status = non_success(NonSuccessKind::Failure, "suite-hook", &reason);
            status.set_description(xml(&elided(&output_text(&hook.output), EVIDENCE_BYTES)));
            status
        }
    };
    let name = format!("suite hook {}", phase_word(hook.phase));
    let mut case = case(&name, &hook.script.to_string_lossy(), status);
    at(&mut case, &hook.script, 1);
    case.set_time(hook.duration);
    case
}

fn skipped_case(block: &SkippedBlock) -> TestCase {
    let name = format!("line {}", block.line);
    let mut case = case(&name, &block.page.to_string_lossy(), skipped(&block.reason));
    at(&mut case, &block.page, block.line);
    case
}

/// Documented output that did not come, where that makes the content wrong.
fn drift_suite(lab: &LabOutcome) -> TestSuite {
    let name = format!("{}: documented output", short_line(&lab.lab));
    let mut suite = TestSuite::new(xml(&name));
    for step in &lab.steps {
        for drift in step.drifts() {
            let mut status = non_success(NonSuccessKind::Failure, "drift", &drift.why);
            let said = format!("documented: {}\nprinted: {}", drift.expected, drift.found);
            status.set_description(xml(&elided(&said, EVIDENCE_BYTES)));
            let name = format!("line {}", drift.line);
            let mut case = case(&name, &step.page.to_string_lossy(), status);
            at(&mut case, &step.page, drift.line);
            suite.add_test_case(case);
        }
    }
    suite
}

fn checks_suite(lab: &LabOutcome) -> TestSuite {
    let mut suite = TestSuite::new(xml(&format!("{}: checks", short_line(&lab.lab))));
    for check in &lab.checks {
        let name = format!("{}: {}", check.id, check.title);
        let mut case = case(&name, kind_word(check.kind), check_status(check));
        if !check.warnings.is_empty() {
            let warnings = check.warnings.iter();
            let warnings: Vec<String> = warnings.map(|text| format!("warning: {text}")).collect();
            case.set_system_out(xml(&elided(&warnings.join("\n"), EVIDENCE_BYTES)));
        }
        suite.add_test_case(case);
    }
    suite
}

fn check_status(check: &CheckOutcome) -> TestCaseStatus {
    let kind = match check.verdict.exit() {
        Exit::Met => return TestCaseStatus::success(),
        Exit::CannotTell => NonSuccessKind::Error,
        _ => NonSuccessKind::Failure,
    };
    let word = verdict_word(&check.verdict);
    let message = match (
        &check.verdict,
        verdict_lines(&check.verdict, Language::English).as_slice(),
    ) {
        (Verdict::NotMet { observed, .. }, _) => format!("not met, observed {observed}"),
        (_, [(word, said), ..]) => format!("{word}: {said}"),
        (_, []) => word.to_owned(),
    };
    let mut status = non_success(kind, word, &message);
    status.set_description(xml(&verdict_text(check, EVIDENCE_BYTES)));
    status
}

fn case(name: &str, class: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(xml(&short_line(name)), status);
    case.set_classname(xml(&short_line(class)));
    case
}

/// Where many systems look for a test's place.
fn at(case: &mut TestCase, page: &Path, line: usize) {
    case.set_system_out(xml(&place(page, line)));
}

/// The public schemas know no `file` and `line` on a case.
fn place(page: &Path, line: usize) -> String {
    format!("{}:{line}", page.display())
}

fn non_success(kind: NonSuccessKind, word: &str, message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(word);
    status.set_message(xml(&reason_line(message)));
    status
}

fn skipped(reason: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(xml(&reason_line(reason)));
    status
}

/// Text of characters that XML can hold. `XmlString` knows of control characters, not of these two.
fn xml(text: &str) -> XmlString {
    XmlString::new(text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{full_run, step};
    use super::*;

    #[test]
    fn a_failure_has_its_page_line_command_and_output() {
        let document = render(&full_run());
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="breakfix" tests="8" failures="2" errors="1" time="1.500">
    <testsuite name="lab/page.md" tests="6" skipped="2" errors="1" failures="1" time="1.400">
        <properties>
            <property name="log" value="runs/1.log"/>
        </properties>
        <testcase name="1 Look at it, 1" classname="lab/page.md" time="0.420">
            <system-out>lab/page.md:10
note: expectError=true, but nothing failed</system-out>
        </testcase>
        <testcase name="2 Look at it, 2" classname="lab/page.md" time="0.420">
            <failure message="lab/page.md:41: exit code 254" type="command">lab/page.md:41: exit code 254
$ aws eks nope
no� such</failure>
            <system-out>lab/page.md:20</system-out>
        </testcase>
"#;
        assert!(document.starts_with(expected), "{document}");
        for part in [
            r#"<testcase name="line 7" classname="lab/page.md">
            <skipped message="test=false"/>
            <system-out>lab/page.md:7</system-out>"#,
            r#"<testcase name="undo" classname="lab/page.md">
            <error message="1 resource is still there" type="leftovers">key 1234</error>"#,
            r#"<testsuite name="lab/page.md: checks" tests="2" skipped="0" errors="0" failures="1">
        <testcase name="node: node is fine" classname="condition">
            <failure message="not met, observed none" type="not met">expected: 1 ready node
observed: none
because: the key&apos;s policy shuts Auto Scaling out</failure>"#,
        ] {
            assert!(document.contains(part), "{part}\nin\n{document}");
        }
    }

    fn flaky_run(allow_flaky: bool) -> String {
        let lab = LabOutcome {
            steps: vec![step(1, StepResult::Flaky { failures: 1 })],
            ..LabOutcome::default()
        };
        render(&RunOutcome {
            labs: vec![lab],
            allow_flaky,
            ..RunOutcome::default()
        })
    }

    #[test]
    fn a_flaky_step_fails_unless_that_is_allowed_and_shows_its_attempts() {
        let rerun = r#"<flakyFailure message="attempt 1 of 2 failed" type="flaky">"#;
        let failure = r#"<failure message="passed after failing once" type="flaky"/>"#;
        for (allowed, failed) in [(false, true), (true, false)] {
            let document = flaky_run(allowed);
            assert!(document.contains(rerun), "{document}");
            assert_eq!(document.contains(failure), failed, "{document}");
        }
    }

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        let shown = xml("a\u{0}b\u{1b}[31mc\u{fffe}\u{ffff}]]>");
        assert_eq!(shown.as_str(), "abc\u{fffd}\u{fffd}]]>");
    }
}
