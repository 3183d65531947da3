//! What an evaluation answers, and how it is told to people.

use std::fmt;

use super::grant::Lack;
use super::principal::PrincipalElement;
use crate::language::Message;
use crate::message;

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Allowed {
        by: AllowedBy,
    },
    /// A matching `Deny`, which no `Allow` and no grant outweighs.
    ExplicitDeny {
        action: String,
        caller: String,
        by: StatementRef,
        /// What makes it hit this request, where that is not plain: conditions that hold, names that a
        /// `NotPrincipal` lacks.
        because: Vec<Message>,
    },
    /// Nothing allows the request.
    ImplicitDeny(ImplicitDeny),
}

/// What allowed a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedBy {
    /// A statement of the key policy names the caller.
    KeyPolicy(StatementRef),
    /// The key policy leaves it to the caller's account, or the caller is in another account.
    KeyAndIdentityPolicy {
        key: StatementRef,
        identity: StatementRef,
    },
    /// The root user of another account, whom no identity policy limits.
    AccountRoot(StatementRef),
    /// The grant with this id.
    Grant(String),
    /// An identity policy, where no resource has a policy to ask.
    IdentityPolicy(StatementRef),
    /// The root user of the account, where no resource has a policy to ask.
    Root,
}

/// A denial for want of an `Allow`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImplicitDeny {
    pub action: String,
    /// The caller's short name, such as `role/path/Name`.
    pub caller: String,
    /// Which kind of policy AWS says is missing.
    pub missing: PolicyKind,
    /// Statements and grants that fail by one thing only.
    pub near_misses: Vec<NearMiss>,
}

/// The two kinds of policy that the messages of AWS tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyKind {
    Resource,
    Identity,
}

/// Something that almost allows the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NearMiss {
    Statement {
        at: StatementRef,
        obstacle: Obstacle,
    },
    /// A grant to the caller and what it lacks.
    Grant { id: String, lacks: Lack },
}

/// The one thing that keeps an `Allow` statement from allowing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// The conditions that fail.
    Conditions(Vec<FailedCondition>),
    /// It is for these others.
    Principal(PrincipalElement),
    /// It reaches the caller with other actions.
    Actions {
        negated: bool,
        patterns: Vec<String>,
    },
    /// It is about other resources.
    Resources {
        negated: bool,
        patterns: Vec<String>,
    },
    /// It lacks this element (`Action` or `Resource`) and so has no effect.
    WithoutElement(&'static str),
    /// An identity policy of this account has to allow it too.
    IdentityPolicy {
        account: String,
        service_linked: bool,
    },
    /// The operation works only from the key's own account.
    OtherAccount,
}

/// A condition that does not hold for the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedCondition {
    /// The context key, as it is written.
    pub key: String,
    /// The values that the request has.
    pub has: Vec<String>,
    /// What it needs and what the request has.
    pub told: Message,
}

/// A statement of one of the policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementRef {
    pub source: PolicySource,
    /// Counted from 1.
    pub number: usize,
    pub sid: Option<String>,
}

/// Where a statement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicySource {
    KeyPolicy,
    /// One of the caller's identity policies, counted from 1.
    IdentityPolicy(usize),
}

impl Decision {
    pub fn is_allowed(&self) -> bool {
        matches!(self, Decision::Allowed { .. })
    }

    /// Why, in English words: for a denial with every near miss.
    pub fn explain(&self) -> String {
        self.to_string()
    }

    /// Why: for a denial with every near miss.
    pub fn told(&self) -> Message {
        let action = match self {
            Decision::Allowed { .. } => "",
            Decision::ExplicitDeny { action, .. } => action,
            Decision::ImplicitDeny(deny) => &deny.action,
        };
        self.told_of(action)
    }

    /// The same for several actions, which are decided for the same reason.
    pub(super) fn told_of(&self, actions: &str) -> Message {
        match self {
            Decision::Allowed { by } => message!("policy-allowed", by = by.told()),
            Decision::ExplicitDeny {
                caller,
                by,
                because,
                ..
            } => {
                let denied = message!(
                    "policy-denied",
                    statement = by.told(),
                    actions = actions,
                    caller = caller,
                );
                because.iter().cloned().fold(denied, and_more)
            }
            Decision::ImplicitDeny(deny) => {
                let told = message!(
                    "policy-not-allowed",
                    actions = actions,
                    caller = &deny.caller
                );
                let near = deny.near_misses.iter();
                near.map(NearMiss::told).fold(told, and_more)
            }
        }
    }

