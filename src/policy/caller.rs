//! Who makes a request, and the context keys that follow from it.

use serde::{Deserialize, Serialize};

use super::context::Context;
use super::principal::named_account;

/// The session of a role that is named without one.
const ANY_SESSION: &str = "session";

/// Who signed a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The account that the caller belongs to; empty for a service that signs as itself.
    pub account: String,
    /// The ARN of the session, user or root; for a service its name, such as `ec2.amazonaws.com`.
    pub arn: String,
    /// For a session, the ARN of its role with the role's path.
    pub role_arn: Option<String>,
    pub kind: CallerKind,
    /// `aws:userid`, where it is known: `AROA…:session`, `AIDA…`, or the account for its root.
    pub user_id: Option<String>,
}

/// The kinds of caller that the evaluation tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallerKind {
    Root,
    User,
    RoleSession,
    Service,
}

impl Caller {
    /// A session of a role. `path_and_role` is what follows `role/` in the role's ARN, so
    /// `aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`; ARNs of STS drop the path.
    pub fn role_session(account: &str, path_and_role: &str, session: &str) -> Caller {
        let role = last_segment(path_and_role);
        Caller {
            account: account.to_string(),
            arn: format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"),
            role_arn: Some(format!("arn:aws:iam::{account}:role/{path_and_role}")),
            kind: CallerKind::RoleSession,
            user_id: None,
        }
    }

    /// An IAM user. `name` may have a path before it.
    pub fn user(account: &str, name: &str) -> Caller {
        Caller::plain(
            account,
            format!("arn:aws:iam::{account}:user/{name}"),
            CallerKind::User,
        )
    }

    /// The root user of an account.
    pub fn root(account: &str) -> Caller {
        Caller::plain(account, root_arn(account), CallerKind::Root).with_user_id(account)
    }

    /// A service that signs with its own credentials, such as `ec2.amazonaws.com`. Service-linked roles
    /// and calls that a service forwards are sessions, not this.
    pub fn service(name: &str) -> Caller {
        Caller::plain("", name.to_string(), CallerKind::Service)
    }

    /// The caller that an ARN, an account id or a service's name stands for: a role as one of its sessions, an account
    /// as its root user. `None` for what cannot call, such as a group.
    ///
    /// ARNs of sessions have no path, so that a session's role is taken to have none.
    pub fn named(name: &str) -> Option<Caller> {
        if let Some(account) = named_account(name) {
            return Some(Caller::root(account));
        }
        let Some(rest) = name.strip_prefix("arn:aws:") else {
            let is_service = name.ends_with(".amazonaws.com") && !name.contains([':', '/']);
            return is_service.then(|| Caller::service(name));
        };
        let parts: Vec<&str> = rest.splitn(4, ':').collect();
        let [service, "", account, resource] = parts.as_slice() else {
            return None;
        };
        let (kind, name) = resource.split_once('/')?;
        match (*service, kind) {
            _ if account.is_empty() || name.is_empty() => None,
            ("iam", "role") => Some(Caller::role_session(account, name, ANY_SESSION)),
            ("iam", "user") => Some(Caller::user(account, name)),
            ("sts", "assumed-role") => {
                let (role, session) = name.split_once('/')?;
                Some(Caller::role_session(account, role, session))
            }
            _ => None,
        }
    }

    fn plain(account: &str, arn: String, kind: CallerKind) -> Caller {
        Caller {
            account: account.to_string(),
            arn,
            role_arn: None,
            kind,
            user_id: None,
        }
    }

    /// The same caller with `aws:userid` known.
    pub fn with_user_id(mut self, user_id: &str) -> Caller {
        self.user_id = Some(user_id.to_string());
        self
    }

    /// The ARN that `aws:PrincipalArn` has: the role's, with its path, for a session.
    pub fn principal_arn(&self) -> &str {
        self.role_arn.as_deref().unwrap_or(&self.arn)
    }

    /// Whether the caller is a session of a service-linked role, whose permissions nobody can extend.
    pub fn is_service_linked(&self) -> bool {
        self.role_arn
            .as_deref()
            .is_some_and(|role| role.contains(":role/aws-service-role/"))
    }

    /// The part of the principal ARN that tells callers of one account apart: `role/…`, `user/…`, `root`.
    pub fn short_name(&self) -> &str {
        let arn = self.principal_arn();
        arn.splitn(6, ':').nth(5).unwrap_or(arn)
    }

