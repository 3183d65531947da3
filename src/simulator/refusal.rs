//! What a simulated API says when it refuses; each protocol writes it in its own body.

use serde_json::Value;

/// An error answer of a simulated API.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The error code that clients match on, e.g. `ResourceNotFoundException`.
    pub code: String,
    /// HTTP status.
    pub status: u16,
    pub message: String,
    /// Further members of a JSON error body, e.g. `clusterName`.
    pub details: Vec<(String, Value)>,
}

impl Refusal {
    pub fn new(code: impl Into<String>, status: u16, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            status,
            message: message.into(),
            details: Vec::new(),
        }
    }

    /// A 400 answer, which most services use for most refusals.
    pub fn bad(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(code, 400, message)
    }

    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.details.push((member.to_owned(), value.into()));
        self
    }
}
