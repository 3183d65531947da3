//! KMS operations on keys, policies, aliases and tags.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::{Alias, DELETION_WINDOW, Event, Key, KeyState, authorized, authorized_mut, days};
use crate::policy::Policy;
use crate::policy::validate::{NewKeyPolicy, check_key_policy};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("CreateKey", create_key),
        Operation::new("DescribeKey", describe_key),
        Operation::new("ListKeys", list_keys),
        Operation::new("GetKeyPolicy", get_key_policy),
        Operation::new("PutKeyPolicy", put_key_policy),
        Operation::new("ListKeyPolicies", list_key_policies),
        Operation::new("EnableKey", enable_key),
        Operation::new("DisableKey", disable_key),
        Operation::new("ScheduleKeyDeletion", schedule_key_deletion),
        Operation::new("CancelKeyDeletion", cancel_key_deletion),
        Operation::new("EnableKeyRotation", enable_key_rotation),
        Operation::new("DisableKeyRotation", disable_key_rotation),
        Operation::new("GetKeyRotationStatus", get_key_rotation_status),
        Operation::new("UpdateKeyDescription", update_key_description),
        Operation::new("CreateAlias", create_alias),
        Operation::new("UpdateAlias", update_alias),
        Operation::new("DeleteAlias", delete_alias),
        Operation::new("ListAliases", list_aliases),
        Operation::new("TagResource", tag_resource),
        Operation::new("UntagResource", untag_resource),
        Operation::new("ListResourceTags", list_resource_tags),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct KeyRequest {
    key_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Tag {
    tag_key: String,
    tag_value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
#[derive(Default)]
struct Page {
    /// Paging is not needed for so few entries: everything comes on the first page.
    #[serde(rename = "Limit")]
    _limit: Option<u32>,
    key_id: Option<String>,
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

fn default_policy(account: &str) -> String {
    json!({
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [{
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": { "AWS": format!("arn:aws:iam::{account}:root") },
            "Action": "kms:*",
            "Resource": "*"
        }]
    })
    .to_string()
}

fn checked_policy(
    world: &World,
    call: &Call,
    key_arn: &str,
    text: &str,
    bypass: bool,
) -> Result<Policy, Refusal> {
    let exists = |arn: &str| world.iam.principal_exists(arn);
    let new = NewKeyPolicy {
        document: text,
        caller: &call.caller,
        identity: world.iam.policies_of(&call.caller),
        key_arn,
        account: &world.account,
        bypass_lockout_check: bypass,
        principal_exists: &exists,
    };
    check_key_policy(&new).map_err(|refusal| Refusal::bad(refusal.exception(), refusal.message()))
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

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetKeyPolicyRequest {
    key_id: String,
    policy_name: Option<String>,
}

fn get_key_policy(
    world: &mut World,
    call: &Call,
    request: GetKeyPolicyRequest,
) -> Result<Value, Refusal> {
    let key = authorized(world, call, &request.key_id, "kms:GetKeyPolicy")?;
    require_default_name(request.policy_name.as_deref())?;
    Ok(json!({ "Policy": key.policy_text, "PolicyName": "default" }))
}

fn require_default_name(name: Option<&str>) -> Result<(), Refusal> {
    match name {
        None | Some("default") => Ok(()),
        Some(_) => Err(Refusal::bad("NotFoundException", "No such policy exists")),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutKeyPolicyRequest {
    key_id: String,
    policy_name: Option<String>,
    policy: String,
    #[serde(default)]
    bypass_policy_lockout_safety_check: bool,
}

fn put_key_policy(
    world: &mut World,
    call: &Call,
    request: PutKeyPolicyRequest,
) -> Result<Value, Refusal> {
    let key = authorized(world, call, &request.key_id, "kms:PutKeyPolicy")?;
    require_default_name(request.policy_name.as_deref())?;
    let bypass = request.bypass_policy_lockout_safety_check;
    let policy = checked_policy(world, call, &key.arn, &request.policy, bypass)?;
    let key = authorized_mut(world, call, &request.key_id, "kms:PutKeyPolicy")?;
    key.policy = policy;
    key.policy_text = request.policy;
    Ok(Value::Null)
}

fn list_key_policies(
    world: &mut World,
    call: &Call,
    request: KeyRequest,
) -> Result<Value, Refusal> {
    authorized(world, call, &request.key_id, "kms:ListKeyPolicies")?;
    Ok(json!({ "PolicyNames": ["default"], "Truncated": false }))
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
    world.schedule(
        days(window),
        super::super::world::Event::Kms(Event::Deleted { key: id }),
    );
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

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AliasRequest {
    alias_name: String,
    target_key_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteAliasRequest {
    alias_name: String,
}

fn create_alias(world: &mut World, call: &Call, request: AliasRequest) -> Result<Value, Refusal> {
    let name = own_alias_name(&request.alias_name)?.to_owned();
    if world.kms.aliases.contains_key(&name) {
        let arn = world.arn("kms", &name);
        return Err(Refusal::bad(
            "AlreadyExistsException",
            format!("An alias with the name {arn} already exists"),
        ));
    }
    let key = authorized(world, call, &request.target_key_id, "kms:CreateAlias")?;
    key.require_not_pending()?;
    let alias = Alias {
        target: key.id.clone(),
        created: world.now(),
        updated: world.now(),
    };
    world.kms.aliases.insert(name, alias);
    Ok(Value::Null)
}

fn own_alias_name(name: &str) -> Result<&str, Refusal> {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-".contains(&byte);
    match name.strip_prefix("alias/") {
        Some(rest) if rest.starts_with("aws/") => Err(Refusal::bad(
            "NotAuthorizedException",
            "the prefix alias/aws/ is reserved for AWS managed keys",
        )),
        Some(rest) if !rest.is_empty() && rest.bytes().all(fine) => Ok(name),
        _ => Err(Refusal::bad(
            "ValidationException",
            format!("alias name {name:?} must be alias/ and letters, digits, `/`, `_` or `-`"),
        )),
    }
}

fn update_alias(world: &mut World, call: &Call, request: AliasRequest) -> Result<Value, Refusal> {
    let name = own_alias_name(&request.alias_name)?.to_owned();
    let target = authorized(world, call, &request.target_key_id, "kms:UpdateAlias")?
        .id
        .clone();
    let now = world.now();
    let alias = world.kms.aliases.get_mut(&name);
    let alias = alias
        .ok_or_else(|| Refusal::bad("NotFoundException", format!("Alias {name} is not found.")))?;
    alias.target = target;
    alias.updated = now;
    Ok(Value::Null)
}

fn delete_alias(
    world: &mut World,
    call: &Call,
    request: DeleteAliasRequest,
) -> Result<Value, Refusal> {
    let name = own_alias_name(&request.alias_name)?;
    authorized(world, call, name, "kms:DeleteAlias")?;
    world.kms.aliases.remove(name);
    Ok(Value::Null)
}

fn list_aliases(world: &mut World, _call: &Call, request: Page) -> Result<Value, Refusal> {
    let wanted = request
        .key_id
        .map(|name| world.find_key(&name).map(|key| key.id.clone()))
        .transpose()?;
    let aliases: Vec<Value> = world
        .kms
        .aliases
        .iter()
        .filter(|(_, alias)| wanted.as_ref().is_none_or(|id| *id == alias.target))
        .map(|(name, alias)| {
            json!({
                "AliasName": name,
                "AliasArn": world.arn("kms", name),
                "TargetKeyId": alias.target,
                "CreationDate": world.timestamp(alias.created),
                "LastUpdatedDate": world.timestamp(alias.updated),
            })
        })
        .collect();
    Ok(json!({ "Aliases": aliases, "Truncated": false }))
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
