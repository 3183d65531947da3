//! Managed policies: the account's own and their versions; those of AWS are only to be read.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation, TIMESTAMP};
use super::super::world::World;
use super::managed::{self, AwsPolicy, ManagedPolicy, PolicyVersion};
use super::refusals::{
    delete_conflict, exists, invalid_input, limit_exceeded, no_such, no_such_policy, quota,
};
use super::requests::{Tag, check_name, checked_path, page, starts_with, tag_list, tags_of};
use super::{ID_LENGTH, Iam, Permissions, documents, unique_id};

/// Versions that a managed policy may have.
const VERSIONS: usize = 5;
/// Characters of a managed policy, white space not counted.
const SIZE: usize = 6144;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("CreatePolicy", create),
        Operation::new("GetPolicy", get),
        Operation::new("ListPolicies", list),
        Operation::new("DeletePolicy", delete),
        Operation::new("ListEntitiesForPolicy", list_entities),
        Operation::new("CreatePolicyVersion", create_version),
        Operation::new("GetPolicyVersion", get_version),
        Operation::new("ListPolicyVersions", list_versions),
        Operation::new("SetDefaultPolicyVersion", set_default_version),
        Operation::new("DeletePolicyVersion", delete_version),
    ]
}

/// A managed policy, whoever made it.
enum Found<'a> {
    Own(&'a ManagedPolicy),
    OfAws(&'static AwsPolicy),
}

impl Iam {
    fn policy(&self, arn: &str) -> Result<Found<'_>, Refusal> {
        let own = self.policies.get(arn).map(Found::Own);
        own.or_else(|| managed::of_aws(arn).map(Found::OfAws))
            .ok_or_else(|| no_such_policy(arn))
    }

    /// A policy that the account may change.
    fn own_policy_mut(&mut self, arn: &str) -> Result<&mut ManagedPolicy, Refusal> {
        if managed::of_aws(arn).is_some() {
            return Err(Refusal::new(
                "AccessDenied",
                403,
                format!("Cannot modify the AWS managed policy {arn}"),
            ));
        }
        self.policies
            .get_mut(arn)
            .ok_or_else(|| no_such_policy(arn))
    }

    fn attachments(&self, arn: &str) -> usize {
        let of_roles = self.roles.values().map(|role| &role.permissions);
        let of_users = self.users.values().map(|user| &user.permissions);
        let attached = |permissions: &&Permissions| permissions.has_attached(arn);
        of_roles.chain(of_users).filter(attached).count()
    }
}

fn version_name(number: u32) -> String {
    format!("v{number}")
}

