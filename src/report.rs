//! Outcome becomes text. Renderers return strings and never print; what several formats say
//! alike is written once: `explanation` has the words for results and verdicts, `finding` what
//! deserves a reader's eye, `counts` the numbers, `text` how printed bytes become text.

use crate::outcome::RunOutcome;

pub use self::counts::Counts;

pub mod bless;
mod counts;
pub mod diagnostics;
pub mod doctor;
mod explanation;
mod finding;
pub mod github;
pub mod json;
pub mod junit;
pub mod learner;
pub mod lesson;
pub mod life;
pub mod lint;
pub mod list;
pub mod plan;
pub mod proof;
pub mod sarif;
pub mod standing;
pub mod style;
pub mod summary;
pub mod terminal;
mod text;
pub mod timing;
pub mod way;

/// How a finished run is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Terminal,
    /// For programs; versioned.
    Json,
    /// Times per page, in the shape that mocha's JSON reporter writes.
    Timing,
    /// For CI systems: JUnit's XML.
    Junit,
    /// GitHub's workflow commands, which become annotations.
    Github,
    /// Markdown for the page of a CI job.
    Summary,
}

impl Format {
    /// Every format with the name by which users ask for it.
    pub const NAMED: [(&'static str, Format); 6] = [
        ("terminal", Format::Terminal),
        ("json", Format::Json),
        ("timing", Format::Timing),
        ("junit", Format::Junit),
        ("github", Format::Github),
        ("summary", Format::Summary),
    ];

    /// The format of that name.
    pub fn named(name: &str) -> Option<Format> {
        let mut named = Format::NAMED.into_iter();
        named.find_map(|(known, format)| (known == name).then_some(format))
    }

    /// The name by which users ask for it.
    pub fn name(self) -> &'static str {
        let mut named = Format::NAMED.into_iter();
        named
            .find_map(|(name, format)| (format == self).then_some(name))
            .unwrap_or_default()
    }
}

/// The run's report. Only the terminal's knows colours.
pub fn render(outcome: &RunOutcome, format: Format, color: bool) -> String {
    match format {
        Format::Terminal => terminal::render(outcome, color),
        Format::Json => json::render(outcome),
        Format::Timing => timing::render(outcome),
        Format::Junit => junit::render(outcome),
        Format::Github => github::render(outcome),
        Format::Summary => summary::render(outcome),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::outcome::{
        CheckKind, CheckOutcome, CommandOutcome, Failure, HookPhase, LabOutcome, SkippedBlock,
        StepOutcome, StepResult, Stream, SuiteHookOutcome, Verdict,
    };

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

    pub(crate) fn suite_hook(result: StepResult) -> SuiteHookOutcome {
        SuiteHookOutcome {
            script: "lab/tests/hook-suite.sh".into(),
            phase: HookPhase::After,
            result,
            duration: Duration::from_millis(420),
            output: vec![(Stream::Stdout, b"no cluster\n".to_vec())],
            dropped: 0,
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
            advice: None,
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
            suite_hooks: vec![suite_hook(StepResult::Pass)],
            leftovers: vec!["key 1234".to_owned()],
            error: None,
            log: Some("runs/1.log".into()),
            bundle: Some("runs/bundle/1-lab".into()),
            duration: Duration::from_millis(1400),
        };
        RunOutcome {
            labs: vec![lab],
            duration: Duration::from_millis(1500),
            ..RunOutcome::default()
        }
    }

    #[test]
    fn every_format_has_one_name() {
        for (name, format) in Format::NAMED {
            assert_eq!((Format::named(name), format.name()), (Some(format), name));
        }
        assert_eq!(Format::named("xml"), None);
    }
}
