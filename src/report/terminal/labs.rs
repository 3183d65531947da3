//! The table at the end of a report on several labs: one line each.

use std::fmt::Write;

use super::super::text::{duration_text, short_line};
use super::{Counts, Paint};
use crate::outcome::{Exit, LabOutcome, RunOutcome};

/// Characters of a lab's name that are shown, from its end: that is where names differ.
const NAME_CHARACTERS: usize = 60;

pub(super) fn render(text: &mut String, outcome: &RunOutcome, paint: Paint) {
    let rows: Vec<[String; 5]> = outcome.labs.iter().map(row).collect();
    let widths = [0, 1, 2, 3, 4].map(|column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or_default()
    });
    let _ = writeln!(text, "{}", paint.strong("Labs"));
    for (lab, row) in outcome.labs.iter().zip(&rows) {
        let mark = match lab.exit(outcome.allow_flaky) {
            Exit::Met => paint.good("✓"),
            Exit::NotYet => paint.unsure("…"),
            Exit::CannotTell => paint.unsure("?"),
            Exit::Interrupted => paint.unsure("!"),
            Exit::Failed | Exit::Leftovers | Exit::Usage | Exit::Content => paint.bad("✗"),
        };
        let [name, counts @ .., time] = row;
        let mut line = format!("  {mark} {name:0$}", widths[0]);
        for (cell, width) in counts.iter().zip(&widths[1..]) {
            if *width > 0 {
                let _ = write!(line, "  {cell:width$}");
            }
        }
        let time = format!("{time:>0$}", widths[4]);
        let _ = writeln!(text, "{line}  {}", paint.quiet(&time));
    }
    text.push('\n');
}

/// Name, steps, skips, checks, time.
fn row(lab: &LabOutcome) -> [String; 5] {
    let counts = Counts::of_lab(lab);
    let skipped = match counts.all_skipped() {
        0 => String::new(),
        skipped => format!("{skipped} skipped"),
    };
    [
        end_of(&short_line(&lab.lab)),
        counts.step_words(),
        skipped,
        counts.check_words().unwrap_or_default(),
        duration_text(lab.duration),
    ]
}

fn end_of(name: &str) -> String {
    match name.char_indices().rev().nth(NAME_CHARACTERS) {
        Some((cut, _)) => {
            let end: String = name[cut..].chars().skip(2).collect();
            format!("…{end}")
        }
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::full_run;
    use super::*;

    #[test]
    fn several_labs_have_a_line_each() {
        let mut outcome = full_run();
        let mut second = full_run().labs.remove(0);
        second.lab = "a/much/longer/name.md".to_owned();
        second.steps.truncate(1);
        second.skipped.clear();
        second.checks.clear();
        second.leftovers.clear();
        second.duration = std::time::Duration::from_secs(312);
        outcome.labs.push(second);
        let mut text = String::new();
        render(&mut text, &outcome, Paint(false));
        let expected = "\
Labs
  ✗ lab/page.md            1 passed, 1 failed  2 skipped  1 of 2 checks met      1.40 s
  ✓ a/much/longer/name.md  1 passed                                          5 min 12 s
";
        assert_eq!(text.trim_end(), expected.trim_end());
    }

    #[test]
    fn a_long_name_shows_its_end() {
        let name = format!("{}end", "x".repeat(100));
        let shown = end_of(&name);
        assert!(shown.starts_with('…') && shown.ends_with("xend"), "{shown}");
        assert_eq!(shown.chars().count(), NAME_CHARACTERS);
    }
}
