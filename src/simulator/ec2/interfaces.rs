//! Network interfaces: not kept by themselves, but seen where something has an address in a subnet.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::super::clock::Moment;
use super::super::wire::Operation;
use super::super::world::World;
use super::gateways::GatewayState;
use super::instances::Instance;
use super::resource::{Pick, Resource, describing};
use super::{Tags, security_groups, tag_set};

#[derive(Debug, Clone)]
pub struct Interface {
    pub id: String,
    pub subnet: String,
    pub private_ip: String,
    pub public_ip: Option<String>,
    pub groups: Vec<String>,
    pub description: String,
    /// `interface`, `nat_gateway`, `vpc_endpoint`
    kind: &'static str,
    instance: Option<String>,
    attached: Moment,
    tags: Tags,
}

/// Every interface that holds an address.
pub(super) fn all(world: &World) -> Vec<Interface> {
    let ec2 = &world.ec2;
    let instances = ec2.instances.values().filter_map(of_instance);
    let gateways = ec2
        .nat_gateways
        .values()
        .filter(|gateway| gateway.state != GatewayState::Deleted)
        .map(|gateway| Interface {
            id: gateway.interface.clone(),
            subnet: gateway.subnet.clone(),
            private_ip: gateway.private_ip.clone(),
            public_ip: ec2
                .addresses
                .get(&gateway.allocation)
                .map(|address| address.public_ip.clone()),
            groups: Vec::new(),
            description: format!("Interface for NAT Gateway {}", gateway.id),
            kind: "nat_gateway",
            instance: None,
            attached: gateway.created,
            tags: Tags::new(),
        });
    let endpoints = ec2.endpoints.values().flat_map(|endpoint| {
        endpoint.places.iter().map(move |place| Interface {
            id: place.interface.clone(),
            subnet: place.subnet.clone(),
            private_ip: place.private_ip.clone(),
            public_ip: None,
            groups: endpoint.security_groups.clone(),
            description: format!("VPC Endpoint Interface {}", endpoint.id),
            kind: "vpc_endpoint",
            instance: None,
            attached: endpoint.created,
            tags: Tags::new(),
        })
    });
    instances
        .chain(gateways)
        .chain(endpoints)
        .chain(control_planes(world))
        .collect()
}

/// The interfaces by which the control planes of clusters reach into the VPC.
pub(super) fn control_planes(world: &World) -> impl Iterator<Item = Interface> {
    world.eks.clusters.values().flat_map(|cluster| {
        let places = world.ec2.control_planes.get(&cluster.name);
        places.into_iter().flatten().map(|place| Interface {
            id: place.interface.clone(),
            subnet: place.subnet.clone(),
            private_ip: place.private_ip.clone(),
            public_ip: None,
            groups: vec![cluster.security_group.clone()],
            description: format!("Amazon EKS {}", cluster.name),
            kind: "interface",
            instance: None,
            attached: cluster.created,
            tags: Tags::new(),
        })
    })
}

/// The primary interface of an instance that has not gone.
pub(super) fn of_instance(instance: &Instance) -> Option<Interface> {
    instance.holds_address().then(|| Interface {
        id: instance.interface(),
        subnet: instance.subnet.clone(),
        private_ip: instance.private_ip.clone(),
        public_ip: instance.public_ip.clone(),
        groups: instance.security_groups.clone(),
        description: String::new(),
        kind: "interface",
        instance: Some(instance.id.clone()),
        attached: instance.launched,
        tags: instance.interface_tags.clone(),
    })
}

impl Interface {
    pub(super) fn vpc(&self, world: &World) -> String {
        let subnet = world.ec2.subnets.get(&self.subnet);
        subnet.map_or_else(String::new, |subnet| subnet.vpc.clone())
    }

    fn association(&self, world: &World) -> Value {
        match &self.public_ip {
            None => Value::Null,
            Some(public_ip) => json!({
                "publicIp": public_ip,
                "publicDnsName": public_dns_name(world, public_ip),
                // Addresses that AWS hands out belong to it, Elastic ones to the account.
                "ipOwnerId": if self.instance.is_some() { "amazon" } else { &world.account },
            }),
        }
    }

    /// The interface as an instance shows it.
    pub(super) fn view_of_instance(&self, world: &World) -> Value {
        let mut view = self.view(world);
        for member in ["availabilityZone", "requesterManaged", "tagSet"] {
            if let Some(members) = view.as_object_mut() {
                members.shift_remove(member);
            }
        }
        for member in ["instanceId", "instanceOwnerId"] {
            if let Some(members) = view["attachment"].as_object_mut() {
                members.shift_remove(member);
            }
        }
        view
    }
}

