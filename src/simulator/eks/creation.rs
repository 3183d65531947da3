//! How a node group comes to be and goes: EKS's own launch template and Auto Scaling group.

use std::collections::{BTreeMap, BTreeSet};

use super::super::autoscaling::groups::{self, NewGroup};
use super::super::autoscaling::hooks::{Hook, Transition};
use super::super::autoscaling::processes::AZ_REBALANCE;
use super::super::autoscaling::{
    ActivityKind, Distribution, Mixed, Settings, Size, Template, controller as autoscaling,
};
use super::super::ec2::templates::{
    BlockDevice, Ebs, InstanceProfile, MetadataOptions, TemplateData,
};
use super::super::iam::instance_profiles;
use super::super::world::World;
use super::super::world::start::NODE_ROLE;
use super::controller::{RECHECK, all_ready, schedule, set_status};
use super::health::report_failed_creation;
use super::{
    Event, Nodegroup, NodegroupId, RemoteAccess, Source, Status, Taint, UpdateConfig, access,
};

/// Seconds that an instance waits for EKS before it moves on by itself.
const HOOK_HEARTBEAT: u32 = 1800;

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
    pub(super) remote_access: Option<RemoteAccess>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) taints: Vec<Taint>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) update_config: UpdateConfig,
    pub(super) version: String,
    pub(super) release_version: String,
    pub(super) token: Option<String>,
}

pub(super) fn create(world: &mut World, new: NewNodegroup) -> NodegroupId {
    let uuid = world.uuid();
    let id = (new.cluster.clone(), new.name.clone());
    let group = format!("eks-{}-{uuid}", new.name);
    instance_profiles::create(world, &format!("eks-{uuid}"), &new.node_role);
    access::admit_node_role(world, &new.cluster, &new.node_role);
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
            follows: None,
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
        own_version: 1,
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
        remote_access: new.remote_access,
        labels: new.labels,
        taints: new.taints,
        tags: new.tags,
        update_config: new.update_config,
        issues: Vec::new(),
        locked_out: false,
        sweep_due: None,
        updates: Vec::new(),
        token: new.token,
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

pub(super) fn service_role(world: &World) -> String {
    format!(
        "arn:aws:sts::{}:assumed-role/{NODEGROUP_ROLE}/EKS",
        world.account
    )
}

/// The group as EKS makes it: settings, suspended process and hooks as users have seen them.
fn make_group(world: &mut World, new: &NewNodegroup, name: &str, template: Template) {
    let spot = new.capacity_type == "SPOT";
    let settings = Settings {
        mixed: Some(Mixed {
            instance_types: new.instance_types.clone(),
            distribution: Distribution {
                on_demand_percentage_above_base_capacity: if spot { 0 } else { 100 },
                ..Distribution::default()
            },
        }),
        health_check_grace: 15,
        termination_policies: [
            "AllocationStrategy",
            "OldestLaunchTemplate",
            "OldestInstance",
        ]
        .map(str::to_owned)
        .to_vec(),
        capacity_rebalance: Some(true),
        ..Settings::default()
    };
    let options = &world.options;
    let hooks = vec![
        Hook::of_service(
            "Launch-LC-Hook",
            Transition::Launching,
            HOOK_HEARTBEAT,
            options.launch_hook,
        ),
        Hook::of_service(
            "Terminate-LC-Hook",
            Transition::Terminating,
            HOOK_HEARTBEAT,
            options.drain,
        ),
    ];
    let group = NewGroup {
        name: name.to_owned(),
        size: Size {
            desired: 0,
            ..new.size
        },
        template,
        subnets: new.subnets.clone(),
        settings,
        tags: nodegroup_tags(new),
        kept_tags: BTreeSet::new(),
        hooks,
        suspended: vec![AZ_REBALANCE.to_owned()],
    };
    groups::create(world, group);
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

pub(super) fn source_data(world: &World, source: &Source) -> TemplateData {
    let template = world.ec2.templates.get(&source.id);
    let version = template.and_then(|template| template.version(&source.version.to_string()));
    version
        .map(|version| version.data.clone())
        .unwrap_or_default()
}

pub(super) fn completed(
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
            ..MetadataOptions::default()
        })),
        ..data
    }
}

pub(super) fn check_creation(world: &mut World, id: NodegroupId) {
    let Some(nodegroup) = world
        .eks
        .nodegroups
        .get(&id)
        .filter(|found| found.status == Status::Creating)
    else {
        return;
    };
    if all_ready(world, &nodegroup.group) {
        set_status(world, &id, Status::Active);
    } else if is_hopeless(world, nodegroup) {
        report_failed_creation(world, &id);
        set_status(world, &id, Status::CreateFailed);
    } else {
        schedule(world, RECHECK, Event::CreationCheck { nodegroup: id });
    }
}

/// Whether EKS has waited long enough: for launches that still fail since the beginning, for instances that run and do
/// not join since the last one was launched.
fn is_hopeless(world: &World, nodegroup: &Nodegroup) -> bool {
    let (now, options) = (world.now(), &world.options);
    let age = now.since(nodegroup.created);
    let Some(group) = world.autoscaling.groups.get(&nodegroup.group) else {
        return age >= options.node_join_limit;
    };
    if group.failing_since.is_some() {
        return age >= options.nodegroup_creation_limit;
    }
    let last_launch = group
        .activities
        .iter()
        .filter(|activity| activity.kind == ActivityKind::Launch)
        .map(|activity| activity.started)
        .max();
    now.since(last_launch.unwrap_or(nodegroup.created)) >= options.node_join_limit
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
            remote_access: None,
            labels: BTreeMap::from([("workshop-default".to_owned(), "yes".to_owned())]),
            taints: Vec::new(),
            tags: BTreeMap::new(),
            update_config: UpdateConfig::default(),
            version,
            release_version,
            token: None,
        },
    );
}
