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
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

pub use body::Body;
pub use gate::BODY_LIMIT;

/// How long requests in flight may take to finish once the server is told to stop.
const GRACE: Duration = Duration::from_millis(500);

/// How long accepting rests after it failed (out of file descriptors, say), instead of spinning.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

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
/// name (else 403), and only bodies of up to [`BODY_LIMIT`] bytes (else 413). A handler that panics
/// answers 500. With `tls`, connections that do not speak TLS are dropped.
pub async fn serve<H, F>(
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    handler: H,
    shutdown: impl Future<Output = ()>,
) where
    H: Fn(Request<Bytes>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let tls = tls.map(TlsAcceptor::from);
    let (stop, stopping) = watch::channel(false);
    let streams = StreamTasks::default();
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            socket = accept(&listener) => {
                connections.spawn(connection(socket, tls.clone(), handler.clone(), streams.clone(), stopping.clone()));
            }
        }
    }
    drop(listener);
    stop.send_replace(true);
    let finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, finished).await.is_err() {
        connections.shutdown().await;
    }
    streams.end().await;
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
    handler: H,
    streams: StreamTasks,
    mut stopping: watch::Receiver<bool>,
) where
    H: Fn(Request<Bytes>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    // Watch events are small and must not wait for each other; failing to ask for that is no reason to hang up.
    let _ = socket.set_nodelay(true);
    let Some(acceptor) = tls else {
        return exchange(socket, handler, streams, stopping).await;
    };
    let handshake = tokio::select! {
        handshake = acceptor.accept(socket) => handshake,
        () = told_to_stop(&mut stopping) => return,
    };
    match handshake {
        Ok(socket) => exchange(socket, handler, streams, stopping).await,
        Err(error) => tracing::debug!(%error, "TLS handshake failed"),
    }
}

/// Requests and responses over an established connection, HTTP/1.1 or HTTP/2 as the client speaks.
async fn exchange<S, H, F>(
    socket: S,
    handler: H,
    streams: StreamTasks,
    mut stopping: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Fn(Request<Bytes>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let handler = handler.clone();
        async move { Ok::<_, Infallible>(gate::answer(request, handler).await) }
    });
    let server = auto::Builder::new(streams);
    let mut connection = pin!(server.serve_connection(TokioIo::new(socket), service));
    let mut ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = told_to_stop(&mut stopping) => None,
    };
    if ended.is_none() {
        connection.as_mut().graceful_shutdown();
        ended = Some(connection.await);
    }
    if let Some(Err(error)) = ended {
        tracing::debug!(%error, "connection ended early");
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
