//! What Auto Scaling does by itself: launch, notice, retry, take out of service.

use std::time::Duration;

use super::super::ec2::instances::{self, InstanceState};
use super::super::ec2::launch::{Launch, launch};
use super::super::refusal::Refusal;
use super::super::world::{self, World};
use super::super::{ec2, eks};
use super::activity::{Beginning, begin, cause, finish};
use super::hooks::Transition;
use super::processes::{LAUNCH, Suspension, TERMINATE};
use super::{
    ActivityKind, CausePart, Event, Group, Lifecycle, Member, Mixed, Size, Template, groups,
    health, hooks, refresh, selection,
};

pub(in super::super) fn handle(world: &mut World, event: Event) {
    match event {
        Event::Reconcile { group } => retry(world, &group),
        Event::HealthCheck { group, instance } => health::check(world, &group, &instance),
        Event::Heartbeat { group, token } => hooks::heartbeat(world, &group, &token),
        Event::HookAnswer { group, token } => hooks::answer(world, &group, &token),
        Event::Refresh { group, refresh } => refresh::step(world, &group, &refresh),
    }
}

/// Sets bounds and desired capacity, and starts to work towards them.
pub fn resize(world: &mut World, name: &str, size: Size) {
    let Some(group) = world.autoscaling.groups.get_mut(name) else {
        return;
    };
    let before = group.size.desired;
    group.size = Size {
        desired: before,
        ..size
    };
    let Size { min, max, desired } = size;
    let request = format!(
        "a user request update of AutoScalingGroup constraints to min: {min}, max: {max}, desired: {desired}"
    );
    set_desired(world, name, desired, &request);
}

/// Sets the desired capacity; `request` begins the sentence that says who asked.
pub(super) fn set_desired(world: &mut World, name: &str, desired: u32, request: &str) {
    let now = world.now();
    let Some(group) = world.autoscaling.groups.get_mut(name) else {
        return;
    };
    let before = std::mem::replace(&mut group.size.desired, desired);
    if before != desired {
        let text = format!("{request} changing the desired capacity from {before} to {desired}.");
        group.pending_causes.push(CausePart { at: now, text });
    }
    if desired == 0 {
        group.failing_since = None;
    }
    reconcile(world, name);
}

impl Group {
    /// How many instances there should be now.
    pub(super) fn wanted(&self) -> u32 {
        if self.deleting {
            return 0;
        }
        self.size.desired + self.surge + refresh::extra(self)
    }
}

/// Launches what is missing, ends what is too much.
pub fn reconcile(world: &mut World, name: &str) {
    let Some(group) = world.autoscaling.groups.get_mut(name) else {
        return;
    };
    let (wanted, actual) = (group.wanted(), group.capacity());
    if actual < wanted && group.runs(LAUNCH) {
        launch_missing(world, name, actual, wanted);
    } else if actual > wanted && group.runs(TERMINATE) {
        scale_in(world, name, actual, wanted);
    } else if actual == wanted {
        group.replacements = 0;
        group.pending_causes.clear();
    }
}

