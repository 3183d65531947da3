//! Ciphertexts: whose they are, what they are bound to, what they refuse.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{arn, call, call_as, check_code, check_refused, new_key, node, put_policy, with_key};
use crate::simulator::testing;
use crate::simulator::world::World;

const HELLO: &str = "aGVsbG8=";

#[track_caller]
fn encrypted(world: &mut World, key: &str, context: Value) -> Value {
    let input = json!({"KeyId": key, "Plaintext": HELLO, "EncryptionContext": context});
    call(world, "Encrypt", input).unwrap()["CiphertextBlob"].clone()
}

#[test]
fn what_was_encrypted_comes_back_under_its_context_and_no_other() {
    let (mut world, key) = with_key();
    let blob = encrypted(&mut world, &key, json!({"a": "1", "b": "2"}));
    let decrypt = |context: Value| json!({"CiphertextBlob": blob, "EncryptionContext": context});
    let answer = call(&mut world, "Decrypt", decrypt(json!({"b": "2", "a": "1"}))).unwrap();
    assert_eq!(answer["Plaintext"], HELLO);
    assert_eq!(answer["KeyId"], arn(&key));
    for context in [json!({}), json!({"a": "1"}), json!({"A": "1", "b": "2"})] {
        check_refused(
            call(&mut world, "Decrypt", decrypt(context)),
            "InvalidCiphertextException",
            "",
        );
    }
}

#[test]
fn the_same_plaintext_never_gives_the_same_ciphertext() {
    let (mut world, key) = with_key();
    let one = encrypted(&mut world, &key, json!({}));
    assert_ne!(one, encrypted(&mut world, &key, json!({})));
    // But a world that is played again does.
    let (mut again, key) = with_key();
    assert_eq!(one, encrypted(&mut again, &key, json!({})));
}

#[test]
fn a_blob_knows_its_key() {
    let (mut world, key) = with_key();
    let other = new_key(&mut world);
    let blob = encrypted(&mut world, &key, json!({}));
    let with = |key: &str| json!({"CiphertextBlob": blob, "KeyId": key});
    call(&mut world, "Decrypt", with(&arn(&key))).unwrap();
    check_refused(
        call(&mut world, "Decrypt", with(&other)),
        "IncorrectKeyException",
        "The key ID in the request does not identify a CMK that can perform this operation.",
    );
    let mut altered = STANDARD.decode(blob.as_str().unwrap()).unwrap();
    *altered.last_mut().unwrap() ^= 1;
    let altered = json!({"CiphertextBlob": STANDARD.encode(&altered)});
    check_code(
        call(&mut world, "Decrypt", altered),
        "InvalidCiphertextException",
    );
    let foreign = json!({"CiphertextBlob": HELLO});
    check_code(
        call(&mut world, "Decrypt", foreign),
        "InvalidCiphertextException",
    );
    let mut elsewhere = testing::world();
    check_code(
        call(&mut elsewhere, "Decrypt", json!({"CiphertextBlob": blob})),
        "AccessDeniedException",
    );
}

