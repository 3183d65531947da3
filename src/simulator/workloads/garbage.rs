//! The ends of what waits for its end: owners that wait for what they own, namespaces that wait to be empty.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::kubernetes::{Cascade, FOREGROUND, kind};
use super::super::world::World;
use super::objects::{all, change, is_deleted, items, name, namespace, uid};

pub(super) fn collect(world: &mut World) {
    for namespace in all(world, &kind::NAMESPACES) {
        if is_deleted(&namespace) {
            empty(world, &namespace);
        }
    }
    for kind in kind::KINDS.iter().copied() {
        for owner in all(world, kind) {
            if is_waiting(&owner) && !world.kubernetes.owns_anything(uid(&owner)) {
                let freed = change(world, kind, &owner, |owner| {
                    if let Some(list) = owner["metadata"]["finalizers"].as_array_mut() {
                        list.retain(|finalizer| finalizer != FOREGROUND);
                    }
                });
                if items(&freed["metadata"]["finalizers"]).is_empty() {
                    world
                        .kubernetes
                        .delete(kind, namespace(&owner), name(&owner));
                }
            }
        }
    }
}

fn is_waiting(owner: &Value) -> bool {
    is_deleted(owner)
        && items(&owner["metadata"]["finalizers"])
            .iter()
            .any(|finalizer| finalizer == FOREGROUND)
}

/// Deletes what a namespace holds; the namespace itself when it holds nothing more.
fn empty(world: &mut World, of: &Value) {
    let now = world.now().micros();
    let mut left = false;
    for kind in kind::KINDS.iter().copied().filter(|kind| kind.namespaced) {
        let held: Vec<Arc<Value>> = world
            .kubernetes
            .list(kind, Some(name(of)))
            .cloned()
            .collect();
        for object in held {
            if !is_deleted(&object) {
                let place = (name(of), name(&object));
                world
                    .kubernetes
                    .remove(kind, place, None, Cascade::Background, now);
            }
            left |= world
                .kubernetes
                .get(kind, name(of), name(&object))
                .is_some();
        }
    }
    if !left {
        world.kubernetes.delete(&kind::NAMESPACES, "", name(of));
        return;
    }
    change(world, &kind::NAMESPACES, of, |namespace| {
        namespace["status"]["phase"] = json!("Terminating");
    });
}
