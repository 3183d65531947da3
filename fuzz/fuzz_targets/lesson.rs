//! Any text as a lesson page.

#![no_main]
#![allow(dead_code, reason = "the parser's source is a part of a larger crate")]

#[path = "../../src"]
mod source {
    pub mod diagnostic;
    pub mod lab;
}
pub use source::{diagnostic, lab};

#[path = "../properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(page) = std::str::from_utf8(bytes) {
        properties::check_page(page);
    }
});
