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
