//! KMS operations on tags.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::{Page, authorized, authorized_mut};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("TagResource", tag_resource),
        Operation::new("UntagResource", untag_resource),
        Operation::new("ListResourceTags", list_resource_tags),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tag {
    pub(super) tag_key: String,
    pub(super) tag_value: String,
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
    let key = authorized_mut(world, call, &request.key_id, "kms:TagResource")?;
    key.require_not_pending()?;
    key.tags.extend(
        request
            .tags
            .into_iter()
            .map(|tag| (tag.tag_key, tag.tag_value)),
    );
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
    let key = authorized_mut(world, call, &request.key_id, "kms:UntagResource")?;
    key.require_not_pending()?;
    key.tags.retain(|name, _| !request.tag_keys.contains(name));
    Ok(Value::Null)
}

fn list_resource_tags(world: &mut World, call: &Call, request: Page) -> Result<Value, Refusal> {
    let name = request.key_id.unwrap_or_default();
    let key = authorized(world, call, &name, "kms:ListResourceTags")?;
    let tags: Vec<Value> = key
        .tags
        .iter()
        .map(|(name, value)| json!({ "TagKey": name, "TagValue": value }))
        .collect();
    Ok(json!({ "Tags": tags, "Truncated": false }))
}
