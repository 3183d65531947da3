//! The default add-ons as EKS deploys them, without the parts that nothing here reads.

use serde_json::{Value, json};

use super::super::super::kubernetes::{Kind, kind};
use super::SYSTEM;

/// The account that EKS publishes its images from in most regions.
const REGISTRY: &str = "602401143452.dkr.ecr";

pub(super) fn objects(region: &str) -> Vec<(&'static Kind, Value)> {
    vec![
        (&kind::DAEMON_SETS, network_plugin(region)),
        (&kind::DAEMON_SETS, kube_proxy(region)),
        (&kind::DEPLOYMENTS, dns(region)),
    ]
}

fn image(region: &str, path: &str) -> String {
    format!("{REGISTRY}.{region}.amazonaws.com/{path}")
}

/// Not on Fargate and the like: only Linux on the two architectures that there are images for.
fn linux_nodes() -> Value {
    let one_of =
        |key: &str, values: Value| json!({ "key": key, "operator": "In", "values": values });
    let term = json!({ "matchExpressions": [
        one_of("kubernetes.io/os", json!(["linux"])),
        one_of("kubernetes.io/arch", json!(["amd64", "arm64"])),
        { "key": "eks.amazonaws.com/compute-type", "operator": "NotIn", "values": ["fargate"] },
    ] });
    json!({ "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": [term] } } })
}

fn network_plugin(region: &str) -> Value {
    let labels = json!({ "app.kubernetes.io/instance": "aws-vpc-cni", "app.kubernetes.io/name": "aws-node", "k8s-app": "aws-node" });
    let host_path =
        |name: &str, path: &str| json!({ "name": name, "hostPath": { "path": path, "type": "" } });
    let mounts = json!([
        { "name": "cni-bin-dir", "mountPath": "/host/opt/cni/bin" },
        { "name": "cni-net-dir", "mountPath": "/host/etc/cni/net.d" },
    ]);
    let plugin = json!({
        "name": "aws-node",
        "image": image(region, "amazon-k8s-cni:v1.18.1-eksbuild.3"),
        "env": [
            { "name": "AWS_VPC_K8S_CNI_LOGLEVEL", "value": "DEBUG" },
            { "name": "ENABLE_PREFIX_DELEGATION", "value": "false" },
            { "name": "WARM_ENI_TARGET", "value": "1" },
            { "name": "MY_NODE_NAME", "valueFrom": { "fieldRef": { "apiVersion": "v1", "fieldPath": "spec.nodeName" } } },
        ],
        "ports": [{ "name": "metrics", "containerPort": 61678, "hostPort": 61678 }],
        "resources": { "requests": { "cpu": "25m" } },
        "livenessProbe": { "exec": { "command": ["/app/grpc-health-probe", "-addr=:50051", "-connect-timeout=5s", "-rpc-timeout=5s"] }, "initialDelaySeconds": 60, "timeoutSeconds": 10 },
        "readinessProbe": { "exec": { "command": ["/app/grpc-health-probe", "-addr=:50051", "-connect-timeout=5s", "-rpc-timeout=5s"] }, "initialDelaySeconds": 1, "timeoutSeconds": 10 },
        "securityContext": { "capabilities": { "add": ["NET_ADMIN", "NET_RAW"] } },
        "volumeMounts": mounts,
    });
    let agent = json!({
        "name": "aws-eks-nodeagent",
        "image": image(region, "amazon/aws-network-policy-agent:v1.1.1-eksbuild.2"),
        "args": ["--enable-ipv6=false", "--enable-network-policy=false", "--enable-cloudwatch-logs=false", "--metrics-bind-addr=:8162", "--health-probe-bind-addr=:8163"],
        "resources": { "requests": { "cpu": "25m" } },
        "securityContext": { "capabilities": { "add": ["NET_ADMIN"] }, "privileged": true },
        "volumeMounts": [{ "name": "cni-bin-dir", "mountPath": "/host/opt/cni/bin" }],
    });
    let init = json!({
        "name": "aws-vpc-cni-init",
        "image": image(region, "amazon-k8s-cni-init:v1.18.1-eksbuild.3"),
        "resources": { "requests": { "cpu": "25m" } },
        "securityContext": { "privileged": true },
        "volumeMounts": [{ "name": "cni-bin-dir", "mountPath": "/host/opt/cni/bin" }],
    });
    json!({
        "metadata": { "name": "aws-node", "namespace": SYSTEM, "labels": labels },
        "spec": {
            "selector": { "matchLabels": { "k8s-app": "aws-node" } },
            "updateStrategy": { "type": "RollingUpdate", "rollingUpdate": { "maxUnavailable": "10%", "maxSurge": 0 } },
            "template": {
                "metadata": { "labels": { "app.kubernetes.io/name": "aws-node", "k8s-app": "aws-node" } },
                "spec": {
                    "affinity": linux_nodes(),
                    "containers": [plugin, agent],
                    "initContainers": [init],
                    "hostNetwork": true,
                    "priorityClassName": "system-node-critical",
                    "serviceAccountName": "aws-node",
                    "terminationGracePeriodSeconds": 10,
                    "tolerations": [{ "operator": "Exists" }],
                    "volumes": [host_path("cni-bin-dir", "/opt/cni/bin"), host_path("cni-net-dir", "/etc/cni/net.d")],
                },
            },
        },
    })
}

