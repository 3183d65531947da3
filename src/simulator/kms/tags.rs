//! KMS operations on tags.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::access::{authorized, authorized_with, key_mut};
use super::constraint::check_length;
use super::page::Page;
use crate::policy::Request;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("TagResource", tag_resource),
        Operation::new("UntagResource", untag_resource),
        Operation::new("ListResourceTags", list_resource_tags),
    ]
}

/// Most tags of one key (quota).
const MOST_TAGS: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tag {
    pub(super) tag_key: String,
    pub(super) tag_value: String,
}

pub(super) fn map(tags: Vec<Tag>) -> BTreeMap<String, String> {
    tags.into_iter()
        .map(|tag| (tag.tag_key, tag.tag_value))
        .collect()
}

pub(super) fn check(tags: &[Tag]) -> Result<(), Refusal> {
    let refused = |message: String| Err(Refusal::bad("TagException", message));
    let mut seen = BTreeSet::new();
    for tag in tags {
        check_length(tag.tag_key.chars().count(), "tagKey", 1..=128)?;
        check_length(tag.tag_value.chars().count(), "tagValue", 0..=256)?;
        if tag.tag_key.starts_with("aws:") {
            return refused("Tag keys that begin with aws: are reserved.".to_owned());
        }
        if !seen.insert(&tag.tag_key) {
            return refused(format!("The tag key {} is given twice.", tag.tag_key));
        }
    }
    check_number(tags.len())
}

fn check_number(number: usize) -> Result<(), Refusal> {
    if number <= MOST_TAGS {
        return Ok(());
    }
    Err(Refusal::bad(
        "LimitExceededException",
        format!("A key can have at most {MOST_TAGS} tags."),
    ))
}

/// The request with the condition keys of tags that it sets.
pub(super) fn tagging(mut request: Request, tags: &[Tag]) -> Request {
    for tag in tags {
        request = request.with(&format!("aws:RequestTag/{}", tag.tag_key), &tag.tag_value);
    }
    let keys = tags.iter().map(|tag| &tag.tag_key);
    request.context = request.context.with_all("aws:TagKeys", keys);
    request
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TagResourceRequest {
    key_id: String,
    tags: Vec<Tag>,
}

fn tag_resource(
    world: &mut World,
    call: &Call,
    request: TagResourceRequest,
) -> Result<Value, Refusal> {
    check(&request.tags)?;
    let action = "kms:TagResource";
    let key = authorized_with(world, call, &request.key_id, action, |asked| {
        tagging(asked, &request.tags)
    })?;
    key.require_not_pending()?;
    let mut tags = key.tags.clone();
    tags.extend(map(request.tags));
    check_number(tags.len())?;
    let id = key.id.clone();
    key_mut(world, &id)?.tags = tags;
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UntagResourceRequest {
    key_id: String,
    tag_keys: Vec<String>,
}

fn untag_resource(
    world: &mut World,
    call: &Call,
    request: UntagResourceRequest,
) -> Result<Value, Refusal> {
    let action = "kms:UntagResource";
    let key = authorized_with(world, call, &request.key_id, action, |mut asked| {
        asked.context = asked.context.with_all("aws:TagKeys", &request.tag_keys);
        asked
    })?;
    key.require_not_pending()?;
    let id = key.id.clone();
    let tags = &mut key_mut(world, &id)?.tags;
    tags.retain(|name, _| !request.tag_keys.contains(name));
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListResourceTagsRequest {
    key_id: String,
    limit: Option<i64>,
    marker: Option<String>,
}

fn list_resource_tags(
    world: &mut World,
    call: &Call,
    request: ListResourceTagsRequest,
) -> Result<Value, Refusal> {
    let key = authorized(world, call, &request.key_id, "kms:ListResourceTags")?;
    let tags = key.tags.iter().map(|(name, value)| {
        let tag = json!({ "TagKey": name, "TagValue": value });
        (name.clone(), tag)
    });
    let page = Page {
        limit: request.limit,
        marker: request.marker.as_deref(),
        usual: 50,
        most: 50,
    };
    page.of("Tags", tags.collect())
}
