//! From a running instance of a node group to a Ready node, and back when the instance goes or is cut off.
//!
//! What stands in an instance's way is `conditions`; it is looked at when something changed, not by polling. While
//! nodeadm is stuck an instance runs and is no node; after some minutes nodeadm gives up, and only a reboot or another
//! instance helps. A kubelet, once it runs, never gives up.

mod conditions;
mod silence;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::clock::Moment;
use super::ec2::instances::InstanceState;
use super::eks;
use super::kubernetes::kind;
use super::kubernetes::node::{NodeFacts, join_events, lease_object, node_object};
use super::workloads;
use super::world::{self, World};

pub(in crate::simulator) use conditions::{Obstacle, Phase, obstacle};

/// A node of the cluster; the world holds them by instance id.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Node {
    pub registered: Moment,
    /// Since when its kubelet has said, last, that it is ready.
    pub ready: Option<Moment>,
    /// Since when its kubelet has not reached the cluster.
    pub lost: Option<Moment>,
    /// Since when the cluster has taken it for lost: its conditions are Unknown.
    pub unknown: Option<Moment>,
}

/// An instance on its way to becoming a node; the world holds them by instance id.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Joining {
    /// When it booted.
    since: Moment,
    /// Something stands in its way.
    waiting: bool,
    gave_up: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The instance tries to register.
    Registers {
        instance: String,
    },
    Ready {
        instance: String,
    },
    /// nodeadm has waited long enough since this boot.
    GivesUp {
        instance: String,
        booted: Moment,
    },
    /// A node that was lost then has been silent for too long.
    Silent {
        instance: String,
        lost: Moment,
    },
    /// A node that was lost reaches the cluster again.
    Reports {
        instance: String,
    },
    /// Kubernetes keeps events for an hour.
    EventsExpire {
        names: Vec<String>,
    },
}

const EVENTS_KEPT: Duration = Duration::from_secs(3600);
/// Where events of objects without a namespace live.
const EVENT_NAMESPACE: &str = "default";

pub(super) fn handle(world: &mut World, event: Event) {
    match event {
        Event::Registers { instance } => register(world, &instance),
        Event::Ready { instance } => become_ready(world, &instance),
        Event::GivesUp { instance, booted } => give_up(world, &instance, booted),
        Event::Silent { instance, lost } => miss(world, &instance, lost),
        Event::Reports { instance } => return_to_cluster(world, &instance),
        Event::EventsExpire { names } => {
            for name in names {
                world
                    .kubernetes
                    .delete(&kind::EVENTS, EVENT_NAMESPACE, &name);
            }
        }
    }
}

fn schedule(world: &mut World, after: Duration, event: Event) {
    world.schedule(after, world::Event::Nodes(event));
}

/// An instance boots: if it belongs to a node group and is no node yet, it begins to join.
pub(super) fn instance_running(world: &mut World, instance: &str) {
    if world.nodes.contains_key(instance) {
        reconsider(world);
        return;
    }
    if world.group_of_instance(instance).is_none() {
        return;
    }
    let joining = Joining {
        since: world.now(),
        waiting: false,
        gave_up: false,
    };
    world.joining.insert(instance.to_owned(), joining);
    let after = world.options.node_registration;
    let instance = instance.to_owned();
    schedule(world, after, Event::Registers { instance });
}

fn register(world: &mut World, instance: &str) {
    let Some(joining) = world.joining.get(instance) else {
        return;
    };
    let (since, given_up) = (joining.since, joining.gave_up);
    if given_up || !runs(world, instance) {
        return;
    }
    if obstacle(world, instance, Phase::Kubelet).is_some() {
        wait(world, instance, since);
        return;
    }
    let node = Node {
        registered: world.now(),
        ready: None,
        lost: None,
        unknown: None,
    };
    world.joining.remove(instance);
    world.nodes.insert(instance.to_owned(), node);
    publish(world, instance);
    let after = world.options.node_ready;
    let instance = instance.to_owned();
    schedule(world, after, Event::Ready { instance });
}

/// Something stands in the way: `reconsider` tries again when it may have gone, until nodeadm gives up.
fn wait(world: &mut World, instance: &str, since: Moment) {
    if let Some(joining) = world.joining.get_mut(instance) {
        joining.waiting = true;
    }
    let left = (since + world.options.bootstrap_limit).since(world.now());
    let event = Event::GivesUp {
        instance: instance.to_owned(),
        booted: since,
    };
    schedule(world, left, event);
}

