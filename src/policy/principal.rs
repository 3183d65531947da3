//! The `Principal` element: whom a statement of a key policy names.

use serde::{Deserialize, Serialize};

use super::caller::{Caller, CallerKind};
use crate::language::Message;
use crate::message;

/// A `Principal` or `NotPrincipal` element.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrincipalElement {
    /// True for `NotPrincipal`.
    pub negated: bool,
    pub principals: Vec<Principal>,
}

/// One named principal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Principal {
    /// `"*"` or `{"AWS": "*"}`: every caller of every account.
    Everyone,
    /// An account id, an ARN of IAM or STS, or the unique id that a deleted principal leaves behind.
    Aws(String),
    /// A service that signs as itself, such as `ec2.amazonaws.com`.
    Service(String),
    Federated(String),
    CanonicalUser(String),
}

/// How a statement reaches a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// It does not.
    Nobody,
    /// Through the caller's account: identity policies of that account may grant.
    Account,
    /// By name (user, role, session, service) or as one of everybody.
    Direct,
}

impl Principal {
    /// How this principal reaches `caller`.
    pub(super) fn reach(&self, caller: &Caller) -> Reach {
        match self {
            Principal::Everyone => Reach::Direct,
            Principal::Service(name)
                if caller.kind == CallerKind::Service && *name == caller.arn =>
            {
                Reach::Direct
            }
            Principal::Aws(name) => aws_reach(name, caller),
            _ => Reach::Nobody,
        }
    }
}

fn aws_reach(name: &str, caller: &Caller) -> Reach {
    if caller.kind == CallerKind::Service {
        return Reach::Nobody;
    }
    match named_account(name) {
        Some(account) if account != caller.account => Reach::Nobody,
        // The root user *is* the account; everybody else needs an identity policy.
        Some(_) if caller.kind == CallerKind::Root => Reach::Direct,
        Some(_) => Reach::Account,
        None if caller.arn == name || caller.role_arn.as_deref() == Some(name) => Reach::Direct,
        None => Reach::Nobody,
    }
}

/// The account that `name` stands for, when it is an account id or a root ARN.
pub(super) fn named_account(name: &str) -> Option<&str> {
    let account = match name.strip_prefix("arn:aws:iam::") {
        Some(rest) => rest.strip_suffix(":root")?,
        None => name,
    };
    (!account.is_empty() && account.bytes().all(|byte| byte.is_ascii_digit())).then_some(account)
}

impl PrincipalElement {
    /// How an `Allow` with this element reaches `caller`.
    ///
    /// `NotPrincipal` with `Allow` reaches whoever is not named in any way: by itself, by its role or by
    /// its account.
    pub(super) fn allow_reach(&self, caller: &Caller) -> Reach {
        let named = self
            .principals
            .iter()
            .map(|principal| principal.reach(caller))
            .max()
            .unwrap_or(Reach::Nobody);
        match (self.negated, named) {
            (false, reach) => reach,
            (true, Reach::Nobody) => Reach::Direct,
            (true, _) => Reach::Nobody,
        }
    }

    /// Whether a `Deny` with this element hits `caller`.
    ///
    /// A `NotPrincipal` spares a caller only when it names the caller, the caller's role and the caller's
    /// account: each of them is denied unless it is listed.
    pub(super) fn denies(&self, caller: &Caller) -> bool {
        if !self.negated {
            return self.allow_reach(caller) != Reach::Nobody;
        }
        self.unlisted(caller).is_some()
    }

    /// The name that a denying `NotPrincipal` would have to list besides, to spare `caller`.
    pub(super) fn unlisted(&self, caller: &Caller) -> Option<String> {
        if !self.negated || self.principals.contains(&Principal::Everyone) {
            return None;
        }
        let mut names = caller.identities().into_iter();
        names.find(|identity| !self.names(identity))
    }

    fn names(&self, identity: &str) -> bool {
        self.principals.iter().any(|principal| match principal {
            Principal::Aws(name) => match (named_account(name), named_account(identity)) {
                (Some(named), Some(account)) => named == account,
                _ => name == identity,
            },
            Principal::Service(name) => name == identity,
            _ => false,
        })
    }

    /// Whether the element reaches callers whom it does not name.
    pub(super) fn is_open(&self) -> bool {
        self.negated || self.principals.contains(&Principal::Everyone)
    }
}

impl Principal {
    pub(super) fn told(&self) -> Message {
        match self {
            Principal::Everyone => "*".into(),
            Principal::Aws(name) => name.into(),
            Principal::Service(name) => message!("policy-service", name = name),
            Principal::Federated(name) => message!("policy-federated", name = name),
            Principal::CanonicalUser(name) => message!("policy-canonical-user", name = name),
        }
    }
}

