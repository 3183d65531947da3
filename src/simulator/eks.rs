//! Clusters and managed node groups: what was asked for, what EKS made of it, what ails it.

mod api;
pub mod controller;
pub mod creation;
pub mod health;
mod nodegroups;
mod update;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::clock::Moment;
use super::wire::{Protocol, Service};
use super::world::World;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Eks {
    /// By name.
    pub clusters: BTreeMap<String, Cluster>,
    /// By cluster and name.
    #[serde(with = "super::world::saved::pairs")]
    pub nodegroups: BTreeMap<(String, String), Nodegroup>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Cluster {
    pub name: String,
    pub arn: String,
    /// `1.30`
    pub version: String,
    /// `v1.30.8-eks-…`
    pub kubelet_version: String,
    /// `1.30.8-…`, the release of node images that the cluster's node groups use.
    pub release_version: String,
    pub created: Moment,
    pub role_arn: String,
    pub vpc: String,
    pub subnets: Vec<String>,
    pub security_group: String,
    /// Where the Kubernetes API is served.
    pub endpoint: String,
    /// PEM of the authority that signs the endpoint's certificate.
    pub authority: String,
    pub tags: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Nodegroup {
    pub name: String,
    pub cluster: String,
    pub uuid: String,
    pub arn: String,
    pub status: Status,
    pub created: Moment,
    pub modified: Moment,
    pub release_version: String,
    pub version: String,
    /// Auto Scaling group.
    pub group: String,
    /// The user's launch template and the version in use.
    pub source: Option<Source>,
    /// EKS's own template, made from the source.
    pub own_template: String,
    pub subnets: Vec<String>,
    pub node_role: String,
    pub ami_type: String,
    pub capacity_type: String,
    pub instance_types: Vec<String>,
    pub disk_size: Option<u32>,
    pub labels: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    pub max_unavailable: u32,
    pub issues: Vec<Issue>,
    /// Oldest first.
    pub updates: Vec<Update>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    pub id: String,
    pub name: String,
    pub version: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    Creating,
    Active,
    Updating,
    Degraded,
    Deleting,
    CreateFailed,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Status::Creating => "CREATING",
            Status::Active => "ACTIVE",
            Status::Updating => "UPDATING",
            Status::Degraded => "DEGRADED",
            Status::Deleting => "DELETING",
            Status::CreateFailed => "CREATE_FAILED",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Issue {
    pub code: String,
    pub message: String,
    pub resources: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Update {
    pub id: String,
    pub kind: UpdateKind,
    pub status: String,
    /// Type and value, as `DescribeUpdate` lists them.
    pub parameters: Vec<(String, String)>,
    pub created: Moment,
    pub errors: Vec<Issue>,
    /// Makes a repeated request answer with the same update.
    pub token: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum UpdateKind {
    Config,
    /// A change of the template; `before` is what a failure falls back to.
    Version {
        before: Option<Source>,
        own_version_before: u64,
    },
}

/// Cluster and name.
pub type NodegroupId = (String, String);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    CreationCheck {
        nodegroup: NodegroupId,
    },
    UpdateCheck {
        nodegroup: NodegroupId,
        update: String,
    },
    HealthCheck {
        nodegroup: NodegroupId,
    },
    DeletionCheck {
        nodegroup: NodegroupId,
    },
}

impl World {
    /// The node group whose Auto Scaling group has this instance.
    pub fn group_of_instance(&self, instance: &str) -> Option<&Nodegroup> {
        let name = self
            .ec2
            .instances
            .get(instance)?
            .tags
            .get("aws:autoscaling:groupName")?;
        self.eks
            .nodegroups
            .values()
            .find(|nodegroup| nodegroup.group == *name)
    }
}

pub fn service() -> Service {
    Service {
        signing_name: "eks",
        protocol: Protocol::RestJson,
        selector: "",
        namespace: "",
        operations: api::operations()
            .into_iter()
            .chain(nodegroups::operations())
            .collect(),
    }
}
