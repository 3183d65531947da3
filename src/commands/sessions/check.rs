//! `breakfix check`: where the repair stands, by what is observed now.

use std::time::Duration;

use super::super::content::Refused;
use super::super::{output, runtime};
use super::opened;
use crate::outcome::{CheckOutcome, Exit, Verdict};
use crate::report::standing;
use crate::session::Session;

/// What to judge.
#[derive(Debug, Clone)]
pub struct CheckRequest {
    pub session: Option<String>,
    /// How long to wait for what is not met yet, in the environment's time.
    pub wait: Option<Duration>,
    pub json: bool,
}

/// Judges, and says what stands in the way.
///
/// # Errors
/// When the session's environment cannot be reached.
pub fn check(request: &CheckRequest) -> anyhow::Result<Exit> {
    let store = opened::store();
    let id = match opened::pick(&store, request.session.as_deref()) {
        Ok(id) => id,
        Err(Refused { exit, text }) => {
            output::complain(&text);
            return Ok(exit);
        }
    };
    // Looking needs no hold: somebody else may be at work on the session.
    let directory = store.directory().join(&id);
    let ledger = store.look(&id)?;
    let runtime = runtime()?;
    let cloud = opened::connect(&runtime, &ledger.begun, &directory, false)?;
    let source = opened::source(&ledger.begun)?;
    let session = Session::over(ledger, source, cloud)?;
    let patience = request.wait.unwrap_or_default();
    let settling = session.settled_verdicts(patience, |verdict| *verdict != Verdict::Met);
    let checks = runtime.block_on(settling)?;
    let text = if request.json {
        standing::checks_json(&session.outcome(), &checks)
    } else {
        standing::checks(&checks, output::is_colored(&std::io::stdout()))
    };
    output::say(&text);
    Ok(exit(&checks))
}

/// The first that applies to any of them.
fn exit(checks: &[CheckOutcome]) -> Exit {
    let exits = checks.iter().map(|check| check.verdict.exit());
    exits.fold(Exit::Met, Exit::or_heavier)
}
