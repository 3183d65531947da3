//! `breakfix doctor`: what is missing is named with the way out, and nothing is changed.

use serde_json::Value;

use super::ground::Ground;
use super::support::{Breakfix, Outcome, breakfix};

const ACCOUNT: &str = "123456789012";
const ON: [&str; 10] = [
    "doctor",
    "--format",
    "json",
    "--on",
    "aws",
    "--account",
    ACCOUNT,
    "--region",
    "us-west-2",
    "--cluster",
];

fn finding(outcome: &Outcome, id: &str) -> Value {
    let document = outcome.json();
    let findings = document["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["id"] == id);
    found
        .unwrap_or_else(|| panic!("no {id} in {document:#}"))
        .clone()
}

#[track_caller]
fn check(outcome: &Outcome, id: &str, health: &str, said: &str) {
    let finding = finding(outcome, id);
    assert_eq!(finding["health"], health, "{finding:#}");
    let text = format!("{} {}", finding["said"], finding["advice"]);
    assert!(text.contains(said), "{finding:#}");
    assert_eq!(finding["advice"].is_null(), health == "ok", "{finding:#}");
}

#[test]
fn a_machine_that_has_everything_is_ok() {
    let call = breakfix(&["doctor"]);
    let outcome = call.run_once();
    assert_eq!(outcome.status, 0, "{}", outcome.stdout);
    for line in [
        "ok           aws ",
        "ok           simulator ",
        "ok           sessions ",
    ] {
        assert!(outcome.stdout.contains(line), "{}", outcome.stdout);
    }
    assert_eq!(
        std::fs::read_dir(call.root().join("state"))
            .unwrap()
            .count(),
        0
    );
    assert_eq!(outcome.temporary, Vec::<String>::new());
    let japanese = call.call(&["doctor", "--lang", "ja"]);
    assert!(
        japanese.stdout.contains("正常      シミュレーター"),
        "{}",
        japanese.stdout
    );
}

#[test]
fn what_is_missing_or_too_old_is_named_with_the_way_out() {
    let call = breakfix(&["doctor", "--format", "json"])
        .only_programs(&["bash"])
        .program("aws", "#!/bin/bash\necho aws-cli/2.9.19 Python/3.11.2\n")
        .program(
            "kubectl",
            "#!/bin/bash\necho 'broken installation' >&2\nexit 3\n",
        )
        .env("LANG", "C");
    let outcome = call.run_once();
    assert_eq!(outcome.status, 1, "{}", outcome.stdout);
    check(&outcome, "bash", "ok", "");
    check(&outcome, "aws", "to_mend", "AWS_ENDPOINT_URL");
    check(&outcome, "kubectl", "to_mend", "broken installation");
    check(&outcome, "jq", "to_mend", "install jq");
    check(&outcome, "locale", "to_mend", "LANG=C.UTF-8");
    let old = breakfix(&["doctor", "--format", "json"]).program(
        "bash",
        "#!/bin/sh\necho 'GNU bash, version 3.2.57(1)-release'\n",
    );
    check(&old.run(), "bash", "to_mend", "bash 4 or newer");
}

#[test]
fn a_program_that_says_nothing_cannot_be_told() {
    let call =
        breakfix(&["doctor", "--format", "json"]).program("jq", "#!/bin/bash\necho whatever\n");
    let outcome = call.run();
    assert_eq!(outcome.status, 4);
    check(&outcome, "jq", "cannot_tell", "jq --version");
}

#[test]
fn a_state_directory_that_cannot_be_used_is_to_mend() {
    let call = breakfix(&["doctor", "--format", "json"]).env("XDG_STATE_HOME", "/proc/nowhere");
    check(&call.run(), "state", "to_mend", "XDG_STATE_HOME");
}

#[test]
fn a_session_that_was_killed_or_is_past_its_time_is_to_mend() {
    let call = breakfix(&["doctor", "--format", "json"]);
    let session = call.root().join("state/breakfix/sessions/s1");
    std::fs::create_dir_all(&session).unwrap();
    std::fs::write(session.join("lock"), "").unwrap();
    check(
        &call.run_once(),
        "abandoned",
        "to_mend",
        "breakfix sessions",
    );
    std::fs::write(session.join("journal.jsonl"), "nonsense\n{}\n").unwrap();
    check(&call.run_once(), "session", "to_mend", "s1");
    assert!(session.join("journal.jsonl").exists());
}

/// Somebody with the keys of a simulated account.
fn owner(ground: &Ground) -> Breakfix {
    let key = ground.simulator.learner_key();
    breakfix(&[])
        .env("AWS_ENDPOINT_URL", &ground.simulator.aws_url())
        .env("AWS_ACCESS_KEY_ID", &key.id)
        .env("AWS_SECRET_ACCESS_KEY", &key.secret)
        .env("AWS_DEFAULT_REGION", "us-west-2")
        .env("AWS_EC2_METADATA_DISABLED", "true")
}

fn changes(ground: &Ground) -> usize {
    let events = ground.simulator.events(0);
    events
        .iter()
        .filter(|event| !event.read_only && event.access_key.is_some())
        .count()
}

#[test]
fn an_account_is_looked_at_without_a_change() {
    let ground = Ground::new();
    let owner = owner(&ground);
    let closed = owner.call(&[&ON[..], &["eks-workshop"]].concat());
    assert_eq!(closed.status, 1, "{}\n{}", closed.stdout, closed.stderr);
    check(&closed, "identity", "ok", ACCOUNT);
    check(&closed, "server-clock", "ok", "");
    check(&closed, "cluster", "to_mend", "breakfix:allow=true");
    let missing = owner.call(&[&ON[..], &["another"]].concat());
    check(
        &missing,
        "cluster",
        "to_mend",
        "aws eks list-clusters --region us-west-2",
    );
    assert_eq!(changes(&ground), 0);
    let tag = format!(
        "aws eks tag-resource --resource-arn arn:aws:eks:us-west-2:{ACCOUNT}:cluster/eks-workshop --tags breakfix:allow=true"
    );
    assert_eq!(owner.bash(&tag).status, 0);
    let open = owner.call(&[&ON[..], &["eks-workshop"]].concat());
    assert_eq!(open.status, 0, "{}\n{}", open.stdout, open.stderr);
    for id in ["cluster", "neighbour", "kubernetes", "permissions"] {
        check(&open, id, "ok", "");
    }
}

#[test]
fn what_an_identity_may_not_do_is_named() {
    let ground = Ground::new();
    let owner = owner(&ground);
    let with = |name: &str, actions: &str| {
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":{actions},"Resource":"*"}}]}}"#
        );
        let script = format!(
            "aws iam create-user --user-name {name} >/dev/null && aws iam put-user-policy --user-name {name} --policy-name p \
             --policy-document '{policy}' && aws iam create-access-key --user-name {name} \
             --query 'AccessKey.[AccessKeyId,SecretAccessKey]' --output text"
        );
        let made = owner.bash(&script);
        let mut words = made.stdout.split_whitespace();
        let key = words
            .next()
            .unwrap_or_else(|| panic!("{}", made.stderr))
            .to_owned();
        let call = [&ON[..], &["eks-workshop"]].concat();
        breakfix(&call)
            .env("AWS_ENDPOINT_URL", &ground.simulator.aws_url())
            .env("AWS_ACCESS_KEY_ID", &key)
            .env("AWS_SECRET_ACCESS_KEY", words.next().unwrap())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .run()
    };
    let some = with(
        "some",
        r#"["eks:*","ec2:*","autoscaling:*","iam:*","kms:List*","kms:Describe*","kms:Get*"]"#,
    );
    check(&some, "permissions", "to_mend", "kms:CreateKey, ");
    check(&some, "kubernetes", "to_mend", "AmazonEKSViewPolicy");
    let blind = with("blind", r#"["eks:*"]"#);
    assert_eq!(blind.status, 4, "{}", blind.stdout);
    check(
        &blind,
        "permissions",
        "cannot_tell",
        "iam:SimulatePrincipalPolicy",
    );
}

#[test]
fn credentials_that_are_missing_or_anothers_are_to_mend() {
    let ground = Ground::new();
    let other = [
        &ON[..5],
        &[
            "--account",
            "999988887777",
            "--region",
            "us-west-2",
            "--cluster",
            "c",
        ],
    ]
    .concat();
    let outcome = owner(&ground).call(&other);
    check(&outcome, "identity", "to_mend", "999988887777");
    let nobody = breakfix(&[&ON[..], &["c"]].concat())
        .env("AWS_ENDPOINT_URL", &ground.simulator.aws_url())
        .env("AWS_EC2_METADATA_DISABLED", "true");
    let outcome = nobody.run();
    check(&outcome, "identity", "to_mend", "aws sso login");
    check(&outcome, "cluster", "cannot_tell", "identity first");
}
