//! The three clocks, told apart by counting requests; and instants that agree wherever they are shown.

use std::time::Duration;

use breakfix::simulator::Configuration;
use breakfix::simulator::clock::Pace;
use serde_json::Value;

use super::account::Account;

/// Scales the default group up and waits for it with a client that polls every 50 ms; how often it asked.
fn polls(pace: Pace, waiting: &str) -> u64 {
    let account = Account::with(Configuration {
        pace,
        ..Configuration::default()
    });
    let script = format!(
        r#"
eks = client("eks")
group = {{"clusterName": "eks-workshop", "nodegroupName": "default"}}
eks.update_nodegroup_config(scalingConfig={{"desiredSize": 4}}, **group)
status = lambda: eks.describe_nodegroup(**group)["nodegroup"]["status"]
{waiting}
say(None)
"#
    );
    account.boto3(&script);
    let asked = |events: &[std::sync::Arc<breakfix::simulator::audit::Record>]| {
        events
            .iter()
            .filter(|event| event.operation == "DescribeNodegroup")
            .count() as u64
    };
    asked(&account.simulator.events(0))
}

const WAITER: &str = r#"eks.get_waiter("nodegroup_active").wait(WaiterConfig={"Delay": 0.05, "MaxAttempts": 600}, **group)"#;

#[test]
fn an_instant_clock_answers_a_waiter_at_once() {
    assert_eq!(polls(Pace::Instant, WAITER), 1);
}

#[test]
fn a_clock_that_flows_costs_a_waiter_its_polls() {
    // An update takes longer than three polls of this waiter at any of these paces.
    let impatient = r#"
try:
    eks.get_waiter("nodegroup_active").wait(WaiterConfig={"Delay": 0.05, "MaxAttempts": 3}, **group)
except botocore.exceptions.WaiterError as error:
    assert "Max attempts exceeded" in str(error), error
"#;
    for pace in [Pace::Real, Pace::Times(0.5)] {
        assert_eq!(polls(pace, impatient), 3);
    }
}

#[test]
fn a_plain_look_does_not_move_an_instant_clock() {
    let looks = r#"
for _ in range(5):
    assert status() == "UPDATING"
"#;
    assert_eq!(polls(Pace::Instant, looks), 5);
}

/// Every RFC 3339 instant in a text, in seconds.
fn instants(text: &str) -> Vec<f64> {
    let mut found = Vec::new();
    for start in text.match_indices("20").map(|(at, _)| at) {
        let rest: String = text[start..]
            .chars()
            .take_while(|c| c.is_ascii_digit() || "-:.+TZ".contains(*c))
            .collect();
        if rest.len() >= 19
            && let Ok(instant) = rest.parse::<jiff::Timestamp>()
        {
            found.push(instant.as_microsecond() as f64 / 1e6);
        }
    }
    found
}

fn now() -> f64 {
    jiff::Timestamp::now().as_microsecond() as f64 / 1e6
}

#[test]
fn no_client_ever_sees_an_instant_after_the_wall_clock() {
    let account = Account::new();
    for hours in [0, 1, 26] {
        account.advance(Duration::from_secs(hours * 3600));
        let seen = account.boto3(
            r#"
group = {"clusterName": "eks-workshop", "nodegroupName": "default"}
say([
    client("eks").describe_nodegroup(**group), client("eks").describe_cluster(name="eks-workshop"),
    client("autoscaling").describe_auto_scaling_groups(), client("autoscaling").describe_scaling_activities(),
    client("ec2").describe_instances(), client("ec2").describe_launch_templates(),
    client("kms").describe_key(KeyId="alias/aws/ebs"), client("cloudtrail").lookup_events(),
])
"#,
        );
        let nodes = account
            .kubectl(&["get", "nodes,leases,events,pods", "-A", "-o", "json"])
            .stdout;
        let latest = now();
        let all = [
            instants(&seen.to_string().replace(' ', "T")),
            instants(&nodes),
        ]
        .concat();
        assert!(all.len() > 20, "{seen}");
        let late: Vec<f64> = all
            .into_iter()
            .filter(|instant| *instant > latest)
            .collect();
        assert_eq!(late, Vec::<f64>::new(), "after {latest}");
    }
}

#[test]
fn a_node_is_younger_than_its_instance_in_every_view() {
    let account = Account::new();
    account.boto3(
        r#"
eks = client("eks")
group = {"clusterName": "eks-workshop", "nodegroupName": "default"}
eks.update_nodegroup_config(scalingConfig={"desiredSize": 4}, **group)
eks.get_waiter("nodegroup_active").wait(**group)
say(None)
"#,
    );
    account.advance(Duration::from_secs(600));
    let ec2 = account.boto3(
        r#"
instances = [instance for page in client("ec2").describe_instances()["Reservations"] for instance in page["Instances"]]
newest = max(instances, key=lambda instance: instance["LaunchTime"])
activity = [one for one in client("autoscaling").describe_scaling_activities()["Activities"]
            if newest["InstanceId"] in one["Description"]][0]
say({"node": newest["PrivateDnsName"], "launched": newest["LaunchTime"].timestamp(),
     "started": activity["StartTime"].timestamp(), "ended": activity["EndTime"].timestamp()})
"#,
    );
    let name = ec2["node"].as_str().unwrap();
    let node = account.kubectl(&["get", "node", name, "-o", "json"]).stdout;
    let node: Value = serde_json::from_str(&node).unwrap();
    let of = |value: &Value| instants(value.as_str().unwrap())[0];
    let created = of(&node["metadata"]["creationTimestamp"]);
    let conditions = node["status"]["conditions"].as_array().unwrap();
    let ready = conditions
        .iter()
        .find(|condition| condition["type"] == "Ready");
    let ready = of(&ready.unwrap()["lastTransitionTime"]);
    let told = [&ec2["started"], &ec2["launched"]].map(|value| value.as_f64().unwrap());
    // Kubernetes writes whole seconds.
    assert!(
        told[0] <= told[1] && told[1] <= created + 1.0 && created <= ready,
        "{ec2} {created} {ready}"
    );
    assert!(
        now() - ready >= 500.0,
        "ten minutes have passed since: {ready}"
    );
}
