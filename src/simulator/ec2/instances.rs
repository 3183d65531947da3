//! Instances: their life and how they are described.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::clock::Moment;
use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::{self, World};
use super::super::{autoscaling, nodes};
use super::filter::{Filter, passes, tag_values};
use super::{Event, Tags, tag_set};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Instance {
    pub id: String,
    pub state: InstanceState,
    /// Why it left the running state: code and message.
    pub reason: Option<(String, String)>,
    pub instance_type: String,
    pub image: String,
    pub launched: Moment,
    pub subnet: String,
    pub private_ip: String,
    pub private_dns: String,
    /// Launch template id and version.
    pub template: (String, u64),
    pub instance_profile: Option<String>,
    pub root_volume: Volume,
    pub tags: Tags,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Volume {
    pub id: String,
    pub device: String,
    pub encrypted: bool,
    /// What the template named; resolved only when the volume is made.
    pub kms_key: Option<String>,
    pub size: u32,
    pub volume_type: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum InstanceState {
    Pending,
    Running,
    ShuttingDown,
    Terminated,
}

impl InstanceState {
    fn name(self) -> &'static str {
        match self {
            InstanceState::Pending => "pending",
            InstanceState::Running => "running",
            InstanceState::ShuttingDown => "shutting-down",
            InstanceState::Terminated => "terminated",
        }
    }

    /// The code that the API pairs with the name.
    fn code(self) -> u16 {
        match self {
            InstanceState::Pending => 0,
            InstanceState::Running => 16,
            InstanceState::ShuttingDown => 32,
            InstanceState::Terminated => 48,
        }
    }
}

impl Instance {
    /// Not on its way out.
    pub fn alive(&self) -> bool {
        matches!(self.state, InstanceState::Pending | InstanceState::Running)
    }

    pub fn holds_address(&self) -> bool {
        self.state != InstanceState::Terminated
    }
}

/// Begins the end of an instance, as asked by a user.
pub fn terminate(world: &mut World, id: &str) {
    let after = world.options.instance_termination;
    let Some(instance) = world.ec2.instances.get_mut(id) else {
        return;
    };
    if !instance.alive() {
        return;
    }
    instance.state = InstanceState::ShuttingDown;
    instance.reason = Some((
        "Client.UserInitiatedShutdown".to_owned(),
        "Client.UserInitiatedShutdown: User initiated shutdown".to_owned(),
    ));
    world.schedule(
        after,
        world::Event::Ec2(Event::Terminated {
            instance: id.to_owned(),
        }),
    );
}

pub(super) fn terminated(world: &mut World, id: &str) {
    let visible = world.options.terminated_instance_visible;
    let Some(instance) = world.ec2.instances.get_mut(id) else {
        return;
    };
    instance.state = InstanceState::Terminated;
    nodes::instance_gone(world, id);
    autoscaling::controller::instance_gone(world, id);
    world.schedule(
        visible,
        world::Event::Ec2(Event::Forgotten {
            instance: id.to_owned(),
        }),
    );
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("DescribeInstances", describe),
        Operation::new("TerminateInstances", terminate_instances),
    ]
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct DescribeRequest {
    #[serde(rename = "InstanceId")]
    ids: Vec<String>,
    #[serde(rename = "Filter")]
    filters: Vec<Filter>,
    #[serde(rename = "MaxResults")]
    _max_results: Option<u32>,
}

fn describe(world: &mut World, _call: &Call, request: DescribeRequest) -> Result<Value, Refusal> {
    require_all(world, &request.ids)?;
    let mut reservations = Vec::new();
    for instance in world.ec2.instances.values() {
        let values = |name: &str| filter_values(world, instance, name);
        if (request.ids.is_empty() || request.ids.contains(&instance.id))
            && passes(&request.filters, values)?
        {
            reservations.push(json!({
                "reservationId": instance.id.replacen("i-", "r-", 1),
                "ownerId": world.account,
                "groupSet": [],
                "instancesSet": [instance_json(world, instance)],
            }));
        }
    }
    Ok(json!({ "reservationSet": reservations }))
}

fn require_all(world: &World, ids: &[String]) -> Result<(), Refusal> {
    let missing: Vec<&str> = ids
        .iter()
        .filter(|id| !world.ec2.instances.contains_key(*id))
        .map(String::as_str)
        .collect();
    match missing.as_slice() {
        [] => Ok(()),
        [one] => Err(Refusal::bad(
            "InvalidInstanceID.NotFound",
            format!("The instance ID '{one}' does not exist"),
        )),
        many => {
            let many = many.join(", ");
            Err(Refusal::bad(
                "InvalidInstanceID.NotFound",
                format!("The instance IDs '{many}' do not exist"),
            ))
        }
    }
}

fn filter_values(world: &World, instance: &Instance, name: &str) -> Option<Vec<String>> {
    let subnet = world.ec2.subnets.get(&instance.subnet);
    let of_subnet = |value: fn(&super::network::Subnet) -> &String| {
        subnet.map(value).cloned().into_iter().collect()
    };
    match name {
        "instance-id" => Some(vec![instance.id.clone()]),
        "instance-state-name" => Some(vec![instance.state.name().to_owned()]),
        "instance-state-code" => Some(vec![instance.state.code().to_string()]),
        "instance-type" => Some(vec![instance.instance_type.clone()]),
        "image-id" => Some(vec![instance.image.clone()]),
        "subnet-id" => Some(vec![instance.subnet.clone()]),
        "vpc-id" => Some(of_subnet(|subnet| &subnet.vpc)),
        "availability-zone" => Some(of_subnet(|subnet| &subnet.zone)),
        "private-dns-name" => Some(vec![instance.private_dns.clone()]),
        "private-ip-address" => Some(vec![instance.private_ip.clone()]),
        _ => tag_values(&instance.tags, name),
    }
}

fn instance_json(world: &World, instance: &Instance) -> Value {
    let subnet = world.ec2.subnets.get(&instance.subnet);
    let gone = instance.state == InstanceState::Terminated;
    let present = |value: Value| if gone { Value::Null } else { value };
    json!({
        "instanceId": instance.id,
        "imageId": instance.image,
        "instanceState": state_json(instance.state),
        "stateReason": instance.reason.as_ref().map(|(code, message)| json!({ "code": code, "message": message })),
        "reason": instance.reason.as_ref().map_or("", |(code, _)| code),
        "privateDnsName": if gone { "" } else { &instance.private_dns },
        "dnsName": "",
        "amiLaunchIndex": 0,
        "instanceType": instance.instance_type,
        "launchTime": world.timestamp(instance.launched),
        "placement": {
            "availabilityZone": subnet.map(|subnet| &subnet.zone),
            "groupName": "",
            "tenancy": "default",
        },
        "monitoring": { "state": "disabled" },
        "subnetId": present(json!(instance.subnet)),
        "vpcId": present(json!(subnet.map(|subnet| &subnet.vpc))),
        "privateIpAddress": present(json!(instance.private_ip)),
        "architecture": "x86_64",
        "rootDeviceType": "ebs",
        "rootDeviceName": instance.root_volume.device,
        "virtualizationType": "hvm",
        "hypervisor": "xen",
        "ebsOptimized": false,
        "iamInstanceProfile": instance.instance_profile.as_ref().map(|arn| json!({ "arn": arn })),
        "blockDeviceMapping": if gone { json!([]) } else { volume_json(world, instance) },
        "tagSet": tag_set(&instance.tags),
    })
}

fn state_json(state: InstanceState) -> Value {
    json!({ "code": state.code(), "name": state.name() })
}

fn volume_json(world: &World, instance: &Instance) -> Value {
    json!([{
        "deviceName": instance.root_volume.device,
        "ebs": {
            "volumeId": instance.root_volume.id,
            "status": if instance.state == InstanceState::Running { "attached" } else { "attaching" },
            "attachTime": world.timestamp(instance.launched),
            "deleteOnTermination": true,
        },
    }])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TerminateRequest {
    #[serde(rename = "InstanceId", default)]
    ids: Vec<String>,
}

fn terminate_instances(
    world: &mut World,
    _call: &Call,
    request: TerminateRequest,
) -> Result<Value, Refusal> {
    require_all(world, &request.ids)?;
    let mut changes = Vec::new();
    for id in &request.ids {
        let before = world
            .ec2
            .instances
            .get(id)
            .map(|instance| state_json(instance.state));
        terminate(world, id);
        let after = world
            .ec2
            .instances
            .get(id)
            .map(|instance| state_json(instance.state));
        changes.push(json!({ "instanceId": id, "previousState": before, "currentState": after }));
    }
    Ok(json!({ "instancesSet": changes }))
}
