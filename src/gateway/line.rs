//! What a client's bytes go through: a socket, or TLS over one. Nothing in here waits.

use std::io::{self, IoSlice, Read, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::io::{Interest, Ready};
use tokio::net::TcpStream;
use tokio_rustls::rustls::ServerConnection;
use tokio_rustls::server::TlsStream;

/// A client's line.
#[derive(Debug)]
pub struct Line {
    tcp: TcpStream,
    tls: Option<Box<Mutex<ServerConnection>>>,
}

impl From<TcpStream> for Line {
    fn from(tcp: TcpStream) -> Self {
        Self { tcp, tls: None }
    }
}

impl From<TlsStream<TcpStream>> for Line {
    fn from(stream: TlsStream<TcpStream>) -> Self {
        let (tcp, tls) = stream.into_inner();
        Self { tcp, tls: Some(Box::new(Mutex::new(tls))) }
    }
}

impl Line {
    pub(super) async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        self.tcp.ready(interest).await
    }

    /// Writes what fits. Of TLS some of that may wait in here: see [`Line::flush`].
    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let Some(tls) = &self.tls else { return self.tcp.try_write(bytes) };
        let mut tls = lock(tls);
        // Takes no more until all of what it has is gone, or it would hold as much as somebody leaves unread.
        self.send(&mut tls)?;
        let taken = tls.writer().write(bytes)?;
        match self.send(&mut tls) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(taken),
        }
    }

    /// As [`Line::try_write`], of several pieces.
    pub(super) fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        if self.tls.is_none() {
            return self.tcp.try_write_vectored(slices);
        }
        let mut all = 0;
        for slice in slices.iter().filter(|slice| !slice.is_empty()) {
            match self.try_write(slice) {
                Ok(taken) if taken == slice.len() => all += taken,
                Ok(taken) => return Ok(all + taken),
                Err(error) if all > 0 && error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }

    /// Whether something waits in here.
    pub(super) fn is_waiting(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| lock(tls).wants_write())
    }

    /// Sends what waits in here.
    pub(super) fn flush(&self) -> io::Result<()> {
        match &self.tls {
            Some(tls) => self.send(&mut lock(tls)),
            None => Ok(()),
        }
    }

    /// Reads what there is; 0 at the end.
    pub(super) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(tls) = &self.tls else { return self.tcp.try_read(buffer) };
        let mut tls = lock(tls);
        loop {
            match tls.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
            tls.read_tls(&mut Tcp(&self.tcp))?;
            let read = tls.process_new_packets();
            // What TLS itself has to say, such as why it has failed.
            let _ = self.send(&mut tls);
            read.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        }
    }

    fn send(&self, tls: &mut ServerConnection) -> io::Result<()> {
        while tls.wants_write() {
            tls.write_tls(&mut Tcp(&self.tcp))?;
        }
        Ok(())
    }
}

impl Drop for Line {
    /// The client learns that this is the end, and that nobody has cut the line.
    fn drop(&mut self) {
        if let Some(tls) = &self.tls {
            let mut tls = lock(tls);
            tls.send_close_notify();
            let _ = self.send(&mut tls);
        }
    }
}

fn lock(tls: &Mutex<ServerConnection>) -> MutexGuard<'_, ServerConnection> {
    tls.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The socket as TLS sees it.
struct Tcp<'a>(&'a TcpStream);

impl Read for Tcp<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }
}

impl Write for Tcp<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.try_write(bytes) {
            Ok(0) if !bytes.is_empty() => Err(io::ErrorKind::WriteZero.into()),
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
