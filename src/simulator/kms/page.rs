//! Lists in pages: `Limit` and `Marker` in, `NextMarker` and `Truncated` out.

use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::constraint::check_range;

/// What a client asks of a list.
pub(super) struct Page<'a> {
    pub(super) limit: Option<i64>,
    pub(super) marker: Option<&'a str>,
    /// How many items come without a limit (service model).
    pub(super) usual: usize,
    /// Highest limit that the operation takes (service model).
    pub(super) most: i64,
}

impl Page<'_> {
    /// One page of `items`, which are sorted by their names, as the member `list` of an answer.
    ///
    /// A marker holds the name of the last item that was told, so that a list may change between pages.
    pub(super) fn of(&self, list: &str, items: Vec<(String, Value)>) -> Result<Value, Refusal> {
        let limits: RangeInclusive<i64> = 1..=self.most;
        let limit = self.limit.map_or(Ok(self.usual), |limit| {
            check_range(limit, "limit", limits)?;
            Ok(usize::try_from(limit).unwrap_or(self.usual))
        })?;
        let after = self.marker.map(name_of).transpose()?;
        let mut rest = items
            .into_iter()
            .filter(|(name, _)| after.as_ref().is_none_or(|after| name > after));
        let page: Vec<(String, Value)> = rest.by_ref().take(limit).collect();
        let truncated = rest.next().is_some();
        let next = page
            .last()
            .filter(|_| truncated)
            .map(|(name, _)| STANDARD.encode(name));
        let values: Vec<Value> = page.into_iter().map(|(_, value)| value).collect();
        Ok(json!({ list: values, "NextMarker": next, "Truncated": truncated }))
    }
}

fn name_of(marker: &str) -> Result<String, Refusal> {
    let bytes = STANDARD.decode(marker).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| Refusal::bad("InvalidMarkerException", "The marker is not valid."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(limit: Option<i64>, marker: Option<&str>) -> Result<Value, Refusal> {
        let items = ["a", "b", "c"].map(|name| (name.to_owned(), json!(name)));
        let page = Page {
            limit,
            marker,
            usual: 2,
            most: 3,
        };
        page.of("Names", items.to_vec())
    }

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let first = page(None, None).unwrap();
        assert_eq!(first["Names"], json!(["a", "b"]));
        assert_eq!(first["Truncated"], true);
        let second = page(Some(3), first["NextMarker"].as_str()).unwrap();
        assert_eq!(
            second,
            json!({"Names": ["c"], "NextMarker": null, "Truncated": false})
        );
    }

    #[test]
    fn limits_and_markers_are_checked() {
        let too_many = page(Some(4), None).unwrap_err();
        assert_eq!(
            too_many.message,
            "1 validation error detected: Value '4' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 3"
        );
        assert_eq!(page(Some(0), None).unwrap_err().code, "ValidationException");
        let marker = page(None, Some("?")).unwrap_err();
        assert_eq!(marker.code, "InvalidMarkerException");
    }
}
