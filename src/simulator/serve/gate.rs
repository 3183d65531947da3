//! What stands between the wire and the handler: who may ask, how much they may send and how slowly, and what a
//! client sees when the handler panics.

use std::net::{IpAddr, Ipv6Addr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, Response, StatusCode, Uri, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::Body;

/// The largest request body that reaches the handler, in bytes.
pub const BODY_LIMIT: usize = 4 * 1024 * 1024;

/// How much of an oversized body is read and thrown away, in bytes, so that the client gets to read
/// the refusal instead of a reset connection.
const DRAIN_LIMIT: usize = 16 * BODY_LIMIT;

/// Words what the handler does not answer, as its protocol does: a request (without its body), a status and a reason.
pub type Refuse = fn(&Request<Bytes>, StatusCode, &'static str) -> Response<Bytes>;

/// Answers one request: by the handler, or with the refusal of the gate. Its body may take as long as `body_limit`.
pub(super) async fn answer<F>(
    request: Request<Incoming>,
    handler: impl FnOnce(Request<Bytes>) -> F,
    refuse: Refuse,
    body_limit: Duration,
) -> Response<Body>
where
    F: Future<Output = Response<Body>>,
{
    let (head, body) = request.into_parts();
    if !addressed_to_loopback(&head.uri, &head.headers) {
        return forbid("this server answers requests addressed to 127.0.0.1 or localhost only\n");
    }
    if is_of_another_page(&head.uri, &head.headers) {
        return forbid("this server does not answer other web pages\n");
    }
    let body = tokio::time::timeout(body_limit, collect(body)).await;
    let body = body.unwrap_or(Err((
        StatusCode::REQUEST_TIMEOUT,
        "the request body did not come in time",
    )));
    let request = |body| Request::from_parts(head.clone(), body);
    match body {
        Ok(body) => guard_panic(async { handler(request(body)).await })
            .await
            .unwrap_or_else(|()| {
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                let failed = "the simulator failed on this request";
                refuse(&request(Bytes::new()), status, failed).map(Body::full)
            }),
        Err((status, reason)) => refuse(&request(Bytes::new()), status, reason).map(Body::full),
    }
}

/// Refuses in plain text, for handlers that speak no protocol of their own.
pub fn refuse_plainly(
    _request: &Request<Bytes>,
    status: StatusCode,
    reason: &'static str,
) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(reason));
    *response.status_mut() = status;
    response
}

fn forbid(reason: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::full(reason));
    *response.status_mut() = StatusCode::FORBIDDEN;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}

/// Whether every name that the request gives for this server is a loopback name, and there is one.
///
/// A web page that resolves its own name to 127.0.0.1 (DNS rebinding) reaches this port from a
/// browser, but cannot choose the host that the browser names.
fn addressed_to_loopback(uri: &Uri, headers: &HeaderMap) -> bool {
    let mut named = names_of_server(uri, headers).peekable();
    named.peek().is_some() && named.all(is_loopback_host)
}

fn names_of_server<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> impl Iterator<Item = &'a str> {
    let in_headers = headers
        .get_all(header::HOST)
        .iter()
        .map(|host| host.to_str().unwrap_or(""));
    let in_uri = uri.authority().map(http::uri::Authority::as_str);
    in_headers.chain(in_uri)
}

/// Whether a browser says that a page of another origin asks, which may be one on another port of this machine.
fn is_of_another_page(uri: &Uri, headers: &HeaderMap) -> bool {
    let is_other = |origin: &header::HeaderValue| {
        let text = origin.to_str().unwrap_or("");
        let host = text.split_once("://").map_or("", |(_, host)| host);
        names_of_server(uri, headers).all(|name| !name.eq_ignore_ascii_case(host))
    };
    let is_cross =
        |site: &header::HeaderValue| !matches!(site.as_bytes(), b"same-origin" | b"none");
    headers.get_all(header::ORIGIN).iter().any(is_other)
        || headers.get_all("sec-fetch-site").iter().any(is_cross)
}

