//! Keys: their state, policy and grants.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_kms::types::{GrantListEntry, KeyMetadata, KeySpec, KeyUsageType};

use super::super::{Cloud, CloudError};
use super::{seen, together, why};
use crate::policy::{Grant, GrantConstraints, Policy};
use crate::scenario::observation::{Found, Key, Observation, Seen};

impl Cloud {
    /// The keys of these names (ids, aliases, ARNs of elsewhere). Several names of one key cost one look, and none where
    /// `known` has the key under another name.
    pub(super) async fn see_keys(
        &self,
        names: BTreeSet<String>,
        known: &Observation,
    ) -> BTreeMap<String, Seen<Key>> {
        let described = together(names.into_iter().map(|name| {
            let cloud = self.clone();
            async move { (cloud.describe_key(&name).await, name) }
        }));
        let mut keys = BTreeMap::new();
        let mut by_arn: BTreeMap<String, (KeyMetadata, Vec<String>)> = BTreeMap::new();
        for (described, name) in described.await {
            let metadata = match described {
                Ok(metadata) => metadata,
                Err(error) => {
                    keys.insert(name, no_key(error));
                    continue;
                }
            };
            let arn = metadata.arn.clone().unwrap_or_default();
            match known.keys.get(&self.key_name(&arn)) {
                Some(known) => drop(keys.insert(name, known.clone())),
                None => {
                    let entry = by_arn.entry(arn).or_insert((metadata, Vec::new()));
                    entry.1.push(name);
                }
            }
        }
        let read = together(by_arn.into_values().map(|(metadata, names)| {
            let cloud = self.clone();
            async move { (cloud.read_key(metadata).await, names) }
        }));
        for (key, names) in read.await {
            keys.extend(
                names
                    .into_iter()
                    .map(|name| (name, Seen::There(key.clone()))),
            );
        }
        keys
    }

    async fn read_key(&self, metadata: KeyMetadata) -> Key {
        let id = metadata.key_id.as_str();
        let (policy, grants) = tokio::join!(self.key_policy(id), self.grants(id));
        let spec = metadata
            .key_spec
            .as_ref()
            .is_none_or(|spec| *spec == KeySpec::SymmetricDefault);
        let usage = metadata
            .key_usage
            .as_ref()
            .is_none_or(|usage| *usage == KeyUsageType::EncryptDecrypt);
        let state = metadata.key_state.map(|state| state.as_str().to_owned());
        Key {
            arn: metadata.arn.unwrap_or_default(),
            state: state.unwrap_or_default(),
            encrypts_volumes: spec && usage,
            policy: policy.map_err(why).and_then(parsed),
            grants: grants.map_err(why),
        }
    }
}

fn parsed(policy: String) -> Found<Policy> {
    Policy::parse(&policy).map_err(|error| format!("it cannot be understood: {error}"))
}

/// A name that can be no key's leads to none.
fn no_key(error: CloudError) -> Seen<Key> {
    if error.to_string().contains("InvalidArn") {
        return Seen::Gone;
    }
    seen(Err(error))
}

pub(in super::super) fn grant(entry: GrantListEntry) -> Grant {
    let pairs =
        |pairs: Option<HashMap<String, String>>| pairs.map(|pairs| pairs.into_iter().collect());
    let (equals, subset) = entry
        .constraints
        .map(|constraints| {
            (
                constraints.encryption_context_equals,
                constraints.encryption_context_subset,
            )
        })
        .unwrap_or_default();
    Grant {
        id: entry.grant_id.unwrap_or_default(),
        name: entry.name,
        grantee: entry.grantee_principal.unwrap_or_default(),
        retiring_principal: entry.retiring_principal,
        operations: entry
            .operations
            .unwrap_or_default()
            .iter()
            .map(|operation| operation.as_str().to_owned())
            .collect(),
        constraints: GrantConstraints {
            constraint_equals: pairs(equals),
            constraint_subset: pairs(subset),
        },
    }
}
