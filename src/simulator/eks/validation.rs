//! What EKS checks of a node group before anything is made or changed. Texts are as published traces show them, where
//! there are any.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::autoscaling::Size;
use super::super::ec2::templates::TemplateData;
use super::super::refusal::Refusal;
use super::super::world::World;
use super::{Source, Taint, UpdateConfig};

pub(super) const NODEGROUPS_PER_CLUSTER: usize = 30;
const NODES_PER_NODEGROUP: u32 = 450;
/// Of labels and of taints.
const MOST: usize = 50;

/// Node group sizes as a request has them: each part may be missing.
#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct ScalingConfig {
    pub(super) min_size: Option<u32>,
    pub(super) max_size: Option<u32>,
    pub(super) desired_size: Option<u32>,
}

/// A launch template as a request names it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TemplateRequest {
    name: Option<String>,
    version: Option<String>,
    id: Option<String>,
}

pub(super) fn invalid_parameter(
    cluster: &str,
    nodegroup: &str,
    message: impl Into<String>,
) -> Refusal {
    Refusal::bad("InvalidParameterException", message)
        .with("clusterName", cluster)
        .with("nodegroupName", nodegroup)
}

pub(super) fn invalid_request(
    cluster: &str,
    nodegroup: &str,
    message: impl Into<String>,
) -> Refusal {
    Refusal::bad("InvalidRequestException", message)
        .with("clusterName", cluster)
        .with("nodegroupName", nodegroup)
}

pub(super) fn in_use(cluster: &str, nodegroup: &str, message: impl Into<String>) -> Refusal {
    Refusal::new("ResourceInUseException", 409, message)
        .with("clusterName", cluster)
        .with("nodegroupName", nodegroup)
}

pub(super) fn check_name(name: &str) -> Result<(), String> {
    let fine = (1..=63).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if fine {
        return Ok(());
    }
    Err("The nodegroup name must be 1 to 63 characters, start with a letter or digit, and contain only letters, digits, hyphens and underscores".to_owned())
}

/// Defaults and bounds of a new group's size.
pub(super) fn created_size(config: ScalingConfig) -> Result<Size, String> {
    let size = Size {
        min: config.min_size.unwrap_or(1),
        max: config.max_size.unwrap_or(2),
        desired: config.desired_size.unwrap_or(2),
    };
    check_bounds(size)?;
    if size.min > size.desired {
        return Err("minSize can't be greater than desiredSize".to_owned());
    }
    if size.desired > size.max {
        return Err("desiredSize can't be greater than maxSize".to_owned());
    }
    Ok(size)
}

/// A group's size with some parts of it changed.
pub(super) fn updated_size(config: ScalingConfig, before: Size) -> Result<Size, String> {
    let size = Size {
        min: config.min_size.unwrap_or(before.min),
        max: config.max_size.unwrap_or(before.max),
        desired: config.desired_size.unwrap_or(before.desired),
    };
    check_bounds(size)?;
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
    Ok(size)
}

fn check_bounds(size: Size) -> Result<(), String> {
    if size.max < 1 {
        return Err("maxSize can't be less than 1".to_owned());
    }
    if size.max > NODES_PER_NODEGROUP {
        return Err(format!(
            "maxSize can't be greater than {NODES_PER_NODEGROUP}"
        ));
    }
    Ok(())
}

pub(super) fn check_labels(labels: &BTreeMap<String, String>) -> Result<(), String> {
    const RESERVED: [&str; 3] = ["kubernetes.io/", "k8s.io/", "eks.amazonaws.com/"];
    let reserved = |key: &String| RESERVED.iter().any(|prefix| key.contains(prefix));
    if labels.keys().any(reserved) {
        return Err(format!(
            "Label cannot contain reserved prefixes [{}]",
            RESERVED.join(", ")
        ));
    }
    if labels.len() > MOST {
        return Err(format!("A node group can have at most {MOST} labels"));
    }
    let valid = |text: &str| text.len() <= 63 && text.bytes().all(is_label_byte);
    let fine = |(key, value): (&String, &String)| {
        let name = key.rsplit('/').next().unwrap_or(key);
        !name.is_empty() && valid(name) && valid(value)
    };
    match labels.iter().find(|pair| !fine(*pair)) {
        Some((key, value)) => Err(format!("Invalid label: {key}={value}")),
        None => Ok(()),
    }
}

fn is_label_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)
}

