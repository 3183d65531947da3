//! Where the environment stands: the checks of the session's variant, over one look at it.

use std::time::Duration;

use super::Session;
use crate::language::Message;
use crate::outcome::{CheckKind, CheckOutcome};
use crate::scenario::judge::judge;
use crate::scenario::observation::{Baselines, Nodegroup, Observation, Seen, Wanted};
use crate::scenario::{Check, Predicate, UnknownName};

/// Between two looks at what converges, at least and at most.
const SHORTEST_LOOK: Duration = Duration::from_secs(10);
const LONGEST_LOOK: Duration = Duration::from_secs(120);

/// How long to leave what was waited for so long to itself: what takes long is looked at less often, and nobody waits
/// much longer than it takes.
pub(super) fn until_next_look(waited: Duration) -> Duration {
    (waited / 4).clamp(SHORTEST_LOOK, LONGEST_LOOK)
}

impl Session {
    /// What is seen of these now.
    pub async fn observed(&self, wanted: &Wanted) -> Observation {
        let mut observation = self.cloud.observe(wanted).await;
        // Where no fault was completed, nothing was there before it.
        let nothing = || {
            wanted
                .baselines
                .iter()
                .map(|name| (name.clone(), String::new()))
        };
        observation.baselines = match self.ledger.baselines() {
            Some(baselines) => baselines.clone(),
            None => nothing().collect(),
        };
        observation
    }

    /// Judges the conditions and invariants once.
    ///
    /// # Errors
    /// When a check names something unknown.
    pub async fn verdicts(&self) -> anyhow::Result<Vec<CheckOutcome>> {
        let kinds = |checks: &[Check], kind| {
            checks
                .iter()
                .map(|check| (check.clone(), kind))
                .collect::<Vec<_>>()
        };
        let mut checks = kinds(&self.chosen.conditions, CheckKind::Condition);
        checks.extend(kinds(&self.chosen.invariants, CheckKind::Invariant));
        self.judge_each(&checks).await
    }

    /// Judges the symptoms once.
    ///
    /// # Errors
    /// When a check names something unknown.
    pub async fn symptoms(&self) -> anyhow::Result<Vec<CheckOutcome>> {
        self.judge(&self.chosen.symptoms, CheckKind::Symptom).await
    }

    /// Judges until everything is met or `patience` of the environment's time is over, as long as
    /// `worth_waiting` says that a verdict may still change.
    ///
    /// # Errors
    /// When a check names something unknown.
    pub async fn settled_verdicts(
        &self,
        patience: Duration,
        worth_waiting: impl Fn(&CheckOutcome) -> bool,
    ) -> anyhow::Result<Vec<CheckOutcome>> {
        let mut waited = Duration::ZERO;
        loop {
            let outcomes = self.verdicts().await?;
            if waited >= patience || !outcomes.iter().any(&worth_waiting) {
                return Ok(outcomes);
            }
            let look = until_next_look(waited);
            (self.cloud.pause)(look).await;
            waited += look;
        }
    }

    /// Judges the checks of a page's hook; `None` when the scenario has no such hook. What does not apply to the
    /// session's variant is left out.
    ///
    /// # Errors
    /// When a check names something unknown.
    pub async fn hook(&self, name: &str) -> anyhow::Result<Option<Vec<CheckOutcome>>> {
        let Some(ids) = self.scenario().hooks.get(name) else {
            return Ok(None);
        };
        let checks: Vec<Check> = ids
            .iter()
            .filter_map(|id| self.chosen.check(id))
            .cloned()
            .collect();
        Ok(Some(self.judge(&checks, CheckKind::Symptom).await?))
    }

    pub(crate) async fn judge(
        &self,
        checks: &[Check],
        kind: CheckKind,
    ) -> anyhow::Result<Vec<CheckOutcome>> {
        let checks: Vec<(Check, CheckKind)> =
            checks.iter().map(|check| (check.clone(), kind)).collect();
        self.judge_each(&checks).await
    }

    /// All of them over one observation.
    async fn judge_each(&self, checks: &[(Check, CheckKind)]) -> anyhow::Result<Vec<CheckOutcome>> {
        let filled = self.filled(checks.iter().map(|(check, _)| check))?;
        let observation = self.observed(&Wanted::by(&filled)).await;
        let said = |message: &Message| message.to(self.language);
        Ok(checks
            .iter()
            .zip(&filled)
            .map(|((check, kind), predicate)| {
                let judged = judge(predicate, &observation);
                CheckOutcome {
                    id: check.id.clone(),
                    title: check.title.to(self.language),
                    kind: *kind,
                    verdict: judged.verdict.to(self.language),
                    warnings: judged.warnings.iter().map(said).collect(),
                    advice: judged.advice.map(|advice| advice.to(self.language)),
                }
            })
            .collect())
    }

    /// The newest scaling activity of every node group of which a check wants to know what came after it.
    pub(super) async fn newest_activities(&self) -> anyhow::Result<Baselines> {
        let filled = self.filled(self.chosen.checks())?;
        let wanted = Wanted::by(&filled).for_baselines();
        let observation = self.cloud.observe(&wanted).await;
        let baselines = observation.newest_activities(&wanted.nodegroups);
        // Without it no later activity could ever be told from an earlier one.
        match wanted
            .nodegroups
            .iter()
            .find(|name| !baselines.contains_key(*name))
        {
            None => Ok(baselines),
            Some(name) => {
                let why = observation
                    .nodegroups
                    .get(name)
                    .map_or_else(String::new, unread);
                anyhow::bail!("failed to read the scaling activities of node group {name}: {why}")
            }
        }
    }

    fn filled<'a>(
        &self,
        checks: impl Iterator<Item = &'a Check>,
    ) -> Result<Vec<Predicate>, UnknownName> {
        checks
            .map(|check| self.values.fill_all(&check.expect))
            .collect()
    }
}

/// Why a node group's activities are not known.
fn unread(group: &Seen<Nodegroup>) -> String {
    match group {
        Seen::Unknown(why) => why.clone(),
        Seen::There(group) => group.activities.as_ref().err().cloned().unwrap_or_default(),
        Seen::Gone => String::new(),
    }
}
