//! Drift of documented output: one line per step for everybody, all of it for who asks.

use std::fmt::Write;

use super::super::text::short_line;
use super::Paint;
use crate::outcome::{LabOutcome, RunOutcome};

/// The section of a lab; `details` shows what the page says and what came, for every command.
pub(super) fn render(text: &mut String, lab: &LabOutcome, details: bool, paint: Paint) {
    let mut heading = Some("Documented output");
    for step in &lab.steps {
        let count = step.drifts().count();
        for drift in step.drifts() {
            if let Some(heading) = heading.take() {
                let _ = writeln!(text, "\n  {}", paint.strong(heading));
            }
            let more = match (count - 1, details) {
                (0, _) | (_, true) => String::new(),
                (more, false) => format!(" (and {more} more)"),
            };
            let page = short_line(&step.page.to_string_lossy());
            let place = format!("{page}:{}", drift.line);
            let mark = match details {
                true => paint.bad("≠"),
                false => paint.unsure("≠"),
            };
            let why = short_line(&drift.why);
            let _ = writeln!(text, "  {mark} {place}  step {}: {why}{more}", step.number);
            if !details {
                break;
            }
            for (word, said) in [("documented", &drift.expected), ("printed", &drift.found)] {
                let _ = writeln!(text, "      {word:<11} {}", short_line(said));
            }
        }
    }
}

/// All drift of a run in full, or nothing. `color` is for a terminal that understands it.
pub fn details(outcome: &RunOutcome, color: bool) -> String {
    let mut text = String::new();
    for lab in &outcome.labs {
        render(&mut text, lab, true, Paint(color));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{command, step};
    use super::*;
    use crate::outcome::{Drift, StepResult};

    fn lab() -> LabOutcome {
        let mut drifted = step(2, StepResult::Pass);
        for line in [44, 50] {
            drifted.commands.push(crate::outcome::CommandOutcome {
                drift: Some(Drift {
                    line,
                    kind: "value".into(),
                    expected: "\"ACTIVE\"".to_owned(),
                    found: "\"DEGRADED\"".to_owned(),
                    why: "they differ".to_owned(),
                }),
                ..command("aws", Some(0), b"")
            });
        }
        LabOutcome {
            steps: vec![step(1, StepResult::Pass), drifted],
            ..LabOutcome::default()
        }
    }

    #[track_caller]
    fn check(lab: &LabOutcome, details: bool, expected: &str) {
        let mut text = String::new();
        render(&mut text, lab, details, Paint(false));
        assert_eq!(text, expected);
    }

    #[test]
    fn a_step_has_one_line_unless_all_is_asked_for() {
        check(
            &lab(),
            false,
            "\n  Documented output\n  ≠ lab/page.md:44  step 2: they differ (and 1 more)\n",
        );
        let one = |line: usize| {
            format!(
                "  ≠ lab/page.md:{line}  step 2: they differ\n      documented  \"ACTIVE\"\n      printed     \"DEGRADED\"\n"
            )
        };
        let all = format!("\n  Documented output\n{}{}", one(44), one(50));
        check(&lab(), true, &all);
    }

    #[test]
    fn where_nothing_drifted_nothing_is_said() {
        check(&LabOutcome::default(), true, "");
    }
}
