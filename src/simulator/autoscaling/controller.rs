//! What Auto Scaling does by itself: launch, notice, retry, take out of service.

use super::super::ec2::instances::{self, InstanceState};
use super::super::world::World;
use super::activity::{Beginning, begin, cause, finish};
use super::hooks::Transition;
use super::processes::{LAUNCH, TERMINATE};
use super::{
    ActivityKind, CausePart, Event, Group, Lifecycle, Member, Size, groups, health, hooks,
    launching, refresh, selection,
};

pub(in super::super) fn handle(world: &mut World, event: Event) {
    match event {
        Event::Reconcile { group } => launching::retry(world, &group),
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
        launching::launch_missing(world, name, actual, wanted);
    } else if actual > wanted && group.runs(TERMINATE) {
        scale_in(world, name, actual, wanted);
    } else if actual == wanted {
        group.replacements = 0;
        group.pending_causes.clear();
    }
}

pub(super) fn part(world: &World, text: &str) -> CausePart {
    CausePart {
        at: world.now(),
        text: text.to_owned(),
    }
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
        let message =
            launching::unfinished("Client.UserInitiatedShutdown: User initiated shutdown");
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
        Some(Lifecycle::Pending) => launching::in_service(world, name, instance),
        Some(Lifecycle::Terminating) => {
            instances::terminate(world, instance);
            instance_gone(world, instance);
        }
        _ => {}
    }
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
                launching::in_service(world, &name, instance);
            }
        }
        _ => launching::died_pending(world, &name, instance),
    }
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
        Lifecycle::Pending if ended => launching::died_pending(world, &name, instance),
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
