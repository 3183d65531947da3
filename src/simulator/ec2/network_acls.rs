//! Network ACLs: numbered rules at the border of a subnet. They know no connections: answers need a rule of their own.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::addresses::Cidr;
use super::resource::{Pick, Resource, describing, every, require, require_mut};
use super::{TagSpecification, Tags, tag_set, tags_for};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NetworkAcl {
    pub id: String,
    pub vpc: String,
    pub default: bool,
    /// Subnets by association id.
    pub associations: BTreeMap<String, String>,
    pub entries: Vec<Entry>,
    pub tags: Tags,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub number: u16,
    pub egress: bool,
    /// `-1` for all, `6` for TCP.
    pub protocol: String,
    pub allow: bool,
    pub cidr: String,
    pub ports: Option<(u16, u16)>,
}

/// The rule that denies what no other rule decides.
const LAST: u16 = 32767;

/// Ports at which Linux waits for answers.
pub(super) const EPHEMERAL: (u16, u16) = (32768, 60999);

impl Entry {
    pub(super) fn everything(number: u16, egress: bool, allow: bool) -> Entry {
        Entry {
            number,
            egress,
            protocol: "-1".to_owned(),
            allow,
            cidr: "0.0.0.0/0".to_owned(),
            ports: None,
        }
    }

    fn decides(&self, egress: bool, other: Ipv4Addr, port: u16) -> bool {
        let ports = self
            .ports
            .is_none_or(|(from, to)| (from..=to).contains(&port));
        self.egress == egress
            && matches!(self.protocol.as_str(), "-1" | "6")
            && ports
            && Cidr::parse(&self.cidr).is_some_and(|range| range.contains(other))
    }

    fn view(&self) -> Value {
        json!({
            "ruleNumber": self.number,
            "protocol": self.protocol,
            "ruleAction": if self.allow { "allow" } else { "deny" },
            "egress": self.egress,
            "cidrBlock": self.cidr,
            "portRange": self.ports.map(|(from, to)| json!({ "from": from, "to": to })),
        })
    }
}

impl NetworkAcl {
    /// An ACL that denies everything.
    pub(super) fn new(id: String, vpc: &str, tags: Tags) -> NetworkAcl {
        NetworkAcl {
            id,
            vpc: vpc.to_owned(),
            default: false,
            associations: BTreeMap::new(),
            entries: vec![
                Entry::everything(LAST, true, false),
                Entry::everything(LAST, false, false),
            ],
            tags,
        }
    }

    /// Whether TCP packets pass to (`egress`) or from `other` with this destination port.
    fn passes(&self, egress: bool, other: Ipv4Addr, port: u16) -> bool {
        let deciding = self
            .entries
            .iter()
            .filter(|entry| entry.decides(egress, other, port));
        deciding
            .min_by_key(|entry| entry.number)
            .is_some_and(|entry| entry.allow)
    }
}

/// Whether a host of a subnet can open TCP connections to a port of `other`, answers included.
pub(super) fn can_connect(world: &World, subnet: &str, other: Ipv4Addr, port: u16) -> bool {
    acl_of(world, subnet).is_none_or(|acl| {
        acl.passes(true, other, port)
            && acl.passes(false, other, EPHEMERAL.0)
            && acl.passes(false, other, EPHEMERAL.1)
    })
}

/// Whether a host of a subnet can be connected to at a port by `other`, answers included.
pub(super) fn can_be_reached(world: &World, subnet: &str, other: Ipv4Addr, port: u16) -> bool {
    acl_of(world, subnet).is_none_or(|acl| {
        acl.passes(false, other, port)
            && acl.passes(true, other, EPHEMERAL.0)
            && acl.passes(true, other, EPHEMERAL.1)
    })
}

/// The ACL that a subnet is associated with, or the default one of its VPC.
fn acl_of<'a>(world: &'a World, subnet: &str) -> Option<&'a NetworkAcl> {
    let acls = &world.ec2.network_acls;
    let own = acls
        .values()
        .find(|acl| acl.associations.values().any(|known| known == subnet));
    own.or_else(|| {
        let vpc = &world.ec2.subnets.get(subnet)?.vpc;
        acls.values().find(|acl| acl.default && acl.vpc == *vpc)
    })
}

