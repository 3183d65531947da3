//! The cluster as `kubectl` and the `kube` crate see it.

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};

use super::account::Account;

/// What a kubectl command prints; it must succeed.
#[track_caller]
fn kubectl(account: &Account, arguments: &str) -> String {
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    let printed = account.kubectl(&arguments);
    assert_eq!(printed.status, 0, "kubectl {arguments:?}: {printed:?}");
    printed.stdout
}

/// What a kubectl command says when it fails, which it must.
#[track_caller]
fn refused(account: &Account, arguments: &str) -> String {
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    let printed = account.kubectl(&arguments);
    assert_ne!(printed.status, 0, "kubectl {arguments:?}: {printed:?}");
    printed.stderr
}

#[track_caller]
fn get(account: &Account, arguments: &str) -> Value {
    let text = kubectl(account, &format!("get {arguments} -o json"));
    serde_json::from_str(&text).unwrap()
}

/// Puts manifests into a file of the account's directory.
fn manifest(account: &Account, name: &str, documents: &[Value]) {
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": documents });
    std::fs::write(account.directory().join(name), list.to_string()).unwrap();
}

fn web(replicas: u32) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web" },
        "spec": {
            "replicas": replicas,
            "selector": { "matchLabels": { "app": "web" } },
            "template": {
                "metadata": { "labels": { "app": "web" } },
                "spec": { "containers": [{ "name": "web", "image": "nginx:1.27" }] },
            },
        },
    })
}

#[track_caller]
fn assert_contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

#[test]
fn the_pods_of_the_system_run() {
    let account = Account::new();
    let pods = get(&account, "pods -n kube-system");
    let pods = pods["items"].as_array().unwrap();
    assert_eq!(pods.len(), 8);
    for pod in pods {
        assert_eq!(pod["status"]["phase"], "Running");
        assert!(pod["status"]["podIP"].is_string());
    }
    let all = kubectl(&account, "get all -A");
    assert_contains(
        &all,
        &[
            "pod/aws-node-",
            "daemonset.apps/kube-proxy",
            "deployment.apps/coredns",
        ],
    );
    assert_contains(
        &kubectl(
            &account,
            "get pdb,sc,ep,endpointslices,cm,sa,roles,clusterroles,pvc -A",
        ),
        &[
            "poddisruptionbudget.policy/coredns",
            "storageclass.storage.k8s.io/gp2",
            "endpoints/kube-dns",
        ],
    );
}

#[test]
fn a_deployment_is_created_rolled_out_scaled_and_deleted() {
    let account = Account::new();
    kubectl(
        &account,
        "create deployment web --image=nginx:1.27 --replicas=3",
    );
    kubectl(
        &account,
        "wait --for=condition=Available deployment/web --timeout=60s",
    );
    kubectl(&account, "expose deployment web --port=80");
    let endpoints = get(&account, "endpoints web");
    assert_eq!(
        endpoints["subsets"][0]["addresses"]
            .as_array()
            .map(Vec::len),
        Some(3)
    );
    kubectl(&account, "set image deployment/web nginx=nginx:1.28");
    let status = kubectl(&account, "rollout status deployment/web --timeout=60s");
    assert_contains(&status, &["deployment \"web\" successfully rolled out"]);
    let history = kubectl(&account, "rollout history deployment/web");
    assert_contains(&history, &["1         <none>", "2         <none>"]);
    kubectl(&account, "rollout undo deployment/web");
    kubectl(&account, "rollout status deployment/web --timeout=60s");
    // The last old pod may still be stopping.
    account.advance(Duration::from_secs(5));
    let images = kubectl(
        &account,
        "get pods -o jsonpath={.items[*].spec.containers[*].image}",
    );
    assert_eq!(images, "nginx:1.27 nginx:1.27 nginx:1.27");
    kubectl(&account, "scale deployment/web --replicas=1");
    kubectl(&account, "rollout status deployment/web --timeout=60s");
    kubectl(&account, "delete deployment web --cascade=foreground");
    assert_eq!(kubectl(&account, "get pods,rs,deployments -o name"), "");
}

