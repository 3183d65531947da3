//! The real clients against the simulator: broken, then repaired, and what it refuses.

use serde_json::Value;

use super::support::{Outcome, breakfix, page, project};

const GROUP: &str = "--cluster-name $EKS_CLUSTER_NAME --nodegroup-name new_nodegroup_1";
const NODES: &str = "kubectl get nodes --selector=eks.amazonaws.com/nodegroup=new_nodegroup_1";

fn run(blocks: &[(&str, &str)]) -> Outcome {
    breakfix(&["run", "page.md", "--format", "json"])
        .file("page.md", &page(blocks))
        .run()
}

fn run_broken(blocks: &[(&str, &str)]) -> Outcome {
    breakfix(&[
        "run",
        "page.md",
        "--scenario",
        "missing-worker-nodes",
        "--format",
        "json",
    ])
    .file("page.md", &page(blocks))
    .run()
}

fn json(outcome: &Outcome, step: usize, command: usize) -> Value {
    let (stdout, stderr) = outcome.printed(step, command);
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}{stderr}"))
}

#[test]
fn real_clients_see_the_broken_state_and_after_the_repair_health() {
    let solution = project().join("scenarios/missing-worker-nodes/solutions/key-policy.sh");
    let look = format!(
        "$ aws eks describe-nodegroup {GROUP}\n$ aws autoscaling describe-scaling-activities --auto-scaling-group-name $NEW_NODEGROUP_1_ASG_NAME\n$ {NODES}\n$ aws ec2 describe-instances --filters Name=tag:eks:nodegroup-name,Values=new_nodegroup_1"
    );
    let outcome = run_broken(&[
        ("", &look),
        (
            "timeout=600 wait=60",
            &format!("$ bash {}", solution.display()),
        ),
        ("", &look),
    ]);
    assert_eq!(outcome.status, 0, "{:#}", outcome.lab());

    let group = json(&outcome, 1, 1);
    assert_eq!(group["nodegroup"]["status"], "DEGRADED");
    let issue = &group["nodegroup"]["health"]["issues"][0];
    assert_eq!(issue["code"], "AsgInstanceLaunchFailures");
    assert!(
        issue["message"]
            .as_str()
            .unwrap()
            .contains("Client.InvalidKMSKey.InvalidState")
    );
    let activities = json(&outcome, 1, 2);
    let latest = &activities["Activities"][0];
    assert_eq!(latest["StatusCode"], "Cancelled");
    assert!(
        latest["StatusMessage"]
            .as_str()
            .unwrap()
            .ends_with("The KMS key provided is in an incorrect state")
    );
    assert!(activities["Activities"].as_array().unwrap().len() >= 3);
    assert_eq!(
        outcome.printed(1, 3),
        (String::new(), "No resources found\n".to_owned())
    );
    assert_eq!(outcome.lab()["steps"][0]["commands"][2]["exit_code"], 0);
    let instance = &json(&outcome, 1, 4)["Reservations"][0]["Instances"][0];
    assert_eq!(instance["State"]["Name"], "terminated");
    assert!(
        instance["StateReason"]["Message"]
            .as_str()
            .unwrap()
            .contains("InvalidKMSKey")
    );

    let group = json(&outcome, 3, 1);
    assert_eq!(group["nodegroup"]["status"], "ACTIVE");
    assert_eq!(
        group["nodegroup"]["health"]["issues"],
        serde_json::json!([])
    );
    assert_eq!(
        json(&outcome, 3, 2)["Activities"][0]["StatusCode"],
        "Successful"
    );
    let (nodes, _) = outcome.printed(3, 3);
    let columns: Vec<&str> = nodes.lines().nth(1).unwrap().split_whitespace().collect();
    assert!(nodes.starts_with("NAME "), "{nodes}");
    assert_eq!(columns[1..3], ["Ready", "<none>"], "{nodes}");
}

