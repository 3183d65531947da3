//! Instance refreshes: the members of a group are replaced, a few at a time.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::clock::Moment;
use super::super::world::{self, World};
use super::processes::INSTANCE_REFRESH;
use super::{Event, Group, Lifecycle, Member, Mixed, Template, controller};

/// Between two looks at the progress.
const STEP: Duration = Duration::from_secs(5);
/// How long a refresh waits for protected and standby instances. The documentation says so of these; launches that
/// fail are given the same.
const PATIENCE: Duration = Duration::from_secs(3600);

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refresh {
    pub id: String,
    pub status: Status,
    pub reason: Option<String>,
    pub started: Option<Moment>,
    pub ended: Option<Moment>,
    pub preferences: Preferences,
    /// What the group becomes when the refresh succeeds.
    pub desired: Option<Configuration>,
    /// Instances that are still to be replaced.
    pub remaining: Vec<String>,
    pub total: u32,
    /// Instances beyond the desired capacity, launched before others end.
    pub extra: u32,
    /// When something was last replaced.
    pub moved: Moment,
}

/// What instances are launched from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Configuration {
    pub template: Template,
    pub mixed: Option<Mixed>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    Pending,
    InProgress,
    Successful,
    Failed,
    Cancelling,
    Cancelled,
}

impl Status {
    pub(super) fn active(self) -> bool {
        matches!(
            self,
            Status::Pending | Status::InProgress | Status::Cancelling
        )
    }
}

/// As the API reads and writes them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Preferences {
    pub min_healthy_percentage: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_healthy_percentage: Option<u32>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_warmup: Option<u32>,
    pub skip_matching: bool,
    pub auto_rollback: bool,
    pub scale_in_protected_instances: String,
    pub standby_instances: String,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            min_healthy_percentage: 90,
            max_healthy_percentage: None,
            instance_warmup: None,
            skip_matching: false,
            auto_rollback: false,
            scale_in_protected_instances: "Wait".to_owned(),
            standby_instances: "Wait".to_owned(),
        }
    }
}

fn active(group: &Group) -> Option<&Refresh> {
    group
        .refreshes
        .iter()
        .find(|refresh| refresh.status.active())
}

/// The refresh that is under way.
pub(super) fn active_mut(group: &mut Group) -> Option<&mut Refresh> {
    group
        .refreshes
        .iter_mut()
        .find(|refresh| refresh.status.active())
}

/// Instances that a refresh wants beyond the desired capacity.
pub(super) fn extra(group: &Group) -> u32 {
    active(group).map_or(0, |refresh| refresh.extra)
}

/// What to launch from: what a refresh is bringing in, or what the group has.
pub(super) fn configuration(group: &Group) -> (&Template, Option<&Mixed>) {
    let coming = active(group).and_then(|refresh| refresh.desired.as_ref());
    match coming {
        Some(desired) => (&desired.template, desired.mixed.as_ref()),
        None => (&group.template, group.settings.mixed.as_ref()),
    }
}

/// Begins a refresh; returns its id.
pub(super) fn start(
    world: &mut World,
    name: &str,
    preferences: Preferences,
    desired: Option<Configuration>,
) -> String {
    let (id, moved) = (world.uuid(), world.now());
    if let Some(group) = world.autoscaling.groups.get_mut(name) {
        group.refreshes.push(Refresh {
            id: id.clone(),
            status: Status::Pending,
            reason: None,
            started: None,
            ended: None,
            preferences,
            desired,
            remaining: Vec::new(),
            total: 0,
            extra: 0,
            moved,
        });
    }
    schedule(world, name, &id);
    id
}

fn schedule(world: &mut World, name: &str, id: &str) {
    let event = Event::Refresh {
        group: name.to_owned(),
        refresh: id.to_owned(),
    };
    world.schedule(STEP, world::Event::AutoScaling(event));
}

/// Takes up a refresh that was paused with its process.
pub(super) fn go_on(world: &mut World, name: &str) {
    let group = world.autoscaling.groups.get(name);
    if let Some(id) = group.and_then(|group| Some(active(group)?.id.clone())) {
        schedule(world, name, &id);
    }
}

/// Asks a refresh to stop; returns its id. What is being replaced will be.
pub(super) fn cancel(world: &mut World, name: &str) -> Option<String> {
    let group = world.autoscaling.groups.get_mut(name)?;
    let refresh = active_mut(group)?;
    refresh.status = Status::Cancelling;
    let id = refresh.id.clone();
    schedule(world, name, &id);
    Some(id)
}

/// What a look at a refresh finds to do.
enum Next {
    Wait(Option<String>),
    End(Status),
    LaunchFirst(u32),
    Replace(Vec<String>),
}

pub(super) fn step(world: &mut World, name: &str, id: &str) {
    let now = world.now();
    let matching = matching_version(world, name);
    let Some(group) = world.autoscaling.groups.get_mut(name) else {
        return;
    };
    // A suspended process pauses the refresh without cancelling it.
    if !group.runs(INSTANCE_REFRESH) || active(group).is_none_or(|refresh| refresh.id != id) {
        return;
    }
    begin(group, matching, now);
    let next = next(group, now);
    let Some(refresh) = active_mut(group) else {
        return;
    };
    match next {
        Next::Wait(_) if now.since(refresh.moved) > PATIENCE => {
            end(world, name, Status::Failed);
            return;
        }
        Next::Wait(reason) => refresh.reason = reason,
        Next::End(status) => {
            end(world, name, status);
            return;
        }
        Next::LaunchFirst(count) => {
            refresh.extra = count;
            refresh.moved = now;
            controller::reconcile(world, name);
        }
        Next::Replace(instances) => {
            refresh.extra = 0;
            refresh.moved = now;
            refresh.remaining.retain(|other| !instances.contains(other));
            replace(world, name, &instances);
        }
    }
    schedule(world, name, id);
}

