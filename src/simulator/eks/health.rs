//! The health sweep: EKS looks at a node group when it has reason to, some time after something changed, and reports
//! what ails it. Nothing is scheduled for a world in which nothing changes.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::autoscaling::hooks;
use super::super::clock::Moment;
use super::super::world::World;
use super::causes;
use super::controller::{nodegroup_of, schedule, settle_status};
use super::{Event, Issue, Nodegroup, NodegroupId, Status};

pub(super) fn issue_json(issue: &Issue) -> Value {
    json!({ "code": issue.code, "message": issue.message, "resourceIds": issue.resources })
}

/// Whether EKS reports on a node group in this state. One that is being made or taken down says nothing, and a
/// failed creation is never looked at again.
fn is_watched(nodegroup: &Nodegroup) -> bool {
    matches!(
        nodegroup.status,
        Status::Active | Status::Degraded | Status::Updating
    )
}

/// Has EKS look at the node groups that are not as they are reported. Called whenever time is about to move, so that
/// whatever changed the world, no operation has to know who depends on it.
pub(in super::super) fn notice(world: &mut World) {
    hold_hooks(world);
    let stale: Vec<NodegroupId> = world
        .eks
        .nodegroups
        .iter()
        .filter(|(_, nodegroup)| {
            nodegroup.sweep_due.is_none()
                && is_watched(nodegroup)
                && causes::issues(world, nodegroup) != nodegroup.issues
        })
        .map(|(id, _)| id.clone())
        .collect();
    for id in stale {
        let after = world.options.health_sweep;
        sweep_after(world, &id, after);
    }
}

/// EKS completes the lifecycle actions of its groups once it has drained a node; locked out of the cluster it cannot,
/// and instances hang in `Terminating:Wait`.
fn hold_hooks(world: &mut World) {
    let changed: Vec<NodegroupId> = world
        .eks
        .nodegroups
        .iter()
        .filter(|(_, nodegroup)| {
            let locked_out = causes::issue(world, nodegroup, "AccessDenied").is_some();
            nodegroup.locked_out != locked_out
        })
        .map(|(id, _)| id.clone())
        .collect();
    for id in changed {
        if let Some(nodegroup) = world.eks.nodegroups.get_mut(&id) {
            nodegroup.locked_out = !nodegroup.locked_out;
            let (group, held) = (nodegroup.group.clone(), nodegroup.locked_out);
            hooks::hold(world, &group, held);
        }
    }
}

fn sweep_after(world: &mut World, id: &NodegroupId, after: Duration) {
    let due = world.now() + after;
    if let Some(nodegroup) = world.eks.nodegroups.get_mut(id) {
        nodegroup.sweep_due = Some(due);
    }
    let nodegroup = id.clone();
    schedule(world, after, Event::HealthCheck { nodegroup });
}

/// Auto Scaling's launches began to fail or to succeed; EKS will notice in its own time.
pub fn launches_changed(world: &mut World, group: &str) {
    let Some(id) = nodegroup_of(world, group) else {
        return;
    };
    let failing_since: Option<Moment> = world
        .autoscaling
        .groups
        .get(group)
        .and_then(|group| group.failing_since);
    let after = match failing_since {
        Some(since) => (since + world.options.issue_after).since(world.now()),
        None => world.options.issue_cleared_after,
    };
    sweep_after(world, &id, after);
}

/// Reports what ails the node group now. Its status follows, unless an update is under way and will settle it.
pub(super) fn sweep(world: &mut World, id: &NodegroupId) {
    let now = world.now();
    let Some(nodegroup) = world.eks.nodegroups.get(id) else {
        return;
    };
    let due = nodegroup.sweep_due.filter(|due| *due > now);
    let issues = is_watched(nodegroup).then(|| causes::issues(world, nodegroup));
    let Some(nodegroup) = world.eks.nodegroups.get_mut(id) else {
        return;
    };
    nodegroup.sweep_due = due;
    if let Some(issues) = issues {
        nodegroup.issues = issues;
        if nodegroup.status != Status::Updating {
            settle_status(world, id);
        }
    }
}

/// Reports what a creation died of: launches that failed, or instances that did not join.
pub(super) fn report_failed_creation(world: &mut World, id: &NodegroupId) {
    let Some(nodegroup) = world.eks.nodegroups.get(id) else {
        return;
    };
    let mut issues = causes::issues_apart_from_launches(world, nodegroup);
    let group = world.autoscaling.groups.get(&nodegroup.group);
    let launches_fail = group.is_some_and(|group| group.failing_since.is_some());
    if launches_fail {
        issues.extend(causes::launch_issue(world, nodegroup));
    } else if let Some(group) = group {
        issues.push(Issue {
            code: "NodeCreationFailure".to_owned(),
            message: "Instances failed to join the kubernetes cluster".to_owned(),
            resources: group
                .staying()
                .map(|member| member.instance.clone())
                .collect(),
        });
    }
    if let Some(nodegroup) = world.eks.nodegroups.get_mut(id) {
        nodegroup.issues = issues;
    }
}

#[cfg(test)]
mod tests {
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
        assert_eq!(world.next_event_wall(), None);
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
            assert_eq!(issue.resources, [found.group.clone()]);
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
}
