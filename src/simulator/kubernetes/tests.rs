//! Requests in, answers out: what kubectl and client libraries send, as they send it.

mod read;
mod watch;
mod write;

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
        for (name, group, ready) in [("a", "default", true), ("b", "workers", false)] {
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
