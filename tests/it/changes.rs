//! Changes of scenarios, made and taken back through the real clients in a simulated account.

mod faults;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use breakfix::cloud::aws::Endpoint;
use breakfix::cloud::kubernetes::Access;
use breakfix::cloud::{Cloud, CloudError, Left, Mark, Original, Outputs, Pause};
use breakfix::scenario::Change;
use breakfix::simulator::{AccessKey, Configuration, Simulator};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

const CLUSTER: &str = "eks-workshop";
const SESSION: &str = "abc123";

/// A simulated account of a test's own, and what breakfix sees of it.
struct Ground {
    cloud: Cloud,
    told: Arc<Mutex<Vec<String>>>,
    simulator: Arc<Simulator>,
    // After the simulator, which stops on it.
    runtime: Runtime,
}

impl Ground {
    fn new() -> Ground {
        Ground::reached(Simulator::operator_key, |simulator| {
            Access::Kubeconfig(simulator.operator_kubeconfig())
        })
    }

    fn reached(
        key: impl Fn(&Simulator) -> AccessKey,
        access: impl Fn(&Simulator) -> Access,
    ) -> Ground {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let simulator = Arc::new(
            runtime
                .block_on(Simulator::start(Configuration::default()))
                .unwrap(),
        );
        let told: Arc<Mutex<Vec<String>>> = Arc::default();
        let mut cloud = runtime.block_on(connect(&simulator, key(&simulator), access(&simulator)));
        let ears = Arc::clone(&told);
        cloud.tell = Arc::new(move |line| ears.lock().unwrap().push(line.to_string()));
        Ground {
            cloud,
            told,
            simulator,
            runtime,
        }
    }

    fn run<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    #[track_caller]
    fn apply(&self, change: &Change, number: usize) -> Outputs {
        self.run(self.cloud.apply(change, &mark(number))).unwrap()
    }

    fn refusal(&self, change: &Change, number: usize) -> CloudError {
        let refused = self.run(self.cloud.apply(change, &mark(number)));
        refused.unwrap_err()
    }

    #[track_caller]
    fn revert(&self, change: &Change, number: usize, outputs: Option<&Outputs>) {
        let mark = mark(number);
        self.run(self.cloud.revert(change, &mark, outputs, None))
            .unwrap();
    }

    #[track_caller]
    fn restore(&self, change: &Change, number: usize, original: &Original) {
        let (mark, none) = (mark(number), Outputs::new());
        let restored = self
            .cloud
            .revert(change, &mark, Some(&none), Some(original));
        self.run(restored).unwrap();
    }

    #[track_caller]
    fn original(&self, change: &Change) -> Original {
        self.run(self.cloud.original(change)).unwrap().unwrap()
    }

    #[track_caller]
    fn left(&self) -> Vec<Left> {
        self.run(self.cloud.left_of(SESSION)).unwrap()
    }

    #[track_caller]
    fn nothing_left(&self) {
        assert_eq!(self.left(), []);
        assert_eq!(self.run(self.cloud.left_by_anyone()).unwrap(), []);
    }

    /// Makes a key as change number 1; returns its id.
    fn key(&self) -> String {
        self.apply(&key(), 1)["id"].clone()
    }

    fn kms(&self) -> aws_sdk_kms::Client {
        aws_sdk_kms::Client::new(&config(&self.simulator))
    }

    fn ec2(&self) -> aws_sdk_ec2::Client {
        aws_sdk_ec2::Client::new(&config(&self.simulator))
    }

    fn eks(&self) -> aws_sdk_eks::Client {
        aws_sdk_eks::Client::new(&config(&self.simulator))
    }

    fn iam(&self) -> aws_sdk_iam::Client {
        aws_sdk_iam::Client::new(&config(&self.simulator))
    }

    fn key_state(&self, id: &str) -> String {
        let reply = self.run(self.kms().describe_key().key_id(id).send());
        let metadata = reply.unwrap().key_metadata.unwrap();
        metadata.key_state.unwrap().as_str().to_owned()
    }

    fn desired(&self, nodegroup: &str) -> i32 {
        let request = self.eks().describe_nodegroup().cluster_name(CLUSTER);
        let reply = self.run(request.nodegroup_name(nodegroup).send());
        let scaling = reply.unwrap().nodegroup.unwrap().scaling_config.unwrap();
        scaling.desired_size.unwrap()
    }
}

