//! Which key a request names, and whether its caller may do that: the key policy, grants and identity
//! policies are put the question with the condition keys that KMS documents.

use super::super::iam::authorization::surroundings;
use super::super::refusal::Refusal;
use super::super::wire::Call;
use super::super::world::World;
use super::{Key, vanished};
use crate::policy::{Caller, Context, KeyAccess, Request, decide, decide_without_resource_policy};

impl World {
    /// The key that an id, key ARN, alias name or alias ARN names.
    ///
    /// # Errors
    /// `NotFoundException`, or `InvalidArnException` for what is no ARN of KMS.
    pub fn find_key(&self, name: &str) -> Result<&Key, Refusal> {
        let resource = self.resource_here(name)?;
        if !resource.starts_with("alias/") {
            return self.find_key_itself(name);
        }
        let alias = self.kms.aliases.get(resource);
        alias
            .and_then(|alias| self.kms.keys.get(&alias.target))
            .ok_or_else(|| not_found(format!("Alias {} is not found.", self.arn("kms", resource))))
    }

    /// The key that an id or key ARN names. Most operations that manage a key take no alias.
    ///
    /// # Errors
    /// Like those of [`World::find_key`].
    pub fn find_key_itself(&self, name: &str) -> Result<&Key, Refusal> {
        let resource = self.resource_here(name)?;
        let id = match name.starts_with("arn:") {
            true => resource.strip_prefix("key/").unwrap_or_default(),
            false => resource,
        };
        self.kms.keys.get(id).ok_or_else(|| {
            not_found(if looks_like_an_id(id) {
                let arn = self.arn("kms", &format!("key/{id}"));
                format!("Key '{arn}' does not exist")
            } else {
                format!("Invalid keyId '{name}'")
            })
        })
    }

    /// What an ARN of this account and region names, such as `key/…`; what is no ARN, as it is.
    fn resource_here<'n>(&self, name: &'n str) -> Result<&'n str, Refusal> {
        if !name.starts_with("arn:") {
            return Ok(name);
        }
        let parts: Vec<&str> = name.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", "aws", "kms", region, ..] if *region != self.region => {
                Err(not_found(format!("Invalid arn {region}")))
            }
            // Other accounts are not simulated, so nothing in them can be found.
            ["arn", "aws", "kms", _, account, _] if *account != self.account => {
                Err(not_found(format!("Key '{name}' does not exist")))
            }
            ["arn", "aws", "kms", _, _, resource] => Ok(resource),
            _ => Err(Refusal::bad(
                "InvalidArnException",
                format!("Invalid arn {name}"),
            )),
        }
    }

    /// Who may do what with a key, as the evaluator wants it.
    pub fn key_access<'a>(&'a self, key: &'a Key, caller: &Caller) -> KeyAccess<'a> {
        KeyAccess {
            policy: &key.policy,
            grants: &key.grants,
            identity: self.iam.policies_of(caller),
            key_arn: &key.arn,
            account: &self.account,
        }
    }
}

fn not_found(message: String) -> Refusal {
    Refusal::bad("NotFoundException", message)
}

fn looks_like_an_id(id: &str) -> bool {
    id.len() == 36
        && id
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// A call that concerns no key, with the global condition keys of every call.
pub(super) fn asking(world: &World, call: &Call, action: &str) -> Request {
    Request {
        context: surroundings(world, action, Context::new()),
        ..Request::new(call.caller.clone(), action)
    }
}

/// A call on `key`, with the condition keys that follow from the key.
pub(super) fn asking_about(world: &World, call: &Call, key: &Key, action: &str) -> Request {
    let mut request = asking(world, call, action);
    request.context = with_key_kind(request.context).with_all(
        "kms:ResourceAliases",
        aliases_of(world, key).map(str::to_owned),
    );
    for (name, value) in &key.tags {
        request = request.with(&format!("aws:ResourceTag/{name}"), value);
    }
    request
}

/// The condition keys of a symmetric encryption key whose material KMS made: the only kind here.
pub(super) fn with_key_kind(context: Context) -> Context {
    context
        .with("kms:KeySpec", "SYMMETRIC_DEFAULT")
        .with("kms:KeyUsage", "ENCRYPT_DECRYPT")
        .with("kms:KeyOrigin", "AWS_KMS")
        .with("kms:MultiRegion", "false")
}

fn aliases_of<'a>(world: &'a World, key: &'a Key) -> impl Iterator<Item = &'a str> {
    let all = world.kms.aliases.iter();
    all.filter(|(_, alias)| alias.target == key.id)
        .map(|(name, _)| name.as_str())
}

/// The key with this id or ARN, if the caller may perform `action` on it.
pub(super) fn authorized<'a>(
    world: &'a World,
    call: &Call,
    name: &str,
    action: &str,
) -> Result<&'a Key, Refusal> {
    authorized_with(world, call, name, action, |request| request)
}

