//! Requests in, answers out: what kubectl and client libraries send, as they send it.

use super::node::tests::facts;
use super::*;
use serde_json::json;

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
const JSON: &str = "application/json";

struct Server {
    store: Store,
    now: i64,
}

impl Server {
    fn new() -> Self {
        let mut store = Store::default();
        for (kind, object) in cluster::starting_objects(0) {
            store.put(kind, object);
        }
        Self {
            store,
            now: 189_000_000,
        }
    }

    fn with_nodes() -> Self {
        let mut server = Self::new();
        for (name, group, ready) in [("a", "default", true), ("b", "new_nodegroup_1", false)] {
            server
                .store
                .put(&kind::NODES, node::node_object(&facts(name, group, ready)));
        }
        server
    }

    fn put_node(&mut self, name: &str, group: &str, ready: bool) {
        self.store
            .put(&kind::NODES, node::node_object(&facts(name, group, ready)));
    }

    fn request(&mut self, request: Request<Bytes>) -> Reply {
        let user = User {
            name: "admin".to_owned(),
            groups: vec!["system:masters".to_owned()],
        };
        let version = ServerVersion::new("v1.30.8-eks-aeac579");
        handle(
            &mut self.store,
            &version,
            &user,
            &Times {
                now: self.now,
                shown: &shown,
            },
            &request,
        )
    }

    fn once(&mut self, method: &str, path: &str, headers: [&str; 2], body: &[u8]) -> (u16, Value) {
        let [accept, content_type] = headers;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("accept", accept)
            .header("content-type", content_type);
        match self.request(request.body(Bytes::copy_from_slice(body)).unwrap()) {
            Reply::Once(response) => {
                let text = String::from_utf8(response.body().to_vec()).unwrap();
                (
                    response.status().as_u16(),
                    serde_json::from_str(&text).unwrap_or(Value::String(text)),
                )
            }
            Reply::Watch(_) => panic!("{path} is answered with a watch"),
        }
    }

