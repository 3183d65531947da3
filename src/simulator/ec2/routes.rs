//! Route tables: where packets that leave a subnet go.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::addresses::Cidr;
use super::gateways::GatewayState;
use super::resource::{Pick, Resource, describing, every, require, require_mut};
use super::{TagSpecification, Tags, tag_set, tags_for};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RouteTable {
    pub id: String,
    pub vpc: String,
    /// Id of the association that makes it the table of all subnets without one of their own.
    pub main: Option<String>,
    /// Subnets by association id.
    pub associations: BTreeMap<String, String>,
    /// The local route first.
    pub routes: Vec<Route>,
    pub tags: Tags,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Route {
    /// `0.0.0.0/0`
    pub destination: String,
    pub target: Target,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Target {
    /// Within the VPC.
    Local,
    InternetGateway(String),
    NatGateway(String),
}

impl RouteTable {
    /// A table with nothing but the local route.
    pub(super) fn new(id: String, vpc: &str, cidr: &str, tags: Tags) -> RouteTable {
        RouteTable {
            id,
            vpc: vpc.to_owned(),
            main: None,
            associations: BTreeMap::new(),
            routes: vec![Route {
                destination: cidr.to_owned(),
                target: Target::Local,
            }],
            tags,
        }
    }

    /// The most specific route to an address.
    pub(super) fn route_to(&self, address: std::net::Ipv4Addr) -> Option<&Route> {
        let ranges = self
            .routes
            .iter()
            .filter_map(|route| Some((Cidr::parse(&route.destination)?, route)));
        ranges
            .filter(|(range, _)| range.contains(address))
            .max_by_key(|(range, _)| range.prefix())
            .map(|(_, route)| route)
    }

    fn position(&self, destination: &str) -> Option<usize> {
        self.routes
            .iter()
            .position(|route| route.destination == destination)
    }
}

impl Target {
    /// Whether what the route leads to is there; otherwise packets vanish (`blackhole`).
    pub(super) fn is_active(&self, world: &World, vpc: &str) -> bool {
        match self {
            Target::Local => true,
            Target::InternetGateway(id) => world
                .ec2
                .internet_gateways
                .get(id)
                .is_some_and(|gateway| gateway.vpc.as_deref() == Some(vpc)),
            Target::NatGateway(id) => world
                .ec2
                .nat_gateways
                .get(id)
                .is_some_and(|gateway| gateway.state == GatewayState::Available),
        }
    }
}

/// The table that rules a subnet: its own or the main one of its VPC.
pub(super) fn table_of<'a>(world: &'a World, subnet: &str) -> Option<&'a RouteTable> {
    let tables = &world.ec2.route_tables;
    let own = tables
        .values()
        .find(|table| table.associations.values().any(|known| known == subnet));
    own.or_else(|| {
        let vpc = &world.ec2.subnets.get(subnet)?.vpc;
        tables
            .values()
            .find(|table| table.main.is_some() && table.vpc == *vpc)
    })
}

