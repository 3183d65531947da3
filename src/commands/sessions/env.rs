//! `breakfix env`: what leads the learner's clients to the session's environment.

use super::super::content::Refused;
use super::super::manners::Manners;
use super::super::output;
use super::environment::Environment;
use super::opened;
use crate::outcome::Exit;
use crate::report::standing;

/// Whose environment, and in what form.
#[derive(Debug, Clone)]
pub struct EnvRequest {
    pub session: Option<String>,
    pub json: bool,
}

/// Prints lines for a shell to evaluate.
///
/// # Errors
/// When the session's environment cannot be reached.
pub fn env(request: &EnvRequest, manners: Manners) -> anyhow::Result<Exit> {
    let (_runtime, session) = match opened::look(request.session.as_deref(), manners)? {
        Ok(looked) => looked,
        Err(Refused { exit, text }) => {
            output::complain(&text);
            return Ok(exit);
        }
    };
    let environment = Environment::of(&session)?;
    output::say(&if request.json {
        standing::environment_json(&session.outcome(), &environment.variables)
    } else {
        environment.exports()
    });
    Ok(Exit::Met)
}
