//! What groups do, seen through the API.

mod hooks;
mod instances;
mod launches;
mod refresh;

use std::time::Duration;

use serde_json::{Value, json};

use super::super::testing::{call, world};
use super::super::world::World;

const NAME: &str = "ours";

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A call that must succeed.
#[track_caller]
fn ask(world: &mut World, operation: &str, input: Value) -> Value {
    call(world, "autoscaling", operation, input).unwrap()
}

/// What a call that must fail says.
#[track_caller]
fn refused(world: &mut World, operation: &str, input: Value) -> String {
    call(world, "autoscaling", operation, input)
        .unwrap_err()
        .message
}

fn make_template(world: &mut World, key: Option<&str>) -> String {
    let mut data = json!({"ImageId": world.ec2.node_image, "InstanceType": "t3.small"});
    if let Some(key) = key {
        let volume = json!({"Encrypted": true, "KmsKeyId": key});
        data["BlockDeviceMapping"] = json!([{"DeviceName": "/dev/xvda", "Ebs": volume}]);
    }
    let request = json!({"LaunchTemplateName": NAME, "LaunchTemplateData": data});
    let reply = call(world, "ec2", "CreateLaunchTemplate", request).unwrap();
    let id = &reply["launchTemplate"]["launchTemplateId"];
    id.as_str().unwrap().to_owned()
}

fn subnets(world: &World) -> Vec<String> {
    let subnets = world.ec2.subnets.values();
    subnets
        .filter(|subnet| !subnet.public)
        .map(|subnet| subnet.id.clone())
        .collect()
}

/// A request for a group of 0 to 5 instances.
fn new_group(world: &mut World, desired: u32) -> Value {
    make_template(world, None);
    request(world, desired)
}

fn request(world: &World, desired: u32) -> Value {
    json!({
        "AutoScalingGroupName": NAME,
        "LaunchTemplate": {"LaunchTemplateName": NAME},
        "MinSize": 0,
        "MaxSize": 5,
        "DesiredCapacity": desired,
        "VPCZoneIdentifier": subnets(world).join(","),
    })
}

/// A world with a group that has reached its desired capacity.
fn with_group(desired: u32) -> World {
    let mut world = world();
    let request = new_group(&mut world, desired);
    ask(&mut world, "CreateAutoScalingGroup", request);
    world.jump(seconds(30));
    world
}

fn of_group(members: Value) -> Value {
    let mut input = json!({"AutoScalingGroupName": NAME});
    for (name, value) in members.as_object().unwrap() {
        input[name] = value.clone();
    }
    input
}

fn set_desired(world: &mut World, desired: u32) {
    let input = of_group(json!({"DesiredCapacity": desired}));
    ask(world, "SetDesiredCapacity", input);
}

fn group(world: &mut World) -> Value {
    let input = json!({"AutoScalingGroupNames": [NAME]});
    ask(world, "DescribeAutoScalingGroups", input)["AutoScalingGroups"][0].clone()
}

fn members(world: &mut World) -> Vec<Value> {
    group(world)["Instances"].as_array().unwrap().clone()
}

fn states(world: &mut World) -> Vec<String> {
    let members = members(world);
    let state = |member: &Value| member["LifecycleState"].as_str().unwrap().to_owned();
    members.iter().map(state).collect()
}

fn instances(world: &mut World) -> Vec<String> {
    let members = members(world);
    let id = |member: &Value| member["InstanceId"].as_str().unwrap().to_owned();
    members.iter().map(id).collect()
}

fn activities(world: &mut World) -> Vec<Value> {
    let input = json!({"AutoScalingGroupName": NAME, "IncludeDeletedGroups": true});
    let reply = ask(world, "DescribeScalingActivities", input);
    reply["Activities"].as_array().unwrap().clone()
}

/// Cause of an activity without its instants.
fn cause(activity: &Value) -> String {
    let cause = activity["Cause"].as_str().unwrap();
    let sentences = cause.split("At 20").skip(1);
    let without = |sentence: &str| sentence[sentence.find("Z ").unwrap() + 2..].to_owned();
    sentences.map(without).collect()
}

fn terminate_by_hand(world: &mut World, instance: &str) {
    let input = json!({"InstanceId": [instance]});
    call(world, "ec2", "TerminateInstances", input).unwrap();
}

fn suspend(world: &mut World, process: &str) {
    let input = of_group(json!({"ScalingProcesses": [process]}));
    ask(world, "SuspendProcesses", input);
}

fn resume(world: &mut World, process: &str) {
    let input = of_group(json!({"ScalingProcesses": [process]}));
    ask(world, "ResumeProcesses", input);
}

