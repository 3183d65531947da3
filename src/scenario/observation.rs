//! What was seen of an environment, as plain data: the judge's only evidence. And what has to be seen for it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Predicate;
use crate::language::Message;
use crate::message;
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

/// What was found, or why it could not be read.
pub type Found<T> = Result<T, String>;

/// The id of the newest scaling activity of each node group at one moment, by the node groups' names; empty where there
/// was none. World clocks jump, so that a moment is not a timestamp.
pub type Baselines = BTreeMap<String, String>;

/// What was asked and what was seen.
#[derive(Debug, Clone, Default)]
pub struct Observation {
    pub account: String,
    pub region: String,
    /// By [`key_name`]; ask with [`Observation::key`].
    pub keys: BTreeMap<String, Seen<Key>>,
    /// By name.
    pub nodegroups: BTreeMap<String, Seen<Nodegroup>>,
    /// Nodes by label selector.
    pub nodes: BTreeMap<String, Seen<Vec<Node>>>,
    /// What becomes of volumes that name no key; `None` when nobody needed to know.
    pub volume_defaults: Option<Found<VolumeDefaults>>,
    /// What was there when the scenario's fault was complete. Not seen but remembered: whoever judges sets it.
    pub baselines: Baselines,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    pub arn: String,
    /// `Enabled`, `Disabled`, `PendingDeletion`, …
    pub state: String,
    /// Whether it is symmetric and encrypts: volumes take no other kind.
    pub encrypts_volumes: bool,
    /// Parsed, or why it could not be.
    pub policy: Found<Policy>,
    pub grants: Found<Vec<Grant>>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Nodegroup {
    pub status: String,
    /// Name of its Auto Scaling group; `None` while it has none.
    pub auto_scaling_group: Option<String>,
    /// Code and message.
    pub issues: Vec<(String, String)>,
    pub min: i32,
    pub desired: i32,
    pub max: i32,
    /// The version of the user's template that EKS made its own from.
    pub template_version: Option<String>,
    /// How long ago it was last changed.
    pub modified: Option<Duration>,
    /// Newest first.
    pub activities: Found<Vec<Activity>>,
    /// What a fresh instance gets.
    pub launches: Found<Launches>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    pub id: String,
    /// `Successful`, `Cancelled`, `PreInService`, …
    pub status: String,
    /// Begins with what was done: "Launching a new EC2 instance: …".
    pub description: String,
    /// How long ago it began.
    pub started: Option<Duration>,
}

/// What a node group launches from now: EKS's own template, whatever the user's says meanwhile.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Launches {
    /// Id of the launch template.
    pub template: String,
    /// The root volume as the template has it; `None` when it leaves it to the image.
    pub root_volume: Option<Volume>,
    /// Further volumes.
    pub other_volumes: Vec<Volume>,
    /// Why Auto Scaling's `Launch` process is suspended, if it is.
    pub suspended: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Volume {
    pub encrypted: bool,
    /// As the template names it.
    pub kms_key: Option<String>,
}

/// The account's settings for new volumes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VolumeDefaults {
    /// Whether volumes that are not said to be encrypted are so all the same.
    pub encrypted: bool,
    /// The key of encrypted volumes that name none.
    pub kms_key: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub name: String,
    pub readiness: Readiness,
    /// How long it has been there.
    pub age: Option<Duration>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Readiness {
    Ready,
    /// With what the kubelet says about it, or that it has said nothing yet.
    NotReady(String),
    /// The kubelet has stopped reporting.
    Lost,
}

impl Node {
    pub fn is_ready(&self) -> bool {
        self.readiness == Readiness::Ready
    }
}

impl Activity {
    pub fn is_launch(&self) -> bool {
        self.description.starts_with("Launching a new EC2 instance")
    }

    /// Whether it has not ended (the service model's other statuses are all on the way).
    pub fn is_under_way(&self) -> bool {
        !["Successful", "Failed", "Cancelled"].contains(&self.status.as_str())
    }
}

impl Volume {
    /// The key that encrypts the volume, as it is named; `None` for a plain volume.
    ///
    /// # Errors
    /// When that depends on the account's defaults and these are not known.
    pub fn key<'a>(
        &'a self,
        defaults: Option<&'a Found<VolumeDefaults>>,
    ) -> Result<Option<&'a str>, Message> {
        if let (true, Some(key)) = (self.encrypted, &self.kms_key) {
            return Ok(Some(key));
        }
        let defaults = match defaults {
            Some(Ok(defaults)) => defaults,
            Some(Err(why)) => {
                let what = message!("check-volume-defaults");
                return Err(message!("check-unread", what = what, why = why));
            }
            None => {
                let what = message!("check-volume-defaults");
                return Err(message!("check-unobserved", what = what));
            }
        };
        let encrypted = self.encrypted || defaults.encrypted;
        Ok(encrypted.then_some(self.kms_key.as_deref().unwrap_or(&defaults.kms_key)))
    }
}

