//! What roles and users are given: attached managed policies and inline ones.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::refusals::{
    invalid_input, limit_exceeded, no_such, no_such_policy, no_such_user, quota,
};
use super::requests::{NamedPage, check_name, starts_with};
use super::{Iam, Permissions, documents, managed};

pub(super) fn operations() -> Vec<Operation> {
    use Kind::{Role, User};
    vec![
        Operation::new("AttachRolePolicy", |world, _, request| {
            attach(world, Role, request)
        }),
        Operation::new("AttachUserPolicy", |world, _, request| {
            attach(world, User, request)
        }),
        Operation::new("DetachRolePolicy", |world, _, request| {
            detach(world, Role, request)
        }),
        Operation::new("DetachUserPolicy", |world, _, request| {
            detach(world, User, request)
        }),
        Operation::new("ListAttachedRolePolicies", |world, _, request| {
            list_attached(world, Role, request)
        }),
        Operation::new("ListAttachedUserPolicies", |world, _, request| {
            list_attached(world, User, request)
        }),
        Operation::new("PutRolePolicy", |world, _, request| {
            put(world, Role, request)
        }),
        Operation::new("PutUserPolicy", |world, _, request| {
            put(world, User, request)
        }),
        Operation::new("GetRolePolicy", |world, _, request| {
            get(world, Role, request)
        }),
        Operation::new("GetUserPolicy", |world, _, request| {
            get(world, User, request)
        }),
        Operation::new("DeleteRolePolicy", |world, _, request| {
            delete(world, Role, request)
        }),
        Operation::new("DeleteUserPolicy", |world, _, request| {
            delete(world, User, request)
        }),
        Operation::new("ListRolePolicies", |world, _, request| {
            list(world, Role, request)
        }),
        Operation::new("ListUserPolicies", |world, _, request| {
            list(world, User, request)
        }),
        Operation::new("ListGroupsForUser", list_groups),
    ]
}

/// The two kinds of principal that have policies here; groups are not simulated.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Role,
    User,
}

impl Kind {
    fn noun(self) -> &'static str {
        match self {
            Kind::Role => "role",
            Kind::User => "user",
        }
    }

    /// Characters of all inline policies together, white space not counted.
    fn inline_quota(self) -> usize {
        match self {
            Kind::Role => 10_240,
            Kind::User => 2048,
        }
    }

    fn attachment_quota(self) -> &'static str {
        match self {
            Kind::Role => "PoliciesPerRole",
            Kind::User => "PoliciesPerUser",
        }
    }
}

/// Managed policies that can be attached to one principal; an account can have it raised to 20.
const ATTACHMENTS: usize = 10;

impl Iam {
    fn permissions(&self, kind: Kind, name: &str) -> Result<&Permissions, Refusal> {
        match kind {
            Kind::Role => self.role(name).map(|role| &role.permissions),
            Kind::User => self
                .users
                .get(name)
                .map(|user| &user.permissions)
                .ok_or_else(|| no_such_user(name)),
        }
    }

