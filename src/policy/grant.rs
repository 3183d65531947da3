//! KMS grants: what a grantee may do with a key beside the key policy.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::caller::Caller;
use super::context::Context;
use super::request::Request;
use crate::language::Message;
use crate::message;

/// Encryption-context pairs.
type Pairs = BTreeMap<String, String>;

/// An active grant on a key. Whoever keeps the grants drops the revoked and retired ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub id: String,
    pub name: Option<String>,
    /// The grantee's ARN: a user, a role with its path, a session, or an account.
    pub grantee: String,
    pub retiring_principal: Option<String>,
    /// Operation names without `kms:`, such as `GenerateDataKeyWithoutPlaintext`.
    pub operations: Vec<String>,
    #[serde(flatten)]
    pub constraints: GrantConstraints,
}

/// What the encryption context of a request must be for a grant to count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantConstraints {
    /// The request's encryption context must be exactly this.
    pub constraint_equals: Option<Pairs>,
    /// The request's encryption context must contain this.
    pub constraint_subset: Option<Pairs>,
}

/// The grant that a `CreateGrant` request asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewGrant {
    pub grantee: String,
    pub retiring_principal: Option<String>,
    pub operations: Vec<String>,
    pub constraints: GrantConstraints,
}

/// The operations that a grant on any key may name (the service model's enumeration).
pub const OPERATIONS: &[&str] = &[
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
    "Sign",
    "Verify",
    "GetPublicKey",
    "CreateGrant",
    "RetireGrant",
    "DescribeKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateMac",
    "VerifyMac",
    "DeriveSharedSecret",
];

/// Those of [`OPERATIONS`] that a symmetric encryption key supports.
pub const SYMMETRIC_GRANT_OPERATIONS: &[&str] = &[
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
    "CreateGrant",
    "RetireGrant",
    "DescribeKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
];

/// The operations that carry an encryption context; constraints bind only these.
pub(super) const WITH_ENCRYPTION_CONTEXT: &[&str] = &[
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
];

/// What a grant says to a request of somebody it may concern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum GrantAnswer {
    Allows,
    /// The grantee is somebody else.
    NotTheirs,
    /// The grant is the caller's but does not cover the request, for the given reason.
    Lacks(Lack),
}

/// What keeps a grant to the caller from allowing its request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// It does not list the operation of the request.
    Operation(String),
    /// It does not list an operation of the grant that is to be made by its power.
    ChildOperation(String),
    /// The encryption context of the request does not meet its constraint.
    Context {
        constraint: GrantConstraints,
        context: BTreeMap<String, String>,
    },
    /// The grant that is to be made by its power would loosen its constraint.
    Constraint {
        constraint: GrantConstraints,
        child: GrantConstraints,
    },
}

impl Lack {
    /// What the grant with this id lacks.
    pub(super) fn told(&self, grant: &str) -> Message {
        match self {
            Lack::Operation(operation) => {
                message!(
                    "policy-grant-lacks-operation",
                    grant = grant,
                    operation = operation
                )
            }
            Lack::ChildOperation(operation) => message!(
                "policy-grant-lacks-child-operation",
                grant = grant,
                operation = operation
            ),
            Lack::Context {
                constraint,
                context,
            } => message!(
                "policy-grant-constraint-unmet",
                grant = grant,
                constraint = constraint.told(),
                context = listed(context),
            ),
            Lack::Constraint { constraint, child } => message!(
                "policy-grant-constraint-loosened",
                grant = grant,
                constraint = constraint.told(),
                child = child.told(),
            ),
        }
    }
}

impl Grant {
    pub(super) fn answer(&self, request: &Request) -> GrantAnswer {
        if !self.is_for(&request.caller) {
            return GrantAnswer::NotTheirs;
        }
        let operation = request.operation();
        if !contains(&self.operations, operation) {
            return GrantAnswer::Lacks(Lack::Operation(operation.to_owned()));
        }
        if WITH_ENCRYPTION_CONTEXT.contains(&operation)
            && !self.constraints.admit(&request.encryption_context)
        {
            return GrantAnswer::Lacks(Lack::Context {
                constraint: self.constraints.clone(),
                context: request.encryption_context.clone(),
            });
        }
        match &request.new_grant {
            Some(child) if operation == "CreateGrant" => self.answer_child(child),
            _ => GrantAnswer::Allows,
        }
    }

    /// A grant to an account concerns its root user alone: other principals are grantees by name.
    fn is_for(&self, caller: &Caller) -> bool {
        self.grantee == caller.arn || caller.role_arn.as_deref() == Some(&self.grantee)
    }

