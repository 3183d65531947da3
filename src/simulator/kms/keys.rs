//! KMS operations on keys: making, describing, switching, ending, rotating.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::{self, World};
use super::policies::{checked_policy, default_policy};
use super::tags::Tag;
use super::{
    DELETION_WINDOW, Event, Key, KeyRequest, KeyState, Page, authorized, authorized_mut, days,
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("CreateKey", create_key),
        Operation::new("DescribeKey", describe_key),
        Operation::new("ListKeys", list_keys),
        Operation::new("EnableKey", enable_key),
        Operation::new("DisableKey", disable_key),
        Operation::new("ScheduleKeyDeletion", schedule_key_deletion),
        Operation::new("CancelKeyDeletion", cancel_key_deletion),
        Operation::new("EnableKeyRotation", enable_key_rotation),
        Operation::new("DisableKeyRotation", disable_key_rotation),
        Operation::new("GetKeyRotationStatus", get_key_rotation_status),
        Operation::new("UpdateKeyDescription", update_key_description),
    ]
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
    only("KeyUsage", request.key_usage.as_deref(), "ENCRYPT_DECRYPT")?;
    only("KeySpec", spec.as_deref(), "SYMMETRIC_DEFAULT")?;
    only("Origin", request.origin.as_deref(), "AWS_KMS")?;
    if request.multi_region {
        return Err(Refusal::bad(
            "UnsupportedOperationException",
            "multi-Region keys are not simulated",
        ));
    }
    let id = world.uuid();
    let policy_text = request
        .policy
        .unwrap_or_else(|| default_policy(&world.account));
    let arn = world.arn("kms", &format!("key/{id}"));
    let policy = checked_policy(
        world,
        call,
        &arn,
        &policy_text,
        request.bypass_policy_lockout_safety_check,
    )?;
    let key = Key {
        id: id.clone(),
        arn,
        description: request.description,
        created: world.now(),
        state: KeyState::Enabled,
        policy_text,
        policy,
        grants: Vec::new(),
        granted: BTreeMap::new(),
        rotation_days: None,
        tags: request
            .tags
            .into_iter()
            .map(|tag| (tag.tag_key, tag.tag_value))
            .collect(),
        managed_by_aws: false,
    };
    let metadata = key_metadata(world, &key);
    world.kms.keys.insert(id, key);
    Ok(json!({ "KeyMetadata": metadata }))
}

fn only(member: &str, value: Option<&str>, supported: &str) -> Result<(), Refusal> {
    match value {
        Some(other) if other != supported => Err(Refusal::bad(
            "UnsupportedOperationException",
            format!("{member} {other} is not simulated"),
        )),
        _ => Ok(()),
    }
}

