//! Limits of the service model, refused in the words in which AWS services refuse them.

use std::fmt::Display;
use std::ops::RangeInclusive;

use super::super::refusal::Refusal;

/// Refuses a value that is no member of the model's `member`, spelled as the model does but with a small
/// first letter. `must` follows "Member must".
pub(super) fn violated(value: impl Display, member: &str, must: impl Display) -> Refusal {
    validation(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {must}"
    ))
}

pub(super) fn validation(message: impl Into<String>) -> Refusal {
    Refusal::bad("ValidationException", message)
}

pub(super) fn check_range(
    value: i64,
    member: &str,
    range: RangeInclusive<i64>,
) -> Result<(), Refusal> {
    let bound = if value < *range.start() {
        format!("have value greater than or equal to {}", range.start())
    } else if value > *range.end() {
        format!("have value less than or equal to {}", range.end())
    } else {
        return Ok(());
    };
    Err(violated(value, member, bound))
}

/// Checks a length. The value itself is not told: it may be long, or secret.
pub(super) fn check_length(
    length: usize,
    member: &str,
    range: RangeInclusive<usize>,
) -> Result<(), Refusal> {
    let bound = if length < *range.start() {
        format!("greater than or equal to {}", range.start())
    } else if length > *range.end() {
        format!("less than or equal to {}", range.end())
    } else {
        return Ok(());
    };
    Err(validation(format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must have length {bound}"
    )))
}

/// The characters of names of aliases and grants in the service model.
pub(super) const NAME_PATTERN: &str = "^[a-zA-Z0-9:/_-]+$";

pub(super) fn check_name(name: &str, member: &str) -> Result<(), Refusal> {
    check_length(name.chars().count(), member, 1..=256)?;
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b":/_-".contains(&byte);
    if name.bytes().all(fine) {
        return Ok(());
    }
    let must = format!("satisfy regular expression pattern: {NAME_PATTERN}");
    Err(violated(name, member, must))
}

/// Accepts the one value that is simulated and refuses the others by name.
pub(super) fn only(member: &str, value: Option<&str>, simulated: &str) -> Result<(), Refusal> {
    match value {
        Some(other) if other != simulated => Err(Refusal::bad(
            "UnsupportedOperationException",
            format!("{member} {other} is not simulated"),
        )),
        _ => Ok(()),
    }
}

/// What a dry run answers when the call would have been done.
pub(super) fn refuse_dry_run(dry_run: Option<bool>) -> Result<(), Refusal> {
    match dry_run {
        Some(true) => Err(Refusal::bad(
            "DryRunOperationException",
            "The request would have succeeded, but the DryRun option is set.",
        )),
        _ => Ok(()),
    }
}
