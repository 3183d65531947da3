//! Tags of groups, and which of them new instances get.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::super::refusal::Refusal;
use super::super::super::wire::{Call, Operation};
use super::super::super::world::World;
use super::super::Group;
use super::page::{DEFAULT_SIZE, page};
use super::{Filter, find, find_mut, invalid};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("CreateOrUpdateTags", create_or_update),
        Operation::new("DeleteTags", delete),
        Operation::new("DescribeTags", describe),
    ]
}

/// A tag as requests give it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct TagRequest {
    resource_id: Option<String>,
    // There is one type only.
    #[serde(rename = "ResourceType")]
    _resource_type: Option<String>,
    key: String,
    #[serde(default)]
    value: String,
    // The model gives no default for a member that is left out; false is that of every boolean.
    #[serde(default)]
    propagate_at_launch: bool,
}

impl TagRequest {
    pub(super) fn apply(self, tags: &mut BTreeMap<String, String>, kept: &mut BTreeSet<String>) {
        if self.propagate_at_launch {
            kept.remove(&self.key);
        } else {
            kept.insert(self.key.clone());
        }
        tags.insert(self.key, self.value);
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TagsRequest {
    tags: Vec<TagRequest>,
}

impl TagsRequest {
    /// The tags with the names of their groups, which have to exist.
    fn with_groups(self, world: &World) -> Result<Vec<(String, TagRequest)>, Refusal> {
        let mut tags = Vec::new();
        for tag in self.tags {
            let name = tag.resource_id.clone().unwrap_or_default();
            find(world, &name)?;
            tags.push((name, tag));
        }
        Ok(tags)
    }
}

fn create_or_update(
    world: &mut World,
    _call: &Call,
    request: TagsRequest,
) -> Result<Value, Refusal> {
    for (name, tag) in request.with_groups(world)? {
        let group = find_mut(world, &name)?;
        tag.apply(&mut group.tags, &mut group.kept_tags);
    }
    Ok(Value::Null)
}

fn delete(world: &mut World, _call: &Call, request: TagsRequest) -> Result<Value, Refusal> {
    for (name, tag) in request.with_groups(world)? {
        let group = find_mut(world, &name)?;
        group.tags.remove(&tag.key);
        group.kept_tags.remove(&tag.key);
    }
    Ok(Value::Null)
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct DescribeRequest {
    filters: Vec<Filter>,
    #[serde(rename = "IncludeManagedResources")]
    _include_managed_resources: Option<bool>,
    max_records: Option<usize>,
    next_token: Option<String>,
}

fn describe(world: &mut World, _call: &Call, request: DescribeRequest) -> Result<Value, Refusal> {
    let mut tags = Vec::new();
    for group in world.autoscaling.groups.values() {
        for (key, value) in &group.tags {
            if passes(group, key, value, &request.filters)? {
                tags.push(tag_json(group, key));
            }
        }
    }
    let token = request.next_token.as_deref();
    let (tags, next) = page(tags, token, request.max_records, DEFAULT_SIZE)?;
    Ok(json!({ "Tags": tags, "NextToken": next }))
}

fn passes(group: &Group, key: &str, value: &str, filters: &[Filter]) -> Result<bool, Refusal> {
    for filter in filters {
        let propagates = (!group.kept_tags.contains(key)).to_string();
        let found = match filter.name.as_str() {
            "auto-scaling-group" => &group.name,
            "key" => key,
            "value" => value,
            "propagate-at-launch" => &propagates,
            name => {
                return Err(invalid(format!(
                    "Filter type {name} is not correct. Allowed Filter types are: auto-scaling-group key value propagate-at-launch"
                )));
            }
        };
        if !filter.values.iter().any(|wanted| wanted == found) {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn tag_json(group: &Group, key: &str) -> Value {
    json!({
        "ResourceId": group.name,
        "ResourceType": "auto-scaling-group",
        "Key": key,
        "Value": group.tags.get(key),
        "PropagateAtLaunch": !group.kept_tags.contains(key),
    })
}
