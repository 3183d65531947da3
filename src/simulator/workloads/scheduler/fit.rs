//! Whether a pod fits a node, and in which words it does not. Checked in the order of the default profile; the first
//! check that fails speaks.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::super::kubernetes::kind;
use super::super::super::world::World;
use super::super::labels::{node_satisfies, selects_map};
use super::super::objects::{items, name, namespace, text};
use super::super::quantity::{amounts, requested};
use super::{Cluster, spread};

/// Why a node will not do.
pub(in super::super) struct Misfit {
    reasons: Vec<String>,
    /// Whether the node would do if other pods went.
    others_in_the_way: bool,
}

impl Misfit {
    /// Something about the node itself.
    pub(super) fn of_node(reason: impl Into<String>) -> Self {
        Self {
            reasons: vec![reason.into()],
            others_in_the_way: false,
        }
    }

    /// Something about the pods on it.
    pub(super) fn of_pods(reason: impl Into<String>) -> Self {
        Self {
            others_in_the_way: true,
            ..Self::of_node(reason)
        }
    }
}

/// What all nodes have against a pod, counted.
#[derive(Default)]
pub(super) struct Reasons {
    counts: BTreeMap<String, usize>,
    hopeless: usize,
    in_the_way: usize,
}

impl Reasons {
    pub(super) fn add(&mut self, misfit: &Misfit) {
        for reason in &misfit.reasons {
            *self.counts.entry(reason.clone()).or_default() += 1;
        }
        if misfit.others_in_the_way {
            self.in_the_way += 1;
        } else {
            self.hopeless += 1;
        }
    }

    /// `0/3 nodes are available: 3 Insufficient cpu. preemption: …`
    pub(super) fn message(&self, total: usize) -> String {
        let mut against: Vec<String> = self
            .counts
            .iter()
            .map(|(reason, count)| format!("{count} {reason}"))
            .collect();
        against.sort();
        let mut preemption: Vec<String> = [
            (
                self.in_the_way,
                "No preemption victims found for incoming pod",
            ),
            (self.hopeless, "Preemption is not helpful for scheduling"),
        ]
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, why)| format!("{count} {why}"))
        .collect();
        preemption.sort();
        format!(
            "0/{total} nodes are available: {}. preemption: 0/{total} nodes are available: {}.",
            against.join(", "),
            preemption.join(", ")
        )
    }
}

pub(super) fn check(cluster: &Cluster, pod: &Value, node: &Value) -> Result<(), Misfit> {
    let tolerates_cordon = tolerates(pod, "node.kubernetes.io/unschedulable", "", "NoSchedule");
    if node["spec"]["unschedulable"] == true && !tolerates_cordon {
        return Err(Misfit::of_node("node(s) were unschedulable"));
    }
    if let Some(taint) = untolerated(pod, node, &["NoSchedule", "NoExecute"]) {
        let reason = format!(
            "node(s) had untolerated taint {{{}: {}}}",
            text(&taint["key"]),
            text(&taint["value"])
        );
        return Err(Misfit::of_node(reason));
    }
    if !matches_node(pod, node) {
        return Err(Misfit::of_node(
            "node(s) didn't match Pod's node affinity/selector",
        ));
    }
    if ports_clash(cluster, pod, node) {
        return Err(Misfit::of_pods(
            "node(s) didn't have free ports for the requested pod ports",
        ));
    }
    resources(cluster, pod, node)?;
    spread::check(cluster, pod, node)
}

/// Whether the node is one that the pod's selector and required node affinity allow.
pub(in super::super) fn matches_node(pod: &Value, node: &Value) -> bool {
    let spec = &pod["spec"];
    let required =
        &spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    selects_map(&spec["nodeSelector"], &node["metadata"]["labels"])
        && (required.is_null() || node_satisfies(&required["nodeSelectorTerms"], node))
}

/// The first taint of these effects that the pod does not tolerate.
pub(in super::super) fn untolerated<'a>(
    pod: &Value,
    node: &'a Value,
    effects: &[&str],
) -> Option<&'a Value> {
    items(&node["spec"]["taints"]).iter().find(|taint| {
        let effect = text(&taint["effect"]);
        effects.contains(&effect)
            && !tolerates(pod, text(&taint["key"]), text(&taint["value"]), effect)
    })
}

fn tolerates(pod: &Value, key: &str, value: &str, effect: &str) -> bool {
    toleration(pod, key, value, effect).is_some()
}