    /// Permissions that may be changed: not those of service-linked roles.
    fn own_permissions_mut(&mut self, kind: Kind, name: &str) -> Result<&mut Permissions, Refusal> {
        match kind {
            Kind::Role => self.own_role_mut(name).map(|role| &mut role.permissions),
            Kind::User => self.user_mut(name).map(|user| &mut user.permissions),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AttachmentRequest {
    #[serde(alias = "RoleName", alias = "UserName")]
    name: String,
    #[serde(rename = "PolicyArn")]
    policy_arn: String,
}

fn attach(world: &mut World, kind: Kind, request: AttachmentRequest) -> Result<Value, Refusal> {
    let AttachmentRequest { name, policy_arn } = request;
    world.iam.own_permissions_mut(kind, &name)?;
    check_attachable(&world.iam, &policy_arn)?;
    let permissions = world.iam.own_permissions_mut(kind, &name)?;
    if !permissions.has_attached(&policy_arn) && permissions.attached().len() >= ATTACHMENTS {
        return Err(quota(kind.attachment_quota(), ATTACHMENTS));
    }
    permissions.attach(&policy_arn);
    world.iam.bring_into_force();
    Ok(Value::Null)
}

fn check_attachable(iam: &Iam, arn: &str) -> Result<(), Refusal> {
    if !arn.starts_with("arn:") {
        return Err(invalid_input(format!("ARN {arn} is not valid.")));
    }
    match managed::of_aws(arn) {
        Some(policy) if policy.path == "/aws-service-role/" => Err(Refusal::bad(
            "PolicyNotAttachable",
            "Cannot attach a Service Role Policy to a Customer Role.",
        )),
        Some(_) => Ok(()),
        None if iam.policies.contains_key(arn) => Ok(()),
        None => Err(no_such(format!(
            "Policy {arn} does not exist or is not attachable."
        ))),
    }
}

fn detach(world: &mut World, kind: Kind, request: AttachmentRequest) -> Result<Value, Refusal> {
    let permissions = world.iam.own_permissions_mut(kind, &request.name)?;
    if !permissions.detach(&request.policy_arn) {
        return Err(no_such_policy(&request.policy_arn));
    }
    world.iam.bring_into_force();
    Ok(Value::Null)
}

fn list_attached(world: &mut World, kind: Kind, request: NamedPage) -> Result<Value, Refusal> {
    let attached = world.iam.permissions(kind, &request.name)?.attached();
    let below = |arn: &&String| {
        let (path, _) = path_and_name(arn);
        starts_with(&path, request.path_prefix.as_deref())
    };
    let policies = attached
        .iter()
        .filter(below)
        .map(|arn| json!({ "PolicyName": path_and_name(arn).1, "PolicyArn": arn }))
        .collect();
    request.of("AttachedPolicies", policies)
}

/// `arn:aws:iam::…:policy/path/name` as `/path/` and `name`.
pub(super) fn path_and_name(policy_arn: &str) -> (String, &str) {
    let resource = policy_arn
        .split_once(":policy")
        .map_or("/", |(_, rest)| rest);
    let (path, name) = resource.rsplit_once('/').unwrap_or_default();
    (format!("{path}/"), name)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PutRequest {
    #[serde(alias = "RoleName", alias = "UserName")]
    name: String,
    #[serde(rename = "PolicyName")]
    policy_name: String,
    #[serde(rename = "PolicyDocument")]
    document: String,
}

fn put(world: &mut World, kind: Kind, request: PutRequest) -> Result<Value, Refusal> {
    let permissions = world.iam.own_permissions_mut(kind, &request.name)?;
    check_name("policyName", &request.policy_name, 128)?;
    documents::identity_policy(&request.document)?;
    let others = permissions
        .inline()
        .iter()
        .filter(|(name, _)| **name != request.policy_name)
        .map(|(_, document)| documents::counted_length(document));
    let size = others.sum::<usize>() + documents::counted_length(&request.document);
    let limit = kind.inline_quota();
    if size > limit {
        return Err(limit_exceeded(format!(
            "Maximum policy size of {limit} bytes exceeded for {} {}",
            kind.noun(),
            request.name
        )));
    }
    permissions
        .inline_mut()
        .insert(request.policy_name, request.document);
    world.iam.bring_into_force();
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InlineRequest {
    #[serde(alias = "RoleName", alias = "UserName")]
    name: String,
    #[serde(rename = "PolicyName")]
    policy_name: String,
}

fn no_such_inline(kind: Kind, name: &str) -> Refusal {
    no_such(format!(
        "The {} policy with name {name} cannot be found.",
        kind.noun()
    ))
}

fn get(world: &mut World, kind: Kind, request: InlineRequest) -> Result<Value, Refusal> {
    let inline = world.iam.permissions(kind, &request.name)?.inline();
    let document = inline
        .get(&request.policy_name)
        .ok_or_else(|| no_such_inline(kind, &request.policy_name))?;
    let holder = match kind {
        Kind::Role => "RoleName",
        Kind::User => "UserName",
    };
    Ok(json!({
        holder: request.name,
        "PolicyName": request.policy_name,
        "PolicyDocument": documents::encoded(document),
    }))
}

fn delete(world: &mut World, kind: Kind, request: InlineRequest) -> Result<Value, Refusal> {
    let permissions = world.iam.own_permissions_mut(kind, &request.name)?;
    permissions
        .inline_mut()
        .remove(&request.policy_name)
        .ok_or_else(|| no_such_inline(kind, &request.policy_name))?;
    world.iam.bring_into_force();
    Ok(Value::Null)
}

fn list(world: &mut World, kind: Kind, request: NamedPage) -> Result<Value, Refusal> {
    let inline = world.iam.permissions(kind, &request.name)?.inline();
    let names = inline.keys().map(|name| json!(name)).collect();
    request.of("PolicyNames", names)
}

/// Nobody is in a group: there are none.
fn list_groups(world: &mut World, _call: &Call, request: NamedPage) -> Result<Value, Refusal> {
    world.iam.permissions(Kind::User, &request.name)?;
    request.of("Groups", Vec::new())
}
