//! Labels and taints of a node group on its nodes: new nodes come with them, and a change reaches those that are there.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::kubernetes::kind;
use super::super::world::World;
use super::{Nodegroup, NodegroupId, Taint};

/// A `Node` as the kubelet of this node group registers it.
pub fn dress(node: &mut Value, nodegroup: &Nodegroup) {
    for (name, value) in &nodegroup.labels {
        node["metadata"]["labels"][name] = json!(value);
    }
    add_taints(node, &nodegroup.taints);
}

fn add_taints(node: &mut Value, taints: &[Taint]) {
    if taints.is_empty() {
        return;
    }
    let mut present = node["spec"]["taints"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    present.extend(taints.iter().map(taint_json));
    node["spec"]["taints"] = json!(present);
}

/// As Kubernetes writes it: `NO_SCHEDULE` is `NoSchedule`.
fn taint_json(taint: &Taint) -> Value {
    let effect = match taint.effect.as_str() {
        "NO_EXECUTE" => "NoExecute",
        "PREFER_NO_SCHEDULE" => "PreferNoSchedule",
        _ => "NoSchedule",
    };
    let mut written = json!({ "key": taint.key, "effect": effect });
    if let Some(value) = &taint.value {
        written["value"] = json!(value);
    }
    written
}

/// Gives the node group other labels and taints. On its nodes only what EKS itself had set changes.
pub(super) fn change(
    world: &mut World,
    id: &NodegroupId,
    labels: BTreeMap<String, String>,
    taints: Vec<Taint>,
) {
    let Some(nodegroup) = world.eks.nodegroups.get_mut(id) else {
        return;
    };
    if (&nodegroup.labels, &nodegroup.taints) == (&labels, &taints) {
        return;
    }
    let before_labels = std::mem::replace(&mut nodegroup.labels, labels);
    let before_taints = std::mem::replace(&mut nodegroup.taints, taints);
    let nodegroup = nodegroup.clone();
    for name in node_names(world, &nodegroup) {
        let Some(found) = world.kubernetes.get(&kind::NODES, "", &name) else {
            continue;
        };
        let mut node = Value::clone(found);
        undress(&mut node, &before_labels, &before_taints);
        dress(&mut node, &nodegroup);
        world.kubernetes.put(&kind::NODES, node);
    }
}

fn undress(node: &mut Value, labels: &BTreeMap<String, String>, taints: &[Taint]) {
    if let Some(present) = node["metadata"]["labels"].as_object_mut() {
        present.retain(|name, _| !labels.contains_key(name));
    }
    let gone: Vec<Value> = taints.iter().map(taint_json).collect();
    if let Some(present) = node["spec"]["taints"].as_array_mut() {
        present.retain(|taint| {
            !gone
                .iter()
                .any(|gone| (&gone["key"], &gone["effect"]) == (&taint["key"], &taint["effect"]))
        });
        if present.is_empty()
            && let Some(spec) = node["spec"].as_object_mut()
        {
            spec.remove("taints");
        }
    }
}

fn node_names(world: &World, nodegroup: &Nodegroup) -> Vec<String> {
    let members = world
        .autoscaling
        .groups
        .get(&nodegroup.group)
        .map(|group| group.members.as_slice())
        .unwrap_or_default();
    members
        .iter()
        .filter(|member| world.nodes.contains_key(&member.instance))
        .filter_map(|member| world.ec2.instances.get(&member.instance))
        .map(|instance| instance.private_dns.clone())
        .collect()
}
