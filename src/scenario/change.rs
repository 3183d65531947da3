//! What a scenario makes and alters, as plain data: each change is one reversible mutation.
//!
//! The same kinds serve a scenario's resources, a variant's faults, and repairs that are written as data. Texts may
//! hold `${name}`; see [`Values`](super::Values). A new kind is a case here, its functions in `cloud::changes`, and a
//! test.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::language::Message;
use crate::message;

/// One mutation. `id`, where there is one, names what it makes in `${id.…}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Makes a symmetric key. Outputs `id`, `arn`.
    KmsKey(KmsKey),
    /// Gives a key a second name.
    KmsAlias(KmsAlias),
    /// Grants the use of a key. Outputs `id`.
    KmsGrant(KmsGrant),
    /// Revokes a grant.
    KmsGrantRevoked(KmsGrantRevoked),
    /// Replaces a key's policy.
    KmsKeyPolicy(KmsKeyPolicy),
    /// Enables or disables a key, or schedules its deletion.
    KmsKeyState(KmsKeyState),
    /// Makes a launch template. Outputs `id`, `name`, `version`.
    LaunchTemplate(LaunchTemplate),
    /// Adds a version to a launch template. Outputs `version`.
    LaunchTemplateVersion(LaunchTemplateVersion),
    /// Makes a managed node group, and waits until it is made. Outputs `name`, `asg`.
    Nodegroup(Nodegroup),
    /// Has a node group launch from another version of its template, and waits until the update is over.
    NodegroupTemplate(NodegroupTemplate),
    /// Sets a node group's desired size, and waits until the update is over.
    Scale(Scale),
    /// Makes a role. Outputs `name`, `arn`.
    IamRole(IamRole),
    /// Applies Kubernetes objects.
    KubeManifest(KubeManifest),
}

/// A symmetric key that encrypts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KmsKey {
    /// What `${id.…}` begins with.
    pub id: String,
    /// Shown in the console; empty by default.
    #[serde(default)]
    pub description: String,
    /// File beside `scenario.yaml` that holds the key policy.
    pub policy: String,
    /// Whether the key's material is rotated once a year; `false` by default.
    #[serde(default)]
    pub rotation: bool,
}

/// A second name of a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KmsAlias {
    /// With its `alias/`.
    pub name: String,
    /// Id or ARN of the key.
    pub key: String,
}

/// A grant of the use of a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KmsGrant {
    /// What `${id.…}` begins with.
    pub id: String,
    /// Id or ARN of the key.
    pub key: String,
    /// ARN of who may use the key.
    pub grantee: String,
    /// As KMS names them: `Decrypt`, `CreateGrant`, …
    pub operations: Vec<String>,
}

/// A grant that is revoked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KmsGrantRevoked {
    /// Id or ARN of the key.
    pub key: String,
    /// Id of the grant.
    pub grant: String,
}

/// The whole policy of a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KmsKeyPolicy {
    /// Id or ARN of the key.
    pub key: String,
    /// File beside `scenario.yaml` that holds the key policy.
    pub policy: String,
}

/// The state of a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KmsKeyState {
    /// Id or ARN of the key.
    pub key: String,
    /// What it becomes.
    pub state: KeyState,
}

/// What a key becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Also cancels a deletion that is scheduled.
    Enabled,
    /// Cancels a deletion that is scheduled, too: a cancelled one leaves the key disabled.
    Disabled,
    /// For the shortest time that KMS allows, seven days.
    PendingDeletion,
}

/// A launch template, in its first version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LaunchTemplate {
    /// What `${id.…}` begins with.
    pub id: String,
    /// No other template of the account has it.
    pub name: String,
    /// Such as `m5.large`.
    pub instance_type: String,
    pub volume: Volume,
}

/// A version with another root volume; everything else is as in the version that it is made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LaunchTemplateVersion {
    /// What `${id.…}` begins with.
    pub id: String,
    /// Id of the template.
    pub template: String,
    /// Number of the version to start from; `1` by default.
    #[serde(default = "first")]
    pub source: String,
    pub volume: Volume,
}

/// The root volume.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// In GiB.
    pub size: i32,
    /// Such as `gp3`.
    #[serde(rename = "type")]
    pub volume_type: String,
    /// Whether the template says that it is encrypted.
    pub encrypted: bool,
    /// Id, ARN or alias; without one, the account's default key encrypts.
    pub kms_key: Option<String>,
}

/// A managed node group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nodegroup {
    /// What `${id.…}` begins with.
    pub id: String,
    /// No other node group of the cluster has it.
    pub name: String,
    /// Id of the launch template.
    pub template: String,
    /// ARN of the nodes' role; without one, that of the cluster's first node group.
    pub role: Option<String>,
    /// Sizes: at least so many nodes, so many now, at most so many.
    pub min: i32,
    pub desired: i32,
    pub max: i32,
}

/// Which version of its template a node group launches from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodegroupTemplate {
    /// Name of the node group.
    pub nodegroup: String,
    /// Number of the version of the template that the node group has.
    pub version: String,
}