fn give_up(world: &mut World, instance: &str, booted: Moment) {
    let stuck = obstacle(world, instance, Phase::Bootstrap).is_some();
    if let Some(joining) = world.joining.get_mut(instance)
        && joining.since == booted
        && joining.waiting
        && stuck
    {
        joining.gave_up = true;
    }
}

fn become_ready(world: &mut World, instance: &str) {
    if obstacle(world, instance, Phase::Ready).is_some() {
        return;
    }
    let now = world.now();
    if let Some(node) = world.nodes.get_mut(instance)
        && node.ready.is_none()
    {
        node.ready = Some(now);
        publish(world, instance);
        publish_join_events(world, instance);
    }
}

fn runs(world: &World, instance: &str) -> bool {
    let instance = world.ec2.instances.get(instance);
    instance.is_some_and(|instance| instance.state == InstanceState::Running)
}

/// Looks again at everything that waits, and at what nodes reach: call this when the network, an instance's state, a
/// role or what a cluster admits has changed.
pub(in crate::simulator) fn reconsider(world: &mut World) {
    let joining: Vec<String> = world.joining.keys().cloned().collect();
    for instance in joining {
        reconsider_joining(world, &instance);
    }
    let nodes: Vec<String> = world.nodes.keys().cloned().collect();
    for instance in nodes {
        reconsider_node(world, &instance);
    }
}

fn reconsider_joining(world: &mut World, instance: &str) {
    if !runs(world, instance) {
        world.joining.remove(instance);
        return;
    }
    let free = obstacle(world, instance, Phase::Kubelet).is_none();
    let after = world.options.node_retry;
    if let Some(joining) = world.joining.get_mut(instance)
        && joining.waiting
        && !joining.gave_up
        && free
    {
        joining.waiting = false;
        let instance = instance.to_owned();
        schedule(world, after, Event::Registers { instance });
    }
}

fn reconsider_node(world: &mut World, instance: &str) {
    let (now, options) = (world.now(), world.options.clone());
    let reaches = runs(world, instance) && conditions::reaches_cluster(world, instance);
    // Conditions are looked at only for a node that waits for one.
    let waits = |node: &Node| node.ready.is_none();
    let held_back = reaches
        && world.nodes.get(instance).is_some_and(waits)
        && obstacle(world, instance, Phase::Ready).is_some();
    let Some(node) = world.nodes.get_mut(instance) else {
        return;
    };
    let instance = instance.to_owned();
    match (reaches, node.lost) {
        (false, None) => {
            node.lost = Some(now);
            let event = Event::Silent {
                instance,
                lost: now,
            };
            schedule(world, options.node_grace, event);
        }
        (true, Some(_)) => {
            node.lost = None;
            schedule(world, options.node_retry, Event::Reports { instance });
        }
        // What it waited for after registering may have come. One that is not Ready in time is not told twice.
        (true, None) if node.ready.is_none() && !held_back => {
            let waited = now.since(node.registered) >= options.node_ready;
            if waited {
                schedule(world, options.node_retry, Event::Ready { instance });
            }
        }
        _ => {}
    }
}

/// The node controller has not heard of a node for too long.
fn miss(world: &mut World, instance: &str, lost: Moment) {
    let now = world.now();
    let Some(node) = world.nodes.get_mut(instance) else {
        return;
    };
    if node.lost != Some(lost) || node.unknown.is_some() {
        return;
    }
    node.unknown = Some(now);
    publish(world, instance);
    publish_status_event(world, instance, "NodeNotReady");
}

fn return_to_cluster(world: &mut World, instance: &str) {
    let now = world.now();
    let Some(node) = world.nodes.get_mut(instance) else {
        return;
    };
    if node.lost.is_some() || node.unknown.is_none() {
        return;
    }
    node.unknown = None;
    if node.ready.is_some() {
        node.ready = Some(now);
        publish(world, instance);
        publish_status_event(world, instance, "NodeReady");
    } else {
        publish(world, instance);
        become_ready(world, instance);
    }
}

/// The cloud controller removes the node of an instance that is gone.
pub(super) fn instance_gone(world: &mut World, instance: &str) {
    world.joining.remove(instance);
    if world.nodes.remove(instance).is_none() {
        return;
    }
    if let Some(name) = world
        .ec2
        .instances
        .get(instance)
        .map(|instance| instance.private_dns.clone())
    {
        world.kubernetes.delete(&kind::NODES, "", &name);
        world
            .kubernetes
            .delete(&kind::LEASES, "kube-node-lease", &name);
        workloads::settle(world);
    }
}

