//! Grants: who makes them, what they give, who ends them.

use serde_json::{Value, json};

use super::{
    arn, call, call_as, check_code, check_refused, new_key, node, node_role, operator, put_policy,
    with_key,
};
use crate::policy::Caller;
use crate::simulator::testing::{ACCOUNT, learner};
use crate::simulator::world::World;

fn asked(key: &str, operations: &[&str]) -> Value {
    json!({"KeyId": key, "GranteePrincipal": node_role(), "Operations": operations})
}

fn with(mut input: Value, member: &str, value: Value) -> Value {
    input[member] = value;
    input
}

#[track_caller]
fn made(world: &mut World, input: Value) -> (String, String) {
    let answer = call(world, "CreateGrant", input).unwrap();
    let text = |member: &str| answer[member].as_str().unwrap().to_owned();
    (text("GrantId"), text("GrantToken"))
}

fn number(world: &mut World, key: &str) -> usize {
    let listed = call(world, "ListGrants", json!({"KeyId": key})).unwrap();
    listed["Grants"].as_array().unwrap().len()
}

fn data_key(key: &str) -> Value {
    json!({"KeyId": key, "KeySpec": "AES_256"})
}

#[test]
fn a_grant_gives_its_operations_until_it_is_revoked() {
    let (mut world, key) = with_key();
    check_code(
        call_as(&mut world, node(), "GenerateDataKey", data_key(&key)),
        "AccessDeniedException",
    );
    let (id, token) = made(&mut world, asked(&key, &["GenerateDataKey"]));
    let with_token = with(data_key(&key), "GrantTokens", json!([token]));
    call_as(&mut world, node(), "GenerateDataKey", with_token.clone()).unwrap();
    call_as(&mut world, node(), "GenerateDataKey", data_key(&key)).unwrap();
    check_code(
        call_as(
            &mut world,
            node(),
            "GenerateDataKeyWithoutPlaintext",
            data_key(&key),
        ),
        "AccessDeniedException",
    );
    let revoke = json!({"KeyId": key, "GrantId": id});
    let try_it = with(revoke.clone(), "DryRun", json!(true));
    check_code(
        call(&mut world, "RevokeGrant", try_it),
        "DryRunOperationException",
    );
    call(&mut world, "RevokeGrant", revoke.clone()).unwrap();
    check_code(
        call_as(&mut world, node(), "GenerateDataKey", data_key(&key)),
        "AccessDeniedException",
    );
    check_code(
        call_as(&mut world, node(), "GenerateDataKey", with_token),
        "InvalidGrantTokenException",
    );
    check_refused(
        call(&mut world, "RevokeGrant", revoke),
        "NotFoundException",
        &format!("Grant ID {id} not found"),
    );
}

#[test]
fn the_same_grant_under_the_same_name_is_made_once() {
    let (mut world, key) = with_key();
    let named = with(asked(&key, &["Decrypt"]), "Name", json!("mine"));
    let (first, token) = made(&mut world, named.clone());
    let (second, other) = made(&mut world, named.clone());
    assert_eq!(first, second);
    assert_ne!(token, other);
    // Other operations make another grant, and so does no name.
    let differing = with(named, "Operations", json!(["Encrypt"]));
    assert_ne!(made(&mut world, differing).0, first);
    made(&mut world, asked(&key, &["Decrypt"]));
    made(&mut world, asked(&key, &["Decrypt"]));
    assert_eq!(number(&mut world, &key), 4);
}

