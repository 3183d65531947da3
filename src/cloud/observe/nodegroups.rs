//! Node groups, with what their Auto Scaling groups did and launch.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_autoscaling::types::{Activity as ScalingActivity, AutoScalingGroup};
use aws_sdk_ec2::types::ResponseLaunchTemplateData;
use aws_sdk_eks::types::{self as eks, NodegroupScalingConfig};

use super::super::{Cloud, CloudError};
use super::{ago, seen, together, why};
use crate::scenario::observation::{Activity, Found, Launches, Nodegroup, Seen, Volume};

/// Where the root volume of the images for nodes is: Amazon Linux and Bottlerocket, Ubuntu and Windows.
const ROOT_DEVICES: [&str; 2] = ["/dev/xvda", "/dev/sda1"];

/// The most that one call describes.
const PER_CALL: i32 = 100;

/// What belongs to a node group that exists.
struct Parts {
    activities: Found<Vec<Activity>>,
    launches: Found<Launches>,
}

impl Cloud {
    /// These node groups.
    pub(super) async fn see_nodegroups(
        &self,
        names: &BTreeSet<String>,
    ) -> BTreeMap<String, Seen<Nodegroup>> {
        let described = together(names.iter().cloned().map(|name| {
            let cloud = self.clone();
            async move { (cloud.nodegroup(&name).await, name) }
        }));
        let described = described.await;
        let groups: BTreeSet<String> = described
            .iter()
            .filter_map(|(found, _)| group_of(found.as_ref().ok()?.as_ref()?))
            .collect();
        let mut parts = self.see_groups(groups).await;
        let whole = |(found, name): (Result<Option<eks::Nodegroup>, CloudError>, String)| {
            let found = found.and_then(|found| found.ok_or(CloudError::NotFound));
            let whole = found.map(|found| {
                let parts = group_of(&found).and_then(|group| parts.remove(&group));
                nodegroup(found, parts)
            });
            (name, seen(whole))
        };
        described.into_iter().map(whole).collect()
    }

    /// What these Auto Scaling groups did and launch.
    async fn see_groups(&self, names: BTreeSet<String>) -> BTreeMap<String, Parts> {
        let activities = together(names.iter().cloned().map(|name| {
            let cloud = self.clone();
            async move { cloud.activities(&name).await }
        }));
        let launches = async {
            let groups = self.auto_scaling_groups(&names).await;
            together(names.iter().map(|name| {
                let group = match &groups {
                    Ok(groups) => groups
                        .get(name)
                        .cloned()
                        .ok_or_else(|| format!("the Auto Scaling group {name} does not exist")),
                    Err(why) => Err(why.clone()),
                };
                let cloud = self.clone();
                async move { cloud.launches(group?).await }
            }))
            .await
        };
        let (activities, launches) = tokio::join!(activities, launches);
        let parts = activities.into_iter().zip(launches);
        let parts = parts.map(|(activities, launches)| Parts {
            activities,
            launches,
        });
        names.into_iter().zip(parts).collect()
    }

    /// The newest activities of an Auto Scaling group.
    async fn activities(&self, group: &str) -> Found<Vec<Activity>> {
        let request = self.autoscaling.describe_scaling_activities();
        let reply = request.auto_scaling_group_name(group).send().await;
        let activities = reply.map_err(why)?.activities.unwrap_or_default();
        Ok(activities.into_iter().map(activity).collect())
    }

    async fn auto_scaling_groups(
        &self,
        names: &BTreeSet<String>,
    ) -> Found<BTreeMap<String, AutoScalingGroup>> {
        if names.is_empty() {
            return Ok(BTreeMap::new());
        }
        let request = self
            .autoscaling
            .describe_auto_scaling_groups()
            .set_auto_scaling_group_names(Some(names.iter().cloned().collect()));
        let reply = request.max_records(PER_CALL).send().await.map_err(why)?;
        let groups = reply.auto_scaling_groups.unwrap_or_default().into_iter();
        Ok(groups
            .filter_map(|group| Some((group.auto_scaling_group_name.clone()?, group)))
            .collect())
    }

    /// What the template version that the group launches from now has: EKS's own template, whatever the user's says
    /// meanwhile.
    async fn launches(&self, group: AutoScalingGroup) -> Found<Launches> {
        let suspended = suspended(&group);
        let Some((template, version)) = template_of(group) else {
            return Err("the Auto Scaling group has no launch template".to_owned());
        };
        let request = self
            .ec2
            .describe_launch_template_versions()
            .launch_template_id(&template)
            .versions(version);
        let versions = request.send().await.map_err(why)?.launch_template_versions;
        let data = versions
            .unwrap_or_default()
            .into_iter()
            .find_map(|version| version.launch_template_data)
            .ok_or_else(|| format!("the launch template {template} has no such version"))?;
        let (root, others) = volumes(data);
        Ok(Launches {
            template,
            root_volume: root,
            other_volumes: others,
            suspended,
        })
    }
}

