//! The `scale` subresource: the one number that `kubectl scale` changes.

use super::kind::Kind;
use super::refusal::Refusal;
use super::store::text;
use serde_json::{Value, json};

/// Whether objects of a kind can be scaled.
pub(super) fn has_scale(kind: &Kind) -> bool {
    kind.group == "apps" && matches!(kind.plural, "deployments" | "replicasets" | "statefulsets")
}

/// The `Scale` of an object.
pub(super) fn of(object: &Value) -> Value {
    let mut metadata = json!({});
    for field in [
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "creationTimestamp",
    ] {
        metadata[field] = object["metadata"][field].clone();
    }
    let labels = object["spec"]["selector"]["matchLabels"].as_object();
    let selector: Vec<String> = labels
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": { "replicas": object["spec"]["replicas"] },
        "status": {
            "replicas": object["status"]["replicas"].as_i64().unwrap_or(0), "selector": selector.join(","),
        },
    })
}

/// The object with the number of replicas that a `Scale` asks for.
pub(super) fn applied(kind: &Kind, object: &Value, scale: &Value) -> Result<Value, Refusal> {
    let version = text(scale, "resourceVersion");
    if !version.is_empty() && version != text(object, "resourceVersion") {
        return Err(Refusal::modified_meanwhile(kind, text(object, "name")));
    }
    let replicas = match &scale["spec"]["replicas"] {
        Value::Null => 0,
        number => number.as_i64().unwrap_or(-1),
    };
    if replicas < 0 {
        let why =
            format!("spec.replicas: Invalid value: {replicas}: must be greater than or equal to 0");
        return Err(Refusal::invalid(kind, text(object, "name"), &why));
    }
    let mut scaled = object.clone();
    scaled["spec"]["replicas"] = json!(replicas);
    if scaled["spec"] != object["spec"] {
        let generation = object["metadata"]["generation"].as_i64().unwrap_or(1);
        scaled["metadata"]["generation"] = json!(generation + 1);
    }
    Ok(scaled)
}
