//! Security groups: which packets may reach and leave an interface. Answers to allowed packets pass by themselves.

mod operations;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::world::World;
use super::addresses::Cidr;
use super::resource::{Pick, Resource, every};
use super::{Tags, tag_set};

pub(super) use operations::operations;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SecurityGroup {
    pub id: String,
    pub name: String,
    pub description: String,
    pub vpc: String,
    /// By id, `sgr-…`.
    pub rules: BTreeMap<String, Rule>,
    pub tags: Tags,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    pub id: String,
    pub group: String,
    pub egress: bool,
    pub traffic: Traffic,
    pub peer: Peer,
    pub description: Option<String>,
    pub tags: Tags,
}

/// What a rule allows: the protocol as EC2 writes it (`-1` for all), and its ports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    pub protocol: String,
    pub from: Option<i32>,
    pub to: Option<i32>,
}

/// Who is at the other end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Peer {
    Cidr(String),
    Ipv6(String),
    PrefixList(String),
    Group(String),
}

impl Traffic {
    pub(super) fn all() -> Traffic {
        Traffic {
            protocol: "-1".to_owned(),
            from: None,
            to: None,
        }
    }

    /// Whether a TCP port is among the allowed.
    fn allows_tcp(&self, port: u16) -> bool {
        match self.protocol.as_str() {
            "-1" => true,
            "tcp" => {
                let port = i32::from(port);
                self.from.unwrap_or(0) <= port && port <= self.to.unwrap_or(65535)
            }
            _ => false,
        }
    }
}

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct End<'a> {
    pub(super) address: Ipv4Addr,
    pub(super) groups: &'a [String],
}

/// Whether any of the groups lets a TCP connection in or out.
pub(super) fn allow_tcp(
    world: &World,
    groups: &[String],
    egress: bool,
    port: u16,
    other: End<'_>,
) -> bool {
    groups
        .iter()
        .filter_map(|id| world.ec2.security_groups.get(id))
        .flat_map(|group| group.rules.values())
        .filter(|rule| rule.egress == egress && rule.traffic.allows_tcp(port))
        .any(|rule| match &rule.peer {
            Peer::Cidr(range) => {
                Cidr::parse(range).is_some_and(|range| range.contains(other.address))
            }
            Peer::Group(group) => other.groups.contains(group),
            Peer::Ipv6(_) | Peer::PrefixList(_) => false,
        })
}

/// `groupSet` of whatever has groups.
pub(super) fn named(world: &World, groups: &[String]) -> Value {
    groups
        .iter()
        .map(|id| json!({ "groupId": id, "groupName": name(world, id) }))
        .collect()
}

pub(super) fn names(world: &World, groups: &[String]) -> Vec<String> {
    groups.iter().filter_map(|id| name(world, id)).collect()
}

fn name(world: &World, id: &str) -> Option<String> {
    let group = world.ec2.security_groups.get(id)?;
    Some(group.name.clone())
}

impl SecurityGroup {
    /// A group that lets everything out and nothing in, as every group begins.
    pub(super) fn new(
        world: &mut World,
        id: String,
        name: &str,
        description: &str,
        vpc: &str,
        tags: Tags,
    ) -> SecurityGroup {
        let mut group = SecurityGroup {
            id,
            name: name.to_owned(),
            description: description.to_owned(),
            vpc: vpc.to_owned(),
            rules: BTreeMap::new(),
            tags,
        };
        group.add(
            world,
            true,
            Traffic::all(),
            Peer::Cidr("0.0.0.0/0".to_owned()),
        );
        group
    }

    pub(super) fn add(&mut self, world: &mut World, egress: bool, traffic: Traffic, peer: Peer) {
        let id = world.resource_id("sgr");
        let rule = Rule {
            id: id.clone(),
            group: self.id.clone(),
            egress,
            traffic,
            peer,
            description: None,
            tags: Tags::new(),
        };
        self.rules.insert(id, rule);
    }

    /// Id of the group that a VPC has from its beginning.
    pub(super) fn default_of(world: &World, vpc: &str) -> Option<String> {
        let groups = world.ec2.security_groups.values();
        let mut of_vpc = groups.filter(|group| group.vpc == vpc);
        of_vpc
            .find(|group| group.name == "default")
            .map(|group| group.id.clone())
    }

    fn arn(&self, world: &World) -> String {
        world.arn("ec2", &format!("security-group/{}", self.id))
    }

    /// Rules of one direction as permissions: one for each protocol and ports, with all peers.
    fn permissions(&self, world: &World, egress: bool) -> Value {
        let mut permissions: Vec<(&Traffic, Vec<&Rule>)> = Vec::new();
        for rule in self.rules.values().filter(|rule| rule.egress == egress) {
            match permissions
                .iter_mut()
                .find(|(traffic, _)| **traffic == rule.traffic)
            {
                Some((_, rules)) => rules.push(rule),
                None => permissions.push((&rule.traffic, vec![rule])),
            }
        }
        permissions
            .into_iter()
            .map(|(traffic, rules)| permission_view(world, traffic, &rules))
            .collect()
    }
}

