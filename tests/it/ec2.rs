//! EC2 as strict clients see it: network, instances, volumes, templates, and what keeps instances from being nodes.

use std::time::Duration;

use serde_json::{Value, json};

use super::account::Account;

/// What the scripts below share: a client, and the parts of the starting network by their names.
const NETWORK: &str = r#"
ec2 = client("ec2")

def named(items, name):
    return [item for item in items if any(tag == {"Key": "Name", "Value": name} for tag in item["Tags"])][0]

vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
subnets = ec2.describe_subnets()["Subnets"]
private = named(subnets, "eks-workshop-Private-us-west-2a")["SubnetId"]
public = named(subnets, "eks-workshop-Public-us-west-2a")["SubnetId"]
image = ec2.describe_images(Owners=["amazon"], Filters=[
    {"Name": "name", "Values": ["amazon-eks-node-al2023-x86_64-standard-1.30-*"]}])["Images"][0]["ImageId"]
"#;

fn script(account: &Account, text: &str) -> Value {
    account.boto3(&format!("{NETWORK}{text}"))
}

#[test]
fn the_network_is_described_and_changed() {
    let account = Account::new();
    let told = script(
        &account,
        r#"
told = {}
zones = ec2.describe_availability_zones(Filters=[{"Name": "zone-name", "Values": ["*a"]}])["AvailabilityZones"]
told["zones"] = [zone["ZoneId"] for zone in zones]
told["region"] = ec2.describe_regions()["Regions"][0]["RegionName"]
told["attributes"] = len(ec2.describe_account_attributes()["AccountAttributes"])
told["keys"] = ec2.describe_key_pairs()["KeyPairs"]
told["dns"] = ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsSupport")["EnableDnsSupport"]["Value"]
ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})

pages = ec2.get_paginator("describe_subnets").paginate(PaginationConfig={"PageSize": 5})
told["pages"] = [len(page["Subnets"]) for page in pages]

nat = ec2.describe_nat_gateways()["NatGateways"][0]
address = ec2.describe_addresses(AllocationIds=[nat["NatGatewayAddresses"][0]["AllocationId"]])["Addresses"][0]
told["nat"] = [nat["State"], address["PrivateIpAddress"] == nat["NatGatewayAddresses"][0]["PrivateIp"]]
internet = ec2.describe_internet_gateways()["InternetGateways"][0]
told["internet"] = internet["Attachments"][0]["VpcId"] == vpc
told["main"] = [route["GatewayId"] for table in ec2.describe_route_tables(
    Filters=[{"Name": "association.main", "Values": ["true"]}])["RouteTables"] for route in table["Routes"]]

made = ec2.create_subnet(VpcId=vpc, CidrBlock="10.42.192.0/28", AvailabilityZone="us-west-2b")["Subnet"]
told["free"] = made["AvailableIpAddressCount"]
ec2.modify_subnet_attribute(SubnetId=made["SubnetId"], MapPublicIpOnLaunch={"Value": True})
told["conflict"] = code(ec2.create_subnet, VpcId=vpc, CidrBlock="10.42.192.0/27")

table = ec2.create_route_table(VpcId=vpc, TagSpecifications=[
    {"ResourceType": "route-table", "Tags": [{"Key": "Name", "Value": "ours"}]}])["RouteTable"]["RouteTableId"]
link = ec2.associate_route_table(RouteTableId=table, SubnetId=made["SubnetId"])["AssociationId"]
ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=internet["InternetGatewayId"])
told["again"] = code(ec2.create_route, RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat["NatGatewayId"])
ec2.replace_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat["NatGatewayId"])
routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
told["routes"] = [[route.get("GatewayId"), "NatGatewayId" in route, route["State"]] for route in routes]
ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
told["gone"] = code(ec2.delete_route, RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
told["in use"] = code(ec2.delete_route_table, RouteTableId=table)
other = ec2.describe_route_tables(Filters=[{"Name": "tag:Name", "Values": ["eks-workshop-public"]}])["RouteTables"][0]
link = ec2.replace_route_table_association(AssociationId=link, RouteTableId=other["RouteTableId"])["NewAssociationId"]
ec2.disassociate_route_table(AssociationId=link)
ec2.delete_route_table(RouteTableId=table)
ec2.delete_subnet(SubnetId=made["SubnetId"])
told["no subnet"] = code(ec2.describe_subnets, SubnetIds=[made["SubnetId"]])
used = code(ec2.delete_subnet, SubnetId=public)
told["used"] = [used[0], public in used[1]]

endpoint = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-west-2.s3",
    RouteTableIds=[other["RouteTableId"]])["VpcEndpoint"]["VpcEndpointId"]
