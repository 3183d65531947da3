//! Updates of a node group, from the request to their end: sizes, labels, template versions.

use std::collections::BTreeMap;

use super::super::autoscaling::{Size, controller as autoscaling};
use super::super::world::World;
use super::controller::{
    RECHECK, all_ready, nodes_on_their_way, schedule, set_status, settle_status,
};
use super::creation::{completed, service_role, source_data};
use super::health::sweep;
use super::{
    Event, Issue, Nodegroup, NodegroupId, Source, Status, Taint, Update, UpdateConfig, UpdateKind,
    causes, eviction, node_settings,
};

/// What an update of the configuration brings, checked.
pub(super) struct ConfigChange {
    pub(super) size: Option<Size>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) taints: Vec<Taint>,
    pub(super) update_config: Option<UpdateConfig>,
    /// How the update shows it.
    pub(super) parameters: Vec<(&'static str, String)>,
}

pub(super) fn start_config_update(
    world: &mut World,
    id: &NodegroupId,
    change: ConfigChange,
    token: Option<String>,
) -> String {
    let update = start_update(world, id, UpdateKind::Config, change.parameters, token);
    node_settings::change(world, id, change.labels, change.taints);
    let Some(nodegroup) = world.eks.nodegroups.get_mut(id) else {
        return update;
    };
    if let Some(config) = change.update_config {
        nodegroup.update_config = config;
    }
    if let Some(size) = change.size {
        let group = nodegroup.group.clone();
        autoscaling::resize(world, &group, size);
    }
    update
}

