//! `create`, `update`, `patch` and `delete`.

use super::admission;
use super::defaults;
use super::deletion::{Cascade, has_finalizers};
use super::kind::{self, Kind};
use super::patch;
use super::protobuf;
use super::read;
use super::refusal::Refusal;
use super::request::Target;
use super::scale;
use super::schema::{self, Strictness};
use super::store::{Store, text};
use super::times::{Times, moment};
use serde_json::{Value, json};
use std::sync::Arc;

/// Reads a request body into JSON, whatever the content type.
pub(super) fn read_body(content_type: Option<&str>, body: &[u8]) -> Result<Value, Refusal> {
    let unreadable = |why: &dyn std::fmt::Display| {
        Refusal::bad_request(format!("the body of the request cannot be read: {why}"))
    };
    match content_type.map(media_type) {
        None | Some("" | "application/json") => {
            serde_json::from_slice(body).map_err(|error| unreadable(&error))
        }
        Some("application/yaml") => {
            serde_yaml::from_slice(body).map_err(|error| unreadable(&error))
        }
        Some("application/vnd.kubernetes.protobuf") => {
            protobuf::decode(body).map_err(Refusal::unsupported_media_type)
        }
        Some(other) => Err(unsupported(other)),
    }
}

fn media_type(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

fn unsupported(media_type: &str) -> Refusal {
    Refusal::unsupported_media_type(format!(
        "the body of the request was in an unknown format - {media_type} is not simulated"
    ))
}

/// What every change of an object goes by.
#[derive(Clone, Copy)]
pub(super) struct Writer<'a> {
    pub(super) target: &'a Target,
    pub(super) strictness: Strictness,
    pub(super) times: &'a Times<'a>,
}

/// Stores a new object.
pub(super) fn create(
    store: &mut Store,
    writer: &Writer<'_>,
    mut object: Value,
) -> Result<Arc<Value>, Refusal> {
    let Writer { target, times, .. } = *writer;
    let kind = target.kind;
    check_type(kind, &object)?;
    schema::check(kind, &mut object, writer.strictness)?;
    settle_namespace(target, &mut object)?;
    check_name(kind, &object)?;
    let (namespace, name) = (text(&object, "namespace"), text(&object, "name"));
    if kind.namespaced {
        check_namespace(store, kind, namespace, name)?;
    }
    if !name.is_empty() && store.get(kind, namespace, name).is_some() {
        return Err(Refusal::already_exists(kind, name));
    }
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for field in [
            "uid",
            "resourceVersion",
            "deletionTimestamp",
            "managedFields",
        ] {
            metadata.shift_remove(field);
        }
    }
    object["metadata"]["creationTimestamp"] = moment(times.now);
    admission::admit(store, kind, &mut object)?;
    let stored = store.put(kind, object);
    if kind == &kind::NAMESPACES {
        admission::furnish_namespace(store, text(&stored, "name"), times.now);
    }
    Ok(stored)
}

/// Replaces an object, or its status.
pub(super) fn update(
    store: &mut Store,
    writer: &Writer<'_>,
    object: Value,
) -> Result<Arc<Value>, Refusal> {
    let target = writer.target;
    let name = text(&object, "name");
    if !name.is_empty() && name != target.name {
        let message = format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            target.name
        );
        return Err(Refusal::bad_request(message));
    }
    let existing = Arc::clone(read::existing(store, target)?);
    replace(store, writer, &existing, object)
}

/// Changes part of an object. The patch sees the object as clients see it.
pub(super) fn patch(
    store: &mut Store,
    writer: &Writer<'_>,
    content_type: Option<&str>,
    body: &[u8],
) -> Result<Arc<Value>, Refusal> {
    let Writer { target, times, .. } = *writer;
    let existing = Arc::clone(read::existing(store, target)?);
    let patched = patched(target, times.render(&existing), content_type, body)?;
    replace(store, writer, &existing, patched)
}

/// Changes the number of replicas through the object's `Scale`.
pub(super) fn scale(
    store: &mut Store,
    writer: &Writer<'_>,
    content_type: Option<&str>,
    body: &[u8],
) -> Result<Value, Refusal> {
    let Writer { target, times, .. } = *writer;
    let existing = Arc::clone(read::existing(store, target)?);
    let is_patch = content_type.is_some_and(|text| text.contains("patch"));
    let wanted = if is_patch {
        let shown = times.render(&scale::of(&existing));
        patched(target, shown, content_type, body)?
    } else {
        read_body(content_type, body)?
    };
    let scaled = scale::applied(target.kind, &existing, &wanted)?;
    let stored = store.put(target.kind, scaled);
    Ok(times.render(&scale::of(&stored)))
}

