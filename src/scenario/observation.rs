//! What was seen of an environment, as plain data: the judge's only evidence.

use std::collections::BTreeMap;

use crate::policy::{Grant, Policy};

/// One answer of an environment.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen<T> {
    There(T),
    /// The environment says that it does not exist.
    Gone,
    /// We could not find out, and why.
    Unknown(String),
}

/// What was asked and what was seen.
#[derive(Debug, Clone, Default)]
pub struct Observation {
    pub account: String,
    pub region: String,
    /// By key id.
    pub keys: BTreeMap<String, Seen<Key>>,
    /// By name.
    pub nodegroups: BTreeMap<String, Seen<Nodegroup>>,
    /// Nodes by node group.
    pub nodes: BTreeMap<String, Seen<Vec<Node>>>,
}

#[derive(Debug, Clone)]
pub struct Key {
    pub arn: String,
    /// `Enabled`, `Disabled`, `PendingDeletion`, …
    pub state: String,
    /// Parsed, or why it could not be.
    pub policy: Result<Policy, String>,
    pub grants: Vec<Grant>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Nodegroup {
    pub status: String,
    /// Code and message.
    pub issues: Vec<(String, String)>,
    pub desired: i32,
    /// Newest first.
    pub activities: Vec<Activity>,
    /// Root volume of what the group launches now.
    pub root_volume: Option<RootVolume>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    pub status: String,
    pub description: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct RootVolume {
    pub encrypted: bool,
    pub kms_key: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub name: String,
    pub ready: bool,
}
