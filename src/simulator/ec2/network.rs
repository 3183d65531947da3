//! The network that instances are launched into.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::filter::{Filter, passes, tag_values};
use super::{Tags, tag_set};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Vpc {
    pub id: String,
    pub cidr: String,
    pub tags: Tags,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Subnet {
    pub id: String,
    pub vpc: String,
    /// First three octets are the base of addresses, e.g. `10.42.96.0/19`.
    pub cidr: String,
    pub zone: String,
    pub zone_id: String,
    pub public: bool,
    pub tags: Tags,
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("DescribeVpcs", describe_vpcs),
        Operation::new("DescribeSubnets", describe_subnets),
        Operation::new("DescribeAvailabilityZones", describe_availability_zones),
    ]
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct DescribeVpcsRequest {
    #[serde(rename = "VpcId")]
    ids: Vec<String>,
    #[serde(rename = "Filter")]
    filters: Vec<Filter>,
    #[serde(rename = "MaxResults")]
    _max_results: Option<u32>,
}

fn describe_vpcs(
    world: &mut World,
    _call: &Call,
    request: DescribeVpcsRequest,
) -> Result<Value, Refusal> {
    let mut vpcs = Vec::new();
    for id in &request.ids {
        if !world.ec2.vpcs.contains_key(id) {
            return Err(Refusal::bad(
                "InvalidVpcID.NotFound",
                format!("The vpc ID '{id}' does not exist"),
            ));
        }
    }
    for vpc in world.ec2.vpcs.values() {
        let values = |name: &str| match name {
            "vpc-id" => Some(vec![vpc.id.clone()]),
            "cidr" | "cidr-block-association.cidr-block" => Some(vec![vpc.cidr.clone()]),
            "state" => Some(vec!["available".to_owned()]),
            "is-default" | "isDefault" => Some(vec!["false".to_owned()]),
            _ => tag_values(&vpc.tags, name),
        };
        if (request.ids.is_empty() || request.ids.contains(&vpc.id))
            && passes(&request.filters, values)?
        {
            vpcs.push(json!({
                "vpcId": vpc.id,
                "ownerId": world.account,
                "state": "available",
                "cidrBlock": vpc.cidr,
                "cidrBlockAssociationSet": [{
                    "cidrBlock": vpc.cidr,
                    "associationId": vpc.id.replacen("vpc-", "vpc-cidr-assoc-", 1),
                    "cidrBlockState": { "state": "associated" },
                }],
                "dhcpOptionsId": vpc.id.replacen("vpc-", "dopt-", 1),
                "instanceTenancy": "default",
                "isDefault": false,
                "tagSet": tag_set(&vpc.tags),
            }));
        }
    }
    Ok(json!({ "vpcSet": vpcs }))
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct DescribeSubnetsRequest {
    #[serde(rename = "SubnetId")]
    ids: Vec<String>,
    #[serde(rename = "Filter")]
    filters: Vec<Filter>,
    #[serde(rename = "MaxResults")]
    _max_results: Option<u32>,
}

fn describe_subnets(
    world: &mut World,
    _call: &Call,
    request: DescribeSubnetsRequest,
) -> Result<Value, Refusal> {
    for id in &request.ids {
        if !world.ec2.subnets.contains_key(id) {
            return Err(Refusal::bad(
                "InvalidSubnetID.NotFound",
                format!("The subnet ID '{id}' does not exist"),
            ));
        }
    }
    let mut subnets = Vec::new();
    for subnet in world.ec2.subnets.values() {
        let values = |name: &str| match name {
            "subnet-id" => Some(vec![subnet.id.clone()]),
            "vpc-id" => Some(vec![subnet.vpc.clone()]),
            "availability-zone" | "availabilityZone" => Some(vec![subnet.zone.clone()]),
            "cidr" | "cidr-block" | "cidrBlock" => Some(vec![subnet.cidr.clone()]),
            "state" => Some(vec!["available".to_owned()]),
            "map-public-ip-on-launch" => Some(vec![subnet.public.to_string()]),
            _ => tag_values(&subnet.tags, name),
        };
        if (request.ids.is_empty() || request.ids.contains(&subnet.id))
            && passes(&request.filters, values)?
        {
            subnets.push(subnet_json(world, subnet));
        }
    }
    Ok(json!({ "subnetSet": subnets }))
}

fn subnet_json(world: &World, subnet: &Subnet) -> Value {
    let used = world
        .ec2
        .instances
        .values()
        .filter(|instance| instance.subnet == subnet.id && instance.holds_address());
    json!({
        "subnetId": subnet.id,
        "subnetArn": world.arn("ec2", &format!("subnet/{}", subnet.id)),
        "state": "available",
        "vpcId": subnet.vpc,
        "ownerId": world.account,
        "cidrBlock": subnet.cidr,
        // A /19 less the five addresses that AWS keeps.
        "availableIpAddressCount": 8187_usize.saturating_sub(used.count()),
        "availabilityZone": subnet.zone,
        "availabilityZoneId": subnet.zone_id,
        "defaultForAz": false,
        "mapPublicIpOnLaunch": subnet.public,
        "assignIpv6AddressOnCreation": false,
        "tagSet": tag_set(&subnet.tags),
    })
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct DescribeAvailabilityZonesRequest {}

fn describe_availability_zones(
    world: &mut World,
    _call: &Call,
    _request: DescribeAvailabilityZonesRequest,
) -> Result<Value, Refusal> {
    let mut zones: Vec<(&str, &str)> = world
        .ec2
        .subnets
        .values()
        .map(|subnet| (subnet.zone.as_str(), subnet.zone_id.as_str()))
        .collect();
    zones.sort_unstable();
    zones.dedup();
    let zones: Vec<Value> = zones
        .into_iter()
        .map(|(zone, id)| {
            json!({
                "zoneName": zone,
                "zoneId": id,
                "zoneState": "available",
                "regionName": world.region,
                "groupName": world.region,
                "zoneType": "availability-zone",
                "optInStatus": "opt-in-not-required",
            })
        })
        .collect();
    Ok(json!({ "availabilityZoneInfo": zones }))
}
