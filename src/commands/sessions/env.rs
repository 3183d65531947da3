//! `breakfix env`: what leads the learner's clients to the session's environment.

use super::super::background::Background;
use super::super::content::Refused;
use super::super::{output, runtime, simulate};
use super::opened;
use crate::outcome::Exit;
use crate::session::Session;

/// Prints lines for a shell to evaluate.
///
/// # Errors
/// When the session's environment cannot be reached.
pub fn env(asked: Option<&str>) -> anyhow::Result<Exit> {
    let store = opened::store();
    let id = match opened::pick(&store, asked) {
        Ok(id) => id,
        Err(Refused { exit, text }) => {
            output::complain(&text);
            return Ok(exit);
        }
    };
    let directory = store.directory().join(&id);
    let ledger = store.look(&id)?;
    let runtime = runtime()?;
    let cloud = opened::connect(&runtime, &ledger.begun, &directory, false)?;
    let target = ledger.begun.target.clone();
    let source = opened::source(&ledger.begun)?;
    let session = Session::over(ledger, source, cloud)?;
    let mut variables = session.environment()?;
    if target.real {
        variables.extend([
            ("EKS_CLUSTER_NAME".to_owned(), target.cluster),
            ("AWS_ACCOUNT_ID".to_owned(), target.account),
            ("AWS_REGION".to_owned(), target.region.clone()),
            ("AWS_DEFAULT_REGION".to_owned(), target.region),
        ]);
    } else {
        output::say(&Background::of(&directory).environment()?);
    }
    variables.push(("BREAKFIX_SESSION".to_owned(), id));
    let variables: Vec<_> = variables
        .into_iter()
        .map(|(name, value)| (name, Some(value)))
        .collect();
    output::say(&simulate::exports(&variables));
    Ok(Exit::Met)
}
