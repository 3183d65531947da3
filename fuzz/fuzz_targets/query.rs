//! Any form as a request of the query protocols.

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

        /// The members that a form's bytes mean.
        pub fn read(bytes: &[u8]) -> Result<input::Tree, String> {
            form::tree(&form::pairs(bytes)?)
        }
    }
}

#[path = "../codecs.rs"]
mod codecs;

use simulator::wire::protocol::Protocol;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for protocol in [Protocol::Query, Protocol::Ec2] {
        if let Ok(members) = simulator::wire::read(bytes) {
            codecs::check_members(protocol, members);
        }
    }
});
