//! What a deployment says of itself.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::super::kubernetes::kind;
use super::super::super::world::World;
use super::super::objects::{
    Condition, change, condition, count, moment_at, name, now, set_condition, text,
};
use super::rollout;

pub(super) fn publish(
    world: &mut World,
    deployment: &Value,
    sets: &[Arc<Value>],
    current: Option<&Value>,
) {
    let sum = |field: &str| -> i64 { sets.iter().map(|set| count(&set["status"][field])).sum() };
    let wanted: i64 = sets.iter().map(|set| count(&set["spec"]["replicas"])).sum();
    let available = sum("availableReplicas");
    let mut status = json!({ "observedGeneration": deployment["metadata"]["generation"] });
    let updated = current.map_or(0, |set| count(&set["status"]["replicas"]));
    for (field, number) in [
        ("replicas", sum("replicas")),
        ("updatedReplicas", updated),
        ("readyReplicas", sum("readyReplicas")),
        ("availableReplicas", available),
        ("unavailableReplicas", (wanted - available).max(0)),
    ] {
        if number > 0 {
            status[field] = json!(number);
        }
    }
    if deployment["status"]["conditions"].is_array() {
        status["conditions"] = deployment["status"]["conditions"].clone();
    }
    is_available(world, deployment, available, &mut status);
    progressing(world, deployment, sets, current, &mut status);
    change(world, &kind::DEPLOYMENTS, deployment, |deployment| {
        deployment["status"] = status;
    });
}

fn is_available(world: &World, deployment: &Value, available: i64, status: &mut Value) {
    let (_, unavailable) = rollout::leeway(deployment);
    let enough = available >= count(&deployment["spec"]["replicas"]) - unavailable;
    let (reason, message) = if enough {
        (
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
        )
    } else {
        (
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
        )
    };
    let condition = Condition {
        condition_type: "Available",
        status: enough,
        reason,
        message,
    };
    set_condition(status, &condition, Some("lastUpdateTime"), &now(world));
}

/// Whether every pod is of the current template and available, and no other is left.
pub(super) fn is_complete(deployment: &Value, sets: &[Arc<Value>], current: &Value) -> bool {
    let replicas = count(&deployment["spec"]["replicas"]);
    let all: i64 = sets
        .iter()
        .map(|set| count(&set["status"]["replicas"]))
        .sum();
    let available: i64 = sets
        .iter()
        .map(|set| count(&set["status"]["availableReplicas"]))
        .sum();
    count(&current["status"]["replicas"]) == replicas && all == replicas && available >= replicas
}

fn progressing(
    world: &mut World,
    deployment: &Value,
    sets: &[Arc<Value>],
    current: Option<&Value>,
    status: &mut Value,
) {
    let paused = deployment["spec"]["paused"] == true;
    let before = condition(deployment, "Progressing");
    let reason_before = before.map_or("", |condition| text(&condition["reason"]));
    let time = now(world);
    let set = |status: &mut Value, ok: bool, reason: &str, message: &str| {
        let condition = Condition {
            condition_type: "Progressing",
            status: ok,
            reason,
            message,
        };
        set_condition(status, &condition, Some("lastUpdateTime"), &time);
    };
    if paused {
        return set(status, true, "DeploymentPaused", "Deployment is paused");
    }
    let Some(current) = current else {
        return;
    };
    let own = name(current);
    if is_complete(deployment, sets, current) {
        let message = format!("ReplicaSet \"{own}\" has successfully progressed.");
        return set(status, true, "NewReplicaSetAvailable", &message);
    }
    let finished = format!("ReplicaSet \"{own}\" has successfully progressed.");
    let same_set =
        before.is_some_and(|before| text(&before["message"]).contains(&format!("\"{own}\"")));
    // A rollout that is over stays so when the number of replicas changes or a pod goes.
    if reason_before == "NewReplicaSetAvailable"
        && before.is_some_and(|before| before["message"] == finished)
    {
        return;
    }
    if before.is_none() || !same_set {
        let message = format!("Created new replica set \"{own}\"");
        set(status, true, "NewReplicaSetCreated", &message);
    } else if has_moved(deployment, status) {
        let message = format!("ReplicaSet \"{own}\" is progressing.");
        set(status, true, "ReplicaSetUpdated", &message);
        touch(status, &time);
    } else if is_late(world, deployment, status) {
        let message = format!("ReplicaSet \"{own}\" has timed out progressing.");
        set(status, false, "ProgressDeadlineExceeded", &message);
        return;
    }
    watch_deadline(world, deployment, status);
}

/// Whether anything got better since the last look.
fn has_moved(deployment: &Value, status: &Value) -> bool {
    let before = &deployment["status"];
    let more = |field: &str| count(&status[field]) > count(&before[field]);
    let old = |status: &Value| count(&status["replicas"]) - count(&status["updatedReplicas"]);
    more("updatedReplicas")
        || more("readyReplicas")
        || more("availableReplicas")
        || old(status) < old(before)
}

/// Progress of the same kind as before is still progress.
fn touch(status: &mut Value, time: &Value) {
    let conditions = status["conditions"].as_array_mut();
    for condition in conditions.into_iter().flatten() {
        if condition["type"] == "Progressing" {
            condition["lastUpdateTime"] = time.clone();
        }
    }
}

fn deadline(deployment: &Value, status: &Value) -> Option<super::super::super::clock::Moment> {
    let holder = json!({ "status": status });
    let seconds = deployment["spec"]["progressDeadlineSeconds"].as_u64()?;
    let progressing = condition(&holder, "Progressing")?;
    (progressing["status"] == "True")
        .then(|| moment_at(&progressing["lastUpdateTime"]))
        .flatten()
        .map(|since| since + Duration::from_secs(seconds))
}

fn is_late(world: &World, deployment: &Value, status: &Value) -> bool {
    deadline(deployment, status).is_some_and(|deadline| deadline <= world.now())
}

fn watch_deadline(world: &mut World, deployment: &Value, status: &Value) {
    if let Some(deadline) = deadline(deployment, status) {
        super::super::wake_at(world, deadline);
    }
}
