//! Watching.

use super::*;

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
