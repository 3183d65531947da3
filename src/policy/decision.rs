//! What an evaluation answers, and how it is told to people.

use std::fmt;

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
        because: Vec<String>,
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
    /// A grant to the caller and what it lacks, as the end of a sentence ("does not list Decrypt").
    Grant { id: String, lacks: String },
}

/// The one thing that keeps an `Allow` statement from allowing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// The conditions that fail, each described.
    Conditions(Vec<String>),
    /// It is for these others.
    Principal(String),
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

    /// Why, in words: for a denial with every near miss.
    pub fn explain(&self) -> String {
        self.to_string()
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
        match self {
            Decision::Allowed { by } => write!(formatter, "allowed by {by}"),
            Decision::ExplicitDeny {
                action,
                caller,
                by,
                because,
            } => {
                write!(formatter, "{by} denies {action} to {caller}")?;
                because
                    .iter()
                    .try_for_each(|reason| write!(formatter, "; {reason}"))
            }
            Decision::ImplicitDeny(deny) => deny.fmt(formatter),
        }
    }
}

impl fmt::Display for AllowedBy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AllowedBy::KeyPolicy(key) => key.fmt(formatter),
            AllowedBy::KeyAndIdentityPolicy { key, identity } => {
                write!(formatter, "{key} with {identity}")
            }
            AllowedBy::AccountRoot(key) => write!(formatter, "{key} for the root user"),
            AllowedBy::Grant(id) => write!(formatter, "grant {id}"),
            AllowedBy::IdentityPolicy(identity) => identity.fmt(formatter),
            AllowedBy::Root => formatter.write_str("being the root user"),
        }
    }
}

impl fmt::Display for ImplicitDeny {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "no statement allows {} for {}",
            self.action, self.caller
        )?;
        self.near_misses
            .iter()
            .try_for_each(|near_miss| write!(formatter, "; {near_miss}"))
    }
}

impl fmt::Display for NearMiss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NearMiss::Grant { id, lacks } => {
                write!(formatter, "grant {id} is the caller's, but it {lacks}")
            }
            NearMiss::Statement { at, obstacle } => write!(formatter, "{at} {obstacle}"),
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Obstacle::Conditions(failed) => {
                write!(formatter, "would, but its {}", failed.join(", and its "))
            }
            Obstacle::Principal(others) => write!(formatter, "would, but it is for {others}"),
            Obstacle::Actions {
                negated: false,
                patterns,
            } => {
                write!(
                    formatter,
                    "reaches the caller, but with other actions ({})",
                    patterns.join(", ")
                )
            }
            Obstacle::Actions {
                negated: true,
                patterns,
            } => {
                write!(
                    formatter,
                    "reaches the caller, but its NotAction leaves this action out ({})",
                    patterns.join(", ")
                )
            }
            Obstacle::Resources { negated, patterns } => {
                let element = if *negated { "NotResource" } else { "Resource" };
                write!(
                    formatter,
                    "would, but its {element} ({}) does not cover this key",
                    patterns.join(", ")
                )
            }
            Obstacle::WithoutElement(element) => {
                write!(formatter, "has no {element} element, so it has no effect")
            }
            Obstacle::IdentityPolicy {
                account,
                service_linked,
            } => {
                let hint = if *service_linked {
                    " (a service-linked role can be given none)"
                } else {
                    ""
                };
                write!(
                    formatter,
                    "leaves it to the caller's identity policies in account {account}, and none allows it{hint}"
                )
            }
            Obstacle::OtherAccount => {
                formatter.write_str("would, but the action cannot be used from another account")
            }
        }
    }
}

impl fmt::Display for StatementRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "statement {}", self.number)?;
        if let Some(sid) = &self.sid {
            write!(formatter, " (Sid \"{sid}\")")?;
        }
        match self.source {
            PolicySource::KeyPolicy => Ok(()),
            PolicySource::IdentityPolicy(number) => {
                write!(formatter, " of identity policy {number}")
            }
        }
    }
}
