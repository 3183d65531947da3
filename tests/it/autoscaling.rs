//! Auto Scaling through the clients that people have.

use std::time::Duration;

use serde_json::{Value, json};

use super::account::Account;

/// Makes a template and a group `ours` of two instances.
const SET_UP: &str = r#"
group, ec2 = client("autoscaling"), client("ec2")
image = ec2.describe_instances()["Reservations"][0]["Instances"][0]["ImageId"]
subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"] if not subnet["MapPublicIpOnLaunch"]]
ec2.create_launch_template(LaunchTemplateName="ours", LaunchTemplateData={"ImageId": image, "InstanceType": "t3.small"})
NAME = "ours"
def members():
    return group.describe_auto_scaling_groups(AutoScalingGroupNames=[NAME])["AutoScalingGroups"][0]["Instances"]
def states():
    return [member["LifecycleState"] for member in members()]
def make(**members):
    group.create_auto_scaling_group(**{**dict(AutoScalingGroupName=NAME, LaunchTemplate={"LaunchTemplateName": "ours", "Version": "$Latest"},
        MinSize=0, MaxSize=4, DesiredCapacity=2, VPCZoneIdentifier=",".join(subnets)), **members})
"#;

fn account() -> Account {
    let account = Account::new();
    account.boto3(&format!("{SET_UP}make()"));
    account.advance(Duration::from_secs(30));
    account
}

/// What the script says, with `group`, `ec2`, `members()` and `states()` at hand.
#[track_caller]
fn ask(account: &Account, script: &str) -> Value {
    let tools = SET_UP
        .lines()
        .filter(|line| !line.starts_with("ec2.create_launch_template"))
        .collect::<Vec<_>>()
        .join("\n");
    account.boto3(&format!("{tools}\n{script}"))
}

#[test]
fn the_group_of_a_node_group_is_as_eks_makes_it() {
    let account = Account::new();
    let reply = account.aws(&[
        "autoscaling",
        "describe-auto-scaling-groups",
        "--filters",
        "Name=tag:eks:nodegroup-name,Values=default",
    ]);
    let group = &reply["AutoScalingGroups"][0];
    let name = group["AutoScalingGroupName"].as_str().unwrap();
    assert!(name.starts_with("eks-default-"));
    assert_eq!(group["HealthCheckGracePeriod"], 15);
    assert_eq!(group["SuspendedProcesses"][0]["ProcessName"], "AZRebalance");
    assert_eq!(
        group["MixedInstancesPolicy"]["InstancesDistribution"],
        json!({
            "OnDemandAllocationStrategy": "prioritized",
            "OnDemandBaseCapacity": 0,
            "OnDemandPercentageAboveBaseCapacity": 100,
            "SpotAllocationStrategy": "lowest-price",
            "SpotInstancePools": 2,
        })
    );
    let reply = account.aws(&[
        "autoscaling",
        "describe-lifecycle-hooks",
        "--auto-scaling-group-name",
        name,
    ]);
    assert_eq!(
        reply["LifecycleHooks"][1],
        json!({
            "LifecycleHookName": "Terminate-LC-Hook",
            "AutoScalingGroupName": name,
            "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
            "HeartbeatTimeout": 1800,
            "GlobalTimeout": 172_800,
            "DefaultResult": "CONTINUE",
        })
    );
}

