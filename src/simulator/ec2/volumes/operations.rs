//! Operations on volumes.

use serde::Deserialize;
use serde_json::Value;

use super::super::super::refusal::Refusal;
use super::super::super::wire::{Call, Operation};
use super::super::super::world::World;
use super::super::instances::InstanceState;
use super::super::resource::{Resource, describing, require, require_mut};
use super::super::templates::Ebs;
use super::super::{TagSpecification, network, tags_for};
use super::{Attachment, NewVolume, Volume, VolumeState, encryption, make, schedule_settling};

pub(in super::super) fn operations() -> Vec<Operation> {
    let mut operations = vec![
        describing::<Volume>("DescribeVolumes"),
        Operation::new("CreateVolume", create),
        Operation::new("DeleteVolume", delete),
        Operation::new("AttachVolume", attach),
        Operation::new("DetachVolume", detach),
    ];
    operations.extend(encryption::operations());
    operations
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateRequest {
    availability_zone: String,
    size: Option<u32>,
    volume_type: Option<String>,
    iops: Option<u32>,
    throughput: Option<u32>,
    encrypted: Option<bool>,
    kms_key_id: Option<String>,
    #[serde(default, rename = "TagSpecification")]
    tags: Vec<TagSpecification>,
}

fn create(world: &mut World, call: &Call, request: CreateRequest) -> Result<Value, Refusal> {
    let zone = request.availability_zone;
    if !network::zones(world).iter().any(|(name, _)| *name == zone) {
        let message = format!("The zone '{zone}' does not exist.");
        return Err(Refusal::bad("InvalidZone.NotFound", message));
    }
    if request.size.is_none() {
        return Err(Refusal::bad(
            "MissingParameter",
            "The request must contain the parameter size/snapshot",
        ));
    }
    let ebs = Ebs {
        encrypted: request.encrypted,
        iops: request.iops,
        throughput: request.throughput,
        kms_key: request.kms_key_id,
        size: request.size,
        volume_type: request.volume_type,
        ..Ebs::default()
    };
    require_encrypted(world, &ebs)?;
    let new = NewVolume {
        zone,
        ebs: &ebs,
        creator: call.caller.clone(),
        tags: tags_for(&request.tags, "volume"),
    };
    let volume = make(world, new);
    let view = volume.view(world);
    schedule_settling(world, &volume.id);
    world.ec2.volumes.insert(volume.id.clone(), volume);
    Ok(view)
}

/// A key makes sense for encrypted volumes only.
pub(in super::super) fn require_encrypted(world: &World, ebs: &Ebs) -> Result<(), Refusal> {
    let encrypted = ebs.encrypted.unwrap_or(false) || world.ec2.encryption.by_default;
    if ebs.kms_key.is_some() && !encrypted {
        return Err(Refusal::bad(
            "InvalidParameterDependency",
            "The parameter KmsKeyId requires the parameter Encrypted to be set.",
        ));
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct VolumeRequest {
    volume_id: String,
}

fn delete(world: &mut World, _call: &Call, request: VolumeRequest) -> Result<Value, Refusal> {
    let volume = require(&world.ec2.volumes, &request.volume_id)?;
    if let Some(attachment) = &volume.attachment {
        let message = format!(
            "Volume {} is currently attached to {}",
            volume.id, attachment.instance
        );
        return Err(Refusal::bad("VolumeInUse", message));
    }
    world.ec2.volumes.remove(&request.volume_id);
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AttachRequest {
    volume_id: String,
    instance_id: String,
    device: String,
}

fn attach(world: &mut World, call: &Call, request: AttachRequest) -> Result<Value, Refusal> {
    let volume = require(&world.ec2.volumes, &request.volume_id)?.clone();
    require_attachable(world, &volume, &request.instance_id)?;
    let serves = encryption::key_serves(world, &call.caller, &volume);
    encryption::record(world, &call.caller, &volume);
    if !serves {
        let message = format!(
            "Volume {} cannot be attached. The encrypted volume was unable to access the KMS master key.",
            volume.id
        );
        return Err(Refusal::bad("CustomerKeyHasBeenRevoked", message));
    }
    let attachment = Attachment {
        instance: request.instance_id,
        device: request.device,
        at: world.now(),
        delete_on_termination: false,
        settled: true,
    };
    let view = attachment.view(world, &volume.id);
    let volume = require_mut(&mut world.ec2.volumes, &volume.id)?;
    volume.state = VolumeState::InUse;
    volume.attachment = Some(attachment);
    Ok(view)
}

fn require_attachable(world: &World, volume: &Volume, instance: &str) -> Result<(), Refusal> {
    let instance = require(&world.ec2.instances, instance)?;
    let incorrect = |message: String| Err(Refusal::bad("IncorrectState", message));
    match volume.state {
        VolumeState::Available => {}
        VolumeState::InUse => {
            let message = format!("{} is already attached to an instance", volume.id);
            return Err(Refusal::bad("VolumeInUse", message));
        }
        VolumeState::Creating => {
            return incorrect(format!("Volume '{}' is not 'available'.", volume.id));
        }
    }
    if !matches!(
        instance.state,
        InstanceState::Running | InstanceState::Stopped
    ) {
        return incorrect(format!("Instance '{}' is not 'running'.", instance.id));
    }
    let subnet = world.ec2.subnets.get(&instance.subnet);
    if subnet.map(|subnet| &subnet.zone) != Some(&volume.zone) {
        let message = format!(
            "The volume '{}' is not in the same availability zone as instance '{}'",
            volume.id, instance.id
        );
        return Err(Refusal::bad("InvalidVolume.ZoneMismatch", message));
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DetachRequest {
    volume_id: String,
    /// A volume has one instance and one device.
    #[serde(rename = "InstanceId")]
    _instance: Option<String>,
    #[serde(rename = "Device")]
    _device: Option<String>,
    /// Nothing hangs here that would need it.
    #[serde(rename = "Force")]
    _force: Option<bool>,
}

fn detach(world: &mut World, _call: &Call, request: DetachRequest) -> Result<Value, Refusal> {
    let volume = require(&world.ec2.volumes, &request.volume_id)?;
    let id = &volume.id;
    let attachment = volume.attachment.as_ref().ok_or_else(|| {
        let message = format!("Volume '{id}' is in the 'available' state.");
        Refusal::bad("IncorrectState", message)
    })?;
    let instance = world.ec2.instances.get(&attachment.instance);
    let is_root = instance.is_some_and(|instance| {
        instance.root_device == attachment.device && instance.state != InstanceState::Stopped
    });
    if is_root {
        let message = format!(
            "Unable to detach root volume '{id}' from instance '{}'",
            attachment.instance
        );
        return Err(Refusal::bad("OperationNotPermitted", message));
    }
    let mut view = attachment.view(world, id);
    view["status"] = "detaching".into();
    let volume = require_mut(&mut world.ec2.volumes, &request.volume_id)?;
    volume.attachment = None;
    volume.state = VolumeState::Available;
    Ok(view)
}
