//! Ways between a VPC and the internet: internet gateways, NAT gateways and the Elastic IP addresses that these hold.

mod operations;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::clock::Moment;
use super::super::world::World;
use super::resource::{Pick, Resource, every};
use super::{Tags, tag_set};

pub(super) use operations::{allocate_address, make_nat, operations, settle_nat};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InternetGateway {
    pub id: String,
    pub vpc: Option<String>,
    pub tags: Tags,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NatGateway {
    pub id: String,
    pub subnet: String,
    pub state: GatewayState,
    /// Id of its Elastic IP address.
    pub allocation: String,
    pub interface: String,
    pub private_ip: String,
    pub created: Moment,
    pub deleted: Option<Moment>,
    pub tags: Tags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum GatewayState {
    Pending,
    Available,
    Deleting,
    Deleted,
}

impl GatewayState {
    fn name(self) -> &'static str {
        match self {
            GatewayState::Pending => "pending",
            GatewayState::Available => "available",
            GatewayState::Deleting => "deleting",
            GatewayState::Deleted => "deleted",
        }
    }
}

/// An Elastic IP address.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Address {
    /// `eipalloc-…`
    pub id: String,
    pub public_ip: String,
    pub tags: Tags,
}

/// A public address that nothing has, from the ranges that are kept for documentation.
pub(super) fn public_address(world: &mut World) -> String {
    loop {
        let (range, last) = (world.below(2), world.below(254) + 1);
        let address = match range {
            0 => format!("198.51.100.{last}"),
            _ => format!("203.0.113.{last}"),
        };
        let elastic = world.ec2.addresses.values().map(|known| &known.public_ip);
        let instances = world.ec2.instances.values();
        let taken = elastic
            .chain(instances.filter_map(|instance| instance.public_ip.as_ref()))
            .collect::<std::collections::BTreeSet<_>>();
        // With every address given out, the simulated internet lets two share one.
        if !taken.contains(&address) || taken.len() >= 500 {
            return address;
        }
    }
}

impl Resource for InternetGateway {
    const SET: &'static str = "internetGatewaySet";
    const PICKED_BY: &'static [Pick] = &[Pick::new(
        "InternetGatewayId",
        "internet-gateway-id",
        "InvalidInternetGatewayID.NotFound",
        "The internetGateway ID '{}' does not exist",
    )];

    fn all(world: &World) -> Vec<Cow<'_, Self>> {
        every(&world.ec2.internet_gateways)
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn values(&self, world: &World, filter: &str) -> Option<Vec<String>> {
        match filter {
            "internet-gateway-id" => Some(vec![self.id.clone()]),
            "attachment.vpc-id" => Some(self.vpc.iter().cloned().collect()),
            "attachment.state" => Some(self.vpc.iter().map(|_| "available".to_owned()).collect()),
            "owner-id" => Some(vec![world.account.clone()]),
            _ => None,
        }
    }

    fn view(&self, world: &World) -> Value {
        let attachments = self
            .vpc
            .iter()
            .map(|vpc| json!({ "state": "available", "vpcId": vpc }));
        json!({
            "internetGatewayId": self.id,
            "ownerId": world.account,
            "attachmentSet": attachments.collect::<Vec<_>>(),
            "tagSet": tag_set(&self.tags),
        })
    }
}

impl Resource for NatGateway {
    const SET: &'static str = "natGatewaySet";
    const PICKED_BY: &'static [Pick] = &[Pick::new(
        "NatGatewayId",
        "nat-gateway-id",
        "NatGatewayNotFound",
        "NAT gateway {} was not found",
    )];

    fn all(world: &World) -> Vec<Cow<'_, Self>> {
        every(&world.ec2.nat_gateways)
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn values(&self, world: &World, filter: &str) -> Option<Vec<String>> {
        let value = match filter {
            "nat-gateway-id" => self.id.clone(),
            "state" => self.state.name().to_owned(),
            "subnet-id" => self.subnet.clone(),
            "vpc-id" => self.vpc(world),
            _ => return None,
        };
        Some(vec![value])
    }

    fn view(&self, world: &World) -> Value {
        let public_ip = world
            .ec2
            .addresses
            .get(&self.allocation)
            .map(|address| &address.public_ip);
        let gone = self.state == GatewayState::Deleted;
        json!({
            "natGatewayId": self.id,
            "subnetId": self.subnet,
            "vpcId": self.vpc(world),
            "state": self.state.name(),
            "createTime": world.timestamp(self.created),
            "deleteTime": self.deleted.map(|moment| world.timestamp(moment)),
            "connectivityType": "public",
            "natGatewayAddressSet": [{
                "allocationId": self.allocation,
                "networkInterfaceId": (!gone).then_some(&self.interface),
                "privateIp": self.private_ip,
                "publicIp": public_ip,
                "isPrimary": true,
                "status": if gone { "disassociating" } else { "succeeded" },
            }],
            "tagSet": tag_set(&self.tags),
        })
    }
}

impl NatGateway {
    pub(super) fn vpc(&self, world: &World) -> String {
        let subnet = world.ec2.subnets.get(&self.subnet);
        subnet.map_or_else(String::new, |subnet| subnet.vpc.clone())
    }
}

impl Address {
    /// The NAT gateway that holds the address.
    fn holder<'a>(&self, world: &'a World) -> Option<&'a NatGateway> {
        world
            .ec2
            .nat_gateways
            .values()
            .find(|nat| nat.allocation == self.id && nat.state != GatewayState::Deleted)
    }
}

impl Resource for Address {
    const SET: &'static str = "addressesSet";
    const PICKED_BY: &'static [Pick] = &[
        Pick::new(
            "AllocationId",
            "allocation-id",
            "InvalidAllocationID.NotFound",
            "The allocation ID '{}' does not exist",
        ),
        Pick::new(
            "PublicIp",
            "public-ip",
            "InvalidAddress.NotFound",
            "Address '{}' not found.",
        ),
    ];

    fn all(world: &World) -> Vec<Cow<'_, Self>> {
        every(&world.ec2.addresses)
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn values(&self, world: &World, filter: &str) -> Option<Vec<String>> {
        let of_holder = |value: &dyn Fn(&NatGateway) -> String| {
            Some(self.holder(world).into_iter().map(value).collect())
        };
        match filter {
            "allocation-id" => Some(vec![self.id.clone()]),
            "public-ip" => Some(vec![self.public_ip.clone()]),
            "domain" => Some(vec!["vpc".to_owned()]),
            "association-id" => of_holder(&|_| association(&self.id)),
            "network-interface-id" => of_holder(&|nat| nat.interface.clone()),
            "private-ip-address" => of_holder(&|nat| nat.private_ip.clone()),
            "instance-id" => Some(Vec::new()),
            _ => None,
        }
    }

    fn view(&self, world: &World) -> Value {
        let nat = self.holder(world);
        json!({
            "allocationId": self.id,
            "publicIp": self.public_ip,
            "domain": "vpc",
            "associationId": nat.map(|_| association(&self.id)),
            "networkInterfaceId": nat.map(|nat| &nat.interface),
            "networkInterfaceOwnerId": nat.map(|_| &world.account),
            "privateIpAddress": nat.map(|nat| &nat.private_ip),
            "publicIpv4Pool": "amazon",
            "networkBorderGroup": world.region,
            "tagSet": tag_set(&self.tags),
        })
    }
}

fn association(allocation: &str) -> String {
    allocation.replacen("eipalloc-", "eipassoc-", 1)
}
