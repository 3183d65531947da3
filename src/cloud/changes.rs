//! How each [`Change`] is made, found again and taken back in an account. One file per family.
//!
//! What is made carries its [`Mark`], so that a second try adopts what the first one made, and undoing finds what a
//! killed process had no time to write down. What is altered is put back only from the value that the change gave it.
//! Nothing here touches what somebody else made under a name that a change wants.

pub(super) mod aliases;
pub(super) mod grants;
pub(super) mod keys;
mod manifests;
pub(super) mod nodegroups;
mod roles;
mod tags;
pub(super) mod templates;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Cloud, CloudError};
use crate::policy::Grant;
use crate::scenario::Change;
use crate::scenario::change::KeyState;

pub(super) use manifests::{label_object, object_kinds, remove_object};

/// Whose change it is: by this it is found again, after a kill or a lost answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub session: String,
    pub scenario: String,
    /// The number of the change in its session, from 1. Once a change is taken back, its number is never used again:
    /// services remember requests by it.
    pub number: usize,
    pub expires_at: Timestamp,
}

/// What a change made, by the names of [`Change::outputs`].
pub type Outputs = BTreeMap<String, String>;

/// What a change overwrites, so that it can be put back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Original {
    KeyPolicy(String),
    KeyState(KeyState),
    /// A grant before it is revoked. One that is made again has another id.
    Grant(Grant),
    /// Number of the template version that a node group launches from.
    TemplateVersion(String),
    /// A node group's desired size.
    Desired(i32),
    /// Kubernetes objects that exist before a manifest is applied.
    Objects(Vec<Value>),
}

/// How many nodes a node group is to have, at least and now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    pub min: i32,
    pub desired: i32,
}

/// Tags by name.
pub(super) type Tags = BTreeMap<String, String>;

pub(super) const SESSION: &str = "breakfix:session";
const SCENARIO: &str = "breakfix:scenario";
const EXPIRES_AT: &str = "breakfix:expires-at";
pub(super) const MANAGED_BY: &str = "breakfix:managed-by";
/// Number of the change, which tells twins apart.
const CHANGE: &str = "breakfix:change";
pub(super) const BREAKFIX: &str = "breakfix";

/// The same as labels of Kubernetes objects.
pub(super) const SESSION_LABEL: &str = "breakfix.dev/session";
const SCENARIO_LABEL: &str = "breakfix.dev/scenario";
const EXPIRES_AT_LABEL: &str = "breakfix.dev/expires-at";
pub(super) const MANAGED_BY_LABEL: &str = "breakfix.dev/managed-by";
const CHANGE_LABEL: &str = "breakfix.dev/change";
const TAG_TIME: &str = "%Y-%m-%dT%H:%M:%SZ";
/// A label's value can hold no colons.
const LABEL_TIME: &str = "%Y%m%dT%H%M%SZ";

impl Mark {
    fn tags(&self) -> Tags {
        self.named([SESSION, SCENARIO, EXPIRES_AT, MANAGED_BY, CHANGE])
    }

    fn labels(&self) -> Tags {
        let mut labels = self.named([
            SESSION_LABEL,
            SCENARIO_LABEL,
            EXPIRES_AT_LABEL,
            MANAGED_BY_LABEL,
            CHANGE_LABEL,
        ]);
        let expires_at = self.expires_at.strftime(LABEL_TIME).to_string();
        labels.insert(EXPIRES_AT_LABEL.to_owned(), expires_at);
        labels
    }

