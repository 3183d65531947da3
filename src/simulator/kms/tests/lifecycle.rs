//! States, deletion, rotation, aliases and tags.

use std::time::Duration;

use serde_json::{Value, json};

use super::{arn, call, call_as, check_code, check_refused, new_key, node, with_key};
use crate::simulator::testing::ACCOUNT;
use crate::simulator::world::World;

/// What a call answers in a state: done, or the code of its refusal.
const OK: &str = "ok";
const E1: &str = "DisabledException: is disabled.";
const E3: &str = "KMSInvalidStateException: is pending deletion.";
const E4: &str = "KMSInvalidStateException: is not pending deletion (or pending replica deletion).";

/// API × (Enabled, Disabled, PendingDeletion), as KMS documents it.
const TABLE: &[(&str, [&str; 3])] = &[
    ("Encrypt", [OK, E1, E3]),
    ("Decrypt", [OK, E1, E3]),
    ("ReEncrypt", [OK, E1, E3]),
    ("GenerateDataKey", [OK, E1, E3]),
    ("GenerateDataKeyWithoutPlaintext", [OK, E1, E3]),
    ("CreateGrant", [OK, E1, E3]),
    ("DescribeKey", [OK, OK, OK]),
    ("GetKeyPolicy", [OK, OK, OK]),
    ("PutKeyPolicy", [OK, OK, OK]),
    ("ListKeyPolicies", [OK, OK, OK]),
    ("ListGrants", [OK, OK, OK]),
    ("RetireGrant", [OK, OK, OK]),
    ("RevokeGrant", [OK, OK, OK]),
    ("ListAliases", [OK, OK, OK]),
    ("DeleteAlias", [OK, OK, OK]),
    ("ListResourceTags", [OK, OK, OK]),
    ("EnableKey", [OK, OK, E3]),
    ("DisableKey", [OK, OK, E3]),
    ("CreateAlias", [OK, OK, E3]),
    ("UpdateAlias", [OK, OK, E3]),
    ("TagResource", [OK, OK, E3]),
    ("UntagResource", [OK, OK, E3]),
    ("UpdateKeyDescription", [OK, OK, E3]),
    ("ScheduleKeyDeletion", [OK, OK, E3]),
    ("CancelKeyDeletion", [E4, E4, OK]),
    ("EnableKeyRotation", [OK, E1, E3]),
    ("DisableKeyRotation", [OK, E1, E3]),
    ("RotateKeyOnDemand", [OK, E1, E3]),
    ("GetKeyRotationStatus", [OK, OK, OK]),
    ("ListKeyRotations", [OK, OK, OK]),
];

struct Prepared {
    key: String,
    grant: Value,
    blob: Value,
}

/// A key with a grant, an alias and a ciphertext, before its state changes.
fn prepared() -> (World, Prepared) {
    let (mut world, key) = with_key();
    let grant =
        json!({"KeyId": key, "GranteePrincipal": super::node_role(), "Operations": ["Decrypt"]});
    let grant = call(&mut world, "CreateGrant", grant).unwrap()["GrantId"].clone();
    let blob = json!({"KeyId": key, "Plaintext": "aGVsbG8="});
    let blob = call(&mut world, "Encrypt", blob).unwrap()["CiphertextBlob"].clone();
    let alias = json!({"AliasName": "alias/old", "TargetKeyId": key});
    call(&mut world, "CreateAlias", alias).unwrap();
    (world, Prepared { key, grant, blob })
}

