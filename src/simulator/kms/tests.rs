//! What the operations do together: states, grants, ciphertexts, access.

mod cryptography;
mod grants;
mod lifecycle;
mod policies;

use serde_json::{Value, json};

use crate::policy::Caller;
use crate::simulator::refusal::Refusal;
use crate::simulator::testing::{self, ACCOUNT};
use crate::simulator::world::World;
use crate::simulator::world::start::{NODE_ROLE, OPERATOR};

/// A world and a key of the learner's in it.
fn with_key() -> (World, String) {
    let mut world = testing::world();
    let key = new_key(&mut world);
    (world, key)
}

#[track_caller]
fn new_key(world: &mut World) -> String {
    let made = call(world, "CreateKey", json!({})).unwrap();
    made["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned()
}

#[track_caller]
fn call(world: &mut World, operation: &str, input: Value) -> Result<Value, Refusal> {
    testing::call(world, "kms", operation, input)
}

#[track_caller]
fn call_as(
    world: &mut World,
    caller: Caller,
    operation: &str,
    input: Value,
) -> Result<Value, Refusal> {
    testing::call_as(world, caller, "kms", operation, input)
}

/// Somebody without identity policies.
fn node() -> Caller {
    Caller::role_session(ACCOUNT, NODE_ROLE, "i-1")
}

fn node_role() -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{NODE_ROLE}")
}

/// Somebody else with every identity policy.
fn operator() -> Caller {
    Caller::user(ACCOUNT, OPERATOR)
}

#[track_caller]
fn check_refused(result: Result<Value, Refusal>, code: &str, message: &str) {
    let refusal = result.unwrap_err();
    assert_eq!(
        (refusal.code.as_str(), refusal.message.as_str()),
        (code, message)
    );
}

#[track_caller]
fn check_code(result: Result<Value, Refusal>, code: &str) {
    let refusal = result.unwrap_err();
    assert_eq!(refusal.code, code, "{}", refusal.message);
}

fn arn(key: &str) -> String {
    format!("arn:aws:kms:us-west-2:{ACCOUNT}:key/{key}")
}

/// A policy of the account's root and one more statement.
fn policy_with(statement: Value) -> String {
    let root = json!({
        "Effect": "Allow",
        "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")},
        "Action": "kms:*",
        "Resource": "*",
    });
    json!({"Version": "2012-10-17", "Statement": [root, statement]}).to_string()
}

#[track_caller]
fn put_policy(world: &mut World, key: &str, statement: Value) {
    let policy = policy_with(statement);
    call(
        world,
        "PutKeyPolicy",
        json!({"KeyId": key, "Policy": policy}),
    )
    .unwrap();
}
