//! Columns of nodes, namespaces, events and the plain kinds.

use super::{
    AGE, Column, NAME, Printer, age, condition, count, entries, items, joined_or_none, name,
    text_or_none,
};
use crate::simulator::kubernetes::times::Times;
use serde_json::{Value, json};

pub(in super::super) const NODES: Printer = Printer {
    columns: &[
        NAME,
        Column::text("Status", "The status of the node"),
        Column::text("Roles", "The roles of the node"),
        AGE,
        Column::text("Version", "Kubelet Version reported by the node."),
        Column::wide("Internal-IP", "List of addresses reachable to the node."),
        Column::wide("External-IP", "List of addresses reachable to the node."),
        Column::wide(
            "OS-Image",
            "OS Image reported by the node from /etc/os-release.",
        ),
        Column::wide(
            "Kernel-Version",
            "Kernel Version reported by the node from 'uname -r'.",
        ),
        Column::wide(
            "Container-Runtime",
            "ContainerRuntime Version reported by the node through runtime remote API.",
        ),
    ],
    cells: node_cells,
};

fn node_cells(node: &Value, times: &Times<'_>) -> Vec<Value> {
    let info = &node["status"]["nodeInfo"];
    let unknown_if_empty = |value: &Value| {
        json!(
            value
                .as_str()
                .filter(|text| !text.is_empty())
                .unwrap_or("<unknown>")
        )
    };
    vec![
        name(node),
        json!(node_status(node)),
        joined_or_none(node_roles(node)),
        age(node, times),
        json!(info["kubeletVersion"].as_str().unwrap_or_default()),
        node_address(node, "InternalIP"),
        node_address(node, "ExternalIP"),
        unknown_if_empty(&info["osImage"]),
        unknown_if_empty(&info["kernelVersion"]),
        unknown_if_empty(&info["containerRuntimeVersion"]),
    ]
}

fn node_status(node: &Value) -> String {
    let ready = match condition(node, "Ready") {
        Some(condition) if condition["status"] == "True" => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    };
    let cordoned = node["spec"]["unschedulable"] == json!(true);
    if cordoned {
        format!("{ready},SchedulingDisabled")
    } else {
        ready.to_owned()
    }
}

fn node_roles(node: &Value) -> Vec<String> {
    let labels = node["metadata"]["labels"].as_object();
    let mut roles: Vec<String> = labels
        .into_iter()
        .flatten()
        .filter_map(
            |(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
                Some(role) if !role.is_empty() => Some(role.to_owned()),
                _ if key == "kubernetes.io/role" => value
                    .as_str()
                    .filter(|role| !role.is_empty())
                    .map(str::to_owned),
                _ => None,
            },
        )
        .collect();
    roles.sort();
    roles.dedup();
    roles
}

fn node_address(node: &Value, address_type: &str) -> Value {
    let address = items(&node["status"]["addresses"])
        .iter()
        .find(|address| address["type"] == address_type);
    text_or_none(address.map_or(&Value::Null, |address| &address["address"]))
}

pub(in super::super) const NAMESPACES: Printer = Printer {
    columns: &[
        NAME,
        Column::text("Status", "The status of the namespace"),
        AGE,
    ],
    cells: |object, times| {
        vec![
            name(object),
            json!(object["status"]["phase"].as_str().unwrap_or_default()),
            age(object, times),
        ]
    },
};

pub(in super::super) const CONFIG_MAPS: Printer = Printer {
    columns: &[
        NAME,
        Column::text("Data", "Data contains the configuration data."),
        AGE,
    ],
    cells: |object, times| {
        vec![
            name(object),
            json!((entries(&object["data"]) + entries(&object["binaryData"])).to_string()),
            age(object, times),
        ]
    },
};

pub(in super::super) const SERVICE_ACCOUNTS: Printer = Printer {
    columns: &[
        NAME,
        Column::text(
            "Secrets",
            "Secrets that pods run with this ServiceAccount may use.",
        ),
        AGE,
    ],
    cells: |object, times| {
        vec![
            name(object),
            json!(entries(&object["secrets"]).to_string()),
            age(object, times),
        ]
    },
};

pub(in super::super) const LEASES: Printer = Printer {
    columns: &[
        NAME,
        Column::text("Holder", "The identity of the holder of the lease."),
        AGE,
    ],
    cells: |object, times| {
        vec![
            name(object),
            json!(
                object["spec"]["holderIdentity"]
                    .as_str()
                    .unwrap_or_default()
            ),
            age(object, times),
        ]
    },
};

pub(in super::super) const PRIORITY_CLASSES: Printer = Printer {
    columns: &[
        NAME,
        Column::number("Value", "The integer value of this priority class."),
        Column::truth(
            "Global-Default",
            "Whether this is the priority of pods without a priority class.",
        ),
        AGE,
        Column::text(
            "PreemptionPolicy",
            "The policy for preempting pods with lower priority.",
        ),
    ],
    cells: |object, times| {
        vec![
            name(object),
            json!(count(&object["value"])),
            json!(object["globalDefault"].as_bool().unwrap_or_default()),
            age(object, times),
            json!(
                object["preemptionPolicy"]
                    .as_str()
                    .unwrap_or("PreemptLowerPriority")
            ),
        ]
    },
};