#[test]
fn a_group_of_ones_own_lives_from_its_creation_to_its_end() {
    let account = account();
    let reply = ask(
        &account,
        r#"
found = group.describe_auto_scaling_groups(AutoScalingGroupNames=[NAME])["AutoScalingGroups"][0]
group.update_auto_scaling_group(AutoScalingGroupName=NAME, MaxSize=3, HealthCheckGracePeriod=30, TerminationPolicies=["NewestInstance"])
group.set_desired_capacity(AutoScalingGroupName=NAME, DesiredCapacity=3)
ours = group.describe_auto_scaling_instances(InstanceIds=[member["InstanceId"] for member in members()])
ended = group.terminate_instance_in_auto_scaling_group(InstanceId=members()[0]["InstanceId"], ShouldDecrementDesiredCapacity=True)
pages = list(group.get_paginator("describe_scaling_activities").paginate(AutoScalingGroupName=NAME, PaginationConfig={"PageSize": 3}))
launches = group.describe_scaling_activities(AutoScalingGroupName=NAME, Filters=[{"Name": "Status", "Values": ["Successful"]}])
one = group.describe_scaling_activities(ActivityIds=[ended["Activity"]["ActivityId"]])
say({
    "template": found["LaunchTemplate"]["Version"],
    "subnets": len(found["VPCZoneIdentifier"].split(",")),
    "health": [instance["HealthStatus"] for instance in ours["AutoScalingInstances"]],
    "states": states(),
    "pages": [len(page["Activities"]) for page in pages],
    "successful": len(launches["Activities"]),
    "one": one["Activities"][0]["Description"] == ended["Activity"]["Description"],
    "refused": code(group.delete_auto_scaling_group, AutoScalingGroupName=NAME),
    "deleted": group.delete_auto_scaling_group(AutoScalingGroupName=NAME, ForceDelete=True)["ResponseMetadata"]["HTTPStatusCode"],
    "status": group.describe_auto_scaling_groups(AutoScalingGroupNames=[NAME])["AutoScalingGroups"][0]["Status"],
})
"#,
    );
    assert_eq!(
        reply,
        json!({
            "template": "$Latest",
            "subnets": 3,
            "health": ["HEALTHY", "HEALTHY", "HEALTHY"],
            "states": ["Terminating", "InService", "Pending"],
            "pages": [3, 1],
            "successful": 2,
            "one": true,
            "refused": ["ResourceInUse", "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group."],
            "deleted": 200,
            "status": "Delete in progress",
        })
    );
    account.advance(Duration::from_secs(60));
    let reply = account.aws(&[
        "autoscaling",
        "describe-scaling-activities",
        "--include-deleted-groups",
        "--auto-scaling-group-name",
        "ours",
    ]);
    let activities = reply["Activities"].as_array().unwrap();
    assert_eq!(activities.len(), 6);
    for activity in activities {
        assert_eq!(activity["AutoScalingGroupState"], "Deleted");
    }
}

