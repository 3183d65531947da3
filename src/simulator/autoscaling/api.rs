//! Auto Scaling operations.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::ec2::filter::{Filter, passes, tag_values};
use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::{Activity, ActivityKind, Group, Lifecycle, Member, Size, controller};
use crate::policy::launch::autoscaling_role_arn;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("DescribeAutoScalingGroups", describe_groups),
        Operation::new("DescribeScalingActivities", describe_activities),
        Operation::new("SetDesiredCapacity", set_desired_capacity),
        Operation::new("UpdateAutoScalingGroup", update_group),
    ]
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct DescribeGroupsRequest {
    auto_scaling_group_names: Vec<String>,
    filters: Vec<Filter>,
    #[serde(rename = "MaxRecords")]
    _max_records: Option<u32>,
    #[serde(rename = "IncludeInstances")]
    _include_instances: Option<bool>,
}

fn describe_groups(
    world: &mut World,
    _call: &Call,
    request: DescribeGroupsRequest,
) -> Result<Value, Refusal> {
    let mut groups = Vec::new();
    for group in world.autoscaling.groups.values() {
        let named = request.auto_scaling_group_names.is_empty()
            || request.auto_scaling_group_names.contains(&group.name);
        if named && passes(&request.filters, |name| tag_values(&group.tags, name))? {
            groups.push(group_json(world, group));
        }
    }
    Ok(json!({ "AutoScalingGroups": groups }))
}

fn group_json(world: &World, group: &Group) -> Value {
    let template = json!({
        "LaunchTemplateId": group.template.id,
        "LaunchTemplateName": group.template.name,
        "Version": group.template.version.to_string(),
    });
    let mut zones: Vec<&str> = group
        .subnets
        .iter()
        .filter_map(|subnet| {
            world
                .ec2
                .subnets
                .get(subnet)
                .map(|subnet| subnet.zone.as_str())
        })
        .collect();
    zones.sort_unstable();
    zones.dedup();
    let tags: Vec<Value> = group
        .tags
        .iter()
        .map(|(key, value)| {
            json!({
                "ResourceId": group.name,
                "ResourceType": "auto-scaling-group",
                "Key": key,
                "Value": value,
                "PropagateAtLaunch": true,
            })
        })
        .collect();
    json!({
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": group.arn,
        "MixedInstancesPolicy": {
            "LaunchTemplate": { "LaunchTemplateSpecification": template, "Overrides": [] },
            "InstancesDistribution": {
                "OnDemandAllocationStrategy": "prioritized",
                "OnDemandBaseCapacity": 0,
                "OnDemandPercentageAboveBaseCapacity": 100,
                "SpotAllocationStrategy": "lowest-price",
                "SpotInstancePools": 2,
            },
        },
        "MinSize": group.size.min,
        "MaxSize": group.size.max,
        "DesiredCapacity": group.size.desired,
        "DefaultCooldown": 300,
        "AvailabilityZones": zones,
        "LoadBalancerNames": [],
        "TargetGroupARNs": [],
        "HealthCheckType": "EC2",
        "HealthCheckGracePeriod": 15,
        "Instances": group.members.iter().map(|member| member_json(world, group, member)).collect::<Vec<_>>(),
        "CreatedTime": world.timestamp(group.created),
        "SuspendedProcesses": [{
            "ProcessName": "AZRebalance",
            "SuspensionReason": format!("User suspended at {}", world.instant_text(group.created)),
        }],
        "VPCZoneIdentifier": group.subnets.join(","),
        "EnabledMetrics": [],
        "Tags": tags,
        "TerminationPolicies": ["AllocationStrategy", "OldestLaunchTemplate", "OldestInstance"],
        "NewInstancesProtectedFromScaleIn": false,
        "ServiceLinkedRoleARN": autoscaling_role_arn(&world.account),
        "CapacityRebalance": true,
        "TrafficSources": [],
    })
}

