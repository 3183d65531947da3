//! Keys: what a principal may do with one, and the state that one is in.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::super::observation::{Key, Observation, Wanted};
use super::{Advice, Judged, Judgement, Verdict, advice, cannot_tell, not_met, on_key, unread};
use crate::language::Message;
use crate::message;
use crate::policy::audit::launch_warnings;
use crate::policy::launch::{
    REQUIRED, autoscaling_role_arn, autoscaling_session, direct, explain_refusals, forwarded,
    volume_context,
};
use crate::policy::{Caller, Decision, Grant, KeyAccess, Policy, PolicyKind, Request, decide};

/// The word for the service-linked role as which Auto Scaling launches instances.
const AUTOSCALING: &str = "autoscaling";

/// A volume id like any: no sensible policy can know the real one beforehand.
const SOME_VOLUME: &str = "vol-0123456789abcdef0";

/// The key lets a principal do things, by its policy, its grants and its state together. Identity policies are not
/// read: where the key leaves the matter to them, we cannot tell (a service-linked role can be given none).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyAllows {
    /// Id, ARN or alias.
    pub key: String,
    /// ARN of a role, session or user, or `autoscaling` for the service-linked role of Amazon EC2 Auto Scaling.
    pub principal: String,
    /// With their prefix, `kms:Decrypt`; without this field, all that a launch with an encrypted volume needs.
    #[serde(default = "needed_by_launches", deserialize_with = "at_least_one")]
    #[schemars(length(min = 1))]
    pub actions: Vec<String>,
    /// The service that forwards the calls, such as `ec2`; without one, the principal calls KMS itself. Auto Scaling's
    /// calls always come through `ec2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
    /// The encryption context of the calls, and the constraint of the grant that a forwarded `kms:CreateGrant` makes;
    /// without this field, that of some volume where EC2 forwards the calls, and none elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption_context: Option<BTreeMap<String, String>>,
}

fn needed_by_launches() -> Vec<String> {
    REQUIRED.iter().map(|call| call.action.to_owned()).collect()
}

pub(super) fn at_least_one<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let actions = Vec::<String>::deserialize(from)?;
    if actions.is_empty() {
        return Err(serde::de::Error::custom(
            "actions needs at least one action",
        ));
    }
    Ok(actions)
}

impl KeyAllows {
    /// What [`LaunchWouldSucceed`](super::launches::LaunchWouldSucceed) asks of the key of a volume.
    pub(super) fn launches(key: &str) -> KeyAllows {
        KeyAllows {
            key: key.to_owned(),
            principal: AUTOSCALING.to_owned(),
            actions: needed_by_launches(),
            through: None,
            encryption_context: None,
        }
    }

    fn is_autoscaling(&self, observation: &Observation) -> bool {
        self.principal == AUTOSCALING
            || self.principal == autoscaling_role_arn(&observation.account)
    }

    fn caller(&self, observation: &Observation) -> Option<Caller> {
        if self.is_autoscaling(observation) {
            return Some(autoscaling_session(&observation.account));
        }
        Caller::named(&self.principal)
    }

    fn requests(&self, caller: &Caller, observation: &Observation) -> Vec<(String, Request)> {
        let autoscaling = self.is_autoscaling(observation).then_some("ec2");
        let through = self.through.as_deref().or(autoscaling);
        let of_a_volume = || match through {
            Some("ec2") => volume_context(SOME_VOLUME),
            _ => BTreeMap::new(),
        };
        let context = self.encryption_context.clone().unwrap_or_else(of_a_volume);
        let region = observation.region.as_str();
        let request = |action: &String| {
            let request = match through {
                Some(service) => forwarded(caller.clone(), action, (service, region), &context),
                None => direct(caller.clone(), action, region, &context),
            };
            (action.clone(), request)
        };
        self.actions.iter().map(request).collect()
    }

