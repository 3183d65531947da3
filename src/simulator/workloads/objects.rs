//! Reading and changing objects, as every controller does.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::clock::Moment;
use super::super::kubernetes::{Kind, moment, moment_of};
use super::super::world::World;

pub(super) fn name(object: &Value) -> &str {
    text(&object["metadata"]["name"])
}

pub(super) fn namespace(object: &Value) -> &str {
    text(&object["metadata"]["namespace"])
}

pub(super) fn uid(object: &Value) -> &str {
    text(&object["metadata"]["uid"])
}

/// A text; empty where there is none.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The elements of a list; none where there is no list.
pub(super) fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

pub(super) fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// A whole number; zero where there is none.
pub(super) fn count(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

pub(super) fn created(object: &Value) -> i64 {
    moment_of(&object["metadata"]["creationTimestamp"]).unwrap_or_default()
}

pub(super) fn is_deleted(object: &Value) -> bool {
    object["metadata"]
        .get("deletionTimestamp")
        .is_some_and(|at| !at.is_null())
}

/// All objects of a kind.
pub(super) fn all(world: &World, kind: &Kind) -> Vec<Arc<Value>> {
    world.kubernetes.list(kind, None).cloned().collect()
}

/// Stores what `change` makes of an object. Changing nothing is no change.
pub(super) fn change(
    world: &mut World,
    kind: &'static Kind,
    object: &Value,
    change: impl FnOnce(&mut Value),
) -> Arc<Value> {
    let mut changed = object.clone();
    change(&mut changed);
    world.kubernetes.put(kind, changed)
}

/// The present, as objects write it.
pub(super) fn now(world: &World) -> Value {
    moment(world.now().micros())
}

/// When a stored time is.
pub(super) fn moment_at(value: &Value) -> Option<Moment> {
    moment_of(value).map(Moment::from_micros)
}

pub(super) fn condition<'a>(object: &'a Value, condition_type: &str) -> Option<&'a Value> {
    items(&object["status"]["conditions"])
        .iter()
        .find(|condition| condition["type"] == condition_type)
}

pub(super) fn is_true(object: &Value, condition_type: &str) -> bool {
    condition(object, condition_type).is_some_and(|condition| condition["status"] == "True")
}

/// A condition as it should be.
pub(super) struct Condition<'a> {
    pub(super) condition_type: &'a str,
    pub(super) status: bool,
    pub(super) reason: &'a str,
    pub(super) message: &'a str,
}

/// Sets a condition of `status`, which keeps its time of transition for as long as its status stays. `extra` is written
/// into it with the time of the change whenever anything changes: `lastUpdateTime` of a deployment.
pub(super) fn set_condition(
    status: &mut Value,
    wanted: &Condition<'_>,
    extra: Option<&str>,
    now: &Value,
) {
    let mut set = json!({
        "type": wanted.condition_type,
        "status": if wanted.status { "True" } else { "False" },
    });
    for (field, text) in [("reason", wanted.reason), ("message", wanted.message)] {
        if !text.is_empty() {
            set[field] = json!(text);
        }
    }
    if !status["conditions"].is_array() {
        status["conditions"] = json!([]);
    }
    let Some(conditions) = status["conditions"].as_array_mut() else {
        return;
    };
    let position = conditions
        .iter()
        .position(|condition| condition["type"] == wanted.condition_type);
    let existing = position.map(|position| conditions[position].clone());
    let same = |field: &str| {
        existing
            .as_ref()
            .is_some_and(|existing| existing.get(field) == set.get(field))
    };
    let (same_status, same_words) = (same("status"), same("reason") && same("message"));
    let kept = |field: &str, keep: bool| match &existing {
        Some(existing) if keep && existing.get(field).is_some() => existing[field].clone(),
        _ => now.clone(),
    };
    let transition = kept("lastTransitionTime", same_status);
    let extra = extra.map(|field| (field, kept(field, same_status && same_words)));
    set["lastTransitionTime"] = transition;
    if let Some((field, time)) = extra {
        set[field] = time;
    }
    match position {
        Some(position) => conditions[position] = set,
        None => conditions.push(set),
    }
}
