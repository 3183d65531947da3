//! What the API server fills in where a client says nothing, as far as clients or controllers look at it.

use super::kind::Kind;
use super::store::text;
use serde_json::{Value, json};

/// Completes an object that is about to be stored, new or changed.
pub(super) fn fill_in(kind: &Kind, object: &mut Value) {
    match (kind.group, kind.plural) {
        ("", "pods") => pod_spec(&mut object["spec"]),
        ("", "services") => service(&mut object["spec"]),
        ("", "secrets") => secret(object),
        ("", "persistentvolumeclaims") => {
            default(&mut object["spec"], "volumeMode", json!("Filesystem"));
            default(object, "status", json!({ "phase": "Pending" }));
        }
        ("apps", "deployments") => deployment(&mut object["spec"]),
        ("apps", "daemonsets") => daemon_set(&mut object["spec"]),
        ("apps", "replicasets") => {
            default(&mut object["spec"], "replicas", json!(1));
            template(&mut object["spec"]);
        }
        ("apps", "statefulsets") => stateful_set(&mut object["spec"]),
        ("batch", "jobs") => job(&mut object["spec"]),
        ("batch", "cronjobs") => cron_job(&mut object["spec"]),
        ("storage.k8s.io", "storageclasses") => {
            default(object, "reclaimPolicy", json!("Delete"));
            default(object, "volumeBindingMode", json!("Immediate"));
        }
        _ => {}
    }
}

/// Gives a field a value where it has none.
pub(super) fn default(object: &mut Value, field: &str, value: Value) {
    if object.is_null() {
        *object = json!({});
    }
    if let Some(fields) = object.as_object_mut() {
        let place = fields.entry(field.to_owned()).or_insert(Value::Null);
        if place.is_null() {
            *place = value;
        }
    }
}

fn deployment(spec: &mut Value) {
    default(spec, "replicas", json!(1));
    default(spec, "strategy", json!({}));
    default(&mut spec["strategy"], "type", json!("RollingUpdate"));
    if spec["strategy"]["type"] == "RollingUpdate" {
        default(&mut spec["strategy"], "rollingUpdate", json!({}));
        let rolling = &mut spec["strategy"]["rollingUpdate"];
        default(rolling, "maxSurge", json!("25%"));
        default(rolling, "maxUnavailable", json!("25%"));
    }
    default(spec, "revisionHistoryLimit", json!(10));
    default(spec, "progressDeadlineSeconds", json!(600));
    template(spec);
}

fn daemon_set(spec: &mut Value) {
    default(spec, "updateStrategy", json!({}));
    default(&mut spec["updateStrategy"], "type", json!("RollingUpdate"));
    if spec["updateStrategy"]["type"] == "RollingUpdate" {
        default(&mut spec["updateStrategy"], "rollingUpdate", json!({}));
        let rolling = &mut spec["updateStrategy"]["rollingUpdate"];
        default(rolling, "maxSurge", json!(0));
        default(rolling, "maxUnavailable", json!(1));
    }
    default(spec, "revisionHistoryLimit", json!(10));
    template(spec);
}

fn stateful_set(spec: &mut Value) {
    default(spec, "replicas", json!(1));
    default(spec, "podManagementPolicy", json!("OrderedReady"));
    default(
        spec,
        "updateStrategy",
        json!({ "type": "RollingUpdate", "rollingUpdate": { "partition": 0 } }),
    );
    default(spec, "revisionHistoryLimit", json!(10));
    template(spec);
}

fn job(spec: &mut Value) {
    default(spec, "parallelism", json!(1));
    default(spec, "completions", json!(1));
    default(spec, "backoffLimit", json!(6));
    default(spec, "completionMode", json!("NonIndexed"));
    default(spec, "suspend", json!(false));
    template(spec);
}

fn cron_job(spec: &mut Value) {
    default(spec, "concurrencyPolicy", json!("Allow"));
    default(spec, "suspend", json!(false));
    default(spec, "successfulJobsHistoryLimit", json!(3));
    default(spec, "failedJobsHistoryLimit", json!(1));
}

/// The pod template of a controller.
fn template(spec: &mut Value) {
    if spec["template"]["spec"].is_object() {
        pod_spec(&mut spec["template"]["spec"]);
    }
}

