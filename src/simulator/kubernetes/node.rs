//! A worker node as the cluster sees it: the `Node` object, and in `join` what comes with it.

mod join;

pub use join::{join_events, lease_object};

use super::store::uid_of;
use super::times::{moment, renewed_every};
use serde_json::{Value, json};

const SECOND: i64 = 1_000_000;
/// How often a kubelet posts a status that has not changed.
const STATUS_REPORT: i64 = 300 * SECOND;

/// What is known of an EC2 instance that has joined the cluster. Moments are microseconds of world time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFacts {
    /// The private DNS name: `ip-10-42-108-252.us-west-2.compute.internal`.
    pub name: String,
    /// `i-0123456789abcdef0`.
    pub instance_id: String,
    /// `m5.large`.
    pub instance_type: String,
    /// `us-west-2a`.
    pub zone: String,
    /// `usw2-az1`.
    pub zone_id: String,
    /// `us-west-2`.
    pub region: String,
    /// The managed node group.
    pub node_group: String,
    /// `ami-…`.
    pub image_id: String,
    /// `ON_DEMAND` or `SPOT`.
    pub capacity_type: String,
    /// Id and version of the launch template that the node group was made with, if one was.
    pub launch_template: Option<(String, String)>,
    /// `10.42.108.252`.
    pub internal_ip: String,
    /// `v1.30.8-eks-aeac579`.
    pub kubelet_version: String,
    /// `amd64` or `arm64`.
    pub architecture: String,
    /// When the node registered.
    pub created: i64,
    /// Whether the kubelet says that it is ready.
    pub ready: bool,
    /// Since when it has said so.
    pub ready_since: i64,
}

/// What an instance type offers, before anything is reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Virtual CPUs.
    pub cpus: u32,
    /// Memory in mebibytes, as sold.
    pub memory_mib: u32,
    /// The most pods that the network interfaces have addresses for.
    pub pods: u32,
}

/// The capacity of the common instance types of families t, m, c and r; `None` for any other.
pub fn capacity(instance_type: &str) -> Option<Capacity> {
    let (family, size) = instance_type.split_once('.')?;
    let is_burstable = family.starts_with('t');
    let (cpus, burstable_gib, pods) = match size {
        "micro" if is_burstable => (2, 1, 4),
        "small" if is_burstable => (2, 2, 11),
        "medium" if is_burstable => (2, 4, 17),
        "large" if is_burstable => (2, 8, 35),
        "large" => (2, 0, 29),
        "xlarge" => (4, 16, 58),
        "2xlarge" => (8, 32, 58),
        "4xlarge" if !is_burstable => (16, 0, 234),
        "8xlarge" if !is_burstable => (32, 0, 234),
        _ => return None,
    };
    let gib_per_cpu = match family.chars().next()? {
        't' => {
            return Some(Capacity {
                cpus,
                memory_mib: burstable_gib * 1024,
                pods,
            });
        }
        'c' => 2,
        'm' => 4,
        'r' => 8,
        _ => return None,
    };
    Some(Capacity {
        cpus,
        memory_mib: cpus * gib_per_cpu * 1024,
        pods,
    })
}

/// The complete `Node`, to be put under `kind::NODES`. An instance type that [`capacity`] does not know counts as `m5.large`.
pub fn node_object(facts: &NodeFacts) -> Value {
    let (capacity, allocatable) = resources(facts);
    let mut spec = json!({ "providerID": format!("aws:///{}/{}", facts.zone, facts.instance_id) });
    if !facts.ready {
        spec["taints"] = ["NoSchedule", "NoExecute"]
            .iter()
            .map(|effect| json!({ "key": "node.kubernetes.io/not-ready", "effect": effect }))
            .collect();
    }
    json!({
        "metadata": {
            "name": facts.name,
            "uid": uid_of(&facts.instance_id),
            "creationTimestamp": moment(facts.created),
            "labels": labels(facts),
            "annotations": {
                "alpha.kubernetes.io/provided-node-ip": facts.internal_ip,
                "node.alpha.kubernetes.io/ttl": "0",
                "volumes.kubernetes.io/controller-managed-attach-detach": "true",
            },
        },
        "spec": spec,
        "status": {
            "capacity": capacity,
            "allocatable": allocatable,
            "conditions": conditions(facts),
            "addresses": [
                { "type": "InternalIP", "address": facts.internal_ip },
                { "type": "InternalDNS", "address": facts.name },
                { "type": "Hostname", "address": facts.name },
            ],
            "daemonEndpoints": { "kubeletEndpoint": { "Port": 10250 } },
            "nodeInfo": node_info(facts),
        },
    })
}