impl PrincipalElement {
    /// Whom it names, for people.
    pub fn told(&self) -> Message {
        let names: Vec<Message> = self.principals.iter().map(Principal::told).collect();
        match self.negated {
            true => message!("policy-everybody-but", names = names),
            false => names.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "111122223333";

    fn autoscaling() -> Caller {
        let role = "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling";
        Caller::role_session(A, role, "AutoScaling")
    }

    fn element(negated: bool, names: &[&str]) -> PrincipalElement {
        let principals = names
            .iter()
            .map(|name| Principal::Aws((*name).to_string()))
            .collect();
        PrincipalElement {
            negated,
            principals,
        }
    }

    fn check_reach(principal: Principal, caller: &Caller, expected: Reach) {
        assert_eq!(
            principal.reach(caller),
            expected,
            "{principal:?} for {}",
            caller.arn
        );
    }

    #[test]
    fn a_role_arn_reaches_every_session_and_a_session_arn_only_its_own() {
        let role = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling";
        let session = "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForAutoScaling/";
        check_reach(Principal::Aws(role.into()), &autoscaling(), Reach::Direct);
        check_reach(
            Principal::Aws(format!("{session}AutoScaling")),
            &autoscaling(),
            Reach::Direct,
        );
        check_reach(
            Principal::Aws(format!("{session}autoscaling")),
            &autoscaling(),
            Reach::Nobody,
        );
        check_reach(
            Principal::Aws(format!("{session}*")),
            &autoscaling(),
            Reach::Nobody,
        );
    }

    #[test]
    fn a_role_arn_without_its_path_or_in_another_case_reaches_nobody() {
        for role in [
            "role/AWSServiceRoleForAutoScaling",
            "role/*",
            "role/aws-service-role/autoscaling.amazonaws.com/awsserviceroleforautoscaling",
        ] {
            check_reach(
                Principal::Aws(format!("arn:aws:iam::{A}:{role}")),
                &autoscaling(),
                Reach::Nobody,
            );
        }
    }

    #[test]
    fn an_account_reaches_its_principals_through_identity_policies_and_its_root_directly() {
        for name in [A, "arn:aws:iam::111122223333:root"] {
            check_reach(Principal::Aws(name.into()), &autoscaling(), Reach::Account);
            check_reach(
                Principal::Aws(name.into()),
                &Caller::user(A, "sam"),
                Reach::Account,
            );
            check_reach(Principal::Aws(name.into()), &Caller::root(A), Reach::Direct);
            check_reach(
                Principal::Aws(name.into()),
                &Caller::root("444455556666"),
                Reach::Nobody,
            );
            check_reach(
                Principal::Aws(name.into()),
                &Caller::service("ec2.amazonaws.com"),
                Reach::Nobody,
            );
        }
    }

    #[test]
    fn a_service_principal_reaches_only_calls_signed_as_the_service() {
        let service = || Principal::Service("autoscaling.amazonaws.com".into());
        check_reach(service(), &autoscaling(), Reach::Nobody);
        check_reach(
            service(),
            &Caller::service("autoscaling.amazonaws.com"),
            Reach::Direct,
        );
        check_reach(
            service(),
            &Caller::service("ec2.amazonaws.com"),
            Reach::Nobody,
        );
    }

    #[test]
    fn user_names_are_compared_with_regard_to_case() {
        check_reach(
            Principal::Aws(format!("arn:aws:iam::{A}:user/Sam")),
            &Caller::user(A, "sam"),
            Reach::Nobody,
        );
        check_reach(
            Principal::Aws(format!("arn:aws:iam::{A}:user/sam")),
            &Caller::user(A, "sam"),
            Reach::Direct,
        );
    }

    #[test]
    fn a_denying_not_principal_spares_only_who_is_listed_with_role_and_account() {
        let caller = autoscaling();
        let role = caller.role_arn.clone().expect("a session has a role");
        let root = format!("arn:aws:iam::{A}:root");
        assert!(!element(true, &[&caller.arn, &role, &root]).denies(&caller));
        assert!(!element(true, &[&caller.arn, &role, A]).denies(&caller));
        for listed in [
            vec![role.as_str(), &root],
            vec![&caller.arn, &root],
            vec![&caller.arn, &role],
            vec![],
        ] {
            assert!(element(true, &listed).denies(&caller), "{listed:?}");
        }
    }

    #[test]
    fn an_allowing_not_principal_reaches_everybody_who_is_not_named() {
        let caller = autoscaling();
        assert_eq!(
            element(true, &["arn:aws:iam::111122223333:user/sam"]).allow_reach(&caller),
            Reach::Direct
        );
        assert_eq!(
            element(true, &[&caller.arn]).allow_reach(&caller),
            Reach::Nobody
        );
        assert_eq!(element(true, &[A]).allow_reach(&caller), Reach::Nobody);
    }
}
