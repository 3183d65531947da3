//! Users: made, described and deleted.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::refusals::{delete_conflict, exists, no_such_user, validation};
use super::requests::{
    Named, NamedPage, PathPage, Tag, check_name, checked_path, tag_list, tags_of,
};
use super::{Holder, ID_LENGTH, Iam, Permissions, User, unique_id};
use crate::policy::CallerKind;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("CreateUser", create_user),
        Operation::new("GetUser", get),
        Operation::new("ListUsers", list),
        Operation::new("DeleteUser", delete),
        Operation::new("ListUserTags", list_tags),
        Operation::new("ListAccountAliases", list_account_aliases),
    ]
}

/// Makes a user without permissions.
pub(in crate::simulator) fn create<'a>(
    world: &'a mut World,
    path: &str,
    name: &str,
    tags: BTreeMap<String, String>,
) -> &'a User {
    let user = User {
        path: path.to_owned(),
        name: name.to_owned(),
        id: unique_id(world, "AIDA", ID_LENGTH),
        arn: format!("arn:aws:iam::{}:user{path}{name}", world.account),
        created: world.now(),
        permissions: Permissions::default(),
        tags,
    };
    let entry = world.iam.users.entry(name.to_owned());
    entry.insert_entry(user).into_mut()
}

impl Iam {
    pub(super) fn user(&self, name: &str) -> Result<&User, Refusal> {
        self.users.get(name).ok_or_else(|| no_such_user(name))
    }

    pub(super) fn user_mut(&mut self, name: &str) -> Result<&mut User, Refusal> {
        self.users.get_mut(name).ok_or_else(|| no_such_user(name))
    }

    /// The user that a request means: the caller when it names none.
    pub(super) fn user_or_caller(&self, call: &Call, name: Option<&str>) -> Result<&User, Refusal> {
        match name {
            Some(name) => self.user(name),
            None if call.caller.kind == CallerKind::User => {
                let arn = &call.caller.arn;
                let own = self.users.values().find(|user| user.arn == *arn);
                own.ok_or_else(|| no_such_user(arn))
            }
            None => Err(validation(
                "Must specify userName when calling with non-User credentials",
            )),
        }
    }
}

/// A user as lists show it; they leave tags out.
fn view(world: &World, user: &User) -> Value {
    json!({
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": world.timestamp(user.created),
    })
}

fn full_view(world: &World, user: &User) -> Value {
    let mut view = view(world, user);
    if !user.tags.is_empty() {
        view["Tags"] = tag_list(&user.tags).into();
    }
    view
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateRequest {
    path: Option<String>,
    user_name: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

fn create_user(world: &mut World, _call: &Call, request: CreateRequest) -> Result<Value, Refusal> {
    let name = request.user_name;
    check_name("userName", &name, 64)?;
    let path = checked_path(request.path)?;
    if world
        .iam
        .users
        .keys()
        .any(|known| known.eq_ignore_ascii_case(&name))
    {
        return Err(exists(format!("User with name {name} already exists.")));
    }
    create(world, &path, &name, tags_of(request.tags));
    let user = world.iam.user(&name)?;
    Ok(json!({ "User": full_view(world, user) }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetRequest {
    user_name: Option<String>,
}

fn get(world: &mut World, call: &Call, request: GetRequest) -> Result<Value, Refusal> {
    let user = world
        .iam
        .user_or_caller(call, request.user_name.as_deref())?;
    Ok(json!({ "User": full_view(world, user) }))
}

fn list(world: &mut World, _call: &Call, request: PathPage) -> Result<Value, Refusal> {
    let users = world.iam.users.values();
    let covered = users.filter(|user| request.covers(&user.path));
    request.of("Users", covered.map(|user| view(world, user)).collect())
}

fn delete(world: &mut World, _call: &Call, request: Named) -> Result<Value, Refusal> {
    let user = world.iam.user(&request.name)?;
    let (arn, id) = (user.arn.clone(), user.id.clone());
    let holder = Holder::User(request.name.clone());
    let is_own = |key: &super::Credential| key.holder == holder && key.expires.is_none();
    if world.iam.credentials.values().any(is_own) {
        return Err(delete_conflict(
            "Cannot delete entity, must delete access keys first.",
        ));
    }
    user.permissions.require_none()?;
    world.iam.users.remove(&request.name);
    world.iam.credentials.retain(|_, key| key.holder != holder);
    super::principal_deleted(world, &arn, &id);
    Ok(Value::Null)
}

fn list_tags(world: &mut World, _call: &Call, request: NamedPage) -> Result<Value, Refusal> {
    let tags = tag_list(&world.iam.user(&request.name)?.tags);
    request.of("Tags", tags)
}

/// The account has no alias, as accounts begin.
fn list_account_aliases(
    _world: &mut World,
    _call: &Call,
    request: PathPage,
) -> Result<Value, Refusal> {
    request.of("AccountAliases", Vec::new())
}