#[test]
fn applied_manifests_are_merged_and_mistakes_refused() {
    let account = Account::new();
    let map = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "c" }, "data": { "a": "1", "b": "2" } });
    manifest(&account, "one.json", &[web(2), map.clone()]);
    kubectl(&account, "apply -f one.json");
    let mut other = map.clone();
    other["data"] = json!({ "a": "3" });
    manifest(&account, "two.json", &[web(3), other]);
    let applied = kubectl(&account, "apply -f two.json");
    assert_contains(
        &applied,
        &["deployment.apps/web configured", "configmap/c configured"],
    );
    assert_eq!(get(&account, "cm c")["data"], json!({ "a": "3" }));
    assert_eq!(get(&account, "deploy web")["spec"]["replicas"], 3);

    manifest(&account, "ours.json", std::slice::from_ref(&map));
    kubectl(
        &account,
        "apply --server-side --force-conflicts -f ours.json",
    );
    let mut theirs = map;
    theirs["data"] = json!({ "a": "9" });
    manifest(&account, "theirs.json", &[theirs]);
    let conflict = refused(
        &account,
        "apply --server-side --field-manager=they -f theirs.json",
    );
    assert_contains(
        &conflict,
        &["Apply failed with 1 conflict: conflict with \"kubectl\": .data.a"],
    );
    kubectl(
        &account,
        "apply --server-side --field-manager=they --force-conflicts -f theirs.json",
    );
    assert_eq!(get(&account, "cm c")["data"], json!({ "a": "9", "b": "2" }));

    let mut wrong = web(1);
    wrong["spec"]["replcas"] = json!(1);
    manifest(&account, "wrong.json", &[wrong]);
    assert_contains(
        &refused(&account, "apply -f wrong.json"),
        &["strict decoding error: unknown field \"spec.replcas\""],
    );
    let mut mismatch = web(1);
    mismatch["metadata"]["name"] = json!("other");
    mismatch["spec"]["selector"]["matchLabels"] = json!({ "app": "api" });
    manifest(&account, "mismatch.json", &[mismatch]);
    assert_contains(
        &refused(&account, "apply -f mismatch.json"),
        &[
            "The Deployment \"other\" is invalid: spec.template.metadata.labels: Invalid value",
            "`selector` does not match template `labels`",
        ],
    );
}

#[test]
fn a_drained_node_is_empty_and_a_budget_is_respected() {
    let account = Account::new();
    manifest(&account, "web.json", &[web(3)]);
    kubectl(&account, "apply -f web.json");
    kubectl(&account, "rollout status deployment/web --timeout=60s");
    let nodes = kubectl(&account, "get nodes -o jsonpath={.items[*].metadata.name}");
    let node = nodes.split(' ').next().unwrap();
    kubectl(
        &account,
        "create pdb web --selector=app=web --min-available=3",
    );
    let blocked = refused(
        &account,
        &format!("drain {node} --ignore-daemonsets --timeout=1s"),
    );
    assert_contains(
        &blocked,
        &["Cannot evict pod as it would violate the pod's disruption budget."],
    );
    kubectl(&account, "delete pdb web");
    let drained = kubectl(
        &account,
        &format!("drain {node} --ignore-daemonsets --timeout=60s"),
    );
    assert_contains(&drained, &["evicted", "drained"]);
    assert_contains(
        &kubectl(&account, "get nodes"),
        &["Ready,SchedulingDisabled"],
    );
    let left = get(
        &account,
        &format!("pods -A --field-selector spec.nodeName={node}"),
    );
    for pod in left["items"].as_array().unwrap() {
        assert_eq!(pod["metadata"]["ownerReferences"][0]["kind"], "DaemonSet");
    }
    kubectl(&account, &format!("uncordon {node}"));
    kubectl(&account, "rollout status deployment/web --timeout=60s");
}

#[test]
fn a_pod_that_cannot_run_says_why() {
    let account = Account::new();
    let pod = |name: &str, extra: Value| {
        let mut pod = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name } });
        pod["spec"] = extra;
        pod
    };
    let greedy = json!({ "containers": [{ "name": "a", "image": "nginx", "resources": { "requests": { "cpu": 10 } } }] });
    let picky = json!({ "containers": [{ "name": "a", "image": "nginx" }], "nodeSelector": { "disk": "ssd" } });
    let broken = json!({ "containers": [{ "name": "a", "image": "Nginx:1" }] });
    manifest(
        &account,
        "pods.json",
        &[
            pod("greedy", greedy),
            pod("picky", picky),
            pod("broken", broken),
        ],
    );
    kubectl(&account, "apply -f pods.json");
    let described = kubectl(&account, "describe pods");
    assert_contains(
        &described,
        &[
            "0/3 nodes are available: 3 Insufficient cpu.",
            "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.",
            "InvalidImageName",
        ],
    );
    let node = kubectl(&account, "get nodes -o name");
    let node = node.lines().next().unwrap();
    kubectl(&account, &format!("label {node} disk=ssd"));
    kubectl(
        &account,
        "wait --for=condition=Ready pod/picky --timeout=60s",
    );
    kubectl(&account, "delete pod picky");
    let events = kubectl(
        &account,
        "get events --field-selector involvedObject.name=picky",
    );
    assert_contains(
        &events,
        &[
            "FailedScheduling",
            "Scheduled",
            "Pulled",
            "Started",
            "Killing",
        ],
    );
}

