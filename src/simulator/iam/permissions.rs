//! What a role or user is given: inline policies and attached managed ones, and what follows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::refusal::Refusal;
use super::refusals::delete_conflict;
use super::{Iam, managed};
use crate::policy::Policy;

/// The identity policies of one principal.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Permissions {
    /// Documents by policy name, byte for byte as they were put.
    inline: BTreeMap<String, String>,
    /// ARNs of managed policies in the order in which they were attached.
    attached: Vec<String>,
    /// The same, parsed: a decision reads no text. Made anew with every change.
    in_force: Vec<Policy>,
}

impl Permissions {
    /// Attached managed policies, for a world that begins; `Iam::bring_into_force` has to follow.
    pub(in crate::simulator) fn of_managed(attached: Vec<String>) -> Permissions {
        Permissions {
            attached,
            ..Permissions::default()
        }
    }

    /// The attached policies in their order, then the inline ones by name.
    pub(in crate::simulator) fn in_force(&self) -> &[Policy] {
        &self.in_force
    }

    pub(in crate::simulator) fn attached(&self) -> &[String] {
        &self.attached
    }

    pub(in crate::simulator) fn has_attached(&self, policy_arn: &str) -> bool {
        self.attached.iter().any(|arn| arn == policy_arn)
    }
}

impl Permissions {
    /// Attaches a managed policy; one that is attached stays where it is.
    pub(super) fn attach(&mut self, policy_arn: &str) {
        if !self.has_attached(policy_arn) {
            self.attached.push(policy_arn.to_owned());
        }
    }

    /// Whether it was attached.
    pub(super) fn detach(&mut self, policy_arn: &str) -> bool {
        let before = self.attached.len();
        self.attached.retain(|arn| arn != policy_arn);
        self.attached.len() < before
    }

    /// Inline documents by policy name.
    pub(super) fn inline(&self) -> &BTreeMap<String, String> {
        &self.inline
    }

    pub(super) fn inline_mut(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.inline
    }

    /// Refuses the deletion of a principal that still has policies.
    pub(super) fn require_none(&self) -> Result<(), Refusal> {
        if !self.attached.is_empty() {
            return Err(delete_conflict(
                "Cannot delete entity, must detach all policies first.",
            ));
        }
        if !self.inline.is_empty() {
            return Err(delete_conflict(
                "Cannot delete entity, must delete policies first.",
            ));
        }
        Ok(())
    }
}

impl Iam {
    /// Parses anew what every principal is given, after a change of policies or attachments.
    pub(in crate::simulator) fn bring_into_force(&mut self) {
        let Iam {
            roles,
            users,
            policies,
            ..
        } = self;
        let of_roles = roles.values_mut().map(|role| &mut role.permissions);
        let of_users = users.values_mut().map(|user| &mut user.permissions);
        for permissions in of_roles.chain(of_users) {
            let managed = permissions.attached.iter().filter_map(|arn| {
                policies
                    .get(arn)
                    .and_then(|policy| Policy::parse(policy.document()?).ok())
                    .or_else(|| managed::of_aws(arn).map(|policy| policy.parsed.clone()))
            });
            let inline = permissions
                .inline
                .values()
                .filter_map(|text| Policy::parse(text).ok());
            permissions.in_force = managed.chain(inline).collect();
        }
    }
}
