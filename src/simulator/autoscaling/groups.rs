//! How groups come to be and go.

use std::collections::{BTreeMap, BTreeSet};

use super::super::world::World;
use super::activity::{self, CausePart};
use super::hooks::Hook;
use super::processes::Suspension;
use super::{Group, Lifecycle, Settings, Size, Template, controller};

/// What a group is made from, checked.
#[derive(Debug, Clone)]
pub struct NewGroup {
    pub name: String,
    pub size: Size,
    pub template: Template,
    pub subnets: Vec<String>,
    pub settings: Settings,
    pub tags: BTreeMap<String, String>,
    /// Keys of tags that instances do not get.
    pub kept_tags: BTreeSet<String>,
    pub hooks: Vec<Hook>,
    /// Names of processes that are suspended from the beginning.
    pub suspended: Vec<String>,
}

/// Makes a group and starts to work towards its desired capacity.
pub fn create(world: &mut World, new: NewGroup) {
    let uuid = world.uuid();
    let (name, now) = (new.name, world.now());
    let desired = new.size.desired;
    let mut pending_causes = Vec::new();
    if desired > 0 {
        let text = format!(
            "a user request created an AutoScalingGroup changing the desired capacity from 0 to {desired}."
        );
        pending_causes.push(CausePart { at: now, text });
    }
    let suspension = Suspension::by_user(now);
    let group = Group {
        arn: world.arn(
            "autoscaling",
            &format!("autoScalingGroup:{uuid}:autoScalingGroupName/{name}"),
        ),
        name: name.clone(),
        size: new.size,
        surge: 0,
        template: new.template,
        subnets: new.subnets,
        settings: new.settings,
        members: Vec::new(),
        activities: Vec::new(),
        created: now,
        tags: new.tags,
        kept_tags: new.kept_tags,
        suspended: new
            .suspended
            .into_iter()
            .map(|process| (process, suspension.clone()))
            .collect(),
        hooks: new
            .hooks
            .into_iter()
            .map(|hook| (hook.name.clone(), hook))
            .collect(),
        hooks_held: false,
        refreshes: Vec::new(),
        pending_causes,
        replacements: 0,
        failing_since: None,
        retry_at: None,
        deleting: false,
    };
    world.autoscaling.groups.insert(name.clone(), group);
    controller::reconcile(world, &name);
}

/// Ends a group with its instances; it goes away when the last of them has.
pub fn delete(world: &mut World, name: &str) {
    let Some(group) = world.autoscaling.groups.get_mut(name) else {
        return;
    };
    group.deleting = true;
    let members: Vec<String> = group
        .members
        .iter()
        .filter(|member| member.lifecycle != Lifecycle::Terminating)
        .map(|member| member.instance.clone())
        .collect();
    // Text: inferred; no source shows the cause of a forced deletion's activities.
    let text = "an instance was taken out of service in response to a user request.";
    for instance in &members {
        controller::end_member(world, name, instance, text.to_owned());
    }
    remove_if_empty(world, name);
}

/// A group that is being deleted goes with its last instance.
pub(super) fn remove_if_empty(world: &mut World, name: &str) {
    let group = world.autoscaling.groups.get(name);
    if group.is_some_and(|group| group.deleting && group.members.is_empty()) {
        remove(world, name);
    }
}

/// Takes an empty group away; its activities can still be described.
pub fn remove(world: &mut World, name: &str) {
    if let Some(group) = world.autoscaling.groups.remove(name) {
        activity::keep(world, group);
    }
}
