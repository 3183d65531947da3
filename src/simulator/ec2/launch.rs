//! Launching an instance. The request succeeds at once; whether the instance lives is settled
//! while it is pending, by what the key of its encrypted volume says to the caller.

use super::super::refusal::Refusal;
use super::super::world::{self, World};
use super::super::{autoscaling, nodes};
use super::instances::{Instance, InstanceState, Volume};
use super::templates::{BlockDevice, TemplateData};
use super::{Event, Tags, tags_for};
use crate::policy::launch::{autoscaling_session, launch_access};

/// What Auto Scaling asks EC2 for.
pub struct Launch<'a> {
    /// Launch template id and version.
    pub template: (&'a str, u64),
    /// Instead of the template's instance type.
    pub instance_type: Option<&'a str>,
    pub subnet: &'a str,
    pub tags: Tags,
}

const ROOT_DEVICE: &str = "/dev/xvda";
const DEFAULT_ROOT_SIZE: u32 = 20;

/// Starts an instance; returns its id.
pub fn launch(world: &mut World, request: Launch<'_>) -> Result<String, Refusal> {
    let (template_id, version) = request.template;
    let template = world.find_template(Some(template_id), None)?;
    let data = match template.version(&version.to_string()) {
        Some(version) => version.data.clone(),
        None => {
            let message = format!(
                "Could not find the specified version {version} for the launch template with ID {template_id}."
            );
            return Err(Refusal::bad(
                "InvalidLaunchTemplateId.VersionNotFound",
                message,
            ));
        }
    };
    let id = world.resource_id("i");
    let root_volume = root_volume(world, &data);
    let private_ip = free_address(world, request.subnet);
    let mut tags = tags_for(data.tags.as_deref().unwrap_or_default(), "instance");
    tags.extend(request.tags);
    tags.insert(
        "aws:ec2launchtemplate:id".to_owned(),
        template_id.to_owned(),
    );
    tags.insert(
        "aws:ec2launchtemplate:version".to_owned(),
        version.to_string(),
    );
    let instance = Instance {
        id: id.clone(),
        state: InstanceState::Pending,
        reason: None,
        instance_type: request
            .instance_type
            .map(str::to_owned)
            .or(data.instance_type)
            .unwrap_or_else(|| "t3.medium".to_owned()),
        image: data.image.clone().unwrap_or_default(),
        launched: world.now(),
        subnet: request.subnet.to_owned(),
        private_dns: format!(
            "ip-{}.{}.compute.internal",
            private_ip.replace('.', "-"),
            world.region
        ),
        private_ip,
        template: (template_id.to_owned(), version),
        instance_profile: data
            .instance_profile
            .and_then(|profile| profile.arn.or(profile.name)),
        root_volume,
        tags,
    };
    // The fate shows early when the key refuses, and only after booting when it does not.
    let after = match volume_refusal(world, &instance) {
        Some(_) => world.options.launch_failure,
        None => world.options.launch,
    };
    world.ec2.instances.insert(id.clone(), instance);
    world.schedule(
        after,
        world::Event::Ec2(Event::Settles {
            instance: id.clone(),
        }),
    );
    Ok(id)
}

fn root_volume(world: &mut World, data: &TemplateData) -> Volume {
    let devices = data.block_devices.as_deref().unwrap_or_default();
    let root: Option<&BlockDevice> = devices
        .iter()
        .find(|device| device.device == ROOT_DEVICE)
        .or(devices.first());
    let ebs = root
        .and_then(|device| device.ebs.clone())
        .unwrap_or_default();
    Volume {
        id: world.resource_id("vol"),
        device: root.map_or(ROOT_DEVICE, |device| &device.device).to_owned(),
        encrypted: ebs.encrypted.unwrap_or(false),
        kms_key: ebs.kms_key,
        size: ebs.size.unwrap_or(DEFAULT_ROOT_SIZE),
        volume_type: ebs.volume_type.unwrap_or_else(|| "gp3".to_owned()),
    }
}

/// An address of the subnet that no instance holds. Subnets here are `/19`: 32 third octets.
fn free_address(world: &mut World, subnet: &str) -> String {
    let cidr = world
        .ec2
        .subnets
        .get(subnet)
        .map_or("10.42.0.0/19", |subnet| &subnet.cidr)
        .to_owned();
    let octets: Vec<u8> = cidr
        .split(['.', '/'])
        .filter_map(|part| part.parse().ok())
        .collect();
    let octet = |at: usize| octets.get(at).copied().unwrap_or_default();
    loop {
        let (third, fourth) = (octet(2) + world.number(32), world.number(250) + 4);
        let address = format!("{}.{}.{third}.{fourth}", octet(0), octet(1));
        let taken = world
            .ec2
            .instances
            .values()
            .any(|other| other.holds_address() && other.private_ip == address);
        if !taken {
            return address;
        }
    }
}

/// Why the instance's encrypted volume cannot be made or attached: code and message, the same
/// whatever is wrong with the key. `None` when it can.
fn volume_refusal(world: &World, instance: &Instance) -> Option<(String, String)> {
    let volume = &instance.root_volume;
    if !volume.encrypted {
        return None;
    }
    // EC2 forwards the credentials of whoever launched: here always Auto Scaling's own role.
    let caller = autoscaling_session(&world.account);
    let key = world.find_key(volume.kms_key.as_deref().unwrap_or("alias/aws/ebs"));
    let accessible = key.is_ok_and(|key| {
        let access = world.key_access(key, &caller);
        key.usable() && launch_access(&access, &world.region, &world.account, &volume.id).allowed()
    });
    let message =
        "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state";
    (!accessible).then(|| ("Client.InternalError".to_owned(), message.to_owned()))
}

/// Ends the pending state: dead if the key still refuses, else running.
pub(super) fn settle(world: &mut World, id: &str) {
    let Some(instance) = world.ec2.instances.get(id) else {
        return;
    };
    if instance.state != InstanceState::Pending {
        return;
    }
    let refusal = volume_refusal(world, instance);
    let visible = world.options.terminated_instance_visible;
    let Some(instance) = world.ec2.instances.get_mut(id) else {
        return;
    };
    match refusal {
        Some(reason) => {
            instance.reason = Some(reason);
            instance.state = InstanceState::Terminated;
            world.schedule(
                visible,
                world::Event::Ec2(Event::Forgotten {
                    instance: id.to_owned(),
                }),
            );
        }
        None => {
            instance.state = InstanceState::Running;
            nodes::instance_running(world, id);
        }
    }
    autoscaling::controller::instance_settled(world, id);
}
