//! Columns of services and of the controllers that keep pods running.

use super::{
    AGE, Column, NAME, Printer, age, count, items, joined_or_none, labels, name, number_or_text,
    text, text_or_none,
};
use serde_json::{Value, json};

const CONTAINERS: Column = Column::wide("Containers", "Names of each container in the template.");
const IMAGES: Column = Column::wide(
    "Images",
    "Images referenced by each container in the template.",
);
const SELECTOR: Column = Column::wide("Selector", "Label selector for pods.");

pub(in super::super) const SERVICES: Printer = Printer {
    columns: &[
        NAME,
        Column::text("Type", "How the service is exposed."),
        Column::text(
            "Cluster-IP",
            "The IP address of the service inside the cluster.",
        ),
        Column::text(
            "External-IP",
            "Addresses outside the cluster that accept traffic for this service.",
        ),
        Column::text(
            "Port(s)",
            "The list of ports that are exposed by this service.",
        ),
        AGE,
        Column::wide("Selector", "Labels of the pods that traffic is routed to."),
    ],
    cells: |service, times| {
        let spec = &service["spec"];
        vec![
            name(service),
            json!(spec["type"].as_str().unwrap_or("ClusterIP")),
            text_or_none(&spec["clusterIP"]),
            service_external_address(service),
            joined_or_none(items(&spec["ports"]).iter().map(service_port).collect()),
            age(service, times),
            labels(&spec["selector"]),
        ]
    },
};

fn service_external_address(service: &Value) -> Value {
    let spec = &service["spec"];
    let external: Vec<String> = items(&spec["externalIPs"])
        .iter()
        .filter_map(|ip| ip.as_str().map(str::to_owned))
        .collect();
    match spec["type"].as_str() {
        Some("ExternalName") => text_or_none(&spec["externalName"]),
        Some("LoadBalancer") => {
            let ingress = items(&service["status"]["loadBalancer"]["ingress"]).iter();
            let balanced = ingress.filter_map(|point| {
                point["ip"]
                    .as_str()
                    .or(point["hostname"].as_str())
                    .map(str::to_owned)
            });
            let all: Vec<String> = balanced.chain(external).collect();
            if all.is_empty() {
                json!("<pending>")
            } else {
                json!(all.join(","))
            }
        }
        _ => joined_or_none(external),
    }
}

/// `80/TCP`, `80:30080/TCP`.
fn service_port(port: &Value) -> String {
    let protocol = port["protocol"].as_str().unwrap_or("TCP");
    match count(&port["nodePort"]) {
        0 => format!("{}/{protocol}", count(&port["port"])),
        node_port => format!("{}:{node_port}/{protocol}", count(&port["port"])),
    }
}

pub(in super::super) const DEPLOYMENTS: Printer = Printer {
    columns: &[
        NAME,
        Column::text("Ready", "Number of the pod with ready state"),
        Column::text(
            "Up-to-date",
            "Total number of non-terminated pods targeted by this deployment that have the desired template spec.",
        ),
        Column::text(
            "Available",
            "Total number of available pods targeted by this deployment.",
        ),
        AGE,
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ],
    cells: |object, times| {
        let status = &object["status"];
        let ready = format!(
            "{}/{}",
            count(&status["readyReplicas"]),
            desired_replicas(object)
        );
        let counts = [
            json!(count(&status["updatedReplicas"])),
            json!(count(&status["availableReplicas"])),
        ];
        [name(object), json!(ready)]
            .into_iter()
            .chain(counts)
            .chain([age(object, times)])
            .chain(template_cells(object))
            .collect()
    },
};

pub(in super::super) const REPLICA_SETS: Printer = Printer {
    columns: &[
        NAME,
        Column::number("Desired", "Replicas is the number of desired replicas."),
        Column::number(
            "Current",
            "Replicas is the most recently observed number of replicas.",
        ),
        Column::number("Ready", "The number of pods with a Ready condition."),
        AGE,
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ],
    cells: |object, times| {
        let status = &object["status"];
        let counts = [
            desired_replicas(object),
            count(&status["replicas"]),
            count(&status["readyReplicas"]),
        ];
        [name(object)]
            .into_iter()
            .chain(counts.map(Value::from))
            .chain([age(object, times)])
            .chain(template_cells(object))
            .collect()
    },
};

