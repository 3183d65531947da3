//! What every codec that reads requests must keep. Whoever includes it has `simulator::wire` beside it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::simulator::wire::input::{Input, Tree};
use super::simulator::wire::protocol::Protocol;

/// Members of every type that requests have.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
#[allow(dead_code, reason = "read to be read")]
struct Everything {
    text: Option<String>,
    texts: Vec<String>,
    integer: Option<i32>,
    count: Option<u32>,
    long: Option<i64>,
    number: Option<f64>,
    truth: bool,
    choice: Option<Choice>,
    tags: BTreeMap<String, String>,
    inner: Option<Box<Everything>>,
    #[serde(alias = "Filter")]
    filters: Vec<Filter>,
    anything: serde_json::Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(dead_code, reason = "read to be read")]
struct Filter {
    name: String,
    #[serde(alias = "Value")]
    values: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Choice {
    Red,
    Blue,
}

/// Reads what was decoded as a request: numbers are finite, and a refusal is one of the client's mistakes, with words.
pub(crate) fn check_members(protocol: Protocol, members: Tree) {
    let shown = members.to_value().to_string();
    assert!(serde_json::from_str::<serde_json::Value>(&shown).is_ok());
    match (Input { protocol, members }).read::<Everything>() {
        Ok(read) => {
            let mut all = Some(&read);
            while let Some(each) = all {
                assert!(each.number.is_none_or(f64::is_finite), "{read:?}");
                all = each.inner.as_deref();
            }
        }
        Err(error) => {
            let refusal = error.refusal(protocol, "Operation");
            assert_eq!(refusal.status, 400);
            assert!(!refusal.code.is_empty() && !refusal.message.is_empty());
        }
    }
}
