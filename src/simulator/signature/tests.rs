//! Requests really signed by the AWS CLI (1.45, recorded) and by the AWS SDK's signer.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::{Request, header};
use jiff::{SignedDuration, Timestamp};

use super::*;

mod agreement;
mod recorded;

const ACCESS_KEY_ID: &str = "AKIDEXAMPLE";
const SECRET_ACCESS_KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const SESSION_TOKEN: &str = "FwoGZXIvYXdzE+/token==";

/// When the requests were recorded, give or take a few seconds.
fn recorded_at() -> Timestamp {
    "2026-11-22T13:28:12Z".parse().unwrap()
}

fn long_term(id: &str) -> Option<Secret> {
    (id == ACCESS_KEY_ID).then(|| Secret {
        secret_access_key: SECRET_ACCESS_KEY.to_owned(),
        session_token: None,
    })
}

/// Verifies as a service does that allows fifteen minutes.
fn verify(
    request: &Request<Bytes>,
    secret_of: SecretOf<'_>,
    wall_now: Timestamp,
) -> Result<Identity, SignatureError> {
    super::verify(
        request,
        secret_of,
        &|_| SignedDuration::from_mins(15),
        wall_now,
    )
}

fn is_skewed<T>(refused: Result<T, SignatureError>) -> bool {
    matches!(refused, Err(SignatureError::Skewed(_)))
}

fn temporary(id: &str) -> Option<Secret> {
    long_term(id).map(|secret| Secret {
        session_token: Some(SESSION_TOKEN.to_owned()),
        ..secret
    })
}

fn wrong_secret(id: &str) -> Option<Secret> {
    long_term(id).map(|secret| Secret {
        secret_access_key: "another secret".to_owned(),
        ..secret
    })
}

fn other_token(id: &str) -> Option<Secret> {
    long_term(id).map(|secret| Secret {
        session_token: Some("another token".to_owned()),
        ..secret
    })
}

/// `METHOD URI`, header lines, an empty line, the body.
fn parse(recorded: &str) -> Request<Bytes> {
    let (head, body) = recorded.split_once("\n\n").unwrap();
    let mut lines = head.lines();
    let (method, uri) = lines.next().unwrap().split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(uri);
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    request.body(Bytes::from(body.to_owned())).unwrap()
}

fn check_recorded(recorded: &str, service: &str) {
    let identity = verify(&parse(recorded), &long_term, recorded_at());
    let expected = Identity {
        access_key_id: ACCESS_KEY_ID.into(),
        region: "us-west-2".into(),
        service: service.into(),
    };
    assert_eq!(identity, Ok(expected), "{recorded}");
}

fn check_refused(
    recorded: &str,
    secret_of: SecretOf<'_>,
    wall_now: Timestamp,
    expected: SignatureError,
) {
    assert_eq!(
        verify(&parse(recorded), secret_of, wall_now),
        Err(expected),
        "{recorded}"
    );
}

#[test]
fn requests_of_the_aws_cli_verify() {
    check_recorded(recorded::DESCRIBE_NODEGROUP, "eks");
    check_recorded(recorded::DESCRIBE_KEY, "kms");
    check_recorded(recorded::DESCRIBE_AUTO_SCALING_GROUPS, "autoscaling");
    check_recorded(recorded::DESCRIBE_INSTANCES, "ec2");
    check_recorded(recorded::GET_CALLER_IDENTITY, "sts");
}

#[test]
fn path_segments_and_queries_with_escapes_verify() {
    check_recorded(recorded::LIST_TAGS_FOR_RESOURCE, "eks");
    check_recorded(recorded::LIST_NODEGROUPS, "eks");
}

#[test]
fn a_session_token_is_required_exactly_when_the_key_has_one() {
    let with_token = recorded::LIST_KEYS_WITH_SESSION_TOKEN;
    assert!(verify(&parse(with_token), &temporary, recorded_at()).is_ok());
    check_refused(
        with_token,
        &long_term,
        recorded_at(),
        SignatureError::WrongToken,
    );
    check_refused(
        with_token,
        &other_token,
        recorded_at(),
        SignatureError::WrongToken,
    );
    check_refused(
        recorded::DESCRIBE_KEY,
        &temporary,
        recorded_at(),
        SignatureError::WrongToken,
    );
}

