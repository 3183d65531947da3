//! The simulator's sockets: one listener, HTTP/1.1 and HTTP/2, with or without TLS.
//!
//! The only room of the simulator that opens sockets or starts tasks. It knows nothing of what is
//! served: a request with its whole body goes to the handler, a response comes back. Every task it
//! starts ends with it.

mod body;
mod gate;

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

pub use body::Body;
pub use gate::{BODY_LIMIT, Refuse, refuse_plainly};

/// How long requests in flight may take to finish once the server is told to stop.
const GRACE: Duration = Duration::from_millis(500);

/// How long accepting rests after it failed (out of file descriptors, say), instead of spinning.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How many connections a listener has at once. A client at work has a few; the rest of a process's file descriptors
/// is not for strangers to use up.
pub const CONNECTION_LIMIT: usize = 512;

/// What a connection beyond the limit is told, where it speaks no TLS.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// How many clients are served at once, and how slow they may be.
#[derive(Debug, Clone, Copy)]
struct Limits {
    connections: usize,
    /// For a TLS handshake.
    handshake: Duration,
    /// From the beginning of a connection to its first request, and over HTTP/1.1 to each further one: clients keep
    /// idle connections for a while.
    head: Duration,
    /// For a request's body.
    body: Duration,
}

const LIMITS: Limits = Limits {
    connections: CONNECTION_LIMIT,
    handshake: Duration::from_secs(10),
    head: Duration::from_secs(60),
    body: Duration::from_secs(60),
};

/// The largest head of a request, in bytes.
const HEAD_LIMIT: u32 = 64 * 1024;
const HEADER_COUNT_LIMIT: usize = 100;

/// HTTP/2: requests at once on one connection.
const STREAM_LIMIT: u32 = 100;
/// HTTP/2: how often a quiet client is asked whether it is still there, and how long it may take to say so.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// A listener on a free port of 127.0.0.1.
///
/// # Errors
/// When the system has no port to give.
pub async fn bind() -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await
}

/// A listener on a port of this machine that was bound before.
///
/// # Errors
/// When something else is bound to it now, or the address is not a loopback one.
pub async fn bind_again(address: SocketAddr) -> io::Result<TcpListener> {
    if !is_loopback(address.ip()) {
        let why = "only addresses of this machine are served";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    TcpListener::bind(address).await
}

/// Serves `listener` until `shutdown` resolves. Requests in flight then get a short grace and are
/// dropped; when this returns, no task and no connection is left. Dropping it aborts them without grace.
///
/// Only loopback peers are served (others are hung up on), only requests addressed to a loopback
/// name and from no other web page (else 403), only bodies of up to [`BODY_LIMIT`] bytes (else 413) that come in time
/// (else 408), and no more than [`CONNECTION_LIMIT`] connections (else 503, or a closed one). A handler that panics
/// answers 500. What the handler does not answer is worded by `refuse`. With `tls`, connections that do not speak TLS
/// are dropped.
pub async fn serve<H, F>(
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    handler: H,
    refuse: Refuse,
    shutdown: impl Future<Output = ()>,
) where
    H: Fn(Request<Bytes>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let served = Served {
        handler,
        refuse,
        limits: LIMITS,
        streams: StreamTasks::default(),
    };
    serve_within(listener, tls, served, shutdown).await;
}

async fn serve_within<H, F>(
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    served: Served<H>,
    shutdown: impl Future<Output = ()>,
) where
    H: Fn(Request<Bytes>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let tls = tls.map(TlsAcceptor::from);
    let (stop, stopping) = watch::channel(false);
    let mut connections = JoinSet::new();
    let places = Arc::new(Semaphore::new(served.limits.connections));
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            socket = accept(&listener) => match Arc::clone(&places).try_acquire_owned() {
                Ok(place) => {
                    connections.spawn(connection(socket, tls.clone(), served.clone(), stopping.clone(), place));
                }
                Err(_) => turn_away(&socket, tls.is_some()),
            }
        }
    }
    drop(listener);
    stop.send_replace(true);
    let finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, finished).await.is_err() {
        connections.shutdown().await;
    }
    served.streams.end().await;
}

