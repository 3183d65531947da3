//! IAM policy documents and what they let a caller do with one KMS key.
//!
//! The simulator (which must refuse what AWS refuses) and the scenario judge (which must accept every
//! repair that works) ask the same code. Everything here is a pure function over plain data: no clock,
//! no sockets, no world. The state of the key (disabled, pending deletion) is the caller's matter.

mod caller;
mod condition;
mod context;
#[cfg(test)]
mod corners;
mod decision;
mod document;
mod evaluate;
mod grammar;
mod grant;
mod identity;
mod json;
mod operator;
mod pattern;
mod principal;
mod public_access;
mod request;
#[cfg(test)]
mod vectors;

pub mod audit;
pub mod launch;
pub mod validate;

pub use caller::{Caller, CallerKind};
pub use context::Context;
pub use decision::{
    AllowedBy, Decision, FailedCondition, ImplicitDeny, NearMiss, Obstacle, PolicyKind,
    PolicySource, StatementRef,
};
pub use document::{Condition, Effect, Element, Policy, Statement, Version};
pub use evaluate::{KeyAccess, decide, decide_without_resource_policy};
pub use grammar::{Place, PolicyError};
pub use grant::{
    Grant, GrantConstraints, Lack, NewGrant, OPERATIONS as GRANT_OPERATIONS,
    SYMMETRIC_GRANT_OPERATIONS,
};
pub use identity::{
    IdentityDecision, IdentityRequest, MakeContext, administrator, decide_by_identity, missing_keys,
};
pub use operator::Operator;
pub use principal::{Principal, PrincipalElement};
pub use request::Request;