told["endpoint"] = [one["State"] for one in ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]]
ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])

elastic = ec2.allocate_address(Domain="vpc")["AllocationId"]
second = ec2.create_nat_gateway(SubnetId=public, AllocationId=elastic)["NatGateway"]["NatGatewayId"]
ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[second])
told["held"] = code(ec2.release_address, AllocationId=elastic)[0]
ec2.delete_nat_gateway(NatGatewayId=second)
ec2.get_waiter("nat_gateway_deleted").wait(NatGatewayIds=[second])
ec2.release_address(AllocationId=elastic)
told["mapped"] = code(ec2.detach_internet_gateway, InternetGatewayId=internet["InternetGatewayId"], VpcId=vpc)[0]
told["attached"] = code(ec2.attach_internet_gateway, InternetGatewayId=internet["InternetGatewayId"], VpcId=vpc)[0]

acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
entry = dict(NetworkAclId=acl, RuleNumber=100, Egress=True, Protocol="6", RuleAction="allow", CidrBlock="0.0.0.0/0", PortRange={"From": 443, "To": 443})
ec2.create_network_acl_entry(**entry)
told["entry twice"] = code(ec2.create_network_acl_entry, **entry)[0]
ec2.replace_network_acl_entry(**{**entry, "RuleAction": "deny"})
told["entries"] = [[one["RuleNumber"], one["RuleAction"]] for one in ec2.describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"][0]["Entries"]]
ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=100, Egress=True)
default = ec2.describe_network_acls(Filters=[{"Name": "default", "Values": ["true"]}])["NetworkAcls"][0]
told["default acl"] = len(default["Associations"])
mine = [one for one in default["Associations"] if one["SubnetId"] == private][0]["NetworkAclAssociationId"]
mine = ec2.replace_network_acl_association(AssociationId=mine, NetworkAclId=acl)["NewAssociationId"]
ec2.replace_network_acl_association(AssociationId=mine, NetworkAclId=default["NetworkAclId"])
ec2.delete_network_acl(NetworkAclId=acl)
say(told)
"#,
    );
    assert_eq!(told["zones"], json!(["usw2-az1"]));
    assert_eq!(told["region"], "us-west-2");
    assert_eq!(told["attributes"], 6);
    assert_eq!(told["keys"], json!([]));
    assert_eq!(told["dns"], true);
    assert_eq!(told["pages"], json!([5, 1]));
    assert_eq!(told["nat"], json!(["available", true]));
    assert_eq!(told["internet"], true);
    assert_eq!(told["main"], json!(["local"]));
    assert_eq!(told["free"], 11);
    assert_eq!(
        told["conflict"],
        json!([
            "InvalidSubnet.Conflict",
            "The CIDR '10.42.192.0/27' conflicts with another subnet"
        ])
    );
    assert_eq!(told["again"][0], "RouteAlreadyExists");
    assert_eq!(
        told["routes"],
        json!([["local", false, "active"], [null, true, "active"]])
    );
    assert_eq!(told["gone"][0], "InvalidRoute.NotFound");
    assert_eq!(told["in use"][0], "DependencyViolation");
    assert_eq!(told["no subnet"][0], "InvalidSubnetID.NotFound");
    assert_eq!(told["used"], json!(["DependencyViolation", true]));
    assert_eq!(told["endpoint"], json!(["available"]));
    assert_eq!(told["held"], "InvalidIPAddress.InUse");
    assert_eq!(told["mapped"], "DependencyViolation");
    assert_eq!(told["attached"], "Resource.AlreadyAssociated");
    assert_eq!(told["entry twice"], "NetworkAclEntryAlreadyExists");
    assert_eq!(
        told["entries"],
        json!([[100, "deny"], [32767, "deny"], [32767, "deny"]])
    );
    assert_eq!(told["default acl"], 6);
}