/// An object as a patch makes it.
fn patched(
    target: &Target,
    mut patched: Value,
    content_type: Option<&str>,
    body: &[u8],
) -> Result<Value, Refusal> {
    let content_type = content_type.map(media_type).unwrap_or_default();
    let patch: Value = serde_json::from_slice(body)
        .map_err(|error| Refusal::bad_request(format!("the patch cannot be read: {error}")))?;
    match content_type {
        "application/merge-patch+json" => patch::merge(&mut patched, &patch),
        "application/strategic-merge-patch+json" => {
            patch::check_lists(&patch)
                .map_err(|why| Refusal::invalid(target.kind, &target.name, &why))?;
            patch::strategic(&mut patched, &patch);
        }
        "application/json-patch+json" => {
            patch::json_patch(&mut patched, &patch)
                .map_err(|why| Refusal::invalid(target.kind, &target.name, &why))?;
        }
        other => return Err(unsupported(other)),
    }
    Ok(patched)
}

/// Puts `object` where `existing` is, as far as a client may change it.
pub(super) fn replace(
    store: &mut Store,
    writer: &Writer<'_>,
    existing: &Value,
    mut object: Value,
) -> Result<Arc<Value>, Refusal> {
    let Writer { target, times, .. } = *writer;
    let kind = target.kind;
    check_type(kind, &object)?;
    schema::check(kind, &mut object, writer.strictness)?;
    let version = text(&object, "resourceVersion");
    if !version.is_empty() && version != text(existing, "resourceVersion") {
        return Err(Refusal::modified_meanwhile(kind, &target.name));
    }
    let uid = text(&object, "uid");
    if !uid.is_empty() && uid != text(existing, "uid") {
        let why = format!(
            "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
            text(existing, "uid")
        );
        return Err(Refusal::conflict(kind, &target.name, &why));
    }
    times.restore(&mut object, existing);
    let mut replaced = if target.subresource == "status" {
        let mut replaced = existing.clone();
        replaced["status"] = object["status"].take();
        replaced
    } else {
        keep(&mut object, existing, kind);
        complete(store, kind, existing, &mut object)?;
        object
    };
    replaced["metadata"]["name"] = json!(target.name);
    let metadata = &replaced["metadata"];
    let may_go = kind != &kind::PODS || metadata["deletionGracePeriodSeconds"] == 0;
    let freed = has_finalizers(existing)
        && !has_finalizers(&replaced)
        && metadata.get("deletionTimestamp").is_some()
        && may_go;
    let stored = store.put(kind, replaced);
    if freed {
        store.delete(kind, &target.namespace, &target.name);
    }
    Ok(stored)
}

/// Fills in what the client left out, and refuses what may not change.
fn complete(
    store: &Store,
    kind: &Kind,
    existing: &Value,
    object: &mut Value,
) -> Result<(), Refusal> {
    if kind == &kind::SERVICES && object["spec"]["type"] != "ExternalName" {
        for field in ["clusterIP", "clusterIPs"] {
            if object["spec"][field].is_null() && existing["spec"][field].is_string() {
                object["spec"][field] = existing["spec"][field].clone();
            }
        }
    }
    defaults::fill_in(kind, object);
    if kind == &kind::SERVICES {
        admission::addresses(store, object)?;
    }
    admission::check_change(kind, existing, object)?;
    if let Some(generation) = existing["metadata"]["generation"].as_i64()
        && object["spec"] != existing["spec"]
    {
        object["metadata"]["generation"] = json!(generation + 1);
    }
    Ok(())
}

/// What a client may not change through the object itself stays as it is.
fn keep(object: &mut Value, existing: &Value, kind: &Kind) {
    if kind.status {
        take_over(object, existing, "status");
    }
    for field in [
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "namespace",
    ] {
        take_over(&mut object["metadata"], &existing["metadata"], field);
    }
}

fn take_over(object: &mut Value, existing: &Value, field: &str) {
    match existing.get(field) {
        Some(value) => object[field] = value.clone(),
        None => {
            object
                .as_object_mut()
                .and_then(|fields| fields.shift_remove(field));
        }
    }
}