async fn connect(simulator: &Arc<Simulator>, key: AccessKey, kubernetes: Access) -> Cloud {
    let endpoint = Endpoint::Simulator {
        url: simulator.aws_url(),
        access_key: key.id,
        secret_key: key.secret,
    };
    let weak = Arc::downgrade(simulator);
    let pause: Pause = Arc::new(move |duration| {
        let simulator = weak.upgrade();
        Box::pin(async move {
            if let Some(simulator) = simulator {
                simulator.pass(duration).await;
            }
        })
    });
    let names = ("123456789012", "us-west-2", CLUSTER);
    Cloud::connect(endpoint, names, kubernetes, pause)
        .await
        .unwrap()
}

/// For clients of somebody else's.
fn config(simulator: &Simulator) -> SdkConfig {
    let key = simulator.learner_key();
    let credentials = Credentials::from_keys(key.id, key.secret, None);
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-west-2"))
        .endpoint_url(simulator.aws_url())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}

fn mark(number: usize) -> Mark {
    Mark {
        session: SESSION.to_owned(),
        scenario: "a-scenario".to_owned(),
        number,
        expires_at: "2026-11-23T10:00:00Z".parse().unwrap(),
    }
}

fn change(value: Value) -> Change {
    serde_json::from_value(value).unwrap()
}

fn key() -> Change {
    change(json!({"kms_key": {
        "id": "key", "description": "ours", "rotation": true, "policy": policy("kms:*"),
    }}))
}

/// A key policy that lets the account do this.
fn policy(action: &str) -> String {
    let root = json!({"AWS": "arn:aws:iam::123456789012:root"});
    json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Root", "Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"},
        {"Sid": "More", "Effect": "Allow", "Principal": root, "Action": action, "Resource": "*"},
    ]})
    .to_string()
}

fn template(name: &str) -> Change {
    change(json!({"launch_template": {
        "id": "template", "name": name, "instance_type": "m5.large",
        "volume": {"size": 20, "type": "gp3", "encrypted": false},
    }}))
}

fn nodegroup(name: &str, template: &str, desired: i32) -> Change {
    change(json!({"nodegroup": {
        "id": "group", "name": name, "template": template, "min": 0, "desired": desired, "max": 1,
    }}))
}

fn role() -> Change {
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"},
    ]});
    change(json!({"iam_role": {
        "id": "role", "name": "lab-nodes", "service": "ec2.amazonaws.com",
        "managed_policies": [
            "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
            "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy",
            "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly",
        ],
        "inline_policies": {"more": document.to_string()},
    }}))
}

const MANIFEST: &str = "
apiVersion: v1
kind: Namespace
metadata: { name: lab }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings, namespace: lab }
data: { colour: red }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: lab }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: public.ecr.aws/nginx/nginx }] }
";

fn manifest(text: &str) -> Change {
    change(json!({"kube_manifest": {"manifest": text}}))
}

fn kinds(left: &[Left]) -> Vec<&str> {
    left.iter().map(|left| left.kind).collect()
}

/// Made, made again, taken back; made and taken back without knowing what was made.
#[track_caller]
fn comes_and_goes(ground: &Ground, change: &Change, numbers: [usize; 2]) {
    let before = ground.left();
    let outputs = ground.apply(change, numbers[0]);
    let with = ground.left();
    assert!(with.len() > before.len(), "{change}: {with:?}");
    let mut names: Vec<&str> = outputs.keys().map(String::as_str).collect();
    let mut promised = change.outputs().to_vec();
    names.sort_unstable();
    promised.sort_unstable();
    assert_eq!(names, promised, "{change}");
    assert_eq!(ground.apply(change, numbers[0]), outputs, "{change}");
    assert_eq!(ground.left(), with, "{change} was made twice");
    ground.revert(change, numbers[0], Some(&outputs));
    ground.revert(change, numbers[0], Some(&outputs));
    assert_eq!(ground.left(), before, "{change}");
    ground.apply(change, numbers[1]);
    ground.revert(change, numbers[1], None);
    ground.revert(change, numbers[1], None);
    assert_eq!(ground.left(), before, "{change}");
}

