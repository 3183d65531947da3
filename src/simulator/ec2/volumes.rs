//! Volumes: their life, and whether the key of an encrypted one serves whoever needs the volume.

pub(super) mod encryption;
mod operations;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::clock::Moment;
use super::super::world::{self, World};
use super::images::ROOT_SIZE;
use super::resource::{Pick, Resource, every};
use super::templates::Ebs;
use super::{Event, Tags, tag_set};
use crate::policy::Caller;

pub(super) use operations::{operations, require_encrypted};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Volume {
    pub id: String,
    pub zone: String,
    pub size: u32,
    pub volume_type: String,
    pub iops: Option<u32>,
    pub throughput: Option<u32>,
    pub snapshot: Option<String>,
    pub encrypted: bool,
    /// As it was named; EBS looks it up only when it makes the volume.
    pub kms_key: Option<String>,
    pub state: VolumeState,
    pub created: Moment,
    /// Whose credentials EBS forwards to KMS when it makes the volume.
    pub creator: Caller,
    pub attachment: Option<Attachment>,
    pub tags: Tags,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attachment {
    pub instance: String,
    pub device: String,
    pub at: Moment,
    pub delete_on_termination: bool,
    /// The instance has it; otherwise it is on its way.
    pub settled: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum VolumeState {
    Creating,
    Available,
    InUse,
}

impl VolumeState {
    fn name(self) -> &'static str {
        match self {
            VolumeState::Creating => "creating",
            VolumeState::Available => "available",
            VolumeState::InUse => "in-use",
        }
    }
}

impl Attachment {
    fn state(&self) -> &'static str {
        if self.settled {
            "attached"
        } else {
            "attaching"
        }
    }

    pub(super) fn view(&self, world: &World, volume: &str) -> Value {
        json!({
            "volumeId": volume,
            "instanceId": self.instance,
            "device": self.device,
            "status": self.state(),
            "attachTime": world.timestamp(self.at),
            "deleteOnTermination": self.delete_on_termination,
        })
    }
}

/// What a volume is made from.
pub(super) struct NewVolume<'a> {
    pub(super) zone: String,
    pub(super) ebs: &'a Ebs,
    pub(super) creator: Caller,
    pub(super) tags: Tags,
}

/// Makes a volume that is still being created. Whether it is encrypted also depends on the account's default.
pub(super) fn make(world: &mut World, new: NewVolume<'_>) -> Volume {
    let ebs = new.ebs;
    let encrypted = ebs.encrypted.unwrap_or(false) || world.ec2.encryption.by_default;
    let volume_type = ebs.volume_type.clone().unwrap_or_else(|| "gp2".to_owned());
    let size = ebs.size.unwrap_or(ROOT_SIZE);
    let (iops, throughput) = performance(&volume_type, size);
    Volume {
        id: world.resource_id("vol"),
        zone: new.zone,
        size,
        iops: ebs.iops.or(iops),
        throughput: ebs.throughput.or(throughput),
        volume_type,
        snapshot: ebs.snapshot_id.clone(),
        encrypted,
        kms_key: encrypted.then(|| {
            ebs.kms_key
                .clone()
                .unwrap_or_else(|| world.ec2.encryption.key())
        }),
        state: VolumeState::Creating,
        created: world.now(),
        creator: new.creator,
        attachment: None,
        tags: new.tags,
    }
}

/// What a volume type gives when nothing is asked for: operations per second, and MiB per second.
fn performance(volume_type: &str, size: u32) -> (Option<u32>, Option<u32>) {
    match volume_type {
        "gp3" => (Some(3000), Some(125)),
        "gp2" => (Some((size * 3).clamp(100, 16000)), None),
        _ => (None, None),
    }
}

/// The volumes of an instance, its root first.
pub(super) fn of_instance<'a>(
    world: &'a World,
    instance: &str,
) -> Vec<(&'a Volume, &'a Attachment)> {
    let mut volumes: Vec<_> = world
        .ec2
        .volumes
        .values()
        .filter_map(|volume| Some((volume, volume.attachment.as_ref()?)))
        .filter(|(_, attachment)| attachment.instance == instance)
        .collect();
    volumes.sort_by(|one, other| one.1.device.cmp(&other.1.device));
    volumes
}

