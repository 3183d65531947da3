//! JSON bodies: reading them, and writing answers with instants as the JSON protocols write them.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::super::refusal::Refusal;
use super::answer::Answer;
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

/// Writes an answer as JSON.
pub(super) fn write(answer: &Answer) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1024);
    // Values can be written, and memory takes them.
    let _ = serde_json::to_writer(&mut bytes, &Written(answer));
    bytes
}

/// An answer as clients get it: instants are seconds with milliseconds, and what is null is left out.
struct Written<'a>(&'a Answer);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Answer::Value(value) => WrittenValue(value).serialize(serializer),
            Answer::Text(text) => serializer.serialize_str(text),
            Answer::Instant(micros) => serializer.serialize_f64(seconds(*micros)),
            Answer::List(items) => serializer.collect_seq(items.iter().map(Written)),
            Answer::Object(members) => {
                let present = members.iter().filter(|(_, member)| !member.is_null());
                serializer.collect_map(present.map(|(name, member)| (name, Written(member))))
            }
        }
    }
}

fn seconds(micros: i64) -> f64 {
    (micros / 1000) as f64 / 1000.0
}

/// The same for a value.
struct WrittenValue<'a>(&'a Value);

impl Serialize for WrittenValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(members) => match instant(members) {
                Some(micros) => serializer.serialize_f64(seconds(micros)),
                None => {
                    let present = members.iter().filter(|(_, member)| !member.is_null());
                    serializer
                        .collect_map(present.map(|(name, member)| (name, WrittenValue(member))))
                }
            },
            Value::Array(items) => serializer.collect_seq(items.iter().map(WrittenValue)),
            plain => plain.serialize(serializer),
        }
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
    use serde_json::json;

    #[test]
    fn answers_carry_instants_as_seconds_and_leave_out_what_is_null() {
        let bytes = write(
            &json!({"at": {TIMESTAMP: 1_759_500_000_001_999_i64}, "gone": null, "list": []}).into(),
        );
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
