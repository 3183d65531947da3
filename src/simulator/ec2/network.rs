//! VPCs and subnets that instances are launched into.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::addresses::{self, Cidr};
use super::filter::Filter;
use super::resource::{Pick, Resource, describing, every, require, require_mut};
use super::{Flag, TagSpecification, Tags, interfaces, tag_set, tags_for};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Vpc {
    pub id: String,
    pub cidr: String,
    pub tags: Tags,
    /// The names of its nodes need both; on in a VPC that clusters use.
    pub dns_support: bool,
    pub dns_hostnames: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Subnet {
    pub id: String,
    pub vpc: String,
    /// `10.42.96.0/19`
    pub cidr: String,
    pub zone: String,
    pub zone_id: String,
    /// Whether instances get a public address unless their launch says otherwise (`MapPublicIpOnLaunch`). Which way
    /// their packets take is up to the route table.
    pub public: bool,
    pub tags: Tags,
}

impl Resource for Vpc {
    const SET: &'static str = "vpcSet";
    const PICKED_BY: &'static [Pick] = &[Pick::new(
        "VpcId",
        "vpc-id",
        "InvalidVpcID.NotFound",
        "The vpc ID '{}' does not exist",
    )];

    fn all(world: &World) -> Vec<Cow<'_, Self>> {
        every(&world.ec2.vpcs)
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn values(&self, world: &World, filter: &str) -> Option<Vec<String>> {
        let value = match filter {
            "vpc-id" => self.id.clone(),
            "cidr" | "cidr-block-association.cidr-block" => self.cidr.clone(),
            "cidr-block-association.state" => "associated".to_owned(),
            "dhcp-options-id" => dhcp_options(&self.id),
            "owner-id" => world.account.clone(),
            "state" => "available".to_owned(),
            "is-default" | "isDefault" => "false".to_owned(),
            _ => return None,
        };
        Some(vec![value])
    }

    fn view(&self, world: &World) -> Value {
        json!({
            "vpcId": self.id,
            "ownerId": world.account,
            "state": "available",
            "cidrBlock": self.cidr,
            "cidrBlockAssociationSet": [{
                "cidrBlock": self.cidr,
                "associationId": self.id.replacen("vpc-", "vpc-cidr-assoc-", 1),
                "cidrBlockState": { "state": "associated" },
            }],
            "dhcpOptionsId": dhcp_options(&self.id),
            "instanceTenancy": "default",
            "isDefault": false,
            "tagSet": tag_set(&self.tags),
        })
    }
}

fn dhcp_options(vpc: &str) -> String {
    vpc.replacen("vpc-", "dopt-", 1)
}

impl Resource for Subnet {
    const SET: &'static str = "subnetSet";
    const PICKED_BY: &'static [Pick] = &[Pick::new(
        "SubnetId",
        "subnet-id",
        "InvalidSubnetID.NotFound",
        "The subnet ID '{}' does not exist",
    )];

    fn all(world: &World) -> Vec<Cow<'_, Self>> {
        every(&world.ec2.subnets)
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn values(&self, world: &World, filter: &str) -> Option<Vec<String>> {
        let value = match filter {
            "subnet-id" => self.id.clone(),
            "subnet-arn" => self.arn(world),
            "vpc-id" => self.vpc.clone(),
            "availability-zone" | "availabilityZone" => self.zone.clone(),
            "availability-zone-id" | "availabilityZoneId" => self.zone_id.clone(),
            "available-ip-address-count" => addresses::available(world, &self.id).to_string(),
            "cidr" | "cidr-block" | "cidrBlock" => self.cidr.clone(),
            "default-for-az" | "defaultForAz" => "false".to_owned(),
            "map-public-ip-on-launch" => self.public.to_string(),
            "owner-id" => world.account.clone(),
            "state" => "available".to_owned(),
            _ => return None,
        };
        Some(vec![value])
    }

    fn view(&self, world: &World) -> Value {
        json!({
            "subnetId": self.id,
            "subnetArn": self.arn(world),
            "state": "available",
            "vpcId": self.vpc,
            "ownerId": world.account,
            "cidrBlock": self.cidr,
            "availableIpAddressCount": addresses::available(world, &self.id),
            "availabilityZone": self.zone,
            "availabilityZoneId": self.zone_id,
            "defaultForAz": false,
            "mapPublicIpOnLaunch": self.public,
            "mapCustomerOwnedIpOnLaunch": false,
            "assignIpv6AddressOnCreation": false,
            "ipv6CidrBlockAssociationSet": [],
            "ipv6Native": false,
            "enableDns64": false,
            "privateDnsNameOptionsOnLaunch": {
                "hostnameType": "ip-name",
                "enableResourceNameDnsARecord": false,
                "enableResourceNameDnsAAAARecord": false,
            },
            "tagSet": tag_set(&self.tags),
        })
    }
}