/// The first toleration of a pod that covers a taint.
pub(in super::super) fn toleration<'a>(
    pod: &'a Value,
    key: &str,
    value: &str,
    effect: &str,
) -> Option<&'a Value> {
    items(&pod["spec"]["tolerations"])
        .iter()
        .find(|toleration| {
            let given = |field: &str| text(&toleration[field]).to_owned();
            let exists = given("operator") == "Exists";
            let of_key = given("key") == key || given("key").is_empty() && exists;
            let of_effect = given("effect").is_empty() || given("effect") == effect;
            of_key && of_effect && (exists || given("value") == value)
        })
}

fn ports_clash(cluster: &Cluster, pod: &Value, node: &Value) -> bool {
    let ports = |pod: &Value| -> Vec<(i64, String)> {
        items(&pod["spec"]["containers"])
            .iter()
            .flat_map(|container| items(&container["ports"]))
            .filter_map(|port| {
                let number = port["hostPort"].as_i64().filter(|number| *number > 0)?;
                Some((number, text(&port["protocol"]).to_owned()))
            })
            .collect()
    };
    let wanted = ports(pod);
    !wanted.is_empty()
        && cluster.pods.iter().any(|other| {
            text(&other["spec"]["nodeName"]) == name(node)
                && ports(other).iter().any(|port| wanted.contains(port))
        })
}

fn resources(cluster: &Cluster, pod: &Value, node: &Value) -> Result<(), Misfit> {
    let has = amounts(&node["status"]["allocatable"]);
    let nothing = BTreeMap::new();
    let used = cluster.used.get(name(node)).unwrap_or(&nothing);
    let of = |amounts: &BTreeMap<String, i64>, what: &str| amounts.get(what).copied().unwrap_or(0);
    let mut reasons = Vec::new();
    let mut impossible = false;
    if of(used, "pods") + 1000 > of(&has, "pods") {
        reasons.push("Too many pods".to_owned());
    }
    for (what, amount) in requested(pod) {
        if amount > 0 && of(used, &what) + amount > of(&has, &what) {
            impossible |= amount > of(&has, &what);
            reasons.push(format!("Insufficient {what}"));
        }
    }
    if reasons.is_empty() {
        return Ok(());
    }
    Err(Misfit {
        reasons,
        others_in_the_way: !impossible,
    })
}

/// What is wrong with the claims of a pod. A claim is never bound: volumes are not simulated.
pub(super) fn claim_trouble(world: &World, pod: &Value) -> Option<String> {
    let claims = items(&pod["spec"]["volumes"])
        .iter()
        .filter_map(|volume| volume["persistentVolumeClaim"]["claimName"].as_str());
    for claim in claims {
        match world.kubernetes.get(&kind::CLAIMS, namespace(pod), claim) {
            None => return Some(format!("persistentvolumeclaim \"{claim}\" not found")),
            Some(found) if found["status"]["phase"] != "Bound" => {
                return Some(
                    "pod has unbound immediate PersistentVolumeClaims (binding volumes is not simulated)"
                        .to_owned(),
                );
            }
            Some(_) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_toleration_covers_a_taint_by_key_value_and_effect() {
        let check = |toleration_given: Value, tolerated: bool| {
            let pod = json!({ "spec": { "tolerations": [toleration_given] } });
            assert_eq!(tolerates(&pod, "k", "v", "NoSchedule"), tolerated, "{pod}");
        };
        check(json!({ "operator": "Exists" }), true);
        check(json!({ "key": "k", "operator": "Exists" }), true);
        check(json!({ "key": "k", "value": "v" }), true);
        check(
            json!({ "key": "k", "operator": "Equal", "value": "w" }),
            false,
        );
        check(
            json!({ "key": "k", "operator": "Exists", "effect": "NoExecute" }),
            false,
        );
        check(json!({ "key": "l", "operator": "Exists" }), false);
    }

    #[test]
    fn reasons_are_counted_and_sorted() {
        let mut reasons = Reasons::default();
        reasons.add(&Misfit::of_pods("Insufficient memory"));
        reasons.add(&Misfit::of_node("node(s) were unschedulable"));
        reasons.add(&Misfit::of_pods("Insufficient memory"));
        assert_eq!(
            reasons.message(3),
            "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient memory. preemption: 0/3 nodes are \
             available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod."
        );
    }
}
