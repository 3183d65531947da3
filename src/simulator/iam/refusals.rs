//! What IAM says when it refuses. Texts marked [model] are the service model's, the others are as
//! they are widely reported; clients match on codes.

use std::fmt::Display;

use super::super::refusal::Refusal;

pub(super) fn no_such(message: impl Into<String>) -> Refusal {
    Refusal::new("NoSuchEntity", 404, message)
}

pub(super) fn no_such_role(name: &str) -> Refusal {
    no_such(format!("The role with name {name} cannot be found."))
}

pub(super) fn no_such_user(name: &str) -> Refusal {
    no_such(format!("The user with name {name} cannot be found."))
}

pub(super) fn no_such_policy(arn: &str) -> Refusal {
    no_such(format!("Policy {arn} was not found."))
}

pub(super) fn no_such_profile(name: &str) -> Refusal {
    no_such(format!("Instance Profile {name} cannot be found."))
}

pub(super) fn exists(message: impl Into<String>) -> Refusal {
    Refusal::new("EntityAlreadyExists", 409, message)
}

pub(super) fn delete_conflict(message: &str) -> Refusal {
    Refusal::new("DeleteConflict", 409, message)
}

pub(super) fn quota(name: &str, limit: impl Display) -> Refusal {
    limit_exceeded(format!("Cannot exceed quota for {name}: {limit}"))
}

pub(super) fn limit_exceeded(message: impl Into<String>) -> Refusal {
    Refusal::new("LimitExceeded", 409, message)
}

pub(super) fn malformed(message: impl Into<String>) -> Refusal {
    Refusal::bad("MalformedPolicyDocument", message)
}

pub(super) fn invalid_input(message: impl Into<String>) -> Refusal {
    Refusal::bad("InvalidInput", message)
}

pub(super) fn validation(message: impl Into<String>) -> Refusal {
    Refusal::bad("ValidationError", message)
}

/// A service-linked role is its service's alone.
pub(super) fn protected(role: &str) -> Refusal {
    Refusal::bad(
        "UnmodifiableEntity",
        format!(
            "Cannot perform the operation on the protected role '{role}' - this role is only modifiable by AWS"
        ),
    )
}
