//! A predicate and an observation become a verdict, judged on meaning: any way of making it true counts.

use std::fmt::Display;

use super::observation::{Key, Nodegroup, Observation, Seen};
use super::predicate::{
    NodegroupExpectation, NodesExpectation, Predicate, ScalingActivityExpectation,
    VolumeEncryptedWith,
};
use crate::outcome::Verdict;
use crate::policy::KeyAccess;
use crate::policy::audit::{is_public, launch_warnings};
use crate::policy::launch::{autoscaling_role_arn, launch_access};

/// A verdict, and what is true but unwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    pub verdict: Verdict,
    pub warnings: Vec<String>,
}

/// Judges a predicate whose names are filled in.
pub fn judge(predicate: &Predicate, observation: &Observation) -> Judgement {
    let mut warnings = Vec::new();
    let verdict = match predicate {
        Predicate::LaunchAccess(named) => on_key(observation, &named.key, |key| {
            let verdict = launch(key, observation);
            if verdict == Verdict::Met {
                warnings = key_warnings(key, observation);
            }
            verdict
        }),
        Predicate::KeyNotPublic(named) => {
            on_key(observation, &named.key, |key| not_public(key, observation))
        }
        Predicate::VolumeEncryptedWith(expected) => {
            on_nodegroup(observation, &expected.nodegroup, |group| {
                volume(group, expected)
            })
        }
        Predicate::Nodegroup(expected) => on_nodegroup(observation, &expected.nodegroup, |group| {
            nodegroup(group, expected)
        }),
        Predicate::ScalingActivity(expected) => {
            on_nodegroup(observation, &expected.nodegroup, |group| {
                activities(group, expected)
            })
        }
        Predicate::Nodes(expected) => nodes(observation, expected),
    };
    Judgement { verdict, warnings }
}

fn on_key(observation: &Observation, id: &str, judge: impl FnOnce(&Key) -> Verdict) -> Verdict {
    on(observation.keys.get(id), &format!("key {id}"), judge)
}

fn on_nodegroup(
    observation: &Observation,
    name: &str,
    judge: impl FnOnce(&Nodegroup) -> Verdict,
) -> Verdict {
    on(
        observation.nodegroups.get(name),
        &format!("node group {name}"),
        judge,
    )
}

fn on<T>(seen: Option<&Seen<T>>, what: &str, judge: impl FnOnce(&T) -> Verdict) -> Verdict {
    match seen {
        Some(Seen::There(found)) => judge(found),
        Some(Seen::Gone) => not_met(format!("{what} exists"), "it does not exist", None),
        Some(Seen::Unknown(why)) => Verdict::CannotTell {
            why: format!("{what}: {why}"),
        },
        None => Verdict::CannotTell {
            why: format!("{what} was not observed"),
        },
    }
}

fn not_met(expected: impl Display, observed: impl Display, reason: Option<String>) -> Verdict {
    Verdict::NotMet {
        expected: expected.to_string(),
        observed: observed.to_string(),
        reason,
    }
}

fn access<'a>(
    key: &'a Key,
    policy: &'a crate::policy::Policy,
    observation: &'a Observation,
) -> KeyAccess<'a> {
    KeyAccess {
        policy,
        grants: &key.grants,
        identity: &[],
        key_arn: &key.arn,
        account: &observation.account,
    }
}

/// A volume id like any: no sensible policy can know the real one beforehand.
const SOME_VOLUME: &str = "vol-0123456789abcdef0";

fn launch(key: &Key, observation: &Observation) -> Verdict {
    let role = autoscaling_role_arn(&observation.account);
    let expected = format!("{role} may use the key for new volumes");
    if key.state != "Enabled" {
        let reason = "a key that is not enabled serves nobody, whatever its policy says".to_owned();
        return not_met(expected, format!("the key is {}", key.state), Some(reason));
    }
    let policy = match &key.policy {
        Ok(policy) => policy,
        Err(why) => {
            return Verdict::CannotTell {
                why: format!("the key policy cannot be read: {why}"),
            };
        }
    };
    let access = launch_access(
        &access(key, policy, observation),
        &observation.region,
        &observation.account,
        SOME_VOLUME,
    );
    if access.allowed() {
        return Verdict::Met;
    }
    not_met(
        expected,
        format!("missing: {}", access.missing().join(", ")),
        Some(access.explain()),
    )
}

fn key_warnings(key: &Key, observation: &Observation) -> Vec<String> {
    let Ok(policy) = &key.policy else {
        return Vec::new();
    };
    let warnings = launch_warnings(
        &access(key, policy, observation),
        &observation.region,
        &observation.account,
    );
    warnings.into_iter().map(|warning| warning.text).collect()
}

