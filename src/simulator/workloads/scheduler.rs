//! The scheduler: finds a node for each pod that has none, or says why there is none.

pub(super) mod fit;
mod spread;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::kubernetes::kind;
use super::super::world::World;
use super::objects::{
    Condition, all, change, condition, is_deleted, items, name, namespace, now, set_condition,
    text, uid,
};
use super::owned;
use super::quantity::{Amounts, add, amounts, requested};
use super::record::{normal, record_action, warning, was_said};

const SCHEDULER: &str = "default-scheduler";
/// The first backoff of a pod that could not be scheduled.
const BACKOFF: Duration = Duration::from_secs(1);

/// The cluster as the scheduler sees it.
pub(super) struct Cluster {
    nodes: Vec<Arc<Value>>,
    /// Pods that have a node and have not ended.
    pods: Vec<Arc<Value>>,
    /// What they ask for, by node.
    used: BTreeMap<String, Amounts>,
}

impl Cluster {
    fn new(world: &World) -> Self {
        let pods = all(world, &kind::PODS);
        let pods: Vec<Arc<Value>> = pods.into_iter().filter(|pod| takes_room(pod)).collect();
        let mut cluster = Self {
            nodes: all(world, &kind::NODES),
            pods: Vec::new(),
            used: BTreeMap::new(),
        };
        for pod in pods {
            cluster.place(pod);
        }
        cluster
    }

    fn place(&mut self, pod: Arc<Value>) {
        let node = text(&pod["spec"]["nodeName"]).to_owned();
        let used = self.used.entry(node).or_default();
        add(used, &requested(&pod));
        *used.entry("pods".to_owned()).or_default() += 1000;
        self.pods.push(pod);
    }

    /// The share of a node's cpu that is asked for, in thousandths: the emptier the better.
    fn load(&self, node: &Value) -> i64 {
        let has = amounts(&node["status"]["allocatable"]);
        let used = self.used.get(name(node));
        let of = |amounts: Option<&Amounts>, what: &str| {
            amounts
                .and_then(|amounts| amounts.get(what))
                .copied()
                .unwrap_or(0)
        };
        let share = |what: &str| of(used, what).saturating_mul(1000) / of(Some(&has), what).max(1);
        share("cpu") + share("memory")
    }
}

fn takes_room(pod: &Value) -> bool {
    !text(&pod["spec"]["nodeName"]).is_empty()
        && !matches!(text(&pod["status"]["phase"]), "Succeeded" | "Failed")
}

pub(super) fn assign(world: &mut World) {
    let waiting: Vec<Arc<Value>> = all(world, &kind::PODS)
        .into_iter()
        .filter(|pod| waits(pod))
        .collect();
    if waiting.is_empty() {
        return;
    }
    let mut cluster = Cluster::new(world);
    for pod in waiting {
        match choose(world, &cluster, &pod) {
            Ok(_) if backs_off(world, &pod) => {}
            Ok(node) => cluster.place(bind(world, &pod, &node)),
            Err(why) => refuse(world, &pod, &why),
        }
    }
}

/// A pod of another scheduler's, or one behind a gate, waits for somebody else.
fn waits(pod: &Value) -> bool {
    text(&pod["spec"]["nodeName"]).is_empty()
        && !is_deleted(pod)
        && pod["spec"]["schedulerName"] == SCHEDULER
        && items(&pod["spec"]["schedulingGates"]).is_empty()
}

/// Whether a pod that fitted nowhere has to wait a little until it is tried again: others that wait see the same change
/// of the cluster, and the best node may be yet to come.
fn backs_off(world: &mut World, pod: &Value) -> bool {
    let was_refused = condition(pod, "PodScheduled").is_some();
    if !was_refused {
        return false;
    }
    let own = uid(pod).to_owned();
    let due = world.now() + BACKOFF;
    let due = *world.workloads.retries.entry(own.clone()).or_insert(due);
    if due > world.now() {
        super::wake_at(world, due);
        return true;
    }
    world.workloads.retries.remove(&own);
    false
}

/// The best node for a pod, or why none will do.
fn choose(world: &World, cluster: &Cluster, pod: &Value) -> Result<Arc<Value>, String> {
    if cluster.nodes.is_empty() {
        return Err("no nodes available to schedule pods".to_owned());
    }
    let total = cluster.nodes.len();
    if let Some(why) = fit::claim_trouble(world, pod) {
        let preemption = "Preemption is not helpful for scheduling";
        return Err(format!(
            "0/{total} nodes are available: {why}. preemption: 0/{total} nodes are available: {total} {preemption}."
        ));
    }
    let mut reasons = fit::Reasons::default();
    let mut fitting = Vec::new();
    for node in &cluster.nodes {
        match fit::check(cluster, pod, node) {
            Ok(()) => fitting.push(node),
            Err(misfit) => reasons.add(&misfit),
        }
    }
    let siblings = |node: &Value| {
        let owner = owned::controller(pod)["uid"].as_str();
        let here = cluster.pods.iter().filter(|other| {
            owner.is_some()
                && owned::controller(other)["uid"].as_str() == owner
                && text(&other["spec"]["nodeName"]) == name(node)
        });
        here.count()
    };
    fitting
        .into_iter()
        .min_by_key(|node| (siblings(node), cluster.load(node), name(node).to_owned()))
        .cloned()
        .ok_or_else(|| reasons.message(total))
}

fn bind(world: &mut World, pod: &Value, node: &Value) -> Arc<Value> {
    let time = now(world);
    let bound = change(world, &kind::PODS, pod, |pod| {
        pod["spec"]["nodeName"] = json!(name(node));
        let scheduled = Condition {
            condition_type: "PodScheduled",
            status: true,
            reason: "",
            message: "",
        };
        set_condition(&mut pod["status"], &scheduled, None, &time);
    });
    let message = format!(
        "Successfully assigned {}/{} to {}",
        namespace(pod),
        name(pod),
        name(node)
    );
    let said = normal(SCHEDULER, "Scheduled", &message);
    record_action(world, &bound, said, "Binding");
    bound
}

fn refuse(world: &mut World, pod: &Value, why: &str) {
    let time = now(world);
    let refused = change(world, &kind::PODS, pod, |pod| {
        let scheduled = Condition {
            condition_type: "PodScheduled",
            status: false,
            reason: "Unschedulable",
            message: why,
        };
        set_condition(&mut pod["status"], &scheduled, None, &time);
    });
    if !was_said(world, pod, "FailedScheduling", why) {
        let said = warning(SCHEDULER, "FailedScheduling", why);
        record_action(world, &refused, said, "Scheduling");
    }
}
