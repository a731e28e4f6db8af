//! Listening, and one task a connection.
//!
//! warp's own server cannot bound how long a client may take to send its headers, nor how many there are; this one
//! can, and it is where a request learns its peer.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Api;

/// A client that is slower than this to send a request's head is not a client; also the longest idle time between
/// two requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// More connections wait in the kernel's queue: some ten for each of the viewers that one machine can feed.
const MAX_CONNECTIONS: usize = 4096;
/// What a request under way may take once the server stops, before it is cut off.
const DRAIN: Duration = Duration::from_secs(2);

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
    TcpListener::bind(address).await.map_err(|reason| match reason.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse(address),
        _ => BindError::Other { address, reason },
    })
}

/// Answers until the API is to stop, then lets requests under way end, for two seconds at most.
pub(super) async fn serve(listener: TcpListener, api: Api) {
    let stop = api.stop.clone();
    let api = Arc::new(api);
    let connections = TaskTracker::new();
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let accepted = async {
            let slot = slots.clone().acquire_owned().await.expect("the semaphore should never close");
            (slot, listener.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accepted => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = connection(stream, peer, api.clone(), stop.clone());
                connections.spawn(async move {
                    connection.await;
                    drop(slot);
                });
            }
            Err(error) => rest_after(&error).await,
        }
    }
    drop(listener);
    for tasks in [&connections, &api.changes] {
        tasks.close();
        tasks.wait().await;
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

async fn connection(stream: TcpStream, peer: SocketAddr, api: Arc<Api>, stop: CancellationToken) {
    // A record of a few hundred bytes should not wait for the next one.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let api = api.clone();
        async move { Ok::<_, Infallible>(api.answer(request, peer).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::time::timeout(DRAIN, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection broke");
    }
}
