//! Holds a lab's outputs against what its pages show, once the steps have run.

use crate::expect::{self, Comparison, DriftKind};
use crate::outcome::{CommandOutcome, Drift, LabOutcome, StepResult, Stream};
use crate::plan::{Command, Lab};

/// Compares the commands of all steps that passed; of others a reader expects no certain output.
pub(super) fn compare(lab: &Lab, outcome: &mut LabOutcome) {
    for step in &mut outcome.steps {
        let passed = matches!(step.result, StepResult::Pass | StepResult::Flaky { .. });
        let planned = lab.steps.iter().find(|known| known.number == step.number);
        let Some(planned) = planned.filter(|_| passed) else {
            continue;
        };
        let pairs = planned.commands.iter().zip(&mut step.commands);
        for (command, ran) in pairs.filter(|(command, _)| !command.documented.trim().is_empty()) {
            if ran.dropped == 0 {
                ran.drift = drift(command, ran);
            } else {
                step.notes.push(format!(
                    "the output of line {} is too long to be held against the page",
                    command.line
                ));
            }
        }
    }
}

/// The output that the page is nearest to, and where they part; `None` where they agree.
pub(in crate::commands) fn nearest(
    command: &Command,
    ran: &CommandOutcome,
) -> Option<(expect::Drift, String)> {
    let against = |output: String| match expect::compare(&command.documented, &output) {
        Comparison::Match => None,
        Comparison::Drift(drift) => Some((drift, output)),
    };
    let both = against(printed(ran, &[Stream::Stdout, Stream::Stderr]))?;
    let stdout = printed(ran, &[Stream::Stdout]);
    let is_mixed = ran
        .output
        .iter()
        .any(|(stream, _)| *stream == Stream::Stderr);
    if stdout.trim().is_empty() || !is_mixed {
        return Some(both);
    }
    // Into a terminal curl writes no progress, and many authors leave warnings out.
    let alone = against(stdout)?;
    Some(if both.0.at_line > alone.0.at_line {
        both
    } else {
        alone
    })
}

fn drift(command: &Command, ran: &CommandOutcome) -> Option<Drift> {
    let (drift, _) = nearest(command, ran)?;
    let first_line = command.line + command.text.split('\n').count();
    Some(Drift {
        line: first_line + drift.at_line - 1,
        kind: drift.kind.name().into(),
        expected: drift.expected,
        found: drift.found,
        why: match drift.kind {
            DriftKind::WrapperGone => drift.why + remover(&command.text),
            _ => drift.why,
        },
    })
}

/// The part of a command that takes wrappers away.
fn remover(command: &str) -> &'static str {
    if command.contains("--query") {
        "; --query removes it"
    } else if command.contains("jq ") {
        "; jq removes it"
    } else {
        ""
    }
}

fn printed(ran: &CommandOutcome, streams: &[Stream]) -> String {
    let chunks = ran.output.iter();
    let bytes: Vec<u8> = chunks
        .filter(|(stream, _)| streams.contains(stream))
        .flat_map(|(_, bytes)| bytes.iter().copied())
        .collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(text: &str, documented: &str) -> Command {
        Command {
            line: 10,
            text: text.to_owned(),
            documented: documented.to_owned(),
        }
    }

    /// `expected`: line of the page and the sentence.
    #[track_caller]
    fn check(command: &Command, output: &[(Stream, &str)], expected: Option<(usize, &str)>) {
        let chunks = output.iter();
        let ran = CommandOutcome {
            line: command.line,
            text: command.text.clone(),
            exit_code: Some(0),
            duration: std::time::Duration::ZERO,
            output: chunks
                .map(|(stream, text)| (*stream, text.as_bytes().to_vec()))
                .collect(),
            dropped: 0,
            drift: None,
        };
        let found = drift(command, &ran);
        let found = found.as_ref().map(|drift| (drift.line, drift.why.as_str()));
        assert_eq!(found, expected);
    }

    #[test]
    fn drift_has_its_line_in_the_page() {
        let command = command(
            "aws \\\n  --query x",
            "\n{\n  \"w\": {\n    \"a\": 1\n  }\n}\n",
        );
        let why = "the documented output has the wrapper \"w\", which is not in the output; --query removes it";
        check(&command, &[(Stream::Stdout, "{\"a\": 1}")], Some((14, why)));
    }

    #[test]
    fn both_streams_count_and_stdout_alone_is_enough() {
        use Stream::{Stderr, Stdout};
        check(
            &command("x", "a\nb\n"),
            &[(Stderr, "a\n"), (Stdout, "b\n")],
            None,
        );
        check(
            &command("x", "a\n"),
            &[(Stderr, "No a\n")],
            Some((11, "the line differs")),
        );
        check(
            &command("x", "b\n"),
            &[(Stderr, "a\n"), (Stdout, "b\n")],
            None,
        );
        let output = [(Stderr, "w\n"), (Stdout, "b\nx\n")];
        check(
            &command("x", "b\nc\n"),
            &output,
            Some((12, "the line differs")),
        );
        check(&command("x", ""), &output, None);
    }
}
