//! Outcome becomes text. Renderers return strings and never print; what several formats say
//! alike (counts, the sentence for a failure, bytes as text) is written here once.

use std::time::Duration;

use crate::outcome::{
    CommandOutcome, Failure, HookPhase, RunOutcome, StepOutcome, StepResult, Stream,
};

pub mod diagnostics;
pub mod json;
pub mod terminal;

/// How a finished run is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Terminal,
    /// For programs; versioned.
    Json,
}

/// The run's report.
pub fn render(outcome: &RunOutcome, format: Format, color: bool) -> String {
    match format {
        Format::Terminal => terminal::render(outcome, color),
        Format::Json => json::render(outcome),
    }
}

/// How many steps ended how. Nothing goes uncounted: blocks that were not meant to run are skips.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    pub passed: usize,
    pub failed: usize,
    pub timed_out: usize,
    pub flaky: usize,
    pub interrupted: usize,
    /// Each reason with its count, in order of first appearance.
    pub skipped: Vec<(String, usize)>,
}

impl Counts {
    /// Counts the steps and skipped blocks of all labs.
    pub fn of(outcome: &RunOutcome) -> Counts {
        let mut counts = Counts::default();
        for lab in &outcome.labs {
            for step in &lab.steps {
                counts.add(&step.result);
            }
            for block in &lab.skipped {
                counts.skip(&block.reason);
            }
        }
        counts
    }

    /// All skips together.
    pub fn all_skipped(&self) -> usize {
        self.skipped.iter().map(|(_, count)| count).sum()
    }

    fn add(&mut self, result: &StepResult) {
        match result {
            StepResult::Pass => self.passed += 1,
            StepResult::Fail(_) => self.failed += 1,
            StepResult::Timeout(_) => self.timed_out += 1,
            StepResult::Flaky { .. } => self.flaky += 1,
            StepResult::Interrupted => self.interrupted += 1,
            StepResult::Skip(reason) => self.skip(reason),
        }
    }

    fn skip(&mut self, reason: &str) {
        match self.skipped.iter_mut().find(|(known, _)| known == reason) {
            Some((_, count)) => *count += 1,
            None => self.skipped.push((reason.to_owned(), 1)),
        }
    }
}

/// Why a step's result is what it is, on one line; `None` when it simply passed.
pub(crate) fn reason(step: &StepOutcome) -> Option<String> {
    match &step.result {
        StepResult::Pass => None,
        StepResult::Skip(reason) => Some(reason.clone()),
        StepResult::Timeout(limit) => Some(format!("time ran out: {limit}")),
        StepResult::Flaky { failures: 1 } => Some("passed after failing once".to_owned()),
        StepResult::Flaky { failures } => Some(format!("passed after failing {failures} times")),
        StepResult::Interrupted => Some("interrupted".to_owned()),
        StepResult::Fail(Failure::NothingFailed) => {
            Some("expectError=must, but nothing failed".to_owned())
        }
        StepResult::Fail(Failure::Command { index }) => Some(match step.commands.get(*index) {
            Some(command) => format!("{}: {}", place(step, command), exit_text(command)),
            None => "a command failed".to_owned(),
        }),
        StepResult::Fail(Failure::ShellLost { index }) => Some(match step.commands.get(*index) {
            Some(command) => format!(
                "{}: the shell was replaced or killed ({})",
                place(step, command),
                exit_text(command)
            ),
            None => "the shell was replaced or killed".to_owned(),
        }),
        StepResult::Fail(Failure::Hook {
            name,
            phase,
            detail,
        }) => {
            let phase = match phase {
                HookPhase::Before => "before",
                HookPhase::After => "after",
            };
            Some(format!(
                "hook {name} {phase} the step: {}",
                detail.lines().next().unwrap_or_default()
            ))
        }
    }
}

/// The command that a reader of a failed step wants to see the output of.
pub(crate) fn culprit(step: &StepOutcome) -> Option<&CommandOutcome> {
    match &step.result {
        StepResult::Fail(Failure::Command { index } | Failure::ShellLost { index }) => {
            step.commands.get(*index)
        }
        StepResult::Timeout(_) | StepResult::Interrupted | StepResult::Fail(_) => {
            step.commands.last()
        }
        StepResult::Pass | StepResult::Skip(_) | StepResult::Flaky { .. } => None,
    }
}

/// `0.42 s`, `12.3 s`, `5 min 12 s`.
pub(crate) fn duration_text(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 9.995 {
        format!("{seconds:.2} s")
    } else if seconds < 59.95 {
        format!("{seconds:.1} s")
    } else {
        let whole = duration.as_secs();
        format!("{} min {} s", whole / 60, whole % 60)
    }
}

/// Both streams as one text, in order of arrival.
pub(crate) fn output_text(output: &[(Stream, Vec<u8>)]) -> String {
    let bytes: Vec<u8> = output
        .iter()
        .flat_map(|(_, bytes)| bytes.iter().copied())
        .collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Text that cannot move a terminal's cursor or change its colours: escape sequences go, a
/// carriage return leaves what overwrote its line, other control characters become visible.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => skip_escape_sequence(&mut characters),
            '\r' if matches!(characters.peek(), Some('\n') | None) => {}
            '\r' => shown.truncate(shown.rfind('\n').map_or(0, |end| end + 1)),
            '\n' | '\t' => shown.push(character),
            control if control.is_control() => shown.push(char::REPLACEMENT_CHARACTER),
            other => shown.push(other),
        }
    }
    shown
}

