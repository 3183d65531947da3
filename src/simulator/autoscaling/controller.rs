//! What Auto Scaling does by itself: launch, notice, retry, take out of service.

use super::super::ec2::instances::InstanceState;
use super::super::ec2::launch::{Launch, launch};
use super::super::world::{self, World};
use super::super::{ec2, eks};
use super::{Activity, ActivityKind, CausePart, Event, Group, Lifecycle, Member, Size};

pub(in super::super) fn handle(world: &mut World, event: Event) {
    let Event::Reconcile { group } = event;
    reconcile(world, &group);
}

/// Sets bounds and desired capacity, and starts to work towards them.
pub fn resize(world: &mut World, name: &str, size: Size) {
    let now = world.now();
    let Some(group) = world.autoscaling.groups.get_mut(name) else {
        return;
    };
    let before = group.size.desired;
    group.size = size;
    if before != size.desired {
        let Size { min, max, desired } = size;
        let text = format!(
            "a user request update of AutoScalingGroup constraints to min: {min}, max: {max}, desired: {desired} changing the desired capacity from {before} to {desired}."
        );
        group.pending_cause = Some(CausePart { at: now, text });
    }
    if size.desired == 0 {
        group.failing_since = None;
    }
    reconcile(world, name);
}

/// Launches what is missing, ends what is too much.
pub fn reconcile(world: &mut World, name: &str) {
    loop {
        let Some(group) = world.autoscaling.groups.get(name) else {
            return;
        };
        let wanted = group.size.desired + group.surge;
        let actual = u32::try_from(group.staying().count()).unwrap_or(u32::MAX);
        let going_on = match actual.cmp(&wanted) {
            std::cmp::Ordering::Less => launch_one(world, name, actual),
            std::cmp::Ordering::Greater => terminate_one(world, name, actual),
            std::cmp::Ordering::Equal => false,
        };
        if !going_on {
            return;
        }
    }
}

/// Returns whether to go on: not after a refused launch, which is tried again later.
fn launch_one(world: &mut World, name: &str, actual: u32) -> bool {
    let Some(group) = world.autoscaling.groups.get(name) else {
        return false;
    };
    let subnet = least_used_subnet(group, world);
    let (template, version, tags) = (
        group.template.id.clone(),
        group.template.version,
        instance_tags(group),
    );
    let launched = launch(
        world,
        Launch {
            template: (&template, version),
            instance_type: None,
            subnet: &subnet,
            tags,
        },
    );
    let text = format!(
        "an instance was started in response to a difference between desired and actual capacity, increasing the capacity from {actual} to {}.",
        actual + 1
    );
    match launched {
        Ok(instance) => {
            let activity = begin(
                world,
                name,
                ActivityKind::Launch,
                Some(&instance),
                &subnet,
                text,
            );
            if let Some(group) = world.autoscaling.groups.get_mut(name) {
                group.members.push(Member {
                    instance,
                    lifecycle: Lifecycle::Pending,
                    template_version: version,
                    activity,
                });
            }
            true
        }
        Err(refusal) => {
            let activity = begin(world, name, ActivityKind::Launch, None, &subnet, text);
            let message = format!("{} Launching EC2 instance failed.", refusal.message);
            finish(world, name, &activity, "Failed", Some(message));
            launch_failed(world, name);
            false
        }
    }
}

fn terminate_one(world: &mut World, name: &str, actual: u32) -> bool {
    let Some(group) = world.autoscaling.groups.get(name) else {
        return false;
    };
    // Outdated members go first, then those still starting, then the youngest.
    let victim = group
        .outdated()
        .next()
        .or_else(|| {
            group
                .staying()
                .find(|member| member.lifecycle == Lifecycle::Pending)
        })
        .or_else(|| group.staying().last());
    let Some(instance) = victim.map(|member| member.instance.clone()) else {
        return false;
    };
    let text = format!(
        "an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from {actual} to {}.",
        actual - 1
    );
    end_member(world, name, &instance, text);
    ec2::instances::terminate(world, &instance);
    true
}

/// Marks a member as ending, with the activity that says why.
fn end_member(world: &mut World, name: &str, instance: &str, text: String) {
    let subnet = world
        .ec2
        .instances
        .get(instance)
        .map(|found| found.subnet.clone())
        .unwrap_or_default();
    let activity = begin(
        world,
        name,
        ActivityKind::Terminate,
        Some(instance),
        &subnet,
        text,
    );
    let now = world.now();
    let Some(group) = world.autoscaling.groups.get_mut(name) else {
        return;
    };
    if let Some(begun) = group
        .activities
        .iter_mut()
        .find(|known| known.id == activity)
    {
        let text = format!("instance {instance} was selected for termination.");
        begun.cause.push(CausePart { at: now, text });
    }
    if let Some(member) = group
        .members
        .iter_mut()
        .find(|member| member.instance == instance)
    {
        member.lifecycle = Lifecycle::Terminating;
        member.activity = activity;
    }
}

