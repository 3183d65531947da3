//! Real sockets on free ports: what a client on the other side of the wire sees.

use http::{Method, StatusCode, Version, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::TokioExecutor;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;
use crate::simulator::certificate::Authority;
use crate::simulator::client;

/// A server under test: its address, and how to stop it and wait for its end.
struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Server {
    async fn start<H, F>(tls: Option<&Authority>, handler: H) -> Server
    where
        H: Fn(Request<Bytes>) -> F + Clone + Send + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        Server::within(LIMITS, tls, handler).await
    }

    async fn within<H, F>(limits: Limits, tls: Option<&Authority>, handler: H) -> Server
    where
        H: Fn(Request<Bytes>) -> F + Clone + Send + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let listener = bind().await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let tls = tls.map(Authority::server_config);
        let served = Served {
            handler,
            refuse: refuse_plainly,
            limits,
            streams: StreamTasks::default(),
        };
        let ended = tokio::spawn(serve_within(listener, tls, served, async {
            let _ = stopped.await;
        }));
        Server {
            address,
            stop,
            ended,
        }
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.ended.await.unwrap();
    }

    /// Sends one request with the blocking client.
    async fn ask(&self, method: &'static str, path: &'static str, body: Vec<u8>) -> (u16, String) {
        let address = self.address;
        let asked =
            tokio::task::spawn_blocking(move || client::request(address, method, path, &[], &body));
        let (status, body) = asked.await.unwrap().unwrap();
        (status, String::from_utf8(body).unwrap())
    }
}

/// Says what it was asked.
async fn echo(request: Request<Bytes>) -> Response<Body> {
    let asked = format!(
        "{} {} {}",
        request.method(),
        request.uri().path(),
        request.body().len()
    );
    Response::new(Body::full(asked))
}

async fn tls_to(
    address: SocketAddr,
    authority: &Authority,
    protocol: &str,
) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(authority.ca_pem().as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let socket = TcpStream::connect(address).await.unwrap();
    let name = ServerName::from(address.ip());
    TlsConnector::from(Arc::new(config))
        .connect(name, socket)
        .await
        .unwrap()
}

/// Sends one HTTP/1.1 GET over a fresh connection; the connection lives on in a task while the
/// response is read.
async fn get_http1(
    socket: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    path: &str,
) -> Response<Incoming> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get(path)
        .header(header::HOST, "localhost")
        .body(Full::<Bytes>::default())
        .unwrap();
    sender.send_request(request).await.unwrap()
}

/// The same over HTTP/2, where the address of the server stands in the URI.
async fn get_http2(
    socket: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    path: &str,
) -> Response<Incoming> {
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(socket))
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = Request::get(format!("https://127.0.0.1:1{path}"))
        .body(Full::<Bytes>::default())
        .unwrap();
    sender.send_request(request).await.unwrap()
}

async fn text(response: Response<Incoming>) -> String {
    String::from_utf8(
        response
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes()
            .to_vec(),
    )
    .unwrap()
}

#[tokio::test]
async fn http1_and_http2_are_answered_over_tls_for_clients_that_trust_the_authority() {
    let authority = Authority::generate().unwrap();
    let server = Server::start(Some(&authority), echo).await;

    let response = get_http1(tls_to(server.address, &authority, "http/1.1").await, "/one").await;
    assert_eq!(response.version(), Version::HTTP_11);
    assert_eq!(text(response).await, "GET /one 0");

    let response = get_http2(tls_to(server.address, &authority, "h2").await, "/two").await;
    assert_eq!(response.version(), Version::HTTP_2);
    assert_eq!(text(response).await, "GET /two 0");
    server.stop().await;
}

#[tokio::test]
async fn a_restored_authority_is_trusted_by_who_trusted_the_first() {
    let authority = Authority::generate().unwrap();
    let restored = Authority::from_pem(&authority.to_pem()).unwrap();
    let server = Server::start(Some(&restored), echo).await;
    tls_to(server.address, &authority, "h2").await;
    server.stop().await;
}

