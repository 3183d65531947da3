//! JSON bodies: reading them, and writing answers with instants as the JSON protocols write them.

use serde_json::{Map, Value, json};

use super::super::refusal::Refusal;
use super::input::Tree;
use super::protocol::Protocol;

/// The only member of an object that stands for an instant: microseconds since the epoch.
pub const TIMESTAMP: &str = "$timestamp";

/// How deep a body may nest. No request comes near it, and what a trail keeps of one must be read back by a reader
/// that goes little further.
const DEPTH_LIMIT: usize = 64;

/// The members of a body; an empty body has none. Everything but an object is refused.
pub(super) fn read(protocol: Protocol, body: &[u8]) -> Result<Vec<(String, Tree)>, Refusal> {
    if body.is_empty() {
        return Ok(Vec::new());
    }
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| protocol.malformed(format!("the body is not JSON: {error}")))?;
    if depth(&value) > DEPTH_LIMIT {
        return Err(protocol.malformed("the body is nested too deeply"));
    }
    match Tree::from(value) {
        Tree::Members(members) => Ok(members),
        _ => Err(protocol.malformed("the body is not a JSON object")),
    }
}

/// How many arrays and objects are inside each other.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

pub(super) fn write(mut value: Value) -> Vec<u8> {
    write_epoch_seconds(&mut value);
    value.to_string().into_bytes()
}

/// JSON protocols write instants as seconds with milliseconds.
fn write_epoch_seconds(value: &mut Value) {
    match value {
        Value::Object(members) => match instant(members) {
            Some(micros) => *value = json!((micros / 1000) as f64 / 1000.0),
            None => {
                members.retain(|_, member| !member.is_null());
                members.values_mut().for_each(write_epoch_seconds);
            }
        },
        Value::Array(items) => items.iter_mut().for_each(write_epoch_seconds),
        _ => {}
    }
}

/// The microseconds of a timestamp object.
pub(super) fn instant(members: &Map<String, Value>) -> Option<i64> {
    if members.len() == 1 {
        members.get(TIMESTAMP)?.as_i64()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_carry_instants_as_seconds_and_leave_out_what_is_null() {
        let bytes =
            write(json!({"at": {TIMESTAMP: 1_759_500_000_001_999_i64}, "gone": null, "list": []}));
        assert_eq!(
            String::from_utf8_lossy(&bytes),
            r#"{"at":1759500000.001,"list":[]}"#
        );
    }

    #[test]
    fn a_body_is_an_object_or_nothing() {
        assert_eq!(read(Protocol::Json, b""), Ok(Vec::new()));
        assert_eq!(read(Protocol::Json, b" {} "), Ok(Vec::new()));
        let deep = format!(r#"{{"a":{}"#, "[".repeat(100_000));
        for body in [
            "null",
            "[]",
            "5",
            "{",
            "{\"a\":1e999}",
            "{\"a\":NaN}",
            "\u{feff}{}",
            "{} {}",
            &deep,
            &format!("{{\"a\":{}{}}}", "[".repeat(64), "]".repeat(64)),
        ] {
            let refusal = read(Protocol::Json, body.as_bytes()).unwrap_err();
            assert_eq!(
                (refusal.code.as_str(), refusal.status),
                ("SerializationException", 400)
            );
        }
        assert!(read(Protocol::RestJson, b"{\"a\":\"\xff\"}").is_err());
    }
}
