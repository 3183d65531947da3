//! How a node looks that the cluster does not hear of, and that a change of its status leaves what others wrote alone.

use serde_json::{Value, json};

use super::super::clock::Moment;
use super::super::kubernetes::node::NodeFacts;
use super::super::kubernetes::times::moment;

/// Taints that the node lifecycle controller puts on and takes off.
const LIFECYCLE_TAINTS: [&str; 2] = [
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
];

/// Makes a node and its lease those of a kubelet that reported last at `lost` and was missed at `missed`.
pub(super) fn silence(node: &mut Value, lease: &mut Value, lost: Moment, missed: Moment) {
    let (lost, missed) = (moment(lost.micros()), moment(missed.micros()));
    if let Some(conditions) = node["status"]["conditions"].as_array_mut() {
        for condition in conditions {
            condition["status"] = json!("Unknown");
            condition["reason"] = json!("NodeStatusUnknown");
            condition["message"] = json!("Kubelet stopped posting node status.");
            condition["lastHeartbeatTime"] = lost.clone();
            condition["lastTransitionTime"] = missed.clone();
        }
    }
    node["spec"]["taints"] = ["NoSchedule", "NoExecute"]
        .iter()
        .map(|effect| {
            json!({ "key": "node.kubernetes.io/unreachable", "effect": effect, "timeAdded": missed })
        })
        .collect();
    lease["spec"]["renewTime"] = lost;
}

/// A known node with another status: labels, annotations and taints stay as whoever set them left them.
pub(super) fn with_status_of(known: &Value, fresh: Value) -> Value {
    let mut node = known.clone();
    let lifecycle = |taint: &Value| {
        taint["key"]
            .as_str()
            .is_some_and(|key| LIFECYCLE_TAINTS.contains(&key))
    };
    let taints = |node: &Value| {
        node["spec"]["taints"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    };
    let kept = taints(known).into_iter().filter(|taint| !lifecycle(taint));
    let taints: Vec<Value> = kept
        .chain(taints(&fresh).into_iter().filter(lifecycle))
        .collect();
    if let Some(spec) = node["spec"].as_object_mut() {
        match taints.is_empty() {
            true => spec.shift_remove("taints"),
            false => spec.insert("taints".to_owned(), taints.into()),
        };
    }
    node["status"] = fresh["status"].clone();
    node
}

/// The event of a node's status having changed: `NodeReady` or `NodeNotReady`.
pub(super) fn status_event(facts: &NodeFacts, status: &str, at: Moment) -> Value {
    let name = &facts.name;
    let component = match status {
        "NodeNotReady" => "node-controller",
        _ => "kubelet",
    };
    let at = at.micros();
    json!({
        "metadata": {
            "name": format!("{name}.{at:016x}"), "namespace": "default", "creationTimestamp": moment(at),
        },
        "involvedObject": { "kind": "Node", "name": name, "uid": name },
        "reason": status,
        "message": format!("Node {name} status is now: {status}"),
        "source": { "component": component },
        "firstTimestamp": moment(at),
        "lastTimestamp": moment(at),
        "count": 1,
        "type": "Normal",
        "eventTime": null,
        "reportingComponent": component,
        "reportingInstance": "",
    })
}
