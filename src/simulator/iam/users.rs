//! Users: made, described and deleted.

use std::collections::BTreeMap;

use super::super::world::World;
use super::{ID_LENGTH, Permissions, User, unique_id};

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