impl Resource for RouteTable {
    const SET: &'static str = "routeTableSet";
    const PICKED_BY: &'static [Pick] = &[Pick::new(
        "RouteTableId",
        "route-table-id",
        "InvalidRouteTableID.NotFound",
        "The routeTable ID '{}' does not exist",
    )];

    fn all(world: &World) -> Vec<Cow<'_, Self>> {
        every(&world.ec2.route_tables)
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn values(&self, world: &World, filter: &str) -> Option<Vec<String>> {
        let of_routes = |value: &dyn Fn(&Route) -> Option<String>| {
            Some(self.routes.iter().filter_map(value).collect())
        };
        match filter {
            "route-table-id" | "association.route-table-id" => Some(vec![self.id.clone()]),
            "vpc-id" => Some(vec![self.vpc.clone()]),
            "owner-id" => Some(vec![world.account.clone()]),
            "association.main" => {
                let mut values = vec![self.main.is_some().to_string()];
                if !self.associations.is_empty() {
                    values.push("false".to_owned());
                }
                Some(values)
            }
            "association.subnet-id" => Some(self.associations.values().cloned().collect()),
            "association.route-table-association-id" | "association.association-id" => Some(
                self.associations
                    .keys()
                    .chain(&self.main)
                    .cloned()
                    .collect(),
            ),
            "route.destination-cidr-block" => {
                of_routes(&|route: &Route| Some(route.destination.clone()))
            }
            "route.gateway-id" => of_routes(&|route: &Route| match &route.target {
                Target::Local => Some("local".to_owned()),
                Target::InternetGateway(id) => Some(id.clone()),
                Target::NatGateway(_) => None,
            }),
            "route.nat-gateway-id" => of_routes(&|route: &Route| match &route.target {
                Target::NatGateway(id) => Some(id.clone()),
                Target::Local | Target::InternetGateway(_) => None,
            }),
            "route.state" => of_routes(&|route: &Route| {
                Some(state(route.target.is_active(world, &self.vpc)).to_owned())
            }),
            _ => None,
        }
    }

    fn view(&self, world: &World) -> Value {
        let association = |id: &String, subnet: Option<&String>| {
            json!({
                "routeTableAssociationId": id,
                "routeTableId": self.id,
                "subnetId": subnet,
                "main": subnet.is_none(),
                "associationState": { "state": "associated" },
            })
        };
        let main = self.main.iter().map(|id| association(id, None));
        let others = self.associations.iter();
        let associations: Vec<Value> = main
            .chain(others.map(|(id, subnet)| association(id, Some(subnet))))
            .collect();
        let routes: Vec<Value> = self
            .routes
            .iter()
            .map(|route| self.route_view(world, route))
            .chain(super::endpoints::routes_of(world, &self.id))
            .collect();
        json!({
            "routeTableId": self.id,
            "vpcId": self.vpc,
            "ownerId": world.account,
            "associationSet": associations,
            "routeSet": routes,
            "propagatingVgwSet": [],
            "tagSet": tag_set(&self.tags),
        })
    }
}

impl RouteTable {
    fn route_view(&self, world: &World, route: &Route) -> Value {
        let (gateway, nat, origin) = match &route.target {
            Target::Local => (Some("local"), None, "CreateRouteTable"),
            Target::InternetGateway(id) => (Some(id.as_str()), None, "CreateRoute"),
            Target::NatGateway(id) => (None, Some(id), "CreateRoute"),
        };
        json!({
            "destinationCidrBlock": route.destination,
            "gatewayId": gateway,
            "natGatewayId": nat,
            "origin": origin,
            "state": state(route.target.is_active(world, &self.vpc)),
        })
    }
}

fn state(active: bool) -> &'static str {
    if active { "active" } else { "blackhole" }
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        describing::<RouteTable>("DescribeRouteTables"),
        Operation::new("CreateRouteTable", create_table),
        Operation::new("DeleteRouteTable", delete_table),
        Operation::new("CreateRoute", create_route),
        Operation::new("ReplaceRoute", replace_route),
        Operation::new("DeleteRoute", delete_route),
        Operation::new("AssociateRouteTable", associate),
        Operation::new("DisassociateRouteTable", disassociate),
        Operation::new("ReplaceRouteTableAssociation", replace_association),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateTableRequest {
    vpc_id: String,
    #[serde(default, rename = "TagSpecification")]
    tags: Vec<TagSpecification>,
}

