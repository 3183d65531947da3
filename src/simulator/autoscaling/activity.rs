//! Scaling activities: what a group did, why, and how it ended.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::clock::Moment;
use super::super::wire::{Answer, object};
use super::super::world::World;
use super::DeletedGroup;

/// How long activities are told: six weeks.
pub(super) const KEPT: Duration = Duration::from_secs(42 * 86_400);

/// Longest cause that the API's model allows.
const LONGEST_CAUSE: usize = 1023;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Activity {
    pub id: String,
    pub kind: ActivityKind,
    /// `None` when no instance id was ever handed out.
    pub instance: Option<String>,
    pub cause: Vec<CausePart>,
    pub started: Moment,
    pub ended: Option<Moment>,
    pub status: String,
    pub message: Option<String>,
    pub subnet: String,
    pub zone: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ActivityKind {
    Launch,
    Terminate,
    Attach,
    Detach,
    EnterStandby,
    ExitStandby,
    /// A scale-in that every instance is protected from.
    ScaleIn,
}

/// One sentence of a cause: when, and what then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CausePart {
    pub at: Moment,
    pub text: String,
}

/// What an activity begins with.
pub(super) struct Beginning<'a> {
    pub(super) kind: ActivityKind,
    pub(super) instance: Option<&'a str>,
    pub(super) subnet: &'a str,
    pub(super) cause: Vec<CausePart>,
}

impl ActivityKind {
    fn description(self) -> &'static str {
        match self {
            ActivityKind::Launch => "Launching a new EC2 instance",
            ActivityKind::Terminate => "Terminating EC2 instance",
            ActivityKind::Attach => "Attaching an existing EC2 instance",
            ActivityKind::Detach => "Detaching EC2 instance",
            ActivityKind::EnterStandby => "Moving EC2 instance to Standby",
            ActivityKind::ExitStandby => "Moving EC2 instance out of Standby",
            ActivityKind::ScaleIn => {
                "Could not scale to desired capacity because all remaining instances are protected from scale-in."
            }
        }
    }

    fn first_status(self) -> &'static str {
        match self {
            ActivityKind::Launch | ActivityKind::Attach | ActivityKind::ExitStandby => {
                "PreInService"
            }
            _ => "InProgress",
        }
    }
}

impl Activity {
    fn description(&self) -> String {
        let mut text = self.kind.description().to_owned();
        if let Some(id) = &self.instance {
            text.push_str(&format!(": {id}"));
        }
        if let Some(message) = &self.message {
            text.push_str(&format!(".  Status Reason: {message}"));
        }
        text
    }

    /// In the percent that published examples show for each status.
    fn progress(&self) -> u8 {
        match (self.ended, self.status.as_str()) {
            (Some(_), _) => 100,
            (None, "PreInService") => 30,
            (None, _) => 50,
        }
    }
}

/// The activity as the API tells it; `arn` is the group's.
pub(super) fn activity_json(
    world: &World,
    group: &str,
    arn: &str,
    deleted: bool,
    activity: &Activity,
) -> Answer {
    let cause: Vec<String> = activity
        .cause
        .iter()
        .map(|part| format!("At {} {}", world.instant_text(part.at), part.text))
        .collect();
    let cause: String = cause.join("  ").chars().take(LONGEST_CAUSE).collect();
    object! {
        "ActivityId": activity.id.as_str(),
        "AutoScalingGroupName": group,
        "Description": activity.description(),
        "Cause": cause,
        "StartTime": world.instant(activity.started),
        "EndTime": activity.ended.map(|moment| world.instant(moment)),
        "StatusCode": &activity.status,
        "StatusMessage": activity.message.as_ref(),
        "Progress": activity.progress(),
        "Details": json!({ "Subnet ID": activity.subnet, "Availability Zone": activity.zone }).to_string(),
        "AutoScalingGroupState": deleted.then_some("Deleted"),
        "AutoScalingGroupARN": arn,
    }
}

/// Adds an activity to a group; returns its id.
pub(super) fn begin(world: &mut World, name: &str, beginning: Beginning<'_>) -> String {
    let (id, now) = (world.uuid(), world.now());
    let subnet = world.ec2.subnets.get(beginning.subnet);
    let zone = subnet.map_or_else(String::new, |subnet| subnet.zone.clone());
    if let Some(group) = world.autoscaling.groups.get_mut(name) {
        forget_old(&mut group.activities, now);
        group.activities.push(Activity {
            id: id.clone(),
            kind: beginning.kind,
            instance: beginning.instance.map(str::to_owned),
            cause: beginning.cause,
            started: now,
            ended: None,
            status: beginning.kind.first_status().to_owned(),
            message: None,
            subnet: beginning.subnet.to_owned(),
            zone,
        });
    }
    id
}

/// The sentences of a new activity's cause: what changed the desired capacity since the last one, then `text`.
pub(super) fn cause(world: &mut World, name: &str, text: String) -> Vec<CausePart> {
    let at = world.now();
    let pending = world.autoscaling.groups.get_mut(name);
    let mut parts =
        pending.map_or_else(Vec::new, |group| std::mem::take(&mut group.pending_causes));
    parts.push(CausePart { at, text });
    parts
}

pub(super) fn set_status(world: &mut World, name: &str, id: &str, status: &str) {
    if let Some(activity) = find(world, name, id) {
        activity.status = status.to_owned();
    }
}

pub(super) fn finish(
    world: &mut World,
    name: &str,
    id: &str,
    status: &str,
    message: Option<String>,
) {
    let now = world.now();
    if let Some(activity) = find(world, name, id) {
        activity.ended = Some(now);
        activity.status = status.to_owned();
        activity.message = message;
    }
}

fn find<'a>(world: &'a mut World, name: &str, id: &str) -> Option<&'a mut Activity> {
    let group = world.autoscaling.groups.get_mut(name)?;
    // The latest ones are those that still change.
    group
        .activities
        .iter_mut()
        .rev()
        .find(|activity| activity.id == id)
}

fn forget_old(activities: &mut Vec<Activity>, now: Moment) {
    let old = |activity: &Activity| now.since(activity.started) > KEPT;
    if activities.first().is_some_and(old) {
        activities.retain(|activity| !old(activity));
    }
}

/// Keeps a group's activities beyond its end.
pub(super) fn keep(world: &mut World, group: super::Group) {
    let now = world.now();
    let deleted = &mut world.autoscaling.deleted;
    deleted.push(DeletedGroup {
        name: group.name,
        arn: group.arn,
        activities: group.activities,
    });
    for group in deleted.iter_mut() {
        forget_old(&mut group.activities, now);
    }
    deleted.retain(|group| !group.activities.is_empty());
}
