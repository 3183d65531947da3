//! Disruption budgets: how many pods may be evicted now.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::kubernetes::kind;
use super::super::world::World;
use super::deployments::share;
use super::labels::select;
use super::objects::{Condition, all, change, count, name, namespace, now, set_condition, text};
use super::owned::{self, is_active, is_ready};

pub(super) fn publish(world: &mut World) {
    for budget in all(world, &kind::DISRUPTION_BUDGETS) {
        let pods: Vec<Arc<Value>> = world
            .kubernetes
            .list(&kind::PODS, Some(namespace(&budget)))
            .filter(|pod| {
                is_active(pod) && select(&budget["spec"]["selector"], &pod["metadata"]["labels"])
            })
            .cloned()
            .collect();
        let healthy = i64::try_from(pods.iter().filter(|pod| is_ready(pod)).count()).unwrap_or(0);
        let expected = expected(world, &budget, &pods);
        let least = least(&budget["spec"], expected);
        let allowed = (healthy - least).max(0);
        let time = now(world);
        change(world, &kind::DISRUPTION_BUDGETS, &budget, |budget| {
            let condition = Condition {
                condition_type: "DisruptionAllowed",
                status: allowed > 0,
                reason: if allowed > 0 {
                    "SufficientPods"
                } else {
                    "InsufficientPods"
                },
                message: "",
            };
            let mut status = json!({
                "currentHealthy": healthy, "desiredHealthy": least, "disruptionsAllowed": allowed,
                "expectedPods": expected, "observedGeneration": budget["metadata"]["generation"],
            });
            status["conditions"] = budget["status"]["conditions"].clone();
            set_condition(&mut status, &condition, None, &time);
            budget["status"] = status;
        });
    }
}

/// How many pods there should be: what their controllers want, each counted once.
fn expected(world: &World, budget: &Value, pods: &[Arc<Value>]) -> i64 {
    if budget["spec"]["minAvailable"].is_i64() {
        return i64::try_from(pods.len()).unwrap_or(0);
    }
    let mut seen = Vec::new();
    let mut total = 0;
    for pod in pods {
        let owner = owned::controller(pod);
        let known = seen.contains(&text(&owner["uid"]));
        let set = world
            .kubernetes
            .get(&kind::REPLICA_SETS, namespace(pod), text(&owner["name"]));
        match set.filter(|set| name(set) == text(&owner["name"])) {
            Some(_) if known => {}
            Some(set) => total += count(&set["spec"]["replicas"]),
            None => total += 1,
        }
        seen.push(text(&owner["uid"]));
    }
    total
}

fn least(spec: &Value, expected: i64) -> i64 {
    if spec["maxUnavailable"].is_null() {
        share(&spec["minAvailable"], expected, true)
    } else {
        (expected - share(&spec["maxUnavailable"], expected, true)).max(0)
    }
}