/// An instance has its volumes, or is going: those that go with it are gone, others are free.
pub(super) fn release(world: &mut World, instance: &str) {
    world.ec2.volumes.retain(|_, volume| {
        volume.attachment.as_ref().is_none_or(|attachment| {
            attachment.instance != instance || !attachment.delete_on_termination
        })
    });
    for volume in world.ec2.volumes.values_mut() {
        if volume
            .attachment
            .as_ref()
            .is_some_and(|attachment| attachment.instance == instance)
        {
            volume.attachment = None;
            volume.state = VolumeState::Available;
        }
    }
}

/// The volumes of an instance that runs are attached to it.
pub(super) fn attached(world: &mut World, instance: &str) {
    for volume in world.ec2.volumes.values_mut() {
        if let Some(attachment) = &mut volume.attachment
            && attachment.instance == instance
        {
            attachment.settled = true;
            volume.state = VolumeState::InUse;
        }
    }
}

/// A volume made by itself is available, or gone if its key did not serve.
pub(super) fn settle(world: &mut World, id: &str) {
    let Some(volume) = world.ec2.volumes.get(id) else {
        return;
    };
    if volume.state != VolumeState::Creating {
        return;
    }
    let (volume, creator) = (volume.clone(), volume.creator.clone());
    if encryption::key_serves(world, &creator, &volume) {
        if let Some(volume) = world.ec2.volumes.get_mut(id) {
            volume.state = VolumeState::Available;
        }
    } else {
        world.ec2.volumes.remove(id);
    }
    encryption::record(world, &creator, &volume);
}

pub(super) fn schedule_settling(world: &mut World, id: &str) {
    let after = world.options.volume_creation;
    let volume = id.to_owned();
    world.schedule(after, world::Event::Ec2(Event::VolumeSettles { volume }));
}

impl Resource for Volume {
    const SET: &'static str = "volumeSet";
    const PICKED_BY: &'static [Pick] = &[Pick::new(
        "VolumeId",
        "volume-id",
        "InvalidVolume.NotFound",
        "The volume '{}' does not exist.",
    )];
    // Volumes that services manage are not hidden here.
    const FLAGS: &'static [&'static str] = &["IncludeManagedResources"];

    fn all(world: &World) -> Vec<Cow<'_, Self>> {
        every(&world.ec2.volumes)
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn values(&self, world: &World, filter: &str) -> Option<Vec<String>> {
        let attached =
            |value: fn(&Attachment) -> String| Some(self.attachment.iter().map(value).collect());
        let value = match filter {
            "volume-id" => self.id.clone(),
            "status" => self.state.name().to_owned(),
            "availability-zone" => self.zone.clone(),
            "encrypted" => self.encrypted.to_string(),
            "size" => self.size.to_string(),
            "volume-type" => self.volume_type.clone(),
            "snapshot-id" => return Some(self.snapshot.iter().cloned().collect()),
            "create-time" => world.instant_text(self.created),
            "attachment.instance-id" => return attached(|known| known.instance.clone()),
            "attachment.device" => return attached(|known| known.device.clone()),
            "attachment.status" => return attached(|known| known.state().to_owned()),
            "attachment.delete-on-termination" => {
                return attached(|known| known.delete_on_termination.to_string());
            }
            _ => return None,
        };
        Some(vec![value])
    }

    fn view(&self, world: &World) -> Value {
        let attachments: Vec<Value> = self
            .attachment
            .iter()
            .map(|attachment| attachment.view(world, &self.id))
            .collect();
        json!({
            "volumeId": self.id,
            "size": self.size,
            "snapshotId": self.snapshot.as_deref().unwrap_or_default(),
            "availabilityZone": self.zone,
            "status": self.state.name(),
            "createTime": world.timestamp(self.created),
            "attachmentSet": attachments,
            "volumeType": self.volume_type,
            "iops": self.iops,
            "throughput": self.throughput,
            "encrypted": self.encrypted,
            "kmsKeyId": self.kms_key.as_deref().map(|name| encryption::key_arn(world, name)),
            "multiAttachEnabled": false,
            "tagSet": tag_set(&self.tags),
        })
    }
}
