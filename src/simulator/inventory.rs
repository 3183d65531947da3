//! What there is in a world, without what only happened: two inventories of one world differ by what was made,
//! altered or removed in between. Reads the world as it is saved, so that nothing new can be forgotten here.

use serde_json::{Map, Value};

use super::Simulator;
use super::world::World;

/// Parts of a world that say how it came here and where it goes, not what there is.
const HISTORY: [&str; 15] = [
    "options",
    "clock",
    "now",
    "wall",
    "queue",
    "scheduled",
    "changes",
    "random",
    "workloads",
    "joining",
    "nodes",
    "trail",
    "swept",
    "sweeps",
    "deletions",
];

/// The same of parts of it: room and member.
const HISTORY_OF_ROOMS: [(&str, &str); 5] = [
    ("iam", "deletions"),
    ("iam", "credentials"),
    ("ec2", "answered"),
    ("autoscaling", "deleted"),
    ("kubernetes", "version"),
];

/// Members that move by themselves in whatever has them.
const MOVING: [&str; 8] = [
    "activities",
    "updates",
    "resourceVersion",
    "renewTime",
    "lastHeartbeatTime",
    "last_used",
    "lastTimestamp",
    "managedFields",
];

/// Kinds of Kubernetes objects that report what happened, or that somebody is alive.
const REPORTS: [&str; 2] = ["Event", "Lease"];

impl Simulator {
    /// What there is, sorted.
    pub fn inventory(&self) -> Value {
        inventory(&self.shared.world())
    }
}

fn inventory(world: &World) -> Value {
    let mut all = serde_json::to_value(world).unwrap_or_default();
    let Value::Object(rooms) = &mut all else {
        return all;
    };
    rooms.retain(|room, _| !HISTORY.contains(&room.as_str()));
    for (room, member) in HISTORY_OF_ROOMS {
        if let Some(members) = rooms.get_mut(room).and_then(Value::as_object_mut) {
            members.shift_remove(member);
        }
    }
    if let Some(kubernetes) = rooms.get_mut("kubernetes").and_then(Value::as_object_mut) {
        kubernetes.shift_remove("uids");
        keep_objects(kubernetes);
    }
    forget_gone(rooms);
    forget_moving(&mut all);
    all
}

fn keep_objects(kubernetes: &mut Map<String, Value>) {
    let Some(objects) = kubernetes.get_mut("objects").and_then(Value::as_array_mut) else {
        return;
    };
    objects.retain(|object| {
        !object["kind"]
            .as_str()
            .is_some_and(|kind| REPORTS.contains(&kind))
    });
}

/// A key that is pending deletion counts as gone, and so does what can still be described for a while.
fn forget_gone(rooms: &mut Map<String, Value>) {
    let is_going = |key: &Value| key["state"] != "Enabled" && key["state"] != "Disabled";
    forget(rooms, ("kms", "keys"), |key| {
        key["state"].is_object() && is_going(key) || key["state"] == "PendingDeletion"
    });
    forget(rooms, ("ec2", "instances"), |instance| {
        instance["state"] == "Terminated"
    });
    forget(rooms, ("ec2", "nat_gateways"), |gateway| {
        gateway["state"] == "Deleted"
    });
}

fn forget(
    rooms: &mut Map<String, Value>,
    (room, member): (&str, &str),
    is_gone: impl Fn(&Value) -> bool,
) {
    let found = rooms.get_mut(room).and_then(|room| room.get_mut(member));
    if let Some(things) = found.and_then(Value::as_object_mut) {
        things.retain(|_, thing| !is_gone(thing));
    }
}

fn forget_moving(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !MOVING.contains(&name.as_str()));
            members.values_mut().for_each(forget_moving);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_moving),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::simulator::testing::{call, world};

    #[test]
    fn time_alone_changes_nothing() {
        let mut world = world();
        let before = inventory(&world);
        world.jump(Duration::from_secs(3600));
        assert_eq!(inventory(&world), before);
    }

    #[test]
    fn what_is_made_shows_and_a_key_that_is_going_does_not() {
        let mut world = world();
        let before = inventory(&world);
        let made = call(&mut world, "kms", "CreateKey", json!({})).unwrap();
        assert_ne!(inventory(&world), before);
        let key = &made["KeyMetadata"]["KeyId"];
        let request = json!({"KeyId": key, "PendingWindowInDays": 7});
        call(&mut world, "kms", "ScheduleKeyDeletion", request).unwrap();
        assert_eq!(inventory(&world), before);
    }
}