    fn named(&self, [session, scenario, expires_at, managed_by, change]: [&str; 5]) -> Tags {
        let values = [
            (session, self.session.clone()),
            (scenario, self.scenario.clone()),
            (expires_at, self.expires_at.strftime(TAG_TIME).to_string()),
            (managed_by, BREAKFIX.to_owned()),
            (change, self.number.to_string()),
        ];
        values
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// Whether these tags say that this very change made it.
    fn made(&self, tags: &Tags) -> bool {
        tags.get(SESSION) == Some(&self.session)
            && tags.get(CHANGE) == Some(&self.number.to_string())
    }

    /// What services know a request by that is sent twice; also a name for what has no tags.
    fn token(&self) -> String {
        format!("{BREAKFIX}-{}-{}", self.session, self.number)
    }
}

/// The tags that say that what is ours may live until `at`.
pub(super) fn expiry_tags(at: Timestamp) -> Tags {
    Tags::from([
        // What may be tagged by whom hangs on it.
        (MANAGED_BY.to_owned(), BREAKFIX.to_owned()),
        (EXPIRES_AT.to_owned(), at.strftime(TAG_TIME).to_string()),
    ])
}

/// The same as labels.
pub(super) fn expiry_labels(at: Timestamp) -> Tags {
    let at = at.strftime(LABEL_TIME).to_string();
    Tags::from([(EXPIRES_AT_LABEL.to_owned(), at)])
}

/// When what has these tags or labels may be reaped.
pub(super) fn expiry(tags: &Tags) -> Option<Timestamp> {
    if let Some(text) = tags.get(EXPIRES_AT) {
        return text.parse().ok();
    }
    let text = tags.get(EXPIRES_AT_LABEL)?;
    let time = jiff::civil::DateTime::strptime(LABEL_TIME, text).ok()?;
    Some(time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
}

impl Cloud {
    /// What `change` will overwrite; `None` if it makes something new. Ask before [`Cloud::apply`], and write it down.
    ///
    /// # Errors
    /// When it cannot be read; [`CloudError::NotFound`] if what would be altered is not there.
    pub async fn original(&self, change: &Change) -> Result<Option<Original>, CloudError> {
        match change {
            Change::KmsKeyPolicy(put) => self.key_policy(&put.key).await.map(Original::KeyPolicy),
            Change::KmsKeyState(set) => self.key_state(&set.key).await.map(Original::KeyState),
            Change::KmsGrantRevoked(revoked) => self.grant_before(revoked).await,
            Change::NodegroupTemplate(set) => self.template_version(&set.nodegroup).await,
            Change::Scale(scale) => self.desired_size(&scale.nodegroup).await,
            Change::KubeManifest(objects) => return self.present_objects(objects).await,
            Change::KmsKey(_)
            | Change::KmsAlias(_)
            | Change::KmsGrant(_)
            | Change::LaunchTemplate(_)
            | Change::LaunchTemplateVersion(_)
            | Change::Nodegroup(_)
            | Change::IamRole(_) => return Ok(None),
        }
        .map(Some)
        .map_err(|error| error.about(change))
    }

    /// Makes a change whose names are filled in and whose documents are in place. An earlier try under the same mark
    /// that came through is adopted.
    ///
    /// # Errors
    /// [`CloudError::Taken`] when somebody else has the name; otherwise when the change may have been made or not:
    /// [`Cloud::revert`] without outputs takes back what there is.
    pub async fn apply(&self, change: &Change, mark: &Mark) -> Result<Outputs, CloudError> {
        let none = |()| Outputs::new();
        match change {
            Change::KmsKey(key) => self.make_key(key, mark).await,
            Change::KmsAlias(alias) => self.make_alias(alias, mark).await.map(none),
            Change::KmsGrant(grant) => self.make_grant(grant, mark).await,
            Change::KmsGrantRevoked(revoked) => self.revoke_grant(revoked).await.map(none),
            Change::KmsKeyPolicy(put) => self.put_key_policy(&put.key, &put.policy).await.map(none),
            Change::KmsKeyState(set) => self.set_key_state(&set.key, set.state).await.map(none),
            Change::LaunchTemplate(template) => self.make_template(template, mark).await,
            Change::LaunchTemplateVersion(version) => self.make_version(version, mark).await,
            Change::Nodegroup(group) => self.make_nodegroup(group, mark).await,
            Change::NodegroupTemplate(set) => self
                .move_nodegroup(&set.nodegroup, &set.version)
                .await
                .map(none),
            Change::Scale(scale) => self.scale(&scale.nodegroup, scale.desired).await.map(none),
            Change::IamRole(role) => self.make_role(role, mark).await,
            Change::KubeManifest(objects) => self.apply_objects(objects, mark).await.map(none),
        }
        .map_err(|error| error.about(change))
    }

    /// Takes a change back; what is not there any more is done. Without `outputs` (killed between intent and result)
    /// what the change made is looked up by its mark. What a change altered is put back if it still is as the change
    /// left it, or goes with the session's own thing that it belongs to.
    ///
    /// # Errors
    /// When it cannot be taken back, or somebody else has altered or replaced it, which is named.
    pub async fn revert(
        &self,
        change: &Change,
        mark: &Mark,
        outputs: Option<&Outputs>,
        original: Option<&Original>,
    ) -> Result<(), CloudError> {
        match (change, original) {
            (Change::KmsKey(_), _) => self.unmake_key(mark, outputs).await,
            (Change::KmsAlias(alias), _) => self.unmake_alias(alias, mark, outputs).await,
            (Change::KmsGrant(grant), _) => self.unmake_grant(grant, mark, outputs).await,
            (Change::LaunchTemplate(template), _) => {
                self.unmake_template(template, mark, outputs).await
            }
            (Change::LaunchTemplateVersion(version), _) => {
                self.unmake_version(version, mark, outputs).await
            }
            (Change::Nodegroup(group), _) => self.unmake_nodegroup(group, mark, outputs).await,
            (Change::IamRole(role), _) => self.unmake_role(&role.name, mark, outputs).await,
            (Change::KmsGrantRevoked(revoked), Some(Original::Grant(grant))) => {
                self.restore_grant(&revoked.key, grant, mark).await
            }
            (Change::KmsKeyPolicy(put), Some(Original::KeyPolicy(policy))) => {
                self.restore_key_policy(put, policy, mark).await
            }
            (Change::KmsKeyState(set), Some(Original::KeyState(state))) => {
                self.restore_key_state(set, *state, mark).await
            }
            (Change::NodegroupTemplate(set), Some(Original::TemplateVersion(version))) => {
                self.restore_template_version(set, version, mark).await
            }
            (Change::Scale(scale), Some(Original::Desired(size))) => {
                self.restore_size(scale, *size, mark).await
            }
            (Change::KubeManifest(objects), original) => {
                let kept = match original {
                    Some(Original::Objects(kept)) => kept.as_slice(),
                    _ => &[],
                };
                self.unapply_objects(objects, mark, outputs, kept).await
            }
            // Nothing is altered before its original is known.
            (_, None) => Ok(()),
            (_, Some(_)) => Err(CloudError::Other(
                "what is written down as its original belongs to another kind of change".to_owned(),
            )),
        }
        .map_err(|error| error.about(change))
    }
}

/// What is there now is neither what a change left nor what was there before it.
fn altered(what: &str, now: &str, left: &str) -> CloudError {
    CloudError::Conflict(format!(
        "{what} is {now} by now, not {left} as the change left it; it was not touched"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark() -> Mark {
        Mark {
            session: "abc123".to_owned(),
            scenario: "missing".to_owned(),
            number: 3,
            expires_at: "2026-11-22T10:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn tags_and_labels_say_whose_it_is_and_until_when() {
        let (tags, labels) = (mark().tags(), mark().labels());
        assert_eq!(tags["breakfix:session"], "abc123");
        assert_eq!(tags["breakfix:scenario"], "missing");
        assert_eq!(tags["breakfix:managed-by"], "breakfix");
        assert_eq!(tags["breakfix:expires-at"], "2026-11-22T10:00:00Z");
        assert_eq!(labels["breakfix.dev/expires-at"], "20261122T100000Z");
        assert_eq!(expiry(&tags), Some(mark().expires_at));
        assert_eq!(expiry(&labels), Some(mark().expires_at));
    }

    #[test]
    fn a_twin_of_the_same_session_is_another_change() {
        let twin = Mark {
            number: 4,
            ..mark()
        };
        assert!(mark().made(&mark().tags()));
        assert!(!twin.made(&mark().tags()));
        assert_ne!(twin.token(), mark().token());
    }
}
