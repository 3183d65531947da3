//! Times per page, in the shape that mocha's JSON reporter writes, for the scripts that read
//! `.tests[].file` and `.tests[].duration`. One entry for each page of a lab.

mod recorded;

use std::path::Path;

use serde::Serialize;

pub use self::recorded::{NoDurations, Recorded, read, updated};

use super::explanation::{Standing, explain, standing};
use super::finding::{self, Finding, Level};
use super::text::{self, short_line};
use crate::outcome::{Exit, LabOutcome, RunOutcome, StepOutcome, StepResult};

/// Raised when a field changes its meaning or goes; new fields do not raise it.
const VERSION: u32 = 1;

/// Findings are told by their reason alone.
const NO_EVIDENCE: usize = 0;

/// The document, ending with a newline.
pub fn render(outcome: &RunOutcome) -> String {
    text::document(&document(outcome))
}

#[derive(Serialize)]
struct Document {
    version: u32,
    stats: Stats,
    tests: Vec<Page>,
    pending: Vec<Page>,
    failures: Vec<Page>,
    passes: Vec<Page>,
}

#[derive(Serialize)]
struct Stats {
    suites: usize,
    tests: usize,
    passes: usize,
    /// Pages of which nothing ran.
    pending: usize,
    failures: usize,
    /// Milliseconds.
    duration: u128,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    title: String,
    full_title: String,
    file: String,
    /// Milliseconds of real time in the page's steps.
    duration: u128,
    current_retry: usize,
    err: Problem,
    #[serde(skip)]
    ran: bool,
}

