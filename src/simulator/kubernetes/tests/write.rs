//! Creating, updating, patching and deleting.

use super::*;

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
    let path = "/api/v1/namespaces/default/configmaps";
    let (_, owner) = server.send("POST", path, JSON, json!({ "metadata": { "name": "d" } }));
    let owned = json!({ "metadata": { "generateName": "d-", "ownerReferences": [{ "uid": owner["metadata"]["uid"] }] } });
    server.send("POST", path, JSON, owned);
    let count = |server: &mut Server| names(&server.get(path, JSON)).len();
    assert_eq!(count(&mut server), 2);
    server.send("DELETE", &format!("{path}/d"), JSON, json!({}));
    assert_eq!(count(&mut server), 0);
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
        400,
    );
    check(
        "PUT",
        "/api/v1/nodes/a",
        JSON,
        json!({ "metadata": { "name": "b" } }),
        400,
    );
}