    /// A grant made by power of this one may not go beyond it in operations or in constraints.
    fn answer_child(&self, child: &NewGrant) -> GrantAnswer {
        if let Some(extra) = child
            .operations
            .iter()
            .find(|operation| !contains(&self.operations, operation))
        {
            return GrantAnswer::Lacks(Lack::ChildOperation(extra.clone()));
        }
        if !self.constraints.are_kept_by(&child.constraints) {
            return GrantAnswer::Lacks(Lack::Constraint {
                constraint: self.constraints.clone(),
                child: child.constraints.clone(),
            });
        }
        GrantAnswer::Allows
    }
}

fn contains(operations: &[String], operation: &str) -> bool {
    operations.iter().any(|listed| listed == operation)
}

impl NewGrant {
    /// Adds the condition keys that follow from the grant to be made.
    pub(super) fn fill(&self, context: Context) -> Context {
        let mut context = context.with_all("kms:GrantOperations", &self.operations);
        if !self.grantee.is_empty() {
            context = context.with("kms:GranteePrincipal", &self.grantee);
        }
        if let Some(retiring) = &self.retiring_principal {
            context = context.with("kms:RetiringPrincipal", retiring);
        }
        let kinds = self.constraints.kinds().map(|(kind, _)| kind);
        context.with_all("kms:GrantConstraintType", kinds)
    }
}

impl GrantConstraints {
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&String, &String)> {
        self.kinds().flat_map(|(_, pairs)| pairs)
    }

    /// The constraints that there are, by the names of their kinds.
    fn kinds(&self) -> impl Iterator<Item = (&'static str, &Pairs)> {
        let equals = self.constraint_equals.iter();
        let subset = self.constraint_subset.iter();
        equals
            .map(|pairs| ("EncryptionContextEquals", pairs))
            .chain(subset.map(|pairs| ("EncryptionContextSubset", pairs)))
    }

    fn admit(&self, context: &Pairs) -> bool {
        self.constraint_equals
            .as_ref()
            .is_none_or(|equals| are_same(equals, context))
            && self
                .constraint_subset
                .as_ref()
                .is_none_or(|subset| includes(context, subset))
    }

    /// Whether `child` is at least as strict.
    fn are_kept_by(&self, child: &GrantConstraints) -> bool {
        let equals_kept = self.constraint_equals.as_ref().is_none_or(|equals| {
            let of_child = child.constraint_equals.as_ref();
            of_child.is_some_and(|pairs| are_same(equals, pairs))
        });
        let subset_kept = self.constraint_subset.as_ref().is_none_or(|subset| {
            let of_child = [&child.constraint_equals, &child.constraint_subset];
            of_child
                .into_iter()
                .flatten()
                .any(|pairs| includes(pairs, subset))
        });
        equals_kept && subset_kept
    }
}

impl GrantConstraints {
    fn told(&self) -> Message {
        let kinds = self
            .kinds()
            .map(|(kind, pairs)| message!("policy-constraint", kind = kind, pairs = listed(pairs)));
        let both = |first, second| message!("policy-both", first = first, second = second);
        let told = kinds.reduce(both);
        told.unwrap_or_else(|| message!("policy-no-constraint"))
    }
}

/// `key=value, key=value`, or that there is none.
fn listed(pairs: &Pairs) -> Message {
    let told: Vec<String> = pairs
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    match told.as_slice() {
        [] => message!("policy-none"),
        told => told.join(", ").into(),
    }
}

/// "In a grant constraint, the key in each key-value pair is not case sensitive, but the value is"
/// (service model, `GrantConstraints`).
fn includes(pairs: &Pairs, subset: &Pairs) -> bool {
    let has = |(key, value): (&String, &String)| {
        let mut same_key = pairs
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(key));
        same_key.any(|(_, known)| known == value)
    };
    subset.iter().all(has)
}

