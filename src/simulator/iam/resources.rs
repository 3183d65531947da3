//! What each operation acts on: the actions that a caller needs and the ARNs they are about, as the
//! service authorization reference lists them. Whatever is not here needs `service:Operation` on `*`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::world::World;
use crate::policy::{Caller, CallerKind};

/// An action that a call needs, and on what.
pub(super) struct Needed {
    /// `eks:DescribeCluster`
    pub(super) action: String,
    pub(super) resources: Vec<Resource>,
    /// Condition keys of this action.
    pub(super) context: Vec<(&'static str, String)>,
}

/// Something that an action is about.
#[derive(Default)]
pub(super) struct Resource {
    /// Or `*`, for an action about nothing in particular.
    pub(super) arn: String,
    /// How a refusal names it, when not by its ARN.
    name: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
}

impl Resource {
    fn new(arn: impl Into<String>) -> Resource {
        Resource {
            arn: arn.into(),
            ..Resource::default()
        }
    }

    fn tagged(mut self, tags: Option<&BTreeMap<String, String>>) -> Resource {
        self.tags = tags.cloned().unwrap_or_default();
        self
    }

    fn named(mut self, name: String) -> Resource {
        self.name = Some(name);
        self
    }

    pub(super) fn shown(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.arn)
    }
}

/// Everything that `caller` needs for an operation with these members.
pub(super) fn needed(
    world: &World,
    caller: &Caller,
    service: &str,
    operation: &str,
    members: &Value,
    tags: &[(String, String)],
) -> Vec<Needed> {
    let input = Members(members);
    let mut resources = match service {
        "eks" => eks(world, operation, &input),
        "autoscaling" => autoscaling(world, operation, &input),
        "ec2" => ec2(world, operation, &input),
        "iam" => match own_user(caller, operation, &input) {
            Some(user) => vec![user],
            None => iam(world, operation, &input),
        },
        _ => Vec::new(),
    };
    if resources.is_empty() {
        resources.push(Resource::new("*"));
    }
    let mut needed = vec![Needed {
        action: format!("{service}:{operation}"),
        resources,
        context: context(service, &input),
    }];
    if !tags.is_empty() {
        needed.extend(tagging(world, service, operation, &input));
    }
    needed
}

fn context(service: &str, input: &Members<'_>) -> Vec<(&'static str, String)> {
    let of_iam = [
        ("AWSServiceName", "iam:AWSServiceName"),
        ("PolicyArn", "iam:PolicyARN"),
    ];
    if service != "iam" {
        return Vec::new();
    }
    of_iam
        .into_iter()
        .filter_map(|(member, key)| Some((key, input.text(member)?.to_owned())))
        .collect()
}

/// Tags that an operation puts on what it makes need their own permission.
fn tagging(world: &World, service: &str, operation: &str, input: &Members<'_>) -> Option<Needed> {
    let needed = |action: &str, resources: Vec<Resource>, context| Needed {
        action: action.to_owned(),
        resources,
        context,
    };
    let iam_action = match (service, operation) {
        ("ec2", "CreateTags") => return None,
        ("ec2", _) => {
            let kinds = input.each("TagSpecification", "ResourceType");
            let arns = kinds.map(|kind| Resource::new(world.arn("ec2", &format!("{kind}/*"))));
            let context = vec![("ec2:CreateAction", operation.to_owned())];
            return Some(needed("ec2:CreateTags", arns.collect(), context));
        }
        ("iam", "CreateRole") => "iam:TagRole",
        ("iam", "CreateUser") => "iam:TagUser",
        ("iam", "CreatePolicy") => "iam:TagPolicy",
        ("iam", "CreateInstanceProfile") => "iam:TagInstanceProfile",
        _ => return None,
    };
    Some(needed(iam_action, iam(world, operation, input), Vec::new()))
}

/// Tags in a request: a map, or lists of keys and values under the names that the services use.
pub(super) fn request_tags(members: &Value) -> Vec<(String, String)> {
    let text = |value: &Value, names: [&str; 2]| {
        let found = names.iter().find_map(|name| value.get(name)?.as_str());
        found.unwrap_or_default().to_owned()
    };
    let pairs = |list: &Value| -> Vec<(String, String)> {
        match list {
            Value::Object(map) => map
                .iter()
                .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
                .collect(),
            Value::Array(items) => items
                .iter()
                .map(|item| (text(item, ["Key", "key"]), text(item, ["Value", "value"])))
                .collect(),
            _ => Vec::new(),
        }
    };
    let direct = ["tags", "Tags", "Tag"].into_iter();
    let mut tags: Vec<_> = direct
        .filter_map(|name| members.get(name))
        .flat_map(pairs)
        .collect();
    let specifications = members.get("TagSpecification").and_then(Value::as_array);
    for specification in specifications.into_iter().flatten() {
        tags.extend(specification.get("Tag").map(pairs).unwrap_or_default());
    }
    tags
}

