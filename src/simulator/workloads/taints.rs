//! Taints that controllers set, and what they drive away.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::clock::Moment;
use super::super::kubernetes::kind;
use super::super::world::World;
use super::objects::{all, change, condition, is_deleted, items, moment_at, name, now, text};
use super::owned;
use super::record::{Said, normal, record};
use super::scheduler::fit;

const CORDONED: &str = "node.kubernetes.io/unschedulable";

/// A node that is cordoned has a taint that says so, and its kubelet tells.
pub(super) fn mark_cordoned_nodes(world: &mut World) {
    for node in all(world, &kind::NODES) {
        let cordoned = node["spec"]["unschedulable"] == true;
        let is_mark = |taint: &Value| taint["key"] == CORDONED;
        if cordoned == items(&node["spec"]["taints"]).iter().any(is_mark) {
            continue;
        }
        let time = now(world);
        let marked = change(world, &kind::NODES, &node, |node| {
            let mut taints = items(&node["spec"]["taints"]).to_vec();
            taints.retain(|taint| !is_mark(taint));
            if cordoned {
                taints.push(json!({ "key": CORDONED, "effect": "NoSchedule", "timeAdded": time }));
            }
            set_taints(node, taints);
        });
        let reason = if cordoned {
            "NodeNotSchedulable"
        } else {
            "NodeSchedulable"
        };
        let message = format!("Node {} status is now: {reason}", name(&node));
        let said = Said {
            host: name(&node),
            ..normal("kubelet", reason, &message)
        };
        record(world, &marked, said);
    }
}

fn set_taints(node: &mut Value, taints: Vec<Value>) {
    if taints.is_empty() {
        if let Some(spec) = node["spec"].as_object_mut() {
            spec.shift_remove("taints");
        }
    } else {
        node["spec"]["taints"] = json!(taints);
    }
}

/// Pods that do not tolerate a `NoExecute` taint of their node leave it; those that do for a while leave it then.
pub(super) fn evict(world: &mut World) {
    let tainted = all(world, &kind::NODES).into_iter().filter(|node| {
        items(&node["spec"]["taints"])
            .iter()
            .any(|taint| taint["effect"] == "NoExecute")
    });
    for node in tainted.collect::<Vec<_>>() {
        for pod in all(world, &kind::PODS) {
            if text(&pod["spec"]["nodeName"]) != name(&node) || is_deleted(&pod) {
                continue;
            }
            match leaves_at(&pod, &node) {
                Some(at) if at <= world.now() => {
                    let message = "Marking for deletion Pod ".to_owned()
                        + &format!("{}/{}", text(&pod["metadata"]["namespace"]), name(&pod));
                    let said = normal(
                        "taint-eviction-controller",
                        "TaintManagerEviction",
                        &message,
                    );
                    record(world, &pod, said);
                    owned::end(world, &pod);
                }
                Some(at) => super::wake_at(world, at),
                None => {}
            }
        }
    }
}

/// When a pod has to leave its node; `None` for never.
fn leaves_at(pod: &Value, node: &Value) -> Option<Moment> {
    let not_long_ago = condition(node, "Ready")
        .and_then(|ready| moment_at(&ready["lastTransitionTime"]))
        .unwrap_or(Moment::from_micros(0));
    items(&node["spec"]["taints"])
        .iter()
        .filter(|taint| taint["effect"] == "NoExecute")
        .filter_map(|taint| {
            let (key, value) = (text(&taint["key"]), text(&taint["value"]));
            let since = moment_at(&taint["timeAdded"]).unwrap_or(not_long_ago);
            match fit::toleration(pod, key, value, "NoExecute") {
                None => Some(Moment::from_micros(0)),
                Some(toleration) => {
                    let seconds = toleration["tolerationSeconds"].as_u64()?;
                    Some(since + Duration::from_secs(seconds))
                }
            }
        })
        .min()
}
