//! Who am I.

use serde::Deserialize;
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::wire::{Call, Operation, Protocol, Service};
use super::world::World;

pub fn service() -> Service {
    Service {
        signing_name: "sts",
        protocol: Protocol::Query,
        selector: "2011-06-15",
        namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
        operations: vec![Operation::new("GetCallerIdentity", get_caller_identity)],
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

fn get_caller_identity(
    world: &mut World,
    call: &Call,
    _request: Nothing,
) -> Result<Value, Refusal> {
    let user = world
        .iam
        .users
        .values()
        .find(|user| user.arn == call.caller.arn);
    Ok(json!({
        "Arn": call.caller.arn,
        "UserId": user.map(|user| &user.id),
        "Account": world.account,
    }))
}
