//! How many steps ended how, as numbers and in words.

use super::text::one_line;
use crate::outcome::{CheckOutcome, LabOutcome, RunOutcome, StepResult, Verdict};

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
    pub checks_met: usize,
    /// All checks, met or not.
    pub checks: usize,
}

impl Counts {
    /// Counts the steps, skipped blocks and checks of all labs.
    pub fn of(outcome: &RunOutcome) -> Counts {
        let mut counts = Counts::default();
        for lab in &outcome.labs {
            counts.add_lab(lab);
        }
        counts
    }

    /// Counts those of one lab.
    pub fn of_lab(lab: &LabOutcome) -> Counts {
        let mut counts = Counts::default();
        counts.add_lab(lab);
        counts
    }

    /// All skips together.
    pub fn all_skipped(&self) -> usize {
        self.skipped.iter().map(|(_, count)| count).sum()
    }

    /// `3 passed, 1 failed`; skips come apart.
    pub(crate) fn step_words(&self) -> String {
        let mut parts = vec![format!("{} passed", self.passed)];
        for (count, word) in [
            (self.flaky, "flaky"),
            (self.failed, "failed"),
            (self.timed_out, "timed out"),
            (self.interrupted, "interrupted"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {word}"));
            }
        }
        parts.join(", ")
    }

    /// `2 skipped (1: an earlier step failed; 1: test=false)`; `None` when nothing was.
    pub(crate) fn skip_words(&self) -> Option<String> {
        let reasons = self.skipped.iter();
        let reasons: Vec<String> = reasons
            .map(|(reason, count)| format!("{count}: {}", one_line(reason)))
            .collect();
        (!reasons.is_empty())
            .then(|| format!("{} skipped ({})", self.all_skipped(), reasons.join("; ")))
    }

    /// `1 of 2 checks met`; `None` when there were none.
    pub(crate) fn check_words(&self) -> Option<String> {
        (self.checks > 0).then(|| format!("{} of {} checks met", self.checks_met, self.checks))
    }

    /// All of it on one line.
    pub(crate) fn words(&self) -> String {
        let mut text = self.step_words();
        text.extend(self.skip_words().map(|words| format!(", {words}")));
        text.extend(self.check_words().map(|words| format!(" — {words}")));
        text
    }

    fn add_lab(&mut self, lab: &LabOutcome) {
        for step in &lab.steps {
            self.add(&step.result);
        }
        for block in &lab.skipped {
            self.skip(&block.reason);
        }
        let met = |check: &&CheckOutcome| check.verdict == Verdict::Met;
        self.checks += lab.checks.len();
        self.checks_met += lab.checks.iter().filter(met).count();
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

#[cfg(test)]
mod tests {
    use super::super::tests::full_run;
    use super::*;

    #[test]
    fn nothing_goes_uncounted() {
        let counts = Counts::of(&full_run());
        assert_eq!(
            counts.words(),
            "1 passed, 1 failed, 2 skipped (1: an earlier step failed; 1: test=false) — 1 of 2 checks met"
        );
    }

    #[test]
    fn what_did_not_occur_is_not_told() {
        assert_eq!(Counts::default().words(), "0 passed");
    }
}
