//! One look at a simulated account, judged: cheap, without a change, the same whatever a thing is called.

use std::collections::BTreeMap;

use breakfix::cloud::Wanted;
use breakfix::cloud::aws::Endpoint;
use breakfix::language::Message;
use breakfix::outcome::Verdict;
use breakfix::scenario::Predicate;
use breakfix::scenario::judge::judge;
use breakfix::scenario::observation::Seen;
use serde_json::{Value, json};

use super::ground::Ground;

fn predicates(written: Value) -> Vec<Predicate> {
    serde_json::from_value(written).unwrap()
}

/// Id and ARN of the key that AWS has for volumes.
fn own_key(ground: &Ground) -> (String, String) {
    let cloud = ground.cloud();
    let named = predicates(json!([{"key_state": {"key": "alias/aws/ebs", "is": "Enabled"}}]));
    let seen = ground.run(cloud.observe(&Wanted::by(&named)));
    let Seen::There(key) = seen.key("alias/aws/ebs").unwrap() else {
        panic!("{seen:?}")
    };
    let id = key.arn.rsplit('/').next().unwrap().to_owned();
    (id, key.arn.clone())
}

#[test]
fn everything_is_read_at_most_once_and_nothing_is_changed() {
    let ground = Ground::new();
    let (id, arn) = own_key(&ground);
    let predicates = predicates(json!([
        {"key_state": {"key": id, "is": "Enabled"}},
        {"key_allows": {"key": arn, "principal": "autoscaling"}},
        {"policy_not_public": {"key": "alias/aws/ebs"}},
        {"launch_would_succeed": {"nodegroup": "default"}},
        {"nodegroup": {"nodegroup": "default", "status": "ACTIVE", "issue": "none", "desired": 3}},
        {"scaling_activity": {"nodegroup": "default", "status": "Successful", "at_least": 3}},
        {"nodes": {"nodegroup": "default", "ready": 3, "count": 3}},
        {"nodes": {"selector": "kubernetes.io/os=linux,eks.amazonaws.com/nodegroup in (default)", "ready": 3}},
        {"not": {"nodes": {"selector": "!kubernetes.io/os", "ready": 1}}},
        {"not": {"key_state": {"key": "alias/nothing", "is": "Enabled"}}},
    ]));
    let cloud = ground.cloud();
    let last = ground
        .simulator
        .events(0)
        .last()
        .map_or(0, |last| last.number);
    let observation = ground.run(cloud.observe(&Wanted::by(&predicates)));
    for predicate in &predicates {
        let verdict = judge(predicate, &observation).verdict;
        assert_eq!(verdict, Verdict::Met, "{predicate:?}");
    }
    let mut calls: BTreeMap<(String, String), usize> = BTreeMap::new();
    for record in ground.simulator.events(last) {
        if record.access_key.is_some() || record.source == "kubernetes" {
            assert!(record.read_only, "{} changes something", record.operation);
            let parameters = record.parameters.to_string();
            *calls
                .entry((record.operation.clone(), parameters))
                .or_default() += 1;
        }
    }
    let twice: Vec<_> = calls.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    let times = |operation: &str| calls.keys().filter(|(name, _)| name == operation).count();
    for (operation, expected) in [
        ("GetKeyPolicy", 1),
        ("ListGrants", 1),
        ("DescribeAutoScalingGroups", 1),
    ] {
        assert_eq!(times(operation), expected, "{operation} in {calls:?}");
    }
}

#[test]
fn a_look_that_fails_says_which_and_leaves_the_others() {
    let ground = Ground::new();
    let cloud = ground.cloud_at(Endpoint::Simulator {
        url: ground.simulator.aws_url(),
        access_key: "AKIAUNKNOWN".to_owned(),
        secret_key: "x".to_owned(),
    });
    let predicates = predicates(json!([
        {"key_state": {"key": "alias/aws/ebs", "is": "Enabled"}},
        {"nodegroup": {"nodegroup": "default", "status": "ACTIVE"}},
        {"nodes": {"selector": "kubernetes.io/os=linux", "ready": 3}},
    ]));
    let observation = ground.run(cloud.observe(&Wanted::by(&predicates)));
    let verdicts: Vec<Verdict<Message>> = predicates
        .iter()
        .map(|predicate| judge(predicate, &observation).verdict)
        .collect();
    for verdict in &verdicts[..2] {
        let Verdict::CannotTell { why } = verdict else {
            panic!("{verdict:?}")
        };
        let why = why.to_string();
        assert!(why.contains("credentials are not accepted"), "{why}");
    }
    assert_eq!(
        verdicts[2],
        Verdict::Met,
        "the cluster is reached in its own way"
    );
}