/// `ESC [ … letter`, `ESC ] … BEL`, or `ESC` and one character.
fn skip_escape_sequence(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match characters.next() {
        Some('[') => {
            while characters
                .next()
                .is_some_and(|character| !('@'..='~').contains(&character))
            {}
        }
        Some(']') => {
            while characters
                .next()
                .is_some_and(|character| !matches!(character, '\u{7}' | '\u{1b}'))
            {}
        }
        _ => {}
    }
}

fn place(step: &StepOutcome, command: &CommandOutcome) -> String {
    format!("{}:{}", step.page.display(), command.line)
}

fn exit_text(command: &CommandOutcome) -> String {
    match command.exit_code {
        Some(code) => format!("exit code {code}"),
        None => "it did not end by itself".to_owned(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::outcome::{CheckKind, CheckOutcome, LabOutcome, SkippedBlock, Verdict};

    /// A step of one command with this result.
    pub(crate) fn step(number: usize, result: StepResult) -> StepOutcome {
        StepOutcome {
            number,
            id: number.to_string(),
            title: format!("Look at it, {number}"),
            page: "lab/page.md".into(),
            line: number * 10,
            result,
            commands: Vec::new(),
            duration: Duration::from_millis(420),
            world: Duration::from_millis(420),
            notes: Vec::new(),
        }
    }

    pub(crate) fn command(text: &str, exit_code: Option<i32>, output: &[u8]) -> CommandOutcome {
        CommandOutcome {
            line: 41,
            text: text.to_owned(),
            exit_code,
            duration: Duration::from_millis(400),
            output: vec![(Stream::Stderr, output.to_vec())],
            dropped: 0,
            drift: None,
        }
    }

    /// A run with one of everything.
    pub(crate) fn full_run() -> RunOutcome {
        let mut passed = step(1, StepResult::Pass);
        passed
            .commands
            .push(command("kubectl get nodes", Some(0), b"none\n"));
        passed
            .notes
            .push("expectError=true, but nothing failed".to_owned());
        passed.world = Duration::from_secs(312);
        let mut failed = step(2, StepResult::Fail(Failure::Command { index: 1 }));
        failed
            .commands
            .push(command("cat <<EOF\nx\nEOF", Some(0), b"x\n"));
        failed.commands.push(command(
            "aws eks nope",
            Some(254),
            b"\x1b[31mno\xff\x1b[0m such\n",
        ));
        let check = |id: &str, kind, verdict| CheckOutcome {
            id: id.to_owned(),
            title: format!("{id} is fine"),
            kind,
            verdict,
            warnings: Vec::new(),
        };
        let not_met = Verdict::NotMet {
            expected: "1 ready node".to_owned(),
            observed: "none".to_owned(),
            reason: Some("the key's policy shuts Auto Scaling out".to_owned()),
        };
        let lab = LabOutcome {
            lab: "lab/page.md".to_owned(),
            steps: vec![
                passed,
                failed,
                step(3, StepResult::Skip("an earlier step failed".to_owned())),
            ],
            skipped: vec![SkippedBlock {
                page: "lab/page.md".into(),
                line: 7,
                reason: "test=false".to_owned(),
            }],
            checks: vec![
                check("node", CheckKind::Condition, not_met),
                check("encrypted", CheckKind::Invariant, Verdict::Met),
            ],
            leftovers: vec!["key 1234".to_owned()],
            error: None,
            log: Some("runs/1.log".into()),
        };
        RunOutcome {
            labs: vec![lab],
            duration: Duration::from_millis(1500),
            ..RunOutcome::default()
        }
    }

    #[test]
    fn nothing_goes_uncounted() {
        let counts = Counts::of(&full_run());
        assert_eq!(
            (counts.passed, counts.failed, counts.all_skipped()),
            (1, 1, 2)
        );
        let reasons = [
            ("an earlier step failed".to_owned(), 1),
            ("test=false".to_owned(), 1),
        ];
        assert_eq!(counts.skipped, reasons);
    }

    #[test]
    fn printed_text_cannot_touch_the_terminal() {
        let check = |text: &str, expected: &str| assert_eq!(printable(text), expected);
        check("\u{1b}[1;31mred\u{1b}[0m \u{1b}]0;title\u{7}x", "red x");
        check("10%\r50%\r100%\r\nnext\r\n", "100%\nnext\n");
        check("a\0b\tc", "a\u{fffd}b\tc");
    }

    #[test]
    fn durations_read_well() {
        let check = |millis, expected: &str| {
            assert_eq!(duration_text(Duration::from_millis(millis)), expected)
        };
        check(4, "0.00 s");
        check(12_340, "12.3 s");
        check(312_000, "5 min 12 s");
    }
}
