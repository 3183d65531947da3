//! Lifecycle hooks: a user's and EKS's.

use super::*;
use crate::simulator::autoscaling::{Lifecycle, hooks};

fn with_hook(transition: &str, members: Value) -> World {
    let mut world = with_group(0);
    let mut input = of_group(members);
    input["LifecycleHookName"] = json!("ours");
    input["LifecycleTransition"] = json!(format!("autoscaling:EC2_INSTANCE_{transition}"));
    ask(&mut world, "PutLifecycleHook", input);
    set_desired(&mut world, 1);
    world.jump(seconds(20));
    world
}

fn of_action(world: &mut World, members: Value) -> Value {
    let mut input = of_group(members);
    input["LifecycleHookName"] = json!("ours");
    input["InstanceId"] = json!(instances(world)[0]);
    input
}

fn complete(world: &mut World, result: &str) {
    let input = of_action(world, json!({"LifecycleActionResult": result}));
    ask(world, "CompleteLifecycleAction", input);
}

#[test]
fn a_launched_instance_waits_until_its_action_is_completed() {
    let mut world = with_hook("LAUNCHING", json!({}));
    assert_eq!(states(&mut world), ["Pending:Wait"]);
    assert_eq!(
        activities(&mut world)[0]["StatusCode"],
        "MidLifecycleAction"
    );
    complete(&mut world, "CONTINUE");
    assert_eq!(states(&mut world), ["InService"]);
    assert_eq!(activities(&mut world)[0]["StatusCode"], "Successful");
    let input = of_action(&mut world, json!({"LifecycleActionResult": "CONTINUE"}));
    let message = refused(&mut world, "CompleteLifecycleAction", input);
    assert!(message.starts_with("No active Lifecycle Action found with instance ID i-"));
}

#[test]
fn a_missed_heartbeat_gives_the_default_result() {
    let check = |default: &str, status: &str, reason: Option<&str>| {
        let members = json!({"HeartbeatTimeout": 40, "DefaultResult": default});
        let mut world = with_hook("LAUNCHING", members);
        world.jump(seconds(50));
        let activity = activities(&mut world).pop().unwrap();
        assert_eq!(activity["StatusCode"], status);
        let message = activity["StatusMessage"].as_str();
        assert_eq!(message.is_some(), reason.is_some());
        if let (Some(message), Some(reason)) = (message, reason) {
            assert!(message.starts_with(
                "Instance failed to complete user's Lifecycle Action: Lifecycle Action with token "
            ));
            assert!(message.ends_with(reason), "{message}");
        }
    };
    check("CONTINUE", "Successful", None);
    let reason = " was abandoned: Heartbeat Timeout";
    check("ABANDON", "Cancelled", Some(reason));
}

#[test]
fn a_recorded_heartbeat_prolongs_the_wait() {
    let mut world = with_hook("LAUNCHING", json!({"HeartbeatTimeout": 40}));
    world.jump(seconds(30));
    let input = of_action(&mut world, json!({}));
    ask(&mut world, "RecordLifecycleActionHeartbeat", input);
    world.jump(seconds(30));
    assert_eq!(states(&mut world), ["Pending:Wait"]);
    world.jump(seconds(20));
    assert_ne!(states(&mut world), ["Pending:Wait"]);
}

#[test]
fn an_abandoned_launch_ends_its_instance_and_is_tried_again() {
    let mut world = with_hook("LAUNCHING", json!({}));
    let before = instances(&mut world);
    complete(&mut world, "ABANDON");
    assert!(!world.ec2.instances[&before[0]].alive());
    assert!(instances(&mut world).is_empty());
    world.jump(seconds(80));
    assert_eq!(states(&mut world), ["Pending:Wait"]);
}

#[test]
fn a_deleted_hook_lets_go_of_what_waits_for_it() {
    let mut world = with_hook("TERMINATING", json!({}));
    set_desired(&mut world, 0);
    assert_eq!(states(&mut world), ["Terminating:Wait"]);
    let input = of_group(json!({"LifecycleHookName": "ours"}));
    ask(&mut world, "DeleteLifecycleHook", input);
    assert_eq!(states(&mut world), ["Terminating:Proceed"]);
    world.jump(seconds(20));
    assert!(states(&mut world).is_empty());
}

#[test]
fn eks_answers_its_own_hooks_unless_it_cannot_and_then_the_heartbeat_does() {
    let mut world = world();
    let name = world.autoscaling.groups.keys().next().unwrap().clone();
    let leaving = |world: &World| {
        let members = &world.autoscaling.groups[&name].members;
        let leaving = members
            .iter()
            .filter(|member| member.lifecycle == Lifecycle::Terminating);
        leaving.map(|member| member.state()).collect::<Vec<_>>()
    };
    let mut input = json!({"AutoScalingGroupName": name, "MinSize": 0, "DesiredCapacity": 2});
    ask(&mut world, "UpdateAutoScalingGroup", input.clone());
    assert_eq!(leaving(&world), ["Terminating:Wait"]);
    world.jump(seconds(60));
    assert!(leaving(&world).is_empty());

    hooks::hold(&mut world, &name, true);
    input["DesiredCapacity"] = json!(1);
    ask(&mut world, "UpdateAutoScalingGroup", input.clone());
    world.jump(seconds(1700));
    assert_eq!(leaving(&world), ["Terminating:Wait"]);
    assert_eq!(hooks::waiting(&world, &name)[0].1, "Terminate-LC-Hook");
    world.jump(seconds(200));
    assert!(leaving(&world).is_empty());

    input["DesiredCapacity"] = json!(0);
    ask(&mut world, "UpdateAutoScalingGroup", input);
    world.jump(seconds(60));
    hooks::hold(&mut world, &name, false);
    assert_eq!(leaving(&world), ["Terminating:Proceed"]);
}
