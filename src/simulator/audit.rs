//! Who called what, and what came of it: every call of both APIs in its order, and the calls that services make for
//! somebody. Pure; what keeps the records over a restart is `durability`.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::clock::Moment;
use super::kubernetes::Requested;
use super::refusal::Refusal;
use super::world::World;
use crate::policy::{Caller, CallerKind};

/// How many records are held for whoever looks back. Older ones are dropped, as real trails drop theirs after 90 days.
pub(super) const REMEMBERED: usize = 10_000;

/// The calls of a world, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Trail {
    records: VecDeque<Arc<Record>>,
    /// Number of the newest record.
    last: u64,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Counts from 1 in the order in which the calls were answered.
    pub number: u64,
    /// UUID of the call, which its answer carries too.
    pub request: String,
    pub at: Moment,
    /// `kms.amazonaws.com`; `kubernetes` for the cluster's API.
    pub source: String,
    /// `GetKeyPolicy`; for Kubernetes the verb.
    pub operation: String,
    /// Nobody when the signature or token was refused.
    pub caller: Option<Caller>,
    /// What signed the call; `None` for the services' own.
    pub access_key: Option<String>,
    /// An address; for a service that acts for a caller, its name.
    pub origin: String,
    pub agent: String,
    pub read_only: bool,
    /// As the operation's request has them, without secrets.
    pub parameters: Value,
    /// What a change answered, without secrets; `Null` for what only reads.
    pub response: Value,
    pub resources: Vec<Resource>,
    pub error: Option<Failure>,
}

/// Something that a call was about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Resource {
    /// `AWS::KMS::Key`; for Kubernetes `nodes` or `deployments.apps`.
    pub kind: String,
    /// ARN of a key, id or name of what else there is.
    pub name: String,
}

/// Why a call was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub code: String,
    pub message: String,
}

/// Who is on the other side of a call.
#[derive(Debug, Clone)]
pub struct Origin {
    pub caller: Option<Caller>,
    pub access_key: Option<String>,
    pub address: String,
    pub agent: String,
}

impl Trail {
    /// The records after number `after`, oldest first, as far as they are remembered.
    pub fn after(&self, after: u64) -> impl DoubleEndedIterator<Item = &Arc<Record>> {
        let first = self
            .records
            .partition_point(|record| record.number <= after);
        self.records.range(first..)
    }

    /// Number of the newest record; 0 when there is none.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Adds a record and gives it its number; returns the one that is forgotten for it.
    pub fn add(&mut self, mut record: Record) -> Option<Arc<Record>> {
        record.number = self.last + 1;
        self.restore(record)
    }

    /// Adds a record that has its number.
    pub fn restore(&mut self, record: Record) -> Option<Arc<Record>> {
        self.last = record.number;
        self.records.push_back(Arc::new(record));
        if self.records.len() > REMEMBERED {
            return self.records.pop_front();
        }
        None
    }
}

impl World {
    /// Records a call that a service makes with the credentials of `caller`, as EC2 asks KMS for whoever launches.
    pub(in crate::simulator) fn record_forwarded(
        &mut self,
        caller: Caller,
        service: &str,
        (source, operation): (&str, &str),
        parameters: Value,
        outcome: Result<(), Refusal>,
    ) {
        let origin = Origin {
            caller: Some(caller),
            access_key: None,
            address: service.to_owned(),
            agent: service.to_owned(),
        };
        let request = request_id();
        let answer = outcome.map(|()| Value::Null);
        let call = Called {
            service: source,
            operation,
            parameters,
        };
        let record = record(self, request, origin, call, answer.as_ref());
        self.trail.add(record);
    }
}

/// A new id for a call: a random UUID. Not from the world's random numbers: a call that only reads leaves no trace in
/// them, and what is recorded decides nothing. Nor from the system's: it is no secret.
pub(super) fn request_id() -> String {
    uuid::Builder::from_random_bytes(fastrand::u128(..).to_be_bytes())
        .into_uuid()
        .to_string()
}

/// What was called.
pub(super) struct Called<'a> {
    /// Signing name.
    pub(super) service: &'a str,
    pub(super) operation: &'a str,
    /// With the names of CloudTrail: [`parameters`].
    pub(super) parameters: Value,
}

