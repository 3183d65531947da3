//! The network that an account begins with, as labs for EKS make it: three public and three private subnets, an
//! internet gateway, a NAT gateway for everything private.

use std::collections::BTreeMap;

use super::super::refusal::Refusal;
use super::super::world::World;
use super::endpoints::Place;
use super::gateways::{self, GatewayState, InternetGateway};
use super::network::{Subnet, Vpc};
use super::network_acls::{Entry, NetworkAcl};
use super::routes::{Route, RouteTable, Target};
use super::security_groups::{Peer, SecurityGroup, Traffic};
use super::{Tags, addresses, images};

const NAME: &str = "eks-workshop";
const VPC_CIDR: &str = "10.42.0.0/16";
/// Rules that allow everything have this number in an ACL that a VPC begins with.
const ALLOW_ALL: u16 = 100;

/// Makes the network. `version` (`1.30`) and `release` (`20250103`) are those of the node images there are.
pub(in crate::simulator) fn network(world: &mut World, version: &str, release: &str) {
    world.ec2.node_image = images::publish(world, version, release);
    world.ec2.zones = ["a", "b", "c"]
        .iter()
        .zip(1..)
        .map(|(letter, number)| {
            let id = format!("{}-az{number}", short_region(&world.region));
            (format!("{}{letter}", world.region), id)
        })
        .collect();
    let vpc = Vpc {
        id: world.resource_id("vpc"),
        cidr: VPC_CIDR.to_owned(),
        tags: named(NAME),
        dns_support: true,
        dns_hostnames: true,
    };
    world.ec2.vpcs.insert(vpc.id.clone(), vpc.clone());
    defaults(world, &vpc);
    let (public, private) = subnets(world, &vpc);
    let gateway = InternetGateway {
        id: world.resource_id("igw"),
        vpc: Some(vpc.id.clone()),
        tags: named(NAME),
    };
    let to_internet = Target::InternetGateway(gateway.id.clone());
    world
        .ec2
        .internet_gateways
        .insert(gateway.id.clone(), gateway);
    let name = format!("{NAME}-public");
    table(world, &vpc, &name, Some(to_internet), &public);
    // One for all zones, as labs save money.
    if let Ok(nat) = nat_gateway(world, &public[0]) {
        for (subnet, (zone, _)) in private.iter().zip(world.ec2.zones.clone()) {
            let name = format!("{NAME}-private-{zone}");
            let subnets = std::slice::from_ref(subnet);
            table(
                world,
                &vpc,
                &name,
                Some(Target::NatGateway(nat.clone())),
                subnets,
            );
        }
    }
}

fn named(name: &str) -> Tags {
    BTreeMap::from([("Name".to_owned(), name.to_owned())])
}

/// What every VPC has from its beginning: a main route table, a network ACL and a security group.
fn defaults(world: &mut World, vpc: &Vpc) {
    let main = world.resource_id("rtbassoc");
    let mut table = RouteTable::new(world.resource_id("rtb"), &vpc.id, &vpc.cidr, Tags::new());
    table.main = Some(main);
    world.ec2.route_tables.insert(table.id.clone(), table);
    let mut acl = NetworkAcl::new(world.resource_id("acl"), &vpc.id, Tags::new());
    acl.default = true;
    for egress in [true, false] {
        let entry = Entry::everything(ALLOW_ALL, egress, true);
        acl.entries.push(entry);
    }
    acl.entries
        .sort_by_key(|entry| (!entry.egress, entry.number));
    world.ec2.network_acls.insert(acl.id.clone(), acl);
    group_of_its_own(
        world,
        "default",
        "default VPC security group",
        vpc,
        Tags::new(),
    );
}

/// Makes a security group whose members may talk to each other; returns its id.
fn group_of_its_own(
    world: &mut World,
    name: &str,
    description: &str,
    vpc: &Vpc,
    tags: Tags,
) -> String {
    let id = world.resource_id("sg");
    let mut group = SecurityGroup::new(world, id.clone(), name, description, &vpc.id, tags);
    group.add(world, false, Traffic::all(), Peer::Group(id.clone()));
    world.ec2.security_groups.insert(id.clone(), group);
    id
}