#[test]
fn hooks_hold_instances_between_their_states() {
    let account = account();
    ask(
        &account,
        r#"
make(AutoScalingGroupName="hooked", DesiredCapacity=1, LifecycleHookSpecificationList=[
    {"LifecycleHookName": "first", "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING", "HeartbeatTimeout": 60, "DefaultResult": "CONTINUE"}])
group.put_lifecycle_hook(AutoScalingGroupName="hooked", LifecycleHookName="last", LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING")
"#,
    );
    account.advance(Duration::from_secs(20));
    let reply = ask(
        &account,
        r#"
NAME = "hooked"
one = members()[0]["InstanceId"]
said = [states()]
group.record_lifecycle_action_heartbeat(AutoScalingGroupName=NAME, LifecycleHookName="first", InstanceId=one)
group.complete_lifecycle_action(AutoScalingGroupName=NAME, LifecycleHookName="first", InstanceId=one, LifecycleActionResult="CONTINUE")
said.append(states())
group.set_desired_capacity(AutoScalingGroupName=NAME, DesiredCapacity=0)
said.append(states())
said.append([hook["LifecycleHookName"] for hook in group.describe_lifecycle_hooks(AutoScalingGroupName=NAME)["LifecycleHooks"]])
said.append(code(group.complete_lifecycle_action, AutoScalingGroupName=NAME, LifecycleHookName="first", InstanceId=one, LifecycleActionResult="CONTINUE")[0])
group.delete_lifecycle_hook(AutoScalingGroupName=NAME, LifecycleHookName="last")
said.append(states())
say(said)
"#,
    );
    assert_eq!(
        reply,
        json!([
            ["Pending:Wait"],
            ["InService"],
            ["Terminating:Wait"],
            ["first", "last"],
            "ValidationError",
            ["Terminating:Proceed"],
        ])
    );
}

#[test]
fn an_instance_refresh_replaces_all_and_can_be_cancelled() {
    let account = account();
    let before = ask(
        &account,
        r#"
group.start_instance_refresh(AutoScalingGroupName=NAME, Preferences={"MinHealthyPercentage": 50, "InstanceWarmup": 0})
say({"again": code(group.start_instance_refresh, AutoScalingGroupName=NAME)[0], "instances": [member["InstanceId"] for member in members()]})
"#,
    );
    assert_eq!(before["again"], "InstanceRefreshInProgress");
    account.advance(Duration::from_secs(300));
    let after = ask(
        &account,
        r#"
first = group.describe_instance_refreshes(AutoScalingGroupName=NAME)["InstanceRefreshes"][0]
instances = [member["InstanceId"] for member in members()]
group.start_instance_refresh(AutoScalingGroupName=NAME)
group.cancel_instance_refresh(AutoScalingGroupName=NAME)
second = group.describe_instance_refreshes(AutoScalingGroupName=NAME)["InstanceRefreshes"][0]
say({"first": [first["Status"], first["PercentageComplete"], first["InstancesToUpdate"]], "preferences": first["Preferences"]["MinHealthyPercentage"], "instances": instances, "second": second["Status"]})
"#,
    );
    assert_eq!(after["first"], json!(["Successful", 100, 0]));
    assert_eq!(after["preferences"], 50);
    assert_eq!(after["second"], "Cancelling");
    for id in before["instances"].as_array().unwrap() {
        assert!(!after["instances"].as_array().unwrap().contains(id));
    }
    account.advance(Duration::from_secs(60));
    let reply = account.aws(&[
        "autoscaling",
        "describe-instance-refreshes",
        "--auto-scaling-group-name",
        "ours",
    ]);
    assert_eq!(reply["InstanceRefreshes"][0]["Status"], "Cancelled");
}

#[test]
fn what_is_done_to_single_instances_processes_and_tags_shows() {
    let account = account();
    let reply = ask(
        &account,
        r#"
one, two = [member["InstanceId"] for member in members()]
said = {}
said["standby"] = group.enter_standby(AutoScalingGroupName=NAME, InstanceIds=[one], ShouldDecrementDesiredCapacity=True)["Activities"][0]["Description"] == f"Moving EC2 instance to Standby: {one}"
said["states"] = states()
said["back"] = group.exit_standby(AutoScalingGroupName=NAME, InstanceIds=[one])["Activities"][0]["StatusCode"]
said["detached"] = group.detach_instances(AutoScalingGroupName=NAME, InstanceIds=[one], ShouldDecrementDesiredCapacity=True)["Activities"][0]["StatusCode"]
group.attach_instances(AutoScalingGroupName=NAME, InstanceIds=[one])
group.set_instance_protection(AutoScalingGroupName=NAME, InstanceIds=[one], ProtectedFromScaleIn=True)
group.set_instance_health(InstanceId=two, HealthStatus="Unhealthy")
said["members"] = sorted((member["InstanceId"] == one, member["HealthStatus"], member["ProtectedFromScaleIn"]) for member in members())
group.suspend_processes(AutoScalingGroupName=NAME, ScalingProcesses=["Launch", "Terminate"])
said["suspended"] = [process["ProcessName"] for process in group.describe_auto_scaling_groups(AutoScalingGroupNames=[NAME])["AutoScalingGroups"][0]["SuspendedProcesses"]]
group.resume_processes(AutoScalingGroupName=NAME)
tag = {"ResourceId": NAME, "ResourceType": "auto-scaling-group", "Key": "team", "Value": "a", "PropagateAtLaunch": True}
group.create_or_update_tags(Tags=[tag])
said["tags"] = group.describe_tags(Filters=[{"Name": "auto-scaling-group", "Values": [NAME]}])["Tags"] == [tag]
group.delete_tags(Tags=[tag])
said["untagged"] = group.describe_tags(Filters=[{"Name": "auto-scaling-group", "Values": [NAME]}])["Tags"]
group.enable_metrics_collection(AutoScalingGroupName=NAME, Granularity="1Minute")
group.disable_metrics_collection(AutoScalingGroupName=NAME, Metrics=["GroupMinSize"])
said["metrics"] = len(group.describe_auto_scaling_groups(AutoScalingGroupNames=[NAME])["AutoScalingGroups"][0]["EnabledMetrics"])
say(said)
"#,
    );
    assert_eq!(
        reply,
        json!({
            "standby": true,
            "states": ["Standby", "InService"],
            "back": "PreInService",
            "detached": "InProgress",
            "members": [[false, "Unhealthy", false], [true, "Healthy", true]],
            "suspended": ["Launch", "Terminate"],
            "tags": true,
            "untagged": [],
            "metrics": 12,
        })
    );
}

#[test]
fn what_cannot_be_made_here_is_refused_and_so_its_lists_are_empty() {
    let account = Account::new();
    let reply = account.boto3(
        r#"
group = client("autoscaling")
name = group.describe_auto_scaling_groups()["AutoScalingGroups"][0]["AutoScalingGroupName"]
def without(reply):
    return {key: value for key, value in reply.items() if key != "ResponseMetadata"}
say({
    "refused": [
        code(group.put_scaling_policy, AutoScalingGroupName=name, PolicyName="p"),
        code(group.put_scheduled_update_group_action, AutoScalingGroupName=name, ScheduledActionName="a"),
        code(group.create_launch_configuration, LaunchConfigurationName="l"),
        code(group.put_notification_configuration, AutoScalingGroupName=name, TopicARN="t", NotificationTypes=["autoscaling:TEST_NOTIFICATION"]),
        code(group.put_warm_pool, AutoScalingGroupName=name),
        code(group.attach_traffic_sources, AutoScalingGroupName=name, TrafficSources=[{"Identifier": "t"}]),
    ],
    "empty": [
        without(group.describe_policies(AutoScalingGroupName=name)),
        without(group.describe_scheduled_actions(AutoScalingGroupName=name)),
        without(group.describe_launch_configurations()),
        without(group.describe_notification_configurations(AutoScalingGroupNames=[name])),
        without(group.describe_warm_pool(AutoScalingGroupName=name)),
        without(group.describe_traffic_sources(AutoScalingGroupName=name)),
        without(group.describe_load_balancers(AutoScalingGroupName=name)),
        without(group.describe_load_balancer_target_groups(AutoScalingGroupName=name)),
    ],
    "fixed": [
        len(group.describe_scaling_process_types()["Processes"]),
        len(group.describe_lifecycle_hook_types()["LifecycleHookTypes"]),
        len(group.describe_termination_policy_types()["TerminationPolicyTypes"]),
        len(group.describe_adjustment_types()["AdjustmentTypes"]),
        len(group.describe_auto_scaling_notification_types()["AutoScalingNotificationTypes"]),
        len(group.describe_metric_collection_types()["Metrics"]),
        group.describe_account_limits()["NumberOfAutoScalingGroups"],
    ],
})
"#,
    );
    for refused in reply["refused"].as_array().unwrap() {
        assert_eq!(refused[0], "InvalidAction");
    }
    assert_eq!(
        reply["empty"],
        json!([
            {"ScalingPolicies": []},
            {"ScheduledUpdateGroupActions": []},
            {"LaunchConfigurations": []},
            {"NotificationConfigurations": []},
            {"Instances": []},
            {"TrafficSources": []},
            {"LoadBalancers": []},
            {"LoadBalancerTargetGroups": []},
        ])
    );
    assert_eq!(reply["fixed"], json!([9, 2, 7, 3, 5, 13, 1]));
}
