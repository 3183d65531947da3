//! EKS operations that make, show and delete managed node groups.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::iam::authorization::authorize_passing;
use super::super::refusal::Refusal;
use super::super::wire::{Answer, Call, Operation, object};
use super::super::world::World;
use super::cluster::{cluster, nodegroup};
use super::creation::{self, NewNodegroup, source_data};
use super::health::issue_json;
use super::paging::{Page, page};
use super::validation::{
    BesideTemplate, NODEGROUPS_PER_CLUSTER, ScalingConfig, TemplateRequest, check_labels,
    check_name, check_role, check_subnets, check_taints, check_template, check_update_config,
    created_size, find_source, in_use, invalid_parameter,
};
use super::{Nodegroup, RemoteAccess, Source, Status, Taint, UpdateConfig, deletion};

const NODEGROUPS: &str = "/clusters/{name}/node-groups";
const NODEGROUP: &str = "/clusters/{name}/node-groups/{nodegroupName}";

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("ListNodegroups", list).at("GET", NODEGROUPS),
        Operation::new("CreateNodegroup", create).at("POST", NODEGROUPS),
        Operation::new("DescribeNodegroup", describe).at("GET", NODEGROUP),
        Operation::new("DeleteNodegroup", delete).at("DELETE", NODEGROUP),
    ]
}

/// What EKS chooses when nothing else is said; nodes here are `amd64` of this kind.
const AMI_TYPE: &str = "AL2023_x86_64_STANDARD";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListRequest {
    name: String,
    max_results: Option<usize>,
    next_token: Option<String>,
}

