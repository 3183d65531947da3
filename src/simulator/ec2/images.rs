//! Machine images: those that EKS has for nodes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::clock::Moment;
use super::super::wire::Operation;
use super::super::world::World;
use super::resource::{Pick, Resource, describing, every};
use super::{Tags, tag_set};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Image {
    pub id: String,
    /// `amazon-eks-node-al2023-x86_64-standard-1.30-v20250103`
    pub name: String,
    pub description: String,
    /// `x86_64` or `arm64`
    pub architecture: String,
    pub created: Moment,
    pub tags: Tags,
}

/// The account from which AWS gives out the images of EKS in most regions.
const EKS_ACCOUNT: &str = "602401143452";
/// Where an image has its root, and how large that is in GiB.
pub(super) const ROOT_DEVICE: &str = "/dev/xvda";
pub(super) const ROOT_SIZE: u32 = 20;

/// Id of the image for an AMI type of EKS (`AL2023_x86_64_STANDARD`) and a version of Kubernetes (`1.30`).
pub fn node_image(world: &World, ami_type: &str, version: &str) -> Option<String> {
    let prefix = match ami_type {
        "AL2023_x86_64_STANDARD" => format!("amazon-eks-node-al2023-x86_64-standard-{version}-v"),
        "AL2023_ARM_64_STANDARD" => format!("amazon-eks-node-al2023-arm64-standard-{version}-v"),
        "AL2_x86_64" => format!("amazon-eks-node-{version}-v"),
        "AL2_ARM_64" => format!("amazon-eks-arm64-node-{version}-v"),
        _ => return None,
    };
    let images = world.ec2.images.values();
    let mut of_kind = images.filter(|image| image.name.starts_with(&prefix));
    of_kind.next().map(|image| image.id.clone())
}

/// Puts EKS's images for a version of Kubernetes, of a release (`20250103`), into the world; returns the id of the
/// standard one.
pub(super) fn publish(world: &mut World, version: &str, release: &str) -> String {
    let mut standard = String::new();
    let described = |os: &str, architecture: &str| {
        format!(
            "EKS-optimized Kubernetes node based on {os}, (k8s: {version}, architecture: {architecture})"
        )
    };
    for (name, os, architecture) in [
        ("node-al2023-x86_64-standard", "Amazon Linux 2023", "x86_64"),
        ("node-al2023-arm64-standard", "Amazon Linux 2023", "arm64"),
        ("node", "Amazon Linux 2", "x86_64"),
        ("arm64-node", "Amazon Linux 2", "arm64"),
    ] {
        let id = world.resource_id("ami");
        if standard.is_empty() {
            standard.clone_from(&id);
        }
        let image = Image {
            id: id.clone(),
            name: format!("amazon-eks-{name}-{version}-v{release}"),
            description: described(os, architecture),
            architecture: architecture.to_owned(),
            created: world.now(),
            tags: Tags::new(),
        };
        world.ec2.images.insert(id, image);
    }
    standard
}

pub(super) fn operations() -> Vec<Operation> {
    vec![describing::<Image>("DescribeImages")]
}

impl Resource for Image {
    const SET: &'static str = "imagesSet";
    const PICKED_BY: &'static [Pick] = &[
        Pick::new(
            "ImageId",
            "image-id",
            "InvalidAMIID.NotFound",
            "The image id '[{}]' does not exist",
        ),
        Pick {
            member: "Owner",
            filter: "any-owner",
            missing: None,
        },
        Pick {
            member: "ExecutableBy",
            filter: "executable-by",
            missing: None,
        },
    ];
    // No image is deprecated or disabled.
    const FLAGS: &'static [&'static str] = &["IncludeDeprecated", "IncludeDisabled"];

    fn all(world: &World) -> Vec<Cow<'_, Self>> {
        every(&world.ec2.images)
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn values(&self, _world: &World, filter: &str) -> Option<Vec<String>> {
        let value = match filter {
            "image-id" => &self.id,
            "name" => &self.name,
            "description" => &self.description,
            "architecture" => &self.architecture,
            "state" => "available",
            "owner-id" => EKS_ACCOUNT,
            "owner-alias" => "amazon",
            "any-owner" => return Some(vec![EKS_ACCOUNT.to_owned(), "amazon".to_owned()]),
            "executable-by" => "all",
            "is-public" | "ena-support" => "true",
            "root-device-type" => "ebs",
            "root-device-name" => ROOT_DEVICE,
            "virtualization-type" => "hvm",
            "hypervisor" => "xen",
            "image-type" => "machine",
            "block-device-mapping.volume-type" => "gp3",
            _ => return None,
        };
        Some(vec![value.to_owned()])
    }

    fn view(&self, world: &World) -> Value {
        json!({
            "imageId": self.id,
            "name": self.name,
            "description": self.description,
            "imageLocation": format!("amazon/{}", self.name),
            "imageState": "available",
            "imageOwnerId": EKS_ACCOUNT,
            "imageOwnerAlias": "amazon",
            "isPublic": true,
            "architecture": self.architecture,
            "imageType": "machine",
            "creationDate": world.shown(self.created).strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string(),
            "platformDetails": "Linux/UNIX",
            "usageOperation": "RunInstances",
            "enaSupport": true,
            "hypervisor": "xen",
            "virtualizationType": "hvm",
            "rootDeviceName": ROOT_DEVICE,
            "rootDeviceType": "ebs",
            "sriovNetSupport": "simple",
            "blockDeviceMapping": [{
                "deviceName": ROOT_DEVICE,
                "ebs": {
                    "deleteOnTermination": true,
                    "volumeSize": ROOT_SIZE,
                    "volumeType": "gp3",
                    "encrypted": false,
                    "snapshotId": self.id.replacen("ami-", "snap-", 1),
                },
            }],
            "tagSet": tag_set(&self.tags),
        })
    }
}
