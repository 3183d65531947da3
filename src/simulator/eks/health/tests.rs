//! Health of node groups and clusters, as the world changes under them.

use super::super::super::kubernetes::kind;
use super::super::super::testing::{CLUSTER, call, world};
use super::super::super::world::start::NODE_ROLE;
use super::*;

fn described(world: &mut World) -> (String, Vec<String>) {
    let request = json!({"name": CLUSTER, "nodegroupName": "default"});
    let reply = call(world, "eks", "DescribeNodegroup", request).unwrap();
    let issues = reply["nodegroup"]["health"]["issues"].as_array().unwrap();
    let codes = issues
        .iter()
        .map(|issue| issue["code"].as_str().unwrap().to_owned())
        .collect();
    (
        reply["nodegroup"]["status"].as_str().unwrap().to_owned(),
        codes,
    )
}

/// What breaks the node group is reported after a sweep, and no more after it is undone.
fn check(code: &str, break_it: impl FnOnce(&mut World, &Nodegroup)) {
    let mut world = world();
    let nodegroup = world.eks.nodegroups.values().next().unwrap().clone();
    let before = world.clone();
    break_it(&mut world, &nodegroup);
    assert_eq!(described(&mut world).0, "ACTIVE", "{code}");
    world.jump(world.options.health_sweep);
    assert_eq!(
        described(&mut world),
        ("DEGRADED".to_owned(), vec![code.to_owned()])
    );
    world.iam = before.iam;
    world.ec2 = before.ec2;
    world.autoscaling = before.autoscaling;
    world.kubernetes = before.kubernetes;
    world.jump(world.options.health_sweep);
    assert_eq!(described(&mut world), ("ACTIVE".to_owned(), vec![]));
}

#[test]
fn whatever_a_node_group_needs_is_missed_when_it_is_gone() {
    check("AutoScalingGroupNotFound", |world, nodegroup| {
        world.autoscaling.groups.remove(&nodegroup.group);
    });
    check("Ec2LaunchTemplateNotFound", |world, nodegroup| {
        world.ec2.templates.remove(&nodegroup.own_template);
    });
    check("Ec2LaunchTemplateVersionMismatch", |world, nodegroup| {
        let group = world.autoscaling.groups.get_mut(&nodegroup.group);
        group.unwrap().template.version = 2;
    });
    check("IamInstanceProfileNotFound", |world, nodegroup| {
        let profile = nodegroup.instance_profile();
        world.iam.instance_profiles.remove(&profile);
    });
    check("IamNodeRoleNotFound", |world, _| {
        world.iam.roles.remove(NODE_ROLE);
    });
    check("Ec2SecurityGroupNotFound", |world, _| {
        world.ec2.security_groups.clear();
    });
    check("Ec2SubnetNotFound", |world, nodegroup| {
        world.ec2.subnets.remove(&nodegroup.subnets[0]);
    });
}

#[test]
fn a_version_of_the_own_template_that_nobody_uses_is_no_issue() {
    let mut world = world();
    let own = world
        .eks
        .nodegroups
        .values()
        .next()
        .unwrap()
        .own_template
        .clone();
    let data = super::super::super::ec2::templates::TemplateData::default();
    world
        .add_template_version(&own, None, data, "somebody")
        .unwrap();
    world.jump(Duration::from_secs(3600));
    assert_eq!(described(&mut world), ("ACTIVE".to_owned(), vec![]));
}

#[test]
fn an_idle_world_has_nothing_left_to_do() {
    let mut world = world();
    world.jump(Duration::from_secs(86_400));
    // Keys rotate once a year.
    let month = jiff::SignedDuration::from_hours(30 * 24);
    let wall: jiff::Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
    assert!(world.next_event_wall().is_none_or(|at| at > wall + month));
}

