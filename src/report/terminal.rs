//! The report that a person reads after a run: every step with its commands and time, what went
//! wrong and where, the checks, what is left over, and one line of counts.

mod drift;

use std::fmt::Write;

pub use self::drift::details as drift_details;
use super::Counts;
use super::explanation::{
    Evidence, Standing, explain, phase_word, shard_words, standing, suite_reason, verdict_lines,
    verdict_name,
};
use super::style::{Style, columns, padded, wrapped};
use super::text::{duration_text, output_text, printable, short_line, shortened};
use crate::language::Language;
use crate::message;
use crate::outcome::{
    CheckKind, CheckOutcome, CommandOutcome, Exit, LabOutcome, RunOutcome, StepOutcome,
    SuiteHookOutcome, Verdict,
};

mod labs;

/// Lines of a failed command's output that are shown, from its end.
const TAIL_LINES: usize = 20;

/// The whole report. `color` is for a terminal that understands it.
pub fn render(outcome: &RunOutcome, color: bool) -> String {
    let paint = Paint(color);
    let mut text = String::new();
    for lab in &outcome.labs {
        render_lab(&mut text, lab, outcome.drift_fails, paint);
    }
    if outcome.labs.len() > 1 {
        labs::render(&mut text, outcome, paint);
    }
    if let Some((shard, held)) = shard_words(outcome) {
        let _ = writeln!(text, "{shard}: {held}");
    }
    let _ = writeln!(text, "{}", summary(outcome, paint));
    text
}

/// ANSI colours, or none.
#[derive(Clone, Copy)]
pub(crate) struct Paint(pub(super) bool);

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.0 {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
    pub(super) fn good(self, text: &str) -> String {
        self.with("32", text)
    }
    pub(super) fn bad(self, text: &str) -> String {
        self.with("31", text)
    }
    pub(super) fn unsure(self, text: &str) -> String {
        self.with("33", text)
    }
    pub(super) fn quiet(self, text: &str) -> String {
        self.with("2", text)
    }
    pub(super) fn strong(self, text: &str) -> String {
        self.with("1", text)
    }
}

fn render_lab(text: &mut String, lab: &LabOutcome, drift_fails: bool, paint: Paint) {
    let _ = writeln!(text, "{}\n", paint.strong(&short_line(&lab.lab)));
    let width = lab
        .steps
        .iter()
        .map(|step| step.number.to_string().len())
        .max()
        .unwrap_or(1);
    for step in &lab.steps {
        render_step(text, step, width, paint);
    }
    for hook in &lab.suite_hooks {
        render_suite_hook(text, hook, width, paint);
    }
    render_kinds(text, &lab.checks, style_of_runs(paint));
    drift::render(text, lab, drift_fails, paint);
    if !lab.leftovers.is_empty() {
        let _ = writeln!(text, "\n  {}", paint.bad("Left over"));
        for name in &lab.leftovers {
            let _ = writeln!(text, "  - {}", short_line(name));
        }
    }
    if let Some(error) = &lab.error {
        let _ = writeln!(
            text,
            "\n  {} {}",
            paint.bad("error:"),
            paragraphs(error, 9, LINE_WIDTH)
        );
    }
    if let (Some(log), true) = (&lab.log, lab.steps.iter().any(went_wrong)) {
        let _ = writeln!(
            text,
            "\n  all output: {}",
            printable(&log.to_string_lossy())
        );
    }
    if let Some(bundle) = &lab.bundle {
        let _ = writeln!(
            text,
            "\n  for whoever looks into it: {}",
            printable(&bundle.to_string_lossy())
        );
    }
    text.push('\n');
}

