//! Launches and their failures; which instance goes first.

use super::*;

#[test]
fn a_launch_that_dies_is_cancelled_and_tried_again_until_aws_suspends_launches() {
    let mut world = world();
    make_template(&mut world, Some("alias/none"));
    let request = request(&world, 1);
    ask(&mut world, "CreateAutoScalingGroup", request);
    world.jump(seconds(190));
    let tried = activities(&mut world);
    assert_eq!(tried.len(), 3);
    assert_eq!(tried[0]["StatusCode"], "Cancelled");
    let description = tried[0]["Description"].as_str().unwrap();
    assert!(description.starts_with("Launching a new EC2 instance: i-"));
    assert!(description.ends_with(".  Status Reason: Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"));
    world.jump(seconds(90_000));
    let tried = |world: &World| world.autoscaling.groups[NAME].activities.len();
    let count = tried(&world);
    let process = group(&mut world)["SuspendedProcesses"][0].clone();
    assert_eq!(process["ProcessName"], "Launch");
    world.jump(seconds(600));
    assert_eq!(tried(&world), count);
    resume(&mut world, "Launch");
    world.jump(seconds(90));
    assert_eq!(tried(&world), count + 2);
}

#[test]
fn a_launch_that_is_refused_fails_without_an_instance_every_two_minutes() {
    let mut world = with_group(0);
    let input = json!({"LaunchTemplateName": NAME});
    call(&mut world, "ec2", "DeleteLaunchTemplate", input).unwrap();
    for desired in [1, 2, 3] {
        set_desired(&mut world, desired);
    }
    world.jump(seconds(250));
    // Three requests, then two retries: the requests have not started a retry each.
    let activities = activities(&mut world);
    assert_eq!(activities.len(), 5);
    assert_eq!(activities[0]["StatusCode"], "Failed");
    let description = activities[0]["Description"].as_str().unwrap();
    assert!(description.starts_with("Launching a new EC2 instance.  Status Reason: The specified launch template, with template ID lt-"));
    assert!(description.ends_with("does not exist. Launching EC2 instance failed."));
}

#[test]
fn a_refused_launch_of_a_mixed_group_names_the_purchase_option_and_the_code() {
    let mut world = world();
    let group = world.autoscaling.groups.values().next().unwrap();
    let (name, template) = (group.name.clone(), group.template.id.clone());
    world.ec2.templates.remove(&template);
    let input = json!({"AutoScalingGroupName": name, "DesiredCapacity": 4});
    ask(&mut world, "SetDesiredCapacity", input);
    let reply = ask(
        &mut world,
        "DescribeScalingActivities",
        json!({"MaxRecords": 1}),
    );
    let activity = &reply["Activities"][0];
    assert_eq!(
        activity["StatusMessage"],
        format!(
            "Could not launch On-Demand Instances. InvalidLaunchTemplateId.NotFound - The specified launch template, with template ID {template}, does not exist. Launching EC2 instance failed."
        )
    );
    assert!(reply["NextToken"].is_string());
}

#[test]
fn the_default_version_of_a_template_is_what_it_is_when_an_instance_is_launched() {
    let mut world = with_group(1);
    let data = json!({"ImageId": world.ec2.node_image, "InstanceType": "t3.large"});
    let input = json!({"LaunchTemplateName": NAME, "LaunchTemplateData": data});
    call(&mut world, "ec2", "CreateLaunchTemplateVersion", input).unwrap();
    let input = json!({"LaunchTemplateName": NAME, "SetDefaultVersion": "2"});
    call(&mut world, "ec2", "ModifyLaunchTemplate", input).unwrap();
    set_desired(&mut world, 2);
    let members = members(&mut world);
    let told = |at: usize| {
        let member = &members[at];
        (
            member["LaunchTemplate"]["Version"].clone(),
            member["InstanceType"].clone(),
        )
    };
    assert_eq!(told(0), (json!("1"), json!("t3.small")));
    assert_eq!(told(1), (json!("2"), json!("t3.large")));
    assert_eq!(group(&mut world)["LaunchTemplate"]["Version"], "$Default");
}

#[test]
fn a_mixed_group_launches_the_instance_type_that_is_named_first() {
    let mut world = world();
    let mut request = new_group(&mut world, 1);
    request["MixedInstancesPolicy"] = json!({
        "LaunchTemplate": {
            "LaunchTemplateSpecification": request["LaunchTemplate"],
            "Overrides": [{"InstanceType": "m5.large"}, {"InstanceType": "m5.xlarge"}],
        },
        "InstancesDistribution": {"SpotAllocationStrategy": "capacity-optimized"},
    });
    request.as_object_mut().unwrap().remove("LaunchTemplate");
    ask(&mut world, "CreateAutoScalingGroup", request);
    assert_eq!(members(&mut world)[0]["InstanceType"], "m5.large");
    let policy = group(&mut world)["MixedInstancesPolicy"].clone();
    let distribution = &policy["InstancesDistribution"];
    assert_eq!(distribution["SpotAllocationStrategy"], "capacity-optimized");
    assert_eq!(distribution["SpotInstancePools"], Value::Null);
    let overrides = &policy["LaunchTemplate"]["Overrides"];
    assert_eq!(overrides[1]["InstanceType"], "m5.xlarge");
}

#[test]
fn the_termination_policy_chooses_who_goes_first() {
    let check = |policy: &str, expected: usize| {
        let mut world = with_group(0);
        // One subnet: with several the fullest zone would come first.
        let input = of_group(
            json!({"VPCZoneIdentifier": subnets(&world)[0], "TerminationPolicies": [policy]}),
        );
        ask(&mut world, "UpdateAutoScalingGroup", input);
        let mut launched = Vec::new();
        // Ages at the end: 90, 65 and 40 minutes.
        for (number, pause) in [(1, 1500), (2, 1500), (3, 2400)] {
            set_desired(&mut world, number);
            launched = instances(&mut world);
            world.jump(seconds(pause));
        }
        set_desired(&mut world, 2);
        world.jump(seconds(60));
        let left = instances(&mut world);
        let gone = launched.iter().position(|id| !left.contains(id));
        assert_eq!(gone, Some(expected), "{policy}");
    };
    check("OldestInstance", 0);
    check("NewestInstance", 2);
    check("ClosestToNextInstanceHour", 2);
    check("Default", 2);
}
