//! What users do to single instances.

use super::*;

fn of_instances(instances: &[String], members: Value) -> Value {
    let mut input = of_group(members);
    input["InstanceIds"] = json!(instances);
    input
}

#[test]
fn an_instance_on_standby_is_no_capacity_and_comes_back() {
    let mut world = with_group(2);
    let one = vec![instances(&mut world)[0].clone()];
    let input = of_instances(&one, json!({"ShouldDecrementDesiredCapacity": true}));
    let reply = ask(&mut world, "EnterStandby", input);
    let activity = &reply["Activities"][0];
    assert_eq!(activity["StatusCode"], "InProgress");
    assert_eq!(
        activity["Description"],
        format!("Moving EC2 instance to Standby: {}", one[0])
    );
    assert_eq!(
        cause(activity),
        format!(
            "instance {} was moved to standby in response to a user request, shrinking the capacity from 2 to 1.",
            one[0]
        )
    );
    world.jump(seconds(60));
    assert_eq!(states(&mut world), ["Standby", "InService"]);
    let reply = ask(&mut world, "ExitStandby", of_instances(&one, json!({})));
    assert_eq!(reply["Activities"][0]["StatusCode"], "PreInService");
    assert_eq!(states(&mut world), ["InService"; 2]);
    assert_eq!(group(&mut world)["DesiredCapacity"], 2);
}

#[test]
fn a_detached_instance_lives_on_without_its_group_and_can_be_attached_again() {
    let mut world = with_group(1);
    let one = instances(&mut world);
    let input = of_instances(&one, json!({"ShouldDecrementDesiredCapacity": false}));
    ask(&mut world, "DetachInstances", input);
    world.jump(seconds(60));
    assert_ne!(instances(&mut world), one);
    let tags = &world.ec2.instances[&one[0]].tags;
    assert!(!tags.contains_key("aws:autoscaling:groupName"));
    ask(&mut world, "AttachInstances", of_instances(&one, json!({})));
    assert_eq!(states(&mut world), ["InService"; 2]);
    let message = refused(&mut world, "AttachInstances", of_instances(&one, json!({})));
    assert_eq!(
        message,
        format!(
            "Instance {} is already part of AutoScalingGroup:ours.",
            one[0]
        )
    );
}

#[test]
fn the_bounds_of_the_group_hold_for_moves_too() {
    let mut world = with_group(1);
    let input = of_group(json!({"MinSize": 1, "MaxSize": 1}));
    ask(&mut world, "UpdateAutoScalingGroup", input);
    let one = instances(&mut world);
    let check = |world: &mut World, operation: &str, input: Value, expected: &str| {
        assert_eq!(refused(world, operation, input), expected);
    };
    let leaving = of_instances(&one, json!({"ShouldDecrementDesiredCapacity": true}));
    check(
        &mut world,
        "EnterStandby",
        leaving.clone(),
        "AutoScalingGroup ours has min-size=1, max-size=1, and desired-size=1. To place into standby 1 instance, please update the AutoScalingGroup sizes appropriately.",
    );
    check(
        &mut world,
        "DetachInstances",
        leaving,
        "AutoScalingGroup ours has min-size=1, max-size=1, and desired-size=1. To detach 1 instance, please update the AutoScalingGroup sizes appropriately.",
    );
    check(
        &mut world,
        "TerminateInstanceInAutoScalingGroup",
        json!({"InstanceId": one[0], "ShouldDecrementDesiredCapacity": true}),
        "Currently, desiredSize equals minSize (1). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.",
    );
    check(
        &mut world,
        "TerminateInstanceInAutoScalingGroup",
        json!({"InstanceId": "i-1", "ShouldDecrementDesiredCapacity": true}),
        "Instance Id not found - No managed instance found for instance ID: i-1",
    );
    check(
        &mut world,
        "SetInstanceProtection",
        of_instances(&["i-1".to_owned()], json!({"ProtectedFromScaleIn": true})),
        "The instance i-1 is not part of Auto Scaling group ours.",
    );
}

#[test]
fn an_instance_that_a_user_ends_is_replaced_unless_the_capacity_shrinks_with_it() {
    let mut world = with_group(2);
    let before = instances(&mut world);
    let input = json!({"InstanceId": before[0], "ShouldDecrementDesiredCapacity": true});
    let reply = ask(&mut world, "TerminateInstanceInAutoScalingGroup", input);
    assert_eq!(reply["Activity"]["StatusCode"], "InProgress");
    assert_eq!(
        cause(&reply["Activity"]),
        format!(
            "instance {} was taken out of service in response to a user request, shrinking the capacity from 2 to 1.",
            before[0]
        )
    );
    world.jump(seconds(60));
    assert_eq!(instances(&mut world), [before[1].clone()]);
    let input = json!({"InstanceId": before[1], "ShouldDecrementDesiredCapacity": false});
    ask(&mut world, "TerminateInstanceInAutoScalingGroup", input);
    world.jump(seconds(60));
    assert_eq!(states(&mut world), ["InService"]);
    assert_ne!(instances(&mut world), [before[1].clone()]);
}

#[test]
fn an_instance_that_a_user_calls_unhealthy_is_replaced() {
    let mut world = with_group(1);
    let one = instances(&mut world).remove(0);
    let input = json!({"InstanceId": one, "HealthStatus": "Unhealthy"});
    ask(&mut world, "SetInstanceHealth", input);
    assert_eq!(members(&mut world)[0]["HealthStatus"], "Unhealthy");
    world.jump(seconds(31));
    let activities = activities(&mut world);
    let ended = activities
        .iter()
        .find(|activity| activity["Description"] == format!("Terminating EC2 instance: {one}"));
    assert_eq!(
        cause(ended.unwrap()),
        "an instance was taken out of service in response to a user health-check."
    );
}

#[test]
fn protected_instances_stay_when_the_group_shrinks() {
    let mut world = with_group(2);
    let before = instances(&mut world);
    let input = of_instances(&before[..1], json!({"ProtectedFromScaleIn": true}));
    ask(&mut world, "SetInstanceProtection", input);
    set_desired(&mut world, 0);
    world.jump(seconds(60));
    assert_eq!(instances(&mut world), before[..1]);
    let input = of_group(json!({"DesiredCapacity": 1}));
    ask(&mut world, "SetDesiredCapacity", input);
    set_desired(&mut world, 0);
    let failed = &activities(&mut world)[0];
    assert_eq!(failed["StatusCode"], "Failed");
    assert_eq!(
        failed["Description"],
        "Could not scale to desired capacity because all remaining instances are protected from scale-in."
    );
}

#[test]
fn a_launch_that_is_not_wanted_any_more_does_not_stay_in_progress() {
    let mut world = with_group(0);
    set_desired(&mut world, 1);
    set_desired(&mut world, 0);
    world.jump(seconds(60));
    let activities = activities(&mut world);
    let status: Vec<&str> = activities
        .iter()
        .map(|activity| activity["StatusCode"].as_str().unwrap())
        .collect();
    assert_eq!(status, ["Successful", "Cancelled"]);
}
