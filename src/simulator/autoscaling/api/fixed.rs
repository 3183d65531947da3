//! What never changes: the lists of types and limits, and the lists of what cannot be made here and so is never there.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::super::refusal::Refusal;
use super::super::super::wire::{Call, Operation};
use super::super::super::world::World;
use super::super::processes::ALL;
use super::{find, find_mut, invalid};

/// A group's choices of which instance goes first; no group can name a Lambda function.
pub(super) const TERMINATION_POLICIES: [&str; 7] = [
    "AllocationStrategy",
    "ClosestToNextInstanceHour",
    "Default",
    "NewestInstance",
    "OldestInstance",
    "OldestLaunchConfiguration",
    "OldestLaunchTemplate",
];

/// The metrics of groups without a warm pool.
const METRICS: [&str; 13] = [
    "GroupMinSize",
    "GroupMaxSize",
    "GroupDesiredCapacity",
    "GroupInServiceInstances",
    "GroupPendingInstances",
    "GroupTerminatingInstances",
    "GroupStandbyInstances",
    "GroupTotalInstances",
    "GroupInServiceCapacity",
    "GroupPendingCapacity",
    "GroupTerminatingCapacity",
    "GroupStandbyCapacity",
    "GroupTotalCapacity",
];

/// Default quota of groups, and of launch configurations, per Region.
const MOST_GROUPS: u32 = 200;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("DescribeScalingProcessTypes", process_types),
        Operation::new("DescribeLifecycleHookTypes", hook_types),
        Operation::new("DescribeTerminationPolicyTypes", termination_policy_types),
        Operation::new("DescribeAdjustmentTypes", adjustment_types),
        Operation::new("DescribeAutoScalingNotificationTypes", notification_types),
        Operation::new("DescribeMetricCollectionTypes", metric_types),
        Operation::new("DescribeAccountLimits", account_limits),
        Operation::new("EnableMetricsCollection", enable_metrics),
        Operation::new("DisableMetricsCollection", disable_metrics),
        Operation::new("DescribePolicies", |world, _, request| {
            empty(world, &request, "ScalingPolicies")
        }),
        Operation::new("DescribeScheduledActions", |world, _, request| {
            empty(world, &request, "ScheduledUpdateGroupActions")
        }),
        Operation::new("DescribeNotificationConfigurations", |world, _, request| {
            empty(world, &request, "NotificationConfigurations")
        }),
        Operation::new("DescribeLaunchConfigurations", |world, _, request| {
            empty(world, &request, "LaunchConfigurations")
        }),
        Operation::new("DescribeLoadBalancers", |world, _, request| {
            empty(world, &request, "LoadBalancers")
        }),
        Operation::new("DescribeLoadBalancerTargetGroups", |world, _, request| {
            empty(world, &request, "LoadBalancerTargetGroups")
        }),
        Operation::new("DescribeTrafficSources", |world, _, request| {
            empty(world, &request, "TrafficSources")
        }),
        Operation::new("DescribeWarmPool", |world, _, request| {
            empty(world, &request, "Instances")
        }),
    ]
}

/// A request without members.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Nothing {}

fn named(member: &str, names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| json!({ member: name })).collect()
}

fn process_types(_world: &mut World, _call: &Call, _request: Nothing) -> Result<Value, Refusal> {
    Ok(json!({ "Processes": named("ProcessName", &ALL) }))
}

fn hook_types(_world: &mut World, _call: &Call, _request: Nothing) -> Result<Value, Refusal> {
    let types = [
        "autoscaling:EC2_INSTANCE_LAUNCHING",
        "autoscaling:EC2_INSTANCE_TERMINATING",
    ];
    Ok(json!({ "LifecycleHookTypes": types }))
}

fn termination_policy_types(
    _world: &mut World,
    _call: &Call,
    _request: Nothing,
) -> Result<Value, Refusal> {
    Ok(json!({ "TerminationPolicyTypes": TERMINATION_POLICIES }))
}

fn adjustment_types(_world: &mut World, _call: &Call, _request: Nothing) -> Result<Value, Refusal> {
    let types = [
        "ChangeInCapacity",
        "ExactCapacity",
        "PercentChangeInCapacity",
    ];
    Ok(json!({ "AdjustmentTypes": named("AdjustmentType", &types) }))
}

