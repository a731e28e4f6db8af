//! What waits for one who listens by a stream of HTTP: as of a socket, but taken and not written.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::close::Close;
use super::conn::{afterwards, gap, told};
use super::figures::Figures;
use super::hub::{Member, Start};
use super::identity::Identity;
use super::outbox::Room;
use super::stream::{Position, Stamped};
use super::tenant::Joined;
use crate::domain::{BranchId, Endpoint, TenantId};
use crate::wire::{ServerMessage, StreamPositions};

/// Something for the listener.
#[derive(Debug)]
pub(super) enum Item {
    /// An event, and whether it counts against what may wait.
    Event {
        stamped: Arc<Stamped>,
        is_counted: bool,
    },
    Message(ServerMessage),
    /// Where streams begin of which the listener did not know.
    Unknown(StreamPositions),
}

/// What is there for the listener to do.
#[derive(Debug)]
pub(super) enum Next {
    Take(Item),
    End(Close),
    Wait,
}

#[derive(Debug, Default)]
struct Queue {
    items: VecDeque<Item>,
    /// Of those items that count.
    frames: usize,
    bytes: usize,
    /// Why it is over, once the items are taken.
    close: Option<Close>,
}

/// One who listens.
#[derive(Debug)]
pub(super) struct Listener {
    id: u64,
    tenant: TenantId,
    user: Option<Arc<str>>,
    looks_up_sectors: bool,
    room: Room,
    figures: Arc<Figures>,
    queue: Mutex<Queue>,
    wake: Notify,
}

impl Listener {
    pub(super) fn new(
        id: u64,
        (identity, endpoint): (&Identity, Endpoint),
        room: Room,
        figures: Arc<Figures>,
    ) -> Self {
        let (tenant, user) = (identity.tenant, identity.user.clone());
        let looks_up_sectors = identity.looks_up_sectors(endpoint);
        Self {
            id,
            tenant,
            user,
            looks_up_sectors,
            room,
            figures,
            queue: Mutex::default(),
            wake: Notify::new(),
        }
    }

    pub(super) fn tenant(&self) -> TenantId {
        self.tenant
    }

    pub(super) fn figures(&self) -> &Figures {
        &self.figures
    }

    /// Who it is, if its token says so.
    pub(super) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Whether its sectors are those that it was given, and not those of its token.
    pub(super) fn looks_up_sectors(&self) -> bool {
        self.looks_up_sectors
    }

    /// What comes next.
    pub(super) fn next(&self) -> Next {
        let mut queue = self.queue();
        let Some(item) = queue.items.pop_front() else {
            return queue.close.map_or(Next::Wait, Next::End);
        };
        if let Item::Event { stamped, is_counted: true } = &item {
            (queue.frames, queue.bytes) = (queue.frames - 1, queue.bytes - stamped.frame.len());
        }
        Next::Take(item)
    }

    /// Returns when there may be something.
    pub(super) async fn ready(&self) {
        self.wake.notified().await;
    }

    /// Ends it after what waits.
    pub(super) fn close(&self, close: Close) {
        let mut queue = self.queue();
        if queue.close.is_none() {
            queue.close = Some(close);
            self.figures.close(close);
        }
        drop(queue);
        self.wake.notify_one();
    }

    /// Says something.
    pub(super) fn say(&self, message: ServerMessage) {
        self.put([Item::Message(message)]);
    }

