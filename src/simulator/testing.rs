//! What unit tests of the services share: a world, and calls on it without sockets or signatures.

use jiff::Timestamp;
use serde_json::Value;

use super::clock::Pace;
use super::refusal::Refusal;
use super::wire::input::{Input, Tree};
use super::wire::{self, Call};
use super::world::start::{LEARNER, Start};
use super::world::{Options, World};
use super::{audit, nodes};
use crate::policy::Caller;

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const REGION: &str = "us-west-2";
pub(crate) const CLUSTER: &str = "eks-workshop";

/// A world as it begins, the same each time.
pub(crate) fn world() -> World {
    World::start(Start {
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        cluster: CLUSTER.to_owned(),
        pace: Pace::Instant,
        options: Options::default(),
        seed: 7,
        wall: "2026-11-22T10:00:00Z".parse::<Timestamp>().unwrap(),
        endpoint: "https://127.0.0.1:1".to_owned(),
        authority: String::new(),
    })
}

/// The learner, an administrator of the account.
pub(crate) fn learner() -> Caller {
    Caller::user(ACCOUNT, LEARNER)
}

/// What the learner gets for a call, before any protocol writes it. Members of `input` are named as the protocol of
/// the service names them.
#[track_caller]
pub(crate) fn call(
    world: &mut World,
    service: &str,
    operation: &str,
    input: Value,
) -> Result<Value, Refusal> {
    call_as(world, learner(), service, operation, input)
}

#[track_caller]
pub(crate) fn call_as(
    world: &mut World,
    caller: Caller,
    service: &str,
    operation: &str,
    input: Value,
) -> Result<Value, Refusal> {
    let input = Input {
        protocol: wire::service(service).unwrap().protocol,
        members: Tree::from(input),
    };
    let reply = wire::operation(service, operation)
        .unwrap_or_else(|| panic!("{service} {operation} is not simulated"))
        .run(
            world,
            &Call {
                caller,
                access_key: None,
            },
            input,
        );
    if !audit::is_read_only(operation) {
        nodes::reconsider(world);
    }
    reply
}
