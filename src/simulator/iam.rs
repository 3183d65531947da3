//! The principals of the account: roles and users with their ids and policies, instance profiles,
//! and the access keys that sign calls. Whether a call is allowed is `authorization`'s matter.

pub(in crate::simulator) mod access_keys;
mod attachments;
pub(in crate::simulator) mod authorization;
mod documents;
pub(in crate::simulator) mod instance_profiles;
mod managed;
mod permissions;
mod policies;
mod refusals;
mod requests;
mod resources;
pub(in crate::simulator) mod roles;
pub(in crate::simulator) mod service_linked;
mod simulate;
pub(in crate::simulator) mod users;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::clock::Moment;
use super::signature::Secret;
use super::wire::{Protocol, Service};
use super::world::World;
use crate::policy::{Caller, Decision, Element, KeyAccess, Policy, Request, decide};

pub use instance_profiles::InstanceProfile;
pub use managed::{ManagedPolicy, PolicyVersion};
pub use permissions::Permissions;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Iam {
    /// By name.
    pub roles: BTreeMap<String, Role>,
    /// By name.
    pub users: BTreeMap<String, User>,
    /// By access key id.
    pub credentials: BTreeMap<String, Credential>,
    /// The account's own managed policies, by ARN; those of AWS are in `managed`.
    pub policies: BTreeMap<String, ManagedPolicy>,
    /// By name.
    pub instance_profiles: BTreeMap<String, InstanceProfile>,
    /// Deletions of service-linked roles, by task id.
    pub deletions: BTreeMap<String, service_linked::Deletion>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Role {
    /// With slashes at both ends, `/` for none.
    pub path: String,
    pub name: String,
    /// `AROA…`
    pub id: String,
    pub arn: String,
    pub created: Moment,
    pub description: Option<String>,
    /// Longest duration of a session that `AssumeRole` makes.
    pub max_session: Duration,
    pub trust: Trust,
    pub permissions: Permissions,
    pub tags: BTreeMap<String, String>,
}

/// Who may become a role: the document byte for byte, and what it says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Trust {
    pub text: String,
    pub policy: Policy,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct User {
    /// With slashes at both ends, `/` for none.
    pub path: String,
    pub name: String,
    /// `AIDA…`
    pub id: String,
    pub arn: String,
    pub created: Moment,
    pub permissions: Permissions,
    pub tags: BTreeMap<String, String>,
}

/// An access key and who signs with it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Credential {
    pub secret_access_key: String,
    /// With temporary credentials.
    pub session_token: Option<String>,
    pub holder: Holder,
    /// An inactive key is as good as none.
    pub active: bool,
    pub created: Moment,
    /// End of temporary credentials, microseconds of the wall clock: clients keep them until then,
    /// and a jump of the world moves no client's clock.
    pub expires: Option<i64>,
}

/// Whose access key it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Holder {
    /// By name.
    User(String),
    /// A session of the role with this id; a role made anew under the old name is another one.
    Session {
        role: String,
        role_id: String,
        session: String,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The deletion of a service-linked role is carried out, or fails because of its use.
    ServiceLinkedRoleDeletion { task: String },
}

pub(super) fn handle(world: &mut World, event: Event) {
    let Event::ServiceLinkedRoleDeletion { task } = event;
    service_linked::decide_deletion(world, &task);
}

