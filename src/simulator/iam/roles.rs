//! Roles: made, described, changed and deleted.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::refusals::{
    delete_conflict, exists, malformed, no_such_role, protected, quota, validation,
};
use super::requests::{
    Named, NamedPage, PathPage, Tag, check_name, checked_path, tag_list, tags_of,
};
use super::{ID_LENGTH, Iam, Permissions, Role, Trust, documents, unique_id};

/// How long a role's sessions may last when it does not say.
const MAX_SESSION: Duration = Duration::from_secs(3600);
/// What `MaxSessionDuration` may be, in seconds.
const SESSION_LIMITS: std::ops::RangeInclusive<u64> = 3600..=43_200;
/// Characters of a trust policy, white space not counted.
const TRUST_QUOTA: usize = 2048;
const TAG_QUOTA: usize = 50;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("CreateRole", create),
        Operation::new("GetRole", get),
        Operation::new("ListRoles", list),
        Operation::new("UpdateRole", update),
        Operation::new("UpdateRoleDescription", update_description),
        Operation::new("UpdateAssumeRolePolicy", update_trust),
        Operation::new("DeleteRole", delete),
        Operation::new("TagRole", tag),
        Operation::new("UntagRole", untag),
        Operation::new("ListRoleTags", list_tags),
    ]
}

/// What a role is made from, checked.
pub(super) struct NewRole {
    pub(super) path: String,
    pub(super) name: String,
    pub(super) trust: Trust,
    pub(super) description: Option<String>,
    pub(super) max_session: Option<Duration>,
    pub(super) permissions: Permissions,
    pub(super) tags: BTreeMap<String, String>,
}

/// Makes a role that a service assumes, with managed policies, and returns its ARN.
/// `Iam::bring_into_force` has to follow.
pub(in crate::simulator) fn create_for_service(
    world: &mut World,
    name: &str,
    service: &str,
    policies: Vec<String>,
) -> Option<String> {
    let new = NewRole {
        path: "/".to_owned(),
        name: name.to_owned(),
        trust: Trust::of_service(service)?,
        description: None,
        max_session: None,
        permissions: Permissions::of_managed(policies),
        tags: BTreeMap::new(),
    };
    Some(make(world, new).arn.clone())
}

pub(super) fn make(world: &mut World, new: NewRole) -> &Role {
    let role = Role {
        id: unique_id(world, "AROA", ID_LENGTH),
        arn: format!(
            "arn:aws:iam::{}:role{}{}",
            world.account, new.path, new.name
        ),
        path: new.path,
        name: new.name.clone(),
        created: world.now(),
        description: new.description,
        max_session: new.max_session.unwrap_or(MAX_SESSION),
        trust: new.trust,
        permissions: new.permissions,
        tags: new.tags,
    };
    let entry = world.iam.roles.entry(new.name);
    entry.insert_entry(role).into_mut()
}

impl Iam {
    pub(super) fn role(&self, name: &str) -> Result<&Role, Refusal> {
        self.roles.get(name).ok_or_else(|| no_such_role(name))
    }

    pub(super) fn role_mut(&mut self, name: &str) -> Result<&mut Role, Refusal> {
        self.roles.get_mut(name).ok_or_else(|| no_such_role(name))
    }

    /// A role that may be changed.
    pub(super) fn own_role_mut(&mut self, name: &str) -> Result<&mut Role, Refusal> {
        let role = self.role_mut(name)?;
        if role.is_service_linked() {
            return Err(protected(name));
        }
        Ok(role)
    }
}

/// A role as lists show it; `GetRole` tells more.
pub(super) fn view(world: &World, role: &Role) -> Value {
    json!({
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": world.timestamp(role.created),
        "AssumeRolePolicyDocument": documents::encoded(&role.trust.text),
        "Description": role.description,
        "MaxSessionDuration": role.max_session.as_secs(),
    })
}

