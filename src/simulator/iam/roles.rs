//! Roles: made, described, changed and deleted.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::world::World;
use super::{ID_LENGTH, Permissions, Role, Trust, unique_id};

/// How long a role's sessions may last when it does not say.
const MAX_SESSION: Duration = Duration::from_secs(3600);

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
        last_used: None,
    };
    world
        .iam
        .roles
        .entry(new.name)
        .insert_entry(role)
        .into_mut()
}
