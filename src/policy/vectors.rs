//! The table of key policies and what a launch gets from them: G GenerateDataKeyWithoutPlaintext,
//! D Decrypt, C CreateGrant for an AWS resource, as the Auto Scaling role's session. Rows have the
//! numbers of the facts they come from; rows with letters follow from the same rules.

use serde_json::{Value, json};

use super::audit::{Concern, is_public, keeps_administration, launch_warnings};
use super::launch::{LaunchAccess, autoscaling_role_arn, launch_access};
use super::*;

const A: &str = "111122223333";
const B: &str = "444455556666";
const REGION: &str = "us-west-2";
const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const VOLUME: &str = "vol-0123456789abcdef0";
const SESSION: &str =
    "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling";
const VIA_EC2: &str = "ec2.us-west-2.amazonaws.com";

fn role() -> Value {
    json!({"AWS": autoscaling_role_arn(A)})
}

fn for_aws_resource(value: Value) -> Value {
    json!({"Bool": {"kms:GrantIsForAWSResource": value}})
}

/// The five actions of the documented statement.
fn documented_actions() -> Value {
    json!([
        "kms:Encrypt",
        "kms:Decrypt",
        "kms:ReEncrypt*",
        "kms:GenerateDataKey*",
        "kms:DescribeKey"
    ])
}

fn all_actions() -> Value {
    json!([
        "kms:Encrypt",
        "kms:Decrypt",
        "kms:ReEncrypt*",
        "kms:GenerateDataKey*",
        "kms:DescribeKey",
        "kms:CreateGrant"
    ])
}

fn allow(principal: Value, action: Value) -> Value {
    json!({"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*"})
}

fn deny(principal: Value, action: Value, condition: Value) -> Value {
    json!({"Effect": "Deny", "Principal": principal, "Action": action, "Resource": "*", "Condition": condition})
}

fn with(mut statement: Value, element: &str, value: Value) -> Value {
    statement[element] = value;
    statement
}

fn without(mut statement: Value, element: &str) -> Value {
    statement
        .as_object_mut()
        .expect("an object")
        .remove(element);
    statement
}

fn conditioned(principal: Value, action: Value, condition: Value) -> Value {
    with(allow(principal, action), "Condition", condition)
}

fn create_grant(principal: Value) -> Value {
    conditioned(
        principal,
        json!("kms:CreateGrant"),
        for_aws_resource(json!("true")),
    )
}

/// The documented two statements for a principal.
fn two(principal: Value) -> Vec<Value> {
    vec![
        allow(principal.clone(), documented_actions()),
        create_grant(principal),
    ]
}

/// Both documented statements with one more condition on each.
fn two_when(principal: Value, condition: Value) -> Vec<Value> {
    let mut statements = two(principal);
    for statement in &mut statements {
        for (operator, keys) in condition.as_object().expect("an object") {
            statement["Condition"][operator] = keys.clone();
        }
    }
    statements
}

fn two_and(more: Value) -> Vec<Value> {
    let mut statements = two(role());
    statements.push(more);
    statements
}

fn two_each(change: impl Fn(Value) -> Value) -> Vec<Value> {
    two(role()).into_iter().map(change).collect()
}

fn root() -> Value {
    json!({"AWS": format!("arn:aws:iam::{A}:root")})
}

fn document_of(version: Option<&str>, statements: Vec<Value>) -> String {
    let mut document = json!({"Statement": statements});
    if let Some(version) = version {
        document["Version"] = json!(version);
    }
    document.to_string()
}

/// The root statement and the row's own.
fn base(row: Vec<Value>) -> Policy {
    let mut statements = vec![allow(root(), json!("kms:*"))];
    statements.extend(row);
    parse(&document_of(Some("2012-10-17"), statements))
}

