//! What a user does to single instances of a group: health, protection, standby, leaving and joining.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::super::ec2::instances::InstanceState;
use super::super::super::refusal::Refusal;
use super::super::super::wire::{Answer, Call, Operation};
use super::super::super::world::World;
use super::super::moves::{self, Move};
use super::super::{Group, Lifecycle, health};
use super::capacity::shown;
use super::write::require_staying;
use super::{find, find_mut, invalid, require_members};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("SetInstanceHealth", set_health),
        Operation::new("SetInstanceProtection", set_protection),
        Operation::new("EnterStandby", enter_standby),
        Operation::new("ExitStandby", exit_standby),
        Operation::new("DetachInstances", detach),
        Operation::new("AttachInstances", attach),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct HealthRequest {
    instance_id: String,
    health_status: String,
    should_respect_grace_period: Option<bool>,
}

fn set_health(world: &mut World, _call: &Call, request: HealthRequest) -> Result<Value, Refusal> {
    let instance = request.instance_id;
    let Some((group, member)) = world.membership(&instance) else {
        return Err(invalid(format!(
            "Instance Id not found - No managed instance found for instance ID: {instance}"
        )));
    };
    let grace = std::time::Duration::from_secs(group.settings.health_check_grace.into());
    let in_grace = member
        .in_service_since
        .is_none_or(|since| world.now().since(since) < grace);
    let name = group.name.clone();
    let respects = request.should_respect_grace_period.unwrap_or(true);
    let member = find_mut(world, &name)?.member_mut(&instance);
    match request.health_status.as_str() {
        "Healthy" => {
            if let Some(member) = member {
                member.unhealthy = None;
            }
        }
        "Unhealthy" if in_grace && respects => {}
        "Unhealthy" => {
            health::mark(member, health::CALLED);
            health::schedule_check(world, &name, &instance);
        }
        other => {
            return Err(invalid(format!(
                "Valid instance health states are: [Healthy, Unhealthy] but was: {other}"
            )));
        }
    }
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ProtectionRequest {
    auto_scaling_group_name: String,
    instance_ids: Vec<String>,
    protected_from_scale_in: bool,
}

fn set_protection(
    world: &mut World,
    _call: &Call,
    request: ProtectionRequest,
) -> Result<Value, Refusal> {
    let group = find_mut(world, &request.auto_scaling_group_name)?;
    require_members(group, &request.instance_ids)?;
    let wanted = [Lifecycle::InService, Lifecycle::Standby];
    let text = "InService or EnteringStandby or Standby";
    require_lifecycle(group, &request.instance_ids, &wanted, text)?;
    for id in &request.instance_ids {
        if let Some(member) = group.member_mut(id) {
            member.protected = request.protected_from_scale_in;
        }
    }
    Ok(json!({}))
}

fn require_lifecycle(
    group: &Group,
    instances: &[String],
    wanted: &[Lifecycle],
    text: &str,
) -> Result<(), Refusal> {
    let other = group
        .members
        .iter()
        .find(|member| instances.contains(&member.instance) && !wanted.contains(&member.lifecycle));
    match other {
        Some(member) => Err(invalid(format!(
            "The instance {} is not in {text}.",
            member.instance
        ))),
        None => Ok(()),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct LeaveRequest {
    auto_scaling_group_name: String,
    instance_ids: Vec<String>,
    should_decrement_desired_capacity: bool,
}

fn enter_standby(world: &mut World, _call: &Call, request: LeaveRequest) -> Result<Value, Refusal> {
    leave(world, &request, Move::EnterStandby, "place into standby")
}

fn detach(world: &mut World, _call: &Call, request: LeaveRequest) -> Result<Value, Refusal> {
    leave(world, &request, Move::Detach, "detach")
}

fn leave(
    world: &mut World,
    request: &LeaveRequest,
    how: Move,
    verb: &str,
) -> Result<Value, Refusal> {
    let (name, instances) = (&request.auto_scaling_group_name, &request.instance_ids);
    let group = find(world, name)?;
    require_members(group, instances)?;
    let wanted = match how {
        Move::Detach => &[Lifecycle::InService, Lifecycle::Standby][..],
        _ => &[Lifecycle::InService],
    };
    require_lifecycle(group, instances, wanted, "InService")?;
    let count = u32::try_from(instances.len()).unwrap_or(u32::MAX);
    let decrement = request.should_decrement_desired_capacity;
    if decrement && group.size.desired < group.size.min.saturating_add(count) {
        return Err(sizes(
            group,
            &format!("{verb} {}", instances_text(count, "")),
        ));
    }
    let activities = moves::make(world, name, instances, how, decrement);
    finish(world, name, activities)
}

/// The group's bounds do not allow what was asked for.
fn sizes(group: &Group, what: &str) -> Refusal {
    invalid(format!(
        "AutoScalingGroup {} has min-size={}, max-size={}, and desired-size={}. To {what}, please update the AutoScalingGroup sizes appropriately.",
        group.name, group.size.min, group.size.max, group.size.desired
    ))
}

fn instances_text(count: u32, more: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count}{more} instance{plural}")
}

/// Answers with the activities as they begin; the moves are done at once.
fn finish(world: &mut World, name: &str, activities: Vec<String>) -> Result<Value, Refusal> {
    let begun: Vec<Answer> = activities
        .iter()
        .filter_map(|id| shown(world, name, id))
        .collect();
    moves::finish(world, name, &activities);
    Ok(json!({ "Activities": begun }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct JoinRequest {
    auto_scaling_group_name: String,
    instance_ids: Vec<String>,
}

fn exit_standby(world: &mut World, _call: &Call, request: JoinRequest) -> Result<Value, Refusal> {
    let (name, instances) = (&request.auto_scaling_group_name, &request.instance_ids);
    let group = find(world, name)?;
    require_members(group, instances)?;
    require_lifecycle(group, instances, &[Lifecycle::Standby], "Standby")?;
    let count = u32::try_from(instances.len()).unwrap_or(u32::MAX);
    if group.size.desired.saturating_add(count) > group.size.max {
        let what = format!("move {} out of standby", instances_text(count, ""));
        return Err(sizes(group, &what));
    }
    let activities = moves::make(world, name, instances, Move::ExitStandby, false);
    finish(world, name, activities)
}

fn attach(world: &mut World, _call: &Call, request: JoinRequest) -> Result<Value, Refusal> {
    let (name, instances) = (&request.auto_scaling_group_name, &request.instance_ids);
    let group = find(world, name)?;
    require_staying(group)?;
    for id in instances {
        if let Some((owner, _)) = world.membership(id) {
            return Err(invalid(format!(
                "Instance {id} is already part of AutoScalingGroup:{}.",
                owner.name
            )));
        }
        match world.ec2.instances.get(id).map(|found| found.state) {
            Some(InstanceState::Running) => {}
            Some(_) => {
                return Err(invalid(format!(
                    "Instance {id} is not in correct state. Instance(s) must be in running state."
                )));
            }
            None => return Err(invalid(format!("Invalid Instance ID(s): [{id}] specified"))),
        }
    }
    let count = u32::try_from(instances.len()).unwrap_or(u32::MAX);
    if group.size.desired.saturating_add(count) > group.size.max {
        let what = format!("attach {}", instances_text(count, " more"));
        return Err(sizes(group, &what));
    }
    let activities = moves::make(world, name, instances, Move::Attach, false);
    moves::finish(world, name, &activities);
    Ok(Value::Null)
}
