//! Launch templates and their versions.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::clock::Moment;
use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::filter::{Filter, passes, tag_values};
use super::{TagSpecification, Tags, tag_set, tags_for};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LaunchTemplate {
    pub id: String,
    pub name: String,
    pub created: Moment,
    pub created_by: String,
    pub default_version: u64,
    /// Never empty; numbers are never used twice.
    pub versions: Vec<Version>,
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

/// The part of a template's data that is modelled; other members are refused by name.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TemplateData {
    #[serde(
        rename(deserialize = "ImageId", serialize = "imageId"),
        alias = "imageId"
    )]
    pub image: Option<String>,
    #[serde(
        rename(deserialize = "InstanceType", serialize = "instanceType"),
        alias = "instanceType"
    )]
    pub instance_type: Option<String>,
    #[serde(
        rename(deserialize = "KeyName", serialize = "keyName"),
        alias = "keyName"
    )]
    pub key_name: Option<String>,
    #[serde(
        rename(deserialize = "UserData", serialize = "userData"),
        alias = "userData"
    )]
    pub user_data: Option<String>,
    #[serde(
        rename(deserialize = "EbsOptimized", serialize = "ebsOptimized"),
        alias = "ebsOptimized"
    )]
    pub ebs_optimized: Option<bool>,
    #[serde(
        rename(deserialize = "IamInstanceProfile", serialize = "iamInstanceProfile"),
        alias = "iamInstanceProfile"
    )]
    pub instance_profile: Option<InstanceProfile>,
    #[serde(
        rename(
            deserialize = "BlockDeviceMapping",
            serialize = "blockDeviceMappingSet"
        ),
        alias = "blockDeviceMappingSet"
    )]
    pub block_devices: Option<Vec<BlockDevice>>,
    #[serde(
        rename(deserialize = "SecurityGroupId", serialize = "securityGroupIdSet"),
        alias = "securityGroupIdSet"
    )]
    pub security_groups: Option<Vec<String>>,
    #[serde(
        rename(deserialize = "MetadataOptions", serialize = "metadataOptions"),
        alias = "metadataOptions"
    )]
    pub metadata_options: Option<MetadataOptions>,
    #[serde(
        rename(deserialize = "Monitoring", serialize = "monitoring"),
        alias = "monitoring"
    )]
    pub monitoring: Option<Monitoring>,
    #[serde(
        rename(deserialize = "TagSpecification", serialize = "tagSpecificationSet"),
        alias = "tagSpecificationSet"
    )]
    pub tags: Option<Vec<TagSpecification>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceProfile {
    #[serde(rename(deserialize = "Arn", serialize = "arn"), alias = "arn")]
    pub arn: Option<String>,
    #[serde(rename(deserialize = "Name", serialize = "name"), alias = "name")]
    pub name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockDevice {
    #[serde(
        rename(deserialize = "DeviceName", serialize = "deviceName"),
        alias = "deviceName"
    )]
    pub device: String,
    #[serde(rename(deserialize = "Ebs", serialize = "ebs"), alias = "ebs")]
    pub ebs: Option<Ebs>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ebs {
    #[serde(
        rename(deserialize = "Encrypted", serialize = "encrypted"),
        alias = "encrypted"
    )]
    pub encrypted: Option<bool>,
    #[serde(
        rename(deserialize = "DeleteOnTermination", serialize = "deleteOnTermination"),
        alias = "deleteOnTermination"
    )]
    pub delete_on_termination: Option<bool>,
    #[serde(rename(deserialize = "Iops", serialize = "iops"), alias = "iops")]
    pub iops: Option<u32>,
    #[serde(
        rename(deserialize = "Throughput", serialize = "throughput"),
        alias = "throughput"
    )]
    pub throughput: Option<u32>,
    #[serde(
        rename(deserialize = "KmsKeyId", serialize = "kmsKeyId"),
        alias = "kmsKeyId"
    )]
    pub kms_key: Option<String>,
    #[serde(
        rename(deserialize = "SnapshotId", serialize = "snapshotId"),
        alias = "snapshotId"
    )]
    pub snapshot: Option<String>,
    #[serde(
        rename(deserialize = "VolumeSize", serialize = "volumeSize"),
        alias = "volumeSize"
    )]
    pub size: Option<u32>,
    #[serde(
        rename(deserialize = "VolumeType", serialize = "volumeType"),
        alias = "volumeType"
    )]
    pub volume_type: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetadataOptions {
    #[serde(
        rename(deserialize = "HttpTokens", serialize = "httpTokens"),
        alias = "httpTokens"
    )]
    pub http_tokens: Option<String>,
    #[serde(
        rename(
            deserialize = "HttpPutResponseHopLimit",
            serialize = "httpPutResponseHopLimit"
        ),
        alias = "httpPutResponseHopLimit"
    )]
    pub hop_limit: Option<u32>,
    #[serde(
        rename(deserialize = "HttpEndpoint", serialize = "httpEndpoint"),
        alias = "httpEndpoint"
    )]
    pub http_endpoint: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Monitoring {
    #[serde(
        rename(deserialize = "Enabled", serialize = "enabled"),
        alias = "enabled"
    )]
    pub enabled: bool,
}

