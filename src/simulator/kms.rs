//! Keys: their state, policies, grants, aliases and tags, and who may do what with them.

mod access;
mod aliases;
mod ciphertext;
mod constraint;
mod cryptography;
mod grants;
mod keys;
mod page;
mod policies;
mod retiring;
mod rotation;
mod state;
mod tags;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::clock::Moment;
use super::refusal::Refusal;
use super::wire::{Protocol, Service};
use super::world::World;
use crate::policy::{Grant, Policy};
use rotation::{Material, Rotation};

pub use policies::principal_deleted;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Kms {
    /// By key id.
    pub keys: BTreeMap<String, Key>,
    /// By alias name, `alias/…`.
    pub aliases: BTreeMap<String, Alias>,
}

/// A symmetric encryption key; other kinds are not simulated.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Key {
    pub id: String,
    pub arn: String,
    pub description: String,
    pub created: Moment,
    pub state: KeyState,
    /// Byte for byte as it was put, unless a principal that it names has been deleted since.
    pub policy_text: String,
    pub policy: Policy,
    pub grants: Vec<Grant>,
    /// What came of each grant's making, by grant id.
    pub issued: BTreeMap<String, Issued>,
    /// `None` when the key is not rotated by itself.
    pub rotation: Option<Rotation>,
    /// Oldest first; the last one encrypts. Never empty.
    material: Vec<Material>,
    pub tags: BTreeMap<String, String>,
    /// Made by AWS for the account, like `alias/aws/ebs`.
    pub managed_by_aws: bool,
}

/// What a key is made from; all else is as every new key has it.
#[derive(Debug, Clone)]
pub struct NewKey {
    pub id: String,
    pub description: String,
    pub policy_text: String,
    /// What `policy_text` says.
    pub policy: Policy,
    pub tags: BTreeMap<String, String>,
    pub managed_by_aws: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyState {
    Enabled,
    Disabled,
    PendingDeletion { at: Moment, days: u32 },
}

/// When a grant was made and under which tokens it is known.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Issued {
    pub at: Moment,
    pub tokens: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Alias {
    pub target: String,
    pub created: Moment,
    pub updated: Moment,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The waiting period of a scheduled deletion is over.
    Deleted { key: String },
    /// The rotation period of a key is over.
    RotationDue { key: String },
}

pub(super) fn handle(world: &mut World, event: Event) {
    match event {
        Event::Deleted { key } => state::delete_if_due(world, &key),
        Event::RotationDue { key } => rotation::rotate_if_due(world, &key),
    }
}

pub fn service() -> Service {
    Service {
        signing_name: "kms",
        protocol: Protocol::Json,
        selector: "TrentService",
        namespace: "",
        operations: [
            keys::operations(),
            state::operations(),
            rotation::operations(),
            policies::operations(),
            aliases::operations(),
            grants::operations(),
            retiring::operations(),
            tags::operations(),
            cryptography::operations(),
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
}

/// Makes a key, enabled, with fresh key material. Keys of AWS are rotated every year.
pub fn add_key(world: &mut World, new: NewKey) {
    let key = Key {
        arn: world.arn("kms", &format!("key/{}", new.id)),
        id: new.id.clone(),
        description: new.description,
        created: world.now(),
        state: KeyState::Enabled,
        policy_text: new.policy_text,
        policy: new.policy,
        grants: Vec::new(),
        issued: BTreeMap::new(),
        rotation: None,
        material: vec![Material::first(world)],
        tags: new.tags,
        managed_by_aws: new.managed_by_aws,
    };
    world.kms.keys.insert(new.id.clone(), key);
    if new.managed_by_aws {
        rotation::start(world, &new.id, rotation::YEARLY);
    }
}

fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 86_400)
}

/// The answer when a key that was just found is gone, which cannot happen within one call.
fn vanished() -> Refusal {
    Refusal::new("KMSInternalException", 500, "the key vanished")
}
