//! What belongs to no resource: regions, attributes of the account, key pairs, of which this account has none.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::Tags;
use super::filter::{Filter, passes};
use super::resource::{Pick, Resource, describing};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("DescribeRegions", describe_regions),
        Operation::new("DescribeAccountAttributes", describe_attributes),
        describing::<KeyPair>("DescribeKeyPairs"),
    ]
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RegionsRequest {
    #[serde(rename = "RegionName")]
    names: Vec<String>,
    #[serde(rename = "Filter")]
    filters: Vec<Filter>,
    /// The world has one region, which needs no opting in.
    #[serde(rename = "AllRegions")]
    _all: bool,
}

fn describe_regions(
    world: &mut World,
    _call: &Call,
    request: RegionsRequest,
) -> Result<Value, Refusal> {
    let region = &world.region;
    let endpoint = format!("ec2.{region}.amazonaws.com");
    if let Some(other) = request.names.iter().find(|name| *name != region) {
        let message = format!("Invalid region name: '{other}'");
        return Err(Refusal::bad("InvalidParameterValue", message));
    }
    let values = |filter: &str| match filter {
        "region-name" => Some(vec![region.clone()]),
        "endpoint" => Some(vec![endpoint.clone()]),
        "opt-in-status" => Some(vec!["opt-in-not-required".to_owned()]),
        _ => None,
    };
    let found = passes(&request.filters, values)?.then(|| {
        json!({
            "regionName": region,
            "regionEndpoint": endpoint,
            "optInStatus": "opt-in-not-required",
        })
    });
    Ok(json!({ "regionInfo": found.into_iter().collect::<Vec<_>>() }))
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct AttributesRequest {
    #[serde(rename = "AttributeName")]
    names: Vec<String>,
}

/// The attributes that a new account has; there is no default VPC.
const ATTRIBUTES: [(&str, &str); 6] = [
    ("supported-platforms", "VPC"),
    ("default-vpc", "none"),
    ("max-instances", "20"),
    ("vpc-max-security-groups-per-interface", "5"),
    ("max-elastic-ips", "5"),
    ("vpc-max-elastic-ips", "5"),
];

fn describe_attributes(
    _world: &mut World,
    _call: &Call,
    request: AttributesRequest,
) -> Result<Value, Refusal> {
    let attributes: Vec<Value> = ATTRIBUTES
        .iter()
        .filter(|(name, _)| request.names.is_empty() || request.names.iter().any(|known| known == name))
        .map(|(name, value)| {
            json!({ "attributeName": name, "attributeValueSet": [{ "attributeValue": value }] })
        })
        .collect();
    Ok(json!({ "accountAttributeSet": attributes }))
}

/// A key pair; nothing makes one, so that each that is named is not there.
#[derive(Debug, Clone)]
enum KeyPair {}

impl Resource for KeyPair {
    const SET: &'static str = "keySet";
    const PICKED_BY: &'static [Pick] = &[
        Pick::new(
            "KeyName",
            "key-name",
            "InvalidKeyPair.NotFound",
            "The key pair '{}' does not exist",
        ),
        Pick::new(
            "KeyPairId",
            "key-pair-id",
            "InvalidKeyPair.NotFound",
            "The key pair '{}' does not exist",
        ),
    ];
    // What is not there has no public key to show.
    const FLAGS: &'static [&'static str] = &["IncludePublicKey"];

    fn all(_world: &World) -> Vec<Cow<'_, Self>> {
        Vec::new()
    }

    fn id(&self) -> &str {
        match *self {}
    }

    fn tags(&self) -> &Tags {
        match *self {}
    }

    fn values(&self, _world: &World, _filter: &str) -> Option<Vec<String>> {
        match *self {}
    }

    fn view(&self, _world: &World) -> Value {
        match *self {}
    }
}