#[test]
fn a_new_group_launches_its_desired_capacity_into_different_zones() {
    let mut world = with_group(3);
    assert_eq!(states(&mut world), ["InService"; 3]);
    let members = members(&mut world);
    let zones: std::collections::BTreeSet<&str> = members
        .iter()
        .map(|member| member["AvailabilityZone"].as_str().unwrap())
        .collect();
    assert_eq!(zones.len(), 3);
    for activity in activities(&mut world) {
        assert_eq!(
            cause(&activity),
            "a user request created an AutoScalingGroup changing the desired capacity from 0 to 3.  an instance was started in response to a difference between desired and actual capacity, increasing the capacity from 0 to 3."
        );
        assert_eq!(activity["StatusCode"], "Successful");
    }
}

#[test]
fn a_set_desired_capacity_is_the_cause_of_a_launch_and_of_terminations() {
    let mut world = with_group(0);
    set_desired(&mut world, 3);
    world.jump(seconds(60));
    set_desired(&mut world, 1);
    world.jump(seconds(60));
    let activities = activities(&mut world);
    assert_eq!(activities.len(), 5);
    assert_eq!(
        cause(&activities[4]),
        "a user request explicitly set group desired capacity changing the desired capacity from 0 to 3.  an instance was started in response to a difference between desired and actual capacity, increasing the capacity from 0 to 3."
    );
    let gone = |at: usize| {
        let description = activities[at]["Description"].as_str().unwrap();
        description
            .strip_prefix("Terminating EC2 instance: ")
            .unwrap()
    };
    assert_eq!(
        cause(&activities[1]),
        format!(
            "a user request explicitly set group desired capacity changing the desired capacity from 3 to 1.  an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from 3 to 1.  instance {} was selected for termination.  instance {} was selected for termination.",
            gone(1),
            gone(0)
        )
    );
}

#[test]
fn instances_get_the_tags_that_propagate_and_the_name_of_their_group() {
    let mut world = world();
    let mut request = new_group(&mut world, 1);
    request["Tags"] = json!([
        {"Key": "given", "Value": "1", "PropagateAtLaunch": true},
        {"Key": "kept", "Value": "2", "PropagateAtLaunch": false},
    ]);
    ask(&mut world, "CreateAutoScalingGroup", request);
    let id = &instances(&mut world)[0];
    let tags = &world.ec2.instances[id].tags;
    assert_eq!(tags["given"], "1");
    assert_eq!(tags["aws:autoscaling:groupName"], NAME);
    assert!(!tags.contains_key("kept"));
}

#[test]
fn an_instance_that_a_user_terminates_is_noticed_and_replaced() {
    let mut world = with_group(1);
    let before = instances(&mut world).remove(0);
    terminate_by_hand(&mut world, &before);
    world.jump(seconds(20));
    assert_eq!(instances(&mut world), std::slice::from_ref(&before));
    world.jump(seconds(30));
    let activities = activities(&mut world);
    let of = |kind: &str| {
        activities
            .iter()
            .find(|activity| activity["Description"].as_str().unwrap().starts_with(kind))
    };
    assert_eq!(
        cause(of("Terminating").unwrap()),
        "an instance was taken out of service in response to an EC2 health check that indicated it had been terminated or stopped."
    );
    assert_eq!(of("Terminating").unwrap()["StatusCode"], "Successful");
    assert_eq!(
        cause(of("Launching").unwrap()),
        "an instance was launched in response to an unhealthy instance needing to be replaced."
    );
    world.jump(seconds(30));
    assert_eq!(states(&mut world), ["InService"]);
    assert_ne!(instances(&mut world), [before]);
}

#[test]
fn a_suspended_process_leaves_undone_what_is_its_task_until_it_is_resumed() {
    let mut world = with_group(1);
    suspend(&mut world, "Launch");
    set_desired(&mut world, 2);
    world.jump(seconds(300));
    assert_eq!(states(&mut world).len(), 1);
    resume(&mut world, "Launch");
    world.jump(seconds(30));
    assert_eq!(states(&mut world).len(), 2);

    suspend(&mut world, "Terminate");
    set_desired(&mut world, 1);
    world.jump(seconds(300));
    assert_eq!(states(&mut world), ["InService"; 2]);
    resume(&mut world, "Terminate");
    world.jump(seconds(60));
    assert_eq!(states(&mut world).len(), 1);

    for process in ["HealthCheck", "ReplaceUnhealthy"] {
        suspend(&mut world, process);
        let before = instances(&mut world);
        terminate_by_hand(&mut world, &before[0]);
        world.jump(seconds(300));
        assert_eq!(instances(&mut world), before);
        let health = match process {
            "HealthCheck" => "Healthy",
            _ => "Unhealthy",
        };
        assert_eq!(members(&mut world)[0]["HealthStatus"], health);
        resume(&mut world, process);
        world.jump(seconds(60));
        assert_eq!(states(&mut world), ["InService"]);
        assert_ne!(instances(&mut world), before);
    }
}