fn permission_view(world: &World, traffic: &Traffic, rules: &[&Rule]) -> Value {
    let peers = |value: &dyn Fn(&Rule) -> Option<Value>| -> Vec<Value> {
        rules.iter().filter_map(|rule| value(rule)).collect()
    };
    json!({
        "ipProtocol": traffic.protocol,
        "fromPort": traffic.from,
        "toPort": traffic.to,
        "ipRanges": peers(&|rule| match &rule.peer {
            Peer::Cidr(range) => Some(json!({ "cidrIp": range, "description": rule.description })),
            _ => None,
        }),
        "ipv6Ranges": peers(&|rule| match &rule.peer {
            Peer::Ipv6(range) => Some(json!({ "cidrIpv6": range, "description": rule.description })),
            _ => None,
        }),
        "prefixListIds": peers(&|rule| match &rule.peer {
            Peer::PrefixList(id) => Some(json!({ "prefixListId": id, "description": rule.description })),
            _ => None,
        }),
        "groups": peers(&|rule| match &rule.peer {
            Peer::Group(id) => Some(json!({
                "groupId": id, "userId": world.account, "description": rule.description,
            })),
            _ => None,
        }),
    })
}

impl Resource for SecurityGroup {
    const SET: &'static str = "securityGroupInfo";
    const PICKED_BY: &'static [Pick] = &[
        Pick::new(
            "GroupId",
            "group-id",
            "InvalidGroup.NotFound",
            "The security group '{}' does not exist",
        ),
        Pick::new(
            "GroupName",
            "group-name",
            "InvalidGroup.NotFound",
            "The security group '{}' does not exist",
        ),
    ];

    fn all(world: &World) -> Vec<Cow<'_, Self>> {
        every(&world.ec2.security_groups)
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn values(&self, world: &World, filter: &str) -> Option<Vec<String>> {
        let of_rules = |egress: bool, value: &dyn Fn(&Rule) -> Option<String>| {
            let rules = self.rules.values().filter(|rule| rule.egress == egress);
            Some(rules.filter_map(value).collect())
        };
        let (egress, member) = match filter.strip_prefix("egress.") {
            Some(member) => (true, member),
            None => (false, filter),
        };
        match member {
            "group-id" => Some(vec![self.id.clone()]),
            "group-name" => Some(vec![self.name.clone()]),
            "description" => Some(vec![self.description.clone()]),
            "vpc-id" => Some(vec![self.vpc.clone()]),
            "owner-id" => Some(vec![world.account.clone()]),
            "ip-permission.cidr" => of_rules(egress, &|rule| match &rule.peer {
                Peer::Cidr(range) => Some(range.clone()),
                _ => None,
            }),
            "ip-permission.group-id" => of_rules(egress, &|rule| match &rule.peer {
                Peer::Group(id) => Some(id.clone()),
                _ => None,
            }),
            "ip-permission.protocol" => {
                of_rules(egress, &|rule| Some(rule.traffic.protocol.clone()))
            }
            "ip-permission.from-port" => of_rules(egress, &|rule| {
                rule.traffic.from.map(|port| port.to_string())
            }),
            "ip-permission.to-port" => {
                of_rules(egress, &|rule| rule.traffic.to.map(|port| port.to_string()))
            }
            _ => None,
        }
    }

    fn view(&self, world: &World) -> Value {
        json!({
            "groupId": self.id,
            "groupName": self.name,
            "groupDescription": self.description,
            "ownerId": world.account,
            "vpcId": self.vpc,
            "securityGroupArn": self.arn(world),
            "ipPermissions": self.permissions(world, false),
            "ipPermissionsEgress": self.permissions(world, true),
            "tagSet": tag_set(&self.tags),
        })
    }
}

impl Resource for Rule {
    const SET: &'static str = "securityGroupRuleSet";
    const PICKED_BY: &'static [Pick] = &[Pick::new(
        "SecurityGroupRuleId",
        "security-group-rule-id",
        "InvalidSecurityGroupRuleId.NotFound",
        "The security group rule ID '{}' does not exist",
    )];

    fn all(world: &World) -> Vec<Cow<'_, Self>> {
        let groups = world.ec2.security_groups.values();
        groups
            .flat_map(|group| group.rules.values())
            .map(Cow::Borrowed)
            .collect()
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn values(&self, _world: &World, filter: &str) -> Option<Vec<String>> {
        match filter {
            "security-group-rule-id" => Some(vec![self.id.clone()]),
            "group-id" => Some(vec![self.group.clone()]),
            _ => None,
        }
    }

    fn view(&self, world: &World) -> Value {
        let peer = |wanted: fn(&Peer) -> Option<&String>| wanted(&self.peer).cloned();
        let group = peer(|peer| match peer {
            Peer::Group(id) => Some(id),
            _ => None,
        });
        // All ports of all protocols are `-1` here, and absent in permissions.
        let port = |port: Option<i32>| port.unwrap_or(-1);
        json!({
            "securityGroupRuleId": self.id,
            "groupId": self.group,
            "groupOwnerId": world.account,
            "isEgress": self.egress,
            "ipProtocol": self.traffic.protocol,
            "fromPort": port(self.traffic.from),
            "toPort": port(self.traffic.to),
            "cidrIpv4": peer(|peer| match peer { Peer::Cidr(range) => Some(range), _ => None }),
            "cidrIpv6": peer(|peer| match peer { Peer::Ipv6(range) => Some(range), _ => None }),
            "prefixListId": peer(|peer| match peer { Peer::PrefixList(id) => Some(id), _ => None }),
            "referencedGroupInfo": group.map(|id| json!({ "groupId": id, "userId": world.account })),
            "description": self.description,
            "securityGroupRuleArn": world.arn("ec2", &format!("security-group-rule/{}", self.id)),
            "tagSet": tag_set(&self.tags),
        })
    }
}
