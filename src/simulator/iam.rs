//! The principals of the account: roles and users with their ids, and the access keys that sign calls.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::policy::{Caller, Policy};

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Iam {
    pub roles: BTreeMap<String, Role>,
    pub users: BTreeMap<String, User>,
    /// By access key id.
    pub credentials: BTreeMap<String, Credential>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Role {
    /// With slashes at both ends, `/` for none.
    pub path: String,
    pub name: String,
    /// `AROA…`
    pub id: String,
    pub arn: String,
    /// Identity policies in force for its sessions.
    pub policies: Vec<Policy>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct User {
    pub name: String,
    /// `AIDA…`
    pub id: String,
    pub arn: String,
    pub policies: Vec<Policy>,
}

/// An access key and who signs with it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Credential {
    pub secret_access_key: String,
    pub session_token: Option<String>,
    pub user: String,
}

impl Iam {
    /// Whether a principal ARN of a resource policy names something that exists here.
    /// Accounts and their roots always do: other accounts cannot be looked into.
    pub fn principal_exists(&self, arn: &str) -> bool {
        let is_account = arn.len() == 12 && arn.bytes().all(|byte| byte.is_ascii_digit());
        is_account
            || arn.ends_with(":root")
            || self
                .roles
                .values()
                .any(|role| role.arn == arn || session_of(arn, role))
            || self.users.values().any(|user| user.arn == arn)
    }

    pub fn caller(&self, account: &str, access_key: &str) -> Option<Caller> {
        let credential = self.credentials.get(access_key)?;
        self.users
            .get(&credential.user)
            .map(|user| Caller::user(account, &user.name))
    }

    /// The identity policies of a caller; none for service principals and strangers.
    pub fn policies_of(&self, caller: &Caller) -> &[Policy] {
        let role = caller.role_arn.as_deref();
        self.roles
            .values()
            .find(|known| Some(known.arn.as_str()) == role)
            .map(|known| known.policies.as_slice())
            .or_else(|| {
                self.users
                    .values()
                    .find(|user| user.arn == caller.arn)
                    .map(|user| user.policies.as_slice())
            })
            .unwrap_or_default()
    }
}

fn session_of(arn: &str, role: &Role) -> bool {
    arn.split_once(":assumed-role/")
        .and_then(|(_, rest)| rest.split_once('/'))
        .is_some_and(|(name, session)| name == role.name && !session.is_empty())
}
