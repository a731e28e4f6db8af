//! Scheduled work in `/metrics`, as of the last full minute: a scrape does not wait for the database.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::domain::{JobStatus, Timestamp};

#[derive(Debug)]
pub(super) struct Jobs(pub(super) Vec<JobStatus>);

type Gauge = (&'static str, &'static str, fn(&JobStatus) -> Option<f64>);

const GAUGES: [Gauge; 5] = [
    ("job_running", "1 while a node is doing it", |job| Some(f64::from(u8::from(job.running)))),
    ("job_failed", "1 when its last run failed", |job| {
        let outcome = job.last.as_ref()?.outcome.as_ref()?;
        Some(f64::from(u8::from(outcome.is_err())))
    }),
    ("job_last_done_seconds", "When it last went well, since 1970", |job| {
        job.last.as_ref()?.done.map(seconds)
    }),
    ("job_last_duration_seconds", "How long its last run took", |job| {
        let last = job.last.as_ref()?;
        last.ended.map(|ended| ended.since(last.started).as_secs_f64())
    }),
    ("job_next_seconds", "When it is due next, since 1970", |job| Some(seconds(job.next))),
];

impl Collector for Jobs {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for (name, help, read) in GAUGES {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for job in &self.0 {
                if let Some(value) = read(job) {
                    ConstGauge::new(value).encode(family.encode_family(&[("job", job.name)])?)?;
                }
            }
        }
        Ok(())
    }
}

fn seconds(at: Timestamp) -> f64 {
    at.as_millis() as f64 / 1000.0
}
