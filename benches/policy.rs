//! Decisions on a realistic key policy, in microseconds, beside a floor: parsing the same document with
//! `serde_json`. Wanted: a decision costs microseconds.

#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]

use std::hint::black_box;
use std::time::Instant;

use breakfix::policy::launch::{autoscaling_role_arn, launch_access};
use breakfix::policy::{Caller, Grant, KeyAccess, Policy, Request, decide};
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const ROUNDS: usize = 21;
const TIMES: u32 = 2_000;

fn main() {
    let text = document();
    let policy = Policy::parse(&text).expect("the benchmark's policy is valid");
    let identity = Policy::parse(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    )
    .expect("the benchmark's policy is valid");
    let grants = grants();
    let access = KeyAccess {
        policy: &policy,
        grants: &grants,
        identity: std::slice::from_ref(&identity),
        key_arn: KEY,
        account: ACCOUNT,
    };
    let admin = Request::new(Caller::user(ACCOUNT, "sam"), "kms:Decrypt");
    let stranger = Request::new(
        Caller::role_session(ACCOUNT, "team/Other", "x"),
        "kms:Encrypt",
    );
    let refused = KeyAccess {
        identity: &[],
        ..access
    };
    println!(
        "a key policy of {} bytes and {} grants (medians of {ROUNDS})",
        text.len(),
        grants.len()
    );
    let floor = micros(|| serde_json::from_str::<Value>(&text).is_ok());
    for (name, cost) in [
        ("serde_json of it", floor),
        ("Policy::parse", micros(|| Policy::parse(&text).is_ok())),
        ("allowed", micros(|| decide(&access, &admin).is_allowed())),
        (
            "refused, explained",
            micros(|| decide(&refused, &stranger).explain()),
        ),
        (
            "launch: 8 decisions",
            micros(|| launch_access(&access, "us-west-2", ACCOUNT, "vol-1").allowed()),
        ),
    ] {
        println!(
            "  {name:20}{cost:9.2} µs   {:5.2} x serde_json",
            cost / floor
        );
    }
}

/// Median microseconds of one call.
fn micros<T>(mut call: impl FnMut() -> T) -> f64 {
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            for _ in 0..TIMES {
                black_box(call());
            }
            started.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds[ROUNDS / 2]
}

/// What a team's key has after some years: the account, administrators, two kinds of user, a guard.
fn document() -> String {
    let role = |name: &str| format!("arn:aws:iam::{ACCOUNT}:role/{name}");
    let uses = json!([
        "kms:Encrypt",
        "kms:Decrypt",
        "kms:ReEncrypt*",
        "kms:GenerateDataKey*",
        "kms:DescribeKey"
    ]);
    let administers = json!([
        "kms:Create*",
        "kms:Describe*",
        "kms:Enable*",
        "kms:List*",
        "kms:Put*",
        "kms:Update*",
        "kms:Revoke*",
        "kms:Disable*",
        "kms:Get*",
        "kms:Delete*",
        "kms:TagResource",
        "kms:UntagResource",
        "kms:ScheduleKeyDeletion",
        "kms:CancelKeyDeletion"
    ]);
    json!({
        "Version": "2012-10-17",
        "Id": "key-consolepolicy-3",
        "Statement": [
            {"Sid": "Enable IAM User Permissions", "Effect": "Allow",
                "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")}, "Action": "kms:*", "Resource": "*"},
            {"Sid": "Administrators", "Effect": "Allow",
                "Principal": {"AWS": [role("Admin"), role("platform/KeyAdmin")]}, "Action": administers, "Resource": "*"},
            {"Sid": "Applications", "Effect": "Allow",
                "Principal": {"AWS": [role("app/Shop"), role("app/Billing"), role("app/Search")]},
                "Action": uses, "Resource": "*",
                "Condition": {"StringEquals": {"kms:EncryptionContext:app": ["shop", "billing", "search"]}}},
            {"Sid": "Volumes", "Effect": "Allow", "Principal": {"AWS": autoscaling_role_arn(ACCOUNT)},
                "Action": uses, "Resource": "*"},
            {"Sid": "Attachments", "Effect": "Allow", "Principal": {"AWS": autoscaling_role_arn(ACCOUNT)},
                "Action": "kms:CreateGrant", "Resource": "*", "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}},
            {"Sid": "ThroughServicesOfThisAccount", "Effect": "Allow", "Principal": {"AWS": "*"},
                "Action": uses, "Resource": "*",
                "Condition": {"StringEquals": {"kms:CallerAccount": "${aws:ResourceAccount}"},
                    "StringLike": {"kms:ViaService": ["s3.*.amazonaws.com", "rds.*.amazonaws.com"]}}},
            {"Sid": "NobodyElse", "Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*",
                "Condition": {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}, "Bool": {"aws:PrincipalIsAWSService": "false"}}},
        ]
    })
    .to_string()
}

fn grants() -> Vec<Grant> {
    let grant = |number: u32| Grant {
        id: format!("{number:064x}"),
        grantee: format!(
            "arn:aws:sts::{ACCOUNT}:assumed-role/aws:ec2-infrastructure/i-{number:017x}"
        ),
        operations: vec!["Decrypt".to_owned()],
        ..Grant::default()
    };
    (0..20).map(grant).collect()
}
