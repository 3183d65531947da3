//! The status of a pod as its kubelet writes it.

use serde_json::{Value, json};

use super::super::super::kubernetes::kind;
use super::super::super::world::World;
use super::super::objects::{Condition, items, namespace, now, set_condition, text, uid};
use super::image;
use super::obstacle::Obstacle;

pub(super) fn is_started(pod: &Value) -> bool {
    pod["status"]["phase"] != "Pending"
}

/// A pod whose containers wait.
pub(super) fn waiting(
    world: &World,
    pod: &Value,
    node: &Value,
    obstacle: Option<&Obstacle>,
) -> Value {
    let mut status = pod["status"].clone();
    let time = now(world);
    for (field, value) in [
        ("phase", json!("Pending")),
        ("hostIP", json!(address(node))),
        ("hostIPs", json!([{ "ip": address(node) }])),
    ] {
        status[field] = value;
    }
    if status["startTime"].is_null() {
        status["startTime"] = time.clone();
    }
    if pod["spec"]["hostNetwork"] == true {
        status["podIP"] = json!(address(node));
        status["podIPs"] = json!([{ "ip": address(node) }]);
    }
    let special = obstacle.and_then(Obstacle::of_container);
    let has_init = !items(&pod["spec"]["initContainers"]).is_empty();
    for list in ["initContainers", "containers"] {
        let statuses: Vec<Value> = items(&pod["spec"][list])
            .iter()
            .map(|container| {
                let state = match &special {
                    Some((of, reason, message)) if container["name"] == *of => {
                        json!({ "reason": reason, "message": message })
                    }
                    _ if has_init => json!({ "reason": "PodInitializing" }),
                    _ => json!({ "reason": "ContainerCreating" }),
                };
                json!({
                    "name": container["name"], "image": container["image"], "imageID": "", "ready": false,
                    "started": false, "restartCount": 0, "lastState": {}, "state": { "waiting": state },
                })
            })
            .collect();
        put_statuses(&mut status, list, statuses);
    }
    let names = |list: &str| -> String {
        let names: Vec<&str> = items(&pod["spec"][list])
            .iter()
            .map(|container| text(&container["name"]))
            .collect();
        names.join(" ")
    };
    let unready = format!("containers with unready status: [{}]", names("containers"));
    let incomplete = format!(
        "containers with incomplete status: [{}]",
        names("initContainers")
    );
    let set = |status: &mut Value, condition_type, ok, reason, message: &str| {
        let message = if ok { "" } else { message };
        let condition = Condition {
            condition_type,
            status: ok,
            reason: if ok { "" } else { reason },
            message,
        };
        set_condition(status, &condition, None, &time);
    };
    set(&mut status, "PodReadyToStartContainers", false, "", "");
    set(
        &mut status,
        "Initialized",
        !has_init,
        "ContainersNotInitialized",
        &incomplete,
    );
    set(&mut status, "Ready", false, "ContainersNotReady", &unready);
    set(
        &mut status,
        "ContainersReady",
        false,
        "ContainersNotReady",
        &unready,
    );
    set(&mut status, "PodScheduled", true, "", "");
    status
}

/// A pod whose containers run and are ready.
pub(super) fn running(world: &World, pod: &Value, node: &Value) -> Value {
    let mut status = pod["status"].clone();
    let time = now(world);
    status["phase"] = json!("Running");
    if pod["spec"]["hostNetwork"] != true {
        let ip = free_address(world, pod, node);
        status["podIP"] = json!(ip);
        status["podIPs"] = json!([{ "ip": ip }]);
    }
    for list in ["initContainers", "containers"] {
        let statuses = items(&pod["spec"][list])
            .iter()
            .map(|container| container_status(pod, list, container, &time))
            .collect();
        put_statuses(&mut status, list, statuses);
    }
    for condition_type in [
        "PodReadyToStartContainers",
        "Initialized",
        "Ready",
        "ContainersReady",
    ] {
        let condition = Condition {
            condition_type,
            status: true,
            reason: "",
            message: "",
        };
        set_condition(&mut status, &condition, None, &time);
    }
    status
}

/// A pod whose containers have stopped.
pub(super) fn stopped(world: &World, pod: &Value) -> Value {
    let mut status = pod["status"].clone();
    let time = now(world);
    for condition_type in ["Ready", "ContainersReady"] {
        let condition = Condition {
            condition_type,
            status: false,
            reason: "PodCompleted",
            message: "",
        };
        set_condition(&mut status, &condition, None, &time);
    }
    status["phase"] = json!("Succeeded");
    status
}

fn put_statuses(status: &mut Value, list: &str, statuses: Vec<Value>) {
    if !statuses.is_empty() {
        let field = match list {
            "initContainers" => "initContainerStatuses",
            _ => "containerStatuses",
        };
        status[field] = json!(statuses);
    }
}

fn container_status(pod: &Value, list: &str, container: &Value, time: &Value) -> Value {
    let own = text(&container["name"]);
    let image = image::canonical(text(&container["image"])).unwrap_or_default();
    let id = format!(
        "containerd://{}",
        image::digits(&format!("{} {own}", uid(pod)))
    );
    let repository = image.split(['@']).next().unwrap_or_default();
    let repository = match repository.rfind(':') {
        Some(position) if !repository[position..].contains('/') => &repository[..position],
        _ => repository,
    };
    let is_over = list == "initContainers" && container["restartPolicy"] != "Always";
    let state = if is_over {
        json!({ "terminated": {
            "containerID": id, "exitCode": 0, "reason": "Completed", "startedAt": time, "finishedAt": time,
        } })
    } else {
        json!({ "running": { "startedAt": time } })
    };
    json!({
        "name": own, "image": image, "imageID": format!("{repository}@sha256:{}", image::digits(&image)),
        "containerID": id, "ready": true, "started": !is_over, "restartCount": 0, "lastState": {}, "state": state,
    })
}

fn address(node: &Value) -> &str {
    items(&node["status"]["addresses"])
        .iter()
        .find(|address| address["type"] == "InternalIP")
        .map(|address| text(&address["address"]))
        .unwrap_or_default()
}

/// An address for a pod that no other pod, node or instance has, from the node's subnet: its network plugin gives pods
/// addresses of the VPC. The subnets of a world are /19.
fn free_address(world: &World, pod: &Value, node: &Value) -> String {
    let parts: Vec<u8> = address(node)
        .split('.')
        .filter_map(|part| part.parse().ok())
        .collect();
    let [first, second, third, _] = parts[..] else {
        return String::new();
    };
    let is_taken = |ip: &str| {
        world
            .kubernetes
            .list(&kind::PODS, None)
            .any(|other| other["status"]["podIP"] == ip)
            || world
                .ec2
                .instances
                .values()
                .any(|instance| instance.private_ip == ip)
    };
    let seed: u32 = uid(pod)
        .bytes()
        .chain(namespace(pod).bytes())
        .fold(7, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u32::from(byte))
        });
    let base = u32::from(third & 0xe0) << 8;
    // Without the first addresses, which AWS keeps, and the last, the broadcast address.
    const SIZE: u32 = 8192 - 32;
    (0..SIZE)
        .map(|step| base + 16 + (seed.wrapping_add(step)) % SIZE)
        .map(|low| format!("{first}.{second}.{}.{}", low >> 8, low & 0xff))
        .find(|ip| !is_taken(ip))
        .unwrap_or_default()
}
