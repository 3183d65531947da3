//! Any path, query string and body as a request of REST with JSON: one line each, the rest is the body.

#![no_main]

#[path = "../../src/simulator"]
#[allow(dead_code, unused_imports, unreachable_pub, reason = "parts of a larger crate")]
mod simulator {
    pub mod refusal;
    pub mod wire {
        mod form;
        pub mod input;
        mod json;
        pub mod protocol;
        mod rest;
        mod xml;

        /// The members of a request, if its path is one of the operation's.
        pub fn read(path: &str, query: &str, body: &[u8]) -> Option<Result<input::Tree, super::refusal::Refusal>> {
            let labels = rest::match_path("/clusters/{Text}/node-groups/{Choice}", path)?;
            Some(rest::members(&labels, query, body))
        }
    }
}

#[path = "../codecs.rs"]
mod codecs;

use simulator::wire::protocol::Protocol;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.splitn(3, |byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (Ok(path), Ok(query)) = (str::from_utf8(line()), str::from_utf8(line())) else {
        return;
    };
    match simulator::wire::read(path, query, line()) {
        Some(Ok(members)) => codecs::check_members(Protocol::RestJson, members),
        Some(Err(refusal)) => assert_eq!(refusal.code, "SerializationException"),
        None => {}
    }
});
