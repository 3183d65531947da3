//! The world as a learner's account begins: a healthy cluster with one node group, made by the same
//! controllers that run everything else.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::super::clock::{Clock, Moment, Pace};
use super::super::iam::{Credential, Holder, Permissions};
use super::super::{audit, autoscaling, ec2, eks, iam, kms, kubernetes, workloads};
use super::{Options, World};
use crate::policy::Policy;

/// What a world starts from.
#[derive(Debug, Clone)]
pub struct Start {
    /// Twelve digits.
    pub account: String,
    pub region: String,
    pub cluster: String,
    pub pace: Pace,
    pub options: Options,
    /// Seed of every id that the world draws.
    pub seed: u64,
    pub wall: Timestamp,
    /// URL of the Kubernetes API.
    pub endpoint: String,
    /// PEM of the authority behind it.
    pub authority: String,
}

/// Names of the two users: whoever does the lab, and breakfix itself.
pub const LEARNER: &str = "workshop";
pub const OPERATOR: &str = "breakfix";

const KUBERNETES_VERSION: &str = "1.30";
const KUBELET_VERSION: &str = "v1.30.8-eks-aeac579";
const RELEASE_VERSION: &str = "1.30.8-20250103";
const AGE_OF_THE_CLUSTER: Duration = Duration::from_secs(9 * 86_400);

impl World {
    /// A healthy cluster with a `default` node group of three Ready nodes, some days old.
    pub fn start(start: Start) -> World {
        let wall = start.wall.as_microsecond();
        let birth = Moment::from_micros(wall) - AGE_OF_THE_CLUSTER;
        let mut world = World {
            account: start.account,
            region: start.region,
            options: start.options,
            iam: iam::Iam::default(),
            kms: kms::Kms::default(),
            ec2: ec2::Ec2::default(),
            autoscaling: autoscaling::AutoScaling::default(),
            eks: eks::Eks::default(),
            kubernetes: kubernetes::Store::default(),
            nodes: BTreeMap::new(),
            workloads: workloads::Workloads::default(),
            joining: BTreeMap::new(),
            trail: audit::Trail::default(),
            clock: Clock::new(start.pace, wall),
            now: birth,
            wall,
            queue: BTreeMap::new(),
            scheduled: 0,
            changes: 0,
            noticed: None,
            random: fastrand::Rng::with_seed(start.seed),
        };
        principals(&mut world);
        volume_key(&mut world);
        let (_, image_release) = RELEASE_VERSION.rsplit_once('-').unwrap_or_default();
        ec2::start::network(&mut world, KUBERNETES_VERSION, image_release);
        cluster(&mut world, &start.cluster, start.endpoint, start.authority);
        for (kind, object) in kubernetes::cluster::starting_objects(birth.micros()) {
            world.kubernetes.put(kind, object);
        }
        eks::access::admit_node_manager(&mut world);
        workloads::install(&mut world);
        eks::creation::create_default_nodegroup(&mut world, &start.cluster);
        world.advance_to(Moment::from_micros(wall));
        world
    }

    /// Gives a user an access key.
    pub fn add_credential(&mut self, access_key: &str, secret_access_key: &str, user: &str) {
        let credential = Credential {
            secret_access_key: secret_access_key.to_owned(),
            session_token: None,
            holder: Holder::User(user.to_owned()),
            active: true,
            created: self.now(),
            expires: None,
        };
        self.iam
            .credentials
            .insert(access_key.to_owned(), credential);
        self.touch();
    }
}

/// Name of the role of the cluster itself.
pub const CLUSTER_ROLE: &str = "eks-workshop-cluster";
/// Name of the node role that the cluster's node groups use.
pub const NODE_ROLE: &str = "eks-workshop-node";

