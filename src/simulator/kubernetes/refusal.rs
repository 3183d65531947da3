//! `Status`: how the API server says no (and, for a deletion, yes).

use super::kind::Kind;
use serde_json::{Value, json};

/// A request that was not carried out, as a `Status` object says it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    /// HTTP status.
    pub(super) code: u16,
    /// Machine-readable `reason`, printed by kubectl in brackets.
    pub(super) reason: &'static str,
    pub(super) message: String,
    details: Box<Value>,
}

impl Refusal {
    pub(super) fn new(code: u16, reason: &'static str, message: String) -> Self {
        Self {
            code,
            reason,
            message,
            details: Box::default(),
        }
    }

    fn about(mut self, kind: &Kind, name: &str) -> Self {
        let mut details = serde_json::Map::new();
        details.insert("name".to_owned(), json!(name));
        if !kind.group.is_empty() {
            details.insert("group".to_owned(), json!(kind.group));
        }
        details.insert("kind".to_owned(), json!(kind.plural));
        *self.details = Value::Object(details);
        self
    }

    pub(super) fn not_found(kind: &Kind, name: &str) -> Self {
        Self::new(
            404,
            "NotFound",
            format!("{} {name:?} not found", kind.resource()),
        )
        .about(kind, name)
    }

    pub(super) fn already_exists(kind: &Kind, name: &str) -> Self {
        Self::new(
            409,
            "AlreadyExists",
            format!("{} {name:?} already exists", kind.resource()),
        )
        .about(kind, name)
    }

    pub(super) fn modified_meanwhile(kind: &Kind, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(kind, name, why)
    }

    pub(super) fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} {name:?}: {why}",
            kind.resource()
        );
        Self::new(409, "Conflict", message).about(kind, name)
    }

    /// Server-side apply would change what another manager applied.
    pub(super) fn apply_conflict(manager: &str, fields: &[String]) -> Self {
        let many = if let [one] = fields {
            format!("Apply failed with 1 conflict: conflict with {manager:?}: {one}")
        } else {
            let list: Vec<String> = fields.iter().map(|field| format!("- {field}")).collect();
            format!(
                "Apply failed with {} conflicts: conflicts with {manager:?}:\n{}",
                fields.len(),
                list.join("\n")
            )
        };
        let mut refusal = Self::new(409, "Conflict", many);
        let causes: Vec<Value> = fields
            .iter()
            .map(|field| json!({ "reason": "FieldManagerConflict", "message": format!("conflict with {manager:?}"), "field": field }))
            .collect();
        *refusal.details = json!({ "causes": causes });
        refusal
    }

    /// `why` names the field: `metadata.name: Required value: …`.
    pub(super) fn invalid(kind: &Kind, name: &str, why: &str) -> Self {
        let kind_and_group = if kind.group.is_empty() {
            kind.kind.to_owned()
        } else {
            format!("{}.{}", kind.kind, kind.group)
        };
        Self::new(
            422,
            "Invalid",
            format!("{kind_and_group} {name:?} is invalid: {why}"),
        )
        .about(kind, name)
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message.into())
    }

    pub(super) fn forbidden(message: String) -> Self {
        Self::new(403, "Forbidden", message)
    }

    pub(super) fn internal(message: &str) -> Self {
        Self::new(500, "InternalError", message.to_owned())
    }

    /// An eviction that a disruption budget does not allow now.
    pub(super) fn too_many_disruptions(budget: &str, needed: i64, healthy: i64) -> Self {
        let message = "Cannot evict pod as it would violate the pod's disruption budget.";
        let mut refusal = Self::new(429, "TooManyRequests", message.to_owned());
        *refusal.details = json!({ "causes": [{
            "reason": "DisruptionBudget",
            "message": format!("The disruption budget {budget} needs {needed} healthy pods and has {healthy} currently"),
        }] });
        refusal
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource".to_owned(),
        )
    }

    pub(super) fn not_acceptable() -> Self {
        let message = "only the following media types are accepted: application/json".to_owned();
        Self::new(406, "NotAcceptable", message)
    }

    pub(super) fn unsupported_media_type(message: String) -> Self {
        Self::new(415, "UnsupportedMediaType", message)
    }

    pub(super) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message.into())
    }

    pub(super) fn version_not_reached(asked: u64, current: u64) -> Self {
        let message = format!("Too large resource version: {asked}, current: {current}");
        let mut refusal = Self::new(504, "Timeout", message);
        *refusal.details = json!({ "causes": [{ "reason": "ResourceVersionTooLarge", "message": "Too large resource version" }], "retryAfterSeconds": 1 });
        refusal
    }

    /// Something a real API server has and this one has not. `what` is the subject of "… is not simulated".
    pub(super) fn not_simulated(what: impl std::fmt::Display) -> Self {
        Self::new(501, "NotImplemented", format!("{what} is not simulated"))
    }

    /// The same for a whole kind of object: 404, because clients ask for kinds that may be absent and carry on.
    pub(super) fn kind_not_simulated(what: impl std::fmt::Display) -> Self {
        Self::new(
            404,
            "NotFound",
            format!("the server could not find the requested resource: {what} is not simulated"),
        )
    }

    /// The `Status` object.
    pub(super) fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason,
        });
        if !self.details.is_null() {
            status["details"] = self.details.as_ref().clone();
        }
        status["code"] = json!(self.code);
        status
    }
}
