//! Documented output is a claim: what a run says when a page shows other than what came.

use serde_json::Value;

use super::support::{Outcome, breakfix, page};

/// Two steps that drift, one of them twice, and one that does not.
fn drifting() -> String {
    page(&[
        ("", "$ echo same\nsame\n$ echo unclaimed"),
        ("", "$ echo one\ntwo\n$ seq 2\n1\n3"),
        (
            "",
            "$ printf '{\"inner\": {\"a\": 1}}' | jq .inner\n{\n  \"inner\": {\n    ...\n  }\n}",
        ),
    ])
}

fn run(arguments: &[&str], page: &str) -> Outcome {
    let mut all = vec!["run", "page.md"];
    all.extend(arguments);
    breakfix(&all).file("page.md", page).run()
}

/// Line and kind of each drift, in order.
fn drifts(outcome: &Outcome) -> Vec<(u64, String)> {
    let lab = outcome.lab();
    let steps = lab["steps"].as_array().unwrap().iter();
    let commands = steps.flat_map(|step| step["commands"].as_array().unwrap());
    let found = commands.map(|command| &command["drift"]);
    found
        .filter(|drift| !drift.is_null())
        .map(|drift| {
            (
                drift["line"].as_u64().unwrap(),
                drift["kind"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

#[test]
fn drift_is_one_line_for_each_step_and_fails_nothing() {
    let outcome = run(&["--on", "none"], &drifting());
    assert_eq!(outcome.status, 0, "{}", outcome.stdout);
    let section = outcome
        .stdout
        .split("  Documented output\n")
        .nth(1)
        .unwrap();
    let (section, counts) = section.split_once("\n\n").unwrap();
    assert_eq!(
        section,
        "  ≠ page.md:13  step 2: the line differs (and 1 more)\n  \
         ≠ page.md:22  step 3: the documented output has the wrapper \"inner\", which is not in the output; jq removes it"
    );
    assert!(counts.starts_with("3 passed, 3 drifted — "), "{counts}");
    assert!(
        !outcome.stderr.contains("documented  "),
        "{}",
        outcome.stderr
    );
}

#[test]
fn verbose_says_on_stderr_what_differs() {
    let outcome = run(&["--on", "none", "-v"], &drifting());
    assert_eq!(outcome.status, 0);
    for said in [
        "page.md:13",
        "page.md:16",
        "documented  3\n",
        "printed     2\n",
    ] {
        assert!(outcome.stderr.contains(said), "{said}: {}", outcome.stderr);
    }
    assert!(!outcome.stdout.contains("printed  "), "{}", outcome.stdout);
}

#[test]
fn drift_that_fails_is_wrong_content_and_shows_everything() {
    let outcome = run(&["--on", "none", "--documented=fail"], &drifting());
    assert_eq!(outcome.status, 3);
    for said in [
        "page.md:13",
        "page.md:16",
        "page.md:22",
        "documented  3\n",
        "printed     2\n",
    ] {
        assert!(outcome.stdout.contains(said), "{said}: {}", outcome.stdout);
    }
    let agreeing = page(&[("", "$ echo same\nsame")]);
    assert_eq!(
        run(&["--on", "none", "--documented=fail"], &agreeing).status,
        0
    );
}

#[test]
fn drift_can_be_ignored() {
    let outcome = run(
        &["--on", "none", "--documented=ignore", "--format=json"],
        &drifting(),
    );
    assert_eq!((outcome.status, drifts(&outcome)), (0, vec![]));
    assert_eq!(outcome.json()["counts"]["drifted"], 0);
}

#[test]
fn programs_get_every_drift() {
    let outcome = run(
        &["--on", "none", "--format=json", "--documented=fail"],
        &drifting(),
    );
    let expected = [(13, "line"), (16, "line"), (22, "wrapper gone")];
    let expected: Vec<_> = expected
        .map(|(line, kind)| (line, kind.to_owned()))
        .to_vec();
    assert_eq!(drifts(&outcome), expected);
    assert_eq!(outcome.json()["counts"]["drifted"], 3);
    assert_eq!(outcome.json()["exit_code"], 3);
    let drift = &outcome.lab()["steps"][1]["commands"][1]["drift"];
    assert_eq!(
        (&drift["expected"], &drift["found"]),
        (&Value::from("3"), &Value::from("2"))
    );
}

#[test]
fn a_step_that_failed_claims_no_output() {
    let failing = page(&[("", "$ echo one; false\ntwo")]);
    let outcome = run(&["--on", "none", "--format=json"], &failing);
    assert_eq!((outcome.status, drifts(&outcome)), (1, vec![]));
    let expected = page(&[("expectError=true", "$ echo one; false\ntwo")]);
    let outcome = run(&["--on", "none", "--format=json"], &expected);
    assert_eq!(drifts(&outcome), [(7, "line".to_owned())]);
}

#[test]
fn output_too_long_to_be_kept_is_not_judged_and_that_is_said() {
    let long = page(&[("", "$ seq 300000\n1\n...\n7")]);
    let outcome = run(&["--on", "none"], &long);
    assert!(
        outcome
            .stdout
            .contains("note: the output of line 6 is too long"),
        "{}",
        outcome.stdout
    );
    assert!(
        !outcome.stdout.contains("Documented output"),
        "{}",
        outcome.stdout
    );
}

/// The two answers keep a wrapper that `--query` removes; the others differ in ids, times, ages,
/// versions, order and number.
const DIAGNOSIS: [(&str, &str); 6] = [
    (
        "",
        "$ kubectl get nodes --selector=eks.amazonaws.com/nodegroup=new_nodegroup_1\nNo resources found",
    ),
    (
        "",
        r#"$ aws eks describe-nodegroup --cluster-name $EKS_CLUSTER_NAME --nodegroup-name new_nodegroup_1 --query 'nodegroup.{Status:status,Sizes:scalingConfig}'

{
    "nodegroup": {
        "status": "DEGRADED",    <<<---
        ...
        "scalingConfig": {
            "maxSize": 1,
            ...
        }
        ...
}"#,
    ),
    (
        "",
        r#"$ aws eks describe-nodegroup --cluster-name $EKS_CLUSTER_NAME --nodegroup-name new_nodegroup_1
{
    "nodegroup": {
        ...
        "clusterName": "eks-workshop",
        "nodegroupName": "new_nodegroup_1",
        "nodegroupArn": "arn:aws:eks:eu-west-1:1234567890:nodegroup/eks-workshop/new_nodegroup_1/abcd1234-1234-abcd-1234-1234abcd1234",
        "version": "1.29",
        "createdAt": "2024-10-04T18:06:36.000Z",
        "launchTemplate": {
            "id": "lt-xxxxxxxxxxxxxxxxx",
            ...
        }
    }
}"#,
    ),
    (
        "",
        r#"$ aws ec2 describe-launch-template-versions --launch-template-id $NEW_NODEGROUP_1_LT_ID --query 'LaunchTemplateVersions[].{Id:LaunchTemplateId,Disks:LaunchTemplateData.BlockDeviceMappings}'

{
    "LaunchTemplateVersions": [
        {
            "LaunchTemplateId": "lt-1234abcd1234abcd1",
            ...
            "LaunchTemplateData": {
            ...
                "BlockDeviceMappings": [
                    {
    --->>>               "DeviceName": "/dev/xvda""#,
    ),
    (
        "",
        r#"$ GROUP=$(aws eks describe-nodegroup --cluster-name $EKS_CLUSTER_NAME --nodegroup-name new_nodegroup_1 --query 'nodegroup.resources.autoScalingGroups[0].name' --output text)
$ aws autoscaling describe-scaling-activities --auto-scaling-group-name $GROUP
{
    "Activities": [
        {
            "Cause": "At 2024-10-04T18:06:36Z an instance was started in response to a difference between desired and actual capacity, increasing the capacity from 0 to 1.",
            "Description": "Launching a new EC2 instance: i-1234abcd1234abcd1.  Status Reason: ...",
            ...
  --->>>    "StatusCode": "Cancelled"
        },
        ...
    ]
}"#,
    ),
    (
        "",
        "$ kubectl get nodes\n\
         NAME                           STATUS   ROLES    AGE   VERSION\n\
         ip-10-0-1-2.ec2.internal       Ready    <none>   5d    v1.29.3-eks-0123abc\n\
         ...",
    ),
];

#[test]
fn wrappers_that_a_query_removes_are_found_and_ids_and_ages_are_not() {
    let arguments = ["--scenario", "missing-worker-nodes", "--format=json"];
    // Waiting lets the fault show, as its own scenario's page does.
    let mut blocks = vec![("wait=900", "$ true")];
    blocks.extend(DIAGNOSIS);
    let outcome = run(&arguments, &page(&blocks));
    let kinds: Vec<String> = drifts(&outcome).into_iter().map(|(_, kind)| kind).collect();
    assert_eq!(
        kinds,
        ["wrapper gone", "wrapper gone"],
        "{:#}",
        outcome.lab()
    );
    let reason = |step: usize| {
        let command = &outcome.lab()["steps"][step - 1]["commands"][0];
        command["drift"]["reason"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let said = |name: &str| {
        format!(
            "the documented output has the wrapper \"{name}\", which is not in the output; --query removes it"
        )
    };
    assert_eq!(reason(3), said("nodegroup"));
    assert_eq!(reason(5), said("LaunchTemplateVersions"));
}