fn key_metadata(world: &World, key: &Key) -> Value {
    let (deletion, days) = match key.state {
        KeyState::PendingDeletion { at, days } => (world.timestamp_ahead(at), json!(days)),
        KeyState::Enabled | KeyState::Disabled => (Value::Null, Value::Null),
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
        "DeletionDate": if days.is_null() { Value::Null } else { deletion },
        "Origin": "AWS_KMS",
        "KeyManager": if key.managed_by_aws { "AWS" } else { "CUSTOMER" },
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": false,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DescribeKeyRequest {
    key_id: String,
    #[serde(default, rename = "GrantTokens")]
    _grant_tokens: Vec<String>,
}

fn describe_key(
    world: &mut World,
    call: &Call,
    request: DescribeKeyRequest,
) -> Result<Value, Refusal> {
    let key = authorized(world, call, &request.key_id, "kms:DescribeKey")?;
    Ok(json!({ "KeyMetadata": key_metadata(world, key) }))
}

fn list_keys(world: &mut World, _call: &Call, _request: Page) -> Result<Value, Refusal> {
    let keys: Vec<Value> = world
        .kms
        .keys
        .values()
        .map(|key| json!({ "KeyId": key.id, "KeyArn": key.arn }))
        .collect();
    Ok(json!({ "Keys": keys, "Truncated": false }))
}

fn enable_key(world: &mut World, call: &Call, request: KeyRequest) -> Result<Value, Refusal> {
    set_state(
        world,
        call,
        &request.key_id,
        "kms:EnableKey",
        KeyState::Enabled,
    )
}

fn disable_key(world: &mut World, call: &Call, request: KeyRequest) -> Result<Value, Refusal> {
    set_state(
        world,
        call,
        &request.key_id,
        "kms:DisableKey",
        KeyState::Disabled,
    )
}

fn set_state(
    world: &mut World,
    call: &Call,
    name: &str,
    action: &str,
    state: KeyState,
) -> Result<Value, Refusal> {
    let key = authorized_mut(world, call, name, action)?;
    key.require_not_pending()?;
    key.state = state;
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ScheduleKeyDeletionRequest {
    key_id: String,
    #[serde(default = "longest_window")]
    pending_window_in_days: u32,
}

fn longest_window() -> u32 {
    *DELETION_WINDOW.end()
}

fn schedule_key_deletion(
    world: &mut World,
    call: &Call,
    request: ScheduleKeyDeletionRequest,
) -> Result<Value, Refusal> {
    let window = request.pending_window_in_days;
    if !DELETION_WINDOW.contains(&window) {
        return Err(Refusal::bad(
            "ValidationException",
            "PendingWindowInDays must be between 7 and 30 (inclusive)",
        ));
    }
    let at = world.now() + days(window);
    let key = authorized_mut(world, call, &request.key_id, "kms:ScheduleKeyDeletion")?;
    key.require_not_pending()?;
    key.state = KeyState::PendingDeletion { at, days: window };
    let (id, arn) = (key.id.clone(), key.arn.clone());
    world.schedule(days(window), world::Event::Kms(Event::Deleted { key: id }));
    Ok(json!({
        "KeyId": arn,
        "DeletionDate": world.timestamp_ahead(at),
        "KeyState": "PendingDeletion",
        "PendingWindowInDays": window,
    }))
}

fn cancel_key_deletion(
    world: &mut World,
    call: &Call,
    request: KeyRequest,
) -> Result<Value, Refusal> {
    let key = authorized_mut(world, call, &request.key_id, "kms:CancelKeyDeletion")?;
    if !matches!(key.state, KeyState::PendingDeletion { .. }) {
        let message = format!(
            "{} is not pending deletion (or pending replica deletion).",
            key.arn
        );
        return Err(Refusal::bad("KMSInvalidStateException", message));
    }
    // Cancelling leaves the key disabled; enabling it is a step of its own.
    key.state = KeyState::Disabled;
    Ok(json!({ "KeyId": key.arn }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct EnableKeyRotationRequest {
    key_id: String,
    #[serde(default = "yearly")]
    rotation_period_in_days: u32,
}

fn yearly() -> u32 {
    365
}

fn enable_key_rotation(
    world: &mut World,
    call: &Call,
    request: EnableKeyRotationRequest,
) -> Result<Value, Refusal> {
    let key = authorized_mut(world, call, &request.key_id, "kms:EnableKeyRotation")?;
    key.require_enabled()?;
    key.rotation_days = Some(request.rotation_period_in_days);
    Ok(Value::Null)
}

fn disable_key_rotation(
    world: &mut World,
    call: &Call,
    request: KeyRequest,
) -> Result<Value, Refusal> {
    let key = authorized_mut(world, call, &request.key_id, "kms:DisableKeyRotation")?;
    key.require_enabled()?;
    key.rotation_days = None;
    Ok(Value::Null)
}

fn get_key_rotation_status(
    world: &mut World,
    call: &Call,
    request: KeyRequest,
) -> Result<Value, Refusal> {
    let key = authorized(world, call, &request.key_id, "kms:GetKeyRotationStatus")?;
    key.require_not_pending()?;
    Ok(json!({
        "KeyRotationEnabled": key.rotation_days.is_some(),
        "KeyId": key.arn,
        "RotationPeriodInDays": key.rotation_days,
        "NextRotationDate": key.rotation_days.map(|period| world.timestamp_ahead(key.created + days(period))),
    }))
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
    let key = authorized_mut(world, call, &request.key_id, "kms:UpdateKeyDescription")?;
    key.require_not_pending()?;
    key.description = request.description;
    Ok(Value::Null)
}