#[test]
fn what_would_reach_into_a_pod_is_refused_by_name() {
    let account = Account::new();
    kubectl(&account, "run tmp --image=busybox");
    kubectl(&account, "wait --for=condition=Ready pod/tmp --timeout=60s");
    for (command, message) in [
        ("logs tmp", "the subresource pods/log is not simulated"),
        (
            "exec tmp -- ls",
            "the subresource pods/exec is not simulated",
        ),
        (
            "port-forward pod/tmp 18080:80",
            "the subresource pods/portforward is not simulated",
        ),
        ("top nodes", "error: Metrics API not available"),
        (
            "create token default",
            "the subresource serviceaccounts/token is not simulated",
        ),
        ("get hpa", "the server doesn't have a resource type \"hpa\""),
    ] {
        assert_contains(&refused(&account, command), &[message]);
    }
}

#[test]
fn a_new_node_gets_its_pods_and_takes_them_along() {
    let account = Account::new();
    let scale = |desired: &str| {
        let scaling = format!("minSize=1,maxSize=6,desiredSize={desired}");
        account.aws(&[
            "eks",
            "update-nodegroup-config",
            "--cluster-name",
            "eks-workshop",
            "--nodegroup-name",
            "default",
            "--scaling-config",
            &scaling,
        ]);
        account.advance(Duration::from_secs(300));
    };
    scale("4");
    let nodes = get(&account, "nodes --sort-by=.metadata.creationTimestamp");
    let node = nodes["items"][3]["metadata"]["name"]
        .as_str()
        .unwrap()
        .to_owned();
    let described = kubectl(&account, &format!("describe node {node}"));
    assert_contains(
        &described,
        &[
            "kube-system                 aws-node-",
            "kube-system                 kube-proxy-",
            "NodeReady",
            "cpu                150m (7%)",
        ],
    );
    scale("2");
    let pods = get(&account, "pods -A");
    assert_eq!(pods["items"].as_array().map(Vec::len), Some(2 * 2 + 2));
    let set = get(&account, "ds aws-node -n kube-system");
    assert_eq!(set["status"]["numberAvailable"], 2);
}

#[test]
fn quotas_and_limit_ranges_are_held() {
    let account = Account::new();
    kubectl(&account, "create ns team");
    kubectl(
        &account,
        "create quota small -n team --hard=pods=1,requests.cpu=1",
    );
    assert_contains(
        &refused(&account, "run a --image=nginx -n team"),
        &["pods \"a\" is forbidden: failed quota: small: must specify requests.cpu for: a"],
    );
    let range = json!({
        "apiVersion": "v1", "kind": "LimitRange", "metadata": { "name": "usual", "namespace": "team" },
        "spec": { "limits": [{ "type": "Container", "defaultRequest": { "cpu": "250m" } }] },
    });
    manifest(&account, "range.json", &[range]);
    kubectl(&account, "apply -f range.json");
    kubectl(&account, "run a --image=nginx -n team");
    assert_contains(
        &refused(&account, "run b --image=nginx -n team"),
        &["exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1"],
    );
    assert_contains(&kubectl(&account, "describe quota -n team"), &["250m"]);
    kubectl(&account, "delete ns team");
    assert!(!kubectl(&account, "get ns").contains("team"));
}

#[test]
fn the_kube_crate_reads_and_changes_objects() {
    let account = Account::new();
    let path = account.directory().join("kubeconfig");
    account.block_on(async {
        let kubeconfig = Kubeconfig::read_from(path).unwrap();
        let options = KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options);
        let client = kube::Client::try_from(config.await.unwrap()).unwrap();
        let pods: Api<Pod> = Api::all(client.clone());
        let selected = ListParams::default().labels("k8s-app=aws-node");
        assert_eq!(pods.list(&selected).await.unwrap().items.len(), 3);
        let deployments: Api<Deployment> = Api::default_namespaced(client);
        let web: Deployment = serde_json::from_value(web(1)).unwrap();
        deployments
            .create(&PostParams::default(), &web)
            .await
            .unwrap();
        let patch = Patch::Merge(json!({ "spec": { "replicas": 2 } }));
        deployments
            .patch("web", &PatchParams::default(), &patch)
            .await
            .unwrap();
        let scale = deployments.get_scale("web").await.unwrap();
        assert_eq!(scale.spec.unwrap().replicas, Some(2));
        deployments
            .delete("web", &DeleteParams::default())
            .await
            .unwrap();
        assert!(deployments.get_opt("web").await.unwrap().is_none());
    });
}