fn are_same(pairs: &Pairs, others: &Pairs) -> bool {
    pairs.len() == others.len() && includes(pairs, others) && includes(others, pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "arn:aws:iam::111122223333:role/Builder";

    fn pairs(entries: &[(&str, &str)]) -> Pairs {
        entries
            .iter()
            .map(|(key, value)| ((*key).to_string(), (*value).to_string()))
            .collect()
    }

    fn grant(operations: &[&str]) -> Grant {
        let operations = operations
            .iter()
            .map(|operation| (*operation).to_string())
            .collect();
        Grant {
            id: "g1".into(),
            grantee: ROLE.into(),
            operations,
            ..Grant::default()
        }
    }

    fn subset(entries: &[(&str, &str)]) -> GrantConstraints {
        GrantConstraints {
            constraint_subset: Some(pairs(entries)),
            ..GrantConstraints::default()
        }
    }

    fn equals(entries: &[(&str, &str)]) -> GrantConstraints {
        GrantConstraints {
            constraint_equals: Some(pairs(entries)),
            ..GrantConstraints::default()
        }
    }

    fn request(action: &str) -> Request {
        Request::new(
            Caller::role_session("111122223333", "Builder", "one"),
            action,
        )
    }

    #[test]
    fn a_grant_is_for_its_grantee_only() {
        assert_eq!(
            grant(&["Decrypt"]).answer(&request("kms:Decrypt")),
            GrantAnswer::Allows
        );
        assert_eq!(
            grant(&["Decrypt"]).answer(&request("KMS:decrypt")),
            GrantAnswer::Allows
        );
        for grantee in [
            "arn:aws:iam::111122223333:root",
            "arn:aws:iam::111122223333:role/path/Builder",
            "*",
        ] {
            let grant = Grant {
                grantee: grantee.into(),
                ..grant(&["Decrypt"])
            };
            assert_eq!(
                grant.answer(&request("kms:Decrypt")),
                GrantAnswer::NotTheirs,
                "{grantee}"
            );
        }
    }

    #[test]
    fn a_grant_covers_the_operations_it_lists() {
        let answer =
            grant(&["GenerateDataKey"]).answer(&request("kms:GenerateDataKeyWithoutPlaintext"));
        assert_eq!(
            answer,
            GrantAnswer::Lacks(Lack::Operation("GenerateDataKeyWithoutPlaintext".into()))
        );
    }

    #[test]
    fn constraints_bind_operations_with_an_encryption_context() {
        let volume = [("aws:ebs:id", "vol-1")];
        let of = |constraints| Grant {
            constraints,
            ..grant(&["Decrypt", "DescribeKey"])
        };
        let decrypt = |entries: &[(&str, &str)]| Request {
            encryption_context: pairs(entries),
            ..request("kms:Decrypt")
        };
        assert_eq!(
            of(subset(&volume)).answer(&decrypt(&[("aws:ebs:id", "vol-1"), ("a", "b")])),
            GrantAnswer::Allows
        );
        assert_ne!(
            of(subset(&volume)).answer(&decrypt(&[("aws:ebs:id", "VOL-1")])),
            GrantAnswer::Allows
        );
        assert_ne!(
            of(equals(&volume)).answer(&decrypt(&[("aws:ebs:id", "vol-1"), ("a", "b")])),
            GrantAnswer::Allows
        );
        assert_ne!(
            of(subset(&volume)).answer(&decrypt(&[])),
            GrantAnswer::Allows
        );
        assert_eq!(
            of(equals(&volume)).answer(&request("kms:DescribeKey")),
            GrantAnswer::Allows
        );
    }

    #[test]
    fn a_child_grant_stays_within_its_parent() {
        let volume = [("aws:ebs:id", "vol-1")];
        let child = |operation: &str, constraints| {
            let new_grant = NewGrant {
                operations: vec![operation.into()],
                constraints,
                ..NewGrant::default()
            };
            request("kms:CreateGrant").making(new_grant)
        };
        let parent = |constraints| Grant {
            constraints,
            ..grant(&["CreateGrant", "Decrypt"])
        };
        let none = GrantConstraints::default;
        assert_eq!(
            parent(none()).answer(&child("Decrypt", subset(&volume))),
            GrantAnswer::Allows
        );
        assert_eq!(
            parent(subset(&volume)).answer(&child("Decrypt", subset(&volume))),
            GrantAnswer::Allows
        );
        assert_eq!(
            parent(subset(&volume)).answer(&child("Decrypt", equals(&volume))),
            GrantAnswer::Allows
        );
        assert_ne!(
            parent(subset(&volume)).answer(&child("Decrypt", none())),
            GrantAnswer::Allows
        );
        assert_ne!(
            parent(equals(&volume)).answer(&child("Decrypt", subset(&volume))),
            GrantAnswer::Allows
        );
        assert_eq!(
            parent(none()).answer(&child("Encrypt", none())),
            GrantAnswer::Lacks(Lack::ChildOperation("Encrypt".into()))
        );
    }

    #[test]
    fn a_grant_survives_a_round_through_json() {
        let grant = Grant {
            constraints: subset(&[("a", "b")]),
            ..grant(&["Decrypt"])
        };
        let text = serde_json::to_string(&grant).expect("serialises");
        assert_eq!(serde_json::from_str::<Grant>(&text).expect("parses"), grant);
        let least = r#"{"id":"g1","grantee":"arn:aws:iam::111122223333:role/Builder","operations":["Decrypt"]}"#;
        assert_eq!(
            serde_json::from_str::<Grant>(least).expect("parses"),
            super::Grant {
                constraints: GrantConstraints::default(),
                ..grant
            }
        );
    }
}
