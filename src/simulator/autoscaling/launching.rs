//! Launches: how instances come into service, and what follows when they do not.

use std::time::Duration;

use super::super::ec2::instances;
use super::super::ec2::launch::{Launch, launch};
use super::super::refusal::Refusal;
use super::super::world::{self, World};
use super::super::{ec2, eks};
use super::activity::{Beginning, begin, cause, finish};
use super::controller::{part, reconcile, remove};
use super::processes::{LAUNCH, Suspension};
use super::{
    ActivityKind, CausePart, Event, Group, Lifecycle, Member, Mixed, Template, health, refresh,
    selection,
};

/// Stops at the first refused launch, which is tried again later.
pub(super) fn launch_missing(world: &mut World, name: &str, actual: u32, wanted: u32) {
    let text = format!(
        "an instance was started in response to a difference between desired and actual capacity, increasing the capacity from {actual} to {wanted}."
    );
    let missing = wanted - actual;
    let replacements = world
        .autoscaling
        .groups
        .get(name)
        .map_or(0, |group| group.replacements.min(missing));
    let difference = if replacements < missing {
        cause(world, name, text)
    } else {
        Vec::new()
    };
    for number in 0..missing {
        let cause = if number < replacements {
            let text = "an instance was launched in response to an unhealthy instance needing to be replaced.";
            vec![part(world, text)]
        } else {
            difference.clone()
        };
        if !launch_one(world, name, cause) {
            return;
        }
        if let Some(group) = world.autoscaling.groups.get_mut(name) {
            group.replacements = group.replacements.saturating_sub(1);
        }
    }
}

fn launch_one(world: &mut World, name: &str, cause: Vec<CausePart>) -> bool {
    let Some(group) = world.autoscaling.groups.get(name) else {
        return false;
    };
    let subnet = selection::subnet(world, group);
    let (template, mixed) = refresh::configuration(group);
    let (template, mixed) = (template.clone(), mixed.cloned());
    let version = template.resolved(world);
    let tags = instance_tags(group);
    let preferred = mixed.as_ref();
    let launched = launch(
        world,
        Launch {
            template: (&template.id, version),
            // The first one is preferred, and no zone is short of it.
            instance_type: preferred
                .and_then(|mixed| mixed.instance_types.first())
                .map(String::as_str),
            subnet: &subnet,
            tags,
        },
    );
    let beginning = Beginning {
        kind: ActivityKind::Launch,
        instance: launched.as_deref().ok(),
        subnet: &subnet,
        cause,
    };
    let activity = begin(world, name, beginning);
    match launched {
        Ok(instance) => {
            add_member(world, name, instance, activity, template, version);
            true
        }
        Err(refusal) => {
            let message = refused_launch(&refusal, mixed.as_ref());
            finish(world, name, &activity, "Failed", Some(message));
            let retry = world.options.refused_launch_retry;
            launch_failed(world, name, retry);
            false
        }
    }
}

/// What a refused launch is told as: groups with a mixed instances policy launch by fleet requests, which add the
/// purchase option and the error's code.
fn refused_launch(refusal: &Refusal, mixed: Option<&Mixed>) -> String {
    let message = &refusal.message;
    let text = match mixed.map(|mixed| &mixed.distribution) {
        None => message.clone(),
        Some(distribution) => {
            let only_spot = distribution.on_demand_percentage_above_base_capacity == 0
                && distribution.on_demand_base_capacity == 0;
            let option = if only_spot { "Spot" } else { "On-Demand" };
            format!(
                "Could not launch {option} Instances. {} - {message}",
                refusal.code
            )
        }
    };
    format!("{text} Launching EC2 instance failed.")
}

fn add_member(
    world: &mut World,
    name: &str,
    instance: String,
    activity: String,
    template: Template,
    version: u64,
) {
    let found = world.ec2.instances.get(&instance);
    let (instance_type, subnet) = found.map_or_else(Default::default, |found| {
        (found.instance_type.clone(), found.subnet.clone())
    });
    let launched = world.now();
    if let Some(group) = world.autoscaling.groups.get_mut(name) {
        let protected = group.settings.protects_new;
        group.members.push(Member {
            instance,
            lifecycle: Lifecycle::Pending,
            template_version: version,
            activity,
            template_id: template.id,
            template_name: template.name,
            instance_type,
            subnet,
            launched,
            in_service_since: None,
            protected,
            unhealthy: None,
            waits: Vec::new(),
            proceeds: false,
        });
    }
}

fn instance_tags(group: &Group) -> ec2::Tags {
    let mut tags = group.tags.clone();
    tags.retain(|key, _| !group.kept_tags.contains(key));
    tags.insert("aws:autoscaling:groupName".to_owned(), group.name.clone());
    tags
}

pub(super) fn in_service(world: &mut World, name: &str, instance: &str) {
    let now = world.now();
    let Some(group) = world.autoscaling.groups.get_mut(name) else {
        return;
    };
    group.failing_since = None;
    let Some(member) = group.member_mut(instance) else {
        return;
    };
    member.lifecycle = Lifecycle::InService;
    member.in_service_since = Some(now);
    member.proceeds = false;
    let activity = member.activity.clone();
    finish(world, name, &activity, "Successful", None);
    // It may have gone while it waited for a lifecycle action.
    if health::is_gone(world, instance) {
        health::schedule_check(world, name, instance);
    }
    eks::health::launches_changed(world, name);
}

pub(super) fn died_pending(world: &mut World, name: &str, instance: &str) {
    let found = world.ec2.instances.get(instance);
    let reason = found.and_then(|found| found.reason.as_ref());
    let message = unfinished(reason.map_or("", |(_, message)| message));
    cancel_launch(world, name, instance, message);
}

pub(super) fn unfinished(reason: &str) -> String {
    format!(
        "Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: {reason}"
    )
}

/// A lifecycle action said that the instance is no good.
pub(super) fn abandon_launch(world: &mut World, name: &str, instance: &str, message: String) {
    instances::terminate(world, instance);
    cancel_launch(world, name, instance, message);
}

fn cancel_launch(world: &mut World, name: &str, instance: &str, message: String) {
    let Some((_, member)) = world.membership(instance) else {
        return;
    };
    let activity = member.activity.clone();
    finish(world, name, &activity, "Cancelled", Some(message));
    remove(world, name, instance);
    let retry = world.options.launch_retry;
    launch_failed(world, name, retry);
}

/// Tries again after `retry`, unless launches have been failing for so long that AWS suspends them.
fn launch_failed(world: &mut World, name: &str, retry: Duration) {
    let (now, limit) = (world.now(), world.options.launch_suspension);
    let Some(group) = world.autoscaling.groups.get_mut(name) else {
        return;
    };
    let since = *group.failing_since.get_or_insert(now);
    if now.since(since) > limit {
        let suspension = Suspension {
            at: now,
            administrative: true,
        };
        group
            .suspended
            .entry(LAUNCH.to_owned())
            .or_insert(suspension);
    } else if group.retry_at.is_none_or(|at| at <= now) {
        group.retry_at = Some(now + retry);
        let group = name.to_owned();
        world.schedule(retry, world::Event::AutoScaling(Event::Reconcile { group }));
    }
    eks::health::launches_changed(world, name);
}

pub(super) fn retry(world: &mut World, name: &str) {
    if let Some(group) = world.autoscaling.groups.get_mut(name) {
        group.retry_at = None;
    }
    reconcile(world, name);
}
