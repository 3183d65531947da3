//! Keys, their policies and their states.

use std::time::Duration;

use aws_sdk_kms::config::Builder;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::types::{KeyMetadata, KeyState as State, Tag};

use super::super::aws::incomplete;
use super::super::waiting::{at_once, done, found};
use super::super::{Cloud, CloudError};
use super::{MANAGED_BY, Mark, Outputs, SESSION, Tags, altered};
use crate::message;
use crate::policy::Policy;
use crate::scenario::change::{KeyState, KmsKey, KmsKeyPolicy, KmsKeyState};

/// Days; the shortest that KMS allows.
const WAITING_PERIOD: i32 = 7;
/// How often a key is asked for; a request cannot be recognised by KMS, so each answer that does not come is followed
/// by a search.
const ATTEMPTS: u32 = 4;

/// A key that carries tags of ours.
#[derive(Debug, Clone)]
pub(in super::super) struct TaggedKey {
    pub(in super::super) id: String,
    pub(in super::super) tags: Tags,
}

impl Cloud {
    pub(super) async fn make_key(&self, key: &KmsKey, mark: &Mark) -> Result<Outputs, CloudError> {
        let made = self.key_once(key, mark).await?;
        let arn = made.arn.ok_or_else(|| incomplete("CreateKey"))?;
        self.is_fresh([made.key_id.as_str(), arn.as_str()]);
        if key.rotation {
            let rotated = || async {
                let request = self.kms.enable_key_rotation().key_id(&made.key_id);
                request.send().await.map(drop).map_err(CloudError::from)
            };
            self.once_heard_of(&[&arn], rotated).await?;
        }
        Ok(Outputs::from([
            ("id".to_owned(), made.key_id.clone()),
            ("arn".to_owned(), arn),
        ]))
    }

    /// The key of this mark: the one that is there, or a new one.
    async fn key_once(&self, key: &KmsKey, mark: &Mark) -> Result<KeyMetadata, CloudError> {
        let mut attempt = 1;
        loop {
            if let Some(made) = self.living_keys(mark).await?.into_iter().next() {
                return Ok(made);
            }
            let create = || self.create_key(key, mark);
            match self.once_heard_of(&[&key.policy], create).await {
                Err(CloudError::Unreachable(_) | CloudError::Throttled(_))
                    if attempt < ATTEMPTS =>
                {
                    // Whether a key was made, lists tell only after a while.
                    (self.pause)(Duration::from_secs(5)).await;
                    attempt += 1;
                }
                made => return made,
            }
        }
    }

    async fn create_key(&self, key: &KmsKey, mark: &Mark) -> Result<KeyMetadata, CloudError> {
        let tags = mark.tags().into_iter().map(|(name, value)| {
            let tag = Tag::builder().tag_key(name).tag_value(value).build();
            tag.map_err(|error| CloudError::Other(error.to_string()))
        });
        let request = self
            .kms
            .create_key()
            .description(&key.description)
            .policy(&key.policy)
            .set_tags(Some(tags.collect::<Result<_, _>>()?));
        // A repeated request would make a second key.
        let once = Builder::new().retry_config(RetryConfig::disabled());
        let reply = request.customize().config_override(once).send().await?;
        reply.key_metadata.ok_or_else(|| incomplete("CreateKey"))
    }

    /// Schedules the deletion of every key that the change made, however often it was tried.
    pub(super) async fn unmake_key(
        &self,
        mark: &Mark,
        outputs: Option<&Outputs>,
    ) -> Result<(), CloudError> {
        if let Some(id) = outputs.and_then(|outputs| outputs.get("id")) {
            return self.delete_key(id).await;
        }
        for key in self.living_keys(mark).await? {
            self.delete_key(&key.key_id).await?;
        }
        Ok(())
    }

    /// Keys of this mark that are not on their way out.
    async fn living_keys(&self, mark: &Mark) -> Result<Vec<KeyMetadata>, CloudError> {
        let mut living = Vec::new();
        for key in self.tagged_keys(Some(&mark.session)).await? {
            if !mark.made(&key.tags) {
                continue;
            }
            let metadata = found(self.describe_key(&key.id).await)?;
            living.extend(metadata.filter(|metadata| !is_going(metadata)));
        }
        Ok(living)
    }

    /// The keys that carry the session's tag, or any of ours. A key whose own policy shuts the caller out is not ours:
    /// our policies keep the account's root.
    pub(in super::super) async fn tagged_keys(
        &self,
        session: Option<&str>,
    ) -> Result<Vec<TaggedKey>, CloudError> {
        let keys = self.key_ids().await?.into_iter();
        let read = at_once(keys, |id| {
            let cloud = self.clone();
            async move { cloud.tagged_key(id).await.map(Vec::from_iter) }
        });
        let mut tagged = read.await?;
        tagged.retain(|key| match session {
            Some(session) => key.tags.get(SESSION).is_some_and(|tag| tag == session),
            None => key.tags.contains_key(MANAGED_BY),
        });
        tagged.sort_by(|one: &TaggedKey, other| one.id.cmp(&other.id));
        Ok(tagged)
    }

    pub(in super::super) async fn key_ids(&self) -> Result<Vec<String>, CloudError> {
        let mut ids = Vec::new();
        let mut pages = self.kms.list_keys().into_paginator().items().send();
        while let Some(key) = pages.next().await {
            ids.extend(key?.key_id);
        }
        Ok(ids)
    }