#[test]
fn a_key_comes_and_goes_with_its_tags() {
    let ground = Ground::new();
    comes_and_goes(&ground, &key(), [1, 2]);
    ground.nothing_left();
    let id = ground.apply(&key(), 3)["id"].clone();
    let tags = ground.run(ground.kms().list_resource_tags().key_id(&id).send());
    let tags: BTreeMap<String, String> = tags
        .unwrap()
        .tags()
        .iter()
        .map(|tag| (tag.tag_key.clone(), tag.tag_value.clone()))
        .collect();
    let expected = [
        ("breakfix:session", SESSION),
        ("breakfix:scenario", "a-scenario"),
        ("breakfix:managed-by", "breakfix"),
        ("breakfix:change", "3"),
        ("breakfix:expires-at", "2026-11-23T10:00:00Z"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(tags, BTreeMap::from(expected));
    let rotation = ground.run(ground.kms().get_key_rotation_status().key_id(&id).send());
    assert!(rotation.unwrap().key_rotation_enabled());
}

#[test]
fn every_key_of_a_lost_answer_is_found() {
    let ground = Ground::new();
    let first = ground.key();
    let tags = ground.run(ground.kms().list_resource_tags().key_id(&first).send());
    let twin = ground.kms().create_key().set_tags(tags.unwrap().tags);
    let twin = ground
        .run(twin.send())
        .unwrap()
        .key_metadata
        .unwrap()
        .key_id;
    assert_eq!(kinds(&ground.left()), ["KMS key", "KMS key"]);
    ground.revert(&key(), 1, None);
    assert_eq!(ground.key_state(&first), "PendingDeletion");
    assert_eq!(ground.key_state(&twin), "PendingDeletion");
    ground.nothing_left();
}

#[test]
fn an_alias_comes_and_goes_and_somebody_elses_stays() {
    let ground = Ground::new();
    let id = ground.key();
    let alias = |key: &str| change(json!({"kms_alias": {"name": "alias/lab", "key": key}}));
    comes_and_goes(&ground, &alias(&id), [2, 3]);
    let foreign = ground.run(ground.kms().create_key().send()).unwrap();
    let foreign = foreign.key_metadata.unwrap().key_id;
    let theirs = ground.kms().create_alias().alias_name("alias/lab");
    ground.run(theirs.target_key_id(&foreign).send()).unwrap();
    let error = ground.refusal(&alias(&id), 4);
    assert!(
        matches!(&error, CloudError::Taken(why) if why.contains("alias/lab")),
        "{error:?}"
    );
    ground.revert(&alias(&id), 4, None);
    let theirs = ground.kms().describe_key().key_id("alias/lab").send();
    assert_eq!(
        ground.run(theirs).unwrap().key_metadata.unwrap().key_id,
        foreign
    );
}

#[test]
fn an_alias_on_a_key_that_is_going_is_left() {
    let ground = Ground::new();
    let id = ground.key();
    let alias = change(json!({"kms_alias": {"name": "alias/lab", "key": id}}));
    ground.apply(&alias, 2);
    ground.revert(&key(), 1, None);
    assert_eq!(kinds(&ground.left()), ["KMS alias"]);
    ground.run(ground.cloud.remove(&ground.left()[0])).unwrap();
    ground.nothing_left();
}

/// A grant for the role of the cluster's nodes.
fn grant(key: &str) -> Change {
    change(json!({"kms_grant": {
        "id": "grant", "key": key, "grantee": "arn:aws:iam::123456789012:user/learner",
        "operations": ["Decrypt", "CreateGrant"],
    }}))
}

#[test]
fn a_grant_comes_and_goes_on_anybodys_key() {
    let ground = Ground::new();
    let foreign = ground.run(ground.kms().create_key().send()).unwrap();
    let foreign = foreign.key_metadata.unwrap().key_id;
    let grantee = ground.run(ground.cloud.identity()).unwrap().arn;
    let mut grant = grant(&foreign);
    if let Change::KmsGrant(grant) = &mut grant {
        grant.grantee = grantee;
    }
    comes_and_goes(&ground, &grant, [1, 2]);
    ground.nothing_left();
}

#[test]
fn a_revoked_grant_is_made_again_as_it_was() {
    let ground = Ground::new();
    let id = ground.key();
    let mut made = grant(&id);
    if let Change::KmsGrant(grant) = &mut made {
        grant.grantee = ground.run(ground.cloud.identity()).unwrap().arn;
    }
    let outputs = ground.apply(&made, 2);
    let revoked = change(json!({"kms_grant_revoked": {"key": id, "grant": outputs["id"]}}));
    let original = ground.original(&revoked);
    let journalled = serde_json::to_string(&original).unwrap();
    let original: Original = serde_json::from_str(&journalled).unwrap();
    let grants = || {
        let listed = ground.run(ground.kms().list_grants().key_id(&id).send());
        listed.unwrap().grants.unwrap()
    };
    ground.apply(&revoked, 3);
    ground.apply(&revoked, 3);
    assert_eq!(grants().len(), 0);
    ground.restore(&revoked, 3, &original);
    ground.restore(&revoked, 3, &original);
    let again = grants();
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].operations().len(), 2);
    // The grant has another id by now; undoing its making finds it all the same.
    ground.revert(&made, 2, Some(&outputs));
    assert_eq!(grants().len(), 0);
}