/// Whether the instance's node is registered and Ready.
pub fn is_ready(world: &World, instance: &str) -> bool {
    world
        .nodes
        .get(instance)
        .is_some_and(|node| node.ready.is_some() && node.unknown.is_none())
}

/// What an instance writes about becoming a node; nothing for one that is in no node group.
pub(super) fn boot_log(world: &World, instance: &str) -> Vec<String> {
    let name = world
        .ec2
        .instances
        .get(instance)
        .map(|known| &known.private_dns);
    if let (Some(_), Some(name)) = (world.nodes.get(instance), name) {
        return vec![format!(
            "kubelet: \"Successfully registered node\" node=\"{name}\""
        )];
    }
    let Some(joining) = world
        .joining
        .get(instance)
        .filter(|joining| joining.waiting)
    else {
        return Vec::new();
    };
    let mut lines: Vec<String> = obstacle(world, instance, Phase::Kubelet)
        .map(|obstacle: Obstacle| obstacle.log)
        .into_iter()
        .collect();
    if joining.gave_up {
        let minutes = world.options.bootstrap_limit.as_secs() / 60;
        lines.push(format!("nodeadm: gave up after {minutes} minutes"));
    }
    lines
}

/// Shows the node to the cluster as it is now.
fn publish(world: &mut World, instance: &str) {
    let Some(facts) = facts(world, instance) else {
        return;
    };
    let mut node = node_object(&facts);
    if let Some(nodegroup) = world.group_of_instance(instance) {
        eks::node_settings::dress(&mut node, nodegroup);
    }
    let mut lease = lease_object(&facts);
    if let Some(known) = world.nodes.get(instance)
        && let Some(unknown) = known.unknown
    {
        let lost = known.lost.unwrap_or(unknown);
        silence::silence(&mut node, &mut lease, lost, unknown);
    }
    if let Some(known) = world.kubernetes.get(&kind::NODES, "", &facts.name) {
        node = silence::with_status_of(known, node);
    }
    world.kubernetes.put(&kind::NODES, node);
    world.kubernetes.put(&kind::LEASES, lease);
    workloads::settle(world);
}

fn publish_join_events(world: &mut World, instance: &str) {
    if let Some(facts) = facts(world, instance) {
        publish_events(world, join_events(&facts));
    }
}

fn publish_status_event(world: &mut World, instance: &str, status: &str) {
    if let Some(facts) = facts(world, instance) {
        let event = silence::status_event(&facts, status, world.now());
        publish_events(world, vec![event]);
    }
}

fn publish_events(world: &mut World, events: Vec<serde_json::Value>) {
    let names = events
        .iter()
        .filter_map(|event| event["metadata"]["name"].as_str().map(str::to_owned))
        .collect();
    for event in events {
        world.kubernetes.put(&kind::EVENTS, event);
    }
    schedule(world, EVENTS_KEPT, Event::EventsExpire { names });
}

fn facts(world: &World, id: &str) -> Option<NodeFacts> {
    let node = world.nodes.get(id)?;
    let instance = world.ec2.instances.get(id)?;
    let subnet = world.ec2.subnets.get(&instance.subnet)?;
    let group = world.group_of_instance(id)?;
    let cluster = world.eks.clusters.get(&group.cluster)?;
    let architecture = match instance.architecture.as_str() {
        "arm64" => "arm64",
        _ => "amd64",
    };
    Some(NodeFacts {
        name: instance.private_dns.clone(),
        instance_id: instance.id.clone(),
        instance_type: instance.instance_type.clone(),
        zone: subnet.zone.clone(),
        zone_id: subnet.zone_id.clone(),
        region: world.region.clone(),
        node_group: group.name.clone(),
        image_id: instance.image.clone(),
        capacity_type: group.capacity_type.clone(),
        launch_template: group
            .source
            .as_ref()
            .map(|source| (source.id.clone(), source.version.to_string())),
        internal_ip: instance.private_ip.clone(),
        kubelet_version: cluster.kubelet_version.clone(),
        architecture: architecture.to_owned(),
        created: node.registered.micros(),
        ready: node.ready.is_some(),
        ready_since: node.ready.unwrap_or(node.registered).micros(),
    })
}