    fn get(&mut self, path: &str, accept: &str) -> Value {
        let (status, body) = self.once("GET", path, [accept, JSON], b"");
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    fn send(&mut self, method: &str, path: &str, content_type: &str, body: Value) -> (u16, Value) {
        self.once(
            method,
            path,
            [JSON, content_type],
            body.to_string().as_bytes(),
        )
    }

    fn watch(&mut self, path: &str, accept: &str) -> Watch {
        let request = Request::builder()
            .uri(path)
            .header("accept", accept)
            .body(Bytes::new())
            .unwrap();
        match self.request(request) {
            Reply::Watch(watch) => watch,
            Reply::Once(response) => panic!("{path}: {:?}", response.body()),
        }
    }

    fn events(&self, watch: &mut Watch) -> Vec<Value> {
        let text = String::from_utf8(watch.next_events(
            &self.store,
            &Times {
                now: self.now,
                shown: &shown,
            },
        ))
        .unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// `TYPE name` of each event.
    fn told(&self, watch: &mut Watch) -> Vec<String> {
        let events = self.events(watch);
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        events
            .iter()
            .map(|event| {
                format!(
                    "{} {}",
                    text(&event["type"]),
                    text(&event["object"]["metadata"]["name"])
                )
            })
            .collect()
    }
}

fn shown(micros: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(1_795_341_600_000_000 + micros).unwrap()
}

fn names(list: &Value) -> Vec<&str> {
    list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["metadata"]["name"].as_str().unwrap())
        .collect()
}

#[test]
fn the_lab_finds_no_nodes_in_a_table() {
    let mut server = Server::new();
    let table = server.get(
        "/api/v1/nodes?labelSelector=eks.amazonaws.com%2Fnodegroup%3Dnew_nodegroup_1&limit=500",
        TABLE,
    );
    assert_eq!(
        (&table["kind"], &table["rows"]),
        (&json!("Table"), &json!([]))
    );
    assert_eq!(
        table["columnDefinitions"][5],
        json!({ "name": "Internal-IP", "type": "string", "format": "", "description": "List of addresses reachable to the node.", "priority": 1 })
    );
}

#[test]
fn the_lab_finds_its_node_in_a_table() {
    let mut server = Server::with_nodes();
    let table = server.get(
        "/api/v1/nodes?labelSelector=eks.amazonaws.com%2Fnodegroup%3Dnew_nodegroup_1&limit=500",
        TABLE,
    );
    let rows = table["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        rows[0]["cells"].as_array().unwrap()[..5],
        [
            json!("b"),
            json!("NotReady"),
            json!("<none>"),
            json!("3m9s"),
            json!("v1.30.8-eks-aeac579")
        ]
    );
    assert_eq!(rows[0]["object"]["kind"], "PartialObjectMetadata");
    assert_eq!(
        rows[0]["object"]["metadata"]["creationTimestamp"],
        "2026-11-22T10:00:00Z"
    );
}

#[test]
fn a_table_carries_as_much_of_each_object_as_asked() {
    let mut server = Server::with_nodes();
    assert_eq!(
        server.get("/api/v1/nodes?includeObject=Object", TABLE)["rows"][0]["object"]["kind"],
        "Node"
    );
    assert_eq!(
        server.get("/api/v1/nodes?includeObject=None", TABLE)["rows"][0]["object"],
        Value::Null
    );
    assert_eq!(
        server.get("/api/v1/nodes/a", TABLE)["rows"][0]["cells"][1],
        "Ready"
    );
}

#[test]
fn objects_and_lists_are_what_clients_know() {
    let mut server = Server::with_nodes();
    let list = server.get("/api/v1/nodes?&limit=500", JSON);
    assert_eq!(
        (&list["kind"], names(&list)),
        (&json!("NodeList"), vec!["a", "b"])
    );
    assert_eq!(
        list["metadata"]["resourceVersion"],
        server.store.version().to_string()
    );
    assert_eq!(list["items"][0].get("kind"), None);
    let node = server.get(
        "/api/v1/nodes/a",
        "application/vnd.kubernetes.protobuf,application/json",
    );
    assert_eq!(
        (&node["kind"], &node["apiVersion"]),
        (&json!("Node"), &json!("v1"))
    );
    assert_eq!(
        node["status"]["conditions"][3]["lastTransitionTime"],
        "2026-11-22T10:00:20Z"
    );
    let metadata = server.get(
        "/api/v1/nodes",
        "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
    );
    assert_eq!(
        (&metadata["kind"], metadata["items"][0].get("spec")),
        (&json!("PartialObjectMetadataList"), None)
    );
}

#[test]
fn an_absolute_uri_is_read_by_its_path() {
    assert_eq!(
        names(&Server::with_nodes().get(
            "https://127.0.0.1:6443/api/v1/nodes?fieldSelector=metadata.name%3Db",
            JSON
        )),
        ["b"]
    );
}

#[test]
fn refusals_are_statuses() {
    let mut server = Server::with_nodes();
    let (status, body) = server.once("GET", "/api/v1/nodes/nosuch", [JSON, JSON], b"");
    assert_eq!(status, 404);
    assert_eq!(
        body,
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "nodes \"nosuch\" not found",
            "reason": "NotFound", "details": { "name": "nosuch", "kind": "nodes" }, "code": 404,
        })
    );
    let mut check = |method: &str, path: &str, code: u16, message: &str| {
        let (status, body) = server.once(method, path, [JSON, JSON], b"");
        assert_eq!(
            (status, body["message"].as_str().unwrap_or_default()),
            (code, message),
            "{method} {path}"
        );
    };
    check(
        "GET",
        "/apis/apps/v1/namespaces/default/deployments/web",
        404,
        r#"deployments.apps "web" not found"#,
    );
    check(
        "GET",
        "/api/v1/nodes?fieldSelector=spec.foo%3D1",
        400,
        "field label not supported: spec.foo",
    );
    check(
        "GET",
        "/api/v1/secrets",
        404,
        "the server could not find the requested resource: secrets is not simulated",
    );
    check(
        "GET",
        "/apis/metrics.k8s.io/v1beta1/nodes",
        404,
        "the server could not find the requested resource: the API group metrics.k8s.io/v1beta1 is not simulated",
    );
    check(
        "GET",
        "/api/v1/namespaces/default/pods/p/log",
        501,
        "the subresource pods/log is not simulated",
    );
    check(
        "POST",
        "/api/v1/nodes/a",
        405,
        "the server does not allow this method on the requested resource",
    );
    check(
        "POST",
        "/api/v1/pods",
        405,
        "the server does not allow this method on the requested resource",
    );
    check(
        "GET",
        "/api/v1/nodes?resourceVersion=999999",
        504,
        &format!(
            "Too large resource version: 999999, current: {}",
            Server::with_nodes().store.version()
        ),
    );
}

