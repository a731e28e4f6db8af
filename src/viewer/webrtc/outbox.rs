//! Packets on their way out. Runs of equal ones to one viewer go to the kernel in one call.

use std::collections::VecDeque;
use std::io::ErrorKind;

use str0m::net::Transmit;

use super::socket::Socket;

/// Packets that may wait for the socket, about 5 MB. Beyond that they are dropped like any lost packet, and
/// viewers ask for them again.
const MOST_WAITING: usize = 4096;

/// What one call may carry: the most that fits a UDP datagram's length field, with room for headers.
const LARGEST_RUN: usize = 60_000;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: VecDeque<Transmit>,
    /// Reused: a run's packets one behind the other.
    run: Vec<u8>,
    dropped: u64,
}

impl Outbox {
    pub(super) fn push(&mut self, transmit: Transmit) {
        if self.waiting.len() >= MOST_WAITING {
            self.dropped += 1;
            if self.dropped.is_power_of_two() {
                tracing::warn!(dropped = self.dropped, "the network does not take video packets fast enough");
            }
            return;
        }
        self.waiting.push_back(transmit);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Sends until nothing waits or the socket takes no more.
    pub(super) fn flush(&mut self, socket: &Socket) {
        while let Some(first) = self.waiting.front() {
            let count = self.run_length(socket.longest_run());
            let (source, destination, segment) = (first.source, first.destination, first.contents.len());
            let sent = if count == 1 {
                socket.send(source.ip(), destination, &first.contents, None)
            } else {
                self.run.clear();
                for transmit in self.waiting.iter().take(count) {
                    self.run.extend_from_slice(&transmit.contents);
                }
                socket.send(source.ip(), destination, &self.run, Some(segment))
            };
            match sent {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // The kernel takes no runs on this way out after all: they go one by one from now on.
                Err(_) if count > 1 && socket.longest_run() == 1 => continue,
                // Lost, as packets may be: an address became unreachable.
                Err(error) => tracing::debug!(%error, %destination, "cannot send"),
                Ok(()) => {}
            }
            self.waiting.drain(..count);
        }
    }

    /// How many of the first packets make a run: to one viewer, of one size, but the last may be shorter.
    fn run_length(&self, longest: usize) -> usize {
        let Some(first) = self.waiting.front() else { return 0 };
        let size = first.contents.len();
        let mut bytes = 0;
        let mut count = 0;
        for transmit in self.waiting.iter().take(longest) {
            let length = transmit.contents.len();
            let same_way = transmit.destination == first.destination && transmit.source == first.source;
            if !same_way || length > size || bytes + length > LARGEST_RUN {
                break;
            }
            bytes += length;
            count += 1;
            if length < size {
                break;
            }
        }
        count.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use str0m::net::Protocol;

    fn outbox(packets: &[(u16, usize)]) -> Outbox {
        let mut outbox = Outbox::default();
        for &(port, size) in packets {
            outbox.push(Transmit {
                proto: Protocol::Udp,
                source: "127.0.0.1:1".parse().unwrap(),
                destination: format!("127.0.0.1:{port}").parse().unwrap(),
                contents: vec![0; size].into(),
            });
        }
        outbox
    }

    #[test]
    fn a_run_is_to_one_viewer_and_of_one_size_but_its_last() {
        assert_eq!(outbox(&[(9, 1200), (9, 1200), (9, 300), (9, 300)]).run_length(64), 3);
        assert_eq!(outbox(&[(9, 1200), (8, 1200)]).run_length(64), 1);
        assert_eq!(outbox(&[(9, 300), (9, 1200)]).run_length(64), 1);
        assert_eq!(outbox(&[(9, 1200); 70]).run_length(64), LARGEST_RUN / 1200);
        assert_eq!(outbox(&[(9, 1200); 70]).run_length(1), 1);
    }

    #[test]
    fn packets_nobody_takes_are_dropped_not_kept() {
        assert_eq!(outbox(&[(9, 10); MOST_WAITING + 3]).waiting.len(), MOST_WAITING);
    }

    #[tokio::test]
    async fn what_is_flushed_arrives_packet_by_packet() {
        let receiver = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        receiver.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
        let port = receiver.local_addr().unwrap().port();
        let socket = Socket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let mut outbox = outbox(&[(port, 1200), (port, 1200), (port, 300), (port, 40)]);
        socket.writable().await.unwrap();
        outbox.flush(&socket);
        assert!(outbox.is_empty());
        let mut buffer = [0; 2000];
        let mut sizes = [0; 4];
        for size in &mut sizes {
            *size = receiver.recv(&mut buffer).unwrap();
        }
        assert_eq!(sizes, [1200, 1200, 300, 40]);
    }
}
