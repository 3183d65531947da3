//! Instance profiles: what hands a role to instances.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::clock::Moment;
use super::super::world::World;
use super::{ID_LENGTH, Iam, Role, unique_id};

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
