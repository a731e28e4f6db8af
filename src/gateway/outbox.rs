//! What waits for one client: bounded, whole frames only, and nothing after the last one.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use bytes::Bytes;

/// Slices that one system call takes.
const SLICES: usize = 32;

/// How much may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    pub frames: usize,
    pub bytes: usize,
}

const NO_ROOM: Room = Room { frames: 0, bytes: 0 };

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// The close frame is in the queue, or sent.
    Closing,
    /// Nobody is there any more.
    Gone,
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The socket has it.
    Written,
    /// It waits.
    Queued,
    /// There is no room.
    Full,
    /// The connection is over.
    Closed,
}

/// Frames on their way to a client who takes them as fast as it likes.
#[derive(Debug)]
pub(super) struct Outbox {
    queue: VecDeque<Bytes>,
    /// Bytes of the first frame that the socket has.
    written: usize,
    bytes: usize,
    /// Room for what was asked for, until all is sent.
    extra: Room,
    state: State,
}

impl Outbox {
    pub(super) fn new() -> Self {
        Self { queue: VecDeque::new(), written: 0, bytes: 0, extra: NO_ROOM, state: State::Open }
    }

    /// Bytes that wait.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether the close frame was put.
    pub(super) fn is_closing(&self) -> bool {
        self.state != State::Open
    }

    /// Sends a frame by `write` if nothing waits before it, and keeps what the socket does not take.
    pub(super) fn put(
        &mut self,
        frame: &Bytes,
        room: Room,
        write: impl FnOnce(&[u8]) -> io::Result<usize>,
    ) -> Put {
        if self.state != State::Open {
            return Put::Closed;
        }
        if self.queue.is_empty() {
            match write(frame) {
                Ok(all) if all == frame.len() => return Put::Written,
                Ok(some) => {
                    self.queue.push_back(frame.clone());
                    self.written = some;
                    self.bytes = frame.len() - some;
                    return Put::Queued;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => {
                    self.leave();
                    return Put::Closed;
                }
            }
        } else if !self.has_room(room, frame.len()) {
            return Put::Full;
        }
        self.push(frame.clone());
        Put::Queued
    }

    /// Puts frames that there is room for in any case, besides what else may wait: what somebody missed.
    pub(super) fn extend(&mut self, frames: impl IntoIterator<Item = Bytes>) {
        if self.state != State::Open {
            return;
        }
        for frame in frames {
            self.extra.frames += 1;
            self.extra.bytes += frame.len();
            self.push(frame);
        }
    }

    /// Puts a frame behind all others, if there is room.
    pub(super) fn push_within(&mut self, frame: Bytes, room: Room) -> Put {
        match () {
            () if self.state != State::Open => return Put::Closed,
            () if !self.has_room(room, frame.len()) => return Put::Full,
            () => self.push(frame),
        }
        Put::Queued
    }

    fn has_room(&self, room: Room, bytes: usize) -> bool {
        self.queue.len() < room.frames + self.extra.frames
            && self.bytes + bytes <= room.bytes + self.extra.bytes
    }

    /// Puts the last frame, unless it was put. With `at_once` what waits is forgotten, but for a frame that the client has a
    /// part of.
    pub(super) fn close(&mut self, frame: Bytes, at_once: bool) -> bool {
        if self.state != State::Open {
            return false;
        }
        if at_once {
            self.queue.truncate(usize::from(self.written > 0));
            self.bytes = self.queue.front().map_or(0, |first| first.len() - self.written);
        }
        self.push(frame);
        self.state = State::Closing;
        true
    }

    /// Forgets everything: nobody is there any more.
    pub(super) fn leave(&mut self) {
        *self = Self { state: State::Gone, ..Self::new() };
    }

    /// Sends what waits until the socket takes no more.
    ///
    /// # Errors
    /// What `write` says, also that it would block.
    pub(super) fn drain(
        &mut self,
        mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<()> {
        while !self.queue.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let mut used = 0;
            for (slot, frame) in slices.iter_mut().zip(&self.queue) {
                *slot = IoSlice::new(if used == 0 { &frame[self.written..] } else { frame });
                used += 1;
            }
            let taken = write(&slices[..used])?;
            if taken == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.advance(taken);
        }
        // A client that was slow once does not keep the space.
        self.queue = VecDeque::new();
        self.extra = NO_ROOM;
        Ok(())
    }

    fn push(&mut self, frame: Bytes) {
        self.bytes += frame.len();
        self.queue.push_back(frame);
    }

    fn advance(&mut self, mut taken: usize) {
        self.bytes -= taken;
        while let Some(first) = self.queue.front() {
            let left = first.len() - self.written;
            if taken < left {
                self.written += taken;
                return;
            }
            taken -= left;
            self.written = 0;
            self.queue.pop_front();
        }
    }
}

impl Default for Outbox {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROOM: Room = Room { frames: 4, bytes: 100 };

