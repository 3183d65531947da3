//! Operations on launch templates and their versions.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::super::refusal::Refusal;
use super::super::super::wire::{Answer, Call, Operation, object};
use super::super::super::world::World;
use super::super::resource::{Pick, Resource, describing, every};
use super::super::{TagSpecification, Tags, instances, tag_set, tags_for};
use super::{LaunchTemplate, TemplateData, Version};

pub(in super::super) fn operations() -> Vec<Operation> {
    vec![
        describing::<LaunchTemplate>("DescribeLaunchTemplates"),
        Operation::new("CreateLaunchTemplate", create),
        Operation::new("CreateLaunchTemplateVersion", create_version),
        Operation::new("DescribeLaunchTemplateVersions", describe_versions),
        Operation::new("GetLaunchTemplateData", data_of_instance),
        Operation::new("ModifyLaunchTemplate", modify),
        Operation::new("DeleteLaunchTemplateVersions", delete_versions),
        Operation::new("DeleteLaunchTemplate", delete),
    ]
}

impl Resource for LaunchTemplate {
    const SET: &'static str = "launchTemplates";
    const PICKED_BY: &'static [Pick] = &[
        Pick::new(
            "LaunchTemplateId",
            "launch-template-id",
            "InvalidLaunchTemplateId.NotFound",
            "The specified launch template, with template ID {}, does not exist.",
        ),
        Pick::new(
            "LaunchTemplateName",
            "launch-template-name",
            "InvalidLaunchTemplateName.NotFoundException",
            "The specified launch template, with template name {}, does not exist.",
        ),
    ];
    // Templates of EKS are the account's own here.
    const FLAGS: &'static [&'static str] = &["IncludeManagedResources"];

    fn all(world: &World) -> Vec<Cow<'_, Self>> {
        every(&world.ec2.templates)
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn values(&self, world: &World, filter: &str) -> Option<Vec<String>> {
        let value = match filter {
            "launch-template-id" => self.id.clone(),
            "launch-template-name" => self.name.clone(),
            "create-time" => world.instant_text(self.created),
            _ => return None,
        };
        Some(vec![value])
    }

    fn view(&self, world: &World) -> Value {
        json!({
            "launchTemplateId": self.id,
            "launchTemplateName": self.name,
            "createTime": world.instant(self.created),
            "createdBy": self.created_by,
            "defaultVersionNumber": self.default_version,
            "latestVersionNumber": self.latest(),
            "tagSet": tag_set(&self.tags),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateRequest {
    launch_template_name: String,
    version_description: Option<String>,
    launch_template_data: Map<String, Value>,
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
    let data = TemplateData::read(&request.launch_template_data)?;
    let tags = tags_for(&request.tags, "launch-template");
    let by = call.caller.arn.clone();
    let id = world.make_template(&name, request.version_description, data, tags, &by);
    let template = world.find_template(Some(&id), None)?;
    Ok(json!({ "launchTemplate": template.view(world) }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateVersionRequest {
    launch_template_id: Option<String>,
    launch_template_name: Option<String>,
    source_version: Option<String>,
    version_description: Option<String>,
    launch_template_data: Map<String, Value>,
    /// Image ids are never aliases here: `resolve:ssm:…` is refused where an instance is launched.
    #[serde(default, rename = "ResolveAlias")]
    _resolve_alias: bool,
}

fn create_version(
    world: &mut World,
    call: &Call,
    request: CreateVersionRequest,
) -> Result<Answer, Refusal> {
    let template = world.find_template(
        request.launch_template_id.as_deref(),
        request.launch_template_name.as_deref(),
    )?;
    let data = TemplateData::read(&request.launch_template_data)?;
    let data = match &request.source_version {
        Some(source) => find_version(template, source)?.data.clone().overlaid(data),
        None => data,
    };
    let id = template.id.clone();
    let by = call.caller.arn.clone();
    let number = world
        .add_template_version(&id, request.version_description, data, &by)
        .unwrap_or_default();
    let template = world.find_template(Some(&id), None)?;
    let version = find_version(template, &number.to_string())?;
    Ok(object! { "launchTemplateVersion": version_json(world, template, version) })
}

/// The version of this number or of `$Latest` or `$Default`.
pub(in super::super) fn find_version<'a>(
    template: &'a LaunchTemplate,
    name: &str,
) -> Result<&'a Version, Refusal> {
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
    max_results: Option<usize>,
    /// The number of the last version that was shown.
    #[serde(rename = "NextToken")]
    next_token: Option<u64>,
    #[serde(rename = "Filter")]
    filters: Vec<super::super::filter::Filter>,
    /// As for `CreateLaunchTemplateVersion`.
    #[serde(rename = "ResolveAlias")]
    _resolve_alias: bool,
    #[serde(rename = "IncludeManagedResources")]
    _include_managed: bool,
}

fn describe_versions(
    world: &mut World,
    _call: &Call,
    request: DescribeVersionsRequest,
) -> Result<Answer, Refusal> {
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
    let single = templates.len() == 1;
    let mut found = Vec::new();
    for template in templates {
        for version in request.versions_of(template)? {
            let values = |filter: &str| filter_values(world, template, version, filter);
            if super::super::filter::passes(&request.filters, values)? {
                found.push((version.number, version_json(world, template, version)));
            }
        }
    }
    // Pages make sense for the versions of one template.
    if single && let Some(last) = request.next_token {
        found.retain(|(number, _)| *number < last);
    }
    let size = request
        .max_results
        .filter(|_| single)
        .unwrap_or(usize::MAX)
        .max(1);
    let next = (found.len() > size).then(|| found[size - 1].0.to_string());
    found.truncate(size);
    let versions: Vec<Answer> = found.into_iter().map(|(_, view)| view).collect();
    Ok(object! { "launchTemplateVersionSet": versions, "nextToken": next })
}

impl DescribeVersionsRequest {
    /// The versions of a template that are asked for, the newest first.
    fn versions_of<'a>(&self, template: &'a LaunchTemplate) -> Result<Vec<&'a Version>, Refusal> {
        let mut versions: Vec<&Version> = match self.versions.as_slice() {
            [] => template.versions.iter().collect(),
            names => names
                .iter()
                .map(|name| find_version(template, name))
                .collect::<Result<_, _>>()?,
        };
        let range = self.min.unwrap_or(0)..=self.max.unwrap_or(u64::MAX);
        versions.retain(|version| range.contains(&version.number));
        versions.sort_by_key(|version| std::cmp::Reverse(version.number));
        versions.dedup_by_key(|version| version.number);
        Ok(versions)
    }
}

fn filter_values(
    world: &World,
    template: &LaunchTemplate,
    version: &Version,
    filter: &str,
) -> Option<Vec<String>> {
    let data = &version.data;
    let value = match filter {
        "create-time" => Some(world.instant_text(version.created)),
        "image-id" => data.image.clone(),
        "instance-type" => data.instance_type.clone(),
        "is-default-version" => Some((version.number == template.default_version).to_string()),
        "ebs-optimized" => data.ebs_optimized.map(|flag| flag.to_string()),
        "iam-instance-profile" => data
            .instance_profile
            .as_ref()
            .and_then(|profile| profile.arn.clone().or_else(|| profile.name.clone())),
        _ => return None,
    };
    Some(value.into_iter().collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct InstanceRequest {
    instance_id: String,
}

fn data_of_instance(
    world: &mut World,
    _call: &Call,
    request: InstanceRequest,
) -> Result<Value, Refusal> {
    let instance = super::super::resource::require(&world.ec2.instances, &request.instance_id)?;
    Ok(json!({ "launchTemplateData": instances::template_data(world, instance) }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ModifyRequest {
    launch_template_id: Option<String>,
    launch_template_name: Option<String>,
    #[serde(rename = "SetDefaultVersion")]
    default_version: Option<String>,
}

fn modify(world: &mut World, _call: &Call, request: ModifyRequest) -> Result<Value, Refusal> {
    let template = world.find_template(
        request.launch_template_id.as_deref(),
        request.launch_template_name.as_deref(),
    )?;
    let id = template.id.clone();
    if let Some(name) = &request.default_version {
        let number = find_version(template, name)?.number;
        if let Some(template) = world.ec2.templates.get_mut(&id) {
            template.default_version = number;
        }
    }
    let template = world.find_template(Some(&id), None)?;
    Ok(json!({ "launchTemplate": template.view(world) }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteVersionsRequest {
    launch_template_id: Option<String>,
    launch_template_name: Option<String>,
    #[serde(rename = "LaunchTemplateVersion")]
    versions: Vec<String>,
}

fn delete_versions(
    world: &mut World,
    _call: &Call,
    request: DeleteVersionsRequest,
) -> Result<Value, Refusal> {
    let template = world
        .find_template(
            request.launch_template_id.as_deref(),
            request.launch_template_name.as_deref(),
        )?
        .clone();
    let (mut deleted, mut kept) = (Vec::new(), Vec::new());
    for name in &request.versions {
        let about = |number: u64| {
            json!({
                "launchTemplateId": template.id,
                "launchTemplateName": template.name,
                "versionNumber": number,
            })
        };
        match deletable(&template, name) {
            Ok(number) => {
                deleted.push(about(number));
                if let Some(template) = world.ec2.templates.get_mut(&template.id) {
                    template.versions.retain(|version| version.number != number);
                }
            }
            Err(refusal) => {
                let mut error = about(name.parse().unwrap_or_default());
                error["responseError"] =
                    json!({ "code": refusal.code, "message": refusal.message });
                kept.push(error);
            }
        }
    }
    Ok(json!({
        "successfullyDeletedLaunchTemplateVersionSet": deleted,
        "unsuccessfullyDeletedLaunchTemplateVersionSet": kept,
    }))
}

/// The number of a version that may go. Codes: botocore's `LaunchTemplateErrorCode`.
fn deletable(template: &LaunchTemplate, name: &str) -> Result<u64, Refusal> {
    let version = template.version(name).ok_or_else(|| {
        Refusal::bad(
            "launchTemplateVersionDoesNotExist",
            format!(
                "Could not find the specified version {name} for the launch template with ID {}.",
                template.id
            ),
        )
    })?;
    if version.number == template.default_version {
        return Err(Refusal::bad(
            "unexpectedError",
            "The default version of a launch template cannot be deleted.",
        ));
    }
    Ok(version.number)
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
        json!({ "launchTemplate": template.view(world) }),
    );
    world.ec2.templates.remove(&id);
    Ok(reply)
}

fn version_json(world: &World, template: &LaunchTemplate, version: &Version) -> Answer {
    object! {
        "launchTemplateId": template.id.as_str(),
        "launchTemplateName": template.name.as_str(),
        "versionNumber": version.number,
        "versionDescription": version.description.as_ref(),
        "createTime": world.instant(version.created),
        "createdBy": &version.created_by,
        "defaultVersion": version.number == template.default_version,
        "launchTemplateData": json!(version.data),
    }
}
