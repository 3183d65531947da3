//! What a scenario makes and unmakes in an account. Every unmaking treats "not found" as done.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_ec2::types as ec2;
use aws_sdk_eks::types as eks;

use super::kubernetes::Access;
use super::{Cloud, CloudError, Pause};

/// Where the AWS APIs are.
pub enum Endpoint {
    /// One loopback URL for all services, with its own key.
    Simulator {
        url: String,
        access_key: String,
        secret_key: String,
    },
    /// The real ones, found as every AWS tool finds them.
    Account,
}

/// Tags by name.
pub type Tags = BTreeMap<String, String>;

/// Between two looks at something that changes.
const POLL: Duration = Duration::from_secs(5);
/// How long a node group may take to become, or to go.
const PATIENCE: Duration = Duration::from_secs(45 * 60);

/// A launch template with one encrypted or plain root volume.
pub struct NewTemplate<'a> {
    pub name: &'a str,
    pub instance_type: &'a str,
    pub volume_size: i32,
    pub volume_type: &'a str,
    pub encrypted: bool,
    pub kms_key: Option<&'a str>,
}

/// A node group from a launch template, in the network of the cluster's other node groups.
pub struct NewNodegroup<'a> {
    pub name: &'a str,
    pub template: &'a str,
    pub min: i32,
    pub max: i32,
    pub desired: i32,
}

impl Cloud {
    /// Clients for one account, region and cluster; nothing is called yet.
    ///
    /// # Errors
    /// When the Kubernetes client cannot be made from `kubernetes`.
    pub async fn connect(
        endpoint: Endpoint,
        (account, region, cluster): (&str, &str, &str),
        kubernetes: Access,
        pause: Pause,
    ) -> Result<Cloud, CloudError> {
        let loader =
            aws_config::defaults(BehaviorVersion::latest()).region(Region::new(region.to_owned()));
        let config = match endpoint {
            Endpoint::Account => loader.load().await,
            Endpoint::Simulator {
                url,
                access_key,
                secret_key,
            } => {
                let credentials = Credentials::from_keys(access_key, secret_key, None);
                // The default client wants system certificates even for plain HTTP, and heeds proxies.
                let http = aws_smithy_http_client::Builder::new().build_http();
                loader
                    .endpoint_url(url)
                    .credentials_provider(credentials)
                    .http_client(http)
                    .load()
                    .await
            }
        };
        Ok(Cloud {
            account: account.to_owned(),
            region: region.to_owned(),
            cluster: cluster.to_owned(),
            pause,
            eks: aws_sdk_eks::Client::new(&config),
            kms: aws_sdk_kms::Client::new(&config),
            autoscaling: aws_sdk_autoscaling::Client::new(&config),
            ec2: aws_sdk_ec2::Client::new(&config),
            kubernetes: super::kubernetes::client(kubernetes).await?,
        })
    }

    /// Makes a symmetric key; returns its id and ARN.
    pub async fn create_key(
        &self,
        description: &str,
        policy: &str,
        tags: &Tags,
    ) -> Result<(String, String), CloudError> {
        let mut request = self
            .kms
            .create_key()
            .description(description)
            .policy(policy);
        for (name, value) in tags {
            request = request.tags(kms_tag(name, value)?);
        }
        let metadata = request
            .send()
            .await?
            .key_metadata
            .ok_or_else(|| incomplete("CreateKey"))?;
        let arn = metadata.arn.ok_or_else(|| incomplete("CreateKey"))?;
        Ok((metadata.key_id, arn))
    }

    pub async fn enable_key_rotation(&self, key: &str) -> Result<(), CloudError> {
        self.kms.enable_key_rotation().key_id(key).send().await?;
        Ok(())
    }

    pub async fn create_alias(&self, name: &str, key: &str) -> Result<(), CloudError> {
        self.kms
            .create_alias()
            .alias_name(name)
            .target_key_id(key)
            .send()
            .await?;
        Ok(())
    }

    pub async fn delete_alias(&self, name: &str) -> Result<(), CloudError> {
        done(
            self.kms
                .delete_alias()
                .alias_name(name)
                .send()
                .await
                .map(drop)
                .map_err(CloudError::from),
        )
    }

    /// Schedules a key's deletion after the shortest waiting period, seven days.
    pub async fn delete_key(&self, key: &str) -> Result<(), CloudError> {
        if self.key_is_going(key).await? {
            return Ok(());
        }
        let request = self
            .kms
            .schedule_key_deletion()
            .key_id(key)
            .pending_window_in_days(7);
        done(request.send().await.map(drop).map_err(CloudError::from))
    }