fn labels(facts: &NodeFacts) -> Value {
    let mut labels = json!({
        "beta.kubernetes.io/arch": facts.architecture,
        "beta.kubernetes.io/instance-type": facts.instance_type,
        "beta.kubernetes.io/os": "linux",
        "eks.amazonaws.com/capacityType": facts.capacity_type,
        "eks.amazonaws.com/nodegroup": facts.node_group,
        "eks.amazonaws.com/nodegroup-image": facts.image_id,
        "failure-domain.beta.kubernetes.io/region": facts.region,
        "failure-domain.beta.kubernetes.io/zone": facts.zone,
        "k8s.io/cloud-provider-aws": uid_of(&facts.region).replace('-', ""),
        "kubernetes.io/arch": facts.architecture,
        "kubernetes.io/hostname": facts.name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": facts.instance_type,
        "topology.k8s.aws/zone-id": facts.zone_id,
        "topology.kubernetes.io/region": facts.region,
        "topology.kubernetes.io/zone": facts.zone,
    });
    if let Some((id, version)) = &facts.launch_template {
        labels["eks.amazonaws.com/sourceLaunchTemplateId"] = json!(id);
        labels["eks.amazonaws.com/sourceLaunchTemplateVersion"] = json!(version);
    }
    if let Some(fields) = labels.as_object_mut() {
        fields.sort_keys();
    }
    labels
}

/// `status.capacity` and `status.allocatable`: what remains after EKS's reservations for kubelet, system and eviction.
fn resources(facts: &NodeFacts) -> (Value, Value) {
    let capacity = capacity(&facts.instance_type).unwrap_or(Capacity {
        cpus: 2,
        memory_mib: 8192,
        pods: 29,
    });
    // The kernel keeps about a twentieth of the memory for itself.
    let memory_kib = u64::from(capacity.memory_mib) * 1024 * 946 / 1000 / 4 * 4;
    let reserved_kib = (255 + 11 * u64::from(capacity.pods) + 100) * 1024;
    let describe = |cpu: String, storage: &str, memory: u64| {
        json!({
            "cpu": cpu, "ephemeral-storage": storage, "hugepages-1Gi": "0", "hugepages-2Mi": "0",
            "memory": format!("{memory}Ki"), "pods": capacity.pods.to_string(),
        })
    };
    let allocatable_cpu = format!(
        "{}m",
        capacity.cpus * 1000 - reserved_millicpu(capacity.cpus)
    );
    (
        describe(capacity.cpus.to_string(), "20959212Ki", memory_kib),
        describe(
            allocatable_cpu,
            "18242267924",
            memory_kib.saturating_sub(reserved_kib),
        ),
    )
}

/// 6 % of the first CPU, 1 % of the second, 0.5 % of the next two, 0.25 % of the rest.
fn reserved_millicpu(cpus: u32) -> u32 {
    let tenths: u32 = (0..cpus)
        .map(|cpu| match cpu {
            0 => 600,
            1 => 100,
            2 | 3 => 50,
            _ => 25,
        })
        .sum();
    tenths / 10
}

