//! The kubelets: take the pods that were given to their nodes, start their containers, stop them when asked.

mod image;
mod obstacle;
mod status;

use std::sync::Arc;

use serde_json::Value;

use super::super::kubernetes::kind;
use super::super::world::World;
use super::objects::{
    Condition, all, change, condition, is_deleted, is_true, items, name, namespace, now,
    set_condition, text, uid,
};
use super::record::{Said, normal, record, warning, was_said};
use obstacle::Obstacle;

const KUBELET: &str = "kubelet";

pub(super) fn run(world: &mut World) {
    let pods = all(world, &kind::PODS);
    forget(world, &pods);
    for pod in pods {
        let home = text(&pod["spec"]["nodeName"]);
        if home.is_empty() {
            continue;
        }
        let Some(node) = world.kubernetes.get(&kind::NODES, "", home).cloned() else {
            // Nobody is left who could stop it in an orderly way.
            world
                .kubernetes
                .delete(&kind::PODS, namespace(&pod), name(&pod));
            continue;
        };
        let is_silent = condition(&node, "Ready").is_some_and(|ready| ready["status"] == "Unknown");
        if is_silent {
            give_up(world, &pod);
        } else if is_deleted(&pod) {
            stop(world, &pod);
        } else if !status::is_started(&pod) {
            start(world, &pod, &node);
        } else if !is_true(&pod, "Ready") && pod["status"]["phase"] == "Running" {
            say_ready(world, &pod, true);
        }
    }
}

/// Nobody hears of a pod whose node is silent: the node controller counts it as not ready, and it neither starts nor
/// stops until the node reports again or is removed.
fn give_up(world: &mut World, pod: &Value) {
    if is_true(pod, "Ready") {
        say_ready(world, pod, false);
        record(
            world,
            pod,
            warning("node-controller", "NodeNotReady", "Node is not ready"),
        );
    }
}

fn say_ready(world: &mut World, pod: &Value, ready: bool) {
    let time = now(world);
    change(world, &kind::PODS, pod, |pod| {
        let condition = Condition {
            condition_type: "Ready",
            status: ready,
            reason: "",
            message: "",
        };
        set_condition(&mut pod["status"], &condition, None, &time);
    });
}

/// Steps of pods that no longer exist lead nowhere.
fn forget(world: &mut World, pods: &[Arc<Value>]) {
    let exists = |of: &String| pods.iter().any(|pod| uid(pod) == of);
    world.workloads.starting.retain(|of, _| exists(of));
    world.workloads.ending.retain(|of, _| exists(of));
    world.workloads.retries.retain(|of, _| exists(of));
}

/// Brings a pod on its way, or says what is in it.
fn start(world: &mut World, pod: &Arc<Value>, node: &Value) {
    let obstacle = obstacle::of(world, pod, node);
    let waiting = status::waiting(world, pod, node, obstacle.as_ref());
    let pod = if pod["status"] == waiting {
        Arc::clone(pod)
    } else {
        change(world, &kind::PODS, pod, |pod| pod["status"] = waiting)
    };
    match obstacle {
        Some(obstacle) => {
            world.workloads.starting.remove(uid(&pod));
            complain(world, &pod, &obstacle);
        }
        None => {
            let due = match world.workloads.starting.get(uid(&pod)) {
                Some(due) => *due,
                None => {
                    pull(world, &pod);
                    let due = world.now() + world.options.pod_start;
                    world.workloads.starting.insert(uid(&pod).to_owned(), due);
                    due
                }
            };
            if due <= world.now() {
                begin(world, &pod, node);
            } else {
                super::wake_at(world, due);
            }
        }
    }
}

fn pull(world: &mut World, pod: &Value) {
    for (list, container) in containers(pod) {
        let image = text(&container["image"]);
        if !image::is_present(world, pod, &container) {
            let message = format!("Pulling image \"{image}\"");
            tell(
                world,
                pod,
                (list, &container),
                "Normal",
                "Pulling",
                &message,
            );
        }
    }
}

/// The containers run.
fn begin(world: &mut World, pod: &Value, node: &Value) {
    world.workloads.starting.remove(uid(pod));
    for (list, container) in containers(pod) {
        let (own, image) = (text(&container["name"]), text(&container["image"]));
        let pulled = if image::is_present(world, pod, &container) {
            format!("Container image \"{image}\" already present on machine")
        } else {
            let taken = world.options.pod_start.as_secs_f64();
            format!(
                "Successfully pulled image \"{image}\" in {taken}s ({taken}s including waiting)"
            )
        };
        let container = (list, &container);
        tell(world, pod, container, "Normal", "Pulled", &pulled);
        let created = format!("Created container {own}");
        tell(world, pod, container, "Normal", "Created", &created);
        let started = format!("Started container {own}");
        tell(world, pod, container, "Normal", "Started", &started);
    }
    let running = status::running(world, pod, node);
    change(world, &kind::PODS, pod, |pod| pod["status"] = running);
}

/// The containers stop, and then the pod is gone.
fn stop(world: &mut World, pod: &Value) {
    world.workloads.starting.remove(uid(pod));
    let now = world.now();
    let due = match world.workloads.ending.get(uid(pod)) {
        Some(due) => *due,
        None => {
            for (list, container) in containers(pod) {
                if list == "containers" && status::is_started(pod) {
                    let message = format!("Stopping container {}", text(&container["name"]));
                    tell(
                        world,
                        pod,
                        (list, &container),
                        "Normal",
                        "Killing",
                        &message,
                    );
                }
            }
            let due = now + world.options.pod_stop;
            world.workloads.ending.insert(uid(pod).to_owned(), due);
            due
        }
    };
    if due > now {
        return super::wake_at(world, due);
    }
    if items(&pod["metadata"]["finalizers"]).is_empty() {
        world.workloads.ending.remove(uid(pod));
        world
            .kubernetes
            .delete(&kind::PODS, namespace(pod), name(pod));
    } else {
        let stopped = status::stopped(world, pod);
        change(world, &kind::PODS, pod, |pod| {
            pod["status"] = stopped;
            pod["metadata"]["deletionGracePeriodSeconds"] = serde_json::json!(0);
        });
    }
}

fn containers(pod: &Value) -> Vec<(&'static str, Value)> {
    ["initContainers", "containers"]
        .into_iter()
        .flat_map(|list| {
            items(&pod["spec"][list])
                .iter()
                .map(move |container| (list, container.clone()))
        })
        .collect()
}

/// An event about one container.
fn tell(
    world: &mut World,
    pod: &Value,
    (list, container): (&str, &Value),
    event_type: &str,
    reason: &str,
    message: &str,
) {
    let part = format!("spec.{list}{{{}}}", text(&container["name"]));
    let host = text(&pod["spec"]["nodeName"]).to_owned();
    let said = Said {
        event_type,
        host: &host,
        part: &part,
        ..normal(KUBELET, reason, message)
    };
    record(world, pod, said);
}

fn complain(world: &mut World, pod: &Value, obstacle: &Obstacle) {
    let host = text(&pod["spec"]["nodeName"]).to_owned();
    for (reason, message) in obstacle.complaints() {
        if !was_said(world, pod, reason, &message) {
            let part = obstacle.part();
            let said = Said {
                host: &host,
                part: &part,
                ..warning(KUBELET, reason, &message)
            };
            record(world, pod, said);
        }
    }
}
