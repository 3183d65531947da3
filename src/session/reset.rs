//! Back to the broken state: everything is taken back, and the same scenario made again.

use anyhow::{Context as _, bail};

use super::{Session, planned, undo, values};
use crate::language::Message;
use crate::message;
use crate::outcome::standing::PlannedChange;

impl Session {
    /// Takes everything back that was made or repaired, and breaks the environment again: the same variant with the
    /// same parameters. A reset that was killed or failed goes on with the next call, or with [`Session::inject`].
    ///
    /// # Errors
    /// As [`Session::inject`]; also when something cannot be taken back, which is named.
    pub async fn reset(&mut self) -> anyhow::Result<()> {
        if self.ledger.baselines().is_some() {
            self.ledger.reset()?;
        }
        let reset = self.inject().await;
        // Somebody may have altered what was just made: whoever tries again begins anew.
        if reset.is_err() && self.is_built() {
            self.ledger.reset()?;
        }
        reset
    }

    /// What a reset is going to make, in order.
    pub fn planned(&self) -> Vec<PlannedChange> {
        planned(&self.ledger.begun, &self.chosen, self.language)
    }

    /// Whether every change of the scenario is made.
    fn is_built(&self) -> bool {
        let made = |number| {
            let entry = self.ledger.entry(self.ledger.reset_after() + number);
            entry.is_some_and(|entry| entry.outputs.is_some())
        };
        (1..=self.chosen.changes.len()).all(made)
    }

    /// Takes back what stands from before a reset. Names that are spelled out must be free before they are taken anew.
    pub(super) async fn clear(&mut self) -> anyhow::Result<()> {
        let last = self.ledger.reset_after();
        let has_begun_anew = self.ledger.current().next().is_some();
        if last == 0 || has_begun_anew {
            return Ok(());
        }
        let mut left = undo::clear(&mut self.ledger, &self.cloud, last)
            .await
            .context("failed to take everything back")?;
        if !left.is_empty() && self.ledger.standing().is_empty() {
            left = self.sweep().await?;
        }
        if !left.is_empty() {
            bail!(
                "it cannot be made anew while this is still there:\n  - {}",
                left.iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join("\n  - ")
            );
        }
        self.values = values(&self.ledger.begun, &self.chosen);
        Ok(())
    }

    /// Removes what belongs to the session, by its tags and on its keys, and no change of it made: what the learner
    /// added. Says what is left.
    async fn sweep(&self) -> anyhow::Result<Vec<Message>> {
        let id = self.id();
        let mut left = Vec::new();
        for found in self.cloud.left_of(id).await? {
            (self.cloud.tell)(message!("reset-removing", what = found.to_string()));
            if let Err(error) = self.cloud.remove(&found).await {
                left.push(error.to_string().into());
            }
        }
        Ok(left)
    }
}