/// `ip-10-42-1-2.us-west-2.compute.internal`, as the resolver of a VPC names an address.
pub fn private_dns_name(world: &World, address: &str) -> String {
    let host = address.replace('.', "-");
    match world.region.as_str() {
        "us-east-1" => format!("ip-{host}.ec2.internal"),
        region => format!("ip-{host}.{region}.compute.internal"),
    }
}

pub(super) fn public_dns_name(world: &World, address: &str) -> String {
    let host = address.replace('.', "-");
    match world.region.as_str() {
        "us-east-1" => format!("ec2-{host}.compute-1.amazonaws.com"),
        region => format!("ec2-{host}.{region}.compute.amazonaws.com"),
    }
}

/// A made-up address of the link layer, always the same for an interface.
fn mac_address(id: &str) -> String {
    let digits: Vec<char> = id.chars().rev().take(10).collect();
    let octets: Vec<String> = digits.chunks(2).map(|two| two.iter().collect()).collect();
    format!("02:{}", octets.join(":"))
}

pub(super) fn operations() -> Vec<Operation> {
    vec![describing::<Interface>("DescribeNetworkInterfaces")]
}

impl Resource for Interface {
    const SET: &'static str = "networkInterfaceSet";
    const PICKED_BY: &'static [Pick] = &[Pick::new(
        "NetworkInterfaceId",
        "network-interface-id",
        "InvalidNetworkInterfaceID.NotFound",
        "The networkInterface ID '{}' does not exist",
    )];

    fn all(world: &World) -> Vec<Cow<'_, Self>> {
        all(world).into_iter().map(Cow::Owned).collect()
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn values(&self, world: &World, filter: &str) -> Option<Vec<String>> {
        let zone = || {
            world
                .ec2
                .subnets
                .get(&self.subnet)
                .map(|subnet| subnet.zone.clone())
        };
        match filter {
            "network-interface-id" => Some(vec![self.id.clone()]),
            "subnet-id" => Some(vec![self.subnet.clone()]),
            "vpc-id" => Some(vec![self.vpc(world)]),
            "availability-zone" => Some(zone().into_iter().collect()),
            "private-ip-address" | "addresses.private-ip-address" => {
                Some(vec![self.private_ip.clone()])
            }
            "private-dns-name" => Some(vec![private_dns_name(world, &self.private_ip)]),
            "association.public-ip" => Some(self.public_ip.iter().cloned().collect()),
            "attachment.instance-id" => Some(self.instance.iter().cloned().collect()),
            "attachment.status" => Some(vec!["attached".to_owned()]),
            "description" => Some(vec![self.description.clone()]),
            "group-id" => Some(self.groups.clone()),
            "group-name" => Some(security_groups::names(world, &self.groups)),
            "interface-type" => Some(vec![self.kind.to_owned()]),
            "owner-id" => Some(vec![world.account.clone()]),
            "requester-managed" => Some(vec![self.instance.is_none().to_string()]),
            "status" => Some(vec!["in-use".to_owned()]),
            _ => None,
        }
    }

    fn view(&self, world: &World) -> Value {
        let subnet = world.ec2.subnets.get(&self.subnet);
        let name = private_dns_name(world, &self.private_ip);
        let association = self.association(world);
        json!({
            "networkInterfaceId": self.id,
            "subnetId": self.subnet,
            "vpcId": self.vpc(world),
            "availabilityZone": subnet.map(|subnet| &subnet.zone),
            "description": self.description,
            "ownerId": world.account,
            "requesterManaged": self.instance.is_none(),
            "status": "in-use",
            "macAddress": mac_address(&self.id),
            "privateIpAddress": self.private_ip,
            "privateDnsName": name,
            "sourceDestCheck": self.kind != "nat_gateway",
            "interfaceType": self.kind,
            "groupSet": security_groups::named(world, &self.groups),
            "association": association,
            "attachment": {
                "attachmentId": self.id.replacen("eni-", "eni-attach-", 1),
                "instanceId": self.instance,
                "instanceOwnerId": self.instance.as_ref().map_or("amazon-aws", |_| &world.account),
                "deviceIndex": u8::from(self.instance.is_none()),
                "networkCardIndex": 0,
                "status": "attached",
                "attachTime": world.timestamp(self.attached),
                "deleteOnTermination": self.instance.is_some(),
            },
            "privateIpAddressesSet": [{
                "privateIpAddress": self.private_ip,
                "privateDnsName": name,
                "primary": true,
                "association": association,
            }],
            "ipv6AddressesSet": [],
            "tagSet": tag_set(&self.tags),
        })
    }
}