#[test]
fn security_groups_and_tags_are_described_and_changed() {
    let account = Account::new();
    let told = script(
        &account,
        r#"
told = {}
group = ec2.create_security_group(GroupName="ours", Description="for a test", VpcId=vpc)["GroupId"]
told["twice"] = code(ec2.create_security_group, GroupName="ours", Description="again", VpcId=vpc)
web = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "inside"}],
       "UserIdGroupPairs": [{"GroupId": group}]}
added = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[web])["SecurityGroupRules"]
told["added"] = [[rule["FromPort"], rule.get("CidrIpv4"), "ReferencedGroupInfo" in rule] for rule in added]
told["rule twice"] = code(ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=[web])
seen = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["ours"]}])["SecurityGroups"][0]
told["ingress"] = [[one["IpProtocol"], len(one["IpRanges"]), len(one["UserIdGroupPairs"])] for one in seen["IpPermissions"]]
told["egress"] = seen["IpPermissionsEgress"][0]["IpProtocol"]
rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
told["rules"] = len(rules)
ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[added[0]["SecurityGroupRuleId"]])
told["no rule"] = code(ec2.revoke_security_group_ingress, GroupId=group, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0")
everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[everything])
ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[everything])

cluster = ec2.describe_security_groups(Filters=[{"Name": "tag:kubernetes.io/cluster/eks-workshop", "Values": ["owned"]}])["SecurityGroups"][0]
told["cluster"] = cluster["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == cluster["GroupId"]
told["in use"] = code(ec2.delete_security_group, GroupId=cluster["GroupId"])[0]

told["dry"] = code(ec2.delete_security_group, GroupId=group, DryRun=True)
told["dry and wrong"] = code(ec2.delete_security_group, GroupId="sg-1", DryRun=True)
ec2.create_tags(Resources=[group, private], Tags=[{"Key": "owner", "Value": "learner"}, {"Key": "cost", "Value": "1"}])
ec2.delete_tags(Resources=[private], Tags=[{"Key": "cost", "Value": "2"}, {"Key": "owner"}])
tags = ec2.describe_tags(Filters=[{"Name": "key", "Values": ["owner", "cost"]}])["Tags"]
told["tags"] = sorted([tag["ResourceType"], tag["Key"], tag["Value"]] for tag in tags)
told["reserved"] = code(ec2.create_tags, Resources=[group], Tags=[{"Key": "aws:x", "Value": ""}])[0]
told["nothing"] = code(ec2.create_tags, Resources=["i-1"], Tags=[{"Key": "x", "Value": ""}])
ec2.delete_security_group(GroupId=group)
told["gone"] = code(ec2.describe_security_groups, GroupIds=[group])[0]
told["interfaces"] = sorted({one["InterfaceType"] + " " + one["Description"].split(" ")[0] for one in ec2.describe_network_interfaces()["NetworkInterfaces"]})
say(told)
"#,
    );
    assert_eq!(
        told["twice"],
        json!(["InvalidGroup.Duplicate", told["twice"][1].as_str().unwrap()])
    );
    assert_eq!(
        told["added"],
        json!([[443, "10.0.0.0/8", false], [443, null, true]])
    );
    assert_eq!(
        told["rule twice"],
        json!([
            "InvalidPermission.Duplicate",
            "the specified rule \"peer: 10.0.0.0/8, TCP, from port: 443, to port: 443, ALLOW\" already exists"
        ])
    );
    assert_eq!(told["ingress"], json!([["tcp", 1, 1]]));
    assert_eq!(told["egress"], "-1");
    assert_eq!(told["rules"], 3);
    assert_eq!(told["no rule"][0], "InvalidPermission.NotFound");
    assert_eq!(told["cluster"], true);
    assert_eq!(told["in use"], "DependencyViolation");
    assert_eq!(
        told["dry"],
        json!([
            "DryRunOperation",
            "Request would have succeeded, but DryRun flag is set."
        ])
    );
    assert_eq!(told["dry and wrong"][0], "InvalidGroup.NotFound");
    assert_eq!(
        told["tags"],
        json!([
            ["security-group", "cost", "1"],
            ["security-group", "owner", "learner"],
            ["subnet", "cost", "1"]
        ])
    );
    assert_eq!(told["reserved"], "InvalidParameterValue");
    assert_eq!(
        told["nothing"],
        json!(["InvalidID", "The ID 'i-1' is not valid"])
    );
    assert_eq!(told["gone"], "InvalidGroup.NotFound");
    assert_eq!(
        told["interfaces"],
        json!(["interface ", "interface Amazon", "nat_gateway Interface"])
    );
}

