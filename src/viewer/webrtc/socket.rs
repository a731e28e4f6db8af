//! The one UDP socket: which of the machine's addresses a packet came to matters to ICE, and many packets
//! leave by one call.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Instant;

use quinn_udp::{RecvMeta, Transmit, UdpSocketState};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// A key frame goes to every viewer at once; the kernel should take it whole. It may grant less.
const SEND_BUFFER: usize = 4 << 20;
const RECEIVE_BUFFER: usize = 1 << 20;

/// The most the kernel hands over in one piece.
const LARGEST_PIECE: usize = 64 * 1024;

/// See the module.
#[derive(Debug)]
pub(in crate::viewer) struct Socket {
    io: UdpSocket,
    state: UdpSocketState,
    bound: SocketAddr,
}

/// A received packet.
#[derive(Debug)]
pub(super) struct Arrival<'a> {
    pub(super) source: SocketAddr,
    pub(super) destination: SocketAddr,
    pub(super) at: Instant,
    pub(super) bytes: &'a [u8],
}

/// Where packets are received into.
pub(super) struct Buffer(Vec<u8>);

impl Buffer {
    pub(super) fn new() -> Self {
        Self(vec![0; LARGEST_PIECE])
    }
}

impl Socket {
    /// # Errors
    /// When the address is taken or not this machine's.
    pub(in crate::viewer) fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = std::net::UdpSocket::bind(address)?;
        let state = UdpSocketState::new((&socket).into())?;
        for granted in [
            state.set_send_buffer_size((&socket).into(), SEND_BUFFER),
            state.set_recv_buffer_size((&socket).into(), RECEIVE_BUFFER),
        ] {
            if let Err(error) = granted {
                tracing::debug!(%error, "the kernel keeps its own UDP buffer size");
            }
        }
        let bound = socket.local_addr()?;
        Ok(Self { io: UdpSocket::from_std(socket)?, state, bound })
    }

    pub(in crate::viewer) fn bound(&self) -> SocketAddr {
        self.bound
    }

    pub(super) async fn readable(&self) -> io::Result<()> {
        self.io.readable().await
    }

    pub(super) async fn writable(&self) -> io::Result<()> {
        self.io.writable().await
    }

    /// Packets that may go to the kernel in one call.
    pub(super) fn longest_run(&self) -> usize {
        self.state.max_gso_segments()
    }

    /// Hands what has arrived to `each`; false when there was nothing.
    pub(super) fn receive(&self, buffer: &mut Buffer, mut each: impl FnMut(Arrival<'_>)) -> bool {
        let mut meta = [RecvMeta::default()];
        let received = self.io.try_io(Interest::READABLE, || {
            self.state.recv((&self.io).into(), &mut [IoSliceMut::new(&mut buffer.0)], &mut meta)
        });
        if !matches!(received, Ok(1..)) {
            return false;
        }
        let [meta] = meta;
        let source = canonical(meta.addr);
        let ip = meta.dst_ip.filter(|_| self.bound.ip().is_unspecified()).unwrap_or(self.bound.ip());
        let destination = canonical(SocketAddr::new(ip, self.bound.port()));
        let at = Instant::now();
        // Packets of one sender may come glued together, all of `stride` bytes but the last.
        for bytes in buffer.0[..meta.len].chunks(meta.stride.max(1)) {
            each(Arrival { source, destination, at, bytes });
        }
        true
    }

    /// Sends `contents`, cut into packets of `segment` bytes where given.
    pub(super) fn send(
        &self,
        source: IpAddr,
        destination: SocketAddr,
        contents: &[u8],
        segment: Option<usize>,
    ) -> io::Result<()> {
        let transmit = Transmit {
            destination: self.reachable(destination),
            ecn: None,
            contents,
            segment_size: segment,
            // ICE needs the answer to come from where the question went to.
            src_ip: self.bound.ip().is_unspecified().then_some(source),
        };
        self.io.try_io(Interest::WRITABLE, || self.state.try_send((&self.io).into(), &transmit))
    }

    /// An IPv6 socket reaches IPv4 addresses by their IPv6 form.
    fn reachable(&self, address: SocketAddr) -> SocketAddr {
        match address {
            SocketAddr::V4(v4) if self.bound.is_ipv6() => {
                let ip: Ipv6Addr = v4.ip().to_ipv6_mapped();
                SocketAddr::new(ip.into(), v4.port())
            }
            other => other,
        }
    }
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
