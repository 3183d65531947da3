//! How groups are described.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::super::refusal::Refusal;
use super::super::super::wire::{Call, Operation};
use super::super::super::world::World;
use super::super::{Group, Member};
use super::page::{DEFAULT_SIZE, page};
use super::tags::tag_json;
use super::{Filter, invalid, template};
use crate::policy::launch::autoscaling_role_arn;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("DescribeAutoScalingGroups", describe_groups),
        Operation::new("DescribeAutoScalingInstances", describe_instances),
    ]
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct DescribeGroupsRequest {
    auto_scaling_group_names: Vec<String>,
    filters: Vec<Filter>,
    include_instances: Option<bool>,
    // No group here is managed by another operator.
    #[serde(rename = "IncludeManagedResources")]
    _include_managed_resources: Option<bool>,
    max_records: Option<usize>,
    next_token: Option<String>,
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
        if named && passes(group, &request.filters)? {
            groups.push(group);
        }
    }
    let token = request.next_token.as_deref();
    let (groups, next) = page(groups, token, request.max_records, DEFAULT_SIZE)?;
    let with_instances = request.include_instances.unwrap_or(true);
    let groups: Vec<Value> = groups
        .into_iter()
        .map(|group| group_json(world, group, with_instances))
        .collect();
    Ok(json!({ "AutoScalingGroups": groups, "NextToken": next }))
}

fn passes(group: &Group, filters: &[Filter]) -> Result<bool, Refusal> {
    for filter in filters {
        let wanted = &filter.values;
        let fits = match filter.name.as_str() {
            "tag-key" => group.tags.keys().any(|key| wanted.contains(key)),
            "tag-value" => group.tags.values().any(|value| wanted.contains(value)),
            name => match name.strip_prefix("tag:") {
                Some(key) => group
                    .tags
                    .get(key)
                    .is_some_and(|value| wanted.contains(value)),
                // Text: after that of DescribeTags.
                None => {
                    return Err(invalid(format!(
                        "Filter type {name} is not correct. Allowed Filter types are: tag-key tag-value tag:*"
                    )));
                }
            },
        };
        if !fits {
            return Ok(false);
        }
    }
    Ok(true)
}

fn group_json(world: &World, group: &Group, with_instances: bool) -> Value {
    let settings = &group.settings;
    let specification = template::specification_json(&group.template);
    let mixed = settings.mixed.as_ref();
    let instances = group
        .members
        .iter()
        .map(|member| member_json(world, member))
        .collect::<Vec<_>>();
    let tags: Vec<Value> = group.tags.keys().map(|key| tag_json(group, key)).collect();
    let zones = zones(world, group);
    let metrics = settings
        .metrics
        .iter()
        .map(|metric| json!({ "Metric": metric, "Granularity": "1Minute" }))
        .collect::<Vec<_>>();
    let suspended = group
        .suspended
        .iter()
        .map(|(process, suspension)| json!({ "ProcessName": process, "SuspensionReason": suspension.reason(world) }))
        .collect::<Vec<_>>();
    json!({
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": group.arn,
        "LaunchTemplate": mixed.is_none().then(|| specification.clone()),
        "MixedInstancesPolicy": mixed.map(|mixed| template::mixed_json(mixed, specification)),
        "MinSize": group.size.min,
        "MaxSize": group.size.max,
        "DesiredCapacity": group.size.desired,
        "DefaultCooldown": settings.cooldown,
        "AvailabilityZones": zones,
        "LoadBalancerNames": [],
        "TargetGroupARNs": [],
        "HealthCheckType": settings.health_check_type,
        "HealthCheckGracePeriod": settings.health_check_grace,
        "Instances": if with_instances { json!(instances) } else { Value::Null },
        "CreatedTime": world.timestamp(group.created),
        "SuspendedProcesses": suspended,
        "VPCZoneIdentifier": group.subnets.join(","),
        "EnabledMetrics": metrics,
        "Status": group.deleting.then_some("Delete in progress"),
        "Tags": tags,
        "TerminationPolicies": settings.termination_policies,
        "NewInstancesProtectedFromScaleIn": settings.protects_new,
        "ServiceLinkedRoleARN": autoscaling_role_arn(&world.account),
        "CapacityRebalance": settings.capacity_rebalance,
        "Context": settings.context,
        "DefaultInstanceWarmup": settings.warmup,
        "DeletionProtection": settings.deletion_protection,
        "TrafficSources": [],
    })
}

/// Names of the zones that a group's subnets are in.
pub(super) fn zones(world: &World, group: &Group) -> BTreeSet<String> {
    let subnets = group.subnets.iter();
    subnets
        .filter_map(|subnet| Some(world.ec2.subnets.get(subnet)?.zone.clone()))
        .collect()
}

fn member_json(world: &World, member: &Member) -> Value {
    let zone = world.ec2.subnets.get(&member.subnet);
    json!({
        "InstanceId": member.instance,
        "InstanceType": member.instance_type,
        "AvailabilityZone": zone.map(|subnet| &subnet.zone),
        "LifecycleState": member.state(),
        "HealthStatus": if member.unhealthy.is_some() { "Unhealthy" } else { "Healthy" },
        "LaunchTemplate": {
            "LaunchTemplateId": member.template_id,
            "LaunchTemplateName": member.template_name,
            "Version": member.template_version.to_string(),
        },
        "ProtectedFromScaleIn": member.protected,
    })
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct DescribeInstancesRequest {
    instance_ids: Vec<String>,
    #[serde(rename = "IncludeManagedResources")]
    _include_managed_resources: Option<bool>,
    max_records: Option<usize>,
    next_token: Option<String>,
}

fn describe_instances(
    world: &mut World,
    _call: &Call,
    request: DescribeInstancesRequest,
) -> Result<Value, Refusal> {
    let wanted = &request.instance_ids;
    let mut instances = Vec::new();
    for group in world.autoscaling.groups.values() {
        for member in &group.members {
            if wanted.is_empty() || wanted.contains(&member.instance) {
                let mut instance = member_json(world, member);
                instance["AutoScalingGroupName"] = json!(group.name);
                // The same status is written in capitals here.
                instance["HealthStatus"] = match member.unhealthy {
                    Some(_) => json!("UNHEALTHY"),
                    None => json!("HEALTHY"),
                };
                instances.push(instance);
            }
        }
    }
    let token = request.next_token.as_deref();
    let (instances, next) = page(instances, token, request.max_records, DEFAULT_SIZE)?;
    Ok(json!({ "AutoScalingInstances": instances, "NextToken": next }))
}
