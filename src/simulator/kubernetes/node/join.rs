//! What a joining node leaves in the cluster besides itself: the lease of its kubelet, and the events that tell the story.

use super::{NodeFacts, SECOND};
use crate::simulator::kubernetes::store::uid_of;
use crate::simulator::kubernetes::times::{moment, renewed_every};
use serde_json::{Value, json};

/// How often a kubelet renews its lease.
const LEASE_RENEWAL: i64 = 10 * SECOND;

/// The lease that the node's kubelet keeps renewing, to be put under `kind::LEASES`.
pub fn lease_object(facts: &NodeFacts) -> Value {
    let owner = json!({ "apiVersion": "v1", "kind": "Node", "name": facts.name, "uid": uid_of(&facts.instance_id) });
    json!({
        "metadata": {
            "name": facts.name, "namespace": "kube-node-lease",
            "creationTimestamp": moment(facts.created), "ownerReferences": [owner],
        },
        "spec": {
            "holderIdentity": facts.name,
            "leaseDurationSeconds": 40,
            "renewTime": renewed_every(facts.created, LEASE_RENEWAL),
        },
    })
}

/// The events of the node's joining so far, in their order, to be put under `kind::EVENTS`.
pub fn join_events(facts: &NodeFacts) -> Vec<Value> {
    let (name, start) = (&facts.name, facts.created);
    let status = |reason: &'static str| {
        (
            start,
            "Normal",
            reason,
            format!("Node {name} status is now: {reason}"),
            "kubelet",
        )
    };
    let mut events = vec![
        (
            start,
            "Normal",
            "Starting",
            "Starting kubelet.".to_owned(),
            "kubelet",
        ),
        (
            start,
            "Warning",
            "InvalidDiskCapacity",
            "invalid capacity 0 on image filesystem".to_owned(),
            "kubelet",
        ),
        status("NodeHasSufficientMemory"),
        status("NodeHasNoDiskPressure"),
        status("NodeHasSufficientPID"),
        (
            start,
            "Normal",
            "NodeAllocatableEnforced",
            "Updated Node Allocatable limit across pods".to_owned(),
            "kubelet",
        ),
        (
            start + 2 * SECOND,
            "Normal",
            "RegisteredNode",
            format!("Node {name} event: Registered Node {name} in Controller"),
            "node-controller",
        ),
        (
            start + 3 * SECOND,
            "Normal",
            "Synced",
            "Node synced successfully".to_owned(),
            "cloud-node-controller",
        ),
        (
            start + 4 * SECOND,
            "Normal",
            "ControllerVersionNotice",
            "The node is managed by VPC resource controller version v1.7.3".to_owned(),
            "vpc-resource-controller",
        ),
    ];
    events.retain(|event| !facts.ready || event.0 <= facts.ready_since.max(start));
    if facts.ready {
        events.push((
            facts.ready_since,
            "Normal",
            "NodeReady",
            format!("Node {name} status is now: NodeReady"),
            "kubelet",
        ));
        if !facts.instance_type.starts_with('t') {
            let message = "The node has trunk interface initialized successfully".to_owned();
            events.push((
                facts.ready_since + SECOND,
                "Normal",
                "NodeTrunkInitiated",
                message,
                "vpc-resource-controller",
            ));
        }
    }
    events
        .into_iter()
        .zip(1_u64..)
        .map(|((at, event_type, reason, message, component), number)| {
            event(facts, number, at, event_type, reason, &message, component)
        })
        .collect()
}

fn event(
    facts: &NodeFacts,
    number: u64,
    at: i64,
    event_type: &str,
    reason: &str,
    message: &str,
    component: &str,
) -> Value {
    let is_kubelet = component == "kubelet";
    // A kubelet knows its node by name only.
    let uid = if is_kubelet {
        facts.name.clone()
    } else {
        uid_of(&facts.instance_id)
    };
    let mut source = json!({ "component": component });
    if is_kubelet {
        source["host"] = json!(facts.name);
    }
    let suffix = (at.unsigned_abs() * 1000 + number) & 0xff_ffff_ffff_ffff;
    json!({
        "metadata": { "name": format!("{}.{:016x}", facts.name, 0x1800_0000_0000_0000 | suffix), "namespace": "default", "creationTimestamp": moment(at) },
        "involvedObject": { "kind": "Node", "name": facts.name, "uid": uid },
        "reason": reason,
        "message": message,
        "source": source,
        "firstTimestamp": moment(at),
        "lastTimestamp": moment(at),
        "count": 1,
        "type": event_type,
        "eventTime": null,
        "reportingComponent": component,
        "reportingInstance": if is_kubelet { facts.name.as_str() } else { "" },
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::facts;
    use super::*;

    #[test]
    fn events_tell_the_joining_in_order() {
        let reasons = |ready| {
            join_events(&facts("a", "g", ready))
                .iter()
                .map(|event| event["reason"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let joining = [
            "Starting",
            "InvalidDiskCapacity",
            "NodeHasSufficientMemory",
            "NodeHasNoDiskPressure",
            "NodeHasSufficientPID",
            "NodeAllocatableEnforced",
            "RegisteredNode",
            "Synced",
            "ControllerVersionNotice",
        ];
        assert_eq!(reasons(false), joining);
        assert_eq!(
            reasons(true),
            [&joining[..], &["NodeReady", "NodeTrunkInitiated"]].concat()
        );
    }
}