/// Whether `host` (a name or address, with or without a port) means this machine.
fn is_loopback_host(host: &str) -> bool {
    let Ok(authority) = host.parse::<http::uri::Authority>() else {
        return false;
    };
    if authority.as_str().contains('@') {
        return false;
    }
    let name = authority.host();
    let address = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match address {
        Some(address) => address.parse() == Ok(Ipv6Addr::LOCALHOST),
        None => {
            name.eq_ignore_ascii_case("localhost")
                || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        }
    }
}

async fn collect(mut body: Incoming) -> Result<Bytes, (StatusCode, &'static str)> {
    let mut collected = BytesMut::new();
    let mut length: usize = 0;
    while let Some(frame) = body.frame().await {
        let cut_off = (StatusCode::BAD_REQUEST, "the request body was cut off");
        let Ok(data) = frame.map_err(|_| cut_off)?.into_data() else {
            continue; // trailers
        };
        length = length.saturating_add(data.len());
        if length <= BODY_LIMIT {
            collected.extend_from_slice(&data);
        } else if length > DRAIN_LIMIT {
            break;
        } else {
            collected = BytesMut::new();
        }
    }
    if length > BODY_LIMIT {
        Err((
            StatusCode::PAYLOAD_TOO_LARGE,
            "the request body is too large",
        ))
    } else {
        Ok(collected.freeze())
    }
}

/// Catches a panic of the handler, so that the connection and the other requests on it live on. What panicked and
/// where is reported by the process's panic hook.
async fn guard_panic(handling: impl Future<Output = Response<Body>>) -> Result<Response<Body>, ()> {
    let mut handling = pin!(handling);
    std::future::poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| handling.as_mut().poll(context)));
        polled.map(|poll| poll.map(Ok)).unwrap_or_else(|_| {
            tracing::error!("a simulator request handler panicked");
            Poll::Ready(Err(()))
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_names_are_served_and_others_are_not() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:80",
            "localhost:4566",
            "LocalHost",
            "[::1]",
            "[::1]:1",
            "127.9.9.9:1",
        ] {
            assert!(is_loopback_host(host), "{host} should be loopback");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example:80",
            "127.0.0.1.evil.example",
            "10.0.0.1:80",
            "[::2]:80",
            "[::ffff:10.0.0.1]",
            "0.0.0.0",
            "localhost:80@evil.example",
            "evil@localhost",
            "local host",
            "localhost/evil",
        ] {
            assert!(!is_loopback_host(host), "{host} should be refused");
        }
    }

    fn check_address(uri: &str, hosts: &[&str], expected: bool) {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, host.parse().unwrap());
        }
        assert_eq!(
            addressed_to_loopback(&uri.parse().unwrap(), &headers),
            expected,
            "{uri} {hosts:?}"
        );
    }

    fn check_page(name: &'static str, value: &str, expected: bool) {
        let headers = HeaderMap::from_iter([
            (header::HOST, "localhost:5".parse().unwrap()),
            (name.parse().unwrap(), value.parse().unwrap()),
        ]);
        let uri = Uri::from_static("/");
        assert_eq!(is_of_another_page(&uri, &headers), expected, "{value}");
    }

    #[test]
    fn pages_of_other_origins_are_not_served() {
        check_page("accept", "*/*", false);
        check_page("origin", "http://localhost:5", false);
        check_page("origin", "https://LOCALHOST:5", false);
        for origin in [
            "http://evil.example",
            "http://localhost:6",
            "http://localhost",
            "null",
            "",
            "localhost:5",
        ] {
            check_page("origin", origin, true);
        }
        check_page("sec-fetch-site", "same-origin", false);
        check_page("sec-fetch-site", "none", false);
        check_page("sec-fetch-site", "same-site", true);
        check_page("sec-fetch-site", "cross-site", true);
    }

    #[test]
    fn every_name_of_the_server_counts() {
        check_address("/", &["localhost:1"], true);
        check_address("https://127.0.0.1:1/", &[], true);
        check_address("/", &[], false);
        check_address("http://evil.example/", &["localhost:1"], false);
        check_address("http://localhost/", &["evil.example"], false);
        check_address("/", &["localhost", "evil.example"], false);
    }
}
