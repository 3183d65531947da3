//! Columns of what leads traffic to pods.

use super::{
    AGE, Column, NAME, Printer, age, count, items, joined_or_none, labels, name, text, text_or_none,
};
use serde_json::{Value, json};

/// How many addresses are printed before `+ N more...`.
const SHOWN: usize = 3;

pub(in super::super) const ENDPOINTS: Printer = Printer {
    columns: &[
        NAME,
        Column::text("Endpoints", "Addresses and ports of the ready endpoints."),
        AGE,
    ],
    cells: |endpoints, times| vec![name(endpoints), addresses(endpoints), age(endpoints, times)],
};

/// `10.0.0.1:80,10.0.0.2:80 + 3 more...`
fn addresses(endpoints: &Value) -> Value {
    let mut all = Vec::new();
    for subset in items(&endpoints["subsets"]) {
        let ports = items(&subset["ports"]);
        let hosts = items(&subset["addresses"])
            .iter()
            .map(|address| text(&address["ip"]));
        if ports.is_empty() {
            all.extend(hosts.map(str::to_owned));
            continue;
        }
        let hosts: Vec<&str> = hosts.collect();
        for port in ports {
            let written = hosts
                .iter()
                .map(|host| format!("{host}:{}", count(&port["port"])));
            all.extend(written);
        }
    }
    shortened(all)
}

fn shortened(mut all: Vec<String>) -> Value {
    let more = all.len().saturating_sub(SHOWN);
    all.truncate(SHOWN);
    match (more, joined_or_none(all)) {
        (0, shown) => shown,
        (more, shown) => json!(format!("{} + {more} more...", text(&shown))),
    }
}

pub(in super::super) const ENDPOINT_SLICES: Printer = Printer {
    columns: &[
        NAME,
        Column::text("AddressType", "The type of the addresses."),
        Column::text("Ports", "The ports of each endpoint."),
        Column::text("Endpoints", "The addresses of the endpoints."),
        AGE,
    ],
    cells: |slice, times| {
        let ports = items(&slice["ports"]).iter();
        let hosts = items(&slice["endpoints"]).iter();
        let hosts = hosts.flat_map(|endpoint| items(&endpoint["addresses"]));
        vec![
            name(slice),
            json!(text(&slice["addressType"])),
            unset_or(shortened(
                ports.map(|port| count(&port["port"]).to_string()).collect(),
            )),
            unset_or(shortened(hosts.map(|host| text(host).to_owned()).collect())),
            age(slice, times),
        ]
    },
};

/// Slices say `<unset>` where endpoints say `<none>`.
fn unset_or(shown: Value) -> Value {
    if shown == "<none>" {
        json!("<unset>")
    } else {
        shown
    }
}

pub(in super::super) const INGRESSES: Printer = Printer {
    columns: &[
        NAME,
        Column::text("Class", "The class of the ingress."),
        Column::text("Hosts", "The hosts that the rules name."),
        Column::text("Address", "Where the load balancer is reached."),
        Column::text("Ports", "The ports that are open."),
        AGE,
    ],
    cells: |ingress, times| {
        let spec = &ingress["spec"];
        let hosts: Vec<String> = items(&spec["rules"])
            .iter()
            .filter_map(|rule| rule["host"].as_str().filter(|host| !host.is_empty()))
            .map(str::to_owned)
            .collect();
        let points = items(&ingress["status"]["loadBalancer"]["ingress"]).iter();
        let points = points.filter_map(|point| point["ip"].as_str().or(point["hostname"].as_str()));
        let ports = if items(&spec["tls"]).is_empty() {
            "80"
        } else {
            "80, 443"
        };
        vec![
            name(ingress),
            text_or_none(&spec["ingressClassName"]),
            if hosts.is_empty() {
                json!("*")
            } else {
                shortened(hosts)
            },
            json!(points.collect::<Vec<_>>().join(",")),
            json!(ports),
            age(ingress, times),
        ]
    },
};

pub(in super::super) const INGRESS_CLASSES: Printer = Printer {
    columns: &[
        NAME,
        Column::text("Controller", "The controller that answers for the class."),
        Column::text("Parameters", "A reference to further settings."),
        AGE,
    ],
    cells: |class, times| {
        vec![
            name(class),
            json!(text(&class["spec"]["controller"])),
            text_or_none(&class["spec"]["parameters"]["name"]),
            age(class, times),
        ]
    },
};

pub(in super::super) const NETWORK_POLICIES: Printer = Printer {
    columns: &[
        NAME,
        Column::text("Pod-Selector", "The pods that the policy is for."),
        AGE,
    ],
    cells: |policy, times| {
        vec![
            name(policy),
            labels(&policy["spec"]["podSelector"]["matchLabels"]),
            age(policy, times),
        ]
    },
};

#[cfg(test)]
mod tests {
    use super::super::tests::cells;
    use super::*;

    #[test]
    fn endpoints_print_three_addresses_and_how_many_follow() {
        let host = |ip: &str| json!({ "ip": ip });
        let subset = json!({
            "addresses": [host("10.0.0.1"), host("10.0.0.2")],
            "ports": [{ "port": 53 }, { "port": 9153 }],
        });
        let endpoints = json!({ "metadata": { "name": "e" }, "subsets": [subset] });
        assert_eq!(
            cells(ENDPOINTS, &endpoints),
            json!([
                "e",
                "10.0.0.1:53,10.0.0.2:53,10.0.0.1:9153 + 1 more...",
                "<unknown>"
            ])
        );
        let empty = json!({ "metadata": { "name": "e" } });
        assert_eq!(
            cells(ENDPOINTS, &empty),
            json!(["e", "<none>", "<unknown>"])
        );
    }
}
