//! `breakfix check`: where the repair stands, by what is observed now.

use std::time::Duration;

use super::super::content::Refused;
use super::super::manners::Manners;
use super::super::output;
use super::opened;
use crate::outcome::{CheckOutcome, Exit, Verdict};
use crate::report::standing;

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
pub fn check(request: &CheckRequest, manners: Manners) -> anyhow::Result<Exit> {
    let (runtime, session) = match opened::look(request.session.as_deref(), manners)? {
        Ok(looked) => looked,
        Err(Refused { exit, text }) => {
            output::complain(&text);
            return Ok(exit);
        }
    };
    let patience = request.wait.unwrap_or_default();
    let settling = session.settled_verdicts(patience, |verdict| *verdict != Verdict::Met);
    let checks = runtime.block_on(settling)?;
    let text = if request.json {
        standing::checks_json(&session.outcome(), &checks)
    } else {
        let style = manners.style(session.language(), &std::io::stdout());
        standing::checks(&checks, style)
    };
    output::say(&text);
    Ok(exit(&checks))
}

/// The first that applies to any of them.
fn exit(checks: &[CheckOutcome]) -> Exit {
    let exits = checks.iter().map(|check| check.verdict.exit());
    exits.fold(Exit::Met, Exit::or_heavier)
}
