//! EKS by boto3, `aws` and `kubectl`: node groups from request to end, access entries, updates, add-ons, tags.

use std::time::Duration;

use serde_json::json;

use super::account::Account;

/// Names of the account's own, for scripts.
const NAMES: &str = r#"
eks = client("eks")
here = dict(clusterName="eks-workshop")
ours = dict(here, nodegroupName="ours")
default = eks.describe_nodegroup(**here, nodegroupName="default")["nodegroup"]
role, subnets = default["nodeRole"], default["subnets"]

def describe():
    return eks.describe_nodegroup(**ours)["nodegroup"]
"#;

fn script(account: &Account, text: &str) -> serde_json::Value {
    account.boto3(&format!("{NAMES}{text}"))
}

#[test]
fn a_cluster_tells_all_of_itself() {
    let account = Account::new();
    let said = account.boto3(
        r#"
eks = client("eks")
cluster = eks.describe_cluster(name="eks-workshop")["cluster"]
say([eks.list_clusters()["clusters"], eks.list_clusters(maxResults=1, include=["all"])["clusters"],
     [cluster[name] for name in ["status", "version", "health", "accessConfig", "kubernetesNetworkConfig", "logging"]],
     cluster["identity"]["oidc"]["issuer"].rsplit("/", 1)[0], len(cluster["identity"]["oidc"]["issuer"].rsplit("/")[-1]),
     code(eks.describe_cluster, name="other"), code(eks.delete_cluster, name="eks-workshop")[1],
     code(eks.update_cluster_version, name="eks-workshop", version="1.31")[1]])
"#,
    );
    assert_eq!(
        said,
        json!([
            ["eks-workshop"],
            ["eks-workshop"],
            [
                "ACTIVE",
                "1.30",
                {"issues": []},
                {"authenticationMode": "API_AND_CONFIG_MAP"},
                {"serviceIpv4Cidr": "172.20.0.0/16", "ipFamily": "ipv4", "elasticLoadBalancing": {"enabled": false}},
                {"clusterLogging": [{"types": ["api", "audit", "authenticator", "controllerManager", "scheduler"], "enabled": false}]}
            ],
            "https://oidc.eks.us-west-2.amazonaws.com/id",
            32,
            ["ResourceNotFoundException", "No cluster found for name: other."],
            "DeleteCluster is not simulated",
            "UpdateClusterVersion is not simulated"
        ])
    );
}

#[test]
fn a_cluster_takes_one_change_of_its_configuration_at_a_time() {
    let account = Account::new();
    let begun = account.boto3(
        r#"
eks = client("eks")
cluster = dict(name="eks-workshop")
vpc = dict(endpointPublicAccess=True, publicAccessCidrs=["198.51.100.0/24"])
same = code(eks.update_cluster_config, **cluster, resourcesVpcConfig=dict(endpointPublicAccess=True))
both = code(eks.update_cluster_config, **cluster, resourcesVpcConfig=vpc, accessConfig=dict(authenticationMode="API"))
back = code(eks.update_cluster_config, **cluster, accessConfig=dict(authenticationMode="CONFIG_MAP"))
update = eks.update_cluster_config(**cluster, resourcesVpcConfig=vpc, clientRequestToken="one")["update"]
again = eks.update_cluster_config(**cluster, resourcesVpcConfig=vpc, clientRequestToken="one")["update"]
logging = dict(clusterLogging=[dict(types=["api", "audit"], enabled=True)])
busy = code(eks.update_cluster_config, **cluster, logging=logging)
say([same, both, back, update["type"], update["status"], {p["type"]: p["value"] for p in update["params"]},
     again["id"] == update["id"], busy[0], busy[1].replace(update["id"], "ID"), eks.describe_cluster(**cluster)["cluster"]["status"]])
"#,
    );
    assert_eq!(
        begun,
        json!([
            ["InvalidParameterException", "Cluster is already at the desired configuration with endpointPrivateAccess: true , endpointPublicAccess: true, and Public Endpoint Restrictions: [0.0.0.0/0]"],
            ["InvalidParameterException", "Only one type of update can be allowed."],
            ["InvalidParameterException", "Unsupported authentication mode update from API_AND_CONFIG_MAP to CONFIG_MAP"],
            "EndpointAccessUpdate",
            "InProgress",
            {"EndpointPublicAccess": "true", "EndpointPrivateAccess": "true", "PublicAccessCidrs": "[\"198.51.100.0/24\"]"},
            true,
            "ResourceInUseException",
            "Cannot LoggingUpdate because cluster eks-workshop currently has update ID in progress",
            "UPDATING"
        ])
    );
    let ended = account.boto3(
        r#"
eks = client("eks")
cluster = dict(name="eks-workshop")
eks.get_waiter("cluster_active").wait(**cluster)
logging = dict(clusterLogging=[dict(types=["api", "audit"], enabled=True)])
eks.update_cluster_config(**cluster, logging=logging)
eks.get_waiter("cluster_active").wait(**cluster)
found = eks.describe_cluster(**cluster)["cluster"]
updates = [eks.describe_update(**cluster, updateId=id)["update"] for id in eks.list_updates(**cluster)["updateIds"]]
say([found["resourcesVpcConfig"]["publicAccessCidrs"], found["logging"]["clusterLogging"][0], [(u["type"], u["status"]) for u in updates],
     code(eks.describe_update, **cluster, updateId="none")])
"#,
    );
    assert_eq!(
        ended,
        json!([
            ["198.51.100.0/24"],
            {"types": ["api", "audit"], "enabled": true},
            [["EndpointAccessUpdate", "Successful"], ["LoggingUpdate", "Successful"]],
            ["ResourceNotFoundException", "No update found for id: none."]
        ])
    );
}