/// A launched instance has come up or died; the group polls and sees it.
pub fn instance_settled(world: &mut World, instance: &str) {
    let Some((name, activity)) = membership(world, instance) else {
        return;
    };
    let Some(found) = world.ec2.instances.get(instance) else {
        return;
    };
    match found.state {
        InstanceState::Running => {
            finish(world, &name, &activity, "Successful", None);
            if let Some(group) = world.autoscaling.groups.get_mut(&name) {
                group.failing_since = None;
                if let Some(member) = group
                    .members
                    .iter_mut()
                    .find(|member| member.instance == instance)
                {
                    member.lifecycle = Lifecycle::InService;
                }
            }
            eks::health::launches_changed(world, &name);
        }
        _ => {
            let reason = found
                .reason
                .as_ref()
                .map_or("", |(_, message)| message)
                .to_owned();
            let message = format!(
                "Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: {reason}"
            );
            finish(world, &name, &activity, "Cancelled", Some(message));
            remove(world, &name, instance);
            launch_failed(world, &name);
        }
    }
}

fn launch_failed(world: &mut World, name: &str) {
    let now = world.now();
    if let Some(group) = world.autoscaling.groups.get_mut(name) {
        group.failing_since.get_or_insert(now);
    }
    let retry = world.options.launch_retry;
    world.schedule(
        retry,
        world::Event::AutoScaling(Event::Reconcile {
            group: name.to_owned(),
        }),
    );
    eks::health::launches_changed(world, name);
}

/// An instance is terminated: its activity ends, and one that nobody here had asked for is replaced.
pub fn instance_gone(world: &mut World, instance: &str) {
    let Some((name, _)) = membership(world, instance) else {
        return;
    };
    let asked_for = world.autoscaling.groups.get(&name).is_some_and(|group| {
        group
            .members
            .iter()
            .any(|member| member.instance == instance && member.lifecycle == Lifecycle::Terminating)
    });
    if !asked_for {
        let text = "an instance was taken out of service in response to an EC2 health check that indicated it had been terminated or stopped.".to_owned();
        end_member(world, &name, instance, text);
    }
    if let Some((_, activity)) = membership(world, instance) {
        finish(world, &name, &activity, "Successful", None);
    }
    remove(world, &name, instance);
    reconcile(world, &name);
}

fn membership(world: &World, instance: &str) -> Option<(String, String)> {
    world.autoscaling.groups.values().find_map(|group| {
        let member = group
            .members
            .iter()
            .find(|member| member.instance == instance)?;
        Some((group.name.clone(), member.activity.clone()))
    })
}

fn remove(world: &mut World, name: &str, instance: &str) {
    if let Some(group) = world.autoscaling.groups.get_mut(name) {
        group.members.retain(|member| member.instance != instance);
    }
}

fn begin(
    world: &mut World,
    name: &str,
    kind: ActivityKind,
    instance: Option<&str>,
    subnet: &str,
    text: String,
) -> String {
    let (id, now) = (world.uuid(), world.now());
    let zone = world
        .ec2
        .subnets
        .get(subnet)
        .map(|subnet| subnet.zone.clone())
        .unwrap_or_default();
    if let Some(group) = world.autoscaling.groups.get_mut(name) {
        let cause = group
            .pending_cause
            .take()
            .into_iter()
            .chain([CausePart { at: now, text }])
            .collect();
        group.activities.push(Activity {
            id: id.clone(),
            kind,
            instance: instance.map(str::to_owned),
            cause,
            started: now,
            ended: None,
            status: if kind == ActivityKind::Launch {
                "PreInService".to_owned()
            } else {
                "InProgress".to_owned()
            },
            message: None,
            subnet: subnet.to_owned(),
            zone,
        });
    }
    id
}

fn finish(
    world: &mut World,
    name: &str,
    activity: &str,
    status: &'static str,
    message: Option<String>,
) {
    let now = world.now();
    let Some(group) = world.autoscaling.groups.get_mut(name) else {
        return;
    };
    if let Some(activity) = group
        .activities
        .iter_mut()
        .find(|known| known.id == activity)
    {
        activity.ended = Some(now);
        activity.status = status.to_owned();
        activity.message = message;
    }
}

fn least_used_subnet(group: &Group, world: &World) -> String {
    let used = |subnet: &String| {
        group
            .staying()
            .filter(|member| {
                world
                    .ec2
                    .instances
                    .get(&member.instance)
                    .is_some_and(|found| found.subnet == *subnet)
            })
            .count()
    };
    // Between equals the last attempt moves on, so that retries visit every zone.
    let last = group
        .activities
        .last()
        .map(|activity| activity.subnet.as_str());
    group
        .subnets
        .iter()
        .min_by_key(|subnet| (used(subnet), last == Some(subnet.as_str())))
        .cloned()
        .unwrap_or_default()
}

fn instance_tags(group: &Group) -> ec2::Tags {
    let mut tags = group.tags.clone();
    tags.insert("aws:autoscaling:groupName".to_owned(), group.name.clone());
    tags
}
