//! What the API server checks and adds before it stores a new object or a changed one.

use super::defaults::{self, default};
use super::kind::{self, Kind};
use super::refusal::Refusal;
use super::store::{Store, text};
use super::times::moment;
use serde_json::{Value, json};
use std::sync::Arc;

impl Store {
    /// Stores a pod that a controller makes, as if it had sent it. The error says why it is not allowed.
    pub fn create_pod(&mut self, mut pod: Value) -> Result<Arc<Value>, String> {
        admit(self, &kind::PODS, &mut pod).map_err(|refusal| refusal.message)?;
        Ok(self.put(&kind::PODS, pod))
    }

    /// Stores an object that is part of the cluster, completed as if a client had sent it.
    pub fn create(&mut self, kind: &'static Kind, mut object: Value) -> Arc<Value> {
        // What the cluster is made of is allowed.
        let _ = admit(self, kind, &mut object);
        self.put(kind, object)
    }
}

/// Checks and completes an object that is about to be created.
pub(super) fn admit(store: &mut Store, kind: &Kind, object: &mut Value) -> Result<(), Refusal> {
    if kind.group == "" && kind.plural == "pods" {
        limit_ranges(store, object);
    }
    defaults::fill_in(kind, object);
    if kind.status && kind.group != "" {
        object["metadata"]["generation"] = json!(1);
    }
    match (kind.group, kind.plural) {
        ("", "namespaces") => {
            let name = json!(text(object, "name"));
            object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
            object["spec"] = json!({ "finalizers": ["kubernetes"] });
            object["status"] = json!({ "phase": "Active" });
        }
        ("", "pods") => admit_pod(store, object)?,
        ("", "services") => addresses(store, object)?,
        ("apps", "deployments" | "daemonsets" | "replicasets" | "statefulsets") => {
            check_selector(kind, object)?;
        }
        _ => {}
    }
    Ok(())
}

/// What exists with a namespace from its beginning.
pub(super) fn furnish_namespace(store: &mut Store, name: &str, now: i64) {
    let metadata = |object: &str| json!({ "name": object, "namespace": name, "creationTimestamp": moment(now) });
    store.put(
        &kind::SERVICE_ACCOUNTS,
        json!({ "metadata": metadata("default") }),
    );
    let authority = store
        .get(&kind::CONFIG_MAPS, "kube-system", ROOT_AUTHORITY)
        .map(|found| found["data"].clone());
    if let Some(data) = authority {
        store.put(
            &kind::CONFIG_MAPS,
            json!({ "metadata": metadata(ROOT_AUTHORITY), "data": data }),
        );
    }
}

/// The config map with the cluster's certificate authority that every namespace has.
pub const ROOT_AUTHORITY: &str = "kube-root-ca.crt";

/// Checks what may not change once an object exists.
pub(super) fn check_change(kind: &Kind, existing: &Value, object: &Value) -> Result<(), Refusal> {
    let name = text(existing, "name");
    let (before, after) = (&existing["spec"], &object["spec"]);
    let immutable = |field: &str| {
        let why = format!(
            "spec.{field}: Invalid value: {}: field is immutable",
            after[field]
        );
        Err(Refusal::invalid(kind, name, &why))
    };
    match (kind.group, kind.plural) {
        ("apps", "deployments" | "daemonsets" | "replicasets" | "statefulsets") => {
            if before["selector"] != after["selector"] {
                return immutable("selector");
            }
            check_selector(kind, object)
        }
        ("", "services") => {
            let address = before["clusterIP"].as_str().unwrap_or_default();
            let kept = after["clusterIP"] == before["clusterIP"] || after["type"] == "ExternalName";
            if !address.is_empty() && !kept {
                let why = "spec.clusterIPs[0]: Invalid value: may not change once set";
                return Err(Refusal::invalid(kind, name, why));
            }
            Ok(())
        }
        ("", "pods") => check_pod_change(name, before, after),
        _ => Ok(()),
    }
}

fn check_pod_change(name: &str, before: &Value, after: &Value) -> Result<(), Refusal> {
    let fixed = |spec: &Value| {
        let mut spec = spec.clone();
        for list in ["containers", "initContainers"] {
            for container in spec[list].as_array_mut().into_iter().flatten() {
                container["image"] = Value::Null;
                container["imagePullPolicy"] = Value::Null;
            }
        }
        if let Some(fields) = spec.as_object_mut() {
            for field in [
                "activeDeadlineSeconds",
                "terminationGracePeriodSeconds",
                "tolerations",
                "initContainers",
                "schedulingGates",
            ] {
                if field != "initContainers" || fields.get(field).is_none_or(Value::is_null) {
                    fields.shift_remove(field);
                }
            }
        }
        spec
    };
    if fixed(before) == fixed(after) {
        return Ok(());
    }
    let why = "spec: Forbidden: pod updates may not change fields other than \
               `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
               `spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` \
               (allow it to be set to 1 if it was previously negative)";
    Err(Refusal::invalid(&kind::PODS, name, why))
}

fn check_selector(kind: &Kind, object: &Value) -> Result<(), Refusal> {
    let spec = &object["spec"];
    let name = text(object, "name");
    let selector = &spec["selector"];
    if !selector.is_object() {
        let why = "spec.selector: Required value";
        return Err(Refusal::invalid(kind, name, why));
    }
    let labels = &spec["template"]["metadata"]["labels"];
    let wanted = selector["matchLabels"].as_object().into_iter().flatten();
    let mut wanted = wanted.peekable();
    let is_empty = wanted.peek().is_none() && selector["matchExpressions"].is_null();
    if is_empty {
        let why = "spec.selector: Invalid value: {}: empty selector is invalid for deployment";
        return Err(Refusal::invalid(kind, name, why));
    }
    for (key, value) in wanted {
        if labels.get(key) != Some(value) {
            let why = format!(
                "spec.template.metadata.labels: Invalid value: {labels}: `selector` does not match template `labels`"
            );
            return Err(Refusal::invalid(kind, name, &why));
        }
    }
    if spec["template"]["spec"]["containers"]
        .as_array()
        .is_none_or(Vec::is_empty)
    {
        let why = "spec.template.spec.containers: Required value";
        return Err(Refusal::invalid(kind, name, why));
    }
    Ok(())
}