fn create_table(
    world: &mut World,
    _call: &Call,
    request: CreateTableRequest,
) -> Result<Value, Refusal> {
    let vpc = require(&world.ec2.vpcs, &request.vpc_id)?.clone();
    let id = world.resource_id("rtb");
    let tags = tags_for(&request.tags, "route-table");
    let table = RouteTable::new(id.clone(), &vpc.id, &vpc.cidr, tags);
    let view = table.view(world);
    world.ec2.route_tables.insert(id, table);
    Ok(json!({ "routeTable": view }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TableRequest {
    route_table_id: String,
}

fn delete_table(world: &mut World, _call: &Call, request: TableRequest) -> Result<Value, Refusal> {
    let table = require(&world.ec2.route_tables, &request.route_table_id)?;
    if table.main.is_some() || !table.associations.is_empty() {
        let message = format!(
            "The routeTable '{}' has dependencies and cannot be deleted.",
            table.id
        );
        return Err(Refusal::bad("DependencyViolation", message));
    }
    world.ec2.route_tables.remove(&request.route_table_id);
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RouteRequest {
    route_table_id: String,
    destination_cidr_block: String,
    gateway_id: Option<String>,
    nat_gateway_id: Option<String>,
    local_target: Option<bool>,
}

impl RouteRequest {
    /// The destination as the table writes it.
    fn destination(&self) -> Result<String, Refusal> {
        let asked = &self.destination_cidr_block;
        Cidr::parse(asked)
            .map(|cidr| cidr.to_string())
            .ok_or_else(|| {
                let message = format!(
                    "Value ({asked}) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block."
                );
                Refusal::bad("InvalidParameterValue", message)
            })
    }

    fn target(&self, world: &World, table: &RouteTable) -> Result<Target, Refusal> {
        match (&self.gateway_id, &self.nat_gateway_id, self.local_target) {
            (Some(id), None, None) if id == "local" => Ok(Target::Local),
            (None, None, Some(true)) => Ok(Target::Local),
            (Some(id), None, None) => {
                let gateway = require(&world.ec2.internet_gateways, id)?;
                if gateway.vpc.as_deref() != Some(table.vpc.as_str()) {
                    let message = format!(
                        "route table {} and network gateway {id} belong to different networks",
                        table.id
                    );
                    return Err(Refusal::bad("InvalidParameterValue", message));
                }
                Ok(Target::InternetGateway(id.clone()))
            }
            (None, Some(id), None) => {
                let known = world.ec2.nat_gateways.get(id);
                known
                    .filter(|gateway| gateway.state != GatewayState::Deleted)
                    .map(|_| Target::NatGateway(id.clone()))
                    .ok_or_else(|| {
                        let message = format!("The natGateway ID '{id}' does not exist");
                        Refusal::bad("InvalidNatGatewayID.NotFound", message)
                    })
            }
            (None, None, _) => Err(Refusal::bad(
                "MissingParameter",
                "The request must contain exactly one target of the route.",
            )),
            _ => Err(Refusal::bad(
                "InvalidParameterCombination",
                "The request must contain exactly one target of the route.",
            )),
        }
    }
}

fn create_route(world: &mut World, _call: &Call, request: RouteRequest) -> Result<Value, Refusal> {
    let table = require(&world.ec2.route_tables, &request.route_table_id)?;
    let (destination, target) = (request.destination()?, request.target(world, table)?);
    let route = Route {
        destination,
        target,
    };
    match table.position(&route.destination) {
        // The same route once more is no error.
        Some(at) if table.routes[at] == route => {}
        Some(_) => {
            let message = format!(
                "The route identified by {} already exists.",
                route.destination
            );
            return Err(Refusal::bad("RouteAlreadyExists", message));
        }
        None => require_mut(&mut world.ec2.route_tables, &request.route_table_id)?
            .routes
            .push(route),
    }
    Ok(json!({ "return": true }))
}

fn replace_route(world: &mut World, _call: &Call, request: RouteRequest) -> Result<Value, Refusal> {
    let table = require(&world.ec2.route_tables, &request.route_table_id)?;
    let (destination, target) = (request.destination()?, request.target(world, table)?);
    let at = table.position(&destination).ok_or_else(|| {
        let message = format!(
            "There is no route defined for '{destination}' in the route table. Use CreateRoute instead."
        );
        Refusal::bad("InvalidParameterValue", message)
    })?;
    require_mut(&mut world.ec2.route_tables, &request.route_table_id)?.routes[at].target = target;
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteRouteRequest {
    route_table_id: String,
    destination_cidr_block: String,
}

fn delete_route(
    world: &mut World,
    _call: &Call,
    request: DeleteRouteRequest,
) -> Result<Value, Refusal> {
    let table = require_mut(&mut world.ec2.route_tables, &request.route_table_id)?;
    let destination = &request.destination_cidr_block;
    let at = table.position(destination).ok_or_else(|| {
        let message = format!(
            "no route with destination-cidr-block {destination} in route table {}",
            table.id
        );
        Refusal::bad("InvalidRoute.NotFound", message)
    })?;
    if table.routes[at].target == Target::Local {
        let message = format!(
            "cannot remove local route {destination} in route table {}",
            table.id
        );
        return Err(Refusal::bad("InvalidParameterValue", message));
    }
    table.routes.remove(at);
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AssociateRequest {
    route_table_id: String,
    subnet_id: String,
}

fn associate(world: &mut World, _call: &Call, request: AssociateRequest) -> Result<Value, Refusal> {
    let table = require(&world.ec2.route_tables, &request.route_table_id)?;
    let subnet = require(&world.ec2.subnets, &request.subnet_id)?;
    if table.vpc != subnet.vpc {
        let message = format!(
            "Route table {} and subnet {} belong to different networks",
            table.id, subnet.id
        );
        return Err(Refusal::bad("InvalidParameterValue", message));
    }
    let own = world
        .ec2
        .route_tables
        .values()
        .flat_map(|table| table.associations.values());
    if own.clone().any(|known| *known == subnet.id) {
        let message = format!(
            "the specified association for route table {} conflicts with an existing association",
            table.id
        );
        return Err(Refusal::bad("Resource.AlreadyAssociated", message));
    }
    let id = world.resource_id("rtbassoc");
    require_mut(&mut world.ec2.route_tables, &request.route_table_id)?
        .associations
        .insert(id.clone(), request.subnet_id);
    Ok(json!({ "associationId": id, "associationState": { "state": "associated" } }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AssociationRequest {
    association_id: String,
}

fn unknown_association(id: &str) -> Refusal {
    Refusal::bad(
        "InvalidAssociationID.NotFound",
        format!("The association ID '{id}' does not exist"),
    )
}

/// The table that has an association.
fn associated<'a>(world: &'a World, association: &str) -> Result<&'a RouteTable, Refusal> {
    world
        .ec2
        .route_tables
        .values()
        .find(|table| {
            table.associations.contains_key(association)
                || table.main.as_deref() == Some(association)
        })
        .ok_or_else(|| unknown_association(association))
}

fn disassociate(
    world: &mut World,
    _call: &Call,
    request: AssociationRequest,
) -> Result<Value, Refusal> {
    let id = request.association_id;
    let table = associated(world, &id)?;
    if table.main.is_some() && !table.associations.contains_key(&id) {
        return Err(Refusal::bad(
            "InvalidParameterValue",
            format!("cannot disassociate the main route table association {id}"),
        ));
    }
    let table = table.id.clone();
    require_mut(&mut world.ec2.route_tables, &table)?
        .associations
        .remove(&id);
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ReplaceAssociationRequest {
    association_id: String,
    route_table_id: String,
}

fn replace_association(
    world: &mut World,
    _call: &Call,
    request: ReplaceAssociationRequest,
) -> Result<Value, Refusal> {
    let (old, to) = (request.association_id, request.route_table_id);
    require(&world.ec2.route_tables, &to)?;
    let from = associated(world, &old)?.id.clone();
    let new = world.resource_id("rtbassoc");
    let table = require_mut(&mut world.ec2.route_tables, &from)?;
    let subnet = table.associations.remove(&old);
    if subnet.is_none() {
        table.main = None;
    }
    let table = require_mut(&mut world.ec2.route_tables, &to)?;
    match subnet {
        Some(subnet) => {
            table.associations.insert(new.clone(), subnet);
        }
        None => table.main = Some(new.clone()),
    }
    Ok(json!({ "newAssociationId": new, "associationState": { "state": "associated" } }))
}