#[test]
fn the_starting_world_is_a_healthy_cluster_with_three_ready_nodes() {
    let outcome = run(&[(
        "",
        "$ kubectl get nodes --no-headers\n$ aws eks list-nodegroups --cluster-name $EKS_CLUSTER_NAME --query nodegroups --output text\n$ aws eks describe-nodegroup --cluster-name $EKS_CLUSTER_NAME --nodegroup-name default --query nodegroup.status --output text\n$ aws sts get-caller-identity --query Account --output text",
    )]);
    assert_eq!(outcome.status, 0, "{:#}", outcome.lab());
    let (nodes, _) = outcome.printed(1, 1);
    assert_eq!(
        nodes
            .lines()
            .filter(|line| line.contains(" Ready "))
            .count(),
        3,
        "{nodes}"
    );
    assert_eq!(outcome.printed(1, 2).0, "default\n");
    assert_eq!(outcome.printed(1, 3).0, "ACTIVE\n");
    assert_eq!(outcome.printed(1, 4).0, "123456789012\n");
}

#[test]
fn a_kubeconfig_made_by_the_aws_cli_works_too() {
    let outcome = run(&[(
        "",
        "$ aws eks update-kubeconfig --name $EKS_CLUSTER_NAME --kubeconfig own\n$ kubectl --kubeconfig own get nodes --no-headers\n$ kubectl --kubeconfig own auth can-i get nodes",
    )]);
    assert_eq!(outcome.status, 0, "{:#}", outcome.lab());
    assert_eq!(outcome.printed(1, 2).0.lines().count(), 3);
}

#[test]
fn a_wrong_secret_and_a_wrong_token_are_refused() {
    let outcome = run(&[(
        "expectError=must",
        "$ ! AWS_SECRET_ACCESS_KEY=wrong aws eks list-clusters\n$ ! AWS_ACCESS_KEY_ID=AKIAUNKNOWN aws kms list-keys\n$ kubectl --token wrong get nodes",
    )]);
    assert_eq!(outcome.status, 0, "{:#}", outcome.lab());
    assert!(
        outcome
            .printed(1, 1)
            .1
            .contains("InvalidSignatureException"),
        "{:?}",
        outcome.printed(1, 1)
    );
    assert!(
        outcome
            .printed(1, 2)
            .1
            .contains("UnrecognizedClientException"),
        "{:?}",
        outcome.printed(1, 2)
    );
    let (_, said) = outcome.printed(1, 3);
    assert!(
        said.contains("You must be logged in to the server"),
        "{said}"
    );
}

#[test]
fn what_is_not_simulated_is_refused_by_name() {
    let check = |command: &str, expected: &str| {
        let outcome = run(&[("expectError=must", &format!("$ {command}"))]);
        let (_, said) = outcome.printed(1, 1);
        assert!(said.contains(expected), "{command}: {said}");
    };
    check(
        "aws kms generate-data-key-pair --key-id alias/aws/ebs --key-pair-spec RSA_2048",
        "kms GenerateDataKeyPair is not simulated",
    );
    check(
        "aws ec2 describe-vpn-connections",
        "ec2 DescribeVpnConnections is not simulated",
    );
    check("aws s3api list-buckets", "service s3 is not simulated");
    check(
        "aws eks list-clusters --region eu-west-1",
        "region eu-west-1 is not simulated",
    );
}

#[test]
fn waiting_costs_no_real_time_and_sleep_moves_the_world() {
    let commands = format!(
        "$ kubectl get nodes --no-headers -o custom-columns=AGE:.metadata.creationTimestamp | head -1\n$ sleep 3600\n$ aws eks update-nodegroup-config --cluster-name $EKS_CLUSTER_NAME --nodegroup-name default --scaling-config desiredSize=4\n$ aws eks wait nodegroup-active --cluster-name $EKS_CLUSTER_NAME --nodegroup-name default\n$ kubectl wait --for=condition=Ready nodes --all --timeout=60s\n$ {}",
        "kubectl get nodes --no-headers | wc -l"
    );
    let outcome = run(&[("timeout=2h", &commands)]);
    assert_eq!(outcome.status, 0, "{:#}", outcome.lab());
    assert_eq!(outcome.printed(1, 6).0.trim(), "4");
    let step = &outcome.lab()["steps"][0];
    let (real, world) = (
        step["duration_ms"].as_u64().unwrap(),
        step["world_ms"].as_u64().unwrap(),
    );
    assert!(world > 3_600_000, "{world} ms");
    assert!(
        real < world / 10,
        "{real} ms of real time for {world} ms of the world's"
    );
}

