//! What pages took in runs before: read from a timing report, whoever wrote it, and kept up to date by a run.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::super::text;
use super::{Document, Page, Problem, Stats, VERSION};
use crate::outcome::{LabOutcome, RunOutcome, StepOutcome, StepResult};

/// What a page took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub file: String,
    pub duration: Duration,
}

/// Why a text has no durations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoDurations {
    /// Counted from 1.
    pub line: usize,
    pub why: String,
}

/// Of a document only what every script reads: mocha's reporters differ in the rest.
#[derive(Deserialize)]
struct Known {
    tests: Vec<KnownTest>,
}

#[derive(Deserialize)]
#[serde(try_from = "TestFields")]
struct KnownTest(Option<Recorded>);

#[derive(Deserialize)]
struct TestFields {
    file: Option<String>,
    /// Milliseconds; mocha writes none for what did not run.
    duration: Option<f64>,
}

impl TryFrom<TestFields> for KnownTest {
    type Error = String;

    fn try_from(test: TestFields) -> Result<KnownTest, String> {
        let (Some(file), Some(millis)) = (test.file, test.duration) else {
            return Ok(KnownTest(None));
        };
        match Duration::try_from_secs_f64(millis / 1000.0) {
            Ok(duration) => Ok(KnownTest(Some(Recorded { file, duration }))),
            Err(_) => Err(format!("the duration {millis} of {file} is no time")),
        }
    }
}

/// Reads `.tests[].file` and `.tests[].duration`.
///
/// # Errors
/// When the text is no such document.
pub fn read(text: &str) -> Result<Vec<Recorded>, NoDurations> {
    let known: Known = serde_json::from_str(text).map_err(|error| NoDurations {
        line: error.line(),
        why: error.to_string(),
    })?;
    Ok(known.tests.into_iter().filter_map(|test| test.0).collect())
}

/// The document of what is recorded and what pages took now, by their names. A page counts only if all of its steps
/// passed: what a failure cut short says nothing about the next time.
pub fn updated(recorded: Vec<Recorded>, outcome: &RunOutcome) -> String {
    let mut times: BTreeMap<String, Duration> = BTreeMap::new();
    for page in recorded {
        *times.entry(page.file).or_default() += page.duration;
    }
    let mut now: BTreeMap<String, Duration> = BTreeMap::new();
    for lab in &outcome.labs {
        for (file, duration) in whole_pages(lab) {
            *now.entry(file).or_default() += duration;
        }
    }
    times.extend(now);
    text::document(&document(times))
}

/// The pages whose steps all passed.
fn whole_pages(lab: &LabOutcome) -> BTreeMap<String, Duration> {
    let mut pages: BTreeMap<String, Option<Duration>> = BTreeMap::new();
    for step in &lab.steps {
        let file = step.page.to_string_lossy().into_owned();
        let sum = pages.entry(file).or_insert(Some(Duration::ZERO));
        *sum = sum
            .filter(|_| has_passed(step))
            .map(|sum| sum + step.duration);
    }
    let whole = pages.into_iter();
    whole.filter_map(|(file, sum)| Some((file, sum?))).collect()
}

fn has_passed(step: &StepOutcome) -> bool {
    matches!(step.result, StepResult::Pass | StepResult::Flaky { .. })
}

fn document(times: BTreeMap<String, Duration>) -> Document {
    let all: Duration = times.values().sum();
    let page = |(file, duration): (String, Duration)| Page {
        title: file.clone(),
        full_title: file.clone(),
        file,
        duration: duration.as_millis(),
        current_retry: 0,
        err: Problem::default(),
        ran: true,
    };
    let tests: Vec<Page> = times.into_iter().map(page).collect();
    Document {
        version: VERSION,
        stats: Stats {
            suites: tests.len(),
            tests: tests.len(),
            passes: tests.len(),
            pending: 0,
            failures: 0,
            duration: all.as_millis(),
        },
        passes: tests.clone(),
        pending: Vec::new(),
        failures: Vec::new(),
        tests,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::step;
    use super::super::render;
    use super::*;

    fn took(file: &str, millis: u64) -> Recorded {
        Recorded {
            file: file.to_owned(),
            duration: Duration::from_millis(millis),
        }
    }

    fn run(steps: Vec<StepOutcome>) -> RunOutcome {
        let lab = LabOutcome {
            steps,
            ..LabOutcome::default()
        };
        RunOutcome {
            labs: vec![lab],
            ..RunOutcome::default()
        }
    }

    #[test]
    fn a_timing_report_says_what_pages_took() {
        let outcome = run(vec![step(1, StepResult::Pass), step(2, StepResult::Pass)]);
        let recorded = read(&render(&outcome)).expect("our own report");
        assert_eq!(recorded, [took("lab/page.md", 840)]);
    }

    #[test]
    fn other_reporters_documents_are_read_too() {
        let text = r#"{"tests": [{"file": "a.md", "duration": 1.5, "speed": "fast"}, {"title": "pending"}]}"#;
        let expected = Recorded {
            file: "a.md".to_owned(),
            duration: Duration::from_micros(1500),
        };
        assert_eq!(read(text), Ok(vec![expected]));
    }

    #[test]
    fn what_is_no_such_document_is_told_with_its_line() {
        let check = |text: &str, line, why: &str| {
            let problem = read(text).expect_err("no durations");
            assert_eq!(problem.line, line, "{}", problem.why);
            assert!(problem.why.contains(why), "{}", problem.why);
        };
        check("{\n  \"tests\": [\n", 3, "EOF");
        check("{\n  \"version\": 1\n}\n", 3, "missing field `tests`");
        let negative = "{\"tests\": [\n  {\"file\": \"a.md\", \"duration\": -4}]}";
        check(negative, 2, "the duration -4 of a.md is no time");
    }

    #[test]
    fn only_pages_that_passed_as_a_whole_are_brought_up_to_date() {
        let mut failed = step(1, StepResult::Pass);
        failed.page = "lab/failed.md".into();
        let mut rest = step(2, StepResult::Skip("an earlier step failed".to_owned()));
        rest.page.clone_from(&failed.page);
        let mut new = step(3, StepResult::Flaky { failures: 1 });
        new.page = "lab/new.md".into();
        let outcome = run(vec![failed, rest, new, step(4, StepResult::Pass)]);
        let before = vec![
            took("lab/page.md", 9),
            took("lab/failed.md", 7),
            took("elsewhere.md", 5),
        ];
        let after = read(&updated(before, &outcome)).expect("our own document");
        let expected = [
            took("elsewhere.md", 5),
            took("lab/failed.md", 7),
            took("lab/new.md", 420),
            took("lab/page.md", 420),
        ];
        assert_eq!(after, expected);
    }
}