/// Mocha writes `{}` where nothing went wrong.
#[derive(Debug, Clone, Default, Serialize)]
struct Problem {
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

fn document(outcome: &RunOutcome) -> Document {
    let mut tests = Vec::new();
    for lab in &outcome.labs {
        tests.extend(pages(lab, outcome));
    }
    let of_run = finding::of_run(outcome);
    // Drift is told at its page.
    let of_all = of_run
        .iter()
        .find(|finding| finding.of_the_whole && finding.level == Level::Error);
    if let (Some(finding), Some(last)) = (of_all, tests.last_mut()) {
        last.blame(finding);
    }
    let of = |kind: Kind| -> Vec<Page> {
        let pages = tests.iter().filter(|page| page.kind() == kind);
        pages.cloned().collect()
    };
    let (pending, failures, passes) = (of(Kind::Pending), of(Kind::Failed), of(Kind::Passed));
    Document {
        version: VERSION,
        stats: Stats {
            suites: outcome.labs.len(),
            tests: tests.len(),
            passes: passes.len(),
            pending: pending.len(),
            failures: failures.len(),
            duration: outcome.duration.as_millis(),
        },
        tests,
        pending,
        failures,
        passes,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Passed,
    Failed,
    Pending,
}

impl Page {
    fn new(lab: &LabOutcome, path: &Path) -> Page {
        let file = path.to_string_lossy().into_owned();
        let full_title = if file == lab.lab {
            file.clone()
        } else {
            format!("{} {file}", lab.lab)
        };
        Page {
            title: file.clone(),
            full_title,
            file,
            duration: 0,
            current_retry: 0,
            err: Problem::default(),
            ran: false,
        }
    }

    fn kind(&self) -> Kind {
        if self.err.message.is_some() {
            Kind::Failed
        } else if self.ran {
            Kind::Passed
        } else {
            Kind::Pending
        }
    }

    fn add(&mut self, step: &StepOutcome, outcome: &RunOutcome) {
        self.duration += step.duration.as_millis();
        self.ran |= standing(&step.result) != Standing::Skipped;
        if let StepResult::Flaky { failures } = step.result {
            self.current_retry = self.current_retry.max(failures);
        }
        let fails = step.result.exit(outcome.allow_flaky) != Exit::Met;
        if let Some(explanation) = explain(step).filter(|_| fails) {
            let message = format!("step {}: {}", step.number, explanation.reason);
            self.err.message.get_or_insert(message);
        }
        if let Some(drift) = step.drifts().next().filter(|_| outcome.drift_fails) {
            let message = format!("step {}: {}", step.number, short_line(&drift.why));
            self.err.message.get_or_insert(message);
        }
    }

    /// What comes first is told.
    fn blame(&mut self, finding: &Finding<'_>) {
        let message = || format!("{}: {}", finding.title, finding.reason);
        self.err.message.get_or_insert_with(message);
    }
}

/// The lab's pages in their order. What is wrong with the lab as a whole shows at its last one.
fn pages(lab: &LabOutcome, outcome: &RunOutcome) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    let mut known = std::collections::HashMap::new();
    let mut index_of = |pages: &mut Vec<Page>, path: &Path| {
        *known.entry(path.to_owned()).or_insert_with(|| {
            pages.push(Page::new(lab, path));
            pages.len() - 1
        })
    };
    for step in &lab.steps {
        let index = index_of(&mut pages, &step.page);
        pages[index].add(step, outcome);
    }
    for block in &lab.skipped {
        index_of(&mut pages, &block.page);
    }
    let problem = finding::of_lab(lab, NO_EVIDENCE)
        .into_iter()
        .find(|finding| finding.level == Level::Error && finding.of_the_whole);
    if let Some(problem) = problem {
        if pages.is_empty() {
            pages.push(Page::new(lab, Path::new(&lab.lab)));
        }
        if let Some(last) = pages.last_mut() {
            last.blame(&problem);
        }
    }
    pages
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::tests::{full_run, step};
    use super::*;

    fn value(outcome: &RunOutcome) -> serde_json::Value {
        serde_json::from_str(&render(outcome)).unwrap()
    }

    #[test]
    fn a_page_has_one_entry_with_the_time_of_its_steps() {
        let mut outcome = full_run();
        let mut other = step(4, StepResult::Pass);
        other.page = "lab/other.md".into();
        other.duration = Duration::from_millis(7);
        outcome.labs[0].steps.push(other);
        let document = value(&outcome);
        let check = |pointer: &str, expected: serde_json::Value| {
            assert_eq!(document.pointer(pointer), Some(&expected), "{pointer}");
        };
        check("/stats/tests", 2.into());
        check("/tests/0/file", "lab/page.md".into());
        check("/tests/0/duration", 1260.into());
        check(
            "/tests/0/err/message",
            "step 2: lab/page.md:41: exit code 254".into(),
        );
        check("/tests/1/file", "lab/other.md".into());
        check("/tests/1/fullTitle", "lab/page.md lab/other.md".into());
        check("/tests/1/duration", 7.into());
        // What is wrong with the lab as a whole shows at its last page.
        check(
            "/tests/1/err/message",
            "condition node: node is fine: not met".into(),
        );
        check("/failures/1/file", "lab/other.md".into());
    }

    #[test]
    fn a_page_of_which_nothing_ran_is_pending() {
        let lab = LabOutcome {
            lab: "page.md".to_owned(),
            steps: vec![step(1, StepResult::Skip("no".to_owned()))],
            ..LabOutcome::default()
        };
        let document = value(&RunOutcome {
            labs: vec![lab],
            ..RunOutcome::default()
        });
        assert_eq!(document["stats"]["pending"], 1);
        assert_eq!(document["tests"][0]["err"], serde_json::json!({}));
    }

    #[test]
    fn a_lab_that_could_not_start_is_a_failure() {
        let lab = LabOutcome {
            lab: "page.md".to_owned(),
            error: Some("no bash".to_owned()),
            ..LabOutcome::default()
        };
        let document = value(&RunOutcome {
            labs: vec![lab],
            ..RunOutcome::default()
        });
        assert_eq!(
            document["failures"][0]["err"]["message"],
            "page.md: cannot tell: no bash"
        );
    }
}
