//! KMS operations on the state of a key, and what each state lets other operations do.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::{self, World};
use super::access::{authorized_mut, authorized_with, key_mut};
use super::constraint::validation;
use super::keys::KeyRequest;
use super::{Event, Key, KeyState, days, rotation};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("EnableKey", enable_key),
        Operation::new("DisableKey", disable_key),
        Operation::new("ScheduleKeyDeletion", schedule_key_deletion),
        Operation::new("CancelKeyDeletion", cancel_key_deletion),
    ]
}

impl KeyState {
    pub(super) fn name(self) -> &'static str {
        match self {
            KeyState::Enabled => "Enabled",
            KeyState::Disabled => "Disabled",
            KeyState::PendingDeletion { .. } => "PendingDeletion",
        }
    }

    pub(super) fn is_pending_deletion(self) -> bool {
        matches!(self, KeyState::PendingDeletion { .. })
    }
}

impl Key {
    /// What cryptographic operations and new grants need.
    pub(super) fn require_enabled(&self) -> Result<(), Refusal> {
        match self.state {
            KeyState::Enabled => Ok(()),
            KeyState::Disabled => Err(Refusal::bad(
                "DisabledException",
                format!("{} is disabled.", self.arn),
            )),
            KeyState::PendingDeletion { .. } => Err(self.pending_deletion()),
        }
    }

    /// What most changes of a key need.
    pub(super) fn require_not_pending(&self) -> Result<(), Refusal> {
        if self.state.is_pending_deletion() {
            return Err(self.pending_deletion());
        }
        Ok(())
    }

    fn pending_deletion(&self) -> Refusal {
        Refusal::bad(
            "KMSInvalidStateException",
            format!("{} is pending deletion.", self.arn),
        )
    }

    /// Whether the key can be used for new cryptographic operations at all.
    pub fn usable(&self) -> bool {
        self.state == KeyState::Enabled
    }
}

/// Removes a key whose waiting period is over, with its aliases.
pub(super) fn delete_if_due(world: &mut World, id: &str) {
    let now = world.now();
    let due =
        world.kms.keys.get(id).is_some_and(
            |key| matches!(key.state, KeyState::PendingDeletion { at, .. } if at <= now),
        );
    if due {
        world.kms.keys.remove(id);
        world.kms.aliases.retain(|_, alias| alias.target != id);
    }
}

fn enable_key(world: &mut World, call: &Call, request: KeyRequest) -> Result<Value, Refusal> {
    let key = authorized_mut(world, call, &request.key_id, "kms:EnableKey")?;
    key.require_not_pending()?;
    key.state = KeyState::Enabled;
    let id = key.id.clone();
    // A rotation that fell due while the key was disabled is made up for.
    rotation::rotate_if_due(world, &id);
    Ok(Value::Null)
}

fn disable_key(world: &mut World, call: &Call, request: KeyRequest) -> Result<Value, Refusal> {
    let key = authorized_mut(world, call, &request.key_id, "kms:DisableKey")?;
    key.require_not_pending()?;
    key.state = KeyState::Disabled;
    Ok(Value::Null)
}

/// The shortest and the longest waiting period of a deletion, in days.
const DELETION_WINDOW: std::ops::RangeInclusive<u32> = 7..=30;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ScheduleKeyDeletionRequest {
    key_id: String,
    #[serde(default = "longest_window")]
    pending_window_in_days: u32,
}

fn longest_window() -> u32 {
    *DELETION_WINDOW.end()
}

fn schedule_key_deletion(
    world: &mut World,
    call: &Call,
    request: ScheduleKeyDeletionRequest,
) -> Result<Value, Refusal> {
    let window = request.pending_window_in_days;
    if !DELETION_WINDOW.contains(&window) {
        return Err(validation(
            "PendingWindowInDays must be between 7 and 30 (inclusive)",
        ));
    }
    let action = "kms:ScheduleKeyDeletion";
    // The condition key has the window that takes effect, also when the request leaves it out.
    let key = authorized_with(world, call, &request.key_id, action, |request| {
        let key = "kms:ScheduleKeyDeletionPendingWindowInDays";
        request.with(key, window.to_string())
    })?;
    key.require_not_pending()?;
    let (id, arn, at) = (key.id.clone(), key.arn.clone(), world.now() + days(window));
    key_mut(world, &id)?.state = KeyState::PendingDeletion { at, days: window };
    world.schedule(days(window), world::Event::Kms(Event::Deleted { key: id }));
    Ok(json!({
        "KeyId": arn,
        "DeletionDate": world.timestamp_ahead(at),
        "KeyState": "PendingDeletion",
        "PendingWindowInDays": window,
    }))
}

fn cancel_key_deletion(
    world: &mut World,
    call: &Call,
    request: KeyRequest,
) -> Result<Value, Refusal> {
    let key = authorized_mut(world, call, &request.key_id, "kms:CancelKeyDeletion")?;
    if !key.state.is_pending_deletion() {
        let message = format!(
            "{} is not pending deletion (or pending replica deletion).",
            key.arn
        );
        return Err(Refusal::bad("KMSInvalidStateException", message));
    }
    // Cancelling leaves the key disabled; enabling it is a step of its own.
    key.state = KeyState::Disabled;
    Ok(json!({ "KeyId": key.arn }))
}
