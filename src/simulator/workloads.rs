//! What makes pods appear, run and go: the controllers, the scheduler and the kubelets of the cluster. Each looks at the
//! objects as they are and moves them a step towards what they should be; `settle` lets all of them look until none
//! has anything to do. What takes time is a date in [`Workloads`] and a wake-up on the world's queue.
//!
//! Nothing runs inside a pod: any image with a well-formed name starts and stays up. Jobs, cron jobs and stateful sets
//! are stored and get an event that says so; nothing makes pods for them.

mod daemon_sets;
mod deployments;
mod disruption;
mod garbage;
mod kubelet;
mod objects;
mod owned;
mod quotas;
mod record;
mod replica_sets;
mod scheduler;
mod services;
mod system;
mod taints;
#[cfg(test)]
mod tests;
mod unsimulated;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::clock::Moment;
use super::kubernetes::{kind, labels, quantity};
use super::world::{self, World};

pub(super) use system::install;

/// Which steps of which pods are under way. What the objects themselves say is not repeated here.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Workloads {
    /// When containers will run, by uid of their pod.
    starting: BTreeMap<String, Moment>,
    /// When pods will have stopped, by uid.
    ending: BTreeMap<String, Moment>,
    /// When the scheduler will try pods again that fit no node before, by uid.
    retries: BTreeMap<String, Moment>,
    /// When somebody will have to look again.
    wakes: BTreeSet<Moment>,
    /// How many events were recorded: their names differ by it.
    recorded: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// Something is due.
    Wakes,
    /// Kubernetes keeps events for an hour.
    EventExpires { namespace: String, name: String },
}

/// More rounds than any chain of controllers needs; a bound on what a mistake here could cost.
const ROUNDS: usize = 100;

pub(super) fn handle(world: &mut World, event: Event) {
    match event {
        Event::Wakes => {
            let now = world.now();
            world.workloads.wakes.retain(|at| *at > now);
            settle(world);
        }
        Event::EventExpires { namespace, name } => {
            world.kubernetes.delete(&kind::EVENTS, &namespace, &name);
        }
    }
}

/// Lets every controller look at the cluster until there is nothing left to do now.
pub(super) fn settle(world: &mut World) {
    for _ in 0..ROUNDS {
        let before = world.kubernetes.version();
        taints::mark_cordoned_nodes(world);
        taints::evict(world);
        garbage::collect(world);
        deployments::reconcile(world);
        replica_sets::reconcile(world);
        daemon_sets::reconcile(world);
        unsimulated::note(world);
        scheduler::assign(world);
        kubelet::run(world);
        services::publish(world);
        disruption::publish(world);
        quotas::publish(world);
        if world.kubernetes.version() == before {
            return;
        }
    }
    tracing::error!("the cluster's controllers do not come to rest");
}

/// Has `settle` run at `at`.
fn wake_at(world: &mut World, at: Moment) {
    let now = world.now();
    if at > now && world.workloads.wakes.insert(at) {
        world.schedule(at.since(now), world::Event::Workloads(Event::Wakes));
    }
}
