//! KMS operations that make, list and revoke grants.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::access::{asking_about, authorize, authorized, key_mut};
use super::constraint::{check_name, refuse_dry_run, validation, violated};
use super::cryptography::require_known_tokens;
use super::page::Page;
use super::{Issued, Key};
use crate::policy::validate::is_principal_arn;
use crate::policy::{
    GRANT_OPERATIONS, Grant, GrantConstraints, NewGrant, SYMMETRIC_GRANT_OPERATIONS,
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("CreateGrant", create_grant),
        Operation::new("ListGrants", list_grants),
        Operation::new("RevokeGrant", revoke_grant),
    ]
}

/// Most grants on one key (quota).
const MOST_GRANTS: usize = 50_000;
/// Most pairs of a constraint, and most characters of a pair's value.
const MOST_PAIRS: usize = 8;
const MOST_CHARACTERS: usize = 384;

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
    #[serde(default)]
    grant_tokens: Vec<String>,
    name: Option<String>,
    dry_run: Option<bool>,
}

fn create_grant(
    world: &mut World,
    call: &Call,
    request: CreateGrantRequest,
) -> Result<Value, Refusal> {
    check_request(&request)?;
    let key = world.find_key_itself(&request.key_id)?;
    require_known_tokens(world, &request.grant_tokens)?;
    let named = [
        Some(&request.grantee_principal),
        request.retiring_principal.as_ref(),
    ];
    for principal in named.into_iter().flatten() {
        require_principal(world, principal)?;
    }
    let dry_run = request.dry_run;
    let grant = asked_for(request);
    let asked = NewGrant {
        grantee: grant.grantee.clone(),
        retiring_principal: grant.retiring_principal.clone(),
        operations: grant.operations.clone(),
        constraints: grant.constraints.clone(),
    };
    let asking = asking_about(world, call, key, "kms:CreateGrant").making(asked);
    authorize(world, key, &asking)?;
    key.require_enabled()?;
    refuse_dry_run(dry_run)?;
    if key.grants.len() >= MOST_GRANTS {
        let message = format!("{} has {MOST_GRANTS} grants.", key.arn);
        return Err(Refusal::bad("LimitExceededException", message));
    }
    let (key_id, known) = (key.id.clone(), same_grant(key, &grant));
    let id = match known {
        Some(id) => id,
        None => add(world, &key_id, grant)?,
    };
    let token = token(world);
    if let Some(issued) = key_mut(world, &key_id)?.issued.get_mut(&id) {
        issued.tokens.push(token.clone());
    }
    Ok(json!({ "GrantToken": token, "GrantId": id }))
}

/// The same request under the same name is the same grant.
fn same_grant(key: &Key, grant: &Grant) -> Option<String> {
    grant.name.as_ref()?;
    let same = |known: &&Grant| {
        let asked = Grant {
            id: known.id.clone(),
            ..grant.clone()
        };
        **known == asked
    };
    key.grants.iter().find(same).map(|known| known.id.clone())
}

fn asked_for(request: CreateGrantRequest) -> Grant {
    Grant {
        id: String::new(),
        name: request.name,
        grantee: request.grantee_principal,
        retiring_principal: request.retiring_principal,
        operations: request.operations,
        constraints: GrantConstraints {
            constraint_equals: request.constraints.encryption_context_equals,
            constraint_subset: request.constraints.encryption_context_subset,
        },
    }
}

fn check_request(request: &CreateGrantRequest) -> Result<(), Refusal> {
    let listed = format!("[{}]", request.operations.join(", "));
    let among = |operation: &String, known: &[&str]| known.contains(&operation.as_str());
    if request.operations.is_empty() {
        return Err(validation("A grant must have at least one operation."));
    }
    if !request
        .operations
        .iter()
        .all(|operation| among(operation, GRANT_OPERATIONS))
    {
        let all = GRANT_OPERATIONS.join(", ");
        let must = format!("satisfy constraint: [Member must satisfy enum value set: [{all}]]");
        return Err(violated(listed, "operations", must));
    }
    if let Some(other) = request
        .operations
        .iter()
        .find(|operation| !among(operation, SYMMETRIC_GRANT_OPERATIONS))
    {
        return Err(validation(format!(
            "The operation {other} is not supported by a symmetric encryption key."
        )));
    }
    if let Some(name) = &request.name {
        check_name(name, "name")?;
    }
    check_constraints(&request.constraints)
}