fn input(operation: &str, at: &Prepared) -> Value {
    let key = &at.key;
    match operation {
        "Encrypt" => json!({"KeyId": key, "Plaintext": "aGVsbG8="}),
        "Decrypt" => json!({"CiphertextBlob": at.blob}),
        "ReEncrypt" => json!({"CiphertextBlob": at.blob, "DestinationKeyId": key}),
        "GenerateDataKey" | "GenerateDataKeyWithoutPlaintext" => {
            json!({"KeyId": key, "KeySpec": "AES_256"})
        }
        "CreateGrant" => {
            json!({"KeyId": key, "GranteePrincipal": super::node_role(), "Operations": ["Encrypt"]})
        }
        "PutKeyPolicy" => {
            json!({"KeyId": key, "Policy": crate::simulator::kms::policies::default_policy(ACCOUNT)})
        }
        "RetireGrant" | "RevokeGrant" => json!({"KeyId": key, "GrantId": at.grant}),
        "CreateAlias" => json!({"AliasName": "alias/new", "TargetKeyId": key}),
        "UpdateAlias" => json!({"AliasName": "alias/old", "TargetKeyId": key}),
        "DeleteAlias" => json!({"AliasName": "alias/old"}),
        "TagResource" => json!({"KeyId": key, "Tags": [{"TagKey": "a", "TagValue": "b"}]}),
        "UntagResource" => json!({"KeyId": key, "TagKeys": ["a"]}),
        "UpdateKeyDescription" => json!({"KeyId": key, "Description": "new"}),
        _ => json!({"KeyId": key}),
    }
}

#[test]
fn each_state_lets_each_operation_do_what_the_documentation_says() {
    let states: [&[&str]; 3] = [&[], &["DisableKey"], &["ScheduleKeyDeletion"]];
    for (operation, expected) in TABLE {
        for (changes, expected) in states.iter().zip(expected) {
            let (mut world, at) = prepared();
            for change in *changes {
                call(&mut world, change, json!({"KeyId": at.key})).unwrap();
            }
            let answer = match call(&mut world, operation, input(operation, &at)) {
                Ok(_) => OK.to_owned(),
                Err(refusal) => format!("{}: {}", refusal.code, refusal.message)
                    .replace(&format!("{} ", arn(&at.key)), ""),
            };
            assert_eq!(answer, *expected, "{operation} after {changes:?}");
        }
    }
}

fn state(world: &mut World, key: &str) -> Value {
    let described = call(world, "DescribeKey", json!({"KeyId": key})).unwrap();
    described["KeyMetadata"]["KeyState"].clone()
}

#[test]
fn a_cancelled_deletion_leaves_the_key_disabled_and_a_deletion_takes_its_aliases() {
    let (mut world, at) = prepared();
    let key = json!({"KeyId": at.key});
    let schedule = json!({"KeyId": at.key, "PendingWindowInDays": 7});
    let answer = call(&mut world, "ScheduleKeyDeletion", schedule.clone()).unwrap();
    assert_eq!(answer["KeyId"], arn(&at.key));
    assert_eq!(answer["PendingWindowInDays"], 7);
    call(&mut world, "CancelKeyDeletion", key.clone()).unwrap();
    assert_eq!(state(&mut world, &at.key), "Disabled");
    // The deletion that was cancelled does not come.
    world.jump(Duration::from_secs(8 * 86_400));
    call(&mut world, "EnableKey", key.clone()).unwrap();
    assert_eq!(state(&mut world, &at.key), "Enabled");
    call(&mut world, "ScheduleKeyDeletion", schedule).unwrap();
    world.jump(Duration::from_secs(7 * 86_400));
    check_refused(
        call(&mut world, "DescribeKey", key),
        "NotFoundException",
        &format!("Key '{}' does not exist", arn(&at.key)),
    );
    check_code(
        call(&mut world, "DescribeKey", json!({"KeyId": "alias/old"})),
        "NotFoundException",
    );
    for days in [6, 31] {
        let schedule = json!({"KeyId": at.key, "PendingWindowInDays": days});
        check_code(
            call(&mut world, "ScheduleKeyDeletion", schedule),
            "ValidationException",
        );
    }
}

fn rotations(world: &mut World, key: &str) -> Vec<Value> {
    let listed = call(world, "ListKeyRotations", json!({"KeyId": key})).unwrap();
    let rotations = listed["Rotations"].as_array().unwrap().iter();
    rotations
        .map(|entry| entry["RotationType"].clone())
        .collect()
}

