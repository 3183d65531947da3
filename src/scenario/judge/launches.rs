//! Whether a fresh instance of a node group would start now.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::observation::{Key, Launches, Observation, Seen, Volume, Wanted};
use super::keys::KeyAllows;
use super::{Judged, Judgement, Verdict, advice, cannot_tell, not_met, on, on_nodegroup, unread};
use crate::language::Message;
use crate::message;

/// A fresh instance of the node group would start now: the volumes of what the group launches are plain, or encrypted
/// with a key that serves Auto Scaling — any key: which one it has to be is
/// the matter of `volume_encrypted_with`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LaunchWouldSucceed {
    /// Name of the node group.
    pub nodegroup: String,
}

impl Judged for LaunchWouldSucceed {
    fn wants(&self, wanted: &mut Wanted) {
        wanted.launches(&self.nodegroup);
    }

    fn states(&self) -> Message {
        expected(&self.nodegroup)
    }

    fn look(&self) -> Message {
        advice::look_at_template(&self.nodegroup)
    }

    fn judge(&self, observation: &Observation) -> Judgement {
        fresh_instance(&self.nodegroup, observation)
    }
}

fn expected(nodegroup: &str) -> Message {
    message!("check-would-start", nodegroup = nodegroup)
}

/// Met, not met or cannot tell: nothing about a launch that is not under way has to be waited for.
pub(super) fn fresh_instance(nodegroup: &str, observation: &Observation) -> Judgement {
    on_nodegroup(observation, nodegroup, |group| match &group.launches {
        Ok(launches) => launch(nodegroup, launches, observation),
        Err(why) => unread_launches(nodegroup, why),
    })
}

pub(super) fn unread_launches(nodegroup: &str, why: &str) -> Judgement {
    unread(message!("check-launches-of", nodegroup = nodegroup), why)
}

fn launch(nodegroup: &str, launches: &Launches, observation: &Observation) -> Judgement {
    if let Some(why) = &launches.suspended {
        return not_met(
            expected(nodegroup),
            message!("check-launch-suspended"),
            Some(why.into()),
            advice::suspended(nodegroup),
        );
    }
    let mut unknown = None;
    for volume in launches.volumes() {
        let made = volume_made(nodegroup, &volume, observation);
        match made.verdict {
            Verdict::Met => {}
            Verdict::NotMet { .. } => return made,
            _ => unknown = unknown.or(Some(made)),
        }
    }
    unknown.unwrap_or_else(|| Verdict::Met.into())
}

fn volume_made(nodegroup: &str, volume: &Volume, observation: &Observation) -> Judgement {
    let named = match volume.key(observation.volume_defaults.as_ref()) {
        Ok(Some(named)) => named,
        Ok(None) => return Verdict::Met.into(),
        Err(why) => return cannot_tell(why),
    };
    let elsewhere = region_of(named).filter(|region| *region != observation.region);
    if let Some(region) = elsewhere {
        return not_met(
            expected(nodegroup),
            message!("check-volumes-to-be-encrypted", key = named),
            Some(message!(
                "check-key-of-other-region",
                region = region,
                own = &observation.region
            )),
            advice::other_key(nodegroup, message!("advice-key-of-region")),
        );
    }
    if let Some(Seen::Gone) = observation.key(named) {
        return not_met(
            expected(nodegroup),
            message!("check-volumes-key-gone", key = named),
            None,
            advice::other_key(nodegroup, message!("advice-key-that-exists")),
        );
    }
    let key = message!("check-key", key = named);
    let served = on(observation.key(named), key, |key| {
        served(nodegroup, named, key, observation)
    });
    match served.verdict {
        Verdict::NotMet {
            observed, reason, ..
        } => Judgement {
            verdict: Verdict::NotMet {
                expected: expected(nodegroup),
                observed: message!("check-volumes-key", key = named, observed = observed),
                reason,
            },
            ..served
        },
        _ => served,
    }
}

