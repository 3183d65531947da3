//! Any requests to the cluster's API, one after the other on the same objects: never a panic, and never a failure of the
//! server. A request is a method, a path with its query, a `Content-Type` and an `Accept`, one line each, then its body
//! up to a line of `---8<---`. Bodies of the protobuf type begin with `k8s\0`.

#![no_main]

#[path = "../../src/simulator"]
#[allow(dead_code, unused_imports, unreachable_pub, reason = "a part of a larger crate")]
mod simulator {
    pub mod kubernetes;
}

use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use simulator::kubernetes::{Reply, ServerVersion, Store, Times, User, handle};

fn request(text: &[u8]) -> Option<Request<Bytes>> {
    let mut lines = text.splitn(5, |byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let builder = Request::builder().method(line()).uri(line());
    let builder = builder.header("content-type", line()).header("accept", line());
    builder.body(Bytes::copy_from_slice(line())).ok()
}

fn split(bytes: &[u8]) -> Vec<&[u8]> {
    const BETWEEN: &[u8] = b"\n---8<---\n";
    let (mut parts, mut rest) = (Vec::new(), bytes);
    while let Some(at) = rest.windows(BETWEEN.len()).position(|window| window == BETWEEN) {
        parts.push(&rest[..at]);
        rest = &rest[at + BETWEEN.len()..];
    }
    parts.push(rest);
    parts
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut store = Store::default();
    let shown = |micros: i64| Timestamp::from_microsecond(micros).unwrap_or_default();
    let times = Times { now: 1_795_000_000_000_000, shown: &shown };
    let user = User { name: "learner".to_owned(), groups: vec!["system:masters".to_owned()] };
    for asked in split(bytes).into_iter().filter_map(request) {
        match handle(&mut store, &ServerVersion::new("v1.30.0"), &user, &times, &asked) {
            Reply::Once(response) => {
                let status = response.status().as_u16();
                let text = String::from_utf8_lossy(response.body());
                let by_name = status == 501 && text.contains("is not simulated");
                assert!(status < 500 || by_name || status == 504, "{asked:?} {text}");
                if response.headers()["content-type"] == "application/json" {
                    serde_json::from_str::<serde_json::Value>(&text).unwrap();
                }
            }
            Reply::Watch(mut watch) => {
                watch.next_events(&mut store, &times);
            }
        }
    }
});