/// Lists leave tags out, as the service's documentation says. When a role was last used is not
/// recorded: a call that reads must not change the world.
fn full_view(world: &World, role: &Role) -> Value {
    let mut view = view(world, role);
    if !role.tags.is_empty() {
        view["Tags"] = tag_list(&role.tags).into();
    }
    view["RoleLastUsed"] = json!({});
    view
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateRequest {
    path: Option<String>,
    role_name: String,
    assume_role_policy_document: String,
    description: Option<String>,
    max_session_duration: Option<u64>,
    #[serde(default)]
    tags: Vec<Tag>,
}

fn create(world: &mut World, _call: &Call, request: CreateRequest) -> Result<Value, Refusal> {
    let name = request.role_name;
    check_name("roleName", &name, 64)?;
    let path = checked_path(request.path)?;
    if path.starts_with("/aws-service-role/") {
        return Err(validation(
            "The path /aws-service-role/ is reserved for service-linked roles.",
        ));
    }
    let max_session = request.max_session_duration.map(session).transpose()?;
    // Names differ by more than the case of letters.
    if world
        .iam
        .roles
        .keys()
        .any(|known| known.eq_ignore_ascii_case(&name))
    {
        return Err(exists(format!("Role with name {name} already exists.")));
    }
    let new = NewRole {
        trust: checked_trust(&world.iam, &request.assume_role_policy_document)?,
        path,
        name,
        description: request.description.filter(|text| !text.is_empty()),
        max_session,
        permissions: Permissions::default(),
        tags: checked_tags(tags_of(request.tags))?,
    };
    let name = new.name.clone();
    make(world, new);
    let role = world.iam.role(&name)?;
    let mut view = view(world, role);
    if !role.tags.is_empty() {
        view["Tags"] = tag_list(&role.tags).into();
    }
    Ok(json!({ "Role": view }))
}

fn checked_trust(iam: &Iam, text: &str) -> Result<Trust, Refusal> {
    if text.is_empty() {
        return Err(malformed("The policy is empty."));
    }
    let trust = documents::trust_policy(iam, text)?;
    if documents::counted_length(text) > TRUST_QUOTA {
        return Err(quota("ACLSizePerRole", TRUST_QUOTA));
    }
    Ok(trust)
}

fn checked_tags(tags: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Refusal> {
    if tags.len() > TAG_QUOTA {
        return Err(quota("TagsPerRole", TAG_QUOTA));
    }
    Ok(tags)
}

fn session(seconds: u64) -> Result<Duration, Refusal> {
    if SESSION_LIMITS.contains(&seconds) {
        return Ok(Duration::from_secs(seconds));
    }
    let bound = if seconds < *SESSION_LIMITS.start() {
        format!("greater than or equal to {}", SESSION_LIMITS.start())
    } else {
        format!("less than or equal to {}", SESSION_LIMITS.end())
    };
    Err(validation(format!(
        "1 validation error detected: Value '{seconds}' at 'maxSessionDuration' failed to satisfy constraint: Member must have value {bound}"
    )))
}

fn get(world: &mut World, _call: &Call, request: Named) -> Result<Value, Refusal> {
    let role = world.iam.role(&request.name)?;
    Ok(json!({ "Role": full_view(world, role) }))
}

fn list(world: &mut World, _call: &Call, request: PathPage) -> Result<Value, Refusal> {
    let roles = world.iam.roles.values();
    let covered = roles.filter(|role| request.covers(&role.path));
    request.of("Roles", covered.map(|role| view(world, role)).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UpdateRequest {
    role_name: String,
    description: Option<String>,
    max_session_duration: Option<u64>,
}

/// The description of a service-linked role can be changed, nothing else of it.
fn update(world: &mut World, _call: &Call, request: UpdateRequest) -> Result<Value, Refusal> {
    let max_session = request.max_session_duration.map(session).transpose()?;
    let role = match max_session {
        Some(_) => world.iam.own_role_mut(&request.role_name)?,
        None => world.iam.role_mut(&request.role_name)?,
    };
    if let Some(description) = request.description {
        role.description = Some(description).filter(|text| !text.is_empty());
    }
    role.max_session = max_session.unwrap_or(role.max_session);
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UpdateDescriptionRequest {
    role_name: String,
    description: String,
}

fn update_description(
    world: &mut World,
    _call: &Call,
    request: UpdateDescriptionRequest,
) -> Result<Value, Refusal> {
    let role = world.iam.role_mut(&request.role_name)?;
    role.description = Some(request.description).filter(|text| !text.is_empty());
    let role = world.iam.role(&request.role_name)?;
    Ok(json!({ "Role": view(world, role) }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UpdateTrustRequest {
    role_name: String,
    policy_document: String,
}

fn update_trust(
    world: &mut World,
    _call: &Call,
    request: UpdateTrustRequest,
) -> Result<Value, Refusal> {
    world.iam.own_role_mut(&request.role_name)?;
    let trust = checked_trust(&world.iam, &request.policy_document)?;
    world.iam.own_role_mut(&request.role_name)?.trust = trust;
    Ok(Value::Null)
}

fn delete(world: &mut World, _call: &Call, request: Named) -> Result<Value, Refusal> {
    let role = world.iam.own_role_mut(&request.name)?;
    role.permissions.require_none()?;
    let held = |profile: &super::InstanceProfile| profile.role.as_ref() == Some(&request.name);
    if world.iam.instance_profiles.values().any(held) {
        return Err(delete_conflict(
            "Cannot delete entity, must remove roles from instance profile first.",
        ));
    }
    remove(world, &request.name);
    Ok(Value::Null)
}

/// Takes a role out of the world. Its sessions are nobody's from then on, and policies that name it
/// show its id.
pub(super) fn remove(world: &mut World, name: &str) {
    if let Some(role) = world.iam.roles.remove(name) {
        super::principal_deleted(world, &role.arn, &role.id);
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TagRequest {
    role_name: String,
    tags: Vec<Tag>,
}

fn tag(world: &mut World, _call: &Call, request: TagRequest) -> Result<Value, Refusal> {
    let role = world.iam.role_mut(&request.role_name)?;
    let mut tags = role.tags.clone();
    tags.extend(tags_of(request.tags));
    role.tags = checked_tags(tags)?;
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UntagRequest {
    role_name: String,
    tag_keys: Vec<String>,
}

fn untag(world: &mut World, _call: &Call, request: UntagRequest) -> Result<Value, Refusal> {
    let role = world.iam.role_mut(&request.role_name)?;
    role.tags.retain(|key, _| !request.tag_keys.contains(key));
    Ok(Value::Null)
}

fn list_tags(world: &mut World, _call: &Call, request: NamedPage) -> Result<Value, Refusal> {
    let tags = tag_list(&world.iam.role(&request.name)?.tags);
    request.of("Tags", tags)
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{call, world};
    use super::*;

    fn create(world: &mut World, name: &str, principal: &Value) -> Value {
        let trust = json!({
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"},
        });
        let role = json!({"RoleName": name, "AssumeRolePolicyDocument": trust.to_string()});
        call(world, "iam", "CreateRole", role).unwrap()["Role"].clone()
    }

    #[test]
    fn whoever_trusted_a_deleted_role_trusts_its_id_and_not_its_successor() {
        let mut world = world();
        let service = json!({"Service": "ec2.amazonaws.com"});
        let first = create(&mut world, "first", &service);
        create(&mut world, "second", &json!({"AWS": first["Arn"]}));
        call(
            &mut world,
            "iam",
            "DeleteRole",
            json!({"RoleName": "first"}),
        )
        .unwrap();
        let again = create(&mut world, "first", &service);
        assert_ne!(again["RoleId"], first["RoleId"]);
        let trust = &world.iam.roles["second"].trust.text;
        assert!(trust.contains(first["RoleId"].as_str().unwrap()), "{trust}");
        assert!(!trust.contains(first["Arn"].as_str().unwrap()), "{trust}");
    }

    #[test]
    fn at_most_ten_policies_are_attached_and_inline_ones_have_a_size() {
        let mut world = world();
        create(&mut world, "full", &json!({"Service": "ec2.amazonaws.com"}));
        let attach = |world: &mut World, arn: &str| {
            let request = json!({"RoleName": "full", "PolicyArn": arn});
            call(world, "iam", "AttachRolePolicy", request)
        };
        let arns: Vec<&String> = super::super::managed::OF_AWS
            .keys()
            .filter(|arn| !arn.contains("/aws-service-role/"))
            .collect();
        for arn in &arns[..10] {
            attach(&mut world, arn).unwrap();
        }
        let refusal = attach(&mut world, arns[10]).unwrap_err();
        assert_eq!(
            refusal.message,
            "Cannot exceed quota for PoliciesPerRole: 10"
        );
        let document = json!({
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": vec!["kms:Decrypt"; 1000], "Resource": "*"},
        });
        let put = json!({
            "RoleName": "full", "PolicyName": "long", "PolicyDocument": document.to_string(),
        });
        let refusal = call(&mut world, "iam", "PutRolePolicy", put).unwrap_err();
        assert_eq!(
            refusal.message,
            "Maximum policy size of 10240 bytes exceeded for role full"
        );
    }
}
