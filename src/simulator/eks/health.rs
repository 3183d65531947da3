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
    notice_clusters(world);
}

fn notice_clusters(world: &mut World) {
    let stale: Vec<String> = world
        .eks
        .clusters
        .values()
        .filter(|cluster| {
            !cluster.sweep_due && causes::cluster_issues(world, cluster) != cluster.issues
        })
        .map(|cluster| cluster.name.clone())
        .collect();
    for name in stale {
        if let Some(cluster) = world.eks.clusters.get_mut(&name) {
            cluster.sweep_due = true;
        }
        let after = world.options.cluster_health_sweep;
        schedule(world, after, Event::ClusterHealthCheck { cluster: name });
    }
}

pub(super) fn sweep_cluster(world: &mut World, name: &str) {
    let issues = world
        .eks
        .clusters
        .get(name)
        .map(|cluster| causes::cluster_issues(world, cluster));
    if let (Some(cluster), Some(issues)) = (world.eks.clusters.get_mut(name), issues) {
        cluster.sweep_due = false;
        cluster.issues = issues;
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
mod tests;