#[test]
fn instances_are_launched_stopped_started_and_ended() {
    let account = Account::new();
    let told = script(
        &account,
        r#"
told = {}
asked = dict(ImageId=image, InstanceType="t3.small", SubnetId=public, MinCount=2, MaxCount=2, ClientToken="once",
    TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "ours"}]},
                       {"ResourceType": "volume", "Tags": [{"Key": "Name", "Value": "ours"}]}],
    MetadataOptions={"HttpTokens": "required", "InstanceMetadataTags": "enabled"})
launched = ec2.run_instances(**asked)
ids = [one["InstanceId"] for one in launched["Instances"]]
told["launched"] = [[one["State"]["Name"], one["AmiLaunchIndex"], one["MetadataOptions"]["HttpTokens"]] for one in launched["Instances"]]
told["same"] = [one["InstanceId"] for one in ec2.run_instances(**asked)["Instances"]] == ids
told["other"] = code(ec2.run_instances, **{**asked, "MaxCount": 3})[0]
ec2.get_waiter("instance_running").wait(InstanceIds=ids)
ec2.get_waiter("instance_status_ok").wait(InstanceIds=ids)
seen = ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": ["ours"]}, {"Name": "instance-state-name", "Values": ["running"]}])["Reservations"]
told["reservations"] = [len(one["Instances"]) for one in seen]
one = seen[0]["Instances"][0]
told["public"] = [one["PublicDnsName"].startswith("ec2-"), one["NetworkInterfaces"][0]["Association"]["PublicIp"] == one["PublicIpAddress"]]
told["interface"] = ec2.describe_network_interfaces(Filters=[{"Name": "attachment.instance-id", "Values": [ids[0]]}])["NetworkInterfaces"][0]["Status"]
volumes = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": ids}, {"Name": "tag:Name", "Values": ["ours"]}])["Volumes"]
told["volumes"] = [[volume["State"], volume["Encrypted"], volume["Attachments"][0]["Device"]] for volume in volumes]
data = ec2.get_launch_template_data(InstanceId=ids[0])["LaunchTemplateData"]
told["data"] = [data["InstanceType"], data["MetadataOptions"]["InstanceMetadataTags"], len(data["BlockDeviceMappings"])]
told["kind"] = ec2.describe_instance_attribute(InstanceId=ids[0], Attribute="instanceType")["InstanceType"]["Value"]
told["running"] = code(ec2.modify_instance_attribute, InstanceId=ids[0], InstanceType={"Value": "t3.medium"})[0]
ec2.modify_instance_attribute(InstanceId=ids[0], DisableApiTermination={"Value": True})
told["kept"] = code(ec2.terminate_instances, InstanceIds=ids)[0]
ec2.modify_instance_attribute(InstanceId=ids[0], DisableApiTermination={"Value": False})
ec2.reboot_instances(InstanceIds=ids)
stopping = ec2.stop_instances(InstanceIds=[ids[0]])["StoppingInstances"][0]
told["stopping"] = [stopping["PreviousState"]["Name"], stopping["CurrentState"]["Name"]]
ec2.get_waiter("instance_stopped").wait(InstanceIds=[ids[0]])
told["reboot"] = code(ec2.reboot_instances, InstanceIds=[ids[0]])[0]
told["stopped"] = "PublicIpAddress" in ec2.describe_instances(InstanceIds=[ids[0]])["Reservations"][0]["Instances"][0]
ec2.modify_instance_attribute(InstanceId=ids[0], InstanceType={"Value": "t3.medium"})
ec2.start_instances(InstanceIds=[ids[0]])
ec2.get_waiter("instance_running").wait(InstanceIds=[ids[0]])
told["output"] = "Amazon Linux" in ec2.get_console_output(InstanceId=ids[0])["Output"]
told["ended"] = [one["CurrentState"]["Name"] for one in ec2.terminate_instances(InstanceIds=ids)["TerminatingInstances"]]
ec2.get_waiter("instance_terminated").wait(InstanceIds=ids)
told["left"] = ec2.describe_volumes(Filters=[{"Name": "tag:Name", "Values": ["ours"]}])["Volumes"]
told["status"] = ec2.describe_instance_status(InstanceIds=ids)["InstanceStatuses"]
told["none"] = code(ec2.terminate_instances, InstanceIds=["i-1", "i-2"])

