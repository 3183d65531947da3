//! Encryption of volumes: the account's defaults, and what EBS asks of KMS with the credentials of whoever needs a
//! volume (facts/aws.md §1.1).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::super::refusal::Refusal;
use super::super::super::wire::{Call, Operation};
use super::super::super::world::World;
use super::Volume;
use crate::policy::launch::{Carries, LaunchCall, REQUIRED};
use crate::policy::{Caller, decide};

/// The account's defaults for new volumes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Encryption {
    pub by_default: bool,
    /// The key of volumes that name none, as it was named; `None` for AWS's own.
    pub default_key: Option<String>,
}

/// The key that AWS has for volumes.
const OWN_KEY: &str = "alias/aws/ebs";

impl Encryption {
    pub(super) fn key(&self) -> String {
        self.default_key
            .clone()
            .unwrap_or_else(|| OWN_KEY.to_owned())
    }
}

/// Whether the key of a volume serves `caller`, whose credentials EBS forwards. A volume that is not encrypted has none.
pub(in super::super) fn key_serves(world: &World, caller: &Caller, volume: &Volume) -> bool {
    let Some(name) = &volume.kms_key else {
        return true;
    };
    let usable = world.find_key(name).is_ok_and(|key| key.usable());
    usable
        && REQUIRED
            .iter()
            .all(|asked| allows(world, caller, volume, name, asked))
}

fn allows(world: &World, caller: &Caller, volume: &Volume, key: &str, asked: &LaunchCall) -> bool {
    world.find_key(key).is_ok_and(|key| {
        let mut request = asked.request(&world.region, &world.account, &volume.id);
        request.caller = caller.clone();
        decide(&world.key_access(key, caller), &request).is_allowed()
    })
}

/// Records what EBS asked KMS for a volume, up to the first refusal.
pub(in super::super) fn record(world: &mut World, caller: &Caller, volume: &Volume) {
    let Some(name) = &volume.kms_key else {
        return;
    };
    let refusal = match world.find_key(name) {
        Err(refusal) => Some(refusal),
        Ok(key) if !key.usable() => Some(Refusal::bad(
            "DisabledException",
            format!("{} is disabled.", key.arn),
        )),
        Ok(_) => None,
    };
    let key = key_arn(world, name);
    for asked in REQUIRED {
        let outcome = match &refusal {
            Some(refusal) => Err(refusal.clone()),
            None if allows(world, caller, volume, name, asked) => Ok(()),
            None => Err(denied(caller, asked, &key)),
        };
        let refused = outcome.is_err();
        let operation = asked.action.trim_start_matches("kms:");
        let parameters = parameters(asked, &key, volume);
        world.record_forwarded(
            caller.clone(),
            "ec2.amazonaws.com",
            ("kms", operation),
            parameters,
            outcome,
        );
        if refused {
            return;
        }
    }
}

fn denied(caller: &Caller, asked: &LaunchCall, key: &str) -> Refusal {
    let message = format!(
        "User: {} is not authorized to perform: {} on resource: {key}",
        caller.arn, asked.action
    );
    Refusal::bad("AccessDeniedException", message)
}

fn parameters(asked: &LaunchCall, key: &str, volume: &Volume) -> Value {
    let context = json!({ "aws:ebs:id": volume.id });
    match asked.carries {
        Carries::Nothing => json!({ "keyId": key }),
        Carries::EncryptionContext => json!({ "keyId": key, "encryptionContext": context }),
        Carries::NewGrant => {
            json!({ "keyId": key, "constraints": { "encryptionContextSubset": context } })
        }
    }
}

