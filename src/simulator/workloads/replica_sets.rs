//! Replica sets: as many pods as wanted, no more, no fewer.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::kubernetes::kind;
use super::super::world::World;
use super::labels::selects_map;
use super::objects::{all, change, count, created, is_deleted, text};
use super::owned::{self, REPLICA_SET, is_active, is_available, is_ready};

/// A controller makes no more than this many pods at once.
const BURST: usize = 500;

pub(super) fn reconcile(world: &mut World) {
    for set in all(world, &kind::REPLICA_SETS) {
        let pods = owned::claimed(world, &set);
        let active: Vec<Arc<Value>> = pods.into_iter().filter(|pod| is_active(pod)).collect();
        if !is_deleted(&set) {
            scale(world, &set, &active);
        }
        publish(world, &set, &active);
    }
}

fn scale(world: &mut World, set: &Value, active: &[Arc<Value>]) {
    let wanted = usize::try_from(count(&set["spec"]["replicas"])).unwrap_or(0);
    for _ in active.len()..wanted.min(active.len() + BURST) {
        owned::create(world, REPLICA_SET, set, |_| {});
    }
    let mut expendable = active.to_vec();
    expendable.sort_by_key(|pod| worth(pod));
    let surplus = active.len().saturating_sub(wanted);
    for pod in expendable.iter().take(surplus) {
        owned::delete(world, REPLICA_SET, set, pod);
    }
}

/// Pods that do less go first: without a node, not running, not ready; then the youngest.
fn worth(pod: &Value) -> (bool, bool, bool, std::cmp::Reverse<i64>) {
    (
        pod["spec"]["nodeName"].is_string(),
        text(&pod["status"]["phase"]) == "Running",
        is_ready(pod),
        std::cmp::Reverse(created(pod)),
    )
}

fn publish(world: &mut World, set: &Value, active: &[Arc<Value>]) {
    let labels = &set["spec"]["template"]["metadata"]["labels"];
    let labelled = active
        .iter()
        .filter(|pod| selects_map(labels, &pod["metadata"]["labels"]))
        .count();
    let ready = active.iter().filter(|pod| is_ready(pod)).count();
    let available = active
        .iter()
        .filter(|pod| is_available(world, pod, set))
        .count();
    let mut status = json!({ "replicas": active.len() });
    for (field, number) in [
        ("fullyLabeledReplicas", labelled),
        ("readyReplicas", ready),
        ("availableReplicas", available),
    ] {
        if number > 0 {
            status[field] = json!(number);
        }
    }
    status["observedGeneration"] = set["metadata"]["generation"].clone();
    change(world, &kind::REPLICA_SETS, set, |set| {
        set["status"] = status
    });
}
