//! What viewing costs and delivers, counted where it happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Figures of one camera's viewers; all but `viewers` since the process started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ViewerFigures {
    /// Watching now: WebRTC sessions and MJPEG streams.
    pub viewers: usize,
    /// Sent as WebRTC packets and as MJPEG parts.
    pub bytes_sent: u64,
    /// WebRTC packets.
    pub packets_sent: u64,
    /// Pictures that an encoder had no time for, or that an MJPEG viewer was too slow for.
    pub frames_skipped: u64,
}

/// Where the figures of one camera add up.
#[derive(Debug, Default)]
pub(super) struct Tally {
    viewers: AtomicUsize,
    bytes: AtomicU64,
    packets: AtomicU64,
    skipped: AtomicU64,
}

impl Tally {
    pub(super) fn skip(&self, frames: u64) {
        self.skipped.fetch_add(frames, Ordering::Relaxed);
    }

    pub(super) fn sent(&self, packets: u64, bytes: u64) {
        self.packets.fetch_add(packets, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn figures(&self) -> ViewerFigures {
        ViewerFigures {
            viewers: self.viewers.load(Ordering::Relaxed),
            bytes_sent: self.bytes.load(Ordering::Relaxed),
            packets_sent: self.packets.load(Ordering::Relaxed),
            frames_skipped: self.skipped.load(Ordering::Relaxed),
        }
    }
}

/// One viewer, counted while this lives; also his place among all that are allowed.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) tally: Arc<Tally>,
    _place: tokio::sync::OwnedSemaphorePermit,
}

impl Seat {
    pub(super) fn new(tally: Arc<Tally>, place: tokio::sync::OwnedSemaphorePermit) -> Self {
        tally.viewers.fetch_add(1, Ordering::Relaxed);
        Self { tally, _place: place }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.tally.viewers.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Encoding pipelines of one codec.
#[derive(Debug, Default)]
pub(super) struct EncodeCount {
    pub(super) running: AtomicUsize,
    pub(super) started: AtomicU64,
}
