//! A camera's figures over all runs of its pipeline.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::handle::{CameraStatus, Inner};
use super::run::Run;

/// Rates are taken over this long.
const WINDOW: Duration = Duration::from_secs(3);

/// Counts of one run at one moment.
#[derive(Debug, Clone, Default)]
struct Counts {
    frames_in: u64,
    analysed: u64,
    /// Frames that got lost: on their way, before a busy detector, or before a full recorder.
    dropped: u64,
    timed: u64,
    latency_sum_us: u64,
    detections: u64,
    errors: u64,
    bytes: u64,
    inference_sum_ms: f64,
    buckets: Vec<(f64, u64)>,
}

/// Adds up runs and publishes the sum.
#[derive(Debug)]
pub(super) struct Figures {
    inner: Arc<Inner>,
    /// Sum of the runs that have ended.
    ended: Counts,
    /// Moments within the window, oldest first.
    recent: VecDeque<(Instant, Counts)>,
}

impl Figures {
    pub(super) fn new(inner: Arc<Inner>) -> Self {
        Self { inner, ended: Counts::default(), recent: VecDeque::new() }
    }

    /// Publishes the figures of `run` on top of those before it.
    pub(super) fn publish(&mut self, run: &Run) {
        let counts = Counts::of(run);
        let now = Instant::now();
        self.recent.push_back((now, counts.clone()));
        while self.recent.len() > 2
            && self.recent.front().is_some_and(|(at, _)| now.duration_since(*at) > WINDOW)
        {
            self.recent.pop_front();
        }
        let (first_at, first) = self.recent.front().cloned().unwrap_or((now, counts.clone()));
        let seconds = now.duration_since(first_at).as_secs_f32();
        #[expect(clippy::cast_precision_loss, reason = "frames within a few seconds are few")]
        let rate = |from: u64, to: u64| if seconds > 0.0 { (to - from) as f32 / seconds } else { 0.0 };
        let total = self.ended.plus(&counts);
        let meter = &run.meter;
        self.inner.status.send_modify(|status| {
            total.show(status);
            status.fps_in = rate(first.frames_in, counts.frames_in);
            status.fps_analysed = rate(first.analysed, counts.analysed);
            let inferences = counts.analysed - first.analysed;
            status.inference_ms = mean(counts.inference_sum_ms - first.inference_sum_ms, inferences)
                .unwrap_or(status.inference_ms);
            let latency_ms =
                Duration::from_micros(counts.latency_sum_us - first.latency_sum_us).as_secs_f64() * 1000.0;
            status.latency_ms = mean(latency_ms, counts.timed - first.timed).unwrap_or(status.latency_ms);
            status.width = meter.width.load(Ordering::Relaxed);
            status.height = meter.height.load(Ordering::Relaxed);
            status.people_now = meter.people.load(Ordering::Relaxed);
        });
    }

    /// Takes over the last counts of a run that ends.
    pub(super) fn close(&mut self, run: &Run) {
        self.publish(run);
        self.ended = self.ended.plus(&Counts::of(run));
        self.recent.clear();
        self.idle();
    }

    /// Nothing runs now.
    pub(super) fn idle(&self) {
        self.inner.status.send_modify(|status| {
            status.fps_in = 0.0;
            status.fps_analysed = 0.0;
            status.latency_ms = 0.0;
            status.people_now = 0;
        });
    }

    pub(super) fn error(&self, reason: &str) {
        self.inner.status.send_modify(|status| status.last_error = Some(reason.to_owned()));
    }

    pub(super) fn reconnected(&self) {
        self.inner.status.send_modify(|status| status.reconnects += 1);
    }
}

impl Counts {
    fn of(run: &Run) -> Self {
        let meter = &run.meter;
        let stats = run.detector_stats();
        let count = |name| stats.as_ref().and_then(|stats| stats.get::<u64>(name).ok()).unwrap_or(0);
        let real = |name| stats.as_ref().and_then(|stats| stats.get::<f64>(name).ok()).unwrap_or(0.0);
        let passage = meter.transit.passage();
        Self {
            frames_in: passage.entered,
            analysed: count("analysed"),
            dropped: passage.lost + count("skipped") + meter.unrecorded.load(Ordering::Relaxed),
            timed: passage.timed,
            latency_sum_us: passage.sum_us,
            detections: meter.detections.load(Ordering::Relaxed),
            errors: count("errors"),
            bytes: meter.bytes.load(Ordering::Relaxed),
            inference_sum_ms: real("inference-ms-sum"),
            buckets: stats.as_deref().map(buckets).unwrap_or_default(),
        }
    }

    fn plus(&self, other: &Self) -> Self {
        let buckets = if self.buckets.len() == other.buckets.len() {
            let both = self.buckets.iter().zip(&other.buckets);
            both.map(|(mine, theirs)| (theirs.0, mine.1 + theirs.1)).collect()
        } else if self.buckets.is_empty() {
            other.buckets.clone()
        } else {
            self.buckets.clone()
        };
        Self {
            frames_in: self.frames_in + other.frames_in,
            analysed: self.analysed + other.analysed,
            dropped: self.dropped + other.dropped,
            timed: self.timed + other.timed,
            latency_sum_us: self.latency_sum_us + other.latency_sum_us,
            detections: self.detections + other.detections,
            errors: self.errors + other.errors,
            bytes: self.bytes + other.bytes,
            inference_sum_ms: self.inference_sum_ms + other.inference_sum_ms,
            buckets,
        }
    }

    fn show(self, status: &mut CameraStatus) {
        status.frames_in = self.frames_in;
        status.frames_analysed = self.analysed;
        status.frames_dropped = self.dropped;
        status.detections = self.detections;
        status.detection_errors = self.errors;
        status.bytes_in = self.bytes;
        status.inference_sum_ms = self.inference_sum_ms;
        status.inference_buckets = self.buckets;
    }
}

/// Upper bounds in ms and counts of the detector's histogram; the last bucket has no bound.
fn buckets(stats: &gst::StructureRef) -> Vec<(f64, u64)> {
    let list = |name| stats.get::<gst::Array>(name).map(|array| array.to_vec()).unwrap_or_default();
    let bounds = list("inference-bounds-ms").into_iter().filter_map(|bound| bound.get::<f64>().ok());
    let counts = list("inference-buckets").into_iter().filter_map(|count| count.get::<u64>().ok());
    bounds.chain([f64::INFINITY]).zip(counts).collect()
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a mean of a few seconds in ms"
)]
fn mean(sum: f64, count: u64) -> Option<f32> {
    (count > 0).then(|| (sum / count as f64) as f32)
}