#[test]
fn data_keys_come_plain_and_encrypted() {
    let (mut world, key) = with_key();
    for (ask, length) in [
        (json!({"KeySpec": "AES_128"}), 16),
        (json!({"KeySpec": "AES_256"}), 32),
        (json!({"NumberOfBytes": 64}), 64),
    ] {
        let mut input = ask;
        input["KeyId"] = json!(key);
        let made = call(&mut world, "GenerateDataKey", input.clone()).unwrap();
        let plain = made["Plaintext"].as_str().unwrap();
        assert_eq!(STANDARD.decode(plain).unwrap().len(), length);
        let decrypt = json!({"CiphertextBlob": made["CiphertextBlob"]});
        assert_eq!(
            call(&mut world, "Decrypt", decrypt).unwrap()["Plaintext"],
            plain
        );
        let without = call(&mut world, "GenerateDataKeyWithoutPlaintext", input).unwrap();
        assert!(without.get("Plaintext").is_none());
    }
    for (ask, message) in [
        (
            json!({}),
            "Please specify either number of bytes or key spec.",
        ),
        (
            json!({"NumberOfBytes": 1, "KeySpec": "AES_128"}),
            "Please specify either number of bytes or key spec.",
        ),
        (
            json!({"NumberOfBytes": 1025}),
            "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member must have value less than or equal to 1024",
        ),
    ] {
        let mut input = ask;
        input["KeyId"] = json!(key);
        check_refused(
            call(&mut world, "GenerateDataKey", input),
            "ValidationException",
            message,
        );
    }
    let random = call(&mut world, "GenerateRandom", json!({"NumberOfBytes": 5})).unwrap();
    assert_eq!(
        STANDARD
            .decode(random["Plaintext"].as_str().unwrap())
            .unwrap()
            .len(),
        5
    );
}

#[test]
fn plaintexts_have_1_to_4096_bytes() {
    let (mut world, key) = with_key();
    let mut of = |length: usize| {
        let plaintext = STANDARD.encode(vec![0; length]);
        call(
            &mut world,
            "Encrypt",
            json!({"KeyId": key, "Plaintext": plaintext}),
        )
    };
    of(1).unwrap();
    of(4096).unwrap();
    check_refused(
        of(0),
        "ValidationException",
        "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length greater than or equal to 1",
    );
    check_code(of(4097), "ValidationException");
}

#[test]
fn a_ciphertext_moves_from_key_to_key() {
    let (mut world, key) = with_key();
    let other = new_key(&mut world);
    let blob = encrypted(&mut world, &key, json!({"a": "1"}));
    let move_to = json!({
        "CiphertextBlob": blob,
        "SourceEncryptionContext": {"a": "1"},
        "DestinationKeyId": other,
        "DestinationEncryptionContext": {"b": "2"},
    });
    let moved = call(&mut world, "ReEncrypt", move_to).unwrap();
    assert_eq!(
        (&moved["SourceKeyId"], &moved["KeyId"]),
        (&json!(arn(&key)), &json!(arn(&other)))
    );
    let decrypt =
        json!({"CiphertextBlob": moved["CiphertextBlob"], "EncryptionContext": {"b": "2"}});
    let opened = call(&mut world, "Decrypt", decrypt).unwrap();
    assert_eq!(
        (&opened["Plaintext"], &opened["KeyId"]),
        (&json!(HELLO), &json!(arn(&other)))
    );
}

#[test]
fn a_dry_run_says_that_it_would_have_succeeded_or_why_not() {
    let (mut world, key) = with_key();
    let input = json!({"KeyId": key, "Plaintext": HELLO, "DryRun": true});
    check_refused(
        call(&mut world, "Encrypt", input.clone()),
        "DryRunOperationException",
        "The request would have succeeded, but the DryRun option is set.",
    );
    check_code(
        call_as(&mut world, node(), "Encrypt", input),
        "AccessDeniedException",
    );
}

/// A key that lets the node role encrypt under a condition; what it answers to each context.
#[track_caller]
fn check_condition(condition: Value, context: Value, name: Option<&str>, expected: bool) {
    let (mut world, key) = with_key();
    let alias = json!({"AliasName": "alias/app", "TargetKeyId": key});
    call(&mut world, "CreateAlias", alias).unwrap();
    let tags = json!({"KeyId": key, "Tags": [{"TagKey": "team", "TagValue": "blue"}]});
    call(&mut world, "TagResource", tags).unwrap();
    let statement = json!({
        "Effect": "Allow",
        "Principal": {"AWS": super::node_role()},
        "Action": "kms:Encrypt",
        "Resource": "*",
        "Condition": condition,
    });
    put_policy(&mut world, &key, statement);
    let name = name.unwrap_or(&key);
    let input = json!({"KeyId": name, "Plaintext": HELLO, "EncryptionContext": context});
    let answer = call_as(&mut world, node(), "Encrypt", input);
    assert_eq!(
        answer.is_ok(),
        expected,
        "{condition} {context}: {answer:?}"
    );
}

