//! Corners of the policy language, each with the one thing that decides it: whom a statement reaches,
//! which actions and resources it covers, when its conditions hold.

use serde_json::{Value, json};

use super::launch::{autoscaling_role_arn, autoscaling_session};
use super::*;

const A: &str = "111122223333";
const B: &str = "444455556666";
const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const SESSION: &str =
    "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling";

fn decided(document: &Value, identity: &[Value], request: &Request) -> Decision {
    let parse = |document: &Value| {
        Policy::parse(&document.to_string()).unwrap_or_else(|error| panic!("{error}: {document}"))
    };
    let policy = parse(document);
    let identity: Vec<Policy> = identity.iter().map(parse).collect();
    let access = KeyAccess {
        policy: &policy,
        grants: &[],
        identity: &identity,
        key_arn: KEY,
        account: A,
    };
    decide(&access, request)
}

fn document(statements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn everything() -> Value {
    document(json!({"Effect": "Allow", "Action": "*", "Resource": "*"}))
}

/// The Auto Scaling session's `kms:Decrypt`, with a context that has a key of each kind.
fn request() -> Request {
    let request = Request::new(autoscaling_session(A), "kms:Decrypt")
        .with("kms:ViaService", "ec2.us-west-2.amazonaws.com")
        .with("aws:RequestedRegion", "us-west-2")
        .with("aws:CurrentTime", "2026-11-22T10:00:00Z")
        .with("aws:SourceIp", "203.0.113.7")
        .with("test:number", "10")
        .with("test:empty", "")
        .with("test:star", "a*c")
        .encrypting("aws:ebs:id", "vol-1");
    Request {
        context: request.context.with_all("aws:TagKeys", ["team", "stage"]),
        ..request
    }
}

#[track_caller]
fn check(statement: Value, expected: bool) {
    let decision = decided(&document(statement.clone()), &[], &request());
    assert_eq!(decision.is_allowed(), expected, "{statement}: {decision}");
}

/// An `Allow` for everybody under one condition.
#[track_caller]
fn check_condition(condition: Value, expected: bool) {
    check(
        json!({"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*", "Condition": condition}),
        expected,
    );
}

#[test]
fn principals_reach_whom_they_name() {
    let role = autoscaling_role_arn(A);
    for (principal, expected) in [
        (json!("*"), true),
        (json!({"AWS": "*"}), true),
        (json!({"AWS": ["444455556666", "*"]}), true),
        (json!({"AWS": role}), true),
        (json!({"AWS": SESSION}), true),
        (json!({"AWS": [B, role]}), true),
        (json!({"AWS": B, "Service": "ec2.amazonaws.com"}), false),
        (json!({"AWS": role.to_uppercase()}), false),
        (json!({"AWS": format!("{role}/")}), false),
        (json!({"AWS": format!(" {role}")}), false),
        (json!({"AWS": role.replace("AutoScaling", "*")}), false),
        (json!({"AWS": "arn:aws:iam::111122223333:role/*"}), false),
        (json!({"AWS": "arn:aws:iam::111122223333:*"}), false),
        // The session's ARN with the role's path, which ARNs of STS do not have.
        (
            json!({"AWS": "arn:aws:sts::111122223333:assumed-role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling/AutoScaling"}),
            false,
        ),
        (
            json!({"AWS": "arn:aws:iam::111122223333:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling"}),
            false,
        ),
        (
            json!({"AWS": "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForAutoScaling"}),
            false,
        ),
        // What a deleted role leaves behind, even when it is this one's own id.
        (json!({"AWS": "AROAAUTOSCALINGSLR000"}), false),
        (json!({"AWS": A}), false),
        (json!({"AWS": "arn:aws:iam::111122223333:root"}), false),
        (json!({"Service": "autoscaling.amazonaws.com"}), false),
        (json!({"Service": "*"}), false),
        (json!({"Federated": "*"}), false),
        (json!({"CanonicalUser": "*"}), false),
    ] {
        check(
            json!({"Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"}),
            expected,
        );
    }
}

#[test]
fn an_allowing_not_principal_leaves_out_whom_it_names_in_any_way() {
    let role = autoscaling_role_arn(A);
    for (listed, expected) in [
        (vec![B], true),
        (vec!["arn:aws:iam::111122223333:user/sam"], true),
        (vec![role.as_str()], false),
        (vec![SESSION], false),
        (vec![A], false),
    ] {
        check(
            json!({"Effect": "Allow", "NotPrincipal": {"AWS": listed}, "Action": "kms:*", "Resource": "*"}),
            expected,
        );
    }
}

#[test]
fn a_deny_reaches_wherever_an_allow_would_and_root_means_everybody_of_the_account() {
    let allow = json!({"Effect": "Allow", "Principal": {"AWS": autoscaling_role_arn(A)}, "Action": "kms:*", "Resource": "*"});
    for (principal, expected) in [
        (json!("*"), false),
        (json!({"AWS": A}), false),
        (json!({"AWS": "arn:aws:iam::111122223333:root"}), false),
        (json!({"AWS": SESSION}), false),
        (json!({"AWS": [B, SESSION]}), false),
        (
            json!({"AWS": SESSION.replace("/AutoScaling", "/Other")}),
            true,
        ),
        (json!({"AWS": B}), true),
        (
            json!({"Service": ["ec2.amazonaws.com", "autoscaling.amazonaws.com"]}),
            true,
        ),
    ] {
        let deny = json!({"Effect": "Deny", "Principal": principal, "Action": "kms:Decrypt", "Resource": "*"});
        // The order of statements decides nothing.
        check(json!([allow, deny]), expected);
        check(json!([deny, allow]), expected);
    }
}

#[test]
fn a_denying_not_principal_spares_a_user_with_its_account_and_the_root_by_itself() {
    let deny = |names: Value| {
        document(json!([
            {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"},
            {"Effect": "Deny", "NotPrincipal": {"AWS": names}, "Action": "kms:*", "Resource": "*"},
        ]))
    };
    let sam = "arn:aws:iam::111122223333:user/sam";
    let decrypt = |caller: Caller| Request::new(caller, "kms:Decrypt");
    for (names, caller, expected) in [
        (json!([sam, A]), Caller::user(A, "sam"), true),
        (json!([sam]), Caller::user(A, "sam"), false),
        (json!([A]), Caller::user(A, "sam"), false),
        (json!([A]), Caller::root(A), true),
        (json!([sam, A]), Caller::user(A, "eve"), false),
        (json!("*"), Caller::user(A, "sam"), true),
    ] {
        let decision = decided(&deny(names.clone()), &[], &decrypt(caller.clone()));
        assert_eq!(
            decision.is_allowed(),
            expected,
            "{names} for {}",
            caller.arn
        );
    }
    let told = decided(&deny(json!([sam])), &[], &decrypt(Caller::user(A, "sam")));
    assert_eq!(
        told.explain(),
        "statement 2 denies kms:Decrypt to user/sam; \
         its NotPrincipal does not list arn:aws:iam::111122223333:root, which it has to"
    );
}

#[test]
fn actions_are_compared_whole_and_without_regard_to_case() {
    let of = |element: &str, actions: Value| json!({"Effect": "Allow", "Principal": "*", element: actions, "Resource": "*"});
    for (actions, expected) in [
        (json!("*"), true),
        (json!("kms:*"), true),
        (json!("KMS:DECRYPT"), true),
        (json!("kms:decr?pt"), true),
        (json!("kms:*crypt"), true),
        (json!("kms:De*t"), true),
        (json!(["s3:*", "kms:Decrypt"]), true),
        (json!("kms:Decrypt*"), true),
        (json!("kms:Decrypt?"), false),
        (json!("kms:Decrypt "), false),
        (json!(" kms:Decrypt"), false),
        (json!("kms: Decrypt"), false),
        (json!("Decrypt"), false),
        (json!("kms"), false),
        (json!("kms:"), false),
        (json!(""), false),
        (json!([]), false),
        (json!("kms.Decrypt"), false),
        (json!("kms:ReEncrypt*"), false),
    ] {
        check(of("Action", actions), expected);
    }
    for (actions, expected) in [
        (json!("kms:Encrypt"), true),
        (json!(["s3:*", "iam:*"]), true),
        (json!("KMS:decrypt"), false),
        (json!(["kms:Encrypt", "kms:D*"]), false),
        (json!("*"), false),
        (json!([]), false),
    ] {
        check(of("NotAction", actions), expected);
    }
}

#[test]
fn re_encryption_is_two_actions_and_a_data_key_is_three() {
    let allow = |action: &str| {
        document(json!({"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*"}))
    };
    for (action, asked, expected) in [
        ("kms:ReEncrypt*", "kms:ReEncryptFrom", true),
        ("kms:ReEncrypt*", "kms:ReEncryptTo", true),
        ("kms:ReEncrypt", "kms:ReEncryptFrom", false),
        (
            "kms:GenerateDataKey",
            "kms:GenerateDataKeyWithoutPlaintext",
            false,
        ),
        (
            "kms:GenerateDataKey*",
            "kms:GenerateDataKeyWithoutPlaintext",
            true,
        ),
        ("kms:GenerateDataKey*", "kms:GenerateDataKeyPair", true),
        (
            "kms:GenerateDataKeyWithoutPlaintext",
            "kms:GenerateDataKey",
            false,
        ),
        ("kms:*Encrypt", "kms:Encrypt", true),
        ("kms:*Encrypt", "kms:ReEncryptTo", false),
    ] {
        let request = Request::new(autoscaling_session(A), asked);
        let decision = decided(&allow(action), &[], &request);
        assert_eq!(decision.is_allowed(), expected, "{action} for {asked}");
    }
}

#[test]
fn the_resource_is_the_key_itself() {
    let of = |element: &str, resources: Value| json!({"Effect": "Allow", "Principal": "*", "Action": "kms:*", element: resources});
    for (resources, expected) in [
        (json!("*"), true),
        (json!(KEY), true),
        (
            json!(["arn:aws:kms:us-west-2:111122223333:key/other", KEY]),
            true,
        ),
        (json!("arn:aws:kms:*:*:key/*"), true),
        (json!("arn:aws:kms:us-west-2:111122223333:*"), true),
        (json!("arn:*:kms:us-*-2:1111*:key/1234abcd-????-*"), true),
        (
            json!("arn:aws:kms:${aws:RequestedRegion}:${aws:PrincipalAccount}:key/*"),
            true,
        ),
        (json!("arn:aws:kms:${missing, 'us-west-2'}:*:key/*"), true),
        (json!("arn:aws:kms:${missing}:*:key/*"), false),
        (json!(["arn:aws:kms:${missing}:*:key/*", "*"]), true),
        (json!(KEY.to_uppercase()), false),
        (json!("arn:aws:kms:us-west-2:111122223333:alias/*"), false),
        (json!("arn:aws:kms:us-west-2:111122223333:key"), false),
        (json!("arn:aws:kms:us-west-2:444455556666:key/*"), false),
        (json!("1234abcd-12ab-34cd-56ef-1234567890ab"), false),
        (json!("alias/app"), false),
        // No wildcard reaches across a colon.
        (json!("arn:aws:kms:us-west-2:*/1234abcd*"), false),
        (json!("arn:aws:*:key/*"), false),
        (json!([]), false),
    ] {
        check(of("Resource", resources), expected);
    }
    check(of("NotResource", json!("arn:aws:kms:*:*:key/other")), true);
    check(of("NotResource", json!([KEY, "arn:aws:s3:::x"])), false);
    check(of("NotResource", json!("*")), false);
}

#[test]
fn conditions_are_a_conjunction_of_disjunctions() {
    let via = |value: &str| json!({"kms:ViaService": value});
    let here = "ec2.us-west-2.amazonaws.com";
    for (condition, expected) in [
        (json!({}), true),
        (json!({"StringEquals": {}}), true),
        (json!({"StringEquals": via(here)}), true),
        (
            json!({"StringEquals": {"kms:ViaService": ["x", here]}}),
            true,
        ),
        (
            json!({"StringEquals": {"kms:ViaService": here, "kms:CallerAccount": A}}),
            true,
        ),
        (
            json!({"StringEquals": {"kms:ViaService": here, "kms:CallerAccount": B}}),
            false,
        ),
        (
            json!({"StringEquals": via(here), "StringLike": via("s3.*")}),
            false,
        ),
        (
            json!({"StringNotEquals": {"kms:ViaService": ["x", "y"]}}),
            true,
        ),
        // None of the values of a negated operator may match.
        (
            json!({"StringNotEquals": {"kms:ViaService": ["x", here]}}),
            false,
        ),
        (
            json!({"StringNotLike": {"kms:ViaService": ["s3.*", "ec2.*"]}}),
            false,
        ),
        (json!({"StringEquals": {"kms:ViaService": []}}), false),
        (json!({"StringNotEquals": {"kms:ViaService": []}}), true),
        // Names of keys have no case, values have.
        (json!({"StringEquals": {"KMS:viaservice": here}}), true),
        (
            json!({"StringEquals": via("EC2.us-west-2.amazonaws.com")}),
            false,
        ),
        (
            json!({"StringEqualsIgnoreCase": via("EC2.US-WEST-2.amazonaws.com")}),
            true,
        ),
        (
            json!({"StringNotEqualsIgnoreCase": via("EC2.US-WEST-2.amazonaws.com")}),
            false,
        ),
        (json!({"StringEquals": via("ec2.*")}), false),
        (json!({"StringLike": via("ec2.*.amazonaws.com")}), true),
        (json!({"StringLike": via("ec2")}), false),
        (
            json!({"StringLike": via("?c2.us-west-?.amazonaws.com")}),
            true,
        ),
        // An empty value is a value.
        (json!({"StringEquals": {"test:empty": ""}}), true),
        (json!({"StringLike": {"test:empty": "*"}}), true),
        (json!({"StringLike": {"test:empty": "?*"}}), false),
        (json!({"Null": {"test:empty": "false"}}), true),
    ] {
        check_condition(condition, expected);
    }
}

#[test]
fn a_missing_key_fails_what_is_positive_and_meets_what_is_negated() {
    let missing = |operator: &str, value: Value| json!({operator: {"aws:SourceVpce": value}});
    for (operator, value, expected) in [
        ("StringEquals", json!("x"), false),
        ("StringLike", json!("*"), false),
        ("StringNotEquals", json!("x"), true),
        ("StringNotLike", json!("*"), true),
        ("StringNotEqualsIgnoreCase", json!("x"), true),
        ("ArnLike", json!("arn:*:*:*:*:*"), false),
        ("ArnNotLike", json!("arn:*:*:*:*:*"), true),
        ("ArnNotEquals", json!("x"), true),
        ("Bool", json!("false"), false),
        ("Bool", json!("true"), false),
        ("BoolIfExists", json!("true"), true),
        ("StringEqualsIfExists", json!("x"), true),
        ("StringNotEqualsIfExists", json!("x"), true),
        ("NumericLessThan", json!("5"), false),
        ("NumericNotEquals", json!("5"), true),
        ("NumericLessThanIfExists", json!(5), true),
        ("DateGreaterThan", json!("2020-01-01"), false),
        ("IpAddress", json!("0.0.0.0/0"), false),
        ("NotIpAddress", json!("0.0.0.0/0"), true),
        ("Null", json!("true"), true),
        ("Null", json!(true), true),
        ("Null", json!("false"), false),
        ("Null", json!(["true", "false"]), true),
        ("ForAllValues:StringEquals", json!("x"), true),
        ("ForAllValues:StringNotEquals", json!("x"), true),
        ("ForAnyValue:StringEquals", json!("x"), false),
        ("ForAnyValue:StringNotEquals", json!("x"), false),
        ("ForAnyValue:StringEqualsIfExists", json!("x"), true),
    ] {
        check_condition(missing(operator, value), expected);
    }
}

#[test]
fn quantifiers_run_over_the_values_of_the_request() {
    let tags = |operator: &str, values: Value| json!({operator: {"aws:TagKeys": values}});
    for (operator, values, expected) in [
        (
            "ForAllValues:StringEquals",
            json!(["team", "stage", "x"]),
            true,
        ),
        ("ForAllValues:StringEquals", json!("team"), false),
        ("ForAllValues:StringLike", json!("*"), true),
        ("ForAllValues:StringEquals", json!(["TEAM", "STAGE"]), false),
        (
            "ForAllValues:StringEqualsIgnoreCase",
            json!(["TEAM", "STAGE"]),
            true,
        ),
        ("ForAllValues:StringNotEquals", json!("x"), true),
        ("ForAllValues:StringNotEquals", json!("team"), false),
        ("ForAnyValue:StringEquals", json!("team"), true),
        ("ForAnyValue:StringEquals", json!("x"), false),
        ("ForAnyValue:StringNotEquals", json!("team"), true),
        (
            "ForAnyValue:StringNotEquals",
            json!(["team", "stage"]),
            false,
        ),
        ("ForAnyValue:StringLike", json!(["s*"]), true),
        // Names of operators have no case.
        ("foranyvalue:stringequals", json!("team"), true),
    ] {
        check_condition(tags(operator, values), expected);
    }
}

#[test]
fn the_trap_of_for_all_values_is_closed_by_null() {
    let condition = |more: Value| {
        let mut condition =
            json!({"ForAllValues:StringEquals": {"kms:GrantOperations": ["Decrypt"]}});
        if let Value::Object(more) = more {
            condition.as_object_mut().expect("an object").extend(more);
        }
        condition
    };
    check_condition(condition(json!({})), true);
    check_condition(
        condition(json!({"Null": {"kms:GrantOperations": "false"}})),
        false,
    );
}

#[test]
fn arns_are_compared_part_by_part() {
    for operator in ["ArnLike", "ArnEquals"] {
        for (pattern, expected) in [
            (autoscaling_role_arn(A).as_str(), true),
            ("arn:aws:iam::111122223333:role/*", true),
            (
                "arn:aws:iam::111122223333:role/aws-service-role/*/AWSServiceRoleFor*",
                true,
            ),
            ("arn:aws:iam::*:role/*AutoScaling", true),
            ("arn:*:iam:*:1111?2223333:*", true),
            ("arn:aws:iam::${aws:PrincipalAccount}:role/*", true),
            ("${aws:PrincipalArn}", true),
            ("arn:aws:*:role/*", false),
            ("*:role/*", false),
            ("*", false),
            ("arn:aws:iam::111122223333:*:*", false),
            ("arn:aws:iam::111122223333:role", false),
            ("ARN:AWS:IAM::111122223333:role/*", false),
            (SESSION, false),
        ] {
            check_condition(json!({operator: {"aws:PrincipalArn": pattern}}), expected);
            let negated = operator.replacen("Arn", "ArnNot", 1);
            check_condition(json!({negated: {"aws:PrincipalArn": pattern}}), !expected);
        }
    }
    // As text a wildcard reaches anywhere, or is none.
    check_condition(
        json!({"StringLike": {"aws:PrincipalArn": "arn:aws:*AutoScaling"}}),
        true,
    );
    check_condition(
        json!({"StringEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}),
        false,
    );
}

#[test]
fn values_compare_as_what_they_are() {
    for (condition, expected) in [
        (json!({"Bool": {"aws:PrincipalIsAWSService": false}}), true),
        (
            json!({"Bool": {"aws:PrincipalIsAWSService": "False"}}),
            true,
        ),
        (
            json!({"Bool": {"aws:PrincipalIsAWSService": "true"}}),
            false,
        ),
        (
            json!({"Bool": {"aws:PrincipalIsAWSService": ["true", "false"]}}),
            true,
        ),
        (
            json!({"StringEquals": {"aws:PrincipalIsAWSService": "false"}}),
            true,
        ),
        (json!({"NumericLessThan": {"test:number": 11}}), true),
        (json!({"NumericLessThan": {"test:number": "9"}}), false),
        (json!({"NumericEquals": {"test:number": "10.0"}}), true),
        (
            json!({"NumericGreaterThanEquals": {"test:number": "10"}}),
            true,
        ),
        (json!({"NumericGreaterThan": {"test:number": "10"}}), false),
        (
            json!({"NumericLessThanEquals": {"test:number": "x"}}),
            false,
        ),
        (json!({"NumericEquals": {"kms:ViaService": "1"}}), false),
        (json!({"StringEquals": {"test:number": 10}}), true),
        (
            json!({"DateGreaterThan": {"aws:CurrentTime": "2026-11-22T09:59:59Z"}}),
            true,
        ),
        (
            json!({"DateLessThan": {"aws:CurrentTime": "2026-11-22"}}),
            false,
        ),
        (
            json!({"DateLessThanEquals": {"aws:CurrentTime": "2026-11-22T11:00:00+01:00"}}),
            true,
        ),
        (json!({"DateGreaterThan": {"aws:CurrentTime": 0}}), true),
        (
            json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
            true,
        ),
        (
            json!({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.7"]}}),
            true,
        ),
        (
            json!({"IpAddress": {"aws:SourceIp": "203.0.113.8/29"}}),
            false,
        ),
        (
            json!({"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.0/24"]}}),
            false,
        ),
        (
            json!({"IpAddress": {"aws:SourceIp": "2001:db8::/32"}}),
            false,
        ),
    ] {
        check_condition(condition, expected);
    }
}

#[test]
fn variables_stand_for_values_of_the_request() {
    for (operator, key, value, expected) in [
        (
            "StringEquals",
            "kms:CallerAccount",
            "${aws:PrincipalAccount}",
            true,
        ),
        (
            "StringEquals",
            "kms:CallerAccount",
            "${AWS:principalaccount}",
            true,
        ),
        (
            "StringEquals",
            "kms:ViaService",
            "ec2.${aws:RequestedRegion}.amazonaws.com",
            true,
        ),
        (
            "StringEquals",
            "kms:ViaService",
            "${missing, 'ec2'}.us-west-2.amazonaws.com",
            true,
        ),
        (
            "StringEquals",
            "kms:ViaService",
            "${missing,'ec2'}.us-west-2.amazonaws.com",
            true,
        ),
        // The default counts only when there is nothing else.
        (
            "StringEquals",
            "kms:CallerAccount",
            "${aws:PrincipalAccount, '444455556666'}",
            true,
        ),
        ("StringEquals", "test:empty", "${missing, ''}", true),
        ("StringEquals", "kms:ViaService", "${missing}", false),
        ("StringNotEquals", "kms:ViaService", "${missing}", false),
        ("StringEquals", "kms:ViaService", "${aws:TagKeys}", false),
        // Wildcards that are meant literally.
        ("StringLike", "test:star", "a${*}c", true),
        ("StringLike", "test:star", "a${?}c", false),
        ("StringLike", "kms:ViaService", "ec2.${*}", false),
        ("StringEquals", "test:star", "a*c", true),
        // What a variable brings in is no pattern.
        ("StringLike", "test:star", "${test:star}", true),
        ("StringLike", "kms:ViaService", "${test:star}", false),
        (
            "Bool",
            "aws:PrincipalIsAWSService",
            "${aws:PrincipalIsAWSService}",
            true,
        ),
        // Numbers, dates and addresses know no variables.
        ("NumericEquals", "test:number", "${test:number}", false),
        ("IpAddress", "aws:SourceIp", "${aws:SourceIp}", false),
        ("DateEquals", "aws:CurrentTime", "${aws:CurrentTime}", false),
        ("StringEquals", "kms:ViaService", "${aws:username}", false),
        ("StringEquals", "kms:ViaService", "${kms:ViaService", false),
    ] {
        check_condition(json!({operator: {key: value}}), expected);
    }
}

#[test]
fn documents_of_2008_have_no_variables() {
    let statement = |value: &str| {
        json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*",
            "Condition": {"StringLike": {"test:dollar": value}}})
    };
    let request = request().with("test:dollar", "${aws:PrincipalAccount}");
    for (value, expected) in [
        ("${aws:PrincipalAccount}", true),
        ("${*}", true),
        ("${missing}", false),
        ("111122223333", false),
    ] {
        for old in [
            json!({"Statement": statement(value)}),
            json!({"Version": "2008-10-17", "Statement": statement(value)}),
        ] {
            let decision = decided(&old, &[], &request);
            assert_eq!(decision.is_allowed(), expected, "{old}");
        }
    }
}

#[test]
fn the_account_gives_by_identity_policies_and_denies_by_them() {
    let root = document(
        json!({"Effect": "Allow", "Principal": {"AWS": A}, "Action": "kms:*", "Resource": "*"}),
    );
    let direct = document(
        json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/sam"}, "Action": "kms:Decrypt", "Resource": "*"}),
    );
    let identity = |effect: &str, action: &str, resource: &str| {
        document(json!({"Effect": effect, "Action": action, "Resource": resource}))
    };
    let request = Request::new(Caller::user(A, "sam"), "kms:Decrypt");
    for (policy, identity, expected) in [
        (&root, vec![], false),
        (&root, vec![everything()], true),
        (&root, vec![identity("Allow", "kms:Decrypt", KEY)], true),
        (&root, vec![identity("Allow", "kms:Encrypt", "*")], false),
        (
            &root,
            vec![identity(
                "Allow",
                "kms:*",
                "arn:aws:kms:us-west-2:111122223333:alias/*",
            )],
            false,
        ),
        (
            &root,
            vec![everything(), identity("Deny", "kms:D*", "*")],
            false,
        ),
        (
            &root,
            vec![
                everything(),
                identity("Deny", "kms:D*", "arn:aws:kms:*:*:key/other"),
            ],
            true,
        ),
        (&direct, vec![], true),
        (&direct, vec![identity("Deny", "*", "*")], false),
    ] {
        let decision = decided(policy, &identity, &request);
        assert_eq!(
            decision.is_allowed(),
            expected,
            "{policy} {identity:?}: {decision}"
        );
    }
}

#[test]
fn without_a_resource_only_identity_policies_count() {
    let sam = || Request::new(Caller::user(A, "sam"), "kms:ListKeys");
    let parse = |document: Value| Policy::parse(&document.to_string()).expect("valid");
    let allow = |resource: &str| {
        parse(document(
            json!({"Effect": "Allow", "Action": "kms:List*", "Resource": resource}),
        ))
    };
    let deny = parse(document(
        json!({"Effect": "Deny", "Action": "kms:ListKeys", "Resource": "*"}),
    ));
    let allowed = |identity: &[Policy], request: &Request| {
        decide_without_resource_policy(identity, A, "*", request)
    };
    assert!(allowed(&[allow("*")], &sam()).is_allowed());
    assert!(!allowed(&[allow(KEY)], &sam()).is_allowed());
    assert!(!allowed(&[allow("*"), deny], &sam()).is_allowed());
    let root = Request::new(Caller::root(A), "kms:ListKeys");
    assert!(allowed(&[], &root).is_allowed());
    assert_eq!(
        allowed(&[], &sam())
            .access_denied_message("C", "*")
            .as_deref(),
        Some(
            "User: C is not authorized to perform: kms:ListKeys on resource: * \
             because no identity-based policy allows the kms:ListKeys action"
        )
    );
}

#[track_caller]
fn check_told(statement: Value, expected: &str) {
    let role = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling";
    let told = decided(&document(statement), &[], &request()).explain();
    assert_eq!(told.replace(role, "<role>"), expected);
}

#[test]
fn a_denial_tells_statement_obstacle_and_value() {
    let allow = |more: Value| {
        let mut statement = json!({"Effect": "Allow", "Principal": {"AWS": autoscaling_role_arn(A)}, "Action": "kms:Decrypt", "Resource": "*"});
        if let Value::Object(more) = more {
            statement.as_object_mut().expect("an object").extend(more);
        }
        statement
    };
    let none = "no statement allows kms:Decrypt for <role>";
    check_told(
        allow(
            json!({"Condition": {"StringEquals": {"kms:ViaService": ["rds.*", "s3.*"], "kms:CallerAccount": B}}}),
        ),
        &format!(
            "{none}; statement 1 would, but its condition StringEquals kms:ViaService needs rds.* or s3.*, \
             the request has ec2.us-west-2.amazonaws.com, and its condition StringEquals kms:CallerAccount \
             needs 444455556666, the request has 111122223333"
        ),
    );
    check_told(
        allow(json!({"Resource": "arn:aws:kms:us-west-2:111122223333:alias/app"})),
        &format!(
            "{none}; statement 1 would, but its Resource (arn:aws:kms:us-west-2:111122223333:alias/app) does not cover this key"
        ),
    );
    check_told(
        allow(json!({"Action": []})),
        &format!("{none}; statement 1 has no Action element, so it has no effect"),
    );
    // The account's own statement has a condition, too, and it fails before any identity policy is asked.
    check_told(
        allow(
            json!({"Principal": {"AWS": A}, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}),
        ),
        &format!(
            "{none}; statement 1 would, but its condition Bool aws:MultiFactorAuthPresent needs true, the request has none"
        ),
    );
    let deny = json!({"Sid": "OnlyS3", "Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*",
        "Condition": {"StringNotLike": {"kms:ViaService": "s3.*"}}});
    check_told(
        json!([allow(json!({})), deny]),
        "statement 2 (Sid \"OnlyS3\") denies kms:Decrypt to <role>; its condition StringNotLike kms:ViaService (s3.*) holds, \
         the request has ec2.us-west-2.amazonaws.com",
    );
}

#[test]
fn a_grant_that_nearly_helps_tells_what_it_lacks() {
    let policy = Policy::parse(r#"{"Statement":[]}"#).expect("valid");
    let pairs = [("aws:ebs:id".to_string(), "vol-2".to_string())].into();
    let grant = Grant {
        id: "g1".into(),
        grantee: autoscaling_role_arn(A),
        operations: vec!["Decrypt".into()],
        constraints: GrantConstraints {
            constraint_subset: Some(pairs),
            ..GrantConstraints::default()
        },
        ..Grant::default()
    };
    let access = KeyAccess {
        policy: &policy,
        grants: &[grant],
        identity: &[],
        key_arn: KEY,
        account: A,
    };
    let told = decide(&access, &request()).explain();
    let (_, lacks) = told.split_once("; ").expect("a near miss");
    assert_eq!(
        lacks,
        "grant g1 is the caller's, but it has the constraint EncryptionContextSubset aws:ebs:id=vol-2, \
         which the encryption context (aws:ebs:id=vol-1) does not meet"
    );
}
