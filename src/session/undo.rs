//! Takes back what a session made, and proves that nothing is left. Needs the journal only, not the scenario.

use super::ledger::{Entry, Ledger};
use crate::cloud::{Cloud, CloudError};

/// Changes of this rank and below run instances: what they launch from and what encrypts their volumes stays until
/// they are gone.
const RUNS_INSTANCES: u8 = 4;

/// Takes everything back, as far as it goes, and says what is left; nothing when it is all gone. May be called again.
///
/// # Errors
/// When the journal cannot be written: then what is still to do is done by the next call.
pub async fn undo(ledger: &mut Ledger, cloud: &Cloud) -> anyhow::Result<Vec<String>> {
    let left = clear(ledger, cloud, usize::MAX).await?;
    if left.is_empty() && !ledger.is_finished() {
        ledger.finish()?;
    }
    Ok(left)
}

/// Takes back what has a number up to `last`, as far as it goes, and says what is left of the session.
///
/// # Errors
/// As [`undo`].
pub(super) async fn clear(
    ledger: &mut Ledger,
    cloud: &Cloud,
    last: usize,
) -> anyhow::Result<Vec<String>> {
    let mut left: Vec<String> = Vec::new();
    let mut running: Option<String> = None;
    let standing = ledger.standing().into_iter();
    for (number, entry) in standing.filter(|(number, _)| *number <= last) {
        let rank = entry.change.teardown_rank();
        if let Some(blocker) = running.as_ref().filter(|_| rank > RUNS_INSTANCES) {
            left.push(format!("{}: kept while {blocker} is there", entry.change));
            continue;
        }
        (cloud.tell)(format!("taking back: {}", entry.change));
        match take_back(ledger, cloud, number, &entry).await {
            Ok(()) => ledger.undone(number)?,
            Err(error) => {
                left.push(match error {
                    CloudError::NotFound => format!("{}: {error}", entry.change),
                    // Every other error says what it is about.
                    error => error.to_string(),
                });
                if rank <= RUNS_INSTANCES {
                    running.get_or_insert(entry.change.to_string());
                }
            }
        }
    }
    if left.is_empty() {
        left = found_left(ledger, cloud).await;
    }
    Ok(left)
}

async fn take_back(
    ledger: &Ledger,
    cloud: &Cloud,
    number: usize,
    entry: &Entry,
) -> Result<(), CloudError> {
    // What is only altered goes with what it is a part of.
    if ledger.owns_what_is_altered(&entry.change) {
        return Ok(());
    }
    let mark = ledger.mark(number);
    let (outputs, original) = (entry.outputs.as_ref(), entry.original.as_ref());
    cloud.revert(&entry.change, &mark, outputs, original).await
}

/// The proof: whatever carries the session's tags, whether the journal knows of it or not.
async fn found_left(ledger: &Ledger, cloud: &Cloud) -> Vec<String> {
    match cloud.left_of(&ledger.begun.session).await {
        Ok(found) => found.iter().map(ToString::to_string).collect(),
        Err(error) => vec![format!(
            "nothing that we know of, but the account could not be searched: {error}"
        )],
    }
}