    /// Whether the key is pending deletion, or gone.
    pub async fn key_is_going(&self, key: &str) -> Result<bool, CloudError> {
        match self
            .kms
            .describe_key()
            .key_id(key)
            .send()
            .await
            .map_err(CloudError::from)
        {
            Ok(reply) => {
                let state = reply.key_metadata.and_then(|metadata| metadata.key_state);
                Ok(state == Some(aws_sdk_kms::types::KeyState::PendingDeletion))
            }
            Err(CloudError::NotFound) => Ok(true),
            Err(error) => Err(error),
        }
    }

    pub async fn alias_exists(&self, name: &str) -> Result<bool, CloudError> {
        let mut pages = self.kms.list_aliases().into_paginator().items().send();
        while let Some(alias) = pages.next().await {
            if alias?.alias_name.as_deref() == Some(name) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Makes a launch template; returns its id.
    pub async fn create_template(
        &self,
        new: NewTemplate<'_>,
        tags: &Tags,
    ) -> Result<String, CloudError> {
        let ebs = ec2::LaunchTemplateEbsBlockDeviceRequest::builder()
            .volume_size(new.volume_size)
            .volume_type(ec2::VolumeType::from(new.volume_type))
            .encrypted(new.encrypted)
            .set_kms_key_id(new.kms_key.map(str::to_owned))
            .build();
        let device = ec2::LaunchTemplateBlockDeviceMappingRequest::builder()
            .device_name("/dev/xvda")
            .ebs(ebs)
            .build();
        let instance_tags = ec2::LaunchTemplateTagSpecificationRequest::builder()
            .resource_type(ec2::ResourceType::Instance)
            .set_tags(Some(ec2_tags(tags)))
            .build();
        let data = ec2::RequestLaunchTemplateData::builder()
            .instance_type(ec2::InstanceType::from(new.instance_type))
            .block_device_mappings(device)
            .tag_specifications(instance_tags)
            .build();
        let own_tags = ec2::TagSpecification::builder()
            .resource_type(ec2::ResourceType::LaunchTemplate)
            .set_tags(Some(ec2_tags(tags)))
            .build();
        let request = self
            .ec2
            .create_launch_template()
            .launch_template_name(new.name);
        let reply = request
            .launch_template_data(data)
            .tag_specifications(own_tags)
            .send()
            .await?;
        reply
            .launch_template
            .and_then(|template| template.launch_template_id)
            .ok_or_else(|| incomplete("CreateLaunchTemplate"))
    }

    pub async fn delete_template(&self, id: &str) -> Result<(), CloudError> {
        done(
            self.ec2
                .delete_launch_template()
                .launch_template_id(id)
                .send()
                .await
                .map(drop)
                .map_err(CloudError::from),
        )
    }

    pub async fn template_exists(&self, id: &str) -> Result<bool, CloudError> {
        exists(
            self.ec2
                .describe_launch_templates()
                .launch_template_ids(id)
                .send()
                .await
                .map_err(CloudError::from),
        )
    }

    /// Makes a node group and waits until it is made; returns the name of its Auto Scaling group.
    pub async fn create_nodegroup(
        &self,
        new: NewNodegroup<'_>,
        tags: &Tags,
    ) -> Result<String, CloudError> {
        let neighbour = self.any_nodegroup().await?;
        let scaling = eks::NodegroupScalingConfig::builder()
            .min_size(new.min)
            .max_size(new.max)
            .desired_size(new.desired)
            .build();
        let template = eks::LaunchTemplateSpecification::builder()
            .id(new.template)
            .build();
        self.eks
            .create_nodegroup()
            .cluster_name(&self.cluster)
            .nodegroup_name(new.name)
            .scaling_config(scaling)
            .set_subnets(neighbour.subnets)
            .set_node_role(neighbour.node_role)
            .launch_template(template)
            .set_tags(Some(tags.clone().into_iter().collect()))
            .send()
            .await?;
        let made = self
            .settled_nodegroup(new.name)
            .await?
            .ok_or(CloudError::NotFound)?;
        if made.status == Some(eks::NodegroupStatus::CreateFailed) {
            return Err(CloudError::Other(format!(
                "node group {} could not be created: {:?}",
                new.name, made.health
            )));
        }
        let groups = made
            .resources
            .and_then(|resources| resources.auto_scaling_groups)
            .unwrap_or_default();
        groups
            .into_iter()
            .find_map(|group| group.name)
            .ok_or_else(|| incomplete("DescribeNodegroup"))
    }

    /// A node group of the cluster whose network and role a new one can share.
    async fn any_nodegroup(&self) -> Result<eks::Nodegroup, CloudError> {
        let names = self
            .eks
            .list_nodegroups()
            .cluster_name(&self.cluster)
            .send()
            .await?
            .nodegroups
            .unwrap_or_default();
        let Some(name) = names.first() else {
            let why = format!(
                "cluster {} has no node group whose subnets and role could be used",
                self.cluster
            );
            return Err(CloudError::Other(why));
        };
        self.nodegroup(name).await?.ok_or(CloudError::NotFound)
    }

    /// The node group as it is now, `None` when there is none.
    pub(super) async fn nodegroup(&self, name: &str) -> Result<Option<eks::Nodegroup>, CloudError> {
        let reply = self
            .eks
            .describe_nodegroup()
            .cluster_name(&self.cluster)
            .nodegroup_name(name)
            .send()
            .await;
        match reply.map_err(CloudError::from) {
            Ok(reply) => Ok(reply.nodegroup),
            Err(CloudError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Waits while the node group is being made, changed or taken down. DEGRADED ends the wait.
    async fn settled_nodegroup(&self, name: &str) -> Result<Option<eks::Nodegroup>, CloudError> {
        let mut waited = Duration::ZERO;
        loop {
            let found = self.nodegroup(name).await?;
            let passing = found.as_ref().is_some_and(|group| {
                use eks::NodegroupStatus::{Creating, Deleting, Updating};
                matches!(group.status, Some(Creating | Deleting | Updating))
            });
            if !passing {
                return Ok(found);
            }
            if waited >= PATIENCE {
                return Err(CloudError::Other(format!(
                    "node group {name} did not settle within {} minutes",
                    PATIENCE.as_secs() / 60
                )));
            }
            (self.pause)(POLL).await;
            waited += POLL;
        }
    }

    /// Sets a node group's desired size and waits until the update is over.
    pub async fn scale(&self, nodegroup: &str, desired: i32) -> Result<(), CloudError> {
        let scaling = eks::NodegroupScalingConfig::builder()
            .desired_size(desired)
            .build();
        let request = self
            .eks
            .update_nodegroup_config()
            .cluster_name(&self.cluster)
            .nodegroup_name(nodegroup);
        request.scaling_config(scaling).send().await?;
        self.settled_nodegroup(nodegroup).await?;
        Ok(())
    }

    /// Deletes a node group and waits until it is gone.
    pub async fn delete_nodegroup(&self, name: &str) -> Result<(), CloudError> {
        // An update that is still going on would refuse the deletion.
        if self.settled_nodegroup(name).await?.is_none() {
            return Ok(());
        }
        let request = self
            .eks
            .delete_nodegroup()
            .cluster_name(&self.cluster)
            .nodegroup_name(name);
        done(request.send().await.map(drop).map_err(CloudError::from))?;
        match self.settled_nodegroup(name).await? {
            None => Ok(()),
            Some(left) => Err(CloudError::Other(format!(
                "node group {name} is {:?}: {:?}",
                left.status, left.health
            ))),
        }
    }

    pub async fn nodegroup_exists(&self, name: &str) -> Result<bool, CloudError> {
        Ok(self.nodegroup(name).await?.is_some())
    }
}

fn done(result: Result<(), CloudError>) -> Result<(), CloudError> {
    match result {
        Err(CloudError::NotFound) => Ok(()),
        other => other,
    }
}

fn exists<T>(result: Result<T, CloudError>) -> Result<bool, CloudError> {
    match result {
        Ok(_) => Ok(true),
        Err(CloudError::NotFound) => Ok(false),
        Err(error) => Err(error),
    }
}

fn incomplete(operation: &str) -> CloudError {
    CloudError::Other(format!("the answer of {operation} lacks what it must have"))
}

fn kms_tag(name: &str, value: &str) -> Result<aws_sdk_kms::types::Tag, CloudError> {
    let tag = aws_sdk_kms::types::Tag::builder()
        .tag_key(name)
        .tag_value(value)
        .build();
    tag.map_err(|error| CloudError::Other(error.to_string()))
}

fn ec2_tags(tags: &Tags) -> Vec<ec2::Tag> {
    tags.iter()
        .map(|(name, value)| ec2::Tag::builder().key(name).value(value).build())
        .collect()
}