#[test]
fn a_key_policy_is_put_back_unless_somebody_else_altered_it() {
    let ground = Ground::new();
    let foreign = ground.kms().create_key().policy(policy("kms:DescribeKey"));
    let foreign = ground.run(foreign.send()).unwrap();
    let id = foreign.key_metadata.unwrap().key_id;
    let put = change(json!({"kms_key_policy": {"key": id, "policy": policy("kms:Encrypt")}}));
    let original = ground.original(&put);
    let present = || {
        let reply = ground.run(ground.kms().get_key_policy().key_id(&id).send());
        reply.unwrap().policy.unwrap()
    };
    ground.apply(&put, 1);
    assert!(present().contains("kms:Encrypt"));
    ground.restore(&put, 1, &original);
    assert_eq!(Original::KeyPolicy(present()), original);
    ground.restore(&put, 1, &original);

    ground.apply(&put, 2);
    let theirs = ground.kms().put_key_policy().key_id(&id);
    let theirs = theirs.policy(policy("kms:Decrypt")).send();
    ground.run(theirs).unwrap();
    let (mark, none) = (mark(2), Outputs::new());
    let reverted = ground
        .cloud
        .revert(&put, &mark, Some(&none), Some(&original));
    let error = ground.run(reverted).unwrap_err();
    assert!(
        matches!(&error, CloudError::Conflict(why) if why.contains(&id)),
        "{error:?}"
    );
    assert!(present().contains("kms:Decrypt"), "it was not touched");
}

#[test]
fn what_a_learner_did_to_the_sessions_own_key_goes_with_it() {
    let ground = Ground::new();
    let id = ground.key();
    let put = change(json!({"kms_key_policy": {"key": id, "policy": policy("kms:Encrypt")}}));
    let original = ground.original(&put);
    ground.apply(&put, 2);
    let theirs = ground.kms().put_key_policy().key_id(&id);
    let theirs = theirs.policy(policy("kms:Decrypt")).send();
    ground.run(theirs).unwrap();
    ground.restore(&put, 2, &original);
    ground.revert(&key(), 1, None);
    ground.nothing_left();
}

#[test]
fn a_key_goes_through_all_its_states_and_back() {
    let ground = Ground::new();
    let id = ground.key();
    let state = |state: &str| change(json!({"kms_key_state": {"key": id, "state": state}}));
    for (number, (wanted, shown)) in [
        ("disabled", "Disabled"),
        ("pending_deletion", "PendingDeletion"),
    ]
    .into_iter()
    .enumerate()
    {
        let change = state(wanted);
        let original = ground.original(&change);
        ground.apply(&change, 2 + number);
        ground.apply(&change, 2 + number);
        assert_eq!(ground.key_state(&id), shown);
        ground.restore(&change, 2 + number, &original);
        ground.restore(&change, 2 + number, &original);
        assert_eq!(ground.key_state(&id), "Enabled");
    }
    ground.apply(&state("pending_deletion"), 5);
    ground.apply(&state("disabled"), 6);
    assert_eq!(ground.key_state(&id), "Disabled");
    ground.apply(&state("pending_deletion"), 7);
    ground.apply(&state("enabled"), 8);
    assert_eq!(ground.key_state(&id), "Enabled");
}

