//! Grants on keys. A grant has no tags: ours is known by its name.

use std::collections::HashMap;

use aws_sdk_kms::types::{GrantConstraints, GrantOperation};

use super::super::aws::incomplete;
use super::super::observe::grant;
use super::super::waiting::{done, found};
use super::super::{Cloud, CloudError};
use super::{BREAKFIX, Mark, Original, Outputs};
use crate::policy::Grant;
use crate::scenario::change::{KmsGrant, KmsGrantRevoked};

impl Cloud {
    pub(super) async fn make_grant(
        &self,
        wanted: &KmsGrant,
        mark: &Mark,
    ) -> Result<Outputs, CloudError> {
        let grant = Grant {
            name: Some(mark.token()),
            grantee: wanted.grantee.clone(),
            operations: wanted.operations.clone(),
            ..Grant::default()
        };
        let id = self.create_grant(&wanted.key, &grant).await?;
        Ok(Outputs::from([("id".to_owned(), id)]))
    }

    /// Makes a grant and returns its id; the same one again under the same name is the one that is there.
    async fn create_grant(&self, key: &str, grant: &Grant) -> Result<String, CloudError> {
        let pairs = |pairs: &Option<_>| pairs.clone().map(HashMap::from_iter);
        let (equals, subset) = (
            pairs(&grant.constraints.constraint_equals),
            pairs(&grant.constraints.constraint_subset),
        );
        let constraints = (equals.is_some() || subset.is_some()).then(|| {
            GrantConstraints::builder()
                .set_encryption_context_equals(equals)
                .set_encryption_context_subset(subset)
                .build()
        });
        let operations = grant
            .operations
            .iter()
            .map(|name| GrantOperation::from(name.as_str()));
        let request = self
            .kms
            .create_grant()
            .key_id(key)
            .grantee_principal(&grant.grantee)
            .set_retiring_principal(grant.retiring_principal.clone())
            .set_operations(Some(operations.collect()))
            .set_constraints(constraints)
            .set_name(grant.name.clone());
        let create = || async { request.clone().send().await.map_err(CloudError::from) };
        let reply = self.once_heard_of(&[key, &grant.grantee], create).await?;
        reply.grant_id.ok_or_else(|| incomplete("CreateGrant"))
    }

    /// The grants of a key.
    pub(in super::super) async fn grants(&self, key: &str) -> Result<Vec<Grant>, CloudError> {
        let mut grants = Vec::new();
        let request = self.kms.list_grants().key_id(key);
        let mut pages = request.into_paginator().items().send();
        while let Some(entry) = pages.next().await {
            grants.push(grant(entry?));
        }
        Ok(grants)
    }

    /// Revokes the grant of this mark, also one that was made again under its name since.
    pub(super) async fn unmake_grant(
        &self,
        made: &KmsGrant,
        mark: &Mark,
        outputs: Option<&Outputs>,
    ) -> Result<(), CloudError> {
        let id = outputs.and_then(|outputs| outputs.get("id"));
        let grants = found(self.grants(&made.key).await)?.unwrap_or_default();
        for grant in grants {
            if Some(&grant.id) == id || grant.name.as_ref() == Some(&mark.token()) {
                self.revoke(&made.key, &grant.id).await?;
            }
        }
        Ok(())
    }

    pub(in super::super) async fn revoke(&self, key: &str, grant: &str) -> Result<(), CloudError> {
        let request = self.kms.revoke_grant().key_id(key).grant_id(grant);
        done(request.send().await.map(drop).map_err(CloudError::from))
    }

    pub(super) async fn grant_before(
        &self,
        revoked: &KmsGrantRevoked,
    ) -> Result<Original, CloudError> {
        let grants = self.grants(&revoked.key).await?;
        let grant = grants.into_iter().find(|grant| grant.id == revoked.grant);
        grant.map(Original::Grant).ok_or(CloudError::NotFound)
    }

    pub(super) async fn revoke_grant(&self, revoked: &KmsGrantRevoked) -> Result<(), CloudError> {
        self.revoke(&revoked.key, &revoked.grant).await
    }

    /// Makes a grant again, unless one like it is there.
    pub(super) async fn restore_grant(
        &self,
        key: &str,
        original: &Grant,
        mark: &Mark,
    ) -> Result<(), CloudError> {
        let Some(present) = found(self.grants(key).await)? else {
            return Ok(());
        };
        if present.iter().any(|known| alike(known, original)) {
            return Ok(());
        }
        match self.create_grant(key, original).await {
            // A grant on a key that is disabled or going: the session's own key takes it along.
            Err(CloudError::Conflict(why)) => match self.is_own_key(key, mark).await? {
                true => Ok(()),
                false => Err(CloudError::Conflict(why)),
            },
            made => done(made.map(drop)),
        }
    }
}

/// Whether two grants are the same but for their ids.
fn alike(one: &Grant, other: &Grant) -> bool {
    let plain = |grant: &Grant| {
        let mut grant = grant.clone();
        grant.id.clear();
        grant.operations.sort();
        grant
    };
    plain(one) == plain(other)
}

/// The session whose grant has this name, if it is one of ours.
pub(in super::super) fn session_of(grant: &Grant) -> Option<&str> {
    let rest = grant.name.as_deref()?.strip_prefix(BREAKFIX)?;
    let (session, number) = rest.strip_prefix('-')?.rsplit_once('-')?;
    number.parse::<usize>().ok().map(|_| session)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grants_name_tells_its_session() {
        let named = |name: &str| Grant {
            name: Some(name.to_owned()),
            ..Grant::default()
        };
        assert_eq!(session_of(&named("breakfix-s-1-12")), Some("s-1"));
        assert_eq!(session_of(&named("breakfix-s")), None);
        assert_eq!(session_of(&named("other")), None);
        assert_eq!(session_of(&Grant::default()), None);
    }
}