#[test]
fn a_node_group_is_made_as_asked_and_goes_with_what_eks_made_for_it() {
    let account = Account::new();
    let made = script(
        &account,
        r#"
taint = dict(key="team", value="a", effect="NO_SCHEDULE")
made = eks.create_nodegroup(**ours, scalingConfig=dict(minSize=1, maxSize=2, desiredSize=1), subnets=subnets, nodeRole=role,
    diskSize=30, instanceTypes=["m5.large"], capacityType="SPOT", labels={"team": "a"}, taints=[taint], tags={"owner": "us"},
    updateConfig=dict(maxUnavailablePercentage=50), remoteAccess=dict(ec2SshKey="key"), clientRequestToken="t")["nodegroup"]
again = eks.create_nodegroup(**ours, subnets=subnets, nodeRole=role, clientRequestToken="t")["nodegroup"]
busy = code(eks.update_nodegroup_config, **ours, labels=dict(addOrUpdateLabels={"x": "y"}))
taken = code(eks.create_nodegroup, **ours, subnets=subnets, nodeRole=role)
eks.get_waiter("nodegroup_active").wait(**ours)
found = describe()
group = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[found["resources"]["autoScalingGroups"][0]["name"]])
names = [eks.list_nodegroups(**here)["nodegroups"], [page["nodegroups"] for page in eks.get_paginator("list_nodegroups").paginate(**here, PaginationConfig=dict(PageSize=1))]]
say([made["status"], again["nodegroupArn"] == made["nodegroupArn"], busy, taken,
     [found[name] for name in ["status", "capacityType", "diskSize", "instanceTypes", "labels", "taints", "tags", "updateConfig", "remoteAccess", "scalingConfig", "amiType", "health"]],
     len(group["AutoScalingGroups"]), names, "launchTemplate" in found])
"#,
    );
    assert_eq!(
        made,
        json!([
            "CREATING",
            true,
            ["ResourceInUseException", "Nodegroup cannot be updated as it is currently not in Active State"],
            ["ResourceInUseException", "NodeGroup already exists with name ours and cluster name eks-workshop"],
            [
                "ACTIVE",
                "SPOT",
                30,
                ["m5.large"],
                {"team": "a"},
                [{"key": "team", "value": "a", "effect": "NO_SCHEDULE"}],
                {"owner": "us"},
                {"maxUnavailablePercentage": 50},
                {"ec2SshKey": "key", "sourceSecurityGroups": []},
                {"minSize": 1, "maxSize": 2, "desiredSize": 1},
                "AL2023_x86_64_STANDARD",
                {"issues": []}
            ],
            1,
            [["default", "ours"], [["default"], ["ours"]]],
            false
        ])
    );
    let shown = |arguments: &[&str]| account.kubectl(arguments).stdout;
    let selector = "--selector=eks.amazonaws.com/nodegroup=ours,team=a";
    let taints = "-o=jsonpath={.items[*].spec.taints}";
    assert_eq!(
        shown(&["get", "nodes", selector, taints]),
        r#"[{"effect":"NoSchedule","key":"team","value":"a"}]"#
    );
    let changed = script(
        &account,
        r#"
old, new = dict(key="team", effect="NO_SCHEDULE"), dict(key="team", value="b", effect="NO_EXECUTE")
update = eks.update_nodegroup_config(**ours, labels=dict(addOrUpdateLabels={"zone": "1"}, removeLabels=["team"]),
    taints=dict(addOrUpdateTaints=[new], removeTaints=[old]), updateConfig=dict(maxUnavailable=2), scalingConfig=dict(maxSize=3))["update"]
eks.get_waiter("nodegroup_active").wait(**ours)
found = describe()
say([[found[name] for name in ["labels", "taints", "updateConfig", "scalingConfig"]], [p["type"] for p in update["params"]],
     eks.describe_update(name="eks-workshop", nodegroupName="ours", updateId=update["id"])["update"]["status"],
     eks.list_updates(name="eks-workshop", nodegroupName="ours")["updateIds"] == [update["id"]]])
"#,
    );
    assert_eq!(
        changed,
        json!([
            [
                {"zone": "1"},
                [{"key": "team", "value": "b", "effect": "NO_EXECUTE"}],
                {"maxUnavailable": 2},
                {"minSize": 1, "maxSize": 3, "desiredSize": 1}
            ],
            ["MaxSize", "LabelsToAdd", "LabelsToRemove", "TaintsToAdd", "TaintsToRemove", "MaxUnavailable"],
            "Successful",
            true
        ])
    );
    let selector = "--selector=eks.amazonaws.com/nodegroup=ours,zone=1,!team";
    assert_eq!(
        shown(&["get", "nodes", selector, taints]),
        r#"[{"effect":"NoExecute","key":"team","value":"b"}]"#
    );
    let gone = script(
        &account,
        r#"
group = describe()["resources"]["autoScalingGroups"][0]["name"]
deleting = eks.delete_nodegroup(**ours)["nodegroup"]["status"]
eks.get_waiter("nodegroup_deleted").wait(**ours)
groups = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"]
say([deleting, groups, code(eks.describe_nodegroup, **ours), role in eks.list_access_entries(**here)["accessEntries"]])
"#,
    );
    assert_eq!(
        gone,
        json!([
            "DELETING",
            [],
            [
                "ResourceNotFoundException",
                "No node group found for name: ours."
            ],
            true
        ])
    );
}