arm = ec2.describe_images(Filters=[{"Name": "architecture", "Values": ["arm64"]}, {"Name": "name", "Values": ["*al2023*"]}])["Images"][0]["ImageId"]
said = lambda **changes: code(ec2.run_instances, **{**dict(ImageId=image, InstanceType="t3.small", SubnetId=private, MinCount=1, MaxCount=1), **changes})
tiny = ec2.create_subnet(VpcId=vpc, CidrBlock="10.42.192.0/28")["Subnet"]["SubnetId"]
told["refused"] = {
    "image": said(ImageId="ami-00000000000000000"),
    "architecture": said(ImageId=arm)[0],
    "type": said(InstanceType="x9.huge"),
    "subnet": said(SubnetId="subnet-1")[0],
    "full": said(SubnetId=tiny, MinCount=12, MaxCount=12)[0],
    "profile": said(IamInstanceProfile={"Name": "nobody"}),
    "group": said(SecurityGroupIds=["sg-1"])[0],
    "key": said(KeyName="nobody"),
    "vcpus": said(InstanceType="m5.8xlarge", MinCount=20, MaxCount=20)[0],
}
types = ec2.describe_instance_types(InstanceTypes=["m5.large", "t4g.medium"])["InstanceTypes"]
told["types"] = [[one["InstanceType"], one["VCpuInfo"]["DefaultVCpus"], one["ProcessorInfo"]["SupportedArchitectures"]] for one in types]
told["offered"] = len(ec2.describe_instance_type_offerings(LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": ["m5.large"]}])["InstanceTypeOfferings"])
say(told)
"#,
    );
    assert_eq!(
        told["launched"],
        json!([["pending", 0, "required"], ["pending", 1, "required"]])
    );
    assert_eq!(told["same"], true);
    assert_eq!(told["other"], "IdempotentParameterMismatch");
    assert_eq!(told["reservations"], json!([2]));
    assert_eq!(told["public"], json!([true, true]));
    assert_eq!(told["interface"], "in-use");
    let volume = json!(["in-use", false, "/dev/xvda"]);
    assert_eq!(told["volumes"], json!([volume, volume]));
    assert_eq!(told["data"], json!(["t3.small", "enabled", 1]));
    assert_eq!(told["kind"], "t3.small");
    assert_eq!(told["running"], "IncorrectInstanceState");
    assert_eq!(told["kept"], "OperationNotPermitted");
    assert_eq!(told["stopping"], json!(["running", "stopping"]));
    assert_eq!(told["reboot"], "IncorrectInstanceState");
    assert_eq!(told["stopped"], false);
    assert_eq!(told["output"], true);
    assert_eq!(told["ended"], json!(["shutting-down", "shutting-down"]));
    assert_eq!(told["left"], json!([]));
    assert_eq!(told["status"], json!([]));
    assert_eq!(
        told["none"],
        json!([
            "InvalidInstanceID.NotFound",
            "The instance IDs 'i-1, i-2' do not exist"
        ])
    );
    let refused = &told["refused"];
    assert_eq!(
        refused["image"],
        json!([
            "InvalidAMIID.NotFound",
            "The image id '[ami-00000000000000000]' does not exist"
        ])
    );
    assert_eq!(refused["architecture"], "InvalidParameterValue");
    assert_eq!(
        refused["type"],
        json!([
            "InvalidParameterValue",
            "Invalid value 'x9.huge' for InstanceType."
        ])
    );
    assert_eq!(refused["subnet"], "InvalidSubnetID.NotFound");
    assert_eq!(refused["full"], "InsufficientFreeAddressesInSubnet");
    assert_eq!(
        refused["profile"][1],
        "Value (nobody) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"
    );
    assert_eq!(refused["group"], "InvalidGroup.NotFound");
    assert_eq!(
        refused["key"],
        json!([
            "InvalidKeyPair.NotFound",
            "The key pair 'nobody' does not exist"
        ])
    );
    assert_eq!(refused["vcpus"], "VcpuLimitExceeded");
    assert_eq!(
        told["types"],
        json!([["m5.large", 2, ["x86_64"]], ["t4g.medium", 2, ["arm64"]]])
    );
    assert_eq!(told["offered"], 3);
}

