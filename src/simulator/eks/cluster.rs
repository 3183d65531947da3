//! EKS operations on clusters, and what a cluster is configured to.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::access::AuthenticationMode;
use super::health::issue_json;
use super::paging::{Page, page};
use super::{Cluster, Nodegroup};

/// What UpdateClusterConfig can change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    pub public_access: bool,
    pub private_access: bool,
    pub public_access_cidrs: Vec<String>,
    /// Control plane logs that go to CloudWatch.
    pub logs: BTreeSet<String>,
    pub authentication_mode: AuthenticationMode,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            public_access: true,
            private_access: true,
            public_access_cidrs: vec!["0.0.0.0/0".to_owned()],
            logs: BTreeSet::new(),
            authentication_mode: AuthenticationMode::ApiAndConfigMap,
        }
    }
}

/// Kinds of control plane logs.
pub(super) const LOGS: [&str; 5] = [
    "api",
    "audit",
    "authenticator",
    "controllerManager",
    "scheduler",
];

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("ListClusters", list_clusters).at("GET", "/clusters"),
        Operation::new("DescribeCluster", describe_cluster).at("GET", "/clusters/{name}"),
    ]
}

/// The cluster, or the refusal that names it.
pub(super) fn cluster<'a>(world: &'a World, name: &str) -> Result<&'a Cluster, Refusal> {
    world.eks.clusters.get(name).ok_or_else(|| {
        Refusal::new(
            "ResourceNotFoundException",
            404,
            format!("No cluster found for name: {name}."),
        )
        .with("clusterName", name)
    })
}

/// The node group, or the refusal that names what is missing.
pub(super) fn nodegroup<'a>(
    world: &'a World,
    cluster_name: &str,
    name: &str,
) -> Result<&'a Nodegroup, Refusal> {
    cluster(world, cluster_name)?;
    world
        .eks
        .nodegroups
        .get(&(cluster_name.to_owned(), name.to_owned()))
        .ok_or_else(|| {
            Refusal::new(
                "ResourceNotFoundException",
                404,
                format!("No node group found for name: {name}."),
            )
            .with("clusterName", cluster_name)
            .with("nodegroupName", name)
        })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListClustersRequest {
    max_results: Option<usize>,
    next_token: Option<String>,
    // `all` adds clusters that are connected from elsewhere, of which there are none.
    #[serde(rename = "include")]
    _include: Option<Vec<String>>,
}

fn list_clusters(
    world: &mut World,
    _call: &Call,
    request: ListClustersRequest,
) -> Result<Value, Refusal> {
    let names = world.eks.clusters.keys().map(|name| json!(name)).collect();
    page(
        names,
        "clusters",
        &Page::of(request.max_results, request.next_token),
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClusterRequest {
    name: String,
}

fn describe_cluster(
    world: &mut World,
    _call: &Call,
    request: ClusterRequest,
) -> Result<Value, Refusal> {
    let cluster = cluster(world, &request.name)?;
    Ok(json!({ "cluster": cluster_json(world, cluster) }))
}

fn cluster_json(world: &World, cluster: &Cluster) -> Value {
    let configuration = &cluster.configuration;
    json!({
        "name": cluster.name,
        "arn": cluster.arn,
        "createdAt": world.timestamp(cluster.created),
        "version": cluster.version,
        "endpoint": cluster.endpoint,
        "roleArn": cluster.role_arn,
        "resourcesVpcConfig": {
            "subnetIds": cluster.subnets,
            "securityGroupIds": [],
            "clusterSecurityGroupId": cluster.security_group,
            "vpcId": cluster.vpc,
            "endpointPublicAccess": configuration.public_access,
            "endpointPrivateAccess": configuration.private_access,
            "publicAccessCidrs": configuration.public_access_cidrs,
        },
        // The range that EKS takes for a VPC within 10.0.0.0/8; services of the cluster lie in it.
        "kubernetesNetworkConfig": {
            "serviceIpv4Cidr": "172.20.0.0/16",
            "ipFamily": "ipv4",
            "elasticLoadBalancing": { "enabled": false },
        },
        "logging": { "clusterLogging": logging_json(&configuration.logs) },
        "identity": { "oidc": { "issuer": issuer(world, cluster) } },
        "status": if cluster.is_updating() { "UPDATING" } else { "ACTIVE" },
        "certificateAuthority": { "data": BASE64_STANDARD.encode(&cluster.authority) },
        "platformVersion": "eks.1",
        "tags": cluster.tags,
        "health": { "issues": cluster.issues.iter().map(issue_json).collect::<Vec<_>>() },
        "accessConfig": { "authenticationMode": configuration.authentication_mode.name() },
        "upgradePolicy": { "supportType": "EXTENDED" },
        "deletionProtection": false,
    })
}

/// `https://oidc.eks.REGION.amazonaws.com/id/` and 32 hexadecimal digits.
fn issuer(world: &World, cluster: &Cluster) -> String {
    let id = cluster.oidc_id.replace('-', "").to_uppercase();
    format!("https://oidc.eks.{}.amazonaws.com/id/{id}", world.region)
}

/// Logs that are exported, then those that are not.
pub(super) fn logging_json(exported: &BTreeSet<String>) -> Value {
    [true, false]
        .into_iter()
        .filter_map(|enabled| {
            let types: Vec<&str> = LOGS
                .into_iter()
                .filter(|log| exported.contains(*log) == enabled)
                .collect();
            (!types.is_empty()).then(|| json!({ "types": types, "enabled": enabled }))
        })
        .collect()
}
