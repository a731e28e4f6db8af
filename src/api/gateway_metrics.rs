//! The gateway's figures for Prometheus. The names are a contract: those of the gateway's first design, and some that its
//! peers have shown to be missed.

use std::collections::BTreeMap;
use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use crate::auth::Caller;
use crate::domain::Endpoint;
use crate::gateway::{self, Checkup, Figures, Found, Rejected, Spread, by_code};

/// How RFC 6455 calls an end without a word.
const LOST: u16 = 1006;

/// The figures at the time of the scrape.
#[derive(Debug)]
pub(super) struct Gateway {
    gateway: gateway::Gateway,
    checkup: Checkup,
    /// Types that nobody knows; they are what some tenant made up.
    unknown: BTreeMap<String, u64>,
}

impl Gateway {
    /// What `caller` may know. How many there are of all tenants together is no secret, as `/ws/health` tells.
    pub(super) fn of(gateway: &gateway::Gateway, caller: &Caller) -> Self {
        let unknown = if caller.is_operator() { gateway.figures().unknown_types() } else { BTreeMap::new() };
        Self { gateway: gateway.clone(), checkup: gateway.check_up(), unknown }
    }
}

/// A series and its value.
type Series<V> = (Vec<(&'static str, String)>, V);

fn one<V>(value: V) -> Vec<Series<V>> {
    vec![(Vec::new(), value)]
}

fn label(name: &'static str, value: impl ToString) -> Vec<(&'static str, String)> {
    vec![(name, value.to_string())]
}

impl Collector for Gateway {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let figures = self.gateway.figures();
        for (name, help, series) in self.gauges(figures) {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            // Without labels it has no braces either.
            if let [(labels, value)] = &series[..]
                && labels.is_empty()
            {
                ConstGauge::new(*value).encode(family)?;
                continue;
            }
            for (labels, value) in series {
                ConstGauge::new(value).encode(family.encode_family(&labels)?)?;
            }
        }
        for (name, help, series) in self.counters(figures) {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            if let [(labels, value)] = &series[..]
                && labels.is_empty()
            {
                ConstCounter::new(*value).encode(family)?;
                continue;
            }
            for (labels, value) in series {
                ConstCounter::new(value).encode(family.encode_family(&labels)?)?;
            }
        }
        for (name, help, unit, spread) in spreads(figures) {
            let mut metric = encoder.encode_descriptor(name, help, unit.as_ref(), MetricType::Histogram)?;
            let buckets = spread.buckets();
            let count = buckets.iter().map(|(_, count)| count).sum();
            metric.encode_histogram::<[(String, String); 0]>(spread.sum(), count, &buckets, None)?;
        }
        Ok(())
    }
}

impl Gateway {
    fn gauges(&self, figures: &Figures) -> Vec<(&'static str, &'static str, Vec<Series<f64>>)> {
        let (checkup, redis) = (&self.checkup, self.checkup.redis.as_ref());
        let total = checkup.total() as f64;
        let connected =
            |(endpoint, count): &(Endpoint, u64)| (label("endpoint", endpoint.name()), *count as f64);
        let by_endpoint = checkup.connections.iter().map(connected).collect();
        let of_redis = |value: f64| vec![(label("name", "redis"), value)];
        vec![
            ("connections", "Connections now", one(total)),
            ("connections_total", "The same, by the name that it had first", one(total)),
            ("connections_by_endpoint", "The same by endpoint", by_endpoint),
            ("accept_inflight", "Handshakes under way", one(figures.handshakes() as f64)),
            ("event_queue_size", "Events that wait", one(checkup.waiting as f64)),
            (
                "event_drop_rate",
                "Share of events lost within the last minute, 0 to 1",
                one(checkup.drop_rate),
            ),
            (
                "circuit_breaker_state",
                "0 closed, 1 open, 2 half open",
                of_redis(redis.map_or(0.0, |redis| redis.breaker.number().into())),
            ),
            (
                "circuit_breaker_failures",
                "Failures one after the other",
                of_redis(redis.map_or(0.0, |redis| redis.failures.into())),
            ),
            (
                "locks_branch_count",
                "Locks of branches: one for all of a tenant's",
                one(self.gateway.tenant_locks() as f64),
            ),
            ("locks_user_count", "Locks of users: one for all", one(1.0)),
            (
                "subscriptions_active",
                "Streams and channels of Redis that are listened to",
                one(redis.map_or(0.0, |redis| (redis.streams + redis.subscriptions) as f64)),
            ),
            (
                "build_info",
                "1, with the version of the server",
                vec![(label("version", env!("CARGO_PKG_VERSION")), 1.0)],
            ),
        ]
    }

    fn counters(&self, figures: &Figures) -> Vec<(&'static str, &'static str, Vec<Series<u64>>)> {
        let rejected = Rejected::ALL.map(|why| (label("reason", why.name()), figures.rejected(why)));
        let closed = by_code(|close| figures.closed(close));
        let closed = closed.into_iter().map(|(code, count)| (label("code", code), count));
        let lost = (label("code", LOST), figures.lost.get());
        let looked_up = Found::ALL.map(|found| (label("result", found.name()), figures.looked_up(found)));
        let recoveries = figures.recoveries().map(|(all, some, count)| {
            let result = if all { "recovered" } else { "not_recovered" };
            (vec![("result", result.to_owned()), ("has_recovered", some.to_string())], count)
        });
        let unknown = self.unknown.iter().map(|(name, count)| (label("type", name), *count)).collect();
        vec![
            ("connections_opened", "Connections since the start", one(figures.opened.get())),
            ("connections_rejected", "Who was not let in, by the reason", rejected.into()),
            (
                "disconnects",
                "Connections that ended, by the code of the close",
                closed.chain([lost]).collect(),
            ),
            ("broadcasts", "Events sent to those whom they concern", one(figures.broadcasts.get())),
            (
                "broadcasts_failed",
                "Deliveries that failed: of an event to one client",
                one(figures.failed_deliveries.get()),
            ),
            ("deliveries", "Deliveries: of an event to one client", one(figures.deliveries.get())),
            (
                "broadcast_rate_limited",
                "Events refused because their tenant sends too many",
                one(figures.rate_limited.get()),
            ),
            ("events_processed", "Events taken out of the queue", one(figures.processed.get())),
            ("events_dropped", "Events that found no room in it", one(figures.dropped.get())),
            ("events_duplicate", "Events that had come before", one(figures.duplicates.get())),
            (
                "events_refused",
                "Messages of other systems that are no events, or of other ids than their channel's",
                one(figures.refused.get()),
            ),
            ("events_unknown", "Events of types that are not known, by the type", unknown),
            (
                "slow_consumer_disconnects",
                "Clients ended because they took too little",
                one(figures.slow_consumers.get()),
            ),
            (
                "tenant_mismatch",
                "Events held back from another tenant's client: never any",
                one(figures.tenant_mismatches.get()),
            ),
            ("gaps_detected", "Times that events were lost on their way to us", one(figures.gaps.get())),
            (
                "recoveries",
                "Clients who came back, by whether all was known that they missed, and whether there was any",
                recoveries.into(),
            ),
            ("sector_lookup", "Look-ups of waiters' sectors, by how they went", looked_up.into()),
        ]
    }
}

fn spreads(figures: &Figures) -> [(&'static str, &'static str, Option<Unit>, &Spread); 5] {
    let (seconds, bytes) = (Some(Unit::Seconds), Some(Unit::Bytes));
    [
        (
            "delivery_latency",
            "From the publishing of an event until it is sent to a client",
            seconds.clone(),
            &figures.delivery_seconds,
        ),
        (
            "pubsub_lag",
            "From the publishing of an event on another server until it came here",
            seconds.clone(),
            &figures.lag_seconds,
        ),
        ("ping_rtt", "From a ping to its answer", seconds, &figures.ping_seconds),
        (
            "send_queue",
            "What waited for a client when something more was put there",
            bytes,
            &figures.queue_bytes,
        ),
        ("recovered_events", "Events sent to a client who came back", None, &figures.recovered_events),
    ]
}
