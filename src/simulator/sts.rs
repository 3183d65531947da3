//! Who am I, and who may become a role for a while.

use serde::Deserialize;
use serde_json::{Value, json};

use super::iam::{Credential, Holder, KEY_ID_LENGTH, access_keys, unique_id};
use super::refusal::Refusal;
use super::wire::{Call, Operation, Protocol, Service, TIMESTAMP};
use super::world::World;
use crate::policy::{CallerKind, Request};

pub fn service() -> Service {
    Service {
        signing_name: "sts",
        protocol: Protocol::Query,
        selector: "2011-06-15",
        namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
        operations: vec![
            Operation::new("GetCallerIdentity", get_caller_identity),
            Operation::new("AssumeRole", assume_role),
            Operation::new("GetAccessKeyInfo", get_access_key_info),
        ],
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

fn get_caller_identity(
    world: &mut World,
    call: &Call,
    _request: Nothing,
) -> Result<Value, Refusal> {
    let of_user = || {
        let mut users = world.iam.users.values();
        let user = users.find(|user| user.arn == call.caller.arn);
        user.map(|user| user.id.clone())
    };
    Ok(json!({
        "Arn": call.caller.arn,
        "UserId": call.caller.user_id.clone().or_else(of_user),
        "Account": world.account,
    }))
}

/// How long a session lasts when nobody says, in seconds.
const SESSION: u64 = 3600;
/// What `DurationSeconds` may be.
const SESSION_LIMITS: std::ops::RangeInclusive<u64> = 900..=43_200;
/// The most that a session of a role may ask for when it becomes another role.
const CHAINED_SESSION: u64 = 3600;
/// How session tokens begin; the rest is drawn.
const TOKEN: &str = "IQoJb3JpZ2luX2VjE";
/// Parts of forty characters that a token has.
const TOKEN_PARTS: usize = 8;

/// Session policies, session tags and MFA are refused by name: a session has what its role has.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AssumeRoleRequest {
    role_arn: String,
    role_session_name: String,
    duration_seconds: Option<u64>,
    external_id: Option<String>,
}

fn assume_role(
    world: &mut World,
    call: &Call,
    request: AssumeRoleRequest,
) -> Result<Value, Refusal> {
    let session = &request.role_session_name;
    check_session_name(session)?;
    let seconds = request.duration_seconds.unwrap_or(SESSION);
    check_range(seconds)?;
    let role = trusting_role(world, call, &request)?;
    check_duration(seconds, role.max_session.as_secs(), call)?;
    let assumed = role.session(&world.account, session);
    let holder = Holder::Session {
        role: role.name.clone(),
        role_id: role.id.clone(),
        session: session.clone(),
    };
    let credentials = temporary_credentials(world, holder, seconds);
    Ok(json!({
        "Credentials": credentials,
        "AssumedRoleUser": { "AssumedRoleId": assumed.user_id, "Arn": assumed.arn },
    }))
}

/// The role, if its trust policy and, where that leaves it to the account, the caller's own policies
/// let the caller become it. A role that does not exist is refused alike.
fn trusting_role<'a>(
    world: &'a World,
    call: &Call,
    request: &AssumeRoleRequest,
) -> Result<&'a super::iam::Role, Refusal> {
    let arn = &request.role_arn;
    let mut asked = Request::new(call.caller.clone(), "sts:AssumeRole")
        .with("sts:RoleSessionName", &request.role_session_name)
        .with("aws:RequestedRegion", &world.region);
    if let Some(id) = &request.external_id {
        asked = asked.with("sts:ExternalId", id);
    }
    let identity = world.iam.policies_of(&call.caller);
    let by_name = world
        .iam
        .role_by_name_or_arn(arn)
        .filter(|role| role.arn == *arn);
    by_name
        .filter(|role| {
            let decision = role.trust.decide(arn, &world.account, identity, &asked);
            decision.is_allowed()
        })
        .ok_or_else(|| {
            let caller = &call.caller.arn;
            let message = format!(
                "User: {caller} is not authorized to perform: sts:AssumeRole on resource: {arn}"
            );
            Refusal::new("AccessDenied", 403, message)
        })
}

