//! Instance profiles: what hands a role to instances.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::clock::Moment;
use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::authorization::authorize_passing;
use super::refusals::{delete_conflict, exists, no_such_profile, no_such_role, protected, quota};
use super::requests::{
    Named, NamedPage, PathPage, Tag, check_name, checked_path, tag_list, tags_of,
};
use super::{ID_LENGTH, Iam, Role, roles, unique_id};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("CreateInstanceProfile", create_profile),
        Operation::new("GetInstanceProfile", get),
        Operation::new("ListInstanceProfiles", list),
        Operation::new("ListInstanceProfilesForRole", list_for_role),
        Operation::new("DeleteInstanceProfile", delete_profile),
        Operation::new("AddRoleToInstanceProfile", add_role),
        Operation::new("RemoveRoleFromInstanceProfile", remove_role),
    ]
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InstanceProfile {
    /// With slashes at both ends, `/` for none.
    pub path: String,
    pub name: String,
    /// `AIPA…`
    pub id: String,
    pub arn: String,
    pub created: Moment,
    /// Name of the one role that it can hold.
    pub role: Option<String>,
    pub tags: BTreeMap<String, String>,
}

/// Makes an instance profile that holds a role, given by name or ARN, and returns its ARN. One of
/// this name that exists is replaced: names of services' own profiles are unique.
pub(in crate::simulator) fn create(world: &mut World, name: &str, role: &str) -> String {
    let role = world
        .iam
        .role_by_name_or_arn(role)
        .map(|role| role.name.clone());
    make(world, "/", name, role, BTreeMap::new())
}

pub(super) fn make(
    world: &mut World,
    path: &str,
    name: &str,
    role: Option<String>,
    tags: BTreeMap<String, String>,
) -> String {
    let arn = format!(
        "arn:aws:iam::{}:instance-profile{path}{name}",
        world.account
    );
    let profile = InstanceProfile {
        path: path.to_owned(),
        name: name.to_owned(),
        id: unique_id(world, "AIPA", ID_LENGTH),
        arn: arn.clone(),
        created: world.now(),
        role,
        tags,
    };
    world.iam.instance_profiles.insert(name.to_owned(), profile);
    arn
}

/// Deletes an instance profile with its hold on a role; none of this name is as well.
pub(in crate::simulator) fn delete(world: &mut World, name: &str) {
    world.iam.instance_profiles.remove(name);
}

impl Iam {
    /// The instance profile with this name or ARN.
    pub(in crate::simulator) fn instance_profile(
        &self,
        name_or_arn: &str,
    ) -> Option<&InstanceProfile> {
        let name = name_or_arn.rsplit('/').next()?;
        self.instance_profiles
            .get(name)
            .filter(|profile| name == name_or_arn || profile.arn == name_or_arn)
    }

    /// The role that instances with this profile (name or ARN) have.
    pub(in crate::simulator) fn role_of_instance_profile(&self, profile: &str) -> Option<&Role> {
        self.roles
            .get(self.instance_profile(profile)?.role.as_ref()?)
    }
}

fn view(world: &World, profile: &InstanceProfile) -> Value {
    let role = profile
        .role
        .as_ref()
        .and_then(|name| world.iam.roles.get(name));
    let mut view = json!({
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn,
        "CreateDate": world.timestamp(profile.created),
        "Roles": role.map(|role| roles::view(world, role)).into_iter().collect::<Vec<_>>(),
    });
    if !profile.tags.is_empty() {
        view["Tags"] = tag_list(&profile.tags).into();
    }
    view
}

impl Iam {
    fn profile(&self, name: &str) -> Result<&InstanceProfile, Refusal> {
        self.instance_profiles
            .get(name)
            .ok_or_else(|| no_such_profile(name))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateRequest {
    instance_profile_name: String,
    path: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

fn create_profile(
    world: &mut World,
    _call: &Call,
    request: CreateRequest,
) -> Result<Value, Refusal> {
    let name = request.instance_profile_name;
    check_name("instanceProfileName", &name, 128)?;
    let path = checked_path(request.path)?;
    let mut known = world.iam.instance_profiles.keys();
    if known.any(|known| known.eq_ignore_ascii_case(&name)) {
        return Err(exists(format!("Instance Profile {name} already exists.")));
    }
    make(world, &path, &name, None, tags_of(request.tags));
    let profile = world.iam.profile(&name)?;
    Ok(json!({ "InstanceProfile": view(world, profile) }))
}

fn get(world: &mut World, _call: &Call, request: Named) -> Result<Value, Refusal> {
    let profile = world.iam.profile(&request.name)?;
    Ok(json!({ "InstanceProfile": view(world, profile) }))
}

fn list(world: &mut World, _call: &Call, request: PathPage) -> Result<Value, Refusal> {
    let profiles = world.iam.instance_profiles.values();
    let covered = profiles.filter(|profile| request.covers(&profile.path));
    let views = covered.map(|profile| view(world, profile)).collect();
    request.of("InstanceProfiles", views)
}

fn list_for_role(world: &mut World, _call: &Call, request: NamedPage) -> Result<Value, Refusal> {
    world.iam.role(&request.name)?;
    let profiles = world.iam.instance_profiles.values();
    let holding = profiles.filter(|profile| profile.role.as_ref() == Some(&request.name));
    let views = holding.map(|profile| view(world, profile)).collect();
    request.of("InstanceProfiles", views)
}

fn delete_profile(world: &mut World, _call: &Call, request: Named) -> Result<Value, Refusal> {
    if world.iam.profile(&request.name)?.role.is_some() {
        return Err(delete_conflict(
            "Cannot delete entity, must remove roles from instance profile first.",
        ));
    }
    delete(world, &request.name);
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RoleRequest {
    instance_profile_name: String,
    role_name: String,
}

/// Whoever hands a role to instances must be allowed to pass it.
fn add_role(world: &mut World, call: &Call, request: RoleRequest) -> Result<Value, Refusal> {
    let role = world.iam.role(&request.role_name)?;
    if role.is_service_linked() {
        return Err(protected(&role.name));
    }
    authorize_passing(world, &call.caller, &role.arn, "ec2.amazonaws.com")
        .map_err(|message| Refusal::new("AccessDenied", 403, message))?;
    if world
        .iam
        .profile(&request.instance_profile_name)?
        .role
        .is_some()
    {
        return Err(quota("InstanceSessionsPerInstanceProfile", 1));
    }
    hold(
        world,
        &request.instance_profile_name,
        Some(request.role_name),
    );
    Ok(Value::Null)
}

fn remove_role(world: &mut World, _call: &Call, request: RoleRequest) -> Result<Value, Refusal> {
    let profile = world.iam.profile(&request.instance_profile_name)?;
    if profile.role.as_ref() != Some(&request.role_name) {
        return Err(no_such_role(&request.role_name));
    }
    hold(world, &request.instance_profile_name, None);
    Ok(Value::Null)
}

fn hold(world: &mut World, profile: &str, role: Option<String>) {
    if let Some(profile) = world.iam.instance_profiles.get_mut(profile) {
        profile.role = role;
    }
}