fn pod_spec(spec: &mut Value) {
    default(spec, "restartPolicy", json!("Always"));
    default(spec, "terminationGracePeriodSeconds", json!(30));
    default(spec, "dnsPolicy", json!("ClusterFirst"));
    default(spec, "securityContext", json!({}));
    default(spec, "schedulerName", json!("default-scheduler"));
    if let Some(account) = spec["serviceAccountName"].as_str().map(str::to_owned) {
        default(spec, "serviceAccount", json!(account));
    }
    for list in ["containers", "initContainers"] {
        for one in spec
            .get_mut(list)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            container(one);
        }
    }
    for volume in spec
        .get_mut("volumes")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        for source in ["configMap", "secret", "projected", "downwardAPI"] {
            if volume[source].is_object() {
                default(&mut volume[source], "defaultMode", json!(420));
            }
        }
    }
}

fn container(container: &mut Value) {
    if !container.is_object() {
        return;
    }
    let image = container["image"].as_str().unwrap_or_default().to_owned();
    let policy = if is_latest(&image) {
        "Always"
    } else {
        "IfNotPresent"
    };
    default(container, "imagePullPolicy", json!(policy));
    default(container, "resources", json!({}));
    default(
        container,
        "terminationMessagePath",
        json!("/dev/termination-log"),
    );
    default(container, "terminationMessagePolicy", json!("File"));
    for port in container
        .get_mut("ports")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        default(port, "protocol", json!("TCP"));
    }
    requests_from_limits(&mut container["resources"]);
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if container[name].is_object() {
            probe(&mut container[name]);
        }
    }
}

fn probe(probe: &mut Value) {
    for (field, value) in [
        ("timeoutSeconds", 1),
        ("periodSeconds", 10),
        ("successThreshold", 1),
        ("failureThreshold", 3),
    ] {
        default(probe, field, json!(value));
    }
    if probe["httpGet"].is_object() {
        default(&mut probe["httpGet"], "path", json!("/"));
        default(&mut probe["httpGet"], "scheme", json!("HTTP"));
    }
}

/// What is limited and not requested is requested up to its limit.
fn requests_from_limits(resources: &mut Value) {
    let Some(limits) = resources["limits"].as_object().cloned() else {
        return;
    };
    default(resources, "requests", json!({}));
    for (resource, limit) in limits {
        default(&mut resources["requests"], &resource, limit);
    }
}

fn is_latest(image: &str) -> bool {
    let last = image.rsplit('/').next().unwrap_or_default();
    !last.contains('@') && last.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}

/// Everything but the addresses, which are given out where the other services are known.
fn service(spec: &mut Value) {
    default(spec, "type", json!("ClusterIP"));
    default(spec, "sessionAffinity", json!("None"));
    if spec["type"] == "ExternalName" {
        return;
    }
    default(spec, "ipFamilies", json!(["IPv4"]));
    default(spec, "ipFamilyPolicy", json!("SingleStack"));
    default(spec, "internalTrafficPolicy", json!("Cluster"));
    if spec["type"] != "ClusterIP" {
        default(spec, "externalTrafficPolicy", json!("Cluster"));
    }
    if spec["type"] == "LoadBalancer" {
        default(spec, "allocateLoadBalancerNodePorts", json!(true));
    }
    for port in spec
        .get_mut("ports")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        let number = port["port"].clone();
        default(port, "protocol", json!("TCP"));
        default(port, "targetPort", number);
    }
}

/// `stringData` is written as text and kept as data.
fn secret(secret: &mut Value) {
    use base64::Engine as _;
    default(secret, "type", json!("Opaque"));
    let written = secret
        .as_object_mut()
        .and_then(|fields| fields.shift_remove("stringData"));
    for (key, value) in written
        .as_ref()
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let encoded = base64::prelude::BASE64_STANDARD.encode(value.as_str().unwrap_or_default());
        default(secret, "data", json!({}));
        secret["data"][key] = json!(encoded);
    }
}

/// The quality of service that a pod's requests and limits earn it.
pub(super) fn quality_of_service(spec: &Value) -> &'static str {
    let containers = || {
        ["containers", "initContainers"]
            .into_iter()
            .flat_map(|list| spec[list].as_array().into_iter().flatten())
    };
    let asks = |container: &Value| {
        ["requests", "limits"].iter().any(|side| {
            let amounts = &container["resources"][*side];
            ["cpu", "memory"]
                .iter()
                .any(|resource| !amounts[*resource].is_null())
        })
    };
    let is_guaranteed = |container: &Value| {
        let resources = &container["resources"];
        ["cpu", "memory"].iter().all(|resource| {
            let limit = &resources["limits"][*resource];
            !limit.is_null() && *limit == resources["requests"][*resource]
        })
    };
    if !containers().any(asks) {
        "BestEffort"
    } else if containers().all(is_guaranteed) {
        "Guaranteed"
    } else {
        "Burstable"
    }
}

