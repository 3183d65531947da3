//! Operations on gateways and Elastic IP addresses.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::super::nodes;
use super::super::super::refusal::Refusal;
use super::super::super::wire::{Call, Operation};
use super::super::super::world::{self, World};
use super::super::resource::{Resource, describing, require, require_mut};
use super::super::{Event, TagSpecification, Tags, addresses, interfaces, tags_for};
use super::{Address, GatewayState, InternetGateway, NatGateway, public_address};

pub(in super::super) fn operations() -> Vec<Operation> {
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
    let has_mapped_addresses = interfaces::all(world)
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

pub(in super::super) fn allocate_address(world: &mut World, tags: Tags) -> Address {
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
pub(in super::super) fn make_nat(
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
pub(in super::super) fn settle_nat(world: &mut World, id: &str) {
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
    nodes::reconsider(world);
}
