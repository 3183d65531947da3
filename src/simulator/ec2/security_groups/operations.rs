//! Operations on security groups and their rules.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::super::refusal::Refusal;
use super::super::super::wire::{Call, Operation};
use super::super::super::world::World;
use super::super::addresses::Cidr;
use super::super::resource::{Resource, describing, require, require_mut};
use super::super::{TagSpecification, Tags, interfaces, tags_for};
use super::{Peer, Rule, SecurityGroup, Traffic};

pub(in super::super) fn operations() -> Vec<Operation> {
    vec![
        describing::<SecurityGroup>("DescribeSecurityGroups"),
        describing::<Rule>("DescribeSecurityGroupRules"),
        Operation::new("CreateSecurityGroup", create),
        Operation::new("DeleteSecurityGroup", delete),
        Operation::new("AuthorizeSecurityGroupIngress", authorize_ingress),
        Operation::new("AuthorizeSecurityGroupEgress", authorize_egress),
        Operation::new("RevokeSecurityGroupIngress", revoke_ingress),
        Operation::new("RevokeSecurityGroupEgress", revoke_egress),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateRequest {
    group_name: String,
    group_description: String,
    /// Without it EC2 takes the default VPC, which this account has not.
    vpc_id: Option<String>,
    #[serde(default, rename = "TagSpecification")]
    tags: Vec<TagSpecification>,
}

fn create(world: &mut World, _call: &Call, request: CreateRequest) -> Result<Value, Refusal> {
    let vpc = request
        .vpc_id
        .ok_or_else(|| Refusal::bad("VPCIdNotSpecified", "No default VPC for this user"))?;
    require(&world.ec2.vpcs, &vpc)?;
    let name = request.group_name;
    let taken = world
        .ec2
        .security_groups
        .values()
        .any(|group| group.vpc == vpc && group.name == name);
    if taken {
        let message = format!("The security group '{name}' already exists for VPC '{vpc}'");
        return Err(Refusal::bad("InvalidGroup.Duplicate", message));
    }
    if name.starts_with("sg-") {
        let message = "Invalid value for groupName; group names may not be in the format sg-*";
        return Err(Refusal::bad("InvalidParameterValue", message));
    }
    let id = world.resource_id("sg");
    let tags = tags_for(&request.tags, "security-group");
    let group = SecurityGroup::new(
        world,
        id.clone(),
        &name,
        &request.group_description,
        &vpc,
        tags,
    );
    let view = group.view(world);
    world.ec2.security_groups.insert(id, group);
    Ok(json!({
        "groupId": view["groupId"],
        "securityGroupArn": view["securityGroupArn"],
        "tagSet": view["tagSet"],
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GroupRequest {
    group_id: String,
}

fn delete(world: &mut World, _call: &Call, request: GroupRequest) -> Result<Value, Refusal> {
    let id = request.group_id;
    let group = require(&world.ec2.security_groups, &id)?;
    if group.name == "default" {
        let message =
            format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user");
        return Err(Refusal::bad("CannotDelete", message));
    }
    let in_use = interfaces::all(world)
        .iter()
        .any(|interface| interface.groups.contains(&id));
    let named = world.ec2.security_groups.values().any(|other| {
        other.id != id
            && other
                .rules
                .values()
                .any(|rule| rule.peer == Peer::Group(id.clone()))
    });
    if in_use || named {
        let message = format!("resource {id} has a dependent object");
        return Err(Refusal::bad("DependencyViolation", message));
    }
    world.ec2.security_groups.remove(&id);
    Ok(json!({ "return": true, "groupId": id }))
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct RulesRequest {
    group_id: Option<String>,
    group_name: Option<String>,
    ip_permissions: Vec<Permission>,
    ip_protocol: Option<String>,
    from_port: Option<i32>,
    to_port: Option<i32>,
    cidr_ip: Option<String>,
    #[serde(rename = "SourceSecurityGroupName")]
    source_group: Option<String>,
    /// Groups of other accounts cannot be looked into.
    #[serde(rename = "SourceSecurityGroupOwnerId")]
    _source_owner: Option<String>,
    #[serde(rename = "SecurityGroupRuleId")]
    rules: Vec<String>,
    #[serde(rename = "TagSpecification")]
    tags: Vec<TagSpecification>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct Permission {
    ip_protocol: String,
    from_port: Option<i32>,
    to_port: Option<i32>,
    ip_ranges: Vec<Range>,
    #[serde(rename = "Ipv6Ranges")]
    ipv6_ranges: Vec<Range>,
    prefix_list_ids: Vec<Range>,
    groups: Vec<GroupPair>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Range {
    #[serde(alias = "CidrIp", alias = "CidrIpv6", alias = "PrefixListId")]
    value: String,
    #[serde(rename = "Description")]
    description: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct GroupPair {
    group_id: Option<String>,
    group_name: Option<String>,
    description: Option<String>,
    /// Groups of other accounts and VPCs cannot be looked into.
    #[serde(rename = "UserId")]
    _user_id: Option<String>,
    #[serde(rename = "VpcId")]
    _vpc_id: Option<String>,
}

/// What a request says of one rule.
struct Wanted {
    traffic: Traffic,
    peer: Peer,
    description: Option<String>,
}

impl RulesRequest {
    fn group(&self, world: &World) -> Result<String, Refusal> {
        match (&self.group_id, &self.group_name) {
            (Some(id), _) => Ok(require(&world.ec2.security_groups, id)?.id.clone()),
            (None, Some(name)) => by_name(world, name),
            (None, None) => Err(Refusal::bad(
                "MissingParameter",
                "The request must contain the parameter groupName or groupId",
            )),
        }
    }

    fn wanted(&self, world: &World) -> Result<Vec<Wanted>, Refusal> {
        let mut wanted = Vec::new();
        for permission in &self.ip_permissions {
            let traffic = traffic(
                &permission.ip_protocol,
                permission.from_port,
                permission.to_port,
            )?;
            for (peer, description) in permission.peers(world)? {
                wanted.push(Wanted {
                    traffic: traffic.clone(),
                    peer,
                    description,
                });
            }
        }
        let single = match (&self.cidr_ip, &self.source_group) {
            (Some(range), _) => Some(Peer::Cidr(ipv4_range(range)?)),
            (None, Some(name)) => Some(Peer::Group(by_name(world, name)?)),
            (None, None) => None,
        };
        if let Some(peer) = single {
            let protocol = self.ip_protocol.as_deref().unwrap_or("-1");
            wanted.push(Wanted {
                traffic: traffic(protocol, self.from_port, self.to_port)?,
                peer,
                description: None,
            });
        }
        if wanted.is_empty() {
            return Err(Refusal::bad(
                "MissingParameter",
                "The request must contain the parameter ipPermissions",
            ));
        }
        Ok(wanted)
    }
}

impl Permission {
    fn peers(&self, world: &World) -> Result<Vec<(Peer, Option<String>)>, Refusal> {
        let mut peers = Vec::new();
        for range in &self.ip_ranges {
            let peer = Peer::Cidr(ipv4_range(&range.value)?);
            peers.push((peer, range.description.clone()));
        }
        for range in &self.ipv6_ranges {
            peers.push((Peer::Ipv6(range.value.clone()), range.description.clone()));
        }
        for list in &self.prefix_list_ids {
            let peer = Peer::PrefixList(list.value.clone());
            peers.push((peer, list.description.clone()));
        }
        for pair in &self.groups {
            let id = match (&pair.group_id, &pair.group_name) {
                (Some(id), _) => require(&world.ec2.security_groups, id)?.id.clone(),
                (None, name) => by_name(world, name.as_deref().unwrap_or_default())?,
            };
            peers.push((Peer::Group(id), pair.description.clone()));
        }
        Ok(peers)
    }
}

fn by_name(world: &World, name: &str) -> Result<String, Refusal> {
    let mut groups = world.ec2.security_groups.values();
    let found = groups.find(|group| group.name == name);
    found.map(|group| group.id.clone()).ok_or_else(|| {
        let message = format!("The security group '{name}' does not exist");
        Refusal::bad("InvalidGroup.NotFound", message)
    })
}

fn ipv4_range(text: &str) -> Result<String, Refusal> {
    let range = Cidr::parse(text).map(|range| range.to_string());
    range.ok_or_else(|| {
        let message = format!("CIDR block {text} is malformed");
        Refusal::bad("InvalidParameterValue", message)
    })
}

/// The protocol by the name that EC2 shows, with its ports.
fn traffic(protocol: &str, from: Option<i32>, to: Option<i32>) -> Result<Traffic, Refusal> {
    let protocol = match protocol {
        "6" => "tcp",
        "17" => "udp",
        "1" => "icmp",
        "58" => "icmpv6",
        "all" => "-1",
        other => other,
    };
    // Other protocols have no ports.
    let has_ports = matches!(protocol, "tcp" | "udp" | "icmp" | "icmpv6");
    if !has_ports {
        return Ok(Traffic {
            protocol: protocol.to_owned(),
            from: None,
            to: None,
        });
    }
    if matches!(protocol, "tcp" | "udp") {
        let (from, to) = (from.unwrap_or(0), to.unwrap_or(65535));
        if from > to || !(0..=65535).contains(&from) || !(0..=65535).contains(&to) {
            let message = format!("Invalid value '{from}-{to}' for portRange.");
            return Err(Refusal::bad("InvalidParameterValue", message));
        }
    }
    Ok(Traffic {
        protocol: protocol.to_owned(),
        from,
        to,
    })
}

fn authorize_ingress(
    world: &mut World,
    _call: &Call,
    request: RulesRequest,
) -> Result<Value, Refusal> {
    authorize(world, &request, false)
}

fn authorize_egress(
    world: &mut World,
    _call: &Call,
    request: RulesRequest,
) -> Result<Value, Refusal> {
    authorize(world, &request, true)
}

fn authorize(world: &mut World, request: &RulesRequest, egress: bool) -> Result<Value, Refusal> {
    let (group, wanted) = (request.group(world)?, request.wanted(world)?);
    let known = &require(&world.ec2.security_groups, &group)?.rules;
    for rule in &wanted {
        if known.values().any(|known| is(known, egress, rule)) {
            return Err(duplicate(rule));
        }
    }
    let tags = tags_for(&request.tags, "security-group-rule");
    let mut added = Vec::new();
    for rule in wanted {
        let rule = new_rule(world, &group, egress, rule, tags.clone());
        added.push(rule.view(world));
        require_mut(&mut world.ec2.security_groups, &group)?
            .rules
            .insert(rule.id.clone(), rule);
    }
    Ok(json!({ "return": true, "securityGroupRuleSet": added }))
}

fn new_rule(world: &mut World, group: &str, egress: bool, rule: Wanted, tags: Tags) -> Rule {
    Rule {
        id: world.resource_id("sgr"),
        group: group.to_owned(),
        egress,
        traffic: rule.traffic,
        peer: rule.peer,
        description: rule.description,
        tags,
    }
}

fn is(known: &Rule, egress: bool, wanted: &Wanted) -> bool {
    known.egress == egress && known.traffic == wanted.traffic && known.peer == wanted.peer
}

fn duplicate(rule: &Wanted) -> Refusal {
    let peer = match &rule.peer {
        Peer::Cidr(value) | Peer::Ipv6(value) | Peer::PrefixList(value) | Peer::Group(value) => {
            value
        }
    };
    let ports = match (rule.traffic.from, rule.traffic.to) {
        (Some(from), Some(to)) => format!("from port: {from}, to port: {to}, "),
        _ => String::new(),
    };
    let protocol = match rule.traffic.protocol.as_str() {
        "-1" => "ALL".to_owned(),
        other => other.to_uppercase(),
    };
    let message =
        format!("the specified rule \"peer: {peer}, {protocol}, {ports}ALLOW\" already exists");
    Refusal::bad("InvalidPermission.Duplicate", message)
}

fn revoke_ingress(
    world: &mut World,
    _call: &Call,
    request: RulesRequest,
) -> Result<Value, Refusal> {
    revoke(world, &request, false)
}

fn revoke_egress(world: &mut World, _call: &Call, request: RulesRequest) -> Result<Value, Refusal> {
    revoke(world, &request, true)
}

fn revoke(world: &mut World, request: &RulesRequest, egress: bool) -> Result<Value, Refusal> {
    let id = request.group(world)?;
    let known = require(&world.ec2.security_groups, &id)?.rules.clone();
    let going = match request.rules.as_slice() {
        [] => matching(&known, egress, &request.wanted(world)?)?,
        ids => by_id(&known, ids)?,
    };
    let revoked: Vec<Value> = going.iter().map(|rule| revoked_view(world, rule)).collect();
    let group = require_mut(&mut world.ec2.security_groups, &id)?;
    for rule in &going {
        group.rules.remove(&rule.id);
    }
    Ok(json!({ "return": true, "revokedSecurityGroupRuleSet": revoked }))
}

/// The same as the rule, but for the group that it names.
fn revoked_view(world: &World, rule: &Rule) -> Value {
    let mut view = rule.view(world);
    if let Some(members) = view.as_object_mut() {
        let referenced = members.shift_remove("referencedGroupInfo");
        let group = referenced.map_or(Value::Null, |group| group["groupId"].clone());
        members.insert("referencedGroupId".to_owned(), group);
        for member in ["groupOwnerId", "securityGroupRuleArn", "tagSet"] {
            members.shift_remove(member);
        }
    }
    view
}

fn matching(
    known: &BTreeMap<String, Rule>,
    egress: bool,
    wanted: &[Wanted],
) -> Result<Vec<Rule>, Refusal> {
    let find = |wanted: &Wanted| {
        let mut rules = known.values();
        let found = rules.find(|rule| is(rule, egress, wanted)).cloned();
        found.ok_or_else(|| {
            Refusal::bad(
                "InvalidPermission.NotFound",
                "The specified rule does not exist in this security group.",
            )
        })
    };
    wanted.iter().map(find).collect()
}

fn by_id(known: &BTreeMap<String, Rule>, ids: &[String]) -> Result<Vec<Rule>, Refusal> {
    ids.iter().map(|id| require(known, id).cloned()).collect()
}