pub(in super::super) const DAEMON_SETS: Printer = Printer {
    columns: &[
        NAME,
        Column::number(
            "Desired",
            "The total number of nodes that should be running the daemon pod.",
        ),
        Column::number(
            "Current",
            "The number of nodes that are running at least 1 daemon pod and are supposed to run the daemon pod.",
        ),
        Column::number(
            "Ready",
            "The number of nodes that should be running the daemon pod and have it running and ready.",
        ),
        Column::number(
            "Up-to-date",
            "The total number of nodes that are running updated daemon pod",
        ),
        Column::number(
            "Available",
            "The number of nodes that should be running the daemon pod and have it available.",
        ),
        Column::text("Node Selector", "Labels of the nodes that the pod fits."),
        AGE,
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ],
    cells: |object, times| {
        let fields = [
            "desiredNumberScheduled",
            "currentNumberScheduled",
            "numberReady",
            "updatedNumberScheduled",
            "numberAvailable",
        ];
        let counts = fields.map(|field| json!(count(&object["status"][field])));
        let node_selector = labels(&object["spec"]["template"]["spec"]["nodeSelector"]);
        let rest = [node_selector, age(object, times)];
        [name(object)]
            .into_iter()
            .chain(counts)
            .chain(rest)
            .chain(template_cells(object))
            .collect()
    },
};

pub(in super::super) const STATEFUL_SETS: Printer = Printer {
    columns: &[
        NAME,
        Column::text("Ready", "Number of the pod with ready state"),
        AGE,
        CONTAINERS,
        IMAGES,
    ],
    cells: |object, times| {
        let ready = format!(
            "{}/{}",
            count(&object["status"]["readyReplicas"]),
            desired_replicas(object)
        );
        let [containers, images, _] = template_cells(object);
        vec![
            name(object),
            json!(ready),
            age(object, times),
            containers,
            images,
        ]
    },
};

pub(in super::super) const CONTROLLER_REVISIONS: Printer = Printer {
    columns: &[
        NAME,
        Column::text("Controller", "The object that this is a revision of."),
        Column::number("Revision", "The number of the revision."),
        AGE,
    ],
    cells: |revision, times| {
        let owner = &items(&revision["metadata"]["ownerReferences"]).first();
        let controller = owner.map_or_else(
            || "<none>".to_owned(),
            |owner| {
                let group = text(&owner["apiVersion"]).split('/').next();
                format!(
                    "{}.{}/{}",
                    text(&owner["kind"]).to_lowercase(),
                    group.unwrap_or_default(),
                    text(&owner["name"])
                )
            },
        );
        vec![
            name(revision),
            json!(controller),
            json!(count(&revision["revision"])),
            age(revision, times),
        ]
    },
};

pub(in super::super) const JOBS: Printer = Printer {
    columns: &[
        NAME,
        Column::text("Completions", "How many pods have succeeded, of how many."),
        Column::text("Duration", "How long the job took."),
        AGE,
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ],
    cells: |job, times| {
        let (spec, status) = (&job["spec"], &job["status"]);
        let succeeded = count(&status["succeeded"]);
        let completions = match (
            spec["completions"].as_i64(),
            spec["parallelism"].as_i64().unwrap_or(1),
        ) {
            (Some(completions), _) => format!("{succeeded}/{completions}"),
            (None, 2..) => format!("{succeeded}/1 of {}", count(&spec["parallelism"])),
            _ => format!("{succeeded}/1"),
        };
        let duration = times.age(&status["startTime"]).unwrap_or_default();
        [
            name(job),
            json!(completions),
            json!(duration),
            age(job, times),
        ]
        .into_iter()
        .chain(template_cells(job))
        .collect()
    },
};

pub(in super::super) const CRON_JOBS: Printer = Printer {
    columns: &[
        NAME,
        Column::text("Schedule", "When the jobs are made, in Cron's form."),
        Column::text("Timezone", "The time zone of the schedule."),
        Column::truth("Suspend", "Whether no more jobs are made."),
        Column::number("Active", "How many jobs run."),
        Column::text("Last Schedule", "When a job was last made."),
        AGE,
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ],
    cells: |cron_job, times| {
        let (spec, status) = (&cron_job["spec"], &cron_job["status"]);
        let last = times.age(&status["lastScheduleTime"]);
        let front = [
            name(cron_job),
            json!(text(&spec["schedule"])),
            text_or_none(&spec["timeZone"]),
            json!(if spec["suspend"] == true {
                "True"
            } else {
                "False"
            }),
            json!(items(&status["active"]).len()),
            json!(last.as_deref().unwrap_or("<none>")),
            age(cron_job, times),
        ];
        front
            .into_iter()
            .chain(template_cells(
                &json!({ "spec": spec["jobTemplate"]["spec"] }),
            ))
            .collect()
    },
};

