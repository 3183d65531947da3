//! Route tables: where packets that leave a subnet go.

mod operations;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::world::World;
use super::addresses::Cidr;
use super::gateways::GatewayState;
use super::resource::{Pick, Resource, every};
use super::{Tags, tag_set};

pub(super) use operations::operations;

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