#[test]
fn an_unknown_key_and_a_wrong_secret_are_told_apart() {
    check_refused(
        recorded::DESCRIBE_KEY,
        &|_| None,
        recorded_at(),
        SignatureError::UnknownKey,
    );
    check_refused(
        recorded::DESCRIBE_KEY,
        &wrong_secret,
        recorded_at(),
        SignatureError::Mismatch,
    );
}

#[test]
fn whatever_was_signed_cannot_be_changed() {
    let original = recorded::LIST_NODEGROUPS;
    for (from, to) in [
        ("GET", "POST"),
        ("/clusters/x", "/clusters/y"),
        ("maxResults=5", "maxResults=6"),
        ("127.0.0.1:1234", "127.0.0.1:1235"),
        ("132814Z", "132815Z"),
        ("us-west-2", "us-east-1"),
        ("/eks/", "/kms/"),
        ("Signature=7", "Signature=8"),
    ] {
        let changed = original.replacen(from, to, 1);
        assert_ne!(changed, original);
        check_refused(
            &changed,
            &long_term,
            recorded_at(),
            SignatureError::Mismatch,
        );
    }
    let other_body = recorded::DESCRIBE_KEY.replace("alias/x", "alias/y");
    check_refused(
        &other_body,
        &long_term,
        recorded_at(),
        SignatureError::Mismatch,
    );
    let other_target = recorded::DESCRIBE_KEY.replace("DescribeKey", "DisableKey");
    check_refused(
        &other_target,
        &long_term,
        recorded_at(),
        SignatureError::Mismatch,
    );
}

#[test]
fn a_request_is_good_for_fifteen_minutes_either_way() {
    let signed_at: Timestamp = "2026-11-22T13:28:08Z".parse().unwrap();
    for minutes in [-15, 15] {
        let wall_now = signed_at + SignedDuration::from_mins(minutes);
        assert!(verify(&parse(recorded::DESCRIBE_KEY), &long_term, wall_now).is_ok());
        let beyond = wall_now + SignedDuration::from_secs(minutes.signum());
        let request = parse(recorded::DESCRIBE_KEY);
        assert!(is_skewed(verify(&request, &long_term, beyond)));
        let strict =
            |service: &str| SignedDuration::from_mins(if service == "kms" { 5 } else { 15 });
        assert!(is_skewed(super::verify(
            &request, &long_term, &strict, wall_now
        )));
    }
}

#[test]
fn an_unsigned_request_is_missing_its_signature() {
    check_refused(
        "GET /clusters\nHost: localhost\n\n",
        &long_term,
        recorded_at(),
        SignatureError::Missing,
    );
    check_refused(
        "GET /?Action=X\nHost: localhost\n\n",
        &long_term,
        recorded_at(),
        SignatureError::Missing,
    );
}

fn check_malformed(recorded: &str, from: &str, to: &str) {
    let changed = recorded.replace(from, to);
    assert_ne!(changed, recorded);
    let refused = verify(&parse(&changed), &long_term, recorded_at());
    assert!(
        matches!(refused, Err(SignatureError::Malformed(_))),
        "{refused:?} for {changed}"
    );
}

#[test]
fn what_is_no_signature_is_malformed() {
    let original = recorded::DESCRIBE_KEY;
    check_malformed(original, "AWS4-HMAC-SHA256", "Bearer");
    check_malformed(original, "Credential=", "Who=");
    check_malformed(original, "SignedHeaders=", "Headers=");
    check_malformed(original, "Signature=", "Sign=");
    check_malformed(original, "aws4_request", "aws5_request");
    check_malformed(original, "/20261122/", "/20261123/");
    check_malformed(original, "/20261122/", "//");
    check_malformed(original, "X-Amz-Date: 20261122T132808Z\n", "");
    check_malformed(original, "20261122T132808Z", "20261122T992808Z");
    check_malformed(original, "20261122T132808Z", "20261122 13:28Z");
    check_malformed(original, "Host: 127.0.0.1:1234\n", "");
    check_malformed(original, "content-type;host;", "content-type;");
}