fn render_step(text: &mut String, step: &StepOutcome, width: usize, paint: Paint) {
    let mark = match standing(&step.result) {
        Standing::Passed => paint.good("✓"),
        Standing::Failed => paint.bad("✗"),
        Standing::Flaky => paint.unsure("~"),
        Standing::Interrupted => paint.unsure("!"),
        Standing::Skipped => paint.quiet("-"),
    };
    let _ = write!(
        text,
        "  {mark} {:>width$}  {}",
        step.number,
        short_line(&step.title)
    );
    let explanation = explain(step);
    if let (Standing::Skipped, Some(why)) = (standing(&step.result), &explanation) {
        let skipped = format!("skipped: {}", short_line(&why.reason));
        let _ = writeln!(text, "  {}", paint.quiet(&skipped));
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
    if let Some(explanation) = explanation {
        let reason = short_line(&explanation.reason);
        let painted = if went_wrong(step) {
            paint.bad(&reason)
        } else {
            paint.unsure(&reason)
        };
        let _ = writeln!(text, "{indent}{painted}");
        render_evidence(text, &explanation.evidence, &indent, paint);
    }
    for note in &step.notes {
        let _ = writeln!(
            text,
            "{indent}{} {}",
            paint.unsure("note:"),
            short_line(note)
        );
    }
}

fn went_wrong(step: &StepOutcome) -> bool {
    matches!(
        standing(&step.result),
        Standing::Failed | Standing::Interrupted
    )
}

/// A suite's hook that did not pass; the others are furniture.
fn render_suite_hook(text: &mut String, hook: &SuiteHookOutcome, width: usize, paint: Paint) {
    let Some(reason) = suite_reason(hook) else {
        return;
    };
    let _ = writeln!(
        text,
        "  {} {:>width$}  {} {}  {}",
        paint.bad("✗"),
        "",
        short_line(&hook.script.to_string_lossy()),
        phase_word(hook.phase),
        paint.quiet(&duration_text(hook.duration))
    );
    let indent = " ".repeat(width + 6);
    let _ = writeln!(text, "{indent}{}", paint.bad(&short_line(&reason)));
    quote(text, &output_text(&hook.output), &indent, paint);
}

/// What a failure's sentence leaves open: the hook's own words, or the command and its output.
fn render_evidence(text: &mut String, evidence: &Evidence<'_>, indent: &str, paint: Paint) {
    match evidence {
        Evidence::Nothing => {}
        Evidence::Text(said) => quote(text, said, indent, paint),
        Evidence::Command(command) => {
            for written in printable(&command.text).lines() {
                let _ = writeln!(text, "{indent}{} {}", paint.quiet(">"), shortened(written));
            }
            render_output(text, command, indent, paint);
        }
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
        let _ = writeln!(text, "{indent}{} {}", paint.quiet("│"), shortened(shown));
    }
}

/// Every check with its verdict, by kinds.
pub(super) fn render_all_checks(checks: &[CheckOutcome], style: Style) -> String {
    let mut text = String::new();
    render_kinds(&mut text, checks, style);
    text
}

fn render_kinds(text: &mut String, checks: &[CheckOutcome], style: Style) {
    for (kind, heading) in [
        (CheckKind::Symptom, message!("checks-symptoms")),
        (CheckKind::Condition, message!("checks-conditions")),
        (CheckKind::Invariant, message!("checks-invariants")),
    ] {
        let checks = checks.iter().filter(|check| check.kind == kind);
        render_checks(text, &heading.to(style.language), checks, style);
    }
}

fn render_checks<'a>(
    text: &mut String,
    heading: &str,
    checks: impl Iterator<Item = &'a CheckOutcome>,
    style: Style,
) {
    let mut checks = checks.peekable();
    if checks.peek().is_some() {
        let _ = writeln!(text, "\n  {}", style.paint().strong(heading));
    }
    for check in checks {
        render_check(text, check, style);
    }
}