pub(in super::super) const EVENTS: Printer = Printer {
    columns: &[
        Column::text(
            "Last Seen",
            "The time at which the most recent occurrence of this event was recorded.",
        ),
        Column::text(
            "Type",
            "Type of this event (Normal, Warning), new types could be added in the future",
        ),
        Column::text(
            "Reason",
            "The reason for the transition into the object's current status.",
        ),
        Column::text("Object", "The object that this event is about."),
        Column::wide(
            "Subobject",
            "The field of the object that this event is about.",
        ),
        Column::wide("Source", "The component reporting this event."),
        Column::text(
            "Message",
            "A human-readable description of the status of this operation.",
        ),
        Column::wide(
            "First Seen",
            "The time at which the event was first recorded.",
        ),
        Column::wide_number("Count", "The number of times this event has occurred."),
        Column { wide: true, ..NAME },
    ],
    cells: event_cells,
};

fn event_cells(event: &Value, times: &Times<'_>) -> Vec<Value> {
    let first = times
        .age(&event["firstTimestamp"])
        .or_else(|| times.age(&event["eventTime"]));
    let first = first.unwrap_or_else(|| "<unknown>".to_owned());
    let series = &event["series"];
    let (last, count) = match series.is_object() {
        true => (
            times.age(&series["lastObservedTime"]),
            count(&series["count"]),
        ),
        false => (
            times.age(&event["lastTimestamp"]),
            count(&event["count"]).max(1),
        ),
    };
    let last = last.unwrap_or_else(|| first.clone());
    let object = &event["involvedObject"];
    let field = |value: &Value| json!(value.as_str().unwrap_or_default());
    vec![
        json!(last),
        field(&event["type"]),
        field(&event["reason"]),
        json!(format!(
            "{}/{}",
            object["kind"].as_str().unwrap_or_default().to_lowercase(),
            object["name"].as_str().unwrap_or_default()
        )),
        field(&object["fieldPath"]),
        json!(event_source(event)),
        json!(event["message"].as_str().unwrap_or_default().trim()),
        json!(first),
        json!(count),
        name(event),
    ]
}

/// `component, host`, either part of which may be missing.
fn event_source(event: &Value) -> String {
    let part = |old: &str, new: &str| {
        let text = event["source"][old]
            .as_str()
            .filter(|text| !text.is_empty())
            .or(event[new].as_str());
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let parts = [
        part("component", "reportingComponent"),
        part("host", "reportingInstance"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::super::times::moment;
    use super::super::tests::cells;
    use super::*;

    #[test]
    fn a_node_prints_as_in_the_lab() {
        let node = json!({
            "metadata": { "name": "n", "creationTimestamp": moment(0), "labels": { "node-role.kubernetes.io/worker": "", "kubernetes.io/role": "infra" } },
            "spec": { "unschedulable": true },
            "status": {
                "conditions": [{ "type": "Ready", "status": "True" }],
                "addresses": [{ "type": "InternalIP", "address": "10.42.1.2" }],
                "nodeInfo": { "kubeletVersion": "v1.33.0-eks-802817d", "osImage": "Amazon Linux 2023" },
            },
        });
        assert_eq!(
            cells(NODES, &node),
            json!([
                "n",
                "Ready,SchedulingDisabled",
                "infra,worker",
                "3m9s",
                "v1.33.0-eks-802817d",
                "10.42.1.2",
                "<none>",
                "Amazon Linux 2023",
                "<unknown>",
                "<unknown>"
            ])
        );
    }

    #[test]
    fn a_node_without_a_ready_condition_is_of_unknown_status() {
        assert_eq!(node_status(&json!({})), "Unknown");
        assert_eq!(
            node_status(
                &json!({ "status": { "conditions": [{ "type": "Ready", "status": "Unknown" }] } })
            ),
            "NotReady"
        );
    }

    #[test]
    fn an_event_prints_when_what_and_who() {
        let event = json!({
            "metadata": { "name": "n.17" }, "type": "Normal", "reason": "NodeReady", "message": "ready ", "count": 2,
            "firstTimestamp": moment(0), "lastTimestamp": moment(9_000_000),
            "involvedObject": { "kind": "Node", "name": "n" }, "source": { "component": "kubelet", "host": "n" },
        });
        assert_eq!(
            cells(EVENTS, &event),
            json!([
                "3m",
                "Normal",
                "NodeReady",
                "node/n",
                "",
                "kubelet, n",
                "ready",
                "3m9s",
                2,
                "n.17"
            ])
        );
    }

    #[test]
    fn plain_kinds_print_what_they_hold() {
        assert_eq!(
            cells(
                CONFIG_MAPS,
                &json!({ "metadata": { "name": "c" }, "data": { "a": "", "b": "" } })
            ),
            json!(["c", "2", "<unknown>"])
        );
        assert_eq!(
            cells(
                PRIORITY_CLASSES,
                &json!({ "metadata": { "name": "p" }, "value": 9 })
            ),
            json!(["p", 9, false, "<unknown>", "PreemptLowerPriority"])
        );
    }
}