/// What admission adds to a new pod beyond its defaults: the token of its service account, how long it tolerates a sick
/// node, the number of its priority class. `priority` is that number, if its class is known.
pub(super) fn admit_pod(pod: &mut Value, suffix: &str, priority: Option<i64>) {
    let spec = &mut pod["spec"];
    default(spec, "serviceAccountName", json!("default"));
    let account = spec["serviceAccountName"].clone();
    default(spec, "serviceAccount", account);
    default(spec, "enableServiceLinks", json!(true));
    default(spec, "priority", json!(priority.unwrap_or(0)));
    default(spec, "preemptionPolicy", json!("PreemptLowerPriority"));
    for key in [
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    ] {
        tolerate_for_a_while(spec, key);
    }
    if spec["automountServiceAccountToken"] != false {
        mount_token(spec, suffix);
    }
    let class = quality_of_service(spec);
    let phase = json!({ "phase": "Pending", "qosClass": class });
    pod["status"] = phase;
}

fn tolerate_for_a_while(spec: &mut Value, key: &str) {
    default(spec, "tolerations", json!([]));
    let Some(tolerations) = spec["tolerations"].as_array_mut() else {
        return;
    };
    let tolerated = tolerations.iter().any(|toleration| {
        let any_key = text_of(toleration, "key").is_empty();
        let effect = text_of(toleration, "effect");
        (any_key || toleration["key"] == key) && matches!(effect, "" | "NoExecute")
    });
    if !tolerated {
        tolerations.push(json!({
            "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300,
        }));
    }
}

fn text_of<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

fn mount_token(spec: &mut Value, suffix: &str) {
    let name = format!("kube-api-access-{suffix}");
    let mounts_it = |container: &Value| {
        let mounts = container["volumeMounts"].as_array();
        mounts
            .into_iter()
            .flatten()
            .any(|mount| mount["mountPath"] == TOKEN_PATH)
    };
    let mut used = false;
    for list in ["containers", "initContainers"] {
        for container in spec
            .get_mut(list)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            if container.is_object() && !mounts_it(container) {
                default(container, "volumeMounts", json!([]));
                if let Some(mounts) = container["volumeMounts"].as_array_mut() {
                    mounts.push(json!({ "name": name, "readOnly": true, "mountPath": TOKEN_PATH }));
                    used = true;
                }
            }
        }
    }
    if !used {
        return;
    }
    default(spec, "volumes", json!([]));
    if let Some(volumes) = spec["volumes"].as_array_mut() {
        volumes.push(json!({ "name": name, "projected": { "defaultMode": 420, "sources": [
            { "serviceAccountToken": { "expirationSeconds": 3607, "path": "token" } },
            { "configMap": { "name": "kube-root-ca.crt", "items": [{ "key": "ca.crt", "path": "ca.crt" }] } },
            { "downwardAPI": { "items": [
                { "path": "namespace", "fieldRef": { "apiVersion": "v1", "fieldPath": "metadata.namespace" } },
            ] } },
        ] } }));
    }
}

/// The name that messages give a pod that has none yet.
pub(super) fn pod_name(pod: &Value) -> &str {
    match text(pod, "name") {
        "" => text(pod, "generateName"),
        name => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_without_a_tag_is_pulled_always() {
        assert!(is_latest("nginx"));
        assert!(is_latest("registry:5000/nginx:latest"));
        assert!(!is_latest("nginx:1.27"));
        assert!(!is_latest("nginx@sha256:00"));
    }

    #[test]
    fn quality_of_service_follows_requests_and_limits() {
        let check = |resources: Value, class: &str| {
            let mut spec = json!({ "containers": [{ "resources": resources }] });
            pod_spec(&mut spec);
            assert_eq!(quality_of_service(&spec), class, "{spec}");
        };
        check(json!({}), "BestEffort");
        check(json!({ "requests": { "cpu": "1" } }), "Burstable");
        check(
            json!({ "limits": { "cpu": "1", "memory": "1Gi" } }),
            "Guaranteed",
        );
        check(
            json!({ "limits": { "cpu": "1", "memory": "1Gi" }, "requests": { "cpu": "0" } }),
            "Burstable",
        );
    }

    #[test]
    fn texts_of_a_secret_become_data() {
        let mut object = json!({ "stringData": { "a": "b" }, "data": { "c": "ZA==" } });
        secret(&mut object);
        assert_eq!(
            object,
            json!({ "data": { "c": "ZA==", "a": "Yg==" }, "type": "Opaque" })
        );
    }
}