#[tokio::test]
async fn a_client_without_tls_does_not_disturb_the_others() {
    let authority = Authority::generate().unwrap();
    let server = Server::start(Some(&authority), echo).await;
    let mut plain = TcpStream::connect(server.address).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"));
    tls_to(server.address, &authority, "http/1.1").await;
    server.stop().await;
}

#[tokio::test]
async fn the_blocking_client_is_answered() {
    let server = Server::start(None, echo).await;
    assert_eq!(
        server.ask("POST", "/path?query", b"body".to_vec()).await,
        (200, "POST /path 4".to_owned())
    );
    server.stop().await;
}

/// A handler whose one response body is fed by the test.
fn watching() -> (
    mpsc::Sender<Bytes>,
    impl Fn(Request<Bytes>) -> std::future::Ready<Response<Body>> + Clone,
) {
    let (events, receiver) = mpsc::channel(8);
    let receiver = Arc::new(Mutex::new(Some(receiver)));
    let handler = move |_| {
        std::future::ready(Response::new(Body::stream(
            receiver.lock().unwrap().take().unwrap(),
        )))
    };
    (events, handler)
}

#[tokio::test]
async fn the_head_of_a_watch_arrives_before_any_event_and_each_event_as_it_comes() {
    let authority = Authority::generate().unwrap();
    for protocol in ["h2", "http/1.1", "plain"] {
        let (events, handler) = watching();
        let tls = (protocol != "plain").then_some(&authority);
        let server = Server::start(tls, handler).await;
        let address = server.address;
        let response = match protocol {
            "h2" => get_http2(tls_to(address, &authority, protocol).await, "/watch").await,
            "http/1.1" => get_http1(tls_to(address, &authority, protocol).await, "/watch").await,
            _ => get_http1(TcpStream::connect(address).await.unwrap(), "/watch").await,
        };
        // The head is here and no event has been sent yet.
        assert_eq!(response.status(), StatusCode::OK, "{protocol}");
        let mut body = response.into_body();
        for event in ["first\n", "second\n"] {
            events.send(Bytes::from(event)).await.unwrap();
            assert_eq!(
                body.frame().await.unwrap().unwrap().into_data().unwrap(),
                event,
                "{protocol}"
            );
        }
        drop(events);
        assert_eq!(body.collect().await.unwrap().to_bytes(), "", "{protocol}");
        server.stop().await;
    }
}

#[tokio::test]
async fn a_client_that_leaves_ends_its_watch() {
    let (events, handler) = watching();
    let server = Server::start(None, handler).await;
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    socket
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    socket.read_u8().await.unwrap();
    drop(socket);
    events.closed().await;
    server.stop().await;
}

