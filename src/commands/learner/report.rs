//! `breakfix report`: what a learner did, written down.

use std::time::Duration;

use super::super::manners::Manners;
use super::super::output;
use super::Learner;
use crate::outcome::Exit;
use crate::report::way;

/// Whose report, in which form.
#[derive(Debug, Clone)]
pub struct WayRequest {
    pub session: Option<String>,
    pub format: way::Format,
}

/// Writes the report to stdout.
///
/// # Errors
/// When the session's environment cannot be reached.
pub fn report(request: &WayRequest, manners: Manners) -> anyhow::Result<Exit> {
    Learner::with(request.session.as_deref(), manners, |learner| {
        let standing = learner.look()?;
        let begun = learner.session.ledger().begun.at;
        let since = jiff::Timestamp::now().duration_since(begun);
        let told = way::Told {
            session: learner.session.outcome(),
            progress: standing.progress,
            checks: standing.checks,
            since: Duration::try_from(since).unwrap_or_default(),
        };
        output::say(&way::render(&told, request.format, learner.style));
        Ok(Ok(Exit::Met))
    })
}