/// Stops at the first refused launch, which is tried again later.
fn launch_missing(world: &mut World, name: &str, actual: u32, wanted: u32) {
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

fn part(world: &World, text: &str) -> CausePart {
    CausePart {
        at: world.now(),
        text: text.to_owned(),
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

fn scale_in(world: &mut World, name: &str, actual: u32, wanted: u32) {
    let Some(group) = world.autoscaling.groups.get(name) else {
        return;
    };
    let mut victims: Vec<String> = Vec::new();
    for _ in wanted..actual {
        match selection::victim(world, group, &victims) {
            Some(instance) => victims.push(instance),
            None => break,
        }
    }
    let asked_for = !group.pending_causes.is_empty();
    let left = actual - u32::try_from(victims.len()).unwrap_or(0);
    let text = format!(
        "an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from {actual} to {left}."
    );
    if victims.is_empty() {
        if asked_for {
            all_protected(world, name);
        }
        return;
    }
    let mut parts = cause(world, name, text);
    for instance in &victims {
        let text = format!("instance {instance} was selected for termination.");
        parts.push(part(world, &text));
    }
    for instance in &victims {
        end(world, name, instance, parts.clone());
    }
}

/// Says once that a request cannot be followed.
fn all_protected(world: &mut World, name: &str) {
    let cause = world
        .autoscaling
        .groups
        .get_mut(name)
        .map(|group| std::mem::take(&mut group.pending_causes))
        .unwrap_or_default();
    let beginning = Beginning {
        kind: ActivityKind::ScaleIn,
        instance: None,
        subnet: "",
        cause,
    };
    let activity = begin(world, name, beginning);
    finish(world, name, &activity, "Failed", None);
}

/// Takes a member out of service for the reason that `text` gives; its instance ends.
pub(super) fn end_member(world: &mut World, name: &str, instance: &str, text: String) -> String {
    let cause = vec![part(world, &text)];
    end(world, name, instance, cause)
}

fn end(world: &mut World, name: &str, instance: &str, cause: Vec<CausePart>) -> String {
    let member = world
        .autoscaling
        .groups
        .get(name)
        .and_then(|group| {
            group
                .members
                .iter()
                .find(|member| member.instance == instance)
        })
        .cloned();
    let Some(member) = member else {
        return String::new();
    };
    if member.lifecycle == Lifecycle::Pending {
        let message = unfinished("Client.UserInitiatedShutdown: User initiated shutdown");
        finish(world, name, &member.activity, "Cancelled", Some(message));
    }
    let beginning = Beginning {
        kind: ActivityKind::Terminate,
        instance: Some(instance),
        subnet: &member.subnet,
        cause,
    };
    let activity = begin(world, name, beginning);
    let group = world.autoscaling.groups.get_mut(name);
    if let Some(member) = group.and_then(|group| group.member_mut(instance)) {
        member.lifecycle = Lifecycle::Terminating;
        member.activity = activity.clone();
        member.waits.clear();
        member.proceeds = false;
    }
    if !hooks::enter(world, name, instance, Transition::Terminating) {
        proceed(world, name, instance);
    }
    activity
}

/// Moves a member on whose lifecycle actions are completed.
pub(super) fn proceed(world: &mut World, name: &str, instance: &str) {
    let lifecycle = world
        .autoscaling
        .groups
        .get_mut(name)
        .and_then(|group| group.member_mut(instance))
        .map(|member| member.lifecycle);
    match lifecycle {
        Some(Lifecycle::Pending) => in_service(world, name, instance),
        Some(Lifecycle::Terminating) => {
            instances::terminate(world, instance);
            instance_gone(world, instance);
        }
        _ => {}
    }
}

fn in_service(world: &mut World, name: &str, instance: &str) {
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
    eks::health::launches_changed(world, name);
}

/// A launched instance has come up or died; the group polls and sees it.
pub fn instance_settled(world: &mut World, instance: &str) {
    let Some((group, member)) = world.membership(instance) else {
        return;
    };
    if member.lifecycle != Lifecycle::Pending {
        return;
    }
    let name = group.name.clone();
    match world.ec2.instances.get(instance).map(|found| found.state) {
        Some(InstanceState::Running) => {
            if !hooks::enter(world, &name, instance, Transition::Launching) {
                in_service(world, &name, instance);
            }
        }
        _ => died_pending(world, &name, instance),
    }
}

fn died_pending(world: &mut World, name: &str, instance: &str) {
    let found = world.ec2.instances.get(instance);
    let reason = found.and_then(|found| found.reason.as_ref());
    let message = unfinished(reason.map_or("", |(_, message)| message));
    cancel_launch(world, name, instance, message);
}

fn unfinished(reason: &str) -> String {
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

fn retry(world: &mut World, name: &str) {
    if let Some(group) = world.autoscaling.groups.get_mut(name) {
        group.retry_at = None;
    }
    reconcile(world, name);
}

/// Tells the group of an instance that it stops, shuts down or is terminated. What Auto Scaling is ending itself is
/// done with once it is terminated; any other member is found by the next health check. May be told more than once.
pub fn instance_gone(world: &mut World, instance: &str) {
    let Some((group, member)) = world.membership(instance) else {
        return;
    };
    let (name, activity) = (group.name.clone(), member.activity.clone());
    let (lifecycle, waits) = (member.lifecycle, !member.waits.is_empty());
    let state = world.ec2.instances.get(instance).map(|found| found.state);
    let ended = matches!(state, None | Some(InstanceState::Terminated));
    match lifecycle {
        Lifecycle::Terminating if ended && !waits => {
            finish(world, &name, &activity, "Successful", None);
            remove(world, &name, instance);
            reconcile(world, &name);
            groups::remove_if_empty(world, &name);
        }
        Lifecycle::Pending if ended => died_pending(world, &name, instance),
        Lifecycle::InService => health::schedule_check(world, &name, instance),
        _ => {}
    }
}

pub(super) fn remove(world: &mut World, name: &str, instance: &str) {
    if let Some(group) = world.autoscaling.groups.get_mut(name) {
        group.members.retain(|member| member.instance != instance);
    }
}

/// Ends members because a user said so, whatever is suspended; returns the activities.
pub(super) fn terminate_members(
    world: &mut World,
    name: &str,
    instances: &[String],
    decrement: bool,
) -> Vec<String> {
    let mut activities = Vec::new();
    for instance in instances {
        let Some(group) = world.autoscaling.groups.get_mut(name) else {
            break;
        };
        let leaving = |member: &Member| {
            member.instance == *instance && member.lifecycle == Lifecycle::Terminating
        };
        if let Some(member) = group.members.iter().find(|member| leaving(member)) {
            activities.push(member.activity.clone());
            continue;
        }
        let change = if decrement {
            group.size.desired = group.size.desired.saturating_sub(1);
            let capacity = group.capacity();
            format!(
                ", shrinking the capacity from {capacity} to {}",
                capacity.saturating_sub(1)
            )
        } else {
            String::new()
        };
        let text = format!(
            "instance {instance} was taken out of service in response to a user request{change}."
        );
        activities.push(end_member(world, name, instance, text));
    }
    reconcile(world, name);
    activities
}
