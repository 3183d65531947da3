//! Instances that a user moves out of a group's service and back.

use super::super::world::World;
use super::activity::{Beginning, CausePart, begin, finish as finish_activity};
use super::{ActivityKind, Lifecycle, Member, controller};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    EnterStandby,
    ExitStandby,
    Detach,
    Attach,
}

const GROUP_TAG: &str = "aws:autoscaling:groupName";

impl Move {
    fn kind(self) -> ActivityKind {
        match self {
            Move::EnterStandby => ActivityKind::EnterStandby,
            Move::ExitStandby => ActivityKind::ExitStandby,
            Move::Detach => ActivityKind::Detach,
            Move::Attach => ActivityKind::Attach,
        }
    }

    fn was(self) -> &'static str {
        match self {
            Move::EnterStandby => "moved to standby",
            Move::ExitStandby => "moved out of standby",
            Move::Detach => "detached",
            // Inferred from the others: no source shows this cause.
            Move::Attach => "attached",
        }
    }
}

/// Moves checked instances; returns the activities, which are under way until they are finished.
pub(super) fn make(
    world: &mut World,
    name: &str,
    instances: &[String],
    how: Move,
    decrement: bool,
) -> Vec<String> {
    let mut activities = Vec::new();
    for instance in instances {
        let Some(group) = world.autoscaling.groups.get_mut(name) else {
            break;
        };
        let before = group.size.desired;
        match how {
            Move::ExitStandby | Move::Attach => group.size.desired += 1,
            _ if decrement => group.size.desired = before.saturating_sub(1),
            _ => {}
        }
        let after = group.size.desired;
        let change = match after.cmp(&before) {
            std::cmp::Ordering::Greater => {
                format!(", increasing the capacity from {before} to {after}")
            }
            std::cmp::Ordering::Less => {
                format!(", shrinking the capacity from {before} to {after}")
            }
            std::cmp::Ordering::Equal => String::new(),
        };
        let text = format!(
            "instance {instance} was {} in response to a user request{change}.",
            how.was()
        );
        activities.push(one(world, name, instance, how, text));
    }
    controller::reconcile(world, name);
    activities
}

fn one(world: &mut World, name: &str, instance: &str, how: Move, text: String) -> String {
    let subnet = world
        .ec2
        .instances
        .get(instance)
        .map(|found| found.subnet.clone())
        .unwrap_or_default();
    let cause = vec![CausePart {
        at: world.now(),
        text,
    }];
    let beginning = Beginning {
        kind: how.kind(),
        instance: Some(instance),
        subnet: &subnet,
        cause,
    };
    let activity = begin(world, name, beginning);
    match how {
        Move::EnterStandby => set(world, name, instance, Lifecycle::Standby),
        Move::ExitStandby => set(world, name, instance, Lifecycle::InService),
        Move::Detach => {
            controller::remove(world, name, instance);
            if let Some(found) = world.ec2.instances.get_mut(instance) {
                found.tags.remove(GROUP_TAG);
            }
        }
        Move::Attach => join(world, name, instance, &activity),
    }
    activity
}

fn set(world: &mut World, name: &str, instance: &str, lifecycle: Lifecycle) {
    let group = world.autoscaling.groups.get_mut(name);
    if let Some(member) = group.and_then(|group| group.member_mut(instance)) {
        member.lifecycle = lifecycle;
    }
}

fn join(world: &mut World, name: &str, instance: &str, activity: &str) {
    let now = world.now();
    let Some(found) = world.ec2.instances.get_mut(instance) else {
        return;
    };
    found.tags.insert(GROUP_TAG.to_owned(), name.to_owned());
    let (template_id, template_version) = found.template.clone().unwrap_or_default();
    let (instance_type, subnet, launched) = (
        found.instance_type.clone(),
        found.subnet.clone(),
        found.launched,
    );
    let template = world.ec2.templates.get(&template_id);
    let template_name = template.map_or_else(String::new, |template| template.name.clone());
    if let Some(group) = world.autoscaling.groups.get_mut(name) {
        let protected = group.settings.protects_new;
        group.members.push(Member {
            instance: instance.to_owned(),
            lifecycle: Lifecycle::InService,
            template_version,
            activity: activity.to_owned(),
            template_id,
            template_name,
            instance_type,
            subnet,
            launched,
            in_service_since: Some(now),
            protected,
            unhealthy: None,
            waits: Vec::new(),
            proceeds: false,
        });
    }
}

pub(super) fn finish(world: &mut World, name: &str, activities: &[String]) {
    for activity in activities {
        finish_activity(world, name, activity, "Successful", None);
    }
}
