//! KMS operations on grants.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::{authorize, authorized, authorized_mut};
use crate::policy::{GRANT_OPERATIONS, Grant, GrantConstraints, NewGrant, Request};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("CreateGrant", create_grant),
        Operation::new("ListGrants", list_grants),
        Operation::new("RevokeGrant", revoke_grant),
    ]
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct Constraints {
    encryption_context_subset: Option<BTreeMap<String, String>>,
    encryption_context_equals: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateGrantRequest {
    key_id: String,
    grantee_principal: String,
    retiring_principal: Option<String>,
    operations: Vec<String>,
    #[serde(default)]
    constraints: Constraints,
    name: Option<String>,
}

fn create_grant(
    world: &mut World,
    call: &Call,
    request: CreateGrantRequest,
) -> Result<Value, Refusal> {
    if let Some(unknown) = request
        .operations
        .iter()
        .find(|name| !GRANT_OPERATIONS.contains(&name.as_str()))
    {
        return Err(Refusal::bad(
            "ValidationException",
            format!("{unknown:?} is not an operation that a grant can allow"),
        ));
    }
    for principal in [
        Some(&request.grantee_principal),
        request.retiring_principal.as_ref(),
    ]
    .into_iter()
    .flatten()
    {
        if !world.iam.principal_exists(principal) {
            return Err(Refusal::bad(
                "InvalidArnException",
                format!("ARN does not refer to a valid principal: {principal}"),
            ));
        }
    }
    let constraints = GrantConstraints {
        constraint_equals: request.constraints.encryption_context_equals,
        constraint_subset: request.constraints.encryption_context_subset,
    };
    let asked = NewGrant {
        grantee: request.grantee_principal.clone(),
        retiring_principal: request.retiring_principal.clone(),
        operations: request.operations.clone(),
        constraints: constraints.clone(),
    };
    let key = world.find_key(&request.key_id)?;
    authorize(
        world,
        key,
        Request::new(call.caller.clone(), "kms:CreateGrant").making(asked),
    )?;
    key.require_enabled()?;
    let grant = Grant {
        id: String::new(),
        name: request.name,
        grantee: request.grantee_principal,
        retiring_principal: request.retiring_principal,
        operations: request.operations,
        constraints,
    };
    // The same request under the same name is the same grant.
    let same = |known: &&Grant| {
        grant.name.is_some()
            && Grant {
                id: String::new(),
                ..(*known).clone()
            } == grant
    };
    let known = key.grants.iter().find(same).map(|known| known.id.clone());
    let key_id = key.id.clone();
    let id = known.unwrap_or_else(|| add(world, &key_id, grant));
    let token = world.uuid().replace('-', "");
    Ok(json!({ "GrantToken": token, "GrantId": id }))
}

fn add(world: &mut World, key: &str, grant: Grant) -> String {
    let id = format!("{}{}", world.uuid(), world.uuid()).replace('-', "");
    let now = world.now();
    if let Some(key) = world.kms.keys.get_mut(key) {
        key.grants.push(Grant {
            id: id.clone(),
            ..grant
        });
        key.granted.insert(id.clone(), now);
    }
    id
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListGrantsRequest {
    key_id: String,
    grant_id: Option<String>,
    grantee_principal: Option<String>,
    #[serde(rename = "Limit")]
    _limit: Option<u32>,
}

fn list_grants(
    world: &mut World,
    call: &Call,
    request: ListGrantsRequest,
) -> Result<Value, Refusal> {
    let key = authorized(world, call, &request.key_id, "kms:ListGrants")?;
    let grants: Vec<Value> = key
        .grants
        .iter()
        .filter(|grant| request.grant_id.as_ref().is_none_or(|id| *id == grant.id))
        .filter(|grant| {
            request
                .grantee_principal
                .as_ref()
                .is_none_or(|principal| *principal == grant.grantee)
        })
        .map(|grant| {
            json!({
                "KeyId": key.arn,
                "GrantId": grant.id,
                "Name": grant.name,
                "CreationDate": key.granted.get(&grant.id).map(|moment| world.timestamp(*moment)),
                "GranteePrincipal": grant.grantee,
                "RetiringPrincipal": grant.retiring_principal,
                "IssuingAccount": format!("arn:aws:iam::{}:root", world.account),
                "Operations": grant.operations,
                "Constraints": constraints_json(&grant.constraints),
            })
        })
        .collect();
    Ok(json!({ "Grants": grants, "Truncated": false }))
}

fn constraints_json(constraints: &GrantConstraints) -> Value {
    if constraints.constraint_equals.is_none() && constraints.constraint_subset.is_none() {
        return Value::Null;
    }
    json!({
        "EncryptionContextSubset": constraints.constraint_subset,
        "EncryptionContextEquals": constraints.constraint_equals,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RevokeGrantRequest {
    key_id: String,
    grant_id: String,
}

fn revoke_grant(
    world: &mut World,
    call: &Call,
    request: RevokeGrantRequest,
) -> Result<Value, Refusal> {
    let key = authorized_mut(world, call, &request.key_id, "kms:RevokeGrant")?;
    if !key.grants.iter().any(|grant| grant.id == request.grant_id) {
        let message = format!("Grant ID {} not found", request.grant_id);
        return Err(Refusal::bad("NotFoundException", message));
    }
    key.grants.retain(|grant| grant.id != request.grant_id);
    key.granted.remove(&request.grant_id);
    Ok(Value::Null)
}
