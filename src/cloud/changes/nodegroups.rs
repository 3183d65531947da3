//! Managed node groups: made, scaled, moved to another template version, and taken down until nothing of them runs.

use std::collections::BTreeSet;

use aws_sdk_autoscaling::types::{AutoScalingGroup, Filter as GroupFilter, LifecycleState};
use aws_sdk_ec2::types::{Filter, Instance};
use aws_sdk_eks::types::{
    LaunchTemplateSpecification, Nodegroup as Found, NodegroupIssueCode, NodegroupScalingConfig,
    NodegroupStatus as Status, UpdateStatus,
};

use super::super::aws::incomplete;
use super::super::waiting::found;
use super::super::{Cloud, CloudError};
use super::{Mark, Original, Outputs, SESSION, Size, Tags, altered};
use crate::message;
use crate::scenario::change::{Nodegroup, NodegroupTemplate, Scale};

/// Instances that are not gone for good.
const LIVING: [&str; 5] = ["pending", "running", "shutting-down", "stopping", "stopped"];

impl Cloud {
    pub(super) async fn make_nodegroup(
        &self,
        group: &Nodegroup,
        mark: &Mark,
    ) -> Result<Outputs, CloudError> {
        match self.nodegroup(&group.name).await? {
            Some(known) => require_own(&known, mark)?,
            None => match self.create_nodegroup(group, mark).await {
                Err(CloudError::Conflict(why)) => {
                    let known = self.nodegroup(&group.name).await?;
                    require_own(&known.ok_or(CloudError::Conflict(why))?, mark)?;
                }
                created => created?,
            },
        }
        self.is_fresh([group.name.as_str()]);
        let made = self.settled_and_known(&group.name).await?;
        if made.status == Some(Status::CreateFailed) {
            return Err(CloudError::Other(format!(
                "node group {} could not be created: {}",
                group.name,
                issues(&made)
            )));
        }
        let asg = asg_of(&made).ok_or_else(|| incomplete("DescribeNodegroup"))?;
        Ok(Outputs::from([
            ("name".to_owned(), group.name.clone()),
            ("asg".to_owned(), asg),
        ]))
    }

    async fn create_nodegroup(&self, group: &Nodegroup, mark: &Mark) -> Result<(), CloudError> {
        let (subnets, role) = self.surroundings(group.role.as_deref()).await?;
        let scaling = NodegroupScalingConfig::builder()
            .min_size(group.min)
            .max_size(group.max)
            .desired_size(group.desired)
            .build();
        let template = LaunchTemplateSpecification::builder()
            .id(&group.template)
            .build();
        let request = self
            .eks
            .create_nodegroup()
            .cluster_name(&self.cluster)
            .nodegroup_name(&group.name)
            .scaling_config(scaling)
            .set_subnets(Some(subnets))
            .node_role(&role)
            .launch_template(template)
            .client_request_token(mark.token())
            .set_tags(Some(mark.tags().into_iter().collect()));
        let create = || async {
            let sent = request.clone().send().await;
            sent.map(drop).map_err(CloudError::from)
        };
        self.once_heard_of(&[&group.template, &role], create).await
    }

    /// Subnets and role for a new node group: those of the cluster's first that breakfix did not make.
    pub(in super::super) async fn surroundings(
        &self,
        role: Option<&str>,
    ) -> Result<(Vec<String>, String), CloudError> {
        for name in self.nodegroup_names().await? {
            let Some(neighbour) = self.nodegroup(&name).await? else {
                continue;
            };
            let role = role.map(str::to_owned).or(neighbour.node_role.clone());
            if !tags_of(&neighbour).contains_key(SESSION)
                && let Some(role) = role
            {
                return Ok((neighbour.subnets.unwrap_or_default(), role));
            }
        }
        Err(CloudError::Other(format!(
            "cluster {} has no node group of its own whose subnets and role could be used",
            self.cluster
        )))
    }

    pub(in super::super) async fn nodegroup_names(&self) -> Result<Vec<String>, CloudError> {
        let request = self.eks.list_nodegroups().cluster_name(&self.cluster);
        let mut pages = request.into_paginator().items().send();
        let mut names = Vec::new();
        while let Some(name) = pages.next().await {
            names.push(name?);
        }
        Ok(names)
    }