fn admit_pod(store: &mut Store, pod: &mut Value) -> Result<(), Refusal> {
    let name = defaults::pod_name(pod).to_owned();
    let namespace = text(pod, "namespace").to_owned();
    let forbidden = |why: String| Refusal::forbidden(format!("pods {name:?} is forbidden: {why}"));
    let account = pod["spec"]["serviceAccountName"]
        .as_str()
        .unwrap_or("default")
        .to_owned();
    if store
        .get(&kind::SERVICE_ACCOUNTS, &namespace, &account)
        .is_none()
    {
        let why = format!(
            "error looking up service account {namespace}/{account}: serviceaccount {account:?} not found"
        );
        return Err(forbidden(why));
    }
    let mut priority = None;
    if let Some(class) = pod["spec"]["priorityClassName"].as_str() {
        let Some(found) = store.get(&kind::PRIORITY_CLASSES, "", class) else {
            return Err(forbidden(format!(
                "no PriorityClass with name {class} was found"
            )));
        };
        priority = found["value"].as_i64();
    }
    if pod["spec"]["containers"]
        .as_array()
        .is_none_or(Vec::is_empty)
    {
        let why = "spec.containers: Required value";
        return Err(Refusal::invalid(&kind::PODS, &name, why));
    }
    for (index, container) in pod["spec"]["containers"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        for field in ["name", "image"] {
            if container[field].as_str().is_none_or(str::is_empty) {
                let why = format!("spec.containers[{index}].{field}: Required value");
                return Err(Refusal::invalid(&kind::PODS, &name, &why));
            }
        }
    }
    let suffix = store.random_suffix();
    defaults::admit_pod(pod, &suffix, priority);
    Ok(())
}

/// What the limit ranges of its namespace give a pod's containers that say nothing themselves.
fn limit_ranges(store: &Store, pod: &mut Value) {
    let namespace = text(pod, "namespace").to_owned();
    let limits: Vec<Value> = store
        .list(&kind::LIMIT_RANGES, Some(&namespace))
        .flat_map(|range| {
            range["spec"]["limits"]
                .as_array()
                .cloned()
                .unwrap_or_default()
        })
        .filter(|limit| limit["type"] == "Container")
        .collect();
    if !pod["spec"].is_object() {
        return;
    }
    for list in ["containers", "initContainers"] {
        let containers = pod["spec"].get_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            for limit in &limits {
                for (side, given) in [("limits", "default"), ("requests", "defaultRequest")] {
                    for (resource, amount) in limit[given].as_object().into_iter().flatten() {
                        default(container, "resources", json!({}));
                        default(&mut container["resources"], side, json!({}));
                        default(&mut container["resources"][side], resource, amount.clone());
                    }
                }
            }
        }
    }
}

/// Gives a service its address in the cluster and its ports on the nodes.
pub(super) fn addresses(store: &Store, service: &mut Value) -> Result<(), Refusal> {
    let name = text(service, "name").to_owned();
    let kind = service["spec"]["type"]
        .as_str()
        .unwrap_or("ClusterIP")
        .to_owned();
    default(service, "status", json!({ "loadBalancer": {} }));
    if kind == "ExternalName" {
        return Ok(());
    }
    if service["spec"]["ports"]
        .as_array()
        .is_none_or(Vec::is_empty)
        && service["spec"]["clusterIP"] != "None"
    {
        let why = "spec.ports: Required value";
        return Err(Refusal::invalid(&kind::SERVICES, &name, why));
    }
    let others: Vec<&Arc<Value>> = store
        .list(&kind::SERVICES, None)
        .filter(|other| {
            text(other, "uid") != text(service, "uid") || text(service, "uid").is_empty()
        })
        .collect();
    if service["spec"]["clusterIP"]
        .as_str()
        .is_none_or(str::is_empty)
    {
        let seed = others.len() as u32 * 7919 + 1031;
        let address = (0..u32::from(u16::MAX))
            .map(|step| 256 + (seed + step) % (65_536 - 512))
            .map(|low| format!("172.20.{}.{}", low >> 8, low & 0xff))
            .find(|address| {
                others
                    .iter()
                    .all(|other| other["spec"]["clusterIP"] != *address)
            });
        service["spec"]["clusterIP"] = json!(address);
    }
    service["spec"]["clusterIPs"] = json!([service["spec"]["clusterIP"]]);
    if !matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
        return Ok(());
    }
    let mut taken: Vec<i64> = others
        .iter()
        .flat_map(|other| other["spec"]["ports"].as_array().into_iter().flatten())
        .filter_map(|port| port["nodePort"].as_i64())
        .collect();
    for port in service["spec"]["ports"]
        .as_array_mut()
        .into_iter()
        .flatten()
    {
        if port["nodePort"].as_i64().is_none_or(|number| number == 0) {
            let first = 30_000 + (taken.len() as i64 * 613 + 187) % 2768;
            let free = (first..32_768)
                .chain(30_000..first)
                .find(|number| !taken.contains(number));
            port["nodePort"] = json!(free);
        }
        taken.extend(port["nodePort"].as_i64());
    }
    Ok(())
}
