//! Objects → the body that the client asked for: an object or list, its metadata only, or a `Table`.

use super::kind::Kind;
use super::refusal::Refusal;
use super::request::{Form, Rows};
use super::store::text;
use super::times::Times;
use bytes::Bytes;
use http::{Response, StatusCode, header};
use serde_json::{Value, json};

/// One object in the form asked for.
pub(super) fn one(kind: &Kind, object: &Value, form: &Form, times: &Times<'_>) -> Value {
    match form {
        Form::Objects => times.render(object),
        Form::Metadata(version) => partial(object, version, times),
        Form::Table(..) => table(
            kind,
            &[object],
            form,
            text(object, "resourceVersion"),
            times,
        ),
    }
}

/// A list of objects, as of a version of the store, in the form asked for.
pub(super) fn list(
    kind: &Kind,
    objects: &[&Value],
    form: &Form,
    version: u64,
    times: &Times<'_>,
) -> Value {
    let metadata = json!({ "resourceVersion": version.to_string() });
    match form {
        Form::Objects => {
            let items: Vec<Value> = objects
                .iter()
                .map(|object| without_type(times.render(object)))
                .collect();
            json!({ "kind": format!("{}List", kind.kind), "apiVersion": kind.api_version(), "metadata": metadata, "items": items })
        }
        Form::Metadata(api_version) => {
            let items: Vec<Value> = objects
                .iter()
                .map(|object| partial(object, api_version, times))
                .collect();
            json!({ "kind": "PartialObjectMetadataList", "apiVersion": api_version, "metadata": metadata, "items": items })
        }
        Form::Table(..) => table(kind, objects, form, &version.to_string(), times),
    }
}

/// Items of a list do not repeat what the list's own type says.
fn without_type(mut object: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.shift_remove("kind");
        fields.shift_remove("apiVersion");
    }
    object
}

fn partial(object: &Value, api_version: &str, times: &Times<'_>) -> Value {
    json!({ "kind": "PartialObjectMetadata", "apiVersion": api_version, "metadata": times.render(&object["metadata"]) })
}

fn table(kind: &Kind, objects: &[&Value], form: &Form, version: &str, times: &Times<'_>) -> Value {
    let (api_version, rows) = match form {
        Form::Table(api_version, rows) => (*api_version, *rows),
        _ => ("meta.k8s.io/v1", Rows::WithMetadata),
    };
    let row = |object: &&Value| {
        let beside = match rows {
            Rows::Bare => Value::Null,
            Rows::WithMetadata => partial(object, api_version, times),
            Rows::WithObject => times.render(object),
        };
        json!({ "cells": (kind.printer.cells)(object, times), "object": beside })
    };
    json!({
        "kind": "Table",
        "apiVersion": api_version,
        "metadata": { "resourceVersion": version },
        "columnDefinitions": kind.printer.columns.iter().map(|column| column.definition()).collect::<Vec<_>>(),
        "rows": objects.iter().map(row).collect::<Vec<_>>(),
    })
}

/// A response with a JSON body.
pub(super) fn json_response(status: StatusCode, body: &Value) -> Response<Bytes> {
    response(status, "application/json", format!("{body}\n"))
}

pub(super) fn response(
    status: StatusCode,
    content_type: &'static str,
    body: String,
) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static(content_type),
    );
    headers.insert(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static("no-cache, private"),
    );
    response
}

/// The response that carries a refusal.
pub(super) fn refused(refusal: &Refusal) -> Response<Bytes> {
    json_response(
        StatusCode::from_u16(refusal.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        &refusal.status(),
    )
}