fn principals(world: &mut World) {
    for service in [
        "autoscaling.amazonaws.com",
        "eks-nodegroup.amazonaws.com",
        "eks.amazonaws.com",
    ] {
        iam::service_linked::create(world, service, None);
    }
    let role = |world: &mut World, name: &str, service: &str, policies: &[&str]| {
        let policies: Vec<String> = policies.iter().map(|name| managed(name)).collect();
        iam::roles::create_for_service(world, name, service, policies);
    };
    role(
        world,
        CLUSTER_ROLE,
        "eks.amazonaws.com",
        &["AmazonEKSClusterPolicy"],
    );
    role(
        world,
        NODE_ROLE,
        "ec2.amazonaws.com",
        &[
            "AmazonEKSWorkerNodePolicy",
            "AmazonEC2ContainerRegistryReadOnly",
            "AmazonEKS_CNI_Policy",
            "AmazonSSMManagedInstanceCore",
        ],
    );
    for name in [LEARNER, OPERATOR] {
        iam::users::create(world, "/", name, BTreeMap::new());
        let administrator = Permissions::of_managed(vec![managed("AdministratorAccess")]);
        if let Some(user) = world.iam.users.get_mut(name) {
            user.permissions = administrator;
        }
    }
    world.iam.bring_into_force();
}

fn managed(name: &str) -> String {
    format!("arn:aws:iam::aws:policy/{name}")
}

/// The AWS managed key for volumes whose template says only `Encrypted`.
fn volume_key(world: &mut World) {
    let id = world.uuid();
    let (account, region) = (world.account.clone(), world.region.clone());
    let policy_text = serde_json::json!({
        "Version": "2012-10-17",
        "Id": "auto-ebs-2",
        "Statement": [
            {
                "Sid": "Allow access through EBS for all principals in the account that are authorized to use EBS",
                "Effect": "Allow",
                "Principal": { "AWS": "*" },
                "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"],
                "Resource": "*",
                "Condition": {
                    "StringEquals": { "kms:CallerAccount": account, "kms:ViaService": format!("ec2.{region}.amazonaws.com") }
                }
            },
            {
                "Sid": "Allow direct access to key metadata to the account",
                "Effect": "Allow",
                "Principal": { "AWS": format!("arn:aws:iam::{account}:root") },
                "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
                "Resource": "*"
            }
        ]
    })
    .to_string();
    let Ok(policy) = Policy::parse(&policy_text) else {
        return;
    };
    let description =
        "Default key that protects my EBS volumes when no other key is defined".to_owned();
    let key = kms::NewKey {
        id: id.clone(),
        description,
        policy_text,
        policy,
        tags: BTreeMap::new(),
        managed_by_aws: true,
    };
    kms::add_key(world, key);
    let alias = kms::Alias {
        target: id,
        created: world.now(),
        updated: world.now(),
    };
    world.kms.aliases.insert("alias/aws/ebs".to_owned(), alias);
}

fn cluster(world: &mut World, name: &str, endpoint: String, authority: String) {
    let subnets: Vec<String> = world.ec2.subnets.keys().cloned().collect();
    let security_group = ec2::start::cluster_network(world, name, &subnets);
    let oidc_id = world.uuid();
    let cluster = eks::Cluster {
        name: name.to_owned(),
        arn: world.arn("eks", &format!("cluster/{name}")),
        version: KUBERNETES_VERSION.to_owned(),
        kubelet_version: KUBELET_VERSION.to_owned(),
        release_version: RELEASE_VERSION.to_owned(),
        created: world.now(),
        role_arn: format!("arn:aws:iam::{}:role/{CLUSTER_ROLE}", world.account),
        vpc: world.ec2.vpcs.keys().next().cloned().unwrap_or_default(),
        subnets,
        security_group,
        endpoint,
        authority,
        tags: BTreeMap::new(),
        oidc_id,
        configuration: eks::cluster::Configuration::default(),
        access_entries: BTreeMap::new(),
        issues: Vec::new(),
        sweep_due: false,
        updates: Vec::new(),
    };
    world.eks.clusters.insert(name.to_owned(), cluster);
    let creator = format!("arn:aws:iam::{}:user/{LEARNER}", world.account);
    eks::access::admit_administrator(world, name, &creator);
}
