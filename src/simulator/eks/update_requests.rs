//! EKS operations that change managed node groups. Each makes an update, which `update` sees through.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::autoscaling::Size;
use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::cluster::nodegroup;
use super::creation::source_data;
use super::update::{self, ConfigChange};
use super::updates::update_json;
use super::validation::{
    BesideTemplate, ScalingConfig, TemplateRequest, check_labels, check_taints, check_template,
    check_update_config, find_source, in_use, invalid_parameter, invalid_request, updated_size,
};
use super::{Nodegroup, NodegroupId, Source, Status, Taint, UpdateConfig};

pub(super) fn operations() -> Vec<Operation> {
    vec![
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

/// Both begin alike: a repeated request gets the update that it made, and only a node group at rest takes a new one,
/// which `start` makes.
fn updated(
    world: &mut World,
    id: &NodegroupId,
    token: Option<&str>,
    when_degraded: bool,
    start: impl FnOnce(&mut World) -> Result<String, Refusal>,
) -> Result<Value, Refusal> {
    let found = nodegroup(world, &id.0, &id.1)?;
    let repeated = found
        .updates
        .iter()
        .find(|update| token.is_some() && update.token.as_deref() == token);
    if let Some(known) = repeated {
        return Ok(json!({ "update": update_json(world, known) }));
    }
    let at_rest = match found.status {
        Status::Active => true,
        Status::Degraded => when_degraded,
        _ => false,
    };
    if !at_rest {
        let message = "Nodegroup cannot be updated as it is currently not in Active State";
        return Err(in_use(&id.0, &id.1, message));
    }
    let update = start(world)?;
    let update = nodegroup(world, &id.0, &id.1)?
        .updates
        .iter()
        .find(|known| known.id == update)
        .map(|known| update_json(world, known));
    Ok(json!({ "update": update }))
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct LabelsPayload {
    add_or_update_labels: BTreeMap<String, String>,
    remove_labels: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct TaintsPayload {
    add_or_update_taints: Vec<Taint>,
    remove_taints: Vec<Taint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UpdateConfigRequest {
    name: String,
    nodegroup_name: String,
    scaling_config: Option<ScalingConfig>,
    labels: Option<LabelsPayload>,
    taints: Option<TaintsPayload>,
    update_config: Option<UpdateConfig>,
    client_request_token: Option<String>,
}

fn update_config(
    world: &mut World,
    _call: &Call,
    request: UpdateConfigRequest,
) -> Result<Value, Refusal> {
    let id = (request.name.clone(), request.nodegroup_name.clone());
    let token = request.client_request_token.clone();
    updated(world, &id, token.as_deref(), true, |world| {
        let found = nodegroup(world, &id.0, &id.1)?;
        let change = config_change(world, found, request)
            .map_err(|message| invalid_parameter(&id.0, &id.1, message))?;
        Ok(update::start_config_update(
            world,
            &id,
            change,
            token.clone(),
        ))
    })
}

fn config_change(
    world: &World,
    found: &Nodegroup,
    request: UpdateConfigRequest,
) -> Result<ConfigChange, String> {
    let mut parameters = Vec::new();
    let before = world.autoscaling.groups.get(&found.group);
    // A group that is gone is found out by the update itself.
    let before = before.map_or(
        Size {
            min: 0,
            max: 1,
            desired: 0,
        },
        |group| group.size,
    );
    let size = request
        .scaling_config
        .map(|config| updated_size(config, before))
        .transpose()?;
    if let Some(config) = request.scaling_config {
        let values = [
            ("MinSize", config.min_size),
            ("MaxSize", config.max_size),
            ("DesiredSize", config.desired_size),
        ];
        let given = values
            .into_iter()
            .filter_map(|(kind, value)| Some((kind, value?.to_string())));
        parameters.extend(given);
    }
    let labels = changed_labels(found, request.labels.unwrap_or_default(), &mut parameters)?;
    let taints = changed_taints(found, request.taints.unwrap_or_default(), &mut parameters)?;
    if let Some(config) = &request.update_config {
        check_update_config(config)?;
        let values = [
            ("MaxUnavailable", config.max_unavailable),
            (
                "MaxUnavailablePercentage",
                config.max_unavailable_percentage,
            ),
        ];
        let given = values
            .into_iter()
            .filter_map(|(kind, value)| Some((kind, value?.to_string())));
        parameters.extend(given);
    }
    Ok(ConfigChange {
        size,
        labels,
        taints,
        update_config: request.update_config,
        parameters,
    })
}

type Parameters = Vec<(&'static str, String)>;

fn changed_labels(
    found: &Nodegroup,
    payload: LabelsPayload,
    parameters: &mut Parameters,
) -> Result<BTreeMap<String, String>, String> {
    let (add, remove) = (payload.add_or_update_labels, payload.remove_labels);
    if !add.is_empty() {
        parameters.push(("LabelsToAdd", json!(add).to_string()));
    }
    if !remove.is_empty() {
        parameters.push(("LabelsToRemove", json!(remove).to_string()));
    }
    check_labels(&add)?;
    let mut labels = found.labels.clone();
    labels.retain(|name, _| !remove.contains(name));
    labels.extend(add);
    check_labels(&labels)?;
    Ok(labels)
}

fn changed_taints(
    found: &Nodegroup,
    payload: TaintsPayload,
    parameters: &mut Parameters,
) -> Result<Vec<Taint>, String> {
    let (add, remove) = (payload.add_or_update_taints, payload.remove_taints);
    if !add.is_empty() {
        parameters.push(("TaintsToAdd", json!(add).to_string()));
    }
    if !remove.is_empty() {
        parameters.push(("TaintsToRemove", json!(remove).to_string()));
    }
    let same = |one: &Taint, other: &Taint| (&one.key, &one.effect) == (&other.key, &other.effect);
    let replaced = |taint: &Taint| {
        add.iter()
            .chain(&remove)
            .any(|changed| same(changed, taint))
    };
    let mut taints = found.taints.clone();
    taints.retain(|taint| !replaced(taint));
    taints.extend(add.iter().cloned());
    check_taints(&taints)?;
    Ok(taints)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UpdateVersionRequest {
    name: String,
    nodegroup_name: String,
    version: Option<String>,
    release_version: Option<String>,
    launch_template: Option<TemplateRequest>,
    #[serde(default)]
    force: bool,
    client_request_token: Option<String>,
}

fn update_version(
    world: &mut World,
    _call: &Call,
    mut request: UpdateVersionRequest,
) -> Result<Value, Refusal> {
    let id = (request.name.clone(), request.nodegroup_name.clone());
    let token = request.client_request_token.take();
    let when_degraded = world.options.degraded_takes_version_update;
    updated(world, &id, token.as_deref(), when_degraded, |world| {
        let force = request.force;
        let found = nodegroup(world, &id.0, &id.1)?;
        let (source, parameters) = match request.launch_template.take() {
            Some(template) => {
                let source = wanted_source(world, found, &request, template)?;
                let parameters = vec![("LaunchTemplateVersion", source.version.to_string())];
                (Some(source), parameters)
            }
            None => {
                let parameters = wanted_release(found, &request)
                    .map_err(|message| invalid_parameter(&id.0, &id.1, message))?;
                (found.source.clone(), parameters)
            }
        };
        Ok(update::start_version_update(
            world,
            &id,
            update::VersionChange {
                source,
                parameters,
                force,
            },
            token.clone(),
        ))
    })
}

/// The version of the node group's template that it is to move to.
fn wanted_source(
    world: &World,
    found: &Nodegroup,
    request: &UpdateVersionRequest,
    template: TemplateRequest,
) -> Result<Source, Refusal> {
    let refused = |message: &str| invalid_request(&found.cluster, &found.name, message);
    if request.version.is_some() || request.release_version.is_some() {
        return Err(invalid_parameter(
            &found.cluster,
            &found.name,
            "Version and ReleaseVersion updates cannot be combined with other updates",
        ));
    }
    let source = find_source(world, &found.cluster, &found.name, template)?;
    match &found.source {
        None => Err(refused(
            "You cannot add a launch template to a node group that was created without one",
        )),
        Some(present) if present.id != source.id => Err(refused(
            "You cannot change the launch template of a node group, only its version",
        )),
        Some(_) => {
            let beside = BesideTemplate {
                instance_types: &found.instance_types,
                disk_size: None,
                has_remote_access: false,
                ami_type: Some(&found.ami_type)
                    .filter(|kind| *kind == "CUSTOM")
                    .map(String::as_str),
                has_version: false,
            };
            check_template(&source.id, &source_data(world, &source), &beside)
                .map_err(|message| invalid_parameter(&found.cluster, &found.name, message))?;
            Ok(source)
        }
    }
}

/// There is one release of nodes for the cluster's version, which every node group has: an update to it replaces
/// nothing.
fn wanted_release(found: &Nodegroup, request: &UpdateVersionRequest) -> Result<Parameters, String> {
    let (version, release) = (&found.version, &found.release_version);
    if found.ami_type == "CUSTOM" {
        return Err("You cannot specify a version or release version when specifying an image id in your launch template.".to_owned());
    }
    if request
        .version
        .as_ref()
        .is_some_and(|wanted| wanted != version)
    {
        return Err(format!(
            "Nodegroup Kubernetes version should be equal to Cluster kubernetes version {version} or NodeGroup kubernetes version {version}"
        ));
    }
    match &request.release_version {
        Some(wanted) if wanted != release => Err(format!(
            "Requested release version {wanted} is not valid for kubernetes version {version}."
        )),
        _ => Ok(vec![
            ("Version", version.clone()),
            ("ReleaseVersion", release.clone()),
        ]),
    }
}
