//! What an annotation's value may be: text becomes a value, or says what was expected instead.

use std::time::Duration;

use super::ExpectError;
use crate::diagnostic::nearest;

const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
const MOST_RETRIES: u32 = 100;

// What values have to be.
pub(super) const TRUTH: &str = "true or false";
pub(super) const EXPECTATION: &str = "true, false or must";
pub(super) const DURATION: &str = "seconds, such as 90, 90s or 5m";
pub(super) const RETRIES: &str = "a number from 0 to 100";
pub(super) const NAME: &str = "a name of letters, digits, `.`, `_` and `-`";
pub(super) const STEP_NAME: &str =
    "a name that begins with a letter and has only letters, digits, `.`, `_` and `-`";

/// Why a value is not acceptable, and what to write instead.
pub(super) struct BadValue {
    pub expected: &'static str,
    pub instead: Option<String>,
}

/// `test="false"` means what it says.
pub(super) fn unquoted(value: &str) -> &str {
    value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(value)
}

pub(super) fn truth(value: &str) -> Result<bool, BadValue> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(BadValue {
            expected: TRUTH,
            instead: truthlike(value),
        }),
    }
}

pub(super) fn expectation(value: &str) -> Result<ExpectError, BadValue> {
    match value {
        "true" => Ok(ExpectError::May),
        "false" => Ok(ExpectError::No),
        "must" => Ok(ExpectError::Must),
        _ => Err(BadValue {
            expected: EXPECTATION,
            instead: truthlike(value),
        }),
    }
}

fn truthlike(value: &str) -> Option<String> {
    match value.to_lowercase().as_str() {
        "yes" | "on" | "1" | "y" => Some("true".to_owned()),
        "no" | "off" | "0" | "n" => Some("false".to_owned()),
        other => nearest(other, ["true", "false"]).map(str::to_owned),
    }
}

pub(super) fn duration(value: &str) -> Result<Duration, BadValue> {
    let bad = |instead| BadValue {
        expected: DURATION,
        instead,
    };
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &value[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return Err(bad(shorter_unit(value, digits))),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(bad(first_number(value)));
    }
    let seconds = digits
        .parse::<u64>()
        .ok()
        .and_then(|count| count.checked_mul(unit));
    let duration = seconds
        .map(Duration::from_secs)
        .filter(|duration| *duration <= LONGEST);
    duration.ok_or(BadValue {
        expected: "at most 24 hours",
        instead: None,
    })
}

/// `90sec` → `90s`, `5min` → `5m`.
fn shorter_unit(value: &str, digits: &str) -> Option<String> {
    let unit = match value[digits.len()..].to_lowercase().as_str() {
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        _ => return None,
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!("{digits}{unit}"))
}

/// `-5` → `5`, `60,wait=10` → `60`; nothing for `1.9`, whose first number is not what was meant.
fn first_number(value: &str) -> Option<String> {
    let digits: String = value
        .trim_start_matches('-')
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    (!digits.is_empty() && !value.contains('.')).then_some(digits)
}

pub(super) fn limit(value: &str) -> Result<Duration, BadValue> {
    duration(value).and_then(|duration| {
        if duration.is_zero() {
            return Err(BadValue {
                expected: "a limit of more than 0 seconds",
                instead: None,
            });
        }
        Ok(duration)
    })
}

pub(super) fn retries(value: &str) -> Result<u32, BadValue> {
    let count = value
        .parse::<u32>()
        .ok()
        .filter(|count| *count <= MOST_RETRIES);
    let plain = value.bytes().all(|byte| byte.is_ascii_digit());
    count.filter(|_| plain).ok_or(BadValue {
        expected: RETRIES,
        instead: None,
    })
}

/// A hook's name becomes part of a file name: it must never be a path or shell.
pub(super) fn script_name(value: &str) -> Result<String, BadValue> {
    if is_name(value) {
        return Ok(value.to_owned());
    }
    let bare = value
        .trim_start_matches("tests/")
        .trim_start_matches("hook-")
        .trim_end_matches(".sh");
    Err(BadValue {
        expected: NAME,
        instead: (is_name(bare) && bare != value).then(|| bare.to_owned()),
    })
}

/// Begins with a letter, so that it is never another step's number.
pub(super) fn step_name(value: &str) -> Result<String, BadValue> {
    if is_name(value) && value.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return Ok(value.to_owned());
    }
    Err(BadValue {
        expected: STEP_NAME,
        instead: None,
    })
}

/// Whether `value` can name a hook or a scenario: no path, no shell, no surprise.
pub(in super::super) fn is_name(value: &str) -> bool {
    value.starts_with(|first: char| first.is_ascii_alphanumeric())
        && value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}
