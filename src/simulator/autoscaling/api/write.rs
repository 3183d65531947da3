//! Making, changing and deleting groups.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::super::super::refusal::Refusal;
use super::super::super::wire::{Call, Operation};
use super::super::super::world::World;
use super::super::groups::{self, NewGroup};
use super::super::refresh::Configuration;
use super::super::{Group, Settings, Size, controller};
use super::hooks::HookRequest;
use super::tags::TagRequest;
use super::template::{MixedRequest, Specification, nothing_to_launch_from, requested};
use super::{find, find_mut, fixed, invalid};
use crate::policy::launch::autoscaling_role_arn;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("CreateAutoScalingGroup", create),
        Operation::new("UpdateAutoScalingGroup", update),
        Operation::new("DeleteAutoScalingGroup", delete),
    ]
}

/// A group as requests describe it; what an update does not name stays as it is.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GroupRequest {
    auto_scaling_group_name: String,
    launch_template: Option<Specification>,
    mixed_instances_policy: Option<MixedRequest>,
    min_size: Option<u32>,
    max_size: Option<u32>,
    desired_capacity: Option<u32>,
    #[serde(rename = "VPCZoneIdentifier")]
    subnets: Option<String>,
    #[serde(default)]
    availability_zones: Vec<String>,
    default_cooldown: Option<u32>,
    health_check_type: Option<String>,
    health_check_grace_period: Option<u32>,
    termination_policies: Option<Vec<String>>,
    new_instances_protected_from_scale_in: Option<bool>,
    capacity_rebalance: Option<bool>,
    default_instance_warmup: Option<u32>,
    deletion_protection: Option<String>,
    context: Option<String>,
    #[serde(rename = "ServiceLinkedRoleARN")]
    service_linked_role: Option<String>,
    /// Only at creation.
    lifecycle_hook_specification_list: Option<Vec<HookRequest>>,
    /// Only at creation.
    tags: Option<Vec<TagRequest>>,
}

fn create(world: &mut World, _call: &Call, request: GroupRequest) -> Result<Value, Refusal> {
    let name = request.auto_scaling_group_name.clone();
    require_name(&name)?;
    if world.autoscaling.groups.contains_key(&name) {
        let message = format!(
            "AutoScalingGroup by this name already exists - A group with the name {name} already exists"
        );
        return Err(Refusal::bad("AlreadyExists", message));
    }
    let configuration = requested(
        world,
        request.launch_template.as_ref(),
        request.mixed_instances_policy.as_ref(),
        None,
    )?
    .ok_or_else(nothing_to_launch_from)?;
    let (Some(min), Some(max)) = (request.min_size, request.max_size) else {
        return Err(invalid("MinSize and MaxSize are required"));
    };
    let size = bounds(min, max, request.desired_capacity.unwrap_or(min))?;
    let subnets = subnets(
        world,
        request.subnets.as_deref(),
        &request.availability_zones,
    )?;
    let mut settings = request.settings(world, Settings::default())?;
    settings.mixed = configuration.mixed;
    let hooks = request
        .lifecycle_hook_specification_list
        .unwrap_or_default();
    let hooks = hooks
        .into_iter()
        .map(|hook| hook.over(None))
        .collect::<Result<Vec<_>, _>>()?;
    let (mut tags, mut kept_tags) = (BTreeMap::new(), BTreeSet::new());
    for tag in request.tags.unwrap_or_default() {
        tag.apply(&mut tags, &mut kept_tags);
    }
    let new = NewGroup {
        name,
        size,
        template: configuration.template,
        subnets,
        settings,
        tags,
        kept_tags,
        hooks,
        suspended: Vec::new(),
    };
    groups::create(world, new);
    Ok(Value::Null)
}

fn require_name(name: &str) -> Result<(), Refusal> {
    // Documented: any ASCII character 33 to 126 but the colon. The text is the API's for constraints of its model.
    let fine = |byte: u8| (33..=126).contains(&byte) && byte != b':';
    if name.is_empty() || name.len() > 255 || !name.bytes().all(fine) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{name}' at 'autoScalingGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern"
        )));
    }
    Ok(())
}

fn bounds(min: u32, max: u32, desired: u32) -> Result<Size, Refusal> {
    if min > max {
        return Err(invalid(
            "Max bound must be greater than or equal to min bound",
        ));
    }
    if !(min..=max).contains(&desired) {
        return Err(invalid(format!(
            "Desired capacity:{desired} must be between the specified min size:{min} and max size:{max}"
        )));
    }
    Ok(Size { min, max, desired })
}

/// The ids of a comma-separated list, which have to exist and to be in the zones, if those are named too.
fn subnets(world: &World, list: Option<&str>, zones: &[String]) -> Result<Vec<String>, Refusal> {
    let ids: Vec<String> = list
        .unwrap_or_default()
        .split(',')
        .map(|id| id.trim().to_owned())
        .filter(|id| !id.is_empty())
        .collect();
    if ids.is_empty() {
        // The account has no default VPC, so a zone alone is not enough.
        return Err(invalid(match zones.is_empty() {
            true => "At least one Availability Zone or VPC Subnet is required.",
            false => "No default VPC for this user",
        }));
    }
    for id in &ids {
        let Some(subnet) = world.ec2.subnets.get(id) else {
            return Err(invalid(format!("The subnet ID '{id}' does not exist")));
        };
        if !zones.is_empty() && !zones.contains(&subnet.zone) {
            return Err(invalid(
                "The availability zones of the specified subnets and the Auto Scaling group do not match",
            ));
        }
    }
    Ok(ids)
}

