//! `breakfix reap`: removes from an account what breakfix made there, by its tags alone: no journal is needed.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::super::content::Refused;
use super::super::manners::Manners;
use super::super::{output, runtime};
use super::account::{self, AccountNames};
use crate::cloud::{Cloud, Left};
use crate::language::Language;
use crate::message;
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
pub fn reap(request: &ReapRequest, manners: Manners) -> anyhow::Result<Exit> {
    let runtime = runtime()?;
    let reaped = runtime.block_on(try_reap(request, manners.language(None)))?;
    Ok(reaped.unwrap_or_else(|Refused { exit, text }| {
        output::complain(&text);
        exit
    }))
}

async fn try_reap(
    request: &ReapRequest,
    language: Language,
) -> anyhow::Result<Result<Exit, Refused>> {
    let cloud = account::connect(&request.account.target()).await?;
    if let Err(refused) = account::admitted(&cloud, language).await {
        return Ok(Err(refused));
    }
    let found = wanted(&cloud, request).await?;
    if found.is_empty() {
        output::say(&(message!("reap-nothing").to(language) + "\n"));
        return Ok(Ok(Exit::Met));
    }
    output::complain(&standing::left(&names(&found, language), language));
    if let Err(refused) = account::confirmed(message!("reap-confirm"), request.yes, language) {
        return Ok(Err(refused));
    }
    for left in &found {
        output::complain(&message!("reap-removing", what = left.told()).to(language));
        if let Err(error) = cloud.remove(left).await {
            let why = error.to_string();
            let failed = message!("undo-failed", what = left.told(), why = why);
            output::complain(&failed.to(language));
        }
    }
    let still = wanted(&cloud, request).await?;
    if still.is_empty() {
        output::say(&(message!("reaped", count = found.len()).to(language) + "\n"));
        return Ok(Ok(Exit::Met));
    }
    output::say(&standing::left(&names(&still, language), language));
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

fn names(left: &[Left], language: Language) -> Vec<String> {
    left.iter().map(|left| left.told().to(language)).collect()
}
