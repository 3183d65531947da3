//! Deployments: a replica set for each template, and the way from one to the next.

mod rollout;
mod status;

pub(super) use rollout::share;

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::kubernetes::kind;
use super::super::world::World;
use super::objects::{all, change, count, created, is_deleted, items, name, namespace, now, text};
use super::owned;
use super::record::{normal, record};

const CONTROLLER: &str = "deployment-controller";
const REVISION: &str = "deployment.kubernetes.io/revision";
const HASH: &str = "pod-template-hash";

pub(super) fn reconcile(world: &mut World) {
    for deployment in all(world, &kind::DEPLOYMENTS) {
        if is_deleted(&deployment) {
            continue;
        }
        let sets = owned::of(world, &kind::REPLICA_SETS, &deployment);
        let current = current_set(&deployment, &sets);
        let paused = deployment["spec"]["paused"] == true;
        if paused {
            rollout::resize(world, &deployment, &sets);
        } else {
            rollout::step(world, &deployment, &sets, current.as_ref());
        }
        let Some(deployment) = reread(world, &deployment) else {
            continue;
        };
        let sets = owned::of(world, &kind::REPLICA_SETS, &deployment);
        let current = current_set(&deployment, &sets);
        status::publish(world, &deployment, &sets, current.as_deref());
        if !paused {
            forget_old_sets(world, &deployment, &sets, current.as_deref());
        }
    }
}

fn reread(world: &World, deployment: &Value) -> Option<Arc<Value>> {
    world
        .kubernetes
        .get(&kind::DEPLOYMENTS, namespace(deployment), name(deployment))
        .cloned()
}

/// The replica set that has the deployment's template, if one has.
fn current_set(deployment: &Value, sets: &[Arc<Value>]) -> Option<Arc<Value>> {
    let wanted = &deployment["spec"]["template"];
    sets.iter()
        .find(|set| without_hash(&set["spec"]["template"]) == *wanted)
        .cloned()
}

fn without_hash(template: &Value) -> Value {
    let mut template = template.clone();
    if let Some(labels) = template["metadata"]["labels"].as_object_mut() {
        labels.shift_remove(HASH);
    }
    template
}

fn revision(object: &Value) -> i64 {
    text(&object["metadata"]["annotations"][REVISION])
        .parse()
        .unwrap_or(0)
}

/// Gives the set of the wanted template the highest revision, and the deployment the same.
fn mark_revision(world: &mut World, deployment: &Value, sets: &[Arc<Value>], set: &Value) {
    let highest = sets
        .iter()
        .filter(|other| name(other) != name(set))
        .map(|set| revision(set))
        .max()
        .unwrap_or(0);
    let mut own = revision(set);
    if own <= highest {
        own = highest + 1;
        change(world, &kind::REPLICA_SETS, set, |set| {
            let former = text(&set["metadata"]["annotations"][REVISION]).to_owned();
            set["metadata"]["annotations"][REVISION] = json!(own.to_string());
            let history = "deployment.kubernetes.io/revision-history";
            if !former.is_empty() {
                let before = text(&set["metadata"]["annotations"][history]);
                let all = [before, former.as_str()];
                let all: Vec<&str> = all.into_iter().filter(|text| !text.is_empty()).collect();
                set["metadata"]["annotations"][history] = json!(all.join(","));
            }
        });
    }
    change(world, &kind::DEPLOYMENTS, deployment, |deployment| {
        deployment["metadata"]["annotations"][REVISION] = json!(own.to_string());
    });
}

