//! `breakfix status`, and `breakfix` alone: where the learner stands, and what to do next.

use serde_json::json;

use super::super::manners::Manners;
use super::super::output;
use super::super::sessions::opened;
use super::Learner;
use crate::language::Message;
use crate::message;
use crate::outcome::Exit;
use crate::report::learner;
use crate::report::style::aligned;

/// Whose standing, and how it is shown.
#[derive(Debug, Clone, Default)]
pub struct StatusRequest {
    pub session: Option<String>,
    pub json: bool,
}

/// Shows the steps, what shows that they are done, and what is next. Where somebody stands is no failure.
///
/// # Errors
/// When the session's environment cannot be reached.
pub fn status(request: &StatusRequest, manners: Manners) -> anyhow::Result<Exit> {
    Learner::with(request.session.as_deref(), manners, |learner| {
        let standing = learner.look()?;
        let session = learner.session.outcome();
        output::say(&if request.json {
            let newly = json!({ "newly_done": standing.newly_done });
            learner::status_json(&session, &standing.progress, &standing.checks, newly)
        } else {
            learner::status(
                &session,
                &standing.progress,
                &standing.checks,
                learner.style,
            )
        });
        Ok(Ok(Exit::Met))
    })
}

/// What to do next: the status of the session, or how to begin one.
///
/// # Errors
/// When the session's environment cannot be reached.
pub fn guide(manners: Manners) -> anyhow::Result<Exit> {
    if !opened::store().ids().is_empty() {
        return status(
            &StatusRequest {
                session: std::env::var("BREAKFIX_SESSION").ok(),
                json: false,
            },
            manners,
        );
    }
    let language = manners.language(None);
    let row = |command: &str, what: Message| vec![format!("  {command}"), what.to(language)];
    let rows = [
        row(
            "breakfix start missing-worker-nodes",
            message!("status-start"),
        ),
        row("breakfix list", message!("status-list")),
        row("breakfix doctor", message!("status-doctor")),
        row("breakfix --help", message!("status-help")),
    ];
    let nothing = message!("status-nothing").to(language);
    output::say(&format!("{nothing}\n\n{}", aligned(&rows)));
    Ok(Exit::Met)
}
