//! Reads what checks are judged by. What cannot be read is said to be unknown, never guessed.
//!
//! Nothing is read twice in one observation, and nothing is changed. Reads that do not need one another go out
//! together, a few at a time.

mod keys;
mod nodegroups;
mod nodes;

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
pub(super) use keys::grant;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{Cloud, CloudError};
pub use crate::scenario::observation::Wanted;
use crate::scenario::observation::{Found, Observation, Seen, VolumeDefaults, key_name};

/// Reads of one kind that go out together.
const AT_ONCE: usize = 8;

impl Cloud {
    /// Looks at everything that is wanted, once.
    pub async fn observe(&self, wanted: &Wanted) -> Observation {
        let names = wanted.keys.iter().map(|name| self.key_name(name)).collect();
        let nothing = Observation::default();
        let (keys, nodegroups, nodes) = tokio::join!(
            self.see_keys(names, &nothing),
            self.see_nodegroups(&wanted.nodegroups),
            self.see_nodes(&wanted.nodes),
        );
        let mut observation = Observation {
            account: self.account.clone(),
            region: self.region.clone(),
            keys,
            nodegroups,
            nodes,
            ..Observation::default()
        };
        self.see_launches(&wanted.launches, &mut observation).await;
        observation
    }

    /// Adds what becomes of the volumes that these node groups launch: the account's defaults where a volume follows
    /// them, and the keys.
    async fn see_launches(&self, nodegroups: &BTreeSet<String>, observation: &mut Observation) {
        let volumes: Vec<_> = nodegroups
            .iter()
            .filter_map(|name| match observation.nodegroups.get(name) {
                Some(Seen::There(group)) => Some(group.launches.as_ref().ok()?.volumes()),
                _ => None,
            })
            .flatten()
            .collect();
        if volumes.iter().any(|volume| volume.key(None).is_err()) {
            observation.volume_defaults = Some(self.volume_defaults().await);
        }
        let defaults = observation.volume_defaults.as_ref();
        let names: BTreeSet<String> = volumes
            .iter()
            .filter_map(|volume| volume.key(defaults).ok().flatten())
            .map(|name| self.key_name(name))
            .filter(|name| !observation.keys.contains_key(name))
            .collect();
        let keys = self.see_keys(names, observation).await;
        observation.keys.extend(keys);
    }

    async fn volume_defaults(&self) -> Found<VolumeDefaults> {
        let (encrypted, key) = tokio::join!(
            self.ec2.get_ebs_encryption_by_default().send(),
            self.ec2.get_ebs_default_kms_key_id().send(),
        );
        let encrypted = encrypted.map_err(why)?.ebs_encryption_by_default;
        Ok(VolumeDefaults {
            encrypted: encrypted.unwrap_or_default(),
            kms_key: key.map_err(why)?.kms_key_id.unwrap_or_default(),
        })
    }

    fn key_name(&self, name: &str) -> String {
        key_name(name, (&self.region, &self.account))
    }
}

/// The answers to these questions, in the questions' order; a few are asked at a time.
async fn together<F>(questions: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let mut asked = JoinSet::new();
    for (at, question) in questions.into_iter().enumerate() {
        let permits = Arc::clone(&permits);
        asked.spawn(async move {
            let _permit = permits.acquire().await;
            (at, question.await)
        });
    }
    let mut answers = asked.join_all().await;
    answers.sort_by_key(|(at, _)| *at);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

fn seen<T>(result: Result<T, CloudError>) -> Seen<T> {
    match result {
        Ok(found) => Seen::There(found),
        Err(CloudError::NotFound) => Seen::Gone,
        Err(error) => Seen::Unknown(error.to_string()),
    }
}

fn why(error: impl Into<CloudError>) -> String {
    error.into().to_string()
}

/// How long ago that was by this machine's clock, which the service's may be a little ahead of.
fn ago(moment: Option<&DateTime>) -> Option<Duration> {
    Some(ago_seconds(moment?.as_secs_f64()))
}

/// The same for seconds since 1970.
fn ago_seconds(moment: f64) -> Duration {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    Duration::try_from_secs_f64(now.as_secs_f64() - moment).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn answers_come_in_the_order_of_their_questions() {
        let questions = (0..50).map(|number| async move {
            if number % 3 == 0 {
                tokio::task::yield_now().await;
            }
            number
        });
        assert_eq!(together(questions).await, (0..50).collect::<Vec<_>>());
    }
}