    fn blocked(_: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    #[test]
    fn a_client_that_takes_nothing_has_so_much_room_and_no_more() {
        let mut outbox = Outbox::new();
        let frame = Bytes::from_static(&[1; 30]);
        let puts: Vec<_> = (0..4).map(|_| outbox.put(&frame, ROOM, blocked)).collect();
        assert_eq!(puts, [Put::Queued, Put::Queued, Put::Queued, Put::Full]);
        let small = Bytes::from_static(&[1]);
        assert_eq!(outbox.put(&small, ROOM, blocked), Put::Queued);
        assert_eq!(outbox.put(&small, ROOM, blocked), Put::Full, "four frames");
        outbox.extend(vec![frame.clone(); 9]);
        assert_eq!(outbox.bytes(), 91 + 270);
        assert_eq!(outbox.put(&small, ROOM, blocked), Put::Full, "what was missed makes no room for more");
    }

    #[test]
    fn what_was_missed_leaves_the_room_for_what_happens() {
        let (mut outbox, frame) = (Outbox::new(), Bytes::from_static(&[1; 30]));
        outbox.extend(vec![frame.clone(); 50]);
        let puts: Vec<_> = (0..4).map(|_| outbox.put(&frame, ROOM, blocked)).collect();
        assert_eq!(puts, [Put::Queued, Put::Queued, Put::Queued, Put::Full]);
        outbox.drain(|slices| take(slices, usize::MAX, &mut Vec::new())).unwrap();
        let puts: Vec<_> = (0..4).map(|_| outbox.put(&frame, ROOM, blocked)).collect();
        assert_eq!(puts, [Put::Queued, Put::Queued, Put::Queued, Put::Full], "no more than before");
    }

    #[test]
    fn a_close_at_once_leaves_only_what_was_begun() {
        let mut outbox = Outbox::new();
        let frame = Bytes::from_static(b"abcdef");
        assert_eq!(outbox.put(&frame, ROOM, |_| Ok(2)), Put::Queued);
        outbox.put(&frame, ROOM, blocked);
        outbox.close(Bytes::from_static(b"!"), true);
        assert_eq!(outbox.put(&frame, ROOM, blocked), Put::Closed);
        outbox.close(Bytes::from_static(b"?"), false);
        let mut sent = Vec::new();
        outbox.drain(|slices| take(slices, usize::MAX, &mut sent)).unwrap();
        assert_eq!(sent, b"cdef!");
    }

    fn take(slices: &[IoSlice<'_>], most: usize, sent: &mut Vec<u8>) -> io::Result<usize> {
        let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).take(most).collect();
        sent.extend(&bytes);
        Ok(bytes.len())
    }

    proptest! {
        #[test]
        fn every_frame_arrives_whole_and_in_order(
            steps in prop::collection::vec((1usize..9, 0usize..12, any::<bool>()), 1..60),
        ) {
            let (mut outbox, mut sent, mut wanted) = (Outbox::new(), Vec::new(), Vec::<u8>::new());
            let room = Room { frames: 1000, bytes: 1 << 20 };
            for (number, (len, socket, drains)) in steps.into_iter().enumerate() {
                let frame = Bytes::from(vec![number as u8; len]);
                wanted.extend(&frame);
                outbox.put(&frame, room, |bytes| match socket {
                    0 => Err(io::ErrorKind::WouldBlock.into()),
                    some => take(&[IoSlice::new(bytes)], some, &mut sent),
                });
                let mut calls = 0;
                let drained = outbox.drain(|slices| {
                    calls += 1;
                    match drains && calls < 3 {
                        true => take(slices, socket + 1, &mut sent),
                        false => Err(io::ErrorKind::WouldBlock.into()),
                    }
                });
                prop_assert_eq!(drained.is_ok(), outbox.bytes() == 0);
                prop_assert_eq!(outbox.bytes(), wanted.len() - sent.len());
            }
            outbox.drain(|slices| take(slices, usize::MAX, &mut sent)).unwrap();
            prop_assert_eq!(sent, wanted);
        }
    }
}
