//! One browser's connection.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use str0m::media::{Frequency, MediaTime, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc};

use crate::domain::{CameraId, TenantId};
use crate::viewer::figures::Seat;
use crate::viewer::lock;
use crate::viewer::pipeline::Unit;
use crate::viewer::rendition::Watch;

use super::answer::{Accepted, Purpose};
use super::outbox::Outbox;
use super::publisher::Publisher;
use super::socket::Arrival;

/// Who has not connected by then never will.
const CONNECT_WITHIN: Duration = Duration::from_secs(15);

/// Turns of one session without waiting; more means that it does not come to rest.
const MOST_TURNS: usize = 64;

/// What is known of a session outside of the hub.
#[derive(Debug, Clone)]
pub(in crate::viewer) struct Listed {
    pub(in crate::viewer) number: u64,
    /// The number of its camera among those watched.
    pub(in crate::viewer) camera_number: u64,
    pub(in crate::viewer) tenant: TenantId,
    pub(in crate::viewer) camera: CameraId,
    pub(in crate::viewer) remote_user: Option<String>,
    pub(in crate::viewer) purpose: Purpose,
}

/// All sessions by id.
pub(in crate::viewer) type Directory = Arc<Mutex<HashMap<String, Listed>>>;

/// A session's entry in the directory, for as long as this lives.
#[derive(Debug)]
pub(in crate::viewer) struct Listing {
    directory: Directory,
    id: String,
    pub(super) entry: Listed,
}

impl Listing {
    pub(in crate::viewer) fn new(directory: &Directory, id: String, entry: Listed) -> Self {
        lock(directory).insert(id.clone(), entry.clone());
        Self { directory: directory.clone(), id, entry }
    }
}

impl Drop for Listing {
    fn drop(&mut self) {
        lock(&self.directory).remove(&self.id);
    }
}

/// Which way the video goes.
#[derive(Debug)]
pub(in crate::viewer) enum Role {
    Viewer(Viewer),
    Publisher(Publisher),
}

impl Role {
    pub(in crate::viewer) fn purpose(&self) -> Purpose {
        match self {
            Self::Viewer(_) => Purpose::Watch,
            Self::Publisher(_) => Purpose::Publish,
        }
    }
}

/// Somebody who watches.
#[derive(Debug)]
pub(in crate::viewer) struct Viewer {
    mid: Mid,
    payload_type: Pt,
    watch: Watch,
    seat: Seat,
    /// A key frame was sent, so what follows can be decoded.
    started: bool,
}

impl Viewer {
    pub(in crate::viewer) fn new((mid, payload_type): (Mid, Pt), watch: Watch, seat: Seat) -> Self {
        Self { mid, payload_type, watch, seat, started: false }
    }
}

/// See the module. Dropping it leaves the encode, gives the place free and takes it off the directory.
#[derive(Debug)]
pub(in crate::viewer) struct Session {
    rtc: Box<Rtc>,
    role: Role,
    pub(super) local_user: String,
    pub(super) listing: Listing,
    born: Instant,
    connected: bool,
    /// Why it is over.
    ended: Option<&'static str>,
    /// When it wants to be driven next.
    deadline: Instant,
    /// Where its packets came from.
    pub(super) addresses: Vec<SocketAddr>,
}

impl Session {
    pub(in crate::viewer) fn new(accepted: Accepted, listing: Listing, role: Role) -> Self {
        let now = Instant::now();
        Self {
            rtc: accepted.rtc,
            role,
            local_user: accepted.local_user,
            listing,
            born: now,
            connected: false,
            ended: None,
            deadline: now,
            addresses: Vec::new(),
        }
    }

    /// The number of the encode that it watches.
    pub(super) fn rendition(&self) -> Option<u64> {
        match &self.role {
            Role::Viewer(viewer) => Some(viewer.watch.rendition()),
            Role::Publisher(_) => None,
        }
    }

