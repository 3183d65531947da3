//! What a fresh EKS cluster holds before any node joins.

use super::kind::{self, Kind};
use super::times::moment;
use serde_json::{Value, json};

/// The objects of a cluster that was made at `created` (microseconds of world time), each with its kind, in an order in
/// which they can be put.
pub fn starting_objects(created: i64) -> Vec<(&'static Kind, Value)> {
    let namespaces = ["default", "kube-node-lease", "kube-public", "kube-system"];
    let mut objects: Vec<(&'static Kind, Value)> = Vec::new();
    for name in namespaces {
        objects.push((&kind::NAMESPACES, namespace(name, created)));
        objects.push((
            &kind::SERVICE_ACCOUNTS,
            json!({ "metadata": metadata("default", Some(name), created) }),
        ));
    }
    objects.push((&kind::SERVICES, kubernetes_service(created)));
    objects.push((&kind::SERVICES, dns_service(created)));
    for (name, value, description) in [
        (
            "system-cluster-critical",
            2_000_000_000,
            "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
        ),
        (
            "system-node-critical",
            2_000_001_000,
            "Used for system critical pods that must not be moved from their current node.",
        ),
    ] {
        let class = json!({
            "metadata": metadata(name, None, created),
            "value": value, "description": description, "preemptionPolicy": "PreemptLowerPriority",
        });
        objects.push((&kind::PRIORITY_CLASSES, class));
    }
    objects
}

/// An active namespace.
pub fn namespace(name: &str, created: i64) -> Value {
    let mut namespace = json!({ "metadata": metadata(name, None, created), "spec": { "finalizers": ["kubernetes"] }, "status": { "phase": "Active" } });
    namespace["metadata"]["labels"] = json!({ "kubernetes.io/metadata.name": name });
    namespace
}

fn metadata(name: &str, namespace: Option<&str>, created: i64) -> Value {
    let mut metadata = json!({ "name": name });
    if let Some(namespace) = namespace {
        metadata["namespace"] = json!(namespace);
    }
    metadata["creationTimestamp"] = moment(created);
    metadata
}

fn kubernetes_service(created: i64) -> Value {
    let mut service = json!({
        "metadata": metadata("kubernetes", Some("default"), created),
        "spec": {
            "type": "ClusterIP", "clusterIP": "172.20.0.1", "clusterIPs": ["172.20.0.1"], "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
            "ports": [{ "name": "https", "port": 443, "protocol": "TCP", "targetPort": 443 }], "sessionAffinity": "None",
        },
        "status": { "loadBalancer": {} },
    });
    service["metadata"]["labels"] = json!({ "component": "apiserver", "provider": "kubernetes" });
    service
}

fn dns_service(created: i64) -> Value {
    let port = |name: &str, port: u16, protocol: &str| json!({ "name": name, "port": port, "protocol": protocol, "targetPort": port });
    let mut service = json!({
        "metadata": metadata("kube-dns", Some("kube-system"), created),
        "spec": {
            "type": "ClusterIP", "clusterIP": "172.20.0.10", "clusterIPs": ["172.20.0.10"], "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
            "ports": [port("dns", 53, "UDP"), port("dns-tcp", 53, "TCP"), port("metrics", 9153, "TCP")],
            "selector": { "k8s-app": "kube-dns" }, "sessionAffinity": "None",
        },
        "status": { "loadBalancer": {} },
    });
    service["metadata"]["labels"] = json!({
        "eks.amazonaws.com/component": "kube-dns", "k8s-app": "kube-dns",
        "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS",
    });
    service
}
