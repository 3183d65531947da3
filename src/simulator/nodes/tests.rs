//! Instances that cannot join, and nodes that are cut off.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::simulator::testing::{call, world};

const GROUP: &str = "eks-default";
const MINUTE: Duration = Duration::from_secs(60);

/// A world in which the node group's subnets lead nowhere, and one of its nodes is being replaced.
struct Replaced {
    world: World,
    /// The new instance.
    instance: String,
    /// The route table of its subnet.
    table: String,
    nat: String,
}

fn ec2(world: &mut World, operation: &str, input: Value) -> Value {
    call(world, "ec2", operation, input).unwrap()
}

fn instances(world: &World) -> Vec<String> {
    let members = world.autoscaling.groups.iter();
    let (_, group) = members
        .into_iter()
        .find(|(name, _)| name.starts_with(GROUP))
        .unwrap();
    let ids = group.members.iter().map(|member| member.instance.clone());
    ids.collect()
}

/// Cuts the private subnets off and lets a node be replaced.
fn replaced_without_route() -> Replaced {
    let mut world = world();
    let filter = json!({"Filter": [{"Name": "route.nat-gateway-id", "Value": ["*"]}]});
    let tables = ec2(&mut world, "DescribeRouteTables", filter);
    let mut nat = String::new();
    for table in tables["routeTableSet"].as_array().unwrap() {
        nat = table["routeSet"][1]["natGatewayId"]
            .as_str()
            .unwrap()
            .to_owned();
        let route =
            json!({"RouteTableId": table["routeTableId"], "DestinationCidrBlock": "0.0.0.0/0"});
        ec2(&mut world, "DeleteRoute", route);
    }
    let before = instances(&world);
    ec2(
        &mut world,
        "TerminateInstances",
        json!({"InstanceId": [before[0]]}),
    );
    world.jump(5 * MINUTE);
    let instance = instances(&world)
        .into_iter()
        .find(|id| !before.contains(id))
        .unwrap();
    let subnet = world.ec2.instances[&instance].subnet.clone();
    let filter = json!({"Filter": [{"Name": "association.subnet-id", "Value": [subnet]}]});
    let tables = ec2(&mut world, "DescribeRouteTables", filter);
    let table = tables["routeTableSet"][0]["routeTableId"]
        .as_str()
        .unwrap()
        .to_owned();
    Replaced {
        world,
        instance,
        table,
        nat,
    }
}

impl Replaced {
    fn repair_route(&mut self) {
        let route = json!({
            "RouteTableId": self.table, "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": self.nat,
        });
        ec2(&mut self.world, "CreateRoute", route);
    }

    fn console(&mut self) -> String {
        boot_log(&self.world, &self.instance).join("\n")
    }
}

#[test]
fn without_a_way_out_an_instance_runs_and_is_no_node() {
    let mut replaced = replaced_without_route();
    let instance = &replaced.world.ec2.instances[&replaced.instance];
    assert_eq!(instance.state, InstanceState::Running);
    assert!(!replaced.world.nodes.contains_key(&replaced.instance));
    let log = replaced.console();
    assert!(log.contains("DescribeInstances"), "{log}");
    // Nodes that are there reach the control plane within the VPC.
    let staying = instances(&replaced.world);
    let ready = staying.iter().filter(|id| is_ready(&replaced.world, id));
    assert_eq!(ready.count(), 2);
}

#[test]
fn a_route_repaired_in_time_lets_the_instance_join() {
    let mut replaced = replaced_without_route();
    replaced.repair_route();
    replaced.world.jump(MINUTE);
    assert!(is_ready(&replaced.world, &replaced.instance));
    let log = replaced.console();
    assert!(log.contains("Successfully registered node"), "{log}");
}

#[test]
fn after_nodeadm_gave_up_a_repaired_route_needs_a_reboot() {
    let mut replaced = replaced_without_route();
    replaced.world.jump(10 * MINUTE);
    assert!(replaced.console().contains("gave up after 10 minutes"));
    replaced.repair_route();
    replaced.world.jump(5 * MINUTE);
    assert!(!replaced.world.nodes.contains_key(&replaced.instance));
    let reboot = json!({"InstanceId": [replaced.instance]});
    ec2(&mut replaced.world, "RebootInstances", reboot);
    replaced.world.jump(MINUTE);
    assert!(is_ready(&replaced.world, &replaced.instance));
}

#[test]
fn endpoints_for_every_service_do_as_well_as_a_route() {
    let mut replaced = replaced_without_route();
    let instance = replaced.world.ec2.instances[&replaced.instance].clone();
    let vpc = replaced.world.ec2.subnets[&instance.subnet].vpc.clone();
    for service in ["ec2", "ecr.api", "ecr.dkr", "sts"] {
        let endpoint = json!({
            "VpcId": vpc, "ServiceName": format!("com.amazonaws.us-west-2.{service}"),
            "VpcEndpointType": "Interface", "SubnetId": [instance.subnet],
            "SecurityGroupId": instance.security_groups,
        });
        ec2(&mut replaced.world, "CreateVpcEndpoint", endpoint);
    }
    replaced.world.jump(MINUTE);
    assert!(!is_ready(&replaced.world, &replaced.instance));
    let endpoint = json!({
        "VpcId": vpc, "ServiceName": "com.amazonaws.us-west-2.s3", "RouteTableId": [replaced.table],
    });
    ec2(&mut replaced.world, "CreateVpcEndpoint", endpoint);
    replaced.world.jump(MINUTE);
    assert!(is_ready(&replaced.world, &replaced.instance));
}

