//! KMS operations on key policies.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::{KeyRequest, authorized, authorized_mut};
use crate::policy::Policy;
use crate::policy::validate::{NewKeyPolicy, check_key_policy};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("GetKeyPolicy", get_key_policy),
        Operation::new("PutKeyPolicy", put_key_policy),
        Operation::new("ListKeyPolicies", list_key_policies),
    ]
}

pub(super) fn default_policy(account: &str) -> String {
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

pub(super) fn checked_policy(
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