impl Resource for NetworkAcl {
    const SET: &'static str = "networkAclSet";
    const PICKED_BY: &'static [Pick] = &[Pick::new(
        "NetworkAclId",
        "network-acl-id",
        "InvalidNetworkAclID.NotFound",
        "The networkAcl ID '{}' does not exist",
    )];

    fn all(world: &World) -> Vec<Cow<'_, Self>> {
        every(&world.ec2.network_acls)
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn values(&self, world: &World, filter: &str) -> Option<Vec<String>> {
        let associations = associations(world, self);
        match filter {
            "network-acl-id" | "association.network-acl-id" => Some(vec![self.id.clone()]),
            "vpc-id" => Some(vec![self.vpc.clone()]),
            "owner-id" => Some(vec![world.account.clone()]),
            "default" => Some(vec![self.default.to_string()]),
            "association.association-id" => Some(associations.into_keys().collect()),
            "association.subnet-id" => Some(associations.into_values().collect()),
            _ => None,
        }
    }

    fn view(&self, world: &World) -> Value {
        let associations: Vec<Value> = associations(world, self)
            .iter()
            .map(|(id, subnet)| {
                json!({
                    "networkAclAssociationId": id, "networkAclId": self.id, "subnetId": subnet,
                })
            })
            .collect();
        json!({
            "networkAclId": self.id,
            "vpcId": self.vpc,
            "ownerId": world.account,
            "default": self.default,
            "entrySet": self.entries.iter().map(Entry::view).collect::<Vec<_>>(),
            "associationSet": associations,
            "tagSet": tag_set(&self.tags),
        })
    }
}

