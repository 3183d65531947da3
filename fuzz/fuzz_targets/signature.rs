//! Any request as a signed one, and any text as a token: never a panic, and never somebody who did not sign.
//!
//! The input is a method, a URI, an `Authorization`, an `X-Amz-Date` and an `X-Amz-Security-Token`, one line each (`-`
//! for none), and the body. The secret is not in it.

#![no_main]

#[path = "../../src/simulator"]
#[allow(dead_code, unused_imports, unreachable_pub, reason = "parts of a larger crate")]
mod simulator {
    pub mod refusal;
    pub mod signature;
    pub mod wire {
        mod protocol;
        pub use protocol::Protocol;
    }
}

use bytes::Bytes;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use simulator::signature::{self, Secret, SignatureError};
use simulator::wire::Protocol;

fn secret_of(key: &str) -> Option<Secret> {
    let session_token = (key == "ASIAEXAMPLE").then(|| "token".to_owned());
    matches!(key, "AKIDEXAMPLE" | "ASIAEXAMPLE").then(|| Secret {
        secret_access_key: "nobody knows this".to_owned(),
        session_token,
    })
}

fn request(text: &[u8]) -> Option<Request<Bytes>> {
    let mut lines = text.splitn(6, |byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let mut builder = Request::builder().method(line()).uri(line()).header("host", "localhost");
    for name in ["authorization", "x-amz-date", "x-amz-security-token"] {
        let value = line();
        if value != b"-" {
            builder = builder.header(name, value);
        }
    }
    builder.body(Bytes::copy_from_slice(line())).ok()
}

fn check<T: std::fmt::Debug>(verified: Result<T, SignatureError>) {
    let error = verified.expect_err("nobody can sign");
    for protocol in [Protocol::Ec2, Protocol::Query, Protocol::Json, Protocol::RestJson] {
        let (code, status, message) = signature::refusal(&error, protocol);
        assert!(!code.is_empty() && !message.is_empty() && (400..500).contains(&status));
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let now: Timestamp = "2026-11-22T13:28:12Z".parse().unwrap();
    let skew = |_: &str| SignedDuration::from_mins(15);
    if let Some(request) = request(bytes) {
        let _ = signature::claimed(&request);
        check(signature::verify(&request, &secret_of, &skew, now));
    }
    if let Ok(text) = str::from_utf8(bytes) {
        check(signature::verify_token(text, "cluster", &secret_of, now));
        use base64::Engine as _;
        let token = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(text);
        check(signature::verify_token(&format!("k8s-aws-v1.{token}"), "cluster", &secret_of, now));
    }
});
