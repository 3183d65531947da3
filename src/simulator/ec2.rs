//! Instances and what they are launched from: templates, network, volumes. EC2 asks the key of an
//! encrypted volume as its caller; an instance whose volume the key refuses dies while pending. Which
//! packets arrive follows from routes, gateways, security groups and network ACLs (`reach`).

mod account;
pub mod addresses;
mod conventions;
mod endpoints;
pub mod filter;
mod gateways;
pub mod images;
pub mod instances;
pub mod interfaces;
pub mod launch;
pub mod network;
mod network_acls;
pub mod reach;
mod resource;
mod routes;
mod security_groups;
pub(in crate::simulator) mod start;
mod tags;
pub mod templates;
pub mod types;
mod volumes;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::wire::{Protocol, Service};
use super::world::World;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Ec2 {
    /// By id, `lt-…`.
    pub templates: BTreeMap<String, templates::LaunchTemplate>,
    /// By id, `i-…`.
    pub instances: BTreeMap<String, instances::Instance>,
    pub volumes: BTreeMap<String, volumes::Volume>,
    pub encryption: volumes::encryption::Encryption,
    pub images: BTreeMap<String, images::Image>,
    /// Names and ids of the region's zones.
    pub zones: Vec<(String, String)>,
    pub vpcs: BTreeMap<String, network::Vpc>,
    pub subnets: BTreeMap<String, network::Subnet>,
    pub route_tables: BTreeMap<String, routes::RouteTable>,
    pub internet_gateways: BTreeMap<String, gateways::InternetGateway>,
    pub nat_gateways: BTreeMap<String, gateways::NatGateway>,
    /// Elastic IP addresses by allocation id.
    pub addresses: BTreeMap<String, gateways::Address>,
    pub endpoints: BTreeMap<String, endpoints::Endpoint>,
    pub security_groups: BTreeMap<String, security_groups::SecurityGroup>,
    pub network_acls: BTreeMap<String, network_acls::NetworkAcl>,
    /// Where the control planes of clusters have interfaces, by the cluster's name.
    pub control_planes: BTreeMap<String, Vec<endpoints::Place>>,
    /// Id of the image that EKS gives nodes whose template names none.
    pub node_image: String,
    /// What client tokens bring back, oldest first.
    pub answered: Vec<conventions::Answered>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A pending instance runs, or has died.
    Settles {
        instance: String,
    },
    Terminated {
        instance: String,
    },
    Stopped {
        instance: String,
    },
    /// The status checks of an instance that runs have passed: nothing happens, but it shows from now on.
    Checked {
        instance: String,
    },
    /// The record of a terminated instance goes away.
    Forgotten {
        instance: String,
    },
    /// A volume made by itself is available, or gone.
    VolumeSettles {
        volume: String,
    },
    NatGatewaySettles {
        gateway: String,
    },
}

pub(super) fn handle(world: &mut World, event: Event) {
    match event {
        Event::Settles { instance } => launch::settle(world, &instance),
        Event::Terminated { instance } => instances::terminated(world, &instance),
        Event::Stopped { instance } => instances::stopped(world, &instance),
        Event::Checked { instance: _ } => {}
        Event::Forgotten { instance } => {
            world.ec2.instances.remove(&instance);
        }
        Event::VolumeSettles { volume } => volumes::settle(world, &volume),
        Event::NatGatewaySettles { gateway } => gateways::settle_nat(world, &gateway),
    }
}

pub fn service() -> Service {
    let operations = [
        account::operations(),
        endpoints::operations(),
        gateways::operations(),
        images::operations(),
        instances::operations(),
        interfaces::operations(),
        network::operations(),
        network_acls::operations(),
        routes::operations(),
        security_groups::operations(),
        tags::operations(),
        templates::operations(),
        types::operations(),
        volumes::operations(),
    ];
    Service {
        signing_name: "ec2",
        protocol: Protocol::Ec2,
        selector: "2016-11-15",
        namespace: "http://ec2.amazonaws.com/doc/2016-11-15/",
        operations: operations
            .into_iter()
            .flatten()
            .map(|operation| operation.guarded(conventions::guard))
            .collect(),
    }
}

/// A truth value as EC2 sends it where it sets an attribute.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Flag {
    value: bool,
}

/// A tag as EC2 reads and writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tag {
    #[serde(rename(deserialize = "Key", serialize = "key"), alias = "key")]
    pub key: String,
    #[serde(
        rename(deserialize = "Value", serialize = "value"),
        alias = "value",
        default
    )]
    pub value: String,
}

/// Tags to put on what an operation makes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TagSpecification {
    #[serde(
        rename(deserialize = "ResourceType", serialize = "resourceType"),
        alias = "resourceType"
    )]
    pub resource_type: String,
    #[serde(
        rename(deserialize = "Tag", serialize = "tagSet"),
        alias = "tagSet",
        default
    )]
    pub tags: Vec<Tag>,
}

pub type Tags = BTreeMap<String, String>;

fn tag_set(tags: &Tags) -> Value {
    tags.iter()
        .map(|(key, value)| json!({ "key": key, "value": value }))
        .collect()
}

fn tags_for(specifications: &[TagSpecification], resource_type: &str) -> Tags {
    specifications
        .iter()
        .filter(|specification| specification.resource_type == resource_type)
        .flat_map(|specification| &specification.tags)
        .map(|tag| (tag.key.clone(), tag.value.clone()))
        .collect()
}
