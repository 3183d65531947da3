//! How a node group goes: its instances, then what EKS had made for it. The user's template, the role and its access
//! entry stay.

use super::super::autoscaling::{Size, controller as autoscaling, groups};
use super::super::clock::Moment;
use super::super::iam::instance_profiles;
use super::super::world::World;
use super::controller::{RECHECK, schedule, set_status};
use super::{Event, NodegroupId, Status, causes};

pub(super) fn delete(world: &mut World, id: &NodegroupId) {
    set_status(world, id, Status::Deleting);
    let Some(nodegroup) = world.eks.nodegroups.get_mut(id) else {
        return;
    };
    nodegroup.issues.clear();
    let group = nodegroup.group.clone();
    let nothing = Size {
        min: 0,
        max: 0,
        desired: 0,
    };
    autoscaling::resize(world, &group, nothing);
    let (after, began) = (world.options.nodegroup_deletion, world.now());
    let nodegroup = id.clone();
    schedule(world, after, Event::DeletionCheck { nodegroup, began });
}

pub(super) fn check(world: &mut World, id: NodegroupId, began: Moment) {
    let Some(nodegroup) = world
        .eks
        .nodegroups
        .get(&id)
        .filter(|found| found.status == Status::Deleting)
    else {
        return;
    };
    let instances_left = world
        .autoscaling
        .groups
        .get(&nodegroup.group)
        .is_some_and(|group| !group.members.is_empty());
    // EKS drains what it takes away, and cannot without its user in the cluster.
    let locked_out = causes::issue(world, nodegroup, "AccessDenied");
    if !instances_left && locked_out.is_none() {
        remove(world, &id);
        return;
    }
    let given_up = world.now().since(began) >= world.options.nodegroup_deletion_limit;
    match locked_out.filter(|_| given_up) {
        Some(issue) => {
            if let Some(nodegroup) = world.eks.nodegroups.get_mut(&id) {
                nodegroup.issues = vec![issue];
            }
            set_status(world, &id, Status::DeleteFailed);
        }
        None => {
            let nodegroup = id;
            schedule(world, RECHECK, Event::DeletionCheck { nodegroup, began });
        }
    }
}

fn remove(world: &mut World, id: &NodegroupId) {
    let Some(nodegroup) = world.eks.nodegroups.remove(id) else {
        return;
    };
    groups::remove(world, &nodegroup.group);
    world.ec2.templates.remove(&nodegroup.own_template);
    instance_profiles::delete(world, &nodegroup.instance_profile());
}