#[test]
fn a_key_is_rotated_every_so_many_days_while_it_is_enabled() {
    let (mut world, key) = with_key();
    let named = json!({"KeyId": key});
    let blob = json!({"KeyId": key, "Plaintext": "aGVsbG8="});
    let blob = call(&mut world, "Encrypt", blob).unwrap()["CiphertextBlob"].clone();
    check_code(
        call(
            &mut world,
            "EnableKeyRotation",
            json!({"KeyId": key, "RotationPeriodInDays": 89}),
        ),
        "ValidationException",
    );
    let enable = json!({"KeyId": key, "RotationPeriodInDays": 100});
    call(&mut world, "EnableKeyRotation", enable).unwrap();
    world.jump(Duration::from_secs(99 * 86_400));
    assert!(rotations(&mut world, &key).is_empty());
    world.jump(Duration::from_secs(86_400));
    assert_eq!(rotations(&mut world, &key), ["AUTOMATIC"]);
    call(&mut world, "RotateKeyOnDemand", named.clone()).unwrap();
    assert_eq!(rotations(&mut world, &key), ["AUTOMATIC", "ON_DEMAND"]);
    call(&mut world, "DisableKey", named.clone()).unwrap();
    world.jump(Duration::from_secs(150 * 86_400));
    assert_eq!(rotations(&mut world, &key).len(), 2);
    call(&mut world, "EnableKey", named.clone()).unwrap();
    assert_eq!(rotations(&mut world, &key).len(), 3);
    // Older material still decrypts.
    let opened = call(&mut world, "Decrypt", json!({"CiphertextBlob": blob})).unwrap();
    assert_eq!(opened["Plaintext"], "aGVsbG8=");
    call(&mut world, "DisableKeyRotation", named.clone()).unwrap();
    let status = call(&mut world, "GetKeyRotationStatus", named).unwrap();
    assert_eq!(status["KeyRotationEnabled"], false);
}

#[test]
fn the_key_of_aws_is_rotated_yearly_and_cannot_be_changed() {
    let mut world = crate::simulator::testing::world();
    let described = call(&mut world, "DescribeKey", json!({"KeyId": "alias/aws/ebs"})).unwrap();
    let metadata = &described["KeyMetadata"];
    assert_eq!(metadata["KeyManager"], "AWS");
    let key = metadata["KeyId"].as_str().unwrap().to_owned();
    let status = call(&mut world, "GetKeyRotationStatus", json!({"KeyId": key})).unwrap();
    assert_eq!(status["KeyRotationEnabled"], true);
    assert_eq!(status["RotationPeriodInDays"], 365);
    let policy = crate::simulator::kms::policies::default_policy(ACCOUNT);
    for (operation, input) in [
        ("PutKeyPolicy", json!({"KeyId": key, "Policy": policy})),
        ("DisableKey", json!({"KeyId": key})),
        ("ScheduleKeyDeletion", json!({"KeyId": key})),
        ("DisableKeyRotation", json!({"KeyId": key})),
        (
            "Encrypt",
            json!({"KeyId": "alias/aws/ebs", "Plaintext": "aGVsbG8="}),
        ),
        (
            "CreateAlias",
            json!({"AliasName": "alias/mine", "TargetKeyId": key}),
        ),
    ] {
        let refusal = call(&mut world, operation, input).unwrap_err();
        assert_eq!(refusal.code, "AccessDeniedException", "{operation}");
        let because = format!("because no resource-based policy allows the kms:{operation} action");
        assert!(refusal.message.ends_with(&because), "{}", refusal.message);
    }
    check_code(
        call(
            &mut world,
            "DeleteAlias",
            json!({"AliasName": "alias/aws/ebs"}),
        ),
        "NotAuthorizedException",
    );
}

