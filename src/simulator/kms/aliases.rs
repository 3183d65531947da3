//! KMS operations on aliases. They need leave for the alias, from an identity policy, and for the key.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::Alias;
use super::access::{asking, authorize_by_identity, authorized};
use super::constraint::{check_name, validation};
use super::page::Page;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("CreateAlias", create_alias),
        Operation::new("UpdateAlias", update_alias),
        Operation::new("DeleteAlias", delete_alias),
        Operation::new("ListAliases", list_aliases),
    ]
}

/// Most aliases of one key (quota).
const MOST_ALIASES: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AliasRequest {
    alias_name: String,
    target_key_id: String,
}

fn create_alias(world: &mut World, call: &Call, request: AliasRequest) -> Result<Value, Refusal> {
    let name = own_alias_name(&request.alias_name)?.to_owned();
    authorize_alias(world, call, &name, "kms:CreateAlias")?;
    if world.kms.aliases.contains_key(&name) {
        let arn = world.arn("kms", &name);
        return Err(Refusal::bad(
            "AlreadyExistsException",
            format!("An alias with the name {arn} already exists"),
        ));
    }
    let target = target(world, call, &request.target_key_id, "kms:CreateAlias")?;
    let alias = Alias {
        target,
        created: world.now(),
        updated: world.now(),
    };
    world.kms.aliases.insert(name, alias);
    Ok(Value::Null)
}

/// The id of a key that may get one more alias.
fn target(world: &World, call: &Call, name: &str, action: &str) -> Result<String, Refusal> {
    if name.starts_with("alias/") || name.contains(":alias/") {
        return Err(validation("Aliases must refer to keys. Not aliases"));
    }
    let key = authorized(world, call, name, action)?;
    key.require_not_pending()?;
    let aliases = world.kms.aliases.values();
    if aliases.filter(|alias| alias.target == key.id).count() >= MOST_ALIASES {
        let message = format!("{} has {MOST_ALIASES} aliases.", key.arn);
        return Err(Refusal::bad("LimitExceededException", message));
    }
    Ok(key.id.clone())
}

fn own_alias_name(name: &str) -> Result<&str, Refusal> {
    check_name(name, "aliasName")?;
    match name.strip_prefix("alias/") {
        None | Some("") => Err(validation("Invalid identifier")),
        Some(rest) if rest.starts_with("aws/") => Err(Refusal::bad("NotAuthorizedException", "")),
        Some(rest) if rest.contains(':') => Err(validation(format!(
            "{name} contains invalid characters for an alias"
        ))),
        Some(_) => Ok(name),
    }
}

fn authorize_alias(world: &World, call: &Call, name: &str, action: &str) -> Result<(), Refusal> {
    let arn = world.arn("kms", name);
    authorize_by_identity(world, &arn, &asking(world, call, action))
}

/// The key that an existing alias stands for, if the caller may `action` on alias and key.
fn current_key(world: &World, call: &Call, name: &str, action: &str) -> Result<String, Refusal> {
    authorize_alias(world, call, name, action)?;
    let id = world.find_key(name)?.id.clone();
    authorized(world, call, &id, action)?;
    Ok(id)
}

/// An alias can be taken away from a key that is pending deletion, but not given to one.
fn update_alias(world: &mut World, call: &Call, request: AliasRequest) -> Result<Value, Refusal> {
    let name = own_alias_name(&request.alias_name)?;
    current_key(world, call, name, "kms:UpdateAlias")?;
    let target = target(world, call, &request.target_key_id, "kms:UpdateAlias")?;
    let now = world.now();
    if let Some(alias) = world.kms.aliases.get_mut(name) {
        alias.target = target;
        alias.updated = now;
    }
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteAliasRequest {
    alias_name: String,
}

fn delete_alias(
    world: &mut World,
    call: &Call,
    request: DeleteAliasRequest,
) -> Result<Value, Refusal> {
    let name = own_alias_name(&request.alias_name)?;
    current_key(world, call, name, "kms:DeleteAlias")?;
    world.kms.aliases.remove(name);
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListAliasesRequest {
    key_id: Option<String>,
    limit: Option<i64>,
    marker: Option<String>,
}

fn list_aliases(
    world: &mut World,
    call: &Call,
    request: ListAliasesRequest,
) -> Result<Value, Refusal> {
    authorize_by_identity(world, "*", &asking(world, call, "kms:ListAliases"))?;
    let wanted = request
        .key_id
        .map(|name| world.find_key_itself(&name).map(|key| key.id.clone()))
        .transpose()?;
    let listed = world
        .kms
        .aliases
        .iter()
        .filter(|(_, alias)| wanted.as_ref().is_none_or(|id| *id == alias.target));
    let entries = listed.map(|(name, alias)| {
        let entry = json!({
            "AliasName": name,
            "AliasArn": world.arn("kms", name),
            "TargetKeyId": alias.target,
            "CreationDate": world.timestamp(alias.created),
            "LastUpdatedDate": world.timestamp(alias.updated),
        });
        (name.clone(), entry)
    });
    let page = Page {
        limit: request.limit,
        marker: request.marker.as_deref(),
        usual: 50,
        most: 100,
    };
    page.of("Aliases", entries.collect())
}
