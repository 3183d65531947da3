//! Any body as a request of the JSON protocol.

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

        /// The members of a body.
        pub fn read(bytes: &[u8]) -> Result<input::Tree, super::refusal::Refusal> {
            json::read(protocol::Protocol::Json, bytes).map(input::Tree::Members)
        }
    }
}

#[path = "../codecs.rs"]
mod codecs;

use simulator::wire::protocol::Protocol;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    match simulator::wire::read(bytes) {
        Ok(members) => codecs::check_members(Protocol::Json, members),
        Err(refusal) => assert_eq!(refusal.code, "SerializationException"),
    }
});
