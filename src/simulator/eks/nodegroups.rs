//! EKS operations on managed node groups.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::autoscaling::Size;
use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::api::{cluster, issue_json, nodegroup, update_json};
use super::creation::{self, NewNodegroup};
use super::{Nodegroup, Source, Status, update};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("ListNodegroups", list).at("GET", "/clusters/{name}/node-groups"),
        Operation::new("CreateNodegroup", create).at("POST", "/clusters/{name}/node-groups"),
        Operation::new("DescribeNodegroup", describe)
            .at("GET", "/clusters/{name}/node-groups/{nodegroupName}"),
        Operation::new("DeleteNodegroup", delete)
            .at("DELETE", "/clusters/{name}/node-groups/{nodegroupName}"),
        Operation::new("UpdateNodegroupConfig", update_config).at(
            "POST",
            "/clusters/{name}/node-groups/{nodegroupName}/update-config",
        ),
        Operation::new("UpdateNodegroupVersion", update_version).at(
            "POST",
            "/clusters/{name}/node-groups/{nodegroupName}/update-version",
        ),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListRequest {
    name: String,
    #[serde(rename = "maxResults")]
    _max_results: Option<u32>,
}

fn list(world: &mut World, _call: &Call, request: ListRequest) -> Result<Value, Refusal> {
    cluster(world, &request.name)?;
    let names: Vec<&str> = world
        .eks
        .nodegroups
        .values()
        .filter(|nodegroup| nodegroup.cluster == request.name)
        .map(|nodegroup| nodegroup.name.as_str())
        .collect();
    Ok(json!({ "nodegroups": names }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NamedRequest {
    name: String,
    nodegroup_name: String,
}

fn describe(world: &mut World, _call: &Call, request: NamedRequest) -> Result<Value, Refusal> {
    let nodegroup = nodegroup(world, &request.name, &request.nodegroup_name)?;
    Ok(json!({ "nodegroup": nodegroup_json(world, nodegroup) }))
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct ScalingConfig {
    min_size: Option<u32>,
    max_size: Option<u32>,
    desired_size: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TemplateRequest {
    name: Option<String>,
    version: Option<String>,
    id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UpdateConfig {
    max_unavailable: Option<u32>,
    #[serde(rename = "maxUnavailablePercentage")]
    _max_unavailable_percentage: Option<u32>,
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
    node_role: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(rename = "clientRequestToken")]
    _client_request_token: Option<String>,
    launch_template: Option<TemplateRequest>,
    update_config: Option<UpdateConfig>,
    capacity_type: Option<String>,
    version: Option<String>,
    release_version: Option<String>,
}

fn create(world: &mut World, _call: &Call, request: CreateRequest) -> Result<Value, Refusal> {
    let (cluster_name, name) = (request.name, request.nodegroup_name);
    let found = cluster(world, &cluster_name)?;
    let version = request.version.unwrap_or_else(|| found.version.clone());
    let release_version = request
        .release_version
        .unwrap_or_else(|| found.release_version.clone());
    let invalid = |message: String| invalid_parameter(&cluster_name, &name, message);
    if !valid_name(&name) {
        return Err(invalid("The nodegroup name must be 1 to 63 characters, start with a letter or digit, and contain only letters, digits, hyphens and underscores".to_owned()));
    }
    if world
        .eks
        .nodegroups
        .contains_key(&(cluster_name.clone(), name.clone()))
    {
        let message =
            format!("NodeGroup already exists with name {name} and cluster name {cluster_name}");
        return Err(in_use(&cluster_name, &name, message));
    }
    if let Some(missing) = request
        .subnets
        .iter()
        .find(|subnet| !world.ec2.subnets.contains_key(*subnet))
    {
        return Err(invalid(format!("The subnet ID '{missing}' does not exist")));
    }
    if request.subnets.is_empty() {
        return Err(invalid("Subnets must not be empty".to_owned()));
    }
    if !world
        .iam
        .roles
        .values()
        .any(|role| role.arn == request.node_role)
    {
        return Err(invalid(format!(
            "The role with name {} cannot be found.",
            request.node_role
        )));
    }
    let size = created_size(request.scaling_config).map_err(invalid)?;
    let source = request
        .launch_template
        .map(|template| find_source(world, &cluster_name, &name, template))
        .transpose()?;
    let created = creation::create(
        world,
        NewNodegroup {
            cluster: cluster_name,
            name,
            size,
            source,
            subnets: request.subnets,
            node_role: request.node_role,
            ami_type: request
                .ami_type
                .unwrap_or_else(|| "AL2023_x86_64_STANDARD".to_owned()),
            capacity_type: request
                .capacity_type
                .unwrap_or_else(|| "ON_DEMAND".to_owned()),
            instance_types: request.instance_types,
            disk_size: request.disk_size,
            labels: request.labels,
            tags: request.tags,
            max_unavailable: request
                .update_config
                .and_then(|config| config.max_unavailable)
                .unwrap_or(1),
            version,
            release_version,
        },
    );
    describe_created(world, created)
}

fn describe_created(world: &World, id: super::NodegroupId) -> Result<Value, Refusal> {
    Ok(json!({ "nodegroup": nodegroup_json(world, nodegroup(world, &id.0, &id.1)?) }))
}

fn valid_name(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Defaults and bounds of a new group's size.
fn created_size(config: ScalingConfig) -> Result<Size, String> {
    let size = Size {
        min: config.min_size.unwrap_or(1),
        max: config.max_size.unwrap_or(2),
        desired: config.desired_size.unwrap_or(2),
    };
    if size.max < 1 {
        return Err("maxSize can't be less than 1".to_owned());
    }
    if size.min > size.desired {
        return Err("minSize can't be greater than desiredSize".to_owned());
    }
    if size.desired > size.max {
        return Err("desiredSize can't be greater than maxSize".to_owned());
    }
    Ok(size)
}

fn find_source(
    world: &World,
    cluster: &str,
    name: &str,
    request: TemplateRequest,
) -> Result<Source, Refusal> {
    let invalid = |message: String| {
        Refusal::bad("InvalidRequestException", message)
            .with("clusterName", cluster)
            .with("nodegroupName", name)
    };
    if request.id.is_some() == request.name.is_some() {
        return Err(invalid(
            "Either provide launch template ID or launch template name in the request.".to_owned(),
        ));
    }
    let template = world
        .find_template(request.id.as_deref(), request.name.as_deref())
        .map_err(|refusal| {
            invalid(format!(
                "Launch template details can't be null for Custom ami type node group: {}",
                refusal.message
            ))
        })?;
    let wanted = request.version.unwrap_or_else(|| "$Default".to_owned());
    let version = template.version(&wanted).ok_or_else(|| {
        invalid(format!(
            "You requested launch template version {wanted} of {}, which does not exist",
            template.id
        ))
    })?;
    Ok(Source {
        id: template.id.clone(),
        name: template.name.clone(),
        version: version.number,
    })
}

fn delete(world: &mut World, _call: &Call, request: NamedRequest) -> Result<Value, Refusal> {
    let found = nodegroup(world, &request.name, &request.nodegroup_name)?;
    if matches!(found.status, Status::Creating | Status::Updating) {
        let message =
            "Nodegroup cannot be deleted as it is currently not in Active State".to_owned();
        return Err(in_use(&request.name, &request.nodegroup_name, message));
    }
    if found.status != Status::Deleting {
        creation::delete(
            world,
            &(request.name.clone(), request.nodegroup_name.clone()),
        );
    }
    let nodegroup = nodegroup(world, &request.name, &request.nodegroup_name)?;
    Ok(json!({ "nodegroup": nodegroup_json(world, nodegroup) }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LabelsPayload {
    #[serde(default)]
    add_or_update_labels: BTreeMap<String, String>,
    #[serde(default)]
    remove_labels: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UpdateConfigRequest {
    name: String,
    nodegroup_name: String,
    scaling_config: Option<ScalingConfig>,
    labels: Option<LabelsPayload>,
    client_request_token: Option<String>,
}

fn update_config(
    world: &mut World,
    _call: &Call,
    request: UpdateConfigRequest,
) -> Result<Value, Refusal> {
    let (cluster_name, name) = (request.name, request.nodegroup_name);
    let found = nodegroup(world, &cluster_name, &name)?;
    if let Some(known) = repeated(found, request.client_request_token.as_deref()) {
        return Ok(json!({ "update": update_json(world, known) }));
    }
    require_updatable(found)?;
    let mut parameters = Vec::new();
    let size = match request.scaling_config {
        Some(config) => {
            let before = world
                .autoscaling
                .groups
                .get(&found.group)
                .map(|group| group.size);
            let size = updated_size(config, before)
                .map_err(|message| invalid_parameter(&cluster_name, &name, message))?;
            let values = [
                ("MinSize", config.min_size),
                ("MaxSize", config.max_size),
                ("DesiredSize", config.desired_size),
            ];
            parameters.extend(
                values
                    .into_iter()
                    .filter_map(|(kind, value)| Some((kind, value?.to_string()))),
            );
            Some(size)
        }
        None => None,
    };
    let id = (cluster_name, name);
    if let Some(labels) = &request.labels {
        parameters.extend(label_parameters(labels));
        update::change_labels(
            world,
            &id,
            &labels.add_or_update_labels,
            &labels.remove_labels,
        );
    }
    let update =
        update::start_config_update(world, &id, size, parameters, request.client_request_token);
    reply_update(world, &id, &update)
}

fn label_parameters(labels: &LabelsPayload) -> Vec<(&'static str, String)> {
    let mut parameters = Vec::new();
    if !labels.add_or_update_labels.is_empty() {
        parameters.push((
            "LabelsToAdd",
            json!(labels.add_or_update_labels).to_string(),
        ));
    }
    if !labels.remove_labels.is_empty() {
        parameters.push(("LabelsToRemove", json!(labels.remove_labels).to_string()));
    }
    parameters
}

fn repeated<'a>(nodegroup: &'a Nodegroup, token: Option<&str>) -> Option<&'a super::Update> {
    let token = token?;
    nodegroup
        .updates
        .iter()
        .find(|update| update.token.as_deref() == Some(token))
}

fn require_updatable(nodegroup: &Nodegroup) -> Result<(), Refusal> {
    if matches!(nodegroup.status, Status::Active | Status::Degraded) {
        return Ok(());
    }
    let message = "Nodegroup cannot be updated as it is currently not in Active State".to_owned();
    Err(in_use(&nodegroup.cluster, &nodegroup.name, message))
}

fn updated_size(config: ScalingConfig, before: Option<Size>) -> Result<Size, String> {
    let before = before.unwrap_or(Size {
        min: 0,
        max: 1,
        desired: 0,
    });
    let size = Size {
        min: config.min_size.unwrap_or(before.min),
        max: config.max_size.unwrap_or(before.max),
        desired: config.desired_size.unwrap_or(before.desired),
    };
    if size.min > size.desired {
        return Err(format!(
            "Minimum capacity {} can't be greater than desired size {}",
            size.min, size.desired
        ));
    }
    if size.desired > size.max {
        return Err(format!(
            "Desired capacity {} can't be greater than max size {}",
            size.desired, size.max
        ));
    }
    if size.max < 1 {
        return Err("maxSize can't be less than 1".to_owned());
    }
    Ok(size)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UpdateVersionRequest {
    name: String,
    nodegroup_name: String,
    launch_template: Option<TemplateRequest>,
    #[serde(default, rename = "force")]
    _force: bool,
    client_request_token: Option<String>,
}

fn update_version(
    world: &mut World,
    _call: &Call,
    request: UpdateVersionRequest,
) -> Result<Value, Refusal> {
    let (cluster_name, name) = (request.name, request.nodegroup_name);
    let found = nodegroup(world, &cluster_name, &name)?;
    if let Some(known) = repeated(found, request.client_request_token.as_deref()) {
        return Ok(json!({ "update": update_json(world, known) }));
    }
    require_updatable(found)?;
    let refused = |message: &str| {
        Refusal::bad("InvalidRequestException", message)
            .with("clusterName", cluster_name.as_str())
            .with("nodegroupName", name.as_str())
    };
    let Some(template) = request.launch_template else {
        return Err(refused(
            "updating to another release version is not simulated: name a launch template version",
        ));
    };
    let source = find_source(world, &cluster_name, &name, template)?;
    match &found.source {
        None => {
            return Err(refused(
                "You cannot add a launch template to a node group that was created without one",
            ));
        }
        Some(present) if present.id != source.id => {
            return Err(refused(
                "You cannot change the launch template of a node group, only its version",
            ));
        }
        Some(_) => {}
    }
    let id = (cluster_name, name);
    let update = update::start_version_update(world, &id, source, request.client_request_token);
    reply_update(world, &id, &update)
}

fn reply_update(world: &World, id: &super::NodegroupId, update: &str) -> Result<Value, Refusal> {
    let found = nodegroup(world, &id.0, &id.1)?;
    let update = found
        .updates
        .iter()
        .find(|known| known.id == update)
        .map(|known| update_json(world, known));
    Ok(json!({ "update": update }))
}

fn invalid_parameter(cluster: &str, nodegroup: &str, message: String) -> Refusal {
    Refusal::bad("InvalidParameterException", message)
        .with("clusterName", cluster)
        .with("nodegroupName", nodegroup)
}

fn in_use(cluster: &str, nodegroup: &str, message: String) -> Refusal {
    Refusal::new("ResourceInUseException", 409, message)
        .with("clusterName", cluster)
        .with("nodegroupName", nodegroup)
}

fn nodegroup_json(world: &World, nodegroup: &Nodegroup) -> Value {
    let size = world
        .autoscaling
        .groups
        .get(&nodegroup.group)
        .map(|group| group.size);
    let with_template = nodegroup.source.is_some();
    let instance_types = match (with_template, nodegroup.instance_types.is_empty()) {
        (true, true) => Value::Null,
        _ => json!(nodegroup.instance_types),
    };
    json!({
        "nodegroupName": nodegroup.name,
        "nodegroupArn": nodegroup.arn,
        "clusterName": nodegroup.cluster,
        "version": nodegroup.version,
        "releaseVersion": nodegroup.release_version,
        "createdAt": world.timestamp(nodegroup.created),
        "modifiedAt": world.timestamp(nodegroup.modified),
        "status": nodegroup.status.name(),
        "capacityType": nodegroup.capacity_type,
        "scalingConfig": size.map(|size| json!({ "minSize": size.min, "maxSize": size.max, "desiredSize": size.desired })),
        "instanceTypes": instance_types,
        "subnets": nodegroup.subnets,
        "amiType": nodegroup.ami_type,
        "nodeRole": nodegroup.node_role,
        "labels": nodegroup.labels,
        "resources": { "autoScalingGroups": [{ "name": nodegroup.group }] },
        "diskSize": if with_template { None } else { nodegroup.disk_size },
        "health": { "issues": nodegroup.issues.iter().map(issue_json).collect::<Vec<_>>() },
        "updateConfig": { "maxUnavailable": nodegroup.max_unavailable },
        "launchTemplate": nodegroup.source.as_ref().map(|source| json!({
            "name": source.name,
            "version": source.version.to_string(),
            "id": source.id,
        })),
        "tags": nodegroup.tags,
    })
}
