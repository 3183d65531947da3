//! Launching an instance. What is wrong with the request is said at once; whether the instance lives is settled while
//! it is pending, by what the keys of its encrypted volumes say to whoever launched it.

use std::collections::BTreeSet;

use super::super::refusal::Refusal;
use super::super::world::World;
use super::super::{autoscaling, nodes};
use super::gateways::public_address;
use super::images::ROOT_DEVICE;
use super::instances::{self, Instance, InstanceState};
use super::network::Subnet;
use super::resource::require;
use super::security_groups::SecurityGroup;
use super::templates::{self, BlockDevice, Ebs, InterfaceData, TemplateData};
use super::types::{self, InstanceType};
use super::volumes::{self, Attachment, NewVolume, encryption};
use super::{Event, Tags, addresses, tags_for};
use crate::policy::Caller;
use crate::policy::launch::autoscaling_session;

/// What Auto Scaling asks EC2 for.
pub struct Launch<'a> {
    /// Launch template id and version.
    pub template: (&'a str, u64),
    /// Instead of the template's instance type.
    pub instance_type: Option<&'a str>,
    pub subnet: &'a str,
    pub tags: Tags,
}

/// One instance that is to be started.
pub(super) struct Order {
    pub(super) data: TemplateData,
    pub(super) template: Option<(String, u64)>,
    pub(super) subnet: String,
    pub(super) private_ip: Option<String>,
    /// Whose credentials EC2 forwards to KMS.
    pub(super) caller: Caller,
    pub(super) reservation: String,
    pub(super) index: u32,
    pub(super) tags: Tags,
}

/// Starts an instance for Auto Scaling, which asks as its own role; returns the id.
///
/// # Errors
/// What EC2 refuses at once, by its code and message: a template, image, instance type, subnet, security group or
/// instance profile that is not there or does not fit, no free address, too many vCPUs. A key that refuses is no such
/// error: the instance dies while it is pending.
pub fn launch(world: &mut World, request: Launch<'_>) -> Result<String, Refusal> {
    let (id, version) = request.template;
    let template = world.find_template(Some(id), None)?;
    let version = templates::find_version(template, &version.to_string())?;
    let mut data = version.data.clone();
    let template = Some((id.to_owned(), version.number));
    if let Some(instance_type) = request.instance_type {
        data.instance_type = Some(instance_type.to_owned());
    }
    if data.security_groups.is_none() && data.interfaces.is_none() {
        data.security_groups = cluster_group(world, &request.tags).map(|group| vec![group]);
    }
    let order = Order {
        data,
        template,
        subnet: request.subnet.to_owned(),
        private_ip: None,
        caller: autoscaling_session(&world.account),
        reservation: world.resource_id("r"),
        index: 0,
        tags: request.tags,
    };
    start(world, order)
}

/// Nodes whose template names no security group have their cluster's.
fn cluster_group(world: &World, tags: &Tags) -> Option<String> {
    let cluster = world.eks.clusters.get(tags.get("eks:cluster-name")?)?;
    Some(cluster.security_group.clone())
}

/// A launch that nothing speaks against.
struct Checked {
    instance_type: InstanceType,
    architecture: String,
    image: String,
    subnet: Subnet,
    security_groups: Vec<String>,
    devices: Vec<BlockDevice>,
    interface: InterfaceData,
}

/// Starts an instance; returns its id.
pub(super) fn start(world: &mut World, order: Order) -> Result<String, Refusal> {
    let checked = check(world, &order)?;
    let asked = order
        .private_ip
        .clone()
        .or(checked.interface.private_ip_address.clone());
    let private_ip = match asked {
        None => addresses::free_address(world, &checked.subnet.id)?,
        Some(address) => {
            addresses::require_free(world, &checked.subnet.id, &address)?;
            address
        }
    };
    let wants_public_ip = checked
        .interface
        .associate_public_ip_address
        .unwrap_or(checked.subnet.public);
    let public_ip = wants_public_ip.then(|| public_address(world));
    let id = world.resource_id("i");
    let instance = Instance {
        id: id.clone(),
        state: InstanceState::Pending,
        reason: None,
        instance_type: checked.instance_type.name,
        image: checked.image,
        architecture: checked.architecture,
        launched: world.now(),
        restarted: false,
        private_dns: instances::private_dns(world, &private_ip),
        subnet: checked.subnet.id,
        private_ip,
        public_ip,
        wants_public_ip,
        security_groups: checked.security_groups,
        template: order.template.clone(),
        instance_profile: profile(&order.data).map(|(_, name)| name.to_owned()),
        root_device: ROOT_DEVICE.to_owned(),
        reservation: order.reservation,
        index: order.index,
        launcher: order.caller.clone(),
        tags: instance_tags(&order.data, &order.template, order.tags),
        interface_tags: tags_of(&order.data, "network-interface"),
        data: order.data,
    };
    for device in &checked.devices {
        make_volume(world, &instance, device, &checked.subnet.zone);
    }
    world.ec2.instances.insert(id.clone(), instance);
    schedule_settling(world, &id);
    Ok(id)
}

