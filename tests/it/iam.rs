//! Principals and what they may do, asked by the clients that users have.

use serde_json::{Value, json};

use super::account::Account;

/// What the scripts share: the account's client, and policies as they are usually written.
const SHARED: &str = r#"
iam = client("iam")
TRUST_EC2 = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]})

def trust(arn, **condition):
    statement = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**statement, **condition}]})

def allow(actions, resource="*", effect="Allow", **condition):
    return {"Effect": effect, "Action": actions, "Resource": resource, **condition}

def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})

def arns(list):
    return [item["PolicyArn"].rsplit("/", 1)[1] for item in list]
"#;

#[track_caller]
fn ask(account: &Account, script: &str) -> Value {
    account.boto3(&format!("{SHARED}{script}"))
}

#[test]
fn a_role_is_made_given_policies_and_deleted_once_nothing_hangs_on_it() {
    let account = Account::new();
    let found = ask(
        &account,
        r#"
role = dict(RoleName="node")
made = iam.create_role(**role, AssumeRolePolicyDocument=TRUST_EC2, Path="/team/", Description="for nodes", Tags=[{"Key": "team", "Value": "blue"}])["Role"]
got = iam.get_role(**role)["Role"]
twice = code(iam.create_role, RoleName="NODE", AssumeRolePolicyDocument=TRUST_EC2)
malformed = code(iam.create_role, RoleName="other", AssumeRolePolicyDocument=trust("arn:aws:iam::123456789012:role/nobody"))
bad_name = code(iam.create_role, RoleName="a b", AssumeRolePolicyDocument=TRUST_EC2)
iam.update_role(**role, Description="changed", MaxSessionDuration=7200)
iam.update_role_description(**role, Description="again")
iam.update_assume_role_policy(**role, PolicyDocument=trust(made["Arn"].replace("role/team/node", "root")))
iam.tag_role(**role, Tags=[{"Key": "env", "Value": "test"}])
iam.untag_role(**role, TagKeys=["team"])
for name in ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy"]:
    iam.attach_role_policy(**role, PolicyArn=f"arn:aws:iam::aws:policy/{name}")
none = code(iam.attach_role_policy, **role, PolicyArn="arn:aws:iam::aws:policy/NoSuchPolicy")
iam.put_role_policy(**role, PolicyName="inline", PolicyDocument=document(allow("ecr:*")))
bad_document = code(iam.put_role_policy, **role, PolicyName="bad", PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*"}]}')
profile = dict(InstanceProfileName="nodes")
iam.create_instance_profile(**profile)
iam.add_role_to_instance_profile(**profile, **role)
second = code(iam.add_role_to_instance_profile, **profile, RoleName="eks-workshop-node")
held = [p["InstanceProfileName"] for p in iam.list_instance_profiles_for_role(**role)["InstanceProfiles"]]
in_profile = iam.get_instance_profile(**profile)["InstanceProfile"]["Roles"][0]["RoleName"]
state = {
    "attached": arns(iam.list_attached_role_policies(**role)["AttachedPolicies"]),
    "inline": iam.list_role_policies(**role)["PolicyNames"],
    "document": iam.get_role_policy(**role, PolicyName="inline")["PolicyDocument"],
    "tags": iam.list_role_tags(**role)["Tags"],
    "role": iam.get_role(**role)["Role"],
}
conflicts = [code(iam.delete_role, **role)[1]]
for arn in [p["PolicyArn"] for p in iam.list_attached_role_policies(**role)["AttachedPolicies"]]:
    iam.detach_role_policy(**role, PolicyArn=arn)
not_attached = code(iam.detach_role_policy, **role, PolicyArn="arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy")
conflicts.append(code(iam.delete_role, **role)[1])
iam.delete_role_policy(**role, PolicyName="inline")
conflicts.append(code(iam.delete_role, **role)[1])
conflicts.append(code(iam.delete_instance_profile, **profile)[1])
iam.remove_role_from_instance_profile(**profile, **role)
iam.delete_instance_profile(**profile)
iam.delete_role(**role)
say({
    "made": made, "got": got, "twice": twice, "malformed": malformed, "bad_name": bad_name, "none": none, "second": second,
    "bad_document": bad_document, "held": held, "in_profile": in_profile, "state": state, "conflicts": conflicts, "not_attached": not_attached,
    "gone": [code(iam.get_role, **role), code(iam.get_instance_profile, **profile), code(iam.delete_role, **role)[0]],
    "again": iam.create_role(**role, AssumeRolePolicyDocument=TRUST_EC2)["Role"]["RoleId"] == made["RoleId"],
    "below": [r["RoleName"] for r in iam.list_roles(PathPrefix="/aws-service-role/")["Roles"]],
    "paged": [r["RoleName"] for page in iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 2}) for r in page["Roles"]],
    "profiles": [p["InstanceProfileName"] for p in iam.list_instance_profiles(PathPrefix="/none/")["InstanceProfiles"]],
})
"#,
    );
    assert_eq!(
        found["made"]["Arn"],
        "arn:aws:iam::123456789012:role/team/node"
    );
    assert!(
        found["made"]["RoleId"]
            .as_str()
            .unwrap()
            .starts_with("AROA")
    );
    assert_eq!(
        found["got"]["Tags"],
        json!([{"Key": "team", "Value": "blue"}])
    );
    assert_eq!(
        found["twice"],
        json!(["EntityAlreadyExists", "Role with name NODE already exists."])
    );
    assert_eq!(
        found["malformed"],
        json!([
            "MalformedPolicyDocument",
            "Invalid principal in policy: \"AWS\":\"arn:aws:iam::123456789012:role/nobody\""
        ])
    );
    assert_eq!(found["bad_name"][0], "ValidationError");
    assert_eq!(
        found["none"],
        json!([
            "NoSuchEntity",
            "Policy arn:aws:iam::aws:policy/NoSuchPolicy does not exist or is not attachable."
        ])
    );
    assert_eq!(found["second"][0], "LimitExceeded");
    assert_eq!(
        found["bad_document"],
        json!([
            "MalformedPolicyDocument",
            "Policy statement must contain resources."
        ])
    );
    assert_eq!(found["held"], json!(["nodes"]));
    assert_eq!(found["in_profile"], "node");
    let state = &found["state"];
    assert_eq!(
        state["attached"],
        json!(["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy"])
    );
    assert_eq!(state["inline"], json!(["inline"]));
    assert_eq!(state["document"]["Statement"][0]["Action"], "ecr:*");
    assert_eq!(state["tags"], json!([{"Key": "env", "Value": "test"}]));
    assert_eq!(state["role"]["Description"], "again");
    assert_eq!(state["role"]["MaxSessionDuration"], 7200);
    assert_eq!(
        state["role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"],
        "arn:aws:iam::123456789012:root"
    );
    assert_eq!(
        found["conflicts"],
        json!([
            "Cannot delete entity, must detach all policies first.",
            "Cannot delete entity, must delete policies first.",
            "Cannot delete entity, must remove roles from instance profile first.",
            "Cannot delete entity, must remove roles from instance profile first.",
        ])
    );
    assert_eq!(found["not_attached"][0], "NoSuchEntity");
    assert_eq!(
        found["gone"],
        json!([
            ["NoSuchEntity", "The role with name node cannot be found."],
            ["NoSuchEntity", "Instance Profile nodes cannot be found."],
            "NoSuchEntity"
        ])
    );
    assert_eq!(found["again"], false);
    assert_eq!(found["below"].as_array().unwrap().len(), 3);
    assert_eq!(found["paged"].as_array().unwrap().len(), 6);
    assert_eq!(found["profiles"], json!([]));
}

