//! What EKS reports about a node group's health: launches that keep failing, until they succeed.

use super::super::autoscaling::ActivityKind;
use super::super::clock::Moment;
use super::super::world::World;
use super::controller::{nodegroup_of, schedule, settle_status};
use super::{Event, Issue, NodegroupId, Status};

const LAUNCH_FAILURES: &str = "AsgInstanceLaunchFailures";

pub(super) fn clear_launch_failures(world: &mut World, id: &NodegroupId) {
    if let Some(nodegroup) = world.eks.nodegroups.get_mut(id) {
        nodegroup
            .issues
            .retain(|issue| issue.code != LAUNCH_FAILURES);
    }
}

/// Auto Scaling's launches began to fail or to succeed; EKS will notice in its own time.
pub fn launches_changed(world: &mut World, group: &str) {
    let Some(id) = nodegroup_of(world, group) else {
        return;
    };
    let failing_since = world
        .autoscaling
        .groups
        .get(group)
        .and_then(|group| group.failing_since);
    let after = match failing_since {
        Some(since) => (since + world.options.issue_after).since(world.now()),
        None => world.options.issue_cleared_after,
    };
    schedule(world, after, Event::HealthCheck { nodegroup: id });
}

pub(super) fn check_health(world: &mut World, id: &NodegroupId) {
    let Some(nodegroup) = world.eks.nodegroups.get(id) else {
        return;
    };
    // A group that is being made or taken down reports nothing.
    if !matches!(
        nodegroup.status,
        Status::Active | Status::Degraded | Status::Updating
    ) {
        return;
    }
    let updating = nodegroup.status == Status::Updating;
    let since: Option<Moment> = world
        .autoscaling
        .groups
        .get(&nodegroup.group)
        .and_then(|group| group.failing_since);
    match since {
        Some(since) if world.now().since(since) >= world.options.issue_after => {
            report_launch_failures(world, id)
        }
        Some(_) => return,
        None => clear_launch_failures(world, id),
    }
    if !updating {
        settle_status(world, id);
    }
}

pub(super) fn report_launch_failures(world: &mut World, id: &NodegroupId) {
    let Some(group) = world
        .eks
        .nodegroups
        .get(id)
        .map(|nodegroup| nodegroup.group.clone())
    else {
        return;
    };
    let Some(message) = launch_failure(world, &group) else {
        return;
    };
    clear_launch_failures(world, id);
    if let Some(nodegroup) = world.eks.nodegroups.get_mut(id) {
        nodegroup.issues.push(Issue {
            code: LAUNCH_FAILURES.to_owned(),
            message,
            resources: vec![group],
        });
    }
}

/// What the last failed launch said.
pub(super) fn launch_failure(world: &World, group: &str) -> Option<String> {
    let activities = &world.autoscaling.groups.get(group)?.activities;
    activities
        .iter()
        .rev()
        .filter(|activity| activity.kind == ActivityKind::Launch)
        .find_map(|activity| activity.message.clone())
}