    pub(super) fn on(&self, key: &Key, observation: &Observation) -> Judgement {
        let Some(caller) = self.caller(observation) else {
            return no_principal(&self.principal);
        };
        let expected = || {
            message!(
                "check-may-use",
                principal = caller.principal_arn(),
                purpose = self.purpose()
            )
        };
        if let Some(unusable) = unusable(&self.key, key) {
            let observed = message!("check-key-is", state = &key.state);
            return not_met(expected(), observed, Some(unusable.reason), unusable.advice);
        }
        let policy = match &key.policy {
            Ok(policy) => policy,
            Err(why) => return unread_policy(&self.key, why),
        };
        let decided = |grants: &[Grant]| -> Vec<(String, Decision)> {
            let access = key_access(key, policy, grants);
            let requests = self.requests(&caller, observation).into_iter();
            requests
                .map(|(action, request)| (action, decide(&access, &request)))
                .collect()
        };
        let weighed =
            |decisions: &[(String, Decision)]| weighed(&self.key, expected(), decisions, &caller);
        match &key.grants {
            Ok(grants) => weighed(&decided(grants)),
            // Grants only ever add, and never outweigh a Deny.
            Err(why) => match weighed(&decided(&[])) {
                told if told.is_not_met() && !decided(&[]).iter().any(is_explicit) => {
                    unread_grants(&self.key, why)
                }
                other => other,
            },
        }
    }

    fn purpose(&self) -> Message {
        if self.actions == needed_by_launches() {
            return message!("check-new-volumes");
        }
        self.actions.join(", ").into()
    }
}

pub(super) fn no_principal(name: &str) -> Judgement {
    cannot_tell(message!("check-no-principal", principal = name))
}

pub(super) fn unread_policy(key: &str, why: &str) -> Judgement {
    unread(message!("check-policy-of-key", key = key), why)
}

pub(super) fn unread_grants(key: &str, why: &str) -> Judgement {
    unread(message!("check-grants-of-key", key = key), why)
}

/// A key whose state keeps it from serving anybody.
struct Unusable {
    reason: Message,
    advice: Advice,
}

fn unusable(name: &str, key: &Key) -> Option<Unusable> {
    let reason = match key.state.as_str() {
        "Enabled" => return None,
        "PendingDeletion" => message!("check-key-to-be-deleted"),
        _ => message!("check-key-not-enabled"),
    };
    let advice = advice::key_state(name, &key.state);
    Some(Unusable { reason, advice })
}

pub(super) fn is_explicit((_, decision): &(String, Decision)) -> bool {
    matches!(decision, Decision::ExplicitDeny { .. })
}

/// Whether only identity policies, which we have not read, could still allow it.
fn is_left_to_identity((_, decision): &(String, Decision), caller: &Caller) -> bool {
    match decision {
        Decision::ImplicitDeny(deny) => {
            deny.missing == PolicyKind::Identity && !caller.is_service_linked()
        }
        _ => false,
    }
}

fn weighed(
    key: &str,
    expected: Message,
    decisions: &[(String, Decision)],
    caller: &Caller,
) -> Judgement {
    let refused: Vec<&(String, Decision)> = decisions
        .iter()
        .filter(|(_, decision)| !decision.is_allowed())
        .collect();
    if refused.is_empty() {
        return Verdict::Met.into();
    }
    let missing: Vec<&str> = refused.iter().map(|(action, _)| action.as_str()).collect();
    let missing = missing.join(", ");
    if refused
        .iter()
        .all(|refused| is_left_to_identity(refused, caller))
    {
        return cannot_tell(message!(
            "check-left-to-identity",
            actions = missing,
            principal = caller.principal_arn()
        ));
    }
    let observed = message!("check-missing", actions = missing);
    let reason = explain_refusals(decisions);
    let advice = advice::refused(key, decisions, caller);
    not_met(expected, observed, Some(reason), advice)
}

