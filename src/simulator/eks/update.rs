//! Updates of a node group, from the request to their end: sizes, labels, template versions.

use std::collections::BTreeMap;

use super::super::autoscaling::{Size, controller as autoscaling};
use super::super::world::World;
use super::controller::{
    RECHECK, all_ready, nodes_on_their_way, schedule, set_status, settle_status,
};
use super::creation::{completed, service_role, source_data};
use super::health::{clear_launch_failures, launch_failure};
use super::{Event, Issue, NodegroupId, Source, Status, Update, UpdateKind};

pub(super) fn change_labels(
    world: &mut World,
    id: &NodegroupId,
    add: &BTreeMap<String, String>,
    remove: &[String],
) {
    if let Some(nodegroup) = world.eks.nodegroups.get_mut(id) {
        nodegroup.labels.retain(|name, _| !remove.contains(name));
        nodegroup.labels.extend(add.clone());
    }
}

pub(super) fn start_config_update(
    world: &mut World,
    id: &NodegroupId,
    size: Option<Size>,
    parameters: Vec<(&'static str, String)>,
    token: Option<String>,
) -> String {
    let update = start_update(world, id, UpdateKind::Config, parameters, token);
    if let (Some(size), Some(group)) = (
        size,
        world
            .eks
            .nodegroups
            .get(id)
            .map(|found| found.group.clone()),
    ) {
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

/// Rolls the group over to another version of its template: EKS's own template gets a version made
/// from it, new instances come up beside the old ones, the old ones go when the new ones are Ready.
pub(super) fn start_version_update(
    world: &mut World,
    id: &NodegroupId,
    source: Source,
    token: Option<String>,
) -> String {
    let Some(nodegroup) = world.eks.nodegroups.get(id) else {
        return String::new();
    };
    let (own, group, uuid, before) = (
        nodegroup.own_template.clone(),
        nodegroup.group.clone(),
        nodegroup.uuid.clone(),
        nodegroup.source.clone(),
    );
    let own_version_before = world
        .autoscaling
        .groups
        .get(&group)
        .map_or(1, |group| group.template.version);
    let parameters = vec![("LaunchTemplateVersion", source.version.to_string())];
    let update = start_update(
        world,
        id,
        UpdateKind::Version {
            before,
            own_version_before,
        },
        parameters,
        token,
    );
    let data = source_data(world, &source);
    let instance_type = data.instance_type.clone().or_else(|| {
        world
            .eks
            .nodegroups
            .get(id)
            .and_then(|nodegroup| nodegroup.instance_types.first().cloned())
    });
    let data = completed(world, data, instance_type, None, &uuid);
    let author = service_role(world);
    let version = world
        .add_template_version(&own, None, data, &author)
        .unwrap_or(own_version_before);
    if let Some(nodegroup) = world.eks.nodegroups.get_mut(id) {
        nodegroup.source = Some(source);
    }
    use_version(world, &group, version);
    update
}

fn use_version(world: &mut World, name: &str, version: u64) {
    if let Some(group) = world.autoscaling.groups.get_mut(name) {
        group.template.version = version;
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
    let over = match kind {
        UpdateKind::Config => {
            !nodes_on_their_way(world, &group) || age >= world.options.update_limit
        }
        UpdateKind::Version {
            before,
            own_version_before,
        } => {
            if all_ready(world, &group) && retire_outdated(world, &group) {
                true
            } else if age >= world.options.nodegroup_creation_limit {
                fall_back(world, &id, &update, &group, before, own_version_before);
                true
            } else {
                false
            }
        }
    };
    if over {
        finish_update(world, &id, &update);
    } else {
        schedule(
            world,
            RECHECK,
            Event::UpdateCheck {
                nodegroup: id,
                update,
            },
        );
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

fn fall_back(
    world: &mut World,
    id: &NodegroupId,
    update: &str,
    group: &str,
    before: Option<Source>,
    version: u64,
) {
    let message = launch_failure(world, group).unwrap_or_else(|| {
        "Couldn't proceed with upgrade process as new nodes are not joining node group".to_owned()
    });
    let error = Issue {
        code: "NodeCreationFailure".to_owned(),
        message,
        resources: vec![group.to_owned()],
    };
    if let Some(nodegroup) = world.eks.nodegroups.get_mut(id) {
        nodegroup.source = before;
        if let Some(update) = nodegroup
            .updates
            .iter_mut()
            .find(|known| known.id == update)
        {
            update.status = "Failed".to_owned();
            update.errors.push(error);
        }
    }
    use_version(world, group, version);
    if let Some(group) = world.autoscaling.groups.get_mut(group) {
        group.surge = 0;
    }
    autoscaling::reconcile(world, group);
}

fn finish_update(world: &mut World, id: &NodegroupId, update: &str) {
    let clears = world.options.zero_clears_issues;
    let Some(nodegroup) = world.eks.nodegroups.get_mut(id) else {
        return;
    };
    if let Some(update) = nodegroup
        .updates
        .iter_mut()
        .find(|known| known.id == update && known.status == "InProgress")
    {
        update.status = "Successful".to_owned();
    }
    let group = nodegroup.group.clone();
    let healthy =
        world.autoscaling.groups.get(&group).is_some_and(|group| {
            group.failing_since.is_none() && (clears || group.size.desired > 0)
        });
    if healthy {
        clear_launch_failures(world, id);
    }
    settle_status(world, id);
}