/// The members of an input, asked by name.
struct Members<'a>(&'a Value);

impl<'a> Members<'a> {
    fn text(&self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str()
    }

    /// The texts of a member that may be a list.
    fn texts(&self, name: &str) -> Vec<&'a str> {
        match self.0.get(name) {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(text)) => vec![text],
            _ => Vec::new(),
        }
    }

    /// A member of each structure in a list.
    fn each(&self, list: &str, member: &'a str) -> impl Iterator<Item = &'a str> {
        let items = self.0.get(list).and_then(Value::as_array);
        items
            .into_iter()
            .flatten()
            .filter_map(move |item| item.get(member)?.as_str())
    }
}

fn eks(world: &World, operation: &str, input: &Members<'_>) -> Vec<Resource> {
    if let Some(arn) = input.text("resourceArn") {
        return vec![Resource::new(arn)];
    }
    let Some(cluster) = input.text("name").or_else(|| input.text("clusterName")) else {
        // Seen in refusals of ListClusters.
        return vec![Resource::new(world.arn("eks", "cluster/*"))];
    };
    let within = |kind: &str, rest: &str| world.arn("eks", &format!("{kind}/{cluster}/{rest}"));
    let nodegroup = input.text("nodegroupName");
    let resource = match (operation, nodegroup) {
        ("CreateNodegroup" | "CreateAddon" | "CreateAccessEntry", _) => None,
        (_, Some(name)) => {
            let key = (cluster.to_owned(), name.to_owned());
            let found = world.eks.nodegroups.get(&key);
            let arn = found.map_or_else(
                || within("nodegroup", &format!("{name}/*")),
                |nodegroup| nodegroup.arn.clone(),
            );
            Some(Resource::new(arn).tagged(found.map(|nodegroup| &nodegroup.tags)))
        }
        _ => {
            let addon = input.text("addonName");
            let entry = input.text("principalArn").and_then(access_entry);
            addon
                .map(|name| within("addon", &format!("{name}/*")))
                .or_else(|| entry.map(|entry| within("access-entry", &entry)))
                .map(Resource::new)
        }
    };
    let of_cluster = || {
        let found = world.eks.clusters.get(cluster);
        Resource::new(world.arn("eks", &format!("cluster/{cluster}")))
            .tagged(found.map(|cluster| &cluster.tags))
    };
    vec![resource.unwrap_or_else(of_cluster)]
}

/// `role/ACCOUNT/NAME/*` for a principal's ARN, as ARNs of access entries go on.
fn access_entry(principal: &str) -> Option<String> {
    let mut parts = principal.splitn(6, ':').skip(4);
    let (account, resource) = (parts.next()?, parts.next()?);
    let (kind, name) = resource.split_once('/')?;
    Some(format!("{kind}/{account}/{name}/*"))
}

fn autoscaling(world: &World, operation: &str, input: &Members<'_>) -> Vec<Resource> {
    if operation.starts_with("Describe") {
        return Vec::new();
    }
    let named = input.text("AutoScalingGroupName").map(str::to_owned);
    let of_instance = || {
        let instance = input.text("InstanceId")?;
        let groups = &world.autoscaling.groups;
        let holds = |name: &&String| {
            groups[*name]
                .members
                .iter()
                .any(|member| member.instance == instance)
        };
        groups.keys().find(holds).cloned()
    };
    let tagged = || input.each("Tags", "ResourceId").next().map(str::to_owned);
    let group = named.or_else(of_instance).or_else(tagged);
    let arn = |name: String| {
        let found = world.autoscaling.groups.get(&name);
        let unknown = || {
            world.arn(
                "autoscaling",
                &format!("autoScalingGroup:*:autoScalingGroupName/{name}"),
            )
        };
        Resource::new(found.map_or_else(unknown, |group| group.arn.clone()))
    };
    group.map(arn).into_iter().collect()
}

/// Kinds of EC2's resources by how their ids begin, and whether their ARNs name the account.
const EC2_KINDS: [(&str, &str, bool); 14] = [
    ("i-", "instance", true),
    ("vol-", "volume", true),
    ("lt-", "launch-template", true),
    ("subnet-", "subnet", true),
    ("sg-", "security-group", true),
    ("rtb-", "route-table", true),
    ("nat-", "natgateway", true),
    ("igw-", "internet-gateway", true),
    ("vpc-", "vpc", true),
    ("eni-", "network-interface", true),
    ("eipalloc-", "elastic-ip", true),
    ("acl-", "network-acl", true),
    ("ami-", "image", false),
    ("snap-", "snapshot", false),
];

