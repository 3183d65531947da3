//! Daemon sets: one pod on every node that fits, of the present template.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::kubernetes::kind;
use super::super::world::World;
use super::deployments::share;
use super::objects::{all, change, count, entries, is_deleted, name, namespace, now, text};
use super::owned::{self, DAEMON_SET, is_active, is_available, is_ready};
use super::scheduler::fit;

const HASH: &str = "controller-revision-hash";
const GENERATION: &str = "deprecated.daemonset.template.generation";

pub(super) fn reconcile(world: &mut World) {
    for set in all(world, &kind::DAEMON_SETS) {
        if is_deleted(&set) {
            continue;
        }
        let hash = owned::hash(&set["spec"]["template"]);
        let revisions = keep_revision(world, &set, &hash);
        let pods: Vec<Arc<Value>> = owned::claimed(world, &set)
            .into_iter()
            .filter(|pod| is_active(pod))
            .collect();
        let nodes = all(world, &kind::NODES);
        let mut kept: Vec<Arc<Value>> = Vec::new();
        for pod in &pods {
            let home = nodes.iter().find(|node| name(node) == node_of(pod));
            let doubled = kept.iter().any(|other| node_of(other) == node_of(pod));
            if doubled || !home.is_some_and(|node| may_stay(&set, node)) {
                owned::delete(world, DAEMON_SET, &set, pod);
            } else {
                kept.push(Arc::clone(pod));
            }
        }
        let wanted: Vec<&Arc<Value>> = nodes.iter().filter(|node| should_run(&set, node)).collect();
        place(world, &set, &hash, &wanted, &kept);
        update(world, &set, &hash, wanted.len(), &kept);
        publish(world, &set, &hash, &wanted, &kept, revisions);
    }
}

fn node_of(pod: &Value) -> &str {
    let assigned = text(&pod["spec"]["nodeName"]);
    if assigned.is_empty() {
        let terms = &pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
            ["nodeSelectorTerms"];
        text(&terms[0]["matchFields"][0]["values"][0])
    } else {
        assigned
    }
}

/// Whether a node should have a pod: it matches, and its taints are tolerated.
fn should_run(set: &Value, node: &Value) -> bool {
    let pod = prospective_pod(set);
    fit::matches_node(&pod, node)
        && fit::untolerated(&pod, node, &["NoSchedule", "NoExecute"]).is_none()
}

/// A pod that is there may stay where a new one would not come.
fn may_stay(set: &Value, node: &Value) -> bool {
    let pod = prospective_pod(set);
    fit::matches_node(&pod, node) && fit::untolerated(&pod, node, &["NoExecute"]).is_none()
}

fn prospective_pod(set: &Value) -> Value {
    let mut pod = json!({ "spec": set["spec"]["template"]["spec"] });
    tolerate(&mut pod["spec"]);
    pod
}

/// What every pod of a daemon set tolerates.
fn tolerate(spec: &mut Value) {
    let mut taints = vec![
        ("not-ready", "NoExecute"),
        ("unreachable", "NoExecute"),
        ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"),
        ("pid-pressure", "NoSchedule"),
        ("unschedulable", "NoSchedule"),
    ];
    if spec["hostNetwork"] == true {
        taints.push(("network-unavailable", "NoSchedule"));
    }
    if !spec["tolerations"].is_array() {
        spec["tolerations"] = json!([]);
    }
    if let Some(tolerations) = spec["tolerations"].as_array_mut() {
        for (key, effect) in taints {
            let key = format!("node.kubernetes.io/{key}");
            tolerations.push(json!({ "key": key, "operator": "Exists", "effect": effect }));
        }
    }
}

/// Makes the pods that are missing. A pod that is still stopping keeps its place.
fn place(world: &mut World, set: &Value, hash: &str, wanted: &[&Arc<Value>], kept: &[Arc<Value>]) {
    let stopping: Vec<String> = owned::of(world, &kind::PODS, set)
        .iter()
        .filter(|pod| is_deleted(pod))
        .map(|pod| node_of(pod).to_owned())
        .collect();
    let generation = count(&set["metadata"]["generation"]).to_string();
    for node in wanted {
        let taken = kept.iter().any(|pod| node_of(pod) == name(node))
            || stopping.iter().any(|of| of == name(node));
        if taken {
            continue;
        }
        owned::create(world, DAEMON_SET, set, |pod| {
            pod["metadata"]["labels"][HASH] = json!(hash);
            pod["metadata"]["labels"]["pod-template-generation"] = json!(generation);
            tolerate(&mut pod["spec"]);
            let field = json!({ "key": "metadata.name", "operator": "In", "values": [name(node)] });
            let terms = json!({ "nodeSelectorTerms": [{ "matchFields": [field] }] });
            pod["spec"]["affinity"]["nodeAffinity"] =
                json!({ "requiredDuringSchedulingIgnoredDuringExecution": terms });
        });
    }
}