#[test]
fn over_http2_the_authority_is_the_host() {
    let absolute = recorded::DESCRIBE_NODEGROUP
        .replace("Host: 127.0.0.1:1234\n", "")
        .replace("GET /", "GET http://127.0.0.1:1234/");
    check_recorded(&absolute, "eks");
}

/// Signs as the AWS SDK for Rust does.
fn signed_by_sdk(
    method: &str,
    url: &str,
    header: (&str, &str),
    body: &str,
    at: Timestamp,
) -> Request<Bytes> {
    let credentials = Credentials::new(
        ACCESS_KEY_ID,
        SECRET_ACCESS_KEY,
        Some(SESSION_TOKEN.into()),
        None,
        "test",
    );
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region("eu-central-1")
        .name("eks")
        .time(SystemTime::from(at))
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let signable = SignableRequest::new(
        method,
        url,
        [header].into_iter(),
        SignableBody::Bytes(body.as_bytes()),
    )
    .unwrap();
    let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
    let request = Request::builder()
        .method(method)
        .uri(url)
        .header(header.0, header.1);
    let mut request = request.body(Bytes::from(body.to_owned())).unwrap();
    instructions.apply_to_request_http1x(&mut request);
    request
}

#[test]
fn requests_of_the_sdk_signer_verify() {
    for (method, url, header, body) in [
        (
            "GET",
            "http://127.0.0.1:5/clusters/a%20b%2Fc?x=1&y=",
            ("accept", "*/*"),
            "",
        ),
        (
            "POST",
            "http://localhost:5/",
            ("content-type", "  a   b "),
            "Action=X",
        ),
        (
            "PUT",
            "http://localhost:5/a/./b//c/../d/?k=%E2%9C%93+z",
            ("x-empty", ""),
            "{}",
        ),
        (
            "DELETE",
            "https://localhost:5",
            ("user-agent", "left out of the signature"),
            "",
        ),
    ] {
        let request = signed_by_sdk(method, url, header, body, recorded_at());
        let identity = verify(&request, &temporary, recorded_at()).map(|identity| identity.region);
        assert_eq!(identity, Ok("eu-central-1".to_owned()), "{method} {url}");
        assert_eq!(
            verify(&request, &other_token, recorded_at()),
            Err(SignatureError::WrongToken)
        );
    }
}

/// Some SDKs send the hash of the body in a header; it is one more header that is signed, and never believed.
#[test]
fn a_body_is_hashed_whatever_its_header_says() {
    let url = "http://localhost:5/clusters";
    for claimed in ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"] {
        let header = ("x-amz-content-sha256", claimed);
        let request = signed_by_sdk("POST", url, header, "{}", recorded_at());
        assert!(verify(&request, &temporary, recorded_at()).is_ok());
        let (head, _) = request.into_parts();
        let other_body = Request::from_parts(head, Bytes::from_static(b"[]"));
        let refused = verify(&other_body, &temporary, recorded_at());
        assert_eq!(refused, Err(SignatureError::Mismatch));
    }
}

fn check_token(token: &str, cluster: &str, secret_of: SecretOf<'_>) {
    let identity = verify_token(token, cluster, secret_of, recorded_at());
    let expected = TokenIdentity {
        access_key_id: ACCESS_KEY_ID.into(),
        cluster: cluster.into(),
        region: "us-west-2".into(),
    };
    assert_eq!(identity, Ok(expected));
}

#[test]
fn tokens_of_aws_eks_get_token_verify() {
    check_token(recorded::TOKEN, "eks-workshop", &long_term);
    check_token(recorded::TOKEN_WITH_SESSION_TOKEN, "x y", &temporary);
    check_token(recorded::TOKEN_FOR_THE_REAL_STS, "eks-workshop", &long_term);
}

fn check_token_refused(
    token: &str,
    cluster: &str,
    secret_of: SecretOf<'_>,
    at: &str,
    expected: SignatureError,
) {
    assert_eq!(
        verify_token(token, cluster, secret_of, at.parse().unwrap()),
        Err(expected)
    );
}