fn parse(text: &str) -> Policy {
    Policy::parse(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn admin_identity() -> Vec<Policy> {
    vec![parse(
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#,
    )]
}

fn access<'a>(policy: &'a Policy, grants: &'a [Grant]) -> KeyAccess<'a> {
    KeyAccess {
        policy,
        grants,
        identity: &[],
        key_arn: KEY,
        account: A,
    }
}

fn launch_of(policy: &Policy, grants: &[Grant]) -> LaunchAccess {
    launch_access(&access(policy, grants), REGION, A, VOLUME)
}

/// `GDC` with a dash for what is refused.
fn pattern_of(launch: &LaunchAccess) -> String {
    let letters = launch.required.iter().zip(["G", "D", "C"]);
    letters
        .map(|((_, decision), letter)| if decision.is_allowed() { letter } else { "-" })
        .collect()
}

fn check_grants(row: &str, policy: &Policy, grants: &[Grant], expected: &str) {
    let launch = launch_of(policy, grants);
    assert_eq!(
        pattern_of(&launch),
        expected,
        "row {row}: {}",
        launch.explain()
    );
    assert_eq!(launch.allowed(), expected == "GDC", "row {row}");
}

fn check(row: &str, statements: Vec<Value>, expected: &str) {
    check_grants(row, &base(statements), &[], expected);
}

/// Checks the launch and which warnings a reviewer gets.
fn check_warned(row: &str, statements: Vec<Value>, expected: &[Concern]) {
    let policy = base(statements);
    check_grants(row, &policy, &[], "GDC");
    let warnings = launch_warnings(&access(&policy, &[]), REGION, A);
    let concerns: Vec<Concern> = warnings.iter().map(|warning| warning.concern).collect();
    assert_eq!(concerns, expected, "row {row}: {warnings:?}");
    assert_eq!(is_public(&policy, A), None, "row {row}");
}

fn grant(operations: &[&str]) -> Grant {
    Grant {
        id: "g1".into(),
        grantee: autoscaling_role_arn(A),
        operations: operations
            .iter()
            .map(|operation| (*operation).to_string())
            .collect(),
        ..Grant::default()
    }
}

const FULL_GRANT: &[&str] = &[
    "Encrypt",
    "Decrypt",
    "ReEncryptFrom",
    "ReEncryptTo",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "DescribeKey",
    "CreateGrant",
];

fn full_grant_without(operation: &str) -> Vec<Grant> {
    let rest: Vec<&str> = FULL_GRANT
        .iter()
        .copied()
        .filter(|listed| *listed != operation)
        .collect();
    vec![grant(&rest)]
}

#[test]
fn the_broken_policy_and_its_documented_repair() {
    check("1", vec![], "---");
    check_warned("2", two(role()), &[]);
    let boolean = conditioned(
        role(),
        json!("kms:CreateGrant"),
        for_aws_resource(json!(true)),
    );
    check_warned("3", vec![allow(role(), documented_actions()), boolean], &[]);
    check("4", vec![allow(role(), documented_actions())], "GD-");
    check_warned(
        "5",
        vec![allow(role(), all_actions())],
        &[Concern::UnconditionedCreateGrant],
    );
    let inverted = conditioned(
        role(),
        json!("kms:CreateGrant"),
        for_aws_resource(json!("false")),
    );
    check(
        "6",
        vec![allow(role(), documented_actions()), inverted],
        "GD-",
    );
    check(
        "7",
        vec![conditioned(
            role(),
            all_actions(),
            for_aws_resource(json!("true")),
        )],
        "--C",
    );
    let null = conditioned(
        role(),
        json!("kms:CreateGrant"),
        json!({"Null": {"kms:GrantIsForAWSResource": "false"}}),
    );
    check_warned(
        "9",
        vec![allow(role(), documented_actions()), null],
        &[Concern::UnconditionedCreateGrant],
    );
}

#[test]
fn only_the_auto_scaling_role_of_this_account_helps() {
    for service in ["autoscaling", "ec2", "eks", "eks-nodegroup"] {
        check(
            "10, 11",
            two(json!({"Service": format!("{service}.amazonaws.com")})),
            "---",
        );
    }
    for (row, account, name) in [
        ("13", A, "AWSServiceRoleForAutoScaling"),
        (
            "14",
            B,
            "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
        ),
        (
            "16",
            A,
            "aws-service-role/eks-nodegroup.amazonaws.com/AWSServiceRoleForAmazonEKSNodegroup",
        ),
        ("17", A, "eksctl-NodeInstanceRole"),
        ("17", A, "eksctl-ClusterRole"),
        (
            "17b",
            A,
            "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_custom",
        ),
        (
            "17c",
            A,
            "aws-service-role/autoscaling.amazonaws.com/AWSSERVICEROLEFORAUTOSCALING",
        ),
        ("17d", A, "*"),
    ] {
        check(
            row,
            two(json!({"AWS": format!("arn:aws:iam::{account}:role/{name}")})),
            "---",
        );
    }
    check("18", vec![allow(json!({"AWS": A}), all_actions())], "---");
    check("18b", vec![allow(root(), json!("*"))], "---");
    check("18c", two(json!({"AWS": SESSION})), "GDC");
    check(
        "18d",
        two(json!({"AWS": SESSION.replace("/AutoScaling", "/other")})),
        "---",
    );
    check(
        "18e",
        two(json!({"AWS": [format!("arn:aws:iam::{A}:user/sam"), autoscaling_role_arn(A)]})),
        "GDC",
    );
    check("18f", two(json!({"AWS": "AROAEXAMPLEEXAMPLE"})), "---");
}

#[test]
fn everybody_is_let_in_only_with_a_limiting_condition() {
    let open = base(two(json!({"AWS": "*"})));
    check_grants("19", &open, &[], "GDC");
    assert_eq!(
        is_public(&open, A)
            .map(|opening| opening.told.to_string())
            .as_deref(),
        Some(
            "statement 2 allows every principal of every account, and no condition limits it to known callers \
             (such as StringEquals kms:CallerAccount 111122223333)"
        )
    );
    let everybody = || json!({"AWS": "*"});
    let of_account = json!({"StringEquals": {"kms:CallerAccount": A, "kms:ViaService": VIA_EC2}});
    check_warned(
        "20",
        vec![conditioned(everybody(), all_actions(), of_account)],
        &[],
    );
    let arn = |operator: &str, value: &str| json!({operator: {"aws:PrincipalArn": value}});
    let role_arn = autoscaling_role_arn(A);
    check_warned(
        "23",
        two_when(everybody(), arn("StringEquals", &role_arn)),
        &[],
    );
    check_warned(
        "23b",
        two_when(json!("*"), arn("ArnEquals", &role_arn)),
        &[],
    );
    check_warned(
        "23c",
        two_when(
            json!("*"),
            arn(
                "ArnLike",
                "arn:aws:iam::111122223333:role/aws-service-role/*",
            ),
        ),
        &[],
    );
    check(
        "23d",
        two_when(
            json!("*"),
            arn(
                "StringEquals",
                "arn:aws:iam::111122223333:role/aws-service-role/*",
            ),
        ),
        "---",
    );
    check(
        "23e",
        two_when(
            json!("*"),
            arn("ArnLike", "arn:aws:*/AWSServiceRoleForAutoScaling"),
        ),
        "---",
    );
    check(
        "24",
        two_when(everybody(), arn("StringEquals", SESSION)),
        "---",
    );
    check(
        "24b",
        two_when(
            everybody(),
            json!({"StringEquals": {"kms:CallerAccount": B}}),
        ),
        "---",
    );
    check(
        "24c",
        two_when(
            everybody(),
            json!({"StringEquals": {"kms:ViaService": "ec2.us-east-1.amazonaws.com"}}),
        ),
        "---",
    );
    check(
        "24d",
        two_when(
            everybody(),
            json!({"StringEquals": {"kms:ViaService": "autoscaling.us-west-2.amazonaws.com"}}),
        ),
        "---",
    );
    check_warned(
        "24e",
        two_when(
            everybody(),
            json!({"StringEquals": {"KMS:CALLERACCOUNT": A}}),
        ),
        &[Concern::OpenToTheAccount],
    );
}

#[test]
fn a_matching_deny_outweighs_everything() {
    let admin = format!("arn:aws:iam::{A}:role/Admin");
    let unless_admin = json!({"StringNotEquals": {"aws:PrincipalArn": admin}});
    check(
        "26",
        two_and(deny(json!("*"), json!("kms:*"), unless_admin.clone())),
        "---",
    );
    let denied = base(two_and(deny(json!("*"), json!("kms:*"), unless_admin)));
    check_grants("26b", &denied, &[grant(FULL_GRANT)], "---");
    let elsewhere = json!({"StringNotEquals": {"kms:ViaService": VIA_EC2}});
    check_warned(
        "28",
        two_and(deny(json!("*"), json!("kms:Decrypt"), elsewhere)),
        &[],
    );
    check_warned(
        "29",
        two_and(deny(
            json!("*"),
            json!("kms:CreateGrant"),
            for_aws_resource(json!(false)),
        )),
        &[],
    );
    check(
        "29b",
        two_and(deny(root(), json!("kms:Decrypt"), json!({}))),
        "G-C",
    );
    check(
        "29c",
        two_and(deny(
            json!({"AWS": A}),
            json!("kms:generatedatakey*"),
            json!({}),
        )),
        "-DC",
    );
    check(
        "29d",
        two_and(deny(json!({"AWS": B}), json!("kms:*"), json!({}))),
        "GDC",
    );
    check(
        "29e",
        two_and(deny(
            json!({"AWS": SESSION}),
            json!("kms:CreateGrant"),
            json!({}),
        )),
        "GD-",
    );
    check(
        "29f",
        two_and(deny(
            json!({"Service": "autoscaling.amazonaws.com"}),
            json!("kms:*"),
            json!({}),
        )),
        "GDC",
    );
    check(
        "29g",
        two_and(without(
            deny(json!("*"), json!("kms:*"), json!({})),
            "Resource",
        )),
        "GDC",
    );
    check(
        "29h",
        two_and(without(
            deny(json!("*"), json!("kms:*"), json!({})),
            "Action",
        )),
        "GDC",
    );
    check(
        "29i",
        two_and(deny(
            json!("*"),
            json!("kms:*"),
            json!({"Null": {"aws:SourceIp": "true"}}),
        )),
        "---",
    );
    check(
        "29j",
        two_and(deny(
            json!("*"),
            json!("kms:*"),
            json!({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}),
        )),
        "---",
    );
    check(
        "29k",
        two_and(deny(
            json!("*"),
            json!("kms:*"),
            json!({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
        )),
        "---",
    );
    check(
        "29l",
        two_and(deny(
            json!("*"),
            json!("kms:*"),
            json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}),
        )),
        "---",
    );
    check(
        "29m",
        two_and(deny(
            json!("*"),
            json!("kms:*"),
            json!({"Bool": {"aws:MultiFactorAuthPresent": "false"}}),
        )),
        "GDC",
    );
    check(
        "29n",
        two_and(deny(
            json!("*"),
            json!("kms:*"),
            json!({"Bool": {"aws:SecureTransport": "false"}}),
        )),
        "GDC",
    );
    let only_ours = json!({"StringNotEquals": {"kms:CallerAccount": A}});
    check(
        "29o",
        two_and(deny(json!("*"), json!("kms:*"), only_ours)),
        "GDC",
    );
    let not_action = with(
        without(deny(json!("*"), json!(null), json!({})), "Action"),
        "NotAction",
        json!("kms:CreateGrant"),
    );
    check("29p", two_and(not_action), "--C");
}

#[test]
fn a_denying_not_principal_hits_whoever_is_not_fully_listed() {
    let deny_but = |names: Vec<String>| {
        let statement = deny(json!(null), json!("kms:*"), json!({}));
        two_and(with(
            without(statement, "Principal"),
            "NotPrincipal",
            json!({"AWS": names}),
        ))
    };
    let (role, session, root) = (
        autoscaling_role_arn(A),
        SESSION.to_string(),
        format!("arn:aws:iam::{A}:root"),
    );
    check("30a", deny_but(vec![role.clone()]), "---");
    check("30b", deny_but(vec![role.clone(), root.clone()]), "---");
    check("30c", deny_but(vec![session.clone(), root.clone()]), "---");
    check("30d", deny_but(vec![session.clone(), role.clone()]), "---");
    check("30e", deny_but(vec![session, role, root]), "GDC");
}

#[test]
fn actions_match_whole_and_without_regard_to_case() {
    let not_action = json!({"Effect": "Allow", "Principal": role(), "Resource": "*",
        "NotAction": ["kms:ScheduleKeyDeletion", "kms:Disable*"]});
    check_warned(
        "31",
        vec![not_action],
        &[
            Concern::UnconditionedCreateGrant,
            Concern::AllowsByNotAction,
            Concern::AdministrationForAutoScaling,
        ],
    );
    let documented = |actions: Value| vec![allow(role(), actions), create_grant(role())];
    let odd = json!([
        "KMS:generatedatakey*",
        "kms:DECRYPT",
        "kms:Encrypt",
        "kms:reencrypt*",
        "Kms:describekey"
    ]);
    check_warned("32", documented(odd), &[]);
    check(
        "33",
        documented(json!(["kms:Decrypt", "kms:GenerateDataKey"])),
        "-DC",
    );
    check(
        "33b",
        documented(json!(["kms:Decrypt ", " kms:GenerateDataKey*"])),
        "--C",
    );
    check(
        "33c",
        documented(json!(["Decrypt", "GenerateDataKey*"])),
        "--C",
    );
    check(
        "33d",
        documented(json!(["kms:Decryp?", "kms:Generate*WithoutPlaintext"])),
        "GDC",
    );
    check(
        "33e",
        documented(json!(["kms:GenerateDataKeyWithoutPlaintex", "kms:D?crypt"])),
        "-DC",
    );
    check_warned(
        "35",
        documented(json!([
            "kms:Decrypt",
            "kms:GenerateDataKeyWithoutPlaintext"
        ])),
        &[Concern::DocumentedActionMissing],
    );
    check_warned(
        "35b",
        vec![allow(role(), json!("kms:*"))],
        &[
            Concern::UnconditionedCreateGrant,
            Concern::AdministrationForAutoScaling,
        ],
    );
    check("36", documented(json!("s3:*")), "--C");
}

#[test]
fn the_resource_is_this_key_or_everything() {
    let resource = |value: Value| two_each(|statement| with(statement, "Resource", value.clone()));
    check_warned("37", resource(json!(KEY)), &[]);
    check(
        "37b",
        resource(json!("arn:aws:kms:us-west-2:111122223333:alias/new")),
        "---",
    );
    check(
        "37c",
        resource(json!("arn:aws:kms:*:111122223333:key/*")),
        "GDC",
    );
    check(
        "37d",
        resource(json!("arn:aws:kms:us-west-2:111122223333:key/other")),
        "---",
    );
    check(
        "37e",
        resource(json!("arn:aws:kms:us-west-2:${aws:PrincipalAccount}:key/*")),
        "GDC",
    );
    check(
        "37f",
        resource(json!("arn:aws:kms:${missing}:111122223333:key/*")),
        "---",
    );
    check(
        "37g",
        resource(json!("1234abcd-12ab-34cd-56ef-1234567890ab")),
        "---",
    );
    check(
        "37h",
        two_each(|statement| without(statement, "Resource")),
        "---",
    );
    check(
        "37i",
        two_each(|statement| without(statement, "Action")),
        "---",
    );
    let complement = |value: &str| {
        two_each(|statement| with(without(statement, "Resource"), "NotResource", json!(value)))
    };
    check(
        "37j",
        complement("arn:aws:kms:us-west-2:111122223333:key/other"),
        "GDC",
    );
    check("37k", complement(KEY), "---");
    check(
        "37l",
        complement("arn:aws:kms:${missing}:111122223333:key/other"),
        "---",
    );
}

#[test]
fn variables_are_resolved_only_in_documents_of_2012() {
    let own = || {
        two_when(
            role(),
            json!({"StringEquals": {"kms:CallerAccount": "${aws:PrincipalAccount}"}}),
        )
    };
    check_warned("39", own(), &[]);
    for version in [None, Some("2008-10-17")] {
        check_grants("39b", &parse(&document_of(version, own())), &[], "---");
    }
    check(
        "39c",
        two_when(
            role(),
            json!({"StringEquals": {"kms:CallerAccount": "${aws:PrincipalOrgID}"}}),
        ),
        "---",
    );
    check(
        "39d",
        two_when(
            role(),
            json!({"StringEquals": {"kms:CallerAccount": "${x, '111122223333'}"}}),
        ),
        "GDC",
    );
    let without_version = document_of(None, two(role()));
    check_grants("39e", &parse(&without_version), &[], "GDC");
}

#[test]
fn keys_that_forwarded_calls_lack_fail_positive_operators_only() {
    check(
        "42",
        two_when(role(), json!({"StringEquals": {"aws:SourceAccount": A}})),
        "---",
    );
    check(
        "42b",
        two_when(
            role(),
            json!({"StringEqualsIfExists": {"aws:SourceAccount": A}}),
        ),
        "GDC",
    );
    check(
        "42c",
        two_when(
            role(),
            json!({"ForAllValues:StringEquals": {"aws:SourceAccount": B}}),
        ),
        "GDC",
    );
    check(
        "42d",
        two_when(
            role(),
            json!({"ForAnyValue:StringEquals": {"aws:SourceAccount": A}}),
        ),
        "---",
    );
    check(
        "42e",
        two_when(role(), json!({"StringNotEquals": {"aws:SourceAccount": B}})),
        "GDC",
    );
    check(
        "42f",
        two_when(role(), json!({"Null": {"aws:SourceAccount": "true"}})),
        "GDC",
    );
    check(
        "42g",
        two_when(
            role(),
            json!({"ArnLike": {"aws:SourceArn": "arn:aws:autoscaling:*:111122223333:*"}}),
        ),
        "---",
    );
    check(
        "42h",
        two_when(
            role(),
            json!({"ForAnyValue:StringEquals": {"aws:CalledVia": "ec2.amazonaws.com"}}),
        ),
        "---",
    );
    check(
        "42i",
        two_when(
            role(),
            json!({"Bool": {"aws:PrincipalIsAWSService": "true"}}),
        ),
        "---",
    );
    check(
        "42j",
        two_when(
            role(),
            json!({"StringEquals": {"aws:PrincipalType": "AssumedRole"}}),
        ),
        "GDC",
    );
    check(
        "44",
        two_when(
            role(),
            json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
        ),
        "---",
    );
    check(
        "42k",
        two_when(
            role(),
            json!({"StringLike": {"aws:userid": "AROA*:AutoScaling"}}),
        ),
        "GDC",
    );
    check(
        "44b",
        two_when(role(), json!({"StringLike": {"kms:ViaService": "EC2.*"}})),
        "---",
    );
    check(
        "44c",
        two_when(
            role(),
            json!({"StringLike": {"kms:ViaService": "ec2.*.amazonaws.com"}}),
        ),
        "GDC",
    );
    check(
        "44d",
        two_when(
            role(),
            json!({"StringLike": {"kms:EncryptionContext:aws:ebs:id": "vol-*"}}),
        ),
        "GDC",
    );
    check(
        "44e",
        two_when(
            role(),
            json!({"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["aws:ebs:id"]}}),
        ),
        "GDC",
    );
    check(
        "44f",
        two_when(
            role(),
            json!({"StringEquals": {"kms:GrantConstraintType": "EncryptionContextSubset"}}),
        ),
        "--C",
    );
    let decrypt_only =
        json!({"ForAllValues:StringEquals": {"kms:GrantOperations": ["Decrypt", "Encrypt"]}});
    check("44g", two_when(role(), decrypt_only), "GDC");
    check(
        "44h",
        two_when(
            role(),
            json!({"ForAllValues:StringEquals": {"kms:GrantOperations": "Encrypt"}}),
        ),
        "GD-",
    );
    check(
        "44i",
        two_when(
            role(),
            json!({"StringLike": {"kms:GranteePrincipal": "*:aws:ec2-infrastructure:i-*"}}),
        ),
        "--C",
    );
}

#[test]
fn a_grant_helps_when_it_lists_everything_the_launch_needs() {
    let broken = base(vec![]);
    check_grants("45", &broken, &[grant(FULL_GRANT)], "GDC");
    check_grants("46", &broken, &full_grant_without("CreateGrant"), "GD-");
    check_grants(
        "46b",
        &broken,
        &full_grant_without("GenerateDataKeyWithoutPlaintext"),
        "-DC",
    );
    // The grant for the instance cannot hold Decrypt when its parent does not.
    check_grants("46c", &broken, &full_grant_without("Decrypt"), "G--");
    let decrypt_by_policy = base(vec![allow(role(), json!("kms:Decrypt"))]);
    check_grants(
        "46d",
        &decrypt_by_policy,
        &full_grant_without("Decrypt"),
        "GD-",
    );
    let create_by_policy = base(vec![create_grant(role())]);
    check_grants(
        "46e",
        &create_by_policy,
        &[grant(&["GenerateDataKeyWithoutPlaintext", "Decrypt"])],
        "GDC",
    );
    let halves = [
        grant(&["GenerateDataKeyWithoutPlaintext"]),
        grant(&["CreateGrant", "Decrypt"]),
    ];
    check_grants("46f", &broken, &halves, "GDC");
    check_grants("48", &broken, &[], "---");
}

#[test]
fn a_grant_helps_only_its_grantee_and_within_its_constraint() {
    let broken = base(vec![]);
    let to = |grantee: &str| {
        [Grant {
            grantee: grantee.into(),
            ..grant(FULL_GRANT)
        }]
    };
    check_grants("49", &broken, &to(SESSION), "GDC");
    check_grants(
        "49b",
        &broken,
        &to("arn:aws:iam::111122223333:role/AWSServiceRoleForAutoScaling"),
        "---",
    );
    check_grants("49c", &broken, &to("arn:aws:iam::111122223333:root"), "---");
    check_grants("49d", &broken, &to(&autoscaling_role_arn(B)), "---");
    let constrained = |volume: &str| {
        let pairs = [("aws:ebs:id".to_string(), volume.to_string())].into();
        let constraints = GrantConstraints {
            constraint_subset: Some(pairs),
            ..GrantConstraints::default()
        };
        [Grant {
            constraints,
            ..grant(FULL_GRANT)
        }]
    };
    check_grants("49e", &broken, &constrained(VOLUME), "GDC");
    check_grants("49f", &broken, &constrained("vol-other"), "---");
}

#[test]
fn a_launch_from_another_account_needs_a_grant() {
    let policy = base(two(json!({"AWS": autoscaling_role_arn(B)})));
    let launch =
        |grants: &[Grant]| pattern_of(&launch_access(&access(&policy, grants), REGION, B, VOLUME));
    assert_eq!(launch(&[]), "---");
    assert_eq!(
        launch(&[Grant {
            grantee: autoscaling_role_arn(B),
            ..grant(FULL_GRANT)
        }]),
        "GDC"
    );
}

#[test]
fn identity_policies_never_help_the_service_linked_role() {
    let policy = base(vec![]);
    let identity = admin_identity();
    let access = KeyAccess {
        identity: &identity,
        ..access(&policy, &[])
    };
    assert_eq!(launch_access(&access, REGION, A, VOLUME).missing().len(), 3);
}

fn check_decision(
    policy: &Policy,
    identity: &[Policy],
    caller: Caller,
    action: &str,
    expected: bool,
) {
    let access = KeyAccess {
        identity,
        ..access(policy, &[])
    };
    let decision = decide(&access, &Request::new(caller.clone(), action));
    assert_eq!(
        decision.is_allowed(),
        expected,
        "{} {action}: {decision}",
        caller.arn
    );
}

#[test]
fn identity_policies_count_only_where_the_key_policy_delegates() {
    let delegating = base(vec![]);
    let direct = parse(&document_of(
        None,
        vec![allow(
            json!({"AWS": format!("arn:aws:iam::{A}:user/sam")}),
            json!("kms:Decrypt"),
        )],
    ));
    let admin = admin_identity();
    let sam = || Caller::user(A, "sam");
    check_decision(&delegating, &[], sam(), "kms:Decrypt", false);
    check_decision(&delegating, &admin, sam(), "kms:Decrypt", true);
    check_decision(&delegating, &[], Caller::root(A), "kms:Decrypt", true);
    check_decision(&direct, &[], sam(), "kms:Decrypt", true);
    check_decision(&direct, &admin, sam(), "kms:Encrypt", false);
    check_decision(&direct, &[], Caller::root(A), "kms:Decrypt", false);
    let denying = vec![parse(
        r#"{"Statement":{"Effect":"Deny","Action":"kms:Decrypt","Resource":"arn:aws:kms:*:*:key/*"}}"#,
    )];
    check_decision(&direct, &denying, sam(), "kms:Decrypt", false);
    let elsewhere = vec![parse(
        r#"{"Statement":{"Effect":"Allow","Action":"kms:*","Resource":"arn:aws:kms:us-east-1:*:key/*"}}"#,
    )];
    check_decision(&delegating, &elsewhere, sam(), "kms:Decrypt", false);
    check_decision(
        &base(vec![deny(root(), json!("kms:Decrypt"), json!({}))]),
        &admin,
        sam(),
        "kms:Decrypt",
        false,
    );
}

#[test]
fn another_account_needs_its_own_identity_policy_and_cannot_administer() {
    let admin = admin_identity();
    let stranger = || Caller::user(B, "eve");
    for principal in [
        json!("*"),
        json!({"AWS": B}),
        json!({"AWS": format!("arn:aws:iam::{B}:user/eve")}),
    ] {
        let policy = base(vec![allow(principal, json!("kms:*"))]);
        check_decision(&policy, &[], stranger(), "kms:Decrypt", false);
        check_decision(&policy, &admin, stranger(), "kms:Decrypt", true);
        check_decision(&policy, &admin, stranger(), "kms:PutKeyPolicy", false);
    }
    let shared = base(vec![allow(json!({"AWS": B}), json!("kms:*"))]);
    check_decision(&shared, &[], Caller::root(B), "kms:Decrypt", true);
    check_decision(&base(vec![]), &admin, stranger(), "kms:Decrypt", false);
    check_decision(
        &base(vec![allow(json!({"AWS": "*"}), json!("kms:*"))]),
        &[],
        Caller::user(A, "sam"),
        "kms:Decrypt",
        true,
    );
}

#[test]
fn a_service_principal_is_served_only_when_it_signs_itself() {
    let policy = base(vec![allow(
        json!({"Service": "ec2.amazonaws.com"}),
        json!("kms:Decrypt"),
    )]);
    check_decision(
        &policy,
        &[],
        Caller::service("ec2.amazonaws.com"),
        "kms:Decrypt",
        true,
    );
    check_decision(
        &policy,
        &[],
        Caller::service("ec2.amazonaws.com"),
        "kms:Encrypt",
        false,
    );
    check_decision(
        &policy,
        &[],
        Caller::service("s3.amazonaws.com"),
        "kms:Decrypt",
        false,
    );
}

fn check_explanation(statements: Vec<Value>, grants: &[Grant], expected: &[&str]) {
    let role = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling";
    let explanation = launch_of(&base(statements), grants)
        .explain()
        .replace(role, "<role>");
    let lines: Vec<&str> = explanation.lines().collect();
    assert_eq!(lines, expected);
}

#[test]
fn a_refusal_tells_what_was_nearly_enough() {
    let leaves = "statement 1 leaves it to the caller's identity policies in account 111122223333, and none allows it \
                  (a service-linked role can be given none)";
    let once = with(
        conditioned(role(), all_actions(), for_aws_resource(json!(true))),
        "Sid",
        json!("X"),
    );
    let fails = "statement 2 (Sid \"X\") would, but its condition Bool kms:GrantIsForAWSResource needs true, the request has none";
    check_explanation(
        vec![once],
        &[],
        // Refused for the same reason, so told in one line.
        &[&format!(
            "no statement allows kms:GenerateDataKeyWithoutPlaintext, kms:Decrypt for <role>; {leaves}; {fails}"
        )],
    );
    check_explanation(
        vec![
            allow(json!({"Service": "ec2.amazonaws.com"}), all_actions()),
            allow(role(), json!(["kms:Decrypt", "kms:CreateGrant"])),
        ],
        &full_grant_without("GenerateDataKeyWithoutPlaintext"),
        &[&format!(
            "no statement allows kms:GenerateDataKeyWithoutPlaintext for <role>; {leaves}; \
             statement 2 would, but it is for the service ec2.amazonaws.com; \
             statement 3 reaches the caller, but with other actions (kms:Decrypt, kms:CreateGrant); \
             grant g1 is the caller's, but it does not list GenerateDataKeyWithoutPlaintext"
        )],
    );
    check_explanation(
        two_and(with(
            deny(json!("*"), json!("kms:Decrypt"), json!({})),
            "Sid",
            json!("Stop"),
        )),
        &[],
        &["statement 4 (Sid \"Stop\") denies kms:Decrypt to <role>"],
    );
    check_explanation(two(role()), &[], &[]);
}

#[test]
fn kms_words_its_refusal_by_what_is_missing() {
    let message = |policy: &Policy, caller: Caller| {
        let decision = decide(&access(policy, &[]), &Request::new(caller, "kms:Decrypt"));
        decision.access_denied_message("C", "K")
    };
    let sam = || Caller::user(A, "sam");
    let expected = |because: &str| {
        Some(format!(
            "User: C is not authorized to perform: kms:Decrypt on resource: K {because}"
        ))
    };
    assert_eq!(
        message(&base(vec![]), sam()),
        expected("because no identity-based policy allows the kms:Decrypt action")
    );
    assert_eq!(
        message(&base(vec![]), Caller::user(B, "eve")),
        expected("because no resource-based policy allows the kms:Decrypt action")
    );
    let denying = base(vec![deny(json!("*"), json!("kms:*"), json!({}))]);
    assert_eq!(
        message(&denying, sam()),
        expected("with an explicit deny in a resource-based policy")
    );
    assert_eq!(message(&base(vec![]), Caller::root(A)), None);
}

#[test]
fn the_administrator_keeps_the_key_or_learns_what_is_lost() {
    let identity = admin_identity();
    let admin = Caller::role_session(A, "Admin", "me");
    let lost = |policy: &Policy| {
        let access = KeyAccess {
            identity: &identity,
            ..access(policy, &[])
        };
        let administration = keeps_administration(&access, &admin);
        let lost: Vec<&str> = administration
            .lost()
            .iter()
            .map(|(action, _)| *action)
            .collect();
        (administration.kept(), lost.join(" "))
    };
    assert_eq!(lost(&base(two(role()))), (true, String::new()));
    let guarded = two_and(deny(
        json!("*"),
        json!("kms:ScheduleKeyDeletion"),
        json!({}),
    ));
    assert_eq!(
        lost(&base(guarded)),
        (true, "kms:ScheduleKeyDeletion".to_string())
    );
    let sealed = two_and(deny(json!("*"), json!("kms:Put*"), json!({})));
    assert_eq!(lost(&base(sealed)), (false, "kms:PutKeyPolicy".to_string()));
    let ownerless = parse(&document_of(None, two(role())));
    assert!(!lost(&ownerless).0);
    let warnings = launch_warnings(&access(&ownerless, &[]), REGION, A);
    assert!(
        warnings
            .iter()
            .any(|warning| warning.concern == Concern::NoAccountDelegation),
        "{warnings:?}"
    );
}