#[test]
fn encrypted_volumes_need_a_key_that_serves_their_caller() {
    let account = Account::new();
    let told = script(
        &account,
        r#"
told = {}
kms = client("kms")
key = kms.create_key()["KeyMetadata"]
told["default"] = [ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"], ec2.get_ebs_default_kms_key_id()["KmsKeyId"]]
told["unencrypted"] = code(ec2.create_volume, AvailabilityZone="us-west-2a", Size=1, KmsKeyId=key["KeyId"])[0]
volume = ec2.create_volume(AvailabilityZone="us-west-2a", Size=1, VolumeType="gp3", Encrypted=True, KmsKeyId=key["KeyId"])
told["created"] = [volume["State"], volume["KmsKeyId"] == key["Arn"]]
ec2.get_waiter("volume_available").wait(VolumeIds=[volume["VolumeId"]])

run = dict(ImageId=image, InstanceType="t3.small", SubnetId=private, MinCount=1, MaxCount=1)
host = ec2.run_instances(**run)["Instances"][0]["InstanceId"]
ec2.get_waiter("instance_running").wait(InstanceIds=[host])
attach = dict(VolumeId=volume["VolumeId"], InstanceId=host, Device="/dev/sdf")
kms.disable_key(KeyId=key["KeyId"])
told["revoked"] = code(ec2.attach_volume, **attach)
kms.enable_key(KeyId=key["KeyId"])
told["attached"] = ec2.attach_volume(**attach)["State"]
told["in use"] = code(ec2.delete_volume, VolumeId=volume["VolumeId"])[0]
ec2.detach_volume(VolumeId=volume["VolumeId"])
ec2.delete_volume(VolumeId=volume["VolumeId"])

told["enabled"] = ec2.enable_ebs_encryption_by_default()["EbsEncryptionByDefault"]
told["modified"] = ec2.modify_ebs_default_kms_key_id(KmsKeyId=key["KeyId"])["KmsKeyId"] == key["Arn"]
with_key = ec2.run_instances(**run)["Instances"][0]["InstanceId"]
ec2.get_waiter("instance_running").wait(InstanceIds=[with_key])
disk = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [with_key]}])["Volumes"][0]
told["encrypted"] = [disk["Encrypted"], disk["KmsKeyId"] == key["Arn"]]
ec2.stop_instances(InstanceIds=[with_key])
ec2.get_waiter("instance_stopped").wait(InstanceIds=[with_key])
kms.disable_key(KeyId=key["KeyId"])
ec2.start_instances(InstanceIds=[with_key])
dying = ec2.run_instances(**run)["Instances"][0]["InstanceId"]
ec2.get_waiter("instance_terminated").wait(InstanceIds=[dying])
again, dead = [ec2.describe_instances(InstanceIds=[one])["Reservations"][0]["Instances"][0] for one in (with_key, dying)]
told["ends"] = [again["State"]["Name"], dead["State"]["Name"], dead["StateReason"]]
lost = ec2.create_volume(AvailabilityZone="us-west-2a", Size=1)["VolumeId"]
told["lost"] = lost
told["reset"] = ec2.reset_ebs_default_kms_key_id()["KmsKeyId"]
told["disabled"] = ec2.disable_ebs_encryption_by_default()["EbsEncryptionByDefault"]
say(told)
"#,
    );
    assert_eq!(told["default"], json!([false, "alias/aws/ebs"]));
    assert_eq!(told["unencrypted"], "InvalidParameterDependency");
    assert_eq!(told["created"], json!(["creating", true]));
    assert_eq!(told["revoked"][0], "CustomerKeyHasBeenRevoked");
    assert_eq!(told["attached"], "attached");
    assert_eq!(told["in use"], "VolumeInUse");
    assert_eq!(told["enabled"], true);
    assert_eq!(told["modified"], true);
    assert_eq!(told["encrypted"], json!([true, true]));
    assert_eq!(
        told["ends"],
        json!(["stopped", "terminated", {
            "Code": "Client.InternalError",
            "Message": "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state",
        }])
    );
    assert_eq!(told["reset"], "alias/aws/ebs");
    assert_eq!(told["disabled"], false);
    account.advance(Duration::from_secs(5));
    let lost = told["lost"].as_str().unwrap();
    let refused = account.aws_refuses(&["ec2", "describe-volumes", "--volume-ids", lost]);
    assert!(refused.contains("InvalidVolume.NotFound"), "{refused}");
}