    fn put(&self, items: impl IntoIterator<Item = Item>) {
        let mut queue = self.queue();
        if queue.close.is_none() {
            queue.items.extend(items);
        }
        drop(queue);
        self.wake.notify_one();
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Member for Arc<Listener> {
    fn id(&self) -> u64 {
        self.id
    }

    fn send(&self, stamped: &Arc<Stamped>) -> bool {
        let mut queue = self.queue();
        if queue.close.is_some() {
            return false;
        }
        let counted = stamped.frame.len();
        if queue.frames >= self.room.frames || queue.bytes + counted > self.room.bytes {
            self.figures.slow_consumers.add(1);
            self.figures.queue_bytes.add(queue.bytes as f64);
            // It comes back and gets it all, from where it is.
            *queue = Queue::default();
            drop(queue);
            self.close(Close::SlowConsumer);
            return false;
        }
        queue.items.push_back(Item::Event { stamped: stamped.clone(), is_counted: true });
        (queue.frames, queue.bytes) = (queue.frames + 1, queue.bytes + counted);
        drop(queue);
        self.wake.notify_one();
        true
    }

    fn catch_up(&self, joined: &Joined, start: &Start) {
        let mut begins = told(joined.streams.iter().map(|(branch, (position, _))| (branch, position)));
        begins.values_mut().for_each(|position| position.offset = 0);
        let unknown = Item::Unknown(begins);
        // What was missed is bounded by what is kept.
        let missed = joined.missed.iter();
        let missed = missed.map(|stamped| Item::Event { stamped: stamped.clone(), is_counted: false });
        let last = afterwards(joined, start, &self.figures).map(Item::Message);
        self.put([unknown].into_iter().chain(missed).chain(last));
    }

    fn tell_of(&self, branch: BranchId, position: &Position) {
        self.say(ServerMessage::Streams { streams: told([(&branch, position)]) });
    }

    fn tell_gap(&self, branch: BranchId, position: &Position) {
        self.say(gap(branch, position));
    }

    fn end_session(&self) {
        self.close(Close::SessionClosed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Event, EventType};
    use crate::gateway::client::Client;

    const ROOM: Room = Room { frames: 2, bytes: 1000 };

    fn listener() -> Arc<Listener> {
        let identity = Identity {
            tenant: TenantId::default(),
            user: None,
            branches: crate::auth::Branches::All,
            sectors: [].into(),
            session: None,
            expires: crate::domain::Timestamp::from_millis(0),
            token: None,
        };
        Arc::new(Listener::new(1, (&identity, Endpoint::Admin), ROOM, Arc::default()))
    }

    fn stamped(bytes: usize) -> Arc<Stamped> {
        let event = Event {
            kind: EventType::new("A").unwrap(),
            tenant: TenantId::default(),
            branch: BranchId::default(),
            sector: None,
            session: None,
            id: None,
            fields: format!(r#""filler":"{}""#, "x".repeat(bytes)).into(),
        };
        Arc::new(Stamped::new(event, "e", 1, crate::domain::Timestamp::from_millis(0)))
    }

    #[test]
    fn of_a_gap_is_said_that_something_is_lost_also_when_the_stream_goes_on() {
        let listener = listener();
        listener.tell_gap(BranchId::default(), &Position { epoch: "e".into(), offset: 7 });
        let Next::Take(Item::Message(message)) = listener.next() else { panic!("it should be told") };
        let text = r#"{"type":"gap","streams":{"branch:1":{"epoch":"e","offset":7,"recovered":false}}}"#;
        assert_eq!(message.text(), text);
    }

    #[test]
    fn who_does_not_read_is_ended_and_nobody_waits_for_it() {
        let listener = listener();
        let send = || listener.send(&stamped(0));
        assert!(send() && send());
        assert!(!send(), "there is no room");
        assert!(matches!(listener.next(), Next::End(Close::SlowConsumer)), "what waited comes again later");
        assert!(!send());
        assert_eq!(
            (listener.figures.slow_consumers.get(), listener.figures.closed(Close::SlowConsumer)),
            (1, 1)
        );
    }

    #[test]
    fn what_is_taken_makes_room() {
        let listener = listener();
        for _ in 0..10 {
            assert!(listener.send(&stamped(700)));
            assert!(matches!(listener.next(), Next::Take(Item::Event { is_counted: true, .. })));
        }
        assert!(matches!(listener.next(), Next::Wait));
    }

    #[test]
    fn another_tenants_event_is_held_back() {
        let listener = listener();
        let mut theirs = Arc::into_inner(stamped(0)).unwrap();
        theirs.event.tenant = TenantId::new(2).unwrap();
        assert!(!Client::Stream(listener.clone()).send(&Arc::new(theirs)));
        assert_eq!(listener.figures.tenant_mismatches.get(), 1);
        assert!(matches!(listener.next(), Next::Wait));
        assert!(Client::Stream(listener.clone()).send(&stamped(0)));
    }
}