fn ec2(world: &World, operation: &str, input: &Members<'_>) -> Vec<Resource> {
    if ["Describe", "Get"]
        .iter()
        .any(|read| operation.starts_with(read))
    {
        return Vec::new();
    }
    let any = |kind: &str| Resource::new(world.arn("ec2", &format!("{kind}/*")));
    let created: &[&str] = match operation {
        "CreateLaunchTemplate" => &["launch-template"],
        "RunInstances" => &["instance", "volume", "network-interface"],
        "CreateVolume" => &["volume"],
        "CreateSecurityGroup" => &["security-group"],
        "CreateSubnet" => &["subnet"],
        "CreateRouteTable" => &["route-table"],
        "CreateNatGateway" => &["natgateway"],
        "CreateVpc" => &["vpc"],
        _ => &[],
    };
    let template = input
        .text("LaunchTemplateName")
        .filter(|_| operation != "CreateLaunchTemplate")
        .and_then(|name| {
            let mut templates = world.ec2.templates.values();
            templates.find(|template| template.name == name)
        })
        .map(|template| template.id.as_str());
    let given = [
        "InstanceId",
        "VolumeId",
        "LaunchTemplateId",
        "SubnetId",
        "GroupId",
        "RouteTableId",
        "NatGatewayId",
        "InternetGatewayId",
        "VpcId",
        "NetworkInterfaceId",
        "AllocationId",
        "ImageId",
        "SnapshotId",
        "ResourceId",
    ];
    let named = given.iter().flat_map(|member| input.texts(member));
    let existing = named
        .chain(template)
        .filter_map(|id| ec2_resource(world, id));
    created
        .iter()
        .map(|kind| any(kind))
        .chain(existing)
        .collect()
}

fn ec2_resource(world: &World, id: &str) -> Option<Resource> {
    let (_, kind, has_account) = EC2_KINDS
        .iter()
        .find(|(prefix, ..)| id.starts_with(prefix))?;
    let arn = if *has_account {
        world.arn("ec2", &format!("{kind}/{id}"))
    } else {
        format!("arn:aws:ec2:{}::{kind}/{id}", world.region)
    };
    let of_instance = world.ec2.instances.get(id).map(|instance| &instance.tags);
    let of_template = world.ec2.templates.get(id).map(|template| &template.tags);
    Some(Resource::new(arn).tagged(of_instance.or(of_template)))
}

/// The caller, when a request about a user or its keys names nobody.
fn own_user(caller: &Caller, operation: &str, input: &Members<'_>) -> Option<Resource> {
    let is_about_users = operation == "GetUser" || operation.contains("AccessKey");
    let is_meant =
        caller.kind == CallerKind::User && is_about_users && input.text("UserName").is_none();
    is_meant.then(|| {
        let name = caller.arn.rsplit('/').next().unwrap_or_default();
        Resource::new(&caller.arn).named(format!("user {name}"))
    })
}

/// Refusals of IAM name what exists by its kind and name, as they are widely reported.
fn iam(world: &World, operation: &str, input: &Members<'_>) -> Vec<Resource> {
    let arn = |resource: String| format!("arn:aws:iam::{}:{resource}", world.account);
    let path = input.text("Path").unwrap_or("/");
    if let Some(name) = input.text("InstanceProfileName") {
        let found = world.iam.instance_profiles.get(name);
        let path = found.map_or(path, |profile| &profile.path);
        let resource = Resource::new(arn(format!("instance-profile{path}{name}")));
        return vec![resource.named(format!("instance profile {name}"))];
    }
    if let Some(name) = input.text("RoleName") {
        let found = world.iam.roles.get(name);
        let path = found.map_or(path, |role| &role.path);
        let resource =
            Resource::new(arn(format!("role{path}{name}"))).tagged(found.map(|role| &role.tags));
        return vec![shown_unless_created(
            operation,
            resource,
            format!("role {name}"),
        )];
    }
    if let Some(name) = input.text("UserName") {
        let found = world.iam.users.get(name);
        let path = found.map_or(path, |user| &user.path);
        let resource =
            Resource::new(arn(format!("user{path}{name}"))).tagged(found.map(|user| &user.tags));
        return vec![shown_unless_created(
            operation,
            resource,
            format!("user {name}"),
        )];
    }
    if let Some(name) = input.text("PolicyName") {
        return vec![Resource::new(arn(format!("policy{path}{name}")))];
    }
    if let Some(policy) = input.text("PolicyArn") {
        return vec![Resource::new(policy).named(format!("policy {policy}"))];
    }
    if let Some(source) = input.text("PolicySourceArn") {
        return vec![Resource::new(source)];
    }
    let prefix = input.text("PathPrefix").unwrap_or("/");
    match operation {
        "ListRoles" => vec![Resource::new(arn(format!("role{prefix}")))],
        "ListUsers" => vec![Resource::new(arn(format!("user{prefix}")))],
        "ListInstanceProfiles" => vec![Resource::new(arn(format!("instance-profile{prefix}")))],
        "CreateServiceLinkedRole" => {
            let service = input.text("AWSServiceName").unwrap_or_default();
            vec![Resource::new(arn(format!(
                "role/aws-service-role/{service}/*"
            )))]
        }
        _ => Vec::new(),
    }
}

