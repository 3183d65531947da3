//! What can ail a node group: named causes, each a question to the world that changes nothing. The health sweep asks
//! them all, and a node group's status follows from what they say. That a node did not join is no cause: once a node
//! group has been ACTIVE, EKS never reports it.

use super::super::autoscaling::{Activity, ActivityKind};
use super::super::kubernetes::kind;
use super::super::world::World;
use super::{Cluster, Issue, Nodegroup};

type Cause = fn(&World, &Nodegroup) -> Option<Issue>;

/// By issue code, in the order in which they are reported.
const CAUSES: [(&str, Cause); 9] = [
    ("AutoScalingGroupNotFound", group_gone),
    ("Ec2LaunchTemplateNotFound", template_gone),
    ("Ec2LaunchTemplateVersionMismatch", version_changed),
    ("IamInstanceProfileNotFound", profile_gone),
    ("IamNodeRoleNotFound", role_gone),
    ("Ec2SubnetNotFound", subnet_gone),
    ("Ec2SecurityGroupNotFound", security_group_gone),
    ("AccessDenied", manager_locked_out),
    ("AsgInstanceLaunchFailures", launches_fail),
];

const LAUNCH_FAILURES: &str = "AsgInstanceLaunchFailures";

/// Everything that ails the node group now.
pub(super) fn issues(world: &World, nodegroup: &Nodegroup) -> Vec<Issue> {
    CAUSES
        .iter()
        .filter_map(|(_, cause)| cause(world, nodegroup))
        .collect()
}

/// The same without failing launches.
pub(super) fn issues_apart_from_launches(world: &World, nodegroup: &Nodegroup) -> Vec<Issue> {
    let mut issues = issues(world, nodegroup);
    issues.retain(|issue| !LAUNCH_CODES.contains(&issue.code.as_str()));
    issues
}

pub(super) fn forget_launches(nodegroup: &mut Nodegroup) {
    nodegroup
        .issues
        .retain(|issue| !LAUNCH_CODES.contains(&issue.code.as_str()));
}

/// What one cause, by its issue code, says of the node group now.
pub(super) fn issue(world: &World, nodegroup: &Nodegroup, code: &str) -> Option<Issue> {
    let (_, cause) = CAUSES.iter().find(|(known, _)| *known == code)?;
    cause(world, nodegroup)
}

fn found(code: &str, message: impl Into<String>, resource: &str) -> Option<Issue> {
    Some(Issue {
        code: code.to_owned(),
        message: message.into(),
        resources: vec![resource.to_owned()],
    })
}

fn group_gone(world: &World, nodegroup: &Nodegroup) -> Option<Issue> {
    if world.autoscaling.groups.contains_key(&nodegroup.group) {
        return None;
    }
    let message = "We couldn't find the Auto Scaling group associated with the managed node group. You may be able to recreate an Auto Scaling group with the same settings to recover.";
    found("AutoScalingGroupNotFound", message, &nodegroup.group)
}

fn template_gone(world: &World, nodegroup: &Nodegroup) -> Option<Issue> {
    let template = world.ec2.templates.get(&nodegroup.own_template);
    if template.is_some_and(|template| {
        template
            .version(&nodegroup.own_version.to_string())
            .is_some()
    }) {
        return None;
    }
    let message = "We couldn't find the Amazon EC2 launch template for your managed node group. You may be able to recreate a launch template with the same settings to recover.";
    found(
        "Ec2LaunchTemplateNotFound",
        message,
        &nodegroup.own_template,
    )
}

/// The group launches from something else than the version that EKS made for it. A version that nobody uses harms
/// nothing.
fn version_changed(world: &World, nodegroup: &Nodegroup) -> Option<Issue> {
    let used = &world.autoscaling.groups.get(&nodegroup.group)?.template;
    let (own, expected) = (&nodegroup.own_template, nodegroup.own_version);
    if used.id == *own && used.resolved(world) == expected {
        return None;
    }
    let message = format!(
        "The Amazon EC2 Launch Template : {own} has a new version associated with your Autoscaling group, which is not managed by Amazon EKS. Expected Launch Template version: {expected}"
    );
    found("Ec2LaunchTemplateVersionMismatch", message, own)
}

fn profile_gone(world: &World, nodegroup: &Nodegroup) -> Option<Issue> {
    let profile = nodegroup.instance_profile();
    if world.iam.instance_profile(&profile).is_some() {
        return None;
    }
    let message = "We couldn't find the IAM instance profile for your managed node group. You may be able to recreate an instance profile with the same settings to recover.";
    found("IamInstanceProfileNotFound", message, &profile)
}

fn role_gone(world: &World, nodegroup: &Nodegroup) -> Option<Issue> {
    let role = &nodegroup.node_role;
    if world.iam.role_by_name_or_arn(role).is_some() {
        return None;
    }
    let message = "We couldn't find the IAM role for your managed node group. You may be able to recreate an IAM role with the same settings to recover.";
    found("IamNodeRoleNotFound", message, role)
}

fn subnet_gone(world: &World, nodegroup: &Nodegroup) -> Option<Issue> {
    let gone = missing_subnets(world, &nodegroup.subnets);
    // The documentation has no sentence for this code; this one follows those of its neighbours.
    (!gone.is_empty()).then(|| Issue {
        code: "Ec2SubnetNotFound".to_owned(),
        message:
            "We couldn't find one or more of the subnets associated with the managed node group."
                .to_owned(),
        resources: gone,
    })
}