    /// The message of KMS's `AccessDeniedException`; `None` when the request is allowed.
    pub fn access_denied_message(&self, caller_arn: &str, key_arn: &str) -> Option<String> {
        let (action, because) = match self {
            Decision::Allowed { .. } => return None,
            Decision::ExplicitDeny { action, by, .. } => (
                action,
                format!(
                    "with an explicit deny in {}",
                    by.source.kind().with_article()
                ),
            ),
            Decision::ImplicitDeny(deny) => (
                &deny.action,
                format!(
                    "because no {} allows the {} action",
                    deny.missing, deny.action
                ),
            ),
        };
        Some(format!(
            "User: {caller_arn} is not authorized to perform: {action} on resource: {key_arn} {because}"
        ))
    }
}

impl PolicySource {
    fn kind(self) -> PolicyKind {
        match self {
            PolicySource::KeyPolicy => PolicyKind::Resource,
            PolicySource::IdentityPolicy(_) => PolicyKind::Identity,
        }
    }
}

impl PolicyKind {
    fn with_article(self) -> String {
        match self {
            PolicyKind::Resource => format!("a {self}"),
            PolicyKind::Identity => format!("an {self}"),
        }
    }
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            PolicyKind::Resource => "resource-based policy",
            PolicyKind::Identity => "identity-based policy",
        })
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.told().fmt(formatter)
    }
}

fn and_more(told: Message, more: Message) -> Message {
    message!("policy-more", told = told, more = more)
}

impl AllowedBy {
    pub(super) fn told(&self) -> Message {
        match self {
            AllowedBy::KeyPolicy(statement) | AllowedBy::IdentityPolicy(statement) => {
                statement.told()
            }
            AllowedBy::KeyAndIdentityPolicy { key, identity } => message!(
                "policy-by-both",
                key = key.told(),
                identity = identity.told()
            ),
            AllowedBy::AccountRoot(key) => {
                message!("policy-by-account-root", statement = key.told())
            }
            AllowedBy::Grant(id) => message!("policy-by-grant", grant = id),
            AllowedBy::Root => message!("policy-by-being-root"),
        }
    }
}

impl NearMiss {
    fn told(&self) -> Message {
        match self {
            NearMiss::Grant { id, lacks } => lacks.told(id),
            NearMiss::Statement { at, obstacle } => obstacle.told(at),
        }
    }
}

impl Obstacle {
    fn told(&self, at: &StatementRef) -> Message {
        let at = at.told();
        match self {
            Obstacle::Conditions(failed) => {
                let failed = failed.iter().map(|condition| condition.told.clone());
                let both = |first, second| {
                    message!("policy-and-condition", first = first, second = second)
                };
                let conditions = failed.reduce(both).unwrap_or_default();
                message!(
                    "policy-near-conditions",
                    statement = at,
                    conditions = conditions
                )
            }
            Obstacle::Principal(others) => {
                message!(
                    "policy-near-principal",
                    statement = at,
                    others = others.told()
                )
            }
            Obstacle::Actions {
                negated: false,
                patterns,
            } => message!(
                "policy-near-actions",
                statement = at,
                actions = patterns.join(", ")
            ),
            Obstacle::Actions {
                negated: true,
                patterns,
            } => message!(
                "policy-near-not-action",
                statement = at,
                actions = patterns.join(", ")
            ),
            Obstacle::Resources { negated, patterns } => message!(
                "policy-near-resource",
                statement = at,
                element = if *negated { "NotResource" } else { "Resource" },
                resources = patterns.join(", "),
            ),
            Obstacle::WithoutElement(element) => {
                message!("policy-near-no-element", statement = at, element = *element)
            }
            Obstacle::IdentityPolicy {
                account,
                service_linked: true,
            } => message!(
                "policy-near-service-linked",
                statement = at,
                account = account
            ),
            Obstacle::IdentityPolicy { account, .. } => {
                message!("policy-near-identity", statement = at, account = account)
            }
            Obstacle::OtherAccount => message!("policy-near-other-account", statement = at),
        }
    }
}

impl StatementRef {
    /// Its number, its Sid and the policy that it stands in.
    pub fn told(&self) -> Message {
        let number = self.number;
        match (self.source, &self.sid) {
            (PolicySource::KeyPolicy, None) => message!("policy-statement", number = number),
            (PolicySource::KeyPolicy, Some(sid)) => {
                message!("policy-statement-sid", number = number, sid = sid)
            }
            (PolicySource::IdentityPolicy(policy), None) => message!(
                "policy-identity-statement",
                number = number,
                policy = policy
            ),
            (PolicySource::IdentityPolicy(policy), Some(sid)) => message!(
                "policy-identity-statement-sid",
                number = number,
                sid = sid,
                policy = policy,
            ),
        }
    }
}
