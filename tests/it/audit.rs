//! Every call is on record, for `breakfix simulate events` and for CloudTrail's clients.

use serde_json::{Value, json};

use super::account::Account;

#[test]
fn cloudtrail_shows_who_called_what_on_which_resource_and_what_came_of_it() {
    let account = Account::new();
    let found = account.boto3(
        r#"
kms = client("kms")
key = kms.create_key()["KeyMetadata"]["Arn"]
code(kms.describe_key, KeyId="nothing")
kms.disable_key(KeyId=key)
trail = client("cloudtrail")
look = lambda name, value: trail.lookup_events(
    LookupAttributes=[{"AttributeKey": name, "AttributeValue": value}])["Events"]
say({
    "key": key,
    "of_the_key": [event["EventName"] for event in look("ResourceName", key)],
    "changes": [event["EventName"] for event in look("ReadOnly", "false")],
    "refused": json.loads(look("EventName", "DescribeKey")[0]["CloudTrailEvent"]),
    "by": sorted({event["Username"] for event in look("EventSource", "kms.amazonaws.com")}),
    "pages": [len(page["Events"]) for page in trail.get_paginator("lookup_events").paginate(
        PaginationConfig={"PageSize": 2}, LookupAttributes=[{"AttributeKey": "EventSource", "AttributeValue": "kms.amazonaws.com"}])],
    "bad": code(trail.lookup_events, MaxResults=50, LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "a"}] * 2),
})
"#,
    );
    assert_eq!(found["of_the_key"], json!(["DisableKey", "CreateKey"]));
    assert_eq!(found["changes"], json!(["DisableKey", "CreateKey"]));
    assert_eq!(found["by"], json!(["workshop"]));
    assert_eq!(found["pages"], json!([2, 1]));
    assert_eq!(found["bad"][0], "InvalidLookupAttributesException");
    let refused = &found["refused"];
    assert_eq!(refused["errorCode"], "NotFoundException");
    assert_eq!(refused["requestParameters"], json!({"keyId": "nothing"}));
    assert_eq!(refused["userIdentity"]["type"], "IAMUser");
    assert!(refused["userAgent"].as_str().unwrap().contains("Boto3"));
}

#[test]
fn calls_of_both_apis_are_recorded_in_their_order_refused_ones_too() {
    let account = Account::new();
    account.kubectl(&["get", "nodes", "-o", "name"]);
    let wrong = account
        .boto3(r#"say(code(client("sts", aws_access_key_id="AKIAWRONG", aws_secret_access_key="wrong").get_caller_identity))"#);
    assert_eq!(wrong[0], "InvalidClientTokenId");
    account.aws(&["eks", "list-clusters"]);
    let events = account.simulator.events(0);
    let told: Vec<(&str, &str, bool)> = events
        .iter()
        .map(|event| {
            let operation = event.operation.as_str();
            (event.source.as_str(), operation, event.error.is_some())
        })
        .collect();
    let after = |what| told.iter().position(|event| *event == what).unwrap();
    let nodes = after(("kubernetes", "list", false));
    let refused = after(("sts.amazonaws.com", "GetCallerIdentity", true));
    let clusters = after(("eks.amazonaws.com", "ListClusters", false));
    assert!(nodes < refused && refused < clusters, "{told:?}");
    assert_eq!(events[refused].caller, None);
    let numbers: Vec<u64> = events.iter().map(|event| event.number).collect();
    assert_eq!(numbers, (1..=events.len() as u64).collect::<Vec<_>>());
}

#[test]
fn a_marked_waiter_asks_once_for_what_will_come() {
    let account = Account::new();
    let group = [
        "--cluster-name",
        "eks-workshop",
        "--nodegroup-name",
        "default",
    ];
    let call = |verb: &[&str], more: &[&str]| account.aws(&[verb, &group, more].concat());
    let update: Value = call(
        &["eks", "update-nodegroup-config"],
        &["--scaling-config", "desiredSize=4"],
    );
    assert_eq!(update["update"]["status"], "InProgress");
    call(&["eks", "wait", "nodegroup-active"], &[]);
    let asked = account
        .simulator
        .events(0)
        .iter()
        .filter(|event| event.operation == "DescribeNodegroup")
        .count();
    assert_eq!(asked, 1);
}

#[test]
fn cloudtrail_answers_targets_with_and_without_the_package() {
    let account = Account::new();
    let asked = account.boto3(
        r#"
trail = client("cloudtrail")
seen = []
def short(params, **_):
    seen.append(params["headers"]["X-Amz-Target"])
    params["headers"]["X-Amz-Target"] = "CloudTrail_20131101.LookupEvents"
trail.lookup_events()
trail.meta.events.register("before-call.cloudtrail.LookupEvents", short)
trail.lookup_events()
say(seen[0])
"#,
    );
    assert!(
        asked
            .as_str()
            .unwrap()
            .ends_with("CloudTrail_20131101.LookupEvents")
    );
}
