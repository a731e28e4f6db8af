//! The process's own figures, read from `/proc` at each scrape.

use std::fmt;
use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use crate::domain::Timestamp;

/// `USER_HZ`, which Linux shows to programs on every machine that Debian runs on.
const TICKS_A_SECOND: f64 = 100.0;

/// What `/proc/self` says; zero where it says nothing.
#[derive(Debug)]
pub(super) struct Figures {
    cpu_s: f64,
    resident_bytes: u64,
    open_files: u64,
    threads: u64,
    started_s: f64,
}

impl Figures {
    pub(super) fn now(started: Timestamp) -> Self {
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        // The second field is the program's name in brackets and may hold anything; what follows is numbers.
        let fields: Vec<&str> =
            stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect()).unwrap_or_default();
        // proc(5) counts from 1 and from the field before the brackets.
        let field = |number: usize| fields.get(number - 3).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let resident_kib = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
        Self {
            cpu_s: (field(14) + field(15)) / TICKS_A_SECOND,
            resident_bytes: resident_kib.unwrap_or(0) * 1024,
            open_files: fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as u64),
            threads: field(20) as u64,
            started_s: started.as_millis() as f64 / 1000.0,
        }
    }
}

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let seconds = Some(&Unit::Seconds);
        let cpu = encoder.encode_descriptor("cpu", "User and system time", seconds, MetricType::Counter)?;
        ConstCounter::new(self.cpu_s).encode(cpu)?;
        let start = encoder.encode_descriptor("start_time", "Since 1970", seconds, MetricType::Gauge)?;
        ConstGauge::new(self.started_s).encode(start)?;
        let gauges = [
            ("resident_memory_bytes", "Resident memory", self.resident_bytes),
            ("open_fds", "Open file handles", self.open_files),
            ("threads", "Threads", self.threads),
        ];
        for (name, help, value) in gauges {
            let family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)).encode(family)?;
        }
        Ok(())
    }
}