#[test]
fn a_managed_policy_has_versions_and_simulations_follow_the_one_in_force() {
    let account = Account::new();
    let found = ask(
        &account,
        r#"
narrow = document(allow("eks:DescribeCluster", "arn:aws:eks:us-west-2:123456789012:cluster/eks-workshop"))
wide = document(allow("eks:*"), allow("eks:Delete*", effect="Deny", Condition={"StringNotEquals": {"aws:PrincipalTag/team": "blue"}}))
made = iam.create_policy(PolicyName="eks", PolicyDocument=narrow, Description="for eks", Tags=[{"Key": "a", "Value": "b"}])["Policy"]
policy = dict(PolicyArn=made["Arn"])
iam.create_user(UserName="sam", Path="/people/")
iam.attach_user_policy(UserName="sam", **policy)
source = dict(PolicySourceArn="arn:aws:iam::123456789012:user/people/sam")

def simulate(*actions, resource="arn:aws:eks:us-west-2:123456789012:cluster/eks-workshop", **more):
    results = iam.simulate_principal_policy(**source, ActionNames=list(actions), ResourceArns=[resource], **more)["EvaluationResults"]
    return [result["EvalDecision"] for result in results]

before = simulate("eks:DescribeCluster", "eks:ListNodegroups")
version = iam.create_policy_version(**policy, PolicyDocument=wide, SetAsDefault=False)["PolicyVersion"]
unchanged = simulate("eks:ListNodegroups")
iam.set_default_policy_version(**policy, VersionId="v2")
after = simulate("eks:ListNodegroups", "eks:DeleteCluster")
tagged = simulate("eks:DeleteCluster", ContextEntries=[{"ContextKeyName": "aws:PrincipalTag/team", "ContextKeyValues": ["blue"], "ContextKeyType": "string"}])
detail = iam.simulate_principal_policy(**source, ActionNames=["eks:DeleteCluster"])["EvaluationResults"][0]
custom = iam.simulate_custom_policy(PolicyInputList=[narrow], ActionNames=["eks:DescribeCluster", "kms:Decrypt"])["EvaluationResults"]
slr = iam.simulate_principal_policy(PolicySourceArn=iam.get_role(RoleName="AWSServiceRoleForAutoScaling")["Role"]["Arn"], ActionNames=["ec2:RunInstances", "kms:Decrypt"])["EvaluationResults"]
entities = iam.list_entities_for_policy(**policy)
conflicts = [code(iam.delete_policy, **policy)[1]]
iam.detach_user_policy(UserName="sam", **policy)
conflicts.append(code(iam.delete_policy, **policy)[1])
conflicts.append(code(iam.delete_policy_version, **policy, VersionId="v2")[1])
versions = [(v["VersionId"], v["IsDefaultVersion"]) for v in iam.list_policy_versions(**policy)["Versions"]]
second = iam.get_policy_version(**policy, VersionId="v2")["PolicyVersion"]["Document"]
for _ in range(3):
    iam.create_policy_version(**policy, PolicyDocument=narrow, SetAsDefault=False)
sixth = code(iam.create_policy_version, **policy, PolicyDocument=narrow)
got = iam.get_policy(**policy)["Policy"]
for number in [1, 3, 4, 5]:
    iam.delete_policy_version(**policy, VersionId=f"v{number}")
iam.delete_policy(**policy)
cni = "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"
say({
    "before": before, "unchanged": unchanged, "after": after, "tagged": tagged, "detail": detail, "custom": custom, "slr": slr,
    "version": version["VersionId"], "entities": [u["UserName"] for u in entities["PolicyUsers"]], "conflicts": conflicts, "versions": versions,
    "second": second, "sixth": sixth, "got": got,
    "gone": code(iam.get_policy, **policy),
    "local": iam.list_policies(Scope="Local")["Policies"],
    "attached": sorted(p["PolicyName"] for p in iam.list_policies(Scope="AWS", OnlyAttached=True, PathPrefix="/")["Policies"]),
    "cni": iam.get_policy_version(PolicyArn=cni, VersionId=iam.get_policy(PolicyArn=cni)["Policy"]["DefaultVersionId"])["PolicyVersion"]["Document"]["Statement"][0]["Action"][0],
    "on_cni": [r["RoleName"] for r in iam.list_entities_for_policy(PolicyArn=cni, EntityFilter="Role")["PolicyRoles"]],
    "twice": iam.create_policy(PolicyName="eks", PolicyDocument=narrow)["Policy"]["PolicyId"] == made["PolicyId"],
    "duplicate": code(iam.create_policy, PolicyName="eks", PolicyDocument=narrow),
    "of_aws": code(iam.create_policy_version, PolicyArn=cni, PolicyDocument=narrow)[0],
})
"#,
    );
    assert_eq!(found["before"], json!(["allowed", "implicitDeny"]));
    assert_eq!(found["version"], "v2");
    assert_eq!(found["unchanged"], json!(["implicitDeny"]));
    assert_eq!(found["after"], json!(["allowed", "explicitDeny"]));
    assert_eq!(found["tagged"], json!(["allowed"]));
    let detail = &found["detail"];
    assert_eq!(detail["MatchedStatements"][0]["SourcePolicyId"], "eks");
    assert_eq!(
        detail["MissingContextValues"],
        json!(["aws:PrincipalTag/team"])
    );
    assert_eq!(found["custom"][0]["EvalDecision"], "implicitDeny");
    assert_eq!(found["slr"][0]["EvalDecision"], "allowed");
    assert_eq!(found["slr"][1]["EvalDecision"], "implicitDeny");
    assert_eq!(found["entities"], json!(["sam"]));
    assert_eq!(found["versions"], json!([["v2", true], ["v1", false]]));
    assert_eq!(found["second"]["Statement"][1]["Effect"], "Deny");
    assert_eq!(
        found["conflicts"][0],
        "Cannot delete a policy attached to entities."
    );
    assert_eq!(found["sixth"][0], "LimitExceeded");
    assert_eq!(found["got"]["Description"], "for eks");
    assert_eq!(found["got"]["AttachmentCount"], 0);
    assert_eq!(found["gone"][0], "NoSuchEntity");
    assert_eq!(found["local"], json!([]));
    assert!(
        found["attached"]
            .as_array()
            .unwrap()
            .contains(&json!("AdministratorAccess"))
    );
    assert_eq!(found["cni"], "ec2:AssignPrivateIpAddresses");
    assert_eq!(found["on_cni"], json!(["eks-workshop-node"]));
    assert_eq!(found["twice"], false);
    assert_eq!(found["duplicate"][0], "EntityAlreadyExists");
    assert_eq!(found["of_aws"], "AccessDenied");
}

