//! Objects that clients send, held against the types of Kubernetes: what has the wrong type is refused, and so is a field
//! that does not exist, if the client asks for that (`fieldValidation`). Everything that reads stored objects may rely
//! on their types.

use super::kind::Kind;
use super::refusal::Refusal;
use k8s_openapi::api::{
    apps, batch, coordination, core, discovery, networking, policy, rbac, scheduling, storage,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What happens to a field that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictness {
    /// The object is refused.
    Strict,
    /// The field is dropped. A real server says so in a warning.
    Lenient,
}

impl Strictness {
    /// By the query parameter `fieldValidation`.
    pub(super) fn of(parameter: Option<&str>) -> Self {
        match parameter {
            Some("Strict") => Self::Strict,
            _ => Self::Lenient,
        }
    }
}

/// Refuses an object that its kind's type does not allow. Numbers where quantities belong become text, as clients read
/// them; fields that do not exist go.
pub(super) fn check(
    kind: &Kind,
    object: &mut Value,
    strictness: Strictness,
) -> Result<(), Refusal> {
    let refused = |why: &str| {
        Refusal::bad_request(format!(
            "{} in version {:?} cannot be handled as a {}: {why}",
            kind.kind,
            kind.api_version(),
            kind.kind
        ))
    };
    super::patch::check_lists(object).map_err(|why| refused(&why))?;
    // Types of objects carry the type's name themselves.
    object["kind"] = Value::String(kind.kind.to_owned());
    object["apiVersion"] = Value::String(kind.api_version());
    let typed = typed(kind, object).map_err(|why| refused(&why))?;
    let mut unknown = Vec::new();
    settle(object, &typed, "", &mut unknown);
    if strictness == Strictness::Strict && !unknown.is_empty() {
        let fields: Vec<String> = unknown
            .iter()
            .map(|field| format!("unknown field {field:?}"))
            .collect();
        return Err(refused(&format!(
            "strict decoding error: {}",
            fields.join(", ")
        )));
    }
    Ok(())
}

/// The object as its type writes it.
fn typed(kind: &Kind, object: &Value) -> Result<Value, String> {
    match (kind.group, kind.kind) {
        ("", "ConfigMap") => through::<core::v1::ConfigMap>(object),
        ("", "Endpoints") => through::<core::v1::Endpoints>(object),
        ("", "Event") => through::<core::v1::Event>(object),
        ("", "LimitRange") => through::<core::v1::LimitRange>(object),
        ("", "Namespace") => through::<core::v1::Namespace>(object),
        ("", "Node") => through::<core::v1::Node>(object),
        ("", "PersistentVolumeClaim") => through::<core::v1::PersistentVolumeClaim>(object),
        ("", "PersistentVolume") => through::<core::v1::PersistentVolume>(object),
        ("", "Pod") => through::<core::v1::Pod>(object),
        ("", "ResourceQuota") => through::<core::v1::ResourceQuota>(object),
        ("", "Secret") => through::<core::v1::Secret>(object),
        ("", "ServiceAccount") => through::<core::v1::ServiceAccount>(object),
        ("", "Service") => through::<core::v1::Service>(object),
        ("apps", "ControllerRevision") => Ok(object.clone()),
        ("apps", "DaemonSet") => through::<apps::v1::DaemonSet>(object),
        ("apps", "Deployment") => through::<apps::v1::Deployment>(object),
        ("apps", "ReplicaSet") => through::<apps::v1::ReplicaSet>(object),
        ("apps", "StatefulSet") => through::<apps::v1::StatefulSet>(object),
        ("batch", "CronJob") => through::<batch::v1::CronJob>(object),
        ("batch", "Job") => through::<batch::v1::Job>(object),
        ("coordination.k8s.io", _) => through::<coordination::v1::Lease>(object),
        ("discovery.k8s.io", _) => through::<discovery::v1::EndpointSlice>(object),
        ("networking.k8s.io", "Ingress") => through::<networking::v1::Ingress>(object),
        ("networking.k8s.io", "IngressClass") => through::<networking::v1::IngressClass>(object),
        ("networking.k8s.io", "NetworkPolicy") => through::<networking::v1::NetworkPolicy>(object),
        ("policy", _) => through::<policy::v1::PodDisruptionBudget>(object),
        ("rbac.authorization.k8s.io", "ClusterRole") => through::<rbac::v1::ClusterRole>(object),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding") => {
            through::<rbac::v1::ClusterRoleBinding>(object)
        }
        ("rbac.authorization.k8s.io", "Role") => through::<rbac::v1::Role>(object),
        ("rbac.authorization.k8s.io", "RoleBinding") => through::<rbac::v1::RoleBinding>(object),
        ("scheduling.k8s.io", _) => through::<scheduling::v1::PriorityClass>(object),
        ("storage.k8s.io", _) => through::<storage::v1::StorageClass>(object),
        (group, name) => Err(format!(
            "the type of {name} in group {group:?} is not known"
        )),
    }
}

