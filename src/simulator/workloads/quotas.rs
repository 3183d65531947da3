//! Resource quotas say what of them is used.

use super::super::kubernetes::{kind, quota};
use super::super::world::World;
use super::objects::{all, change};

pub(super) fn publish(world: &mut World) {
    for found in all(world, &kind::RESOURCE_QUOTAS) {
        let used = quota::used(&world.kubernetes, &found);
        change(world, &kind::RESOURCE_QUOTAS, &found, |quota| {
            quota["status"]["hard"] = quota["spec"]["hard"].clone();
            quota["status"]["used"] = used;
        });
    }
}