fn kube_proxy(region: &str) -> Value {
    let container = json!({
        "name": "kube-proxy",
        "image": image(region, "eks/kube-proxy:v1.30.0-minimal-eksbuild.3"),
        "command": ["kube-proxy", "--v=2", "--config=/var/lib/kube-proxy-config/config", "--hostname-override=$(NODE_NAME)"],
        "env": [{ "name": "NODE_NAME", "valueFrom": { "fieldRef": { "apiVersion": "v1", "fieldPath": "spec.nodeName" } } }],
        "resources": { "requests": { "cpu": "100m" } },
        "securityContext": { "privileged": true },
    });
    json!({
        "metadata": { "name": "kube-proxy", "namespace": SYSTEM, "labels": { "eks.amazonaws.com/component": "kube-proxy", "k8s-app": "kube-proxy" } },
        "spec": {
            "selector": { "matchLabels": { "k8s-app": "kube-proxy" } },
            "updateStrategy": { "type": "RollingUpdate", "rollingUpdate": { "maxUnavailable": "10%", "maxSurge": 0 } },
            "template": {
                "metadata": { "labels": { "k8s-app": "kube-proxy" } },
                "spec": {
                    "affinity": linux_nodes(),
                    "containers": [container],
                    "hostNetwork": true,
                    "priorityClassName": "system-node-critical",
                    "serviceAccountName": "kube-proxy",
                    "tolerations": [{ "operator": "Exists" }],
                },
            },
        },
    })
}

fn dns(region: &str) -> Value {
    let labels = json!({ "eks.amazonaws.com/component": "coredns", "k8s-app": "kube-dns" });
    let mut own_labels = labels.clone();
    own_labels["kubernetes.io/name"] = json!("CoreDNS");
    let port = |name: &str, number: u16, protocol: &str| json!({ "name": name, "containerPort": number, "protocol": protocol });
    let container = json!({
        "name": "coredns",
        "image": image(region, "eks/coredns:v1.11.1-eksbuild.8"),
        "args": ["-conf", "/etc/coredns/Corefile"],
        "ports": [port("dns", 53, "UDP"), port("dns-tcp", 53, "TCP"), port("metrics", 9153, "TCP")],
        "resources": { "limits": { "memory": "170Mi" }, "requests": { "cpu": "100m", "memory": "70Mi" } },
        "livenessProbe": { "httpGet": { "path": "/health", "port": 8080 }, "initialDelaySeconds": 60, "timeoutSeconds": 5, "failureThreshold": 5 },
        "readinessProbe": { "httpGet": { "path": "/ready", "port": 8181 } },
        "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "add": ["NET_BIND_SERVICE"], "drop": ["ALL"] }, "readOnlyRootFilesystem": true },
        "volumeMounts": [{ "name": "config-volume", "mountPath": "/etc/coredns", "readOnly": true }],
    });
    let mut affinity = linux_nodes();
    let selector = json!({ "matchExpressions": [{ "key": "k8s-app", "operator": "In", "values": ["kube-dns"] }] });
    affinity["podAntiAffinity"] = json!({ "preferredDuringSchedulingIgnoredDuringExecution": [
        { "weight": 100, "podAffinityTerm": { "labelSelector": selector, "topologyKey": "kubernetes.io/hostname" } },
    ] });
    json!({
        "metadata": { "name": "coredns", "namespace": SYSTEM, "labels": own_labels },
        "spec": {
            "replicas": 2,
            "selector": { "matchLabels": labels },
            "strategy": { "type": "RollingUpdate", "rollingUpdate": { "maxUnavailable": 1, "maxSurge": "25%" } },
            "template": {
                "metadata": { "labels": labels },
                "spec": {
                    "affinity": affinity,
                    "containers": [container],
                    "dnsPolicy": "Default",
                    "priorityClassName": "system-cluster-critical",
                    "serviceAccountName": "coredns",
                    "tolerations": [
                        { "effect": "NoSchedule", "key": "node-role.kubernetes.io/control-plane" },
                        { "key": "CriticalAddonsOnly", "operator": "Exists" },
                    ],
                    "volumes": [{ "name": "config-volume", "configMap": { "name": "coredns", "items": [{ "key": "Corefile", "path": "Corefile" }] } }],
                },
            },
        },
    })
}

/// CoreDNS may lose one pod at a time.
pub(super) fn dns_budget() -> Value {
    json!({
        "metadata": {
            "name": "coredns", "namespace": SYSTEM,
            "labels": { "eks.amazonaws.com/component": "coredns", "k8s-app": "kube-dns" },
        },
        "spec": {
            "maxUnavailable": 1,
            "selector": { "matchLabels": { "eks.amazonaws.com/component": "coredns", "k8s-app": "kube-dns" } },
        },
    })
}
