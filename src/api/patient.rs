//! A client's socket that is given up when the client takes nothing of what is written to it.
//!
//! A stream of pictures is asked for the next one only when there is room in the socket. Of a client that stops
//! reading, or is gone without a word, nothing is heard, and its place as a viewer would never be free again.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use super::tls::Way;
use crate::gateway::Line;

/// What the kernel takes before the network has room for it. Left to itself it takes megabytes: a slow viewer would see
/// what was half a minute ago, and a stalled one would be found out as much later.
const UNSENT_BYTES: u32 = 128 * 1024;
/// A peer who has not answered one of TCP's probes by the next is gone.
const PROBE_EVERY: Duration = Duration::from_secs(10);

/// A connection of somebody who has to take what is sent, at least a byte within the limit.
#[derive(Debug)]
pub(super) struct Patient {
    stream: Way,
    limit: Duration,
    /// Runs while the client takes nothing.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    pub(super) fn new(stream: Way, limit: Duration) -> Self {
        if let Err(error) = tune(stream.tcp(), limit) {
            tracing::debug!(%error, "a connection could not be set up as wanted");
        }
        Self { stream, limit, waiting: None }
    }

    /// The line as it is, for those who look after it themselves.
    pub(super) fn into_stream(self) -> Line {
        self.stream.into()
    }

    fn unless_stalled<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let limit = self.limit;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(waiting.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes nothing")))
    }
}

fn tune(stream: &TcpStream, limit: Duration) -> io::Result<()> {
    // A record of a few hundred bytes should not wait for the next one.
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_tcp_notsent_lowat(UNSENT_BYTES)?;
    // Who is gone while nothing is sent.
    let probes = TcpKeepalive::new().with_time(limit).with_interval(PROBE_EVERY);
    socket.set_tcp_keepalive(&probes)?;
    // Who is gone while little is sent, too little to fill the buffers.
    socket.set_tcp_user_timeout(Some(limit))
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.unless_stalled(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.unless_stalled(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
