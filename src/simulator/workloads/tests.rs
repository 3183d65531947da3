//! What the controllers make of a world.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::kubernetes::{Kind, kind};
use super::super::testing::world;
use super::super::world::World;
use super::objects::{all, condition, count, items, name, namespace, text};
use super::settle;

/// Puts an object into the default namespace, as a client would, and lets everything happen that happens at once.
fn create(world: &mut World, kind: &'static Kind, object: Value) {
    let mut object = object;
    object["metadata"]["creationTimestamp"] = super::objects::now(world);
    if kind.namespaced {
        object["metadata"]["namespace"] = json!("default");
    }
    world.kubernetes.create(kind, object);
    settle(world);
}

fn change(world: &mut World, kind: &'static Kind, of: &str, change: impl FnOnce(&mut Value)) {
    let place = if kind.namespaced { "default" } else { "" };
    let mut object = (**world.kubernetes.get(kind, place, of).unwrap()).clone();
    let before = object["spec"].clone();
    change(&mut object);
    if object["spec"] != before && object["metadata"]["generation"].is_i64() {
        object["metadata"]["generation"] = json!(count(&object["metadata"]["generation"]) + 1);
    }
    world.kubernetes.put(kind, object);
    settle(world);
}

fn get(world: &World, kind: &Kind, of: &str) -> Value {
    let place = if kind.namespaced { "default" } else { "" };
    (**world.kubernetes.get(kind, place, of).unwrap()).clone()
}

fn deployment(replicas: i64, container: Value) -> Value {
    let mut container = container;
    container["name"] = json!("web");
    json!({
        "metadata": { "name": "web" },
        "spec": {
            "replicas": replicas,
            "selector": { "matchLabels": { "app": "web" } },
            "template": { "metadata": { "labels": { "app": "web" } }, "spec": { "containers": [container] } },
        },
    })
}

fn nginx() -> Value {
    json!({ "image": "nginx:1.27" })
}

fn pods(world: &World, app: &str) -> Vec<Value> {
    all(world, &kind::PODS)
        .iter()
        .filter(|pod| pod["metadata"]["labels"]["app"] == app)
        .map(|pod| (**pod).clone())
        .collect()
}

fn phases(world: &World, app: &str) -> Vec<String> {
    let pods = pods(world, app);
    pods.iter()
        .map(|pod| text(&pod["status"]["phase"]).to_owned())
        .collect()
}

fn node_names(world: &World) -> Vec<String> {
    all(world, &kind::NODES)
        .iter()
        .map(|node| name(node).to_owned())
        .collect()
}

fn reasons(world: &World, of: &str) -> Vec<String> {
    let mut events: Vec<_> = all(world, &kind::EVENTS)
        .into_iter()
        .filter(|event| event["involvedObject"]["name"] == of)
        .collect();
    events.sort_by_key(|event| super::objects::created(event));
    let reasons = events.iter().map(|event| text(&event["reason"]).to_owned());
    reasons.collect()
}