#[test]
fn key_policies_see_what_a_call_carries() {
    let none = || json!({});
    let app = || json!({"app": "shop"});
    for (condition, context, name, expected) in [
        (
            json!({"StringEquals": {"kms:EncryptionContext:app": "shop"}}),
            app(),
            None,
            true,
        ),
        (
            json!({"StringEquals": {"kms:EncryptionContext:APP": "shop"}}),
            app(),
            None,
            true,
        ),
        (
            json!({"StringEquals": {"kms:EncryptionContext:app": "shop"}}),
            none(),
            None,
            false,
        ),
        (
            json!({"StringEquals": {"kms:EncryptionContext:app": "Shop"}}),
            app(),
            None,
            false,
        ),
        (
            json!({"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "app"}}),
            app(),
            None,
            true,
        ),
        (
            json!({"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "App"}}),
            app(),
            None,
            false,
        ),
        (
            json!({"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": "x"}}),
            none(),
            None,
            true,
        ),
        (
            json!({"StringEquals": {"kms:RequestAlias": "alias/app"}}),
            none(),
            Some("alias/app"),
            true,
        ),
        (
            json!({"StringEquals": {"kms:RequestAlias": "alias/app"}}),
            none(),
            None,
            false,
        ),
        (
            json!({"ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/a*"}}),
            none(),
            None,
            true,
        ),
        (
            json!({"StringEquals": {"aws:ResourceTag/team": "blue"}}),
            none(),
            None,
            true,
        ),
        (
            json!({"StringEquals": {"aws:ResourceTag/team": "red"}}),
            none(),
            None,
            false,
        ),
        (
            json!({"StringEquals": {"kms:KeySpec": "SYMMETRIC_DEFAULT", "kms:KeyOrigin": "AWS_KMS"}}),
            none(),
            None,
            true,
        ),
        (
            json!({"StringEquals": {"kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}}),
            none(),
            None,
            true,
        ),
        (
            json!({"Null": {"kms:ViaService": "true"}}),
            none(),
            None,
            true,
        ),
        (
            json!({"StringLike": {"kms:ViaService": "ec2.*"}}),
            none(),
            None,
            false,
        ),
        (
            json!({"DateGreaterThan": {"aws:CurrentTime": "2026-11-22T00:00:00Z"}}),
            none(),
            None,
            true,
        ),
        (
            json!({"DateLessThan": {"aws:CurrentTime": "2026-11-22T00:00:00Z"}}),
            none(),
            None,
            false,
        ),
        (
            json!({"Bool": {"aws:SecureTransport": "true"}}),
            none(),
            None,
            true,
        ),
    ] {
        check_condition(condition, context, name, expected);
    }
}

#[test]
fn moving_a_ciphertext_needs_leave_from_both_keys() {
    let (mut world, key) = with_key();
    let other = new_key(&mut world);
    let blob = encrypted(&mut world, &key, json!({}));
    let input = json!({"CiphertextBlob": blob, "DestinationKeyId": other});
    let allow = |action: &str| json!({"Effect": "Allow", "Principal": {"AWS": super::node_role()}, "Action": action, "Resource": "*"});
    put_policy(&mut world, &key, allow("kms:ReEncryptFrom"));
    let refusal = call_as(&mut world, node(), "ReEncrypt", input.clone()).unwrap_err();
    assert!(
        refusal
            .message
            .contains(&format!("kms:ReEncryptTo on resource: {}", arn(&other))),
        "{}",
        refusal.message
    );
    put_policy(&mut world, &other, allow("kms:ReEncrypt*"));
    call_as(&mut world, node(), "ReEncrypt", input).unwrap();
}
