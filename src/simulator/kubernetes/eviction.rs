//! The `eviction` subresource of pods: a deletion that asks the disruption budgets first.

use super::deletion::Cascade;
use super::kind;
use super::labels;
use super::refusal::Refusal;
use super::request::Target;
use super::store::{Store, text};
use super::times::Times;
use serde_json::{Value, json};
use std::sync::Arc;

/// Deletes a pod unless that would violate a disruption budget.
pub(super) fn evict(
    store: &mut Store,
    target: &Target,
    eviction: &Value,
    times: &Times<'_>,
) -> Result<Value, Refusal> {
    let (namespace, name) = (target.namespace.as_str(), target.name.as_str());
    let pod = store
        .get(&kind::PODS, namespace, name)
        .cloned()
        .ok_or_else(|| Refusal::not_found(&kind::PODS, name))?;
    let is_over = matches!(
        pod["status"]["phase"].as_str(),
        Some("Succeeded" | "Failed" | "Pending")
    );
    let is_leaving = pod["metadata"].get("deletionTimestamp").is_some();
    if !is_over && !is_leaving {
        ask_budgets(store, namespace, &pod)?;
    }
    let options = &eviction["deleteOptions"];
    let grace = options["gracePeriodSeconds"].as_i64();
    store.remove(
        &kind::PODS,
        (namespace, name),
        grace,
        Cascade::Background,
        times.now,
    );
    Ok(
        json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201 }),
    )
}

/// Takes one disruption from the pod's budget.
fn ask_budgets(store: &mut Store, namespace: &str, pod: &Value) -> Result<(), Refusal> {
    let budgets: Vec<Arc<Value>> = store
        .list(&kind::DISRUPTION_BUDGETS, Some(namespace))
        .filter(|budget| labels::select(&budget["spec"]["selector"], &pod["metadata"]["labels"]))
        .cloned()
        .collect();
    let budget = match budgets.as_slice() {
        [] => return Ok(()),
        [one] => one,
        _ => {
            let message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
            return Err(Refusal::internal(message));
        }
    };
    let allowed = budget["status"]["disruptionsAllowed"].as_i64().unwrap_or(0);
    if allowed < 1 {
        let status = |field: &str| budget["status"][field].as_i64().unwrap_or(0);
        return Err(Refusal::too_many_disruptions(
            text(budget, "name"),
            status("desiredHealthy"),
            status("currentHealthy"),
        ));
    }
    let mut used = (**budget).clone();
    used["status"]["disruptionsAllowed"] = json!(allowed - 1);
    store.put(&kind::DISRUPTION_BUDGETS, used);
    Ok(())
}
