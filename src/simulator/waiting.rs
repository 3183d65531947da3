//! Waiters: calls of clients that poll until a state has passed. With an instant clock the world
//! runs ahead to the next state instead, if there is one to come; a state that never passes costs
//! the client its real polls.

use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;

use super::wire::{Call, Decoded};
use super::world::World;

/// How far ahead a waiter looks for what it waits for.
const HORIZON: Duration = Duration::from_secs(40 * 60);

/// States that something else follows, in the words of every service.
const PASSING: [&str; 12] = [
    "CREATING",
    "UPDATING",
    "DELETING",
    "DEGRADED",
    "InProgress",
    "pending",
    "shutting-down",
    "stopping",
    "initializing",
    "creating",
    "deleting",
    "PendingDeletion",
];

/// Whether botocore or an SDK made this call inside a waiter: feature `B` of its User-Agent.
pub(super) fn is_waiter(headers: &HeaderMap) -> bool {
    let agent = headers
        .get("user-agent")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let features = agent
        .split_ascii_whitespace()
        .filter_map(|part| part.strip_prefix("m/"));
    features
        .flat_map(|list| list.split(','))
        .any(|feature| feature == "B")
}

/// Moves the world on until the state that `decoded` reads has passed. A state that would not pass
/// leaves the world as it is.
pub(super) fn run_ahead(world: &mut World, decoded: &Decoded, call: &Call) {
    if !decoded.operation.name.starts_with("Describe") {
        return;
    }
    let Some(mut state) = state(world, decoded, call) else {
        return;
    };
    let horizon = world.now() + HORIZON;
    let mut ahead = world.clone();
    while PASSING
        .iter()
        .any(|passing| state.split(' ').any(|word| word == *passing))
    {
        if ahead.jump_to_next_event(horizon).is_none() {
            return;
        }
        match self::state(&mut ahead, decoded, call) {
            Some(next) if next == state => {}
            Some(next) => {
                state = next;
                *world = ahead.clone();
            }
            None => {
                *world = ahead;
                return;
            }
        }
    }
}

/// Every status in the answer, or `None` when the call is refused.
fn state(world: &mut World, decoded: &Decoded, call: &Call) -> Option<String> {
    let reply = decoded.run(world, call).ok()?;
    let mut states = Vec::new();
    let reply = reply.to_value();
    collect(&reply, &mut states);
    Some(states.join(" "))
}

fn collect<'a>(value: &'a Value, states: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("status" | "state" | "KeyState", Value::String(state)) => states.push(state),
                    ("instanceState", Value::Object(state)) => {
                        states.extend(state.get("name").and_then(Value::as_str))
                    }
                    _ => collect(member, states),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, states)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(text: &str) -> HeaderMap {
        HeaderMap::from_iter([(http::header::USER_AGENT, text.parse().unwrap())])
    }

    #[test]
    fn a_waiter_is_known_by_feature_b() {
        assert!(is_waiter(&agent(
            "aws-cli/1.45.11 md/Botocore#1.43.11 m/D,Z,g,N,B,b cfg/retry-mode#legacy"
        )));
        assert!(!is_waiter(&agent(
            "aws-cli/1.45.11 md/Botocore#1.43.11 m/D,Z,g,N,b cfg/retry-mode#legacy"
        )));
        assert!(!is_waiter(&HeaderMap::new()));
    }
}