fn check_constraints(constraints: &Constraints) -> Result<(), Refusal> {
    let both = [
        &constraints.encryption_context_subset,
        &constraints.encryption_context_equals,
    ];
    for pairs in both.into_iter().flatten() {
        if pairs.len() > MOST_PAIRS {
            return Err(validation(format!(
                "A grant constraint can have at most {MOST_PAIRS} encryption context pairs."
            )));
        }
        if pairs
            .values()
            .any(|value| value.chars().count() > MOST_CHARACTERS)
        {
            return Err(validation(format!(
                "An encryption context value of a grant constraint can have at most {MOST_CHARACTERS} characters."
            )));
        }
    }
    Ok(())
}

/// Users, roles, sessions and accounts; services and groups are none. Other accounts cannot be looked
/// into, so what is well formed there is taken to exist.
fn require_principal(world: &World, arn: &str) -> Result<(), Refusal> {
    let foreign = arn.split(':').nth(4) != Some(&world.account);
    if world.iam.principal_exists(arn) || (foreign && is_principal_arn(arn)) {
        return Ok(());
    }
    Err(Refusal::bad(
        "InvalidArnException",
        format!("ARN does not refer to a valid principal: {arn}"),
    ))
}

fn add(world: &mut World, key: &str, grant: Grant) -> Result<String, Refusal> {
    let id = hexadecimal(world);
    let issued = Issued {
        at: world.now(),
        tokens: Vec::new(),
    };
    let key = key_mut(world, key)?;
    key.grants.push(Grant {
        id: id.clone(),
        ..grant
    });
    key.issued.insert(id.clone(), issued);
    Ok(id)
}

/// 64 digits, as ids of grants are.
fn hexadecimal(world: &mut World) -> String {
    format!("{}{}", world.uuid(), world.uuid()).replace('-', "")
}

/// Says nothing to a client; tokens of KMS are longer.
fn token(world: &mut World) -> String {
    format!("{}{}", hexadecimal(world), hexadecimal(world))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListGrantsRequest {
    key_id: String,
    grant_id: Option<String>,
    grantee_principal: Option<String>,
    limit: Option<i64>,
    marker: Option<String>,
}

fn list_grants(
    world: &mut World,
    call: &Call,
    request: ListGrantsRequest,
) -> Result<Value, Refusal> {
    let key = authorized(world, call, &request.key_id, "kms:ListGrants")?;
    let wanted = |grant: &&Grant| {
        request.grant_id.as_ref().is_none_or(|id| *id == grant.id)
            && request
                .grantee_principal
                .as_ref()
                .is_none_or(|principal| *principal == grant.grantee)
    };
    let listed = key.grants.iter().filter(wanted);
    let page = grants_page(request.limit, request.marker.as_deref());
    page.of(
        "Grants",
        entries(listed.map(|grant| entry(world, key, grant))),
    )
}

pub(super) fn grants_page(limit: Option<i64>, marker: Option<&str>) -> Page<'_> {
    Page {
        limit,
        marker,
        usual: 50,
        most: 100,
    }
}

/// In the order in which grants were made, whatever key they are on.
pub(super) fn entries(listed: impl Iterator<Item = (String, Value)>) -> Vec<(String, Value)> {
    let mut entries: Vec<(String, Value)> = listed.collect();
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    entries
}

/// A grant as lists tell it, under a name that sorts by time.
pub(super) fn entry(world: &World, key: &Key, grant: &Grant) -> (String, Value) {
    let made = key.issued.get(&grant.id).map(|issued| issued.at);
    let micros = made.map_or(0, |at| at.micros());
    let entry = json!({
        "KeyId": key.arn,
        "GrantId": grant.id,
        "Name": grant.name,
        "CreationDate": made.map(|at| world.timestamp(at)),
        "GranteePrincipal": grant.grantee,
        "RetiringPrincipal": grant.retiring_principal,
        "IssuingAccount": format!("arn:aws:iam::{}:root", world.account),
        "Operations": grant.operations,
        "Constraints": constraints_json(&grant.constraints),
    });
    (format!("{micros:020} {}", grant.id), entry)
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
    dry_run: Option<bool>,
}

fn revoke_grant(
    world: &mut World,
    call: &Call,
    request: RevokeGrantRequest,
) -> Result<Value, Refusal> {
    let key = authorized(world, call, &request.key_id, "kms:RevokeGrant")?;
    require_grant(key, &request.grant_id)?;
    refuse_dry_run(request.dry_run)?;
    let id = key.id.clone();
    remove(key_mut(world, &id)?, &request.grant_id);
    Ok(Value::Null)
}

pub(super) fn require_grant<'a>(key: &'a Key, id: &str) -> Result<&'a Grant, Refusal> {
    key.grants
        .iter()
        .find(|grant| grant.id == id)
        .ok_or_else(|| Refusal::bad("NotFoundException", format!("Grant ID {id} not found")))
}

pub(super) fn remove(key: &mut Key, grant: &str) {
    key.grants.retain(|known| known.id != grant);
    key.issued.remove(grant);
}