/// Makes the replica set of the deployment's template, with `replicas` pods wanted.
fn create_set(world: &mut World, deployment: &Value, sets: &[Arc<Value>], replicas: i64) {
    let template = &deployment["spec"]["template"];
    let hash = owned::hash(template);
    let set_name = format!("{}-{hash}", name(deployment));
    let number = sets.iter().map(|set| revision(set)).max().unwrap_or(0) + 1;
    let mut template = template.clone();
    template["metadata"]["labels"][HASH] = json!(hash);
    let mut selector = deployment["spec"]["selector"].clone();
    selector["matchLabels"][HASH] = json!(hash);
    let mut annotations = inherited_annotations(deployment);
    annotations[REVISION] = json!(number.to_string());
    let set = json!({
        "metadata": {
            "name": set_name, "namespace": namespace(deployment), "creationTimestamp": now(world), "generation": 1,
            "labels": template["metadata"]["labels"],
            "annotations": annotations,
            "ownerReferences": [owned::reference(deployment)],
        },
        "spec": { "replicas": replicas, "selector": selector, "template": template },
        "status": { "replicas": 0 },
    });
    let mut set = set;
    note_sizes(&mut set, deployment);
    world.kubernetes.put(&kind::REPLICA_SETS, set);
    change(world, &kind::DEPLOYMENTS, deployment, |deployment| {
        deployment["metadata"]["annotations"][REVISION] = json!(number.to_string());
    });
    if replicas > 0 {
        let message = format!("Scaled up replica set {set_name} to {replicas}");
        record(
            world,
            deployment,
            normal(CONTROLLER, "ScalingReplicaSet", &message),
        );
    }
}

fn inherited_annotations(deployment: &Value) -> Value {
    let mut annotations = deployment["metadata"]["annotations"].clone();
    if !annotations.is_object() {
        annotations = json!({});
    }
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.shift_remove("kubectl.kubernetes.io/last-applied-configuration");
    }
    annotations
}

/// How many pods the deployment wants and may have, as a replica set notes it.
fn note_sizes(set: &mut Value, deployment: &Value) {
    let wanted = count(&deployment["spec"]["replicas"]);
    let (surge, _) = rollout::leeway(deployment);
    let annotations = &mut set["metadata"]["annotations"];
    annotations["deployment.kubernetes.io/desired-replicas"] = json!(wanted.to_string());
    annotations["deployment.kubernetes.io/max-replicas"] = json!((wanted + surge).to_string());
}

/// Gives a replica set another size, and says so.
fn scale_set(world: &mut World, deployment: &Value, set: &Value, replicas: i64) {
    let before = count(&set["spec"]["replicas"]);
    let sized = change(world, &kind::REPLICA_SETS, set, |set| {
        set["spec"]["replicas"] = json!(replicas);
        if replicas != before {
            let generation = count(&set["metadata"]["generation"]) + 1;
            set["metadata"]["generation"] = json!(generation);
        }
        note_sizes(set, deployment);
    });
    if replicas == before {
        return;
    }
    let way = if replicas > before { "up" } else { "down" };
    let message = format!(
        "Scaled {way} replica set {} to {replicas} from {before}",
        name(&sized)
    );
    record(
        world,
        deployment,
        normal(CONTROLLER, "ScalingReplicaSet", &message),
    );
}

/// Deletes empty replica sets beyond `revisionHistoryLimit`, oldest first.
fn forget_old_sets(
    world: &mut World,
    deployment: &Value,
    sets: &[Arc<Value>],
    current: Option<&Value>,
) {
    let limit = usize::try_from(count(&deployment["spec"]["revisionHistoryLimit"])).unwrap_or(0);
    let is_done = current.is_some_and(|current| status::is_complete(deployment, sets, current));
    let mut old: Vec<&Arc<Value>> = sets
        .iter()
        .filter(|set| current.is_none_or(|current| name(current) != name(set)))
        .filter(|set| {
            count(&set["spec"]["replicas"]) == 0 && count(&set["status"]["replicas"]) == 0
        })
        .collect();
    old.sort_by_key(|set| (revision(set), created(set)));
    let surplus = old.len().saturating_sub(limit);
    if is_done {
        for set in old.into_iter().take(surplus) {
            world
                .kubernetes
                .delete(&kind::REPLICA_SETS, namespace(set), name(set));
        }
    }
}

/// Whether any pod of these sets still exists, stopping ones too.
fn has_pods(world: &World, sets: &[&Arc<Value>]) -> bool {
    world.kubernetes.list(&kind::PODS, None).any(|pod| {
        let owner = owned::controller(pod);
        sets.iter()
            .any(|set| owner["uid"] == set["metadata"]["uid"])
            && !items(&pod["spec"]["containers"]).is_empty()
    })
}
