//! Who may do what by identity policies: everything but KMS, whose keys have policies of their own.
//! What each operation acts on is in `resources`.

use serde_json::Value;

use super::super::refusal::Refusal;
use super::super::wire::{Call, Decoded, Protocol};
use super::super::world::World;
use super::resources::{self, Needed, Resource};
use crate::policy::{
    Caller, Context, IdentityDecision, IdentityRequest, MakeContext, decide_by_identity,
};

/// Session name of a role that is only asked about.
const QUESTION: &str = "question";

/// Refuses a call that the caller's identity policies do not allow; `members` are those of its input.
///
/// KMS asks its keys' policies itself. Anybody may ask who they are, and who may assume a role is
/// decided together with the role's trust policy.
pub(in crate::simulator) fn check(
    world: &World,
    call: &Call,
    decoded: &Decoded,
    members: &Value,
) -> Result<(), Refusal> {
    let (service, operation) = (decoded.service.signing_name, decoded.operation.name);
    match (service, operation) {
        ("kms", _) | ("sts", "GetCallerIdentity" | "AssumeRole") => Ok(()),
        _ => ask(world, &call.caller, service, operation, members)
            .map_err(|message| in_protocol(decoded.service.protocol, message)),
    }
}

/// Asks for every action that an operation with these members needs.
fn ask(
    world: &World,
    caller: &Caller,
    service: &str,
    operation: &str,
    members: &Value,
) -> Result<(), String> {
    let tags = resources::request_tags(members);
    let needed = resources::needed(world, caller, service, operation, members, &tags);
    let mut questions = needed.iter().flat_map(|needed| {
        needed
            .resources
            .iter()
            .map(move |resource| (needed, resource))
    });
    let refused = questions.find_map(|(needed, resource)| {
        let context = || context(service, needed, resource, &tags);
        let decision = decide(world, caller, &needed.action, &resource.arn, &context);
        refusal(&decision, &caller.arn, &needed.action, resource.shown())
    });
    refused.map_or(Ok(()), Err)
}