#[tokio::test]
async fn shutdown_ends_with_connections_open_and_leaves_no_task() {
    let (events, handler) = watching();
    let server = Server::start(None, handler).await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    let mut watch = TcpStream::connect(server.address).await.unwrap();
    watch
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    watch.read_u8().await.unwrap();
    let address = server.address;
    server.stop().await;
    assert!(events.is_closed());
    assert_eq!(idle.read(&mut [0]).await.unwrap_or(0), 0);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn shutdown_ends_a_handler_that_never_answers_over_http2() {
    let (started, mut starts) = mpsc::channel::<()>(1);
    let server = Server::start(None, move |_| {
        let started = started.clone();
        async move {
            started.send(()).await.unwrap();
            std::future::pending().await
        }
    })
    .await;
    let socket = TcpStream::connect(server.address).await.unwrap();
    let asked = tokio::spawn(get_http2(socket, "/"));
    starts.recv().await.unwrap();
    server.stop().await;
    assert!(asked.await.is_err(), "the request is not answered");
    assert!(starts.recv().await.is_none(), "the handler's task is gone");
}

#[tokio::test]
async fn a_request_in_flight_is_answered_before_the_server_ends() {
    let (started, mut starts) = mpsc::channel::<()>(1);
    let (finish, finished) = watch::channel(false);
    let server = Server::start(None, move |request| {
        let (started, mut finished) = (started.clone(), finished.clone());
        async move {
            started.send(()).await.unwrap();
            finished.wait_for(|finished| *finished).await.unwrap();
            echo(request).await
        }
    })
    .await;
    let address = server.address;
    let asked =
        tokio::task::spawn_blocking(move || client::request(address, "GET", "/slow", &[], b""));
    starts.recv().await.unwrap();
    server.stop.send(()).unwrap();
    finish.send(true).unwrap();
    assert_eq!(
        asked.await.unwrap().unwrap(),
        (200, b"GET /slow 0".to_vec())
    );
    server.ended.await.unwrap();
}

#[tokio::test]
async fn a_request_for_another_host_is_refused() {
    let server = Server::start(None, echo).await;
    for (host, expected) in [
        ("host: evil.example\r\n", "403"),
        ("", "403"),
        ("host: localhost:1\r\n", "200"),
    ] {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        socket
            .write_all(format!("GET / HTTP/1.1\r\n{host}connection: close\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert_eq!(
            answer.split(' ').nth(1),
            Some(expected),
            "{host:?}: {answer}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn an_oversized_body_is_refused_and_the_largest_is_not() {
    let server = Server::start(None, echo).await;
    let (status, body) = server.ask("PUT", "/", vec![b'x'; BODY_LIMIT]).await;
    assert_eq!((status, body), (200, format!("PUT / {BODY_LIMIT}")));
    let (status, _) = server.ask("PUT", "/", vec![b'x'; BODY_LIMIT + 1]).await;
    assert_eq!(status, 413);
    server.stop().await;
}

/// What the server says to `sent` until it closes the connection, which it must do by itself.
async fn exchange_until_closed(address: SocketAddr, sent: &[u8]) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    // A server that closes at once may do so before everything is sent.
    let _ = socket.write_all(sent).await;
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

const SHORT: Duration = Duration::from_millis(30);

#[tokio::test]
async fn a_connection_that_asks_too_slowly_is_closed() {
    let limits = Limits {
        head: SHORT,
        ..LIMITS
    };
    let server = Server::within(limits, None, echo).await;
    for sent in [
        "",
        "P",
        "PRI * HTTP/2.0\r\n",
        "GET / HTTP/1.1\r\nhost: local",
    ] {
        assert_eq!(
            exchange_until_closed(server.address, sent.as_bytes()).await,
            ""
        );
    }
    let and_then_idle = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let answer = exchange_until_closed(server.address, and_then_idle).await;
    assert!(answer.ends_with("GET / 0"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_refused() {
    let limits = Limits {
        body: SHORT,
        ..LIMITS
    };
    let server = Server::within(limits, None, echo).await;
    let sent = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\nab";
    let answer = exchange_until_closed(server.address, sent).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn a_handshake_that_takes_too_long_is_given_up() {
    let limits = Limits {
        handshake: SHORT,
        ..LIMITS
    };
    let authority = Authority::generate().unwrap();
    let server = Server::within(limits, Some(&authority), echo).await;
    for sent in [b"".as_slice(), b"\x16\x03\x01\x02\x00\x01"] {
        assert_eq!(exchange_until_closed(server.address, sent).await, "");
    }
    server.stop().await;
}

#[tokio::test]
async fn connections_beyond_the_limit_are_turned_away() {
    let limits = Limits {
        connections: 2,
        ..LIMITS
    };
    let server = Server::within(limits, None, echo).await;
    let mut first = TcpStream::connect(server.address).await.unwrap();
    let second = TcpStream::connect(server.address).await.unwrap();
    let answer = exchange_until_closed(server.address, b"").await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    drop(second);
    let asked = b"GET /first HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    first.write_all(asked).await.unwrap();
    let mut answer = String::new();
    first.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("GET /first 0"), "{answer}");
    // Their places are free again, as soon as the server has noticed.
    loop {
        let answer = exchange_until_closed(server.address, asked).await;
        if answer.ends_with("GET /first 0") {
            break;
        }
    }
    server.stop().await;
}

/// Status of the answer to these bytes; 0 when there is none.
async fn status_of(server: &Server, sent: &str) -> u16 {
    let answer = exchange_until_closed(server.address, sent.as_bytes()).await;
    let status = answer.split(' ').nth(1);
    status.map_or(0, |status| status.parse().unwrap())
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let server = Server::start(None, echo).await;
    let mut wrong = Vec::new();
    let get = |head: &str| {
        format!("GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{head}\r\n")
    };
    for (sent, expected) in [
        ("\r\n\r\nhello\r\n\r\n".to_owned(), 400),
        ("\u{16}\u{3}\u{1}\u{0}\u{0}".to_owned(), 400),
        (get(""), 200),
        (get("content-length: 1\r\ncontent-length: 2\r\n"), 400),
        (get("content-length: -1\r\n"), 400),
        (get("content-length: 99999999999999999999\r\n"), 400),
        (get("transfer-encoding: gzip\r\n"), 400),
        (get("transfer-encoding: chunked\r\n") + "zz\r\n", 400),
        (
            get("transfer-encoding: chunked\r\n") + "ffffffffffffffffff\r\n",
            400,
        ),
        (get("no colon\r\n"), 400),
        (get(" : \r\n"), 400),
        (get("a: \0\r\n"), 400),
        (get("a: b\r\n").replace("GET /", "GET /\0"), 400),
        (get("").replace("GET /", "GET /ü"), 200),
        (get("").replace("GET /", "G(T /"), 400),
        (get("").replace("GET /", "GET"), 400),
        (get("").replace("HTTP/1.1", "HTTP/3.1"), 400),
        (
            get("").replace("GET /", &format!("GET /{}", "a".repeat(66_000))),
            431,
        ),
        (get(&format!("a: {}\r\n", "a".repeat(66_000))), 431),
        (get(&"a: b\r\n".repeat(101)), 431),
        (get("").replace("localhost", "evil.example"), 403),
        (get("origin: http://evil.example\r\n"), 403),
        (get("").replace("GET /", "CONNECT localhost:1"), 200),
        (get("").replace("GET /", "OPTIONS *"), 200),
        (get("").replace("GET /", "BREW /../%00%ff%zz?%"), 200),
    ] {
        let status = status_of(&server, &sent).await;
        if status != expected {
            wrong.push((status, expected, sent.chars().take(200).collect::<String>()));
        }
    }
    assert_eq!(wrong, []);
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_expects_to_be_told_to_continue_is() {
    let server = Server::start(None, echo).await;
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let head = "POST / HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: 2\r\nconnection: close\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut interim = [0; 25];
    socket.read_exact(&mut interim).await.unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    socket.write_all(b"hi").await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("POST / 2"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn a_handler_that_panics_answers_500_and_the_server_goes_on() {
    let server = Server::start(None, |request| async move {
        assert_ne!(request.method(), Method::DELETE, "on purpose");
        echo(request).await
    })
    .await;
    assert_eq!(server.ask("DELETE", "/", Vec::new()).await.0, 500);
    assert_eq!(server.ask("GET", "/", Vec::new()).await.0, 200);
    server.stop().await;
}

#[test]
fn only_this_machine_is_a_peer() {
    for (address, expected) in [
        ("127.0.0.1", true),
        ("127.1.2.3", true),
        ("::1", true),
        ("::ffff:127.0.0.1", true),
        ("10.0.0.1", false),
        ("::", false),
    ] {
        assert_eq!(is_loopback(address.parse().unwrap()), expected, "{address}");
    }
}
