//! What a group launches from, as requests name it and answers show it.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::super::refusal::Refusal;
use super::super::super::world::World;
use super::super::refresh::Configuration;
use super::super::{Distribution, Mixed, Template};
use super::invalid;

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub(super) struct Specification {
    launch_template_id: Option<String>,
    launch_template_name: Option<String>,
    version: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct MixedRequest {
    launch_template: Option<MixedTemplate>,
    instances_distribution: Option<Distribution>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct MixedTemplate {
    launch_template_specification: Option<Specification>,
    overrides: Option<Vec<Override>>,
}

/// Another instance type. Weights and templates of overrides are not modelled.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Override {
    instance_type: String,
}

/// What a request asks to launch from; `None` when it says nothing of that. `before` is what the group has.
pub(super) fn requested(
    world: &World,
    plain: Option<&Specification>,
    mixed: Option<&MixedRequest>,
    before: Option<&Configuration>,
) -> Result<Option<Configuration>, Refusal> {
    match (plain, mixed) {
        (None, None) => Ok(None),
        (Some(specification), None) => Ok(Some(Configuration {
            template: resolve(world, specification)?,
            mixed: None,
        })),
        (None, Some(mixed)) => requested_mixed(world, mixed, before).map(Some),
        (Some(_), Some(_)) => Err(nothing_to_launch_from()),
    }
}

pub(super) fn nothing_to_launch_from() -> Refusal {
    invalid(
        "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.",
    )
}

fn requested_mixed(
    world: &World,
    request: &MixedRequest,
    before: Option<&Configuration>,
) -> Result<Configuration, Refusal> {
    let part = request.launch_template.as_ref();
    let specification = part.and_then(|part| part.launch_template_specification.as_ref());
    let template = match (specification, before) {
        (Some(specification), _) => resolve(world, specification)?,
        (None, Some(before)) => before.template.clone(),
        (None, None) => return Err(nothing_to_launch_from()),
    };
    let earlier = before.and_then(|before| before.mixed.as_ref());
    let instance_types = match part.and_then(|part| part.overrides.as_ref()) {
        Some(overrides) => overrides
            .iter()
            .map(|other| other.instance_type.clone())
            .collect(),
        None => earlier.map_or_else(Vec::new, |mixed| mixed.instance_types.clone()),
    };
    let mut distribution = request
        .instances_distribution
        .clone()
        .or_else(|| earlier.map(|mixed| mixed.distribution.clone()))
        .unwrap_or_default();
    if distribution.spot_allocation_strategy != "lowest-price" {
        distribution.spot_instance_pools = None;
    }
    Ok(Configuration {
        template,
        mixed: Some(Mixed {
            instance_types,
            distribution,
        }),
    })
}

/// Auto Scaling tries the template with EC2 before it takes it.
fn resolve(world: &World, specification: &Specification) -> Result<Template, Refusal> {
    let malformed = |message: &str| {
        invalid(format!(
            "You must use a valid fully-formed launch template. {message}"
        ))
    };
    let found = world
        .find_template(
            specification.launch_template_id.as_deref(),
            specification.launch_template_name.as_deref(),
        )
        .map_err(|refusal| malformed(&refusal.message))?;
    let name = specification.version.as_deref().unwrap_or("$Default");
    let version = found.version(name).ok_or_else(|| {
        malformed(&format!(
            "Could not find the specified version {name} for the launch template with ID {}.",
            found.id
        ))
    })?;
    if version.data.image.is_none() {
        return Err(malformed("The request must contain the parameter ImageId"));
    }
    Ok(Template {
        id: found.id.clone(),
        name: found.name.clone(),
        version: version.number,
        follows: name.starts_with('$').then(|| name.to_owned()),
    })
}

pub(super) fn specification_json(template: &Template) -> Value {
    let version = template.version.to_string();
    json!({
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "Version": template.follows.as_ref().unwrap_or(&version),
    })
}

pub(super) fn mixed_json(mixed: &Mixed, specification: Value) -> Value {
    let overrides: Vec<Value> = mixed
        .instance_types
        .iter()
        .map(|name| json!({ "InstanceType": name }))
        .collect();
    json!({
        "LaunchTemplate": { "LaunchTemplateSpecification": specification, "Overrides": overrides },
        "InstancesDistribution": mixed.distribution,
    })
}