/// Removes an object and all that belongs to it. An object with finalizers is only marked, and returned.
pub(super) fn delete(
    store: &mut Store,
    target: &Target,
    options: &Value,
    times: &Times<'_>,
) -> Result<Value, Refusal> {
    let kind = target.kind;
    let existing = Arc::clone(read::existing(store, target)?);
    let wanted = options["preconditions"]["uid"].as_str();
    if wanted.is_some_and(|uid| uid != text(&existing, "uid")) {
        let uid = wanted.unwrap_or_default();
        let why = format!(
            "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
            text(&existing, "uid")
        );
        return Err(Refusal::conflict(kind, &target.name, &why));
    }
    if kind == &kind::NAMESPACES
        && matches!(
            target.name.as_str(),
            "default" | "kube-system" | "kube-public"
        )
    {
        return Err(Refusal::forbidden(format!(
            "namespaces {:?} is forbidden: this namespace may not be deleted",
            target.name
        )));
    }
    let cascade = match options["propagationPolicy"].as_str() {
        Some("Foreground") => Cascade::Foreground,
        Some("Orphan") => Cascade::Orphan,
        _ => Cascade::Background,
    };
    let grace = options["gracePeriodSeconds"].as_i64();
    let place = (target.namespace.as_str(), target.name.as_str());
    if let Some(marked) = store.remove(kind, place, grace, cascade, times.now) {
        return Ok(times.render(&marked));
    }
    let mut details =
        json!({ "name": target.name, "kind": kind.plural, "uid": text(&existing, "uid") });
    if !kind.group.is_empty() {
        details["group"] = json!(kind.group);
    }
    Ok(
        json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details }),
    )
}

/// A body may leave out its type, but not claim another.
pub(super) fn check_type(kind: &Kind, object: &Value) -> Result<(), Refusal> {
    let given = |field: &str| object[field].as_str().filter(|text| !text.is_empty());
    check_shape(object)?;
    if let Some(version) = given("apiVersion").filter(|version| *version != kind.api_version()) {
        let expected = kind.api_version();
        let message = format!(
            "the API version in the data ({version}) does not match the expected API version ({expected})"
        );
        return Err(Refusal::bad_request(message));
    }
    match given("kind") {
        Some(name) if name != kind.kind => Err(Refusal::bad_request(format!(
            "the kind in the data ({name}) does not match the expected kind ({})",
            kind.kind
        ))),
        _ => Ok(()),
    }
}

/// What every object has is what every reader here may rely on.
fn check_shape(object: &Value) -> Result<(), Refusal> {
    let is_map = |value: &Value| value.is_object() || value.is_null();
    let metadata = &object["metadata"];
    let parts = [
        ("metadata", metadata),
        ("metadata.labels", &metadata["labels"]),
        ("spec", &object["spec"]),
        ("status", &object["status"]),
    ];
    match parts.into_iter().find(|(_, part)| !is_map(part)) {
        _ if !object.is_object() => Err(Refusal::bad_request(
            "the body of the request is not an object",
        )),
        Some((field, _)) => Err(Refusal::bad_request(format!(
            "json: cannot unmarshal into field {field}: it is not an object"
        ))),
        None => Ok(()),
    }
}

/// The namespace of the path is the namespace of the object.
fn settle_namespace(target: &Target, object: &mut Value) -> Result<(), Refusal> {
    let given = text(object, "namespace");
    if !given.is_empty() && given != target.namespace {
        return Err(Refusal::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    if target.kind.namespaced {
        object["metadata"]["namespace"] = json!(target.namespace);
    }
    Ok(())
}

fn check_name(kind: &Kind, object: &Value) -> Result<(), Refusal> {
    let name = text(object, "name");
    if name.is_empty() && text(object, "generateName").is_empty() {
        return Err(Refusal::invalid(
            kind,
            "",
            "metadata.name: Required value: name or generateName is required",
        ));
    }
    // Names of roles and their bindings are any segment of a path: `eks:node-manager`.
    if kind.group == "rbac.authorization.k8s.io"
        && ![".", ".."].contains(&name)
        && !name.contains(['/', '%'])
    {
        return Ok(());
    }
    let part_is_well_formed = |part: &str| {
        let inside =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        !part.is_empty()
            && part.chars().all(inside)
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    if name.is_empty() || name.len() <= 253 && name.split('.').all(part_is_well_formed) {
        return Ok(());
    }
    let rule = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an \
                alphanumeric character (e.g. 'example.com', regex used for validation is \
                '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    Err(Refusal::invalid(
        kind,
        name,
        &format!("metadata.name: Invalid value: {name:?}: {rule}"),
    ))
}

/// New objects need a namespace that exists and is not about to go.
fn check_namespace(store: &Store, kind: &Kind, namespace: &str, name: &str) -> Result<(), Refusal> {
    let home = store
        .get(&kind::NAMESPACES, "", namespace)
        .ok_or_else(|| Refusal::not_found(&kind::NAMESPACES, namespace))?;
    if home["metadata"].get("deletionTimestamp").is_none() {
        return Ok(());
    }
    Err(Refusal::forbidden(format!(
        "{} {name:?} is forbidden: unable to create new content in namespace {namespace} because it is being terminated",
        kind.resource()
    )))
}
