//! Columns of pods: one line that sums up all containers.

use super::{AGE, Column, NAME, Printer, age, condition, count, items, name, text_or_none};
use crate::simulator::kubernetes::times::Times;
use serde_json::{Value, json};

pub(in super::super) const PODS: Printer = Printer {
    columns: &[
        NAME,
        Column::text(
            "Ready",
            "The aggregate readiness state of this pod for accepting traffic.",
        ),
        Column::text(
            "Status",
            "The aggregate status of the containers in this pod.",
        ),
        Column::text(
            "Restarts",
            "The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.",
        ),
        AGE,
        Column::wide("IP", "The IP address of the pod."),
        Column::wide("Node", "The node that the pod runs on."),
        Column::wide(
            "Nominated Node",
            "The node that the pod is expected to run on after preemption.",
        ),
        Column::wide(
            "Readiness Gates",
            "Conditions that the readiness of the pod also depends on.",
        ),
    ],
    cells: pod_cells,
};

fn pod_cells(pod: &Value, times: &Times<'_>) -> Vec<Value> {
    let statuses = items(&pod["status"]["containerStatuses"]);
    let ready = statuses
        .iter()
        .filter(|status| status["ready"] == json!(true))
        .count();
    let restarts: i64 = statuses
        .iter()
        .map(|status| count(&status["restartCount"]))
        .sum();
    let last_restart = statuses
        .iter()
        .rev()
        .find_map(|status| times.age(&status["lastState"]["terminated"]["finishedAt"]));
    let restarts = match last_restart {
        Some(ago) if restarts > 0 => format!("{restarts} ({ago} ago)"),
        _ => restarts.to_string(),
    };
    vec![
        name(pod),
        json!(format!(
            "{ready}/{}",
            items(&pod["spec"]["containers"]).len()
        )),
        json!(pod_status(pod)),
        json!(restarts),
        age(pod, times),
        text_or_none(&pod["status"]["podIP"]),
        text_or_none(&pod["spec"]["nodeName"]),
        text_or_none(&pod["status"]["nominatedNodeName"]),
        readiness_gates(pod),
    ]
}

/// One word for a pod: the most telling reason that its containers give, else its phase.
fn pod_status(pod: &Value) -> String {
    let status = &pod["status"];
    let phase = status["phase"].as_str().unwrap_or("Unknown");
    let own_reason = status["reason"].as_str();
    let ended = matches!(phase, "Succeeded" | "Failed");
    if pod["metadata"]
        .get("deletionTimestamp")
        .is_some_and(|time| !time.is_null())
        && !ended
    {
        return if own_reason == Some("NodeLost") {
            "Unknown"
        } else {
            "Terminating"
        }
        .to_owned();
    }
    if let Some(reason) = initialising_reason(pod) {
        return reason;
    }
    let gated = condition(pod, "PodScheduled")
        .is_some_and(|condition| condition["reason"] == "SchedulingGated");
    let containers = items(&status["containerStatuses"]);
    let reason = containers.iter().find_map(container_reason);
    match reason {
        Some(reason) if reason == "Completed" && containers.iter().any(is_running) => {
            let ready =
                condition(pod, "Ready").is_some_and(|condition| condition["status"] == "True");
            if ready { "Running" } else { "NotReady" }.to_owned()
        }
        Some(reason) => reason,
        None if gated => "SchedulingGated".to_owned(),
        None => own_reason.unwrap_or(phase).to_owned(),
    }
}

fn is_running(container: &Value) -> bool {
    container["ready"] == json!(true) && container["state"]["running"].is_object()
}

/// Why a container waits or ended, if it does or has.
fn container_reason(container: &Value) -> Option<String> {
    let given = |state: &Value| {
        state["reason"]
            .as_str()
            .filter(|reason| !reason.is_empty())
            .map(str::to_owned)
    };
    let (waiting, terminated) = (
        &container["state"]["waiting"],
        &container["state"]["terminated"],
    );
    given(waiting)
        .or_else(|| given(terminated))
        .or_else(|| terminated.is_object().then(|| exit_reason(terminated)))
}

