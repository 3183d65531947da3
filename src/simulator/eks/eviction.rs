//! What keeps a node from being drained: pods that their disruption budget lets nobody evict.

use serde_json::Value;

use super::super::autoscaling::Group;
use super::super::kubernetes::{kind, labels};
use super::super::world::World;

/// Names of the outdated nodes of a group that cannot be drained now.
pub(super) fn undrainable(world: &World, group: &Group) -> Vec<String> {
    let names = group
        .outdated()
        .filter_map(|member| world.ec2.instances.get(&member.instance))
        .map(|instance| &instance.private_dns);
    let held = |name: &&String| {
        world
            .kubernetes
            .list(&kind::PODS, None)
            .any(|pod| pod["spec"]["nodeName"] == **name && is_held(world, pod))
    };
    names.filter(held).cloned().collect()
}

/// Pods of DaemonSets are not drained, and those that do not run are no disruption.
fn is_held(world: &World, pod: &Value) -> bool {
    let of_daemon_set = pod["metadata"]["ownerReferences"][0]["kind"] == "DaemonSet";
    if of_daemon_set || pod["status"]["phase"] != "Running" {
        return false;
    }
    let namespace = pod["metadata"]["namespace"].as_str();
    world
        .kubernetes
        .list(&kind::DISRUPTION_BUDGETS, namespace)
        .filter(|budget| labels::select(&budget["spec"]["selector"], &pod["metadata"]["labels"]))
        .any(|budget| budget["status"]["disruptionsAllowed"].as_i64().unwrap_or(0) < 1)
}
