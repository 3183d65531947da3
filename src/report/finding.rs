//! What of a run deserves a reader's eye, each thing with its weight and place: the common source
//! of annotations, the job summary and a page's error in the timing report.

use std::path::Path;

use super::Counts;
use super::explanation::{
    Standing, explain, kind_word, leftover_words, phase_word, shard_words, standing, suite_reason,
    verdict_lines, verdict_text, verdict_word,
};
use super::text::{elided, output_text, reason_line, short_line};
use crate::language::Language;
use crate::outcome::{CheckOutcome, Exit, LabOutcome, RunOutcome, StepOutcome, SuiteHookOutcome};

/// One thing to be told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finding<'a> {
    pub(crate) level: Level,
    /// Page and line, counted from 1.
    pub(crate) place: Option<(&'a Path, usize)>,
    /// It concerns more than a step.
    pub(crate) of_the_whole: bool,
    /// A few words on one line.
    pub(crate) title: String,
    /// One line.
    pub(crate) reason: String,
    /// Printable lines that show it; may be empty.
    pub(crate) evidence: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// The run does not succeed with it.
    Error,
    /// Worth mending.
    Warning,
    /// Good to know.
    Notice,
}

/// Everything that a lab's outcome has to tell, in the order in which it came about; evidence is
/// cut to about `limit` bytes.
pub(crate) fn of_lab(lab: &LabOutcome, limit: usize) -> Vec<Finding<'_>> {
    let mut found = Vec::new();
    let hooks = lab.suite_hooks.iter();
    found.extend(hooks.filter_map(|hook| of_suite_hook(hook, limit)));
    for step in &lab.steps {
        found.extend(of_step(step, limit));
    }
    if let Some(error) = &lab.error {
        let title = format!("{}: cannot tell", short_line(&lab.lab));
        let (reason, rest) = error.split_once('\n').unwrap_or((error, ""));
        found.push(Finding {
            evidence: elided(rest, limit),
            ..plain(Level::Error, title, reason)
        });
    }
    for check in &lab.checks {
        found.extend(of_check(check, limit));
    }
    if let Some(reason) = leftover_words(lab) {
        let title = format!("{}: left over", short_line(&lab.lab));
        found.push(Finding {
            evidence: elided(&lab.leftovers.join("\n"), limit),
            ..plain(Level::Error, title, &reason)
        });
    }
    found.extend(skips(lab));
    found
}

/// What concerns no single lab, and drift, whose weight the run decides.
pub(crate) fn of_run(outcome: &RunOutcome) -> Vec<Finding<'_>> {
    let mut found = Vec::new();
    if outcome.interrupted {
        let reason = "the run was interrupted";
        found.push(plain(Level::Error, "breakfix".to_owned(), reason));
    }
    if let Some((title, reason)) = shard_words(outcome) {
        found.push(plain(Level::Notice, title, &reason));
    }
    let level = match outcome.drift_fails {
        true => Level::Error,
        false => Level::Warning,
    };
    found.extend(outcome.drifts().map(|(step, drift)| Finding {
        place: Some((&step.page, drift.line)),
        of_the_whole: false,
        ..plain(level, "documented output".to_owned(), &drift.why)
    }));
    found
}

fn of_step(step: &StepOutcome, limit: usize) -> Vec<Finding<'_>> {
    let title = format!("step {}: {}", step.number, short_line(&step.title));
    let level = match standing(&step.result) {
        Standing::Passed | Standing::Skipped => None,
        Standing::Flaky => Some(Level::Warning),
        Standing::Failed | Standing::Interrupted => Some(Level::Error),
    };
    let mut found = Vec::new();
    if let (Some(level), Some(explanation)) = (level, explain(step)) {
        found.push(Finding {
            place: Some((&step.page, explanation.line)),
            of_the_whole: false,
            evidence: explanation.evidence.text(limit),
            ..plain(level, title.clone(), &explanation.reason)
        });
    }
    let notes = step.notes.iter().map(|note| Finding {
        place: Some((&step.page, step.line)),
        of_the_whole: false,
        ..plain(Level::Warning, title.clone(), note)
    });
    found.extend(notes);
    found
}

fn of_suite_hook(hook: &SuiteHookOutcome, limit: usize) -> Option<Finding<'_>> {
    let reason = suite_reason(hook)?;
    let level = match standing(&hook.result) {
        Standing::Passed | Standing::Flaky | Standing::Skipped => Level::Warning,
        Standing::Failed | Standing::Interrupted => Level::Error,
    };
    let title = format!("suite hook {}", phase_word(hook.phase));
    Some(Finding {
        place: Some((&hook.script, 1)),
        evidence: elided(&output_text(&hook.output), limit),
        ..plain(level, title, &reason)
    })
}

fn of_check(check: &CheckOutcome, limit: usize) -> Vec<Finding<'static>> {
    let title = format!("{} {}", kind_word(check.kind), short_line(&check.id));
    let about = short_line(&check.title);
    let mut found = Vec::new();
    if check.verdict.exit() != Exit::Met {
        // A verdict of one line is told with its check, a longer one below it.
        let lines = verdict_lines(&check.verdict, Language::English);
        let (reason, evidence) = match lines.as_slice() {
            [(word, said)] if !said.contains('\n') => {
                (format!("{about}: {word}, {said}"), String::new())
            }
            _ => {
                let word = verdict_word(&check.verdict);
                (format!("{about}: {word}"), verdict_text(check, limit))
            }
        };
        found.push(Finding {
            evidence,
            ..plain(Level::Error, title.clone(), &reason)
        });
    }
    let warnings = check.warnings.iter();
    found.extend(warnings.map(|warning| {
        let reason = format!("{about}: {warning}");
        plain(Level::Warning, title.clone(), &reason)
    }));
    found
}

/// All skips of a lab together: one by one they would drown the rest.
fn skips(lab: &LabOutcome) -> Option<Finding<'static>> {
    let counts = Counts::of_lab(lab);
    let title = format!("{}: skipped", short_line(&lab.lab));
    let words = counts.skip_words()?;
    Some(plain(Level::Notice, title, &words))
}

fn plain(level: Level, title: String, reason: &str) -> Finding<'static> {
    Finding {
        level,
        place: None,
        of_the_whole: true,
        title,
        reason: reason_line(reason),
        evidence: String::new(),
    }
}
