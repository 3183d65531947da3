//! CloudTrail's event history: the management events of the account, newest first. Real trails show an event after
//! some minutes; here it is there at once.

use serde::Deserialize;
use serde_json::{Value, json};

use super::audit::{Record, Resource};
use super::refusal::Refusal;
use super::wire::{Call, Operation, Protocol, Service};
use super::world::World;
use crate::policy::{Caller, CallerKind};

pub(super) fn service() -> Service {
    Service {
        signing_name: "cloudtrail",
        protocol: Protocol::Json,
        selector: "CloudTrail_20131101",
        namespace: "",
        operations: vec![Operation::new("LookupEvents", lookup_events)],
    }
}

/// The largest page, and the one that a call without `MaxResults` gets.
const PAGE: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct LookupRequest {
    #[serde(default)]
    lookup_attributes: Vec<Attribute>,
    /// Seconds since the epoch.
    start_time: Option<f64>,
    end_time: Option<f64>,
    event_category: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Attribute {
    attribute_key: String,
    attribute_value: String,
}

fn lookup_events(world: &mut World, _: &Call, request: LookupRequest) -> Result<Value, Refusal> {
    let limit = request.max_results.unwrap_or(PAGE);
    if !(1..=PAGE).contains(&limit) {
        let message = format!("A maximum results value must be between 1 and {PAGE}, not {limit}.");
        return Err(Refusal::bad("InvalidMaxResultsException", message));
    }
    if let Some(category) = &request.event_category {
        let message = format!("events of the category {category} are not simulated");
        return Err(Refusal::bad("InvalidEventCategoryException", message));
    }
    if let (Some(start), Some(end)) = (request.start_time, request.end_time)
        && start > end
    {
        let message = "The start time must be before the end time.";
        return Err(Refusal::bad("InvalidTimeRangeException", message));
    }
    let attribute = match request.lookup_attributes.as_slice() {
        [] => None,
        [attribute] => Some(known(attribute)?),
        _ => {
            let message = "Only one lookup attribute can be given.";
            return Err(Refusal::bad("InvalidLookupAttributesException", message));
        }
    };
    let before = page_start(request.next_token.as_deref())?;
    let world = &*world;
    let within = |record: &&Record| {
        let at = world.shown(record.at).as_microsecond() as f64 / 1e6;
        request.start_time.is_none_or(|start| at >= start)
            && request.end_time.is_none_or(|end| at <= end)
    };
    let mut found = world
        .trail
        .after(0)
        .rev()
        .map(AsRef::as_ref)
        .filter(|record| record.caller.is_some() && record.source.ends_with(".amazonaws.com"))
        .filter(|record| before.is_none_or(|before| record.number < before))
        .filter(within)
        .filter(|record| attribute.is_none_or(|attribute| has(record, attribute)));
    let page: Vec<&Record> = found.by_ref().take(limit).collect();
    let more = found.next().is_some();
    let token = page.last().filter(|_| more);
    Ok(json!({
        "Events": page.iter().map(|record| event(world, record)).collect::<Vec<_>>(),
        "NextToken": token.map(|last| last.number.to_string()),
    }))
}

/// The number before which a page's events lie.
fn page_start(token: Option<&str>) -> Result<Option<u64>, Refusal> {
    token
        .map(|token| {
            token.parse().map_err(|_| {
                Refusal::bad("InvalidNextTokenException", "The next token is invalid.")
            })
        })
        .transpose()
}

const ATTRIBUTES: [&str; 8] = [
    "EventId",
    "EventName",
    "ReadOnly",
    "Username",
    "ResourceType",
    "ResourceName",
    "EventSource",
    "AccessKeyId",
];

fn known(attribute: &Attribute) -> Result<&Attribute, Refusal> {
    if ATTRIBUTES.contains(&attribute.attribute_key.as_str()) {
        return Ok(attribute);
    }
    let message = format!(
        "{} is no lookup attribute; these are: {}.",
        attribute.attribute_key,
        ATTRIBUTES.join(", ")
    );
    Err(Refusal::bad("InvalidLookupAttributesException", message))
}

fn has(record: &Record, attribute: &Attribute) -> bool {
    let value = attribute.attribute_value.as_str();
    let any = |of: fn(&Resource) -> &str| record.resources.iter().any(|found| of(found) == value);
    match attribute.attribute_key.as_str() {
        "EventId" => record.request == value,
        "EventName" => record.operation == value,
        "ReadOnly" => record.read_only.to_string() == value,
        "Username" => record.user_name() == Some(value),
        "ResourceType" => any(|resource| &resource.kind),
        "ResourceName" => any(|resource| &resource.name),
        "EventSource" => record.source == value,
        _ => record.access_key.as_deref() == Some(value),
    }
}

fn event(world: &World, record: &Record) -> Value {
    let resources: Vec<Value> = record
        .resources
        .iter()
        .map(|found| json!({"ResourceType": found.kind, "ResourceName": found.name}))
        .collect();
    json!({
        "EventId": record.request,
        "EventName": record.operation,
        "ReadOnly": record.read_only.to_string(),
        "AccessKeyId": record.access_key,
        "EventTime": world.timestamp(record.at),
        "EventSource": record.source,
        "Username": record.user_name(),
        "Resources": resources,
        "CloudTrailEvent": record_text(world, record),
    })
}

/// The whole record, as the service gives it: JSON as text.
fn record_text(world: &World, record: &Record) -> String {
    let arns: Vec<Value> = record
        .resources
        .iter()
        .filter(|found| found.name.starts_with("arn:"))
        .map(|found| json!({"accountId": world.account, "type": found.kind, "ARN": found.name}))
        .collect();
    let mut text = json!({
        "eventVersion": "1.10",
        "userIdentity": record.caller.as_ref().map(|caller| identity(world, record, caller)),
        "eventTime": world.instant_text(record.at),
        "eventSource": record.source,
        "eventName": record.operation,
        "awsRegion": world.region,
        "sourceIPAddress": record.origin,
        "userAgent": record.agent,
        "requestParameters": record.parameters,
        "responseElements": record.response,
        "requestID": record.request,
        "eventID": record.request,
        "readOnly": record.read_only,
        "resources": arns,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": world.account,
        "eventCategory": "Management",
    });
    if let Some(failure) = &record.error {
        text["errorCode"] = json!(failure.code);
        text["errorMessage"] = json!(failure.message);
    }
    text.to_string()
}

fn identity(world: &World, record: &Record, caller: &Caller) -> Value {
    let mut identity = match caller.kind {
        CallerKind::Service => return json!({"type": "AWSService", "invokedBy": caller.arn}),
        CallerKind::Root => json!({"type": "Root", "principalId": caller.account}),
        CallerKind::User => json!({"type": "IAMUser", "userName": record.user_name()}),
        CallerKind::RoleSession => {
            let role = caller.role_arn.as_deref().unwrap_or_default();
            let issuer = json!({
                "type": "Role",
                "arn": role,
                "accountId": caller.account,
                "userName": role.rsplit('/').next(),
            });
            json!({"type": "AssumedRole", "sessionContext": {"sessionIssuer": issuer}})
        }
    };
    identity["principalId"] = json!(principal_id(world, caller));
    identity["arn"] = json!(caller.arn);
    identity["accountId"] = json!(caller.account);
    match &record.access_key {
        Some(key) => identity["accessKeyId"] = json!(key),
        None => identity["invokedBy"] = json!(record.origin),
    }
    identity
}

fn principal_id(world: &World, caller: &Caller) -> Option<String> {
    let user = world.iam.users.values().find(|user| user.arn == caller.arn);
    user.map(|user| user.id.clone())
        .or_else(|| caller.user_id.clone())
}