fn through<T: DeserializeOwned + Serialize>(object: &Value) -> Result<Value, String> {
    let typed = T::deserialize(object).map_err(|error| error.to_string())?;
    serde_json::to_value(typed).map_err(|error| error.to_string())
}

/// Takes what the type does not know out of the object, and notes it; takes quantities over as text.
fn settle(object: &mut Value, typed: &Value, path: &str, unknown: &mut Vec<String>) {
    match (object, typed) {
        (Value::Object(fields), Value::Object(known)) => {
            fields.retain(|field, value| {
                let place = if path.is_empty() {
                    field.clone()
                } else {
                    format!("{path}.{field}")
                };
                match known.get(field) {
                    Some(typed) => settle(value, typed, &place, unknown),
                    None if value.is_null() => {}
                    None => {
                        unknown.push(place);
                        return false;
                    }
                }
                true
            });
        }
        (Value::Array(elements), Value::Array(known)) => {
            for (position, (element, typed)) in elements.iter_mut().zip(known).enumerate() {
                settle(element, typed, &format!("{path}[{position}]"), unknown);
            }
        }
        (number @ Value::Number(_), Value::String(text)) => *number = Value::String(text.clone()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::kind::{DEPLOYMENTS, KINDS, PODS};
    use super::*;
    use serde_json::json;

    fn check_pod(spec: Value, strictness: Strictness) -> Result<Value, String> {
        let mut pod = json!({ "metadata": { "name": "p" }, "spec": spec });
        check(&PODS, &mut pod, strictness)
            .map(|()| pod["spec"].take())
            .map_err(|refusal| refusal.message)
    }

    #[test]
    fn an_unknown_field_is_refused_or_dropped() {
        let spec = || json!({ "containers": [{ "name": "a", "imgae": "b" }], "nodeSelectr": {} });
        assert_eq!(
            check_pod(spec(), Strictness::Strict).unwrap_err(),
            "Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: unknown field \
             \"spec.containers[0].imgae\", unknown field \"spec.nodeSelectr\""
        );
        assert_eq!(
            check_pod(spec(), Strictness::Lenient).unwrap(),
            json!({ "containers": [{ "name": "a" }] })
        );
    }

    #[test]
    fn a_wrong_type_is_refused() {
        let mut deployment = json!({ "spec": { "replicas": "three" } });
        let refusal = check(&DEPLOYMENTS, &mut deployment, Strictness::Lenient).unwrap_err();
        assert!(
            refusal.code == 400 && refusal.message.contains("expected i32"),
            "{refusal:?}"
        );
    }

    #[test]
    fn a_number_is_a_quantity() {
        let spec =
            json!({ "containers": [{ "name": "a", "resources": { "limits": { "cpu": 1 } } }] });
        let spec = check_pod(spec, Strictness::Strict).unwrap();
        assert_eq!(spec["containers"][0]["resources"]["limits"]["cpu"], "1");
    }

    #[test]
    fn every_kind_has_a_type() {
        for kind in KINDS {
            let mut object = json!({ "metadata": { "name": "a" } });
            if let Err(refusal) = check(kind, &mut object, Strictness::Strict) {
                assert!(!refusal.message.contains("is not known"), "{refusal:?}");
            }
        }
    }
}
