//! What EKS does by itself: sees to what is due, and says what state a node group is in.

use std::time::Duration;

use super::super::autoscaling::Lifecycle;
use super::super::nodes;
use super::super::world::{self, World};
use super::{Event, NodegroupId, Status, cluster_update, creation, deletion, health, update};

pub(super) const RECHECK: Duration = Duration::from_secs(5);

pub(in super::super) fn handle(world: &mut World, event: Event) {
    match event {
        Event::CreationCheck { nodegroup } => creation::check_creation(world, nodegroup),
        Event::UpdateCheck { nodegroup, update } => update::check_update(world, nodegroup, update),
        Event::HealthCheck { nodegroup } => health::sweep(world, &nodegroup),
        Event::DeletionCheck { nodegroup, began } => deletion::check(world, nodegroup, began),
        Event::ClusterHealthCheck { cluster } => health::sweep_cluster(world, &cluster),
        Event::ClusterUpdated { cluster, becomes } => {
            cluster_update::finish(world, &cluster, *becomes)
        }
    }
}

pub(super) fn schedule(world: &mut World, after: Duration, event: Event) {
    world.schedule(after, world::Event::Eks(event));
}

/// Every instance that is wanted is there, up to date and a Ready node.
pub(super) fn all_ready(world: &World, group: &str) -> bool {
    world.autoscaling.groups.get(group).is_some_and(|group| {
        let ready = group
            .staying()
            .filter(|member| {
                member.template_version == group.template.version
                    && nodes::is_ready(world, &member.instance)
            })
            .count();
        ready >= group.size.desired as usize
    })
}

pub(super) fn set_status(world: &mut World, id: &NodegroupId, status: Status) {
    let now = world.now();
    if let Some(nodegroup) = world.eks.nodegroups.get_mut(id) {
        nodegroup.status = status;
        nodegroup.modified = now;
    }
}

/// Instances that are up, or coming up, and not Ready nodes yet; or going.
pub(super) fn nodes_on_their_way(world: &World, group: &str) -> bool {
    world.autoscaling.groups.get(group).is_some_and(|group| {
        group.members.iter().any(|member| {
            member.lifecycle == Lifecycle::Terminating || !nodes::is_ready(world, &member.instance)
        })
    })
}

/// ACTIVE without issues, DEGRADED with some.
pub(super) fn settle_status(world: &mut World, id: &NodegroupId) {
    if let Some(nodegroup) = world.eks.nodegroups.get(id) {
        let status = if nodegroup.issues.is_empty() {
            Status::Active
        } else {
            Status::Degraded
        };
        if nodegroup.status != status {
            set_status(world, id, status);
        }
    }
}

pub(super) fn nodegroup_of(world: &World, group: &str) -> Option<NodegroupId> {
    world
        .eks
        .nodegroups
        .iter()
        .find(|(_, nodegroup)| nodegroup.group == group)
        .map(|(id, _)| id.clone())
}