fn tags_of(data: &TemplateData, resource_type: &str) -> Tags {
    tags_for(data.tags.as_deref().unwrap_or_default(), resource_type)
}

fn instance_tags(data: &TemplateData, template: &Option<(String, u64)>, more: Tags) -> Tags {
    let mut tags = tags_of(data, "instance");
    tags.extend(more);
    if let Some((id, version)) = template {
        tags.insert("aws:ec2launchtemplate:id".to_owned(), id.clone());
        tags.insert(
            "aws:ec2launchtemplate:version".to_owned(),
            version.to_string(),
        );
    }
    tags
}

/// Everything that EC2 refuses at once.
fn check(world: &World, order: &Order) -> Result<Checked, Refusal> {
    let data = &order.data;
    // What EC2 takes when nothing is said.
    let instance_type = types::require(data.instance_type.as_deref().unwrap_or("m1.small"))?;
    let image = data.image.as_deref().ok_or_else(|| {
        Refusal::bad(
            "MissingParameter",
            "The request must contain the parameter ImageId",
        )
    })?;
    let architecture = architecture(world, image, &instance_type)?;
    let subnet = require(&world.ec2.subnets, &order.subnet)?.clone();
    let interface = data
        .interfaces
        .as_ref()
        .and_then(|interfaces| interfaces.first().cloned())
        .unwrap_or_default();
    let security_groups = security_groups(world, data, &interface, &subnet)?;
    check_profile(world, data)?;
    if let Some(key) = &data.key_name {
        return Err(Refusal::bad(
            "InvalidKeyPair.NotFound",
            format!("The key pair '{key}' does not exist"),
        ));
    }
    let devices = devices(data);
    for device in &devices {
        if let Some(ebs) = &device.ebs {
            volumes::require_encrypted(world, ebs)?;
        }
    }
    check_vcpus(world, &instance_type)?;
    Ok(Checked {
        instance_type,
        architecture,
        image: image.to_owned(),
        subnet,
        security_groups,
        devices,
        interface,
    })
}

fn architecture(
    world: &World,
    image: &str,
    instance_type: &InstanceType,
) -> Result<String, Refusal> {
    if !image.starts_with("ami-") {
        let message = format!("Invalid id: \"{image}\" (expecting \"ami-...\")");
        return Err(Refusal::bad("InvalidAMIID.Malformed", message));
    }
    let image = require(&world.ec2.images, image)?;
    if image.architecture != instance_type.architecture {
        let message = format!(
            "The architecture '{}' of the specified instance type does not match the architecture '{}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again. You can use 'describe-instance-types' or 'describe-images' to discover the architecture of the instance type or AMI.",
            instance_type.architecture, image.architecture
        );
        return Err(Refusal::bad("InvalidParameterValue", message));
    }
    Ok(image.architecture.clone())
}

fn security_groups(
    world: &World,
    data: &TemplateData,
    interface: &InterfaceData,
    subnet: &Subnet,
) -> Result<Vec<String>, Refusal> {
    if data.interfaces.is_some() && data.security_groups.is_some() {
        return Err(Refusal::bad(
            "InvalidParameterCombination",
            "Network interfaces and an instance-level security groups may not be specified on the same request",
        ));
    }
    let asked = interface
        .security_groups
        .as_ref()
        .or(data.security_groups.as_ref())
        .filter(|groups| !groups.is_empty());
    let Some(asked) = asked else {
        let default = SecurityGroup::default_of(world, &subnet.vpc);
        return Ok(default.into_iter().collect());
    };
    for id in asked {
        let group = require(&world.ec2.security_groups, id)?;
        if group.vpc != subnet.vpc {
            let message = format!(
                "Security group {id} and subnet {} belong to different networks.",
                subnet.id
            );
            return Err(Refusal::bad("InvalidParameter", message));
        }
    }
    Ok(asked.clone())
}

/// How an instance profile is given, and which.
fn profile(data: &TemplateData) -> Option<(&'static str, &str)> {
    let profile = data.instance_profile.as_ref()?;
    let by_arn = profile.arn.as_deref().map(|arn| ("arn", arn));
    by_arn.or_else(|| profile.name.as_deref().map(|name| ("name", name)))
}

fn check_profile(world: &World, data: &TemplateData) -> Result<(), Refusal> {
    match profile(data) {
        Some((given, name)) if world.iam.instance_profile(name).is_none() => {
            let kind = if given == "arn" { "ARN" } else { "name" };
            Err(Refusal::bad(
                "InvalidParameterValue",
                format!(
                    "Value ({name}) for parameter iamInstanceProfile.{given} is invalid. Invalid IAM Instance Profile {kind}"
                ),
            ))
        }
        _ => Ok(()),
    }
}

