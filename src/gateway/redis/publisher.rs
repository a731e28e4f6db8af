//! Events on their way to Redis, which gives them their places: tenants take turns, payments and calls go first.
//!
//! What Redis did not take is kept and sent again, in order and under the same token, so that it is taken once. When too
//! much waits, new events are refused and counted, and nothing that was taken is dropped. Only when Redis refuses some of a
//! batch for want of memory and takes others may these come before those.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{ErrorKind, RedisResult, ServerErrorKind};
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::backoff::Backoff;
use super::breaker::BreakerState;
use super::keys::{self, Place};
use super::script::{self, Kept};
use super::server::{PATIENCE, is_refusal, run_of};
use crate::domain::{Event, random_name};
use crate::gateway::lanes::{Class, LaneFull, Lanes, Turn};
use crate::wire::write_publication;

/// Events that go to Redis at once: a few milliseconds of its time.
const BATCH: usize = 128;

/// When the server stops, what waits has so long.
const LAST: Duration = Duration::from_secs(1);

/// An event on its way.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outgoing {
    place: Place,
    class: Class,
    /// By which Redis knows it again.
    pub(super) token: String,
    /// As JSON.
    pub(super) text: String,
}

impl Outgoing {
    /// An event that is known by its id; it gets one when it has none.
    pub(super) fn new(mut event: Event) -> Self {
        let id = event.id.get_or_insert_with(|| random_name().into()).clone();
        Self::known_by(format!("i:{id}"), event)
    }

    /// An event that is known by `token`. It gets an id if it has none: listeners know it by that, should it be sent again
    /// to a Redis that forgot it.
    pub(super) fn known_by(token: String, mut event: Event) -> Self {
        event.id.get_or_insert_with(|| random_name().into());
        let class = if event.kind.topic().is_urgent() { Class::Urgent } else { Class::Normal };
        Self { place: (event.tenant, event.branch), class, token, text: write_publication(&event) }
    }
}

/// What waits for Redis.
#[derive(Debug)]
pub(super) struct Outbox {
    lanes: Mutex<Lanes<Outgoing, ()>>,
    wake: Notify,
}