/// A policy as lists show it: without description and tags.
fn view(world: &World, found: &Found<'_>) -> Value {
    match found {
        Found::Own(policy) => json!({
            "PolicyName": policy.name,
            "PolicyId": policy.id,
            "Arn": policy.arn,
            "Path": policy.path,
            "DefaultVersionId": version_name(policy.default_version),
            "AttachmentCount": world.iam.attachments(&policy.arn),
            "PermissionsBoundaryUsageCount": 0,
            "IsAttachable": true,
            "CreateDate": world.timestamp(policy.created),
            "UpdateDate": world.timestamp(policy.updated),
        }),
        Found::OfAws(policy) => json!({
            "PolicyName": policy.name,
            "PolicyId": policy.id(),
            "Arn": policy.arn(),
            "Path": policy.path,
            "DefaultVersionId": version_name(policy.version),
            "AttachmentCount": world.iam.attachments(&policy.arn()),
            "PermissionsBoundaryUsageCount": 0,
            "IsAttachable": true,
            "CreateDate": { TIMESTAMP: policy.created() },
            "UpdateDate": { TIMESTAMP: policy.created() },
        }),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateRequest {
    policy_name: String,
    path: Option<String>,
    policy_document: String,
    description: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

fn checked_document(text: String) -> Result<String, Refusal> {
    documents::identity_policy(&text)?;
    if documents::counted_length(&text) > SIZE {
        return Err(quota("PolicySize", SIZE));
    }
    Ok(text)
}

fn create(world: &mut World, _call: &Call, request: CreateRequest) -> Result<Value, Refusal> {
    let name = request.policy_name;
    check_name("policyName", &name, 128)?;
    let path = checked_path(request.path)?;
    let taken = |policy: &ManagedPolicy| policy.name.eq_ignore_ascii_case(&name);
    if world.iam.policies.values().any(taken) {
        return Err(exists(format!(
            "A policy called {name} already exists. Duplicate names are not allowed."
        )));
    }
    let version = PolicyVersion {
        document: checked_document(request.policy_document)?,
        created: world.now(),
    };
    let arn = format!("arn:aws:iam::{}:policy{path}{name}", world.account);
    let policy = ManagedPolicy {
        path,
        name,
        id: unique_id(world, "ANPA", ID_LENGTH),
        arn: arn.clone(),
        description: request.description.filter(|text| !text.is_empty()),
        created: world.now(),
        updated: world.now(),
        versions: BTreeMap::from([(1, version)]),
        default_version: 1,
        last_version: 1,
        tags: tags_of(request.tags),
    };
    world.iam.policies.insert(arn.clone(), policy);
    let mut view = view(world, &world.iam.policy(&arn)?);
    add_tags(&world.iam, &arn, &mut view);
    Ok(json!({ "Policy": view }))
}

fn add_tags(iam: &Iam, arn: &str, view: &mut Value) {
    let own = iam.policies.get(arn);
    if let Some(policy) = own.filter(|policy| !policy.tags.is_empty()) {
        view["Tags"] = tag_list(&policy.tags).into();
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PolicyRequest {
    policy_arn: String,
}

fn get(world: &mut World, _call: &Call, request: PolicyRequest) -> Result<Value, Refusal> {
    let found = world.iam.policy(&request.policy_arn)?;
    let mut view = view(world, &found);
    if let Found::Own(policy) = &found {
        view["Description"] = json!(policy.description);
    }
    add_tags(&world.iam, &request.policy_arn, &mut view);
    Ok(json!({ "Policy": view }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListRequest {
    scope: Option<String>,
    #[serde(default)]
    only_attached: bool,
    path_prefix: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

fn list(world: &mut World, _call: &Call, request: ListRequest) -> Result<Value, Refusal> {
    let scope = request.scope.as_deref().unwrap_or("All");
    let own = world.iam.policies.values().map(Found::Own);
    let of_aws = managed::OF_AWS.values().map(Found::OfAws);
    let wanted = |found: &Found<'_>| {
        let (arn, path, of_scope) = match found {
            Found::Own(policy) => (policy.arn.clone(), policy.path.as_str(), "Local"),
            Found::OfAws(policy) => (policy.arn(), policy.path, "AWS"),
        };
        (scope == "All" || scope == of_scope)
            && starts_with(path, request.path_prefix.as_deref())
            && (!request.only_attached || world.iam.attachments(&arn) > 0)
    };
    let policies = own
        .chain(of_aws)
        .filter(wanted)
        .map(|found| view(world, &found))
        .collect();
    let (marker, max_items) = (request.marker.as_deref(), request.max_items);
    page("Policies", policies, marker, max_items)
}

fn delete(world: &mut World, _call: &Call, request: PolicyRequest) -> Result<Value, Refusal> {
    let arn = request.policy_arn;
    let versions = world.iam.own_policy_mut(&arn)?.versions.len();
    if world.iam.attachments(&arn) > 0 {
        return Err(delete_conflict(
            "Cannot delete a policy attached to entities.",
        ));
    }
    if versions > 1 {
        return Err(delete_conflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
        ));
    }
    world.iam.policies.remove(&arn);
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct EntitiesRequest {
    policy_arn: String,
    entity_filter: Option<String>,
    path_prefix: Option<String>,
    /// Everything comes on the first page: principals are few.
    #[serde(rename = "Marker")]
    _marker: Option<String>,
    #[serde(rename = "MaxItems")]
    _max_items: Option<usize>,
}

fn list_entities(
    world: &mut World,
    _call: &Call,
    request: EntitiesRequest,
) -> Result<Value, Refusal> {
    let arn = &request.policy_arn;
    world.iam.policy(arn)?;
    let asked = |kind: &str| {
        request
            .entity_filter
            .as_deref()
            .is_none_or(|only| only == kind)
    };
    let below = |path: &str| starts_with(path, request.path_prefix.as_deref());
    let roles: Vec<Value> = world
        .iam
        .roles
        .values()
        .filter(|role| asked("Role") && below(&role.path) && role.permissions.has_attached(arn))
        .map(|role| json!({ "RoleName": role.name, "RoleId": role.id }))
        .collect();
    let users: Vec<Value> = world
        .iam
        .users
        .values()
        .filter(|user| asked("User") && below(&user.path) && user.permissions.has_attached(arn))
        .map(|user| json!({ "UserName": user.name, "UserId": user.id }))
        .collect();
    Ok(json!({
        "PolicyGroups": [],
        "PolicyUsers": users,
        "PolicyRoles": roles,
        "IsTruncated": false,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateVersionRequest {
    policy_arn: String,
    policy_document: String,
    #[serde(default)]
    set_as_default: bool,
}

fn create_version(
    world: &mut World,
    _call: &Call,
    request: CreateVersionRequest,
) -> Result<Value, Refusal> {
    let now = world.now();
    let policy = world.iam.own_policy_mut(&request.policy_arn)?;
    let document = checked_document(request.policy_document)?;
    if policy.versions.len() >= VERSIONS {
        return Err(limit_exceeded(format!(
            "A managed policy can have up to {VERSIONS} versions. Before you create a new version, you must delete an existing version."
        )));
    }
    policy.last_version += 1;
    policy.updated = now;
    let number = policy.last_version;
    let version = PolicyVersion {
        document,
        created: now,
    };
    policy.versions.insert(number, version);
    if request.set_as_default {
        policy.default_version = number;
        world.iam.bring_into_force();
    }
    Ok(json!({
        "PolicyVersion": {
            "VersionId": version_name(number),
            "IsDefaultVersion": request.set_as_default,
            "CreateDate": world.timestamp(now),
        }
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct VersionRequest {
    policy_arn: String,
    version_id: String,
}

impl VersionRequest {
    fn number(&self) -> Result<u32, Refusal> {
        let digits = self.version_id.strip_prefix('v');
        digits
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(|| {
                invalid_input(format!(
                    "1 validation error detected: Value '{}' at 'versionId' failed to satisfy constraint: Member must satisfy regular expression pattern: v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?",
                    self.version_id
                ))
            })
    }

    fn none(&self) -> Refusal {
        no_such(format!(
            "Policy {} version {} does not exist or is not attachable.",
            self.policy_arn, self.version_id
        ))
    }
}

fn get_version(world: &mut World, _call: &Call, request: VersionRequest) -> Result<Value, Refusal> {
    let number = request.number()?;
    let found = world.iam.policy(&request.policy_arn)?;
    let mut version = versions(world, &found)
        .remove(&number)
        .ok_or_else(|| request.none())?;
    let document = match found {
        Found::Own(policy) => policy
            .versions
            .get(&number)
            .map(|version| version.document.as_str()),
        Found::OfAws(policy) => Some(policy.document),
    };
    version["Document"] = json!(document.map(documents::encoded));
    Ok(json!({ "PolicyVersion": version }))
}

/// The versions of a policy without their documents. Of AWS's only the one in force is known.
fn versions(world: &World, found: &Found<'_>) -> BTreeMap<u32, Value> {
    let view = |number: u32, default: u32, created: Value| {
        json!({
            "VersionId": version_name(number),
            "IsDefaultVersion": number == default,
            "CreateDate": created,
        })
    };
    match found {
        Found::Own(policy) => policy
            .versions
            .iter()
            .map(|(number, version)| {
                let created = world.timestamp(version.created);
                (*number, view(*number, policy.default_version, created))
            })
            .collect(),
        Found::OfAws(policy) => {
            let created = json!({ TIMESTAMP: policy.created() });
            let version = policy.version;
            BTreeMap::from([(version, view(version, version, created))])
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct VersionsRequest {
    policy_arn: String,
    marker: Option<String>,
    max_items: Option<usize>,
}

/// The newest version comes first.
fn list_versions(
    world: &mut World,
    _call: &Call,
    request: VersionsRequest,
) -> Result<Value, Refusal> {
    let found = world.iam.policy(&request.policy_arn)?;
    let versions = versions(world, &found).into_values().rev().collect();
    let (marker, max_items) = (request.marker.as_deref(), request.max_items);
    page("Versions", versions, marker, max_items)
}

fn set_default_version(
    world: &mut World,
    _call: &Call,
    request: VersionRequest,
) -> Result<Value, Refusal> {
    let (number, now) = (request.number()?, world.now());
    let policy = world.iam.own_policy_mut(&request.policy_arn)?;
    if !policy.versions.contains_key(&number) {
        return Err(request.none());
    }
    policy.default_version = number;
    policy.updated = now;
    world.iam.bring_into_force();
    Ok(Value::Null)
}

fn delete_version(
    world: &mut World,
    _call: &Call,
    request: VersionRequest,
) -> Result<Value, Refusal> {
    let number = request.number()?;
    let policy = world.iam.own_policy_mut(&request.policy_arn)?;
    if policy.default_version == number {
        return Err(delete_conflict(
            "Cannot delete the default version of a policy.",
        ));
    }
    policy
        .versions
        .remove(&number)
        .ok_or_else(|| request.none())?;
    Ok(Value::Null)
}