/// A rolling update: pods of former templates go, as many at a time as may be missing.
fn update(world: &mut World, set: &Value, hash: &str, desired: usize, kept: &[Arc<Value>]) {
    let strategy = &set["spec"]["updateStrategy"];
    if text(&strategy["type"]) != "RollingUpdate" {
        return;
    }
    let desired = i64::try_from(desired).unwrap_or(0);
    let most = share(&strategy["rollingUpdate"]["maxUnavailable"], desired, true).max(1);
    let mut available = 0;
    for pod in kept {
        available += i64::from(is_available(world, pod, set));
    }
    let mut missing = desired - available;
    for pod in kept {
        let is_old = pod["metadata"]["labels"][HASH] != hash;
        if is_old && !is_available(world, pod, set) {
            owned::delete(world, DAEMON_SET, set, pod);
        } else if is_old && missing < most {
            missing += 1;
            owned::delete(world, DAEMON_SET, set, pod);
        }
    }
}

fn publish(
    world: &mut World,
    set: &Value,
    hash: &str,
    wanted: &[&Arc<Value>],
    kept: &[Arc<Value>],
    revisions: i64,
) {
    let is_wanted = |pod: &Value| wanted.iter().any(|node| name(node) == node_of(pod));
    let placed: Vec<&Arc<Value>> = kept.iter().filter(|pod| is_wanted(pod)).collect();
    let updated = placed
        .iter()
        .filter(|pod| pod["metadata"]["labels"][HASH] == hash)
        .count();
    let ready = placed.iter().filter(|pod| is_ready(pod)).count();
    let available = placed
        .iter()
        .filter(|pod| is_available(world, pod, set))
        .count();
    let mut status = json!({
        "currentNumberScheduled": placed.len(),
        "numberMisscheduled": kept.len() - placed.len(),
        "desiredNumberScheduled": wanted.len(),
        "numberReady": ready,
        "observedGeneration": set["metadata"]["generation"],
    });
    for (field, number) in [
        ("updatedNumberScheduled", updated),
        ("numberAvailable", available),
        ("numberUnavailable", wanted.len().saturating_sub(available)),
    ] {
        if number > 0 {
            status[field] = json!(number);
        }
    }
    change(world, &kind::DAEMON_SETS, set, |set| {
        set["metadata"]["annotations"][GENERATION] = json!(revisions.to_string());
        set["status"] = status;
    });
}

/// Keeps the template as a revision that `kubectl rollout undo` can go back to; returns how often it has changed.
fn keep_revision(world: &mut World, set: &Value, hash: &str) -> i64 {
    let revisions = owned::of(world, &kind::CONTROLLER_REVISIONS, set);
    let newest = revisions
        .iter()
        .map(|revision| count(&revision["revision"]))
        .max()
        .unwrap_or(0);
    let own = revisions
        .iter()
        .find(|revision| revision["metadata"]["labels"][HASH] == hash);
    match own {
        Some(own) if count(&own["revision"]) == newest => return newest,
        Some(own) => {
            change(world, &kind::CONTROLLER_REVISIONS, own, |revision| {
                revision["revision"] = json!(newest + 1);
            });
        }
        None => {
            let mut template = set["spec"]["template"].clone();
            template["$patch"] = json!("replace");
            let mut labels = json!({ HASH: hash });
            for (key, value) in entries(&set["spec"]["template"]["metadata"]["labels"]) {
                labels[key] = value.clone();
            }
            let revision = json!({
                "metadata": {
                    "name": format!("{}-{hash}", name(set)), "namespace": namespace(set), "creationTimestamp": now(world),
                    "labels": labels,
                    "annotations": set["metadata"]["annotations"],
                    "ownerReferences": [owned::reference(set)],
                },
                "data": { "spec": { "template": template } },
                "revision": newest + 1,
            });
            world.kubernetes.put(&kind::CONTROLLER_REVISIONS, revision);
        }
    }
    let limit = usize::try_from(count(&set["spec"]["revisionHistoryLimit"])).unwrap_or(10);
    let surplus = revisions.len().saturating_sub(limit);
    let mut old: Vec<&Arc<Value>> = revisions
        .iter()
        .filter(|revision| revision["metadata"]["labels"][HASH] != hash)
        .collect();
    old.sort_by_key(|revision| count(&revision["revision"]));
    for revision in old.into_iter().take(surplus) {
        world.kubernetes.delete(
            &kind::CONTROLLER_REVISIONS,
            namespace(revision),
            name(revision),
        );
    }
    newest + 1
}
