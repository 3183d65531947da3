//! From a running instance of a node group to a Ready node, and back when the instance goes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::clock::Moment;
use super::eks;
use super::kubernetes::kind;
use super::kubernetes::node::{NodeFacts, join_events, lease_object, node_object};
use super::world::{self, World};

/// A node of the cluster; the world holds them by instance id.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Node {
    pub registered: Moment,
    pub ready: Option<Moment>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    Registers {
        instance: String,
    },
    Ready {
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
    let now = world.now();
    match event {
        Event::Registers { instance } => {
            world.nodes.insert(
                instance.clone(),
                Node {
                    registered: now,
                    ready: None,
                },
            );
            publish(world, &instance);
            let after = world.options.node_ready;
            world.schedule(after, world::Event::Nodes(Event::Ready { instance }));
        }
        Event::Ready { instance } => {
            if let Some(node) = world.nodes.get_mut(&instance) {
                node.ready = Some(now);
                publish(world, &instance);
            }
        }
        Event::EventsExpire { names } => {
            for name in names {
                world
                    .kubernetes
                    .delete(&kind::EVENTS, EVENT_NAMESPACE, &name);
            }
        }
    }
}

/// An instance boots: if it belongs to a node group, its kubelet will register.
pub(super) fn instance_running(world: &mut World, instance: &str) {
    if world.group_of_instance(instance).is_some() {
        let after = world.options.node_registration;
        world.schedule(
            after,
            world::Event::Nodes(Event::Registers {
                instance: instance.to_owned(),
            }),
        );
    }
}

/// The cloud controller removes the node of an instance that is gone.
pub(super) fn instance_gone(world: &mut World, instance: &str) {
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
    }
}

/// Whether the instance's node is registered and Ready.
pub fn is_ready(world: &World, instance: &str) -> bool {
    world
        .nodes
        .get(instance)
        .is_some_and(|node| node.ready.is_some())
}

/// Shows the node to the cluster as it is now.
fn publish(world: &mut World, instance: &str) {
    let Some(facts) = facts(world, instance) else {
        world.nodes.remove(instance);
        return;
    };
    let mut node = node_object(&facts);
    if let Some(nodegroup) = world.group_of_instance(instance) {
        eks::node_settings::dress(&mut node, nodegroup);
    }
    world.kubernetes.put(&kind::NODES, node);
    world.kubernetes.put(&kind::LEASES, lease_object(&facts));
    if facts.ready {
        let events = join_events(&facts);
        let names = events
            .iter()
            .filter_map(|event| event["metadata"]["name"].as_str().map(str::to_owned))
            .collect();
        for event in events {
            world.kubernetes.put(&kind::EVENTS, event);
        }
        world.schedule(
            EVENTS_KEPT,
            world::Event::Nodes(Event::EventsExpire { names }),
        );
    }
}

fn facts(world: &World, id: &str) -> Option<NodeFacts> {
    let node = world.nodes.get(id)?;
    let instance = world
        .ec2
        .instances
        .get(id)
        .filter(|instance| instance.alive())?;
    let subnet = world.ec2.subnets.get(&instance.subnet)?;
    let group = world.group_of_instance(id)?;
    let cluster = world.eks.clusters.get(&group.cluster)?;
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
        architecture: "amd64".to_owned(),
        created: node.registered.micros(),
        ready: node.ready.is_some(),
        ready_since: node.ready.unwrap_or(node.registered).micros(),
    })
}
