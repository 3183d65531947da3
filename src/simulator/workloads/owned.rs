//! Pods that a controller keeps: made from its template, found again by their owner reference.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::kubernetes::{Cascade, Kind, kind};
use super::super::world::World;
use super::labels::select;
use super::objects::{
    all, change, condition, count, created, is_deleted, is_true, items, moment_at, name, namespace,
    now, text, uid,
};
use super::record::{normal, record, warning};

pub(super) const REPLICA_SET: &str = "replicaset-controller";
pub(super) const DAEMON_SET: &str = "daemonset-controller";

/// A reference to the controller of what it makes.
pub(super) fn reference(owner: &Value) -> Value {
    json!({
        "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": name(owner), "uid": uid(owner),
        "controller": true, "blockOwnerDeletion": true,
    })
}

/// The owner reference of an object's controller; null where it has none.
pub(super) fn controller(object: &Value) -> &Value {
    items(&object["metadata"]["ownerReferences"])
        .iter()
        .find(|owner| owner["controller"] == true)
        .unwrap_or(&Value::Null)
}

pub(super) fn belongs_to(object: &Value, owner: &Value) -> bool {
    controller(object)["uid"] == uid(owner)
}

/// What an owner controls, oldest first.
pub(super) fn of(world: &World, kind: &'static Kind, owner: &Value) -> Vec<Arc<Value>> {
    let mut owned: Vec<Arc<Value>> = world
        .kubernetes
        .list(kind, Some(namespace(owner)))
        .filter(|object| belongs_to(object, owner))
        .cloned()
        .collect();
    owned.sort_by_key(|object| created(object));
    owned
}

/// The pods of an owner by its selector: pods that it controls and that match, and matching ones without a controller,
/// which it takes over. A pod that no longer matches is let go.
pub(super) fn claimed(world: &mut World, owner: &Value) -> Vec<Arc<Value>> {
    let selector = &owner["spec"]["selector"];
    let mut pods = Vec::new();
    for pod in all(world, &kind::PODS) {
        if namespace(&pod) != namespace(owner) {
            continue;
        }
        let matches = select(selector, &pod["metadata"]["labels"]);
        if belongs_to(&pod, owner) {
            if matches || is_deleted(&pod) {
                pods.push(pod);
            } else {
                change(world, &kind::PODS, &pod, |pod| {
                    if let Some(owners) = pod["metadata"]["ownerReferences"].as_array_mut() {
                        owners.retain(|reference| reference["uid"] != uid(owner));
                    }
                });
            }
        } else if matches && controller(&pod).is_null() && !is_deleted(&pod) && !is_deleted(owner) {
            let taken = change(world, &kind::PODS, &pod, |pod| {
                pod["metadata"]["ownerReferences"] = json!([reference(owner)]);
            });
            pods.push(taken);
        }
    }
    pods.sort_by_key(|pod| created(pod));
    pods
}

/// Whether a pod counts for its controller.
pub(super) fn is_active(pod: &Value) -> bool {
    !is_deleted(pod) && !matches!(text(&pod["status"]["phase"]), "Succeeded" | "Failed")
}

pub(super) fn is_ready(pod: &Value) -> bool {
    is_active(pod) && is_true(pod, "Ready")
}

/// Whether a pod has been ready for as long as its controller wants. Has everyone look again when it will have been.
pub(super) fn is_available(world: &mut World, pod: &Value, owner: &Value) -> bool {
    if !is_ready(pod) {
        return false;
    }
    let seconds = u64::try_from(count(&owner["spec"]["minReadySeconds"])).unwrap_or(0);
    let since = condition(pod, "Ready").and_then(|ready| moment_at(&ready["lastTransitionTime"]));
    let Some(since) = since.filter(|_| seconds > 0) else {
        return true;
    };
    let from = since + std::time::Duration::from_secs(seconds);
    super::wake_at(world, from);
    from <= world.now()
}

/// A new pod of an owner's, with `adapt` applied to what its template says. Says so on the owner.
pub(super) fn create(
    world: &mut World,
    component: &'static str,
    owner: &Value,
    adapt: impl FnOnce(&mut Value),
) {
    let template = &owner["spec"]["template"];
    let prefix = format!("{}-", name(owner));
    let mut pod = json!({
        "metadata": { "generateName": prefix, "namespace": namespace(owner), "creationTimestamp": now(world) },
        "spec": template["spec"],
    });
    for map in ["labels", "annotations"] {
        if template["metadata"][map].is_object() {
            pod["metadata"][map] = template["metadata"][map].clone();
        }
    }
    pod["metadata"]["ownerReferences"] = json!([reference(owner)]);
    adapt(&mut pod);
    match world.kubernetes.create_pod(pod) {
        Ok(pod) => {
            let message = format!("Created pod: {}", name(&pod));
            record(
                world,
                owner,
                normal(component, "SuccessfulCreate", &message),
            );
        }
        Err(why) => {
            let message = format!("Error creating: {why}");
            if !super::record::was_said(world, owner, "FailedCreate", &message) {
                record(world, owner, warning(component, "FailedCreate", &message));
            }
        }
    }
}

/// Deletes a pod of an owner's, which says so.
pub(super) fn delete(world: &mut World, component: &'static str, owner: &Value, pod: &Value) {
    if is_deleted(pod) {
        return;
    }
    end(world, pod);
    let message = format!("Deleted pod: {}", name(pod));
    record(
        world,
        owner,
        normal(component, "SuccessfulDelete", &message),
    );
}

/// Deletes a pod as `kubectl delete` does: it has its grace period.
pub(super) fn end(world: &mut World, pod: &Value) {
    let now = world.now().micros();
    world.kubernetes.remove(
        &kind::PODS,
        (namespace(pod), name(pod)),
        None,
        Cascade::Background,
        now,
    );
}

/// The hash of a pod template in the alphabet of pod names. The same template has the same hash, whatever the order of
/// its fields; the text is not the one that a real controller computes.
pub(super) fn hash(template: &Value) -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut sorted = template.clone();
    sorted.sort_all_objects();
    let hash = sorted
        .to_string()
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| {
            hash.wrapping_mul(0x0100_0193) ^ u32::from(byte)
        });
    hash.to_string()
        .bytes()
        .map(|digit| char::from(ALPHABET[usize::from(digit) % ALPHABET.len()]))
        .collect()
}