#[test]
fn a_template_and_its_versions_come_and_go() {
    let ground = Ground::new();
    comes_and_goes(&ground, &template("workers"), [1, 2]);
    let made = ground.apply(&template("workers"), 3);
    let found = ground.ec2().describe_launch_template_versions();
    let found = found.launch_template_id(&made["id"]).send();
    let found = ground.run(found).unwrap().launch_template_versions.unwrap();
    let data = found[0].launch_template_data().unwrap();
    let mut tagged: Vec<&str> = data
        .tag_specifications()
        .iter()
        .map(|tags| tags.resource_type().unwrap().as_str())
        .collect();
    tagged.sort_unstable();
    assert_eq!(tagged, ["instance", "network-interface", "volume"]);

    let version = change(json!({"launch_template_version": {
        "id": "second", "template": made["id"],
        "volume": {"size": 30, "type": "gp3", "encrypted": true},
    }}));
    let number = ground.apply(&version, 4);
    assert_eq!(number["version"], "2");
    assert_eq!(ground.apply(&version, 4), number);
    let versions = || {
        let reply = ground.ec2().describe_launch_template_versions();
        let reply = ground.run(reply.launch_template_id(&made["id"]).send());
        let versions = reply.unwrap().launch_template_versions.unwrap();
        versions
            .iter()
            .map(|version| version.version_number.unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(versions(), [2, 1]);
    ground.revert(&version, 4, Some(&number));
    assert_eq!(versions(), [1]);
    ground.apply(&version, 5);
    ground.revert(&version, 5, None);
    ground.revert(&version, 5, None);
    assert_eq!(versions(), [1]);
    ground.revert(&template("workers"), 3, Some(&made));
    ground.revert(&version, 5, None);
    ground.nothing_left();
}

#[test]
fn a_template_of_somebody_else_is_taken_and_stays() {
    let ground = Ground::new();
    let theirs = ground.ec2().create_launch_template();
    let data = aws_sdk_ec2::types::RequestLaunchTemplateData::builder()
        .ebs_optimized(true)
        .build();
    let theirs = theirs
        .launch_template_name("workers")
        .launch_template_data(data);
    ground.run(theirs.send()).unwrap();
    let error = ground.refusal(&template("workers"), 1);
    assert!(
        matches!(&error, CloudError::Taken(why) if why.contains("workers")),
        "{error:?}"
    );
    ground.revert(&template("workers"), 1, None);
    let found = ground
        .ec2()
        .describe_launch_templates()
        .launch_template_names("workers");
    assert_eq!(
        ground.run(found.send()).unwrap().launch_templates().len(),
        1
    );
    // A twin of the same session is somebody else as well.
    ground.apply(&template("others"), 2);
    assert!(matches!(
        ground.refusal(&template("others"), 3),
        CloudError::Taken(_)
    ));
}

#[test]
fn a_node_group_comes_and_goes_with_all_that_it_launched() {
    let ground = Ground::new();
    let made = ground.apply(&template("workers"), 1);
    let group = nodegroup("workers", &made["id"], 1);
    comes_and_goes(&ground, &group, [2, 3]);
    let outputs = ground.apply(&group, 4);
    assert!(outputs["asg"].starts_with("eks-workers-"), "{outputs:?}");
    let with = ground.left();
    for kind in ["node group", "instance", "volume", "network interface"] {
        assert!(kinds(&with).contains(&kind), "{kind}: {with:?}");
    }
    ground.revert(&group, 4, Some(&outputs));
    assert_eq!(kinds(&ground.left()), ["launch template"]);
    let told = ground.told.lock().unwrap().join("\n");
    assert!(
        told.contains("node group workers is DELETING for 5 s; typically 2 to 5 minutes"),
        "{told}"
    );
    ground.revert(&template("workers"), 1, Some(&made));
    ground.nothing_left();
}

#[test]
fn a_node_group_of_somebody_else_is_taken_and_stays() {
    let ground = Ground::new();
    let made = ground.apply(&template("workers"), 1);
    let group = nodegroup("default", &made["id"], 0);
    let error = ground.refusal(&group, 2);
    assert!(
        matches!(&error, CloudError::Taken(why) if why.contains("default")),
        "{error:?}"
    );
    ground.revert(&group, 2, None);
    assert_eq!(ground.desired("default"), 3);
    // One that somebody made anew under the name of ours is named, and stays too.
    let error = ground
        .run(
            ground
                .cloud
                .revert(&group, &mark(2), Some(&Outputs::new()), None),
        )
        .unwrap_err();
    assert!(matches!(&error, CloudError::Taken(_)), "{error:?}");
    assert_eq!(ground.desired("default"), 3);
}

#[test]
fn a_size_is_put_back_unless_somebody_else_altered_it() {
    let ground = Ground::new();
    let scale = change(json!({"scale": {"nodegroup": "default", "desired": 4}}));
    let original = ground.original(&scale);
    assert_eq!(original, Original::Desired(3));
    ground.apply(&scale, 1);
    ground.apply(&scale, 1);
    assert_eq!(ground.desired("default"), 4);
    ground.restore(&scale, 1, &original);
    assert_eq!(ground.desired("default"), 3);
    let more = change(json!({"scale": {"nodegroup": "default", "desired": 5}}));
    ground.apply(&more, 2);
    let (mark, none) = (mark(1), Outputs::new());
    let reverted = ground
        .cloud
        .revert(&scale, &mark, Some(&none), Some(&original));
    let error = ground.run(reverted).unwrap_err().to_string();
    assert!(
        error.contains("is 5 by now, not 4 as the change left it"),
        "{error}"
    );
}

#[test]
fn a_node_group_moves_between_versions_of_its_template() {
    let ground = Ground::new();
    let made = ground.apply(&template("workers"), 1);
    ground.apply(&nodegroup("workers", &made["id"], 0), 2);
    let version = change(json!({"launch_template_version": {
        "id": "second", "template": made["id"],
        "volume": {"size": 30, "type": "gp3", "encrypted": true},
    }}));
    ground.apply(&version, 3);
    let moved = change(json!({"nodegroup_template": {"nodegroup": "workers", "version": "2"}}));
    let original = ground.original(&moved);
    assert_eq!(original, Original::TemplateVersion("1".to_owned()));
    ground.apply(&moved, 4);
    ground.apply(&moved, 4);
    assert_eq!(
        ground.original(&moved),
        Original::TemplateVersion("2".to_owned())
    );
    ground.restore(&moved, 4, &original);
    assert_eq!(ground.original(&moved), original);
}

#[test]
fn a_role_comes_and_goes_with_its_policies_and_its_nodes() {
    let ground = Ground::new();
    comes_and_goes(&ground, &role(), [1, 2]);
    let made = ground.apply(&role(), 3);
    let attached = ground.iam().list_attached_role_policies();
    let attached = ground.run(attached.role_name("lab-nodes").send()).unwrap();
    assert_eq!(attached.attached_policies().len(), 3);
    let workers = ground.apply(&template("workers"), 4);
    let mut group = nodegroup("workers", &workers["id"], 1);
    if let Change::Nodegroup(group) = &mut group {
        group.role = Some(made["arn"].clone());
    }
    let outputs = ground.apply(&group, 5);
    ground.revert(&group, 5, Some(&outputs));
    ground.revert(&template("workers"), 4, Some(&workers));
    ground.revert(&role(), 3, Some(&made));
    ground.nothing_left();
    let entries = ground.eks().list_access_entries().cluster_name(CLUSTER);
    let entries = ground.run(entries.send()).unwrap();
    assert!(!entries.access_entries().contains(&made["arn"]));
}

#[test]
fn a_role_of_somebody_else_is_taken_and_stays() {
    let ground = Ground::new();
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole",
    }]});
    let theirs = ground.iam().create_role().role_name("lab-nodes");
    let theirs = theirs.assume_role_policy_document(trust.to_string());
    ground.run(theirs.send()).unwrap();
    let error = ground.refusal(&role(), 1);
    assert!(
        matches!(&error, CloudError::Taken(why) if why.contains("lab-nodes")),
        "{error:?}"
    );
    ground.revert(&role(), 1, None);
    let found = ground.iam().get_role().role_name("lab-nodes").send();
    assert!(ground.run(found).is_ok());
}