impl Subnet {
    fn arn(&self, world: &World) -> String {
        world.arn("ec2", &format!("subnet/{}", self.id))
    }
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        describing::<Vpc>("DescribeVpcs"),
        describing::<Subnet>("DescribeSubnets"),
        Operation::new("DescribeVpcAttribute", describe_vpc_attribute),
        Operation::new("ModifyVpcAttribute", modify_vpc_attribute),
        Operation::new("CreateSubnet", create_subnet),
        Operation::new("DeleteSubnet", delete_subnet),
        Operation::new("ModifySubnetAttribute", modify_subnet_attribute),
        Operation::new("DescribeAvailabilityZones", describe_availability_zones),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct VpcAttributeRequest {
    vpc_id: String,
    attribute: String,
}

fn describe_vpc_attribute(
    world: &mut World,
    _call: &Call,
    request: VpcAttributeRequest,
) -> Result<Value, Refusal> {
    let vpc = require(&world.ec2.vpcs, &request.vpc_id)?;
    let value = match request.attribute.as_str() {
        "enableDnsSupport" => vpc.dns_support,
        "enableDnsHostnames" => vpc.dns_hostnames,
        "enableNetworkAddressUsageMetrics" => false,
        other => {
            return Err(Refusal::bad(
                "InvalidParameterValue",
                format!("Value ({other}) for parameter attribute is invalid. Unknown attribute."),
            ));
        }
    };
    Ok(json!({ "vpcId": vpc.id, request.attribute: { "value": value } }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ModifyVpcAttributeRequest {
    vpc_id: String,
    enable_dns_support: Option<Flag>,
    enable_dns_hostnames: Option<Flag>,
}

fn modify_vpc_attribute(
    world: &mut World,
    _call: &Call,
    request: ModifyVpcAttributeRequest,
) -> Result<Value, Refusal> {
    let vpc = require_mut(&mut world.ec2.vpcs, &request.vpc_id)?;
    if let Some(flag) = request.enable_dns_support {
        vpc.dns_support = flag.value;
    }
    if let Some(flag) = request.enable_dns_hostnames {
        vpc.dns_hostnames = flag.value;
    }
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateSubnetRequest {
    vpc_id: String,
    cidr_block: String,
    availability_zone: Option<String>,
    availability_zone_id: Option<String>,
    #[serde(default, rename = "TagSpecification")]
    tags: Vec<TagSpecification>,
}

/// The smallest and the largest subnet, as prefixes.
const SUBNET_PREFIXES: std::ops::RangeInclusive<u8> = 16..=28;

fn create_subnet(
    world: &mut World,
    _call: &Call,
    request: CreateSubnetRequest,
) -> Result<Value, Refusal> {
    let vpc = require(&world.ec2.vpcs, &request.vpc_id)?;
    let asked = &request.cidr_block;
    let cidr = Cidr::parse(asked).ok_or_else(|| {
        let message = format!(
            "Value ({asked}) for parameter cidrBlock is invalid. This is not a valid CIDR block."
        );
        Refusal::bad("InvalidParameterValue", message)
    })?;
    let within = Cidr::parse(&vpc.cidr).is_some_and(|vpc| vpc.covers(cidr));
    if !within || !SUBNET_PREFIXES.contains(&cidr.prefix()) {
        let message = format!("The CIDR '{asked}' is invalid.");
        return Err(Refusal::bad("InvalidSubnet.Range", message));
    }
    let taken = world.ec2.subnets.values().any(|other| {
        other.vpc == vpc.id && Cidr::parse(&other.cidr).is_some_and(|other| other.overlaps(cidr))
    });
    if taken {
        let message = format!("The CIDR '{asked}' conflicts with another subnet");
        return Err(Refusal::bad("InvalidSubnet.Conflict", message));
    }
    let (zone, zone_id) = zone_of(world, &request)?;
    let id = world.resource_id("subnet");
    let subnet = Subnet {
        id: id.clone(),
        vpc: request.vpc_id,
        cidr: cidr.to_string(),
        zone,
        zone_id,
        public: false,
        tags: tags_for(&request.tags, "subnet"),
    };
    let view = subnet.view(world);
    world.ec2.subnets.insert(id.clone(), subnet);
    let count = addresses::available(world, &id);
    let mut reply = json!({ "subnet": view });
    reply["subnet"]["availableIpAddressCount"] = json!(count);
    Ok(reply)
}

fn zone_of(world: &World, request: &CreateSubnetRequest) -> Result<(String, String), Refusal> {
    let zones = zones(world);
    let asked = (&request.availability_zone, &request.availability_zone_id);
    let found = zones.iter().find(|(name, id)| {
        asked.0.as_ref().is_none_or(|asked| asked == name)
            && asked.1.as_ref().is_none_or(|asked| asked == id)
    });
    found.cloned().ok_or_else(|| {
        let name = asked.0.as_ref().or(asked.1.as_ref());
        let message = format!(
            "Value ({}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: {}.",
            name.map_or("", String::as_str),
            zones.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
        );
        Refusal::bad("InvalidParameterValue", message)
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SubnetRequest {
    subnet_id: String,
}

fn delete_subnet(
    world: &mut World,
    _call: &Call,
    request: SubnetRequest,
) -> Result<Value, Refusal> {
    let id = request.subnet_id;
    require(&world.ec2.subnets, &id)?;
    let used = interfaces::all(world)
        .iter()
        .any(|interface| interface.subnet == id);
    if used {
        let message = format!("The subnet '{id}' has dependencies and cannot be deleted.");
        return Err(Refusal::bad("DependencyViolation", message));
    }
    world.ec2.subnets.remove(&id);
    for table in world.ec2.route_tables.values_mut() {
        table.associations.retain(|_, subnet| *subnet != id);
    }
    for acl in world.ec2.network_acls.values_mut() {
        acl.associations.retain(|_, subnet| *subnet != id);
    }
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ModifySubnetRequest {
    subnet_id: String,
    map_public_ip_on_launch: Option<Flag>,
}

fn modify_subnet_attribute(
    world: &mut World,
    _call: &Call,
    request: ModifySubnetRequest,
) -> Result<Value, Refusal> {
    let subnet = require_mut(&mut world.ec2.subnets, &request.subnet_id)?;
    if let Some(flag) = request.map_public_ip_on_launch {
        subnet.public = flag.value;
    }
    Ok(Value::Null)
}

/// Names and ids of the region's zones. Those of the starting network are all that there are.
pub(super) fn zones(world: &World) -> Vec<(String, String)> {
    world.ec2.zones.clone()
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct DescribeAvailabilityZonesRequest {
    #[serde(rename = "ZoneName")]
    names: Vec<String>,
    #[serde(rename = "ZoneId")]
    ids: Vec<String>,
    #[serde(rename = "Filter")]
    filters: Vec<Filter>,
    /// All zones of this region need no opting in.
    #[serde(rename = "AllAvailabilityZones")]
    _all: bool,
}

fn describe_availability_zones(
    world: &mut World,
    _call: &Call,
    request: DescribeAvailabilityZonesRequest,
) -> Result<Value, Refusal> {
    let region = &world.region;
    let known = zones(world);
    if let Some(name) = request
        .names
        .iter()
        .find(|name| !known.iter().any(|(known, _)| known == *name))
    {
        let message = format!("Invalid availability zone: [{name}]");
        return Err(Refusal::bad("InvalidParameterValue", message));
    }
    let mut found = Vec::new();
    for (name, id) in &known {
        let values = |filter: &str| {
            let value = match filter {
                "zone-name" => name,
                "zone-id" => id,
                "region-name" | "group-name" => region,
                "state" => "available",
                "opt-in-status" => "opt-in-not-required",
                "zone-type" => "availability-zone",
                _ => return None,
            };
            Some(vec![value.to_owned()])
        };
        let named = (request.names.is_empty() || request.names.contains(name))
            && (request.ids.is_empty() || request.ids.contains(id));
        if named && super::filter::passes(&request.filters, values)? {
            found.push(json!({
                "zoneName": name,
                "zoneId": id,
                "zoneState": "available",
                "regionName": region,
                "groupName": region,
                "networkBorderGroup": region,
                "zoneType": "availability-zone",
                "optInStatus": "opt-in-not-required",
                "messageSet": [],
            }));
        }
    }
    Ok(json!({ "availabilityZoneInfo": found }))
}
