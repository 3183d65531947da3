//! Tags: one way to set, remove and describe them, whatever they are on.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::resource::{Pick, Resource, describing};
use super::{Ec2, Tag, Tags};

/// The prefixes of ids, with the names of what has them.
const KINDS: [(&str, &str); 14] = [
    ("i-", "instance"),
    ("vol-", "volume"),
    ("lt-", "launch-template"),
    ("vpc-", "vpc"),
    ("subnet-", "subnet"),
    ("rtb-", "route-table"),
    ("igw-", "internet-gateway"),
    ("nat-", "natgateway"),
    ("eipalloc-", "elastic-ip"),
    ("sg-", "security-group"),
    ("sgr-", "security-group-rule"),
    ("acl-", "network-acl"),
    ("vpce-", "vpc-endpoint"),
    ("ami-", "image"),
];

fn kind(id: &str) -> &'static str {
    KINDS
        .iter()
        .find(|(prefix, _)| id.starts_with(prefix))
        .map_or("", |(_, kind)| kind)
}

/// The tags of a resource.
fn tags_of<'a>(ec2: &'a mut Ec2, id: &str) -> Option<&'a mut Tags> {
    match kind(id) {
        "instance" => ec2.instances.get_mut(id).map(|found| &mut found.tags),
        "volume" => ec2.volumes.get_mut(id).map(|found| &mut found.tags),
        "launch-template" => ec2.templates.get_mut(id).map(|found| &mut found.tags),
        "vpc" => ec2.vpcs.get_mut(id).map(|found| &mut found.tags),
        "subnet" => ec2.subnets.get_mut(id).map(|found| &mut found.tags),
        "route-table" => ec2.route_tables.get_mut(id).map(|found| &mut found.tags),
        "internet-gateway" => ec2
            .internet_gateways
            .get_mut(id)
            .map(|found| &mut found.tags),
        "natgateway" => ec2.nat_gateways.get_mut(id).map(|found| &mut found.tags),
        "elastic-ip" => ec2.addresses.get_mut(id).map(|found| &mut found.tags),
        "security-group" => ec2.security_groups.get_mut(id).map(|found| &mut found.tags),
        "security-group-rule" => {
            let mut groups = ec2.security_groups.values_mut();
            groups.find_map(|group| group.rules.get_mut(id).map(|found| &mut found.tags))
        }
        "network-acl" => ec2.network_acls.get_mut(id).map(|found| &mut found.tags),
        "vpc-endpoint" => ec2.endpoints.get_mut(id).map(|found| &mut found.tags),
        "image" => ec2.images.get_mut(id).map(|found| &mut found.tags),
        _ => None,
    }
}