/// The key without anybody's identity policies. It belongs to the account in its ARN.
pub(super) fn key_access<'a>(
    key: &'a Key,
    policy: &'a Policy,
    grants: &'a [Grant],
) -> KeyAccess<'a> {
    KeyAccess {
        policy,
        grants,
        identity: &[],
        key_arn: &key.arn,
        account: key.arn.split(':').nth(4).unwrap_or_default(),
    }
}

impl Judged for KeyAllows {
    fn wants(&self, wanted: &mut Wanted) {
        wanted.key(&self.key);
    }

    fn states(&self) -> Message {
        message!(
            "check-may-use-key",
            principal = &self.principal,
            key = &self.key,
            purpose = self.purpose(),
        )
    }

    fn look(&self) -> Message {
        advice::look_at_access(&self.key)
    }

    fn judge(&self, observation: &Observation) -> Judgement {
        on_key(observation, &self.key, |key| {
            let judged = self.on(key, observation);
            if !judged.is_met() || !self.is_autoscaling(observation) {
                return judged;
            }
            Judgement {
                warnings: improvements(key, observation),
                ..judged
            }
        })
    }
}

fn improvements(key: &Key, observation: &Observation) -> Vec<Message> {
    let Ok(policy) = &key.policy else {
        return Vec::new();
    };
    let grants = key.grants.as_deref().unwrap_or_default();
    let access = key_access(key, policy, grants);
    let warnings = launch_warnings(&access, &observation.region, &observation.account);
    warnings.into_iter().map(|warning| warning.text).collect()
}

/// The key is in this state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "KeyStateExpectation")]
pub struct KeyState {
    /// Id, ARN or alias.
    pub key: String,
    /// The state.
    pub is: State,
}

/// A key's states as KMS spells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum State {
    Enabled,
    Disabled,
    PendingDeletion,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            State::Enabled => "Enabled",
            State::Disabled => "Disabled",
            State::PendingDeletion => "PendingDeletion",
        }
    }
}

/// States that pass by themselves within moments.
const PASSING: [&str; 2] = ["Creating", "Updating"];

impl Judged for KeyState {
    fn wants(&self, wanted: &mut Wanted) {
        wanted.key(&self.key);
    }

    fn states(&self) -> Message {
        message!(
            "check-key-in-state",
            key = &self.key,
            state = self.is.word()
        )
    }

    fn look(&self) -> Message {
        advice::look_at_key(&self.key)
    }

