//! `breakfix resume`: goes on after a pause.

use super::super::manners::Manners;
use super::opened::{self, Opened};
use super::pause::{Alteration, PauseRequest, alter};
use crate::cloud::Cloud;
use crate::outcome::Exit;
use crate::report::life::Deed;
use crate::session::ledger::Ledger;
use crate::session::lifetime;

/// Goes on with the session; one that is not paused is left alone. Calling it again goes on where it was cut short.
///
/// # Errors
/// When its environment cannot be reached, or does not let it.
pub fn resume(request: &PauseRequest, manners: Manners) -> anyhow::Result<Exit> {
    alter(request.session.as_deref(), request.json, manners, &Resume)
}

struct Resume;

impl Alteration for Resume {
    fn deed(&self) -> Deed {
        Deed::Resumed
    }

    fn is_new(&self, ledger: &Ledger) -> bool {
        ledger.paused().is_some()
    }

    /// Killed after this, the session counts as paused still, and is resumed by the next call.
    fn before(&self, opened: &Opened) -> anyhow::Result<()> {
        let begun = &opened.ledger.begun;
        if begun.target.real || !self.is_new(&opened.ledger) {
            return Ok(());
        }
        opened.background().thaw(opened::pace(begun))
    }

    async fn alter(&self, ledger: &mut Ledger, cloud: Option<&Cloud>) -> anyhow::Result<()> {
        lifetime::resume(ledger, cloud).await
    }

    fn after(&self, opened: &Opened) -> anyhow::Result<()> {
        opened::listen(&opened.ledger);
        Ok(())
    }
}
