//! Which packets of an instance arrive: the way to the internet, to the services of AWS, to a cluster's control plane.

use std::net::Ipv4Addr;

use super::super::eks::Cluster;
use super::super::world::World;
use super::addresses::Cidr;
use super::gateways::GatewayState;
use super::instances::Instance;
use super::interfaces::{self, Interface};
use super::network_acls::{can_be_reached, can_connect};
use super::routes::{Target, table_of};
use super::security_groups::{End, allow_tcp};
use super::{endpoints, interfaces::control_planes};

/// Why packets do not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocked {
    /// No route leads out of the subnet, or what it leads to is gone or leads nowhere itself.
    NoRoute,
    /// The route leads to an internet gateway, which passes only public addresses on.
    NoPublicAddress,
    SecurityGroup,
    NetworkAcl,
    /// The cluster's public endpoint is off, or not open to the address.
    Endpoint,
}

/// Stands for the public addresses of AWS: no simulated rule can name each of them.
const PUBLIC: Ipv4Addr = Ipv4Addr::new(52, 94, 133, 1);
const HTTPS: u16 = 443;
/// Where a kubelet answers the control plane.
const KUBELET: u16 = 10250;

/// The services that a node talks to while it boots (facts/aws.md §3.7).
const BOOT_SERVICES: [&str; 5] = ["ec2", "ecr.api", "ecr.dkr", "s3", "sts"];

/// Whether an instance can talk to the services that it needs for becoming a node.
pub fn aws_services(world: &World, instance: &Instance) -> Result<(), Blocked> {
    let blocked = match internet(world, instance) {
        Ok(()) => return Ok(()),
        Err(blocked) => blocked,
    };
    let reachable = |service: &&str| by_endpoint(world, instance, service);
    if BOOT_SERVICES.iter().all(reachable) {
        Ok(())
    } else {
        Err(blocked)
    }
}

/// Whether HTTPS reaches the internet, and its answers the instance.
pub fn internet(world: &World, instance: &Instance) -> Result<(), Blocked> {
    let table = table_of(world, &instance.subnet).ok_or(Blocked::NoRoute)?;
    let route = table.route_to(PUBLIC).ok_or(Blocked::NoRoute)?;
    if !route.target.is_active(world, &table.vpc) {
        return Err(Blocked::NoRoute);
    }
    match &route.target {
        Target::Local => return Err(Blocked::NoRoute),
        Target::InternetGateway(_) if instance.public_ip.is_none() => {
            return Err(Blocked::NoPublicAddress);
        }
        Target::InternetGateway(_) => {}
        Target::NatGateway(id) => through_nat(world, id)?,
    }
    let internet = End {
        address: PUBLIC,
        groups: &[],
    };
    if !allow_tcp(world, &instance.security_groups, true, HTTPS, internet) {
        return Err(Blocked::SecurityGroup);
    }
    if !can_connect(world, &instance.subnet, PUBLIC, HTTPS) {
        return Err(Blocked::NetworkAcl);
    }
    Ok(())
}

/// A NAT gateway passes packets on if its own subnet leads to an internet gateway.
fn through_nat(world: &World, id: &str) -> Result<(), Blocked> {
    let gateway = world
        .ec2
        .nat_gateways
        .get(id)
        .filter(|gateway| gateway.state == GatewayState::Available)
        .ok_or(Blocked::NoRoute)?;
    let table = table_of(world, &gateway.subnet).ok_or(Blocked::NoRoute)?;
    let route = table.route_to(PUBLIC).ok_or(Blocked::NoRoute)?;
    let leads_out = matches!(route.target, Target::InternetGateway(_))
        && route.target.is_active(world, &table.vpc);
    if !leads_out {
        return Err(Blocked::NoRoute);
    }
    if !can_connect(world, &gateway.subnet, PUBLIC, HTTPS) {
        return Err(Blocked::NetworkAcl);
    }
    Ok(())
}

/// Whether a VPC endpoint takes the instance's calls to a service.
fn by_endpoint(world: &World, instance: &Instance, service: &str) -> bool {
    let Some(subnet) = world.ec2.subnets.get(&instance.subnet) else {
        return false;
    };
    let table = table_of(world, &subnet.id);
    let Some(endpoint) = endpoints::endpoint_for(world, &subnet.vpc, table, service) else {
        return false;
    };
    if endpoint.kind == "Gateway" {
        return true;
    }
    let Some(from) = interfaces::of_instance(instance) else {
        return false;
    };
    endpoint.places.iter().any(|place| {
        let to = Side {
            subnet: &place.subnet,
            address: &place.private_ip,
            groups: &endpoint.security_groups,
        };
        connects(world, Side::of(&from), to, HTTPS).is_ok()
    })
}

/// Whether the instance can talk to the cluster's API: by the interfaces that the cluster has in the VPC where access
/// from inside is on, else over the internet.
pub fn control_plane(world: &World, instance: &Instance, cluster: &Cluster) -> Result<(), Blocked> {
    if !cluster.configuration.private_access {
        return public_endpoint(world, instance, cluster);
    }
    let from = interfaces::of_instance(instance).ok_or(Blocked::NoRoute)?;
    any_control_plane(world, cluster, |plane| {
        connects(world, Side::of(&from), Side::of(plane), HTTPS)
    })
}

/// Whether the instance can talk to the cluster's API over the internet: where that is on, and for the addresses that
/// it is open to.
fn public_endpoint(world: &World, instance: &Instance, cluster: &Cluster) -> Result<(), Blocked> {
    internet(world, instance)?;
    let address = public_address(world, instance).and_then(|address| address.parse().ok());
    let ranges = &cluster.configuration.public_access_cidrs;
    let is_open = address.is_some_and(|address| {
        let mut ranges = ranges.iter().filter_map(|range| Cidr::parse(range));
        ranges.any(|range| range.contains(address))
    });
    if cluster.configuration.public_access && is_open {
        Ok(())
    } else {
        Err(Blocked::Endpoint)
    }
}

