//! Launch templates and their versions.

use aws_sdk_ec2::types::{
    Filter, InstanceType, LaunchTemplate as Found, LaunchTemplateBlockDeviceMappingRequest,
    LaunchTemplateEbsBlockDeviceRequest, LaunchTemplateErrorCode,
    LaunchTemplateTagSpecificationRequest, LaunchTemplateVersion as FoundVersion,
    RequestLaunchTemplateData, ResourceType, Tag, TagSpecification, VolumeType,
};

use super::super::aws::incomplete;
use super::super::waiting::{done, found};
use super::super::{Cloud, CloudError};
use super::{Mark, Outputs, SESSION, Tags};
use crate::scenario::change::{LaunchTemplate, LaunchTemplateVersion, Volume};

/// The root device of Amazon Linux.
const ROOT: &str = "/dev/xvda";
/// What a launch makes that takes tags from its template.
const LAUNCHED: [ResourceType; 3] = [
    ResourceType::Instance,
    ResourceType::Volume,
    ResourceType::NetworkInterface,
];

impl Cloud {
    pub(super) async fn make_template(
        &self,
        template: &LaunchTemplate,
        mark: &Mark,
    ) -> Result<Outputs, CloudError> {
        let name = &template.name;
        let made = match self.template_called(name).await? {
            Some(known) => own(known, mark)?,
            None => match self.create_template(template, mark).await {
                // An earlier try has come through meanwhile, or somebody was faster.
                Err(CloudError::Taken(why)) => {
                    let known = self.template_called(name).await?;
                    own(known.ok_or(CloudError::Taken(why))?, mark)?
                }
                made => made?,
            },
        };
        let id = made
            .launch_template_id
            .ok_or_else(|| incomplete("CreateLaunchTemplate"))?;
        self.is_fresh([id.as_str()]);
        Ok(Outputs::from([
            ("id".to_owned(), id),
            ("name".to_owned(), name.clone()),
            ("version".to_owned(), "1".to_owned()),
        ]))
    }

    async fn create_template(
        &self,
        template: &LaunchTemplate,
        mark: &Mark,
    ) -> Result<Found, CloudError> {
        let tags = ec2_tags(&mark.tags());
        let launched = LAUNCHED.map(|kind| {
            LaunchTemplateTagSpecificationRequest::builder()
                .resource_type(kind)
                .set_tags(Some(tags.clone()))
                .build()
        });
        let data = RequestLaunchTemplateData::builder()
            .instance_type(InstanceType::from(template.instance_type.as_str()))
            .block_device_mappings(root_device(&template.volume))
            .set_tag_specifications(Some(launched.to_vec()))
            .build();
        let own_tags = TagSpecification::builder()
            .resource_type(ResourceType::LaunchTemplate)
            .set_tags(Some(tags))
            .build();
        let request = self
            .ec2
            .create_launch_template()
            .launch_template_name(&template.name)
            .client_token(mark.token())
            .launch_template_data(data)
            .tag_specifications(own_tags);
        let reply = request.send().await?;
        reply
            .launch_template
            .ok_or_else(|| incomplete("CreateLaunchTemplate"))
    }

    async fn template_called(&self, name: &str) -> Result<Option<Found>, CloudError> {
        let named = Filter::builder().name("launch-template-name").values(name);
        let found = self.templates(named.build()).await?;
        Ok(found.into_iter().next())
    }

    /// The launch templates that pass a filter.
    pub(in super::super) async fn templates(
        &self,
        filter: Filter,
    ) -> Result<Vec<Found>, CloudError> {
        let mut templates = Vec::new();
        let request = self.ec2.describe_launch_templates().filters(filter);
        let mut pages = request.into_paginator().items().send();
        while let Some(template) = pages.next().await {
            templates.push(template?);
        }
        Ok(templates)
    }

    pub(super) async fn unmake_template(
        &self,
        template: &LaunchTemplate,
        mark: &Mark,
        outputs: Option<&Outputs>,
    ) -> Result<(), CloudError> {
        if let Some(id) = outputs.and_then(|outputs| outputs.get("id")) {
            return self.delete_template(id).await;
        }
        let known = self.template_called(&template.name).await?;
        match known.filter(|known| mark.made(&tags_of(known))) {
            Some(own) => {
                self.delete_template(&own.launch_template_id.unwrap_or_default())
                    .await
            }
            None => Ok(()),
        }
    }

    pub(in super::super) async fn delete_template(&self, id: &str) -> Result<(), CloudError> {
        let request = self.ec2.delete_launch_template().launch_template_id(id);
        done(request.send().await.map(drop).map_err(CloudError::from))
    }

