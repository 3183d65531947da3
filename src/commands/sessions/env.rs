//! `breakfix env`: what leads the learner's clients to the session's environment.

use super::super::background::Background;
use super::super::content::Refused;
use super::super::manners::Manners;
use super::super::{output, simulate};
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
    let target = session.ledger().begun.target.clone();
    let mut variables = session.environment()?;
    if target.real {
        variables.extend([
            ("EKS_CLUSTER_NAME".to_owned(), target.cluster),
            ("AWS_ACCOUNT_ID".to_owned(), target.account),
            ("AWS_REGION".to_owned(), target.region.clone()),
            ("AWS_DEFAULT_REGION".to_owned(), target.region),
        ]);
    } else {
        output::say(&Background::of(session.directory()).environment()?);
    }
    variables.push(("BREAKFIX_SESSION".to_owned(), session.id().to_owned()));
    let variables: Vec<_> = variables
        .into_iter()
        .map(|(name, value)| (name, Some(value)))
        .collect();
    output::say(&simulate::exports(&variables));
    Ok(Exit::Met)
}
