//! Instances and what they are launched from: templates, network, volumes. EC2 asks the key of an
//! encrypted volume as its caller; an instance whose volume the key refuses dies while pending.

pub mod filter;
pub mod instances;
pub mod launch;
pub mod network;
pub mod templates;

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
    pub vpcs: BTreeMap<String, network::Vpc>,
    pub subnets: BTreeMap<String, network::Subnet>,
    /// Id of the image that EKS gives nodes whose template names none.
    pub node_image: String,
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
    /// The record of a terminated instance goes away.
    Forgotten {
        instance: String,
    },
}

pub(super) fn handle(world: &mut World, event: Event) {
    match event {
        Event::Settles { instance } => launch::settle(world, &instance),
        Event::Terminated { instance } => instances::terminated(world, &instance),
        Event::Forgotten { instance } => {
            world.ec2.instances.remove(&instance);
        }
    }
}

pub fn service() -> Service {
    Service {
        signing_name: "ec2",
        protocol: Protocol::Ec2,
        selector: "2016-11-15",
        namespace: "http://ec2.amazonaws.com/doc/2016-11-15/",
        operations: [
            templates::operations(),
            instances::operations(),
            network::operations(),
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
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