#[test]
fn launch_templates_keep_what_they_are_given() {
    let account = Account::new();
    let told = script(
        &account,
        r#"
told = {}
data = {
    "ImageId": image, "InstanceType": "t3.small", "UserData": base64.b64encode(b"hello").decode(),
    "NetworkInterfaces": [{"DeviceIndex": 0, "AssociatePublicIpAddress": False, "SubnetId": private, "Groups": []}],
    "Placement": {"Tenancy": "default"}, "CpuOptions": {"CoreCount": 1, "ThreadsPerCore": 2},
    "CreditSpecification": {"CpuCredits": "unlimited"}, "DisableApiTermination": False,
    "InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": {"MaxPrice": "0.05"}},
    "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1, "InstanceMetadataTags": "disabled"},
    "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 30, "Encrypted": True, "DeleteOnTermination": True}}],
    "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "from", "Value": "template"}]}],
}
create = dict(LaunchTemplateName="ours", LaunchTemplateData=data, ClientToken="one")
template = ec2.create_launch_template(**create)["LaunchTemplate"]["LaunchTemplateId"]
told["again"] = ec2.create_launch_template(**create)["LaunchTemplate"]["LaunchTemplateId"] == template
told["taken"] = code(ec2.create_launch_template, LaunchTemplateName="ours", LaunchTemplateData=data)[0]
data["NetworkInterfaces"][0].pop("Groups")
kept = ec2.describe_launch_template_versions(LaunchTemplateId=template)["LaunchTemplateVersions"][0]["LaunchTemplateData"]
told["kept"] = [member for member in data if kept.get(member) != data[member]]
ec2.create_launch_template_version(LaunchTemplateId=template, SourceVersion="1", LaunchTemplateData={"InstanceType": "t3.medium"}, ResolveAlias=True)
ec2.create_launch_template_version(LaunchTemplateName="ours", LaunchTemplateData={"ImageId": image})
ec2.modify_launch_template(LaunchTemplateId=template, DefaultVersion="2")
versions = lambda **members: [one["VersionNumber"] for one in ec2.describe_launch_template_versions(LaunchTemplateId=template, **members)["LaunchTemplateVersions"]]
told["versions"] = [versions(), versions(Versions=["$Default"]), versions(MinVersion="2"), versions(MaxResults=1)]
pages = ec2.get_paginator("describe_launch_template_versions").paginate(LaunchTemplateId=template, PaginationConfig={"PageSize": 2})
told["pages"] = [len(page["LaunchTemplateVersions"]) for page in pages]
deleted = ec2.delete_launch_template_versions(LaunchTemplateId=template, Versions=["3", "2", "9"])
told["deleted"] = [one["VersionNumber"] for one in deleted["SuccessfullyDeletedLaunchTemplateVersions"]]
told["not deleted"] = [one["ResponseError"]["Code"] for one in deleted["UnsuccessfullyDeletedLaunchTemplateVersions"]]
told["next"] = ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData={"ImageId": image})["LaunchTemplateVersion"]["VersionNumber"]
launched = ec2.run_instances(LaunchTemplate={"LaunchTemplateName": "ours"}, MinCount=1, MaxCount=1)["Instances"][0]
told["launched"] = [launched["InstanceType"], launched["SubnetId"] == private, launched["InstanceLifecycle"], sorted(tag["Key"] for tag in launched["Tags"])]
told["listed"] = [one["LatestVersionNumber"] for one in ec2.describe_launch_templates(LaunchTemplateNames=["ours"])["LaunchTemplates"]]
ec2.delete_launch_template(LaunchTemplateId=template)
told["gone"] = code(ec2.describe_launch_templates, LaunchTemplateNames=["ours"])[0]
say(told)
"#,
    );
    assert_eq!(told["again"], true);
    assert_eq!(
        told["taken"],
        "InvalidLaunchTemplateName.AlreadyExistsException"
    );
    assert_eq!(told["kept"], json!([]));
    assert_eq!(told["versions"], json!([[3, 2, 1], [2], [3, 2], [3]]));
    assert_eq!(told["pages"], json!([2, 1]));
    assert_eq!(told["deleted"], json!([3]));
    assert_eq!(
        told["not deleted"],
        json!(["unexpectedError", "launchTemplateVersionDoesNotExist"])
    );
    assert_eq!(told["next"], 4);
    assert_eq!(
        told["launched"],
        json!([
            "t3.medium",
            true,
            "spot",
            [
                "aws:ec2launchtemplate:id",
                "aws:ec2launchtemplate:version",
                "from"
            ]
        ])
    );
    assert_eq!(told["listed"], json!([4]));
    assert_eq!(told["gone"], "InvalidLaunchTemplateName.NotFoundException");
}

