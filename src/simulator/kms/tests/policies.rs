//! Key policies: what is taken, what is refused, what becomes of them.

use serde_json::{Value, json};

use super::{call, check_code, check_refused, node_role, policy_with, put_policy, with_key};
use crate::simulator::testing::ACCOUNT;
use crate::simulator::world::World;
use crate::simulator::world::start::NODE_ROLE;

fn put(
    world: &mut World,
    key: &str,
    policy: &str,
) -> Result<Value, crate::simulator::refusal::Refusal> {
    call(
        world,
        "PutKeyPolicy",
        json!({"KeyId": key, "Policy": policy}),
    )
}

fn naming(principal: Value) -> String {
    policy_with(
        json!({"Effect": "Allow", "Principal": principal, "Action": "kms:Decrypt", "Resource": "*"}),
    )
}

#[test]
fn a_policy_is_given_back_as_it_was_put() {
    let (mut world, key) = with_key();
    let policy = naming(json!({"AWS": node_role()})).replace("\"Effect\"", "\n  \"Effect\"");
    put(&mut world, &key, &policy).unwrap();
    for input in [
        json!({"KeyId": key}),
        json!({"KeyId": key, "PolicyName": "default"}),
    ] {
        let answer = call(&mut world, "GetKeyPolicy", input).unwrap();
        assert_eq!(answer, json!({"Policy": policy, "PolicyName": "default"}));
    }
    let other = json!({"KeyId": key, "PolicyName": "other"});
    check_refused(
        call(&mut world, "GetKeyPolicy", other),
        "NotFoundException",
        "No such policy exists",
    );
    let names = call(&mut world, "ListKeyPolicies", json!({"KeyId": key})).unwrap();
    assert_eq!(names["PolicyNames"], json!(["default"]));
}

#[test]
fn a_malformed_policy_is_refused_without_a_word_but_with_a_hint() {
    let (mut world, key) = with_key();
    for (policy, hint) in [
        (
            "{",
            "not JSON: EOF while parsing an object at line 1 column 1",
        ),
        (
            r#"{"Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}"#,
            "statement 1: there is no Principal",
        ),
    ] {
        let refusal = put(&mut world, &key, policy).unwrap_err();
        assert_eq!(refusal.code, "MalformedPolicyDocumentException");
        assert_eq!(refusal.message, "");
        assert_eq!(refusal.details, [("hint".to_owned(), json!(hint))]);
    }
}

#[test]
fn principals_have_to_exist_in_this_account() {
    let (mut world, key) = with_key();
    let message = "Policy contains a statement with one or more invalid principals.";
    for name in [
        "role/none",
        "user/none",
        "group/all",
        "role/*",
        "role/AWSServiceRoleForAutoScaling",
    ] {
        let policy = naming(json!({"AWS": format!("arn:aws:iam::{ACCOUNT}:{name}")}));
        check_refused(
            put(&mut world, &key, &policy),
            "MalformedPolicyDocumentException",
            message,
        );
    }
    for fine in [
        json!({"AWS": node_role()}),
        json!({"AWS": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{NODE_ROLE}/any")}),
        // Nobody can look into another account.
        json!({"AWS": "arn:aws:iam::444455556666:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"}),
        json!({"AWS": "444455556666"}),
        json!({"Service": "autoscaling.amazonaws.com"}),
    ] {
        put(&mut world, &key, &naming(fine)).unwrap();
    }
}

#[test]
fn who_would_lock_itself_out_is_refused_unless_it_insists() {
    let (mut world, key) = with_key();
    let policy = json!({"Statement": {"Effect": "Allow", "Principal": {"AWS": node_role()}, "Action": "kms:*", "Resource": "*"}});
    let policy = policy.to_string();
    check_refused(
        put(&mut world, &key, &policy),
        "MalformedPolicyDocumentException",
        "The new key policy will not allow you to update the key policy in the future.",
    );
    let made = json!({"Policy": policy});
    check_code(
        call(&mut world, "CreateKey", made),
        "MalformedPolicyDocumentException",
    );
    let insists = json!({"KeyId": key, "Policy": policy, "BypassPolicyLockoutSafetyCheck": true});
    call(&mut world, "PutKeyPolicy", insists).unwrap();
    check_code(put(&mut world, &key, &policy), "AccessDeniedException");
}

#[test]
fn insisting_can_be_forbidden() {
    let (mut world, key) = with_key();
    put_policy(
        &mut world,
        &key,
        json!({"Effect": "Deny", "Principal": "*", "Action": "kms:PutKeyPolicy", "Resource": "*",
            "Condition": {"Bool": {"kms:BypassPolicyLockoutSafetyCheck": "true"}}}),
    );
    let policy = crate::simulator::kms::policies::default_policy(ACCOUNT);
    let insists = json!({"KeyId": key, "Policy": policy, "BypassPolicyLockoutSafetyCheck": true});
    check_code(
        call(&mut world, "PutKeyPolicy", insists),
        "AccessDeniedException",
    );
    put(&mut world, &key, &policy).unwrap();
}

#[test]
fn a_deleted_principal_leaves_its_unique_id_behind() {
    let (mut world, key) = with_key();
    let statement = json!({
        "Effect": "Allow",
        "Principal": {"AWS": [node_role(), "444455556666"]},
        "Action": "kms:Decrypt",
        "Resource": "*",
        "Condition": {"ArnEquals": {"aws:PrincipalArn": node_role()}},
    });
    put_policy(&mut world, &key, statement);
    crate::simulator::kms::principal_deleted(&mut world, &node_role(), "AROAEXAMPLE");
    let answer = call(&mut world, "GetKeyPolicy", json!({"KeyId": key})).unwrap();
    let text = answer["Policy"].as_str().unwrap().to_owned();
    let policy: Value = serde_json::from_str(&text).unwrap();
    let statement = &policy["Statement"][1];
    assert_eq!(
        statement["Principal"]["AWS"],
        json!(["AROAEXAMPLE", "444455556666"])
    );
    // Only principals are ids inside; a condition keeps its text.
    assert_eq!(
        statement["Condition"]["ArnEquals"]["aws:PrincipalArn"],
        node_role()
    );
    check_refused(
        put(&mut world, &key, &text),
        "MalformedPolicyDocumentException",
        "Policy contains a statement with one or more invalid principals.",
    );
}