#[test]
fn the_server_answers_for_itself() {
    let mut server = Server::new();
    assert_eq!(server.get("/version?timeout=32s", JSON)["minor"], "30");
    for path in ["/healthz", "/livez", "/readyz"] {
        assert_eq!(server.get(path, "*/*"), "ok");
    }
    assert_eq!(
        server.once("GET", "/openapi/v2?timeout=32s", [JSON, JSON], b""),
        (404, json!("404 page not found\n"))
    );
}

#[test]
fn can_i_is_answered_in_json_and_for_protobuf() {
    let mut server = Server::new();
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let asked = json!({ "spec": { "resourceAttributes": { "verb": "get", "resource": "nodes" } } });
    let (status, body) = server.send("POST", path, JSON, asked);
    assert_eq!((status, &body["status"]["allowed"]), (201, &json!(true)));
    let (status, body) = server.once(
        "POST",
        path,
        [JSON, "application/vnd.kubernetes.protobuf"],
        &protobuf::tests::can_i_get_nodes(),
    );
    assert_eq!(
        (status, &body["kind"], &body["status"]["allowed"]),
        (201, &json!("SelfSubjectAccessReview"), &json!(true))
    );
    let whoami = protobuf::tests::body("authentication.k8s.io/v1", "SelfSubjectReview", b"");
    let (_, body) = server.once(
        "POST",
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        [JSON, "application/vnd.kubernetes.protobuf"],
        &whoami,
    );
    assert_eq!(body["status"]["userInfo"]["username"], "admin");
}

#[test]
fn a_user_without_rights_is_refused() {
    let mut server = Server::with_nodes();
    let user = User {
        name: "sam".to_owned(),
        groups: vec!["system:authenticated".to_owned()],
    };
    let request = Request::builder()
        .uri("/api/v1/nodes?limit=500")
        .body(Bytes::new())
        .unwrap();
    let reply = handle(
        &mut server.store,
        &ServerVersion::new("v1.30.8"),
        &user,
        &Times {
            now: 0,
            shown: &shown,
        },
        &request,
    );
    assert!(matches!(reply, Reply::Once(response) if response.status() == 403));
}

#[test]
fn a_namespace_is_created_patched_and_deleted_with_what_it_holds() {
    let mut server = Server::new();
    let (status, made) = server.send(
        "POST",
        "/api/v1/namespaces?fieldManager=kubectl-client-side-apply&fieldValidation=Strict",
        JSON,
        json!({ "kind": "Namespace", "apiVersion": "v1", "metadata": { "name": "prod" } }),
    );
    assert_eq!(
        (
            status,
            &made["status"]["phase"],
            &made["metadata"]["creationTimestamp"]
        ),
        (201, &json!("Active"), &json!("2026-11-22T10:03:09Z"))
    );
    let config_map =
        json!({ "metadata": { "name": "c", "namespace": "prod" }, "data": { "a": "1" } });
    assert_eq!(
        server
            .send(
                "POST",
                "/api/v1/namespaces/prod/configmaps",
                JSON,
                config_map.clone()
            )
            .0,
        201
    );
    assert_eq!(
        server
            .send(
                "POST",
                "/api/v1/namespaces/prod/configmaps",
                JSON,
                config_map.clone()
            )
            .1["message"],
        r#"configmaps "c" already exists"#
    );
    let (_, patched) = server.send(
        "PATCH",
        "/api/v1/namespaces/prod/configmaps/c",
        "application/merge-patch+json",
        json!({ "data": { "b": "2" } }),
    );
    assert_eq!(patched["data"], json!({ "a": "1", "b": "2" }));
    let (status, gone) = server.send(
        "DELETE",
        "/api/v1/namespaces/prod",
        JSON,
        json!({ "propagationPolicy": "Background" }),
    );
    assert_eq!(
        (status, &gone["status"], &gone["details"]["name"]),
        (200, &json!("Success"), &json!("prod"))
    );
    assert_eq!(server.get("/api/v1/configmaps", JSON)["items"], json!([]));
    assert_eq!(
        server
            .send(
                "POST",
                "/api/v1/namespaces/prod/configmaps",
                JSON,
                config_map
            )
            .1["message"],
        r#"namespaces "prod" not found"#
    );
}