    pub(super) async fn make_version(
        &self,
        version: &LaunchTemplateVersion,
        mark: &Mark,
    ) -> Result<Outputs, CloudError> {
        let template = &version.template;
        let look = || self.versions_of(template, mark);
        let known = self.once_heard_of(&[template], look).await?;
        let number = match known.first() {
            Some(number) => *number,
            None => self.create_version(version, mark).await?,
        };
        Ok(Outputs::from([("version".to_owned(), number.to_string())]))
    }

    async fn create_version(
        &self,
        version: &LaunchTemplateVersion,
        mark: &Mark,
    ) -> Result<i64, CloudError> {
        let data = RequestLaunchTemplateData::builder()
            .block_device_mappings(root_device(&version.volume))
            .build();
        let request = self
            .ec2
            .create_launch_template_version()
            .launch_template_id(&version.template)
            .source_version(&version.source)
            .version_description(mark.token())
            .client_token(mark.token())
            .launch_template_data(data);
        let reply = request.send().await?;
        reply
            .launch_template_version
            .and_then(|made| made.version_number)
            .ok_or_else(|| incomplete("CreateLaunchTemplateVersion"))
    }

    /// Numbers of the versions that this change made. A version has no tags, but a description.
    async fn versions_of(&self, template: &str, mark: &Mark) -> Result<Vec<i64>, CloudError> {
        let request = self
            .ec2
            .describe_launch_template_versions()
            .launch_template_id(template);
        let mut pages = request.into_paginator().items().send();
        let mut numbers = Vec::new();
        while let Some(version) = pages.next().await {
            let version: FoundVersion = version?;
            if version.version_description.as_ref() == Some(&mark.token()) {
                numbers.extend(version.version_number);
            }
        }
        Ok(numbers)
    }

    pub(super) async fn unmake_version(
        &self,
        version: &LaunchTemplateVersion,
        mark: &Mark,
        outputs: Option<&Outputs>,
    ) -> Result<(), CloudError> {
        let numbers = match outputs.and_then(|outputs| outputs.get("version")) {
            Some(number) => vec![number.clone()],
            None => found(self.versions_of(&version.template, mark).await)?
                .unwrap_or_default()
                .iter()
                .map(i64::to_string)
                .collect(),
        };
        if numbers.is_empty() {
            return Ok(());
        }
        let request = self
            .ec2
            .delete_launch_template_versions()
            .launch_template_id(&version.template)
            .set_versions(Some(numbers));
        let Some(reply) = found(request.send().await.map_err(CloudError::from))? else {
            return Ok(());
        };
        for kept in reply.unsuccessfully_deleted_launch_template_versions() {
            use LaunchTemplateErrorCode::{
                LaunchTemplateIdDoesNotExist, LaunchTemplateVersionDoesNotExist,
            };
            let error = kept.response_error();
            let code = error.and_then(|error| error.code());
            let gone = matches!(
                code,
                Some(LaunchTemplateIdDoesNotExist | LaunchTemplateVersionDoesNotExist)
            );
            if !gone && !self.is_own_template(&version.template, mark).await? {
                let why = error.and_then(|error| error.message()).unwrap_or_default();
                return Err(CloudError::Conflict(why.to_owned()));
            }
        }
        Ok(())
    }

    /// Whether the session made this template, which so takes its versions along.
    async fn is_own_template(&self, id: &str, mark: &Mark) -> Result<bool, CloudError> {
        let by_id = Filter::builder().name("launch-template-id").values(id);
        let found = self.templates(by_id.build()).await?;
        Ok(found
            .iter()
            .all(|template| tags_of(template).get(SESSION) == Some(&mark.session)))
    }
}

/// The template, if this very change made it.
fn own(template: Found, mark: &Mark) -> Result<Found, CloudError> {
    if mark.made(&tags_of(&template)) {
        return Ok(template);
    }
    Err(CloudError::Taken(format!(
        "the name {} is taken by the launch template {}, which is not this session's: delete it first",
        template.launch_template_name.unwrap_or_default(),
        template.launch_template_id.unwrap_or_default(),
    )))
}

pub(in super::super) fn tags_of(template: &Found) -> Tags {
    tag_map(template.tags())
}

pub(in super::super) fn tag_map(tags: &[Tag]) -> Tags {
    tags.iter()
        .filter_map(|tag| tag.key.clone().zip(tag.value.clone()))
        .collect()
}

fn ec2_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter()
        .map(|(name, value)| Tag::builder().key(name).value(value).build())
        .collect()
}

fn root_device(volume: &Volume) -> LaunchTemplateBlockDeviceMappingRequest {
    let ebs = LaunchTemplateEbsBlockDeviceRequest::builder()
        .volume_size(volume.size)
        .volume_type(VolumeType::from(volume.volume_type.as_str()))
        .encrypted(volume.encrypted)
        .set_kms_key_id(volume.kms_key.clone())
        .build();
    LaunchTemplateBlockDeviceMappingRequest::builder()
        .device_name(ROOT)
        .ebs(ebs)
        .build()
}
