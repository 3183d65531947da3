//! What EKS does by itself: makes a node group's template and Auto Scaling group, sees updates
//! through, watches the group's health, takes it down.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::autoscaling::{
    ActivityKind, Group, Lifecycle, Size, Template, controller as autoscaling,
};
use super::super::clock::Moment;
use super::super::ec2::templates::{
    BlockDevice, Ebs, InstanceProfile, MetadataOptions, TemplateData,
};
use super::super::nodes;
use super::super::world::start::NODE_ROLE;
use super::super::world::{self, World};
use super::{Event, Issue, Nodegroup, NodegroupId, Source, Status, Update, UpdateKind};

const LAUNCH_FAILURES: &str = "AsgInstanceLaunchFailures";
const RECHECK: Duration = Duration::from_secs(5);
/// Who is recorded as the author of EKS's own templates.
const NODEGROUP_ROLE: &str = "AWSServiceRoleForAmazonEKSNodegroup";

/// What a node group is made from, checked.
pub(super) struct NewNodegroup {
    pub(super) cluster: String,
    pub(super) name: String,
    pub(super) size: Size,
    pub(super) source: Option<Source>,
    pub(super) subnets: Vec<String>,
    pub(super) node_role: String,
    pub(super) ami_type: String,
    pub(super) capacity_type: String,
    pub(super) instance_types: Vec<String>,
    pub(super) disk_size: Option<u32>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) max_unavailable: u32,
    pub(super) version: String,
    pub(super) release_version: String,
}

pub(in super::super) fn handle(world: &mut World, event: Event) {
    match event {
        Event::CreationCheck { nodegroup } => check_creation(world, nodegroup),
        Event::UpdateCheck { nodegroup, update } => check_update(world, nodegroup, update),
        Event::HealthCheck { nodegroup } => check_health(world, &nodegroup),
        Event::DeletionCheck { nodegroup } => check_deletion(world, nodegroup),
    }
}

fn schedule(world: &mut World, after: Duration, event: Event) {
    world.schedule(after, world::Event::Eks(event));
}

pub(super) fn create(world: &mut World, new: NewNodegroup) -> NodegroupId {
    let uuid = world.uuid();
    let id = (new.cluster.clone(), new.name.clone());
    let group = format!("eks-{}-{uuid}", new.name);
    let data = own_template_data(world, &new, &uuid);
    let template_name = format!("eks-{uuid}");
    let author = service_role(world);
    let own_template =
        world.make_template(&template_name, None, data, nodegroup_tags(&new), &author);
    make_group(
        world,
        &new,
        &group,
        Template {
            id: own_template.clone(),
            name: template_name,
            version: 1,
        },
    );
    let arn = world.arn(
        "eks",
        &format!("nodegroup/{}/{}/{uuid}", new.cluster, new.name),
    );
    let (now, size) = (world.now(), new.size);
    // Without a template EKS chooses; with one, the template does.
    let chosen = new.source.is_none();
    let nodegroup = Nodegroup {
        name: new.name,
        cluster: new.cluster,
        uuid,
        arn,
        status: Status::Creating,
        created: now,
        modified: now,
        release_version: new.release_version,
        version: new.version,
        group: group.clone(),
        source: new.source,
        own_template,
        subnets: new.subnets,
        node_role: new.node_role,
        ami_type: new.ami_type,
        capacity_type: new.capacity_type,
        instance_types: if chosen && new.instance_types.is_empty() {
            vec!["t3.medium".to_owned()]
        } else {
            new.instance_types
        },
        disk_size: new.disk_size.or(chosen.then_some(20)),
        labels: new.labels,
        tags: new.tags,
        max_unavailable: new.max_unavailable,
        issues: Vec::new(),
        updates: Vec::new(),
    };
    world.eks.nodegroups.insert(id.clone(), nodegroup);
    autoscaling::resize(world, &group, size);
    let after = world.options.nodegroup_creation;
    schedule(
        world,
        after,
        Event::CreationCheck {
            nodegroup: id.clone(),
        },
    );
    id
}

fn service_role(world: &World) -> String {
    format!(
        "arn:aws:sts::{}:assumed-role/{NODEGROUP_ROLE}/EKS",
        world.account
    )
}

fn make_group(world: &mut World, new: &NewNodegroup, name: &str, template: Template) {
    let uuid = world.uuid();
    let group = Group {
        name: name.to_owned(),
        arn: world.arn(
            "autoscaling",
            &format!("autoScalingGroup:{uuid}:autoScalingGroupName/{name}"),
        ),
        size: Size {
            desired: 0,
            ..new.size
        },
        surge: 0,
        template,
        subnets: new.subnets.clone(),
        members: Vec::new(),
        activities: Vec::new(),
        created: world.now(),
        tags: nodegroup_tags(new),
        pending_cause: None,
        failing_since: None,
    };
    world.autoscaling.groups.insert(name.to_owned(), group);
}

