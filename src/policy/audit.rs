//! Judgements about a key policy that works: does its administrator keep it, does it give more than the
//! launch needs, is it open to the world.

use std::collections::BTreeMap;

use super::caller::Caller;
use super::decision::Decision;
use super::document::{Effect, Policy, Statement};
use super::evaluate::{KeyAccess, decide};
use super::launch::{self, autoscaling_session};
use super::request::Request;
use crate::language::Message;
use crate::message;

pub use super::public_access::{Opening, is_public};

/// The actions that an administrator needs to see and to change who may use the key; with them it can
/// give itself every other one.
pub const ADMINISTRATION_REQUIRED: &[&str] =
    &["kms:PutKeyPolicy", "kms:GetKeyPolicy", "kms:DescribeKey"];

/// The other actions of an administrator.
pub const ADMINISTRATION_USUAL: &[&str] = &[
    "kms:EnableKey",
    "kms:DisableKey",
    "kms:ScheduleKeyDeletion",
    "kms:CancelKeyDeletion",
    "kms:CreateGrant",
    "kms:ListGrants",
    "kms:RevokeGrant",
];

/// Actions on the key itself that a principal which only uses the key should not have.
const ADMINISTRATION_OF_USERS: &[&str] = &[
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:DisableKey",
    "kms:RevokeGrant",
    "kms:DeleteImportedKeyMaterial",
];

/// What is left to an administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Administration {
    required: Vec<(&'static str, Decision)>,
    usual: Vec<(&'static str, Decision)>,
}

impl Administration {
    /// Whether the caller can still see and change the key policy.
    pub fn kept(&self) -> bool {
        self.required
            .iter()
            .all(|(_, decision)| decision.is_allowed())
    }

    /// Every administrative action that is refused, with the reason.
    pub fn lost(&self) -> Vec<(&'static str, &Decision)> {
        let all = self.required.iter().chain(&self.usual);
        all.filter(|(_, decision)| !decision.is_allowed())
            .map(|(action, decision)| (*action, decision))
            .collect()
    }

    /// One line per refused action; empty when all are kept.
    pub fn explain(&self) -> String {
        let lines: Vec<String> = self
            .lost()
            .into_iter()
            .map(|(_, decision)| decision.explain())
            .collect();
        lines.join("\n")
    }
}

/// Whether `caller`, with `access.identity` as its identity policies, may still administer the key.
pub fn keeps_administration(access: &KeyAccess<'_>, caller: &Caller) -> Administration {
    let decide_all = |actions: &[&'static str]| {
        let decided = |action: &&'static str| {
            (
                *action,
                decide(access, &Request::new(caller.clone(), action)),
            )
        };
        actions.iter().map(decided).collect()
    };
    Administration {
        required: decide_all(ADMINISTRATION_REQUIRED),
        usual: decide_all(ADMINISTRATION_USUAL),
    }
}

/// Something that works but that a reviewer would ask to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    pub concern: Concern,
    pub text: Message,
}

/// The kinds of warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concern {
    /// Auto Scaling's role may make grants for anybody, not only for AWS resources.
    UnconditionedCreateGrant,
    /// An `Allow` with `NotAction` also gives every action that is not thought of.
    AllowsByNotAction,
    /// Auto Scaling's role may administer the key.
    AdministrationForAutoScaling,
    /// An action that the guide lists is refused, though launches work without it.
    DocumentedActionMissing,
    /// Every principal of the account may use the key, or even administer it, without an IAM policy that says so.
    OpenToTheAccount,
    /// The account's root, and with it IAM policies, cannot change the key policy any more.
    NoAccountDelegation,
}

/// What to improve in a key policy for launches by Auto Scaling in `account`.
///
/// Grants are left aside, except that they may give the documented actions.
pub fn launch_warnings(access: &KeyAccess<'_>, region: &str, account: &str) -> Vec<Warning> {
    let policy_only = KeyAccess {
        grants: &[],
        identity: &[],
        ..*access
    };
    let found = [
        unconditioned_create_grant(&policy_only, account),
        not_action(access.policy),
        administration_for_autoscaling(&policy_only, account),
        documented_action_missing(access, region, account),
        open_to_the_account(&policy_only, region),
        no_account_delegation(&policy_only),
    ];
    found.into_iter().flatten().collect()
}

/// Asks for a grant outside of EC2 and for no AWS resource, which a guarded statement refuses.
fn unconditioned_create_grant(access: &KeyAccess<'_>, account: &str) -> Option<Warning> {
    let request = Request::new(autoscaling_session(account), "kms:CreateGrant")
        .with("kms:GrantIsForAWSResource", "false");
    let Decision::Allowed { by } = decide(access, &request) else {
        return None;
    };
    let text = message!("policy-warning-create-grant", by = by.told());
    Some(Warning {
        concern: Concern::UnconditionedCreateGrant,
        text,
    })
}

fn not_action(policy: &Policy) -> Option<Warning> {
    let by_not_action = |statement: &Statement| {
        statement.effect == Effect::Allow
            && statement
                .action
                .as_ref()
                .is_some_and(|element| element.negated)
    };
    let index = policy.statements.iter().position(by_not_action)?;
    let text = message!("policy-warning-not-action", number = index + 1);
    Some(Warning {
        concern: Concern::AllowsByNotAction,
        text,
    })
}

fn administration_for_autoscaling(access: &KeyAccess<'_>, account: &str) -> Option<Warning> {
    let may = |action: &&&str| {
        decide(access, &Request::new(autoscaling_session(account), action)).is_allowed()
    };
    let given: Vec<&str> = ADMINISTRATION_OF_USERS
        .iter()
        .filter(may)
        .copied()
        .collect();
    if given.is_empty() {
        return None;
    }
    let text = message!("policy-warning-administration", actions = given.join(", "));
    Some(Warning {
        concern: Concern::AdministrationForAutoScaling,
        text,
    })
}

fn documented_action_missing(
    access: &KeyAccess<'_>,
    region: &str,
    account: &str,
) -> Option<Warning> {
    let launch = launch::launch_access(access, region, account, "vol-00000000000000000");
    let missing = launch.missing_documented();
    if !launch.allowed() || missing.is_empty() {
        return None;
    }
    let text = message!("policy-warning-documented", actions = missing.join(", "));
    Some(Warning {
        concern: Concern::DocumentedActionMissing,
        text,
    })
}

/// Asks for a user of the account whom nothing names, and whose call no service forwards.
fn open_to_the_account(access: &KeyAccess<'_>, region: &str) -> Option<Warning> {
    let anybody = Caller::user(access.account, "anybody-without-a-policy");
    let asked = ["kms:Decrypt", "kms:CreateGrant", "kms:PutKeyPolicy"];
    let (action, by) = asked.into_iter().find_map(|action| {
        let request = launch::direct(anybody.clone(), action, region, &BTreeMap::new());
        match decide(access, &request) {
            Decision::Allowed { by } => Some((action, by)),
            _ => None,
        }
    })?;
    let text = message!(
        "policy-warning-open-to-account",
        by = by.told(),
        action = action,
        account = access.account,
        region = region,
    );
    Some(Warning {
        concern: Concern::OpenToTheAccount,
        text,
    })
}

fn no_account_delegation(access: &KeyAccess<'_>) -> Option<Warning> {
    let request = Request::new(Caller::root(access.account), "kms:PutKeyPolicy");
    if decide(access, &request).is_allowed() {
        return None;
    }
    let text = message!("policy-warning-no-delegation", account = access.account);
    Some(Warning {
        concern: Concern::NoAccountDelegation,
        text,
    })
}
