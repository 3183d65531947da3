//! Why an input does not fit its request type, and how each protocol says so.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use super::super::super::refusal::Refusal;
use super::Protocol;

/// Why an input does not fit its request type.
#[derive(Debug, Clone, PartialEq)]
pub struct InputError {
    /// From the request's member inwards; items of lists by their number.
    path: Vec<String>,
    problem: Problem,
}

#[derive(Debug, Clone, PartialEq)]
enum Problem {
    /// A member that is not modelled.
    Unknown(String),
    Missing(String),
    /// JSON of the wrong type.
    Mistyped(String),
    Misfit {
        given: String,
        expected: String,
    },
    NotOneOf {
        given: String,
        allowed: &'static [&'static str],
    },
    Other(String),
}

impl InputError {
    fn new(problem: Problem) -> Self {
        let path = Vec::new();
        Self { path, problem }
    }

    pub(super) fn misfit(given: &str, expected: impl Into<String>) -> Self {
        Self::new(Problem::Misfit {
            given: given.to_owned(),
            expected: expected.into(),
        })
    }

    pub(super) fn mistyped(given: &str, expected: &str) -> Self {
        Self::new(Problem::Mistyped(format!("{given} instead of {expected}")))
    }

    /// The same error, found inside a member.
    pub(super) fn within(mut self, name: String) -> Self {
        self.path.insert(0, name);
        self
    }

    /// What is wrong with a request to `operation`, as its caller is told. What AWS words in a known way is worded like
    /// that; a member that is not modelled is named, while AWS's JSON and query services would ignore it.
    pub fn refusal(&self, protocol: Protocol, operation: &str) -> Refusal {
        let code = self.code(protocol);
        if let Problem::Unknown(member) = &self.problem {
            let refused = format!("member {member} of {operation} is not simulated");
            return Refusal::bad(
                code,
                match protocol {
                    Protocol::Ec2 => {
                        format!("The parameter {member} is not recognized: {refused}")
                    }
                    _ => refused,
                },
            );
        }
        let message = match protocol {
            Protocol::Ec2 => self.ec2_message(),
            Protocol::Query | Protocol::Json if code != "SerializationException" => {
                format!("1 validation error detected: {}", self.constraint_message())
            }
            _ => self.constraint_message(),
        };
        Refusal::bad(code, message)
    }

    fn code(&self, protocol: Protocol) -> &'static str {
        match (protocol, &self.problem) {
            (Protocol::Ec2, Problem::Unknown(_)) => "UnknownParameter",
            (Protocol::Ec2, Problem::Missing(_)) => "MissingParameter",
            (Protocol::Ec2, _) => "InvalidParameterValue",
            (Protocol::Query, _) => "ValidationError",
            (Protocol::Json, Problem::Mistyped(_)) => "SerializationException",
            (Protocol::Json, _) => "ValidationException",
            (Protocol::RestJson, _) => "InvalidParameterException",
        }
    }

    fn ec2_message(&self) -> String {
        let place = self.path.join(".");
        match &self.problem {
            Problem::Missing(member) => {
                let member = inside(&place, member);
                format!("The request must contain the parameter {member}")
            }
            Problem::Misfit { given, expected } => {
                format!("Value ({given}) for parameter {place} is invalid. Expecting {expected}.")
            }
            Problem::NotOneOf { given, allowed } => {
                let allowed = allowed.join(", ");
                format!(
                    "Value ({given}) for parameter {place} is invalid. Expecting one of {allowed}."
                )
            }
            Problem::Mistyped(text) | Problem::Other(text) | Problem::Unknown(text) => {
                format!("The value for parameter {place} is invalid: {text}")
            }
        }
    }

    /// As Coral, AWS's own service framework, words it.
    fn constraint_message(&self) -> String {
        let place = lower_camel(&self.path);
        match &self.problem {
            Problem::Missing(member) => {
                let member = inside(&place, &lower_camel(std::slice::from_ref(member)));
                format!(
                    "Value null at '{member}' failed to satisfy constraint: Member must not be null"
                )
            }
            Problem::Misfit { given, expected } => {
                format!(
                    "Value '{given}' at '{place}' failed to satisfy constraint: Member must be {expected}"
                )
            }
            Problem::NotOneOf { given, allowed } => {
                let allowed = allowed.join(", ");
                format!(
                    "Value '{given}' at '{place}' failed to satisfy constraint: Member must satisfy enum value set: [{allowed}]"
                )
            }
            Problem::Mistyped(text) | Problem::Other(text) | Problem::Unknown(text) => {
                format!("Value at '{place}' cannot be read: {text}")
            }
        }
    }
}

fn inside(place: &str, member: &str) -> String {
    if place.is_empty() {
        member.to_owned()
    } else {
        format!("{place}.{member}")
    }
}

/// `tags.1.tagKey` for `Tags.1.TagKey`.
fn lower_camel(path: &[String]) -> String {
    let lower = path.iter().map(|name| {
        let mut letters = name.chars();
        let first = letters.next().map(|letter| letter.to_ascii_lowercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    lower.collect::<Vec<_>>().join(".")
}

/// Serde calls numbers by the names of Rust's types.
fn in_words(expected: &dyn Expected) -> String {
    let name = expected.to_string();
    match name.as_str() {
        "u8" | "u16" | "u32" | "u64" | "usize" => format!(
            "an integer from 0 to 2^{}-1",
            name[1..].parse::<u32>().unwrap_or(64)
        ),
        "i8" | "i16" | "i32" | "i64" | "isize" => {
            let bits: u32 = name[1..].parse().unwrap_or(64);
            format!("an integer from -2^{0} to 2^{0}-1", bits - 1)
        }
        "f32" | "f64" => "a number".to_owned(),
        _ => name,
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problem {
            Problem::Unknown(member) => write!(formatter, "unknown member {member}"),
            _ => formatter.write_str(&self.constraint_message()),
        }
    }
}

impl std::error::Error for InputError {}

impl de::Error for InputError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Problem::Other(message.to_string()))
    }

    fn invalid_type(given: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::mistyped(&given.to_string(), &in_words(expected))
    }

    fn invalid_value(given: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let given = match given {
            Unexpected::Signed(number) => number.to_string(),
            Unexpected::Unsigned(number) => number.to_string(),
            other => other.to_string(),
        };
        Self::misfit(&given, in_words(expected))
    }

    fn unknown_variant(given: &str, allowed: &'static [&'static str]) -> Self {
        let given = given.to_owned();
        Self::new(Problem::NotOneOf { given, allowed })
    }

    fn unknown_field(field: &str, _known: &'static [&'static str]) -> Self {
        Self::new(Problem::Unknown(field.to_owned()))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Problem::Missing(field.to_owned()))
    }
}
