//! Services: where their traffic goes, as endpoints and endpoint slices.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::kubernetes::kind;
use super::super::world::World;
use super::labels::selects_map;
use super::objects::{all, items, name, namespace, now, text, uid};
use super::owned::{is_active, is_ready, reference};

const SERVICE_NAME: &str = "kubernetes.io/service-name";
const MANAGER: &str = "endpointslice-controller.k8s.io";

pub(super) fn publish(world: &mut World) {
    let services = all(world, &kind::SERVICES);
    for service in &services {
        let selector = &service["spec"]["selector"];
        if selector.as_object().is_none_or(serde_json::Map::is_empty) {
            continue;
        }
        let pods: Vec<Arc<Value>> = world
            .kubernetes
            .list(&kind::PODS, Some(namespace(service)))
            .filter(|pod| {
                is_active(pod)
                    && selects_map(selector, &pod["metadata"]["labels"])
                    && pod["status"]["podIP"].is_string()
            })
            .cloned()
            .collect();
        endpoints(world, service, &pods);
        slice(world, service, &pods);
    }
    forget(world, &services);
}

/// Endpoints and slices of services that are gone go as well.
fn forget(world: &mut World, services: &[Arc<Value>]) {
    let exists = |place: &str, of: &str| {
        services
            .iter()
            .any(|service| namespace(service) == place && name(service) == of)
    };
    let doomed: Vec<Arc<Value>> = all(world, &kind::ENDPOINTS)
        .into_iter()
        .filter(|endpoints| {
            !exists(namespace(endpoints), name(endpoints))
                && endpoints["metadata"]["annotations"]["endpoints.kubernetes.io/last-change-trigger-time"]
                    .is_object()
        })
        .collect();
    for endpoints in doomed {
        world
            .kubernetes
            .delete(&kind::ENDPOINTS, namespace(&endpoints), name(&endpoints));
    }
}

fn pod_reference(pod: &Value) -> Value {
    json!({ "kind": "Pod", "name": name(pod), "namespace": namespace(pod), "uid": uid(pod) })
}

fn endpoints(world: &mut World, service: &Value, pods: &[Arc<Value>]) {
    let existing = world
        .kubernetes
        .get(&kind::ENDPOINTS, namespace(service), name(service))
        .cloned();
    let addresses = |ready: bool| -> Vec<Value> {
        let of = pods.iter().filter(|pod| is_ready(pod) == ready);
        of.map(|pod| {
            json!({ "ip": pod["status"]["podIP"], "nodeName": pod["spec"]["nodeName"], "targetRef": pod_reference(pod) })
        })
        .collect()
    };
    let mut subset = json!({});
    for (field, ready) in [("addresses", true), ("notReadyAddresses", false)] {
        let addresses = addresses(ready);
        if !addresses.is_empty() {
            subset[field] = json!(addresses);
        }
    }
    let mut object = json!({
        "metadata": { "name": name(service), "namespace": namespace(service), "labels": service["metadata"]["labels"] },
    });
    if !pods.is_empty() {
        subset["ports"] = ports(service, pods);
        object["subsets"] = json!([subset]);
    }
    if object["metadata"]["labels"].is_null() {
        object["metadata"]["labels"] = json!({});
    }
    let time = now(world);
    let kept = |field: &Value, otherwise: &Value| {
        if field.is_null() {
            otherwise.clone()
        } else {
            field.clone()
        }
    };
    let before = existing.as_deref().unwrap_or(&Value::Null);
    object["metadata"]["creationTimestamp"] = kept(&before["metadata"]["creationTimestamp"], &time);
    let trigger = "endpoints.kubernetes.io/last-change-trigger-time";
    let same = !before.is_null() && before.get("subsets") == object.get("subsets");
    object["metadata"]["annotations"][trigger] = if same {
        kept(&before["metadata"]["annotations"][trigger], &time)
    } else {
        time
    };
    world.kubernetes.put(&kind::ENDPOINTS, object);
}

/// The ports of the pods behind a service's, by number.
fn ports(service: &Value, pods: &[Arc<Value>]) -> Value {
    let ports = items(&service["spec"]["ports"]).iter().map(|port| {
        let number = match &port["targetPort"] {
            Value::String(named) => named_port(pods, named),
            number => number.clone(),
        };
        let mut behind = json!({ "port": number, "protocol": port["protocol"] });
        if port["name"].is_string() {
            behind["name"] = port["name"].clone();
        }
        behind
    });
    ports.filter(|port| !port["port"].is_null()).collect()
}

fn named_port(pods: &[Arc<Value>], named: &str) -> Value {
    pods.iter()
        .flat_map(|pod| items(&pod["spec"]["containers"]))
        .flat_map(|container| items(&container["ports"]))
        .find(|port| port["name"] == named)
        .map_or(Value::Null, |port| port["containerPort"].clone())
}

fn slice(world: &mut World, service: &Value, pods: &[Arc<Value>]) {
    let existing = world
        .kubernetes
        .list(&kind::ENDPOINT_SLICES, Some(namespace(service)))
        .find(|slice| slice["metadata"]["labels"][SERVICE_NAME] == name(service))
        .cloned();
    let endpoints: Vec<Value> = pods
        .iter()
        .map(|pod| {
            let ready = is_ready(pod);
            let node = world
                .kubernetes
                .get(&kind::NODES, "", text(&pod["spec"]["nodeName"]));
            let zone = node.map_or(Value::Null, |node| {
                node["metadata"]["labels"]["topology.kubernetes.io/zone"].clone()
            });
            json!({
                "addresses": [pod["status"]["podIP"]],
                "conditions": { "ready": ready, "serving": ready, "terminating": false },
                "nodeName": pod["spec"]["nodeName"], "targetRef": pod_reference(pod), "zone": zone,
            })
        })
        .collect();
    let metadata = match &existing {
        Some(existing) => existing["metadata"].clone(),
        None => json!({
            "generateName": format!("{}-", name(service)), "namespace": namespace(service), "creationTimestamp": now(world),
            "labels": { SERVICE_NAME: name(service), "endpointslice.kubernetes.io/managed-by": MANAGER },
            "ownerReferences": [reference(service)],
        }),
    };
    let slice = json!({
        "metadata": metadata, "addressType": "IPv4", "endpoints": endpoints, "ports": ports(service, pods),
    });
    world.kubernetes.put(&kind::ENDPOINT_SLICES, slice);
}