fn check_token_skewed(at: &str) {
    let at = at.parse().unwrap();
    assert!(is_skewed(verify_token(
        recorded::TOKEN,
        "eks-workshop",
        &long_term,
        at
    )));
}

#[test]
fn a_token_is_good_for_fifteen_minutes_from_its_date() {
    assert!(
        verify_token(
            recorded::TOKEN,
            "eks-workshop",
            &long_term,
            "2026-11-22T13:43:15Z".parse().unwrap()
        )
        .is_ok()
    );
    check_token_skewed("2026-11-22T13:43:16Z");
    check_token_skewed("2026-11-22T13:13:14Z");
}

#[test]
fn a_token_is_for_one_key_and_one_cluster() {
    let at = "2026-11-22T13:28:20Z";
    check_token_refused(
        recorded::TOKEN,
        "another",
        &long_term,
        at,
        SignatureError::Mismatch,
    );
    check_token_refused(
        recorded::TOKEN,
        "eks-workshop",
        &wrong_secret,
        at,
        SignatureError::Mismatch,
    );
    check_token_refused(
        recorded::TOKEN,
        "eks-workshop",
        &|_| None,
        at,
        SignatureError::UnknownKey,
    );
    check_token_refused(
        recorded::TOKEN,
        "eks-workshop",
        &temporary,
        at,
        SignatureError::WrongToken,
    );
    check_token_refused(
        recorded::TOKEN_WITH_SESSION_TOKEN,
        "x y",
        &other_token,
        at,
        SignatureError::WrongToken,
    );
}

/// The URL inside a token.
fn url_of(token: &str) -> String {
    let encoded = token.strip_prefix("k8s-aws-v1.").unwrap();
    String::from_utf8(
        base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, encoded).unwrap(),
    )
    .unwrap()
}

fn token_of(url: &str) -> String {
    format!(
        "k8s-aws-v1.{}",
        base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE, url)
    )
}

#[test]
fn a_padded_token_is_fine_and_a_changed_one_is_not() {
    let url = url_of(recorded::TOKEN);
    check_token(&token_of(&url), "eks-workshop", &long_term);
    for (from, to) in [
        ("Expires=60", "Expires=61"),
        ("Version=2011-06-15", "Version=2011-06-16"),
        ("127.0.0.1", "localhost"),
    ] {
        let changed = url.replace(from, to);
        assert_ne!(changed, url);
        let refused = verify_token(
            &token_of(&changed),
            "eks-workshop",
            &long_term,
            recorded_at(),
        );
        assert_eq!(refused, Err(SignatureError::Mismatch), "{changed}");
    }
}

#[test]
fn what_is_no_token_is_malformed() {
    let url = url_of(recorded::TOKEN);
    for token in [
        String::new(),
        "opaque".to_owned(),
        "k8s-aws-v1.***".to_owned(),
        token_of("not a url"),
        token_of(&url.replace("GetCallerIdentity", "GetSessionToken")),
        token_of(&url.replace("%3Bx-k8s-aws-id", "")),
        token_of(&url.replace("%2Fsts%2F", "%2Feks%2F")),
        token_of(&url.replace("Expires=60", "Expires=soon")),
        token_of(&url.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")),
    ] {
        let refused = verify_token(&token, "eks-workshop", &long_term, recorded_at());
        assert!(
            matches!(refused, Err(SignatureError::Malformed(_))),
            "{refused:?} for {token}"
        );
    }
}

#[test]
fn a_presigned_request_verifies_for_as_long_as_it_says() {
    let url = url_of(recorded::TOKEN);
    let mut request = Request::get(&url)
        .header("x-k8s-aws-id", "eks-workshop")
        .body(Bytes::new())
        .unwrap();
    let host = request.uri().authority().unwrap().as_str().parse().unwrap();
    request.headers_mut().insert(header::HOST, host);
    assert_eq!(
        verify(&request, &long_term, recorded_at()).unwrap().service,
        "sts"
    );
    let expired = verify(
        &request,
        &long_term,
        "2026-11-22T13:29:16Z".parse().unwrap(),
    );
    assert!(is_skewed(expired));
}