/// All families that are modelled count towards one limit, that of standard instances.
fn check_vcpus(world: &World, wanted: &InstanceType) -> Result<(), Refusal> {
    let limit = world.options.vcpu_limit;
    let used: u32 = world
        .ec2
        .instances
        .values()
        .filter(|instance| instance.alive())
        .filter_map(|instance| types::instance_type(&instance.instance_type))
        .map(|kind| kind.vcpus)
        .sum();
    if used + wanted.vcpus <= limit {
        return Ok(());
    }
    let message = format!(
        "You have requested more vCPU capacity than your current vCPU limit of {limit} allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit."
    );
    Err(Refusal::bad("VcpuLimitExceeded", message))
}

/// The block devices that are asked for, and the image's own root if it is not among them.
fn devices(data: &TemplateData) -> Vec<BlockDevice> {
    let asked = data.block_devices.clone().unwrap_or_default();
    let mut devices: Vec<BlockDevice> = asked;
    let has_root = devices.iter().any(|device| device.device == ROOT_DEVICE);
    if !has_root {
        devices.insert(
            0,
            BlockDevice {
                device: ROOT_DEVICE.to_owned(),
                ebs: None,
            },
        );
    }
    devices
}

fn make_volume(world: &mut World, instance: &Instance, device: &BlockDevice, zone: &str) {
    // Images of EKS have a root of type gp3.
    let ebs = Ebs {
        volume_type: Some("gp3".to_owned()),
        ..Ebs::default()
    };
    let ebs = device.ebs.as_ref().map_or(ebs.clone(), |asked| Ebs {
        volume_type: asked.volume_type.clone().or(ebs.volume_type),
        ..asked.clone()
    });
    let is_root = device.device == instance.root_device;
    let new = NewVolume {
        zone: zone.to_owned(),
        ebs: &ebs,
        creator: instance.launcher.clone(),
        tags: tags_of(&instance.data, "volume"),
    };
    let mut volume = volumes::make(world, new);
    volume.attachment = Some(Attachment {
        instance: instance.id.clone(),
        device: device.device.clone(),
        at: instance.launched,
        delete_on_termination: ebs.delete_on_termination.unwrap_or(is_root),
        settled: false,
    });
    if is_root && volume.snapshot.is_none() {
        volume.snapshot = Some(instance.image.replacen("ami-", "snap-", 1));
    }
    world.ec2.volumes.insert(volume.id.clone(), volume);
}

/// When a pending instance's fate shows: early where a key refuses, and only after booting where none does.
pub(super) fn schedule_settling(world: &mut World, id: &str) {
    let after = match world.ec2.instances.get(id) {
        Some(instance) if volume_refusal(world, instance).is_some() => world.options.launch_failure,
        _ => world.options.launch,
    };
    let instance = id.to_owned();
    instances::schedule(world, after, Event::Settles { instance });
}

/// Why the instance's encrypted volumes cannot be made or attached: code and message, the same
/// whatever is wrong with a key. `None` when they can.
fn volume_refusal(world: &World, instance: &Instance) -> Option<(String, String)> {
    let accessible = volumes::of_instance(world, &instance.id)
        .iter()
        .all(|(volume, _)| encryption::key_serves(world, &instance.launcher, volume));
    let message =
        "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state";
    (!accessible).then(|| ("Client.InternalError".to_owned(), message.to_owned()))
}

/// Ends the pending state: without a key that serves an instance that is launched dies, and one that is started is
/// stopped again.
pub(super) fn settle(world: &mut World, id: &str) {
    let Some(instance) = world.ec2.instances.get(id) else {
        return;
    };
    if instance.state != InstanceState::Pending {
        return;
    }
    let (restarted, launcher) = (instance.restarted, instance.launcher.clone());
    let refusal = volume_refusal(world, instance);
    record_key_use(world, id, &launcher);
    let state = match (&refusal, restarted) {
        (None, _) => InstanceState::Running,
        (Some(_), false) => InstanceState::Terminated,
        (Some(_), true) => InstanceState::Stopped,
    };
    if let Some(instance) = world.ec2.instances.get_mut(id) {
        instance.reason = refusal;
        instance.state = state;
    }
    match state {
        InstanceState::Running => {
            volumes::attached(world, id);
            let (checked, instance) = (world.options.status_checks, id.to_owned());
            instances::schedule(world, checked, Event::Checked { instance });
            nodes::instance_running(world, id);
        }
        InstanceState::Terminated => {
            volumes::release(world, id);
            instances::forget_later(world, id);
        }
        _ => {}
    }
    if !restarted {
        autoscaling::controller::instance_settled(world, id);
    }
}

/// Each key is asked on its own; what is refused for one volume ends the launch.
fn record_key_use(world: &mut World, id: &str, launcher: &Caller) {
    let of_instance = volumes::of_instance(world, id);
    let volumes: Vec<_> = of_instance
        .into_iter()
        .map(|(volume, _)| volume.clone())
        .collect();
    let mut asked = BTreeSet::new();
    for volume in volumes {
        if asked.insert(volume.kms_key.clone()) {
            encryption::record(world, launcher, &volume);
            if !encryption::key_serves(world, launcher, &volume) {
                return;
            }
        }
    }
}
