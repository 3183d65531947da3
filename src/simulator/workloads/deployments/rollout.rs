//! From the replica sets of former templates to that of the present one.

use std::sync::Arc;

use serde_json::Value;

use super::super::super::kubernetes::kind;
use super::super::super::world::World;
use super::super::objects::{count, created, name, namespace, text};
use super::{create_set, has_pods, mark_revision, scale_set};

/// One step of the rollout: the new replica set grows as far as it may, the old ones shrink as far as they may.
pub(super) fn step(
    world: &mut World,
    deployment: &Value,
    sets: &[Arc<Value>],
    current: Option<&Arc<Value>>,
) {
    let old: Vec<&Arc<Value>> = sets
        .iter()
        .filter(|set| current.is_none_or(|current| name(current) != name(set)))
        .collect();
    if deployment["spec"]["strategy"]["type"] == "Recreate" {
        return recreate(world, deployment, sets, current, &old);
    }
    let Some(current) = current else {
        let replicas = wanted_of_new(deployment, sets, 0);
        return create_set(world, deployment, sets, replicas);
    };
    mark_revision(world, deployment, sets, current);
    let size = count(&current["spec"]["replicas"]);
    let wanted = wanted_of_new(deployment, sets, size);
    let current = reread(world, current);
    scale_set(world, deployment, &current, wanted);
    if wanted == size {
        shrink_old(world, deployment, sets, &current, &old);
    }
}

fn reread(world: &World, set: &Arc<Value>) -> Arc<Value> {
    world
        .kubernetes
        .get(&kind::REPLICA_SETS, namespace(set), name(set))
        .unwrap_or(set)
        .clone()
}

/// A paused deployment changes no template; it still follows its number of replicas.
pub(super) fn resize(world: &mut World, deployment: &Value, sets: &[Arc<Value>]) {
    let active: Vec<&Arc<Value>> = sets
        .iter()
        .filter(|set| count(&set["spec"]["replicas"]) > 0)
        .collect();
    if let [only] = active.as_slice() {
        scale_set(
            world,
            deployment,
            only,
            count(&deployment["spec"]["replicas"]),
        );
    }
}

/// Everything old goes before anything new comes.
fn recreate(
    world: &mut World,
    deployment: &Value,
    sets: &[Arc<Value>],
    current: Option<&Arc<Value>>,
    old: &[&Arc<Value>],
) {
    for set in old {
        if count(&set["spec"]["replicas"]) > 0 {
            scale_set(world, deployment, set, 0);
        }
    }
    if has_pods(world, old) {
        return;
    }
    let replicas = count(&deployment["spec"]["replicas"]);
    match current {
        None => create_set(world, deployment, sets, replicas),
        Some(current) => {
            mark_revision(world, deployment, sets, current);
            let current = reread(world, current);
            scale_set(world, deployment, &current, replicas);
        }
    }
}

/// How large the new replica set may be now.
fn wanted_of_new(deployment: &Value, sets: &[Arc<Value>], size: i64) -> i64 {
    let replicas = count(&deployment["spec"]["replicas"]);
    if size >= replicas {
        return replicas;
    }
    let all: i64 = sets.iter().map(|set| count(&set["spec"]["replicas"])).sum();
    let (surge, _) = leeway(deployment);
    let room = (replicas + surge - all).max(0);
    size + room.min(replicas - size)
}

fn shrink_old(
    world: &mut World,
    deployment: &Value,
    sets: &[Arc<Value>],
    current: &Value,
    old: &[&Arc<Value>],
) {
    let sum = |sets: &[Arc<Value>], side: &str, field: &str| -> i64 {
        sets.iter().map(|set| count(&set[side][field])).sum()
    };
    let (_, unavailable) = leeway(deployment);
    let least = count(&deployment["spec"]["replicas"]) - unavailable;
    let new_unavailable =
        count(&current["spec"]["replicas"]) - count(&current["status"]["availableReplicas"]);
    let mut expendable = sum(sets, "spec", "replicas") - least - new_unavailable;
    let mut sizes: Vec<(&Arc<Value>, i64)> = old
        .iter()
        .map(|set| (*set, count(&set["spec"]["replicas"])))
        .filter(|(_, size)| *size > 0)
        .collect();
    sizes.sort_by_key(|(set, _)| created(set));
    // What does not work goes first: that makes nothing worse.
    for (set, size) in &mut sizes {
        let unhealthy = *size - count(&set["status"]["availableReplicas"]);
        let fewer = unhealthy.min(expendable).max(0);
        *size -= fewer;
        expendable -= fewer;
    }
    let mut spare = (sum(sets, "status", "availableReplicas") - least)
        .min(expendable)
        .max(0);
    for (set, size) in &mut sizes {
        let fewer = spare.min(*size);
        *size -= fewer;
        spare -= fewer;
        if *size != count(&set["spec"]["replicas"]) {
            scale_set(world, deployment, set, *size);
        }
    }
}

/// How many pods a rollout may have too many, and too few.
pub(super) fn leeway(deployment: &Value) -> (i64, i64) {
    let strategy = &deployment["spec"]["strategy"];
    if text(&strategy["type"]) == "Recreate" {
        return (0, 0);
    }
    let replicas = count(&deployment["spec"]["replicas"]);
    let rolling = &strategy["rollingUpdate"];
    let surge = share(&rolling["maxSurge"], replicas, true);
    let unavailable = share(&rolling["maxUnavailable"], replicas, false);
    // Both zero would never end.
    if surge == 0 && unavailable == 0 {
        (0, 1)
    } else {
        (surge, unavailable)
    }
}

/// A number, or a percentage of `whole`.
pub(in super::super) fn share(value: &Value, whole: i64, up: bool) -> i64 {
    let Some(percent) = value.as_str().and_then(|text| text.strip_suffix('%')) else {
        return count(value);
    };
    let hundredths = percent.parse::<i64>().unwrap_or(0).saturating_mul(whole);
    if up {
        (hundredths + 99).div_euclid(100)
    } else {
        hundredths.div_euclid(100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_leeway_of_a_rollout_is_rounded_towards_more_pods() {
        let check = |replicas: i64, surge: Value, unavailable: Value, expected: (i64, i64)| {
            let rolling = json!({ "maxSurge": surge, "maxUnavailable": unavailable });
            let strategy = json!({ "type": "RollingUpdate", "rollingUpdate": rolling });
            let deployment = json!({ "spec": { "replicas": replicas, "strategy": strategy } });
            assert_eq!(leeway(&deployment), expected, "{deployment}");
        };
        check(3, json!("25%"), json!("25%"), (1, 0));
        check(10, json!("25%"), json!("25%"), (3, 2));
        check(3, json!(0), json!(0), (0, 1));
        check(4, json!(2), json!("50%"), (2, 2));
    }
}
