//! What an instance needs to become a node, in the order in which it comes to it: the first condition that does not
//! hold is what shows (facts/aws.md §3.7). That the instance is alive and has an address is seen to by its launch.

use super::super::ec2::instances::Instance;
use super::super::ec2::network::Vpc;
use super::super::ec2::reach;
use super::super::eks::{Cluster, access};
use super::super::iam::Role;
use super::super::iam::authorization::role_may;
use super::super::world::World;

/// How far an instance has come; later phases need all of the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::simulator) enum Phase {
    /// nodeadm looks the instance up and writes the kubelet's configuration.
    Bootstrap,
    /// The kubelet registers the node and goes on reporting.
    Kubelet,
    /// Images of the network plugin are pulled, and it starts.
    Ready,
}

/// The first thing in an instance's way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::simulator) struct Obstacle {
    pub(in crate::simulator) phase: Phase,
    /// What the instance's log says, in the words of real logs only where they are known.
    pub(in crate::simulator) log: String,
}

/// An instance with what its conditions ask about.
struct Candidate<'a> {
    instance: &'a Instance,
    cluster: &'a Cluster,
    vpc: Option<&'a Vpc>,
    /// Of its instance profile.
    role: Option<&'a Role>,
}

type Condition = fn(&World, &Candidate<'_>) -> Result<(), String>;

const CONDITIONS: [(Phase, Condition); 9] = [
    (Phase::Bootstrap, resolves_names),
    (Phase::Bootstrap, reaches_aws),
    (Phase::Bootstrap, has_role),
    (Phase::Bootstrap, role_trusts_ec2),
    (Phase::Bootstrap, may_describe_itself),
    (Phase::Kubelet, reaches_control_plane),
    (Phase::Kubelet, is_admitted),
    (Phase::Ready, may_pull_images),
    (Phase::Ready, may_assign_addresses),
];

/// The first condition up to a phase that an instance of a node group does not meet.
pub(in crate::simulator) fn obstacle(
    world: &World,
    instance: &str,
    up_to: Phase,
) -> Option<Obstacle> {
    let candidate = candidate(world, instance)?;
    let needed = CONDITIONS.iter().filter(|(phase, _)| *phase <= up_to);
    needed
        .map(|(phase, condition)| (*phase, condition(world, &candidate)))
        .find_map(|(phase, met)| met.err().map(|log| Obstacle { phase, log }))
}

/// Whether the kubelet of a node can go on reporting: it needs the control plane and to be let in, nothing else.
pub(super) fn reaches_cluster(world: &World, instance: &str) -> bool {
    candidate(world, instance).is_none_or(|candidate| {
        reaches_control_plane(world, &candidate).is_ok() && is_admitted(world, &candidate).is_ok()
    })
}

fn candidate<'a>(world: &'a World, instance: &str) -> Option<Candidate<'a>> {
    let cluster = &world.group_of_instance(instance)?.cluster;
    let instance = world.ec2.instances.get(instance)?;
    let subnet = world.ec2.subnets.get(&instance.subnet);
    let profile = instance.instance_profile.as_deref().unwrap_or_default();
    Some(Candidate {
        instance,
        cluster: world.eks.clusters.get(cluster)?,
        vpc: subnet.and_then(|subnet| world.ec2.vpcs.get(&subnet.vpc)),
        role: world.iam.role_of_instance_profile(profile),
    })
}

fn resolves_names(_world: &World, candidate: &Candidate<'_>) -> Result<(), String> {
    match candidate.vpc {
        Some(vpc) if !vpc.dns_support => {
            Err("nodeadm: names of AWS's services cannot be resolved".to_owned())
        }
        Some(vpc) if !vpc.dns_hostnames => Err("kubelet: node \"\" not found".to_owned()),
        _ => Ok(()),
    }
}

fn reaches_aws(world: &World, candidate: &Candidate<'_>) -> Result<(), String> {
    reach::aws_services(world, candidate.instance).map_err(|_| {
        format!("nodeadm: waiting for EC2 DescribeInstances to give PrivateDnsName ({CUT})")
    })
}

/// What a network that is cut looks like from inside, wherever it is cut.
const CUT: &str = "i/o timeout";

fn has_role(_world: &World, candidate: &Candidate<'_>) -> Result<(), String> {
    match candidate.role {
        Some(_) => Ok(()),
        None => Err("nodeadm: the instance's metadata has no credentials".to_owned()),
    }
}

fn role_trusts_ec2(world: &World, candidate: &Candidate<'_>) -> Result<(), String> {
    let trusts = candidate.role.is_some_and(|role| {
        world
            .iam
            .role_trusts_service(&role.arn, "ec2.amazonaws.com")
    });
    if trusts {
        Ok(())
    } else {
        Err("nodeadm: the instance's metadata has no credentials".to_owned())
    }
}

fn may(world: &World, candidate: &Candidate<'_>, action: &str, resource: &str) -> bool {
    candidate
        .role
        .is_some_and(|role| role_may(world, &role.arn, action, resource))
}

fn may_describe_itself(world: &World, candidate: &Candidate<'_>) -> Result<(), String> {
    if may(world, candidate, "ec2:DescribeInstances", "*") {
        Ok(())
    } else {
        Err("nodeadm: EC2 DescribeInstances: UnauthorizedOperation".to_owned())
    }
}

fn reaches_control_plane(world: &World, candidate: &Candidate<'_>) -> Result<(), String> {
    let endpoint = &candidate.cluster.endpoint;
    reach::control_plane(world, candidate.instance, candidate.cluster)
        .map_err(|_| format!("kubelet: {endpoint}: {CUT}"))
}

/// Whether the cluster lets the node's role in.
fn is_admitted(world: &World, candidate: &Candidate<'_>) -> Result<(), String> {
    let cluster = &candidate.cluster.name;
    let admitted = candidate
        .role
        .is_some_and(|role| access::admits_node(world, cluster, &role.arn));
    if admitted {
        Ok(())
    } else {
        Err("kubelet: Unable to register node with API server: Unauthorized".to_owned())
    }
}

/// Where AWS keeps the images of a cluster's own pods.
const IMAGES: &str = "602401143452:repository/amazon-k8s-cni";

fn may_pull_images(world: &World, candidate: &Candidate<'_>) -> Result<(), String> {
    let repository = format!("arn:aws:ecr:{}:{IMAGES}", world.region);
    let pulls = [
        ("ecr:GetAuthorizationToken", "*"),
        ("ecr:BatchGetImage", repository.as_str()),
        ("ecr:GetDownloadUrlForLayer", repository.as_str()),
    ];
    match pulls
        .iter()
        .find(|(action, resource)| !may(world, candidate, action, resource))
    {
        None => Ok(()),
        Some(_) => Err("kubelet: ImagePullBackOff".to_owned()),
    }
}

/// The network plugin takes addresses as the node's role, unless it has a role of its own, which is not modelled.
fn may_assign_addresses(world: &World, candidate: &Candidate<'_>) -> Result<(), String> {
    let interface = world.arn(
        "ec2",
        &format!("network-interface/{}", candidate.instance.interface()),
    );
    if may(world, candidate, "ec2:AssignPrivateIpAddresses", &interface) {
        Ok(())
    } else {
        Err("kubelet: cni plugin not initialized".to_owned())
    }
}