pub(in super::super) const DISRUPTION_BUDGETS: Printer = Printer {
    columns: &[
        NAME,
        Column::text("Min Available", "How many pods must stay available."),
        Column::text("Max Unavailable", "How many pods may be unavailable."),
        Column::number("Allowed Disruptions", "How many evictions are allowed."),
        AGE,
    ],
    cells: |budget, times| {
        let spec = &budget["spec"];
        vec![
            name(budget),
            number_or_text(&spec["minAvailable"], "N/A"),
            number_or_text(&spec["maxUnavailable"], "N/A"),
            json!(count(&budget["status"]["disruptionsAllowed"])),
            age(budget, times),
        ]
    },
};

fn desired_replicas(object: &Value) -> i64 {
    object["spec"]["replicas"].as_i64().unwrap_or(1)
}

/// The wide cells that all controllers share: containers, images, selector.
fn template_cells(object: &Value) -> [Value; 3] {
    let containers = items(&object["spec"]["template"]["spec"]["containers"]);
    let joined = |field: &str| {
        json!(
            containers
                .iter()
                .filter_map(|container| container[field].as_str())
                .collect::<Vec<_>>()
                .join(",")
        )
    };
    [
        joined("name"),
        joined("image"),
        pod_selector(&object["spec"]["selector"]),
    ]
}

fn pod_selector(selector: &Value) -> Value {
    let pairs = selector["matchLabels"].as_object().into_iter().flatten();
    let mut terms: Vec<String> = pairs
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    terms.extend(
        items(&selector["matchExpressions"])
            .iter()
            .map(|expression| {
                let key = expression["key"].as_str().unwrap_or_default();
                let values: Vec<&str> = items(&expression["values"])
                    .iter()
                    .filter_map(Value::as_str)
                    .collect();
                match expression["operator"].as_str() {
                    Some("Exists") => key.to_owned(),
                    Some("DoesNotExist") => format!("!{key}"),
                    Some("NotIn") => format!("{key} notin ({})", values.join(",")),
                    _ => format!("{key} in ({})", values.join(",")),
                }
            }),
    );
    terms.sort();
    joined_or_none(terms)
}

#[cfg(test)]
mod tests {
    use super::super::tests::cells;
    use super::*;

    #[test]
    fn a_service_prints_its_addresses_and_ports() {
        let spec = json!({ "type": "LoadBalancer", "clusterIP": "172.20.0.10", "ports": [{ "port": 80, "nodePort": 30080 }, { "port": 53, "protocol": "UDP" }] });
        let service = json!({ "metadata": { "name": "s" }, "spec": spec });
        assert_eq!(
            cells(SERVICES, &service),
            json!([
                "s",
                "LoadBalancer",
                "172.20.0.10",
                "<pending>",
                "80:30080/TCP,53/UDP",
                "<unknown>",
                "<none>"
            ])
        );
    }

    #[test]
    fn controllers_print_their_counts_and_template() {
        let template = json!({ "spec": { "containers": [{ "name": "web", "image": "nginx" }] } });
        let object = json!({
            "metadata": { "name": "d" },
            "spec": { "replicas": 2, "selector": { "matchLabels": { "app": "web" } }, "template": template },
            "status": { "readyReplicas": 1, "updatedReplicas": 2 },
        });
        assert_eq!(
            cells(DEPLOYMENTS, &object),
            json!(["d", "1/2", 2, 0, "<unknown>", "web", "nginx", "app=web"])
        );
        assert_eq!(
            cells(REPLICA_SETS, &object),
            json!(["d", 2, 0, 1, "<unknown>", "web", "nginx", "app=web"])
        );
        assert_eq!(
            cells(DAEMON_SETS, &object),
            json!([
                "d",
                0,
                0,
                0,
                0,
                0,
                "<none>",
                "<unknown>",
                "web",
                "nginx",
                "app=web"
            ])
        );
    }
}
