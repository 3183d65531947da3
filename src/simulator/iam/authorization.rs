//! Who may do what by identity policies: everything but KMS, whose keys have policies of their own.
//! What each operation acts on is in `resources`.

use super::super::refusal::Refusal;
use super::super::wire::{Call, Decoded, Protocol};
use super::super::world::World;
use super::resources::{self, Resource};
use crate::policy::{Caller, Context, IdentityDecision, IdentityRequest, decide_by_identity};

/// Session name of a role that is only asked about.
const QUESTION: &str = "question";

/// Refuses a call that the caller's identity policies do not allow.
///
/// KMS asks its keys' policies itself. Anybody may ask who they are, and who may assume a role is
/// decided together with the role's trust policy.
pub(in crate::simulator) fn check(
    world: &World,
    call: &Call,
    decoded: &Decoded,
) -> Result<(), Refusal> {
    let service = decoded.service;
    let operation = decoded.operation.name;
    match (service.signing_name, operation) {
        ("kms", _) | ("sts", "GetCallerIdentity" | "AssumeRole") => return Ok(()),
        _ => {}
    }
    let members = decoded.members();
    let tags = resources::request_tags(&members);
    for needed in resources::needed(world, service.signing_name, operation, &members, &tags) {
        for resource in &needed.resources {
            let context = resource_context(service.signing_name, resource, &tags);
            let context = needed
                .context
                .iter()
                .fold(context, |context, (key, value)| context.with(key, value));
            let decision = decide(world, &call.caller, &needed.action, &resource.arn, context);
            if let Some(message) = refusal(
                &decision,
                &call.caller.arn,
                &needed.action,
                resource.shown(),
            ) {
                return Err(in_protocol(service.protocol, message));
            }
        }
    }
    Ok(())
}

/// Keys that follow from the tags of what is asked for and of what it is asked of.
fn resource_context(service: &str, resource: &Resource, tags: &[(String, String)]) -> Context {
    let keys = tags.iter().map(|(key, _)| key.as_str());
    let requested = tags.iter().fold(
        Context::new().with_all("aws:TagKeys", keys),
        |context, (key, value)| context.with(&format!("aws:RequestTag/{key}"), value),
    );
    resource
        .tags
        .iter()
        .fold(requested, |context, (key, value)| {
            context
                .with(&format!("aws:ResourceTag/{key}"), value)
                .with(&format!("{service}:ResourceTag/{key}"), value)
        })
}

fn in_protocol(protocol: Protocol, message: String) -> Refusal {
    match protocol {
        Protocol::Ec2 => Refusal::new(
            "UnauthorizedOperation",
            403,
            format!("You are not authorized to perform this operation. {message}"),
        ),
        Protocol::Query => Refusal::new("AccessDenied", 403, message),
        Protocol::Json => Refusal::bad("AccessDeniedException", message),
        Protocol::RestJson => Refusal::new("AccessDeniedException", 403, message),
    }
}

/// Whether `caller` may perform `action` (`iam:PassRole`) on the resource with this ARN, or on `*`.
///
/// # Errors
/// The refusal in AWS's words, `User: … is not authorized to perform: …`; each service puts its own
/// error code on it.
pub(in crate::simulator) fn authorize(
    world: &World,
    caller: &Caller,
    action: &str,
    resource: &str,
) -> Result<(), String> {
    let decision = decide(world, caller, action, resource, Context::new());
    refusal(&decision, &caller.arn, action, resource).map_or(Ok(()), Err)
}

/// Whether a session of the role (name or ARN) may perform `action` on `resource`.
pub(in crate::simulator) fn role_may(
    world: &World,
    role: &str,
    action: &str,
    resource: &str,
) -> bool {
    world.iam.role_by_name_or_arn(role).is_some_and(|role| {
        let caller = role.session(&world.account, QUESTION);
        authorize(world, &caller, action, resource).is_ok()
    })
}

/// Asks the caller's identity policies, with the context that every call has.
pub(super) fn decide(
    world: &World,
    caller: &Caller,
    action: &str,
    resource: &str,
    context: Context,
) -> IdentityDecision {
    let request = IdentityRequest {
        caller,
        action,
        resource,
        context: surroundings(world, action, context),
    };
    decide_by_identity(world.iam.policies_of(caller), &request)
}

/// IAM's one endpoint is in this region.
pub(in crate::simulator) const GLOBAL_REGION: &str = "us-east-1";

/// The context with what every call has; keys that it has already stay as they are.
pub(super) fn surroundings(world: &World, action: &str, given: Context) -> Context {
    let now = world.shown(world.now());
    let region = if action.starts_with("iam:") {
        GLOBAL_REGION
    } else {
        &world.region
    };
    [
        ("aws:RequestedRegion", region.to_owned()),
        (
            "aws:CurrentTime",
            now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        ),
        ("aws:EpochTime", now.as_second().to_string()),
        // The plain port stands for endpoints that are reached by TLS.
        ("aws:SecureTransport", "true".to_owned()),
        ("aws:ResourceAccount", world.account.clone()),
    ]
    .into_iter()
    .fold(given, |context, (key, value)| {
        if context.values(key).is_empty() {
            context.with(key, value)
        } else {
            context
        }
    })
}

/// The words of a denial; `None` when the call is allowed. An action on no resource in particular
/// names none.
pub(super) fn refusal(
    decision: &IdentityDecision,
    caller_arn: &str,
    action: &str,
    resource: &str,
) -> Option<String> {
    let because = match decision {
        IdentityDecision::Allowed(_) | IdentityDecision::Root => return None,
        IdentityDecision::ExplicitDeny(_) => {
            "with an explicit deny in an identity-based policy".to_owned()
        }
        IdentityDecision::ImplicitDeny => {
            format!("because no identity-based policy allows the {action} action")
        }
    };
    let on = match resource {
        "*" => String::new(),
        _ => format!(" on resource: {resource}"),
    };
    Some(format!(
        "User: {caller_arn} is not authorized to perform: {action}{on} {because}"
    ))
}