#[test]
fn a_node_that_is_cut_off_is_not_ready_until_it_is_back() {
    let account = Account::new();
    let cluster = "--filters=Name=tag:aws:eks:cluster-name,Values=eks-workshop";
    let found = account.aws(&["ec2", "describe-security-groups", cluster]);
    let group = &found["SecurityGroups"][0];
    let (id, rule) = (
        group["GroupId"].as_str().unwrap(),
        group["IpPermissions"].to_string(),
    );
    let change = |verb: &str| {
        let changed = account.aws(&["ec2", verb, "--group-id", id, "--ip-permissions", &rule]);
        assert_eq!(changed["Return"], true);
    };
    let nodes = || account.kubectl(&["get", "nodes", "--no-headers"]).stdout;
    change("revoke-security-group-ingress");
    assert!(!nodes().contains("NotReady"), "{}", nodes());
    account.advance(Duration::from_secs(41));
    assert_eq!(nodes().matches(" NotReady ").count(), 3, "{}", nodes());
    let told = account.kubectl(&["describe", "nodes"]).stdout;
    assert!(
        told.contains("Kubelet stopped posting node status."),
        "{told}"
    );
    assert!(
        told.contains("node.kubernetes.io/unreachable:NoExecute"),
        "{told}"
    );
    change("authorize-security-group-ingress");
    account.advance(Duration::from_secs(11));
    assert_eq!(nodes().matches(" Ready ").count(), 3, "{}", nodes());
}