fn conditions(facts: &NodeFacts) -> Value {
    let condition = |condition_type: &str,
                     status: &str,
                     since: i64,
                     reason: &str,
                     message: &str| {
        json!({
            "type": condition_type, "status": status,
            "lastHeartbeatTime": renewed_every(facts.ready_since.max(facts.created), STATUS_REPORT),
            "lastTransitionTime": moment(since), "reason": reason, "message": message,
        })
    };
    let healthy = |condition_type: &str, reason: &str, message: &str| {
        condition(condition_type, "False", facts.created, reason, message)
    };
    let ready = if facts.ready {
        condition(
            "Ready",
            "True",
            facts.ready_since,
            "KubeletReady",
            "kubelet is posting ready status",
        )
    } else {
        let message = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: \
                       cni plugin not initialized";
        condition(
            "Ready",
            "False",
            facts.ready_since,
            "KubeletNotReady",
            message,
        )
    };
    json!([
        healthy(
            "MemoryPressure",
            "KubeletHasSufficientMemory",
            "kubelet has sufficient memory available"
        ),
        healthy(
            "DiskPressure",
            "KubeletHasNoDiskPressure",
            "kubelet has no disk pressure"
        ),
        healthy(
            "PIDPressure",
            "KubeletHasSufficientPID",
            "kubelet has sufficient PID available"
        ),
        ready,
    ])
}

fn node_info(facts: &NodeFacts) -> Value {
    let machine = if facts.architecture == "arm64" {
        "aarch64"
    } else {
        "x86_64"
    };
    let machine_id = uid_of(&format!("machine {}", facts.instance_id));
    json!({
        "machineID": format!("ec2{}", &machine_id.replace('-', "")[3..]),
        "systemUUID": format!("ec2{}", &machine_id[3..]),
        "bootID": uid_of(&format!("boot {}", facts.instance_id)),
        "kernelVersion": format!("6.1.134-150.224.amzn2023.{machine}"),
        "osImage": "Amazon Linux 2023.7.20250512",
        "containerRuntimeVersion": "containerd://1.7.27",
        "kubeletVersion": facts.kubelet_version,
        "kubeProxyVersion": facts.kubelet_version,
        "operatingSystem": "linux",
        "architecture": facts.architecture,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn facts(name: &str, group: &str, ready: bool) -> NodeFacts {
        NodeFacts {
            name: name.to_owned(),
            instance_id: format!("i-{name}"),
            instance_type: "m5.large".to_owned(),
            zone: "us-west-2a".to_owned(),
            zone_id: "usw2-az1".to_owned(),
            region: "us-west-2".to_owned(),
            node_group: group.to_owned(),
            image_id: "ami-0abc".to_owned(),
            capacity_type: "ON_DEMAND".to_owned(),
            launch_template: Some(("lt-1".to_owned(), "1".to_owned())),
            internal_ip: "10.42.108.252".to_owned(),
            kubelet_version: "v1.30.8-eks-aeac579".to_owned(),
            architecture: "amd64".to_owned(),
            created: 0,
            ready,
            ready_since: 20 * SECOND,
        }
    }

    #[test]
    fn instance_types_have_the_capacity_that_is_sold() {
        assert_eq!(
            capacity("m5.large"),
            Some(Capacity {
                cpus: 2,
                memory_mib: 8192,
                pods: 29
            })
        );
        assert_eq!(
            capacity("t3.medium"),
            Some(Capacity {
                cpus: 2,
                memory_mib: 4096,
                pods: 17
            })
        );
        assert_eq!(
            capacity("r6i.2xlarge"),
            Some(Capacity {
                cpus: 8,
                memory_mib: 65536,
                pods: 58
            })
        );
        assert_eq!(capacity("p5.48xlarge"), None);
    }

    #[test]
    fn reservations_are_those_of_eks() {
        let (capacity, allocatable) = resources(&facts("a", "g", true));
        assert_eq!(
            (&capacity["cpu"], &allocatable["cpu"]),
            (&json!("2"), &json!("1930m"))
        );
        assert_eq!((reserved_millicpu(4), reserved_millicpu(8)), (80, 90));
        assert_eq!(allocatable["memory"], "7245444Ki");
    }

    #[test]
    fn a_ready_node_has_no_taints_and_an_unready_one_has_two() {
        let taints = |ready| {
            node_object(&facts("a", "g", ready))["spec"]["taints"]
                .as_array()
                .map(Vec::len)
        };
        assert_eq!((taints(true), taints(false)), (None, Some(2)));
    }

    #[test]
    fn labels_name_the_group_and_the_template_of_the_group() {
        let labels = labels(&facts("a", "workers", true));
        assert_eq!(labels["eks.amazonaws.com/nodegroup"], "workers");
        assert_eq!(labels["eks.amazonaws.com/sourceLaunchTemplateId"], "lt-1");
    }
}
