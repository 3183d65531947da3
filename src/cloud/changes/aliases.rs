//! Second names of keys. An alias has no tags: whose it is, its key tells.

use super::super::waiting::done;
use super::super::{Cloud, CloudError};
use super::{Mark, Outputs};
use crate::scenario::change::KmsAlias;

impl Cloud {
    pub(super) async fn make_alias(&self, alias: &KmsAlias, mark: &Mark) -> Result<(), CloudError> {
        let create = || async {
            let request = self.kms.create_alias().alias_name(&alias.name);
            let request = request.target_key_id(&alias.key);
            request.send().await.map(drop).map_err(CloudError::from)
        };
        match self.once_heard_of(&[&alias.key], create).await {
            Err(CloudError::Taken(_)) if self.is_own_alias(alias, mark).await? => Ok(()),
            Err(CloudError::Taken(_)) => Err(CloudError::Taken(format!(
                "the name {} is taken by another key's alias: delete it, or choose another name",
                alias.name
            ))),
            made => made,
        }
    }

    /// Whether the alias is on the key that it is meant for, and that key is the session's.
    async fn is_own_alias(&self, alias: &KmsAlias, mark: &Mark) -> Result<bool, CloudError> {
        let target = self.alias_target(&alias.name).await?;
        Ok(target.as_deref() == Some(id(&alias.key)) && self.is_own_key(&alias.key, mark).await?)
    }

    /// Id of the key that an alias stands for.
    async fn alias_target(&self, name: &str) -> Result<Option<String>, CloudError> {
        let aliases = self.aliases().await?;
        Ok(aliases
            .into_iter()
            .find_map(|(known, target)| (known == name).then_some(target)))
    }

    /// All aliases with the ids of their keys.
    pub(in super::super) async fn aliases(&self) -> Result<Vec<(String, String)>, CloudError> {
        let mut aliases = Vec::new();
        let mut pages = self.kms.list_aliases().into_paginator().items().send();
        while let Some(alias) = pages.next().await {
            let alias = alias?;
            aliases.extend(alias.alias_name.zip(alias.target_key_id));
        }
        Ok(aliases)
    }

    /// Also an alias that points to another key by now goes, if it is known that the change made it.
    pub(super) async fn unmake_alias(
        &self,
        alias: &KmsAlias,
        mark: &Mark,
        outputs: Option<&Outputs>,
    ) -> Result<(), CloudError> {
        if outputs.is_some() || self.is_own_alias(alias, mark).await? {
            return self.delete_alias(&alias.name).await;
        }
        Ok(())
    }

    pub(in super::super) async fn delete_alias(&self, name: &str) -> Result<(), CloudError> {
        let deleted = self.kms.delete_alias().alias_name(name).send().await;
        done(deleted.map(drop).map_err(CloudError::from))
    }
}

/// The id in an id or ARN of a key.
pub(in super::super) fn id(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}
