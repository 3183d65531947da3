//! Catching up: the scenario's own solution, as far as is needed.

use std::time::Duration;

use anyhow::{Context as _, bail};

use super::Session;
use super::judging::until_next_look;
use crate::outcome::{CheckKind, CheckOutcome, Verdict};
use crate::scenario::{Change, Check};

/// How long a change may take to show before the next one is made: what is only on its way need not be solved again.
const TO_SHOW: Duration = Duration::from_secs(60);

/// What came of a solution.
#[derive(Debug, Clone, PartialEq)]
pub struct Solved {
    /// What was made by this call, in the words of people and in order.
    pub made: Vec<String>,
    /// The conditions that were asked for, as they are now.
    pub checks: Vec<CheckOutcome>,
}

impl Solved {
    /// Whether everything that was asked for is met.
    pub fn is_met(&self) -> bool {
        let mut checks = self.checks.iter();
        checks.all(|check| check.verdict == Verdict::Met)
    }
}

impl Session {
    /// Applies the first solution of the session's variant that is written as changes, change by change, until the
    /// conditions with these ids are all met and no invariant is broken. What an earlier call has made is not made again; taking the session back
    /// takes it back, too. Every condition is meant when no id is given.
    ///
    /// # Errors
    /// When a condition is unknown, the variant has no such solution, or a change cannot be made.
    pub async fn solve(&mut self, until: &[&str]) -> anyhow::Result<Solved> {
        let wanted = self.conditions(until)?;
        let solution = self.solution()?;
        let mut solved = Solved {
            made: Vec::new(),
            checks: self.judge(&wanted, CheckKind::Condition).await?,
        };
        for (index, change) in solution.iter().enumerate() {
            // A change that was begun is finished before anybody looks: half of it tells nothing.
            let rests = !self.is_begun(index) && is_resting_place(&solution, index);
            if rests && solved.is_met() && self.keeps_what_has_to_stay().await? {
                return Ok(solved);
            }
            if self.make_part(index, change).await? {
                solved
                    .made
                    .push(self.values.fill_known(&change.told().to(self.language)));
                solved.checks = self.await_those(&wanted, TO_SHOW, comes_by_itself).await?;
            }
        }
        // The scenario's own solution repairs it: whatever the verdict is now, it will be met.
        let (patience, is_open) = (self.scenario().ripens_within, |verdict: &Verdict| {
            *verdict != Verdict::Met
        });
        solved.checks = self.await_those(&wanted, patience, is_open).await?;
        Ok(solved)
    }

    /// A wrong fix may meet every condition, and still have to be replaced.
    async fn keeps_what_has_to_stay(&self) -> anyhow::Result<bool> {
        let invariants = self
            .judge(&self.chosen.invariants, CheckKind::Invariant)
            .await?;
        let mut verdicts = invariants.iter().map(|outcome| &outcome.verdict);
        Ok(!verdicts.any(|verdict| matches!(verdict, Verdict::NotMet { .. })))
    }

    fn conditions(&self, ids: &[&str]) -> anyhow::Result<Vec<Check>> {
        let conditions = &self.chosen.conditions;
        if ids.is_empty() {
            return Ok(conditions.clone());
        }
        let find = |id: &&str| {
            let found = conditions.iter().find(|check| check.id == **id);
            found
                .cloned()
                .with_context(|| format!("the session's variant has no condition {id:?}"))
        };
        ids.iter().map(find).collect()
    }

    /// The changes of the solution, one after the other.
    fn solution(&self) -> anyhow::Result<Vec<Change>> {
        let mut solutions = self.chosen.solutions.iter();
        let written = solutions.find(|solution| {
            let mut fixes = solution.fixes.iter();
            fixes.all(|fix| fix.script.is_none())
        });
        let Some(solution) = written else {
            bail!(
                "the scenario {} has no solution that is written as changes",
                self.scenario().name
            );
        };
        let fixes = solution.fixes.iter();
        Ok(fixes.flat_map(|fix| fix.changes.clone()).collect())
    }

    fn is_begun(&self, index: usize) -> bool {
        self.number_of_part(index).is_some()
    }

    /// The number under which a change of the solution was begun.
    fn number_of_part(&self, index: usize) -> Option<usize> {
        let mut current = self.ledger.current();
        let found = current.find(|(_, entry)| entry.solution == Some(index));
        found.map(|(number, _)| number)
    }

    /// Makes a change of the solution; `false` when it was made before.
    async fn make_part(&mut self, index: usize, change: &Change) -> anyhow::Result<bool> {
        let known = self.number_of_part(index);
        let entry = known.and_then(|number| self.ledger.entry(number));
        if entry.is_some_and(|entry| entry.outputs.is_some()) {
            return Ok(false);
        }
        let number = known.unwrap_or_else(|| self.number_beyond());
        self.make(number, change, Some(index)).await?;
        Ok(true)
    }

    /// Judges until all are met, or `patience` is over, or one is not `worth_waiting` for.
    async fn await_those(
        &self,
        checks: &[Check],
        patience: Duration,
        worth_waiting: impl Fn(&Verdict) -> bool,
    ) -> anyhow::Result<Vec<CheckOutcome>> {
        let mut waited = Duration::ZERO;
        loop {
            let outcomes = self.judge(checks, CheckKind::Condition).await?;
            let verdicts = || outcomes.iter().map(|outcome| &outcome.verdict);
            let mut open = verdicts()
                .filter(|verdict| **verdict != Verdict::Met)
                .peekable();
            if open.peek().is_none() || waited >= patience || !open.all(&worth_waiting) {
                return Ok(outcomes);
            }
            let look = until_next_look(waited);
            (self.cloud.pause)(look).await;
            waited += look;
        }
    }
}

/// What is wrong now needs another change, and not time.
fn comes_by_itself(verdict: &Verdict) -> bool {
    !matches!(verdict, Verdict::NotMet { .. })
}

/// Whether nothing that was altered before change `index` is altered again from there on: between a scaling to 0 and the
/// one to 1, a condition may be met that will not last.
fn is_resting_place(solution: &[Change], index: usize) -> bool {
    let kind = std::mem::discriminant::<Change>;
    let (before, after) = solution.split_at(index);
    !before.iter().any(|done| {
        let altered = |next: &Change| kind(next) == kind(done) && next.altered() == done.altered();
        done.altered().is_some() && after.iter().any(altered)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::change::{KeyState, KmsKeyState, Scale};

    #[test]
    fn between_two_scalings_nobody_rests() {
        let scale = |desired| {
            let nodegroup = "g".to_owned();
            Change::Scale(Scale { nodegroup, desired })
        };
        let enabled = Change::KmsKeyState(KmsKeyState {
            key: "k".to_owned(),
            state: KeyState::Enabled,
        });
        let solution = [enabled, scale(0), scale(1)];
        let rests: Vec<bool> = (0..=3).map(|at| is_resting_place(&solution, at)).collect();
        assert_eq!(rests, [true, true, false, true]);
    }
}