fn exit_reason(terminated: &Value) -> String {
    match (count(&terminated["signal"]), count(&terminated["exitCode"])) {
        (0, code) => format!("ExitCode:{code}"),
        (signal, _) => format!("Signal:{signal}"),
    }
}

/// `Init:…` while an init container has not succeeded.
fn initialising_reason(pod: &Value) -> Option<String> {
    let statuses = items(&pod["status"]["initContainerStatuses"]);
    let total = items(&pod["spec"]["initContainers"])
        .len()
        .max(statuses.len());
    let (done, current) = statuses.iter().enumerate().find(|(_, status)| {
        let finished = status["state"]["terminated"].is_object()
            && count(&status["state"]["terminated"]["exitCode"]) == 0;
        !finished
    })?;
    let telling = container_reason(current).filter(|reason| reason != "PodInitializing");
    Some(telling.map_or_else(
        || format!("Init:{done}/{total}"),
        |reason| format!("Init:{reason}"),
    ))
}

fn readiness_gates(pod: &Value) -> Value {
    let gates = items(&pod["spec"]["readinessGates"]);
    if gates.is_empty() {
        return json!("<none>");
    }
    let met = |gate: &&Value| {
        let wanted = gate["conditionType"].as_str().unwrap_or_default();
        condition(pod, wanted).is_some_and(|condition| condition["status"] == "True")
    };
    json!(format!(
        "{}/{}",
        gates.iter().filter(met).count(),
        gates.len()
    ))
}

#[cfg(test)]
mod tests {
    use super::super::super::times::moment;
    use super::super::tests::cells;
    use super::*;

    fn check_status(pod: Value, status: &str) {
        assert_eq!(pod_status(&pod), status, "{pod}");
    }

    #[test]
    fn a_pod_is_summed_up_in_one_word() {
        check_status(json!({ "status": { "phase": "Pending" } }), "Pending");
        check_status(
            json!({ "status": { "phase": "Failed", "reason": "Evicted" } }),
            "Evicted",
        );
        let with = |state: Value| json!({ "status": { "phase": "Running", "containerStatuses": [{ "state": state }] } });
        check_status(
            with(json!({ "waiting": { "reason": "CrashLoopBackOff" } })),
            "CrashLoopBackOff",
        );
        check_status(
            with(json!({ "terminated": { "reason": "OOMKilled", "exitCode": 137 } })),
            "OOMKilled",
        );
        check_status(
            with(json!({ "terminated": { "exitCode": 3 } })),
            "ExitCode:3",
        );
        check_status(with(json!({ "running": {} })), "Running");
        check_status(
            json!({ "metadata": { "deletionTimestamp": moment(0) }, "status": { "phase": "Running" } }),
            "Terminating",
        );
        let initialising = json!({ "spec": { "initContainers": [{}, {}] }, "status": { "phase": "Pending", "initContainerStatuses": [
            { "state": { "terminated": { "exitCode": 0 } } }, { "state": { "running": {} } },
        ] } });
        check_status(initialising, "Init:1/2");
    }

    #[test]
    fn a_pod_prints_its_restarts_with_the_last_one() {
        let pod = json!({
            "metadata": { "name": "p", "creationTimestamp": moment(0) },
            "spec": { "nodeName": "n", "containers": [{}, {}] },
            "status": { "phase": "Running", "podIP": "10.0.0.1", "containerStatuses": [
                { "ready": true, "restartCount": 3, "state": { "running": {} }, "lastState": { "terminated": { "finishedAt": moment(180_000_000) } } },
            ] },
        });
        assert_eq!(
            cells(PODS, &pod),
            json!([
                "p",
                "1/2",
                "Running",
                "3 (9s ago)",
                "3m9s",
                "10.0.0.1",
                "n",
                "<none>",
                "<none>"
            ])
        );
    }
}