#[test]
fn objects_come_and_go() {
    let ground = Ground::new();
    let objects = manifest(MANIFEST);
    comes_and_goes(&ground, &objects, [1, 2]);
    ground.apply(&objects, 3);
    let names: Vec<String> = ground.left().into_iter().map(|left| left.name).collect();
    assert_eq!(
        names,
        [
            "ConfigMap lab/settings",
            "Deployment lab/web",
            "Namespace lab"
        ]
    );
    for left in ground.left() {
        assert_eq!(left.expires_at, Some(mark(1).expires_at));
        ground.run(ground.cloud.remove(&left)).unwrap();
    }
    ground.nothing_left();
}

#[test]
fn objects_of_somebody_else_are_taken_and_stay() {
    let ground = Ground::new();
    let foreign = "
apiVersion: v1
kind: ConfigMap
metadata: { name: fresh, namespace: default }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: coredns, namespace: kube-system }
spec: { replicas: 0 }
";
    let error = ground.refusal(&manifest(foreign), 1);
    assert!(
        matches!(&error, CloudError::Taken(why) if why.contains("kube-system/coredns")),
        "{error:?}"
    );
    ground.nothing_left();
    ground.revert(&manifest(foreign), 1, None);
    assert!(matches!(
        ground.refusal(&manifest(foreign), 1),
        CloudError::Taken(_)
    ));
}