impl GroupRequest {
    /// The settings that this makes of those before.
    fn settings(&self, world: &World, before: Settings) -> Result<Settings, Refusal> {
        self.check(world)?;
        let policies = self.termination_policies.clone();
        Ok(Settings {
            health_check_type: self
                .health_check_type
                .clone()
                .unwrap_or(before.health_check_type),
            health_check_grace: self
                .health_check_grace_period
                .unwrap_or(before.health_check_grace),
            cooldown: self.default_cooldown.unwrap_or(before.cooldown),
            warmup: self.default_instance_warmup.or(before.warmup),
            termination_policies: policies
                .filter(|policies| !policies.is_empty())
                .unwrap_or(before.termination_policies),
            protects_new: self
                .new_instances_protected_from_scale_in
                .unwrap_or(before.protects_new),
            capacity_rebalance: self.capacity_rebalance.or(before.capacity_rebalance),
            deletion_protection: self
                .deletion_protection
                .clone()
                .or(before.deletion_protection),
            context: self.context.clone().or(before.context),
            ..before
        })
    }

    fn check(&self, world: &World) -> Result<(), Refusal> {
        if let Some(kind) = self
            .health_check_type
            .as_ref()
            .filter(|kind| *kind != "EC2")
        {
            return Err(invalid(format!("HealthCheckType {kind} is not simulated")));
        }
        for policy in self.termination_policies.iter().flatten() {
            if !fixed::TERMINATION_POLICIES.contains(&policy.as_str()) {
                return Err(invalid(format!(
                    "The termination policy {policy} is not valid"
                )));
            }
        }
        let levels = ["none", "prevent-force-deletion", "prevent-all-deletion"];
        if let Some(level) = &self.deletion_protection
            && !levels.contains(&level.as_str())
        {
            return Err(invalid(format!(
                "1 validation error detected: Value '{level}' at 'deletionProtection' failed to satisfy constraint: Member must satisfy enum value set: [none, prevent-force-deletion, prevent-all-deletion]"
            )));
        }
        let role = autoscaling_role_arn(&world.account);
        match &self.service_linked_role {
            Some(other) if *other != role => Err(invalid(format!(
                "ServiceLinkedRoleARN {other} is not simulated"
            ))),
            _ => Ok(()),
        }
    }
}

fn update(world: &mut World, _call: &Call, request: GroupRequest) -> Result<Value, Refusal> {
    if request.tags.is_some() || request.lifecycle_hook_specification_list.is_some() {
        let message = "UpdateAutoScalingGroup changes neither tags nor lifecycle hooks";
        return Err(invalid(message));
    }
    let name = request.auto_scaling_group_name.clone();
    let group = find(world, &name)?;
    require_staying(group)?;
    let before = Configuration {
        template: group.template.clone(),
        mixed: group.settings.mixed.clone(),
    };
    let after = requested(
        world,
        request.launch_template.as_ref(),
        request.mixed_instances_policy.as_ref(),
        Some(&before),
    )?
    .unwrap_or(before);
    let size = updated_size(
        group.size,
        request.min_size,
        request.max_size,
        request.desired_capacity,
    )?;
    let subnets = match (&request.subnets, request.availability_zones.as_slice()) {
        (None, []) => group.subnets.clone(),
        (list, zones) => subnets(world, list.as_deref(), zones)?,
    };
    let mut settings = request.settings(world, group.settings.clone())?;
    settings.mixed = after.mixed;
    let group = find_mut(world, &name)?;
    group.settings = settings;
    group.template = after.template;
    group.subnets = subnets;
    controller::resize(world, &name, size);
    Ok(Value::Null)
}

/// Bounds pull the desired capacity along unless it is given.
fn updated_size(
    before: Size,
    min: Option<u32>,
    max: Option<u32>,
    desired: Option<u32>,
) -> Result<Size, Refusal> {
    let (min, max) = (min.unwrap_or(before.min), max.unwrap_or(before.max));
    let pulled = before.desired.max(min).min(max);
    bounds(min, max, desired.unwrap_or(pulled))
}

/// A group that is being deleted is not changed any more.
pub(super) fn require_staying(group: &Group) -> Result<(), Refusal> {
    if group.deleting {
        let message =
            "You cannot perform this operation on an AutoScalingGroup that is pending delete.";
        return Err(Refusal::bad("ScalingActivityInProgress", message));
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteRequest {
    auto_scaling_group_name: String,
    #[serde(default)]
    force_delete: bool,
}

fn delete(world: &mut World, _call: &Call, request: DeleteRequest) -> Result<Value, Refusal> {
    let name = request.auto_scaling_group_name;
    let group = find(world, &name)?;
    let protection = group.settings.deletion_protection.as_deref();
    let protected = match protection {
        Some("prevent-all-deletion") => true,
        Some("prevent-force-deletion") => request.force_delete,
        _ => false,
    };
    if protected {
        // Text: inferred; the model documents the protection but not its error.
        let level = protection.unwrap_or_default();
        return Err(invalid(format!(
            "You cannot delete Auto Scaling group {name} because its deletion protection is {level}."
        )));
    }
    if !request.force_delete {
        if group.capacity() > 0 || group.members.len() > leaving(group) {
            let message = "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.";
            return Err(Refusal::bad("ResourceInUse", message));
        }
        if !group.members.is_empty() {
            let message = "You cannot delete an AutoScalingGroup while there are scaling activities in progress for that group.";
            return Err(Refusal::bad("ScalingActivityInProgress", message));
        }
    }
    groups::delete(world, &name);
    Ok(Value::Null)
}

fn leaving(group: &Group) -> usize {
    group
        .members
        .iter()
        .filter(|member| member.lifecycle == super::super::Lifecycle::Terminating)
        .count()
}