#[test]
fn mistakes_in_a_node_group_are_refused_as_eks_words_them() {
    let account = Account::new();
    let said = script(
        &account,
        r#"
def refused(**members):
    return code(eks.create_nodegroup, **{**ours, "subnets": subnets, "nodeRole": role, **members})

ec2 = client("ec2")
ec2.create_launch_template(LaunchTemplateName="full", LaunchTemplateData=dict(InstanceType="m5.large", ImageId="ami-0123456789abcdef0"))
ec2.create_launch_template(LaunchTemplateName="profile", LaunchTemplateData=dict(IamInstanceProfile=dict(Name="mine")))
full = dict(name="full")
size = dict(nodegroupName="default")
say([
    refused(scalingConfig=dict(minSize=2, maxSize=3, desiredSize=1)),
    refused(scalingConfig=dict(minSize=1, maxSize=2, desiredSize=3)),
    refused(subnets=["subnet-00000000000000000"]),
    refused(nodeRole="arn:aws:iam::123456789012:role/nobody"),
    refused(nodeRole="arn:aws:iam::123456789012:role/eks-workshop-cluster"),
    refused(labels={"kubernetes.io/role": "x"}),
    refused(launchTemplate=dict(name="full", id="lt-0123456789abcdef0")),
    refused(launchTemplate=dict(version="1")),
    refused(launchTemplate=full, instanceTypes=["t3.large"]),
    refused(launchTemplate=full, diskSize=20),
    refused(launchTemplate=full, amiType="AL2023_x86_64_STANDARD"),
    refused(launchTemplate=full, remoteAccess=dict(ec2SshKey="key")),
    refused(launchTemplate=dict(name="profile"))[1].split(" should")[1],
    refused(version="1.29"),
    refused(releaseVersion="1.30.0-20240101"),
    refused(amiType="BOTTLEROCKET_x86_64")[1],
    refused(nodegroupName="-x")[0],
    refused(clusterName="other")[0],
    code(eks.update_nodegroup_config, **here, **size, scalingConfig=dict(desiredSize=2)),
    code(eks.update_nodegroup_config, **here, **size, scalingConfig=dict(desiredSize=9)),
    code(eks.update_nodegroup_version, **here, **size, launchTemplate=full)[0],
    code(eks.update_nodegroup_version, **here, **size, launchTemplate=full, version="1.30"),
    code(eks.delete_nodegroup, **ours),
])
"#,
    );
    let parameter = |text: &str| json!(["InvalidParameterException", text]);
    let either = "Either provide launch template ID or launch template name in the request.";
    assert_eq!(
        said,
        json!([
            parameter("minSize can't be greater than desiredSize"),
            parameter("desiredSize can't be greater than maxSize"),
            parameter("The subnet ID 'subnet-00000000000000000' does not exist"),
            parameter("The role with name nobody cannot be found."),
            parameter(
                "Following required service principals [ec2.amazonaws.com] were not found in the trust relationships of nodeRole arn:aws:iam::123456789012:role/eks-workshop-cluster"
            ),
            parameter(
                "Label cannot contain reserved prefixes [kubernetes.io/, k8s.io/, eks.amazonaws.com/]"
            ),
            ["InvalidRequestException", either],
            ["InvalidRequestException", either],
            parameter("Cannot specify instance types in launch template and API Request"),
            parameter("Disk size must be specified within the launch template."),
            parameter(
                "You cannot specify an AMI Type other than CUSTOM, when specifying an image id in your launch template."
            ),
            parameter("Remote access configuration cannot be specified with a launch template."),
            " not specify an instance profile. The noderole in your request will be used to construct an instance profile.",
            parameter(
                "Nodegroup Kubernetes version should be equal to Cluster kubernetes version 1.30 or NodeGroup kubernetes version 1.30"
            ),
            parameter(
                "Requested release version 1.30.0-20240101 is not valid for kubernetes version 1.30."
            ),
            "amiType BOTTLEROCKET_x86_64 is not simulated: use AL2023_x86_64_STANDARD",
            "InvalidParameterException",
            "ResourceNotFoundException",
            parameter("Minimum capacity 3 can't be greater than desired size 2"),
            parameter("Desired capacity 9 can't be greater than max size 6"),
            "InvalidRequestException",
            parameter("Version and ReleaseVersion updates cannot be combined with other updates"),
            [
                "ResourceNotFoundException",
                "No node group found for name: ours."
            ]
        ])
    );
}

