//! `breakfix reap`: removes from an account what breakfix made there, by its tags alone: no journal is needed.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::super::content::Refused;
use super::super::{output, runtime};
use super::account::{self, AccountNames};
use crate::cloud::{Cloud, Left};
use crate::outcome::Exit;
use crate::report::standing;

/// What to remove.
#[derive(Debug, Clone)]
pub struct ReapRequest {
    pub account: AccountNames,
    /// Only this session's; of every session whose time is over when `None`.
    pub session: Option<String>,
    /// Whether their time is over or not.
    pub all: bool,
    /// Do not ask.
    pub yes: bool,
}

/// Removes what is found, and looks again.
///
/// # Errors
/// When the account cannot be searched.
pub fn reap(request: &ReapRequest) -> anyhow::Result<Exit> {
    let runtime = runtime()?;
    let reaped = runtime.block_on(try_reap(request))?;
    Ok(reaped.unwrap_or_else(|Refused { exit, text }| {
        output::complain(&text);
        exit
    }))
}

async fn try_reap(request: &ReapRequest) -> anyhow::Result<Result<Exit, Refused>> {
    let cloud = account::connect(&request.account.target()).await?;
    if let Err(refused) = account::admitted(&cloud).await {
        return Ok(Err(refused));
    }
    let found = wanted(&cloud, request).await?;
    if found.is_empty() {
        output::say("nothing to reap\n");
        return Ok(Ok(Exit::Met));
    }
    output::complain(&standing::left(&names(&found)));
    if let Err(refused) = account::confirmed("Remove all this?", request.yes) {
        return Ok(Err(refused));
    }
    for left in &found {
        output::complain(&format!("removing {left}"));
        if let Err(error) = cloud.remove(left).await {
            output::complain(&format!("{left}: {error}"));
        }
    }
    let still = wanted(&cloud, request).await?;
    if still.is_empty() {
        output::say(&format!("reaped {}; nothing is left\n", found.len()));
        return Ok(Ok(Exit::Met));
    }
    output::say(&standing::left(&names(&still)));
    Ok(Ok(Exit::Leftovers))
}

async fn wanted(cloud: &Cloud, request: &ReapRequest) -> anyhow::Result<Vec<Left>> {
    let now = Timestamp::now();
    let mut found = match &request.session {
        Some(session) => cloud.left_of(session).await?,
        None => cloud.left_by_anyone().await?,
    };
    // What was launched later than the session was extended says an earlier time than the rest of it.
    let mut expiry: BTreeMap<String, Timestamp> = BTreeMap::new();
    for left in &found {
        if let Some(at) = left.expires_at {
            let latest = expiry.entry(left.session.clone()).or_insert(at);
            *latest = at.max(*latest);
        }
    }
    // What does not say when its time is over is left alone unless it is asked for.
    let is_over = |left: &Left| left.expires_at.is_some() && expiry[&left.session] <= now;
    found.retain(|left| request.all || request.session.is_some() || is_over(left));
    Ok(found)
}

fn names(left: &[Left]) -> Vec<String> {
    left.iter().map(ToString::to_string).collect()
}
