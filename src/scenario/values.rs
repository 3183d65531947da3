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

    /// `text` with every `${name}` replaced.
    ///
    /// # Errors
    /// When a name is unknown.
    pub fn fill(&self, text: &str) -> Result<String, UnknownName> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, after)) = after.split_once('}') else {
                break;
            };
            filled.push_str(before);
            filled.push_str(self.get(name.trim()).ok_or_else(|| self.unknown(name))?);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
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
    fn an_unknown_name_is_refused_with_those_that_are_known() {
        let error = values().fill("${kay.id}").unwrap_err().to_string();
        assert_eq!(error, "unknown name ${kay.id}; known here: account, key.id");
    }
}