    /// Every name under which a `NotPrincipal` has to list the caller to spare it.
    pub(super) fn identities(&self) -> Vec<String> {
        let mut names = vec![self.arn.clone()];
        names.extend(self.role_arn.clone());
        if matches!(self.kind, CallerKind::User | CallerKind::RoleSession) {
            names.push(root_arn(&self.account));
        }
        names
    }

    /// Adds the global context keys that follow from the caller; they replace what was there.
    pub(super) fn fill(&self, context: Context) -> Context {
        let context = match &self.user_id {
            Some(user_id) => context.with("aws:userid", user_id),
            None => context,
        };
        if self.kind == CallerKind::Service {
            return context
                .with("aws:PrincipalIsAWSService", "true")
                .with("aws:PrincipalServiceName", &self.arn);
        }
        let context = context
            .with("aws:PrincipalIsAWSService", "false")
            .with("aws:PrincipalArn", self.principal_arn())
            .with("aws:PrincipalAccount", &self.account)
            .with("kms:CallerAccount", &self.account)
            .with("aws:PrincipalType", self.principal_type());
        match self.kind {
            CallerKind::User => context.with("aws:username", last_segment(&self.arn)),
            _ => context,
        }
    }

    fn principal_type(&self) -> &'static str {
        match self.kind {
            CallerKind::Root => "Account",
            CallerKind::User => "User",
            CallerKind::RoleSession | CallerKind::Service => "AssumedRole",
        }
    }
}

pub(super) fn root_arn(account: &str) -> String {
    format!("arn:aws:iam::{account}:root")
}

fn last_segment(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_an_arn_without_the_path_of_its_role() {
        let caller = Caller::role_session("111122223333", "team/blue/Builder", "one");
        assert_eq!(
            caller.arn,
            "arn:aws:sts::111122223333:assumed-role/Builder/one"
        );
        assert_eq!(
            caller.principal_arn(),
            "arn:aws:iam::111122223333:role/team/blue/Builder"
        );
        assert_eq!(caller.short_name(), "role/team/blue/Builder");
        assert!(!caller.is_service_linked());
    }

    #[test]
    fn a_name_stands_for_a_caller() {
        let check = |name: &str, expected: Option<Caller>| {
            assert_eq!(Caller::named(name), expected, "{name}");
        };
        let a = "111122223333";
        check(a, Some(Caller::root(a)));
        check("arn:aws:iam::111122223333:root", Some(Caller::root(a)));
        check(
            "arn:aws:iam::111122223333:user/team/sam",
            Some(Caller::user(a, "team/sam")),
        );
        check(
            "arn:aws:iam::111122223333:role/team/Builder",
            Some(Caller::role_session(a, "team/Builder", ANY_SESSION)),
        );
        check(
            "arn:aws:sts::111122223333:assumed-role/Builder/one",
            Some(Caller::role_session(a, "Builder", "one")),
        );
        check(
            "ec2.amazonaws.com",
            Some(Caller::service("ec2.amazonaws.com")),
        );
        for nobody in [
            "",
            "*",
            "sam",
            "AROAEXAMPLE",
            "arn:aws:iam::111122223333:group/g",
            "arn:aws:iam::111122223333:user/",
            "arn:aws:s3:::bucket/key",
        ] {
            check(nobody, None);
        }
    }

    #[test]
    fn the_keys_that_follow_from_a_session_are_filled() {
        let caller =
            Caller::role_session("111122223333", "Builder", "one").with_user_id("AROAEXAMPLE:one");
        let context = caller.fill(Context::new().with("kms:CallerAccount", "spoofed"));
        for (key, value) in [
            ("aws:principalarn", "arn:aws:iam::111122223333:role/Builder"),
            ("aws:PrincipalAccount", "111122223333"),
            ("kms:CallerAccount", "111122223333"),
            ("aws:PrincipalType", "AssumedRole"),
            ("aws:PrincipalIsAWSService", "false"),
            ("aws:userid", "AROAEXAMPLE:one"),
        ] {
            assert_eq!(context.values(key), [value], "{key}");
        }
    }

    #[test]
    fn a_service_has_no_account_and_no_principal_arn() {
        let context = Caller::service("ec2.amazonaws.com").fill(Context::new());
        assert!(context.values("aws:PrincipalArn").is_empty());
        assert!(context.values("kms:CallerAccount").is_empty());
        assert_eq!(context.values("aws:PrincipalIsAWSService"), ["true"]);
    }
}