fn group_of(nodegroup: &eks::Nodegroup) -> Option<String> {
    let groups = nodegroup.resources.as_ref()?.auto_scaling_groups.as_ref()?;
    groups.iter().find_map(|group| group.name.clone())
}

fn nodegroup(found: eks::Nodegroup, parts: Option<Parts>) -> Nodegroup {
    let parts = parts.unwrap_or_else(|| Parts {
        activities: Ok(Vec::new()),
        launches: Err("it has no Auto Scaling group".to_owned()),
    });
    let auto_scaling_group = group_of(&found);
    let issues = found.health.and_then(|health| health.issues);
    let scaling = found.scaling_config;
    let size = |of: fn(&NodegroupScalingConfig) -> Option<i32>| {
        scaling.as_ref().and_then(of).unwrap_or_default()
    };
    Nodegroup {
        status: found
            .status
            .map(|status| status.as_str().to_owned())
            .unwrap_or_default(),
        auto_scaling_group,
        issues: issues.unwrap_or_default().into_iter().map(issue).collect(),
        min: size(|scaling| scaling.min_size),
        desired: size(|scaling| scaling.desired_size),
        max: size(|scaling| scaling.max_size),
        template_version: found.launch_template.and_then(|template| template.version),
        modified: ago(found.modified_at.as_ref()),
        activities: parts.activities,
        launches: parts.launches,
    }
}

/// Code and message.
fn issue(issue: eks::Issue) -> (String, String) {
    let code = issue.code.map(|code| code.as_str().to_owned());
    (code.unwrap_or_default(), issue.message.unwrap_or_default())
}

fn activity(activity: ScalingActivity) -> Activity {
    Activity {
        id: activity.activity_id.unwrap_or_default(),
        status: activity
            .status_code
            .map(|status| status.as_str().to_owned())
            .unwrap_or_default(),
        description: activity.description.unwrap_or_default(),
        started: ago(activity.start_time.as_ref()),
    }
}

fn suspended(group: &AutoScalingGroup) -> Option<String> {
    let processes = group.suspended_processes.iter().flatten();
    let launch = processes
        .filter(|process| process.process_name.as_deref() == Some("Launch"))
        .map(|process| process.suspension_reason.clone().unwrap_or_default());
    launch.into_iter().next()
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

/// The root volume, where the template has it, and the others. Devices without `Ebs` are none of EBS.
fn volumes(data: ResponseLaunchTemplateData) -> (Option<Volume>, Vec<Volume>) {
    let (mut root, mut others) = (None, Vec::new());
    for device in data.block_device_mappings.unwrap_or_default() {
        let Some(ebs) = device.ebs else { continue };
        let volume = Volume {
            encrypted: ebs.encrypted.unwrap_or_default(),
            kms_key: ebs.kms_key_id,
        };
        let name = device.device_name.unwrap_or_default();
        if ROOT_DEVICES.contains(&name.as_str()) {
            root = Some(volume);
        } else {
            others.push(volume);
        }
    }
    (root, others)
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{LaunchTemplateBlockDeviceMapping, LaunchTemplateEbsBlockDevice};

    use super::*;

    #[test]
    fn the_root_volume_is_told_by_its_device_and_never_guessed() {
        let device = |name: &str, key: &str| {
            let ebs = LaunchTemplateEbsBlockDevice::builder()
                .encrypted(true)
                .kms_key_id(key)
                .build();
            LaunchTemplateBlockDeviceMapping::builder()
                .device_name(name)
                .ebs(ebs)
                .build()
        };
        let data = ResponseLaunchTemplateData::builder()
            .block_device_mappings(device("/dev/xvdb", "data"))
            .block_device_mappings(device("/dev/xvda", "root"));
        let (root, others) = volumes(data.build());
        assert_eq!(root.unwrap().kms_key.as_deref(), Some("root"));
        assert_eq!(others[0].kms_key.as_deref(), Some("data"));
        let data = ResponseLaunchTemplateData::builder()
            .block_device_mappings(device("/dev/xvdb", "data"));
        let (root, others) = volumes(data.build());
        assert_eq!((root, others.len()), (None, 1));
    }
}