#[test]
fn what_makes_no_grant_is_refused() {
    let (mut world, key) = with_key();
    let ask = || asked(&key, &["Decrypt"]);
    let constraint = |pairs: Value| json!({"EncryptionContextSubset": pairs});
    let many: serde_json::Map<String, Value> = (0..9)
        .map(|number| (number.to_string(), json!("")))
        .collect();
    for (input, code) in [
        (asked(&key, &["Decrypt", "Descrypt"]), "ValidationException"),
        (asked(&key, &["Sign"]), "ValidationException"),
        (asked(&key, &[]), "ValidationException"),
        (with(ask(), "Name", json!("a b")), "ValidationException"),
        (
            with(ask(), "Constraints", constraint(json!(many))),
            "ValidationException",
        ),
        (
            with(
                ask(),
                "Constraints",
                constraint(json!({"a": "x".repeat(385)})),
            ),
            "ValidationException",
        ),
        (
            with(ask(), "GranteePrincipal", json!("ec2.amazonaws.com")),
            "InvalidArnException",
        ),
        (
            with(
                ask(),
                "GranteePrincipal",
                json!(format!("arn:aws:iam::{ACCOUNT}:group/all")),
            ),
            "InvalidArnException",
        ),
        (
            with(
                ask(),
                "GranteePrincipal",
                json!(format!("arn:aws:iam::{ACCOUNT}:role/none")),
            ),
            "InvalidArnException",
        ),
        (
            with(ask(), "GrantTokens", json!(["none"])),
            "InvalidGrantTokenException",
        ),
        (
            with(ask(), "DryRun", json!(true)),
            "DryRunOperationException",
        ),
        (
            with(ask(), "KeyId", json!("alias/aws/ebs")),
            "NotFoundException",
        ),
    ] {
        check_code(call(&mut world, "CreateGrant", input), code);
    }
    assert_eq!(number(&mut world, &key), 0);
    made(
        &mut world,
        with(
            ask(),
            "GranteePrincipal",
            json!("arn:aws:iam::444455556666:role/theirs"),
        ),
    );
}

#[test]
fn a_constraint_binds_what_carries_a_context() {
    let (mut world, key) = with_key();
    let constrained = with(
        asked(&key, &["GenerateDataKey", "DescribeKey"]),
        "Constraints",
        json!({"EncryptionContextSubset": {"app": "shop"}}),
    );
    made(&mut world, constrained);
    let mut of = |context: Value| {
        let input = with(data_key(&key), "EncryptionContext", context);
        call_as(&mut world, node(), "GenerateDataKey", input).is_ok()
    };
    assert!(of(json!({"app": "shop", "more": "x"})));
    // Keys of a constraint compare without regard to case, values with it.
    assert!(of(json!({"APP": "shop"})));
    assert!(!of(json!({"app": "SHOP"})));
    assert!(!of(json!({})));
    call_as(&mut world, node(), "DescribeKey", json!({"KeyId": key})).unwrap();
}

#[test]
fn who_may_make_grants_by_a_grant_stays_within_it() {
    let (mut world, key) = with_key();
    let parent = with(
        asked(&key, &["CreateGrant", "Decrypt"]),
        "Constraints",
        json!({"EncryptionContextSubset": {"app": "shop"}}),
    );
    made(&mut world, parent);
    let constraint = || json!({"EncryptionContextSubset": {"app": "shop", "more": "x"}});
    let child = with(asked(&key, &["Decrypt"]), "Constraints", constraint());
    call_as(&mut world, node(), "CreateGrant", child).unwrap();
    let more = with(asked(&key, &["Encrypt"]), "Constraints", constraint());
    for loose in [more, asked(&key, &["Decrypt"])] {
        check_code(
            call_as(&mut world, node(), "CreateGrant", loose),
            "AccessDeniedException",
        );
    }
}

#[test]
fn key_policies_see_the_grant_that_is_to_be_made() {
    let (mut world, key) = with_key();
    let statement = json!({
        "Effect": "Allow",
        "Principal": {"AWS": node_role()},
        "Action": "kms:CreateGrant",
        "Resource": "*",
        "Condition": {
            "ForAllValues:StringEquals": {"kms:GrantOperations": ["Decrypt", "Encrypt"]},
            "StringEquals": {"kms:GranteePrincipal": node_role()},
        },
    });
    put_policy(&mut world, &key, statement);
    let mut try_it = |input: Value| call_as(&mut world, node(), "CreateGrant", input).is_ok();
    assert!(try_it(asked(&key, &["Decrypt"])));
    assert!(!try_it(asked(&key, &["Decrypt", "GenerateDataKey"])));
    let other = json!(learner().arn);
    assert!(!try_it(with(
        asked(&key, &["Decrypt"]),
        "GranteePrincipal",
        other
    )));
}

