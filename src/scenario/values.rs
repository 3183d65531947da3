//! The names that a scenario's texts may use, and what they stand for in one session.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Values by name: `account`, `region`, `cluster`, parameters, and outputs such as `key.id`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Values(BTreeMap<String, String>);

/// A `${name}` that stands for nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown name ${{{name}}}; known here: {known}")]
pub struct UnknownName {
    pub name: String,
    pub known: String,
}

impl Values {
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// `text` with every `${name}` replaced. What `${variant.…}` stands for is filled in turn; `${aws:…}` is IAM's.
    ///
    /// # Errors
    /// When a name is unknown.
    pub fn fill(&self, text: &str) -> Result<String, UnknownName> {
        let mut filled = String::with_capacity(text.len());
        for part in parts(text) {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Name(name) => {
                    let value = self.get(name).ok_or_else(|| self.unknown(name))?;
                    if name.starts_with(VARIANT) {
                        filled.push_str(&self.fill_once_more(value)?);
                    } else {
                        filled.push_str(value);
                    }
                }
            }
        }
        Ok(filled)
    }

    /// `text` with those names replaced that are known; the others stay as they are written.
    pub fn fill_known(&self, text: &str) -> String {
        parts(text)
            .map(|part| match part {
                Part::Text(text) => text.to_owned(),
                Part::Name(name) => match self.get(name) {
                    Some(value) if name.starts_with(VARIANT) => self.fill_known(value),
                    Some(value) => value.to_owned(),
                    None => format!("${{{name}}}"),
                },
            })
            .collect()
    }

    /// A variant's value may name what was made, but no other value of a variant: so this ends.
    fn fill_once_more(&self, value: &str) -> Result<String, UnknownName> {
        match names_in(value).find(|name| name.starts_with(VARIANT)) {
            Some(name) => Err(self.unknown(name)),
            None => self.fill(value),
        }
    }

    /// `data` with every `${name}` in every text of it replaced.
    ///
    /// # Errors
    /// When a name is unknown.
    ///
    /// # Panics
    /// When `T` cannot be read back from what it is written as, which is a mistake in `T`.
    pub fn fill_all<T: Serialize + DeserializeOwned>(&self, data: &T) -> Result<T, UnknownName> {
        let mut value = serde_json::to_value(data).expect("plain data can be written");
        self.fill_value(&mut value)?;
        Ok(serde_json::from_value(value).expect("plain data can be read back"))
    }

    fn fill_value(&self, value: &mut Value) -> Result<(), UnknownName> {
        match value {
            Value::String(text) => *text = self.fill(text)?,
            Value::Array(items) => {
                for item in items {
                    self.fill_value(item)?;
                }
            }
            Value::Object(members) => {
                for member in members.values_mut() {
                    self.fill_value(member)?;
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        Ok(())
    }

    fn unknown(&self, name: &str) -> UnknownName {
        let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
        UnknownName {
            name: name.to_owned(),
            known: known.join(", "),
        }
    }
}

/// What names of a variant's values begin with.
const VARIANT: &str = "variant.";

enum Part<'a> {
    Text(&'a str),
    /// Between `${` and `}`.
    Name(&'a str),
}

/// The names in a text.
pub(super) fn names_in(text: &str) -> impl Iterator<Item = &str> {
    parts(text).filter_map(|part| match part {
        Part::Name(name) => Some(name),
        Part::Text(_) => None,
    })
}

fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.find("${").unwrap_or(rest.len());
        if end > 0 {
            let (before, after) = rest.split_at(end);
            rest = after;
            return Some(Part::Text(before));
        }
        let Some(close) = rest.find('}') else {
            return Some(Part::Text(std::mem::take(&mut rest)));
        };
        let (whole, after) = rest.split_at(close + 1);
        rest = after;
        let name = whole[2..close].trim();
        // `${aws:username}` and its like are policy variables, which the environment fills.
        Some(if name.contains(':') {
            Part::Text(whole)
        } else {
            Part::Name(name)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        let mut values = Values::default();
        values.set("key.id", "k-1");
        values.set("account", "123456789012");
        values
    }

    #[test]
    fn every_name_is_replaced() {
        assert_eq!(
            values().fill("a ${key.id} b ${account}").unwrap(),
            "a k-1 b 123456789012"
        );
        assert_eq!(
            values().fill("no names, $5 and ${unclosed").unwrap(),
            "no names, $5 and ${unclosed"
        );
    }

    #[test]
    fn values_of_a_variant_are_filled_in_turn_and_policy_variables_left_alone() {
        let mut values = values();
        values.set("variant.key", "${key.id}");
        values.set("variant.round", "${variant.key}");
        assert_eq!(values.fill("${variant.key}").unwrap(), "k-1");
        assert_eq!(
            values.fill("${aws:username}/${account}").unwrap(),
            "${aws:username}/123456789012"
        );
        assert!(values.fill("${variant.round}").is_err());
    }

    #[test]
    fn an_unknown_name_is_refused_with_those_that_are_known() {
        let error = values().fill("${kay.id}").unwrap_err().to_string();
        assert_eq!(error, "unknown name ${kay.id}; known here: account, key.id");
    }
}
