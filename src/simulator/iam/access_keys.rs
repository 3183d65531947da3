//! Access keys of users.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::refusals::{no_such, quota, validation};
use super::requests::page;
use super::{Credential, Holder, KEY_ID_LENGTH, unique_id};

/// Access keys that a user may have.
const KEYS: usize = 2;
const SECRET_LENGTH: usize = 40;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("CreateAccessKey", create),
        Operation::new("ListAccessKeys", list),
        Operation::new("UpdateAccessKey", update),
        Operation::new("DeleteAccessKey", delete),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OwnerRequest {
    user_name: Option<String>,
}

/// The name of the user that a request means.
fn owner(world: &World, call: &Call, name: Option<&str>) -> Result<String, Refusal> {
    let user = world.iam.user_or_caller(call, name)?;
    Ok(user.name.clone())
}

/// The long-lived keys of a user.
fn keys_of<'a>(world: &'a World, user: &str) -> impl Iterator<Item = (&'a String, &'a Credential)> {
    let holder = Holder::User(user.to_owned());
    let keys = world.iam.credentials.iter();
    keys.filter(move |(_, key)| key.expires.is_none() && key.holder == holder)
}

fn create(world: &mut World, call: &Call, request: OwnerRequest) -> Result<Value, Refusal> {
    let user = owner(world, call, request.user_name.as_deref())?;
    if keys_of(world, &user).count() >= KEYS {
        return Err(quota("AccessKeysPerUser", KEYS));
    }
    let id = unique_id(world, "AKIA", KEY_ID_LENGTH);
    let secret = secret(world);
    world.add_credential(&id, &secret, &user);
    Ok(json!({
        "AccessKey": {
            "UserName": user,
            "AccessKeyId": id,
            "Status": "Active",
            "SecretAccessKey": secret,
            "CreateDate": world.timestamp(world.now()),
        }
    }))
}

/// A secret access key as AWS makes them.
pub(in crate::simulator) fn secret(world: &mut World) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    (0..SECRET_LENGTH)
        .map(|_| char::from(LETTERS[usize::from(world.number(64))]))
        .collect()
}

fn status(key: &Credential) -> &'static str {
    if key.active { "Active" } else { "Inactive" }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListRequest {
    user_name: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

fn list(world: &mut World, call: &Call, request: ListRequest) -> Result<Value, Refusal> {
    let user = owner(world, call, request.user_name.as_deref())?;
    let view = |(id, key): (&String, &Credential)| {
        json!({
            "UserName": user,
            "AccessKeyId": id,
            "Status": status(key),
            "CreateDate": world.timestamp(key.created),
        })
    };
    let keys = keys_of(world, &user).map(view).collect();
    let (marker, max_items) = (request.marker.as_deref(), request.max_items);
    page("AccessKeyMetadata", keys, marker, max_items)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct KeyRequest {
    user_name: Option<String>,
    access_key_id: String,
}

/// The key of a request, if it is the user's.
fn own_key(
    world: &World,
    call: &Call,
    user_name: Option<&str>,
    access_key_id: &str,
) -> Result<String, Refusal> {
    let user = owner(world, call, user_name)?;
    keys_of(world, &user)
        .find(|(id, _)| *id == access_key_id)
        .map(|(id, _)| id.clone())
        .ok_or_else(|| {
            no_such(format!(
                "The Access Key with id {access_key_id} cannot be found."
            ))
        })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UpdateRequest {
    user_name: Option<String>,
    access_key_id: String,
    status: String,
}

fn update(world: &mut World, call: &Call, request: UpdateRequest) -> Result<Value, Refusal> {
    let user = request.user_name.as_deref();
    let id = own_key(world, call, user, &request.access_key_id)?;
    let active = match request.status.as_str() {
        "Active" => true,
        "Inactive" => false,
        other => {
            return Err(validation(format!(
                "1 validation error detected: Value '{other}' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive]"
            )));
        }
    };
    if let Some(key) = world.iam.credentials.get_mut(&id) {
        key.active = active;
    }
    Ok(Value::Null)
}

fn delete(world: &mut World, call: &Call, request: KeyRequest) -> Result<Value, Refusal> {
    let user = request.user_name.as_deref();
    let id = own_key(world, call, user, &request.access_key_id)?;
    world.iam.credentials.remove(&id);
    Ok(Value::Null)
}
