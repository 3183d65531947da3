//! KMS operations that make, describe and list keys.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::access::{
    asking, asking_about, authorize, authorize_by_identity, authorized, key_mut, with_key_kind,
};
use super::constraint::{check_length, only};
use super::cryptography::{naming, require_known_tokens};
use super::page::Page;
use super::policies::{checked_policy, default_policy};
use super::tags::{self, Tag};
use super::{Key, KeyState, NewKey, add_key, vanished};
use crate::policy::Request;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("CreateKey", create_key),
        Operation::new("DescribeKey", describe_key),
        Operation::new("ListKeys", list_keys),
        Operation::new("UpdateKeyDescription", update_key_description),
    ]
}

/// A request that names a key and nothing else.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct KeyRequest {
    pub(super) key_id: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct CreateKeyRequest {
    policy: Option<String>,
    description: String,
    key_usage: Option<String>,
    key_spec: Option<String>,
    customer_master_key_spec: Option<String>,
    origin: Option<String>,
    multi_region: bool,
    bypass_policy_lockout_safety_check: bool,
    tags: Vec<Tag>,
}

fn create_key(world: &mut World, call: &Call, request: CreateKeyRequest) -> Result<Value, Refusal> {
    let spec = request.key_spec.or(request.customer_master_key_spec);
    only("KeySpec", spec.as_deref(), "SYMMETRIC_DEFAULT")?;
    only("KeyUsage", request.key_usage.as_deref(), "ENCRYPT_DECRYPT")?;
    only("Origin", request.origin.as_deref(), "AWS_KMS")?;
    let multi_region = request.multi_region.then_some("true");
    only("MultiRegion", multi_region, "false")?;
    check_length(request.description.chars().count(), "description", 0..=8192)?;
    tags::check(&request.tags)?;
    let bypass = request.bypass_policy_lockout_safety_check;
    let asked = authorized_creation(world, call, &request.tags, bypass)?;
    // Whoever puts the next policy meets a key with these tags.
    let next = request.tags.iter().fold(asked, |asked, tag| {
        let name = format!("aws:ResourceTag/{}", tag.tag_key);
        asked.with(&name, tag.tag_value.clone())
    });
    let id = world.uuid();
    let policy_text = request
        .policy
        .unwrap_or_else(|| default_policy(&world.account));
    let arn = world.arn("kms", &format!("key/{id}"));
    let new = NewKey {
        id: id.clone(),
        description: request.description,
        policy: checked_policy(world, &next, &arn, &policy_text, bypass)?,
        policy_text,
        tags: tags::map(request.tags),
        managed_by_aws: false,
    };
    add_key(world, new);
    let key = world.kms.keys.get(&id).ok_or_else(vanished)?;
    Ok(json!({ "KeyMetadata": key_metadata(world, key) }))
}

/// Making a key is for identity policies to allow, and so is tagging it while it is made.
fn authorized_creation(
    world: &World,
    call: &Call,
    tags: &[Tag],
    bypass: bool,
) -> Result<Request, Refusal> {
    let mut creating = tags::tagging(asking(world, call, "kms:CreateKey"), tags)
        .with("kms:BypassPolicyLockoutSafetyCheck", bypass.to_string());
    creating.context = with_key_kind(creating.context);
    authorize_by_identity(world, "*", &creating)?;
    if !tags.is_empty() {
        let request = tags::tagging(asking(world, call, "kms:TagResource"), tags);
        authorize_by_identity(world, &world.arn("kms", "key/*"), &request)?;
    }
    Ok(creating)
}

fn key_metadata(world: &World, key: &Key) -> Value {
    let deletion = match key.state {
        KeyState::PendingDeletion { at, .. } => world.timestamp_ahead(at),
        KeyState::Enabled | KeyState::Disabled => Value::Null,
    };
    json!({
        "AWSAccountId": world.account,
        "KeyId": key.id,
        "Arn": key.arn,
        "CreationDate": world.timestamp(key.created),
        "Enabled": key.state == KeyState::Enabled,
        "Description": key.description,
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": key.state.name(),
        "DeletionDate": deletion,
        "Origin": "AWS_KMS",
        "KeyManager": if key.managed_by_aws { "AWS" } else { "CUSTOMER" },
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": false,
        "CurrentKeyMaterialId": key.current_material().map(|(_, material)| &material.id),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DescribeKeyRequest {
    key_id: String,
    #[serde(default)]
    grant_tokens: Vec<String>,
}

fn describe_key(
    world: &mut World,
    call: &Call,
    request: DescribeKeyRequest,
) -> Result<Value, Refusal> {
    let key = world.find_key(&request.key_id)?;
    require_known_tokens(world, &request.grant_tokens)?;
    let asked = asking_about(world, call, key, "kms:DescribeKey");
    authorize(world, key, &naming(asked, &request.key_id))?;
    Ok(json!({ "KeyMetadata": key_metadata(world, key) }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListKeysRequest {
    limit: Option<i64>,
    marker: Option<String>,
}

fn list_keys(world: &mut World, call: &Call, request: ListKeysRequest) -> Result<Value, Refusal> {
    authorize_by_identity(world, "*", &asking(world, call, "kms:ListKeys"))?;
    let keys = world.kms.keys.values();
    let listed = keys.map(|key| {
        let entry = json!({ "KeyId": key.id, "KeyArn": key.arn });
        (key.id.clone(), entry)
    });
    let page = Page {
        limit: request.limit,
        marker: request.marker.as_deref(),
        usual: 100,
        most: 1000,
    };
    page.of("Keys", listed.collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UpdateKeyDescriptionRequest {
    key_id: String,
    description: String,
}

fn update_key_description(
    world: &mut World,
    call: &Call,
    request: UpdateKeyDescriptionRequest,
) -> Result<Value, Refusal> {
    check_length(request.description.chars().count(), "description", 0..=8192)?;
    let key = authorized(world, call, &request.key_id, "kms:UpdateKeyDescription")?;
    key.require_not_pending()?;
    let id = key.id.clone();
    key_mut(world, &id)?.description = request.description;
    Ok(Value::Null)
}
