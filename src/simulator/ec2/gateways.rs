//! Ways between a VPC and the internet: internet gateways, NAT gateways and the Elastic IP addresses that these hold.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::clock::Moment;
use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::{self, World};
use super::resource::{Pick, Resource, describing, every, require, require_mut};
use super::{Event, TagSpecification, Tags, addresses, tag_set, tags_for};

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

pub(super) fn operations() -> Vec<Operation> {
    vec![
        describing::<InternetGateway>("DescribeInternetGateways"),
        describing::<NatGateway>("DescribeNatGateways"),
        describing::<Address>("DescribeAddresses"),
        Operation::new("AttachInternetGateway", attach),
        Operation::new("DetachInternetGateway", detach),
        Operation::new("AllocateAddress", allocate),
        Operation::new("ReleaseAddress", release),
        Operation::new("CreateNatGateway", create_nat),
        Operation::new("DeleteNatGateway", delete_nat),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AttachRequest {
    internet_gateway_id: String,
    vpc_id: String,
}

fn attach(world: &mut World, _call: &Call, request: AttachRequest) -> Result<Value, Refusal> {
    let (id, vpc) = (request.internet_gateway_id, request.vpc_id);
    require(&world.ec2.vpcs, &vpc)?;
    let gateway = require(&world.ec2.internet_gateways, &id)?;
    if gateway.vpc.is_some() {
        let message = format!("resource {id} is already attached to network {vpc}");
        return Err(Refusal::bad("Resource.AlreadyAssociated", message));
    }
    require_mut(&mut world.ec2.internet_gateways, &id)?.vpc = Some(vpc);
    Ok(Value::Null)
}

fn detach(world: &mut World, _call: &Call, request: AttachRequest) -> Result<Value, Refusal> {
    let (id, vpc) = (request.internet_gateway_id, request.vpc_id);
    let gateway = require(&world.ec2.internet_gateways, &id)?;
    if gateway.vpc.as_deref() != Some(vpc.as_str()) {
        let message = format!("resource {id} is not attached to network {vpc}");
        return Err(Refusal::bad("Gateway.NotAttached", message));
    }
    let has_mapped_addresses = super::interfaces::all(world)
        .iter()
        .any(|interface| interface.public_ip.is_some() && interface.vpc(world) == vpc);
    if has_mapped_addresses {
        let message = format!(
            "Network {vpc} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway."
        );
        return Err(Refusal::bad("DependencyViolation", message));
    }
    require_mut(&mut world.ec2.internet_gateways, &id)?.vpc = None;
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AllocateRequest {
    /// `vpc` is the only domain that is left.
    #[serde(rename = "Domain")]
    _domain: Option<String>,
    #[serde(default, rename = "TagSpecification")]
    tags: Vec<TagSpecification>,
}

fn allocate(world: &mut World, _call: &Call, request: AllocateRequest) -> Result<Value, Refusal> {
    let tags = tags_for(&request.tags, "elastic-ip");
    let address = allocate_address(world, tags);
    Ok(json!({
        "allocationId": address.id,
        "publicIp": address.public_ip,
        "publicIpv4Pool": "amazon",
        "networkBorderGroup": world.region,
        "domain": "vpc",
    }))
}

pub(super) fn allocate_address(world: &mut World, tags: Tags) -> Address {
    let address = Address {
        id: world.resource_id("eipalloc"),
        public_ip: public_address(world),
        tags,
    };
    world
        .ec2
        .addresses
        .insert(address.id.clone(), address.clone());
    address
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ReleaseRequest {
    allocation_id: String,
}

fn release(world: &mut World, _call: &Call, request: ReleaseRequest) -> Result<Value, Refusal> {
    let address = require(&world.ec2.addresses, &request.allocation_id)?;
    if address.holder(world).is_some() {
        let message = format!("Address {} is in use.", address.public_ip);
        return Err(Refusal::bad("InvalidIPAddress.InUse", message));
    }
    world.ec2.addresses.remove(&request.allocation_id);
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateNatRequest {
    subnet_id: String,
    allocation_id: String,
    /// Private NAT gateways, which lead to no internet, are not modelled.
    connectivity_type: Option<String>,
    #[serde(default, rename = "TagSpecification")]
    tags: Vec<TagSpecification>,
}

fn create_nat(
    world: &mut World,
    _call: &Call,
    request: CreateNatRequest,
) -> Result<Value, Refusal> {
    require(&world.ec2.subnets, &request.subnet_id)?;
    let address = require(&world.ec2.addresses, &request.allocation_id)?;
    if address.holder(world).is_some() {
        let message = format!(
            "Elastic IP address [{}] is already associated",
            request.allocation_id
        );
        return Err(Refusal::bad("Resource.AlreadyAssociated", message));
    }
    if request
        .connectivity_type
        .is_some_and(|kind| kind != "public")
    {
        return Err(Refusal::bad(
            "UnsupportedOperation",
            "private NAT gateways are not simulated",
        ));
    }
    let tags = tags_for(&request.tags, "natgateway");
    let id = make_nat(
        world,
        &request.subnet_id,
        &request.allocation_id,
        GatewayState::Pending,
        tags,
    )?;
    let after = world.options.nat_gateway;
    world.schedule(
        after,
        world::Event::Ec2(Event::NatGatewaySettles {
            gateway: id.clone(),
        }),
    );
    let gateway = require(&world.ec2.nat_gateways, &id)?;
    Ok(json!({ "natGateway": gateway.view(world) }))
}

/// Makes a NAT gateway; returns its id.
pub(super) fn make_nat(
    world: &mut World,
    subnet: &str,
    allocation: &str,
    state: GatewayState,
    tags: Tags,
) -> Result<String, Refusal> {
    let id = world.resource_id("nat");
    let gateway = NatGateway {
        id: id.clone(),
        subnet: subnet.to_owned(),
        state,
        allocation: allocation.to_owned(),
        interface: world.resource_id("eni"),
        private_ip: addresses::free_address(world, subnet)?,
        created: world.now(),
        deleted: None,
        tags,
    };
    world.ec2.nat_gateways.insert(id.clone(), gateway);
    Ok(id)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct NatRequest {
    nat_gateway_id: String,
}

fn delete_nat(world: &mut World, _call: &Call, request: NatRequest) -> Result<Value, Refusal> {
    let (now, after) = (world.now(), world.options.nat_gateway);
    let gateway = require_mut(&mut world.ec2.nat_gateways, &request.nat_gateway_id)?;
    if matches!(
        gateway.state,
        GatewayState::Pending | GatewayState::Available
    ) {
        gateway.state = GatewayState::Deleting;
        gateway.deleted = Some(now);
        let gateway = request.nat_gateway_id.clone();
        world.schedule(
            after,
            world::Event::Ec2(Event::NatGatewaySettles { gateway }),
        );
    }
    Ok(json!({ "natGatewayId": request.nat_gateway_id }))
}

/// A gateway that was pending is available, one that was going is gone, and later forgotten.
pub(super) fn settle_nat(world: &mut World, id: &str) {
    let visible = world.options.terminated_instance_visible;
    let Some(gateway) = world.ec2.nat_gateways.get_mut(id) else {
        return;
    };
    match gateway.state {
        GatewayState::Pending => gateway.state = GatewayState::Available,
        GatewayState::Deleting => {
            gateway.state = GatewayState::Deleted;
            let gateway = id.to_owned();
            world.schedule(
                visible,
                world::Event::Ec2(Event::NatGatewaySettles { gateway }),
            );
        }
        GatewayState::Available => {}
        GatewayState::Deleted => {
            world.ec2.nat_gateways.remove(id);
        }
    }
    super::super::nodes::reconsider(world);
}
