//! Counts what flows through one run of a pipeline, and notices when nothing does.
//!
//! The streaming threads only add to atomics; the camera's task reads them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gst::prelude::*;
use tokio::sync::Notify;

use super::description::Built;
use super::transit::Transit;
use crate::domain::Frame;

/// Label of the detections that `people_now` counts.
const PERSON: &str = "person";

/// Figures of one run.
#[derive(Debug)]
pub(super) struct Meter {
    start: Instant,
    pub(super) bytes: AtomicU64,
    /// Frames from the detector's queue to the end.
    pub(super) transit: Transit,
    /// Frames that went through to the end.
    pub(super) frames_out: AtomicU64,
    /// Frames whose record did not fit its queue.
    pub(super) unrecorded: AtomicU64,
    pub(super) detections: AtomicU64,
    pub(super) width: AtomicU32,
    pub(super) height: AtomicU32,
    pub(super) people: AtomicU32,
    last_sign_ms: AtomicU64,
    last_picture_ms: AtomicU64,
    /// Wakes the camera's task at the first picture.
    pub(super) first_picture: Notify,
}

impl Meter {
    pub(super) fn new() -> Self {
        Self {
            start: Instant::now(),
            bytes: AtomicU64::new(0),
            transit: Transit::new(),
            frames_out: AtomicU64::new(0),
            unrecorded: AtomicU64::new(0),
            detections: AtomicU64::new(0),
            width: AtomicU32::new(0),
            height: AtomicU32::new(0),
            people: AtomicU32::new(0),
            last_sign_ms: AtomicU64::new(0),
            last_picture_ms: AtomicU64::new(0),
            first_picture: Notify::new(),
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The camera answered or sent something.
    pub(super) fn sign_of_life(&self) {
        self.last_sign_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    /// A frame came out of the pipeline; `pts` is its buffer's.
    pub(super) fn picture(&self, frame: &Frame, pts: Option<gst::ClockTime>) {
        self.transit.leave(pts.map(gst::ClockTime::nseconds), self.start.elapsed());
        self.last_picture_ms.store(self.now_ms(), Ordering::Relaxed);
        self.width.store(frame.width, Ordering::Relaxed);
        self.height.store(frame.height, Ordering::Relaxed);
        let people = frame.detections.iter().filter(|d| d.track.is_some() && &*d.label == PERSON).count();
        self.people.store(u32::try_from(people).unwrap_or(u32::MAX), Ordering::Relaxed);
        // `seen` is set on the frame that brings a result, be it of this frame or of one before.
        let seen = frame.detections.iter().filter(|detection| detection.seen).count();
        self.detections.fetch_add(seen as u64, Ordering::Relaxed);
        if self.frames_out.fetch_add(1, Ordering::Relaxed) == 0 {
            self.first_picture.notify_one();
        }
    }

    /// How long nothing at all has come.
    pub(super) fn silence(&self) -> Duration {
        let sign =
            self.last_sign_ms.load(Ordering::Relaxed).max(self.last_picture_ms.load(Ordering::Relaxed));
        Duration::from_millis(self.now_ms().saturating_sub(sign))
    }

    /// How long no picture has come; since the start when there was none.
    pub(super) fn darkness(&self) -> Duration {
        Duration::from_millis(self.now_ms().saturating_sub(self.last_picture_ms.load(Ordering::Relaxed)))
    }

    /// Counts what the sources of `built` send and what arrives before its detector.
    pub(super) fn attach(self: &Arc<Self>, built: &Built) {
        for source in built.pipeline.iterate_sources().into_iter().flatten() {
            for pad in source.src_pads() {
                self.count_bytes(&pad);
            }
            let meter = Arc::downgrade(self);
            // Network sources make their pads once they know the streams.
            source.connect_pad_added(move |_, pad| {
                if let Some(meter) = meter.upgrade()
                    && pad.direction() == gst::PadDirection::Src
                {
                    meter.count_bytes(pad);
                }
            });
        }
        if let Some(pad) = entry(built) {
            let meter = self.clone();
            pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
                let pts = info.buffer().and_then(|buffer| buffer.pts());
                meter.transit.enter(pts.map(gst::ClockTime::nseconds), meter.start.elapsed());
                gst::PadProbeReturn::Ok
            });
        }
    }

    fn count_bytes(self: &Arc<Self>, pad: &gst::Pad) {
        let meter = self.clone();
        let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST;
        pad.add_probe(kinds, move |_, info| {
            let bytes = match &info.data {
                Some(gst::PadProbeData::Buffer(buffer)) => buffer.size(),
                Some(gst::PadProbeData::BufferList(list)) => list.iter().map(gst::BufferRef::size).sum(),
                _ => 0,
            };
            meter.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
            meter.sign_of_life();
            gst::PadProbeReturn::Ok
        });
    }
}

/// The pad where frames arrive that are to be analysed: before the queue that drops what cannot be.
fn entry(built: &Built) -> Option<gst::Pad> {
    let last = built.detect.clone().unwrap_or_else(|| built.records.clone().upcast());
    let mut pad = last.static_pad("sink")?;
    while let Some(before) = pad.peer().and_then(|peer| peer.parent_element())
        && before.factory().is_some_and(|factory| factory.name() == "queue")
    {
        pad = before.static_pad("sink")?;
    }
    Some(pad)
}