fn list(world: &mut World, _call: &Call, request: ListRequest) -> Result<Value, Refusal> {
    cluster(world, &request.name)?;
    let names = world
        .eks
        .nodegroups
        .values()
        .filter(|nodegroup| nodegroup.cluster == request.name)
        .map(|nodegroup| json!(nodegroup.name))
        .collect();
    page(
        names,
        "nodegroups",
        &Page::of(request.max_results, request.next_token),
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NamedRequest {
    name: String,
    nodegroup_name: String,
}

fn describe(world: &mut World, _call: &Call, request: NamedRequest) -> Result<Answer, Refusal> {
    let nodegroup = nodegroup(world, &request.name, &request.nodegroup_name)?;
    Ok(object! { "nodegroup": nodegroup_json(world, nodegroup) })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateRequest {
    name: String,
    nodegroup_name: String,
    #[serde(default)]
    scaling_config: ScalingConfig,
    disk_size: Option<u32>,
    subnets: Vec<String>,
    #[serde(default)]
    instance_types: Vec<String>,
    ami_type: Option<String>,
    remote_access: Option<RemoteAccess>,
    node_role: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    taints: Vec<Taint>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    client_request_token: Option<String>,
    launch_template: Option<TemplateRequest>,
    update_config: Option<UpdateConfig>,
    capacity_type: Option<String>,
    version: Option<String>,
    release_version: Option<String>,
}

fn create(world: &mut World, call: &Call, mut request: CreateRequest) -> Result<Answer, Refusal> {
    let found = cluster(world, &request.name)?;
    let (version, release_version) = (found.version.clone(), found.release_version.clone());
    let id = (request.name.clone(), request.nodegroup_name.clone());
    if let Some(known) = world.eks.nodegroups.get(&id) {
        if known.token.is_some() && known.token == request.client_request_token {
            return Ok(object! { "nodegroup": nodegroup_json(world, known) });
        }
        let (cluster, name) = &id;
        let message =
            format!("NodeGroup already exists with name {name} and cluster name {cluster}");
        return Err(in_use(cluster, name, message));
    }
    let invalid = |message: String| invalid_parameter(&id.0, &id.1, message);
    check(world, &request, &version, &release_version).map_err(invalid)?;
    check_count(world, &request.name)?;
    authorize_passing(world, &call.caller, &request.node_role, "eks.amazonaws.com")
        .map_err(|message| Refusal::new("AccessDeniedException", 403, message))?;
    let size = created_size(request.scaling_config).map_err(invalid)?;
    let source = match request.launch_template.take() {
        Some(template) => Some(find_source(world, &id.0, &id.1, template)?),
        None => None,
    };
    let image = custom_image(world, &request, source.as_ref()).map_err(invalid)?;
    let ami_type = match &image {
        Some(_) => "CUSTOM".to_owned(),
        None => request.ami_type.unwrap_or_else(|| AMI_TYPE.to_owned()),
    };
    let new = NewNodegroup {
        cluster: request.name,
        name: request.nodegroup_name,
        size,
        source,
        subnets: request.subnets,
        node_role: request.node_role,
        ami_type,
        capacity_type: request
            .capacity_type
            .unwrap_or_else(|| "ON_DEMAND".to_owned()),
        instance_types: request.instance_types,
        disk_size: request.disk_size,
        remote_access: request.remote_access,
        labels: request.labels,
        taints: request.taints,
        tags: request.tags,
        update_config: request.update_config.unwrap_or_default(),
        version,
        release_version: image.unwrap_or(release_version),
        token: request.client_request_token,
    };
    creation::create(world, new);
    let created = nodegroup(world, &id.0, &id.1)?;
    Ok(object! { "nodegroup": nodegroup_json(world, created) })
}

/// What is wrong with the request, apart from its template and its size.
fn check(
    world: &World,
    request: &CreateRequest,
    version: &str,
    release_version: &str,
) -> Result<(), String> {
    check_name(&request.nodegroup_name)?;
    check_subnets(world, &request.subnets)?;
    check_role(world, &request.node_role)?;
    check_labels(&request.labels)?;
    check_taints(&request.taints)?;
    check_update_config(&request.update_config.clone().unwrap_or_default())?;
    match request.ami_type.as_deref() {
        None | Some(AMI_TYPE | "CUSTOM") => {}
        Some(other) => return Err(format!("amiType {other} is not simulated: use {AMI_TYPE}")),
    }
    match request.capacity_type.as_deref() {
        None | Some("ON_DEMAND" | "SPOT") => {}
        Some(other) => return Err(format!("capacityType {other} is not simulated")),
    }
    if request.instance_types.len() > 20 {
        return Err("A node group can have at most 20 instance types".to_owned());
    }
    if request
        .version
        .as_deref()
        .is_some_and(|wanted| wanted != version)
    {
        return Err(format!(
            "Nodegroup Kubernetes version should be equal to Cluster kubernetes version {version} or NodeGroup kubernetes version {version}"
        ));
    }
    match request.release_version.as_deref() {
        Some(wanted) if wanted != release_version => Err(format!(
            "Requested release version {wanted} is not valid for kubernetes version {version}."
        )),
        _ => Ok(()),
    }
}

fn check_count(world: &World, cluster: &str) -> Result<(), Refusal> {
    let nodegroups = world.eks.nodegroups.values();
    let count = nodegroups
        .filter(|nodegroup| nodegroup.cluster == cluster)
        .count();
    if count < NODEGROUPS_PER_CLUSTER {
        return Ok(());
    }
    // The code and the number are documented, the sentence is not.
    let message = format!(
        "You've reached the limit of {NODEGROUPS_PER_CLUSTER} managed node groups for cluster {cluster}."
    );
    Err(Refusal::bad("ResourceLimitExceededException", message).with("clusterName", cluster))
}

/// The image of the template, if it names one.
fn custom_image(
    world: &World,
    request: &CreateRequest,
    source: Option<&Source>,
) -> Result<Option<String>, String> {
    let beside = BesideTemplate {
        instance_types: &request.instance_types,
        disk_size: request.disk_size,
        has_remote_access: request.remote_access.is_some(),
        ami_type: request.ami_type.as_deref(),
        has_version: request.version.is_some() || request.release_version.is_some(),
    };
    let Some(source) = source else {
        return match beside.ami_type {
            Some("CUSTOM") => Err(
                "Launch template details can't be null for Custom ami type node group".to_owned(),
            ),
            _ => Ok(None),
        };
    };
    let data = source_data(world, source);
    check_template(&source.id, &data, &beside)?;
    if data.image.is_none() && beside.ami_type == Some("CUSTOM") {
        return Err(
            "Launch template must specify an image id for Custom ami type node group".to_owned(),
        );
    }
    Ok(data.image)
}

fn delete(world: &mut World, _call: &Call, request: NamedRequest) -> Result<Answer, Refusal> {
    let found = nodegroup(world, &request.name, &request.nodegroup_name)?;
    if matches!(found.status, Status::Creating | Status::Updating) {
        let message = "Nodegroup cannot be deleted as it is currently not in Active State";
        return Err(in_use(&request.name, &request.nodegroup_name, message));
    }
    if found.status != Status::Deleting {
        let id = (request.name.clone(), request.nodegroup_name.clone());
        deletion::delete(world, &id);
    }
    let nodegroup = nodegroup(world, &request.name, &request.nodegroup_name)?;
    Ok(object! { "nodegroup": nodegroup_json(world, nodegroup) })
}

fn nodegroup_json(world: &World, nodegroup: &Nodegroup) -> Answer {
    let size = world
        .autoscaling
        .groups
        .get(&nodegroup.group)
        .map(|group| group.size);
    let with_template = nodegroup.source.is_some();
    let shows_types = !with_template || !nodegroup.instance_types.is_empty();
    let issues: Vec<Value> = nodegroup.issues.iter().map(issue_json).collect();
    object! {
        "nodegroupName": &nodegroup.name,
        "nodegroupArn": &nodegroup.arn,
        "clusterName": &nodegroup.cluster,
        "version": &nodegroup.version,
        "releaseVersion": &nodegroup.release_version,
        "createdAt": world.instant(nodegroup.created),
        "modifiedAt": world.instant(nodegroup.modified),
        "status": nodegroup.status.name(),
        "capacityType": &nodegroup.capacity_type,
        "scalingConfig": size.map(|size| object! { "minSize": size.min, "maxSize": size.max, "desiredSize": size.desired }),
        "instanceTypes": shows_types.then_some(&nodegroup.instance_types),
        "subnets": &nodegroup.subnets,
        "remoteAccess": json!(nodegroup.remote_access),
        "amiType": &nodegroup.ami_type,
        "nodeRole": &nodegroup.node_role,
        "labels": &nodegroup.labels,
        "taints": (!nodegroup.taints.is_empty()).then(|| json!(nodegroup.taints)),
        "resources": object! { "autoScalingGroups": vec![object! { "name": &nodegroup.group }] },
        "diskSize": if with_template { None } else { nodegroup.disk_size },
        "health": object! { "issues": issues },
        "updateConfig": json!(nodegroup.update_config),
        "launchTemplate": nodegroup.source.as_ref().map(|source| object! {
            "name": &source.name,
            "version": source.version.to_string(),
            "id": &source.id,
        }),
        "tags": &nodegroup.tags,
    }
}
