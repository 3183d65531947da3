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
pub fn list(json: bool, manners: Manners) -> anyhow::Result<Exit> {
    let store = opened::store();
    let language = manners.language(None);
    let session = |id: String| match store.look(&id) {
        Ok(ledger) => SessionOutcome {
            place: ledger.begun.target.told().to(language),
            ..ledger.outcome()
        },
        Err(error) => SessionOutcome {
            error: Some(format!("{error:#}")),
            ..SessionOutcome::unread(id)
        },
    };
    let sessions: Vec<SessionOutcome> = store.ids().into_iter().map(session).collect();
    output::say(&if json {
        standing::sessions_json(&sessions)
    } else {
        standing::sessions(&sessions, language)
    });
    Ok(Exit::Met)
}