pub fn service() -> Service {
    Service {
        signing_name: "iam",
        protocol: Protocol::Query,
        selector: "2010-05-08",
        namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
        operations: [
            roles::operations(),
            attachments::operations(),
            policies::operations(),
            instance_profiles::operations(),
            users::operations(),
            access_keys::operations(),
            service_linked::operations(),
            simulate::operations(),
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
}

/// Lets what names a principal that is gone name it by its unique id: one made anew under the old
/// name is another one.
fn principal_deleted(world: &mut World, arn: &str, id: &str) {
    for role in world.iam.roles.values_mut() {
        let text = role
            .trust
            .text
            .replace(&format!("\"{arn}\""), &format!("\"{id}\""));
        if let Ok(trust) = Trust::parse(&text) {
            role.trust = trust;
        }
    }
    super::kms::principal_deleted(world, arn, id);
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

    /// The secrets of the access keys that sign.
    pub(in crate::simulator) fn secrets(&self) -> BTreeMap<String, Secret> {
        let active = self.credentials.iter().filter(|(_, key)| key.active);
        active
            .map(|(id, key)| {
                let secret = Secret {
                    secret_access_key: key.secret_access_key.clone(),
                    session_token: key.session_token.clone(),
                };
                (id.clone(), secret)
            })
            .collect()
    }

    /// Who signs with an access key; `None` when the key or its holder is gone.
    pub fn caller(&self, account: &str, access_key: &str) -> Option<Caller> {
        match &self.credentials.get(access_key)?.holder {
            Holder::User(name) => Some(self.users.get(name)?.caller(account)),
            Holder::Session {
                role,
                role_id,
                session,
            } => {
                let role = self.roles.get(role).filter(|role| role.id == *role_id)?;
                Some(role.session(account, session))
            }
        }
    }

    /// Whether a key's temporary credentials are over; `wall` in microseconds since the epoch.
    pub(in crate::simulator) fn has_expired(&self, access_key: &str, wall: i64) -> bool {
        let key = self.credentials.get(access_key);
        key.and_then(|key| key.expires)
            .is_some_and(|expires| expires <= wall)
    }

    /// The identity policies of a caller; none for service principals and strangers.
    pub fn policies_of(&self, caller: &Caller) -> &[Policy] {
        self.permissions_of(caller)
            .map(Permissions::in_force)
            .unwrap_or_default()
    }

    fn permissions_of(&self, caller: &Caller) -> Option<&Permissions> {
        self.permissions_at(caller.principal_arn())
    }

    /// What the role or user with this ARN is given.
    fn permissions_at(&self, arn: &str) -> Option<&Permissions> {
        let name = arn.rsplit('/').next()?;
        let role = self.roles.get(name).filter(|role| role.arn == arn);
        let user = || self.users.get(name).filter(|user| user.arn == arn);
        role.map(|role| &role.permissions)
            .or_else(|| user().map(|user| &user.permissions))
    }

    /// The role with this name or ARN.
    pub(in crate::simulator) fn role_by_name_or_arn(&self, name_or_arn: &str) -> Option<&Role> {
        let name = name_or_arn.rsplit('/').next()?;
        self.roles
            .get(name)
            .filter(|role| name == name_or_arn || role.arn == name_or_arn)
    }

    /// Whether the role lets a service, such as `ec2.amazonaws.com`, assume it.
    pub(in crate::simulator) fn role_trusts_service(&self, role: &str, service: &str) -> bool {
        let request = Request::new(Caller::service(service), "sts:AssumeRole");
        self.role_by_name_or_arn(role).is_some_and(|role| {
            let account = role.arn.split(':').nth(4).unwrap_or_default();
            role.trust
                .decide(&role.arn, account, &[], &request)
                .is_allowed()
        })
    }
}

impl Role {
    /// A session of the role as a caller.
    pub(in crate::simulator) fn session(&self, account: &str, session: &str) -> Caller {
        let path_and_role = format!("{}{}", &self.path[1..], self.name);
        Caller::role_session(account, &path_and_role, session)
            .with_user_id(&format!("{}:{session}", self.id))
    }

    /// Whether a service made it for itself: nobody else can change it.
    pub(in crate::simulator) fn is_service_linked(&self) -> bool {
        self.path.starts_with("/aws-service-role/")
    }
}

impl User {
    pub(in crate::simulator) fn caller(&self, account: &str) -> Caller {
        let path_and_name = format!("{}{}", &self.path[1..], self.name);
        Caller::user(account, &path_and_name).with_user_id(&self.id)
    }
}

impl Trust {
    /// A trust policy; it has no `Resource`, because it is about the role that has it.
    pub(in crate::simulator) fn parse(text: &str) -> Result<Trust, crate::policy::PolicyError> {
        let mut policy = Policy::parse(text)?;
        for statement in &mut policy.statements {
            statement.resource = Some(Element {
                negated: false,
                patterns: vec!["*".to_owned()],
            });
        }
        Ok(Trust {
            text: text.to_owned(),
            policy,
        })
    }

    /// The usual trust policy of a role for a service.
    pub(in crate::simulator) fn of_service(service: &str) -> Option<Trust> {
        let document = serde_json::json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": { "Service": service },
                "Action": "sts:AssumeRole"
            }]
        });
        Trust::parse(&document.to_string()).ok()
    }

    /// What it says of somebody who wants to become the role with this ARN.
    pub(in crate::simulator) fn decide(
        &self,
        role_arn: &str,
        account: &str,
        identity: &[Policy],
        request: &Request,
    ) -> Decision {
        let access = KeyAccess {
            policy: &self.policy,
            grants: &[],
            identity,
            key_arn: role_arn,
            account,
        };
        decide(&access, request)
    }
}

