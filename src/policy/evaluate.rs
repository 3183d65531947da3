//! The decision procedure for a request on a KMS key: explicit denies, the key policy, identity
//! policies, grants. There is no implicit power of an account's administrators over a key.

use std::cell::OnceCell;

use super::caller::CallerKind;
use super::condition;
use super::context::Context;
use super::decision::{
    AllowedBy, Decision, FailedCondition, ImplicitDeny, NearMiss, Obstacle, PolicyKind,
    PolicySource, StatementRef,
};
use super::document::{Condition, Effect, Element, Policy, Statement, Version};
use super::grant::{Grant, GrantAnswer};
use super::principal::Reach;
use super::request::Request;
use crate::message;

/// Everything that decides who may use one key, apart from the key's state.
#[derive(Debug, Clone, Copy)]
pub struct KeyAccess<'a> {
    /// The key policy.
    pub policy: &'a Policy,
    /// The active grants on the key.
    pub grants: &'a [Grant],
    /// The identity policies of whoever makes the request.
    pub identity: &'a [Policy],
    /// The key's ARN (never an alias).
    pub key_arn: &'a str,
    /// The account that owns the key.
    pub account: &'a str,
}

/// Decides `request` by the key policy, the caller's identity policies and the grants.
///
/// Permissions boundaries, session policies and organization policies are not part of the question.
pub fn decide(access: &KeyAccess<'_>, request: &Request) -> Decision {
    let context = || request.full_context(access.account);
    let question = Question::new(access, request, &context);
    if let Some(denial) = question.denial() {
        return denial;
    }
    match question.allowed_by() {
        Some(by) => Decision::Allowed { by },
        None => Decision::ImplicitDeny(question.implicit_deny()),
    }
}

/// Decides a request that no resource policy has a say in, by the caller's identity policies alone: on a
/// key's alias, say, or on nothing in particular (`resource` is then `*`). `account` is the resource's.
pub fn decide_without_resource_policy(
    identity: &[Policy],
    account: &str,
    resource: &str,
    request: &Request,
) -> Decision {
    let context = || request.full_context(account);
    decide_in_context(identity, account, resource, request, &context)
}

/// The same with the whole condition context, which is asked for only if some statement depends on it.
pub(super) fn decide_in_context(
    identity: &[Policy],
    account: &str,
    resource: &str,
    request: &Request,
    context: &dyn Fn() -> Context,
) -> Decision {
    let policy = Policy {
        version: Version::V2012,
        id: None,
        statements: Vec::new(),
    };
    let access = KeyAccess {
        policy: &policy,
        grants: &[],
        identity,
        key_arn: resource,
        account,
    };
    let question = Question::new(&access, request, context);
    if let Some(denial) = question.denial() {
        return denial;
    }
    let allowing = question.allowing_identity();
    let by = match allowing {
        _ if request.caller.kind == CallerKind::Root => Some(AllowedBy::Root),
        allowing => allowing.map(AllowedBy::IdentityPolicy),
    };
    by.map_or_else(
        || Decision::ImplicitDeny(question.implicit_deny_by_identity()),
        |by| Decision::Allowed { by },
    )
}

/// Operations that KMS refuses to callers of another account, whatever the policies say.
const SAME_ACCOUNT_ONLY: &[&str] = &[
    "CancelKeyDeletion",
    "CreateAlias",
    "DeleteAlias",
    "DeleteImportedKeyMaterial",
    "DisableKey",
    "DisableKeyRotation",
    "EnableKey",
    "EnableKeyRotation",
    "GetKeyLastUsage",
    "GetKeyPolicy",
    "GetParametersForImport",
    "ImportKeyMaterial",
    "ListKeyPolicies",
    "ListKeyRotations",
    "ListResourceTags",
    "PutKeyPolicy",
    "ReplicateKey",
    "RotateKeyOnDemand",
    "ScheduleKeyDeletion",
    "TagResource",
    "UntagResource",
    "UpdateAlias",
    "UpdateKeyDescription",
    "UpdatePrimaryRegion",
];

/// A request together with the policies it is put to.
struct Question<'a> {
    access: &'a KeyAccess<'a>,
    request: &'a Request,
    /// Makes the condition context, which most questions are decided without.
    make_context: &'a dyn Fn() -> Context,
    context: OnceCell<Context>,
}

/// A statement and where it stands.
#[derive(Clone, Copy)]
struct Located<'a> {
    statement: &'a Statement,
    source: PolicySource,
    number: usize,
    version: Version,
}

impl Located<'_> {
    fn reference(&self) -> StatementRef {
        StatementRef {
            source: self.source,
            number: self.number,
            sid: self.statement.sid.clone(),
        }
    }
}

fn located(policy: &Policy, source: PolicySource) -> impl Iterator<Item = Located<'_>> {
    policy
        .statements
        .iter()
        .enumerate()
        .map(move |(index, statement)| Located {
            statement,
            source,
            number: index + 1,
            version: policy.version,
        })
}

