//! `breakfix env`: what leads the learner's clients to the session's environment.

use super::super::content::Refused;
use super::super::manners::Manners;
use super::super::output;
use super::environment::Environment;
use super::opened;
use crate::outcome::Exit;

/// Prints lines for a shell to evaluate.
///
/// # Errors
/// When the session's environment cannot be reached.
pub fn env(asked: Option<&str>, manners: Manners) -> anyhow::Result<Exit> {
    let (_runtime, session) = match opened::look(asked, manners)? {
        Ok(looked) => looked,
        Err(Refused { exit, text }) => {
            output::complain(&text);
            return Ok(exit);
        }
    };
    output::say(&Environment::of(&session)?.exports());
    Ok(Exit::Met)
}
