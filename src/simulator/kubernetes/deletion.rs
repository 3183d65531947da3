//! How objects go: at once, after their finalizers, after a pod's grace period; and what goes with them.

use super::kind::{self, Kind};
use super::store::{Store, text};
use super::times::moment;
use serde_json::{Value, json};
use std::sync::Arc;

/// The finalizer of an owner that goes after what it owns.
pub const FOREGROUND: &str = "foregroundDeletion";

/// What becomes of what a deleted object owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cascade {
    /// It goes, too.
    Background,
    /// It goes first.
    Foreground,
    /// It stays, without its owner.
    Orphan,
}

impl Store {
    /// Deletes an object (namespace and name), or marks it when it cannot go yet: it has finalizers, it is a pod that is
    /// given time to stop, or a namespace that is to be emptied first. `grace` is that time in seconds; the pod's own when
    /// absent. Returns what is left of it. `now` is in microseconds of world time.
    pub fn remove(
        &mut self,
        kind: &'static Kind,
        (namespace, name): (&str, &str),
        grace: Option<i64>,
        cascade: Cascade,
        now: i64,
    ) -> Option<Arc<Value>> {
        let existing = self.get(kind, namespace, name)?.clone();
        let uid = text(&existing, "uid").to_owned();
        let foreground = cascade == Cascade::Foreground && self.owns_anything(&uid);
        let grace = grace_period(kind, &existing, grace);
        let kept = foreground
            || has_finalizers(&existing)
            || grace > 0
            || kind == &kind::NAMESPACES && self.holds_a_pod(name);
        if !kept {
            self.delete(kind, namespace, name);
            self.delete_contents(kind, name);
        }
        match cascade {
            Cascade::Orphan => self.orphan(&uid),
            Cascade::Background | Cascade::Foreground => self.delete_owned(&uid, cascade, now),
        }
        if !kept {
            return None;
        }
        let mut marked = (*existing).clone();
        if marked["metadata"].get("deletionTimestamp").is_none() {
            marked["metadata"]["deletionTimestamp"] = moment(now + grace * 1_000_000);
            marked["metadata"]["deletionGracePeriodSeconds"] = json!(grace);
        }
        if kind == &kind::NAMESPACES {
            marked["status"]["phase"] = json!("Terminating");
        }
        if foreground && !has(&marked, FOREGROUND) {
            let mut finalizers = list(&marked["metadata"]["finalizers"]).to_vec();
            finalizers.push(json!(FOREGROUND));
            marked["metadata"]["finalizers"] = json!(finalizers);
        }
        Some(self.put(kind, marked))
    }

    /// Whether an object with this uid owns another one.
    pub fn owns_anything(&self, uid: &str) -> bool {
        self.every().any(|(_, object)| is_owned_by(object, uid))
    }

    fn every(&self) -> impl Iterator<Item = (&'static Kind, &Arc<Value>)> {
        kind::KINDS
            .iter()
            .copied()
            .flat_map(|kind| self.list(kind, None).map(move |object| (kind, object)))
    }

    fn holds_a_pod(&self, namespace: &str) -> bool {
        self.list(&kind::PODS, Some(namespace)).next().is_some()
    }

    fn delete_contents(&mut self, of: &Kind, namespace: &str) {
        if of == &kind::NAMESPACES {
            let held = self.chosen(|object| text(object, "namespace") == namespace);
            for (kind, object) in held {
                self.delete(kind, namespace, text(&object, "name"));
            }
        }
    }

    fn chosen(&self, condition: impl Fn(&Value) -> bool) -> Vec<(&'static Kind, Arc<Value>)> {
        self.every()
            .filter(|(_, object)| condition(object))
            .map(|(kind, object)| (kind, Arc::clone(object)))
            .collect()
    }

    fn delete_owned(&mut self, uid: &str, cascade: Cascade, now: i64) {
        for (kind, object) in self.chosen(|object| is_owned_by(object, uid)) {
            let place = (text(&object, "namespace"), text(&object, "name"));
            self.remove(kind, place, None, cascade, now);
        }
    }

    fn orphan(&mut self, uid: &str) {
        for (kind, object) in self.chosen(|object| is_owned_by(object, uid)) {
            let mut freed = (*object).clone();
            if let Some(owners) = freed["metadata"]["ownerReferences"].as_array_mut() {
                owners.retain(|owner| owner["uid"] != uid);
            }
            self.put(kind, freed);
        }
    }
}

/// How long a pod may take to stop, in seconds. One without a node has nothing to stop.
fn grace_period(kind: &Kind, object: &Value, asked: Option<i64>) -> i64 {
    if kind != &kind::PODS
        || object["spec"]["nodeName"]
            .as_str()
            .is_none_or(str::is_empty)
    {
        return 0;
    }
    let own = object["spec"]["terminationGracePeriodSeconds"].as_i64();
    asked.or(own).unwrap_or(30).max(0)
}

pub(super) fn has_finalizers(object: &Value) -> bool {
    !list(&object["metadata"]["finalizers"]).is_empty()
}

fn has(object: &Value, finalizer: &str) -> bool {
    list(&object["metadata"]["finalizers"])
        .iter()
        .any(|one| one == finalizer)
}

fn is_owned_by(object: &Value, uid: &str) -> bool {
    list(&object["metadata"]["ownerReferences"])
        .iter()
        .any(|owner| owner["uid"] == uid)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
