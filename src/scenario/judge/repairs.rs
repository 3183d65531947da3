//! Repairs as learners make them, as they are observed: a key policy, grants and a state. Each is judged by the checks
//! of a scenario that wants Auto Scaling to launch with this key, nobody let in from outside, and the administrators in.

use serde_json::{Value, json};

use super::super::observation::{Key, Observation};
use super::super::predicate::{KeyAllows, LaunchWouldSucceed, PolicyNotPublic, PrincipalKeeps};
use super::Verdict;
use super::testing::{ACCOUNT, KEY, group, key, observed_group, said, word};
use super::{Judged, Judgement};
use crate::language::Message;
use crate::policy::audit::ADMINISTRATION_REQUIRED;
use crate::policy::launch::autoscaling_role_arn;
use crate::policy::{Grant, GrantConstraints, Policy};

/// What a scenario says of a repair.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Says {
    Accepted,
    /// Accepted, with advice.
    Advised,
    /// Launches fail.
    NoLaunch,
    /// Launches work, but the key is open to the world.
    Public,
    /// Launches work, but an administrator is shut out.
    LockedOut,
}
use Says::*;

fn role() -> Value {
    json!({"AWS": autoscaling_role_arn(ACCOUNT)})
}

fn everybody() -> Value {
    json!({"AWS": "*"})
}

fn root() -> Value {
    json!({"Sid": "Root", "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")},
        "Action": "kms:*", "Resource": "*"})
}

fn statement(principal: Value, action: Value, condition: Value) -> Value {
    let mut statement =
        json!({"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*"});
    if condition != Value::Null {
        statement["Condition"] = condition;
    }
    statement
}

