//! What the AWS SDK's own signer signs verifies here, whatever it is; and not once anything of it is another.

use std::time::Duration;

use aws_sigv4::http_request::SignatureLocation;
use fastrand::Rng;

use super::*;

const ROUNDS: u64 = 2_000;

const SEGMENTS: [&str; 14] = [
    "",
    ".",
    "..",
    "clusters",
    "a%20b",
    "a+b",
    "%2F",
    "%E2%9C%93",
    "a:b",
    "x,y;z=1",
    "(a)*'!",
    "~-_.",
    "100%25",
    "a@$&",
];
const NAMES: [&str; 9] = [
    "x",
    "X",
    "a.b",
    "k%20y",
    "k+y",
    "%E2%9C%93",
    "Action",
    "list.1",
    "x%3Dy",
];
const VALUES: [&str; 11] = [
    "",
    "1",
    "10",
    "a%20b",
    "a+b",
    "%2B",
    "%25",
    "%E2%9C%93",
    "a/b:c",
    "a=b",
    "%7E*'()",
];
const HEADERS: [&str; 6] = [
    "accept",
    "content-type",
    "x-a",
    "x-a-b",
    "x-amz-target",
    "x-amz-meta-b",
];
const TEXTS: [&str; 9] = [
    "",
    "plain",
    "  led and trailed  ",
    "many   spaces  inside",
    "tab\there",
    "q=\"a  b\", c",
    "*/*",
    "a,b",
    "Größe ✓",
];

fn pick<'a>(random: &mut Rng, from: &[&'a str]) -> &'a str {
    from[random.usize(..from.len())]
}

/// A request of the signer's, and whether its key has a session token.
fn drawn(random: &mut Rng) -> (Request<Bytes>, bool) {
    let path: String = (0..random.usize(..5))
        .map(|_| format!("/{}", pick(random, &SEGMENTS)))
        .collect();
    let query: Vec<String> = (0..random.usize(..5))
        .map(|_| match pick(random, &VALUES) {
            "" if random.bool() => pick(random, &NAMES).to_owned(),
            value => format!("{}={value}", pick(random, &NAMES)),
        })
        .collect();
    let mark = if query.is_empty() { "" } else { "?" };
    let root = if path.is_empty() { "/" } else { "" };
    let url = format!("http://127.0.0.1:5{path}{root}{mark}{}", query.join("&"));
    let headers: Vec<(&str, &str)> = (0..random.usize(..6))
        .map(|_| (pick(random, &HEADERS), pick(random, &TEXTS)))
        .collect();
    let body: Vec<u8> = (0..random.usize(..100)).map(|_| random.u8(..)).collect();
    let method = pick(random, &["GET", "POST", "PUT", "DELETE", "PATCH"]);
    let has_token = random.bool();
    let is_presigned = random.bool();
    let request = signed(method, &url, &headers, body, (has_token, is_presigned));
    (request, has_token)
}

fn signed(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
    (has_token, is_presigned): (bool, bool),
) -> Request<Bytes> {
    let token = has_token.then(|| SESSION_TOKEN.to_owned());
    let identity = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, token, None, "test").into();
    let mut settings = SigningSettings::default();
    if is_presigned {
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(600));
    }
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-west-2")
        .name("eks")
        .time(SystemTime::from(recorded_at()))
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let body_to_sign = SignableBody::Bytes(&body);
    let signable = SignableRequest::new(method, url, headers.iter().copied(), body_to_sign);
    let (instructions, _) = sign(signable.unwrap(), &parameters).unwrap().into_parts();
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.header("host", "127.0.0.1:5");
    let mut request = request.body(Bytes::from(body)).unwrap();
    instructions.apply_to_request_http1x(&mut request);
    request
}

fn verified(request: &Request<Bytes>, has_token: bool) -> Result<Identity, SignatureError> {
    let secrets: SecretOf<'_> = if has_token { &temporary } else { &long_term };
    verify(request, secrets, recorded_at())
}

#[test]
fn whatever_the_sdk_signs_verifies() {
    for seed in 0..ROUNDS {
        let (request, has_token) = drawn(&mut Rng::with_seed(seed));
        assert!(verified(&request, has_token).is_ok(), "{seed}: {request:?}");
    }
}

#[test]
fn whatever_is_changed_on_the_way_does_not_verify() {
    for seed in 0..ROUNDS {
        let mut random = Rng::with_seed(seed);
        let (mut request, has_token) = drawn(&mut random);
        let changed = match random.u8(..4) {
            0 => "/another",
            1 => "query",
            2 => "header",
            _ => "body",
        };
        match changed {
            "/another" => {
                let query = request.uri().query().unwrap_or_default();
                *request.uri_mut() = format!("http://127.0.0.1:5/another?{query}")
                    .parse()
                    .unwrap();
            }
            "query" => {
                let uri = request.uri();
                let query = uri.query().unwrap_or_default();
                let longer = format!("http://127.0.0.1:5{}?{query}&more=1", uri.path());
                *request.uri_mut() = longer.parse().unwrap();
            }
            "header" => {
                request
                    .headers_mut()
                    .insert("host", "127.0.0.1:6".parse().unwrap());
            }
            _ => *request.body_mut() = [request.body().as_ref(), b"x"].concat().into(),
        }
        let refused = verified(&request, has_token);
        assert_eq!(
            refused,
            Err(SignatureError::Mismatch),
            "{seed}: {changed} of {request:?}"
        );
    }
}
