//! Instances and their life.

mod change;
mod console;
mod describe;
mod run;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::clock::Moment;
use super::super::wire::Operation;
use super::super::world::{self, World};
use super::super::{autoscaling, nodes};
use super::templates::{BlockDevice, Ebs, TemplateData};
use super::{Event, Tags, interfaces, volumes};
use crate::policy::Caller;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Instance {
    pub id: String,
    pub state: InstanceState,
    /// Why it left the running state: code and message.
    pub reason: Option<(String, String)>,
    pub instance_type: String,
    pub image: String,
    /// `x86_64` or `arm64`
    pub architecture: String,
    /// When it was launched or last started.
    pub launched: Moment,
    /// It was launched before, and has been started since.
    pub restarted: bool,
    pub subnet: String,
    pub private_ip: String,
    pub private_dns: String,
    /// Changes with every start.
    pub public_ip: Option<String>,
    pub wants_public_ip: bool,
    pub security_groups: Vec<String>,
    /// Launch template id and version.
    pub template: Option<(String, u64)>,
    /// By ARN or name.
    pub instance_profile: Option<String>,
    pub root_device: String,
    /// Everything that the launch asked for.
    pub data: TemplateData,
    /// `r-…`, the same for instances of one launch.
    pub reservation: String,
    /// Its number in the launch.
    pub index: u32,
    /// Whose credentials EC2 forwards to KMS.
    pub launcher: Caller,
    pub tags: Tags,
    pub interface_tags: Tags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum InstanceState {
    Pending,
    Running,
    ShuttingDown,
    Terminated,
    Stopping,
    Stopped,
}

impl InstanceState {
    pub fn name(self) -> &'static str {
        match self {
            InstanceState::Pending => "pending",
            InstanceState::Running => "running",
            InstanceState::ShuttingDown => "shutting-down",
            InstanceState::Terminated => "terminated",
            InstanceState::Stopping => "stopping",
            InstanceState::Stopped => "stopped",
        }
    }

    /// The code that the API pairs with the name.
    fn code(self) -> u16 {
        match self {
            InstanceState::Pending => 0,
            InstanceState::Running => 16,
            InstanceState::ShuttingDown => 32,
            InstanceState::Terminated => 48,
            InstanceState::Stopping => 64,
            InstanceState::Stopped => 80,
        }
    }

    fn view(self) -> Value {
        json!({ "code": self.code(), "name": self.name() })
    }
}

const USER_SHUTDOWN: (&str, &str) = (
    "Client.UserInitiatedShutdown",
    "Client.UserInitiatedShutdown: User initiated shutdown",
);

impl Instance {
    /// Not on its way out.
    pub fn alive(&self) -> bool {
        matches!(self.state, InstanceState::Pending | InstanceState::Running)
    }

    pub fn holds_address(&self) -> bool {
        self.state != InstanceState::Terminated
    }

    /// Id of its primary network interface.
    pub fn interface(&self) -> String {
        self.id.replacen("i-", "eni-", 1)
    }

    /// A member of the launch's data that has no field of its own.
    fn other(&self, member: &str) -> Option<&Value> {
        self.data.others.get(member)
    }

    fn flag(&self, member: &str) -> bool {
        self.other(member).and_then(Value::as_bool).unwrap_or(false)
    }
}

/// Begins the end of an instance, as asked by a user.
pub fn terminate(world: &mut World, id: &str) {
    let after = world.options.instance_termination;
    let Some(instance) = world.ec2.instances.get_mut(id) else {
        return;
    };
    let ending = [InstanceState::ShuttingDown, InstanceState::Terminated];
    if ending.contains(&instance.state) {
        return;
    }
    instance.state = InstanceState::ShuttingDown;
    instance.reason = Some(user_shutdown());
    schedule(
        world,
        after,
        Event::Terminated {
            instance: id.to_owned(),
        },
    );
    autoscaling::controller::instance_gone(world, id);
    nodes::reconsider(world);
}

fn user_shutdown() -> (String, String) {
    let (code, message) = USER_SHUTDOWN;
    (code.to_owned(), message.to_owned())
}

pub(super) fn schedule(world: &mut World, after: std::time::Duration, event: Event) {
    world.schedule(after, world::Event::Ec2(event));
}

pub(super) fn terminated(world: &mut World, id: &str) {
    let Some(instance) = world.ec2.instances.get_mut(id) else {
        return;
    };
    instance.state = InstanceState::Terminated;
    instance.public_ip = None;
    volumes::release(world, id);
    nodes::instance_gone(world, id);
    autoscaling::controller::instance_gone(world, id);
    forget_later(world, id);
}

/// A terminated instance can be described for some time.
pub(super) fn forget_later(world: &mut World, id: &str) {
    let visible = world.options.terminated_instance_visible;
    let instance = id.to_owned();
    schedule(world, visible, Event::Forgotten { instance });
}

/// A stopping instance has stopped: it keeps its volumes and its private address.
pub(super) fn stopped(world: &mut World, id: &str) {
    let Some(instance) = world.ec2.instances.get_mut(id) else {
        return;
    };
    if instance.state != InstanceState::Stopping {
        return;
    }
    instance.state = InstanceState::Stopped;
    instance.public_ip = None;
    autoscaling::controller::instance_gone(world, id);
    nodes::reconsider(world);
}

/// What an instance was launched with, as a launch template would say it.
pub(super) fn template_data(world: &World, instance: &Instance) -> TemplateData {
    let devices = volumes::of_instance(world, &instance.id);
    let devices = devices.into_iter().map(|(volume, attachment)| BlockDevice {
        device: attachment.device.clone(),
        ebs: Some(Ebs {
            encrypted: Some(volume.encrypted),
            delete_on_termination: Some(attachment.delete_on_termination),
            iops: volume.iops,
            throughput: volume.throughput,
            kms_key: volume.kms_key.clone(),
            size: Some(volume.size),
            volume_type: Some(volume.volume_type.clone()),
            snapshot_id: volume.snapshot.clone(),
            ..Ebs::default()
        }),
    });
    TemplateData {
        image: Some(instance.image.clone()),
        instance_type: Some(instance.instance_type.clone()),
        block_devices: Some(devices.collect()),
        ..instance.data.clone()
    }
}

pub(super) fn operations() -> Vec<Operation> {
    [
        describe::operations(),
        change::operations(),
        run::operations(),
        console::operations(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The name of the address that the instance has in the VPC.
pub(super) fn private_dns(world: &World, address: &str) -> String {
    interfaces::private_dns_name(world, address)
}
