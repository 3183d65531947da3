//! Members that many requests of IAM have: names, paths, tags, pages.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::refusal::Refusal;
use super::refusals::validation;

/// A tag as IAM reads it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

pub(super) fn tags_of(tags: Vec<Tag>) -> BTreeMap<String, String> {
    tags.into_iter().map(|tag| (tag.key, tag.value)).collect()
}

/// Tags as IAM writes them.
pub(super) fn tag_list(tags: &BTreeMap<String, String>) -> Vec<Value> {
    tags.iter()
        .map(|(key, value)| json!({ "Key": key, "Value": value }))
        .collect()
}

/// A request that names a role, user or instance profile and nothing else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    #[serde(alias = "RoleName", alias = "UserName", alias = "InstanceProfileName")]
    pub(super) name: String,
}

/// A request for what one role, user or instance profile has.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NamedPage {
    #[serde(alias = "RoleName", alias = "UserName", alias = "InstanceProfileName")]
    pub(super) name: String,
    #[serde(rename = "PathPrefix")]
    pub(super) path_prefix: Option<String>,
    #[serde(rename = "Marker")]
    pub(super) marker: Option<String>,
    #[serde(rename = "MaxItems")]
    pub(super) max_items: Option<usize>,
}

/// A request for everything of a kind.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PathPage {
    pub(super) path_prefix: Option<String>,
    pub(super) marker: Option<String>,
    pub(super) max_items: Option<usize>,
}

impl PathPage {
    /// Whether something with this path is asked for.
    pub(super) fn covers(&self, path: &str) -> bool {
        starts_with(path, self.path_prefix.as_deref())
    }

    pub(super) fn of(&self, member: &str, items: Vec<Value>) -> Result<Value, Refusal> {
        page(member, items, self.marker.as_deref(), self.max_items)
    }
}

impl NamedPage {
    pub(super) fn of(&self, member: &str, items: Vec<Value>) -> Result<Value, Refusal> {
        page(member, items, self.marker.as_deref(), self.max_items)
    }
}

pub(super) fn starts_with(path: &str, prefix: Option<&str>) -> bool {
    prefix.is_none_or(|prefix| path.starts_with(prefix))
}

/// Items on a page when a request does not say.
const PAGE: usize = 100;

/// One page of a list. The marker is the number of items before it.
pub(super) fn page(
    member: &str,
    items: Vec<Value>,
    marker: Option<&str>,
    max_items: Option<usize>,
) -> Result<Value, Refusal> {
    let from: usize = marker.map_or(Ok(0), |marker| {
        marker
            .parse()
            .map_err(|_| validation(format!("Invalid Marker: {marker}")))
    })?;
    let until = from.saturating_add(max_items.unwrap_or(PAGE).max(1));
    let more = items.len() > until;
    let on_page = items.into_iter().take(until).skip(from).collect();
    let mut reply = Map::from_iter([
        (member.to_owned(), Value::Array(on_page)),
        ("IsTruncated".to_owned(), json!(more)),
    ]);
    if more {
        reply.insert("Marker".to_owned(), json!(until.to_string()));
    }
    Ok(Value::Object(reply))
}

/// Refuses a name that the service model refuses; `member` as in the request, `roleName`.
pub(super) fn check_name(member: &str, name: &str, longest: usize) -> Result<(), Refusal> {
    if name.is_empty() || name.chars().count() > longest {
        let bound = if name.is_empty() {
            "greater than or equal to 1".to_owned()
        } else {
            format!("less than or equal to {longest}")
        };
        return Err(validation(format!(
            "1 validation error detected: Value '{name}' at '{member}' failed to satisfy constraint: Member must have length {bound}"
        )));
    }
    let valid =
        |character: char| character.is_ascii_alphanumeric() || "_+=,.@-".contains(character);
    if !name.chars().all(valid) {
        return Err(validation(format!(
            "The specified value for {member} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
        )));
    }
    Ok(())
}

/// The path of a new entity, `/` when none is given.
pub(super) fn checked_path(path: Option<String>) -> Result<String, Refusal> {
    let path = path.unwrap_or_else(|| "/".to_owned());
    let valid = path.starts_with('/')
        && path.ends_with('/')
        && path.len() <= 512
        && path.bytes().all(|byte| byte.is_ascii_graphic());
    if valid {
        Ok(path)
    } else {
        Err(validation(
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
        ))
    }
}
