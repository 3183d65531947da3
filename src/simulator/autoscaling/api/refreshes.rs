//! Starting, stopping and following instance refreshes.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::super::refusal::Refusal;
use super::super::super::wire::{Call, Operation};
use super::super::super::world::World;
use super::super::refresh::{self, Configuration, Preferences, Refresh};
use super::page::{DEFAULT_SIZE, page};
use super::template::{MixedRequest, Specification, mixed_json, requested, specification_json};
use super::write::require_staying;
use super::{find, invalid};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("StartInstanceRefresh", start),
        Operation::new("CancelInstanceRefresh", cancel),
        Operation::new("DescribeInstanceRefreshes", describe),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct StartRequest {
    auto_scaling_group_name: String,
    strategy: Option<String>,
    #[serde(default)]
    preferences: Preferences,
    desired_configuration: Option<Desired>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Desired {
    launch_template: Option<Specification>,
    mixed_instances_policy: Option<MixedRequest>,
}

fn start(world: &mut World, _call: &Call, request: StartRequest) -> Result<Value, Refusal> {
    let name = request.auto_scaling_group_name;
    let group = find(world, &name)?;
    require_staying(group)?;
    if let Some(strategy) = request.strategy.filter(|strategy| strategy != "Rolling") {
        return Err(invalid(format!("Strategy {strategy} is not simulated")));
    }
    check(&request.preferences)?;
    if group.refreshes.iter().any(|other| other.status.active()) {
        let message = "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.";
        return Err(Refusal::bad("InstanceRefreshInProgress", message));
    }
    let before = Configuration {
        template: group.template.clone(),
        mixed: group.settings.mixed.clone(),
    };
    let desired = match &request.desired_configuration {
        Some(desired) => requested(
            world,
            desired.launch_template.as_ref(),
            desired.mixed_instances_policy.as_ref(),
            Some(&before),
        )?,
        None => None,
    };
    let id = refresh::start(world, &name, request.preferences, desired);
    Ok(json!({ "InstanceRefreshId": id }))
}

fn check(preferences: &Preferences) -> Result<(), Refusal> {
    let least = preferences.min_healthy_percentage;
    if least > 100 {
        return Err(invalid(format!(
            "1 validation error detected: Value '{least}' at 'preferences.minHealthyPercentage' failed to satisfy constraint: Member must have value less than or equal to 100"
        )));
    }
    if let Some(most) = preferences.max_healthy_percentage
        && (!(100..=200).contains(&most) || most - least > 100)
    {
        return Err(invalid(
            "MaxHealthyPercentage must be between 100 and 200 and at most 100 more than MinHealthyPercentage",
        ));
    }
    if preferences.auto_rollback {
        return Err(invalid("AutoRollback is not simulated"));
    }
    let values = [
        (
            &preferences.scale_in_protected_instances,
            ["Refresh", "Ignore", "Wait"],
        ),
        (
            &preferences.standby_instances,
            ["Terminate", "Ignore", "Wait"],
        ),
    ];
    for (value, allowed) in values {
        if !allowed.contains(&value.as_str()) {
            return Err(invalid(format!(
                "1 validation error detected: Value '{value}' failed to satisfy constraint: Member must satisfy enum value set: [{}]",
                allowed.join(", ")
            )));
        }
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CancelRequest {
    auto_scaling_group_name: String,
    // The refresh always waits for what is on its way, which is the default.
    #[serde(rename = "WaitForTransitioningInstances")]
    wait: Option<bool>,
}

fn cancel(world: &mut World, _call: &Call, request: CancelRequest) -> Result<Value, Refusal> {
    let name = &request.auto_scaling_group_name;
    find(world, name)?;
    if request.wait == Some(false) {
        return Err(invalid(
            "WaitForTransitioningInstances false is not simulated",
        ));
    }
    let id = refresh::cancel(world, name).ok_or_else(|| {
        let message = format!(
            "No in progress or pending Instance Refresh found for Auto Scaling group {name}"
        );
        Refusal::bad("ActiveInstanceRefreshNotFound", message)
    })?;
    Ok(json!({ "InstanceRefreshId": id }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DescribeRequest {
    auto_scaling_group_name: String,
    #[serde(default)]
    instance_refresh_ids: Vec<String>,
    max_records: Option<usize>,
    next_token: Option<String>,
}

fn describe(world: &mut World, _call: &Call, request: DescribeRequest) -> Result<Value, Refusal> {
    let group = find(world, &request.auto_scaling_group_name)?;
    let wanted = &request.instance_refresh_ids;
    let mut refreshes: Vec<&Refresh> = group
        .refreshes
        .iter()
        .rev()
        .filter(|refresh| wanted.is_empty() || wanted.contains(&refresh.id))
        .collect();
    // What is under way comes first, then the newest.
    refreshes.sort_by_key(|refresh| refresh.ended.is_some());
    let token = request.next_token.as_deref();
    let (refreshes, next) = page(refreshes, token, request.max_records, DEFAULT_SIZE)?;
    let refreshes: Vec<Value> = refreshes
        .into_iter()
        .map(|refresh| refresh_json(world, &group.name, refresh))
        .collect();
    Ok(json!({ "InstanceRefreshes": refreshes, "NextToken": next }))
}

fn refresh_json(world: &World, group: &str, refresh: &Refresh) -> Value {
    let left = u32::try_from(refresh.remaining.len()).unwrap_or(u32::MAX);
    let done = refresh.total.saturating_sub(left);
    let percentage = match refresh.status {
        refresh::Status::Successful => 100,
        _ => (done * 100).checked_div(refresh.total).unwrap_or(0),
    };
    let desired = refresh.desired.as_ref().map(|desired| {
        let specification = specification_json(&desired.template);
        match &desired.mixed {
            Some(mixed) => json!({ "MixedInstancesPolicy": mixed_json(mixed, specification) }),
            None => json!({ "LaunchTemplate": specification }),
        }
    });
    json!({
        "InstanceRefreshId": refresh.id,
        "AutoScalingGroupName": group,
        "Status": refresh.status,
        "StatusReason": refresh.reason,
        "StartTime": refresh.started.map(|moment| world.timestamp(moment)),
        "EndTime": refresh.ended.map(|moment| world.timestamp(moment)),
        "PercentageComplete": percentage,
        "InstancesToUpdate": left,
        "Preferences": refresh.preferences,
        "DesiredConfiguration": desired,
        "Strategy": "Rolling",
    })
}