/// Template id and version that members must be from to be skipped.
fn matching_version(world: &World, name: &str) -> Option<(String, u64)> {
    let group = world.autoscaling.groups.get(name)?;
    let (template, _) = configuration(group);
    Some((template.id.clone(), template.resolved(world)))
}

/// A pending refresh notes what it will replace.
fn begin(group: &mut Group, matching: Option<(String, u64)>, now: Moment) {
    let skips = active(group).is_some_and(|refresh| refresh.preferences.skip_matching);
    let matches = |member: &Member| {
        skips && matching == Some((member.template_id.clone(), member.template_version))
    };
    let remaining: Vec<String> = group
        .members
        .iter()
        .filter(|member| member.lifecycle != Lifecycle::Terminating && !matches(member))
        .map(|member| member.instance.clone())
        .collect();
    if let Some(refresh) = active_mut(group).filter(|refresh| refresh.status == Status::Pending) {
        refresh.status = Status::InProgress;
        refresh.started = Some(now);
        refresh.moved = now;
        refresh.total = u32::try_from(remaining.len()).unwrap_or(u32::MAX);
        refresh.remaining = remaining;
    }
}

fn next(group: &mut Group, now: Moment) -> Next {
    let present: Vec<String> = group
        .members
        .iter()
        .filter(|member| member.lifecycle != Lifecycle::Terminating)
        .map(|member| member.instance.clone())
        .collect();
    if let Some(refresh) = active_mut(group) {
        refresh.remaining.retain(|id| present.contains(id));
    }
    let Some(refresh) = active(group) else {
        return Next::Wait(None);
    };
    if let Some(waiting) = unsettled(group, refresh, now) {
        return Next::Wait(waiting);
    }
    if refresh.status == Status::Cancelling {
        return Next::End(Status::Cancelled);
    }
    let (ready, blocked) = candidates(group, refresh);
    if ready.is_empty() {
        return match blocked {
            false => Next::End(Status::Successful),
            true => Next::Wait(None),
        };
    }
    let batch = batch(group.size.desired, &refresh.preferences);
    match batch {
        Batch::LaunchFirst(count) if refresh.extra == 0 => Next::LaunchFirst(count),
        Batch::LaunchFirst(count) | Batch::AtOnce(count) => {
            Next::Replace(ready.into_iter().take(count as usize).collect())
        }
    }
}

/// Whether the last replacements are still on their way: the reason to show, if there is one.
fn unsettled(group: &Group, refresh: &Refresh, now: Moment) -> Option<Option<String>> {
    let warmup = refresh
        .preferences
        .instance_warmup
        .or(group.settings.warmup)
        .unwrap_or(group.settings.health_check_grace);
    let warming = group.staying().find(|member| {
        let since = member.in_service_since.unwrap_or(now);
        member.lifecycle == Lifecycle::Pending
            || now.since(since) < Duration::from_secs(warmup.into())
    });
    let leaving = group
        .members
        .iter()
        .any(|member| member.lifecycle == Lifecycle::Terminating);
    match warming {
        Some(member) => Some(Some(format!(
            "Waiting for instances to warm up before continuing. For example: {} is warming up.",
            member.instance
        ))),
        None if leaving || group.capacity() < group.wanted() => Some(None),
        None => None,
    }
}

/// Instances that may be replaced now, and whether others have to wait for a user.
fn candidates(group: &Group, refresh: &Refresh) -> (Vec<String>, bool) {
    let preferences = &refresh.preferences;
    let mut ready = Vec::new();
    let mut blocked = false;
    let remaining = group
        .members
        .iter()
        .filter(|member| refresh.remaining.contains(&member.instance));
    for member in remaining {
        let choice = match member.lifecycle {
            Lifecycle::Standby => preferences.standby_instances.as_str(),
            _ if member.protected => preferences.scale_in_protected_instances.as_str(),
            _ => "Refresh",
        };
        match choice {
            "Refresh" | "Terminate" => ready.push(member.instance.clone()),
            "Ignore" => {}
            _ => blocked = true,
        }
    }
    (ready, blocked)
}

enum Batch {
    /// So many end while their replacements start.
    AtOnce(u32),
    /// So many start before others end.
    LaunchFirst(u32),
}

fn batch(desired: u32, preferences: &Preferences) -> Batch {
    let healthy = (desired * preferences.min_healthy_percentage).div_ceil(100);
    let spare = desired.saturating_sub(healthy);
    match preferences.max_healthy_percentage {
        Some(most) if spare == 0 => {
            Batch::LaunchFirst((desired * most / 100).saturating_sub(desired).max(1))
        }
        _ => Batch::AtOnce(spare.max(1)),
    }
}

fn replace(world: &mut World, name: &str, instances: &[String]) {
    for instance in instances {
        let text = "an instance was taken out of service in response to an instance refresh.";
        controller::end_member(world, name, instance, text.to_owned());
    }
    controller::reconcile(world, name);
}

fn end(world: &mut World, name: &str, status: Status) {
    let now = world.now();
    let Some(group) = world.autoscaling.groups.get_mut(name) else {
        return;
    };
    let Some(refresh) = active_mut(group) else {
        return;
    };
    refresh.status = status;
    refresh.ended = Some(now);
    refresh.extra = 0;
    refresh.reason =
        (status == Status::Cancelled).then(|| "Cancelled due to user request.".to_owned());
    let desired = refresh.desired.clone();
    if let Some(desired) = desired.filter(|_| status == Status::Successful) {
        group.template = desired.template;
        group.settings.mixed = desired.mixed;
    }
    controller::reconcile(world, name);
}