#[test]
fn limits_count_the_worlds_time() {
    let outcome = run(&[("timeout=60", "$ sleep 61")]);
    assert_eq!(outcome.status, 1);
    let step = &outcome.lab()["steps"][0];
    assert_eq!(step["result"], "timeout", "{step:#}");
    assert!(
        step["reason"].as_str().unwrap().contains("timeout=60"),
        "{step:#}"
    );
}

#[test]
fn a_launch_template_keeps_what_the_cli_gave_it() {
    let commands = "$ aws ec2 create-launch-template --launch-template-name lt-one --launch-template-data '{\"InstanceType\":\"m5.large\",\"BlockDeviceMappings\":[{\"DeviceName\":\"/dev/xvda\",\"Ebs\":{\"VolumeSize\":30,\"Encrypted\":true}}],\"TagSpecifications\":[{\"ResourceType\":\"instance\",\"Tags\":[{\"Key\":\"Name\",\"Value\":\"n\"}]}]}'\n$ aws ec2 describe-launch-template-versions --launch-template-name lt-one --versions '$Latest'\n$ aws ec2 delete-launch-template --launch-template-name lt-one\n$ ! aws ec2 describe-launch-templates --launch-template-names lt-one";
    let outcome = run(&[("", commands)]);
    assert_eq!(outcome.status, 0, "{:#}", outcome.lab());
    let version = &json(&outcome, 1, 2)["LaunchTemplateVersions"][0];
    assert_eq!(version["VersionNumber"], 1);
    assert_eq!(
        version["LaunchTemplateData"],
        serde_json::json!({
            "InstanceType": "m5.large",
            "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": true, "VolumeSize": 30}}],
            "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "n"}]}],
        })
    );
    assert!(
        outcome
            .printed(1, 4)
            .1
            .contains("InvalidLaunchTemplateName.NotFoundException")
    );
}

#[test]
fn a_key_has_states_and_its_policy_cannot_lock_its_owner_out() {
    let commands = "$ KEY=$(aws kms create-key --query KeyMetadata.KeyId --output text)\n$ aws kms schedule-key-deletion --key-id $KEY --pending-window-in-days 7 --query KeyState --output text\n$ ! aws kms enable-key --key-id $KEY\n$ aws kms cancel-key-deletion --key-id $KEY\n$ aws kms describe-key --key-id $KEY --query KeyMetadata.KeyState --output text\n$ aws kms enable-key --key-id $KEY\n$ ! aws kms put-key-policy --key-id $KEY --policy '{\"Statement\":[]}'\n$ ! aws kms describe-key --key-id alias/none";
    let outcome = run(&[("", commands)]);
    assert_eq!(outcome.status, 0, "{:#}", outcome.lab());
    assert_eq!(outcome.printed(1, 2).0, "PendingDeletion\n");
    assert!(
        outcome.printed(1, 3).1.contains("KMSInvalidStateException")
            && outcome.printed(1, 3).1.contains("is pending deletion.")
    );
    assert_eq!(
        outcome.printed(1, 5).0,
        "Disabled\n",
        "cancelling leaves the key disabled"
    );
    assert!(
        outcome
            .printed(1, 7)
            .1
            .contains("will not allow you to update the key policy in the future")
    );
    assert!(outcome.printed(1, 8).1.contains("NotFoundException"));
}

#[test]
fn boto3_and_the_aws_cli_see_the_same_account() {
    let account = super::account::Account::new();
    let identity = account.boto3(r#"say(client("sts").get_caller_identity()["Arn"])"#);
    let by_cli = account.aws(&["sts", "get-caller-identity"]);
    assert_eq!(by_cli["Arn"], identity);
    let refused = account.boto3(r#"say(code(client("kms").describe_key, KeyId="nothing"))"#);
    assert_eq!(refused[0], "NotFoundException");
}
