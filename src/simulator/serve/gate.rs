//! What stands between the wire and the handler: who may ask, how much they may send, and what a
//! client sees when the handler panics.

use std::net::{IpAddr, Ipv6Addr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

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

/// Answers one request: by the handler, or with the refusal of the gate.
pub(super) async fn answer<F>(
    request: Request<Incoming>,
    handler: impl FnOnce(Request<Bytes>) -> F,
) -> Response<Body>
where
    F: Future<Output = Response<Body>>,
{
    let (head, body) = request.into_parts();
    if !addressed_to_loopback(&head.uri, &head.headers) {
        return refuse(
            StatusCode::FORBIDDEN,
            "this server answers requests addressed to 127.0.0.1 or localhost only\n",
        );
    }
    match collect(body).await {
        Ok(body) => guard_panic(async { handler(Request::from_parts(head, body)).await }).await,
        Err(status) => refuse(status, "the request body is too large or was cut off\n"),
    }
}

fn refuse(status: StatusCode, reason: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::full(reason));
    *response.status_mut() = status;
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
    let in_headers = headers
        .get_all(header::HOST)
        .iter()
        .map(|host| host.to_str().unwrap_or(""));
    let in_uri = uri.authority().map(http::uri::Authority::as_str);
    let mut named = in_headers.chain(in_uri).peekable();
    named.peek().is_some() && named.all(is_loopback_host)
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

async fn collect(mut body: Incoming) -> Result<Bytes, StatusCode> {
    let mut collected = BytesMut::new();
    let mut length: usize = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| StatusCode::BAD_REQUEST)?.into_data() else {
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
        Err(StatusCode::PAYLOAD_TOO_LARGE)
    } else {
        Ok(collected.freeze())
    }
}

/// Turns a panic of the handler into a 500, so that the connection and the other requests on it
/// live on. What panicked and where is reported by the process's panic hook.
async fn guard_panic(handling: impl Future<Output = Response<Body>>) -> Response<Body> {
    let mut handling = pin!(handling);
    std::future::poll_fn(|context| {
        catch_unwind(AssertUnwindSafe(|| handling.as_mut().poll(context))).unwrap_or_else(|_| {
            tracing::error!("a simulator request handler panicked");
            Poll::Ready(refuse(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the simulator failed on this request\n",
            ))
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
