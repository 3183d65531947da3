//! The report that a person reads after a run: every step with its commands and time, what went
//! wrong and where, the checks, what is left over, and one line of counts.

mod drift;

use std::fmt::Write;

pub use self::drift::details as drift_details;
use super::{Counts, culprit, duration_text, output_text, printable, reason};
use crate::outcome::{
    CheckKind, CheckOutcome, CommandOutcome, Failure, LabOutcome, RunOutcome, StepOutcome,
    StepResult, Verdict,
};

/// Lines of a failed command's output that are shown, from its end.
const TAIL_LINES: usize = 20;
/// Characters of a line that are shown of a command or its output.
const LINE_CHARACTERS: usize = 160;

/// The whole report. `color` is for a terminal that understands it.
pub fn render(outcome: &RunOutcome, color: bool) -> String {
    let paint = Paint(color);
    let mut text = String::new();
    for lab in &outcome.labs {
        render_lab(&mut text, lab, outcome.drift_fails, paint);
    }
    let _ = writeln!(text, "{}", summary(outcome, paint));
    text
}

/// ANSI colours, or none.
#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.0 {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
    fn good(self, text: &str) -> String {
        self.with("32", text)
    }
    fn bad(self, text: &str) -> String {
        self.with("31", text)
    }
    fn unsure(self, text: &str) -> String {
        self.with("33", text)
    }
    fn quiet(self, text: &str) -> String {
        self.with("2", text)
    }
    fn strong(self, text: &str) -> String {
        self.with("1", text)
    }
}

fn render_lab(text: &mut String, lab: &LabOutcome, drift_fails: bool, paint: Paint) {
    let _ = writeln!(text, "{}\n", paint.strong(&line(&lab.lab)));
    let width = lab
        .steps
        .iter()
        .map(|step| step.number.to_string().len())
        .max()
        .unwrap_or(1);
    for step in &lab.steps {
        render_step(text, step, width, paint);
    }
    for (kind, heading) in [
        (CheckKind::Symptom, "Symptoms"),
        (CheckKind::Condition, "Conditions"),
        (CheckKind::Invariant, "Invariants"),
    ] {
        render_checks(
            text,
            heading,
            lab.checks.iter().filter(|check| check.kind == kind),
            paint,
        );
    }
    drift::render(text, lab, drift_fails, paint);
    if !lab.leftovers.is_empty() {
        let _ = writeln!(text, "\n  {}", paint.bad("Left over"));
        for name in &lab.leftovers {
            let _ = writeln!(text, "  - {}", line(name));
        }
    }
    if let Some(error) = &lab.error {
        let _ = writeln!(text, "\n  {} {}", paint.bad("error:"), line(error));
    }
    if let (Some(log), true) = (
        &lab.log,
        lab.steps.iter().any(|step| culprit(step).is_some()),
    ) {
        let _ = writeln!(text, "\n  all output: {}", log.display());
    }
    text.push('\n');
}

fn render_step(text: &mut String, step: &StepOutcome, width: usize, paint: Paint) {
    let mark = match &step.result {
        StepResult::Pass => paint.good("✓"),
        StepResult::Fail(_) | StepResult::Timeout(_) => paint.bad("✗"),
        StepResult::Flaky { .. } => paint.unsure("~"),
        StepResult::Interrupted => paint.unsure("!"),
        StepResult::Skip(_) => paint.quiet("-"),
    };
    let _ = write!(
        text,
        "  {mark} {:>width$}  {}",
        step.number,
        line(&step.title)
    );
    if let StepResult::Skip(reason) = &step.result {
        let _ = writeln!(
            text,
            "  {}",
            paint.quiet(&format!("skipped: {}", line(reason)))
        );
        return;
    }
    let _ = writeln!(text, "  {}", paint.quiet(&time(step)));
    let indent = " ".repeat(width + 6);
    for command in &step.commands {
        let _ = writeln!(
            text,
            "{indent}{}",
            paint.quiet(&format!("$ {}", first_line(&command.text)))
        );
    }
    if let Some(reason) = reason(step) {
        let painted = if culprit(step).is_some() {
            paint.bad(&line(&reason))
        } else {
            paint.unsure(&line(&reason))
        };
        let _ = writeln!(text, "{indent}{painted}");
        render_evidence(text, step, &indent, paint);
    }
    for note in &step.notes {
        let _ = writeln!(text, "{indent}{} {}", paint.unsure("note:"), line(note));
    }
}