    pub(super) fn ended(&self) -> Option<&'static str> {
        self.ended
    }

    pub(super) fn deadline(&self) -> Instant {
        if self.connected { self.deadline } else { self.deadline.min(self.born + CONNECT_WITHIN) }
    }

    /// Takes a packet; true when it proved to be this session's.
    pub(super) fn receive(&mut self, arrival: &Arrival<'_>, out: &mut Outbox) -> bool {
        let Ok(contents) = arrival.bytes.try_into() else { return false };
        let (source, destination) = (arrival.source, arrival.destination);
        let input =
            Input::Receive(arrival.at, Receive { proto: Protocol::Udp, source, destination, contents });
        self.guarded(out, |session| {
            let accepted = session.rtc.accepts(&input);
            if accepted {
                session.rtc.handle_input(input).map_err(|_| "protocol error")?;
            }
            Ok(accepted)
        })
        .unwrap_or(false)
    }

    /// Lets time pass.
    pub(super) fn turn(&mut self, now: Instant, out: &mut Outbox) {
        if !self.connected && now >= self.born + CONNECT_WITHIN {
            self.ended = Some("it never connected");
            return;
        }
        self.guarded(out, |session| {
            session.rtc.handle_input(Input::Timeout(now)).map_err(|_| "protocol error")
        });
    }

    /// Sends an encoded picture; before the first key frame there is nothing to decode it with.
    pub(super) fn send(&mut self, unit: &Unit, out: &mut Outbox) {
        let Role::Viewer(viewer) = &mut self.role else { return };
        if !self.connected || !(viewer.started || unit.key) {
            return;
        }
        viewer.started = true;
        let (mid, payload_type) = (viewer.mid, viewer.payload_type);
        self.guarded(out, |session| {
            let ticks = u64::try_from(unit.time.as_micros()).unwrap_or(0) * 9 / 100;
            let time = MediaTime::new(ticks, Frequency::NINETY_KHZ);
            let writer = session.rtc.writer(mid).ok_or("it stopped receiving")?;
            writer.write(payload_type, unit.at, time, unit.data.clone()).map_err(|_| "packets cannot be made")
        });
    }

    /// Something before the next picture was lost: nothing can be decoded until a key frame comes.
    pub(super) fn lose(&mut self) {
        if let Role::Viewer(viewer) = &mut self.role {
            viewer.started = false;
            viewer.watch.request_key();
        }
    }

    pub(super) fn add_candidates(&mut self, candidates: Vec<Candidate>, out: &mut Outbox) {
        for candidate in candidates {
            self.guarded(out, |session| {
                session.rtc.add_remote_candidate(candidate);
                Ok(())
            });
        }
    }

    /// Says good-bye to the browser.
    pub(super) fn close(&mut self, out: &mut Outbox) {
        self.ended.get_or_insert("it was closed");
        self.guarded(out, |session| session.rtc.close().map_err(|_| "protocol error"));
    }

    /// Does `mutation` and then all that follows from it at once. What the browser sent may confuse the
    /// library enough to panic: that ends this session and no other.
    fn guarded<T>(
        &mut self,
        out: &mut Outbox,
        mutation: impl FnOnce(&mut Self) -> Result<T, &'static str>,
    ) -> Option<T> {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let done = mutation(self)?;
            self.drive(out)?;
            Ok(done)
        }));
        match outcome {
            Ok(Ok(done)) => Some(done),
            Ok(Err(reason)) => {
                self.ended.get_or_insert(reason);
                None
            }
            Err(_) => {
                self.ended = Some("it crashed");
                None
            }
        }
    }

    fn drive(&mut self, out: &mut Outbox) -> Result<(), &'static str> {
        for _ in 0..MOST_TURNS {
            let due = self.drain(out)?;
            self.deadline = due;
            let now = Instant::now();
            if due > now || !self.rtc.is_alive() {
                break;
            }
            self.rtc.handle_input(Input::Timeout(now)).map_err(|_| "protocol error")?;
        }
        if self.rtc.is_alive() { Ok(()) } else { Err("it was closed by the other side") }
    }

    fn drain(&mut self, out: &mut Outbox) -> Result<Instant, &'static str> {
        let (mut packets, mut bytes) = (0, 0);
        let due = loop {
            match self.rtc.poll_output().map_err(|_| "protocol error")? {
                Output::Timeout(due) => break due,
                Output::Transmit(transmit) => {
                    packets += 1;
                    bytes += transmit.contents.len() as u64;
                    out.push(transmit);
                }
                Output::Event(event) => self.note(&event)?,
            }
        };
        if let Role::Viewer(viewer) = &self.role {
            viewer.seat.tally.sent(packets, bytes);
        }
        Ok(due)
    }

    fn note(&mut self, event: &Event) -> Result<(), &'static str> {
        match event {
            Event::Connected => {
                self.connected = true;
                match &mut self.role {
                    Role::Viewer(viewer) => viewer.watch.request_key(),
                    Role::Publisher(publisher) => publisher.begin(),
                }
                tracing::debug!(
                    camera = %self.listing.entry.camera,
                    connect_ms = self.born.elapsed().as_millis(),
                    purpose = ?self.listing.entry.purpose,
                    "WebRTC connected"
                );
            }
            Event::KeyframeRequest(_) => {
                if let Role::Viewer(viewer) = &self.role {
                    viewer.watch.request_key();
                }
            }
            Event::MediaData(media) => {
                if let Role::Publisher(publisher) = &mut self.role
                    && let Err(reason) = publisher.take(&mut self.rtc, media)
                {
                    self.ended.get_or_insert(reason);
                    // It is told, too, and does not go on sending to nobody.
                    self.rtc.close().map_err(|_| reason)?;
                }
            }
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                self.ended = Some("the other side is gone");
            }
            Event::Closed => self.ended = Some("it was closed by the other side"),
            _ => {}
        }
        Ok(())
    }
}
