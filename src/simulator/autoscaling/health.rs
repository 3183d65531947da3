//! Health checks: instances that are gone or called unhealthy are replaced.

use super::super::ec2::instances::InstanceState;
use super::super::world::{self, World};
use super::processes::{HEALTH_CHECK, REPLACE_UNHEALTHY, TERMINATE};
use super::{Event, Lifecycle, controller};

const GONE: &str = "an EC2 health check that indicated it had been terminated or stopped.";
pub(super) const CALLED: &str = "a user health-check.";

/// The check looks at an instance in its own time.
pub(super) fn schedule_check(world: &mut World, name: &str, instance: &str) {
    let event = Event::HealthCheck {
        group: name.to_owned(),
        instance: instance.to_owned(),
    };
    let after = world.options.health_check;
    world.schedule(after, world::Event::AutoScaling(event));
}

/// Looks at every instance again, as after a suspension.
pub(super) fn check_all(world: &mut World, name: &str) {
    let Some(group) = world.autoscaling.groups.get(name) else {
        return;
    };
    let members: Vec<String> = group
        .staying()
        .map(|member| member.instance.clone())
        .collect();
    for instance in members {
        if is_gone(world, &instance) {
            schedule_check(world, name, &instance);
        }
    }
}

pub(super) fn is_gone(world: &World, instance: &str) -> bool {
    let state = world.ec2.instances.get(instance).map(|found| found.state);
    !matches!(state, Some(InstanceState::Pending | InstanceState::Running))
}

pub(super) fn check(world: &mut World, name: &str, instance: &str) {
    let gone = is_gone(world, instance);
    let Some(group) = world.autoscaling.groups.get_mut(name) else {
        return;
    };
    if gone && group.runs(HEALTH_CHECK) {
        mark(group.member_mut(instance), GONE);
    }
    replace_unhealthy(world, name);
}

/// Only what is in service is checked: not what is on standby or on its way.
pub(super) fn mark(member: Option<&mut super::Member>, why: &str) {
    if let Some(member) = member.filter(|member| member.lifecycle == Lifecycle::InService) {
        member.unhealthy.get_or_insert_with(|| why.to_owned());
    }
}

/// Ends what is unhealthy; replacements follow at once.
pub(super) fn replace_unhealthy(world: &mut World, name: &str) {
    let Some(group) = world.autoscaling.groups.get_mut(name) else {
        return;
    };
    if !group.runs(REPLACE_UNHEALTHY) || !group.runs(TERMINATE) {
        return;
    }
    let unhealthy: Vec<(String, String)> = group
        .staying()
        .filter_map(|member| Some((member.instance.clone(), member.unhealthy.clone()?)))
        .collect();
    group.replacements += u32::try_from(unhealthy.len()).unwrap_or(0);
    for (instance, why) in unhealthy {
        let text = format!("an instance was taken out of service in response to {why}");
        controller::end_member(world, name, &instance, text);
    }
    controller::reconcile(world, name);
}
