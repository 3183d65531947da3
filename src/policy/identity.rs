//! What identity policies alone say of an action on a resource: for services whose resources have no
//! policies of their own.

use super::caller::Caller;
use super::context::Context;
use super::decision::{AllowedBy, Decision, StatementRef};
use super::document::{Effect, Element, Policy, Statement, Version};
use super::evaluate::decide_in_context;
use super::request::Request;

/// What a caller wants to do with one resource.
#[derive(Debug, Clone)]
pub struct IdentityRequest<'a> {
    pub caller: &'a Caller,
    /// With its prefix: `eks:DescribeCluster`.
    pub action: &'a str,
    /// The resource's ARN, or `*` when the action is about no resource in particular.
    pub resource: &'a str,
}

/// Makes the condition keys that do not follow from the caller, such as `aws:RequestedRegion`.
pub type MakeContext<'a> = &'a dyn Fn() -> Context;

/// The answer of identity policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityDecision {
    Allowed(StatementRef),
    /// The root user, whom no identity policy limits.
    Root,
    ExplicitDeny(StatementRef),
    ImplicitDeny,
}

impl IdentityDecision {
    pub fn is_allowed(&self) -> bool {
        matches!(self, IdentityDecision::Allowed(_) | IdentityDecision::Root)
    }
}

/// Decides `request` by the caller's identity policies. A statement without an `Action` or without a
/// `Resource` has no effect. The context is made only if some statement depends on it.
pub fn decide_by_identity(
    policies: &[Policy],
    request: &IdentityRequest<'_>,
    context: MakeContext<'_>,
) -> IdentityDecision {
    let account = request.caller.account.as_str();
    let asked = Request::new(request.caller.clone(), request.action);
    let whole = || {
        let asked = Request {
            context: context(),
            ..asked.clone()
        };
        asked.full_context(account)
    };
    match decide_in_context(policies, account, request.resource, &asked, &whole) {
        Decision::Allowed {
            by: AllowedBy::IdentityPolicy(statement),
        } => IdentityDecision::Allowed(statement),
        Decision::Allowed { .. } => IdentityDecision::Root,
        Decision::ExplicitDeny { by, .. } => IdentityDecision::ExplicitDeny(by),
        Decision::ImplicitDeny(_) => IdentityDecision::ImplicitDeny,
    }
}

/// The identity policy of an administrator: every action on everything.
pub fn administrator() -> Policy {
    let everything = Element {
        negated: false,
        patterns: vec!["*".to_owned()],
    };
    Policy {
        version: Version::V2012,
        id: None,
        statements: vec![Statement {
            sid: None,
            effect: Effect::Allow,
            principal: None,
            action: Some(everything.clone()),
            resource: Some(everything),
            conditions: Vec::new(),
        }],
    }
}

/// Condition keys on which statements about the action depend and which the request has not, each
/// once.
pub fn missing_keys(
    policies: &[Policy],
    request: &IdentityRequest<'_>,
    context: Context,
) -> Vec<String> {
    let context = request.caller.fill(context);
    let about = |statement: &&Statement| {
        let action = statement.action.as_ref();
        action.is_some_and(|action| action.covers_action(request.action))
    };
    let statements = policies.iter().flat_map(|policy| &policy.statements);
    let conditions = statements
        .filter(about)
        .flat_map(|statement| &statement.conditions);
    let mut missing: Vec<String> = Vec::new();
    for condition in conditions {
        let known = missing
            .iter()
            .any(|key| key.eq_ignore_ascii_case(&condition.key));
        if !known && context.values(&condition.key).is_empty() {
            missing.push(condition.key.clone());
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLUSTER: &str = "arn:aws:eks:us-west-2:111122223333:cluster/one";

    fn check(document: &str, action: &str, resource: &str, expected: &str) {
        let policies = [Policy::parse(document).expect("valid")];
        let request = IdentityRequest {
            caller: &Caller::user("111122223333", "sam"),
            action,
            resource,
        };
        let context = || Context::new().with("aws:RequestedRegion", "us-west-2");
        let answer = match decide_by_identity(&policies, &request, &context) {
            IdentityDecision::Allowed(by) => format!("allowed by {}", by.number),
            IdentityDecision::Root => "root".to_owned(),
            IdentityDecision::ExplicitDeny(by) => format!("denied by {}", by.number),
            IdentityDecision::ImplicitDeny => "not allowed".to_owned(),
        };
        assert_eq!(answer, expected, "{action} on {resource} by {document}");
    }

    fn document(statements: &str) -> String {
        format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
    }

    #[test]
    fn an_action_needs_an_allow_for_its_resource() {
        let one = document(
            r#"{"Effect":"Allow","Action":"eks:Describe*","Resource":"arn:aws:eks:*:*:cluster/o*"}"#,
        );
        check(&one, "eks:DescribeCluster", CLUSTER, "allowed by 1");
        check(&one, "eks:DeleteCluster", CLUSTER, "not allowed");
        check(&one, "eks:DescribeCluster", "*", "not allowed");
        check(
            &one,
            "eks:DescribeCluster",
            "arn:aws:eks:us-west-2:111122223333:cluster/two",
            "not allowed",
        );
    }

    #[test]
    fn a_deny_outweighs_every_allow() {
        let but = document(
            r#"{"Effect":"Allow","Action":"*","Resource":"*"},
               {"Effect":"Deny","NotAction":["iam:*","sts:*"],"Resource":"*",
                "Condition":{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}}"#,
        );
        check(&but, "eks:DescribeCluster", CLUSTER, "denied by 2");
        check(&but, "iam:ListRoles", "*", "allowed by 1");
    }

    #[test]
    fn variables_of_the_caller_stand_in_resources() {
        let own = document(
            r#"{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::*:user/${aws:username}"}"#,
        );
        let user = |name: &str| format!("arn:aws:iam::111122223333:user/{name}");
        check(&own, "iam:GetUser", &user("sam"), "allowed by 1");
        check(&own, "iam:GetUser", &user("eve"), "not allowed");
    }

    #[test]
    fn the_root_user_may_do_everything() {
        let request = IdentityRequest {
            caller: &Caller::root("111122223333"),
            action: "eks:DeleteCluster",
            resource: CLUSTER,
        };
        assert!(decide_by_identity(&[], &request, &Context::new).is_allowed());
    }
}