#[test]
fn cordon_keeps_the_times_of_the_node_moving() {
    let mut server = Server::with_nodes();
    let (status, node) = server.send(
        "PATCH",
        "/api/v1/nodes/a",
        "application/strategic-merge-patch+json",
        json!({ "spec": { "unschedulable": true } }),
    );
    assert_eq!(
        (status, &node["spec"]["unschedulable"]),
        (200, &json!(true))
    );
    let stored = server.store.get(&kind::NODES, "", "a").unwrap();
    assert_eq!(stored["metadata"]["creationTimestamp"], moment(0));
    assert_eq!(
        stored["status"],
        node::node_object(&facts("a", "default", true))["status"]
    );
    assert_eq!(
        server.get(
            "/api/v1/nodes?fieldSelector=spec.unschedulable%3Dtrue",
            TABLE
        )["rows"][0]["cells"][1],
        "Ready,SchedulingDisabled"
    );
}

#[test]
fn the_status_changes_through_its_subresource_only() {
    let mut server = Server::with_nodes();
    let patch = json!({ "metadata": { "labels": { "x": "y" } }, "status": { "phase": "Gone" } });
    let phase_and_label = |node: &Value| {
        (
            node["status"]["phase"].clone(),
            node["metadata"]["labels"]["x"].clone(),
        )
    };
    let (_, node) = server.send(
        "PATCH",
        "/api/v1/nodes/a",
        "application/merge-patch+json",
        patch.clone(),
    );
    assert_eq!(phase_and_label(&node), (Value::Null, json!("y")));
    let (_, node) = server.send(
        "PATCH",
        "/api/v1/nodes/b/status",
        "application/merge-patch+json",
        patch,
    );
    assert_eq!(phase_and_label(&node), (json!("Gone"), Value::Null));
}

#[test]
fn an_update_from_an_older_version_is_a_conflict() {
    let mut server = Server::with_nodes();
    let mut node = server.get("/api/v1/nodes/a", JSON);
    node["metadata"]["labels"]["x"] = json!("y");
    assert_eq!(
        server.send("PUT", "/api/v1/nodes/a", JSON, node.clone()).0,
        200
    );
    let (status, refused) = server.send("PUT", "/api/v1/nodes/a", JSON, node);
    assert_eq!((status, &refused["reason"]), (409, &json!("Conflict")));
}

#[test]
fn a_dry_run_changes_nothing() {
    let mut server = Server::with_nodes();
    let version = server.store.version();
    assert_eq!(
        server
            .send("DELETE", "/api/v1/nodes/a?dryRun=All", JSON, json!({}))
            .0,
        200
    );
    assert_eq!(server.store.version(), version);
}

#[test]
fn an_object_with_finalizers_goes_when_the_last_one_goes() {
    let mut server = Server::new();
    let path = "/api/v1/namespaces/default/configmaps";
    server.send(
        "POST",
        path,
        JSON,
        json!({ "metadata": { "name": "c", "finalizers": ["a/b"] } }),
    );
    let (_, marked) = server.send("DELETE", &format!("{path}/c"), JSON, json!({}));
    assert_eq!(
        marked["metadata"]["deletionTimestamp"],
        "2026-11-22T10:03:09Z"
    );
    let (status, _) = server.send(
        "PATCH",
        &format!("{path}/c"),
        "application/merge-patch+json",
        json!({ "metadata": { "finalizers": null } }),
    );
    assert_eq!(status, 200);
    assert_eq!(names(&server.get(path, JSON)), Vec::<&str>::new());
}

