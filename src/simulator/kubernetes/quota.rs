//! Resource quotas: how much of what a namespace may use, and how much it does.

use super::defaults;
use super::kind::{self, Kind};
use super::quantity::{Amounts, add, amounts, sum, written};
use super::refusal::Refusal;
use super::store::{Store, text};
use serde_json::{Map, Value, json};

/// What a namespace uses of the resources that a quota limits, as `status.used` says it.
pub fn used(store: &Store, quota: &Value) -> Value {
    let namespace = text(quota, "namespace");
    let hard = quota["spec"]["hard"].as_object();
    let of = |resource: &str| usage(store, namespace, resource);
    hard.into_iter()
        .flatten()
        .filter_map(|(resource, _)| {
            Some((resource.clone(), json!(written(resource, of(resource)?))))
        })
        .collect::<Map<_, _>>()
        .into()
}

/// Refuses an object for which a quota of its namespace leaves no room.
pub(super) fn check(store: &Store, kind: &Kind, object: &Value) -> Result<(), Refusal> {
    let namespace = text(object, "namespace");
    for quota in store.list(&kind::RESOURCE_QUOTAS, Some(namespace)) {
        check_one(store, kind, object, quota)?;
    }
    Ok(())
}

fn check_one(store: &Store, kind: &Kind, object: &Value, quota: &Value) -> Result<(), Refusal> {
    let hard = amounts(&quota["spec"]["hard"]);
    let (mut exceeded, mut unsaid) = (Vec::new(), Vec::new());
    for (resource, most) in &hard {
        let Some(asked) = asked(kind, object, resource) else {
            continue;
        };
        if asked == Asked::Nothing {
            unsaid.push(resource.clone());
        }
        let Asked::This(asked) = asked else {
            continue;
        };
        let used = usage(store, text(object, "namespace"), resource).unwrap_or(0);
        if used + asked > *most {
            exceeded.push((resource, asked, used, *most));
        }
    }
    let forbidden = |why: String| {
        let name = defaults::pod_name(object);
        let resource = kind.resource();
        Err(Refusal::forbidden(format!(
            "{resource} {name:?} is forbidden: {why}"
        )))
    };
    let name = text(quota, "name");
    if !unsaid.is_empty() {
        let containers: Vec<&str> = object["spec"]["containers"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|container| container["name"].as_str())
            .collect();
        let list: Vec<String> = unsaid
            .iter()
            .map(|resource| format!("{resource} for: {}", containers.join(",")))
            .collect();
        return forbidden(format!(
            "failed quota: {name}: must specify {}",
            list.join("; ")
        ));
    }
    if exceeded.is_empty() {
        return Ok(());
    }
    let list = |of: fn(&(&String, i64, i64, i64)) -> i64| {
        let pairs: Vec<String> = exceeded
            .iter()
            .map(|entry| format!("{}={}", entry.0, written(entry.0, of(entry))))
            .collect();
        pairs.join(",")
    };
    forbidden(format!(
        "exceeded quota: {name}, requested: {}, used: {}, limited: {}",
        list(|entry| entry.1),
        list(|entry| entry.2),
        list(|entry| entry.3)
    ))
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    This(i64),
    /// The quota wants it said, and the pod does not say it.
    Nothing,
}

/// What an object asks of a limited resource, in thousandths; `None` when the resource is of no concern to it.
fn asked(kind: &Kind, object: &Value, resource: &str) -> Option<Asked> {
    if counted(resource) == Some(kind) {
        return Some(Asked::This(1000));
    }
    if kind != &kind::PODS {
        return None;
    }
    let (side, what) = side(resource)?;
    let says = |container: &Value| !container["resources"][side][what].is_null();
    let containers = object["spec"]["containers"].as_array()?;
    if !containers.iter().all(says) {
        return Some(Asked::Nothing);
    }
    Some(Asked::This(
        sum(object, side).get(what).copied().unwrap_or(0),
    ))
}

/// The kind whose objects a resource counts.
fn counted(resource: &str) -> Option<&'static Kind> {
    let (plural, group) = match resource.strip_prefix("count/") {
        Some(counted) => counted.split_once('.').unwrap_or((counted, "")),
        None if matches!(
            resource,
            "pods"
                | "services"
                | "configmaps"
                | "secrets"
                | "persistentvolumeclaims"
                | "resourcequotas"
        ) =>
        {
            (resource, "")
        }
        None => return None,
    };
    kind::find(group, plural)
}

/// Whether a resource is requested or limited, and its name there.
fn side(resource: &str) -> Option<(&'static str, &str)> {
    match resource.split_once('.') {
        Some(("requests", what)) => Some(("requests", what)),
        Some(("limits", what)) => Some(("limits", what)),
        _ if matches!(resource, "cpu" | "memory") => Some(("requests", resource)),
        _ => None,
    }
}

fn usage(store: &Store, namespace: &str, resource: &str) -> Option<i64> {
    let lives = |object: &&std::sync::Arc<Value>| {
        !matches!(
            object["status"]["phase"].as_str(),
            Some("Succeeded" | "Failed")
        )
    };
    if let Some(kind) = counted(resource) {
        let count = store.list(kind, Some(namespace)).filter(lives).count();
        return Some(i64::try_from(count).unwrap_or(0) * 1000);
    }
    let (side, what) = side(resource)?;
    let mut total = Amounts::new();
    for pod in store.list(&kind::PODS, Some(namespace)).filter(lives) {
        add(&mut total, &sum(pod, side));
    }
    Some(total.get(what).copied().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_that_is_used_up_refuses_in_its_own_words() {
        let mut store = Store::default();
        let quota = |hard: Value| json!({ "metadata": { "name": "q" }, "spec": { "hard": hard } });
        let pod = |resources: Value| {
            json!({
                "metadata": { "name": "p", "namespace": "default" },
                "spec": { "containers": [{ "name": "a", "resources": resources }] },
            })
        };
        let cpu = json!({ "requests": { "cpu": "600m" } });
        store.put(&kind::PODS, pod(cpu.clone()));
        let mut check_with = |hard: Value, resources: &Value| {
            store.put(&kind::RESOURCE_QUOTAS, quota(hard));
            check(&store, &kind::PODS, &pod(resources.clone())).map_err(|refusal| refusal.message)
        };
        assert_eq!(
            check_with(json!({ "requests.cpu": "1", "pods": "5" }), &cpu).unwrap_err(),
            r#"pods "p" is forbidden: exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=600m, limited: requests.cpu=1"#
        );
        assert_eq!(
            check_with(json!({ "limits.memory": "1Gi" }), &cpu).unwrap_err(),
            r#"pods "p" is forbidden: failed quota: q: must specify limits.memory for: a"#
        );
        assert!(check_with(json!({ "pods": "2" }), &cpu).is_ok());
        assert_eq!(
            check_with(json!({ "count/pods": "1" }), &cpu).unwrap_err(),
            r#"pods "p" is forbidden: exceeded quota: q, requested: count/pods=1, used: count/pods=1, limited: count/pods=1"#
        );
    }
}
