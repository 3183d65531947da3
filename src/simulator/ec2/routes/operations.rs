//! Operations on route tables, their routes and associations.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::super::refusal::Refusal;
use super::super::super::wire::{Call, Operation};
use super::super::super::world::World;
use super::super::addresses::Cidr;
use super::super::gateways::GatewayState;
use super::super::resource::{Resource, describing, require, require_mut};
use super::super::{TagSpecification, tags_for};
use super::{Route, RouteTable, Target};

pub(in super::super) fn operations() -> Vec<Operation> {
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