#[test]
fn an_internet_gateway_needs_a_public_address() {
    let mut replaced = replaced_without_route();
    let gateway = replaced
        .world
        .ec2
        .internet_gateways
        .keys()
        .next()
        .unwrap()
        .clone();
    let route = json!({
        "RouteTableId": replaced.table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway,
    });
    ec2(&mut replaced.world, "CreateRoute", route);
    replaced.world.jump(MINUTE);
    assert!(!is_ready(&replaced.world, &replaced.instance));
}

/// Lets the first node be replaced after `change`, and tells of the new instance.
fn replaced_after(change: impl Fn(&mut World)) -> (World, String) {
    let mut world = world();
    change(&mut world);
    let before = instances(&world);
    ec2(
        &mut world,
        "TerminateInstances",
        json!({"InstanceId": [before[0]]}),
    );
    world.jump(5 * MINUTE);
    let after = instances(&world);
    let new = after.into_iter().find(|id| !before.contains(id)).unwrap();
    (world, new)
}

fn detach(world: &mut World, policy: &str) {
    let arn = format!("arn:aws:iam::aws:policy/{policy}");
    let request = json!({"RoleName": "eks-workshop-node", "PolicyArn": arn});
    call(world, "iam", "DetachRolePolicy", request).unwrap();
}

#[test]
fn each_policy_of_the_role_is_missed_where_it_is_needed() {
    let check = |policy: &str, registers: bool, log: &str| {
        let (mut world, instance) = replaced_after(|world| detach(world, policy));
        assert_eq!(world.nodes.contains_key(&instance), registers, "{policy}");
        assert!(!is_ready(&world, &instance), "{policy}");
        let missed = obstacle(&world, &instance, Phase::Ready).unwrap().log;
        assert!(missed.contains(log), "{policy}: {missed}");
        let arn = format!("arn:aws:iam::aws:policy/{policy}");
        let request = json!({"RoleName": "eks-workshop-node", "PolicyArn": arn});
        call(&mut world, "iam", "AttachRolePolicy", request).unwrap();
        world.jump(MINUTE);
        assert!(is_ready(&world, &instance), "{policy}");
    };
    // The CNI's policy lets describe instances, too, so that both have to go.
    let both = |world: &mut World| {
        detach(world, "AmazonEKSWorkerNodePolicy");
        detach(world, "AmazonEKS_CNI_Policy");
    };
    let (world, instance) = replaced_after(both);
    let missed = obstacle(&world, &instance, Phase::Bootstrap).unwrap().log;
    assert!(missed.contains("UnauthorizedOperation"), "{missed}");
    check("AmazonEKS_CNI_Policy", true, "cni plugin not initialized");
    check(
        "AmazonEC2ContainerRegistryReadOnly",
        true,
        "ImagePullBackOff",
    );
}

#[test]
fn a_network_acl_that_drops_answers_keeps_instances_out() {
    let (world, instance) = replaced_after(|world| {
        let acls = ec2(world, "DescribeNetworkAcls", json!({}));
        let acl = &acls["networkAclSet"][0]["networkAclId"];
        let entry = json!({
            "NetworkAclId": acl, "RuleNumber": 50, "Egress": false, "Protocol": "6", "RuleAction": "deny",
            "CidrBlock": "0.0.0.0/0", "PortRange": {"From": 1024, "To": 65535},
        });
        ec2(world, "CreateNetworkAclEntry", entry);
    });
    assert!(!world.nodes.contains_key(&instance));
    // The nodes that were there are cut off from the control plane by the same rule.
    assert!(instances(&world).iter().all(|id| !is_ready(&world, id)));
}

#[test]
fn a_stopped_node_is_missed_and_its_group_replaces_it() {
    let mut world = world();
    let stopped = instances(&world)[0].clone();
    ec2(
        &mut world,
        "StopInstances",
        json!({"InstanceId": [stopped]}),
    );
    world.jump(MINUTE);
    assert!(!is_ready(&world, &stopped));
    world.jump(10 * MINUTE);
    let ready = instances(&world)
        .iter()
        .filter(|id| **id != stopped && is_ready(&world, id))
        .count();
    assert_eq!(ready, 3);
}

#[test]
fn what_a_learner_put_on_a_node_outlives_its_silence() {
    let mut world = world();
    let instance = instances(&world)[0].clone();
    let name = world.ec2.instances[&instance].private_dns.clone();
    let read = |world: &World| (**world.kubernetes.get(&kind::NODES, "", &name).unwrap()).clone();
    let mut node = read(&world);
    node["metadata"]["labels"]["mine"] = json!("yes");
    node["spec"]["taints"] = json!([{"key": "mine", "effect": "NoSchedule"}]);
    world.kubernetes.put(&kind::NODES, node);
    let group = json!({"GroupId": world.ec2.instances[&instance].security_groups[0]});
    let rules = |group: &Value| {
        json!({
            "GroupId": group["GroupId"],
            "IpPermissions": [{"IpProtocol": "-1", "Groups": [{"GroupId": group["GroupId"]}]}],
        })
    };
    ec2(&mut world, "RevokeSecurityGroupIngress", rules(&group));
    world.jump(MINUTE);
    let silent = read(&world);
    assert_eq!(silent["status"]["conditions"][3]["status"], "Unknown");
    assert_eq!(silent["spec"]["taints"].as_array().unwrap().len(), 3);
    assert_eq!(silent["metadata"]["labels"]["mine"], "yes");
    ec2(&mut world, "AuthorizeSecurityGroupIngress", rules(&group));
    world.jump(MINUTE);
    let back = read(&world);
    assert_eq!(back["status"]["conditions"][3]["status"], "True");
    assert_eq!(
        back["spec"]["taints"],
        json!([{"key": "mine", "effect": "NoSchedule"}])
    );
}
