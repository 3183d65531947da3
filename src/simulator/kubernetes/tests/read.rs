//! Getting, listing, discovering and asking what one may.

use super::*;

#[test]
fn the_lab_finds_no_nodes_in_a_table() {
    let mut server = Server::new();
    let table = server.get(
        "/api/v1/nodes?labelSelector=eks.amazonaws.com%2Fnodegroup%3Dworkers&limit=500",
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
        "/api/v1/nodes?labelSelector=eks.amazonaws.com%2Fnodegroup%3Dworkers&limit=500",
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
        "/api/v1/podtemplates",
        404,
        "the server could not find the requested resource: podtemplates is not simulated",
    );
    check(
        "GET",
        "/apis/metrics.k8s.io/v1beta1/nodes",
        404,
        "the server could not find the requested resource: the API group metrics.k8s.io/v1beta1 is not simulated",
    );
    check(
        "POST",
        "/apis/authentication.k8s.io/v1beta1/selfsubjectreviews",
        404,
        "the server could not find the requested resource: the API group authentication.k8s.io/v1beta1 is not simulated",
    );
    check(
        "GET",
        "/api/v1/namespaces/default/pods/p/log",
        501,
        "the subresource pods/log is not simulated: nothing runs inside the pods of this cluster",
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
    let (status, document) = server.once("GET", "/openapi/v2?timeout=32s", [JSON, JSON], b"");
    assert_eq!((status, &document["swagger"]), (200, &json!("2.0")));
    assert_eq!(
        server.once("GET", "/openapi/v1?timeout=32s", [JSON, JSON], b""),
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