fn nodegroup_tags(new: &NewNodegroup) -> BTreeMap<String, String> {
    let owned = |text: &str| text.to_owned();
    BTreeMap::from([
        (owned("eks:cluster-name"), new.cluster.clone()),
        (owned("eks:nodegroup-name"), new.name.clone()),
        (owned("k8s.io/cluster-autoscaler/enabled"), owned("true")),
        (
            format!("k8s.io/cluster-autoscaler/{}", new.cluster),
            owned("owned"),
        ),
        (
            format!("kubernetes.io/cluster/{}", new.cluster),
            owned("owned"),
        ),
    ])
}

/// EKS's own template: the user's data completed, or a default one.
fn own_template_data(world: &World, new: &NewNodegroup, uuid: &str) -> TemplateData {
    let data = new
        .source
        .as_ref()
        .map(|source| source_data(world, source))
        .unwrap_or_default();
    let instance_type = data
        .instance_type
        .clone()
        .or_else(|| new.instance_types.first().cloned());
    completed(world, data, instance_type, new.disk_size, uuid)
}

fn source_data(world: &World, source: &Source) -> TemplateData {
    let template = world.ec2.templates.get(&source.id);
    let version = template.and_then(|template| template.version(&source.version.to_string()));
    version
        .map(|version| version.data.clone())
        .unwrap_or_default()
}

fn completed(
    world: &World,
    data: TemplateData,
    instance_type: Option<String>,
    disk_size: Option<u32>,
    uuid: &str,
) -> TemplateData {
    let root = BlockDevice {
        device: "/dev/xvda".to_owned(),
        ebs: Some(Ebs {
            size: Some(disk_size.unwrap_or(20)),
            volume_type: Some("gp3".to_owned()),
            delete_on_termination: Some(true),
            ..Ebs::default()
        }),
    };
    TemplateData {
        image: data.image.or_else(|| Some(world.ec2.node_image.clone())),
        instance_type: instance_type.or_else(|| Some("t3.medium".to_owned())),
        block_devices: data.block_devices.or(Some(vec![root])),
        instance_profile: Some(InstanceProfile {
            arn: None,
            name: Some(format!("eks-{uuid}")),
        }),
        metadata_options: data.metadata_options.or(Some(MetadataOptions {
            http_tokens: Some("required".to_owned()),
            hop_limit: Some(2),
            http_endpoint: None,
        })),
        ..data
    }
}

fn check_creation(world: &mut World, id: NodegroupId) {
    let Some(nodegroup) = world
        .eks
        .nodegroups
        .get(&id)
        .filter(|found| found.status == Status::Creating)
    else {
        return;
    };
    let given_up = world.now().since(nodegroup.created) >= world.options.nodegroup_creation_limit;
    if all_ready(world, &nodegroup.group) {
        set_status(world, &id, Status::Active);
    } else if given_up {
        report_launch_failures(world, &id);
        set_status(world, &id, Status::CreateFailed);
    } else {
        schedule(world, RECHECK, Event::CreationCheck { nodegroup: id });
    }
}

/// Every instance that is wanted is there, up to date and a Ready node.
fn all_ready(world: &World, group: &str) -> bool {
    world.autoscaling.groups.get(group).is_some_and(|group| {
        let ready = group
            .staying()
            .filter(|member| {
                member.template_version == group.template.version
                    && nodes::is_ready(world, &member.instance)
            })
            .count();
        ready >= group.size.desired as usize
    })
}

fn set_status(world: &mut World, id: &NodegroupId, status: Status) {
    let now = world.now();
    if let Some(nodegroup) = world.eks.nodegroups.get_mut(id) {
        nodegroup.status = status;
        nodegroup.modified = now;
    }
}

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
            status: "InProgress",
            parameters,
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

