//! EKS operations on clusters and updates.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::{Cluster, Issue, Nodegroup, Update, UpdateKind};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("ListClusters", list_clusters).at("GET", "/clusters"),
        Operation::new("DescribeCluster", describe_cluster).at("GET", "/clusters/{name}"),
        Operation::new("ListUpdates", list_updates).at("GET", "/clusters/{name}/updates"),
        Operation::new("DescribeUpdate", describe_update)
            .at("GET", "/clusters/{name}/updates/{updateId}"),
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
    #[serde(rename = "maxResults")]
    _max_results: Option<u32>,
}

fn list_clusters(
    world: &mut World,
    _call: &Call,
    _request: ListClustersRequest,
) -> Result<Value, Refusal> {
    Ok(json!({ "clusters": world.eks.clusters.keys().collect::<Vec<_>>() }))
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
            "endpointPublicAccess": true,
            "endpointPrivateAccess": true,
            "publicAccessCidrs": ["0.0.0.0/0"],
        },
        "kubernetesNetworkConfig": { "serviceIpv4Cidr": "172.16.0.0/16", "ipFamily": "ipv4" },
        "status": "ACTIVE",
        "certificateAuthority": { "data": BASE64_STANDARD.encode(&cluster.authority) },
        "platformVersion": "eks.1",
        "tags": cluster.tags,
        "health": { "issues": [] },
        "accessConfig": { "authenticationMode": "API_AND_CONFIG_MAP" },
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListUpdatesRequest {
    name: String,
    nodegroup_name: Option<String>,
    #[serde(rename = "maxResults")]
    _max_results: Option<u32>,
}

fn list_updates(
    world: &mut World,
    _call: &Call,
    request: ListUpdatesRequest,
) -> Result<Value, Refusal> {
    cluster(world, &request.name)?;
    let ids: Vec<&str> = match &request.nodegroup_name {
        Some(name) => nodegroup(world, &request.name, name)?
            .updates
            .iter()
            .map(|update| update.id.as_str())
            .collect(),
        None => Vec::new(),
    };
    Ok(json!({ "updateIds": ids }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DescribeUpdateRequest {
    name: String,
    update_id: String,
    nodegroup_name: Option<String>,
}

fn describe_update(
    world: &mut World,
    _call: &Call,
    request: DescribeUpdateRequest,
) -> Result<Value, Refusal> {
    cluster(world, &request.name)?;
    let update = match &request.nodegroup_name {
        Some(name) => nodegroup(world, &request.name, name)?
            .updates
            .iter()
            .find(|update| update.id == request.update_id),
        None => None,
    };
    let update = update.ok_or_else(|| {
        let message = format!("No update found for id: {}.", request.update_id);
        Refusal::new("ResourceNotFoundException", 404, message)
            .with("clusterName", request.name.as_str())
    })?;
    Ok(json!({ "update": update_json(world, update) }))
}

pub(super) fn update_json(world: &World, update: &Update) -> Value {
    json!({
        "id": update.id,
        "status": update.status,
        "type": match update.kind {
            UpdateKind::Config => "ConfigUpdate",
            UpdateKind::Version { .. } => "VersionUpdate",
        },
        "params": update.parameters.iter().map(|(kind, value)| json!({ "type": kind, "value": value })).collect::<Vec<_>>(),
        "createdAt": world.timestamp(update.created),
        "errors": update.errors.iter().map(|error| json!({
            "errorCode": error.code,
            "errorMessage": error.message,
            "resourceIds": error.resources,
        })).collect::<Vec<_>>(),
    })
}

pub(super) fn issue_json(issue: &Issue) -> Value {
    json!({ "code": issue.code, "message": issue.message, "resourceIds": issue.resources })
}
