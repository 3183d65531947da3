//! OpenAPI v2 for kubectl up to 1.28, which downloads it before it creates anything: as for version 3, only that every
//! kind takes `fieldValidation`, so that validation is left to the server.

use super::super::answer::{json_response, response};
use super::super::kind::{KINDS, Kind};
use super::super::version::ServerVersion;
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

const PARAMETERS: [&str; 3] = ["dryRun", "fieldManager", "fieldValidation"];

/// The document, in the encoding of gnostic's `openapi_v2.Document` for whoever asks for protobuf.
pub(super) fn answer(accept: Option<&str>, version: &ServerVersion) -> Response<Bytes> {
    if accept.is_some_and(|accept| accept.contains("+protobuf")) {
        let mut answer = response(
            StatusCode::OK,
            "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
            String::new(),
        );
        *answer.body_mut() = Bytes::from(document(version));
        return answer;
    }
    let paths: serde_json::Map<String, Value> = KINDS
        .iter()
        .map(|kind| (path(kind), json!({ "patch": operation(kind) })))
        .collect();
    let body = json!({
        "swagger": "2.0",
        "info": { "title": "Kubernetes", "version": version.git_version },
        "paths": paths,
        "definitions": {},
    });
    json_response(StatusCode::OK, &body)
}

fn path(kind: &Kind) -> String {
    let root = if kind.group.is_empty() {
        "/api"
    } else {
        "/apis"
    };
    let namespace = if kind.namespaced {
        "/namespaces/{namespace}"
    } else {
        ""
    };
    format!(
        "{root}/{}{namespace}/{}/{{name}}",
        kind.api_version(),
        kind.plural
    )
}

fn operation(kind: &Kind) -> Value {
    let parameters = PARAMETERS
        .map(|name| json!({ "name": name, "in": "query", "type": "string", "uniqueItems": true }));
    json!({
        "parameters": parameters,
        "responses": { "200": { "description": "OK" } },
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": { "group": kind.group, "version": kind.version, "kind": kind.kind },
    })
}

fn document(version: &ServerVersion) -> Vec<u8> {
    let info = [text(1, "Kubernetes"), text(2, &version.git_version)].concat();
    let paths: Vec<u8> = KINDS
        .iter()
        .flat_map(|kind| {
            let named = [text(1, &path(kind)), field(2, &field(8, &patch(kind)))].concat();
            field(2, &named)
        })
        .collect();
    [text(1, "2.0"), field(2, &info), field(8, &paths)].concat()
}

/// An `Operation` with its parameters and the extension that names the kind, as YAML.
fn patch(kind: &Kind) -> Vec<u8> {
    let parameters = PARAMETERS.iter().flat_map(|name| {
        let query = [text(2, "query"), text(4, name), text(6, "string")].concat();
        // ParametersItem → Parameter → NonBodyParameter → QueryParameterSubSchema.
        field(8, &field(1, &field(2, &field(3, &query))))
    });
    let which = format!(
        "group: {:?}\nkind: {}\nversion: {}\n",
        kind.group, kind.kind, kind.version
    );
    let extension = [
        text(1, "x-kubernetes-group-version-kind"),
        field(2, &text(2, &which)),
    ]
    .concat();
    parameters.chain(field(13, &extension)).collect()
}

fn text(number: u8, text: &str) -> Vec<u8> {
    field(number, text.as_bytes())
}

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length > 0x7f {
        field.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    field.push(length as u8);
    field.extend(bytes);
    field
}