/// The address under which the internet sees the instance: its own, or its NAT gateway's.
fn public_address<'a>(world: &'a World, instance: &'a Instance) -> Option<&'a str> {
    match &table_of(world, &instance.subnet)?.route_to(PUBLIC)?.target {
        Target::Local => None,
        Target::InternetGateway(_) => instance.public_ip.as_deref(),
        Target::NatGateway(id) => {
            let gateway = world.ec2.nat_gateways.get(id)?;
            let address = world.ec2.addresses.get(&gateway.allocation)?;
            Some(address.public_ip.as_str())
        }
    }
}

/// Whether the control plane can talk to the instance's kubelet, as logs and exec need.
pub fn kubelet(world: &World, instance: &Instance, cluster: &Cluster) -> Result<(), Blocked> {
    let to = interfaces::of_instance(instance).ok_or(Blocked::NoRoute)?;
    any_control_plane(world, cluster, |plane| {
        connects(world, Side::of(plane), Side::of(&to), KUBELET)
    })
}

/// The best outcome among the cluster's interfaces: one that answers is enough.
fn any_control_plane(
    world: &World,
    cluster: &Cluster,
    outcome: impl Fn(&Interface) -> Result<(), Blocked>,
) -> Result<(), Blocked> {
    let mut result = Err(Blocked::NoRoute);
    for plane in
        control_planes(world).filter(|plane| plane.groups.contains(&cluster.security_group))
    {
        result = outcome(&plane);
        if result.is_ok() {
            break;
        }
    }
    result
}

/// One end of a connection within a VPC.
#[derive(Clone, Copy)]
struct Side<'a> {
    subnet: &'a str,
    address: &'a str,
    groups: &'a [String],
}

impl<'a> Side<'a> {
    fn of(interface: &'a Interface) -> Side<'a> {
        Side {
            subnet: &interface.subnet,
            address: &interface.private_ip,
            groups: &interface.groups,
        }
    }

    fn end(self) -> End<'a> {
        End {
            address: self.address.parse().unwrap_or(Ipv4Addr::UNSPECIFIED),
            groups: self.groups,
        }
    }
}

/// Whether `from` can open TCP connections to a port of `to`, both in one VPC.
fn connects(world: &World, from: Side<'_>, to: Side<'_>, port: u16) -> Result<(), Blocked> {
    let allowed = allow_tcp(world, from.groups, true, port, to.end())
        && allow_tcp(world, to.groups, false, port, from.end());
    if !allowed {
        return Err(Blocked::SecurityGroup);
    }
    // No ACL stands between two hosts of one subnet.
    let passes = from.subnet == to.subnet
        || can_connect(world, from.subnet, to.end().address, port)
            && can_be_reached(world, to.subnet, from.end().address, port);
    if !passes {
        return Err(Blocked::NetworkAcl);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::simulator::testing::{CLUSTER, call, world};

    /// What the control plane and a node of the world can do for each other.
    fn between(world: &World, instance: &str) -> (Result<(), Blocked>, Result<(), Blocked>) {
        let instance = &world.ec2.instances[instance];
        let cluster = &world.eks.clusters[CLUSTER];
        (
            control_plane(world, instance, cluster),
            kubelet(world, instance, cluster),
        )
    }

    #[test]
    fn a_group_of_its_own_needs_rules_for_each_direction() {
        let mut world = world();
        let ec2 = |world: &mut World, operation: &str, input: Value| {
            call(world, "ec2", operation, input).unwrap()
        };
        let instance = world.ec2.instances.keys().next().unwrap().clone();
        let cluster = world.eks.clusters[CLUSTER].security_group.clone();
        assert_eq!(between(&world, &instance), (Ok(()), Ok(())));

        let vpc = world.eks.clusters[CLUSTER].vpc.clone();
        let asked = json!({"GroupName": "own", "GroupDescription": "own", "VpcId": vpc});
        let own = ec2(&mut world, "CreateSecurityGroup", asked)["groupId"].clone();
        let change = json!({"InstanceId": instance, "GroupId": [own]});
        ec2(&mut world, "ModifyInstanceAttribute", change);
        let blocked = Err(Blocked::SecurityGroup);
        assert_eq!(between(&world, &instance), (blocked, blocked));

        let rule = |to: &Value, port: u16, from: &Value| {
            json!({"GroupId": to, "IpPermissions": [{
                "IpProtocol": "tcp", "FromPort": port, "ToPort": port, "Groups": [{"GroupId": from}],
            }]})
        };
        let cluster = json!(cluster);
        let to_cluster = rule(&cluster, 443, &own);
        ec2(&mut world, "AuthorizeSecurityGroupIngress", to_cluster);
        assert_eq!(between(&world, &instance), (Ok(()), blocked));
        let to_node = rule(&own, 10250, &cluster);
        ec2(&mut world, "AuthorizeSecurityGroupIngress", to_node);
        assert_eq!(between(&world, &instance), (Ok(()), Ok(())));
    }

    #[test]
    fn a_nat_gateway_needs_a_way_out_of_its_own() {
        let mut world = world();
        let instance = world.ec2.instances.values().next().unwrap().clone();
        assert_eq!(internet(&world, &instance), Ok(()));
        let nat = world.ec2.nat_gateways.values().next().unwrap().clone();
        let table = table_of(&world, &nat.subnet).unwrap().id.clone();
        let route = json!({"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"});
        call(&mut world, "ec2", "DeleteRoute", route).unwrap();
        assert_eq!(internet(&world, &instance), Err(Blocked::NoRoute));
    }
}
