//! A learner's way through a lesson, written down: for people as Markdown, for programs as JSON, for CI systems as JUnit.

use std::fmt::Write as _;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde_json::json;

use super::learner::{counts, grade_name, grade_word, status_json};
use super::style::Style;
use super::text::{duration_text, printable};
use crate::language::{Language, Message};
use crate::message;
use crate::outcome::progress::{Grade, Progress, StepProgress};
use crate::outcome::standing::SessionOutcome;
use crate::outcome::{CheckOutcome, Verdict};

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Markdown,
    Json,
    Junit,
}

/// What is told.
#[derive(Debug, Clone)]
pub struct Told {
    pub session: SessionOutcome,
    pub progress: Progress,
    pub checks: Vec<CheckOutcome>,
    /// How long the session has been there, in real time.
    pub since: Duration,
}

pub fn render(told: &Told, format: Format, style: Style) -> String {
    match format {
        Format::Markdown => markdown(told, style.language),
        Format::Json => {
            let seconds = json!({ "seconds": told.since.as_secs() });
            status_json(&told.session, &told.progress, &told.checks, seconds)
        }
        Format::Junit => junit(told, style.language),
    }
}

fn markdown(told: &Told, language: Language) -> String {
    let say = |message: Message| message.to(language);
    let Told {
        session, progress, ..
    } = told;
    let mut text = format!("# {}\n\n", cell(&session.title));
    let about = message!(
        "way-session",
        id = &session.id,
        place = &session.place,
        begun = &session.begun_at,
        since = duration_text(Duration::from_secs(told.since.as_secs()))
    );
    let _ = writeln!(text, "{}\n\n{}\n", say(about), counts(progress, language));
    let columns = [
        message!("way-step"),
        message!("way-evidence"),
        message!("way-hints"),
    ];
    let columns: Vec<String> = columns.into_iter().map(say).collect();
    let _ = writeln!(text, "|  | {} |\n|---|---|---|---|", columns.join(" | "));
    for step in &progress.steps {
        let evidence = cell(&evidence_words(step, language));
        let _ = writeln!(
            text,
            "| {} | {} | {evidence} | {} |",
            step.id,
            cell(&step.title),
            step.hints
        );
    }
    let _ = writeln!(text, "\n| {} | |\n|---|---|", say(message!("way-checks")));
    for check in &told.checks {
        let verdict = match &check.verdict {
            Verdict::Met => message!("way-met"),
            Verdict::NotYet { .. } => message!("way-not-yet"),
            Verdict::NotMet { .. } => message!("way-not-met"),
            Verdict::CannotTell { .. } => message!("way-cannot-tell"),
        };
        let _ = writeln!(text, "| {} | {} |", cell(&check.title), say(verdict));
    }
    text
}

fn evidence_words(step: &StepProgress, language: Language) -> String {
    let grade = step.done.map_or_else(|| message!("step-open"), grade_word);
    let assisted =
        (step.assisted && step.done != Some(Grade::Assisted)).then(|| message!("step-assisted"));
    let unseen = step
        .unseen_resource
        .then(|| message!("step-resource-unseen"));
    let words: Vec<Message> = [Some(grade), assisted, unseen]
        .into_iter()
        .flatten()
        .collect();
    Message::Several(words).to(language)
}

/// Text that ends no cell of a table.
fn cell(text: &str) -> String {
    printable(text).replace('|', "\\|").replace('\n', " ")
}

/// A test case for each step; one that is not done is skipped, one that was verified and is not any more has failed.
fn junit(told: &Told, language: Language) -> String {
    let mut report = Report::new("breakfix");
    let mut suite = TestSuite::new(told.session.scenario.as_str());
    for step in &told.progress.steps {
        let status = match (step.done, step.lapsed) {
            (Some(_), _) => TestCaseStatus::success(),
            (None, true) => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_message(message!("step-lapsed").to(language));
                status
            }
            (None, false) => {
                let mut status = TestCaseStatus::skipped();
                status.set_message(message!("step-open").to(language));
                status
            }
        };
        let name = format!("{} {}", step.id, printable(&step.title));
        let mut case = TestCase::new(name, status);
        let evidence = step.done.map_or("none", grade_name);
        case.extra.insert("evidence".into(), evidence.into());
        suite.add_test_case(case);
    }
    report.add_test_suite(suite);
    report.to_string().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> Told {
        let step = |id: &str, done, lapsed| StepProgress {
            id: id.to_owned(),
            title: format!("Look | at {id}"),
            done,
            lapsed,
            ..StepProgress::default()
        };
        Told {
            session: SessionOutcome::unread("s1".to_owned()),
            progress: Progress {
                steps: vec![
                    step("1", Some(Grade::Observed), false),
                    step("2", None, true),
                    step("3", None, false),
                ],
            },
            checks: Vec::new(),
            since: Duration::from_secs(90),
        }
    }

    fn rendered(format: Format) -> String {
        render(&told(), format, Style::plain(Language::English))
    }

    #[test]
    fn the_report_says_by_what_each_step_is_done() {
        let text = rendered(Format::Markdown);
        assert!(
            text.contains("| 1 | Look \\| at 1 | observed | 0 |"),
            "{text}"
        );
        assert!(text.contains("| 3 | Look \\| at 3 | open | 0 |"), "{text}");
        let json: serde_json::Value = serde_json::from_str(&rendered(Format::Json)).unwrap();
        assert_eq!(json["progress"]["steps"][0]["evidence"], "observed");
        assert_eq!(json["seconds"], 90);
    }

    #[test]
    fn in_junit_what_is_open_is_skipped_and_what_lapsed_has_failed() {
        let text = rendered(Format::Junit);
        assert!(
            text.contains("tests=\"3\" skipped=\"1\" errors=\"0\" failures=\"1\""),
            "{text}"
        );
        assert!(text.contains("evidence=\"observed\""), "{text}");
    }
}
