//! Lists in pages, as every list of EKS comes: at most 100 items, and a token for the next ones.

use serde_json::{Value, json};

use super::super::refusal::Refusal;

const LONGEST: usize = 100;

/// Which part of a list is asked for.
pub(super) struct Page {
    length: usize,
    token: Option<String>,
}

impl Page {
    pub(super) fn of(length: Option<usize>, token: Option<String>) -> Page {
        Page {
            length: length.unwrap_or(LONGEST),
            token,
        }
    }
}

/// `{MEMBER: [...], "nextToken": ...}`. The token is where the next page begins.
pub(super) fn page(items: Vec<Value>, member: &str, page: &Page) -> Result<Value, Refusal> {
    if !(1..=LONGEST).contains(&page.length) {
        let message = format!("maxResults must be between 1 and {LONGEST}");
        return Err(Refusal::bad("InvalidParameterException", message));
    }
    let start = match &page.token {
        None => 0,
        Some(token) => token
            .parse::<usize>()
            .ok()
            .filter(|start| *start < items.len())
            .ok_or_else(|| Refusal::bad("InvalidParameterException", "Invalid token"))?,
    };
    let end = items.len().min(start + page.length);
    let next = (end < items.len()).then(|| end.to_string());
    Ok(json!({ member: items[start..end], "nextToken": next }))
}
