//! Reads what checks are judged by. What cannot be read is said to be unknown, never guessed.

use std::collections::BTreeSet;

use aws_sdk_autoscaling::types::AutoScalingGroup;
use aws_sdk_ec2::types::ResponseLaunchTemplateData;

use super::{Cloud, CloudError};
use crate::policy::{Grant, GrantConstraints, Policy};
use crate::scenario::Predicate;
use crate::scenario::observation::{Activity, Key, Nodegroup, Observation, RootVolume, Seen};

/// What has to be read for some checks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    keys: BTreeSet<String>,
    nodegroups: BTreeSet<String>,
    nodes: BTreeSet<String>,
}

impl Wanted {
    /// What these predicates, with names filled in, are about.
    pub fn by<'a>(predicates: impl IntoIterator<Item = &'a Predicate>) -> Wanted {
        let mut wanted = Wanted::default();
        for predicate in predicates {
            match predicate {
                Predicate::LaunchAccess(named) | Predicate::KeyNotPublic(named) => {
                    wanted.keys.insert(named.key.clone());
                }
                Predicate::VolumeEncryptedWith(expected) => {
                    wanted.nodegroups.insert(expected.nodegroup.clone());
                }
                Predicate::Nodegroup(expected) => {
                    wanted.nodegroups.insert(expected.nodegroup.clone());
                }
                Predicate::ScalingActivity(expected) => {
                    wanted.nodegroups.insert(expected.nodegroup.clone());
                }
                Predicate::Nodes(expected) => {
                    wanted.nodes.insert(expected.nodegroup.clone());
                }
            }
        }
        wanted
    }
}

impl Cloud {
    /// Looks at everything that is wanted, once.
    pub async fn observe(&self, wanted: &Wanted) -> Observation {
        let mut observation = Observation {
            account: self.account.clone(),
            region: self.region.clone(),
            ..Observation::default()
        };
        for key in &wanted.keys {
            observation
                .keys
                .insert(key.clone(), seen(self.see_key(key).await));
        }
        for name in &wanted.nodegroups {
            observation
                .nodegroups
                .insert(name.clone(), seen(self.see_nodegroup(name).await));
        }
        for name in &wanted.nodes {
            observation
                .nodes
                .insert(name.clone(), seen(self.nodes(name).await));
        }
        observation
    }

    async fn see_key(&self, id: &str) -> Result<Key, CloudError> {
        let metadata = self
            .kms
            .describe_key()
            .key_id(id)
            .send()
            .await?
            .key_metadata
            .ok_or(CloudError::NotFound)?;
        let policy = self
            .kms
            .get_key_policy()
            .key_id(id)
            .send()
            .await?
            .policy
            .unwrap_or_default();
        let mut grants = Vec::new();
        let mut pages = self
            .kms
            .list_grants()
            .key_id(id)
            .into_paginator()
            .items()
            .send();
        while let Some(entry) = pages.next().await {
            grants.push(grant(entry?));
        }
        Ok(Key {
            arn: metadata.arn.unwrap_or_default(),
            state: metadata
                .key_state
                .map(|state| state.as_str().to_owned())
                .unwrap_or_default(),
            policy: Policy::parse(&policy).map_err(|error| error.to_string()),
            grants,
        })
    }

    async fn see_nodegroup(&self, name: &str) -> Result<Nodegroup, CloudError> {
        let found = self.nodegroup(name).await?.ok_or(CloudError::NotFound)?;
        let issues = found
            .health
            .and_then(|health| health.issues)
            .unwrap_or_default();
        let group = found
            .resources
            .and_then(|resources| resources.auto_scaling_groups)
            .and_then(|groups| groups.into_iter().find_map(|group| group.name));
        let (activities, root_volume) = match &group {
            Some(group) => (
                self.activities(group).await?,
                self.root_volume(group).await?,
            ),
            None => (Vec::new(), None),
        };
        Ok(Nodegroup {
            status: found
                .status
                .map(|status| status.as_str().to_owned())
                .unwrap_or_default(),
            issues: issues
                .into_iter()
                .map(|issue| {
                    let code = issue
                        .code
                        .map(|code| code.as_str().to_owned())
                        .unwrap_or_default();
                    (code, issue.message.unwrap_or_default())
                })
                .collect(),
            desired: found
                .scaling_config
                .and_then(|scaling| scaling.desired_size)
                .unwrap_or_default(),
            activities,
            root_volume,
        })
    }

