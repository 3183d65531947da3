//! EKS operations on access entries and the access policies that they carry.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::access::{
    self, ADMIN, AccessEntry, AssociatedPolicy, CLUSTER_ADMIN, NODE_KINDS, NewEntry, STANDARD,
};
use super::cluster::cluster;
use super::paging::{Page, page};

const ENTRIES: &str = "/clusters/{name}/access-entries";
const ENTRY: &str = "/clusters/{name}/access-entries/{principalArn}";
const POLICIES: &str = "/clusters/{name}/access-entries/{principalArn}/access-policies";

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("ListAccessEntries", list).at("GET", ENTRIES),
        Operation::new("CreateAccessEntry", create).at("POST", ENTRIES),
        Operation::new("DescribeAccessEntry", describe).at("GET", ENTRY),
        Operation::new("UpdateAccessEntry", update).at("POST", ENTRY),
        Operation::new("DeleteAccessEntry", delete).at("DELETE", ENTRY),
        Operation::new("ListAssociatedAccessPolicies", list_policies).at("GET", POLICIES),
        Operation::new("AssociateAccessPolicy", associate).at("POST", POLICIES),
        Operation::new("DisassociateAccessPolicy", disassociate).at(
            "DELETE",
            "/clusters/{name}/access-entries/{principalArn}/access-policies/{policyArn}",
        ),
        Operation::new("ListAccessPolicies", list_access_policies).at("GET", "/access-policies"),
    ]
}

/// The access policies for people. EKS has more, for its own features.
const ACCESS_POLICIES: [&str; 5] = [
    "AmazonEKSAdminPolicy",
    "AmazonEKSAdminViewPolicy",
    "AmazonEKSClusterAdminPolicy",
    "AmazonEKSEditPolicy",
    "AmazonEKSViewPolicy",
];
const POLICY_PREFIX: &str = "arn:aws:eks::aws:cluster-access-policy/";

fn invalid(cluster: &str, message: impl Into<String>) -> Refusal {
    Refusal::bad("InvalidParameterException", message).with("clusterName", cluster)
}

/// The entry, or the refusal that EKS words so.
fn entry<'a>(world: &'a World, name: &str, principal: &str) -> Result<&'a AccessEntry, Refusal> {
    cluster(world, name)?.access_entries.get(principal).ok_or_else(|| {
        let message = "The specified principalArn could not be found. You can view your available access entries with 'list-access-entries'.";
        Refusal::new("ResourceNotFoundException", 404, message)
    })
}

