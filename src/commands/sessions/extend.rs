//! `breakfix extend`: a session lives longer.

use std::time::Duration;

use super::super::manners::Manners;
use super::opened::{self, Opened};
use super::pause::{Alteration, alter};
use crate::cloud::Cloud;
use crate::outcome::Exit;
use crate::report::life::Deed;
use crate::session::ledger::Ledger;
use crate::session::lifetime;

/// Which session to extend.
#[derive(Debug, Clone)]
pub struct ExtendRequest {
    pub session: Option<String>,
    /// How long it lives from now on, at least.
    pub by: Duration,
    pub json: bool,
}

/// Extends the session's life; one that lives longer anyway is left alone.
///
/// # Errors
/// When what the session made cannot be tagged.
pub fn extend(request: &ExtendRequest, manners: Manners) -> anyhow::Result<Exit> {
    let extension = Extension { by: request.by };
    alter(
        request.session.as_deref(),
        request.json,
        manners,
        &extension,
    )
}

struct Extension {
    by: Duration,
}

impl Alteration for Extension {
    fn deed(&self) -> Deed {
        Deed::Extended
    }

    fn is_new(&self, ledger: &Ledger) -> bool {
        lifetime::is_longer(ledger, self.by)
    }

    async fn alter(&self, ledger: &mut Ledger, cloud: Option<&Cloud>) -> anyhow::Result<()> {
        lifetime::extend(ledger, cloud, self.by).await
    }

    fn after(&self, opened: &Opened) -> anyhow::Result<()> {
        opened::listen(&opened.ledger);
        Ok(())
    }
}