#[test]
fn a_version_update_replaces_nodes_or_falls_back() {
    let account = Account::new();
    let said = script(
        &account,
        r#"
ec2, kms = client("ec2"), client("kms")
template = ec2.create_launch_template(LaunchTemplateName="ours", LaunchTemplateData=dict(InstanceType="m5.large"))["LaunchTemplate"]["LaunchTemplateId"]
eks.create_nodegroup(**ours, scalingConfig=dict(minSize=1, maxSize=2, desiredSize=1), subnets=subnets, nodeRole=role, launchTemplate=dict(name="ours"))
eks.get_waiter("nodegroup_active").wait(**ours)

def instances():
    name = describe()["resources"]["autoScalingGroups"][0]["name"]
    found = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]
    return {instance["InstanceId"]: instance["LaunchTemplate"]["Version"] for instance in found["Instances"]}

def update(version, **more):
    begun = eks.update_nodegroup_version(**ours, launchTemplate=dict(id=template, version=version), **more)["update"]
    eks.get_waiter("nodegroup_active").wait(**ours)
    return eks.describe_update(name="eks-workshop", nodegroupName="ours", updateId=begun["id"])["update"]

before = instances()
ec2.create_launch_template_version(LaunchTemplateName="ours", LaunchTemplateData=dict(InstanceType="m5.xlarge"))
good = update("2", force=True)
replaced = instances()
key = kms.create_key()["KeyMetadata"]["KeyId"]
bad = dict(InstanceType="m5.large", BlockDeviceMappings=[dict(DeviceName="/dev/xvda", Ebs=dict(Encrypted=True, KmsKeyId=key))])
ec2.create_launch_template_version(LaunchTemplateName="ours", LaunchTemplateData=bad)
failed = update("3")
same = eks.update_nodegroup_version(**here, nodegroupName="default")["update"]
eks.get_waiter("nodegroup_active").wait(**here, nodegroupName="default")
say([list(before.values()), good["type"], good["status"], list(replaced.values()), list(before) != list(replaced), failed["status"],
     [error["errorCode"] for error in failed["errors"]], failed["errors"][0]["errorMessage"].split(": ")[-1], describe()["launchTemplate"]["version"], describe()["status"],
     list(instances()) == list(replaced), [p["type"] for p in same["params"]]])
"#,
    );
    assert_eq!(
        said,
        json!([
            ["1"],
            "VersionUpdate",
            "Successful",
            ["2"],
            true,
            "Failed",
            ["NodeCreationFailure"],
            "The KMS key provided is in an incorrect state",
            "2",
            "ACTIVE",
            true,
            ["Version", "ReleaseVersion"]
        ])
    );
}