fn entry_mut<'a>(
    world: &'a mut World,
    name: &str,
    principal: &str,
) -> Result<&'a mut AccessEntry, Refusal> {
    entry(world, name, principal)?;
    world
        .eks
        .clusters
        .get_mut(name)
        .and_then(|found| found.access_entries.get_mut(principal))
        .ok_or_else(|| Refusal::new("ServerException", 500, "the access entry is gone"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListRequest {
    name: String,
    associated_policy_arn: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

fn list(world: &mut World, _call: &Call, request: ListRequest) -> Result<Value, Refusal> {
    let entries = cluster(world, &request.name)?.access_entries.values();
    let arns = entries
        .filter(|entry| match &request.associated_policy_arn {
            Some(policy) => entry.policies.contains_key(policy),
            None => true,
        })
        .map(|entry| json!(entry.principal))
        .collect();
    page(
        arns,
        "accessEntries",
        &Page::of(request.max_results, request.next_token),
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateRequest {
    name: String,
    principal_arn: String,
    #[serde(default)]
    kubernetes_groups: Vec<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    // Without it a second request is refused, which tells the client the same.
    #[serde(rename = "clientRequestToken")]
    _client_request_token: Option<String>,
    username: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

fn create(world: &mut World, _call: &Call, request: CreateRequest) -> Result<Value, Refusal> {
    let name = request.name;
    let refused = |message: String| invalid(&name, message);
    let found = cluster(world, &name)?;
    if found.access_entries.contains_key(&request.principal_arn) {
        let message = "The specified access entry resource is already in use on this cluster.";
        return Err(Refusal::new("ResourceInUseException", 409, message).with("clusterName", name));
    }
    if access::unique_id(world, &request.principal_arn).is_none() {
        let message = "The specified principalArn is invalid: invalid principal.".to_owned();
        return Err(refused(message));
    }
    let kind = request.kind.unwrap_or_else(|| STANDARD.to_owned());
    let for_nodes = NODE_KINDS.iter().any(|(known, _)| *known == kind);
    if kind != STANDARD && !for_nodes {
        return Err(refused(format!(
            "The specified access entry type {kind} is invalid."
        )));
    }
    if for_nodes && !request.principal_arn.contains(":role/") {
        return Err(refused(
            "The specified principalArn is invalid: invalid principal.".to_owned(),
        ));
    }
    if for_nodes && !(request.kubernetes_groups.is_empty() && request.username.is_none()) {
        return Err(refused(format!(
            "You can't specify kubernetesGroups or username for an access entry of type {kind}."
        )));
    }
    check_names(&request.kubernetes_groups, request.username.as_deref()).map_err(refused)?;
    let principal = request.principal_arn.clone();
    access::make_entry(
        world,
        &name,
        NewEntry {
            principal: request.principal_arn,
            username: request.username,
            groups: request.kubernetes_groups,
            kind,
            tags: request.tags,
        },
    );
    described(world, &name, &principal)
}

/// Groups and usernames that begin with `system:` are Kubernetes' and EKS's own.
fn check_names(groups: &[String], username: Option<&str>) -> Result<(), String> {
    if let Some(group) = groups.iter().find(|group| group.starts_with("system:")) {
        return Err(format!(
            "The kubernetes group name {group} is invalid, it cannot start with system:"
        ));
    }
    let reserved = ["system:", "eks:", "aws:", "amazon:", "iam:"];
    match username {
        Some(name) if reserved.iter().any(|prefix| name.starts_with(prefix)) => Err(format!(
            "The username {name} is invalid, it cannot start with {}",
            reserved.join(" or ")
        )),
        _ => Ok(()),
    }
}

fn described(world: &World, name: &str, principal: &str) -> Result<Value, Refusal> {
    let entry = entry(world, name, principal)?;
    Ok(json!({
        "accessEntry": {
            "clusterName": name,
            "principalArn": entry.principal,
            "kubernetesGroups": entry.groups,
            "accessEntryArn": entry.arn,
            "createdAt": world.timestamp(entry.created),
            "modifiedAt": world.timestamp(entry.modified),
            "tags": entry.tags,
            "username": entry.username,
            "type": entry.kind,
        }
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EntryRequest {
    name: String,
    principal_arn: String,
}

fn describe(world: &mut World, _call: &Call, request: EntryRequest) -> Result<Value, Refusal> {
    described(world, &request.name, &request.principal_arn)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UpdateRequest {
    name: String,
    principal_arn: String,
    kubernetes_groups: Option<Vec<String>>,
    // The same update twice is the same entry.
    #[serde(rename = "clientRequestToken")]
    _client_request_token: Option<String>,
    username: Option<String>,
}

fn update(world: &mut World, _call: &Call, request: UpdateRequest) -> Result<Value, Refusal> {
    let now = world.now();
    let name = request.name;
    let groups = request.kubernetes_groups;
    check_names(
        groups.as_deref().unwrap_or_default(),
        request.username.as_deref(),
    )
    .map_err(|message| invalid(&name, message))?;
    let entry = entry_mut(world, &name, &request.principal_arn)?;
    if entry.kind != STANDARD {
        let message = format!(
            "An access entry of type {} cannot be updated: it has the username and groups that nodes need.",
            entry.kind
        );
        return Err(Refusal::bad("InvalidRequestException", message));
    }
    if let Some(groups) = groups {
        entry.groups = groups;
    }
    if let Some(username) = request.username {
        entry.username = username;
    }
    entry.modified = now;
    described(world, &name, &request.principal_arn)
}

fn delete(world: &mut World, _call: &Call, request: EntryRequest) -> Result<Value, Refusal> {
    entry(world, &request.name, &request.principal_arn)?;
    if let Some(cluster) = world.eks.clusters.get_mut(&request.name) {
        cluster.access_entries.remove(&request.principal_arn);
    }
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListPoliciesRequest {
    name: String,
    principal_arn: String,
    max_results: Option<usize>,
    next_token: Option<String>,
}

fn list_policies(
    world: &mut World,
    _call: &Call,
    request: ListPoliciesRequest,
) -> Result<Value, Refusal> {
    let entry = entry(world, &request.name, &request.principal_arn)?;
    let policies = entry
        .policies
        .iter()
        .map(|(arn, policy)| policy_json(world, arn, policy))
        .collect();
    let mut reply = page(
        policies,
        "associatedAccessPolicies",
        &Page::of(request.max_results, request.next_token),
    )?;
    reply["clusterName"] = json!(request.name);
    reply["principalArn"] = json!(request.principal_arn);
    Ok(reply)
}

fn policy_json(world: &World, arn: &str, policy: &AssociatedPolicy) -> Value {
    json!({
        "policyArn": arn,
        "accessScope": { "type": "cluster", "namespaces": [] },
        "associatedAt": world.timestamp(policy.associated),
        "modifiedAt": world.timestamp(policy.modified),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AccessScope {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    namespaces: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AssociateRequest {
    name: String,
    principal_arn: String,
    policy_arn: String,
    access_scope: AccessScope,
}

fn associate(world: &mut World, _call: &Call, request: AssociateRequest) -> Result<Value, Refusal> {
    let (name, policy) = (request.name, request.policy_arn);
    let refused = |message: String| invalid(&name, message);
    let found = entry(world, &name, &request.principal_arn)?;
    if found.kind != STANDARD {
        let message = format!(
            "You can't associate an access policy with an access entry of type {}.",
            found.kind
        );
        return Err(Refusal::bad("InvalidRequestException", message));
    }
    let known = policy
        .strip_prefix(POLICY_PREFIX)
        .is_some_and(|policy| ACCESS_POLICIES.contains(&policy));
    if !known {
        return Err(refused(
            "The policyArn parameter format is not valid".to_owned(),
        ));
    }
    if request.access_scope.kind != "cluster" || !request.access_scope.namespaces.is_empty() {
        return Err(refused(
            "an access scope of namespaces is not simulated: use type=cluster".to_owned(),
        ));
    }
    if policy != CLUSTER_ADMIN && policy != ADMIN {
        return Err(refused(format!("associating {policy} is not simulated")));
    }
    let now = world.now();
    let entry = entry_mut(world, &name, &request.principal_arn)?;
    let associated = entry
        .policies
        .entry(policy.clone())
        .or_insert(AssociatedPolicy {
            associated: now,
            modified: now,
        });
    associated.modified = now;
    let associated = associated.clone();
    Ok(json!({
        "clusterName": name,
        "principalArn": request.principal_arn,
        "associatedAccessPolicy": policy_json(world, &policy, &associated),
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DisassociateRequest {
    name: String,
    principal_arn: String,
    policy_arn: String,
}

fn disassociate(
    world: &mut World,
    _call: &Call,
    request: DisassociateRequest,
) -> Result<Value, Refusal> {
    let entry = entry_mut(world, &request.name, &request.principal_arn)?;
    if entry.policies.remove(&request.policy_arn).is_none() {
        let message = format!(
            "The specified policyArn {} is not associated with the access entry.",
            request.policy_arn
        );
        return Err(Refusal::new("ResourceNotFoundException", 404, message));
    }
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListAccessPoliciesRequest {
    max_results: Option<usize>,
    next_token: Option<String>,
}

fn list_access_policies(
    _world: &mut World,
    _call: &Call,
    request: ListAccessPoliciesRequest,
) -> Result<Value, Refusal> {
    let policies = ACCESS_POLICIES
        .iter()
        .map(|name| json!({ "name": name, "arn": format!("{POLICY_PREFIX}{name}") }))
        .collect();
    page(
        policies,
        "accessPolicies",
        &Page::of(request.max_results, request.next_token),
    )
}