/// The record of an AWS call; it gets its number when it is added.
pub(super) fn record(
    world: &World,
    request: String,
    origin: Origin,
    call: Called<'_>,
    answer: Result<&Value, &Refusal>,
) -> Record {
    let read_only = is_read_only(call.operation);
    let response = match answer {
        Ok(reply) if !read_only && call.service != "kms" => tidy(reply.clone()),
        _ => Value::Null,
    };
    let mut resources = Vec::new();
    find_resources(world, &call, &call.parameters, &mut resources);
    if let (Ok(reply), false) = (answer, read_only) {
        find_resources(world, &call, &tidy(reply.clone()), &mut resources);
    }
    resources.sort();
    resources.dedup();
    Record {
        number: 0,
        request,
        at: world.now(),
        source: match call.service {
            "" => UNKNOWN.to_owned(),
            service => format!("{service}.amazonaws.com"),
        },
        operation: call.operation.to_owned(),
        caller: origin.caller,
        access_key: origin.access_key,
        origin: origin.address,
        agent: origin.agent,
        read_only,
        parameters: call.parameters,
        response,
        resources,
        error: answer.err().map(|refusal| Failure {
            code: refusal.code.clone(),
            message: refusal.message.clone(),
        }),
    }
}

/// The source of a call that does not say which service it is for.
const UNKNOWN: &str = "unknown";
/// The source of calls of the cluster's API.
const KUBERNETES: &str = "kubernetes";

/// The record of a call of the cluster's API; `status` and `body` are what it was answered with, if that is whole.
pub(super) fn kubernetes_record(
    world: &World,
    user: Option<&str>,
    (address, agent): (String, String),
    asked: Requested,
    path: &str,
    answer: Option<&Response<Bytes>>,
) -> Record {
    let read_only = asked.is_read_only() || asked.resource.is_none();
    let resource = asked.resource.map(|kind| Resource {
        kind,
        name: [asked.namespace, asked.name]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("/"),
    });
    Record {
        number: 0,
        request: request_id(),
        at: world.now(),
        source: KUBERNETES.to_owned(),
        operation: asked.verb,
        caller: user.map(|name| Caller {
            account: world.account.clone(),
            arn: name.to_owned(),
            role_arn: None,
            kind: CallerKind::User,
            user_id: None,
        }),
        access_key: None,
        origin: address,
        agent,
        read_only,
        parameters: json!({"path": path}),
        response: Value::Null,
        resources: resource.into_iter().collect(),
        error: answer.and_then(failure),
    }
}

/// What a response that refuses says: its Status' reason and message.
fn failure(response: &Response<Bytes>) -> Option<Failure> {
    if !response.status().is_client_error() && !response.status().is_server_error() {
        return None;
    }
    let status: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let text = |member: &str| status[member].as_str().map(str::to_owned);
    Some(Failure {
        code: text("reason").unwrap_or_else(|| response.status().as_u16().to_string()),
        message: text("message").unwrap_or_default(),
    })
}

/// Whether an operation of this name changes nothing.
pub fn is_read_only(operation: &str) -> bool {
    ["Describe", "Get", "List", "Lookup", "Simulate"]
        .iter()
        .any(|prefix| operation.starts_with(prefix))
}

/// The members of a call's input as a trail shows them: their names begin in lower case, secrets are left out.
pub(super) fn parameters(members: Value) -> Value {
    tidy(members)
}

/// Members that a trail must not show.
const SECRET: [&str; 7] = [
    "plaintext",
    "ciphertextBlob",
    "privateKeyPlaintext",
    "secretAccessKey",
    "sessionToken",
    "userData",
    "password",
];
const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

fn tidy(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, member)| !member.is_null())
            .map(|(name, member)| {
                let name = lower_first(&name);
                let member = if SECRET.contains(&name.as_str()) {
                    json!(HIDDEN)
                } else {
                    tidy(member)
                };
                (name, member)
            })
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.into_iter().map(tidy).collect(),
        other => other,
    }
}

fn lower_first(name: &str) -> String {
    let mut name = name.to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    name
}

