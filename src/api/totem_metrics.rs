//! Figures of the caller's totems for Prometheus.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// A tenant's totems at the time of the scrape.
#[derive(Debug)]
pub(super) struct Totems {
    pub(super) tenant: [(&'static str, String); 1],
    /// On `/ws`, whether they send or not.
    pub(super) connected: usize,
    /// Name, what it counts, and how often.
    pub(super) counts: [(&'static str, &'static str, u64); 8],
}

impl Collector for Totems {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for (name, help, count) in self.counts {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            ConstCounter::new(count).encode(family.encode_family(&self.tenant)?)?;
        }
        let help = "Totems and their viewers on /ws";
        let mut family = encoder.encode_descriptor("totem_connections", help, None, MetricType::Gauge)?;
        ConstGauge::new(i64::try_from(self.connected).unwrap_or(i64::MAX))
            .encode(family.encode_family(&self.tenant)?)
    }
}
