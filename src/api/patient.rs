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

use super::tls::{Way, line, tcp};
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
        if let Err(error) = tune(tcp(&stream), limit) {
            tracing::debug!(%error, "a connection could not be set up as wanted");
        }
        Self { stream, limit, waiting: None }
    }

    /// The line as it is, for those who look after it themselves.
    pub(super) fn into_stream(self) -> Line {
        line(self.stream)
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
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.unless_stalled(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.unless_stalled(cx, shut)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::pki_types::{PrivateKeyDer, ServerName};
    use rustls::{ClientConfig, RootCertStore, ServerConfig};
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;
    use tokio::time::timeout;
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    use super::*;

    type Error = Box<dyn std::error::Error>;

    /// A client's end of a line over TLS, and ours.
    async fn pair(limit: Duration) -> Result<(impl Sized, Patient), Error> {
        let key = rcgen::KeyPair::generate()?;
        let certificate = rcgen::CertificateParams::new(vec!["localhost".into()])?.self_signed(&key)?;
        let chain = vec![certificate.der().clone()];
        let mut trusted = RootCertStore::empty();
        trusted.add(certificate.der().clone())?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let server = ServerConfig::builder_with_provider(provider.clone());
        let server = server.with_safe_default_protocol_versions()?.with_no_client_auth();
        let server = server.with_single_cert(chain, PrivateKeyDer::try_from(key.serialize_der())?)?;
        let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let client = client.with_root_certificates(trusted).with_no_client_auth();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let near = TcpStream::connect(listener.local_addr()?).await?;
        let (far, _) = listener.accept().await?;
        let near = TlsConnector::from(Arc::new(client)).connect(ServerName::try_from("localhost")?, near);
        let (near, far) = tokio::try_join!(near, TlsAcceptor::from(Arc::new(server)).accept(far))?;
        Ok((near, Patient::new(Way::Right(Box::new(far)), limit)))
    }

    #[tokio::test(start_paused = true)]
    async fn one_who_takes_nothing_is_given_up_though_nothing_more_is_written() -> Result<(), Error> {
        let limit = Duration::from_secs(3600);
        let (_client, mut patient) = pair(limit).await?;
        // TLS takes what the socket has no room for: it waits to be flushed.
        let flushed = loop {
            patient.write_all(&[0; 4096]).await?;
            match timeout(2 * limit, patient.flush()).await? {
                Ok(()) => {}
                Err(error) => break error,
            }
        };
        assert_eq!(flushed.kind(), io::ErrorKind::TimedOut);
        Ok(())
    }
}
