//! What is ours says how long it may live: its tags, told anew.

use aws_sdk_ec2::types::Tag as Ec2Tag;
use aws_sdk_iam::types::Tag as IamTag;
use aws_sdk_kms::types::Tag as KmsTag;
use jiff::Timestamp;

use super::super::waiting::{done, found};
use super::super::{Cloud, CloudError};
use super::expiry_tags;

impl Cloud {
    pub(in super::super) async fn prolong_nodegroup(
        &self,
        name: &str,
        until: Timestamp,
    ) -> Result<(), CloudError> {
        let group = self.nodegroup(name).await?;
        let Some(arn) = group.and_then(|group| group.nodegroup_arn) else {
            return Ok(());
        };
        let request = self.eks.tag_resource().resource_arn(arn);
        let tags = expiry_tags(until).into_iter().collect();
        let sent = request.set_tags(Some(tags)).send().await;
        done(sent.map(drop).map_err(CloudError::from))
    }

    /// An instance, volume, network interface or launch template.
    pub(in super::super) async fn prolong_in_ec2(
        &self,
        id: &str,
        until: Timestamp,
    ) -> Result<(), CloudError> {
        let tags = expiry_tags(until)
            .into_iter()
            .map(|(name, value)| Ec2Tag::builder().key(name).value(value).build());
        let request = self.ec2.create_tags().resources(id);
        let sent = request.set_tags(Some(tags.collect())).send().await;
        match done(sent.map(drop).map_err(CloudError::from)) {
            // What was listed a moment ago has gone meanwhile.
            Err(CloudError::Other(why)) if why.starts_with("InvalidID") => Ok(()),
            sent => sent,
        }
    }

    pub(in super::super) async fn prolong_role(
        &self,
        name: &str,
        until: Timestamp,
    ) -> Result<(), CloudError> {
        let tags = expiry_tags(until).into_iter().map(|(name, value)| {
            let tag = IamTag::builder().key(name).value(value).build();
            tag.map_err(|error| CloudError::Other(error.to_string()))
        });
        let tags = tags.collect::<Result<_, _>>()?;
        let request = self.iam.tag_role().role_name(name);
        let sent = request.set_tags(Some(tags)).send().await;
        done(sent.map(drop).map_err(CloudError::from))
    }

    pub(in super::super) async fn prolong_key(
        &self,
        id: &str,
        until: Timestamp,
    ) -> Result<(), CloudError> {
        if found(self.describe_key(id).await)?.is_none() {
            return Ok(());
        }
        let tags = expiry_tags(until).into_iter().map(|(name, value)| {
            let tag = KmsTag::builder().tag_key(name).tag_value(value).build();
            tag.map_err(|error| CloudError::Other(error.to_string()))
        });
        let tags = tags.collect::<Result<_, _>>()?;
        let request = self.kms.tag_resource().key_id(id);
        let sent = request.set_tags(Some(tags)).send().await;
        done(sent.map(drop).map_err(CloudError::from))
    }
}