fn served(nodegroup: &str, named: &str, key: &Key, observation: &Observation) -> Judgement {
    if !key.encrypts_volumes {
        return not_met(
            expected(nodegroup),
            message!("check-not-symmetric"),
            None,
            advice::other_key(nodegroup, message!("advice-symmetric-key")),
        );
    }
    KeyAllows::launches(named).on(key, observation)
}

fn region_of(key: &str) -> Option<&str> {
    key.strip_prefix("arn:aws:kms:")?.split(':').next()
}

#[cfg(test)]
mod tests {
    use super::super::super::observation::{Nodegroup, VolumeDefaults};
    use super::super::testing::{KEY, encrypted, good_key, group, key, observed_group, said, word};
    use super::*;

    fn check(observation: &Observation, expected: &str) -> Verdict {
        let predicate = LaunchWouldSucceed {
            nodegroup: "g".into(),
        };
        let verdict = predicate.judge(observation).verdict;
        assert_eq!(word(&verdict), expected, "{verdict:?}");
        verdict
    }

    fn launching(key: Key, launches: Launches) -> Observation {
        let group = Nodegroup {
            launches: Ok(launches),
            ..group("DEGRADED")
        };
        observed_group(key, group)
    }

    fn with_root(key: Key, root: Volume) -> Observation {
        let launches = Launches {
            root_volume: Some(root),
            ..Launches::default()
        };
        launching(key, launches)
    }

    #[test]
    fn the_key_that_the_volumes_name_has_to_serve_auto_scaling() {
        let root = || encrypted(Some(KEY));
        check(&with_root(good_key(), root()), "met");
        check(&with_root(key(), root()), "not met");
        let disabled = Key {
            state: "Disabled".into(),
            ..good_key()
        };
        check(&with_root(disabled, root()), "not met");
        let signs = Key {
            encrypts_volumes: false,
            ..good_key()
        };
        check(&with_root(signs, root()), "not met");
        let mut gone = with_root(good_key(), root());
        gone.keys.insert("k".into(), Seen::Gone);
        let told = said(&check(&gone, "not met"));
        assert!(told.contains("key/k does not exist"), "{told}");
        gone.keys
            .insert("k".into(), Seen::Unknown("AccessDenied".into()));
        check(&gone, "cannot tell");
    }

    #[test]
    fn a_key_of_another_region_serves_nobody_here() {
        let elsewhere = encrypted(Some("arn:aws:kms:eu-west-1:123456789012:key/k"));
        let told = said(&check(&with_root(good_key(), elsewhere), "not met"));
        assert!(told.contains("eu-west-1"), "{told}");
    }

    #[test]
    fn volumes_without_a_key_of_their_own_follow_the_account() {
        let plain = || with_root(key(), Volume::default());
        check(&plain(), "met");
        check(&launching(key(), Launches::default()), "met");
        let defaults = |encrypted, name: &str| {
            Some(Ok(VolumeDefaults {
                encrypted,
                kms_key: name.into(),
            }))
        };
        let mut observation = plain();
        observation.volume_defaults = defaults(true, KEY);
        check(&observation, "not met");
        observation.volume_defaults = None;
        check(&observation, "cannot tell");
        let mut observation = with_root(key(), encrypted(None));
        check(&observation, "cannot tell");
        let own = Seen::There(good_key());
        observation.keys.insert("alias/aws/ebs".into(), own);
        check(&observation, "met");
    }

    #[test]
    fn every_volume_counts_and_so_does_a_suspended_process() {
        let launches = || Launches {
            other_volumes: vec![encrypted(Some("k"))],
            ..Launches::default()
        };
        check(&launching(good_key(), launches()), "met");
        check(&launching(key(), launches()), "not met");
        let suspended = Launches {
            suspended: Some("User suspended at …".into()),
            ..Launches::default()
        };
        check(&launching(key(), suspended), "not met");
    }
}