fn check_update(world: &mut World, id: NodegroupId, update: String) {
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

/// Instances that are up, or coming up, and not Ready nodes yet; or going.
fn nodes_on_their_way(world: &World, group: &str) -> bool {
    world.autoscaling.groups.get(group).is_some_and(|group| {
        group.members.iter().any(|member| {
            member.lifecycle == Lifecycle::Terminating || !nodes::is_ready(world, &member.instance)
        })
    })
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
        code: "NodeCreationFailure",
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
            update.status = "Failed";
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
        update.status = "Successful";
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

/// ACTIVE without issues, DEGRADED with some.
fn settle_status(world: &mut World, id: &NodegroupId) {
    if let Some(nodegroup) = world.eks.nodegroups.get(id) {
        let status = if nodegroup.issues.is_empty() {
            Status::Active
        } else {
            Status::Degraded
        };
        set_status(world, id, status);
    }
}

fn clear_launch_failures(world: &mut World, id: &NodegroupId) {
    if let Some(nodegroup) = world.eks.nodegroups.get_mut(id) {
        nodegroup
            .issues
            .retain(|issue| issue.code != LAUNCH_FAILURES);
    }
}

/// Auto Scaling's launches began to fail or to succeed; EKS will notice in its own time.
pub fn launches_changed(world: &mut World, group: &str) {
    let Some(id) = nodegroup_of(world, group) else {
        return;
    };
    let failing_since = world
        .autoscaling
        .groups
        .get(group)
        .and_then(|group| group.failing_since);
    let after = match failing_since {
        Some(since) => (since + world.options.issue_after).since(world.now()),
        None => world.options.issue_cleared_after,
    };
    schedule(world, after, Event::HealthCheck { nodegroup: id });
}

fn nodegroup_of(world: &World, group: &str) -> Option<NodegroupId> {
    world
        .eks
        .nodegroups
        .iter()
        .find(|(_, nodegroup)| nodegroup.group == group)
        .map(|(id, _)| id.clone())
}

fn check_health(world: &mut World, id: &NodegroupId) {
    let Some(nodegroup) = world.eks.nodegroups.get(id) else {
        return;
    };
    // A group that is being made or taken down reports nothing.
    if !matches!(
        nodegroup.status,
        Status::Active | Status::Degraded | Status::Updating
    ) {
        return;
    }
    let updating = nodegroup.status == Status::Updating;
    let since: Option<Moment> = world
        .autoscaling
        .groups
        .get(&nodegroup.group)
        .and_then(|group| group.failing_since);
    match since {
        Some(since) if world.now().since(since) >= world.options.issue_after => {
            report_launch_failures(world, id)
        }
        Some(_) => return,
        None => clear_launch_failures(world, id),
    }
    if !updating {
        settle_status(world, id);
    }
}

fn report_launch_failures(world: &mut World, id: &NodegroupId) {
    let Some(group) = world
        .eks
        .nodegroups
        .get(id)
        .map(|nodegroup| nodegroup.group.clone())
    else {
        return;
    };
    let Some(message) = launch_failure(world, &group) else {
        return;
    };
    clear_launch_failures(world, id);
    if let Some(nodegroup) = world.eks.nodegroups.get_mut(id) {
        nodegroup.issues.push(Issue {
            code: LAUNCH_FAILURES,
            message,
            resources: vec![group],
        });
    }
}

/// What the last failed launch said.
fn launch_failure(world: &World, group: &str) -> Option<String> {
    let activities = &world.autoscaling.groups.get(group)?.activities;
    activities
        .iter()
        .rev()
        .filter(|activity| activity.kind == ActivityKind::Launch)
        .find_map(|activity| activity.message.clone())
}

pub(super) fn delete(world: &mut World, id: &NodegroupId) {
    set_status(world, id, Status::Deleting);
    let Some(group) = world
        .eks
        .nodegroups
        .get(id)
        .map(|nodegroup| nodegroup.group.clone())
    else {
        return;
    };
    autoscaling::resize(
        world,
        &group,
        Size {
            min: 0,
            max: 0,
            desired: 0,
        },
    );
    let after = world.options.nodegroup_deletion;
    schedule(
        world,
        after,
        Event::DeletionCheck {
            nodegroup: id.clone(),
        },
    );
}

fn check_deletion(world: &mut World, id: NodegroupId) {
    let Some(nodegroup) = world.eks.nodegroups.get(&id) else {
        return;
    };
    let (group, own_template) = (nodegroup.group.clone(), nodegroup.own_template.clone());
    if world
        .autoscaling
        .groups
        .get(&group)
        .is_some_and(|group| !group.members.is_empty())
    {
        schedule(world, RECHECK, Event::DeletionCheck { nodegroup: id });
        return;
    }
    world.autoscaling.groups.remove(&group);
    world.ec2.templates.remove(&own_template);
    world.eks.nodegroups.remove(&id);
}

/// The node group that a fresh cluster has: three nodes in the private subnets.
pub fn create_default_nodegroup(world: &mut World, cluster: &str) {
    let Some(found) = world.eks.clusters.get(cluster) else {
        return;
    };
    let (version, release_version) = (found.version.clone(), found.release_version.clone());
    let subnets = world
        .ec2
        .subnets
        .values()
        .filter(|subnet| !subnet.public)
        .map(|subnet| subnet.id.clone())
        .collect();
    let node_role = world
        .iam
        .roles
        .get(NODE_ROLE)
        .map(|role| role.arn.clone())
        .unwrap_or_default();
    create(
        world,
        NewNodegroup {
            cluster: cluster.to_owned(),
            name: "default".to_owned(),
            size: Size {
                min: 3,
                max: 6,
                desired: 3,
            },
            source: None,
            subnets,
            node_role,
            ami_type: "AL2023_x86_64_STANDARD".to_owned(),
            capacity_type: "ON_DEMAND".to_owned(),
            instance_types: vec!["m5.large".to_owned()],
            disk_size: None,
            labels: BTreeMap::from([("workshop-default".to_owned(), "yes".to_owned())]),
            tags: BTreeMap::new(),
            max_unavailable: 1,
            version,
            release_version,
        },
    );
}
