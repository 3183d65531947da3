//! A policy document as typed data, after parsing. What it means is in `evaluate`.

use super::context::Context;
use super::grammar::{self, PolicyError};
use super::operator::Operator;
use super::pattern::{self, Token};
use super::principal::PrincipalElement;
use serde::{Deserialize, Serialize};

/// A parsed policy document: a key policy or an identity policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The language version; a document without one has the 2008 semantics.
    pub version: Version,
    /// The optional `Id` element, which decides nothing.
    pub id: Option<String>,
    /// The statements in document order; there is at least one.
    pub statements: Vec<Statement>,
}

impl Policy {
    /// Parses a JSON policy document.
    ///
    /// Elements that the language does not know, elements given twice and values of the wrong type are
    /// errors; whether a *key* policy is acceptable to KMS is [`validate`](super::validate)'s matter.
    pub fn parse(text: &str) -> Result<Policy, PolicyError> {
        grammar::parse(text)
    }
}

/// The version of the policy language. Only the newer one substitutes policy variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Version {
    V2008,
    V2012,
}

/// One statement. Without `action` or without `resource` it has no effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    pub sid: Option<String>,
    pub effect: Effect,
    /// `Principal` or `NotPrincipal`; identity policies have neither.
    pub principal: Option<PrincipalElement>,
    /// `Action` or `NotAction`; an empty list counts as none.
    pub action: Option<Element>,
    /// `Resource` or `NotResource`; an empty list counts as none.
    pub resource: Option<Element>,
    /// One entry per operator and key, all of which must hold.
    pub conditions: Vec<Condition>,
}

/// What a matching statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    Allow,
    Deny,
}

/// An `Action`/`NotAction` or `Resource`/`NotResource` element: patterns with `*` and `?`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Element {
    /// True for the `Not…` form, which matches everything but the patterns.
    pub negated: bool,
    pub patterns: Vec<String>,
}

impl Element {
    /// Whether an `Action`/`NotAction` element covers `action` (with its prefix).
    pub(super) fn covers_action(&self, action: &str) -> bool {
        self.negated
            != self
                .patterns
                .iter()
                .any(|pattern| pattern::matches_action(pattern, action))
    }

    /// Whether a `Resource`/`NotResource` element covers the resource with this ARN.
    /// The context counts only where a pattern has a variable.
    pub(super) fn covers_resource<'a>(
        &self,
        arn: &str,
        version: Version,
        context: impl Fn() -> &'a Context,
    ) -> bool {
        let mut patterns = self.patterns.iter().map(|pattern| {
            if pattern::has_variables(pattern, version) {
                pattern::expand(pattern, version, context())
            } else {
                Some(pattern::wildcards(pattern))
            }
        });
        let matches = |pattern: &[Token]| pattern::matches_resource(pattern, arn);
        if self.negated {
            // A variable without a value must not make the complement larger.
            patterns.all(|pattern| pattern.is_some_and(|pattern| !matches(&pattern)))
        } else {
            patterns.any(|pattern| pattern.is_some_and(|pattern| matches(&pattern)))
        }
    }
}

/// One operator applied to one context key; any of the values may satisfy it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    pub operator: Operator,
    /// The context key as written; keys compare without regard to case.
    pub key: String,
    /// The values as text: JSON booleans and numbers become their JSON spelling.
    pub values: Vec<String>,
}
