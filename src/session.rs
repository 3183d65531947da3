//! One run of one scenario: makes its resources, knows what it made, judges, unmakes.

pub mod runs;

use std::time::Duration;

use anyhow::{Context as _, anyhow};

use crate::cloud::{Cloud, Mark, Original, Outputs, Wanted};
use crate::outcome::{CheckKind, CheckOutcome, Verdict};
use crate::scenario::judge::judge;
use crate::scenario::{Change, Check, Parameter, Predicate, Scenario, Values};
use crate::scenarios::Source;

/// A scenario in an environment.
pub struct Session {
    pub id: String,
    pub values: Values,
    source: Source,
    cloud: Cloud,
    /// What was made, oldest first.
    changes: Vec<Made>,
}

/// A change that a session began, and what is known of it.
#[derive(Debug, Clone)]
struct Made {
    change: Change,
    mark: Mark,
    outputs: Option<Outputs>,
    original: Option<Original>,
}

/// Between two looks while waiting for checks.
const LOOK: Duration = Duration::from_secs(10);

impl Session {
    /// A session that has made nothing yet.
    pub fn new(source: Source, cloud: Cloud) -> Session {
        let id = random_text(8);
        let mut values = Values::default();
        values.set("session", &*id);
        values.set("account", &*cloud.account);
        values.set("region", &*cloud.region);
        values.set("cluster", &*cloud.cluster);
        for (name, parameter) in &source.scenario.parameters {
            let Parameter::Random(length) = parameter;
            values.set(name, random_text(*length));
        }
        Session {
            id,
            values,
            source,
            cloud,
            changes: Vec::new(),
        }
    }

    pub fn scenario(&self) -> &Scenario {
        &self.source.scenario
    }

    /// Breaks the environment: makes the scenario's resources and waits until its symptoms show.
    ///
    /// # Errors
    /// When a resource cannot be made or a symptom does not show; what was made is still known and
    /// can be undone.
    pub async fn inject(&mut self) -> anyhow::Result<()> {
        for resource in self.scenario().resources.clone() {
            self.make(&resource).await?;
        }
        let symptoms = self.scenario().symptoms.clone();
        let mut waited = Duration::ZERO;
        loop {
            let outcomes = self.judge(&symptoms, CheckKind::Symptom).await?;
            let Some(missing) = outcomes
                .iter()
                .find(|outcome| outcome.verdict != Verdict::Met)
            else {
                return Ok(());
            };
            if waited >= self.scenario().ripens_within {
                return Err(anyhow!(
                    "the environment did not break within {} s: {} ({:?})",
                    waited.as_secs(),
                    missing.title,
                    missing.verdict
                ));
            }
            (self.cloud.pause)(LOOK).await;
            waited += LOOK;
        }
    }

    async fn make(&mut self, resource: &Change) -> anyhow::Result<()> {
        let mut change = resource.clone();
        for document in change.documents() {
            *document = self.source.read(document)?;
        }
        let change: Change = self.values.fill_all(&change)?;
        let mark = self.mark();
        let original = self.cloud.original(&change).await?;
        self.changes.push(Made {
            change: change.clone(),
            mark: mark.clone(),
            outputs: None,
            original,
        });
        let outputs = self
            .cloud
            .apply(&change, &mark)
            .await
            .with_context(|| format!("failed to make the {change}"))?;
        for (name, value) in &outputs {
            if let Some(id) = change.id() {
                self.values.set(format!("{id}.{name}"), &**value);
            }
        }
        if let Some(made) = self.changes.last_mut() {
            made.outputs = Some(outputs);
        }
        Ok(())
    }

    fn mark(&self) -> Mark {
        Mark {
            session: self.id.clone(),
            scenario: self.scenario().name.clone(),
            number: self.changes.len() + 1,
            expires_at: jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24),
        }
    }

    /// The variables that the lesson's commands get.
    ///
    /// # Errors
    /// When a value names something unknown.
    pub fn environment(&self) -> anyhow::Result<Vec<(String, String)>> {
        let filled =
            |(name, value): (&String, &String)| Ok((name.clone(), self.values.fill(value)?));
        self.scenario().environment.iter().map(filled).collect()
    }

    /// Judges the conditions and invariants once.
    ///
    /// # Errors
    /// When a check names something unknown.
    pub async fn verdicts(&self) -> anyhow::Result<Vec<CheckOutcome>> {
        let mut outcomes = self
            .judge(&self.scenario().conditions, CheckKind::Condition)
            .await?;
        outcomes.extend(
            self.judge(&self.scenario().invariants, CheckKind::Invariant)
                .await?,
        );
        Ok(outcomes)
    }

    /// Judges until everything is met or `patience` of the environment's time is over, as long as
    /// `worth_waiting` says that a verdict may still change.
    ///
    /// # Errors
    /// When a check names something unknown.
    pub async fn settled_verdicts(
        &self,
        patience: Duration,
        worth_waiting: impl Fn(&Verdict) -> bool,
    ) -> anyhow::Result<Vec<CheckOutcome>> {
        let mut waited = Duration::ZERO;
        loop {
            let outcomes = self.verdicts().await?;
            if waited >= patience
                || !outcomes
                    .iter()
                    .any(|outcome| worth_waiting(&outcome.verdict))
            {
                return Ok(outcomes);
            }
            (self.cloud.pause)(LOOK).await;
            waited += LOOK;
        }
    }

    /// Judges the checks of a page's hook; `None` when the scenario has no such hook.
    ///
    /// # Errors
    /// When a check names something unknown.
    pub async fn hook(&self, name: &str) -> anyhow::Result<Option<Vec<CheckOutcome>>> {
        let Some(ids) = self.scenario().hooks.get(name) else {
            return Ok(None);
        };
        let checks: Vec<Check> = ids
            .iter()
            .filter_map(|id| self.scenario().check(id))
            .cloned()
            .collect();
        Ok(Some(self.judge(&checks, CheckKind::Symptom).await?))
    }

    async fn judge(&self, checks: &[Check], kind: CheckKind) -> anyhow::Result<Vec<CheckOutcome>> {
        let filled: Vec<Predicate> = checks
            .iter()
            .map(|check| self.values.fill_all(&check.expect))
            .collect::<Result<_, _>>()?;
        let observation = self.cloud.observe(&Wanted::by(&filled)).await;
        Ok(checks
            .iter()
            .zip(&filled)
            .map(|(check, predicate)| {
                let judged = judge(predicate, &observation);
                CheckOutcome {
                    id: check.id.clone(),
                    title: check.title.en.clone(),
                    kind,
                    verdict: judged.verdict,
                    warnings: judged.warnings,
                }
            })
            .collect())
    }

    /// Unmakes everything that was made, newest first, and says what is left.
    pub async fn undo(&mut self) -> Vec<String> {
        let mut left = Vec::new();
        while let Some(made) = self.changes.pop() {
            let (outputs, original) = (made.outputs.as_ref(), made.original.as_ref());
            let reverted = self
                .cloud
                .revert(&made.change, &made.mark, outputs, original);
            if let Err(error) = reverted.await {
                left.push(error.to_string());
            }
        }
        match self.cloud.left_of(&self.id).await {
            Ok(found) => left.extend(found.iter().map(ToString::to_string)),
            Err(error) => left.push(format!("what is left cannot be told: {error}")),
        }
        left
    }
}

/// Lower-case letters and digits.
fn random_text(length: usize) -> String {
    std::iter::repeat_with(|| fastrand::alphanumeric().to_ascii_lowercase())
        .take(length)
        .collect()
}