#[test]
fn a_service_linked_role_is_its_services_alone() {
    let account = Account::new();
    let found = ask(
        &account,
        r#"
name = dict(RoleName="AWSServiceRoleForAutoScaling")
changes = [
    code(iam.put_role_policy, **name, PolicyName="kms", PolicyDocument=document(allow("kms:*"))),
    code(iam.attach_role_policy, **name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"),
    code(iam.update_assume_role_policy, **name, PolicyDocument=TRUST_EC2),
    code(iam.delete_role, **name),
]
iam.update_role(**name, Description="ours")
policy = arns(iam.list_attached_role_policies(**name)["AttachedPolicies"])
task = iam.delete_service_linked_role(**name)["DeletionTaskId"]
say({
    "changes": changes, "policy": policy, "task": task,
    "pending": iam.get_service_linked_role_deletion_status(DeletionTaskId=task),
    "taken": code(iam.create_service_linked_role, AWSServiceName="autoscaling.amazonaws.com"),
    "not_attachable": code(iam.attach_role_policy, RoleName="eks-workshop-node", PolicyArn="arn:aws:iam::aws:policy/aws-service-role/AutoScalingServiceRolePolicy"),
    "unknown": code(iam.create_service_linked_role, AWSServiceName="spot.amazonaws.com"),
})
"#,
    );
    let protected = json!([
        "UnmodifiableEntity",
        "Cannot perform the operation on the protected role 'AWSServiceRoleForAutoScaling' - this role is only modifiable by AWS"
    ]);
    assert_eq!(
        found["changes"],
        json!([protected, protected, protected, protected])
    );
    assert_eq!(found["policy"], json!(["AutoScalingServiceRolePolicy"]));
    assert_eq!(found["pending"]["Status"], "IN_PROGRESS");
    assert_eq!(found["taken"][0], "InvalidInput");
    assert_eq!(
        found["not_attachable"],
        json!([
            "PolicyNotAttachable",
            "Cannot attach a Service Role Policy to a Customer Role."
        ])
    );
    assert_eq!(found["unknown"][0], "InvalidInput");
    account.advance(std::time::Duration::from_secs(60));
    let task = found["task"].as_str().unwrap();
    let status = account.aws(&[
        "iam",
        "get-service-linked-role-deletion-status",
        "--deletion-task-id",
        task,
    ]);
    assert_eq!(status["Status"], "FAILED");
    let uses = &status["Reason"]["RoleUsageList"][0]["Resources"];
    assert!(
        uses[0]
            .as_str()
            .unwrap()
            .contains("autoScalingGroupName/eks-default-")
    );
}

#[test]
fn a_user_has_keys_that_sign_until_they_are_inactive_or_gone() {
    let account = Account::new();
    let found = ask(
        &account,
        r#"
user = dict(UserName="sam")
made = iam.create_user(**user, Tags=[{"Key": "team", "Value": "blue"}])["User"]
key = iam.create_access_key(**user)["AccessKey"]
own = dict(aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
identity = client("sts", **own).get_caller_identity()
nothing = code(client("iam", **own).get_user)
iam.put_user_policy(**user, PolicyName="self", PolicyDocument=document(allow(["iam:GetUser", "iam:*AccessKey*"], "arn:aws:iam::*:user/${aws:username}")))
himself = client("iam", **own).get_user()["User"]["UserId"] == made["UserId"]
others = code(client("iam", **own).get_user, UserName="workshop")
keys = [k["Status"] for k in client("iam", **own).list_access_keys()["AccessKeyMetadata"]]
iam.create_access_key(**user)
third = code(iam.create_access_key, **user)
iam.update_access_key(**user, AccessKeyId=key["AccessKeyId"], Status="Inactive")
inactive = code(client("sts", **own).get_caller_identity)
listed = sorted(k["Status"] for k in iam.list_access_keys(**user)["AccessKeyMetadata"])
conflicts = [code(iam.delete_user, **user)]
for k in iam.list_access_keys(**user)["AccessKeyMetadata"]:
    iam.delete_access_key(**user, AccessKeyId=k["AccessKeyId"])
inline = iam.list_user_policies(**user)["PolicyNames"], iam.get_user_policy(**user, PolicyName="self")["PolicyDocument"]["Version"]
conflicts.append(code(iam.delete_user, **user))
iam.delete_user_policy(**user, PolicyName="self")
tags = iam.list_user_tags(**user)["Tags"]
groups = iam.list_groups_for_user(**user)["Groups"]
iam.delete_user(**user)
say({
    "made": made, "identity": identity, "nothing": nothing, "himself": himself, "others": others, "keys": keys, "third": third, "inactive": inactive,
    "listed": listed, "conflicts": conflicts, "inline": inline, "tags": tags, "groups": groups,
    "gone": [code(iam.get_user, **user)[0], code(client("sts", **own).get_caller_identity)[0]],
    "users": [u["UserName"] for u in iam.list_users()["Users"]],
    "attached": arns(iam.list_attached_user_policies(UserName="workshop")["AttachedPolicies"]),
    "me": iam.get_user()["User"]["Arn"],
    "aliases": iam.list_account_aliases()["AccountAliases"],
    "account": client("sts").get_access_key_info(AccessKeyId=iam.list_access_keys()["AccessKeyMetadata"][0]["AccessKeyId"])["Account"],
})
"#,
    );
    let arn = "arn:aws:iam::123456789012:user/sam";
    assert_eq!(found["identity"]["Arn"], arn);
    assert_eq!(found["identity"]["UserId"], found["made"]["UserId"]);
    assert_eq!(
        found["nothing"],
        json!([
            "AccessDenied",
            format!(
                "User: {arn} is not authorized to perform: iam:GetUser on resource: user sam because no identity-based policy allows the iam:GetUser action"
            )
        ])
    );
    assert_eq!(found["himself"], true);
    assert_eq!(found["others"][0], "AccessDenied");
    assert_eq!(found["keys"], json!(["Active"]));
    assert_eq!(
        found["third"],
        json!([
            "LimitExceeded",
            "Cannot exceed quota for AccessKeysPerUser: 2"
        ])
    );
    assert_eq!(
        found["inactive"],
        json!([
            "InvalidClientTokenId",
            "The security token included in the request is invalid."
        ])
    );
    assert_eq!(found["listed"], json!(["Active", "Inactive"]));
    assert_eq!(found["conflicts"][0][0], "DeleteConflict");
    assert_eq!(
        found["conflicts"][1][1],
        "Cannot delete entity, must delete policies first."
    );
    assert_eq!(found["inline"], json!([["self"], "2012-10-17"]));
    assert_eq!(found["groups"], json!([]));
    assert_eq!(
        found["gone"],
        json!(["NoSuchEntity", "InvalidClientTokenId"])
    );
    assert_eq!(found["users"], json!(["breakfix", "workshop"]));
    assert_eq!(found["attached"], json!(["AdministratorAccess"]));
    assert_eq!(found["me"], "arn:aws:iam::123456789012:user/workshop");
    assert_eq!(found["aliases"], json!([]));
    assert_eq!(found["account"], "123456789012");
}

#[test]
fn a_session_of_a_role_may_do_what_the_role_may_in_the_words_of_each_service() {
    let account = Account::new();
    let found = ask(
        &account,
        r#"
sts = client("sts")
me = sts.get_caller_identity()["Arn"]
role = iam.create_role(RoleName="reader", Path="/team/", AssumeRolePolicyDocument=trust(me, Condition={"StringEquals": {"sts:ExternalId": "42"}}))["Role"]
iam.put_role_policy(RoleName="reader", PolicyName="read", PolicyDocument=document(
    allow(["eks:Describe*", "eks:List*", "autoscaling:SetDesiredCapacity", "ec2:Describe*", "iam:GetRole", "iam:CreateUser"], Condition={"StringEquals": {"aws:RequestedRegion": ["us-west-2", "us-east-1"]}}),
    allow("eks:Describe*", "arn:aws:eks:*:*:nodegroup/*/default/*", effect="Deny"),
    allow("cloudtrail:LookupEvents", Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/team/*"}}),
    allow("sts:AssumeRole", role["Arn"]),
))
assume = dict(RoleArn=role["Arn"], RoleSessionName="look")
refused = [
    code(sts.assume_role, **assume),
    code(sts.assume_role, RoleArn=role["Arn"].replace("reader", "nobody"), RoleSessionName="look"),
    code(sts.assume_role, **assume, ExternalId="42", DurationSeconds=43201),
    code(sts.assume_role, **assume, ExternalId="42", DurationSeconds=7200),
    code(sts.assume_role, RoleArn="arn:aws:iam::123456789012:role/eks-workshop-node", RoleSessionName="look"),
]
session = sts.assume_role(**assume, ExternalId="42")
given = session["Credentials"]
left = (given["Expiration"] - __import__("datetime").datetime.now(given["Expiration"].tzinfo)).total_seconds()
keys = dict(aws_access_key_id=given["AccessKeyId"], aws_secret_access_key=given["SecretAccessKey"], aws_session_token=given["SessionToken"])
own = __import__("functools").cache(lambda service: client(service, **keys))
who = own("sts").get_caller_identity()
without_token = code(client("sts", **{**keys, "aws_session_token": None}).get_caller_identity)[0]
chained = code(own("sts").assume_role, **assume, DurationSeconds=7200)
group = [g["AutoScalingGroupName"] for g in client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]][0]
template = client("ec2").create_launch_template(LaunchTemplateName="ours", LaunchTemplateData={"InstanceType": "t3.large"})["LaunchTemplate"]["LaunchTemplateId"]
own("eks").describe_cluster(name="eks-workshop")
own("eks").list_nodegroups(clusterName="eks-workshop")
own("autoscaling").set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=3)
own("ec2").describe_launch_templates()
own("cloudtrail").lookup_events()
said = {
    "eks": code(own("eks").delete_nodegroup, clusterName="eks-workshop", nodegroupName="default"),
    "eks_denied": code(own("eks").describe_nodegroup, clusterName="eks-workshop", nodegroupName="default"),
    "eks_create": code(own("eks").create_nodegroup, clusterName="eks-workshop", nodegroupName="x", subnets=["subnet-1"], nodeRole="r"),
    "autoscaling": code(own("autoscaling").update_auto_scaling_group, AutoScalingGroupName=group, MinSize=0),
    "autoscaling_read": code(own("autoscaling").describe_auto_scaling_groups),
    "ec2": code(own("ec2").delete_launch_template, LaunchTemplateId=template),
    "iam": code(own("iam").delete_role, RoleName="reader"),
    "iam_list": code(own("iam").list_roles),
    "iam_tag": code(own("iam").create_user, UserName="x", Tags=[{"Key": "a", "Value": "b"}]),
    "kms": code(own("kms").disable_key, KeyId=client("kms").create_key()["KeyMetadata"]["KeyId"]),
}
iam.delete_role_policy(RoleName="reader", PolicyName="read")
iam.delete_role(RoleName="reader")
remade = iam.create_role(RoleName="reader", Path="/team/", AssumeRolePolicyDocument=trust(me))["Role"]
say({"role": role, "group": client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]["AutoScalingGroupARN"], "template": template,
    "refused": refused, "left": left, "who": who, "assumed": session["AssumedRoleUser"], "without_token": without_token, "chained": chained, "said": said,
    "ids": [given["AccessKeyId"][:4], role["RoleId"] != remade["RoleId"]],
    "after": code(own("sts").get_caller_identity)[0]})
"#,
    );
    let session = "arn:aws:sts::123456789012:assumed-role/reader/look";
    let refused = |role: &str| {
        json!([
            "AccessDenied",
            format!(
                "User: arn:aws:iam::123456789012:user/workshop is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::123456789012:role/{role}"
            )
        ])
    };
    assert_eq!(found["refused"][0], refused("team/reader"));
    assert_eq!(found["refused"][1], refused("team/nobody"));
    assert_eq!(found["refused"][2][0], "ValidationError");
    assert_eq!(
        found["refused"][3],
        json!([
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        ])
    );
    assert_eq!(found["refused"][4], refused("eks-workshop-node"));
    assert!((3500.0..=3601.0).contains(&found["left"].as_f64().unwrap()));
    assert_eq!(found["who"]["Arn"], session);
    let id = format!("{}:look", found["role"]["RoleId"].as_str().unwrap());
    assert_eq!(found["who"]["UserId"], id);
    assert_eq!(
        found["assumed"],
        json!({"Arn": session, "AssumedRoleId": id})
    );
    assert_eq!(found["without_token"], "InvalidClientTokenId");
    assert_eq!(found["chained"][0], "AccessDenied");
    assert_eq!(found["ids"], json!(["ASIA", true]));
    assert_eq!(found["after"], "InvalidClientTokenId");
    let denied = |code: &str, prefix: &str, action: &str, on: &str, because: &str| {
        json!([
            code,
            format!("{prefix}User: {session} is not authorized to perform: {action}{on} {because}")
        ])
    };
    let implicit = |code: &str, prefix: &str, action: &str, on: &str| {
        let because = format!("because no identity-based policy allows the {action} action");
        denied(code, prefix, action, on, &because)
    };
    let said = &found["said"];
    let text = said["eks"][1].as_str().unwrap();
    assert!(text.contains("eks:DeleteNodegroup on resource: arn:aws:eks:us-west-2:123456789012:nodegroup/eks-workshop/default/"), "{text}");
    let text = said["eks_denied"][1].as_str().unwrap();
    assert!(
        text.ends_with("with an explicit deny in an identity-based policy"),
        "{text}"
    );
    assert_eq!(said["eks_denied"][0], "AccessDeniedException");
    assert_eq!(
        said["eks_create"],
        implicit(
            "AccessDeniedException",
            "",
            "eks:CreateNodegroup",
            " on resource: arn:aws:eks:us-west-2:123456789012:cluster/eks-workshop"
        )
    );
    let group = format!(" on resource: {}", found["group"].as_str().unwrap());
    assert_eq!(
        said["autoscaling"],
        implicit(
            "AccessDenied",
            "",
            "autoscaling:UpdateAutoScalingGroup",
            &group
        )
    );
    assert_eq!(
        said["autoscaling_read"],
        implicit(
            "AccessDenied",
            "",
            "autoscaling:DescribeAutoScalingGroups",
            ""
        )
    );
    let template = format!(
        " on resource: arn:aws:ec2:us-west-2:123456789012:launch-template/{}",
        found["template"].as_str().unwrap()
    );
    assert_eq!(
        said["ec2"],
        implicit(
            "UnauthorizedOperation",
            "You are not authorized to perform this operation. ",
            "ec2:DeleteLaunchTemplate",
            &template
        )
    );
    assert_eq!(
        said["iam"],
        implicit(
            "AccessDenied",
            "",
            "iam:DeleteRole",
            " on resource: role reader"
        )
    );
    assert_eq!(
        said["iam_list"],
        implicit(
            "AccessDenied",
            "",
            "iam:ListRoles",
            " on resource: arn:aws:iam::123456789012:role/"
        )
    );
    assert_eq!(
        said["iam_tag"],
        implicit(
            "AccessDenied",
            "",
            "iam:TagUser",
            " on resource: arn:aws:iam::123456789012:user/x"
        )
    );
    assert_eq!(said["kms"][0], "AccessDeniedException");
}

#[test]
fn the_account_begins_with_the_roles_that_a_cluster_has() {
    let account = Account::new();
    let role = account.aws(&["iam", "get-role", "--role-name", "eks-workshop-node"]);
    let trust = &role["Role"]["AssumeRolePolicyDocument"]["Statement"][0];
    assert_eq!(trust["Principal"]["Service"], "ec2.amazonaws.com");
    let attached = account.aws(&[
        "iam",
        "list-attached-role-policies",
        "--role-name",
        "eks-workshop-node",
        "--query",
        "AttachedPolicies[].PolicyName",
    ]);
    assert_eq!(
        attached,
        json!([
            "AmazonEKSWorkerNodePolicy",
            "AmazonEC2ContainerRegistryReadOnly",
            "AmazonEKS_CNI_Policy",
            "AmazonSSMManagedInstanceCore"
        ])
    );
    let said = account.aws_refuses(&["iam", "get-role", "--role-name", "nobody"]);
    assert!(
        said.contains("(NoSuchEntity) when calling the GetRole operation: The role with name nobody cannot be found."),
        "{said}"
    );
    let said = account.aws_refuses(&[
        "sts",
        "decode-authorization-message",
        "--encoded-message",
        "x",
    ]);
    assert!(said.contains("is not simulated"), "{said}");
}