fn not_public(key: &Key, observation: &Observation) -> Verdict {
    let policy = match &key.policy {
        Ok(policy) => policy,
        Err(why) => {
            return Verdict::CannotTell {
                why: format!("the key policy cannot be read: {why}"),
            };
        }
    };
    match is_public(policy, &observation.account) {
        Some(why) => not_met(
            "nobody outside the account can use the key",
            "the key policy is open",
            Some(why),
        ),
        None => Verdict::Met,
    }
}

fn volume(group: &Nodegroup, expected: &VolumeEncryptedWith) -> Verdict {
    let wanted = format!("the root volume is encrypted with {}", expected.key);
    match &group.root_volume {
        None => not_met(
            wanted,
            "the launch template says nothing about the root volume",
            None,
        ),
        Some(volume) if !volume.encrypted => {
            not_met(wanted, "the root volume is not encrypted", None)
        }
        Some(volume) => match &volume.kms_key {
            Some(key) if same_key(key, &expected.key) => Verdict::Met,
            Some(key) => not_met(wanted, format!("it is encrypted with {key}"), None),
            None => not_met(
                wanted,
                "it is encrypted with the account's default key",
                None,
            ),
        },
    }
}

/// A template may name the key by ARN or by its id alone.
fn same_key(named: &str, arn: &str) -> bool {
    named == arn || arn.ends_with(&format!(":key/{named}"))
}

/// States that will pass by themselves.
const PASSING: [&str; 3] = ["CREATING", "UPDATING", "DELETING"];

fn nodegroup(group: &Nodegroup, expected: &NodegroupExpectation) -> Verdict {
    let status_met = group.status == expected.status;
    let issue_met = match expected.issue.as_str() {
        "none" => group.issues.is_empty(),
        code => group.issues.iter().any(|(found, _)| found == code),
    };
    if status_met && issue_met {
        return Verdict::Met;
    }
    if PASSING.contains(&group.status.as_str()) {
        return Verdict::NotYet {
            awaiting: format!("the node group is {}", group.status),
        };
    }
    let issues: Vec<String> = group
        .issues
        .iter()
        .map(|(code, message)| format!("{code}: {message}"))
        .collect();
    let observed = match issues.as_slice() {
        [] => format!("{} without issues", group.status),
        issues => format!("{} with {}", group.status, issues.join("; ")),
    };
    let wanted = match expected.issue.as_str() {
        "none" => format!("{} without issues", expected.status),
        code => format!("{} with {code}", expected.status),
    };
    not_met(wanted, observed, None)
}

fn activities(group: &Nodegroup, expected: &ScalingActivityExpectation) -> Verdict {
    let matching = group
        .activities
        .iter()
        .filter(|activity| activity.status == expected.status)
        .count();
    if matching >= expected.at_least {
        return Verdict::Met;
    }
    let latest = group
        .activities
        .first()
        .map_or("no activity yet".to_owned(), |activity| {
            format!(
                "{matching}; the latest activity is {}: {}",
                activity.status, activity.description
            )
        });
    not_met(
        format!(
            "at least {} scaling activities {}",
            expected.at_least, expected.status
        ),
        latest,
        None,
    )
}

fn nodes(observation: &Observation, expected: &NodesExpectation) -> Verdict {
    let name = &expected.nodegroup;
    on(
        observation.nodes.get(name),
        &format!("nodes of {name}"),
        |nodes| {
            let listed: Vec<String> = nodes
                .iter()
                .map(|node| {
                    format!(
                        "{} {}",
                        node.name,
                        if node.ready { "Ready" } else { "NotReady" }
                    )
                })
                .collect();
            let observed = if listed.is_empty() {
                "none".to_owned()
            } else {
                listed.join(", ")
            };
            let ready = nodes.iter().filter(|node| node.ready).count();
            if expected.none {
                return if nodes.is_empty() {
                    Verdict::Met
                } else {
                    not_met(format!("no node of {name}"), observed, None)
                };
            }
            if ready >= expected.ready {
                return Verdict::Met;
            }
            if nodes.len() >= expected.ready {
                return Verdict::NotYet {
                    awaiting: format!("a node of {name} to become Ready ({observed})"),
                };
            }
            not_met(
                format!("at least {} Ready node(s) of {name}", expected.ready),
                observed,
                None,
            )
        },
    )
}

#[cfg(test)]
mod tests {
    use super::super::observation::{Node, RootVolume};
    use super::*;
    use crate::policy::Policy;

    const ACCOUNT: &str = "123456789012";
    const KEY: &str = "arn:aws:kms:us-west-2:123456789012:key/k";

    fn observed(policy: &str, state: &str) -> Observation {
        let key = Key {
            arn: KEY.into(),
            state: state.into(),
            policy: Policy::parse(policy).map_err(|error| error.to_string()),
            grants: Vec::new(),
        };
        Observation {
            account: ACCOUNT.into(),
            region: "us-west-2".into(),
            keys: [("k".to_owned(), Seen::There(key))].into(),
            ..Observation::default()
        }
    }

