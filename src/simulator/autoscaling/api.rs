//! Auto Scaling operations.

mod activities;
mod capacity;
mod fixed;
mod groups;
mod hooks;
mod instances;
mod page;
mod processes;
mod refreshes;
mod tags;
mod template;
mod write;

use serde::Deserialize;

use super::super::refusal::Refusal;
use super::super::wire::Operation;
use super::super::world::World;
use super::Group;

pub(super) fn operations() -> Vec<Operation> {
    [
        groups::operations(),
        write::operations(),
        capacity::operations(),
        activities::operations(),
        instances::operations(),
        processes::operations(),
        hooks::operations(),
        refreshes::operations(),
        tags::operations(),
        fixed::operations(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A condition on what a Describe operation lists: filters are ANDed, their values ORed and taken literally.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Filter {
    name: String,
    #[serde(default)]
    values: Vec<String>,
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::bad("ValidationError", message)
}

fn find<'a>(world: &'a World, name: &str) -> Result<&'a Group, Refusal> {
    let found = world.autoscaling.groups.get(name);
    found.ok_or_else(|| invalid("AutoScalingGroup name not found - null"))
}

fn find_mut<'a>(world: &'a mut World, name: &str) -> Result<&'a mut Group, Refusal> {
    let found = world.autoscaling.groups.get_mut(name);
    found.ok_or_else(|| invalid("AutoScalingGroup name not found - null"))
}

/// Each of the instances has to be in the group.
fn require_members(group: &Group, instances: &[String]) -> Result<(), Refusal> {
    for id in instances {
        if !group.members.iter().any(|member| member.instance == *id) {
            let name = &group.name;
            return Err(invalid(format!(
                "The instance {id} is not part of Auto Scaling group {name}."
            )));
        }
    }
    Ok(())
}