/// Keys that follow from the tags of what is asked for and of what it is asked of.
fn context(
    service: &str,
    needed: &Needed,
    resource: &Resource,
    tags: &[(String, String)],
) -> Context {
    let keys = tags.iter().map(|(key, _)| key.as_str());
    let requested = tags.iter().fold(
        Context::new().with_all("aws:TagKeys", keys),
        |context, (key, value)| context.with(&format!("aws:RequestTag/{key}"), value),
    );
    let of_action = needed.context.iter();
    let asked = of_action.fold(requested, |context, (key, value)| context.with(key, value));
    resource.tags.iter().fold(asked, |context, (key, value)| {
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
    let decision = decide(world, caller, action, resource, &Context::new);
    refusal(&decision, &caller.arn, action, resource).map_or(Ok(()), Err)
}

/// Whether `caller` may hand the role with this ARN to a service, such as `eks.amazonaws.com`.
///
/// # Errors
/// As `authorize`, for `iam:PassRole`.
pub(in crate::simulator) fn authorize_passing(
    world: &World,
    caller: &Caller,
    role_arn: &str,
    service: &str,
) -> Result<(), String> {
    const PASS: &str = "iam:PassRole";
    let context = || Context::new().with("iam:PassedToService", service);
    let decision = decide(world, caller, PASS, role_arn, &context);
    refusal(&decision, &caller.arn, PASS, role_arn).map_or(Ok(()), Err)
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
    context: MakeContext<'_>,
) -> IdentityDecision {
    let request = IdentityRequest {
        caller,
        action,
        resource,
    };
    let whole = || surroundings(world, action, context());
    decide_by_identity(world.iam.policies_of(caller), &request, &whole)
}

/// IAM's one endpoint is in this region.
pub(in crate::simulator) const GLOBAL_REGION: &str = "us-east-1";

/// The context with what every call has; keys that it has already stay as they are.
pub(in crate::simulator) fn surroundings(world: &World, action: &str, given: Context) -> Context {
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
        ("aws:SourceIp", "127.0.0.1".to_owned()),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::testing::{call, world};
    use super::*;

    /// A world in which `reader` may do what the statements say.
    fn world_with_reader(statements: Value) -> (World, Caller) {
        let mut world = world();
        let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        let put = json!({"UserName": "reader", "PolicyName": "all", "PolicyDocument": document});
        call(
            &mut world,
            "iam",
            "CreateUser",
            json!({"UserName": "reader"}),
        )
        .unwrap();
        call(&mut world, "iam", "PutUserPolicy", put).unwrap();
        let caller = world.iam.users["reader"].caller(&world.account);
        (world, caller)
    }

    #[track_caller]
    fn check(statements: Value, asked: (&str, &str, Value), expected: &str) {
        let (world, caller) = world_with_reader(statements);
        let (service, operation, members) = asked;
        let answer = ask(&world, &caller, service, operation, &members);
        let answer = answer.err().unwrap_or_default();
        let answer = answer.rsplit("perform: ").next().unwrap_or_default();
        assert_eq!(answer, expected, "{operation} {members}");
    }

    fn allow(action: &str, resource: &str) -> Value {
        json!({"Effect": "Allow", "Action": action, "Resource": resource})
    }

    #[test]
    fn an_allowed_action_on_a_listed_resource_passes() {
        let cluster = allow("eks:*", "arn:aws:eks:us-west-2:123456789012:cluster/eks-*");
        check(
            cluster.clone(),
            ("eks", "DescribeCluster", json!({"name": "eks-workshop"})),
            "",
        );
        check(
            cluster,
            ("eks", "DescribeCluster", json!({"name": "other"})),
            "eks:DescribeCluster on resource: arn:aws:eks:us-west-2:123456789012:cluster/other because no identity-based policy allows the eks:DescribeCluster action",
        );
    }

    #[test]
    fn tags_of_the_request_and_of_the_resource_are_conditions() {
        let with = |condition: Value| json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": condition}});
        let create = |tags: Value| ("eks", "CreateCluster", json!({"name": "c", "tags": tags}));
        let refused = "eks:CreateCluster on resource: arn:aws:eks:us-west-2:123456789012:cluster/c because no identity-based policy allows the eks:CreateCluster action";
        let tagged = with(json!({"aws:RequestTag/Owner": "us", "aws:TagKeys": "Owner"}));
        check(tagged.clone(), create(json!({"Owner": "us"})), "");
        check(tagged, create(json!({"Owner": "them"})), refused);
        let of_role = with(json!({"aws:ResourceTag/team": "blue"}));
        check(
            of_role,
            (
                "iam",
                "DeleteRole",
                json!({"RoleName": "eks-workshop-node"}),
            ),
            "iam:DeleteRole on resource: role eks-workshop-node because no identity-based policy allows the iam:DeleteRole action",
        );
    }

    #[test]
    fn tags_on_what_ec2_makes_need_leave_of_their_own() {
        let members = json!({
            "LaunchTemplateName": "ours",
            "TagSpecification": [{"ResourceType": "launch-template", "Tag": [{"Key": "a", "Value": "b"}]}],
        });
        let asked = ("ec2", "CreateLaunchTemplate", members);
        let create = allow("ec2:CreateLaunchTemplate", "*");
        check(
            create.clone(),
            asked.clone(),
            "ec2:CreateTags on resource: arn:aws:ec2:us-west-2:123456789012:launch-template/* because no identity-based policy allows the ec2:CreateTags action",
        );
        let tagging = json!({
            "Effect": "Allow", "Action": "ec2:CreateTags", "Resource": "*",
            "Condition": {"StringEquals": {"ec2:CreateAction": "CreateLaunchTemplate"}},
        });
        check(json!([create, tagging]), asked, "");
    }

    #[test]
    fn what_was_attached_later_counts_at_once() {
        let (mut world, caller) = world_with_reader(allow("eks:ListClusters", "*"));
        assert!(authorize(&world, &caller, "iam:PassRole", "*").is_err());
        let attach = json!({
            "UserName": "reader",
            "PolicyArn": "arn:aws:iam::aws:policy/IAMFullAccess",
        });
        call(&mut world, "iam", "AttachUserPolicy", attach).unwrap();
        assert_eq!(authorize(&world, &caller, "iam:PassRole", "*"), Ok(()));
    }
}