#[test]
fn what_an_object_owned_goes_with_it() {
    let mut server = Server::new();
    let (_, owner) = server.send(
        "POST",
        "/apis/apps/v1/namespaces/default/deployments",
        JSON,
        json!({ "metadata": { "name": "d" } }),
    );
    let owned = json!({ "metadata": { "generateName": "d-", "ownerReferences": [{ "uid": owner["metadata"]["uid"] }] } });
    server.send(
        "POST",
        "/apis/apps/v1/namespaces/default/replicasets",
        JSON,
        owned,
    );
    assert_eq!(
        server.get("/apis/apps/v1/replicasets", JSON)["items"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    server.send(
        "DELETE",
        "/apis/apps/v1/namespaces/default/deployments/d",
        JSON,
        json!({}),
    );
    assert_eq!(
        server.get("/apis/apps/v1/replicasets", JSON)["items"],
        json!([])
    );
}

#[test]
fn malformed_bodies_are_refused() {
    let mut server = Server::with_nodes();
    let mut check = |method: &str, path: &str, content_type: &str, body: Value, code: u16| {
        let (status, answer) = server.send(method, path, content_type, body);
        assert_eq!(
            (status, &answer["status"]),
            (code, &json!("Failure")),
            "{answer}"
        );
    };
    check("POST", "/api/v1/namespaces", JSON, json!("text"), 400);
    check(
        "POST",
        "/api/v1/namespaces",
        JSON,
        json!({ "metadata": "text" }),
        400,
    );
    check(
        "POST",
        "/api/v1/namespaces",
        JSON,
        json!({ "metadata": { "name": "a", "labels": [] } }),
        400,
    );
    check(
        "POST",
        "/api/v1/namespaces",
        JSON,
        json!({ "metadata": {} }),
        422,
    );
    check(
        "POST",
        "/api/v1/namespaces",
        JSON,
        json!({ "metadata": { "name": "Upper" } }),
        422,
    );
    check(
        "POST",
        "/api/v1/namespaces",
        JSON,
        json!({ "kind": "Pod", "metadata": { "name": "a" } }),
        400,
    );
    check("POST", "/api/v1/namespaces", "text/html", json!({}), 415);
    check(
        "PATCH",
        "/api/v1/nodes/a",
        "application/json-patch+json",
        json!([{ "op": "replace", "path": "", "value": 1 }]),
        400,
    );
    check(
        "PATCH",
        "/api/v1/nodes/a",
        "application/apply-patch+yaml",
        json!({}),
        501,
    );
    check(
        "PUT",
        "/api/v1/nodes/a",
        JSON,
        json!({ "metadata": { "name": "b" } }),
        400,
    );
}

#[test]
fn a_watch_tells_what_changed_since_the_list() {
    let mut server = Server::with_nodes();
    let version = server.store.version();
    let mut watch = server.watch(
        &format!("/api/v1/nodes?resourceVersion={version}&watch=true&timeoutSeconds=400"),
        JSON,
    );
    assert_eq!(watch.timeout(), Some(std::time::Duration::from_secs(400)));
    assert_eq!(server.told(&mut watch), Vec::<String>::new());
    server.put_node("c", "default", false);
    server.put_node("c", "default", true);
    server.store.delete(&kind::NODES, "", "a");
    assert_eq!(
        server.told(&mut watch),
        ["ADDED c", "MODIFIED c", "DELETED a"]
    );
    assert_eq!(server.told(&mut watch), Vec::<String>::new());
}

#[test]
fn a_watch_without_a_version_begins_with_what_is_there() {
    let mut server = Server::with_nodes();
    let mut watch = server.watch("/api/v1/nodes?watch=1", JSON);
    assert_eq!(server.told(&mut watch), ["ADDED a", "ADDED b"]);
    assert_eq!(watch.head().headers()["content-type"], "application/json");
}

#[test]
fn objects_enter_and_leave_a_selector() {
    let mut server = Server::with_nodes();
    let version = server.store.version();
    let mut watch = server.watch(
        &format!("/api/v1/nodes?watch=true&resourceVersion={version}&labelSelector=x%3Dy"),
        JSON,
    );
    server.send(
        "PATCH",
        "/api/v1/nodes/a",
        "application/merge-patch+json",
        json!({ "metadata": { "labels": { "x": "y" } } }),
    );
    assert_eq!(server.told(&mut watch), ["ADDED a"]);
    server.send(
        "PATCH",
        "/api/v1/nodes/a",
        "application/merge-patch+json",
        json!({ "metadata": { "labels": { "x": "z" } } }),
    );
    let events = server.events(&mut watch);
    assert_eq!(
        (
            &events[0]["type"],
            &events[0]["object"]["metadata"]["labels"]["x"]
        ),
        (&json!("DELETED"), &json!("y"))
    );
    assert_eq!(
        events[0]["object"]["metadata"]["resourceVersion"],
        server.store.version().to_string()
    );
}

#[test]
fn initial_events_end_with_a_bookmark() {
    let mut server = Server::with_nodes();
    let path = "/api/v1/nodes?allowWatchBookmarks=true&fieldSelector=metadata.name%3Da&resourceVersionMatch=NotOlderThan&sendInitialEvents=true&watch=true";
    let mut watch = server.watch(path, JSON);
    assert_eq!(
        watch.named_object(),
        Some(("nodes".to_owned(), "a".to_owned()))
    );
    let events = server.events(&mut watch);
    assert_eq!(
        events
            .iter()
            .map(|event| &event["type"])
            .collect::<Vec<_>>(),
        ["ADDED", "BOOKMARK"]
    );
    assert_eq!(
        events[1]["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"],
        "true"
    );
    assert_eq!(
        server
            .once(
                "GET",
                "/api/v1/nodes?watch=true&sendInitialEvents=true",
                [JSON, JSON],
                b""
            )
            .0,
        422
    );
}

#[test]
fn a_watch_from_too_long_ago_is_told_to_list_again() {
    let mut server = Server::with_nodes();
    let mut watch = server.watch("/api/v1/nodes?watch=true&resourceVersion=2", JSON);
    for round in 0..5000 {
        server.store.put(
            &kind::NODES,
            json!({ "metadata": { "name": "a" }, "round": round }),
        );
    }
    let events = server.events(&mut watch);
    assert_eq!(
        (
            &events[0]["type"],
            &events[0]["object"]["reason"],
            &events[0]["object"]["code"]
        ),
        (&json!("ERROR"), &json!("Expired"), &json!(410))
    );
    assert!(watch.is_over() && server.events(&mut watch).is_empty());
}

#[test]
fn a_watch_of_tables_sends_its_columns_once() {
    let mut server = Server::with_nodes();
    let mut watch = server.watch("/api/v1/nodes?watch=true", TABLE);
    let events = server.events(&mut watch);
    assert_eq!(
        events[0]["object"]["columnDefinitions"]
            .as_array()
            .map(Vec::len),
        Some(10)
    );
    assert_eq!(
        (
            &events[1]["object"]["columnDefinitions"],
            &events[1]["object"]["rows"][0]["cells"][0]
        ),
        (&Value::Null, &json!("b"))
    );
}

#[test]
fn describe_finds_pods_events_and_the_lease_of_a_node() {
    let mut server = Server::with_nodes();
    let facts = facts("a", "default", true);
    server.store.put(&kind::LEASES, node::lease_object(&facts));
    for event in node::join_events(&facts) {
        server.store.put(&kind::EVENTS, event);
    }
    let lease = server.get(
        "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/a",
        JSON,
    );
    assert_eq!(lease["spec"]["renewTime"], "2026-11-22T10:03:00.000000Z");
    let events = server.get("/api/v1/events?fieldSelector=involvedObject.kind%3DNode%2CinvolvedObject.name%3Da%2CinvolvedObject.namespace%3D%2CinvolvedObject.uid%3Da&limit=500", JSON);
    assert_eq!(names(&events).len(), 7);
    let pods = server.get("/api/v1/pods?fieldSelector=spec.nodeName%3Da%2Cstatus.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed&limit=500", JSON);
    assert_eq!(pods["items"], json!([]));
}