#[test]
fn a_suspension_says_who_and_since_when() {
    let mut world = with_group(0);
    suspend(&mut world, "Launch");
    let process = &group(&mut world)["SuspendedProcesses"][0];
    assert_eq!(process["ProcessName"], "Launch");
    let reason = process["SuspensionReason"].as_str().unwrap();
    assert!(reason.starts_with("User suspended at 20"), "{reason}");
}

#[test]
fn a_group_is_deleted_when_it_is_empty_or_by_force_and_its_activities_stay() {
    let mut world = with_group(1);
    let message = refused(&mut world, "DeleteAutoScalingGroup", of_group(json!({})));
    assert_eq!(
        message,
        "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group."
    );
    let input = of_group(json!({"ForceDelete": true}));
    ask(&mut world, "DeleteAutoScalingGroup", input);
    assert_eq!(group(&mut world)["Status"], "Delete in progress");
    world.jump(seconds(60));
    assert_eq!(group(&mut world), Value::Null);
    let kept = activities(&mut world);
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[0]["AutoScalingGroupState"], "Deleted");
    let input = of_group(json!({}));
    let reply = ask(&mut world, "DescribeScalingActivities", input);
    assert_eq!(reply["Activities"], json!([]));
    world.jump(seconds(43 * 86_400));
    assert!(activities(&mut world).is_empty());
}

#[test]
fn what_a_group_cannot_be_is_refused() {
    let mut world = with_group(1);
    let subnet = subnets(&world)[0].clone();
    let check = |world: &mut World, operation: &str, input: Value, expected: &str| {
        assert_eq!(refused(world, operation, input), expected);
    };
    let other = |members: Value| {
        let mut input = json!({"AutoScalingGroupName": "other", "MinSize": 0, "MaxSize": 1});
        for (name, value) in members.as_object().unwrap() {
            input[name] = value.clone();
        }
        input
    };
    let template = json!({"LaunchTemplateName": NAME});
    check(
        &mut world,
        "CreateAutoScalingGroup",
        of_group(json!({"MinSize": 0, "MaxSize": 1})),
        "AutoScalingGroup by this name already exists - A group with the name ours already exists",
    );
    check(
        &mut world,
        "CreateAutoScalingGroup",
        other(json!({"VPCZoneIdentifier": subnet})),
        "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.",
    );
    check(
        &mut world,
        "CreateAutoScalingGroup",
        other(json!({"LaunchTemplate": template})),
        "At least one Availability Zone or VPC Subnet is required.",
    );
    check(
        &mut world,
        "CreateAutoScalingGroup",
        other(json!({"LaunchTemplate": template, "VPCZoneIdentifier": "subnet-1"})),
        "The subnet ID 'subnet-1' does not exist",
    );
    check(
        &mut world,
        "CreateAutoScalingGroup",
        other(json!({"LaunchTemplate": {"LaunchTemplateId": "lt-1"}, "VPCZoneIdentifier": subnet})),
        "You must use a valid fully-formed launch template. The specified launch template, with template ID lt-1, does not exist.",
    );
    check(
        &mut world,
        "UpdateAutoScalingGroup",
        of_group(json!({"MaxSize": 3, "DesiredCapacity": 4})),
        "Desired capacity:4 must be between the specified min size:0 and max size:3",
    );
    check(
        &mut world,
        "SetDesiredCapacity",
        of_group(json!({"DesiredCapacity": 6})),
        "New SetDesiredCapacity value 6 is above max value 5 for the AutoScalingGroup.",
    );
    check(
        &mut world,
        "SetDesiredCapacity",
        json!({"AutoScalingGroupName": "nobody", "DesiredCapacity": 6}),
        "AutoScalingGroup name not found - null",
    );
    let message = refused(
        &mut world,
        "SetDesiredCapacity",
        of_group(json!({"DesiredCapacity": 2, "HonorCooldown": true})),
    );
    assert!(message.ends_with(" is in progress and blocking this action"));
}

#[test]
fn an_update_changes_what_it_names_and_pulls_the_desired_capacity_along() {
    let mut world = with_group(1);
    let input = of_group(json!({"MinSize": 2, "HealthCheckGracePeriod": 60}));
    ask(&mut world, "UpdateAutoScalingGroup", input);
    world.jump(seconds(30));
    let group = group(&mut world);
    assert_eq!(group["DesiredCapacity"], 2);
    assert_eq!(group["HealthCheckGracePeriod"], 60);
    assert_eq!(group["DefaultCooldown"], 300);
    let newest = &activities(&mut world)[0];
    assert!(
        cause(newest).starts_with("a user request update of AutoScalingGroup constraints to min: 2, max: 5, desired: 2 changing the desired capacity from 1 to 2.")
    );
}