/// What every connection is served with.
#[derive(Clone)]
struct Served<H> {
    handler: H,
    refuse: Refuse,
    limits: Limits,
    streams: StreamTasks,
}

fn turn_away(socket: &TcpStream, speaks_tls: bool) {
    tracing::warn!("refused a connection: there are too many already");
    if !speaks_tls {
        // The fresh socket's buffer has room for it; if not, closing says enough.
        let _ = socket.try_write(FULL);
    }
}

/// The next connection from this machine.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((socket, peer)) if is_loopback(peer.ip()) => return socket,
            Ok((_, peer)) => tracing::warn!(%peer, "refused a connection from another machine"),
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// One connection, from its first byte to its end.
async fn connection<H, F>(
    socket: TcpStream,
    tls: Option<TlsAcceptor>,
    served: Served<H>,
    mut stopping: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
) where
    H: Fn(Request<Bytes>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    // Watch events are small and must not wait for each other; failing to ask for that is no reason to hang up.
    let _ = socket.set_nodelay(true);
    let Some(acceptor) = tls else {
        return exchange(socket, served, stopping).await;
    };
    let handshake = tokio::select! {
        handshake = tokio::time::timeout(served.limits.handshake, acceptor.accept(socket)) => handshake,
        () = told_to_stop(&mut stopping) => return,
    };
    match handshake {
        Ok(Ok(socket)) => exchange(socket, served, stopping).await,
        Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
        Err(_) => tracing::debug!("TLS handshake took too long"),
    }
}

/// Requests and responses over an established connection, HTTP/1.1 or HTTP/2 as the client speaks.
async fn exchange<S, H, F>(socket: S, served: Served<H>, mut stopping: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Fn(Request<Bytes>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let Limits { head, body, .. } = served.limits;
    let server = http_server(served.streams, head);
    let asked = Arc::new(AtomicBool::new(false));
    let has_asked = Arc::clone(&asked);
    let service = service_fn(move |request: Request<Incoming>| {
        asked.store(true, Ordering::Relaxed);
        let handler = served.handler.clone();
        async move { Ok::<_, Infallible>(gate::answer(request, handler, served.refuse, body).await) }
    });
    let mut connection = pin!(server.serve_connection(TokioIo::new(socket), service));
    let mut ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = told_to_stop(&mut stopping) => None,
        () = no_request(&has_asked, head) => return tracing::debug!("a connection asked nothing"),
    };
    if ended.is_none() {
        connection.as_mut().graceful_shutdown();
        ended = Some(connection.await);
    }
    if let Some(Err(error)) = ended {
        tracing::debug!(%error, "connection ended early");
    }
}

/// HTTP within its limits.
fn http_server(streams: StreamTasks, head: Duration) -> auto::Builder<StreamTasks> {
    let mut server = auto::Builder::new(streams);
    server
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_headers(HEADER_COUNT_LIMIT)
        .max_buf_size(HEAD_LIMIT as usize);
    server
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .max_concurrent_streams(STREAM_LIMIT)
        .max_header_list_size(HEAD_LIMIT);
    server
}

/// Resolves when the connection's first request is overdue, and never once it came.
async fn no_request(has_asked: &AtomicBool, within: Duration) {
    tokio::time::sleep(within).await;
    if has_asked.load(Ordering::Relaxed) {
        std::future::pending().await
    }
}

async fn told_to_stop(stopping: &mut watch::Receiver<bool>) {
    // An error means that the server itself is gone: the same order.
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// The tasks that HTTP/2 connections start, one per stream: kept so that they end with the server.
#[derive(Clone, Default)]
struct StreamTasks(Arc<Mutex<JoinSet<()>>>);

impl<F> hyper::rt::Executor<F> for StreamTasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(stream);
    }
}

impl StreamTasks {
    /// Ends what still runs. Called when every connection is gone, so nothing new comes in between.
    async fn end(self) {
        let mut tasks = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
    }
}

#[cfg(test)]
mod tests;
