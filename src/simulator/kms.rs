//! Keys: their state, policies, grants, aliases and tags, and who may do what with them.

mod aliases;
mod grants;
mod keys;
mod policies;
mod tags;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::clock::Moment;
use super::refusal::Refusal;
use super::wire::{Call, Protocol, Service};
use super::world::World;
use crate::policy::{Caller, Grant, KeyAccess, Policy, Request, decide};

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Kms {
    /// By key id.
    pub keys: BTreeMap<String, Key>,
    /// By alias name, `alias/…`.
    pub aliases: BTreeMap<String, Alias>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Key {
    pub id: String,
    pub arn: String,
    pub description: String,
    pub created: Moment,
    pub state: KeyState,
    /// Byte for byte as it was put.
    pub policy_text: String,
    pub policy: Policy,
    pub grants: Vec<Grant>,
    /// Creation of each grant, by grant id.
    pub granted: BTreeMap<String, Moment>,
    pub rotation_days: Option<u32>,
    pub tags: BTreeMap<String, String>,
    /// Made by AWS for the account, like `alias/aws/ebs`.
    pub managed_by_aws: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyState {
    Enabled,
    Disabled,
    PendingDeletion { at: Moment, days: u32 },
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
}

pub(super) fn handle(world: &mut World, event: Event) {
    let Event::Deleted { key } = event;
    let due = world
        .kms
        .keys
        .get(&key)
        .is_some_and(|found| match found.state {
            KeyState::PendingDeletion { at, .. } => at <= world.now(),
            KeyState::Enabled | KeyState::Disabled => false,
        });
    if due {
        world.kms.keys.remove(&key);
        world.kms.aliases.retain(|_, alias| alias.target != key);
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
            policies::operations(),
            aliases::operations(),
            grants::operations(),
            tags::operations(),
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
}

impl KeyState {
    fn name(self) -> &'static str {
        match self {
            KeyState::Enabled => "Enabled",
            KeyState::Disabled => "Disabled",
            KeyState::PendingDeletion { .. } => "PendingDeletion",
        }
    }
}

impl Key {
    /// What cryptographic operations and new grants need.
    fn require_enabled(&self) -> Result<(), Refusal> {
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
    fn require_not_pending(&self) -> Result<(), Refusal> {
        match self.state {
            KeyState::PendingDeletion { .. } => Err(self.pending_deletion()),
            KeyState::Enabled | KeyState::Disabled => Ok(()),
        }
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

impl World {
    /// The key that an id, key ARN, alias name or alias ARN names.
    pub fn find_key(&self, name: &str) -> Result<&Key, Refusal> {
        let not_found = |message: String| Refusal::bad("NotFoundException", message);
        let local = self.arn("kms", "");
        let name = match (name.strip_prefix(&local), name.starts_with("arn:")) {
            (Some(resource), _) => resource,
            (None, true) => return Err(not_found(format!("Key '{name}' does not exist"))),
            (None, false) => name,
        };
        if name.starts_with("alias/") {
            let alias = self.kms.aliases.get(name);
            return alias
                .and_then(|alias| self.kms.keys.get(&alias.target))
                .ok_or_else(|| not_found(format!("Alias {local}{name} is not found.")));
        }
        let id = name.strip_prefix("key/").unwrap_or(name);
        let looks_like_an_id = id.len() == 36
            && id
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        self.kms.keys.get(id).ok_or_else(|| {
            not_found(if looks_like_an_id {
                format!("Key '{local}key/{id}' does not exist")
            } else {
                format!("Invalid keyId '{name}'")
            })
        })
    }

    /// Who may do what with a key, as the evaluator wants it.
    pub fn key_access<'a>(&'a self, key: &'a Key, caller: &Caller) -> KeyAccess<'a> {
        KeyAccess {
            policy: &key.policy,
            grants: &key.grants,
            identity: self.iam.policies_of(caller),
            key_arn: &key.arn,
            account: &self.account,
        }
    }
}

/// The key, if the caller may perform `action` on it.
fn authorized<'a>(
    world: &'a World,
    call: &Call,
    name: &str,
    action: &str,
) -> Result<&'a Key, Refusal> {
    let key = world.find_key(name)?;
    authorize(world, key, Request::new(call.caller.clone(), action))?;
    Ok(key)
}

/// Refuses what the key's policy, its grants and the caller's identity policies do not allow.
fn authorize(world: &World, key: &Key, request: Request) -> Result<(), Refusal> {
    let decision = decide(&world.key_access(key, &request.caller), &request);
    match decision.access_denied_message(&request.caller.arn, &key.arn) {
        Some(message) => Err(Refusal::bad("AccessDeniedException", message)),
        None => Ok(()),
    }
}

fn authorized_mut<'a>(
    world: &'a mut World,
    call: &Call,
    name: &str,
    action: &str,
) -> Result<&'a mut Key, Refusal> {
    let id = authorized(world, call, name, action)?.id.clone();
    world
        .kms
        .keys
        .get_mut(&id)
        .ok_or_else(|| Refusal::new("KMSInternalException", 500, "the key vanished"))
}

/// The shortest and the longest waiting period of a deletion, in days.
const DELETION_WINDOW: std::ops::RangeInclusive<u32> = 7..=30;

fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 86_400)
}

/// A request that names a key and nothing else.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct KeyRequest {
    key_id: String,
}

/// A request for a list, of one key or of all.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
#[derive(Default)]
struct Page {
    /// Paging is not needed for so few entries: everything comes on the first page.
    #[serde(rename = "Limit")]
    _limit: Option<u32>,
    key_id: Option<String>,
}