fn member_json(world: &World, group: &Group, member: &Member) -> Value {
    let instance = world.ec2.instances.get(&member.instance);
    let zone = instance
        .and_then(|instance| world.ec2.subnets.get(&instance.subnet))
        .map(|subnet| &subnet.zone);
    json!({
        "InstanceId": member.instance,
        "InstanceType": instance.map(|instance| &instance.instance_type),
        "AvailabilityZone": zone,
        "LifecycleState": match member.lifecycle {
            Lifecycle::Pending => "Pending",
            Lifecycle::InService => "InService",
            Lifecycle::Terminating => "Terminating",
        },
        "HealthStatus": "Healthy",
        "LaunchTemplate": {
            "LaunchTemplateId": group.template.id,
            "LaunchTemplateName": group.template.name,
            "Version": member.template_version.to_string(),
        },
        "ProtectedFromScaleIn": false,
    })
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct DescribeActivitiesRequest {
    activity_ids: Vec<String>,
    auto_scaling_group_name: Option<String>,
    max_records: Option<usize>,
    next_token: Option<String>,
    #[serde(rename = "IncludeDeletedGroups")]
    _include_deleted_groups: Option<bool>,
}

const ACTIVITIES_PER_PAGE: usize = 100;

fn describe_activities(
    world: &mut World,
    _call: &Call,
    request: DescribeActivitiesRequest,
) -> Result<Value, Refusal> {
    let mut activities: Vec<(&Group, &Activity)> = world
        .autoscaling
        .groups
        .values()
        .filter(|group| {
            request
                .auto_scaling_group_name
                .as_ref()
                .is_none_or(|name| *name == group.name)
        })
        .flat_map(|group| {
            group
                .activities
                .iter()
                .map(move |activity| (group, activity))
        })
        .filter(|(_, activity)| {
            request.activity_ids.is_empty() || request.activity_ids.contains(&activity.id)
        })
        .collect();
    // What is in progress comes first, then the newest.
    activities.sort_by_key(|(_, activity)| {
        (
            activity.ended.is_some(),
            std::cmp::Reverse(activity.started),
        )
    });
    let start = match &request.next_token {
        Some(token) => token.parse().map_err(|_| {
            Refusal::bad(
                "InvalidNextToken",
                format!("the token '{token}' is not valid"),
            )
        })?,
        None => 0,
    };
    let size = request
        .max_records
        .unwrap_or(ACTIVITIES_PER_PAGE)
        .clamp(1, ACTIVITIES_PER_PAGE);
    let page: Vec<Value> = activities
        .iter()
        .skip(start)
        .take(size)
        .map(|(group, activity)| activity_json(world, group, activity))
        .collect();
    let next = (start + size < activities.len()).then(|| (start + size).to_string());
    Ok(json!({ "Activities": page, "NextToken": next }))
}

fn activity_json(world: &World, group: &Group, activity: &Activity) -> Value {
    let cause: Vec<String> = activity
        .cause
        .iter()
        .map(|part| format!("At {} {}", world.instant_text(part.at), part.text))
        .collect();
    json!({
        "ActivityId": activity.id,
        "AutoScalingGroupName": group.name,
        "Description": description(activity),
        "Cause": cause.join("  "),
        "StartTime": world.timestamp(activity.started),
        "EndTime": activity.ended.map(|moment| world.timestamp(moment)),
        "StatusCode": activity.status,
        "StatusMessage": activity.message,
        "Progress": if activity.ended.is_some() { 100 } else { 50 },
        "Details": json!({ "Subnet ID": activity.subnet, "Availability Zone": activity.zone }).to_string(),
        "AutoScalingGroupARN": group.arn,
    })
}

fn description(activity: &Activity) -> String {
    let instance = activity
        .instance
        .as_ref()
        .map(|id| format!(": {id}"))
        .unwrap_or_default();
    let doing = match activity.kind {
        ActivityKind::Launch => "Launching a new EC2 instance",
        ActivityKind::Terminate => "Terminating EC2 instance",
    };
    match &activity.message {
        Some(message) => format!("{doing}{instance}.  Status Reason: {message}"),
        None => format!("{doing}{instance}"),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SetDesiredCapacityRequest {
    auto_scaling_group_name: String,
    desired_capacity: u32,
    #[serde(rename = "HonorCooldown")]
    _honor_cooldown: Option<bool>,
}

fn set_desired_capacity(
    world: &mut World,
    _call: &Call,
    request: SetDesiredCapacityRequest,
) -> Result<Value, Refusal> {
    let group = group(world, &request.auto_scaling_group_name)?;
    let size = Size {
        desired: request.desired_capacity,
        ..group.size
    };
    if size.desired < size.min {
        let message = format!(
            "New SetDesiredCapacity value {} is below min value {} for the AutoScalingGroup.",
            size.desired, size.min
        );
        return Err(Refusal::bad("ValidationError", message));
    }
    if size.desired > size.max {
        let message = format!(
            "New SetDesiredCapacity value {} is above max value {} for the AutoScalingGroup.",
            size.desired, size.max
        );
        return Err(Refusal::bad("ValidationError", message));
    }
    controller::resize(world, &request.auto_scaling_group_name, size);
    Ok(Value::Null)
}

fn group<'a>(world: &'a World, name: &str) -> Result<&'a Group, Refusal> {
    let found = world.autoscaling.groups.get(name);
    found.ok_or_else(|| Refusal::bad("ValidationError", "AutoScalingGroup name not found - null"))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UpdateGroupRequest {
    auto_scaling_group_name: String,
    min_size: Option<u32>,
    max_size: Option<u32>,
    desired_capacity: Option<u32>,
}

fn update_group(
    world: &mut World,
    _call: &Call,
    request: UpdateGroupRequest,
) -> Result<Value, Refusal> {
    let before = group(world, &request.auto_scaling_group_name)?.size;
    let (min, max) = (
        request.min_size.unwrap_or(before.min),
        request.max_size.unwrap_or(before.max),
    );
    if min > max {
        return Err(Refusal::bad(
            "ValidationError",
            "Max bound must be greater than or equal to min bound",
        ));
    }
    // Bounds pull the desired capacity along unless it is given.
    let desired = request
        .desired_capacity
        .unwrap_or_else(|| before.desired.clamp(min, max));
    if !(min..=max).contains(&desired) {
        let message = format!(
            "Desired capacity:{desired} must be between the specified min size:{min} and max size:{max}"
        );
        return Err(Refusal::bad("ValidationError", message));
    }
    controller::resize(
        world,
        &request.auto_scaling_group_name,
        Size { min, max, desired },
    );
    Ok(Value::Null)
}