#[test]
fn aliases_stand_for_keys_of_their_own_choice() {
    let (mut world, key) = with_key();
    let other = new_key(&mut world);
    let alias = |name: &str, target: &str| json!({"AliasName": name, "TargetKeyId": target});
    call(&mut world, "CreateAlias", alias("alias/app", &key)).unwrap();
    check_refused(
        call(&mut world, "CreateAlias", alias("alias/app", &other)),
        "AlreadyExistsException",
        &format!("An alias with the name arn:aws:kms:us-west-2:{ACCOUNT}:alias/app already exists"),
    );
    for (name, target, code) in [
        ("app", key.as_str(), "ValidationException"),
        ("alias/", &key, "ValidationException"),
        ("alias/a b", &key, "ValidationException"),
        ("alias/a:b", &key, "ValidationException"),
        ("alias/aws/mine", &key, "NotAuthorizedException"),
        ("alias/b", "alias/app", "ValidationException"),
    ] {
        check_code(call(&mut world, "CreateAlias", alias(name, target)), code);
    }
    call(&mut world, "UpdateAlias", alias("alias/app", &other)).unwrap();
    let listed = call(&mut world, "ListAliases", json!({"KeyId": other})).unwrap();
    assert_eq!(listed["Aliases"][0]["AliasName"], "alias/app");
    call(&mut world, "DeleteAlias", json!({"AliasName": "alias/app"})).unwrap();
    check_refused(
        call(&mut world, "UpdateAlias", alias("alias/app", &key)),
        "NotFoundException",
        &format!("Alias arn:aws:kms:us-west-2:{ACCOUNT}:alias/app is not found."),
    );
}

#[test]
fn lists_need_leave_from_an_identity_policy() {
    let (mut world, _) = with_key();
    let session = node().arn;
    for (operation, input) in [
        ("ListKeys", json!({})),
        ("ListAliases", json!({})),
        ("CreateKey", json!({})),
        ("GenerateRandom", json!({"NumberOfBytes": 1})),
        (
            "ListRetirableGrants",
            json!({"RetiringPrincipal": super::node_role()}),
        ),
    ] {
        check_refused(
            call_as(&mut world, node(), operation, input),
            "AccessDeniedException",
            &format!(
                "User: {session} is not authorized to perform: kms:{operation} on resource: * \
                 because no identity-based policy allows the kms:{operation} action"
            ),
        );
    }
}

#[test]
fn tags_are_few_and_their_own() {
    let (mut world, key) = with_key();
    let tag = |name: &str, value: &str| json!({"TagKey": name, "TagValue": value});
    let tags = json!({"KeyId": key, "Tags": [tag("a", "1"), tag("b", "")]});
    call(&mut world, "TagResource", tags).unwrap();
    for (tags, code) in [
        (vec![tag("aws:x", "1")], "TagException"),
        (vec![tag("x", "1"), tag("x", "2")], "TagException"),
        (vec![tag("", "1")], "ValidationException"),
        (
            (0..49).map(|number| tag(&number.to_string(), "")).collect(),
            "LimitExceededException",
        ),
    ] {
        check_code(
            call(
                &mut world,
                "TagResource",
                json!({"KeyId": key, "Tags": tags}),
            ),
            code,
        );
    }
    let first = call(
        &mut world,
        "ListResourceTags",
        json!({"KeyId": key, "Limit": 1}),
    )
    .unwrap();
    assert_eq!(first["Tags"], json!([tag("a", "1")]));
    assert_eq!(first["Truncated"], true);
    let untag = json!({"KeyId": key, "TagKeys": ["a"]});
    call(&mut world, "UntagResource", untag).unwrap();
    let left = call(&mut world, "ListResourceTags", json!({"KeyId": key})).unwrap();
    assert_eq!(left["Tags"], json!([tag("b", "")]));
}

#[test]
fn keys_of_other_kinds_are_refused_by_name() {
    let mut world = crate::simulator::testing::world();
    for (input, expected) in [
        (
            json!({"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}),
            "KeySpec RSA_2048 is not simulated",
        ),
        (
            json!({"KeyUsage": "GENERATE_VERIFY_MAC"}),
            "KeyUsage GENERATE_VERIFY_MAC is not simulated",
        ),
        (
            json!({"Origin": "EXTERNAL"}),
            "Origin EXTERNAL is not simulated",
        ),
        (
            json!({"MultiRegion": true}),
            "MultiRegion true is not simulated",
        ),
    ] {
        check_refused(
            call(&mut world, "CreateKey", input),
            "UnsupportedOperationException",
            expected,
        );
    }
}
