//! KMS operations by which those whom a grant concerns give it up.

use serde::Deserialize;
use serde_json::Value;

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::Key;
use super::access::{asking, asking_about, authorize_by_identity, key_mut};
use super::constraint::{refuse_dry_run, validation};
use super::grants::{entries, entry, grants_page, remove, require_grant};
use crate::policy::{Caller, Decision, Grant, PolicySource, decide};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("RetireGrant", retire_grant),
        Operation::new("ListRetirableGrants", list_retirable_grants),
    ]
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct RetireGrantRequest {
    grant_token: Option<String>,
    key_id: Option<String>,
    grant_id: Option<String>,
    dry_run: Option<bool>,
}

fn retire_grant(
    world: &mut World,
    call: &Call,
    request: RetireGrantRequest,
) -> Result<Value, Refusal> {
    let (key, grant) = named_grant(world, &request)?;
    authorize_retiring(world, call, key, grant)?;
    refuse_dry_run(request.dry_run)?;
    let (key, grant) = (key.id.clone(), grant.id.clone());
    remove(key_mut(world, &key)?, &grant);
    Ok(Value::Null)
}

/// The grant that a token names, or a key and an id.
fn named_grant<'a>(
    world: &'a World,
    request: &RetireGrantRequest,
) -> Result<(&'a Key, &'a Grant), Refusal> {
    match (&request.grant_token, &request.key_id, &request.grant_id) {
        (Some(token), None, None) => of_token(world, token).ok_or_else(|| {
            Refusal::bad(
                "InvalidGrantTokenException",
                "The specified grant token is not valid.",
            )
        }),
        (None, Some(key), Some(id)) => {
            let key = world.find_key_itself(key)?;
            Ok((key, require_grant(key, id)?))
        }
        _ => Err(validation(
            "Specify either a grant token, or a key id and a grant id.",
        )),
    }
}

fn of_token<'a>(world: &'a World, token: &String) -> Option<(&'a Key, &'a Grant)> {
    world.kms.keys.values().find_map(|key| {
        let (id, _) = key
            .issued
            .iter()
            .find(|(_, issued)| issued.tokens.contains(token))?;
        Some((key, require_grant(key, id).ok()?))
    })
}

/// "Permission to retire a grant is determined primarily by the grant": its retiring principal may, its
/// grantee if it lists `RetireGrant`, and the account in which it was made, which can delegate that to
/// its principals by `kms:RetireGrant` in an identity policy. A key policy has no say, but for a `Deny`.
fn authorize_retiring(world: &World, call: &Call, key: &Key, grant: &Grant) -> Result<(), Refusal> {
    let request = asking_about(world, call, key, "kms:RetireGrant");
    let by_account = authorize_by_identity(world, &key.arn, &request);
    if is_allowed_by_grant(&call.caller, grant) {
        let decision = decide(&world.key_access(key, &call.caller), &request);
        return match decision {
            Decision::ExplicitDeny { by, .. } if by.source != PolicySource::KeyPolicy => by_account,
            _ => Ok(()),
        };
    }
    by_account
}

fn is_allowed_by_grant(caller: &Caller, grant: &Grant) -> bool {
    let is_caller =
        |arn: &str| arn == caller.arn || caller.role_arn.as_deref().is_some_and(|role| role == arn);
    grant.retiring_principal.as_deref().is_some_and(is_caller)
        || (is_caller(&grant.grantee) && grant.operations.iter().any(|name| name == "RetireGrant"))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListRetirableGrantsRequest {
    retiring_principal: String,
    limit: Option<i64>,
    marker: Option<String>,
}

fn list_retirable_grants(
    world: &mut World,
    call: &Call,
    request: ListRetirableGrantsRequest,
) -> Result<Value, Refusal> {
    let asked = asking(world, call, "kms:ListRetirableGrants");
    authorize_by_identity(world, "*", &asked)?;
    let retiring = request.retiring_principal.as_str();
    if !world.iam.principal_exists(retiring) {
        return Err(Refusal::bad(
            "InvalidArnException",
            format!("ARN does not refer to a valid principal: {retiring}"),
        ));
    }
    let keys = world.kms.keys.values();
    let all = keys.flat_map(|key| key.grants.iter().map(move |grant| (key, grant)));
    let theirs = all.filter(|(_, grant)| grant.retiring_principal.as_deref() == Some(retiring));
    let page = grants_page(request.limit, request.marker.as_deref());
    let entries = entries(theirs.map(|(key, grant)| entry(world, key, grant)));
    page.of("Grants", entries)
}
