//! Instance refreshes.

use super::*;

fn start(world: &mut World, members: Value) -> String {
    let reply = ask(world, "StartInstanceRefresh", of_group(members));
    reply["InstanceRefreshId"].as_str().unwrap().to_owned()
}

fn refresh(world: &mut World) -> Value {
    let reply = ask(world, "DescribeInstanceRefreshes", of_group(json!({})));
    reply["InstanceRefreshes"][0].clone()
}

/// Lets time pass until the refresh has ended; returns the fewest and the most instances in service or pending on the
/// way.
fn watch(world: &mut World) -> (usize, usize) {
    let (mut fewest, mut most) = (usize::MAX, 0);
    for _ in 0..200 {
        if refresh(world)["EndTime"] != Value::Null {
            return (fewest, most);
        }
        let states = states(world);
        let serving = states.iter().filter(|state| *state == "InService").count();
        let there = states
            .iter()
            .filter(|state| !state.starts_with("Term"))
            .count();
        (fewest, most) = (fewest.min(serving), most.max(there));
        world.jump(seconds(5));
    }
    panic!("{}", refresh(world));
}

#[test]
fn a_refresh_replaces_every_instance_one_at_a_time() {
    let mut world = with_group(3);
    let before = instances(&mut world);
    start(&mut world, json!({}));
    assert_eq!(refresh(&mut world)["Status"], "Pending");
    assert_eq!(
        refused(&mut world, "StartInstanceRefresh", of_group(json!({}))),
        "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh."
    );
    world.jump(seconds(10));
    assert_eq!(refresh(&mut world)["Status"], "InProgress");
    assert_eq!(refresh(&mut world)["InstancesToUpdate"], 2);
    assert_eq!(watch(&mut world), (2, 3));
    assert_eq!(refresh(&mut world)["Status"], "Successful");
    assert_eq!(refresh(&mut world)["PercentageComplete"], 100);
    let after = instances(&mut world);
    assert_eq!(after.len(), 3);
    assert!(before.iter().all(|id| !after.contains(id)));
    let ended = activities(&mut world).into_iter().find(|activity| {
        activity["Description"]
            .as_str()
            .unwrap()
            .starts_with("Term")
    });
    assert_eq!(
        cause(&ended.unwrap()),
        "an instance was taken out of service in response to an instance refresh."
    );
}

#[test]
fn a_refresh_that_must_keep_all_healthy_may_launch_before_it_ends() {
    let mut world = with_group(2);
    let preferences = json!({"MinHealthyPercentage": 100, "MaxHealthyPercentage": 150});
    start(&mut world, json!({"Preferences": preferences}));
    assert_eq!(watch(&mut world), (2, 3));
    assert_eq!(states(&mut world), ["InService"; 2]);
}

#[test]
fn a_cancelled_refresh_finishes_what_it_has_begun() {
    let mut world = with_group(3);
    let before = instances(&mut world);
    let id = start(&mut world, json!({}));
    world.jump(seconds(10));
    let reply = ask(&mut world, "CancelInstanceRefresh", of_group(json!({})));
    assert_eq!(reply["InstanceRefreshId"], id);
    assert_eq!(refresh(&mut world)["Status"], "Cancelling");
    watch(&mut world);
    assert_eq!(refresh(&mut world)["Status"], "Cancelled");
    assert_eq!(refresh(&mut world)["PercentageComplete"], 33);
    let after = instances(&mut world);
    assert_eq!(before.iter().filter(|id| after.contains(id)).count(), 2);
    assert_eq!(
        refused(&mut world, "CancelInstanceRefresh", of_group(json!({}))),
        "No in progress or pending Instance Refresh found for Auto Scaling group ours"
    );
}

#[test]
fn a_refresh_brings_in_the_configuration_that_is_desired_and_skips_what_has_it() {
    let mut world = with_group(2);
    let data = json!({"ImageId": world.ec2.node_image, "InstanceType": "t3.large"});
    let input = json!({"LaunchTemplateName": NAME, "LaunchTemplateData": data});
    call(&mut world, "ec2", "CreateLaunchTemplateVersion", input).unwrap();
    let desired = json!({"LaunchTemplate": {"LaunchTemplateName": NAME, "Version": "2"}});
    let request = json!({
        "DesiredConfiguration": desired,
        "Preferences": {"MinHealthyPercentage": 0, "SkipMatching": true},
    });
    start(&mut world, request.clone());
    watch(&mut world);
    assert_eq!(group(&mut world)["LaunchTemplate"]["Version"], "2");
    for member in members(&mut world) {
        assert_eq!(member["InstanceType"], "t3.large");
    }
    let before = instances(&mut world);
    start(&mut world, request);
    watch(&mut world);
    assert_eq!(instances(&mut world), before);
}

#[test]
fn a_refresh_waits_for_launches_and_gives_up_after_an_hour() {
    let mut world = with_group(1);
    suspend(&mut world, "Launch");
    start(&mut world, json!({}));
    world.jump(seconds(3000));
    assert_eq!(refresh(&mut world)["Status"], "InProgress");
    world.jump(seconds(1000));
    assert_eq!(refresh(&mut world)["Status"], "Failed");
}
