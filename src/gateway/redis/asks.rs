//! Questions to Redis that are under way, a few at a time.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use redis::RedisResult;
use redis::aio::MultiplexedConnection;
use tokio::time::sleep;

use super::keys::{self, Place};
use super::live::Answer;
use super::packet::Packet;
use super::script::{self, Part};
use crate::domain::{BranchId, TenantId};
use crate::gateway::stream::Position;

/// Logs that are read at once: the rest of Redis's time is for what happens now.
const MOST: usize = 16;

/// What was answered.
pub(super) enum Done {
    Log(Place, RedisResult<Answer>),
    Branches(TenantId, RedisResult<Vec<BranchId>>),
    Pong(RedisResult<()>),
}

/// The questions.
pub(super) struct Asks {
    connection: MultiplexedConnection,
    logs: VecDeque<(Place, Part)>,
    reading: usize,
    under_way: FuturesUnordered<BoxFuture<'static, Done>>,
    listing: HashSet<TenantId>,
    is_pinging: bool,
}

impl Asks {
    pub(super) fn new(connection: MultiplexedConnection) -> Self {
        Self {
            connection,
            logs: VecDeque::new(),
            reading: 0,
            under_way: FuturesUnordered::new(),
            listing: HashSet::new(),
            is_pinging: false,
        }
    }

    /// Whether nothing is asked but whether Redis is there.
    pub(super) fn is_empty(&self) -> bool {
        self.logs.is_empty() && self.under_way.len() <= usize::from(self.is_pinging)
    }

    /// Whether it is not known yet which branches a tenant has.
    pub(super) fn is_listing(&self, tenant: TenantId) -> bool {
        self.listing.contains(&tenant)
    }

    /// Asks for a part of a stream's log.
    pub(super) fn log(&mut self, place: Place, part: Part) {
        self.logs.push_back((place, part));
        self.begin();
    }

    fn begin(&mut self) {
        while self.reading < MOST
            && let Some((place, part)) = self.logs.pop_front()
        {
            self.reading += 1;
            let connection = self.connection.clone();
            self.under_way
                .push(Box::pin(async move { Done::Log(place, read(connection, place, part).await) }));
        }
    }

    /// Asks which branches of a tenant have a stream.
    pub(super) fn branches(&mut self, tenant: TenantId) {
        self.branches_after(Duration::ZERO, tenant);
    }

    /// The same, later.
    pub(super) fn branches_after(&mut self, wait: Duration, tenant: TenantId) {
        let mut connection = self.connection.clone();
        self.listing.insert(tenant);
        self.under_way.push(Box::pin(async move {
            sleep(wait).await;
            let mut list = redis::cmd("SMEMBERS");
            let listed = list.arg(keys::branches(tenant)).query_async::<Vec<i64>>(&mut connection).await;
            let branches = |ids: Vec<i64>| ids.into_iter().filter_map(|id| BranchId::new(id).ok()).collect();
            Done::Branches(tenant, listed.map(branches))
        }));
    }

    /// Asks whether Redis is there.
    pub(super) fn ping(&mut self) {
        if std::mem::replace(&mut self.is_pinging, true) {
            return;
        }
        let mut connection = self.connection.clone();
        self.under_way.push(Box::pin(async move {
            Done::Pong(redis::cmd("PING").query_async::<String>(&mut connection).await.map(drop))
        }));
    }

    /// The next answer, `None` when nothing was asked.
    pub(super) async fn next(&mut self) -> Option<Done> {
        let done = self.under_way.next().await?;
        match &done {
            Done::Log(..) => {
                self.reading -= 1;
                self.begin();
            }
            Done::Branches(tenant, _) => drop(self.listing.remove(tenant)),
            Done::Pong(_) => self.is_pinging = false,
        }
        Some(done)
    }
}

async fn read(mut connection: MultiplexedConnection, place: Place, part: Part) -> RedisResult<Answer> {
    let answer: script::Answer = script::read(place, part).query_async(&mut connection).await?;
    let (epoch, offset, entries, mut has_more) = answer;
    let mut packets: Vec<_> = entries.iter().filter_map(|entry| Packet::read(entry)).collect();
    if matches!(part, Part::Newest(_)) {
        packets.reverse();
        // What is older is not wanted.
        has_more = false;
    }
    Ok(Answer { now: Position { epoch: Arc::from(epoch), offset }, packets, has_more })
}