pub(super) fn check_taints(taints: &[Taint]) -> Result<(), String> {
    const EFFECTS: [&str; 3] = ["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"];
    if taints.len() > MOST {
        return Err(format!("A node group can have at most {MOST} taints"));
    }
    for taint in taints {
        if !EFFECTS.contains(&taint.effect.as_str()) {
            return Err(format!("Invalid taint effect: {}", taint.effect));
        }
        if taint.key.is_empty() || taint.key.len() > 63 {
            return Err("A taint's key must be 1 to 63 characters".to_owned());
        }
    }
    let repeated = taints.iter().enumerate().any(|(at, taint)| {
        taints[..at]
            .iter()
            .any(|other| (&other.key, &other.effect) == (&taint.key, &taint.effect))
    });
    if repeated {
        return Err("Two taints have the same key and effect".to_owned());
    }
    Ok(())
}

pub(super) fn check_update_config(config: &UpdateConfig) -> Result<(), String> {
    match (config.max_unavailable, config.max_unavailable_percentage) {
        (Some(_), Some(_)) => {
            Err("Only one of maxUnavailable and maxUnavailablePercentage can be given".to_owned())
        }
        (Some(0), None) | (None, Some(0)) => {
            Err("maxUnavailable and maxUnavailablePercentage can't be less than 1".to_owned())
        }
        (Some(101..), None) | (None, Some(101..)) => {
            Err("maxUnavailable and maxUnavailablePercentage can't be greater than 100".to_owned())
        }
        _ => Ok(()),
    }
}

pub(super) fn check_subnets(world: &World, subnets: &[String]) -> Result<(), String> {
    if subnets.is_empty() {
        return Err("Subnets must not be empty".to_owned());
    }
    match subnets
        .iter()
        .find(|subnet| !world.ec2.subnets.contains_key(*subnet))
    {
        Some(missing) => Err(format!("The subnet ID '{missing}' does not exist")),
        None => Ok(()),
    }
}

pub(super) fn check_role(world: &World, role: &str) -> Result<(), String> {
    let by_arn = role.starts_with("arn:") && role.contains(":role/");
    if !by_arn || world.iam.role_by_name_or_arn(role).is_none() {
        let name = role.rsplit('/').next().unwrap_or(role);
        return Err(format!("The role with name {name} cannot be found."));
    }
    if !world.iam.role_trusts_service(role, "ec2.amazonaws.com") {
        return Err(format!(
            "Following required service principals [ec2.amazonaws.com] were not found in the trust relationships of nodeRole {role}"
        ));
    }
    Ok(())
}

/// The template and version that a request means, or the refusal.
pub(super) fn find_source(
    world: &World,
    cluster: &str,
    nodegroup: &str,
    request: TemplateRequest,
) -> Result<Source, Refusal> {
    let invalid = |message: String| invalid_request(cluster, nodegroup, message);
    if request.id.is_some() == request.name.is_some() {
        return Err(invalid(
            "Either provide launch template ID or launch template name in the request.".to_owned(),
        ));
    }
    let template = world
        .find_template(request.id.as_deref(), request.name.as_deref())
        .map_err(|refusal| invalid(refusal.message))?;
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

/// What a request says beside its template.
pub(super) struct BesideTemplate<'a> {
    pub(super) instance_types: &'a [String],
    pub(super) disk_size: Option<u32>,
    pub(super) has_remote_access: bool,
    pub(super) ami_type: Option<&'a str>,
    pub(super) has_version: bool,
}

/// What a user's template must not say, or not together with the request.
pub(super) fn check_template(
    id: &str,
    data: &TemplateData,
    beside: &BesideTemplate<'_>,
) -> Result<(), String> {
    if data.instance_profile.is_some() {
        return Err(format!(
            "Launch template {id} should not specify an instance profile. The noderole in your request will be used to construct an instance profile."
        ));
    }
    if beside.disk_size.is_some() {
        return Err("Disk size must be specified within the launch template.".to_owned());
    }
    if beside.has_remote_access {
        return Err(
            "Remote access configuration cannot be specified with a launch template.".to_owned(),
        );
    }
    if data.instance_type.is_some() && !beside.instance_types.is_empty() {
        return Err("Cannot specify instance types in launch template and API Request".to_owned());
    }
    if data.image.is_none() {
        return Ok(());
    }
    if beside.ami_type.is_some_and(|kind| kind != "CUSTOM") {
        return Err("You cannot specify an AMI Type other than CUSTOM, when specifying an image id in your launch template.".to_owned());
    }
    if beside.has_version {
        return Err("You cannot specify a version or release version when specifying an image id in your launch template.".to_owned());
    }
    Ok(())
}
