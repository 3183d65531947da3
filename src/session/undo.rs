//! Takes back what a session made, and proves that nothing is left. Needs the journal only, not the scenario.

use super::ledger::{Entry, Ledger};
use crate::cloud::{Cloud, CloudError, Left};
use crate::language::Message;
use crate::message;

/// Changes of this rank and below run instances: what they launch from and what encrypts their volumes stays until
/// they are gone.
const RUNS_INSTANCES: u8 = 4;

/// [`undone`], in English.
///
/// # Errors
/// As there.
pub async fn undo(ledger: &mut Ledger, cloud: &Cloud) -> anyhow::Result<Vec<String>> {
    let left = undone(ledger, cloud).await?;
    Ok(left.iter().map(ToString::to_string).collect())
}

/// Takes everything back, as far as it goes, and says what is left; nothing when it is all gone. May be called again.
///
/// # Errors
/// When the journal cannot be written: then what is still to do is done by the next call.
pub async fn undone(ledger: &mut Ledger, cloud: &Cloud) -> anyhow::Result<Vec<Message>> {
    let left = clear(ledger, cloud, usize::MAX).await?;
    if left.is_empty() && !ledger.is_finished() {
        ledger.finish()?;
    }
    Ok(left)
}

/// Takes back what has a number up to `last`, as far as it goes, and says what is left of the session.
///
/// # Errors
/// As [`undone`].
pub(super) async fn clear(
    ledger: &mut Ledger,
    cloud: &Cloud,
    last: usize,
) -> anyhow::Result<Vec<Message>> {
    let mut left: Vec<Message> = Vec::new();
    let mut running: Option<Message> = None;
    let standing = ledger.standing().into_iter();
    for (number, entry) in standing.filter(|(number, _)| *number <= last) {
        let rank = entry.change.teardown_rank();
        if let Some(blocker) = running.as_ref().filter(|_| rank > RUNS_INSTANCES) {
            left.push(message!(
                "undo-kept",
                what = entry.change.told(),
                blocker = blocker.clone()
            ));
            continue;
        }
        (cloud.tell)(message!("undo-taking-back", what = entry.change.told()));
        match take_back(ledger, cloud, number, &entry).await {
            Ok(()) => ledger.undone(number)?,
            Err(error) => {
                left.push(match error {
                    CloudError::NotFound => {
                        let why = error.to_string();
                        message!("undo-failed", what = entry.change.told(), why = why)
                    }
                    // Every other error says what it is about.
                    error => error.to_string().into(),
                });
                if rank <= RUNS_INSTANCES {
                    running.get_or_insert(entry.change.told());
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
async fn found_left(ledger: &Ledger, cloud: &Cloud) -> Vec<Message> {
    match cloud.left_of(&ledger.begun.session).await {
        Ok(found) => found.iter().map(Left::told).collect(),
        Err(error) => vec![message!("undo-unsearched", why = error.to_string())],
    }
}