fn notification_types(
    _world: &mut World,
    _call: &Call,
    _request: Nothing,
) -> Result<Value, Refusal> {
    let types = [
        "autoscaling:EC2_INSTANCE_LAUNCH",
        "autoscaling:EC2_INSTANCE_LAUNCH_ERROR",
        "autoscaling:EC2_INSTANCE_TERMINATE",
        "autoscaling:EC2_INSTANCE_TERMINATE_ERROR",
        "autoscaling:TEST_NOTIFICATION",
    ];
    Ok(json!({ "AutoScalingNotificationTypes": types }))
}

fn metric_types(_world: &mut World, _call: &Call, _request: Nothing) -> Result<Value, Refusal> {
    Ok(json!({
        "Metrics": named("Metric", &METRICS),
        "Granularities": named("Granularity", &["1Minute"]),
    }))
}

fn account_limits(world: &mut World, _call: &Call, _request: Nothing) -> Result<Value, Refusal> {
    Ok(json!({
        "MaxNumberOfAutoScalingGroups": MOST_GROUPS,
        "MaxNumberOfLaunchConfigurations": MOST_GROUPS,
        "NumberOfAutoScalingGroups": world.autoscaling.groups.len(),
        "NumberOfLaunchConfigurations": 0,
    }))
}

/// Metrics are noted and shown; nothing collects them.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct MetricsRequest {
    auto_scaling_group_name: String,
    #[serde(default)]
    metrics: Vec<String>,
    granularity: Option<String>,
}

impl MetricsRequest {
    /// The metrics that are meant: all when none is named.
    fn named(&self) -> Result<Vec<String>, Refusal> {
        if self
            .granularity
            .as_ref()
            .is_some_and(|one| one != "1Minute")
        {
            return Err(invalid("Valid metric granularities are: [1Minute]"));
        }
        let unknown = self
            .metrics
            .iter()
            .find(|metric| !METRICS.contains(&metric.as_str()));
        match (unknown, self.metrics.as_slice()) {
            (Some(metric), _) => Err(invalid(format!("Metric {metric} is not simulated"))),
            (None, []) => Ok(METRICS.iter().map(|&metric| metric.to_owned()).collect()),
            (None, some) => Ok(some.to_vec()),
        }
    }
}

fn enable_metrics(
    world: &mut World,
    _call: &Call,
    request: MetricsRequest,
) -> Result<Value, Refusal> {
    let metrics = request.named()?;
    let group = find_mut(world, &request.auto_scaling_group_name)?;
    group.settings.metrics.extend(metrics);
    Ok(Value::Null)
}

fn disable_metrics(
    world: &mut World,
    _call: &Call,
    request: MetricsRequest,
) -> Result<Value, Refusal> {
    let metrics = request.named()?;
    let group = find_mut(world, &request.auto_scaling_group_name)?;
    let kept = |metric: &String| !metrics.contains(metric);
    group.settings.metrics.retain(kept);
    Ok(Value::Null)
}

/// Whatever a request asks for of lists that are empty.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct EmptyRequest {
    auto_scaling_group_name: Option<String>,
    #[serde(rename = "AutoScalingGroupNames")]
    _groups: Vec<String>,
    #[serde(rename = "LaunchConfigurationNames")]
    _launch_configurations: Vec<String>,
    #[serde(rename = "PolicyNames")]
    _policies: Vec<String>,
    #[serde(rename = "PolicyTypes")]
    _policy_types: Vec<String>,
    #[serde(rename = "ScheduledActionNames")]
    _scheduled_actions: Vec<String>,
    #[serde(rename = "StartTime")]
    _start_time: Option<String>,
    #[serde(rename = "EndTime")]
    _end_time: Option<String>,
    #[serde(rename = "TrafficSourceType")]
    _traffic_source_type: Option<String>,
    #[serde(rename = "IncludeManagedResources")]
    _include_managed_resources: Option<bool>,
    #[serde(rename = "MaxRecords")]
    _max_records: Option<usize>,
    #[serde(rename = "NextToken")]
    _next_token: Option<String>,
}

/// Nothing, as long as the group that is asked for exists.
fn empty(world: &World, request: &EmptyRequest, member: &str) -> Result<Value, Refusal> {
    if let Some(name) = &request.auto_scaling_group_name {
        find(world, name)?;
    }
    Ok(json!({ member: [] }))
}