impl<'a> Question<'a> {
    fn new(
        access: &'a KeyAccess<'a>,
        request: &'a Request,
        make_context: &'a dyn Fn() -> Context,
    ) -> Self {
        Question {
            access,
            request,
            make_context,
            context: OnceCell::new(),
        }
    }

    fn context(&self) -> &Context {
        self.context.get_or_init(self.make_context)
    }

    fn names(&self) -> (String, String) {
        (
            self.request.action.clone(),
            self.request.caller.short_name().to_string(),
        )
    }

    fn key_statements(&self, effect: Effect) -> impl Iterator<Item = Located<'a>> {
        let of_key = located(self.access.policy, PolicySource::KeyPolicy);
        of_key.filter(move |located| located.statement.effect == effect)
    }

    fn identity_statements(&self, effect: Effect) -> impl Iterator<Item = Located<'a>> {
        let numbered = self.access.identity.iter().enumerate();
        let all = numbered
            .flat_map(|(index, policy)| located(policy, PolicySource::IdentityPolicy(index + 1)));
        all.filter(move |located| located.statement.effect == effect)
    }

    /// The explicit deny, if some statement is one.
    fn denial(&self) -> Option<Decision> {
        let located = self.denying_statement()?;
        let (action, caller) = self.names();
        let statement = located.statement;
        let spared = statement
            .principal
            .as_ref()
            .and_then(|element| element.unlisted(&self.request.caller));
        let spared = spared.map(|name| message!("policy-not-principal-lacks", name = name));
        let conditions = statement.conditions.iter();
        let held =
            conditions.map(|condition| condition::describe_success(condition, self.context()));
        Some(Decision::ExplicitDeny {
            action,
            caller,
            by: located.reference(),
            because: spared.into_iter().chain(held).collect(),
        })
    }

    fn denying_statement(&self) -> Option<Located<'a>> {
        let caller = &self.request.caller;
        let hits = |located: &Located<'_>| {
            located
                .statement
                .principal
                .as_ref()
                .is_some_and(|element| element.denies(caller))
        };
        let of_key = self.key_statements(Effect::Deny).filter(hits);
        let of_identity = self.identity_statements(Effect::Deny);
        of_key
            .chain(of_identity)
            .find(|located| self.matches(located))
    }

    fn allowed_by(&self) -> Option<AllowedBy> {
        if self.is_refused_across_accounts() {
            return None;
        }
        self.by_policies().or_else(|| {
            let granting = |grant: &&Grant| grant.answer(self.request) == GrantAnswer::Allows;
            self.access
                .grants
                .iter()
                .find(granting)
                .map(|grant| AllowedBy::Grant(grant.id.clone()))
        })
    }

    fn by_policies(&self) -> Option<AllowedBy> {
        let direct = self.key_allow(Reach::Direct);
        if self.is_same_account()
            && let Some(key) = &direct
        {
            return Some(AllowedBy::KeyPolicy(key.reference()));
        }
        let key = direct
            .or_else(|| self.key_allow(Reach::Account))?
            .reference();
        if self.request.caller.kind == CallerKind::Root {
            return Some(AllowedBy::AccountRoot(key));
        }
        let identity = self.allowing_identity()?;
        Some(AllowedBy::KeyAndIdentityPolicy { key, identity })
    }

    fn allowing_identity(&self) -> Option<StatementRef> {
        self.identity_statements(Effect::Allow)
            .find(|located| self.matches(located))
            .map(|located| located.reference())
    }

    /// The first matching `Allow` of the key policy that reaches the caller in the given way.
    fn key_allow(&self, reach: Reach) -> Option<Located<'a>> {
        self.key_statements(Effect::Allow)
            .find(|located| self.reach(located) == reach && self.matches(located))
    }

    fn reach(&self, located: &Located<'_>) -> Reach {
        let element = located.statement.principal.as_ref();
        element.map_or(Reach::Nobody, |element| {
            element.allow_reach(&self.request.caller)
        })
    }

    /// A service that signs as itself belongs to no account and has no identity policies.
    fn is_same_account(&self) -> bool {
        self.request.caller.kind == CallerKind::Service
            || self.request.caller.account == self.access.account
    }

    fn is_refused_across_accounts(&self) -> bool {
        let operation = self.request.operation();
        !self.is_same_account()
            && SAME_ACCOUNT_ONLY
                .iter()
                .any(|name| name.eq_ignore_ascii_case(operation))
    }

    /// Whether everything but the principal matches.
    fn matches(&self, located: &Located<'_>) -> bool {
        self.covers_action(located.statement.action.as_ref())
            && self.covers_key(located.statement.resource.as_ref(), located.version)
            && located
                .statement
                .conditions
                .iter()
                .all(|condition| self.holds(condition, located.version))
    }

    fn holds(&self, condition: &Condition, version: Version) -> bool {
        condition::holds(condition, version, self.context())
    }

    fn covers_action(&self, element: Option<&Element>) -> bool {
        element.is_some_and(|element| element.covers_action(&self.request.action))
    }

    fn covers_key(&self, element: Option<&Element>, version: Version) -> bool {
        element.is_some_and(|element| {
            element.covers_resource(self.access.key_arn, version, || self.context())
        })
    }

    fn implicit_deny(&self) -> ImplicitDeny {
        let (action, caller) = self.names();
        let delegated = self
            .key_allow(Reach::Account)
            .or_else(|| self.key_allow(Reach::Direct))
            .is_some();
        let missing = if delegated {
            PolicyKind::Identity
        } else {
            PolicyKind::Resource
        };
        let of_key = self
            .key_statements(Effect::Allow)
            .filter_map(|located| self.key_near_miss(&located));
        let of_identity = self
            .identity_statements(Effect::Allow)
            .filter_map(|located| self.identity_near_miss(&located));
        let of_grants = self
            .access
            .grants
            .iter()
            .filter_map(|grant| self.grant_near_miss(grant));
        let near_misses = of_key
            .chain(of_identity.filter(|_| delegated))
            .chain(of_grants)
            .collect();
        ImplicitDeny {
            action,
            caller,
            missing,
            near_misses,
        }
    }

    fn implicit_deny_by_identity(&self) -> ImplicitDeny {
        let (action, caller) = self.names();
        let near_misses = self
            .identity_statements(Effect::Allow)
            .filter_map(|located| self.identity_near_miss(&located))
            .collect();
        ImplicitDeny {
            action,
            caller,
            missing: PolicyKind::Identity,
            near_misses,
        }
    }

    fn key_near_miss(&self, located: &Located<'_>) -> Option<NearMiss> {
        let reach = self.reach(located);
        let obstacle = match (self.obstacles(located).as_slice(), reach) {
            ([], Reach::Nobody) => Obstacle::Principal(located.statement.principal.clone()?),
            ([], _) if self.is_refused_across_accounts() => Obstacle::OtherAccount,
            ([], _) => self.needs_identity_policy(),
            ([single], Reach::Direct) => single.clone(),
            // A statement for the whole account, about other actions, is not worth telling.
            ([Obstacle::Actions { .. }], _) => return None,
            ([single], Reach::Account) => single.clone(),
            _ => return None,
        };
        Some(NearMiss::Statement {
            at: located.reference(),
            obstacle,
        })
    }

    fn needs_identity_policy(&self) -> Obstacle {
        let caller = &self.request.caller;
        Obstacle::IdentityPolicy {
            account: caller.account.clone(),
            service_linked: caller.is_service_linked(),
        }
    }

    /// Identity policies are long; only a statement about this very action is worth telling.
    fn identity_near_miss(&self, located: &Located<'_>) -> Option<NearMiss> {
        match self.obstacles(located).as_slice() {
            [single @ (Obstacle::Conditions(_) | Obstacle::Resources { .. })] => {
                Some(NearMiss::Statement {
                    at: located.reference(),
                    obstacle: single.clone(),
                })
            }
            _ => None,
        }
    }

    fn grant_near_miss(&self, grant: &Grant) -> Option<NearMiss> {
        match grant.answer(self.request) {
            GrantAnswer::Lacks(lacks) => Some(NearMiss::Grant {
                id: grant.id.clone(),
                lacks,
            }),
            GrantAnswer::Allows | GrantAnswer::NotTheirs => None,
        }
    }

    /// What keeps the statement from matching, the principal aside.
    fn obstacles(&self, located: &Located<'_>) -> Vec<Obstacle> {
        let statement = located.statement;
        let mut obstacles = Vec::new();
        match &statement.action {
            None => obstacles.push(Obstacle::WithoutElement("Action")),
            Some(Element { negated, patterns })
                if !self.covers_action(statement.action.as_ref()) =>
            {
                obstacles.push(Obstacle::Actions {
                    negated: *negated,
                    patterns: patterns.clone(),
                });
            }
            Some(_) => {}
        }
        match &statement.resource {
            None => obstacles.push(Obstacle::WithoutElement("Resource")),
            Some(Element { negated, patterns })
                if !self.covers_key(statement.resource.as_ref(), located.version) =>
            {
                obstacles.push(Obstacle::Resources {
                    negated: *negated,
                    patterns: patterns.clone(),
                });
            }
            Some(_) => {}
        }
        let failed = statement
            .conditions
            .iter()
            .filter(|condition| !self.holds(condition, located.version));
        let described: Vec<FailedCondition> = failed
            .map(|condition| {
                condition::describe_failure(condition, located.version, self.context())
            })
            .collect();
        if !described.is_empty() {
            obstacles.push(Obstacle::Conditions(described));
        }
        obstacles
    }
}
