//! Key policies as such: that they are not open to the world, and that administrators keep the key.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::observation::{Key, Observation, Wanted};
use super::keys::{
    at_least_one, is_explicit, key_access, no_principal, unread_grants, unread_policy,
};
use super::{Judged, Judgement, Verdict, advice, not_met, on_key};
use crate::language::Message;
use crate::message;
use crate::policy::audit::{ADMINISTRATION_REQUIRED, is_public};
use crate::policy::launch::{direct, explain_refusals};
use crate::policy::{Caller, Decision, KeyAccess, Policy, administrator, decide};

/// Nobody outside the account can use the key: no statement lets everybody in without a condition that only known
/// callers meet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyNotPublic {
    /// Id, ARN or alias.
    pub key: String,
}

impl Judged for PolicyNotPublic {
    fn wants(&self, wanted: &mut Wanted) {
        wanted.key(&self.key);
    }

    fn states(&self) -> Message {
        message!("check-key-not-public", key = &self.key)
    }

    fn look(&self) -> Message {
        advice::look_at_policy(&self.key)
    }

    fn judge(&self, observation: &Observation) -> Judgement {
        on_policy(observation, &self.key, |policy, key| {
            let account = key_access(key, policy, &[]).account;
            let Some(opening) = is_public(policy, account) else {
                return Verdict::Met.into();
            };
            let reason = message!("policy-reason", told = opening.told.clone());
            not_met(
                message!("check-not-public"),
                message!("check-policy-open"),
                Some(reason),
                advice::open(&self.key, &opening, observation),
            )
        })
    }
}

fn on_policy(
    observation: &Observation,
    name: &str,
    judge: impl FnOnce(&Policy, &Key) -> Judgement,
) -> Judgement {
    on_key(observation, name, |key| match &key.policy {
        Ok(policy) => judge(policy, key),
        Err(why) => unread_policy(name, why),
    })
}

/// A principal that IAM lets do everything may still do these things with the key: by name, or because the key policy
/// leaves it to IAM and nothing denies it. The key's state is not part of the question.
///
/// Under `not`, it says that a principal stays shut out, even if it were an administrator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrincipalKeeps {
    /// Id, ARN or alias.
    pub key: String,
    /// ARN of a user, role, session or the account's root user. It need not exist. Its identity policies are taken to
    /// be an administrator's, but for a service-linked role, which has none for keys.
    pub principal: String,
    /// With their prefix; without this field, what seeing and changing the key policy needs.
    #[serde(default = "administration", deserialize_with = "at_least_one")]
    #[schemars(length(min = 1))]
    pub actions: Vec<String>,
}

fn administration() -> Vec<String> {
    let required = ADMINISTRATION_REQUIRED.iter();
    required.map(|action| (*action).to_owned()).collect()
}

impl PrincipalKeeps {
    fn on(&self, policy: &Policy, key: &Key, region: &str) -> Judgement {
        let Some(caller) = Caller::named(&self.principal) else {
            return no_principal(&self.principal);
        };
        let identity = if caller.is_service_linked() {
            Vec::new()
        } else {
            vec![administrator()]
        };
        let grants = key.grants.as_deref().unwrap_or_default();
        let access = KeyAccess {
            identity: &identity,
            ..key_access(key, policy, grants)
        };
        let decided = |action: &String| {
            let request = direct(caller.clone(), action, region, &Default::default());
            (action.clone(), decide(&access, &request))
        };
        let decisions: Vec<(String, Decision)> = self.actions.iter().map(decided).collect();
        let lost: Vec<&str> = decisions
            .iter()
            .filter(|(_, decision)| !decision.is_allowed())
            .map(|(action, _)| action.as_str())
            .collect();
        if lost.is_empty() {
            return Verdict::Met.into();
        }
        match &key.grants {
            Err(why) if !decisions.iter().any(is_explicit) => unread_grants(&self.key, why),
            _ => not_met(
                self.states(),
                message!("check-lost", actions = lost.join(", ")),
                Some(explain_refusals(&decisions)),
                advice::locked_out(&self.key, &decisions, &caller),
            ),
        }
    }
}

impl Judged for PrincipalKeeps {
    fn wants(&self, wanted: &mut Wanted) {
        wanted.key(&self.key);
    }

    fn states(&self) -> Message {
        message!(
            "check-keeps",
            principal = &self.principal,
            actions = self.actions.join(", ")
        )
    }

    fn look(&self) -> Message {
        advice::look_at_policy(&self.key)
    }

    fn judge(&self, observation: &Observation) -> Judgement {
        on_policy(observation, &self.key, |policy, key| {
            self.on(policy, key, &observation.region)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ACCOUNT, KEY, key, observed, policy, word};
    use super::*;

    fn check(principal: &str, actions: &[&str], policy: Policy, expected: &str) {
        let keeps = PrincipalKeeps {
            key: KEY.into(),
            principal: principal.into(),
            actions: actions.iter().map(|action| (*action).to_owned()).collect(),
        };
        let seen = Key {
            policy: Ok(policy),
            ..key()
        };
        let verdict = keeps.judge(&observed(seen)).verdict;
        assert_eq!(word(&verdict), expected, "{principal}: {verdict:?}");
    }

    #[test]
    fn an_administrator_keeps_what_the_key_leaves_to_iam_and_nothing_denies() {
        let root = format!("arn:aws:iam::{ACCOUNT}:root");
        let probe = format!("arn:aws:iam::{ACCOUNT}:user/probe");
        let put = ["kms:PutKeyPolicy"];
        check(&root, &put, policy(&[]), "met");
        check(&probe, &put, policy(&[]), "met");
        check(
            "arn:aws:iam::999999999999:user/other",
            &put,
            policy(&[]),
            "not met",
        );
        check("everybody", &put, policy(&[]), "cannot tell");
        let only_admins = format!(
            r#"{{"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*",
                "Condition":{{"ArnNotLike":{{"aws:PrincipalArn":["arn:aws:iam::{ACCOUNT}:role/Admin*"]}}}}}}"#
        );
        let hardened = || policy(&[&only_admins]);
        check(&probe, &["kms:Decrypt"], hardened(), "not met");
        check(
            &format!("arn:aws:iam::{ACCOUNT}:role/AdminA"),
            &["kms:Decrypt"],
            hardened(),
            "met",
        );
        let slr = crate::policy::launch::autoscaling_role_arn(ACCOUNT);
        check(&slr, &["kms:Decrypt"], policy(&[]), "not met");
    }

    #[test]
    fn an_administrator_whom_nothing_names_loses_a_key_without_the_root_statement() {
        let named = |principal: &str| {
            let text = format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"kms:*","Resource":"*"}}}}"#
            );
            Policy::parse(&text).unwrap()
        };
        let root = format!("arn:aws:iam::{ACCOUNT}:root");
        let admin = format!("arn:aws:iam::{ACCOUNT}:role/Admin");
        check(&root, &["kms:PutKeyPolicy"], named(&admin), "not met");
        check(&admin, &["kms:PutKeyPolicy"], named(&admin), "met");
    }
}
