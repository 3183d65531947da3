//! The Rust SDKs and `kube`, which parse answers strictly, against a simulated account.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use k8s_openapi::api::core::v1::{Namespace, Node};
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};

use super::account::Account;

const CLUSTER: &str = "eks-workshop";
const GROUP: &str = "default";

fn config(account: &Account) -> SdkConfig {
    let key = account.simulator.learner_key();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-west-2"))
        .endpoint_url(account.simulator.aws_url())
        .credentials_provider(
            aws_credential_types::provider::SharedCredentialsProvider::new(Credentials::from_keys(
                key.id, key.secret, None,
            )),
        )
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}

#[test]
fn the_rust_sdks_read_what_every_service_answers() {
    let account = Account::new();
    let config = config(&account);
    let eks = aws_sdk_eks::Client::new(&config);
    let (kms, ec2) = (
        aws_sdk_kms::Client::new(&config),
        aws_sdk_ec2::Client::new(&config),
    );
    let autoscaling = aws_sdk_autoscaling::Client::new(&config);
    account.block_on(async {
        let nodegroup = eks
            .describe_nodegroup()
            .cluster_name(CLUSTER)
            .nodegroup_name(GROUP)
            .send()
            .await
            .unwrap();
        let nodegroup = nodegroup.nodegroup().unwrap();
        assert_eq!(nodegroup.status().unwrap().as_str(), "ACTIVE");
        let group = nodegroup.resources().unwrap().auto_scaling_groups()[0]
            .name()
            .unwrap();

        let activities = autoscaling
            .describe_scaling_activities()
            .auto_scaling_group_name(group)
            .send()
            .await
            .unwrap();
        assert_eq!(activities.activities().len(), 3);
        let groups = autoscaling
            .describe_auto_scaling_groups()
            .send()
            .await
            .unwrap();
        let template = groups.auto_scaling_groups()[0]
            .mixed_instances_policy()
            .and_then(|policy| policy.launch_template()?.launch_template_specification());
        let versions = ec2
            .describe_launch_template_versions()
            .launch_template_id(template.unwrap().launch_template_id().unwrap())
            .send()
            .await
            .unwrap();
        assert_eq!(versions.launch_template_versions().len(), 1);
        let instances = ec2.describe_instances().send().await.unwrap();
        assert!(instances.reservations().len() >= 3);

        let key = kms.create_key().send().await.unwrap();
        let key = key.key_metadata().unwrap().key_id();
        let policy = kms.get_key_policy().key_id(key).send().await.unwrap();
        assert!(policy.policy().unwrap().contains(":root"));
        let missing = kms
            .describe_key()
            .key_id("nothing")
            .send()
            .await
            .unwrap_err();
        assert!(missing.into_service_error().is_not_found_exception());
    });
}

#[test]
fn kube_lists_makes_and_removes_objects() {
    let account = Account::new();
    let kubeconfig = Kubeconfig::from_yaml(&account.simulator.kubeconfig()).unwrap();
    account.block_on(async {
        let options = KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options)
            .await
            .unwrap();
        let client = kube::Client::try_from(config).unwrap();
        let nodes: Api<Node> = Api::all(client.clone());
        assert_eq!(
            nodes
                .list(&ListParams::default())
                .await
                .unwrap()
                .items
                .len(),
            3
        );
        let namespaces: Api<Namespace> = Api::all(client);
        let mut mine = Namespace::default();
        mine.metadata.name = Some("mine".to_owned());
        namespaces
            .create(&PostParams::default(), &mine)
            .await
            .unwrap();
        let again = namespaces
            .create(&PostParams::default(), &mine)
            .await
            .unwrap_err();
        assert!(again.to_string().contains("already exists"), "{again}");
        namespaces
            .delete("mine", &DeleteParams::default())
            .await
            .unwrap();
    });
}