/// A node group that wants one instance, which its volume's key does not let live.
fn failing(world: &mut World) {
    let key = call(world, "kms", "CreateKey", json!({})).unwrap();
    let volume = json!({"Encrypted": true, "KmsKeyId": key["KeyMetadata"]["KeyId"]});
    let template = json!({
        "LaunchTemplateName": "ours",
        "LaunchTemplateData": {"BlockDeviceMapping": [{"DeviceName": "/dev/xvda", "Ebs": volume}]},
    });
    call(world, "ec2", "CreateLaunchTemplate", template).unwrap();
    create(world, json!({"minSize": 0, "maxSize": 1, "desiredSize": 0}));
    world.jump(world.options.nodegroup_creation);
}

fn create(world: &mut World, size: Value) {
    let subnets: Vec<String> = world.ec2.subnets.keys().cloned().collect();
    let role = world.iam.roles[NODE_ROLE].arn.clone();
    let request = json!({
        "name": CLUSTER, "nodegroupName": "ours", "subnets": subnets, "nodeRole": role,
        "scalingConfig": size, "launchTemplate": {"name": "ours"},
    });
    call(world, "eks", "CreateNodegroup", request).unwrap();
}

fn resize(world: &mut World, desired: u32) {
    let request = json!({"name": CLUSTER, "nodegroupName": "ours", "scalingConfig": {"desiredSize": desired}});
    call(world, "eks", "UpdateNodegroupConfig", request).unwrap();
    world.jump(Duration::from_secs(300));
}

fn ours(world: &World) -> &Nodegroup {
    &world.eks.nodegroups[&(CLUSTER.to_owned(), "ours".to_owned())]
}

#[test]
fn failing_launches_degrade_and_scaling_to_zero_clears_if_the_world_says_so() {
    for (clears, after_zero) in [(true, Status::Active), (false, Status::Degraded)] {
        let mut world = world();
        world.options.zero_clears_issues = clears;
        failing(&mut world);
        resize(&mut world, 1);
        let found = ours(&world);
        assert_eq!(found.status, Status::Degraded);
        let issue = &found.issues[0];
        assert_eq!(issue.code, "AsgInstanceLaunchFailures");
        assert!(
            issue
                .message
                .ends_with("The KMS key provided is in an incorrect state")
        );
        assert_eq!(issue.resources, std::slice::from_ref(&found.group));
        resize(&mut world, 0);
        assert_eq!(ours(&world).status, after_zero);
    }
}

#[test]
fn only_a_launch_clears_the_issue_where_zero_does_not() {
    let mut world = world();
    world.options.zero_clears_issues = false;
    failing(&mut world);
    resize(&mut world, 1);
    let key = ours(&world).source.clone().unwrap();
    let template = world.ec2.templates.get_mut(&key.id).unwrap();
    template.versions[0].data.block_devices = None;
    let version = json!({"name": CLUSTER, "nodegroupName": "ours", "launchTemplate": {"name": "ours", "version": "1"}});
    resize(&mut world, 0);
    assert_eq!(ours(&world).status, Status::Degraded);
    let own = ours(&world).own_template.clone();
    world.ec2.templates.get_mut(&own).unwrap().versions[0]
        .data
        .block_devices = None;
    call(&mut world, "eks", "UpdateNodegroupVersion", version).unwrap();
    world.jump(Duration::from_secs(60));
    resize(&mut world, 1);
    assert_eq!(
        (ours(&world).status, ours(&world).issues.len()),
        (Status::Active, 0)
    );
}

#[test]
fn a_creation_whose_launches_fail_is_given_up_with_the_reason() {
    let mut world = world();
    failing(&mut world);
    let gone = json!({"name": CLUSTER, "nodegroupName": "ours"});
    call(&mut world, "eks", "DeleteNodegroup", gone).unwrap();
    world.jump(Duration::from_secs(120));
    create(
        &mut world,
        json!({"minSize": 1, "maxSize": 1, "desiredSize": 1}),
    );
    world.jump(Duration::from_secs(30 * 60));
    assert_eq!(ours(&world).status, Status::Creating);
    assert!(ours(&world).issues.is_empty());
    world.jump(Duration::from_secs(10 * 60));
    assert_eq!(ours(&world).status, Status::CreateFailed);
    assert_eq!(ours(&world).issues[0].code, "AsgInstanceLaunchFailures");
}