/// Every tag of a kind of resources.
fn all_of<T: Resource>(world: &World) -> Vec<Tagging> {
    T::all(world)
        .iter()
        .flat_map(|one| {
            one.tags()
                .iter()
                .map(|(key, value)| Tagging::new(one.id(), key, value))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// One tag on one resource.
#[derive(Debug, Clone)]
struct Tagging {
    /// Orders the tags: resource, then key.
    id: String,
    resource: String,
    key: String,
    value: String,
}

impl Tagging {
    fn new(resource: &str, key: &str, value: &str) -> Tagging {
        Tagging {
            id: format!("{resource}/{key}"),
            resource: resource.to_owned(),
            key: key.to_owned(),
            value: value.to_owned(),
        }
    }
}

static NO_TAGS: Tags = Tags::new();

impl Resource for Tagging {
    const SET: &'static str = "tagSet";
    const PICKED_BY: &'static [Pick] = &[];

    fn all(world: &World) -> Vec<Cow<'_, Self>> {
        [
            all_of::<super::instances::Instance>(world),
            all_of::<super::volumes::Volume>(world),
            all_of::<super::templates::LaunchTemplate>(world),
            all_of::<super::network::Vpc>(world),
            all_of::<super::network::Subnet>(world),
            all_of::<super::routes::RouteTable>(world),
            all_of::<super::gateways::InternetGateway>(world),
            all_of::<super::gateways::NatGateway>(world),
            all_of::<super::gateways::Address>(world),
            all_of::<super::security_groups::SecurityGroup>(world),
            all_of::<super::security_groups::Rule>(world),
            all_of::<super::network_acls::NetworkAcl>(world),
            all_of::<super::endpoints::Endpoint>(world),
            all_of::<super::images::Image>(world),
        ]
        .into_iter()
        .flatten()
        .map(Cow::Owned)
        .collect()
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn tags(&self) -> &Tags {
        &NO_TAGS
    }

    fn values(&self, _world: &World, filter: &str) -> Option<Vec<String>> {
        let value = match filter {
            "resource-id" => &self.resource,
            "resource-type" => kind(&self.resource),
            "key" => &self.key,
            "value" => &self.value,
            // `tag:KEY` finds the tags themselves here.
            other if other.strip_prefix("tag:") == Some(&self.key) => &self.value,
            other if other.starts_with("tag:") => return Some(Vec::new()),
            _ => return None,
        };
        Some(vec![value.to_owned()])
    }

    fn view(&self, _world: &World) -> Value {
        json!({
            "resourceId": self.resource,
            "resourceType": kind(&self.resource),
            "key": self.key,
            "value": self.value,
        })
    }
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        describing::<Tagging>("DescribeTags"),
        Operation::new("CreateTags", create),
        Operation::new("DeleteTags", delete),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateRequest {
    #[serde(rename = "ResourceId", default)]
    ids: Vec<String>,
    #[serde(rename = "Tag", default)]
    tags: Vec<Tag>,
}

fn create(world: &mut World, _call: &Call, request: CreateRequest) -> Result<Value, Refusal> {
    for tag in &request.tags {
        require_own(&tag.key)?;
    }
    require_all(world, &request.ids)?;
    for id in &request.ids {
        if let Some(tags) = tags_of(&mut world.ec2, id) {
            let new = request.tags.iter();
            tags.extend(new.map(|tag| (tag.key.clone(), tag.value.clone())));
        }
    }
    Ok(Value::Null)
}

/// Tags of AWS's own are not for users.
fn require_own(key: &str) -> Result<(), Refusal> {
    if key.to_ascii_lowercase().starts_with("aws:") {
        return Err(Refusal::bad(
            "InvalidParameterValue",
            "Tag keys starting with 'aws:' are reserved for internal use",
        ));
    }
    Ok(())
}

fn require_all(world: &mut World, ids: &[String]) -> Result<(), Refusal> {
    match ids.iter().find(|id| tags_of(&mut world.ec2, id).is_none()) {
        None => Ok(()),
        Some(id) => Err(Refusal::bad(
            "InvalidID",
            format!("The ID '{id}' is not valid"),
        )),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeleteRequest {
    #[serde(rename = "ResourceId", default)]
    ids: Vec<String>,
    /// Without any, all tags go.
    #[serde(rename = "Tag", default)]
    tags: Vec<Unwanted>,
}

/// A tag to remove: whatever its value, or only if it has this one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unwanted {
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "Value")]
    value: Option<String>,
}

fn delete(world: &mut World, _call: &Call, request: DeleteRequest) -> Result<Value, Refusal> {
    for tag in &request.tags {
        require_own(&tag.key)?;
    }
    require_all(world, &request.ids)?;
    let goes = |key: &str, value: &str| {
        let named = |tag: &Unwanted| {
            tag.key == key && tag.value.as_ref().is_none_or(|wanted| wanted == value)
        };
        !key.starts_with("aws:") && (request.tags.is_empty() || request.tags.iter().any(named))
    };
    for id in &request.ids {
        if let Some(tags) = tags_of(&mut world.ec2, id) {
            tags.retain(|key, value| !goes(key, value));
        }
    }
    Ok(Value::Null)
}