fn session_of(arn: &str, role: &Role) -> bool {
    arn.split_once(":assumed-role/")
        .and_then(|(_, rest)| rest.split_once('/'))
        .is_some_and(|(name, session)| name == role.name && !session.is_empty())
}

/// A unique id of IAM: `AROA`, `AIDA`, `ANPA`, `AIPA`, `AKIA` or `ASIA`, then the rest drawn.
pub(in crate::simulator) fn unique_id(world: &mut World, prefix: &str, length: usize) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let tail: String = (prefix.len()..length)
        .map(|_| char::from(LETTERS[usize::from(world.number(32))]))
        .collect();
    format!("{prefix}{tail}")
}

/// Length of the ids of principals and policies.
pub(in crate::simulator) const ID_LENGTH: usize = 21;
/// Length of access key ids.
pub(in crate::simulator) const KEY_ID_LENGTH: usize = 20;

#[cfg(test)]
mod tests {
    use super::super::testing::world;
    use super::*;

    const NODE: &str = "eks-workshop-node";

    #[test]
    fn a_role_is_found_by_name_and_by_its_own_arn() {
        let world = world();
        let arn = "arn:aws:iam::123456789012:role/eks-workshop-node";
        let found = |name: &str| world.iam.role_by_name_or_arn(name).map(|role| &role.name);
        assert_eq!(found(NODE).unwrap(), NODE);
        assert_eq!(found(arn).unwrap(), NODE);
        assert_eq!(
            found("arn:aws:iam::123456789012:role/path/eks-workshop-node"),
            None
        );
    }

    #[test]
    fn the_node_role_has_what_nodes_need_and_trusts_ec2() {
        let world = world();
        assert!(world.iam.role_trusts_service(NODE, "ec2.amazonaws.com"));
        assert!(!world.iam.role_trusts_service(NODE, "eks.amazonaws.com"));
        let may = |action: &str| authorization::role_may(&world, NODE, action, "*");
        assert!(may("ec2:AssignPrivateIpAddresses") && !may("ec2:RunInstances"));
    }

    #[test]
    fn an_instance_profile_hands_its_role_on_until_it_is_deleted() {
        let mut world = world();
        let arn = instance_profiles::create(&mut world, "eks-1", NODE);
        let role = |world: &World| {
            world
                .iam
                .role_of_instance_profile(&arn)
                .map(|role| role.name.clone())
        };
        assert_eq!(role(&world).as_deref(), Some(NODE));
        instance_profiles::delete(&mut world, "eks-1");
        assert_eq!(role(&world), None);
    }
}