fn use_of_key() -> Value {
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

fn for_aws_resource() -> Value {
    json!({"Bool": {"kms:GrantIsForAWSResource": "true"}})
}

/// The root statement and the two documented ones.
fn documented() -> Vec<Value> {
    vec![
        root(),
        statement(role(), use_of_key(), Value::Null),
        statement(role(), json!("kms:CreateGrant"), for_aws_resource()),
    ]
}

fn documented_and(more: Value) -> Vec<Value> {
    let mut statements = documented();
    statements.push(more);
    statements
}

/// The root statement, and everything for everybody who meets the condition.
fn everybody_when(condition: Value) -> Vec<Value> {
    vec![root(), statement(everybody(), all_actions(), condition)]
}

fn role_when(condition: Value) -> Vec<Value> {
    vec![root(), statement(role(), all_actions(), condition)]
}

fn deny(principal: Value, action: Value, condition: Value) -> Value {
    let mut statement = statement(principal, action, condition);
    statement["Effect"] = json!("Deny");
    statement
}

fn not_principal(effect: &str, names: Value, action: &str) -> Value {
    json!({"Effect": effect, "NotPrincipal": {"AWS": names}, "Action": action, "Resource": "*"})
}

fn grant(grantee: &str, operations: &[&str]) -> Grant {
    Grant {
        id: "g1".into(),
        grantee: grantee.into(),
        operations: operations.iter().map(|name| (*name).to_owned()).collect(),
        ..Grant::default()
    }
}

fn constrained(volume: &str) -> GrantConstraints {
    GrantConstraints {
        constraint_subset: Some([("aws:ebs:id".to_owned(), volume.to_owned())].into()),
        ..GrantConstraints::default()
    }
}

const ENOUGH: [&str; 3] = ["Decrypt", "GenerateDataKeyWithoutPlaintext", "CreateGrant"];

fn seen(statements: Vec<Value>, grants: Vec<Grant>, state: &str) -> Observation {
    let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let policy = Policy::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let key = Key {
        policy: Ok(policy),
        grants: Ok(grants),
        state: state.into(),
        ..key()
    };
    observed_group(key, group("DEGRADED"))
}

fn keeps(principal: &str) -> PrincipalKeeps {
    PrincipalKeeps {
        key: KEY.into(),
        principal: principal.into(),
        actions: ADMINISTRATION_REQUIRED
            .iter()
            .map(|action| (*action).to_owned())
            .collect(),
    }
}

fn judged(observation: &Observation) -> (Says, Judgement) {
    let launches = KeyAllows::launches(KEY).judge(observation);
    let fresh = LaunchWouldSucceed {
        nodegroup: "g".into(),
    }
    .judge(observation)
    .verdict;
    assert_eq!(
        word(&fresh),
        word(&launches.verdict),
        "both ask the same of this key: {fresh:?}"
    );
    let public = PolicyNotPublic { key: KEY.into() }.judge(observation);
    let admin = keeps(&format!("arn:aws:iam::{ACCOUNT}:role/Admin")).judge(observation);
    match (&launches.verdict, &public.verdict, &admin.verdict) {
        (Verdict::NotMet { .. }, ..) => (NoLaunch, launches),
        (_, Verdict::NotMet { .. }, _) => (Public, public),
        (.., Verdict::NotMet { .. }) => (LockedOut, admin),
        (Verdict::Met, Verdict::Met, Verdict::Met) if launches.warnings.is_empty() => {
            (Accepted, launches)
        }
        (Verdict::Met, Verdict::Met, Verdict::Met) => (Advised, launches),
        other => panic!("{other:?}"),
    }
}

/// `telling` is part of what the learner is told; empty where nothing has to be.
fn check(row: &str, observation: &Observation, expected: Says, telling: &str) {
    let (says, judgement) = judged(observation);
    assert_eq!(says, expected, "{row}: {judgement:?}");
    let warnings = Message::from(judgement.warnings.clone());
    let told = format!("{} {warnings}", said(&judgement.verdict));
    assert!(
        told.contains(telling),
        "{row}: {telling:?} is missing in {told}"
    );
    if let Verdict::NotMet { reason, .. } = &judgement.verdict {
        assert!(
            reason.is_some() && judgement.advice.is_some(),
            "{row}: no reason or no advice"
        );
    }
}

fn policies(rows: Vec<(&str, Vec<Value>, Says, &str)>) {
    for (row, statements, expected, telling) in rows {
        check(
            row,
            &seen(statements, Vec::new(), "Enabled"),
            expected,
            telling,
        );
    }
}

#[test]
fn statements_for_the_role() {
    let guarded = |value: Value| {
        vec![
            root(),
            statement(role(), use_of_key(), Value::Null),
            statement(
                role(),
                json!("kms:CreateGrant"),
                json!({"Bool": {"kms:GrantIsForAWSResource": value}}),
            ),
        ]
    };
    let mut own_arn = documented();
    own_arn[1]["Resource"] = json!(KEY);
    let mut alias_arn = documented();
    alias_arn[1]["Resource"] = json!("arn:aws:kms:us-west-2:123456789012:alias/mine");
    let mut any_key = documented();
    any_key[1]["Resource"] = json!("arn:aws:kms:*:123456789012:key/*");
    policies(vec![
        ("as documented", documented(), Accepted, ""),
        ("a JSON boolean", guarded(json!(true)), Accepted, ""),
        (
            "the opposite",
            guarded(json!("false")),
            NoLaunch,
            "kms:CreateGrant",
        ),
        (
            "the broken one",
            vec![root()],
            NoLaunch,
            "service-linked role can be given none",
        ),
        (
            "no CreateGrant",
            vec![root(), statement(role(), use_of_key(), Value::Null)],
            NoLaunch,
            "missing: kms:CreateGrant",
        ),
        (
            "all under the guard",
            role_when(for_aws_resource()),
            NoLaunch,
            "kms:Decrypt",
        ),
        (
            "all without a guard",
            role_when(Value::Null),
            Advised,
            "GrantIsForAWSResource",
        ),
        (
            "only what is needed",
            vec![
                root(),
                statement(
                    role(),
                    json!(["kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext"]),
                    Value::Null,
                ),
                statement(role(), json!("kms:CreateGrant"), for_aws_resource()),
            ],
            Advised,
            "kms:DescribeKey",
        ),
        (
            "GenerateDataKey without star",
            vec![
                root(),
                statement(
                    role(),
                    json!(["kms:Decrypt", "kms:GenerateDataKey", "kms:CreateGrant"]),
                    Value::Null,
                ),
            ],
            NoLaunch,
            "missing: kms:GenerateDataKeyWithoutPlaintext",
        ),
        (
            "odd case",
            vec![
                root(),
                statement(
                    role(),
                    json!(["KMS:decrypt", "kms:GENERATEdatakey*", "kms:createGrant"]),
                    Value::Null,
                ),
            ],
            Advised,
            "",
        ),
        (
            "wide wildcard",
            vec![root(), statement(role(), json!("k*:*"), Value::Null)],
            Advised,
            "may also",
        ),
        (
            "NotAction",
            vec![
                root(),
                json!({"Effect": "Allow", "Principal": role(), "NotAction": ["kms:ScheduleKeyDeletion", "kms:Disable*", "kms:PutKeyPolicy"], "Resource": "*"}),
            ],
            Advised,
            "NotAction",
        ),
        (
            "NotAction that leaves one out",
            vec![
                root(),
                json!({"Effect": "Allow", "Principal": role(), "NotAction": "kms:Create*", "Resource": "*"}),
            ],
            NoLaunch,
            "kms:CreateGrant",
        ),
        ("own ARN", own_arn, Accepted, ""),
        ("ARN with wildcards", any_key, Accepted, ""),
        ("alias ARN", alias_arn, NoLaunch, "does not cover this key"),
        (
            "no Resource",
            vec![
                root(),
                json!({"Effect": "Allow", "Principal": role(), "Action": "kms:*"}),
            ],
            NoLaunch,
            "no Resource element",
        ),
        (
            "no root statement",
            vec![
                statement(role(), use_of_key(), Value::Null),
                statement(role(), json!("kms:CreateGrant"), for_aws_resource()),
            ],
            LockedOut,
            "lost: kms:PutKeyPolicy",
        ),
        (
            "an admin by name instead",
            vec![
                statement(
                    json!({"AWS": format!("arn:aws:iam::{ACCOUNT}:role/Admin")}),
                    json!("kms:*"),
                    Value::Null,
                ),
                statement(role(), use_of_key(), Value::Null),
                statement(role(), json!("kms:CreateGrant"), for_aws_resource()),
            ],
            Advised,
            "IAM policies cannot give access",
        ),
        (
            "the session by its ARN",
            vec![
                root(),
                statement(
                    json!({"AWS": format!("arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling")}),
                    all_actions(),
                    Value::Null,
                ),
            ],
            Advised,
            "",
        ),
    ]);
}

#[test]
fn statements_for_others() {
    let of = |principal: Value| vec![root(), statement(principal, all_actions(), Value::Null)];
    let named = |name: &str| of(json!({"AWS": format!("arn:aws:iam::{name}")}));
    policies(vec![
        (
            "the service",
            of(json!({"Service": "autoscaling.amazonaws.com"})),
            NoLaunch,
            "autoscaling.amazonaws.com",
        ),
        (
            "EC2",
            of(json!({"Service": ["ec2.amazonaws.com", "eks.amazonaws.com"]})),
            NoLaunch,
            "ec2.amazonaws.com",
        ),
        (
            "the node role",
            named("123456789012:role/eksctl-eks-workshop-node"),
            NoLaunch,
            "eksctl-eks-workshop-node",
        ),
        (
            "the node groups' role",
            named(
                "123456789012:role/aws-service-role/eks-nodegroup.amazonaws.com/AWSServiceRoleForAmazonEKSNodegroup",
            ),
            NoLaunch,
            "",
        ),
        (
            "the role without its path",
            named("123456789012:role/AWSServiceRoleForAutoScaling"),
            NoLaunch,
            "",
        ),
        (
            "another account's role",
            of(json!({"AWS": autoscaling_role_arn("999999999999")})),
            NoLaunch,
            "",
        ),
        (
            "the account",
            of(json!({"AWS": ACCOUNT})),
            NoLaunch,
            "service-linked role can be given none",
        ),
        (
            "the id of a role that is gone",
            of(json!({"AWS": "AROA1234567890EXAMPLE"})),
            NoLaunch,
            "AROA1234567890EXAMPLE",
        ),
        (
            "the role and a gone one",
            of(json!({"AWS": ["AIDA1234567890EXAMPLE", autoscaling_role_arn(ACCOUNT)]})),
            Advised,
            "",
        ),
    ]);
}

#[test]
fn statements_for_everybody() {
    let slr = autoscaling_role_arn(ACCOUNT);
    let session =
        format!("arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling");
    let via = |service: &str| json!({"StringEquals": {"kms:ViaService": service, "kms:CallerAccount": ACCOUNT}});
    policies(vec![
        (
            "AWS's own pattern",
            everybody_when(via("ec2.us-west-2.amazonaws.com")),
            Accepted,
            "",
        ),
        (
            "one of several services",
            everybody_when(
                json!({"StringEquals": {"kms:ViaService": ["rds.us-west-2.amazonaws.com", "ec2.us-west-2.amazonaws.com"], "kms:CallerAccount": ACCOUNT}}),
            ),
            Accepted,
            "",
        ),
        (
            "a pattern of regions",
            everybody_when(
                json!({"StringLike": {"kms:ViaService": "ec2.*.amazonaws.com"}, "StringEquals": {"aws:PrincipalAccount": ACCOUNT}}),
            ),
            Accepted,
            "",
        ),
        (
            "the wrong region",
            everybody_when(via("ec2.us-east-1.amazonaws.com")),
            NoLaunch,
            "ec2.us-east-1.amazonaws.com",
        ),
        (
            "the wrong service",
            everybody_when(via("autoscaling.us-west-2.amazonaws.com")),
            NoLaunch,
            "kms:ViaService",
        ),
        (
            "the whole account",
            everybody_when(json!({"StringEquals": {"kms:CallerAccount": ACCOUNT}})),
            Advised,
            "every principal of account",
        ),
        (
            "the key's account by variable",
            everybody_when(
                json!({"StringEquals": {"kms:CallerAccount": "${aws:ResourceAccount}", "kms:ViaService": "ec2.us-west-2.amazonaws.com"}}),
            ),
            Accepted,
            "",
        ),
        (
            "the role by condition",
            everybody_when(json!({"StringEquals": {"aws:PrincipalArn": slr}})),
            Advised,
            "GrantIsForAWSResource",
        ),
        (
            "the role by ArnLike",
            everybody_when(
                json!({"ArnLike": {"aws:PrincipalArn": format!("arn:aws:iam::{ACCOUNT}:role/aws-service-role/*/AWSServiceRoleForAutoScaling")}}),
            ),
            Advised,
            "",
        ),
        (
            "the role by StringLike",
            everybody_when(
                json!({"StringLike": {"aws:PrincipalArn": format!("arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling*")}}),
            ),
            Advised,
            "",
        ),
        (
            "the session's ARN is no PrincipalArn",
            everybody_when(json!({"StringEquals": {"aws:PrincipalArn": session}})),
            NoLaunch,
            "aws:PrincipalArn",
        ),
        (
            "nothing",
            everybody_when(Value::Null),
            Public,
            "statement 2",
        ),
        (
            "the star alone",
            vec![root(), statement(json!("*"), json!("kms:*"), Value::Null)],
            Public,
            "statement 2",
        ),
        (
            "a service, of any account",
            everybody_when(
                json!({"StringEquals": {"kms:ViaService": "ec2.us-west-2.amazonaws.com"}}),
            ),
            Public,
            "statement 2",
        ),
        (
            "a condition that always holds",
            everybody_when(json!({"StringLike": {"aws:PrincipalArn": "*"}})),
            Public,
            "",
        ),
        (
            "a transport",
            everybody_when(json!({"Bool": {"aws:SecureTransport": "true"}})),
            Public,
            "",
        ),
        (
            "a region",
            everybody_when(json!({"StringEquals": {"aws:RequestedRegion": "us-west-2"}})),
            Public,
            "",
        ),
        (
            "a key that is absent",
            everybody_when(json!({"Null": {"aws:SourceVpce": "true"}})),
            Public,
            "",
        ),
        (
            "an account if there is one",
            everybody_when(json!({"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}})),
            Public,
            "",
        ),
        (
            "the caller's account if it exists",
            everybody_when(
                json!({"StringEqualsIfExists": {"kms:CallerAccount": ACCOUNT, "kms:ViaService": "ec2.us-west-2.amazonaws.com"}}),
            ),
            Advised,
            "every principal of account",
        ),
        (
            "not another account",
            everybody_when(json!({"StringNotEquals": {"kms:CallerAccount": "999999999999"}})),
            Public,
            "",
        ),
        (
            "any account's roles",
            everybody_when(
                json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/aws-service-role/*"}}),
            ),
            Public,
            "",
        ),
        (
            "a volume, of any account",
            everybody_when(json!({"StringLike": {"kms:EncryptionContext:aws:ebs:id": "vol-*"}})),
            Public,
            "",
        ),
        (
            "everybody but one",
            vec![
                root(),
                not_principal(
                    "Allow",
                    json!("arn:aws:iam::123456789012:user/eve"),
                    "kms:*",
                ),
            ],
            Public,
            "NotPrincipal",
        ),
        (
            "a network",
            everybody_when(
                json!({"StringEquals": {"aws:SourceVpc": "vpc-1", "kms:CallerAccount": ACCOUNT}}),
            ),
            NoLaunch,
            "aws:SourceVpc",
        ),
        (
            "the source account",
            role_when(json!({"StringEquals": {"aws:SourceAccount": ACCOUNT}})),
            NoLaunch,
            "aws:SourceAccount",
        ),
        (
            "the source account if there is one",
            role_when(json!({"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}})),
            Advised,
            "",
        ),
        (
            "an address",
            role_when(json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})),
            NoLaunch,
            "aws:SourceIp",
        ),
    ]);
}

#[test]
fn denials() {
    let slr = autoscaling_role_arn(ACCOUNT);
    let admin = format!("arn:aws:iam::{ACCOUNT}:role/Admin");
    let unless = |names: Value| json!({"ArnNotEquals": {"aws:PrincipalArn": names}});
    let star = || json!("*");
    let session =
        format!("arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling");
    let root_arn = format!("arn:aws:iam::{ACCOUNT}:root");
    let admin_session = format!("arn:aws:sts::{ACCOUNT}:assumed-role/Admin/session");
    policies(vec![
        (
            "all but the admin",
            documented_and(deny(star(), json!("kms:*"), unless(json!(admin)))),
            NoLaunch,
            "denies",
        ),
        (
            "all but both",
            documented_and(deny(star(), json!("kms:*"), unless(json!([admin, slr])))),
            Advised,
            "",
        ),
        (
            "outside of EC2",
            documented_and(deny(
                star(),
                json!("kms:Decrypt"),
                json!({"StringNotEquals": {"kms:ViaService": "ec2.us-west-2.amazonaws.com"}}),
            )),
            Accepted,
            "",
        ),
        (
            "grants for no resource",
            documented_and(deny(
                star(),
                json!("kms:CreateGrant"),
                json!({"Bool": {"kms:GrantIsForAWSResource": "false"}}),
            )),
            Accepted,
            "",
        ),
        (
            "without a VPC",
            documented_and(deny(
                star(),
                json!("kms:Decrypt"),
                json!({"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}),
            )),
            NoLaunch,
            "aws:SourceVpc",
        ),
        (
            "with another VPC",
            documented_and(deny(
                star(),
                json!("kms:Decrypt"),
                json!({"StringNotEqualsIfExists": {"aws:SourceVpc": "vpc-1"}}),
            )),
            NoLaunch,
            "",
        ),
        (
            "where there is a VPC",
            documented_and(deny(
                star(),
                json!("kms:Decrypt"),
                json!({"Null": {"aws:SourceVpc": "false"}}),
            )),
            Accepted,
            "",
        ),
        (
            "the root, so everybody",
            documented_and(deny(
                json!({"AWS": root_arn}),
                json!("kms:Decrypt"),
                Value::Null,
            )),
            NoLaunch,
            "denies kms:Decrypt",
        ),
        (
            "NotPrincipal with the role alone",
            documented_and(not_principal("Deny", json!([slr]), "kms:*")),
            NoLaunch,
            "NotPrincipal",
        ),
        (
            "NotPrincipal in full",
            documented_and(not_principal(
                "Deny",
                json!([slr, session, root_arn, admin, admin_session]),
                "kms:*",
            )),
            Accepted,
            "",
        ),
        (
            "the admin",
            documented_and(deny(json!({"AWS": admin}), json!("kms:Put*"), Value::Null)),
            LockedOut,
            "denies kms:PutKeyPolicy",
        ),
        (
            "strangers, after an open Allow",
            vec![
                root(),
                statement(everybody(), all_actions(), Value::Null),
                deny(
                    star(),
                    json!("kms:*"),
                    json!({"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}}),
                ),
            ],
            Advised,
            "",
        ),
    ]);
}

#[test]
fn grants() {
    let slr = autoscaling_role_arn(ACCOUNT);
    let to_role = |operations: &[&str]| vec![grant(&slr, operations)];
    let with = |constraints: GrantConstraints| {
        vec![Grant {
            constraints,
            ..grant(&slr, &ENOUGH)
        }]
    };
    let but = |missing: &str| -> Vec<&str> {
        ENOUGH.into_iter().filter(|name| *name != missing).collect()
    };
    let deny_all = vec![
        root(),
        deny(
            json!("*"),
            json!("kms:Decrypt"),
            json!({"StringEquals": {"aws:PrincipalArn": slr}}),
        ),
    ];
    for (row, statements, grants, expected, telling) in [
        ("enough", vec![root()], to_role(&ENOUGH), Advised, ""),
        ("none", vec![root()], vec![], NoLaunch, ""),
        (
            "without CreateGrant",
            vec![root()],
            to_role(&but("CreateGrant")),
            NoLaunch,
            "grant g1",
        ),
        (
            "without Decrypt",
            vec![root()],
            to_role(&but("Decrypt")),
            NoLaunch,
            "Decrypt",
        ),
        (
            "without the data key",
            vec![root()],
            to_role(&but("GenerateDataKeyWithoutPlaintext")),
            NoLaunch,
            "GenerateDataKeyWithoutPlaintext",
        ),
        (
            "for one volume",
            vec![root()],
            with(constrained("vol-0aaaaaaaaaaaaaaaa")),
            NoLaunch,
            "EncryptionContextSubset aws:ebs:id=vol-0aaaaaaaaaaaaaaaa",
        ),
        (
            "to the node role",
            vec![root()],
            vec![grant("arn:aws:iam::123456789012:role/node", &ENOUGH)],
            NoLaunch,
            "",
        ),
        (
            "to the session",
            vec![root()],
            vec![grant(
                "arn:aws:sts::123456789012:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling",
                &ENOUGH,
            )],
            Advised,
            "",
        ),
        (
            "to a role that is gone",
            vec![root()],
            vec![grant("AROA1234567890EXAMPLE", &ENOUGH)],
            NoLaunch,
            "",
        ),
        (
            "half by grant, half by policy",
            vec![root(), statement(role(), use_of_key(), Value::Null)],
            to_role(&["CreateGrant", "Decrypt"]),
            Accepted,
            "",
        ),
        (
            "a grant to make grants without what they give",
            vec![root(), statement(role(), use_of_key(), Value::Null)],
            to_role(&["CreateGrant"]),
            NoLaunch,
            "Decrypt",
        ),
        (
            "against a denial",
            deny_all,
            to_role(&ENOUGH),
            NoLaunch,
            "denies",
        ),
    ] {
        check(row, &seen(statements, grants, "Enabled"), expected, telling);
    }
}

#[test]
fn states() {
    for (state, expected, telling) in [
        ("Enabled", Accepted, ""),
        ("Disabled", NoLaunch, "the key is Disabled"),
        ("PendingDeletion", NoLaunch, "cancelled"),
        ("PendingImport", NoLaunch, "the key is PendingImport"),
        ("Unavailable", NoLaunch, "the key is Unavailable"),
    ] {
        check(
            state,
            &seen(documented(), Vec::new(), state),
            expected,
            telling,
        );
    }
}