    async fn tagged_key(&self, id: String) -> Result<Option<TaggedKey>, CloudError> {
        match self.key_tags(&id).await {
            Ok(tags) => Ok(Some(TaggedKey { id, tags })),
            Err(CloudError::NotFound) => Ok(None),
            Err(CloudError::Denied(why)) if why.contains("resource-based policy") => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn key_tags(&self, id: &str) -> Result<Tags, CloudError> {
        let mut tags = Tags::new();
        let request = self.kms.list_resource_tags().key_id(id);
        let mut pages = request.into_paginator().items().send();
        while let Some(tag) = pages.next().await {
            let tag = tag?;
            tags.insert(tag.tag_key, tag.tag_value);
        }
        Ok(tags)
    }

    /// Whether the session made this key, which so goes with it.
    pub(super) async fn is_own_key(&self, key: &str, mark: &Mark) -> Result<bool, CloudError> {
        let tags = found(self.key_tags(key).await)?.unwrap_or_default();
        Ok(tags.get(SESSION) == Some(&mark.session))
    }

    pub(in super::super) async fn describe_key(
        &self,
        key: &str,
    ) -> Result<KeyMetadata, CloudError> {
        let reply = self.kms.describe_key().key_id(key).send().await?;
        reply.key_metadata.ok_or_else(|| incomplete("DescribeKey"))
    }

    /// Schedules a key's deletion after the shortest waiting period.
    pub(in super::super) async fn delete_key(&self, key: &str) -> Result<(), CloudError> {
        let Some(metadata) = found(self.describe_key(key).await)? else {
            return Ok(());
        };
        if is_going(&metadata) {
            return Ok(());
        }
        let request = self.kms.schedule_key_deletion().key_id(key);
        let scheduled = request.pending_window_in_days(WAITING_PERIOD).send().await;
        match done(scheduled.map(drop).map_err(CloudError::from)) {
            Err(CloudError::Conflict(why)) if why.contains("pending deletion") => Ok(()),
            other => other,
        }
    }

    pub(in super::super) async fn key_policy(&self, key: &str) -> Result<String, CloudError> {
        let reply = self.kms.get_key_policy().key_id(key).send().await?;
        reply.policy.ok_or_else(|| incomplete("GetKeyPolicy"))
    }

    pub(super) async fn put_key_policy(&self, key: &str, policy: &str) -> Result<(), CloudError> {
        let put = || async {
            let request = self.kms.put_key_policy().key_id(key).policy(policy);
            request.send().await.map(drop).map_err(CloudError::from)
        };
        self.once_heard_of(&[key, policy], put).await
    }

    pub(super) async fn restore_key_policy(
        &self,
        put: &KmsKeyPolicy,
        original: &str,
        mark: &Mark,
    ) -> Result<(), CloudError> {
        let Some(now) = found(self.key_policy(&put.key).await)? else {
            return Ok(());
        };
        if same_policy(&now, original) {
            return Ok(());
        }
        if same_policy(&now, &put.policy) {
            return done(self.put_key_policy(&put.key, original).await);
        }
        if self.is_own_key(&put.key, mark).await? {
            return Ok(());
        }
        let what = format!("the policy of key {}", put.key);
        Err(altered(&what, "another one", "the one"))
    }

    pub(super) async fn key_state(&self, key: &str) -> Result<KeyState, CloudError> {
        match self.describe_key(key).await?.key_state {
            Some(State::Enabled) => Ok(KeyState::Enabled),
            Some(State::Disabled) => Ok(KeyState::Disabled),
            Some(State::PendingDeletion) => Ok(KeyState::PendingDeletion),
            other => {
                let state = other.as_ref().map_or("unknown", |state| state.as_str());
                Err(CloudError::Conflict(format!(
                    "key {key} is in the state {state}"
                )))
            }
        }
    }

    pub(super) async fn set_key_state(
        &self,
        key: &str,
        wanted: KeyState,
    ) -> Result<(), CloudError> {
        let now = self.once_heard_of(&[key], || self.key_state(key)).await?;
        if now == wanted {
            return Ok(());
        }
        if wanted == KeyState::PendingDeletion {
            return self.delete_key(key).await;
        }
        if now == KeyState::PendingDeletion {
            self.kms.cancel_key_deletion().key_id(key).send().await?;
        }
        match wanted {
            // A key whose deletion was cancelled is disabled.
            KeyState::Disabled if now == KeyState::PendingDeletion => Ok(()),
            KeyState::Disabled => {
                self.kms.disable_key().key_id(key).send().await?;
                Ok(())
            }
            _ => {
                let enable = || async {
                    let request = self.kms.enable_key().key_id(key);
                    request.send().await.map(drop).map_err(CloudError::from)
                };
                // The cancellation may not have reached every corner yet.
                let patience = Duration::from_secs(60);
                self.once_free(message!("check-key", key = key), patience, enable)
                    .await
            }
        }
    }

    pub(super) async fn restore_key_state(
        &self,
        set: &KmsKeyState,
        original: KeyState,
        mark: &Mark,
    ) -> Result<(), CloudError> {
        let now = match self.key_state(&set.key).await {
            Err(CloudError::NotFound) => return Ok(()),
            now => now?,
        };
        if now == original {
            return Ok(());
        }
        if now == set.state {
            return done(self.set_key_state(&set.key, original).await);
        }
        if self.is_own_key(&set.key, mark).await? {
            return Ok(());
        }
        let what = format!("key {}", set.key);
        Err(altered(
            &what,
            &format!("{now:?}"),
            &format!("{:?}", set.state),
        ))
    }
}

/// Whether the key is pending deletion, which counts as gone.
pub(in super::super) fn is_going(key: &KeyMetadata) -> bool {
    matches!(
        key.key_state,
        Some(State::PendingDeletion | State::PendingReplicaDeletion)
    )
}

/// KMS may write a policy down in other words than it was put in.
fn same_policy(one: &str, other: &str) -> bool {
    one == other
        || matches!((Policy::parse(one), Policy::parse(other)), (Ok(one), Ok(other)) if one == other)
}
