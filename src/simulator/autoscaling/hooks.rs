//! Lifecycle hooks: instances wait between two states until somebody completes their lifecycle action, or until the
//! heartbeat is missed. Nobody is notified: there are no topics and queues.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::clock::Moment;
use super::super::world::{self, World};
use super::{Event, activity, controller, launching};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hook {
    pub name: String,
    pub transition: Transition,
    /// Seconds, 30 to 7200.
    pub heartbeat: u32,
    /// What a missed heartbeat means.
    pub default: Outcome,
    pub metadata: Option<String>,
    pub target: Option<String>,
    pub role: Option<String>,
    /// How soon the service that made the hook completes its actions; `None` for a user's hook.
    pub answered_after: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Transition {
    #[serde(rename = "autoscaling:EC2_INSTANCE_LAUNCHING")]
    Launching,
    #[serde(rename = "autoscaling:EC2_INSTANCE_TERMINATING")]
    Terminating,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Outcome {
    Continue,
    Abandon,
}

/// A lifecycle action that an instance waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Wait {
    pub hook: String,
    pub token: String,
    pub since: Moment,
    pub deadline: Moment,
}

/// Longest wait, however often its heartbeat is recorded: 48 hours.
const LONGEST_WAIT: u32 = 172_800;

impl Hook {
    /// A hook of a service's own, whose actions it completes after `answered_after`.
    pub fn of_service(
        name: &str,
        transition: Transition,
        heartbeat: u32,
        answered_after: Duration,
    ) -> Self {
        Self {
            name: name.to_owned(),
            transition,
            heartbeat,
            default: Outcome::Continue,
            metadata: None,
            target: None,
            role: None,
            answered_after: Some(answered_after),
        }
    }

    /// Seconds that an instance waits at most.
    pub(super) fn global_timeout(&self) -> u32 {
        self.heartbeat.saturating_mul(100).min(LONGEST_WAIT)
    }
}

/// Instances that wait for a lifecycle action of this group: instance and hook.
pub fn waiting(world: &World, name: &str) -> Vec<(String, String)> {
    let Some(group) = world.autoscaling.groups.get(name) else {
        return Vec::new();
    };
    let of_member = |member: &super::Member| {
        let instance = member.instance.clone();
        let hooks: Vec<String> = member.waits.iter().map(|wait| wait.hook.clone()).collect();
        hooks.into_iter().map(move |hook| (instance.clone(), hook))
    };
    group.members.iter().flat_map(of_member).collect()
}

/// Says whether the service that owns a group's hooks cannot answer them, as EKS cannot when it does not reach its
/// cluster. Held actions wait for their heartbeat or for a user; what is still waiting is answered when it can again.
pub fn hold(world: &mut World, name: &str, held: bool) {
    let Some(group) = world.autoscaling.groups.get_mut(name) else {
        return;
    };
    group.hooks_held = held;
    if held {
        return;
    }
    let tokens: Vec<String> = group
        .members
        .iter()
        .flat_map(|member| &member.waits)
        .map(|wait| wait.token.clone())
        .collect();
    for token in tokens {
        answer(world, name, &token);
    }
}

/// Lets an instance wait for every hook of a transition; false when there is none.
pub(super) fn enter(world: &mut World, name: &str, instance: &str, transition: Transition) -> bool {
    let Some(group) = world.autoscaling.groups.get(name) else {
        return false;
    };
    let hooks: Vec<Hook> = group
        .hooks
        .values()
        .filter(|hook| hook.transition == transition)
        .cloned()
        .collect();
    let now = world.now();
    let mut waits = Vec::new();
    for hook in &hooks {
        let token = world.uuid();
        let deadline = now + Duration::from_secs(hook.heartbeat.into());
        schedule_heartbeat(world, name, &token, deadline);
        if let Some(after) = hook.answered_after {
            let event = Event::HookAnswer {
                group: name.to_owned(),
                token: token.clone(),
            };
            world.schedule(after, world::Event::AutoScaling(event));
        }
        waits.push(Wait {
            hook: hook.name.clone(),
            token,
            since: now,
            deadline,
        });
    }
    let member = world
        .autoscaling
        .groups
        .get_mut(name)
        .and_then(|group| group.member_mut(instance));
    if let Some(member) = member {
        member.waits = waits;
        let activity = member.activity.clone();
        if !hooks.is_empty() {
            activity::set_status(world, name, &activity, "MidLifecycleAction");
        }
    }
    !hooks.is_empty()
}

fn schedule_heartbeat(world: &mut World, name: &str, token: &str, deadline: Moment) {
    let event = Event::Heartbeat {
        group: name.to_owned(),
        token: token.to_owned(),
    };
    let after = deadline.since(world.now());
    world.schedule(after, world::Event::AutoScaling(event));
}

/// The service that owns the hook completes the action, if it can and if the hook has an owner.
pub(super) fn answer(world: &mut World, name: &str, token: &str) {
    let Some(group) = world.autoscaling.groups.get(name) else {
        return;
    };
    let hook = find(group, token).and_then(|(_, wait)| group.hooks.get(&wait.hook));
    if !group.hooks_held && hook.is_some_and(|hook| hook.answered_after.is_some()) {
        complete(world, name, token, Outcome::Continue, COMPLETED);
    }
}

/// Ends a wait whose heartbeat was missed.
pub(super) fn heartbeat(world: &mut World, name: &str, token: &str) {
    let now = world.now();
    let Some(group) = world.autoscaling.groups.get(name) else {
        return;
    };
    let Some((_, wait)) = find(group, token).filter(|(_, wait)| wait.deadline <= now) else {
        return;
    };
    let default = group
        .hooks
        .get(&wait.hook)
        .map_or(Outcome::Continue, |hook| hook.default);
    complete(world, name, token, default, "Heartbeat Timeout");
}

/// Prolongs a wait by the hook's heartbeat, within its longest wait.
pub(super) fn record_heartbeat(world: &mut World, name: &str, token: &str) {
    let now = world.now();
    let Some(group) = world.autoscaling.groups.get_mut(name) else {
        return;
    };
    let hooks = &group.hooks;
    let wait = group
        .members
        .iter_mut()
        .flat_map(|member| &mut member.waits)
        .find(|wait| wait.token == token);
    let Some(wait) = wait else { return };
    let Some(hook) = hooks.get(&wait.hook) else {
        return;
    };
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    let deadline = (now + seconds(hook.heartbeat)).min(wait.since + seconds(hook.global_timeout()));
    wait.deadline = deadline;
    schedule_heartbeat(world, name, token, deadline);
}

pub(super) const COMPLETED: &str = "Lifecycle Action Completed with ABANDON Result";

/// Completes an action; the instance moves on when it was the last one, or abandoned.
pub(super) fn complete(
    world: &mut World,
    name: &str,
    token: &str,
    outcome: Outcome,
    why_abandoned: &str,
) {
    let Some(group) = world.autoscaling.groups.get_mut(name) else {
        return;
    };
    let Some(instance) = find(group, token).map(|(instance, _)| instance) else {
        return;
    };
    let Some(member) = group.member_mut(&instance) else {
        return;
    };
    member.waits.retain(|wait| wait.token != token);
    if outcome == Outcome::Abandon {
        member.waits.clear();
        if member.lifecycle == super::Lifecycle::Pending {
            let message = format!(
                "Instance failed to complete user's Lifecycle Action: Lifecycle Action with token {token} was abandoned: {why_abandoned}"
            );
            launching::abandon_launch(world, name, &instance, message);
            return;
        }
    }
    if member.waits.is_empty() {
        member.proceeds = true;
        controller::proceed(world, name, &instance);
    }
}

/// The instance and the wait of a token.
pub(super) fn find<'a>(group: &'a super::Group, token: &str) -> Option<(String, &'a Wait)> {
    group.members.iter().find_map(|member| {
        let wait = member.waits.iter().find(|wait| wait.token == token)?;
        Some((member.instance.clone(), wait))
    })
}

/// Takes a hook away; what waits for it moves on, as documented: launches are abandoned, terminations continue.
pub(super) fn remove(world: &mut World, name: &str, hook: &str) {
    let Some(group) = world.autoscaling.groups.get_mut(name) else {
        return;
    };
    let Some(hook) = group.hooks.remove(hook) else {
        return;
    };
    let tokens: Vec<String> = group
        .members
        .iter()
        .flat_map(|member| &member.waits)
        .filter(|wait| wait.hook == hook.name)
        .map(|wait| wait.token.clone())
        .collect();
    let outcome = match hook.transition {
        Transition::Launching => Outcome::Abandon,
        Transition::Terminating => Outcome::Continue,
    };
    for token in tokens {
        complete(world, name, &token, outcome, COMPLETED);
    }
}
