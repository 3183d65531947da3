//! Clusters and managed node groups: what was asked for, what EKS made of it, what ails it.

mod absent;
pub mod access;
mod access_entries;
mod addons;
mod causes;
pub mod cluster;
mod cluster_update;
pub mod controller;
pub mod creation;
mod deletion;
mod empty;
mod eviction;
pub mod health;
pub mod node_settings;
mod nodegroups;
mod paging;
mod tags;
mod update;
mod update_requests;
mod updates;
mod validation;

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
    /// A UUID; its digits are the id of the cluster's OpenID Connect issuer.
    pub oidc_id: String,
    pub configuration: cluster::Configuration,
    /// By ARN of the principal.
    pub access_entries: BTreeMap<String, access::AccessEntry>,
    pub issues: Vec<Issue>,
    /// Whether EKS has reason to look again, and will.
    pub sweep_due: bool,
    /// Of the cluster itself, oldest first.
    pub updates: Vec<Update>,
}

impl Cluster {
    pub fn is_updating(&self) -> bool {
        self.updates.iter().any(Update::is_running)
    }
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
    /// The version of it that the Auto Scaling group is to use.
    pub own_version: u64,
    pub subnets: Vec<String>,
    pub node_role: String,
    pub ami_type: String,
    pub capacity_type: String,
    pub instance_types: Vec<String>,
    pub disk_size: Option<u32>,
    pub remote_access: Option<RemoteAccess>,
    pub labels: BTreeMap<String, String>,
    pub taints: Vec<Taint>,
    pub tags: BTreeMap<String, String>,
    pub update_config: UpdateConfig,
    pub issues: Vec<Issue>,
    /// Whether EKS cannot manage nodes of the cluster, so that lifecycle actions wait.
    pub locked_out: bool,
    /// When EKS looks next, if it has reason to.
    pub sweep_due: Option<Moment>,
    /// Oldest first.
    pub updates: Vec<Update>,
    /// Makes a repeated CreateNodegroup answer with the same node group.
    pub token: Option<String>,
}

impl Nodegroup {
    /// Name of the instance profile that EKS made for the nodes.
    pub fn instance_profile(&self) -> String {
        format!("eks-{}", self.uuid)
    }
}

/// Who may log in to nodes by SSH.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RemoteAccess {
    pub ec2_ssh_key: Option<String>,
    #[serde(default)]
    pub source_security_groups: Vec<String>,
}

/// A taint as EKS writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taint {
    pub key: String,
    pub value: Option<String>,
    /// `NO_SCHEDULE`, `NO_EXECUTE` or `PREFER_NO_SCHEDULE`.
    pub effect: String,
}

/// How many nodes a version update may take away at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_unavailable: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_unavailable_percentage: Option<u32>,
}

impl Default for UpdateConfig {
    fn default() -> Self {
        Self {
            max_unavailable: Some(1),
            max_unavailable_percentage: None,
        }
    }
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
    DeleteFailed,
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
            Status::DeleteFailed => "DELETE_FAILED",
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
    /// Since when nodes could not be drained.
    pub held_up_since: Option<Moment>,
}

impl Update {
    pub fn is_running(&self) -> bool {
        self.status == "InProgress"
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum UpdateKind {
    /// Of a node group, as `Version` is; the others are of clusters.
    Config,
    /// A change of the template or image; `before` is what a failure falls back to.
    Version {
        before: Option<Source>,
        own_version_before: u64,
        force: bool,
    },
    EndpointAccess,
    Logging,
    AccessConfig,
}

impl UpdateKind {
    pub fn name(&self) -> &'static str {
        match self {
            UpdateKind::Config => "ConfigUpdate",
            UpdateKind::Version { .. } => "VersionUpdate",
            UpdateKind::EndpointAccess => "EndpointAccessUpdate",
            UpdateKind::Logging => "LoggingUpdate",
            UpdateKind::AccessConfig => "AccessConfigUpdate",
        }
    }
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
        /// When the deletion began.
        began: Moment,
    },
    ClusterHealthCheck {
        cluster: String,
    },
    ClusterUpdated {
        cluster: String,
        becomes: Box<cluster::Configuration>,
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
        operations: [
            cluster::operations(),
            cluster_update::operations(),
            nodegroups::operations(),
            update_requests::operations(),
            updates::operations(),
            access_entries::operations(),
            addons::operations(),
            tags::operations(),
            empty::operations(),
            absent::operations(),
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
}
