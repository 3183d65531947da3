//! What must not stand in a page: what was hidden in the output because it is secret, and what looks
//! like a credential although no variable of the lab says so.

use crate::shell::HIDDEN;

/// Members of JSON and settings whose values are credentials.
const NAMES: [&str; 4] = [
    "SecretAccessKey",
    "SessionToken",
    "aws_secret_access_key",
    "aws_session_token",
];
/// How the ids of AWS access keys begin, and how long they are.
const KEY_IDS: [&str; 2] = ["AKIA", "ASIA"];
const KEY_ID_LENGTH: usize = 20;
/// Bytes of the shortest value that counts.
const SHORTEST: usize = 8;

/// Whether a line that is to be written has a secret in it.
pub(super) fn is_in(line: &str) -> bool {
    let private_key = line.contains("-----BEGIN") && line.contains("PRIVATE KEY-----");
    let mut words = line.split(|letter: char| !is_part(letter));
    line.contains(HIDDEN)
        || private_key
        || words.any(|word| is_key_id(word) || is_token(word))
        || NAMES.iter().any(|name| has_value(line, name))
}

fn is_part(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "-_.".contains(letter)
}

/// Those of AWS's documentation end in `EXAMPLE`.
fn is_key_id(word: &str) -> bool {
    let is_upper = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    word.len() == KEY_ID_LENGTH
        && KEY_IDS.iter().any(|start| word.starts_with(start))
        && word.bytes().all(is_upper)
        && !word.ends_with("EXAMPLE")
}

/// A JSON web token: two objects and a signature.
fn is_token(word: &str) -> bool {
    let mut parts = word.split('.');
    let mut is_object = || {
        parts
            .next()
            .is_some_and(|part| part.starts_with("eyJ") && part.len() > SHORTEST)
    };
    is_object() && is_object() && parts.next().is_some()
}

/// Whether a value that is not elided stands behind this name.
fn has_value(line: &str, name: &str) -> bool {
    let Some((_, behind)) = line.split_once(name) else {
        return false;
    };
    let value = behind.trim_start_matches(|letter: char| "\"'=: ".contains(letter));
    let end = value.find(|letter: char| "\"', ".contains(letter));
    let value = &value[..end.unwrap_or(value.len())];
    value.len() >= SHORTEST && !value.ends_with("EXAMPLEKEY") && !value.contains("...")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_known_by_their_looks() {
        for line in [
            "token: ***",
            "AKIA2E0A8F3B244C9986 x",
            "    \"SecretAccessKey\": \"wJalrXUtnFEMI/K7MDENG\",",
            "aws_session_token = FwoGZXIvYXdzEBYaD",
            "-----BEGIN EC PRIVATE KEY-----",
            "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP",
        ] {
            assert!(is_in(line), "{line}");
        }
    }

    #[test]
    fn examples_and_names_alone_are_none() {
        for line in [
            "AKIAIOSFODNN7EXAMPLE",
            "\"SecretAccessKey\": \"...\",",
            "set SecretAccessKey first",
            "-----BEGIN CERTIFICATE-----",
            "eyJ.eyJ",
            "** bold **",
        ] {
            assert!(!is_in(line), "{line}");
        }
    }
}
