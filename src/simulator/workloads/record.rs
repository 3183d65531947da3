//! Events: what controllers tell whoever looks at an object.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::kubernetes::kind;
use super::super::world::{self, World};
use super::Event;
use super::objects::{name, namespace, now, text, uid};

const KEPT: Duration = Duration::from_secs(3600);
/// Where events of objects without a namespace live.
const DEFAULT_NAMESPACE: &str = "default";

/// Who says something, in which words.
#[derive(Clone, Copy)]
pub(super) struct Said<'a> {
    /// `Normal` or `Warning`.
    pub(super) event_type: &'a str,
    pub(super) reason: &'a str,
    pub(super) message: &'a str,
    /// `replicaset-controller`.
    pub(super) component: &'a str,
    /// The node of a kubelet; else empty.
    pub(super) host: &'a str,
    /// The part of the object that is meant: `spec.containers{web}`; else empty.
    pub(super) part: &'a str,
}

/// A controller says that all is well.
pub(super) fn normal<'a>(component: &'a str, reason: &'a str, message: &'a str) -> Said<'a> {
    Said {
        event_type: "Normal",
        reason,
        message,
        component,
        host: "",
        part: "",
    }
}

/// A controller says that something is wrong.
pub(super) fn warning<'a>(component: &'a str, reason: &'a str, message: &'a str) -> Said<'a> {
    Said {
        event_type: "Warning",
        ..normal(component, reason, message)
    }
}

/// Records an event about an object.
pub(super) fn record(world: &mut World, object: &Value, said: Said<'_>) {
    let at = now(world);
    let mut event = json!({
        "count": 1,
        "eventTime": null,
        "firstTimestamp": at,
        "lastTimestamp": at,
        "reportingComponent": said.component,
        "reportingInstance": said.host,
        "source": { "component": said.component },
    });
    if !said.host.is_empty() {
        event["source"]["host"] = json!(said.host);
    }
    put(world, object, said, event);
}

/// Records an event as the scheduler does, by the newer of the two interfaces.
pub(super) fn record_action(world: &mut World, object: &Value, said: Said<'_>, action: &str) {
    let event = json!({
        "action": action,
        "eventTime": now(world),
        "firstTimestamp": null,
        "lastTimestamp": null,
        "reportingComponent": said.component,
        "reportingInstance": format!("{}-0", said.component),
        "source": {},
    });
    put(world, object, said, event);
}

/// Whether something was already said about an object in the same words.
pub(super) fn was_said(world: &World, object: &Value, reason: &str, message: &str) -> bool {
    let place = event_namespace(object);
    world
        .kubernetes
        .list(&kind::EVENTS, Some(place))
        .any(|event| {
            event["involvedObject"]["uid"] == uid(object)
                && event["reason"] == reason
                && event["message"] == message
        })
}

fn event_namespace(object: &Value) -> &str {
    match namespace(object) {
        "" => DEFAULT_NAMESPACE,
        namespace => namespace,
    }
}

fn put(world: &mut World, object: &Value, said: Said<'_>, mut event: Value) {
    world.workloads.recorded += 1;
    let place = event_namespace(object).to_owned();
    let suffix = (world.now().micros().unsigned_abs() * 1000 + world.workloads.recorded % 1000)
        & 0x00ff_ffff_ffff_ffff;
    let event_name = format!("{}.{:016x}", name(object), 0x1800_0000_0000_0000 | suffix);
    let mut involved = json!({
        "kind": object["kind"], "name": object["metadata"]["name"], "uid": uid(object),
        "apiVersion": object["apiVersion"],
    });
    if !namespace(object).is_empty() {
        involved["namespace"] = json!(namespace(object));
        involved["resourceVersion"] = json!(text(&object["metadata"]["resourceVersion"]));
    }
    if !said.part.is_empty() {
        involved["fieldPath"] = json!(said.part);
    }
    event["metadata"] =
        json!({ "name": event_name, "namespace": place, "creationTimestamp": now(world) });
    event["involvedObject"] = involved;
    event["type"] = json!(said.event_type);
    event["reason"] = json!(said.reason);
    event["message"] = json!(said.message);
    world.kubernetes.put(&kind::EVENTS, event);
    let expires = Event::EventExpires {
        namespace: place,
        name: event_name,
    };
    world.schedule(KEPT, world::Event::Workloads(expires));
}
