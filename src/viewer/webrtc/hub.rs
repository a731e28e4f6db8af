//! The task that drives every session: packets in, pictures in, time passing; packets out.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::Candidate;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::viewer::renditions::HubUnit;

use super::outbox::Outbox;
use super::session::Session;
use super::socket::{Arrival, Buffer, Socket};
use super::stun;

/// Pieces received before others get a turn.
const RECEIVE_AT_ONCE: usize = 64;

/// Addresses of one session that are remembered: a browser tries each of its own once.
const MOST_ADDRESSES: usize = 16;

/// With no session there is nothing to drive.
const IDLE: Duration = Duration::from_secs(60);

/// What the hub is asked to do.
#[derive(Debug)]
pub(in crate::viewer) enum Command {
    Join(Box<Session>),
    Trickle { number: u64, candidates: Vec<Candidate> },
    Close { number: u64 },
    CloseCamera { number: u64 },
}

/// See the module.
pub(in crate::viewer) struct Hub {
    socket: Arc<Socket>,
    commands: mpsc::Receiver<Command>,
    units: mpsc::Receiver<HubUnit>,
    sessions: HashMap<u64, Session>,
    by_user: HashMap<String, u64>,
    by_address: HashMap<SocketAddr, u64>,
    out: Outbox,
}

impl Hub {
    pub(in crate::viewer) fn new(
        socket: Arc<Socket>,
        commands: mpsc::Receiver<Command>,
        units: mpsc::Receiver<HubUnit>,
    ) -> Self {
        Self {
            socket,
            commands,
            units,
            sessions: HashMap::new(),
            by_user: HashMap::new(),
            by_address: HashMap::new(),
            out: Outbox::default(),
        }
    }

    /// Runs until `stop`, then says good-bye to every viewer.
    pub(in crate::viewer) async fn run(mut self, stop: CancellationToken) {
        let socket = self.socket.clone();
        let mut buffer = Buffer::new();
        loop {
            let deadline = self.deadline().into();
            tokio::select! {
                () = stop.cancelled() => break,
                Some(command) = self.commands.recv() => self.obey(command),
                Some(unit) = self.units.recv() => self.show(&unit),
                Ok(()) = socket.readable() => self.receive(&mut buffer),
                Ok(()) = socket.writable(), if !self.out.is_empty() => {}
                () = tokio::time::sleep_until(deadline) => {}
            }
            self.turn();
            self.out.flush(&socket);
            self.remove_ended();
        }
        self.commands.close();
        while let Ok(command) = self.commands.try_recv() {
            self.obey(command);
        }
        for session in self.sessions.values_mut() {
            session.close(&mut self.out);
        }
        self.out.flush(&socket);
    }

    fn deadline(&self) -> Instant {
        let idle = Instant::now() + IDLE;
        self.sessions.values().map(Session::deadline).fold(idle, Instant::min)
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Join(session) => {
                let number = session.listing.entry.number;
                self.by_user.insert(session.local_user.clone(), number);
                self.sessions.insert(number, *session);
            }
            Command::Trickle { number, candidates } => {
                if let Some(session) = self.sessions.get_mut(&number) {
                    session.add_candidates(candidates, &mut self.out);
                }
            }
            Command::Close { number } => {
                if let Some(session) = self.sessions.get_mut(&number) {
                    session.close(&mut self.out);
                }
            }
            Command::CloseCamera { number } => {
                let of_camera = |session: &&mut Session| session.listing.entry.camera_number == number;
                self.sessions.values_mut().filter(of_camera).for_each(|session| session.close(&mut self.out));
            }
        }
    }

    fn show(&mut self, unit: &HubUnit) {
        let socket = self.socket.clone();
        for session in
            self.sessions.values_mut().filter(|session| session.rendition() == Some(unit.rendition))
        {
            if unit.gap {
                session.lose();
            }
            session.send(&unit.unit, &mut self.out);
            self.out.flush(&socket);
        }
    }

    fn receive(&mut self, buffer: &mut Buffer) {
        let socket = self.socket.clone();
        for _ in 0..RECEIVE_AT_ONCE {
            if !socket.receive(buffer, |arrival| self.take(&arrival)) {
                return;
            }
        }
    }

    /// Gives a packet to whom it is for: a binding request names its session, all others are known by where
    /// they come from.
    fn take(&mut self, arrival: &Arrival<'_>) {
        let number = match stun::local_user(arrival.bytes) {
            Some(user) => self.by_user.get(user),
            None => self.by_address.get(&arrival.source),
        };
        let Some(session) = number.and_then(|number| self.sessions.get_mut(number)) else { return };
        let number = session.listing.entry.number;
        let proven = session.receive(arrival, &mut self.out);
        if proven && !session.addresses.contains(&arrival.source) && session.addresses.len() < MOST_ADDRESSES
        {
            session.addresses.push(arrival.source);
            // A browser may use the port of a session it gave up before we noticed.
            self.by_address.insert(arrival.source, number);
        }
    }

    fn turn(&mut self) {
        let now = Instant::now();
        for session in self.sessions.values_mut().filter(|session| session.deadline() <= now) {
            session.turn(now, &mut self.out);
        }
    }

    fn remove_ended(&mut self) {
        let (by_user, by_address) = (&mut self.by_user, &mut self.by_address);
        self.sessions.retain(|number, session| {
            let Some(reason) = session.ended() else { return true };
            tracing::debug!(camera = %session.listing.entry.camera, reason, purpose = ?session.listing.entry.purpose, "WebRTC session ended");
            by_user.remove(&session.local_user);
            for address in &session.addresses {
                if by_address.get(address) == Some(number) {
                    by_address.remove(address);
                }
            }
            false
        });
    }
}
