//! A request on a key, and the condition context that follows from it.

use std::collections::BTreeMap;

use super::caller::Caller;
use super::context::Context;
use super::grant::{self, NewGrant};

/// One request on the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub caller: Caller,
    /// The action with its prefix: `kms:Decrypt`.
    pub action: String,
    /// Condition keys that do not follow from the other fields, such as `kms:ViaService`.
    pub context: Context,
    /// The encryption context; its condition keys are derived from it.
    pub encryption_context: BTreeMap<String, String>,
    /// For `CreateGrant`, the grant to be made; its condition keys are derived from it.
    pub new_grant: Option<NewGrant>,
}

impl Request {
    /// A request with nothing but its caller and action.
    pub fn new(caller: Caller, action: &str) -> Request {
        Request {
            caller,
            action: action.to_string(),
            context: Context::new(),
            encryption_context: BTreeMap::new(),
            new_grant: None,
        }
    }

    /// The request with one condition key set.
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Request {
        self.context = self.context.with(key, value);
        self
    }

    /// The request with one more pair in its encryption context.
    pub fn encrypting(mut self, key: &str, value: &str) -> Request {
        self.encryption_context
            .insert(key.to_string(), value.to_string());
        self
    }

    /// The `CreateGrant` request for `grant`.
    pub fn making(mut self, grant: NewGrant) -> Request {
        self.new_grant = Some(grant);
        self
    }

    /// The operation's name as grants spell it.
    pub(super) fn operation(&self) -> &str {
        let name = self
            .action
            .split_once(':')
            .map_or(self.action.as_str(), |(_, name)| name);
        grant::OPERATIONS
            .iter()
            .find(|known| known.eq_ignore_ascii_case(name))
            .copied()
            .unwrap_or(name)
    }

    /// The condition context with every derived key in it.
    pub(super) fn full_context(&self, key_account: &str) -> Context {
        let mut context = self
            .context
            .clone()
            .with("aws:ResourceAccount", key_account);
        if matches!(
            self.operation(),
            "CreateGrant" | "ListGrants" | "RevokeGrant"
        ) && context.values("kms:GrantIsForAWSResource").is_empty()
        {
            context = context.with("kms:GrantIsForAWSResource", "false");
        }
        let mut pairs: Vec<(&String, &String)> = self.encryption_context.iter().collect();
        if let Some(grant) = &self.new_grant {
            context = grant.fill(context);
            pairs.extend(grant.constraints.pairs());
        }
        if !pairs.is_empty() {
            context = context.with_all(
                "kms:EncryptionContextKeys",
                pairs.iter().map(|(key, _)| key.as_str()),
            );
        }
        for (key, value) in pairs {
            context = context.with(&format!("kms:EncryptionContext:{key}"), value);
        }
        self.caller.fill(context)
    }
}
