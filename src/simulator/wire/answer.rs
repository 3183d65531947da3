//! What operations answer, without its protocol.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::json::TIMESTAMP;

/// An answer or a part of one. Any JSON value is one; the other variants say the same for less work, because members
/// are neither copied nor looked up by name on their way to the client.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Value(Value),
    Text(String),
    /// Microseconds since the epoch; each protocol writes it in its own format.
    Instant(i64),
    List(Vec<Answer>),
    /// Members that are null are left out where it is written.
    Object(Vec<(Cow<'static, str>, Answer)>),
}

/// An object of its members, whose values become answers: `object! { "name": name, "size": 3 }`.
macro_rules! object {
    ($($name:literal: $value:expr),* $(,)?) => {
        $crate::simulator::wire::Answer::Object(vec![
            $((std::borrow::Cow::Borrowed($name), $crate::simulator::wire::Answer::from($value))),*
        ])
    };
}
pub(in crate::simulator) use object;

impl Answer {
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Answer::Value(Value::Null))
    }

    /// The same as one JSON value, for whoever looks into it.
    pub fn to_value(&self) -> Value {
        match self {
            Answer::Value(value) => value.clone(),
            Answer::Text(text) => Value::from(text.as_str()),
            Answer::Instant(micros) => json!({ TIMESTAMP: micros }),
            Answer::List(items) => items.iter().map(Answer::to_value).collect(),
            Answer::Object(members) => members
                .iter()
                .map(|(name, member)| (name.clone(), member.to_value()))
                .collect(),
        }
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl From<Value> for Answer {
    fn from(value: Value) -> Answer {
        Answer::Value(value)
    }
}

impl From<String> for Answer {
    fn from(text: String) -> Answer {
        Answer::Text(text)
    }
}

impl From<&String> for Answer {
    fn from(text: &String) -> Answer {
        Answer::Text(text.clone())
    }
}

impl From<&str> for Answer {
    fn from(text: &str) -> Answer {
        Answer::Text(text.to_owned())
    }
}

impl From<bool> for Answer {
    fn from(truth: bool) -> Answer {
        Answer::Value(truth.into())
    }
}

impl From<u8> for Answer {
    fn from(number: u8) -> Answer {
        Answer::Value(number.into())
    }
}

impl From<u32> for Answer {
    fn from(number: u32) -> Answer {
        Answer::Value(number.into())
    }
}

impl From<i32> for Answer {
    fn from(number: i32) -> Answer {
        Answer::Value(number.into())
    }
}

impl From<u64> for Answer {
    fn from(number: u64) -> Answer {
        Answer::Value(number.into())
    }
}

impl<T: Into<Answer>> From<Option<T>> for Answer {
    fn from(value: Option<T>) -> Answer {
        value.map_or(Answer::Value(Value::Null), Into::into)
    }
}

impl<T: Into<Answer>> From<Vec<T>> for Answer {
    fn from(items: Vec<T>) -> Answer {
        Answer::List(items.into_iter().map(Into::into).collect())
    }
}

impl From<&Vec<String>> for Answer {
    fn from(texts: &Vec<String>) -> Answer {
        Answer::List(texts.iter().map(Into::into).collect())
    }
}

impl From<&BTreeMap<String, String>> for Answer {
    fn from(pairs: &BTreeMap<String, String>) -> Answer {
        let members = pairs.iter();
        Answer::Object(
            members
                .map(|(name, value)| (Cow::Owned(name.clone()), value.into()))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_the_same_as_a_value() {
        let tags = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
        let made = object! {
            "b": "x", "a": vec![1, 2], "none": None::<bool>, "at": Answer::Instant(5),
            "in": object! { "c": true, "tags": &tags },
        };
        let expected = json!({
            "b": "x", "a": [1, 2], "none": null, "at": {TIMESTAMP: 5}, "in": {"c": true, "tags": {"k": "v"}},
        });
        assert_eq!(made.to_value().to_string(), expected.to_string());
    }
}