#[test]
fn instances_that_never_join_fail_a_creation_and_are_never_reported_later() {
    let mut world = world();
    world.options.node_registration = Duration::from_secs(10 * 86_400);
    call(
        &mut world,
        "ec2",
        "CreateLaunchTemplate",
        json!({"LaunchTemplateName": "ours", "LaunchTemplateData": {}}),
    )
    .unwrap();
    create(
        &mut world,
        json!({"minSize": 0, "maxSize": 2, "desiredSize": 2}),
    );
    world.jump(Duration::from_secs(22 * 60));
    let found = ours(&world);
    assert_eq!(found.status, Status::CreateFailed);
    assert_eq!(found.issues[0].code, "NodeCreationFailure");
    assert_eq!(
        found.issues[0].message,
        "Instances failed to join the kubernetes cluster"
    );
    assert!(found.issues[0].resources.len() == 2);
    let gone = json!({"name": CLUSTER, "nodegroupName": "ours"});
    call(&mut world, "eks", "DeleteNodegroup", gone).unwrap();
    world.jump(Duration::from_secs(180));
    create(
        &mut world,
        json!({"minSize": 0, "maxSize": 2, "desiredSize": 0}),
    );
    world.jump(Duration::from_secs(120));
    resize(&mut world, 1);
    world.jump(Duration::from_secs(3600));
    assert_eq!(
        (ours(&world).status, ours(&world).issues.len()),
        (Status::Active, 0)
    );
}

#[test]
fn a_cluster_misses_its_role_and_subnets_after_a_while() {
    let mut world = world();
    let shown = |world: &mut World| {
        let reply = call(world, "eks", "DescribeCluster", json!({"name": CLUSTER})).unwrap();
        reply["cluster"]["health"]["issues"].clone()
    };
    let subnet = world.ec2.subnets.pop_first().unwrap();
    world.jump(Duration::from_secs(60));
    assert_eq!(shown(&mut world), json!([]));
    world.jump(world.options.cluster_health_sweep);
    let issues = shown(&mut world);
    assert_eq!(issues[0]["code"], "Ec2SubnetNotFound");
    assert_eq!(issues[0]["resourceIds"], json!([subnet.0]));
    world.ec2.subnets.insert(subnet.0, subnet.1);
    world.jump(world.options.cluster_health_sweep);
    assert_eq!(shown(&mut world), json!([]));
}

/// Takes EKS's own cluster role away.
fn lock_out(world: &mut World) {
    let role = causes::NODE_MANAGER;
    world.kubernetes.delete(&kind::CLUSTER_ROLES, "", role);
}

#[test]
fn eks_without_its_cluster_role_can_do_nothing_to_nodes() {
    check("AccessDenied", |world, _| lock_out(world));
    let mut world = world();
    let template = json!({"LaunchTemplateName": "ours", "LaunchTemplateData": {}});
    call(&mut world, "ec2", "CreateLaunchTemplate", template).unwrap();
    create(
        &mut world,
        json!({"minSize": 0, "maxSize": 1, "desiredSize": 1}),
    );
    world.jump(Duration::from_secs(300));
    let with_role = world.kubernetes.clone();
    lock_out(&mut world);
    resize(&mut world, 1);
    let update = ours(&world).updates.last().unwrap();
    assert_eq!(
        (update.status.as_str(), update.errors[0].code.as_str()),
        ("Failed", "AccessDenied")
    );
    let gone = json!({"name": CLUSTER, "nodegroupName": "ours"});
    call(&mut world, "eks", "DeleteNodegroup", gone.clone()).unwrap();
    world.jump(Duration::from_secs(30 * 60));
    assert_eq!(ours(&world).status, Status::DeleteFailed);
    assert_eq!(ours(&world).issues[0].code, "AccessDenied");
    world.kubernetes = with_role;
    call(&mut world, "eks", "DeleteNodegroup", gone).unwrap();
    world.jump(Duration::from_secs(300));
    assert_eq!(world.eks.nodegroups.len(), 1);
}