/// Ids of the public and of the private subnets, in the order of their zones.
fn subnets(world: &mut World, vpc: &Vpc) -> (Vec<String>, Vec<String>) {
    let (mut publics, mut privates) = (Vec::new(), Vec::new());
    for ((zone, zone_id), index) in world.ec2.zones.clone().into_iter().zip(0..) {
        for (public, third) in [(true, index * 32), (false, 96 + index * 32)] {
            let id = world.resource_id("subnet");
            let (kind, role) = match public {
                true => ("Public", "elb"),
                false => ("Private", "internal-elb"),
            };
            let mut tags = named(&format!("{NAME}-{kind}-{zone}"));
            tags.insert(format!("kubernetes.io/role/{role}"), "1".to_owned());
            let subnet = Subnet {
                id: id.clone(),
                vpc: vpc.id.clone(),
                cidr: format!("10.42.{third}.0/19"),
                zone: zone.clone(),
                zone_id: zone_id.clone(),
                public,
                tags,
            };
            world.ec2.subnets.insert(id.clone(), subnet);
            if public { &mut publics } else { &mut privates }.push(id);
        }
    }
    (publics, privates)
}

fn table(world: &mut World, vpc: &Vpc, name: &str, way_out: Option<Target>, subnets: &[String]) {
    let id = world.resource_id("rtb");
    let mut table = RouteTable::new(id.clone(), &vpc.id, &vpc.cidr, named(name));
    table.routes.extend(way_out.map(|target| Route {
        destination: "0.0.0.0/0".to_owned(),
        target,
    }));
    for subnet in subnets {
        let association = world.resource_id("rtbassoc");
        table.associations.insert(association, subnet.clone());
    }
    world.ec2.route_tables.insert(id, table);
}

fn nat_gateway(world: &mut World, subnet: &str) -> Result<String, Refusal> {
    let tags = named(NAME);
    let address = gateways::allocate_address(world, tags.clone());
    gateways::make_nat(world, subnet, &address.id, GatewayState::Available, tags)
}

/// Makes what a cluster has in its VPC: the security group of the cluster, whose id this returns, and the interfaces of
/// its control plane in two of the subnets.
pub(in crate::simulator) fn cluster_network(
    world: &mut World,
    cluster: &str,
    subnets: &[String],
) -> String {
    let in_subnet = subnets.first().and_then(|id| world.ec2.subnets.get(id));
    let vpc = in_subnet
        .and_then(|subnet| world.ec2.vpcs.get(&subnet.vpc))
        .cloned();
    let Some(vpc) = vpc else {
        return String::new();
    };
    let mut places = Vec::new();
    for subnet in &subnets[..subnets.len().min(2)] {
        if let Ok(private_ip) = addresses::free_address(world, subnet) {
            places.push(Place {
                subnet: subnet.clone(),
                interface: world.resource_id("eni"),
                private_ip,
            });
        }
    }
    world.ec2.control_planes.insert(cluster.to_owned(), places);
    let name = format!("eks-cluster-sg-{cluster}-{:08x}", world.below(1 << 32));
    let tags = BTreeMap::from([
        ("Name".to_owned(), name.clone()),
        (
            format!("kubernetes.io/cluster/{cluster}"),
            "owned".to_owned(),
        ),
        ("aws:eks:cluster-name".to_owned(), cluster.to_owned()),
    ]);
    let description = "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, as well as any managed workloads.";
    group_of_its_own(world, &name, description, &vpc, tags)
}

/// `usw2` for `us-west-2`, as zone ids begin.
fn short_region(region: &str) -> String {
    let mut parts = region.split('-');
    let area = parts.next().unwrap_or_default();
    let rest: String = parts
        .map(|part| part.chars().next().unwrap_or_default())
        .collect();
    format!("{area}{rest}")
}