impl Outbox {
    /// With room for so many of each tenant.
    pub(super) fn new(room: usize) -> Self {
        Self { lanes: Mutex::new(Lanes::new(room)), wake: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Lanes<Outgoing, ()>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(&self, event: Outgoing) -> Result<(), LaneFull> {
        let (tenant, class) = (event.place.0, event.class);
        self.lock().push(tenant, class, event)?;
        self.wake.notify_one();
        Ok(())
    }

    pub(super) fn waiting(&self) -> usize {
        self.lock().len()
    }

    /// The next ones, tenants in turn.
    fn take(&self) -> Vec<Outgoing> {
        let mut lanes = self.lock();
        let mut batch = Vec::new();
        while batch.len() < BATCH {
            let Some((tenant, turn)) = lanes.next() else { break };
            if let Turn::New(event) = turn {
                batch.push(event);
            }
            lanes.done(tenant, None);
        }
        batch
    }
}

/// A connection that knows the script.
struct Link {
    connection: MultiplexedConnection,
    script: String,
    run: String,
    /// Streams that stand in their tenant's list.
    listed: HashSet<Place>,
}

impl Link {
    async fn new(shared: &Shared) -> RedisResult<Self> {
        let mut connection = shared.server.connect().await?;
        let run = run_of(&mut connection).await?;
        let script = script::load().query_async(&mut connection).await?;
        Ok(Self { connection, script, run, listed: HashSet::new() })
    }

    /// Whether Redis is there; an error if not.
    async fn ping(&mut self) -> RedisResult<()> {
        redis::cmd("PING").query_async::<String>(&mut self.connection).await.map(drop)
    }

    /// Sends events; those that are to be sent again.
    async fn send(&mut self, batch: Vec<Outgoing>, shared: &Shared) -> RedisResult<Vec<Outgoing>> {
        let mut pipe = redis::pipe();
        pipe.ignore_errors();
        for Outgoing { place: (tenant, branch), .. } in &batch {
            if self.listed.insert((*tenant, *branch)) {
                pipe.cmd("SADD").arg(keys::branches(*tenant)).arg(branch.get()).ignore();
            }
        }
        for Outgoing { place, token, text, .. } in &batch {
            let kept: Kept = shared.kept;
            script::publish(&mut pipe, (&self.script, &self.run), *place, (token, text), kept);
        }
        let answers: Vec<RedisResult<u64>> = pipe.query_async(&mut self.connection).await?;
        let mut again = Vec::new();
        let mut failure = None;
        for (event, answer) in batch.into_iter().zip(answers) {
            match answer {
                Ok(0) => shared.figures.duplicates.add(1),
                Ok(_) => shared.figures.published.add(1),
                Err(error) if is_refusal(&error) => {
                    shared.figures.dropped.add(1);
                    tracing::error!(%error, place = ?event.place, "Redis refuses an event");
                }
                Err(error) => {
                    again.push(event);
                    failure = Some(error);
                }
            }
        }
        match failure {
            // Somebody made Redis forget it.
            Some(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.script = script::load().query_async(&mut self.connection).await?;
            }
            Some(error) => shared.status.note_error(&error),
            None => {}
        }
        Ok(again)
    }
}

/// Sends events until `stop`, and then what waits, for a while; `done` is told at the end.
pub(super) async fn publish(shared: Arc<Shared>, stop: CancellationToken, done: CancellationToken) {
    let _done = done.drop_guard();
    let back = shared.back.subscribe();
    let mut sender = Sender { link: None, batch: Vec::new(), backoff: Backoff::new(), back };
    tokio::select! {
        () = sender.run(&shared, None) => {}
        () = stop.cancelled() => {}
    }
    // An event that was under way is sent again: it is known by its token.
    let _ = timeout(LAST, sender.run(&shared, Some(()))).await;
    let left = sender.batch.len() + shared.outbox.waiting();
    if left > 0 {
        shared.figures.dropped.add(left as u64);
        tracing::error!(left, "Redis did not take all events before the end");
    }
}

struct Sender {
    link: Option<Link>,
    /// Events that Redis has not taken.
    batch: Vec<Outgoing>,
    backoff: Backoff,
    /// Changes when Redis was found by who listens to it.
    back: watch::Receiver<u64>,
}

impl Sender {
    /// Sends what comes; to the end of what waits, if this is the `last` of it.
    async fn run(&mut self, shared: &Shared, last: Option<()>) {
        loop {
            if self.batch.is_empty() {
                self.batch = shared.outbox.take();
            }
            if self.batch.is_empty() {
                if last.is_some() {
                    return;
                }
                // Whether Redis is back has to show where nobody publishes, too: then it is only asked.
                if shared.breaker.state() == BreakerState::Closed {
                    shared.outbox.wake.notified().await;
                    continue;
                }
            }
            if let Err(wait) = shared.breaker.begin(Instant::now()) {
                tokio::select! {
                    () = sleep(wait) => {}
                    Ok(()) = self.back.changed() => shared.breaker.try_now(),
                }
                continue;
            }
            self.back.mark_unchanged();
            match timeout(2 * PATIENCE, self.send(shared)).await {
                Ok(Ok(())) => {
                    shared.breaker.succeed();
                    self.backoff.reset();
                    continue;
                }
                Ok(Err(error)) => shared.status.note_error(&error),
                Err(_) => {}
            }
            self.link = None;
            shared.breaker.fail(Instant::now());
            // It may have been found while this try failed.
            tokio::select! {
                () = sleep(self.backoff.next()) => {}
                Ok(()) = self.back.changed() => shared.breaker.try_now(),
            }
        }
    }

    async fn send(&mut self, shared: &Shared) -> RedisResult<()> {
        if self.link.is_none() {
            self.link = Some(Link::new(shared).await?);
        }
        let link = self.link.as_mut().expect("a link should be there: it was just made");
        if self.batch.is_empty() {
            return link.ping().await;
        }
        // A copy, as it is not known what became of it until the answer is there.
        let again = link.send(self.batch.clone(), shared).await?;
        let is_stuck = again.len() == self.batch.len();
        self.batch = again;
        if is_stuck {
            Err(redis::RedisError::from((ErrorKind::Io, "Redis takes no events now")))
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::TenantId;
    use crate::wire::read_event;

    fn event(tenant: i64, kind: &str) -> Event {
        let json = format!(r#"{{"type":"{kind}","tenant_id":{tenant},"branch_id":1}}"#);
        read_event(json.as_bytes(), None).unwrap()
    }

    #[test]
    fn every_event_has_an_id_before_it_goes_on_its_way() {
        let (one, other) = (Outgoing::new(event(1, "A")), Outgoing::new(event(1, "A")));
        assert_ne!(one.token, other.token);
        assert!(one.text.contains(&one.token[2..]));
    }

    #[test]
    fn tenants_take_turns_and_payments_go_first() {
        let outbox = Outbox::new(5);
        for _ in 0..4 {
            outbox.put(Outgoing::new(event(1, "ENTITY_UPDATED"))).unwrap();
        }
        outbox.put(Outgoing::new(event(1, "PAYMENT_APPROVED"))).unwrap();
        assert_eq!(outbox.put(Outgoing::new(event(1, "PAYMENT_FAILED"))), Err(LaneFull));
        outbox.put(Outgoing::new(event(2, "ENTITY_UPDATED"))).unwrap();
        let batch = outbox.take();
        let order: Vec<_> = batch.iter().map(|event| (event.place.0, event.class)).collect();
        let tenant = |id| TenantId::new(id).unwrap();
        assert_eq!(order[..2], [(tenant(1), Class::Urgent), (tenant(2), Class::Normal)]);
        assert_eq!((order.len(), outbox.waiting()), (6, 0));
    }
}
