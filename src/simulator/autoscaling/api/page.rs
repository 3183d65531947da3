//! Pages of a long answer.

use super::super::super::refusal::Refusal;

/// Items that a request without `MaxRecords` gets; activities come by the hundred.
pub(super) const DEFAULT_SIZE: usize = 50;
const LARGEST: usize = 100;

/// The items of one page and the token of the next.
pub(super) fn page<T>(
    items: Vec<T>,
    token: Option<&str>,
    size: Option<usize>,
    default: usize,
) -> Result<(Vec<T>, Option<String>), Refusal> {
    let start: usize = match token.filter(|token| !token.is_empty()) {
        Some(token) => token.parse().map_err(|_| {
            Refusal::bad(
                "InvalidNextToken",
                format!("the token '{token}' is not valid"),
            )
        })?,
        None => 0,
    };
    let size = size.unwrap_or(default).clamp(1, LARGEST);
    let end = start.saturating_add(size);
    let next = (end < items.len()).then(|| end.to_string());
    Ok((items.into_iter().skip(start).take(size).collect(), next))
}