/// What a failure's sentence leaves open: the hook's own words, or the command and its output.
fn render_evidence(text: &mut String, step: &StepOutcome, indent: &str, paint: Paint) {
    if let StepResult::Fail(Failure::Hook { detail, .. }) = &step.result {
        let rest: Vec<&str> = detail.lines().skip(1).collect();
        quote(text, &rest.join("\n"), indent, paint);
    } else if let Some(command) = culprit(step) {
        for written in printable(&command.text).lines() {
            let _ = writeln!(text, "{indent}{} {}", paint.quiet(">"), elided(written));
        }
        render_output(text, command, indent, paint);
    }
}

fn render_output(text: &mut String, command: &CommandOutcome, indent: &str, paint: Paint) {
    if command.dropped > 0 {
        let _ = writeln!(
            text,
            "{indent}{}",
            paint.quiet(&format!(
                "({} bytes in the middle are not kept)",
                command.dropped
            ))
        );
    }
    if command.output.is_empty() {
        let _ = writeln!(text, "{indent}{}", paint.quiet("(no output)"));
    }
    quote(text, &output_text(&command.output), indent, paint);
}

/// The end of something printed, marked as a quotation.
fn quote(text: &mut String, printed: &str, indent: &str, paint: Paint) {
    let printed = printable(printed);
    let lines: Vec<&str> = printed.lines().collect();
    let hidden = lines.len().saturating_sub(TAIL_LINES);
    if hidden > 0 {
        let _ = writeln!(
            text,
            "{indent}{}",
            paint.quiet(&format!("({hidden} earlier lines)"))
        );
    }
    for shown in &lines[hidden..] {
        let _ = writeln!(text, "{indent}{} {}", paint.quiet("│"), elided(shown));
    }
}

fn render_checks<'a>(
    text: &mut String,
    heading: &str,
    checks: impl Iterator<Item = &'a CheckOutcome>,
    paint: Paint,
) {
    let mut checks = checks.peekable();
    if checks.peek().is_some() {
        let _ = writeln!(text, "\n  {}", paint.strong(heading));
    }
    for check in checks {
        let (mark, lines) = match &check.verdict {
            Verdict::Met => (paint.good("✓"), Vec::new()),
            Verdict::NotYet { awaiting } => (paint.unsure("…"), vec![("not yet", awaiting)]),
            Verdict::CannotTell { why } => (paint.unsure("?"), vec![("cannot tell", why)]),
            Verdict::NotMet {
                expected,
                observed,
                reason,
            } => {
                let mut lines = vec![("expected", expected), ("observed", observed)];
                lines.extend(reason.as_ref().map(|reason| ("because", reason)));
                (paint.bad("✗"), lines)
            }
        };
        let _ = writeln!(
            text,
            "  {mark} {}  {}",
            line(&check.title),
            paint.quiet(&line(&check.id))
        );
        for (word, said) in lines {
            let _ = writeln!(text, "      {word:<11} {}", paragraphs(said, 18));
        }
        for warning in &check.warnings {
            let _ = writeln!(text, "      {} {}", paint.unsure("warning:"), line(warning));
        }
    }
}