    fn launch_verdict(policy: &str, state: &str) -> Verdict {
        let named = super::super::predicate::KeyNamed { key: "k".into() };
        judge(&Predicate::LaunchAccess(named), &observed(policy, state)).verdict
    }

    fn allowing(principal: &str) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{ACCOUNT}:root"}},"Action":"kms:*","Resource":"*"}},{{"Effect":"Allow","Principal":{principal},"Action":"kms:*","Resource":"*"}}]}}"#
        )
    }

    fn role() -> String {
        format!("{{\"AWS\":\"{}\"}}", autoscaling_role_arn(ACCOUNT))
    }

    #[test]
    fn a_policy_that_names_the_role_lets_auto_scaling_launch() {
        assert_eq!(launch_verdict(&allowing(&role()), "Enabled"), Verdict::Met);
    }

    #[test]
    fn a_wrong_principal_is_refused_with_principal_and_actions() {
        let Verdict::NotMet {
            expected,
            observed,
            reason,
        } = launch_verdict(
            &allowing(r#"{"Service":"autoscaling.amazonaws.com"}"#),
            "Enabled",
        )
        else {
            panic!("must not be met")
        };
        assert!(expected.contains("AWSServiceRoleForAutoScaling"));
        assert!(observed.contains("kms:CreateGrant") && observed.contains("kms:Decrypt"));
        assert!(reason.is_some());
    }

    #[test]
    fn a_disabled_key_is_refused_whatever_its_policy_says() {
        let Verdict::NotMet { observed, .. } = launch_verdict(&allowing(&role()), "Disabled")
        else {
            panic!()
        };
        assert_eq!(observed, "the key is Disabled");
    }

    #[test]
    fn a_key_that_cannot_be_read_is_no_verdict_about_the_learner() {
        let mut observation = observed(&allowing(&role()), "Enabled");
        observation
            .keys
            .insert("k".into(), Seen::Unknown("throttled".into()));
        let named = super::super::predicate::KeyNamed { key: "k".into() };
        let verdict = judge(&Predicate::LaunchAccess(named), &observation).verdict;
        assert_eq!(
            verdict,
            Verdict::CannotTell {
                why: "key k: throttled".into()
            }
        );
    }

    fn group(status: &str, root_volume: Option<RootVolume>) -> Nodegroup {
        Nodegroup {
            status: status.into(),
            issues: Vec::new(),
            desired: 1,
            activities: Vec::new(),
            root_volume,
        }
    }

    #[test]
    fn an_update_in_progress_is_not_yet() {
        let expected = NodegroupExpectation {
            nodegroup: "g".into(),
            status: "ACTIVE".into(),
            issue: "none".into(),
        };
        assert!(matches!(
            nodegroup(&group("UPDATING", None), &expected),
            Verdict::NotYet { .. }
        ));
        assert!(matches!(
            nodegroup(&group("DEGRADED", None), &expected),
            Verdict::NotMet { .. }
        ));
        assert_eq!(nodegroup(&group("ACTIVE", None), &expected), Verdict::Met);
    }

    #[test]
    fn an_unencrypted_volume_breaks_the_invariant_and_a_bare_key_id_keeps_it() {
        let expected = VolumeEncryptedWith {
            nodegroup: "g".into(),
            key: KEY.into(),
        };
        let with = |encrypted, key: Option<&str>| {
            group(
                "ACTIVE",
                Some(RootVolume {
                    encrypted,
                    kms_key: key.map(str::to_owned),
                }),
            )
        };
        assert_eq!(volume(&with(true, Some(KEY)), &expected), Verdict::Met);
        assert_eq!(volume(&with(true, Some("k")), &expected), Verdict::Met);
        assert!(matches!(
            volume(&with(false, None), &expected),
            Verdict::NotMet { .. }
        ));
        assert!(matches!(
            volume(&with(true, None), &expected),
            Verdict::NotMet { .. }
        ));
    }

    #[test]
    fn a_node_that_is_not_ready_yet_is_awaited() {
        let mut observation = Observation::default();
        let node = Node {
            name: "n".into(),
            ready: false,
        };
        observation
            .nodes
            .insert("g".into(), Seen::There(vec![node]));
        let expected = NodesExpectation {
            nodegroup: "g".into(),
            ready: 1,
            none: false,
        };
        assert!(matches!(
            nodes(&observation, &expected),
            Verdict::NotYet { .. }
        ));
        observation
            .nodes
            .insert("g".into(), Seen::There(Vec::new()));
        assert!(matches!(
            nodes(&observation, &expected),
            Verdict::NotMet { .. }
        ));
    }
}