const PROTECTED: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      nodeSelector: { eks.amazonaws.com/nodegroup: ours }
      containers: [{ name: web, image: nginx }]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: web }
spec:
  minAvailable: 1
  selector: { matchLabels: { app: web } }
"#;

#[test]
fn pods_that_may_not_be_evicted_hold_a_version_update_up_unless_it_is_forced() {
    let account = Account::new();
    script(
        &account,
        r#"
ec2 = client("ec2")
ec2.create_launch_template(LaunchTemplateName="ours", LaunchTemplateData=dict(InstanceType="m5.large"))
ec2.create_launch_template_version(LaunchTemplateName="ours", LaunchTemplateData=dict(InstanceType="m5.xlarge"))
eks.create_nodegroup(**ours, scalingConfig=dict(minSize=1, maxSize=2, desiredSize=1), subnets=subnets, nodeRole=role, launchTemplate=dict(name="ours", version="1"))
eks.get_waiter("nodegroup_active").wait(**ours)
say(None)
"#,
    );
    std::fs::write(account.directory().join("web.yaml"), PROTECTED).unwrap();
    let applied = account.kubectl(&["apply", "-f", "web.yaml"]);
    assert_eq!(applied.status, 0, "{applied:?}");
    account.advance(Duration::from_secs(30));
    let said = script(
        &account,
        r#"
def update(**more):
    begun = eks.update_nodegroup_version(**ours, launchTemplate=dict(name="ours", version="2"), **more)["update"]
    eks.get_waiter("nodegroup_active").wait(**ours)
    ended = eks.describe_update(name="eks-workshop", nodegroupName="ours", updateId=begun["id"])["update"]
    return [ended["status"], [(error["errorCode"], error["errorMessage"]) for error in ended["errors"]], describe()["launchTemplate"]["version"]]

say([update(), update(force=True)])
"#,
    );
    let failure = "Reached max retries while trying to evict pods from nodes in node group ours";
    assert_eq!(
        said,
        json!([
            ["Failed", [["PodEvictionFailure", failure]], "1"],
            ["Successful", [], "2"]
        ])
    );
}

#[test]
fn nodes_that_the_cluster_lets_in_no_more_do_not_join_and_nobody_says_why() {
    let account = Account::new();
    script(
        &account,
        r#"
eks.delete_access_entry(**here, principalArn=role)
eks.update_nodegroup_config(**here, nodegroupName="default", scalingConfig=dict(desiredSize=4))
say(None)
"#,
    );
    account.advance(Duration::from_secs(3600));
    let ready = "-o=jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}";
    assert_eq!(
        account.kubectl(&["get", "nodes", ready]).stdout,
        "Unknown Unknown Unknown"
    );
    let healthy = script(
        &account,
        r#"
found = eks.describe_nodegroup(**here, nodegroupName="default")["nodegroup"]
eks.create_access_entry(**here, principalArn=role, type="EC2_LINUX")
say([found["status"], found["health"]["issues"]])
"#,
    );
    assert_eq!(healthy, json!(["ACTIVE", []]));
    account.advance(Duration::from_secs(600));
    assert_eq!(
        account.kubectl(&["get", "nodes", ready]).stdout,
        "True True True True"
    );
}

