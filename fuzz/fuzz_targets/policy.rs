//! Any text as a policy, asked about any request: a document up to an empty line, then an action, then lines of
//! `CONDITION-KEY=VALUE`.

#![no_main]

#[path = "../../src"]
#[allow(dead_code, unused_imports, unreachable_pub, reason = "a part of a larger crate")]
mod source {
    pub mod policy;
}
pub use source::policy;

use policy::{Caller, KeyAccess, Policy, Request, decide};

const ACCOUNT: &str = "123456789012";
const KEY: &str = "arn:aws:kms:us-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn request(caller: Caller, text: &str) -> Request {
    let mut lines = text.lines();
    let mut request = Request::new(caller, lines.next().unwrap_or("kms:Decrypt"));
    for (key, value) in lines.filter_map(|line| line.split_once('=')) {
        request = match key.strip_prefix("kms:EncryptionContext:") {
            Some(key) => request.encrypting(key, value),
            None => request.with(key, value),
        };
    }
    request
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    let (document, asked) = text.split_once("\n\n").unwrap_or((text, ""));
    let Ok(policy) = Policy::parse(document) else {
        return;
    };
    let denial = Policy::parse(r#"{"Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}}"#).unwrap();
    let mut denied = policy.clone();
    denied.statements.extend(denial.statements);
    for caller in [
        Caller::user(ACCOUNT, "learner"),
        Caller::role_session(ACCOUNT, "path/role", "session"),
        Caller::root(ACCOUNT),
        Caller::service("autoscaling.amazonaws.com"),
        Caller::user("210987654321", "stranger"),
    ] {
        let request = request(caller, asked);
        let access = KeyAccess { policy: &policy, grants: &[], identity: std::slice::from_ref(&policy), key_arn: KEY, account: ACCOUNT };
        let decision = decide(&access, &request);
        assert!(!decision.explain().is_empty());
        assert_eq!(decision, decide(&access, &request));
        let decision = decide(&KeyAccess { policy: &denied, ..access }, &request);
        assert!(!decision.is_allowed(), "{policy:?} {request:?}");
    }
});