fn start_update(
    world: &mut World,
    id: &NodegroupId,
    kind: UpdateKind,
    parameters: Vec<(&'static str, String)>,
    token: Option<String>,
) -> String {
    let (update, now) = (world.uuid(), world.now());
    set_status(world, id, Status::Updating);
    if let Some(nodegroup) = world.eks.nodegroups.get_mut(id) {
        nodegroup.updates.push(Update {
            id: update.clone(),
            kind,
            status: "InProgress".to_owned(),
            parameters: parameters
                .into_iter()
                .map(|(kind, value)| (kind.to_owned(), value))
                .collect(),
            created: now,
            errors: Vec::new(),
            token,
            held_up_since: None,
        });
    }
    let after = world.options.update;
    schedule(
        world,
        after,
        Event::UpdateCheck {
            nodegroup: id.clone(),
            update: update.clone(),
        },
    );
    update
}

/// What a version update brings, checked.
pub(super) struct VersionChange {
    /// The version of the user's template, if the node group has one.
    pub(super) source: Option<Source>,
    /// How the update shows it.
    pub(super) parameters: Vec<(&'static str, String)>,
    /// Nodes go even if pods on them may not be evicted.
    pub(super) force: bool,
}

/// Rolls the group over to another version of its template: EKS's own template gets a version made
/// from it, new instances come up beside the old ones, the old ones go when the new ones are Ready.
pub(super) fn start_version_update(
    world: &mut World,
    id: &NodegroupId,
    change: VersionChange,
    token: Option<String>,
) -> String {
    let Some(nodegroup) = world.eks.nodegroups.get(id) else {
        return String::new();
    };
    let (group, before, own_version_before) = (
        nodegroup.group.clone(),
        nodegroup.source.clone(),
        nodegroup.own_version,
    );
    let changes = before != change.source;
    let kind = UpdateKind::Version {
        before,
        own_version_before,
        force: change.force,
    };
    let update = start_update(world, id, kind, change.parameters, token);
    if let Some(source) = change.source.filter(|_| changes) {
        let version = own_version_from(world, id, &source).unwrap_or(own_version_before);
        if let Some(nodegroup) = world.eks.nodegroups.get_mut(id) {
            nodegroup.source = Some(source);
            nodegroup.own_version = version;
        }
        use_version(world, &group, version);
    }
    update
}

/// A version of EKS's own template made from the user's; `None` when its template is gone.
fn own_version_from(world: &mut World, id: &NodegroupId, source: &Source) -> Option<u64> {
    let nodegroup = world.eks.nodegroups.get(id)?;
    let own = nodegroup.own_template.clone();
    let data = source_data(world, source);
    let instance_type = data
        .instance_type
        .clone()
        .or_else(|| nodegroup.instance_types.first().cloned());
    let data = completed(world, data, instance_type, None, &nodegroup.uuid);
    let author = service_role(world);
    world.add_template_version(&own, None, data, &author)
}

fn use_version(world: &mut World, name: &str, version: u64) {
    if let Some(group) = world.autoscaling.groups.get_mut(name) {
        group.template.version = version;
        group.template.follows = None;
        group.surge = u32::try_from(group.outdated().count()).unwrap_or(0);
    }
    autoscaling::reconcile(world, name);
}

pub(super) fn check_update(world: &mut World, id: NodegroupId, update: String) {
    let Some(nodegroup) = world
        .eks
        .nodegroups
        .get(&id)
        .filter(|found| found.status == Status::Updating)
    else {
        return;
    };
    let Some(running) = nodegroup.updates.iter().find(|known| known.id == update) else {
        return;
    };
    let (kind, age, group) = (
        running.kind.clone(),
        world.now().since(running.created),
        nodegroup.group.clone(),
    );
    if let Some(error) = obstacle(world, nodegroup) {
        fail(world, &id, &update, error);
        finish_update(world, &id, &update);
        return;
    }
    let over = match kind {
        UpdateKind::Version { force, .. } => match roll(world, &id, &update, force) {
            Roll::GoesOn if age < world.options.nodegroup_creation_limit => false,
            Roll::Done => true,
            stuck => {
                let error = match stuck {
                    Roll::HeldUp(error) => error,
                    _ => failed_launches(world, &id),
                };
                fall_back(world, &id, &kind);
                fail(world, &id, &update, error);
                true
            }
        },
        _ => !nodes_on_their_way(world, &group) || age >= world.options.update_limit,
    };
    if over {
        finish_update(world, &id, &update);
    } else {
        let nodegroup = id;
        schedule(world, RECHECK, Event::UpdateCheck { nodegroup, update });
    }
}

/// How far the replacement of a group's nodes has come.
enum Roll {
    GoesOn,
    Done,
    /// For too long; as an update's error.
    HeldUp(Issue),
}

/// Once all new nodes are Ready the old ones are drained and go, unless pods on them may not be evicted.
fn roll(world: &mut World, id: &NodegroupId, update: &str, force: bool) -> Roll {
    let Some(nodegroup) = world.eks.nodegroups.get(id) else {
        return Roll::Done;
    };
    let group = nodegroup.group.clone();
    if !all_ready(world, &group) {
        return Roll::GoesOn;
    }
    let held_up = match world.autoscaling.groups.get(&group) {
        Some(group) if !force => eviction::undrainable(world, group),
        _ => Vec::new(),
    };
    if held_up.is_empty() {
        return match retire_outdated(world, &group) {
            true => Roll::Done,
            false => Roll::GoesOn,
        };
    }
    let (now, limit) = (world.now(), world.options.eviction_limit);
    let since = world
        .eks
        .nodegroups
        .get_mut(id)
        .and_then(|found| found.updates.iter_mut().find(|known| known.id == update))
        .map_or(now, |update| *update.held_up_since.get_or_insert(now));
    if now.since(since) < limit {
        return Roll::GoesOn;
    }
    Roll::HeldUp(Issue {
        code: "PodEvictionFailure".to_owned(),
        message: format!(
            "Reached max retries while trying to evict pods from nodes in node group {}",
            id.1
        ),
        resources: held_up,
    })
}

/// What keeps EKS from doing anything to the node group, as an update's error. Errors of updates have few codes.
fn obstacle(world: &World, nodegroup: &Nodegroup) -> Option<Issue> {
    if let Some(locked_out) = causes::issue(world, nodegroup, "AccessDenied") {
        return Some(locked_out);
    }
    ["AutoScalingGroupNotFound", "Ec2LaunchTemplateNotFound"]
        .iter()
        .find_map(|code| causes::issue(world, nodegroup, code))
        .map(|issue| Issue {
            code: "Unknown".to_owned(),
            ..issue
        })
}

fn fail(world: &mut World, id: &NodegroupId, update: &str, error: Issue) {
    let update = world
        .eks
        .nodegroups
        .get_mut(id)
        .and_then(|found| found.updates.iter_mut().find(|known| known.id == update));
    if let Some(update) = update {
        update.status = "Failed".to_owned();
        update.errors.push(error);
    }
}

/// Lets the outdated members go; true when none is left.
fn retire_outdated(world: &mut World, name: &str) -> bool {
    let Some(group) = world.autoscaling.groups.get_mut(name) else {
        return true;
    };
    group.surge = 0;
    let outdated = group.outdated().count();
    if outdated > 0 {
        autoscaling::reconcile(world, name);
    }
    outdated == 0 && !nodes_on_their_way(world, name)
}

fn failed_launches(world: &World, id: &NodegroupId) -> Issue {
    let nodegroup = world.eks.nodegroups.get(id);
    let failure = nodegroup.and_then(|found| causes::launch_issue(world, found));
    let message = failure.map_or_else(
        || {
            "Couldn't proceed with upgrade process as new nodes are not joining node group"
                .to_owned()
        },
        |issue| issue.message,
    );
    let resources = nodegroup.map(|found| found.group.clone());
    Issue {
        code: "NodeCreationFailure".to_owned(),
        message,
        resources: resources.into_iter().collect(),
    }
}

/// Back to what the node group was made from before the update.
fn fall_back(world: &mut World, id: &NodegroupId, kind: &UpdateKind) {
    let UpdateKind::Version {
        before,
        own_version_before,
        ..
    } = kind
    else {
        return;
    };
    let Some(nodegroup) = world.eks.nodegroups.get_mut(id) else {
        return;
    };
    nodegroup.source = before.clone();
    nodegroup.own_version = *own_version_before;
    // The update's error tells of the launches; they are not wanted any more.
    causes::forget_launches(nodegroup);
    let group = nodegroup.group.clone();
    use_version(world, &group, *own_version_before);
    if let Some(group) = world.autoscaling.groups.get_mut(&group) {
        group.surge = 0;
        group.failing_since = None;
    }
    autoscaling::reconcile(world, &group);
}

fn finish_update(world: &mut World, id: &NodegroupId, update: &str) {
    let Some(nodegroup) = world.eks.nodegroups.get_mut(id) else {
        return;
    };
    if let Some(update) = nodegroup
        .updates
        .iter_mut()
        .find(|known| known.id == update && known.is_running())
    {
        update.status = "Successful".to_owned();
    }
    settle_status(world, id);
    sweep(world, id);
}