fn messages(world: &World, reason: &str) -> Vec<String> {
    all(world, &kind::EVENTS)
        .iter()
        .filter(|event| event["reason"] == reason)
        .map(|event| text(&event["message"]).to_owned())
        .collect()
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_system_runs_on_every_node_and_dns_on_two() {
    let world = world();
    let of = |app: &str| {
        let pods = all(&world, &kind::PODS);
        let mut nodes: Vec<String> = pods
            .iter()
            .filter(|pod| {
                namespace(pod) == "kube-system" && pod["metadata"]["labels"]["k8s-app"] == app
            })
            .inspect(|pod| assert_eq!(pod["status"]["phase"], "Running", "{pod}"))
            .map(|pod| text(&pod["spec"]["nodeName"]).to_owned())
            .collect();
        nodes.sort();
        nodes
    };
    assert_eq!(of("aws-node"), node_names(&world));
    assert_eq!(of("kube-proxy"), node_names(&world));
    let mut dns = of("kube-dns");
    dns.dedup();
    assert_eq!(dns.len(), 2);
    let set = world
        .kubernetes
        .get(&kind::DAEMON_SETS, "kube-system", "aws-node");
    assert_eq!(set.unwrap()["status"]["numberAvailable"], 3);
    let endpoints = world
        .kubernetes
        .get(&kind::ENDPOINTS, "kube-system", "kube-dns");
    let subsets = &endpoints.unwrap()["subsets"];
    assert_eq!(items(&subsets[0]["addresses"]).len(), 2);
}

#[test]
fn a_deployment_makes_pods_that_run_after_a_while() {
    let mut world = world();
    create(&mut world, &kind::DEPLOYMENTS, deployment(3, nginx()));
    assert_eq!(phases(&world, "web"), ["Pending"; 3]);
    let available = |world: &World| {
        let deployment = get(world, &kind::DEPLOYMENTS, "web");
        condition(&deployment, "Available").unwrap()["status"].clone()
    };
    assert_eq!(available(&world), "False");
    world.jump(world.options.pod_start);
    assert_eq!(phases(&world, "web"), ["Running"; 3]);
    assert_eq!(available(&world), "True");
    let mut nodes: Vec<String> = pods(&world, "web")
        .iter()
        .map(|pod| text(&pod["spec"]["nodeName"]).to_owned())
        .collect();
    nodes.sort();
    assert_eq!(nodes, node_names(&world), "one on each node");
    assert_eq!(
        reasons(&world, name(&pods(&world, "web")[0])),
        ["Scheduled", "Pulling", "Pulled", "Created", "Started"]
    );
}

#[test]
fn a_new_template_is_rolled_out_without_losing_a_pod() {
    let mut world = world();
    create(&mut world, &kind::DEPLOYMENTS, deployment(3, nginx()));
    world.jump(10 * SECOND);
    change(&mut world, &kind::DEPLOYMENTS, "web", |object| {
        object["spec"]["template"]["spec"]["containers"][0]["image"] = json!("nginx:1.28");
    });
    for _ in 0..60 {
        world.jump(SECOND);
        let deployment = get(&world, &kind::DEPLOYMENTS, "web");
        assert!(count(&deployment["status"]["availableReplicas"]) >= 3);
        assert!(count(&deployment["status"]["replicas"]) <= 4);
    }
    let deployment = get(&world, &kind::DEPLOYMENTS, "web");
    assert_eq!(
        condition(&deployment, "Progressing").unwrap()["reason"],
        "NewReplicaSetAvailable"
    );
    assert_eq!(
        deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"],
        "2"
    );
    let images: Vec<Value> = pods(&world, "web")
        .iter()
        .map(|pod| pod["spec"]["containers"][0]["image"].clone())
        .collect();
    assert_eq!(images, ["nginx:1.28"; 3]);
    let sizes: Vec<i64> = all(&world, &kind::REPLICA_SETS)
        .iter()
        .filter(|set| namespace(set) == "default")
        .map(|set| count(&set["spec"]["replicas"]))
        .collect();
    assert_eq!(sizes.iter().sum::<i64>(), 3);
    assert_eq!(sizes.len(), 2, "the old replica set is kept for undo");
}

#[test]
fn a_rollout_that_gets_nowhere_times_out() {
    let mut world = world();
    create(&mut world, &kind::DEPLOYMENTS, deployment(1, nginx()));
    world.jump(10 * SECOND);
    change(&mut world, &kind::DEPLOYMENTS, "web", |object| {
        object["spec"]["template"]["spec"]["containers"][0]["image"] = json!("nginx:");
    });
    let reason = |world: &World| {
        let deployment = get(world, &kind::DEPLOYMENTS, "web");
        condition(&deployment, "Progressing").unwrap()["reason"].clone()
    };
    world.jump(30 * SECOND);
    assert_eq!(reason(&world), "ReplicaSetUpdated");
    assert_eq!(
        get(&world, &kind::DEPLOYMENTS, "web")["status"]["availableReplicas"],
        1
    );
    world.jump(600 * SECOND);
    assert_eq!(reason(&world), "ProgressDeadlineExceeded");
}

#[test]
fn a_pod_that_fits_nowhere_says_why() {
    let mut world = world();
    let check = |world: &mut World, spec: Value, expected: &str| {
        let mut spec = spec;
        spec["containers"] =
            json!([{ "name": "a", "image": "nginx", "resources": spec["resources"] }]);
        spec.as_object_mut().unwrap().shift_remove("resources");
        let pod = json!({ "metadata": { "name": "lonely" }, "spec": spec });
        create(world, &kind::PODS, pod);
        let pod = get(world, &kind::PODS, "lonely");
        let scheduled = condition(&pod, "PodScheduled").unwrap();
        assert!(
            text(&scheduled["message"]).starts_with(expected),
            "{scheduled}"
        );
        world.kubernetes.delete(&kind::PODS, "default", "lonely");
    };
    check(
        &mut world,
        json!({ "resources": { "requests": { "cpu": "10" } } }),
        "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 ",
    );
    check(
        &mut world,
        json!({ "nodeSelector": { "disk": "ssd" } }),
        "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are \
         available: 3 Preemption is not helpful for scheduling.",
    );
    let first = node_names(&world)[0].clone();
    change(&mut world, &kind::NODES, &first, |node| {
        node["spec"]["unschedulable"] = json!(true);
    });
    for other in &node_names(&world)[1..] {
        change(&mut world, &kind::NODES, other, |node| {
            node["spec"]["taints"] =
                json!([{ "key": "team", "value": "a", "effect": "NoSchedule" }]);
        });
    }
    check(
        &mut world,
        json!({}),
        "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) had untolerated taint {team: a}. preemption: ",
    );
}

#[test]
fn a_waiting_pod_is_scheduled_when_a_node_fits() {
    let mut world = world();
    let spec = json!({ "containers": [{ "name": "a", "image": "nginx" }], "nodeSelector": { "disk": "ssd" } });
    create(
        &mut world,
        &kind::PODS,
        json!({ "metadata": { "name": "p", "labels": { "app": "p" } }, "spec": spec }),
    );
    let node = node_names(&world)[1].clone();
    change(&mut world, &kind::NODES, &node, |node| {
        node["metadata"]["labels"]["disk"] = json!("ssd");
    });
    world.jump(10 * SECOND);
    let pod = get(&world, &kind::PODS, "p");
    assert_eq!(
        (text(&pod["spec"]["nodeName"]), &pod["status"]["phase"]),
        (node.as_str(), &json!("Running"))
    );
}

#[test]
fn what_a_pod_needs_keeps_it_waiting_until_it_is_there() {
    let mut world = world();
    let container =
        json!({ "image": "nginx", "envFrom": [{ "configMapRef": { "name": "settings" } }] });
    create(&mut world, &kind::DEPLOYMENTS, deployment(1, container));
    world.jump(60 * SECOND);
    let pod = &pods(&world, "web")[0];
    assert_eq!(
        pod["status"]["containerStatuses"][0]["state"]["waiting"],
        json!({ "reason": "CreateContainerConfigError", "message": "configmap \"settings\" not found" })
    );
    create(
        &mut world,
        &kind::CONFIG_MAPS,
        json!({ "metadata": { "name": "settings" }, "data": {} }),
    );
    world.jump(10 * SECOND);
    assert_eq!(phases(&world, "web"), ["Running"]);
}

#[test]
fn a_malformed_image_is_never_pulled() {
    let mut world = world();
    create(
        &mut world,
        &kind::DEPLOYMENTS,
        deployment(1, json!({ "image": "Nginx:latest" })),
    );
    world.jump(60 * SECOND);
    let pod = &pods(&world, "web")[0];
    let waiting = &pod["status"]["containerStatuses"][0]["state"]["waiting"];
    assert_eq!(waiting["reason"], "InvalidImageName");
    assert_eq!(messages(&world, "Pulling").len(), 0);
}

#[test]
fn a_node_that_goes_takes_its_pods_along_and_their_controllers_make_others() {
    let mut world = world();
    create(&mut world, &kind::DEPLOYMENTS, deployment(3, nginx()));
    world.jump(10 * SECOND);
    let lost = node_names(&world)[0].clone();
    world.kubernetes.delete(&kind::NODES, "", &lost);
    settle(&mut world);
    world.jump(10 * SECOND);
    let homes: Vec<String> = all(&world, &kind::PODS)
        .iter()
        .map(|pod| text(&pod["spec"]["nodeName"]).to_owned())
        .collect();
    assert!(!homes.contains(&lost));
    assert_eq!(phases(&world, "web"), ["Running"; 3]);
    let set = world
        .kubernetes
        .get(&kind::DAEMON_SETS, "kube-system", "kube-proxy");
    assert_eq!(set.unwrap()["status"]["desiredNumberScheduled"], 2);
}

#[test]
fn a_taint_that_is_not_tolerated_drives_pods_away() {
    let mut world = world();
    create(&mut world, &kind::DEPLOYMENTS, deployment(3, nginx()));
    world.jump(10 * SECOND);
    let node = node_names(&world)[0].clone();
    change(&mut world, &kind::NODES, &node, |node| {
        node["spec"]["taints"] = json!([{ "key": "out", "effect": "NoExecute" }]);
    });
    world.jump(10 * SECOND);
    let on_node: Vec<String> = all(&world, &kind::PODS)
        .iter()
        .filter(|pod| pod["spec"]["nodeName"] == node)
        .map(|pod| text(&pod["metadata"]["labels"]["k8s-app"]).to_owned())
        .collect();
    assert!(!on_node.contains(&String::new()), "{on_node:?}");
    assert!(on_node.contains(&"kube-proxy".to_owned()), "{on_node:?}");
    assert_eq!(phases(&world, "web"), ["Running"; 3]);
}

#[test]
fn a_cordoned_node_is_marked_and_unmarked() {
    let mut world = world();
    let node = node_names(&world)[0].clone();
    for (cordoned, taints) in [(true, 1), (false, 0)] {
        change(&mut world, &kind::NODES, &node, |node| {
            node["spec"]["unschedulable"] = json!(cordoned);
        });
        let node = get(&world, &kind::NODES, &node);
        assert_eq!(items(&node["spec"]["taints"]).len(), taints);
    }
}

#[test]
fn a_budget_allows_as_many_disruptions_as_there_are_pods_to_spare() {
    let mut world = world();
    create(&mut world, &kind::DEPLOYMENTS, deployment(3, nginx()));
    let budget = json!({
        "metadata": { "name": "web" },
        "spec": { "minAvailable": 2, "selector": { "matchLabels": { "app": "web" } } },
    });
    create(&mut world, &kind::DISRUPTION_BUDGETS, budget);
    let allowed = |world: &World| {
        get(world, &kind::DISRUPTION_BUDGETS, "web")["status"]["disruptionsAllowed"].clone()
    };
    assert_eq!(allowed(&world), 0);
    world.jump(10 * SECOND);
    assert_eq!(allowed(&world), 1);
}

#[test]
fn a_daemon_set_replaces_its_pods_one_after_the_other() {
    let mut world = world();
    let template = |image: &str| json!({ "metadata": { "labels": { "app": "agent" } }, "spec": { "containers": [{ "name": "a", "image": image }] } });
    let set = json!({
        "metadata": { "name": "agent" },
        "spec": { "selector": { "matchLabels": { "app": "agent" } }, "template": template("a:1") },
    });
    create(&mut world, &kind::DAEMON_SETS, set);
    world.jump(10 * SECOND);
    assert_eq!(phases(&world, "agent"), ["Running"; 3]);
    change(&mut world, &kind::DAEMON_SETS, "agent", |set| {
        set["spec"]["template"]["spec"]["containers"][0]["image"] = json!("a:2");
    });
    for _ in 0..60 {
        world.jump(SECOND);
        let set = get(&world, &kind::DAEMON_SETS, "agent");
        assert!(count(&set["status"]["numberAvailable"]) >= 2);
    }
    let set = get(&world, &kind::DAEMON_SETS, "agent");
    assert_eq!(set["status"]["updatedNumberScheduled"], 3);
    assert_eq!(set["status"]["numberAvailable"], 3);
}

#[test]
fn a_scaled_down_deployment_keeps_what_works() {
    let mut world = world();
    create(&mut world, &kind::DEPLOYMENTS, deployment(3, nginx()));
    world.jump(10 * SECOND);
    change(&mut world, &kind::DEPLOYMENTS, "web", |object| {
        object["spec"]["replicas"] = json!(1);
    });
    world.jump(10 * SECOND);
    assert_eq!(phases(&world, "web"), ["Running"]);
    change(&mut world, &kind::DEPLOYMENTS, "web", |object| {
        object["spec"]["replicas"] = json!(0);
    });
    world.jump(10 * SECOND);
    assert_eq!(phases(&world, "web"), Vec::<String>::new());
}

#[test]
fn endpoints_follow_the_pods() {
    let mut world = world();
    create(&mut world, &kind::DEPLOYMENTS, deployment(2, nginx()));
    let service = json!({
        "metadata": { "name": "web" },
        "spec": { "selector": { "app": "web" }, "ports": [{ "port": 80 }] },
    });
    create(&mut world, &kind::SERVICES, service);
    let ready = |world: &World| {
        let endpoints = get(world, &kind::ENDPOINTS, "web");
        items(&endpoints["subsets"][0]["addresses"]).len()
    };
    assert_eq!(ready(&world), 0);
    world.jump(10 * SECOND);
    assert_eq!(ready(&world), 2);
    change(&mut world, &kind::SERVICES, "web", |service| {
        service["spec"]["selector"]["app"] = json!("wrong");
    });
    let endpoints = get(&world, &kind::ENDPOINTS, "web");
    assert_eq!(endpoints.get("subsets"), None);
}

#[test]
fn what_is_only_stored_says_so() {
    let mut world = world();
    let template = json!({ "spec": { "restartPolicy": "Never", "containers": [{ "name": "a", "image": "b" }] } });
    let job = json!({ "metadata": { "name": "j" }, "spec": { "template": template } });
    create(&mut world, &kind::JOBS, job);
    world.jump(60 * SECOND);
    assert_eq!(reasons(&world, "j"), ["NotSimulated"]);
}

#[test]
fn a_rollout_without_room_times_out_after_it_was_scaled() {
    let mut world = world();
    let hungry = |image: &str| json!({ "image": image, "resources": { "limits": { "cpu": "1" } } });
    create(&mut world, &kind::DEPLOYMENTS, deployment(2, hungry("a:1")));
    world.jump(SECOND);
    for image in ["a:2", "a:3", "a:4"] {
        change(&mut world, &kind::DEPLOYMENTS, "web", |object| {
            object["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image);
        });
        world.jump(SECOND);
    }
    change(&mut world, &kind::DEPLOYMENTS, "web", |object| {
        object["spec"]["replicas"] = json!(3);
    });
    world.jump(700 * SECOND);
    let deployment = get(&world, &kind::DEPLOYMENTS, "web");
    assert_eq!(
        condition(&deployment, "Progressing").unwrap()["reason"],
        "ProgressDeadlineExceeded"
    );
}

#[test]
fn pods_of_a_silent_node_are_replaced_and_stay_until_it_reports() {
    let mut world = world();
    create(&mut world, &kind::DEPLOYMENTS, deployment(3, nginx()));
    world.jump(10 * SECOND);
    let node = node_names(&world)[0].clone();
    let say = |world: &mut World, status: &str| {
        let time = super::objects::now(world);
        let key = "node.kubernetes.io/unreachable";
        let taint = json!([{ "key": key, "effect": "NoExecute", "timeAdded": time }]);
        change(world, &kind::NODES, &node, |node| {
            for condition in node["status"]["conditions"].as_array_mut().unwrap() {
                if condition["type"] == "Ready" {
                    condition["status"] = json!(status);
                }
            }
            let silent = status == "Unknown";
            node["spec"]["taints"] = if silent { taint } else { json!([]) };
        });
    };
    let ready = |world: &World| {
        let pods = pods(world, "web");
        pods.iter()
            .filter(|pod| super::objects::is_true(pod, "Ready"))
            .count()
    };
    say(&mut world, "Unknown");
    assert_eq!((ready(&world), pods(&world, "web").len()), (2, 3));
    world.jump(310 * SECOND);
    assert_eq!((ready(&world), pods(&world, "web").len()), (3, 4));
    say(&mut world, "True");
    world.jump(10 * SECOND);
    assert_eq!((ready(&world), pods(&world, "web").len()), (3, 3));
}
