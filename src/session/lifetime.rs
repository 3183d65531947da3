//! How long a session lives: later than was said at first, and not counting the time that it is paused. Needs the
//! journal only, not the scenario. Clients are of a real account: on the simulator there are none, since nobody reaps there
//! and its time is its process's to stop.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp, Unit};

use super::ledger::Ledger;
use crate::cloud::{Cloud, Size};
use crate::scenario::Change;

/// How long a pause may last on a real account before what is there may be reaped: tags cannot wait.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(7 * 24 * 3600);

/// Whether the session would live longer if it lived so long from now.
pub fn is_longer(ledger: &Ledger, by: Duration) -> bool {
    until(by).is_ok_and(|until| until > ledger.begun.expires_at)
}

/// Has the session live at least so long from now. On a real account what it made says so before the journal does:
/// whoever is cut short calls it again.
///
/// # Errors
/// When what was made cannot be tagged, or the journal not be written.
pub async fn extend(
    ledger: &mut Ledger,
    cloud: Option<&Cloud>,
    by: Duration,
) -> anyhow::Result<()> {
    let until = until(by)?;
    if until <= ledger.begun.expires_at {
        return Ok(());
    }
    prolong(ledger, cloud, tagged(until, ledger.paused().is_some())?).await?;
    ledger.extend(until)
}

/// Lets nothing go on that costs by the hour: on a real account the session's node groups have no nodes meanwhile. May
/// be called again after it failed or was killed anywhere.
///
/// # Errors
/// When a node group cannot be scaled, what was made not be tagged, or the journal not be written.
pub async fn pause(ledger: &mut Ledger, cloud: Option<&Cloud>) -> anyhow::Result<()> {
    if ledger.paused().is_none() {
        let sizes = sizes(ledger, cloud).await?;
        ledger.pause(now()?, sizes)?;
    }
    let Some(paused) = ledger.paused().cloned() else {
        return Ok(());
    };
    prolong(ledger, cloud, tagged(ledger.begun.expires_at, true)?).await?;
    let none = Size { min: 0, desired: 0 };
    let rested = paused.sizes.into_keys().map(|name| (name, none));
    resize(cloud, rested.collect()).await
}

/// Goes on after a pause, which did not count. May be called again after it failed or was killed anywhere.
///
/// # Errors
/// As [`pause`].
pub async fn resume(ledger: &mut Ledger, cloud: Option<&Cloud>) -> anyhow::Result<()> {
    let Some(paused) = ledger.paused().cloned() else {
        return Ok(());
    };
    resize(cloud, paused.sizes).await?;
    let at = now()?;
    let lasted = at.duration_since(paused.at).max(SignedDuration::ZERO);
    let expires_at = ledger.begun.expires_at.checked_add(lasted)?;
    prolong(ledger, cloud, expires_at).await?;
    ledger.resume(at, expires_at)
}

/// Tags tell times to the second.
fn now() -> anyhow::Result<Timestamp> {
    Ok(Timestamp::now().round(Unit::Second)?)
}

fn until(by: Duration) -> anyhow::Result<Timestamp> {
    now()?
        .checked_add(SignedDuration::try_from(by)?)
        .context("the session would never expire")
}

/// What the tags say of a session that expires then.
fn tagged(expires_at: Timestamp, is_paused: bool) -> anyhow::Result<Timestamp> {
    let longer = if is_paused {
        SignedDuration::try_from(LONGEST_PAUSE)?
    } else {
        SignedDuration::ZERO
    };
    Ok(expires_at.checked_add(longer)?)
}

async fn prolong(ledger: &Ledger, cloud: Option<&Cloud>, until: Timestamp) -> anyhow::Result<()> {
    let Some(cloud) = cloud else {
        return Ok(());
    };
    let prolonged = cloud.prolong(&ledger.begun.session, until).await;
    prolonged.context("failed to tag what the session made with its new time")
}

async fn resize(cloud: Option<&Cloud>, sizes: BTreeMap<String, Size>) -> anyhow::Result<()> {
    let Some(cloud) = cloud else {
        return Ok(());
    };
    for (name, size) in sizes {
        let resized = cloud.resize(&name, size).await;
        resized
            .with_context(|| format!("failed to scale node group {name} to {}", size.desired))?;
    }
    Ok(())
}

/// Of the node groups that the session made and has not taken back.
async fn sizes(ledger: &Ledger, cloud: Option<&Cloud>) -> anyhow::Result<BTreeMap<String, Size>> {
    let mut sizes = BTreeMap::new();
    let Some(cloud) = cloud else {
        return Ok(sizes);
    };
    for (_, entry) in ledger.current() {
        let Change::Nodegroup(group) = &entry.change else {
            continue;
        };
        // One that may not have been made may be somebody else's.
        if entry.undone || entry.outputs.is_none() {
            continue;
        }
        let size = cloud.size(&group.name).await;
        let size = size.with_context(|| format!("failed to read node group {}", group.name))?;
        sizes.extend(size.map(|size| (group.name.clone(), size)));
    }
    Ok(sizes)
}