    /// The node group as it is now, `None` when there is none.
    pub(in super::super) async fn nodegroup(
        &self,
        name: &str,
    ) -> Result<Option<Found>, CloudError> {
        let request = self
            .eks
            .describe_nodegroup()
            .cluster_name(&self.cluster)
            .nodegroup_name(name);
        let reply = found(request.send().await.map_err(CloudError::from))?;
        Ok(reply.and_then(|reply| reply.nodegroup))
    }

    async fn known_nodegroup(&self, name: &str) -> Result<Found, CloudError> {
        let look = || async { self.nodegroup(name).await?.ok_or(CloudError::NotFound) };
        self.once_heard_of(&[name], look).await
    }

    /// The node group once nothing goes on there; one that was made a moment ago may be unheard of yet.
    async fn settled_and_known(&self, name: &str) -> Result<Found, CloudError> {
        let look = || async { self.settled(name).await?.ok_or(CloudError::NotFound) };
        self.once_heard_of(&[name], look).await
    }

    /// Waits while the node group is being made, changed or taken down. DEGRADED ends the wait.
    async fn settled(&self, name: &str) -> Result<Option<Found>, CloudError> {
        let mut wait = self.wait(
            message!("check-nodegroup", nodegroup = name),
            message!("cloud-minutes-between", least = 2, most = 5),
        );
        loop {
            let found = self.nodegroup(name).await?;
            let status = found.as_ref().and_then(|group| group.status.as_ref());
            match status {
                Some(status @ (Status::Creating | Status::Deleting | Status::Updating)) => {
                    wait.next(status.as_str()).await?;
                }
                _ => return Ok(found),
            }
        }
    }

    pub(super) async fn desired_size(&self, name: &str) -> Result<Original, CloudError> {
        let group = self.known_nodegroup(name).await?;
        Ok(Original::Desired(desired(&group)))
    }

    /// Sets a node group's desired size and waits until the update is over.
    pub(super) async fn scale(&self, name: &str, size: i32) -> Result<(), CloudError> {
        let group = self.settled_and_known(name).await?;
        if desired(&group) == size {
            return Ok(());
        }
        let scaling = NodegroupScalingConfig::builder().desired_size(size);
        self.rescale(name, scaling.build()).await
    }

    /// How many nodes a node group is to have; `None` when it is gone or going.
    ///
    /// # Errors
    /// When that cannot be read.
    pub async fn size(&self, name: &str) -> Result<Option<Size>, CloudError> {
        let group = self.settled(name).await?.filter(|group| !is_going(group));
        Ok(group.map(|group| size_of(&group)))
    }

    /// Says how many nodes a node group is to have, and waits until the update is over. One that is gone stays so.
    ///
    /// # Errors
    /// When EKS does not let it.
    pub async fn resize(&self, name: &str, size: Size) -> Result<(), CloudError> {
        if self.size(name).await?.is_none_or(|now| now == size) {
            return Ok(());
        }
        let scaling = NodegroupScalingConfig::builder()
            .min_size(size.min)
            .desired_size(size.desired);
        self.rescale(name, scaling.build()).await
    }

    async fn rescale(&self, name: &str, scaling: NodegroupScalingConfig) -> Result<(), CloudError> {
        let request = self
            .eks
            .update_nodegroup_config()
            .cluster_name(&self.cluster)
            .nodegroup_name(name)
            .scaling_config(scaling);
        let update = || async {
            let sent = request.clone().send().await;
            sent.map(drop).map_err(CloudError::from)
        };
        self.once_free(
            message!("check-nodegroup", nodegroup = name),
            self.patience,
            update,
        )
        .await?;
        self.settled(name).await.map(drop)
    }

    pub(super) async fn restore_size(
        &self,
        scale: &Scale,
        original: i32,
        mark: &Mark,
    ) -> Result<(), CloudError> {
        let Some(group) = self.settled(&scale.nodegroup).await? else {
            return Ok(());
        };
        let now = desired(&group);
        if now == original || is_going(&group) {
            return Ok(());
        }
        if now == scale.desired {
            return self.scale(&scale.nodegroup, original).await;
        }
        if is_of(&group, mark) {
            return Ok(());
        }
        let what = format!("the desired size of node group {}", scale.nodegroup);
        Err(altered(&what, &now.to_string(), &scale.desired.to_string()))
    }