fn summary(outcome: &RunOutcome, paint: Paint) -> String {
    let counts = Counts::of(outcome);
    let mut parts = vec![format!("{} passed", counts.passed)];
    for (count, word) in [
        (counts.flaky, "flaky"),
        (counts.failed, "failed"),
        (counts.timed_out, "timed out"),
        (counts.interrupted, "interrupted"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    if !counts.skipped.is_empty() {
        let reasons: Vec<String> = counts
            .skipped
            .iter()
            .map(|(reason, count)| format!("{count}: {}", line(reason)))
            .collect();
        parts.push(format!(
            "{} skipped ({})",
            counts.all_skipped(),
            reasons.join("; ")
        ));
    }
    let drifted = outcome.drifts().count();
    if drifted > 0 {
        parts.push(format!("{drifted} drifted"));
    }
    let checks: Vec<&CheckOutcome> = outcome.labs.iter().flat_map(|lab| &lab.checks).collect();
    let met = checks
        .iter()
        .filter(|check| check.verdict == Verdict::Met)
        .count();
    let checked = if checks.is_empty() {
        String::new()
    } else {
        format!(" — {met} of {} checks met", checks.len())
    };
    let steps = parts.join(", ");
    let good = outcome.exit() == crate::outcome::Exit::Met;
    let steps = if good {
        paint.good(&steps)
    } else {
        paint.bad(&steps)
    };
    format!("{steps}{checked} — {}", duration_text(outcome.duration))
}

fn time(step: &StepOutcome) -> String {
    let real = duration_text(step.duration);
    if step.world.abs_diff(step.duration).as_secs() >= 1 {
        format!("{real} ({} in the lab's world)", duration_text(step.world))
    } else {
        real
    }
}

/// The first line of a command, with a sign that there is more.
fn first_line(command: &str) -> String {
    let text = printable(command);
    let mut lines = text.lines();
    let first = elided(lines.next().unwrap_or_default());
    if lines.next().is_some() && !first.ends_with('…') {
        format!("{first} …")
    } else {
        first
    }
}

/// Text that is told whole: broken between words, its further lines indented.
fn paragraphs(text: &str, indent: usize) -> String {
    let text = printable(text);
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            let longer = line.chars().count() + 1 + word.chars().count();
            if !line.is_empty() && longer + indent > LINE_WIDTH {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines.join(&format!("\n{:indent$}", ""))
}

/// Where paragraphs are broken, in characters.
const LINE_WIDTH: usize = 120;

/// Text that stays on its line.
fn line(text: &str) -> String {
    elided(&printable(text).replace('\n', " "))
}

fn elided(text: &str) -> String {
    match text.char_indices().nth(LINE_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{command, full_run, step};
    use super::*;

    #[test]
    fn a_report_shows_steps_failures_checks_leftovers_and_counts() {
        let expected = "\
lab/page.md

  ✓ 1  Look at it, 1  0.42 s (5 min 12 s in the lab's world)
       $ kubectl get nodes
       note: expectError=true, but nothing failed
  ✗ 2  Look at it, 2  0.42 s
       $ cat <<EOF …
       $ aws eks nope
       lab/page.md:41: exit code 254
       > aws eks nope
       │ no\u{fffd} such
  - 3  Look at it, 3  skipped: an earlier step failed

  Conditions
  ✗ node is fine  node
      expected    1 ready node
      observed    none
      because     the key's policy shuts Auto Scaling out

  Invariants
  ✓ encrypted is fine  encrypted

  Left over
  - key 1234

  all output: runs/1.log

1 passed, 1 failed, 2 skipped (1: an earlier step failed; 1: test=false) — 1 of 2 checks met — 1.50 s
";
        assert_eq!(render(&full_run(), false), expected);
    }

    #[test]
    fn colour_changes_nothing_else() {
        assert_eq!(
            printable(&render(&full_run(), true)),
            render(&full_run(), false)
        );
    }

    fn check_step(outcome: StepOutcome, expected: &str) {
        let mut text = String::new();
        render_step(&mut text, &outcome, 1, Paint(false));
        assert_eq!(text, expected);
    }

    #[test]
    fn a_timeout_names_its_limit_and_shows_what_was_printed() {
        let mut outcome = step(
            1,
            StepResult::Timeout("timeout=60 of the block at lab/page.md:40".to_owned()),
        );
        outcome
            .commands
            .push(command("sleep 600", None, b"partial"));
        check_step(
            outcome,
            "  ✗ 1  Look at it, 1  0.42 s\n       $ sleep 600\n       time ran out: timeout=60 of the block at lab/page.md:40\n       > sleep 600\n       │ partial\n",
        );
    }

    #[test]
    fn a_failed_hook_speaks_for_itself() {
        let detail = "exit code 7\nno node\n".to_owned();
        let failure = Failure::Hook {
            name: "fix".to_owned(),
            phase: crate::outcome::HookPhase::After,
            detail,
        };
        check_step(
            step(1, StepResult::Fail(failure)),
            "  ✗ 1  Look at it, 1  0.42 s\n       hook fix after the step: exit code 7\n       │ no node\n",
        );
    }

    #[test]
    fn long_output_shows_its_end() {
        let mut outcome = step(1, StepResult::Fail(Failure::Command { index: 0 }));
        let lines: String = (1..=25).map(|number| format!("line {number}\n")).collect();
        outcome
            .commands
            .push(command("seq", Some(1), lines.as_bytes()));
        let mut text = String::new();
        render_step(&mut text, &outcome, 1, Paint(false));
        assert!(
            text.contains("(5 earlier lines)\n       │ line 6\n") && text.ends_with("│ line 25\n"),
            "{text}"
        );
    }
}