/// The ARN of the key that a name leads to; the name itself where it leads nowhere.
pub(in super::super) fn key_arn(world: &World, name: &str) -> String {
    let found = world.find_key(name);
    found.map_or_else(|_| name.to_owned(), |key| key.arn.clone())
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("GetEbsEncryptionByDefault", by_default),
        Operation::new("EnableEbsEncryptionByDefault", enable),
        Operation::new("DisableEbsEncryptionByDefault", disable),
        Operation::new("GetEbsDefaultKmsKeyId", default_key),
        Operation::new("ModifyEbsDefaultKmsKeyId", modify_default_key),
        Operation::new("ResetEbsDefaultKmsKeyId", reset_default_key),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

fn by_default(world: &mut World, _call: &Call, _request: Nothing) -> Result<Value, Refusal> {
    let encryption = &world.ec2.encryption;
    let kind = encryption.by_default.then_some("sse-kms");
    Ok(json!({ "ebsEncryptionByDefault": encryption.by_default, "sseType": kind }))
}

fn enable(world: &mut World, _call: &Call, _request: Nothing) -> Result<Value, Refusal> {
    world.ec2.encryption.by_default = true;
    Ok(json!({ "ebsEncryptionByDefault": true }))
}

fn disable(world: &mut World, _call: &Call, _request: Nothing) -> Result<Value, Refusal> {
    world.ec2.encryption.by_default = false;
    Ok(json!({ "ebsEncryptionByDefault": false }))
}

/// The default key by its ARN; AWS's own by its alias.
fn shown(world: &World) -> Value {
    let key = match &world.ec2.encryption.default_key {
        Some(name) => key_arn(world, name),
        None => OWN_KEY.to_owned(),
    };
    json!({ "kmsKeyId": key })
}

fn default_key(world: &mut World, _call: &Call, _request: Nothing) -> Result<Value, Refusal> {
    Ok(shown(world))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct KeyRequest {
    kms_key_id: String,
}

/// AWS looks the key up asynchronously: one that is not there is found out when a volume is made.
fn modify_default_key(
    world: &mut World,
    _call: &Call,
    request: KeyRequest,
) -> Result<Value, Refusal> {
    world.ec2.encryption.default_key = Some(request.kms_key_id);
    Ok(shown(world))
}

fn reset_default_key(world: &mut World, _call: &Call, _request: Nothing) -> Result<Value, Refusal> {
    world.ec2.encryption.default_key = None;
    Ok(shown(world))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use crate::simulator::testing::{call, learner, world};

    #[test]
    fn what_a_launch_asks_of_a_key_is_recorded_for_whoever_launches() {
        let mut world = world();
        let key = call(&mut world, "kms", "CreateKey", json!({})).unwrap();
        let key = key["KeyMetadata"]["KeyId"].clone();
        let launch = |key: &serde_json::Value, image: &str, subnet: &str| {
            json!({
                "ImageId": image, "InstanceType": "t3.small", "SubnetId": subnet, "MinCount": 1, "MaxCount": 1,
                "BlockDeviceMapping": [
                    {"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": true, "KmsKeyId": key}},
                ],
            })
        };
        let image = world.ec2.node_image.clone();
        let subnet = world.ec2.subnets.keys().next().unwrap().clone();
        let mut asked = |key: &serde_json::Value| {
            let before = world.trail.last();
            call(
                &mut world,
                "ec2",
                "RunInstances",
                launch(key, &image, &subnet),
            )
            .unwrap();
            world.jump(Duration::from_secs(30));
            let records = world.trail.after(before);
            records
                .map(|record| {
                    assert_eq!(record.caller, Some(learner()));
                    let error = record.error.as_ref().map(|error| error.code.clone());
                    (record.operation.clone(), error)
                })
                .collect::<Vec<_>>()
        };
        let served = |name: &str| (name.to_owned(), None);
        assert_eq!(
            asked(&key),
            ["GenerateDataKeyWithoutPlaintext", "Decrypt", "CreateGrant"].map(served)
        );
        let refused = (
            "GenerateDataKeyWithoutPlaintext".to_owned(),
            Some("NotFoundException".to_owned()),
        );
        assert_eq!(asked(&json!("alias/nothing")), [refused]);
    }
}
