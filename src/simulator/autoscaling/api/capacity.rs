//! Changing how many instances a group has.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::super::refusal::Refusal;
use super::super::super::wire::{Answer, Call, Operation};
use super::super::super::world::World;
use super::super::{Group, activity::activity_json, controller};
use super::write::require_staying;
use super::{find, invalid, require_members};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("SetDesiredCapacity", set_desired_capacity),
        Operation::new("TerminateInstanceInAutoScalingGroup", terminate_instance),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SetDesiredCapacityRequest {
    auto_scaling_group_name: String,
    desired_capacity: u32,
    #[serde(default)]
    honor_cooldown: bool,
}

fn set_desired_capacity(
    world: &mut World,
    _call: &Call,
    request: SetDesiredCapacityRequest,
) -> Result<Value, Refusal> {
    let name = request.auto_scaling_group_name;
    let group = find(world, &name)?;
    require_staying(group)?;
    let (desired, min, max) = (request.desired_capacity, group.size.min, group.size.max);
    if desired < min {
        return Err(invalid(format!(
            "New SetDesiredCapacity value {desired} is below min value {min} for the AutoScalingGroup."
        )));
    }
    if desired > max {
        return Err(invalid(format!(
            "New SetDesiredCapacity value {desired} is above max value {max} for the AutoScalingGroup."
        )));
    }
    if request.honor_cooldown {
        require_cool(world, group)?;
    }
    let request = "a user request explicitly set group desired capacity";
    controller::set_desired(world, &name, desired, request);
    Ok(Value::Null)
}

/// No activity may be under way or have ended within the cooldown.
fn require_cool(world: &World, group: &Group) -> Result<(), Refusal> {
    let cooldown = std::time::Duration::from_secs(group.settings.cooldown.into());
    let blocking = group.activities.iter().rev().find(|activity| {
        activity
            .ended
            .is_none_or(|ended| world.now().since(ended) < cooldown)
    });
    match blocking {
        Some(activity) => {
            let message = format!(
                "Scaling activity {} is in progress and blocking this action",
                activity.id
            );
            Err(Refusal::bad("ScalingActivityInProgress", message))
        }
        None => Ok(()),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TerminateRequest {
    instance_id: Option<String>,
    #[serde(default)]
    instance_ids: Vec<String>,
    auto_scaling_group_name: Option<String>,
    should_decrement_desired_capacity: bool,
}

fn terminate_instance(
    world: &mut World,
    _call: &Call,
    request: TerminateRequest,
) -> Result<Value, Refusal> {
    let decrement = request.should_decrement_desired_capacity;
    let (name, instances, several) = match (request.instance_id, request.auto_scaling_group_name) {
        (Some(instance), _) => {
            let Some((group, _)) = world.membership(&instance) else {
                return Err(invalid(format!(
                    "Instance Id not found - No managed instance found for instance ID: {instance}"
                )));
            };
            (group.name.clone(), vec![instance], false)
        }
        (None, Some(name)) => (name, request.instance_ids, true),
        (None, None) => {
            return Err(invalid(
                "AutoScalingGroupName is required when InstanceIds is specified",
            ));
        }
    };
    let group = find(world, &name)?;
    require_members(group, &instances)?;
    let (desired, min) = (group.size.desired, group.size.min);
    let count = u32::try_from(instances.len()).unwrap_or(u32::MAX);
    if decrement && desired < min.saturating_add(count) {
        return Err(invalid(format!(
            "Currently, desiredSize equals minSize ({min}). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size."
        )));
    }
    let mut activities = controller::terminate_members(world, &name, &instances, decrement)
        .into_iter()
        .filter_map(|id| shown(world, &name, &id));
    Ok(match several {
        true => json!({ "Activities": activities.collect::<Vec<_>>() }),
        false => json!({ "Activity": activities.next() }),
    })
}

/// An activity of a group as the API tells it.
pub(super) fn shown(world: &World, name: &str, id: &str) -> Option<Answer> {
    let group = world.autoscaling.groups.get(name)?;
    let activity = group.activities.iter().find(|known| known.id == id)?;
    Some(activity_json(
        world,
        &group.name,
        &group.arn,
        false,
        activity,
    ))
}