/// Members whose value names a resource, and its kind.
const NAMING: [(&str, &str); 28] = [
    ("keyId", "AWS::KMS::Key"),
    ("targetKeyId", "AWS::KMS::Key"),
    ("aliasName", "AWS::KMS::Alias"),
    ("clusterName", "AWS::EKS::Cluster"),
    ("nodegroupName", "AWS::EKS::Nodegroup"),
    ("addonName", "AWS::EKS::Addon"),
    ("autoScalingGroupName", "AWS::AutoScaling::AutoScalingGroup"),
    (
        "autoScalingGroupNames",
        "AWS::AutoScaling::AutoScalingGroup",
    ),
    ("launchTemplateId", "AWS::EC2::LaunchTemplate"),
    ("launchTemplateName", "AWS::EC2::LaunchTemplate"),
    ("instanceId", "AWS::EC2::Instance"),
    ("instanceIds", "AWS::EC2::Instance"),
    ("volumeId", "AWS::EC2::Volume"),
    ("vpcId", "AWS::EC2::VPC"),
    ("subnetId", "AWS::EC2::Subnet"),
    ("subnetIds", "AWS::EC2::Subnet"),
    ("routeTableId", "AWS::EC2::RouteTable"),
    ("natGatewayId", "AWS::EC2::NatGateway"),
    ("groupId", "AWS::EC2::SecurityGroup"),
    ("imageId", "AWS::EC2::Ami"),
    ("roleName", "AWS::IAM::Role"),
    ("roleArn", "AWS::IAM::Role"),
    ("principalArn", "AWS::IAM::Role"),
    ("userName", "AWS::IAM::User"),
    ("policyArn", "AWS::IAM::Policy"),
    ("policySourceArn", "AWS::IAM::Role"),
    ("instanceProfileName", "AWS::IAM::InstanceProfile"),
    ("accessKeyId", "AWS::IAM::AccessKey"),
];

fn find_resources(world: &World, call: &Called<'_>, value: &Value, found: &mut Vec<Resource>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match kind_of(call, name) {
                    Some(kind) => name_resources(world, kind, member, found),
                    None => find_resources(world, call, member, found),
                }
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| find_resources(world, call, item, found)),
        _ => {}
    }
}

fn kind_of(call: &Called<'_>, member: &str) -> Option<&'static str> {
    // Operations on a cluster call its name just that.
    if call.service == "eks" && member == "name" {
        return Some("AWS::EKS::Cluster");
    }
    NAMING
        .iter()
        .find(|(name, _)| *name == member)
        .map(|(_, kind)| *kind)
}

fn name_resources(world: &World, kind: &str, value: &Value, found: &mut Vec<Resource>) {
    match value {
        Value::String(name) => {
            let key = (kind == "AWS::KMS::Key").then(|| world.find_key(name).ok());
            let name = match key.flatten() {
                Some(key) => key.arn.clone(),
                None => name.clone(),
            };
            found.push(Resource {
                kind: kind.to_owned(),
                name,
            });
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| name_resources(world, kind, item, found)),
        _ => {}
    }
}

impl Record {
    /// Who called, in a word: a user's name, a role's session, a service, a Kubernetes user.
    pub fn user_name(&self) -> Option<&str> {
        let caller = self.caller.as_ref()?;
        match caller.kind {
            CallerKind::Service => None,
            CallerKind::Root => Some("root"),
            CallerKind::User | CallerKind::RoleSession => caller.arn.rsplit('/').next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::testing::{learner, world};

    fn recorded(operation: &str, parameters: Value, answer: Result<&Value, &Refusal>) -> Record {
        let origin = Origin {
            caller: Some(learner()),
            access_key: None,
            address: "127.0.0.1".to_owned(),
            agent: String::new(),
        };
        let call = Called {
            service: "kms",
            operation,
            parameters,
        };
        record(&world(), String::new(), origin, call, answer)
    }

    #[test]
    fn a_key_is_known_by_its_arn_whatever_the_call_named() {
        let parameters = json!({"keyId": "alias/aws/ebs"});
        let record = recorded("DescribeKey", parameters, Ok(&Value::Null));
        assert!(record.resources[0].name.starts_with("arn:aws:kms:"));
        assert!(record.read_only);
    }

    #[test]
    fn a_refusal_is_recorded_with_its_code() {
        let refusal = Refusal::bad("NotFoundException", "no such key");
        let record = recorded("DisableKey", json!({"keyId": "x"}), Err(&refusal));
        assert_eq!(record.error.unwrap().code, "NotFoundException");
        assert_eq!(record.resources[0].name, "x");
        assert!(!record.read_only);
    }

    #[test]
    fn secrets_are_not_recorded() {
        let members = json!({"KeyId": "k", "Plaintext": "c2VjcmV0"});
        assert_eq!(
            parameters(members),
            json!({"keyId": "k", "plaintext": HIDDEN})
        );
    }

    #[test]
    fn old_records_are_forgotten_and_numbers_go_on() {
        let mut trail = Trail::default();
        let one = recorded("ListKeys", Value::Null, Ok(&Value::Null));
        for _ in 0..REMEMBERED + 5 {
            trail.add(one.clone());
        }
        let numbers: Vec<u64> = trail.after(0).map(|record| record.number).collect();
        assert_eq!(numbers.len(), REMEMBERED);
        assert_eq!(numbers[0], 6);
        assert_eq!(trail.after(trail.last() - 1).count(), 1);
    }
}