    /// The newest activities of an Auto Scaling group.
    async fn activities(&self, group: &str) -> Result<Vec<Activity>, CloudError> {
        let reply = self
            .autoscaling
            .describe_scaling_activities()
            .auto_scaling_group_name(group)
            .send()
            .await?;
        let activities = reply.activities.unwrap_or_default();
        Ok(activities
            .into_iter()
            .map(|activity| Activity {
                status: activity
                    .status_code
                    .map(|status| status.as_str().to_owned())
                    .unwrap_or_default(),
                description: activity.description.unwrap_or_default(),
            })
            .collect())
    }

    /// The root volume in the template version that the group launches from now: EKS's own template,
    /// whatever the user's says meanwhile.
    async fn root_volume(&self, group: &str) -> Result<Option<RootVolume>, CloudError> {
        let reply = self
            .autoscaling
            .describe_auto_scaling_groups()
            .auto_scaling_group_names(group)
            .send()
            .await?;
        let found = reply
            .auto_scaling_groups
            .unwrap_or_default()
            .into_iter()
            .next()
            .ok_or(CloudError::NotFound)?;
        let Some((template, version)) = template_of(found) else {
            return Ok(None);
        };
        let request = self
            .ec2
            .describe_launch_template_versions()
            .launch_template_id(template)
            .versions(version);
        let versions = request
            .send()
            .await?
            .launch_template_versions
            .unwrap_or_default();
        Ok(versions
            .into_iter()
            .find_map(|version| version.launch_template_data)
            .and_then(root_volume))
    }
}

fn seen<T>(result: Result<T, CloudError>) -> Seen<T> {
    match result {
        Ok(found) => Seen::There(found),
        Err(CloudError::NotFound) => Seen::Gone,
        Err(error) => Seen::Unknown(error.to_string()),
    }
}

pub(super) fn grant(entry: aws_sdk_kms::types::GrantListEntry) -> Grant {
    let constraints = entry.constraints;
    let pairs = |pairs: Option<std::collections::HashMap<String, String>>| {
        pairs.map(|pairs| pairs.into_iter().collect())
    };
    let (equals, subset) = constraints
        .map(|constraints| {
            (
                constraints.encryption_context_equals,
                constraints.encryption_context_subset,
            )
        })
        .unwrap_or_default();
    Grant {
        id: entry.grant_id.unwrap_or_default(),
        name: entry.name,
        grantee: entry.grantee_principal.unwrap_or_default(),
        retiring_principal: entry.retiring_principal,
        operations: entry
            .operations
            .unwrap_or_default()
            .iter()
            .map(|operation| operation.as_str().to_owned())
            .collect(),
        constraints: GrantConstraints {
            constraint_equals: pairs(equals),
            constraint_subset: pairs(subset),
        },
    }
}

/// Id and version of the template that a group launches from.
fn template_of(group: AutoScalingGroup) -> Option<(String, String)> {
    let mixed = group
        .mixed_instances_policy
        .and_then(|policy| policy.launch_template);
    let specification = mixed
        .and_then(|template| template.launch_template_specification)
        .or(group.launch_template)?;
    Some((
        specification.launch_template_id?,
        specification
            .version
            .unwrap_or_else(|| "$Default".to_owned()),
    ))
}

fn root_volume(data: ResponseLaunchTemplateData) -> Option<RootVolume> {
    let devices = data.block_device_mappings.unwrap_or_default();
    let at = devices
        .iter()
        .position(|device| device.device_name.as_deref() == Some("/dev/xvda"))
        .unwrap_or(0);
    let ebs = devices.into_iter().nth(at)?.ebs?;
    Some(RootVolume {
        encrypted: ebs.encrypted.unwrap_or(false),
        kms_key: ebs.kms_key_id,
    })
}