/// The desired size of a node group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// Name of the node group.
    pub nodegroup: String,
    /// How many nodes it is to have.
    pub desired: i32,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IamRole {
    /// What `${id.…}` begins with.
    pub id: String,
    /// No other role of the account has it.
    pub name: String,
    /// The service that may assume the role, such as `ec2.amazonaws.com`.
    pub service: String,
    /// ARNs of managed policies.
    #[serde(default)]
    pub managed_policies: Vec<String>,
    /// Files beside `scenario.yaml` that hold inline policies, by the policies' names.
    #[serde(default)]
    pub inline_policies: BTreeMap<String, String>,
}

/// Kubernetes objects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubeManifest {
    /// File beside `scenario.yaml`: YAML documents.
    pub manifest: String,
}

fn first() -> String {
    "1".to_owned()
}

impl Change {
    /// What the scenario calls that which is made, for `${id.…}`.
    pub fn id(&self) -> Option<&str> {
        match self {
            Change::KmsKey(KmsKey { id, .. })
            | Change::KmsGrant(KmsGrant { id, .. })
            | Change::LaunchTemplate(LaunchTemplate { id, .. })
            | Change::LaunchTemplateVersion(LaunchTemplateVersion { id, .. })
            | Change::Nodegroup(Nodegroup { id, .. })
            | Change::IamRole(IamRole { id, .. }) => Some(id),
            Change::KmsAlias(_)
            | Change::KmsGrantRevoked(_)
            | Change::KmsKeyPolicy(_)
            | Change::KmsKeyState(_)
            | Change::NodegroupTemplate(_)
            | Change::Scale(_)
            | Change::KubeManifest(_) => None,
        }
    }

    /// What `${id.…}` offers once the change is made.
    pub fn outputs(&self) -> &'static [&'static str] {
        match self {
            Change::KmsKey(_) => &["id", "arn"],
            Change::KmsGrant(_) => &["id"],
            Change::LaunchTemplate(_) => &["id", "name", "version"],
            Change::LaunchTemplateVersion(_) => &["version"],
            Change::Nodegroup(_) => &["name", "asg"],
            Change::IamRole(_) => &["name", "arn"],
            _ => &[],
        }
    }

    /// Id or name of what is altered, where nothing new is made.
    pub fn altered(&self) -> Option<&str> {
        match self {
            Change::KmsGrantRevoked(KmsGrantRevoked { key, .. })
            | Change::KmsKeyPolicy(KmsKeyPolicy { key, .. })
            | Change::KmsKeyState(KmsKeyState { key, .. }) => Some(key),
            Change::LaunchTemplateVersion(version) => Some(&version.template),
            Change::NodegroupTemplate(NodegroupTemplate { nodegroup, .. })
            | Change::Scale(Scale { nodegroup, .. }) => Some(nodegroup),
            _ => None,
        }
    }

    /// The fields that name a file whose text belongs in their place.
    pub fn documents(&mut self) -> Vec<&mut String> {
        match self {
            Change::KmsKey(key) => vec![&mut key.policy],
            Change::KmsKeyPolicy(put) => vec![&mut put.policy],
            Change::IamRole(role) => role.inline_policies.values_mut().collect(),
            Change::KubeManifest(objects) => vec![&mut objects.manifest],
            _ => Vec::new(),
        }
    }

    /// When it is undone: low numbers first, as AWS lets things go (a key goes only after the volumes that it
    /// encrypts). Among equals the newest goes first.
    pub fn teardown_rank(&self) -> u8 {
        match self {
            Change::KubeManifest(_) => 2,
            Change::Scale(_) => 3,
            Change::NodegroupTemplate(_) | Change::Nodegroup(_) => 4,
            Change::LaunchTemplateVersion(_) | Change::LaunchTemplate(_) => 6,
            Change::IamRole(_) => 8,
            Change::KmsGrantRevoked(_)
            | Change::KmsKeyPolicy(_)
            | Change::KmsKeyState(_)
            | Change::KmsGrant(_)
            | Change::KmsAlias(_) => 10,
            Change::KmsKey(_) => 11,
        }
    }
}

impl Change {
    /// What it is about, by the name that people know.
    pub fn told(&self) -> Message {
        match self {
            Change::KmsKey(key) => message!("left-key", name = &key.id),
            Change::KmsAlias(alias) => message!("left-alias", name = &alias.name),
            Change::KmsGrant(grant) => {
                message!("change-grant", key = &grant.key, grantee = &grant.grantee)
            }
            Change::KmsGrantRevoked(revoked) => {
                message!("change-grant-revoked", key = &revoked.key)
            }
            Change::KmsKeyPolicy(put) => message!("change-key-policy", key = &put.key),
            Change::KmsKeyState(set) => message!("change-key-state", key = &set.key),
            Change::LaunchTemplate(template) => message!("left-template", name = &template.name),
            Change::LaunchTemplateVersion(version) => {
                message!("change-template-version", template = &version.template)
            }
            Change::Nodegroup(group) => message!("left-nodegroup", name = &group.name),
            Change::NodegroupTemplate(set) => {
                message!("change-nodegroup-template", nodegroup = &set.nodegroup)
            }
            Change::Scale(scale) => message!("change-scale", nodegroup = &scale.nodegroup),
            Change::IamRole(role) => message!("left-role", name = &role.name),
            Change::KubeManifest(_) => message!("change-objects"),
        }
    }
}

/// In English: for errors and logs.
impl std::fmt::Display for Change {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.told().fmt(to)
    }
}
