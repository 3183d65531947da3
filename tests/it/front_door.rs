//! The simulator's front door: whatever comes in, what goes out is an answer of the right protocol.

use std::collections::BTreeMap;

use breakfix::simulator::wire::SERVICES;
use serde_json::{Value, json};

use super::account::Account;

/// Every simulated operation, by the service's signing name.
fn operations() -> BTreeMap<&'static str, Vec<&'static str>> {
    let names = |service: &'static breakfix::simulator::wire::Service| {
        service
            .operations
            .iter()
            .map(|operation| operation.name)
            .collect()
    };
    SERVICES
        .iter()
        .map(|service| (service.signing_name, names(service)))
        .collect()
}

/// How many requests of the generated kind are sent. More with `BREAKFIX_ROUNDS=50000`, others with `BREAKFIX_SEED=2`.
fn parameter(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn any_input_is_answered_in_the_protocol_and_never_by_a_failure() {
    let account = Account::new();
    let parameters = format!(
        "OPERATIONS = json.loads('{}')\nSEED = {}\nROUNDS = {}\n",
        json!(operations()),
        parameter("BREAKFIX_SEED", 1),
        parameter("BREAKFIX_ROUNDS", 1500),
    );
    let told = account.boto3(&(parameters + include_str!("front_door/anything.py")));
    assert_eq!(told["found"], json!([]), "{told:#}");
    let codes = told["codes"].as_object().unwrap();
    let answered = |code: &str| codes.get(code).and_then(Value::as_u64).unwrap_or(0);
    assert!(answered("200") > 50, "some do succeed: {codes:?}");
    assert!(answered("400") > 100, "some do not: {codes:?}");
}

#[test]
fn signatures_of_odd_requests_hold_and_wrong_ones_are_refused_by_their_service() {
    let account = Account::new();
    let told = account.boto3(include_str!("front_door/signatures.py"));

    let right = &told["right"];
    let all = |value: &Value, expected: &Value| {
        value.as_array().unwrap().iter().all(|one| one == expected)
    };
    assert!(
        all(&right["names"], &json!("ResourceNotFoundException")),
        "{right}"
    );
    assert!(all(&right["described"], &json!(true)), "{right}");
    assert!(all(&right["echoed"], &json!("ValidationError")), "{right}");
    for what in [
        "spaces in headers",
        "empty header",
        "a hash of the body",
        "get",
        "presigned",
    ] {
        assert_eq!(right[what], 200, "{what}");
    }

    // Signed over a normal path, which no operation is asked to take apart.
    assert_eq!(right["dots in the path"], 404);
    let query = right["query in any order"].as_str().unwrap();
    assert!(query.contains("is not simulated"), "{query}");

    let unknown = json!({
        "eks": ["UnrecognizedClientException", 403],
        "kms": ["UnrecognizedClientException", 400],
        "autoscaling": ["InvalidClientTokenId", 403],
        "ec2": ["AuthFailure", 401],
        "sts": ["InvalidClientTokenId", 403],
    });
    assert_eq!(told["unknown key"], unknown);
    assert_eq!(told["stray token"], unknown);
    let wrong = json!({
        "eks": ["InvalidSignatureException", 403],
        "kms": ["InvalidSignatureException", 400],
        "autoscaling": ["SignatureDoesNotMatch", 403],
        "ec2": ["AuthFailure", 401],
        "sts": ["SignatureDoesNotMatch", 403],
    });
    assert_eq!(told["wrong secret"], wrong);
    assert_eq!(
        told["unsigned"]["sts"],
        json!(["MissingAuthenticationToken", 403])
    );
    let late = json!({
        "eks": ["InvalidSignatureException", 403],
        "kms": ["InvalidSignatureException", 400],
        "autoscaling": "answered",
        "ec2": ["RequestExpired", 400],
        "sts": "answered",
    });
    let unmatched = json!(["SignatureDoesNotMatch", 403]);
    assert_eq!(told["late"], json!(["answered", late, unmatched]));
    let early = json!(["answered", ["InvalidSignatureException", 400], unmatched]);
    assert_eq!(told["early"], early);
    assert_eq!(told["presigned and changed"], 403);
    assert_eq!(told["a wrong hash"], json!([403, 403]));

    assert_eq!(told["other region"], 400);
    assert_eq!(told["unknown service"], 404);
    assert_eq!(told["cbor"], json!([415, 415]));
    let no_action = |index: usize| told["no action"][index].as_str().unwrap();
    assert!(no_action(0).contains("<Code>MissingAction</Code>"));
    assert!(no_action(1).contains("UnknownOperationException"));
    assert_eq!(told["methods"], json!([400, 400, 404, 400]));
}

#[test]
fn any_request_to_the_cluster_is_answered_and_only_good_tokens_are_let_in() {
    let account = Account::new();
    let parameters = format!(
        "SEED = {}\nROUNDS = {}\n",
        parameter("BREAKFIX_SEED", 1),
        parameter("BREAKFIX_ROUNDS", 1500),
    );
    let told = account.boto3(&(parameters + include_str!("front_door/cluster.py")));
    assert_eq!(told["found"], json!([]), "{told:#}");
    for answer in told["in"].as_array().unwrap() {
        assert_eq!(answer, &json!([200, null, "NodeList"]), "{}", told["in"]);
    }
    for answer in told["out"].as_array().unwrap() {
        let refused = json!([401, "Unauthorized", "Status"]);
        assert_eq!(answer, &refused, "{}", told["out"]);
    }
}