impl Launches {
    /// The volumes of a fresh instance. A root volume that is left to the image is as plain as the image's.
    pub fn volumes(&self) -> Vec<Volume> {
        let root = self.root_volume.clone().unwrap_or_default();
        std::iter::once(root)
            .chain(self.other_volumes.iter().cloned())
            .collect()
    }
}

impl Observation {
    /// What was seen of the key with this id, ARN or alias.
    pub fn key(&self, name: &str) -> Option<&Seen<Key>> {
        self.keys
            .get(&key_name(name, (&self.region, &self.account)))
    }

    /// Whether two names (ids, ARNs, aliases) are of one key.
    ///
    /// # Errors
    /// When an alias would have to be followed and was not seen.
    pub fn is_same_key(&self, one: &str, other: &str) -> Result<bool, Message> {
        let place = (self.region.as_str(), self.account.as_str());
        let (one, other) = (key_name(one, place), key_name(other, place));
        if one == other {
            return Ok(true);
        }
        Ok(self.resolved(one)? == self.resolved(other)?)
    }

    fn resolved(&self, name: String) -> Result<String, Message> {
        if !name.contains("alias/") {
            return Ok(name);
        }
        match self.keys.get(&name) {
            Some(Seen::There(key)) => Ok(key_name(&key.arn, (&self.region, &self.account))),
            Some(Seen::Gone) => Ok(name),
            Some(Seen::Unknown(why)) => {
                let what = message!("check-key", key = name);
                Err(message!("check-unread", what = what, why = why))
            }
            None => {
                let what = message!("check-key", key = name);
                Err(message!("check-unobserved", what = what))
            }
        }
    }

    /// The newest scaling activities of these node groups, to be remembered as [`Observation::baselines`]. One that
    /// could not be read is left out.
    pub fn newest_activities<'a>(
        &self,
        nodegroups: impl IntoIterator<Item = &'a String>,
    ) -> Baselines {
        let newest = |name: &String| match self.nodegroups.get(name) {
            Some(Seen::There(Nodegroup {
                activities: Ok(activities),
                ..
            })) => {
                let newest = by_start(activities)
                    .first()
                    .map(|activity| activity.id.clone());
                Some((name.clone(), newest.unwrap_or_default()))
            }
            Some(Seen::Gone) => Some((name.clone(), String::new())),
            _ => None,
        };
        nodegroups.into_iter().filter_map(newest).collect()
    }
}

/// Newest first by when they began. (The service lists what is under way first.)
pub(super) fn by_start(activities: &[Activity]) -> Vec<&Activity> {
    let mut sorted: Vec<&Activity> = activities.iter().collect();
    sorted.sort_by_key(|activity| activity.started);
    sorted
}

/// One name for each way to name a key of this region and account: its id, or `alias/…`. What is elsewhere keeps its
/// ARN.
pub fn key_name(name: &str, (region, account): (&str, &str)) -> String {
    let here = format!("arn:aws:kms:{region}:{account}:");
    let resource = name.strip_prefix(&here).unwrap_or(name);
    resource.strip_prefix("key/").unwrap_or(resource).to_owned()
}

/// The label selector of a node group's nodes.
pub fn nodes_of(nodegroup: &str) -> String {
    format!("eks.amazonaws.com/nodegroup={nodegroup}")
}

/// What has to be read for some checks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// As the checks name them.
    pub keys: BTreeSet<String>,
    /// By name.
    pub nodegroups: BTreeSet<String>,
    /// Those of the node groups of which the keys of what they launch are wanted too.
    pub launches: BTreeSet<String>,
    /// Label selectors.
    pub nodes: BTreeSet<String>,
    /// Node groups of which a check must know what was there when the fault was complete.
    pub baselines: BTreeSet<String>,
}

impl Wanted {
    /// What these predicates, with names filled in, are about.
    pub fn by<'a>(predicates: impl IntoIterator<Item = &'a Predicate>) -> Wanted {
        let mut wanted = Wanted::default();
        for predicate in predicates {
            predicate.judged().wants(&mut wanted);
        }
        wanted
    }

    /// The scaling activities alone of the node groups whose newest ones are to be remembered.
    pub fn for_baselines(&self) -> Wanted {
        Wanted {
            nodegroups: self.baselines.clone(),
            ..Wanted::default()
        }
    }

    pub(super) fn key(&mut self, name: &str) {
        self.keys.insert(name.to_owned());
    }

    pub(super) fn nodegroup(&mut self, name: &str) {
        self.nodegroups.insert(name.to_owned());
    }

    /// The node group, and the keys of what it launches.
    pub(super) fn launches(&mut self, nodegroup: &str) {
        self.nodegroup(nodegroup);
        self.launches.insert(nodegroup.to_owned());
    }
}
