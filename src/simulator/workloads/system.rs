//! What EKS installs in every cluster: the network plugin, kube-proxy and CoreDNS, with what belongs to them. Their pods
//! are made by the same controllers as everybody's. Versions are the default add-ons of Kubernetes 1.30.

mod add_ons;

use serde_json::{Value, json};

use super::super::kubernetes::{Kind, ROOT_AUTHORITY, kind};
use super::super::world::World;
use super::objects::now;

const SYSTEM: &str = "kube-system";

/// Puts the system's objects into the cluster, whose namespaces exist.
pub(in super::super) fn install(world: &mut World) {
    let time = now(world);
    let mut put = |kind: &'static Kind, mut object: Value| {
        object["metadata"]["creationTimestamp"] = time.clone();
        world.kubernetes.create(kind, object);
    };
    let account = |name: &str| json!({ "metadata": { "name": name, "namespace": SYSTEM } });
    for name in ["aws-node", "coredns", "kube-proxy"] {
        put(&kind::SERVICE_ACCOUNTS, account(name));
    }
    put(&kind::STORAGE_CLASSES, storage_class());
    put(&kind::CLUSTER_ROLES, administrator_role());
    put(&kind::CLUSTER_ROLE_BINDINGS, administrator_binding());
    put(&kind::CONFIG_MAPS, corefile());
    put(&kind::DISRUPTION_BUDGETS, add_ons::dns_budget());
    root_authority(world);
    control_plane_endpoints(world);
    let region = world.region.clone();
    for (kind, object) in add_ons::objects(&region) {
        let mut object = object;
        object["metadata"]["creationTimestamp"] = now(world);
        world.kubernetes.create(kind, object);
    }
    super::settle(world);
}

fn storage_class() -> Value {
    json!({
        "metadata": { "name": "gp2" },
        "provisioner": "kubernetes.io/aws-ebs",
        "parameters": { "type": "gp2", "fsType": "ext4" },
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
    })
}

fn bootstrapping(name: &str) -> Value {
    json!({
        "name": name,
        "labels": { "kubernetes.io/bootstrapping": "rbac-defaults" },
        "annotations": { "rbac.authorization.kubernetes.io/autoupdate": "true" },
    })
}

fn administrator_role() -> Value {
    json!({
        "metadata": bootstrapping("cluster-admin"),
        "rules": [
            { "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"] },
            { "nonResourceURLs": ["*"], "verbs": ["*"] },
        ],
    })
}

fn administrator_binding() -> Value {
    json!({
        "metadata": bootstrapping("cluster-admin"),
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin" },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:masters" }],
    })
}

fn corefile() -> Value {
    let text = ".:53 {\n    errors\n    health {\n        lameduck 5s\n      }\n    ready\n    kubernetes cluster.local in-addr.arpa ip6.arpa {\n      pods insecure\n      fallthrough in-addr.arpa ip6.arpa\n    }\n    prometheus :9153\n    forward . /etc/resolv.conf\n    cache 30\n    loop\n    reload\n    loadbalance\n}\n";
    json!({
        "metadata": {
            "name": "coredns", "namespace": SYSTEM,
            "labels": { "eks.amazonaws.com/component": "coredns", "k8s-app": "kube-dns" },
        },
        "data": { "Corefile": text },
    })
}

/// The certificate authority of the API server, as every namespace has it.
fn root_authority(world: &mut World) {
    let authority = world
        .eks
        .clusters
        .values()
        .next()
        .map(|cluster| cluster.authority.clone())
        .unwrap_or_default();
    let namespaces: Vec<String> = world
        .kubernetes
        .list(&kind::NAMESPACES, None)
        .map(|namespace| super::objects::name(namespace).to_owned())
        .collect();
    for namespace in namespaces {
        let map = json!({
            "metadata": { "name": ROOT_AUTHORITY, "namespace": namespace, "creationTimestamp": now(world) },
            "data": { "ca.crt": authority },
        });
        world.kubernetes.put(&kind::CONFIG_MAPS, map);
    }
}

/// Where the API server is reached from inside: two interfaces of the control plane in the cluster's private subnets.
fn control_plane_endpoints(world: &mut World) {
    let mut private: Vec<String> = world
        .ec2
        .subnets
        .values()
        .filter(|subnet| !subnet.public)
        .map(|subnet| subnet.cidr.clone())
        .collect();
    private.sort();
    let addresses: Vec<String> = private
        .iter()
        .take(2)
        .zip(["11", "12"])
        .filter_map(|(cidr, host)| {
            let (network, _) = cidr.rsplit_once('.')?;
            Some(format!("{network}.{host}"))
        })
        .collect();
    let metadata = |labels: Value| json!({ "name": "kubernetes", "namespace": "default", "creationTimestamp": now(world), "labels": labels });
    let skip = json!({ "endpointslice.kubernetes.io/skip-mirror": "true" });
    let subset = json!({
        "addresses": addresses.iter().map(|ip| json!({ "ip": ip })).collect::<Vec<_>>(),
        "ports": [{ "name": "https", "port": 443, "protocol": "TCP" }],
    });
    let endpoints = json!({ "metadata": metadata(skip), "subsets": [subset] });
    let of = json!({ "kubernetes.io/service-name": "kubernetes" });
    let slice = json!({
        "metadata": metadata(of), "addressType": "IPv4",
        "endpoints": addresses.iter().map(|ip| json!({ "addresses": [ip], "conditions": { "ready": true } })).collect::<Vec<_>>(),
        "ports": [{ "name": "https", "port": 443, "protocol": "TCP" }],
    });
    world.kubernetes.put(&kind::ENDPOINTS, endpoints);
    world.kubernetes.put(&kind::ENDPOINT_SLICES, slice);
}