fn security_group_gone(world: &World, nodegroup: &Nodegroup) -> Option<Issue> {
    let group = &world.eks.clusters.get(&nodegroup.cluster)?.security_group;
    if world.ec2.security_groups.contains_key(group) {
        return None;
    }
    let message = "We couldn't find the cluster security group for the cluster. You must recreate your cluster.";
    found("Ec2SecurityGroupNotFound", message, group)
}

/// EKS manages nodes as Kubernetes user `eks:node-manager`, by a role and binding of this name.
fn manager_locked_out(world: &World, nodegroup: &Nodegroup) -> Option<Issue> {
    let complete = [&kind::CLUSTER_ROLES, &kind::CLUSTER_ROLE_BINDINGS]
        .iter()
        .all(|kind| world.kubernetes.get(kind, "", NODE_MANAGER).is_some());
    if complete {
        return None;
    }
    let message = "Amazon EKS is unable to communicate with your cluster, and can no longer manage your worker nodes.";
    found("AccessDenied", message, &nodegroup.cluster)
}

pub(super) const NODE_MANAGER: &str = "eks:node-manager";

/// Launches that have failed for long enough; then until one succeeds, or until none is wanted, if that clears it.
fn launches_fail(world: &World, nodegroup: &Nodegroup) -> Option<Issue> {
    let group = world.autoscaling.groups.get(&nodegroup.group)?;
    let reported = nodegroup
        .issues
        .iter()
        .find(|issue| LAUNCH_CODES.contains(&issue.code.as_str()));
    match group.failing_since {
        Some(since) if world.now().since(since) >= world.options.issue_after => {
            launch_issue(world, nodegroup)
        }
        Some(_) => reported.cloned(),
        None => {
            let cleared = launch_succeeded(&group.activities)
                || world.options.zero_clears_issues && group.size.desired == 0;
            reported.filter(|_| !cleared).cloned()
        }
    }
}

fn launch_succeeded(activities: &[Activity]) -> bool {
    last_launch(activities).is_some_and(|activity| activity.message.is_none())
}

/// The last launch that has ended.
fn last_launch(activities: &[Activity]) -> Option<&Activity> {
    activities
        .iter()
        .rev()
        .find(|activity| activity.kind == ActivityKind::Launch && activity.ended.is_some())
}

/// The last failed launch as an issue, however short ago it was.
pub(super) fn launch_issue(world: &World, nodegroup: &Nodegroup) -> Option<Issue> {
    let group = world.autoscaling.groups.get(&nodegroup.group)?;
    let failure = group
        .activities
        .iter()
        .rev()
        .filter(|activity| activity.kind == ActivityKind::Launch)
        .find_map(|activity| activity.message.clone())?;
    let (code, documented) = launch_code(&failure);
    found(code, documented.unwrap_or(&failure), &nodegroup.group)
}

const LAUNCH_CODES: [&str; 3] = [
    LAUNCH_FAILURES,
    "InsufficientFreeAddresses",
    "InstanceLimitExceeded",
];

/// Failures of launches that have a code of their own, known by what Auto Scaling was told, with EKS's own sentence.
/// All others, a vCPU limit too, are reported as Auto Scaling words them.
fn launch_code(message: &str) -> (&'static str, Option<&'static str>) {
    const NO_ADDRESSES: &str = "One or more of the subnets associated with your managed node group does not have enough available IP addresses for new nodes.";
    const NO_INSTANCES: &str = "Your Amazon Web Services account is unable to launch any more instances of the specified instance type. You may be able to request an Amazon EC2 instance limit increase to recover.";
    if message.contains("enough free addresses in subnet") {
        ("InsufficientFreeAddresses", Some(NO_ADDRESSES))
    } else if message.contains("InstanceLimitExceeded") {
        ("InstanceLimitExceeded", Some(NO_INSTANCES))
    } else {
        (LAUNCH_FAILURES, None)
    }
}

/// Everything that ails a cluster now.
pub(super) fn cluster_issues(world: &World, cluster: &Cluster) -> Vec<Issue> {
    [cluster_role_gone, cluster_subnets_gone, cluster_group_gone]
        .iter()
        .filter_map(|cause| cause(world, cluster))
        .collect()
}

fn cluster_role_gone(world: &World, cluster: &Cluster) -> Option<Issue> {
    if world.iam.role_by_name_or_arn(&cluster.role_arn).is_some() {
        return None;
    }
    // The code is documented, the sentence is not.
    let message = "We couldn't find the IAM role associated with your cluster.";
    found("IamRoleNotFound", message, &cluster.role_arn)
}

fn cluster_subnets_gone(world: &World, cluster: &Cluster) -> Option<Issue> {
    let gone = missing_subnets(world, &cluster.subnets);
    (!gone.is_empty()).then(|| Issue {
        code: "Ec2SubnetNotFound".to_owned(),
        message: "We couldn't find one or more subnets currently associated with your cluster. Call Amazon EKS update-cluster-config API to update subnets.".to_owned(),
        resources: gone,
    })
}

fn cluster_group_gone(world: &World, cluster: &Cluster) -> Option<Issue> {
    let group = &cluster.security_group;
    if world.ec2.security_groups.contains_key(group) {
        return None;
    }
    let message =
        "We couldn't find one or more security groups currently associated with your cluster.";
    found("Ec2SecurityGroupNotFound", message, group)
}

fn missing_subnets(world: &World, subnets: &[String]) -> Vec<String> {
    let missing = |subnet: &&String| !world.ec2.subnets.contains_key(*subnet);
    subnets.iter().filter(missing).cloned().collect()
}
