//! Launch templates and their versions.

mod operations;
mod shape;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::clock::Moment;
use super::super::refusal::Refusal;
use super::super::world::World;
use super::{TagSpecification, Tags};

pub(super) use operations::{find_version, operations};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LaunchTemplate {
    pub id: String,
    pub name: String,
    pub created: Moment,
    pub created_by: String,
    pub default_version: u64,
    /// Never empty.
    pub versions: Vec<Version>,
    /// The highest number so far: none is used twice.
    pub last_number: u64,
    pub tags: Tags,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Version {
    pub number: u64,
    pub description: Option<String>,
    pub created: Moment,
    pub created_by: String,
    pub data: TemplateData,
}

/// A template's data, spelled as answers spell it. Members without a field of their own (placement, licences, capacity
/// reservations…) are kept as they were sent and shown again; where nothing here can run out or differ, they change
/// nothing in a launch.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TemplateData {
    #[serde(rename = "imageId")]
    pub image: Option<String>,
    #[serde(rename = "instanceType")]
    pub instance_type: Option<String>,
    #[serde(rename = "keyName")]
    pub key_name: Option<String>,
    #[serde(rename = "userData")]
    pub user_data: Option<String>,
    #[serde(rename = "ebsOptimized")]
    pub ebs_optimized: Option<bool>,
    #[serde(rename = "iamInstanceProfile")]
    pub instance_profile: Option<InstanceProfile>,
    #[serde(rename = "blockDeviceMappingSet")]
    pub block_devices: Option<Vec<BlockDevice>>,
    #[serde(rename = "securityGroupIdSet")]
    pub security_groups: Option<Vec<String>>,
    #[serde(rename = "networkInterfaceSet")]
    pub interfaces: Option<Vec<InterfaceData>>,
    #[serde(rename = "metadataOptions")]
    pub metadata_options: Option<MetadataOptions>,
    pub monitoring: Option<Monitoring>,
    #[serde(rename = "tagSpecificationSet")]
    pub tags: Option<Vec<TagSpecification>>,
    #[serde(flatten)]
    pub others: Map<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InstanceProfile {
    pub arn: Option<String>,
    pub name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BlockDevice {
    #[serde(rename = "deviceName")]
    pub device: String,
    pub ebs: Option<Ebs>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Ebs {
    pub encrypted: Option<bool>,
    pub delete_on_termination: Option<bool>,
    pub iops: Option<u32>,
    pub throughput: Option<u32>,
    #[serde(rename = "kmsKeyId")]
    pub kms_key: Option<String>,
    #[serde(rename = "volumeSize")]
    pub size: Option<u32>,
    pub volume_type: Option<String>,
    pub snapshot_id: Option<String>,
    #[serde(flatten)]
    pub others: Map<String, Value>,
}

/// A network interface that a launch makes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct InterfaceData {
    pub associate_public_ip_address: Option<bool>,
    #[serde(rename = "groupSet")]
    pub security_groups: Option<Vec<String>>,
    pub subnet_id: Option<String>,
    pub private_ip_address: Option<String>,
    #[serde(flatten)]
    pub others: Map<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MetadataOptions {
    #[serde(rename = "httpTokens")]
    pub http_tokens: Option<String>,
    #[serde(rename = "httpPutResponseHopLimit")]
    pub hop_limit: Option<u32>,
    #[serde(rename = "httpEndpoint")]
    pub http_endpoint: Option<String>,
    #[serde(flatten)]
    pub others: Map<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Monitoring {
    pub enabled: bool,
}

impl TemplateData {
    /// The data that a request sends.
    pub(super) fn read(members: &Map<String, Value>) -> Result<TemplateData, Refusal> {
        let data = shape::read(members)?;
        serde_json::from_value(data).map_err(|error| {
            let message = format!("launch template data: {error}");
            Refusal::bad("InvalidParameterValue", message)
        })
    }

    /// This data with what `later` says laid over it, as a new version takes from its source.
    pub(super) fn overlaid(self, later: TemplateData) -> TemplateData {
        let mut others = self.others;
        others.extend(later.others);
        TemplateData {
            image: later.image.or(self.image),
            instance_type: later.instance_type.or(self.instance_type),
            key_name: later.key_name.or(self.key_name),
            user_data: later.user_data.or(self.user_data),
            ebs_optimized: later.ebs_optimized.or(self.ebs_optimized),
            instance_profile: later.instance_profile.or(self.instance_profile),
            block_devices: later.block_devices.or(self.block_devices),
            security_groups: later.security_groups.or(self.security_groups),
            interfaces: later.interfaces.or(self.interfaces),
            metadata_options: later.metadata_options.or(self.metadata_options),
            monitoring: later.monitoring.or(self.monitoring),
            tags: later.tags.or(self.tags),
            others,
        }
    }
}

impl LaunchTemplate {
    pub fn latest(&self) -> u64 {
        self.versions
            .iter()
            .map(|version| version.number)
            .max()
            .unwrap_or(1)
    }

    /// The version that `1`, `$Latest` or `$Default` names.
    pub fn version(&self, name: &str) -> Option<&Version> {
        let number = match name {
            "$Latest" => self.latest(),
            "$Default" => self.default_version,
            _ => name.parse().ok()?,
        };
        self.versions
            .iter()
            .find(|version| version.number == number)
    }
}

impl World {
    /// The template with this id or name.
    pub fn find_template(
        &self,
        id: Option<&str>,
        name: Option<&str>,
    ) -> Result<&LaunchTemplate, Refusal> {
        match (id, name) {
            (Some(_), Some(_)) => Err(Refusal::bad(
                "InvalidParameterCombination",
                "The request can contain a launch template ID or a launch template name, but not both.",
            )),
            (Some(id), None) => self.ec2.templates.get(id).ok_or_else(|| {
                let message = format!(
                    "The specified launch template, with template ID {id}, does not exist."
                );
                Refusal::bad("InvalidLaunchTemplateId.NotFound", message)
            }),
            (None, Some(name)) => self
                .ec2
                .templates
                .values()
                .find(|template| template.name == name)
                .ok_or_else(|| {
                    let message = format!(
                        "The specified launch template, with template name {name}, does not exist."
                    );
                    Refusal::bad("InvalidLaunchTemplateName.NotFoundException", message)
                }),
            (None, None) => Err(Refusal::bad(
                "MissingParameter",
                "Either the launch template ID or the launch template name must be specified.",
            )),
        }
    }

    /// Makes a template whose only version is number 1; returns its id.
    pub fn make_template(
        &mut self,
        name: &str,
        description: Option<String>,
        data: TemplateData,
        tags: Tags,
        by: &str,
    ) -> String {
        let id = self.resource_id("lt");
        let version = Version {
            number: 1,
            description,
            created: self.now(),
            created_by: by.to_owned(),
            data,
        };
        let template = LaunchTemplate {
            id: id.clone(),
            name: name.to_owned(),
            created: self.now(),
            created_by: by.to_owned(),
            default_version: 1,
            versions: vec![version],
            last_number: 1,
            tags,
        };
        self.ec2.templates.insert(id.clone(), template);
        id
    }

    /// Adds a version to a template; returns its number.
    pub fn add_template_version(
        &mut self,
        id: &str,
        description: Option<String>,
        data: TemplateData,
        by: &str,
    ) -> Option<u64> {
        let created = self.now();
        let template = self.ec2.templates.get_mut(id)?;
        template.last_number += 1;
        let number = template.last_number;
        template.versions.push(Version {
            number,
            description,
            created,
            created_by: by.to_owned(),
            data,
        });
        Some(number)
    }
}
