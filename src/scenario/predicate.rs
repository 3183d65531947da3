//! What a check asks of an environment. Texts may hold `${name}`; see [`Values`](super::Values).
//!
//! Each kind of predicate stands in a file of `judge`: what its author writes, what has to be read for it, and its
//! verdict, side by side. A new kind is that, and a case here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::judge::Judged;
pub use super::judge::activities::{ActivityKind, Moment, ScalingActivityExpectation};
pub use super::judge::keys::{KeyAllows, KeyState, State};
pub use super::judge::launches::LaunchWouldSucceed;
pub use super::judge::logic::{All, Any, Not};
pub use super::judge::nodegroups::NodegroupExpectation;
pub use super::judge::nodes::NodesExpectation;
pub use super::judge::policies::{PolicyNotPublic, PrincipalKeeps};
pub use super::judge::volumes::VolumeEncryptedWith;

/// What a check asks: met, not yet, not met, or cannot tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Predicate {
    /// A principal may do something with a key: by policy, grants and the key's state together.
    KeyAllows(KeyAllows),
    /// The key is in this state.
    KeyState(KeyState),
    /// Nobody outside the account can use the key.
    PolicyNotPublic(PolicyNotPublic),
    /// An administrator may still do something with the key.
    PrincipalKeeps(PrincipalKeeps),
    /// What the node group launches from now on has its root volume encrypted with this key.
    VolumeEncryptedWith(VolumeEncryptedWith),
    /// A fresh instance of the node group would start now, whatever key its volumes are encrypted with.
    LaunchWouldSucceed(LaunchWouldSucceed),
    /// How the node group is, as EKS tells it.
    Nodegroup(NodegroupExpectation),
    /// What Auto Scaling did for the node group.
    ScalingActivity(ScalingActivityExpectation),
    /// The nodes of the cluster that belong to the node group, or have labels.
    Nodes(NodesExpectation),
    /// Every one of these.
    All(All),
    /// At least one of these.
    Any(Any),
    /// The opposite. What is not known yet, or cannot be told, stays so.
    Not(Not),
}

impl Predicate {
    pub(super) fn judged(&self) -> &dyn Judged {
        match self {
            Predicate::KeyAllows(predicate) => predicate,
            Predicate::KeyState(predicate) => predicate,
            Predicate::PolicyNotPublic(predicate) => predicate,
            Predicate::PrincipalKeeps(predicate) => predicate,
            Predicate::VolumeEncryptedWith(predicate) => predicate,
            Predicate::LaunchWouldSucceed(predicate) => predicate,
            Predicate::Nodegroup(predicate) => predicate,
            Predicate::ScalingActivity(predicate) => predicate,
            Predicate::Nodes(predicate) => predicate,
            Predicate::All(predicate) => predicate,
            Predicate::Any(predicate) => predicate,
            Predicate::Not(predicate) => predicate,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_yaml::with::singleton_map_recursive;

    use super::super::Values;
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Holder {
        #[serde(with = "singleton_map_recursive")]
        expect: Predicate,
    }

    fn read(text: &str) -> Result<Predicate, String> {
        let holder: Result<Holder, _> = serde_yaml::from_str(&format!("expect: {text}"));
        holder
            .map(|holder| holder.expect)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn every_kind_is_read_filled_and_written_alike() {
        let mut values = Values::default();
        for (name, value) in [("key.id", "k"), ("group.name", "g"), ("account", "1")] {
            values.set(name, value);
        }
        for text in [
            "{ key_allows: { key: '${key.id}', principal: autoscaling } }",
            "{ key_allows: { key: '${key.id}', principal: 'arn:aws:iam::${account}:role/csi', actions: ['kms:Decrypt'], through: ec2, encryption_context: { 'aws:ebs:id': vol-1 } } }",
            "{ key_state: { key: '${key.id}', is: PendingDeletion } }",
            "{ policy_not_public: { key: '${key.id}' } }",
            "{ principal_keeps: { key: '${key.id}', principal: 'arn:aws:iam::${account}:root', actions: ['kms:PutKeyPolicy'] } }",
            "{ volume_encrypted_with: { nodegroup: '${group.name}', key: '${key.id}' } }",
            "{ launch_would_succeed: { nodegroup: '${group.name}' } }",
            "{ nodegroup: { nodegroup: '${group.name}', status: ACTIVE, issue: none, desired: 1, min: 0, max: 1, template_version: '2' } }",
            "{ scaling_activity: { nodegroup: '${group.name}', status: Successful, at_least: 1, newer_than: injection } }",
            "{ nodes: { nodegroup: '${group.name}', ready: 1, count: 1 } }",
            "{ nodes: { selector: 'a=b,!c', none: true } }",
            "{ all: [{ nodes: { nodegroup: '${group.name}', none: true } }, { not: { any: [{ policy_not_public: { key: k } }] } }] }",
        ] {
            let read = read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let filled = values.fill_all(&read).unwrap();
            let written = serde_json::to_string(&filled).unwrap();
            assert!(!written.contains("${"), "{written}");
            assert_eq!(serde_json::from_str::<Predicate>(&written).unwrap(), filled);
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_where_it_stands() {
        let check = |text: &str, expected: &str| {
            let refused = read(text).unwrap_err();
            assert!(refused.contains(expected), "{text}: {refused}");
        };
        check(
            "{ key_state: { key: k, is: Off } }",
            "unknown variant `Off`",
        );
        check(
            "{ key_state: { key: k, is: Enabled, was: x } }",
            "unknown field `was`",
        );
        check("{ nodes: { ready: 1 } }", "nodegroup or a selector");
        check(
            "{ nodes: { nodegroup: g, selector: a=b, ready: 1 } }",
            "not both",
        );
        check("{ nodes: { nodegroup: g } }", "ready, count or none");
        check(
            "{ nodes: { nodegroup: g, none: true, ready: 1 } }",
            "none: true",
        );
        check("{ nodegroup: { nodegroup: g } }", "says nothing");
        check(
            "{ key_allows: { key: k, principal: autoscaling, actions: [] } }",
            "at least one action",
        );
        check("{ all: [] }", "at least one");
    }
}
