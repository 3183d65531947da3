//! The protocols that services speak, and what each calls the mistakes that no operation sees: bytes that cannot be
//! read, actions that do not exist, signatures that are too old.
//!
//! Codes are those of the "Common Errors" that each service's reference lists for its protocol, where one is listed.

use jiff::SignedDuration;

use super::super::refusal::Refusal;

/// How a service speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// EC2's variant of query.
    Ec2,
    Query,
    /// JSON 1.1 with `X-Amz-Target`.
    Json,
    RestJson,
}

impl Protocol {
    /// How far the date of a signature may be from the wall clock, either way: five minutes as documented; services
    /// with the query protocol say fifteen in their refusals ("… is now earlier than … - 15 min.").
    pub fn allowed_skew(self) -> SignedDuration {
        SignedDuration::from_mins(if self == Protocol::Query { 15 } else { 5 })
    }

    /// The request's bytes cannot be read at all.
    pub(in crate::simulator) fn malformed(self, why: impl Into<String>) -> Refusal {
        match self {
            // 404 is what the common errors list.
            Protocol::Ec2 | Protocol::Query => Refusal::new("MalformedQueryString", 404, why),
            Protocol::Json | Protocol::RestJson => Refusal::bad("SerializationException", why),
        }
    }

    /// There is no such operation here.
    pub(in crate::simulator) fn unknown_operation(self, why: impl Into<String>) -> Refusal {
        match self {
            Protocol::Ec2 | Protocol::Query => Refusal::bad("InvalidAction", why),
            Protocol::Json => Refusal::bad("UnknownOperationException", why),
            Protocol::RestJson => Refusal::new("UnknownOperationException", 404, why),
        }
    }

    /// The request does not say which operation it means.
    pub(in crate::simulator) fn missing_operation(self) -> Refusal {
        let why = "the request names no operation";
        match self {
            Protocol::Ec2 | Protocol::Query => Refusal::bad("MissingAction", why),
            Protocol::Json | Protocol::RestJson => self.unknown_operation(why),
        }
    }

    /// The body is of a protocol that the service does not speak here.
    pub(in crate::simulator) fn unsupported_body(self, content_type: &str) -> Refusal {
        let why = format!("requests of the type {content_type} are not simulated");
        match self {
            Protocol::Ec2 | Protocol::Query => Refusal::new("UnsupportedProtocol", 415, why),
            Protocol::Json | Protocol::RestJson => {
                Refusal::new("UnsupportedMediaTypeException", 415, why)
            }
        }
    }

    /// What the front door refuses before anybody reads it, with the status that it has for that.
    pub(in crate::simulator) fn unread(self, status: u16, why: &str) -> Refusal {
        let (query, json) = match status {
            408 => ("RequestTimeout", "RequestTimeoutException"),
            413 => ("RequestEntityTooLarge", "RequestEntityTooLargeException"),
            500.. => ("InternalFailure", "InternalFailure"),
            _ => return self.malformed(why),
        };
        match self {
            Protocol::Ec2 | Protocol::Query => Refusal::new(query, status, why),
            Protocol::Json | Protocol::RestJson => Refusal::new(json, status, why),
        }
    }
}