#[test]
fn health_follows_what_becomes_of_the_things_a_node_group_needs() {
    let account = Account::new();
    let advance = || account.advance(Duration::from_secs(120));
    let begin = r#"
ec2, scaling = client("ec2"), client("autoscaling")

def health():
    found = eks.describe_nodegroup(**here, nodegroupName="default")["nodegroup"]
    return [found["status"], [(issue["code"], issue["message"]) for issue in found["health"]["issues"]]]
"#;
    let run = |text: &str| script(&account, &format!("{begin}{text}"));
    let template = run(r#"
name = default["resources"]["autoScalingGroups"][0]["name"]
group = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]
policy = group["MixedInstancesPolicy"]["LaunchTemplate"]["LaunchTemplateSpecification"]
ec2.delete_launch_template(LaunchTemplateId=policy["LaunchTemplateId"])
say(health())
"#);
    assert_eq!(template, json!(["ACTIVE", []]));
    advance();
    let (status, issues) = (
        run("say(health())"),
        "We couldn't find the Amazon EC2 launch template for your managed node group. You may be able to recreate a launch template with the same settings to recover.",
    );
    assert_eq!(
        status,
        json!(["DEGRADED", [["Ec2LaunchTemplateNotFound", issues]]])
    );
}

#[test]
fn access_entries_decide_who_gets_in_by_a_token_of_aws() {
    let account = Account::new();
    let config = account.directory().join("own-config");
    let config = config.to_str().unwrap();
    account.try_aws(&[
        "eks",
        "update-kubeconfig",
        "--name",
        "eks-workshop",
        "--kubeconfig",
        config,
    ]);
    let nodes = |extra: &[&str]| account.kubectl(&[&["get", "nodes", "-o=name"], extra].concat());
    let by_token = nodes(&["--kubeconfig", config]);
    assert_eq!(
        (by_token.status, by_token.stdout.lines().count()),
        (0, 3),
        "{by_token:?}"
    );
    let changed = account.boto3(
        r#"
eks = client("eks")
here = dict(clusterName="eks-workshop")
me = client("sts").get_caller_identity()["Arn"]
mine = dict(here, principalArn=me)
admin = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
nodes = "arn:aws:iam::123456789012:role/eks-workshop-node"
before = eks.list_access_entries(**here)["accessEntries"]
by_policy = eks.list_access_entries(**here, associatedPolicyArn=admin)["accessEntries"]
entry = eks.describe_access_entry(**mine)["accessEntry"]
node_entry = eks.describe_access_entry(**here, principalArn=nodes)["accessEntry"]
policies = eks.list_associated_access_policies(**mine)["associatedAccessPolicies"]
again = code(eks.create_access_entry, **mine)
stranger = code(eks.create_access_entry, **here, principalArn=me + "x")
masters = code(eks.update_access_entry, **mine, kubernetesGroups=["system:masters"])
eks.delete_access_entry(**mine)
say([before, by_policy, [entry[name] for name in ["username", "kubernetesGroups", "type", "tags"]],
     [node_entry[name] for name in ["username", "kubernetesGroups", "type"]],
     [(p["policyArn"] == admin, p["accessScope"]) for p in policies], again, stranger, masters, code(eks.describe_access_entry, **mine),
     [p["name"] for p in eks.list_access_policies()["accessPolicies"]][2]])
"#,
    );
    let (me, node) = (
        "arn:aws:iam::123456789012:user/workshop",
        "arn:aws:iam::123456789012:role/eks-workshop-node",
    );
    assert_eq!(
        changed,
        json!([
            [node, me],
            [me],
            [me, [], "STANDARD", {}],
            ["system:node:{{EC2PrivateDNSName}}", ["system:nodes"], "EC2_LINUX"],
            [[true, {"type": "cluster", "namespaces": []}]],
            ["ResourceInUseException", "The specified access entry resource is already in use on this cluster."],
            ["InvalidParameterException", "The specified principalArn is invalid: invalid principal."],
            ["InvalidParameterException", "The kubernetes group name system:masters is invalid, it cannot start with system:"],
            ["ResourceNotFoundException", "The specified principalArn could not be found. You can view your available access entries with 'list-access-entries'."],
            "AmazonEKSClusterAdminPolicy"
        ])
    );
    let refused = nodes(&["--kubeconfig", config]);
    let unauthorized = "You must be logged in to the server (Unauthorized)";
    assert!(refused.stderr.contains(unauthorized), "{refused:?}");
    // The session's own kubeconfig is no IAM identity.
    assert_eq!(nodes(&[]).status, 0);
    account.boto3(
        r#"
eks = client("eks")
mine = dict(clusterName="eks-workshop", principalArn=client("sts").get_caller_identity()["Arn"])
admin = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
scope = dict(type="cluster")
eks.create_access_entry(**mine, kubernetesGroups=["viewers"], tags={"why": "back"})
eks.update_access_entry(**mine, kubernetesGroups=[])
eks.associate_access_policy(**mine, policyArn=admin, accessScope=scope)
eks.disassociate_access_policy(**mine, policyArn=admin)
assert "not simulated" in code(eks.associate_access_policy, **mine, policyArn=admin, accessScope=dict(type="namespace", namespaces=["x"]))[1]
assert code(eks.associate_access_policy, **mine, policyArn="x", accessScope=scope)[1] == "The policyArn parameter format is not valid"
say(None)
"#,
    );
    let forbidden = nodes(&["--kubeconfig", config]).stderr;
    assert!(
        forbidden.contains(
            "nodes is forbidden: User \"arn:aws:iam::123456789012:user/workshop\" cannot list"
        ),
        "{forbidden}"
    );
}