    pub(super) async fn template_version(&self, name: &str) -> Result<Original, CloudError> {
        let group = self.known_nodegroup(name).await?;
        version_of(&group)
            .map(Original::TemplateVersion)
            .ok_or_else(|| without_template(name))
    }

    /// Has a node group launch from another version of its template and waits until the update is over.
    pub(super) async fn move_nodegroup(&self, name: &str, version: &str) -> Result<(), CloudError> {
        let group = self.settled_and_known(name).await?;
        if version_of(&group).as_deref() == Some(version) {
            return Ok(());
        }
        let template = group.launch_template.and_then(|template| template.id);
        let template = LaunchTemplateSpecification::builder()
            .id(template.ok_or_else(|| without_template(name))?)
            .version(version)
            .build();
        let request = self
            .eks
            .update_nodegroup_version()
            .cluster_name(&self.cluster)
            .nodegroup_name(name)
            .launch_template(template);
        let update = || async { request.clone().send().await.map_err(CloudError::from) };
        let reply = self
            .once_free(
                message!("check-nodegroup", nodegroup = name),
                self.patience,
                update,
            )
            .await?;
        self.settled(name).await?;
        let id = reply.update.and_then(|update| update.id);
        self.require_success(name, &id.unwrap_or_default()).await
    }

    /// Refuses an update that has failed: the node group is back where it was.
    async fn require_success(&self, name: &str, update: &str) -> Result<(), CloudError> {
        let request = self
            .eks
            .describe_update()
            .name(&self.cluster)
            .nodegroup_name(name)
            .update_id(update);
        let Some(update) = request.send().await?.update else {
            return Ok(());
        };
        match update.status() {
            Some(status @ (UpdateStatus::Failed | UpdateStatus::Cancelled)) => {
                let errors: Vec<&str> = update
                    .errors()
                    .iter()
                    .filter_map(|error| error.error_message())
                    .collect();
                Err(CloudError::Other(format!(
                    "the update of node group {name} is {}: {}",
                    status.as_str(),
                    errors.join("; ")
                )))
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn restore_template_version(
        &self,
        set: &NodegroupTemplate,
        original: &str,
        mark: &Mark,
    ) -> Result<(), CloudError> {
        let Some(group) = self.settled(&set.nodegroup).await? else {
            return Ok(());
        };
        let now = version_of(&group).unwrap_or_default();
        if now == original || is_going(&group) {
            return Ok(());
        }
        if now == set.version {
            // A broken group may not bear an update; if it is the session's own, it goes as it is.
            return match self.move_nodegroup(&set.nodegroup, original).await {
                Err(CloudError::Other(_)) if is_of(&group, mark) => Ok(()),
                moved => moved,
            };
        }
        if is_of(&group, mark) {
            return Ok(());
        }
        let what = format!("the template version of node group {}", set.nodegroup);
        Err(altered(&what, &now, &set.version))
    }

    pub(super) async fn unmake_nodegroup(
        &self,
        group: &Nodegroup,
        mark: &Mark,
        outputs: Option<&Outputs>,
    ) -> Result<(), CloudError> {
        match self.nodegroup(&group.name).await? {
            Some(known) if mark.made(&tags_of(&known)) => self.delete_nodegroup(&group.name).await,
            Some(_) if outputs.is_some() => Err(CloudError::Taken(format!(
                "node group {} was made anew by somebody else, who has to delete it: aws eks delete-nodegroup --cluster-name {} --nodegroup-name {}",
                group.name, self.cluster, group.name
            ))),
            // Somebody else's, which is why ours was not made.
            Some(_) => Ok(()),
            // It may have gone in a killed process, and its instances after it.
            None => self.remains_gone(&group.name, &mut BTreeSet::new()).await,
        }
    }

    /// Deletes a node group and waits until it is gone, with its Auto Scaling group, instances and volumes.
    pub(in super::super) async fn delete_nodegroup(&self, name: &str) -> Result<(), CloudError> {
        let mut volumes = BTreeSet::new();
        self.remains(name, &mut volumes).await?;
        let request = self
            .eks
            .delete_nodegroup()
            .cluster_name(&self.cluster)
            .nodegroup_name(name);
        let delete = || async {
            let sent = request.clone().send().await;
            sent.map(drop).map_err(CloudError::from)
        };
        // Refused while it is being made or changed.
        let busy = message!("check-nodegroup", nodegroup = name);
        found(self.once_free(busy, self.patience, delete).await)?;
        if let Some(left) = self.settled(name).await? {
            return Err(self.stuck(&left).await);
        }
        self.remains_gone(name, &mut volumes).await
    }

    async fn remains_gone(
        &self,
        name: &str,
        volumes: &mut BTreeSet<String>,
    ) -> Result<(), CloudError> {
        let what = message!("cloud-left-behind", nodegroup = name);
        let mut wait = self.wait(what, message!("cloud-minute"));
        loop {
            let remains = self.remains(name, volumes).await?;
            if remains.is_empty() {
                return Ok(());
            }
            wait.next(message!("cloud-still-there", what = remains.join(", ")))
                .await?;
        }
    }

    /// What there is of a node group beside EKS's record of it. Volumes of its instances are added to `volumes`, since
    /// they outlive these for a moment.
    async fn remains(
        &self,
        name: &str,
        volumes: &mut BTreeSet<String>,
    ) -> Result<Vec<String>, CloudError> {
        let groups = self.groups_of(name).await?;
        let groups = groups
            .into_iter()
            .filter_map(|group| group.auto_scaling_group_name);
        let mut remains: Vec<String> = groups.collect();
        for instance in self.instances(&self.tag_filters(name)).await? {
            for device in instance.block_device_mappings() {
                let goes = device
                    .ebs()
                    .filter(|ebs| ebs.delete_on_termination() == Some(true));
                volumes.extend(goes.and_then(|ebs| ebs.volume_id().map(str::to_owned)));
            }
            remains.extend(instance.instance_id);
        }
        if !volumes.is_empty() {
            remains.extend(self.present_volumes(volumes).await?);
        }
        Ok(remains)
    }

    fn tag_filters(&self, nodegroup: &str) -> [Filter; 2] {
        [
            ("tag:eks:nodegroup-name", nodegroup),
            ("tag:eks:cluster-name", &self.cluster),
        ]
        .map(|(name, value)| Filter::builder().name(name).values(value).build())
    }

    async fn groups_of(&self, nodegroup: &str) -> Result<Vec<AutoScalingGroup>, CloudError> {
        let filters = [
            ("tag:eks:nodegroup-name", nodegroup),
            ("tag:eks:cluster-name", &self.cluster),
        ];
        let filters =
            filters.map(|(name, value)| GroupFilter::builder().name(name).values(value).build());
        let request = self
            .autoscaling
            .describe_auto_scaling_groups()
            .set_filters(Some(filters.to_vec()));
        let mut pages = request.into_paginator().items().send();
        let mut groups = Vec::new();
        while let Some(group) = pages.next().await {
            groups.push(group?);
        }
        Ok(groups)
    }

    /// Instances that pass the filters and are not terminated.
    pub(in super::super) async fn instances(
        &self,
        filters: &[Filter],
    ) -> Result<Vec<Instance>, CloudError> {
        let living = Filter::builder()
            .name("instance-state-name")
            .set_values(Some(LIVING.map(str::to_owned).to_vec()))
            .build();
        let request = self
            .ec2
            .describe_instances()
            .set_filters(Some(filters.to_vec()))
            .filters(living);
        let mut pages = request.into_paginator().items().send();
        let mut instances = Vec::new();
        while let Some(reservation) = pages.next().await {
            instances.extend(reservation?.instances.unwrap_or_default());
        }
        Ok(instances)
    }

    /// Those of the volumes that are still there.
    async fn present_volumes(&self, ids: &BTreeSet<String>) -> Result<Vec<String>, CloudError> {
        let by_id = Filter::builder()
            .name("volume-id")
            .set_values(Some(ids.iter().cloned().collect()))
            .build();
        let request = self.ec2.describe_volumes().filters(by_id);
        let mut pages = request.into_paginator().items().send();
        let mut present = Vec::new();
        while let Some(volume) = pages.next().await {
            present.extend(volume?.volume_id);
        }
        Ok(present)
    }

    /// Why a node group does not go, and what helps.
    async fn stuck(&self, group: &Found) -> CloudError {
        let name = group.nodegroup_name().unwrap_or_default();
        let status = group.status().map_or("unknown", Status::as_str);
        let mut text = format!("node group {name} is {status}: {}", issues(group));
        let codes = group
            .health()
            .map(|health| health.issues())
            .unwrap_or_default();
        for code in codes.iter().filter_map(|issue| issue.code()) {
            text.push_str(match code {
                NodegroupIssueCode::Ec2SecurityGroupDeletionFailure => {
                    "; something else still uses the security group of its remote access: take it away there first"
                }
                NodegroupIssueCode::AccessDenied => {
                    "; EKS drains nodes as the user eks:node-manager: give that its ClusterRole and binding in the cluster back"
                }
                _ => "",
            });
        }
        for group in self.groups_of(name).await.unwrap_or_default() {
            let asg = group.auto_scaling_group_name().unwrap_or_default();
            for member in group.instances() {
                if member.lifecycle_state() == Some(&LifecycleState::TerminatingWait) {
                    text.push_str(&format!(
                        "; instance {id} waits for a lifecycle hook: aws autoscaling complete-lifecycle-action --auto-scaling-group-name {asg} --lifecycle-hook-name Terminate-LC-Hook --instance-id {id} --lifecycle-action-result CONTINUE",
                        id = member.instance_id().unwrap_or_default(),
                    ));
                }
            }
        }
        CloudError::Other(text)
    }
}

fn require_own(group: &Found, mark: &Mark) -> Result<(), CloudError> {
    let name = group.nodegroup_name().unwrap_or_default();
    if !mark.made(&tags_of(group)) {
        return Err(CloudError::Taken(format!(
            "the cluster has a node group {name} that is not this session's: delete it first"
        )));
    }
    if is_going(group) {
        return Err(CloudError::Conflict(format!(
            "node group {name} of an earlier try is on its way out"
        )));
    }
    Ok(())
}

pub(in super::super) fn tags_of(group: &Found) -> Tags {
    let tags = group.tags.clone().unwrap_or_default();
    tags.into_iter().collect()
}

/// Whether the session made this node group, which takes its settings along.
fn is_of(group: &Found, mark: &Mark) -> bool {
    tags_of(group).get(SESSION) == Some(&mark.session)
}

fn is_going(group: &Found) -> bool {
    matches!(group.status, Some(Status::Deleting | Status::DeleteFailed))
}

fn desired(group: &Found) -> i32 {
    let scaling = group.scaling_config();
    scaling
        .and_then(|scaling| scaling.desired_size())
        .unwrap_or_default()
}

fn size_of(group: &Found) -> Size {
    let scaling = group.scaling_config();
    Size {
        min: scaling
            .and_then(|scaling| scaling.min_size())
            .unwrap_or_default(),
        desired: desired(group),
    }
}

fn version_of(group: &Found) -> Option<String> {
    group.launch_template()?.version().map(str::to_owned)
}

fn without_template(name: &str) -> CloudError {
    CloudError::Other(format!("node group {name} has no launch template"))
}

fn asg_of(group: &Found) -> Option<String> {
    let groups = group.resources()?.auto_scaling_groups();
    groups.iter().find_map(|group| group.name.clone())
}

/// A node group's health issues in a line.
fn issues(group: &Found) -> String {
    let issues = group
        .health()
        .map(|health| health.issues())
        .unwrap_or_default();
    if issues.is_empty() {
        return "it tells no health issue".to_owned();
    }
    let told: Vec<String> = issues
        .iter()
        .map(|issue| {
            format!(
                "{}: {} ({})",
                issue.code().map_or("?", NodegroupIssueCode::as_str),
                issue.message().unwrap_or_default(),
                issue.resource_ids().join(", ")
            )
        })
        .collect();
    told.join("; ")
}
