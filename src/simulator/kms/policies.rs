//! KMS operations on key policies, and what becomes of a policy whose principals go.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::access::{asking_about, authorize, authorized, authorized_with, key_mut};
use super::page::Page;
use crate::policy::validate::{NewKeyPolicy, PolicyRefusal, check_key_policy};
use crate::policy::{Policy, Request};

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

/// The policy that a document says, if `request` may put it. `bypass` lets it lock its caller out.
pub(super) fn checked_policy(
    world: &World,
    request: &Request,
    key_arn: &str,
    text: &str,
    bypass: bool,
) -> Result<Policy, Refusal> {
    // Other accounts cannot be looked into: their principals are taken to exist.
    let exists = |arn: &str| {
        arn.split(':').nth(4) != Some(&world.account) || world.iam.principal_exists(arn)
    };
    let new = NewKeyPolicy {
        document: text,
        request,
        identity: world.iam.policies_of(&request.caller),
        key_arn,
        account: &world.account,
        bypass_lockout_check: bypass,
        principal_exists: &exists,
    };
    check_key_policy(&new).map_err(|refused| {
        let refusal = Refusal::bad(refused.exception(), refused.message());
        match refused {
            // The message is empty, as observed; a client's debug output shows what is wrong.
            PolicyRefusal::Malformed { hint } => refusal.with("hint", hint),
            _ => refusal,
        }
    })
}

/// Puts the unique id (`AROA…`, `AIDA…`) of a role or user that was deleted where its ARN stood in key
/// policies and grants, as AWS does: whoever comes to the same name later is somebody else.
pub fn principal_deleted(world: &mut World, arn: &str, unique_id: &str) {
    for key in world.kms.keys.values_mut() {
        if let Some((text, policy)) = renamed(&key.policy_text, arn, unique_id) {
            key.policy_text = text;
            key.policy = policy;
        }
        for grant in &mut key.grants {
            if grant.grantee == arn {
                unique_id.clone_into(&mut grant.grantee);
            }
            if grant.retiring_principal.as_deref() == Some(arn) {
                grant.retiring_principal = Some(unique_id.to_owned());
            }
        }
    }
}

/// The document with another name for a principal; `None` when it does not name it.
fn renamed(text: &str, arn: &str, unique_id: &str) -> Option<(String, Policy)> {
    let mut document: Value = serde_json::from_str(text).ok()?;
    let statements = match document.get_mut("Statement")? {
        Value::Array(statements) => statements.as_mut_slice(),
        single => std::slice::from_mut(single),
    };
    let mut found = false;
    for statement in statements {
        for element in ["Principal", "NotPrincipal"] {
            let names = match statement
                .get_mut(element)
                .and_then(|kinds| kinds.get_mut("AWS"))
            {
                Some(Value::Array(names)) => names.as_mut_slice(),
                Some(single) => std::slice::from_mut(single),
                None => continue,
            };
            for name in names.iter_mut().filter(|name| *name == arn) {
                *name = json!(unique_id);
                found = true;
            }
        }
    }
    let written = if text.contains('\n') {
        serde_json::to_string_pretty(&document).ok()?
    } else {
        document.to_string()
    };
    let policy = Policy::parse(&written).ok().filter(|_| found)?;
    Some((written, policy))
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
    let name = request.policy_name.as_deref().unwrap_or(DEFAULT);
    let key = authorized_with(world, call, &request.key_id, "kms:GetKeyPolicy", |asked| {
        asked.with("kms:PolicyName", name)
    })?;
    require_default_name(name)?;
    Ok(json!({ "Policy": key.policy_text, "PolicyName": DEFAULT }))
}

/// The only name that a key policy can have.
const DEFAULT: &str = "default";

fn require_default_name(name: &str) -> Result<(), Refusal> {
    if name == DEFAULT {
        return Ok(());
    }
    Err(Refusal::bad("NotFoundException", "No such policy exists"))
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
    let name = request.policy_name.as_deref().unwrap_or(DEFAULT);
    let bypass = request.bypass_policy_lockout_safety_check;
    let key = world.find_key_itself(&request.key_id)?;
    let asked = asking_about(world, call, key, "kms:PutKeyPolicy")
        .with("kms:PolicyName", name)
        .with("kms:BypassPolicyLockoutSafetyCheck", bypass.to_string());
    authorize(world, key, &asked)?;
    require_default_name(name)?;
    let policy = checked_policy(world, &asked, &key.arn, &request.policy, bypass)?;
    let id = key.id.clone();
    let key = key_mut(world, &id)?;
    key.policy = policy;
    key.policy_text = request.policy;
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListKeyPoliciesRequest {
    key_id: String,
    limit: Option<i64>,
    marker: Option<String>,
}

fn list_key_policies(
    world: &mut World,
    call: &Call,
    request: ListKeyPoliciesRequest,
) -> Result<Value, Refusal> {
    authorized(world, call, &request.key_id, "kms:ListKeyPolicies")?;
    let page = Page {
        limit: request.limit,
        marker: request.marker.as_deref(),
        usual: 100,
        most: 1000,
    };
    page.of("PolicyNames", vec![(DEFAULT.to_owned(), json!(DEFAULT))])
}
