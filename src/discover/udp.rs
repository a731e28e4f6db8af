//! WS-Discovery on the wire: who answers a multicast on the local networks, or a question of their own.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt, select_all};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::address::is_near;
use super::probe::{Match, matches, question};

/// Where devices listen.
pub(super) const PORT: u16 = 3702;
/// The group that they listen to.
const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);
/// Datagrams are lost: the question is repeated after so long.
const REPEAT: Duration = Duration::from_millis(400);
/// How long a single device may think about its answer.
const PATIENCE: Duration = Duration::from_millis(900);
/// Larger datagrams do not exist.
const MAX_DATAGRAM: usize = 64 << 10;

/// The addresses of this machine's interfaces that lead to local networks.
pub(super) fn interfaces() -> Vec<Ipv4Addr> {
    let all = if_addrs::get_if_addrs().unwrap_or_default();
    let own = all.into_iter().filter_map(|interface| match interface.ip() {
        IpAddr::V4(v4) if is_near(v4.into()) => Some(v4),
        _ => None,
    });
    own.collect()
}

/// Whoever answers a question to all on one of `interfaces` before `until`; a device may answer more than once.
pub(super) fn ask_all<'a>(
    interfaces: &[Ipv4Addr],
    port: u16,
    until: Instant,
) -> BoxStream<'a, (IpAddr, Match)> {
    let opened = interfaces.iter().filter_map(|interface| match open(*interface) {
        Ok(socket) => Some(socket),
        Err(error) => {
            tracing::debug!(%interface, %error, "no multicast on this interface");
            None
        }
    });
    let answers = opened.map(|socket| {
        let talk =
            Talk { socket, to: SocketAddr::from((GROUP, port)), id: uuid(), asked: 0, next: Instant::now() };
        stream::unfold(talk, |mut talk| async { Some((talk.hear().await, talk)) }).boxed()
    });
    let answers = select_all(answers);
    answers
        .flat_map(|(from, said)| stream::iter(said.into_iter().map(move |one| (from, one))))
        .filter(|(from, _)| std::future::ready(is_near(*from)))
        .take_until(sleep_until(until))
        .boxed()
}

/// What the device at `address` answers to a question of its own.
pub(super) async fn ask_one(address: IpAddr, port: u16, until: Instant) -> Option<Match> {
    let any: SocketAddr = if address.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0; 16], 0).into() };
    let socket = UdpSocket::bind(any).await.ok()?;
    // Only the device itself is heard, and a port that is closed is told at once.
    socket.connect((address, port)).await.ok()?;
    let question = question(&uuid());
    let mut buffer = vec![0; MAX_DATAGRAM];
    let until = until.min(Instant::now() + PATIENCE);
    for end in [(Instant::now() + REPEAT).min(until), until] {
        socket.send(question.as_bytes()).await.ok()?;
        while let Ok(heard) = timeout_at(end, socket.recv(&mut buffer)).await {
            let text = String::from_utf8_lossy(&buffer[..heard.ok()?]).into_owned();
            if let Some(told) = matches(&text).into_iter().next() {
                return Some(told);
            }
        }
    }
    None
}

/// A socket that asks on one interface.
fn open(interface: Ipv4Addr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::from((interface, 0)).into())?;
    socket.set_multicast_if_v4(&interface)?;
    // Not beyond the router.
    socket.set_multicast_ttl_v4(1)?;
    UdpSocket::from_std(socket.into())
}

/// One interface's question and the answers to it.
struct Talk {
    socket: UdpSocket,
    to: SocketAddr,
    id: String,
    /// How often it was asked.
    asked: u32,
    /// When it is asked next.
    next: Instant,
}

impl Talk {
    /// Waits for the next datagram, and asks in between.
    async fn hear(&mut self) -> (IpAddr, Vec<Match>) {
        let mut buffer = vec![0; MAX_DATAGRAM];
        loop {
            if self.asked < 2 && self.next <= Instant::now() {
                self.asked += 1;
                self.next += REPEAT;
                if let Err(error) = self.socket.send_to(question(&self.id).as_bytes(), self.to).await {
                    tracing::debug!(%error, "nobody can be asked on this interface");
                }
            }
            let pause = if self.asked < 2 { self.next } else { Instant::now() + Duration::from_secs(60) };
            let Ok(heard) = timeout_at(pause, self.socket.recv_from(&mut buffer)).await else { continue };
            match heard {
                Ok((length, from)) => {
                    let said = matches(&String::from_utf8_lossy(&buffer[..length]));
                    return (from.ip().to_canonical(), said);
                }
                // Of an earlier datagram that nobody took; a socket that is broken for good must not spin.
                Err(_) => tokio::time::sleep(REPEAT).await,
            }
        }
    }
}

/// A random UUID, version 4.
fn uuid() -> String {
    let bits = rand::random::<u128>() & !(0xf << 76) | 4 << 76;
    let hex = format!("{:032x}", bits & !(3 << 62) | 2 << 62);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_questions_id_is_a_uuid() {
        let id = uuid();
        let lengths: Vec<_> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert!(id.as_bytes()[14] == b'4' && b"89ab".contains(&id.as_bytes()[19]), "{id}");
        assert_ne!(id, uuid());
    }
}