fn shown_unless_created(operation: &str, resource: Resource, name: String) -> Resource {
    if operation.starts_with("Create") {
        resource
    } else {
        resource.named(name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::testing::{learner, world};
    use super::*;

    #[track_caller]
    fn check(service: &str, operation: &str, members: Value, expected: &[&str]) {
        let world = world();
        let tags = request_tags(&members);
        let needed = needed(&world, &learner(), service, operation, &members, &tags);
        let arns: Vec<String> = needed
            .iter()
            .flat_map(|needed| &needed.resources)
            .map(|resource| resource.arn.replace(":us-west-2:123456789012:", ":R:A:"))
            .map(|arn| arn.replace("::123456789012:", "::A:"))
            .collect();
        assert_eq!(arns, expected, "{service}:{operation} {members}");
    }

    #[test]
    fn every_kind_of_resource_has_its_arn() {
        let group = json!({"AutoScalingGroupName": "g"});
        let cluster = |more: Value| {
            let mut members = json!({"name": "c"});
            members
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().cloned().unwrap());
            members
        };
        for (service, operation, members, expected) in [
            (
                "eks",
                "ListClusters",
                json!({}),
                "arn:aws:eks:R:A:cluster/*",
            ),
            (
                "eks",
                "ListNodegroups",
                cluster(json!({})),
                "arn:aws:eks:R:A:cluster/c",
            ),
            (
                "eks",
                "CreateNodegroup",
                cluster(json!({"nodegroupName": "n"})),
                "arn:aws:eks:R:A:cluster/c",
            ),
            (
                "eks",
                "DeleteNodegroup",
                cluster(json!({"nodegroupName": "n"})),
                "arn:aws:eks:R:A:nodegroup/c/n/*",
            ),
            (
                "eks",
                "DeleteAccessEntry",
                cluster(json!({"principalArn": "arn:aws:iam::123456789012:role/x"})),
                "arn:aws:eks:R:A:access-entry/c/role/123456789012/x/*",
            ),
            (
                "autoscaling",
                "CreateAutoScalingGroup",
                group,
                "arn:aws:autoscaling:R:A:autoScalingGroup:*:autoScalingGroupName/g",
            ),
            ("autoscaling", "DescribeAutoScalingGroups", json!({}), "*"),
            (
                "ec2",
                "TerminateInstances",
                json!({"InstanceId": ["i-1"]}),
                "arn:aws:ec2:R:A:instance/i-1",
            ),
            (
                "ec2",
                "CreateTags",
                json!({"ResourceId": ["ami-1"], "Tag": [{"Key": "a"}]}),
                "arn:aws:ec2:us-west-2::image/ami-1",
            ),
            (
                "ec2",
                "DescribeInstances",
                json!({"InstanceId": ["i-1"]}),
                "*",
            ),
            (
                "iam",
                "GetRole",
                json!({"RoleName": "AWSServiceRoleForAutoScaling"}),
                "arn:aws:iam::A:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
            ),
            ("iam", "GetUser", json!({}), "arn:aws:iam::A:user/workshop"),
            (
                "iam",
                "ListRoles",
                json!({"PathPrefix": "/a/"}),
                "arn:aws:iam::A:role/a/",
            ),
            (
                "iam",
                "CreatePolicy",
                json!({"PolicyName": "p", "Path": "/a/"}),
                "arn:aws:iam::A:policy/a/p",
            ),
            (
                "iam",
                "GetInstanceProfile",
                json!({"InstanceProfileName": "p"}),
                "arn:aws:iam::A:instance-profile/p",
            ),
            ("cloudtrail", "LookupEvents", json!({}), "*"),
        ] {
            check(service, operation, members, &[expected]);
        }
    }
}
