//! What a check asks of an environment. Texts may hold `${name}`; see [`Values`](super::Values).

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Predicate {
    /// Auto Scaling may launch instances whose volumes this key encrypts: by policy, grants and state.
    LaunchAccess(KeyNamed),
    KeyNotPublic(KeyNamed),
    /// What the node group launches from now on has its root volume encrypted with this key (its ARN).
    VolumeEncryptedWith(VolumeEncryptedWith),
    Nodegroup(NodegroupExpectation),
    ScalingActivity(ScalingActivityExpectation),
    Nodes(NodesExpectation),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyNamed {
    pub key: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VolumeEncryptedWith {
    pub nodegroup: String,
    pub key: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodegroupExpectation {
    pub nodegroup: String,
    pub status: String,
    /// An issue code that must be there, or `none`.
    pub issue: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScalingActivityExpectation {
    pub nodegroup: String,
    pub status: String,
    #[serde(default = "one")]
    pub at_least: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodesExpectation {
    pub nodegroup: String,
    /// At least so many Ready nodes.
    #[serde(default)]
    pub ready: usize,
    /// No node at all, Ready or not.
    #[serde(default)]
    pub none: bool,
}

fn one() -> usize {
    1
}