#[test]
fn grants_are_listed_in_pages_by_grantee_and_by_id() {
    let (mut world, key) = with_key();
    let mut ids = Vec::new();
    for grantee in [node_role(), learner().arn, node_role()] {
        let ask = with(
            asked(&key, &["Decrypt"]),
            "GranteePrincipal",
            json!(grantee),
        );
        ids.push(made(&mut world, ask).0);
        world.jump(std::time::Duration::from_secs(1));
    }
    let mut list = |more: Value| {
        let mut input = json!({"KeyId": key});
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        call(&mut world, "ListGrants", input).unwrap()
    };
    let of = |answer: &Value| -> Vec<String> {
        let grants = answer["Grants"].as_array().unwrap().iter();
        grants
            .map(|grant| grant["GrantId"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = list(json!({"Limit": 2}));
    assert_eq!(of(&first), ids[..2]);
    let second = list(json!({"Marker": first["NextMarker"]}));
    assert_eq!(of(&second), ids[2..]);
    assert_eq!(of(&list(json!({"GrantId": ids[1]}))), ids[1..2]);
    let theirs = list(json!({"GranteePrincipal": node_role()}));
    assert_eq!(of(&theirs), [ids[0].clone(), ids[2].clone()]);
    let entry = &first["Grants"][0];
    assert_eq!(entry["KeyId"], arn(&key));
    assert_eq!(
        entry["IssuingAccount"],
        format!("arn:aws:iam::{ACCOUNT}:root")
    );
}

#[test]
fn a_grant_is_retired_by_whom_it_concerns_or_by_the_account() {
    let (mut world, key) = with_key();
    let retire = |id: &str| json!({"KeyId": arn(&key), "GrantId": id});
    // The grantee, only when the grant lists it.
    let (id, _) = made(&mut world, asked(&key, &["Decrypt"]));
    check_code(
        call_as(&mut world, node(), "RetireGrant", retire(&id)),
        "AccessDeniedException",
    );
    // A principal of the account with leave from its identity policies.
    call_as(&mut world, operator(), "RetireGrant", retire(&id)).unwrap();
    let (id, token) = made(&mut world, asked(&key, &["Decrypt", "RetireGrant"]));
    let try_it = with(retire(&id), "DryRun", json!(true));
    check_code(
        call_as(&mut world, node(), "RetireGrant", try_it),
        "DryRunOperationException",
    );
    call_as(
        &mut world,
        node(),
        "RetireGrant",
        json!({"GrantToken": token}),
    )
    .unwrap();
    // The retiring principal.
    let theirs = with(
        asked(&key, &["Decrypt"]),
        "RetiringPrincipal",
        json!(node_role()),
    );
    let (id, _) = made(&mut world, theirs);
    let listed = call(
        &mut world,
        "ListRetirableGrants",
        json!({"RetiringPrincipal": node_role()}),
    );
    assert_eq!(listed.unwrap()["Grants"][0]["GrantId"], id);
    call_as(&mut world, node(), "RetireGrant", retire(&id)).unwrap();
    assert_eq!(number(&mut world, &key), 0);
    check_code(
        call(&mut world, "RetireGrant", json!({"GrantToken": token})),
        "InvalidGrantTokenException",
    );
    for nothing in [json!({}), json!({"KeyId": key}), json!({"GrantId": id})] {
        check_code(
            call(&mut world, "RetireGrant", nothing),
            "ValidationException",
        );
    }
}

#[test]
fn a_role_that_is_deleted_takes_its_grants_along() {
    let (mut world, key) = with_key();
    made(&mut world, asked(&key, &["GenerateDataKey"]));
    crate::simulator::kms::principal_deleted(&mut world, &node_role(), "AROAEXAMPLE");
    let listed = call(&mut world, "ListGrants", json!({"KeyId": key})).unwrap();
    assert_eq!(listed["Grants"][0]["GranteePrincipal"], "AROAEXAMPLE");
    // The role of that name is another one now.
    check_code(
        call_as(&mut world, node(), "GenerateDataKey", data_key(&key)),
        "AccessDeniedException",
    );
}

#[test]
fn nobody_makes_grants_without_leave() {
    let (mut world, key) = with_key();
    let other = new_key(&mut world);
    put_policy(
        &mut world,
        &other,
        json!({"Effect": "Deny", "Principal": "*", "Action": "kms:CreateGrant", "Resource": "*"}),
    );
    let refused = |world: &mut World, caller: Caller, key: &str| {
        call_as(world, caller, "CreateGrant", asked(key, &["Decrypt"]))
    };
    check_refused(
        refused(&mut world, node(), &key),
        "AccessDeniedException",
        &format!(
            "User: {} is not authorized to perform: kms:CreateGrant on resource: {} \
             because no identity-based policy allows the kms:CreateGrant action",
            node().arn,
            arn(&key)
        ),
    );
    check_refused(
        refused(&mut world, learner(), &other),
        "AccessDeniedException",
        &format!(
            "User: {} is not authorized to perform: kms:CreateGrant on resource: {} \
             with an explicit deny in a resource-based policy",
            learner().arn,
            arn(&other)
        ),
    );
}
