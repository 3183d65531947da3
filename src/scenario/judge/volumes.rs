//! The volumes of what a node group launches.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::observation::{Launches, Observation, Wanted};
use super::launches::unread_launches;
use super::{Judged, Judgement, Verdict, advice, cannot_tell, not_met, on_nodegroup};
use crate::language::Message;
use crate::message;

/// What the node group launches from now on has its root volume encrypted with this key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VolumeEncryptedWith {
    /// Name of the node group.
    pub nodegroup: String,
    /// Id, ARN or alias.
    pub key: String,
}

impl VolumeEncryptedWith {
    fn on(&self, launches: &Launches, observation: &Observation) -> Judgement {
        let refused = |observed: Message| {
            let wanted = message!("check-root-encrypted-with", key = &self.key);
            let key = message!("advice-key-named", key = &self.key);
            not_met(
                wanted,
                observed,
                None,
                advice::other_key(&self.nodegroup, key),
            )
        };
        let defaults = observation.volume_defaults.as_ref();
        let volume = launches.root_volume.clone().unwrap_or_default();
        // Without the account's defaults we know no key to be the right one, and the template names none.
        if let Ok(Some(named)) = volume.key(defaults) {
            match observation.is_same_key(named, &self.key) {
                Ok(true) => return Verdict::Met.into(),
                Ok(false) if volume.kms_key.is_some() => {
                    return refused(message!("check-encrypted-with", key = named));
                }
                Ok(false) => {}
                Err(why) => return cannot_tell(why),
            }
        }
        refused(match &launches.root_volume {
            None => message!("check-root-unsaid"),
            Some(volume) if volume.encrypted => message!("check-root-default-key"),
            Some(_) => message!("check-root-plain"),
        })
    }
}

impl Judged for VolumeEncryptedWith {
    fn wants(&self, wanted: &mut Wanted) {
        wanted.launches(&self.nodegroup);
        // A key's id and its ARN are told alike without asking; what an alias stands for is not.
        if self.key.contains("alias/") {
            wanted.key(&self.key);
        }
    }

    fn states(&self) -> Message {
        message!(
            "check-roots-encrypted-with",
            nodegroup = &self.nodegroup,
            key = &self.key
        )
    }

    fn look(&self) -> Message {
        advice::look_at_template(&self.nodegroup)
    }

    fn judge(&self, observation: &Observation) -> Judgement {
        on_nodegroup(observation, &self.nodegroup, |group| {
            match &group.launches {
                Ok(launches) => self.on(launches, observation),
                Err(why) => unread_launches(&self.nodegroup, why),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::observation::{Key, Nodegroup, Seen, Volume, VolumeDefaults};
    use super::super::testing::{KEY, encrypted, good_key, group, key, observed_group, word};
    use super::*;

    fn check(expected_key: &str, root: Option<Volume>, expected: &str) {
        let launches = Launches {
            root_volume: root.clone(),
            ..Launches::default()
        };
        let group = Nodegroup {
            launches: Ok(launches),
            ..group("ACTIVE")
        };
        let mut observation = observed_group(good_key(), group);
        let other = Key {
            arn: format!("{KEY}2"),
            ..key()
        };
        for (name, seen) in [
            ("alias/mine", Seen::There(good_key())),
            ("alias/other", Seen::There(other.clone())),
            ("alias/aws/ebs", Seen::There(other)),
            ("alias/gone", Seen::Gone),
            ("alias/denied", Seen::Unknown("AccessDenied".into())),
        ] {
            observation.keys.insert(name.into(), seen);
        }
        let predicate = VolumeEncryptedWith {
            nodegroup: "g".into(),
            key: expected_key.into(),
        };
        let verdict = predicate.judge(&observation).verdict;
        assert_eq!(
            word(&verdict),
            expected,
            "{expected_key} {root:?}: {verdict:?}"
        );
    }

    #[test]
    fn a_key_is_the_same_by_id_arn_and_alias() {
        let alias_arn = "arn:aws:kms:us-west-2:123456789012:alias/mine";
        for wanted in [KEY, "k", "alias/mine", alias_arn] {
            for named in [KEY, "k", "alias/mine", alias_arn] {
                check(wanted, Some(encrypted(Some(named))), "met");
            }
        }
        check(KEY, Some(encrypted(Some("alias/other"))), "not met");
        check(KEY, Some(encrypted(Some("alias/gone"))), "not met");
        check(KEY, Some(encrypted(Some("alias/denied"))), "cannot tell");
        let elsewhere = "arn:aws:kms:eu-west-1:123456789012:key/k";
        check(KEY, Some(encrypted(Some(elsewhere))), "not met");
    }

    #[test]
    fn a_plain_volume_and_another_key_break_it() {
        check(KEY, None, "not met");
        check(KEY, Some(Volume::default()), "not met");
        check(KEY, Some(encrypted(None)), "not met");
    }

    #[test]
    fn the_accounts_default_key_counts_where_it_is_this_one() {
        let mut observation = observed_group(
            good_key(),
            Nodegroup {
                launches: Ok(Launches::default()),
                ..group("ACTIVE")
            },
        );
        observation.volume_defaults = Some(Ok(VolumeDefaults {
            encrypted: true,
            kms_key: KEY.into(),
        }));
        let predicate = VolumeEncryptedWith {
            nodegroup: "g".into(),
            key: KEY.into(),
        };
        assert_eq!(predicate.judge(&observation).verdict, Verdict::Met);
    }
}