fn render_check(text: &mut String, check: &CheckOutcome, style: Style) {
    let paint = style.paint();
    // A sign alone is nothing to a screen reader.
    let word = style
        .plain
        .then(|| format!(" {}:", verdict_name(&check.verdict).to(style.language)));
    let word = word.unwrap_or_default();
    let mark = match &check.verdict {
        Verdict::Met => paint.good(&format!("✓{word}")),
        Verdict::NotYet { .. } => paint.unsure(&format!("…{word}")),
        Verdict::CannotTell { .. } => paint.unsure(&format!("?{word}")),
        Verdict::NotMet { .. } => paint.bad(&format!("✗{word}")),
    };
    let _ = writeln!(
        text,
        "  {mark} {}  {}",
        short_line(&check.title),
        paint.quiet(&short_line(&check.id))
    );
    for (word, said) in verdict_lines(&check.verdict, style.language) {
        let word = padded(&word, WORD_WIDTH);
        let said = paragraphs(&said, WORD_WIDTH + 7, style.width);
        let _ = writeln!(text, "      {word} {said}");
    }
    for warning in &check.warnings {
        let label = message!("checks-warning").to(style.language);
        let indent = columns(&label) + 7;
        let said = paragraphs(&short_line(warning), indent, style.width);
        let _ = writeln!(text, "      {} {said}", paint.unsure(&label));
    }
}

/// Columns of what stands before a verdict's text.
const WORD_WIDTH: usize = 11;

fn summary(outcome: &RunOutcome, paint: Paint) -> String {
    let counts = Counts::of(outcome);
    let mut steps = counts.step_words();
    let hooks = outcome.labs.iter().flat_map(|lab| &lab.suite_hooks);
    match hooks.filter(|hook| suite_reason(hook).is_some()).count() {
        0 => {}
        1 => steps.push_str(", 1 suite hook did not pass"),
        bad => steps.push_str(&format!(", {bad} suite hooks did not pass")),
    }
    match outcome.drifts().count() {
        0 => {}
        drifted => steps.push_str(&format!(", {drifted} drifted")),
    }
    steps.extend(counts.skip_words().map(|words| format!(", {words}")));
    let steps = if outcome.exit() == Exit::Met {
        paint.good(&steps)
    } else {
        paint.bad(&steps)
    };
    let checked = counts.check_words().map(|words| format!(" — {words}"));
    let time = duration_text(outcome.duration);
    format!("{steps}{} — {time}", checked.unwrap_or_default())
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
    let first = shortened(lines.next().unwrap_or_default());
    if lines.next().is_some() && !first.ends_with('…') {
        format!("{first} …")
    } else {
        first
    }
}

/// Text that is told whole: broken where its language breaks lines, its further lines indented.
fn paragraphs(text: &str, indent: usize, width: usize) -> String {
    let width = width.saturating_sub(indent);
    let text = printable(text);
    let paragraphs: Vec<String> = text.lines().map(|line| wrapped(line, width, "")).collect();
    let blanks = format!("\n{:indent$}", "");
    paragraphs.join("\n").replace('\n', &blanks)
}

/// Where paragraphs of a run's report are broken, in columns.
const LINE_WIDTH: usize = 120;

/// How a run's report is shown: it is for authors and CI.
fn style_of_runs(paint: Paint) -> Style {
    Style {
        language: Language::English,
        color: paint.0,
        plain: false,
        width: LINE_WIDTH,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{command, full_run, step, suite_hook};
    use super::*;
    use crate::outcome::{Failure, StepResult};

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

  for whoever looks into it: runs/bundle/1-lab

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
    fn a_suites_hook_is_shown_when_it_did_not_pass() {
        let check = |result, expected: &str| {
            let mut text = String::new();
            render_suite_hook(&mut text, &suite_hook(result), 1, Paint(false));
            assert_eq!(text, expected);
        };
        check(StepResult::Pass, "");
        check(
            StepResult::Timeout("the 300 s it may take".to_owned()),
            "  ✗    lab/tests/hook-suite.sh after  0.42 s\n       time ran out: the 300 s it may take\n       │ no cluster\n",
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
