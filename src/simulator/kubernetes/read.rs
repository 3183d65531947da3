//! `get`, `list` and `watch`.

use super::Reply;
use super::answer;
use super::refusal::Refusal;
use super::request::{Form, Query, Target};
use super::selector::Selectors;
use super::store::Store;
use super::times::Times;
use super::watch::Watch;
use http::StatusCode;
use serde_json::Value;
use std::sync::Arc;

pub(super) fn get(
    store: &Store,
    target: &Target,
    form: &Form,
    times: &Times<'_>,
) -> Result<Reply, Refusal> {
    let object = existing(store, target)?;
    Ok(Reply::Once(answer::json_response(
        StatusCode::OK,
        &answer::one(target.kind, object, form, times),
    )))
}

/// The object that a request is about.
pub(super) fn existing<'a>(store: &'a Store, target: &Target) -> Result<&'a Arc<Value>, Refusal> {
    store
        .get(target.kind, &target.namespace, &target.name)
        .ok_or_else(|| Refusal::not_found(target.kind, &target.name))
}

/// A list, complete whatever `limit` says.
pub(super) fn list(
    store: &Store,
    target: &Target,
    query: &Query,
    form: Form,
    times: &Times<'_>,
) -> Result<Reply, Refusal> {
    let selectors = Selectors::parse(
        target.kind,
        query.get("labelSelector"),
        query.get("fieldSelector"),
    )?;
    if query.is_true("watch") {
        return Watch::parse(target, query, selectors, form).map(Reply::Watch);
    }
    check_version(store, query)?;
    let objects: Vec<&Value> = selected(store, target, &selectors).collect();
    let body = answer::list(target.kind, &objects, &form, store.version(), times);
    Ok(Reply::Once(answer::json_response(StatusCode::OK, &body)))
}

/// The objects that a request on a collection is about.
pub(super) fn selected<'a>(
    store: &'a Store,
    target: &'a Target,
    selectors: &'a Selectors,
) -> impl Iterator<Item = &'a Value> {
    let namespace = Some(target.namespace.as_str()).filter(|namespace| !namespace.is_empty());
    store
        .list(target.kind, namespace)
        .map(std::convert::AsRef::as_ref)
        .filter(|object| selectors.select(object))
}

/// Only the present can be listed.
fn check_version(store: &Store, query: &Query) -> Result<(), Refusal> {
    if query.get("continue").is_some() {
        return Err(Refusal::expired(
            "The provided continue parameter is too old to display a consistent list result.",
        ));
    }
    match query.number("resourceVersion")? {
        Some(version) if version > store.version() => {
            Err(Refusal::version_not_reached(version, store.version()))
        }
        Some(version)
            if query.get("resourceVersionMatch") == Some("Exact") && version != store.version() =>
        {
            Err(Refusal::expired(format!(
                "The resourceVersion for the provided list is too old: {version}"
            )))
        }
        _ => Ok(()),
    }
}