#[test]
fn tags_add_ons_and_what_there_is_none_of() {
    let account = Account::new();
    let said = script(
        &account,
        r#"
cluster = eks.describe_cluster(name="eks-workshop")["cluster"]["arn"]
entry = eks.describe_access_entry(**here, principalArn=role)["accessEntry"]["accessEntryArn"]
for arn in [cluster, default["nodegroupArn"], entry]:
    eks.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2", "7": "3"})
eks.untag_resource(resourceArn=cluster, tagKeys=["a", "7"])
eks.untag_resource(resourceArn=entry, tagKeys=["7"])
tags = [eks.list_tags_for_resource(resourceArn=arn)["tags"] for arn in [cluster, default["nodegroupArn"], entry]]
addons = {name: eks.describe_addon(**here, addonName=name)["addon"] for name in eks.list_addons(**here)["addons"]}
versions = eks.describe_addon_versions(addonName="vpc-cni", kubernetesVersion="1.30")["addons"]
say([tags, code(eks.list_tags_for_resource, resourceArn=cluster + "x")[0], code(eks.tag_resource, resourceArn="x", tags={})[0],
     {name: addon["status"] for name, addon in addons.items()}, code(eks.describe_addon, **here, addonName="x"),
     versions[0]["addonVersions"][0]["addonVersion"] == addons["vpc-cni"]["addonVersion"],
     eks.describe_addon_versions(kubernetesVersion="1.99")["addons"], eks.list_updates(name="eks-workshop", addonName="coredns")["updateIds"],
     eks.list_fargate_profiles(**here)["fargateProfileNames"], eks.list_pod_identity_associations(**here)["associations"],
     eks.list_identity_provider_configs(**here)["identityProviderConfigs"], code(eks.list_insights, **here)[1]])
"#,
    );
    assert_eq!(
        said,
        json!([
            [{"b": "2"}, {"a": "1", "b": "2", "7": "3"}, {"a": "1", "b": "2"}],
            "NotFoundException",
            "BadRequestException",
            {"coredns": "ACTIVE", "kube-proxy": "ACTIVE", "vpc-cni": "ACTIVE"},
            ["ResourceNotFoundException", "No addon: x found in cluster: eks-workshop"],
            true,
            [],
            [],
            [],
            [],
            [],
            "ListInsights is not simulated"
        ])
    );
}