fn check_session_name(name: &str) -> Result<(), Refusal> {
    let valid =
        |character: char| character.is_ascii_alphanumeric() || "_+=,.@-".contains(character);
    let constraint = if !name.chars().all(valid) {
        "satisfy regular expression pattern: [\\w+=,.@-]*"
    } else if name.len() < 2 {
        "have length greater than or equal to 2"
    } else if name.len() > 64 {
        "have length less than or equal to 64"
    } else {
        return Ok(());
    };
    Err(invalid("roleSessionName", name, constraint))
}

fn check_range(seconds: u64) -> Result<(), Refusal> {
    let (least, most) = (SESSION_LIMITS.start(), SESSION_LIMITS.end());
    if SESSION_LIMITS.contains(&seconds) {
        return Ok(());
    }
    let constraint = if seconds < *least {
        format!("have value greater than or equal to {least}")
    } else {
        format!("have value less than or equal to {most}")
    };
    Err(invalid(
        "durationSeconds",
        &seconds.to_string(),
        &constraint,
    ))
}

fn invalid(member: &str, value: &str, constraint: &str) -> Refusal {
    validation(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {constraint}"
    ))
}

fn validation(message: impl Into<String>) -> Refusal {
    Refusal::bad("ValidationError", message)
}

fn check_duration(seconds: u64, max_session: u64, call: &Call) -> Result<(), Refusal> {
    if call.caller.kind == CallerKind::RoleSession && seconds > CHAINED_SESSION {
        return Err(validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    if seconds > max_session {
        return Err(validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    Ok(())
}

/// Makes credentials that end by the wall clock: clients keep them as long as they say.
fn temporary_credentials(world: &mut World, holder: Holder, seconds: u64) -> Value {
    let wall = world.wall();
    world
        .iam
        .credentials
        .retain(|_, key| key.expires.is_none_or(|expires| expires > wall));
    let id = unique_id(world, "ASIA", KEY_ID_LENGTH);
    let secret = access_keys::secret(world);
    let parts: Vec<String> = (0..TOKEN_PARTS)
        .map(|_| access_keys::secret(world))
        .collect();
    let token = format!("{TOKEN}{}", parts.concat());
    let expires = wall
        + i64::try_from(seconds)
            .unwrap_or(i64::MAX)
            .saturating_mul(1_000_000);
    let credential = Credential {
        secret_access_key: secret.clone(),
        session_token: Some(token.clone()),
        holder,
        active: true,
        created: world.now(),
        expires: Some(expires),
    };
    world.iam.credentials.insert(id.clone(), credential);
    json!({
        "AccessKeyId": id,
        "SecretAccessKey": secret,
        "SessionToken": token,
        "Expiration": { TIMESTAMP: expires },
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct KeyInfoRequest {
    access_key_id: String,
}

/// AWS can tell the account of any key; here only this account's keys are known.
fn get_access_key_info(
    world: &mut World,
    _call: &Call,
    request: KeyInfoRequest,
) -> Result<Value, Refusal> {
    let id = request.access_key_id;
    if world.iam.credentials.contains_key(&id) {
        Ok(json!({ "Account": world.account }))
    } else {
        Err(validation(format!(
            "the account of access key {id} is not simulated"
        )))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::testing::{call, world};
    use super::*;

    #[test]
    fn a_session_ends_by_the_wall_clock_however_the_world_jumps() {
        let mut world = world();
        let trust = json!({
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Principal": {"AWS": world.account}, "Action": "sts:AssumeRole"},
        });
        let role = json!({"RoleName": "r", "AssumeRolePolicyDocument": trust.to_string()});
        let role = call(&mut world, "iam", "CreateRole", role).unwrap();
        let assume = json!({"RoleArn": role["Role"]["Arn"], "RoleSessionName": "one"});
        let session = call(&mut world, "sts", "AssumeRole", assume).unwrap();
        let key = session["Credentials"]["AccessKeyId"].as_str().unwrap();
        let wall = world.wall();
        world.jump(Duration::from_secs(7200));
        assert!(!world.iam.has_expired(key, world.wall()));
        let caller = world.iam.caller(&world.account, key).unwrap();
        assert_eq!(caller.arn, "arn:aws:sts::123456789012:assumed-role/r/one");
        let later = jiff::Timestamp::from_microsecond(wall + 3600 * 1_000_000).unwrap();
        world.tick(later);
        assert!(world.iam.has_expired(key, world.wall()));
    }
}
