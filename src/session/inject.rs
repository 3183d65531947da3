//! Breaks the environment: each change is announced in the journal, made, and noted; then the symptoms have to show.

use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};

use super::Session;
use super::judging::until_next_look;
use crate::message;
use crate::outcome::{CheckKind, CheckOutcome, Verdict};
use crate::scenario::{Change, Fix};

/// How long nothing may be told of a check: a denial, unlike a hiccup, does not go by itself.
const BLIND: Duration = Duration::from_secs(60);

impl Session {
    /// Makes what is not made yet, and waits until every symptom shows. May be called again after it failed or was
    /// killed anywhere: it goes on from there.
    ///
    /// # Errors
    /// When a change cannot be made or a symptom does not show; what was made is known and can be undone.
    pub async fn inject(&mut self) -> anyhow::Result<()> {
        self.clear().await?;
        self.build().await?;
        if self.ledger.baselines().is_some() {
            return Ok(());
        }
        let symptoms = self.chosen.symptoms.clone();
        self.await_checks(&symptoms, CheckKind::Symptom)
            .await
            .with_context(|| message!("inject-not-broken").to(self.language))?;
        let baselines = self.newest_activities().await?;
        self.ledger.injected(baselines)
    }

    /// Makes what is not made yet, without waiting for what comes of it.
    ///
    /// # Errors
    /// When a change cannot be made.
    pub async fn build(&mut self) -> anyhow::Result<()> {
        for (index, change) in self.chosen.changes.clone().into_iter().enumerate() {
            let number = self.ledger.reset_after() + index + 1;
            self.make(number, &change, None).await?;
        }
        Ok(())
    }

    /// Makes the changes of a repair that is written as data.
    ///
    /// # Errors
    /// When a change cannot be made.
    pub async fn repair(&mut self, fix: &Fix) -> anyhow::Result<()> {
        for change in &fix.changes {
            let number = self.number_beyond();
            self.make(number, change, None).await?;
        }
        Ok(())
    }

    /// The number of a repair's next change: it comes after the scenario's own, which may not all be made.
    pub(super) fn number_beyond(&self) -> usize {
        let own = self.ledger.reset_after() + self.chosen.changes.len();
        self.ledger.next_number().max(own + 1)
    }

    /// Makes a change, unless it is made; `solution` says which change of the solution it is.
    pub(super) async fn make(
        &mut self,
        number: usize,
        change: &Change,
        solution: Option<usize>,
    ) -> anyhow::Result<()> {
        let known = self.ledger.entry(number);
        if known.is_some_and(|entry| entry.outputs.is_some()) {
            return Ok(());
        }
        let change = match known {
            Some(entry) => entry.change.clone(),
            None => self.announce(number, change, solution).await?,
        };
        let mark = self.ledger.mark(number);
        // What is altered after it was made is the fault, more often than not.
        let secret = self.ledger.begun.hidden && change.altered().is_some() && solution.is_none();
        (self.cloud.tell)(match secret {
            true => {
                let part = number - self.ledger.reset_after();
                message!("inject-part", number = part)
            }
            false => message!("inject-making", what = change.told()),
        });
        let outputs = self.cloud.apply(&change, &mark).await;
        let outputs = outputs.with_context(|| format!("failed to make {change}"))?;
        self.ledger.made(number, outputs)?;
        self.learn_outputs(number);
        Ok(())
    }

    /// Puts a change into the journal, as it will be made.
    async fn announce(
        &mut self,
        number: usize,
        change: &Change,
        solution: Option<usize>,
    ) -> anyhow::Result<Change> {
        let mut change = self.values.fill_all(change)?;
        for document in change.documents() {
            let text = self.source.read(document)?;
            *document = self.values.fill(&text)?;
        }
        let owned = self.ledger.owns_what_is_altered(&change);
        if change.altered().is_some() && !owned && self.ledger.begun.target.real {
            bail!(
                "{change} is not this session's: on a real account only what was made for it is altered"
            );
        }
        let original = if owned {
            None
        } else {
            let original = self.cloud.original(&change).await;
            original.with_context(|| format!("failed to look at what is there before: {change}"))?
        };
        let intended = change.clone();
        self.ledger.intend(number, intended, original, solution)?;
        Ok(change)
    }

    /// Waits until all of these are met, as long as the scenario gives them.
    pub(crate) async fn await_checks(
        &self,
        checks: &[crate::scenario::Check],
        kind: CheckKind,
    ) -> anyhow::Result<()> {
        let (mut waited, mut blind) = (Duration::ZERO, Duration::ZERO);
        loop {
            let outcomes = self.judge(checks, kind).await?;
            let hidden = outcomes
                .iter()
                .find(|outcome| matches!(outcome.verdict, Verdict::CannotTell { .. }));
            if let Some(hidden) = hidden.filter(|_| blind >= BLIND) {
                return Err(self.overdue(hidden, waited));
            }
            let look = until_next_look(waited);
            blind = match hidden {
                Some(_) => blind + look,
                None => Duration::ZERO,
            };
            let Some(missing) = outcomes
                .iter()
                .find(|outcome| outcome.verdict != Verdict::Met)
            else {
                return Ok(());
            };
            if waited >= self.scenario().ripens_within {
                return Err(self.overdue(missing, waited));
            }
            (self.cloud.pause)(look).await;
            waited += look;
        }
    }

    fn overdue(&self, missing: &CheckOutcome, waited: Duration) -> anyhow::Error {
        let why = missing.verdict.told();
        let overdue = message!(
            "inject-overdue",
            title = &missing.title,
            seconds = waited.as_secs(),
            why = why,
        );
        anyhow!(overdue.to(self.language))
    }
}