/// The subnets of an ACL; the default one has all that have no other.
fn associations(world: &World, acl: &NetworkAcl) -> BTreeMap<String, String> {
    if !acl.default {
        return acl.associations.clone();
    }
    world
        .ec2
        .subnets
        .values()
        .filter(|subnet| acl_of(world, &subnet.id).is_some_and(|found| found.id == acl.id))
        .map(|subnet| {
            let id = subnet.id.replacen("subnet-", "aclassoc-", 1);
            (id, subnet.id.clone())
        })
        .collect()
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        describing::<NetworkAcl>("DescribeNetworkAcls"),
        Operation::new("CreateNetworkAcl", create),
        Operation::new("DeleteNetworkAcl", delete),
        Operation::new("CreateNetworkAclEntry", create_entry),
        Operation::new("ReplaceNetworkAclEntry", replace_entry),
        Operation::new("DeleteNetworkAclEntry", delete_entry),
        Operation::new("ReplaceNetworkAclAssociation", replace_association),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateRequest {
    vpc_id: String,
    #[serde(default, rename = "TagSpecification")]
    tags: Vec<TagSpecification>,
}

fn create(world: &mut World, _call: &Call, request: CreateRequest) -> Result<Value, Refusal> {
    require(&world.ec2.vpcs, &request.vpc_id)?;
    let id = world.resource_id("acl");
    let tags = tags_for(&request.tags, "network-acl");
    let acl = NetworkAcl::new(id.clone(), &request.vpc_id, tags);
    let view = acl.view(world);
    world.ec2.network_acls.insert(id, acl);
    Ok(json!({ "networkAcl": view }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AclRequest {
    network_acl_id: String,
}

fn delete(world: &mut World, _call: &Call, request: AclRequest) -> Result<Value, Refusal> {
    let acl = require(&world.ec2.network_acls, &request.network_acl_id)?;
    if acl.default || !acl.associations.is_empty() {
        let message = format!(
            "The networkAcl '{}' has dependencies and cannot be deleted.",
            acl.id
        );
        return Err(Refusal::bad("DependencyViolation", message));
    }
    world.ec2.network_acls.remove(&request.network_acl_id);
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct EntryRequest {
    network_acl_id: String,
    rule_number: u16,
    egress: bool,
    protocol: String,
    rule_action: String,
    cidr_block: String,
    port_range: Option<PortRange>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PortRange {
    from: u16,
    to: u16,
}

impl EntryRequest {
    fn entry(&self) -> Result<Entry, Refusal> {
        let cidr = Cidr::parse(&self.cidr_block).ok_or_else(|| {
            let message = format!(
                "Value ({}) for parameter cidrBlock is invalid. This is not a valid CIDR block.",
                self.cidr_block
            );
            Refusal::bad("InvalidParameterValue", message)
        })?;
        let protocol = match self.protocol.as_str() {
            "tcp" => "6",
            "udp" => "17",
            "icmp" => "1",
            "all" => "-1",
            other => other,
        };
        Ok(Entry {
            number: self.rule_number,
            egress: self.egress,
            protocol: protocol.to_owned(),
            allow: self.rule_action == "allow",
            cidr: cidr.to_string(),
            ports: self.port_range.as_ref().map(|range| (range.from, range.to)),
        })
    }
}

fn create_entry(world: &mut World, _call: &Call, request: EntryRequest) -> Result<Value, Refusal> {
    let entry = request.entry()?;
    let acl = require_mut(&mut world.ec2.network_acls, &request.network_acl_id)?;
    if position(acl, entry.number, entry.egress).is_some() {
        let message = format!(
            "The network acl entry identified by {} already exists.",
            entry.number
        );
        return Err(Refusal::bad("NetworkAclEntryAlreadyExists", message));
    }
    acl.entries.push(entry);
    acl.entries
        .sort_by_key(|entry| (!entry.egress, entry.number));
    Ok(Value::Null)
}

fn replace_entry(world: &mut World, _call: &Call, request: EntryRequest) -> Result<Value, Refusal> {
    let entry = request.entry()?;
    let acl = require_mut(&mut world.ec2.network_acls, &request.network_acl_id)?;
    let at = position(acl, entry.number, entry.egress)
        .ok_or_else(|| no_entry(&request.network_acl_id, entry.number, entry.egress))?;
    acl.entries[at] = entry;
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteEntryRequest {
    network_acl_id: String,
    rule_number: u16,
    egress: bool,
}

fn delete_entry(
    world: &mut World,
    _call: &Call,
    request: DeleteEntryRequest,
) -> Result<Value, Refusal> {
    let acl = require_mut(&mut world.ec2.network_acls, &request.network_acl_id)?;
    let at = position(acl, request.rule_number, request.egress)
        .ok_or_else(|| no_entry(&acl.id, request.rule_number, request.egress))?;
    acl.entries.remove(at);
    Ok(Value::Null)
}

/// Where a rule is; the last rule of each direction cannot be touched.
fn position(acl: &NetworkAcl, number: u16, egress: bool) -> Option<usize> {
    acl.entries
        .iter()
        .position(|entry| entry.number == number && entry.egress == egress && number != LAST)
}

fn no_entry(acl: &str, number: u16, egress: bool) -> Refusal {
    let direction = if egress { "egress" } else { "ingress" };
    Refusal::bad(
        "InvalidNetworkAclEntry.NotFound",
        format!("The specified network acl entry {number} ({direction}) does not exist in {acl}"),
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ReplaceAssociationRequest {
    association_id: String,
    network_acl_id: String,
}

fn replace_association(
    world: &mut World,
    _call: &Call,
    request: ReplaceAssociationRequest,
) -> Result<Value, Refusal> {
    let (old, to) = (request.association_id, request.network_acl_id);
    require(&world.ec2.network_acls, &to)?;
    let subnet = world
        .ec2
        .network_acls
        .values()
        .find_map(|acl| associations(world, acl).remove(&old))
        .ok_or_else(|| {
            let message = format!("The association ID '{old}' does not exist");
            Refusal::bad("InvalidAssociationID.NotFound", message)
        })?;
    let new = world.resource_id("aclassoc");
    for acl in world.ec2.network_acls.values_mut() {
        acl.associations.retain(|_, known| *known != subnet);
    }
    let acl = require_mut(&mut world.ec2.network_acls, &to)?;
    // The default ACL has what no other has.
    let id = if acl.default {
        subnet.replacen("subnet-", "aclassoc-", 1)
    } else {
        acl.associations.insert(new.clone(), subnet);
        new
    };
    Ok(json!({ "newAssociationId": id }))
}