    fn judge(&self, observation: &Observation) -> Judgement {
        on_key(observation, &self.key, |key| {
            if key.state == self.is.word() {
                return Verdict::Met.into();
            }
            if PASSING.contains(&key.state.as_str()) {
                return Judgement::from(Verdict::NotYet {
                    awaiting: message!("check-awaiting-key", state = &key.state),
                    since: None,
                    typical: Some(message!("check-typical-seconds")),
                });
            }
            let observed = message!("check-key-is", state = &key.state);
            let unusable = unusable(&self.key, key).filter(|_| self.is == State::Enabled);
            let (reason, advice) = match unusable {
                Some(unusable) => (Some(unusable.reason), unusable.advice),
                None => (None, advice::other_key_state(&self.key, self.is.word())),
            };
            not_met(self.states(), observed, reason, advice)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::observation::Seen;
    use super::super::testing::{ACCOUNT, KEY, key, observed, policy, said, word};
    use super::*;

    fn allows(principal: &str, actions: &[&str]) -> KeyAllows {
        KeyAllows {
            principal: principal.to_owned(),
            actions: actions.iter().map(|action| (*action).to_owned()).collect(),
            ..KeyAllows::launches("k")
        }
    }

    fn check(predicate: &impl Judged, seen: Key, expected: &str) -> Verdict {
        let verdict = predicate.judge(&observed(seen)).verdict;
        assert_eq!(word(&verdict), expected, "{verdict:?}");
        verdict
    }

    #[test]
    fn a_state_is_what_kms_calls_it() {
        let check = |is: State, found: &str, expected: &str| {
            let state = KeyState {
                key: KEY.into(),
                is,
            };
            check(
                &state,
                Key {
                    state: found.into(),
                    ..key()
                },
                expected,
            )
        };
        check(State::Enabled, "Enabled", "met");
        check(State::Disabled, "Disabled", "met");
        check(State::PendingDeletion, "PendingDeletion", "met");
        check(State::Enabled, "Creating", "not yet");
        check(State::Disabled, "Enabled", "not met");
        let refused = said(&check(State::Enabled, "PendingDeletion", "not met"));
        assert!(
            refused.contains("cancelled, the key is Disabled"),
            "{refused}"
        );
    }

    #[test]
    fn what_the_key_leaves_to_identity_policies_cannot_be_told_but_for_a_service_linked_role() {
        let root_only = || key();
        let user = format!("arn:aws:iam::{ACCOUNT}:user/sam");
        let verdict = check(&allows(&user, &["kms:Decrypt"]), root_only(), "cannot tell");
        assert!(said(&verdict).contains("identity policies of arn:aws:iam"));
        check(&KeyAllows::launches("k"), root_only(), "not met");
        let role = autoscaling_role_arn(ACCOUNT);
        check(&allows(&role, &["kms:Decrypt"]), root_only(), "not met");
        check(
            &allows("Administrators", &["kms:Decrypt"]),
            root_only(),
            "cannot tell",
        );
    }

    #[test]
    fn who_forwards_a_call_and_what_for_are_part_of_the_question() {
        let user = format!("arn:aws:iam::{ACCOUNT}:user/sam");
        // Without the root statement: nothing is left to identity policies.
        let through_ec2 = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{user}"}},
                "Action":"kms:*","Resource":"*","Condition":{{"StringEquals":{{
                "kms:ViaService":"ec2.us-west-2.amazonaws.com","kms:EncryptionContext:aws:ebs:id":"vol-1"}}}}}}}}"#
        );
        let seen = || Key {
            policy: Ok(Policy::parse(&through_ec2).unwrap()),
            ..key()
        };
        let decrypt = allows(&user, &["kms:Decrypt"]);
        check(&decrypt, seen(), "not met");
        let forwarded = KeyAllows {
            through: Some("ec2".into()),
            ..decrypt
        };
        check(&forwarded, seen(), "not met");
        let volume = KeyAllows {
            encryption_context: Some([("aws:ebs:id".to_owned(), "vol-1".to_owned())].into()),
            ..forwarded
        };
        check(&volume, seen(), "met");
    }

    #[test]
    fn what_could_not_be_read_is_no_verdict_about_the_learner() {
        let launches = KeyAllows::launches("k");
        let denied = "AccessDenied".to_owned();
        check(
            &launches,
            Key {
                policy: Err(denied.clone()),
                ..key()
            },
            "cannot tell",
        );
        check(
            &launches,
            Key {
                grants: Err(denied.clone()),
                ..key()
            },
            "cannot tell",
        );
        let role = format!(r#"{{"AWS":"{}"}}"#, autoscaling_role_arn(ACCOUNT));
        let allow =
            format!(r#"{{"Effect":"Allow","Principal":{role},"Action":"kms:*","Resource":"*"}}"#);
        let deny = r#"{"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*"}"#;
        let with = |statements: &[&str]| Key {
            policy: Ok(policy(statements)),
            grants: Err(denied.clone()),
            ..key()
        };
        check(&launches, with(&[&allow]), "met");
        check(&launches, with(&[&allow, deny]), "not met");
        let mut observation = observed(key());
        observation
            .keys
            .insert("k".into(), Seen::Unknown("throttled".into()));
        let verdict = launches.judge(&observation).verdict;
        assert!(said(&verdict).contains("key k: throttled"));
    }
}
