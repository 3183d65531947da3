//! KMS operations on aliases.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::{Alias, Page, authorized};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("CreateAlias", create_alias),
        Operation::new("UpdateAlias", update_alias),
        Operation::new("DeleteAlias", delete_alias),
        Operation::new("ListAliases", list_aliases),
    ]
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