impl TemplateData {
    /// This data with what `later` says laid over it, as a new version takes from its source.
    fn overlaid(self, later: TemplateData) -> TemplateData {
        TemplateData {
            image: later.image.or(self.image),
            instance_type: later.instance_type.or(self.instance_type),
            key_name: later.key_name.or(self.key_name),
            user_data: later.user_data.or(self.user_data),
            ebs_optimized: later.ebs_optimized.or(self.ebs_optimized),
            instance_profile: later.instance_profile.or(self.instance_profile),
            block_devices: later.block_devices.or(self.block_devices),
            security_groups: later.security_groups.or(self.security_groups),
            metadata_options: later.metadata_options.or(self.metadata_options),
            monitoring: later.monitoring.or(self.monitoring),
            tags: later.tags.or(self.tags),
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
        let number = template.latest() + 1;
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

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("CreateLaunchTemplate", create),
        Operation::new("CreateLaunchTemplateVersion", create_version),
        Operation::new("DescribeLaunchTemplates", describe),
        Operation::new("DescribeLaunchTemplateVersions", describe_versions),
        Operation::new("ModifyLaunchTemplate", modify),
        Operation::new("DeleteLaunchTemplate", delete),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateRequest {
    #[serde(default, rename = "ClientToken")]
    _client_token: Option<String>,
    launch_template_name: String,
    version_description: Option<String>,
    launch_template_data: TemplateData,
    #[serde(default, rename = "TagSpecification")]
    tags: Vec<TagSpecification>,
}

fn create(world: &mut World, call: &Call, request: CreateRequest) -> Result<Value, Refusal> {
    let name = request.launch_template_name;
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"().-/_".contains(&byte);
    if !(3..=128).contains(&name.len()) || !name.bytes().all(fine) {
        let message = "A launch template name must be between 3 and 128 characters, and may contain letters, numbers, and the following characters: ( ) . - / _";
        return Err(Refusal::bad(
            "InvalidLaunchTemplateName.MalformedException",
            message,
        ));
    }
    if world.find_template(None, Some(&name)).is_ok() {
        let message = "Launch template name already in use.";
        return Err(Refusal::bad(
            "InvalidLaunchTemplateName.AlreadyExistsException",
            message,
        ));
    }
    let tags = tags_for(&request.tags, "launch-template");
    let by = call.caller.arn.clone();
    let id = world.make_template(
        &name,
        request.version_description,
        request.launch_template_data,
        tags,
        &by,
    );
    Ok(json!({ "launchTemplate": template_json(world, world.find_template(Some(&id), None)?) }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateVersionRequest {
    #[serde(default, rename = "ClientToken")]
    _client_token: Option<String>,
    launch_template_id: Option<String>,
    launch_template_name: Option<String>,
    source_version: Option<String>,
    version_description: Option<String>,
    launch_template_data: TemplateData,
}

fn create_version(
    world: &mut World,
    call: &Call,
    request: CreateVersionRequest,
) -> Result<Value, Refusal> {
    let template = world.find_template(
        request.launch_template_id.as_deref(),
        request.launch_template_name.as_deref(),
    )?;
    let data = match &request.source_version {
        Some(source) => find_version(template, source)?
            .data
            .clone()
            .overlaid(request.launch_template_data),
        None => request.launch_template_data,
    };
    let id = template.id.clone();
    let by = call.caller.arn.clone();
    let number = world
        .add_template_version(&id, request.version_description, data, &by)
        .unwrap_or_default();
    let template = world.find_template(Some(&id), None)?;
    let version = find_version(template, &number.to_string())?;
    Ok(json!({ "launchTemplateVersion": version_json(world, template, version) }))
}

fn find_version<'a>(template: &'a LaunchTemplate, name: &str) -> Result<&'a Version, Refusal> {
    template.version(name).ok_or_else(|| {
        let message = format!(
            "Could not find the specified version {name} for the launch template with ID {}.",
            template.id
        );
        Refusal::bad("InvalidLaunchTemplateId.VersionNotFound", message)
    })
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct DescribeRequest {
    #[serde(rename = "LaunchTemplateId")]
    ids: Vec<String>,
    #[serde(rename = "LaunchTemplateName")]
    names: Vec<String>,
    #[serde(rename = "Filter")]
    filters: Vec<Filter>,
    #[serde(rename = "MaxResults")]
    _max_results: Option<u32>,
}

fn describe(world: &mut World, _call: &Call, request: DescribeRequest) -> Result<Value, Refusal> {
    for id in &request.ids {
        world.find_template(Some(id), None)?;
    }
    for name in &request.names {
        world.find_template(None, Some(name))?;
    }
    let mut templates = Vec::new();
    for template in world.ec2.templates.values() {
        let values = |name: &str| match name {
            "launch-template-name" => Some(vec![template.name.clone()]),
            _ => tag_values(&template.tags, name),
        };
        let named = (request.ids.is_empty() && request.names.is_empty())
            || request.ids.contains(&template.id)
            || request.names.contains(&template.name);
        if named && passes(&request.filters, values)? {
            templates.push(template_json(world, template));
        }
    }
    Ok(json!({ "launchTemplates": templates }))
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct DescribeVersionsRequest {
    #[serde(rename = "LaunchTemplateId")]
    id: Option<String>,
    #[serde(rename = "LaunchTemplateName")]
    name: Option<String>,
    #[serde(rename = "LaunchTemplateVersion")]
    versions: Vec<String>,
    #[serde(rename = "MinVersion")]
    min: Option<u64>,
    #[serde(rename = "MaxVersion")]
    max: Option<u64>,
    #[serde(rename = "MaxResults")]
    _max_results: Option<u32>,
}

fn describe_versions(
    world: &mut World,
    _call: &Call,
    request: DescribeVersionsRequest,
) -> Result<Value, Refusal> {
    // `$Latest` and `$Default` alone may be asked of all templates.
    let templates: Vec<&LaunchTemplate> = match (&request.id, &request.name) {
        (None, None)
            if !request.versions.is_empty()
                && request.versions.iter().all(|name| name.starts_with('$')) =>
        {
            world.ec2.templates.values().collect()
        }
        (id, name) => vec![world.find_template(id.as_deref(), name.as_deref())?],
    };
    let mut found = Vec::new();
    for template in templates {
        let mut versions: Vec<&Version> = match request.versions.as_slice() {
            [] => template.versions.iter().collect(),
            names => names
                .iter()
                .map(|name| find_version(template, name))
                .collect::<Result<_, _>>()?,
        };
        let range = request.min.unwrap_or(0)..=request.max.unwrap_or(u64::MAX);
        versions.retain(|version| range.contains(&version.number));
        versions.sort_by_key(|version| std::cmp::Reverse(version.number));
        versions.dedup_by_key(|version| version.number);
        found.extend(
            versions
                .into_iter()
                .map(|version| version_json(world, template, version)),
        );
    }
    Ok(json!({ "launchTemplateVersionSet": found }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ModifyRequest {
    #[serde(default, rename = "ClientToken")]
    _client_token: Option<String>,
    launch_template_id: Option<String>,
    launch_template_name: Option<String>,
    set_default_version: Option<String>,
}

fn modify(world: &mut World, _call: &Call, request: ModifyRequest) -> Result<Value, Refusal> {
    let template = world.find_template(
        request.launch_template_id.as_deref(),
        request.launch_template_name.as_deref(),
    )?;
    let id = template.id.clone();
    if let Some(name) = &request.set_default_version {
        let number = find_version(template, name)?.number;
        if let Some(template) = world.ec2.templates.get_mut(&id) {
            template.default_version = number;
        }
    }
    Ok(json!({ "launchTemplate": template_json(world, world.find_template(Some(&id), None)?) }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteRequest {
    launch_template_id: Option<String>,
    launch_template_name: Option<String>,
}

fn delete(world: &mut World, _call: &Call, request: DeleteRequest) -> Result<Value, Refusal> {
    let template = world.find_template(
        request.launch_template_id.as_deref(),
        request.launch_template_name.as_deref(),
    )?;
    let (id, reply) = (
        template.id.clone(),
        json!({ "launchTemplate": template_json(world, template) }),
    );
    world.ec2.templates.remove(&id);
    Ok(reply)
}

fn template_json(world: &World, template: &LaunchTemplate) -> Value {
    json!({
        "launchTemplateId": template.id,
        "launchTemplateName": template.name,
        "createTime": world.timestamp(template.created),
        "createdBy": template.created_by,
        "defaultVersionNumber": template.default_version,
        "latestVersionNumber": template.latest(),
        "tagSet": tag_set(&template.tags),
    })
}

fn version_json(world: &World, template: &LaunchTemplate, version: &Version) -> Value {
    json!({
        "launchTemplateId": template.id,
        "launchTemplateName": template.name,
        "versionNumber": version.number,
        "versionDescription": version.description,
        "createTime": world.timestamp(version.created),
        "createdBy": version.created_by,
        "defaultVersion": version.number == template.default_version,
        "launchTemplateData": version.data,
    })
}
