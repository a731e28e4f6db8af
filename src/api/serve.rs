//! Listening, and one task a connection.
//!
//! warp's own server cannot bound how long a client may take to send its headers or to take its answer, nor how many
//! there are; this one can, and it is where a request learns its peer.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use thiserror::Error;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warp::http::HeaderValue;

use super::Api;
use super::patient::Patient;
use super::slots::Slots;
use super::tls::Way;
use crate::domain::Timestamp;

/// The longest idle time between two requests, and the longest time that the head of one may take.
const IDLE: Duration = Duration::from_secs(30);
/// More connections wait in the kernel's queue: some ten for each of the viewers that one machine can feed.
const MAX_CONNECTIONS: usize = 4096;
/// Places that are kept for this very machine: its health checks, its metrics, the proxy in front.
const KEPT_FOR_LOOPBACK: usize = 256;
/// A venue behind one router, or a proxy on another machine, is one address; it never has all places.
const MAX_CONNECTIONS_OF_ONE: usize = 2048;
/// Requests' heads are shorter, and no more of an answer waits here for a client who is slow to take it.
const MAX_BUFFER_BYTES: usize = 64 * 1024;
/// Connections that wait to be accepted, as the standard library has it.
const BACKLOG: u32 = 1024;
/// How often the log tells of connections that are refused: not for each one of a flood.
const WARN_EVERY: Duration = Duration::from_secs(60);
/// What a request under way may take once the server stops, before it is cut off.
const DRAIN: Duration = Duration::from_secs(2);

/// How long the server waits for a client before it hangs up.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From connecting to the end of the first request's head: nobody connects to say nothing.
    pub first_head: Duration,
    /// For a client to take anything at all of what is sent to it.
    pub stall: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { first_head: Duration::from_secs(5), stall: Duration::from_secs(30) }
    }
}

/// Why the server cannot listen.
#[derive(Debug, Error)]
pub enum BindError {
    #[error(
        "{0} is in use by another program; choose another with --listen or `server.listen`, such as 127.0.0.1:0 for any free one"
    )]
    InUse(SocketAddr),
    #[error("cannot listen on {address}: {reason}")]
    Other { address: SocketAddr, reason: io::Error },
}

/// # Errors
/// When the address is taken, not ours, or not allowed.
pub(super) async fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    TcpListener::bind(address).await.map_err(|reason| why_not(address, reason))
}

/// As [`bind`], also where another server listens that has said so, too: the kernel gives each connection to one of them.
///
/// # Errors
/// As [`bind`].
pub(super) fn bind_beside(address: SocketAddr) -> Result<TcpListener, BindError> {
    let bound = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.set_reuseport(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    bound().map_err(|reason| why_not(address, reason))
}

fn why_not(address: SocketAddr, reason: io::Error) -> BindError {
    match reason.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse(address),
        _ => BindError::Other { address, reason },
    }
}

/// Answers until the API is to stop, then lets requests under way end, for two seconds at most.
pub(super) async fn serve(listener: TcpListener, api: Api) {
    let stop = api.stop.clone();
    // Before the first request, or it would have to come again; while the database is awaited nobody waits for it here.
    if api.revocations.is_ready()
        && let Err(error) = api.revocations.learn(Timestamp::from_millis(0)).await
    {
        tracing::error!(%error, "cannot ask for revoked tokens; until the store answers none is taken that has a name");
    }
    let (revocations, until) = (api.revocations.clone(), stop.clone());
    api.tasks.spawn(async move { revocations.follow(until).await });
    let api = Arc::new(api);
    let connections = TaskTracker::new();
    let all = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let slots = Slots::new(MAX_CONNECTIONS - KEPT_FOR_LOOPBACK, MAX_CONNECTIONS_OF_ONE);
    let mut warned: Option<Instant> = None;
    loop {
        let accepted = async {
            let permit = all.clone().acquire_owned().await.expect("the semaphore should never close");
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accepted => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                rest_after(&error).await;
                continue;
            }
        };
        let Some(slot) = slots.take(peer.ip()) else {
            if warned.is_none_or(|at| at.elapsed() > WARN_EVERY) {
                warned = Some(Instant::now());
                tracing::warn!(%peer, "too many connections; more of them are closed at once");
            }
            continue;
        };
        let api = api.clone();
        connections.spawn(async move {
            match shake_hands(stream, &api).await {
                Ok(way) => connection(Patient::new(way, api.limits.stall), peer, api).await,
                Err(error) => tracing::debug!(%peer, %error, "a client did not get through its handshake"),
            }
            drop((permit, slot));
        });
    }
    drop(listener);
    for tasks in [&connections, &api.tasks] {
        tasks.close();
        tasks.wait().await;
    }
}

/// With TLS, if that is what the server speaks.
async fn shake_hands(tcp: TcpStream, api: &Api) -> io::Result<Way> {
    let Some(tls) = &api.tls else { return Ok(Way::Left(tcp)) };
    tokio::select! {
        way = tokio::time::timeout(api.limits.first_head, tls.accept(tcp)) => way?,
        () = api.stop.cancelled() => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}

/// Out of file handles: accepting again at once would spin until somebody hangs up.
async fn rest_after(error: &io::Error) {
    let theirs =
        [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset, io::ErrorKind::ConnectionRefused];
    if !theirs.contains(&error.kind()) {
        tracing::error!(%error, "cannot accept a connection");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn connection(stream: Patient, peer: SocketAddr, api: Arc<Api>) {
    let (stop, first_head) = (api.stop.clone(), api.limits.first_head);
    let heard = CancellationToken::new();
    let service = service_fn({
        let heard = heard.clone();
        move |mut request: hyper::Request<Incoming>| {
            heard.cancel();
            if api.tls.is_some() {
                // As a proxy in front would say it.
                request.headers_mut().insert("x-forwarded-proto", HeaderValue::from_static("https"));
            }
            let api = api.clone();
            async move { Ok::<_, Infallible>(api.answer(request, peer).await) }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .max_buf_size(MAX_BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = silence(&heard, first_head) => Ok(()),
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::time::timeout(DRAIN, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection broke");
    }
}

/// Returns when nothing was heard for so long; never once something was.
async fn silence(heard: &CancellationToken, limit: Duration) {
    if tokio::time::timeout(limit, heard.cancelled()).await.is_ok() {
        std::future::pending::<()>().await;
    }
}
