//! VPC endpoints: ways to services of AWS that need no internet.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::clock::Moment;
use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::resource::{Pick, Resource, describing, every, require};
use super::routes::RouteTable;
use super::security_groups::SecurityGroup;
use super::{TagSpecification, Tags, addresses, security_groups, tag_set, tags_for};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Endpoint {
    pub id: String,
    pub vpc: String,
    /// `com.amazonaws.us-west-2.ec2`
    pub service: String,
    /// `Gateway` or `Interface`.
    pub kind: String,
    pub created: Moment,
    /// Of a gateway endpoint: the tables that lead to it.
    pub route_tables: Vec<String>,
    /// Of an interface endpoint: where it has addresses.
    pub places: Vec<Place>,
    pub security_groups: Vec<String>,
    pub private_dns: bool,
    pub policy: String,
    pub tags: Tags,
}

/// A network interface of an endpoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Place {
    pub subnet: String,
    pub interface: String,
    pub private_ip: String,
}

const OPEN_POLICY: &str =
    r#"{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}"#;

impl Resource for Endpoint {
    const SET: &'static str = "vpcEndpointSet";
    const PICKED_BY: &'static [Pick] = &[Pick::new(
        "VpcEndpointId",
        "vpc-endpoint-id",
        "InvalidVpcEndpointId.NotFound",
        "The Vpc Endpoint Id '{}' does not exist",
    )];

    fn all(world: &World) -> Vec<Cow<'_, Self>> {
        every(&world.ec2.endpoints)
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn values(&self, _world: &World, filter: &str) -> Option<Vec<String>> {
        let value = match filter {
            "vpc-endpoint-id" => self.id.clone(),
            "vpc-id" => self.vpc.clone(),
            "service-name" => self.service.clone(),
            "vpc-endpoint-type" => self.kind.clone(),
            "vpc-endpoint-state" => "available".to_owned(),
            _ => return None,
        };
        Some(vec![value])
    }

    fn view(&self, world: &World) -> Value {
        let subnets: Vec<&String> = self.places.iter().map(|place| &place.subnet).collect();
        let interfaces: Vec<&String> = self.places.iter().map(|place| &place.interface).collect();
        json!({
            "vpcEndpointId": self.id,
            "vpcEndpointType": self.kind,
            "vpcId": self.vpc,
            "serviceName": self.service,
            "state": "available",
            "policyDocument": self.policy,
            "routeTableIdSet": self.route_tables,
            "subnetIdSet": subnets,
            "networkInterfaceIdSet": interfaces,
            "groupSet": security_groups::named(world, &self.security_groups),
            "privateDnsEnabled": self.private_dns,
            "requesterManaged": false,
            "ownerId": world.account,
            "creationTimestamp": world.timestamp(self.created),
            "tagSet": tag_set(&self.tags),
        })
    }
}

/// The routes that gateway endpoints put into a table.
pub(super) fn routes_of(world: &World, table: &str) -> Vec<Value> {
    let leading = world
        .ec2
        .endpoints
        .values()
        .filter(|endpoint| endpoint.route_tables.iter().any(|known| known == table));
    leading
        .map(|endpoint| {
            json!({
                // The prefix list of the service; its id is AWS's own and the same for all accounts of a region.
                "destinationPrefixListId": endpoint.id.replacen("vpce-", "pl-", 1),
                "gatewayId": endpoint.id,
                "origin": "CreateRoute",
                "state": "active",
            })
        })
        .collect()
}

/// An endpoint for `service` (`ec2`, `ecr.api`) that a subnet of the VPC can use by the service's public name.
pub(super) fn endpoint_for<'a>(
    world: &'a World,
    vpc: &str,
    table: Option<&RouteTable>,
    service: &str,
) -> Option<&'a Endpoint> {
    let name = format!("com.amazonaws.{}.{service}", world.region);
    world.ec2.endpoints.values().find(|endpoint| {
        let leads = match endpoint.kind.as_str() {
            "Gateway" => table.is_some_and(|table| endpoint.route_tables.contains(&table.id)),
            _ => endpoint.private_dns,
        };
        endpoint.vpc == vpc && endpoint.service == name && leads
    })
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        describing::<Endpoint>("DescribeVpcEndpoints"),
        Operation::new("CreateVpcEndpoint", create),
        Operation::new("DeleteVpcEndpoints", delete),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateRequest {
    vpc_id: String,
    service_name: String,
    vpc_endpoint_type: Option<String>,
    #[serde(default, rename = "RouteTableId")]
    route_tables: Vec<String>,
    #[serde(default, rename = "SubnetId")]
    subnets: Vec<String>,
    #[serde(default, rename = "SecurityGroupId")]
    security_groups: Vec<String>,
    private_dns_enabled: Option<bool>,
    /// Kept and shown; what it denies is not modelled.
    policy_document: Option<String>,
    #[serde(default, rename = "TagSpecification")]
    tags: Vec<TagSpecification>,
}

fn create(world: &mut World, _call: &Call, request: CreateRequest) -> Result<Value, Refusal> {
    require(&world.ec2.vpcs, &request.vpc_id)?;
    let prefix = format!("com.amazonaws.{}.", world.region);
    if !request.service_name.starts_with(&prefix) {
        let message = format!(
            "The Vpc Endpoint Service '{}' does not exist",
            request.service_name
        );
        return Err(Refusal::bad("InvalidServiceName", message));
    }
    for table in &request.route_tables {
        require(&world.ec2.route_tables, table)?;
    }
    for subnet in &request.subnets {
        require(&world.ec2.subnets, subnet)?;
    }
    for group in &request.security_groups {
        require(&world.ec2.security_groups, group)?;
    }
    let kind = request
        .vpc_endpoint_type
        .unwrap_or_else(|| "Gateway".to_owned());
    let mut places = Vec::new();
    for subnet in request.subnets {
        places.push(Place {
            interface: world.resource_id("eni"),
            private_ip: addresses::free_address(world, &subnet)?,
            subnet,
        });
    }
    let default_group = SecurityGroup::default_of(world, &request.vpc_id);
    let endpoint = Endpoint {
        id: world.resource_id("vpce"),
        vpc: request.vpc_id,
        service: request.service_name,
        created: world.now(),
        route_tables: request.route_tables,
        places,
        security_groups: match (kind.as_str(), request.security_groups) {
            ("Gateway", _) => Vec::new(),
            (_, groups) if groups.is_empty() => default_group.into_iter().collect(),
            (_, groups) => groups,
        },
        // By default on for the services of AWS.
        private_dns: kind == "Interface" && request.private_dns_enabled.unwrap_or(true),
        kind,
        policy: request
            .policy_document
            .unwrap_or_else(|| OPEN_POLICY.to_owned()),
        tags: tags_for(&request.tags, "vpc-endpoint"),
    };
    let view = endpoint.view(world);
    world.ec2.endpoints.insert(endpoint.id.clone(), endpoint);
    Ok(json!({ "vpcEndpoint": view }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeleteRequest {
    #[serde(rename = "VpcEndpointId", default)]
    ids: Vec<String>,
}

fn delete(world: &mut World, _call: &Call, request: DeleteRequest) -> Result<Value, Refusal> {
    for id in &request.ids {
        require(&world.ec2.endpoints, id)?;
    }
    world
        .ec2
        .endpoints
        .retain(|id, _| !request.ids.contains(id));
    Ok(json!({ "unsuccessful": [] }))
}