#[test]
fn objects_of_an_earlier_change_are_put_back() {
    let ground = Ground::new();
    let first = manifest(MANIFEST);
    ground.apply(&first, 1);
    let second = manifest(
        "
apiVersion: v1
kind: ConfigMap
metadata: { name: settings, namespace: lab }
data: { colour: blue, size: large }
",
    );
    let before = ground.original(&second);
    ground.apply(&second, 2);
    assert_ne!(ground.original(&second), before);
    ground.restore(&second, 2, &before);
    assert_eq!(ground.original(&second), before);
    ground.revert(&first, 1, None);
    ground.nothing_left();
}

#[test]
fn whatever_is_left_can_be_removed_in_the_order_it_is_told() {
    let ground = Ground::new();
    let id = ground.key();
    ground.apply(
        &change(json!({"kms_alias": {"name": "alias/lab", "key": id}})),
        2,
    );
    let made = ground.apply(&template("workers"), 3);
    let role_made = ground.apply(&role(), 4);
    let mut group = nodegroup("workers", &made["id"], 1);
    if let Change::Nodegroup(group) = &mut group {
        group.role = Some(role_made["arn"].clone());
    }
    ground.apply(&group, 5);
    ground.apply(&manifest(MANIFEST), 6);
    let left = ground.run(ground.cloud.left_by_anyone()).unwrap();
    assert_eq!(left, ground.left());
    for left in left {
        assert_eq!(left.session, SESSION);
        assert_eq!(left.expires_at, Some(mark(1).expires_at), "{left}");
        ground.run(ground.cloud.remove(&left)).unwrap();
    }
    ground.nothing_left();
}

#[test]
fn another_sessions_things_are_not_this_ones() {
    let ground = Ground::new();
    ground.key();
    assert_eq!(ground.run(ground.cloud.left_of("other")).unwrap(), []);
    let other = Mark {
        session: "other".to_owned(),
        ..mark(1)
    };
    ground
        .run(ground.cloud.revert(&key(), &other, None, None))
        .unwrap();
    assert_eq!(kinds(&ground.left()), ["KMS key"]);
}

#[test]
fn an_account_is_known_and_its_cluster_reached_without_a_kubeconfig() {
    let ground = Ground::reached(Simulator::learner_key, |_| Access::Cluster);
    let identity = ground.run(ground.cloud.identity()).unwrap();
    assert_eq!(identity.account, "123456789012");
    assert!(!identity.is_root());
    let tags = ground.run(ground.cloud.cluster_tags()).unwrap();
    assert!(!tags.contains_key("breakfix:allow"), "{tags:?}");
    comes_and_goes(&ground, &manifest(MANIFEST), [1, 2]);
    ground.nothing_left();
}

#[test]
fn a_stopped_simulator_is_unreachable() {
    let ground = Ground::new();
    ground.simulator.close();
    let error = loop {
        match ground.run(ground.cloud.identity()) {
            Ok(_) => continue,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, CloudError::Unreachable(_)), "{error:?}");
}
