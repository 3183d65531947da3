//! The condition context of a request: keys, each with one or more values.

use std::collections::BTreeMap;

/// Condition keys and their values. Key names compare without regard to case, values with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// Lower-case key → values; a key with no values counts as missing.
    values: BTreeMap<String, Vec<String>>,
}

impl Context {
    pub fn new() -> Context {
        Context::default()
    }

    /// The context with `key` set to one value; booleans are `"true"` and `"false"`.
    pub fn with(self, key: &str, value: impl Into<String>) -> Context {
        self.with_all(key, [value])
    }

    /// The context with `key` set to several values.
    pub fn with_all<V: Into<String>>(
        mut self,
        key: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Context {
        self.values.insert(
            key.to_ascii_lowercase(),
            values.into_iter().map(Into::into).collect(),
        );
        self
    }

    /// The values of `key`; empty when the request has no such key.
    pub fn values(&self, key: &str) -> &[String] {
        self.values
            .get(&key.to_ascii_lowercase())
            .map_or(&[], Vec::as_slice)
    }

    /// The value of a key that has exactly one.
    pub(super) fn single(&self, key: &str) -> Option<&str> {
        match self.values(key) {
            [value] => Some(value),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Context;

    #[test]
    fn keys_compare_without_regard_to_case_and_values_with_it() {
        let context = Context::new()
            .with("KMS:ViaService", "EC2")
            .with_all("k", ["a", "b"]);
        assert_eq!(context.values("kms:viaservice"), ["EC2"]);
        assert_eq!(context.single("K"), None);
        assert!(context.values("other").is_empty());
    }
}