/// The same for a request that has further condition keys.
pub(super) fn authorized_with<'a>(
    world: &'a World,
    call: &Call,
    name: &str,
    action: &str,
    more: impl FnOnce(Request) -> Request,
) -> Result<&'a Key, Refusal> {
    let key = world.find_key_itself(name)?;
    authorize(world, key, &more(asking_about(world, call, key, action)))?;
    Ok(key)
}

/// Refuses what the key's policy, its grants and the caller's identity policies do not allow.
pub(super) fn authorize(world: &World, key: &Key, request: &Request) -> Result<(), Refusal> {
    let decision = decide(&world.key_access(key, &request.caller), request);
    match decision.access_denied_message(&request.caller.arn, &key.arn) {
        Some(message) => Err(access_denied(message)),
        None => Ok(()),
    }
}

/// Refuses what the caller's identity policies do not allow on `resource`, which is no key: an alias, or
/// `*` for operations without a resource.
pub(super) fn authorize_by_identity(
    world: &World,
    resource: &str,
    request: &Request,
) -> Result<(), Refusal> {
    let identity = world.iam.policies_of(&request.caller);
    let decision = decide_without_resource_policy(identity, &world.account, resource, request);
    match decision.access_denied_message(&request.caller.arn, resource) {
        Some(message) => Err(access_denied(message)),
        None => Ok(()),
    }
}

pub(super) fn access_denied(message: impl Into<String>) -> Refusal {
    Refusal::bad("AccessDeniedException", message)
}

/// The key with this id, to be changed.
pub(super) fn key_mut<'a>(world: &'a mut World, id: &str) -> Result<&'a mut Key, Refusal> {
    world.kms.keys.get_mut(id).ok_or_else(vanished)
}

/// Like [`authorized`], to be changed.
pub(super) fn authorized_mut<'a>(
    world: &'a mut World,
    call: &Call,
    name: &str,
    action: &str,
) -> Result<&'a mut Key, Refusal> {
    let id = authorized(world, call, name, action)?.id.clone();
    key_mut(world, &id)
}

#[cfg(test)]
mod tests {
    use crate::simulator::testing::{ACCOUNT, world};

    #[test]
    fn what_names_no_key_is_refused_in_the_words_of_kms() {
        let world = world();
        let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
        let here = format!("arn:aws:kms:us-west-2:{ACCOUNT}");
        for (name, code, message) in [
            ("x", "NotFoundException", "Invalid keyId 'x'".to_owned()),
            (
                id,
                "NotFoundException",
                format!("Key '{here}:key/{id}' does not exist"),
            ),
            (
                &format!("{here}:key/{id}"),
                "NotFoundException",
                format!("Key '{here}:key/{id}' does not exist"),
            ),
            (
                "alias/x",
                "NotFoundException",
                format!("Alias {here}:alias/x is not found."),
            ),
            (
                &format!("arn:aws:kms:eu-west-1:{ACCOUNT}:key/{id}"),
                "NotFoundException",
                "Invalid arn eu-west-1".to_owned(),
            ),
            (
                "arn:aws:s3:::bucket",
                "InvalidArnException",
                "Invalid arn arn:aws:s3:::bucket".to_owned(),
            ),
        ] {
            let refusal = world.find_key(name).unwrap_err();
            assert_eq!(
                (refusal.code.as_str(), refusal.message),
                (code, message),
                "{name}"
            );
        }
    }

    #[test]
    fn operations_that_manage_a_key_take_no_alias() {
        let world = world();
        assert!(world.find_key("alias/aws/ebs").is_ok());
        let refusal = world.find_key_itself("alias/aws/ebs").unwrap_err();
        assert_eq!(refusal.message, "Invalid keyId 'alias/aws/ebs'");
    }
}
