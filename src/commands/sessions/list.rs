//! `breakfix sessions`: what is open.

use super::super::manners::Manners;
use super::super::output;
use super::opened;
use crate::outcome::Exit;
use crate::outcome::standing::SessionOutcome;
use crate::report::standing;

/// Lists the sessions that were not finished.
///
/// # Errors
/// Never: a session that cannot be read is told as such.
pub fn list(json: bool, _manners: Manners) -> anyhow::Result<Exit> {
    let store = opened::store();
    let session = |id: String| match store.look(&id) {
        Ok(ledger) => ledger.outcome(),
        Err(error) => SessionOutcome {
            error: Some(format!("{error:#}")),
            ..SessionOutcome::unread(id)
        },
    };
    let sessions: Vec<SessionOutcome> = store.ids().into_iter().map(session).collect();
    output::say(&if json {
        standing::sessions_json(&sessions)
    } else {
        standing::sessions(&sessions)
    });
    Ok(Exit::Met)
}
