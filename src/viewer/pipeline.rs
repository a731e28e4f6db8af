//! One encoding pipeline: raw pictures in by hand, encoded units out by callback.
//!
//! It is apart from the camera's pipeline, so that neither fails, stalls or restarts with the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gst::prelude::*;
use tokio::sync::mpsc;

/// Pictures that may wait for the encoder; more would only be late.
const WAITING: u64 = 2;

/// An encoder with work that gave nothing for this long is taken for hung.
const STALL: Duration = Duration::from_secs(3);

/// One encoded picture.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    pub(super) data: Arc<[u8]>,
    /// Decoding can start here.
    pub(super) key: bool,
    /// Since the rendition began; only ever grows.
    pub(super) time: Duration,
    /// The same as a point in time: when the picture left the camera's pipeline.
    pub(super) at: Instant,
}

/// What became of a picture.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    Taken,
    /// The encoder is busy with earlier ones.
    Skipped,
    /// The encoder is busy and gives nothing.
    Stalled,
}

/// A running pipeline.
#[derive(Debug)]
pub(super) struct Pipeline {
    pipeline: gst::Pipeline,
    source: gst_app::AppSrc,
    /// Zero of the rendition's clock.
    epoch: Instant,
    /// Milliseconds from there to the newest output.
    output_ms: Arc<AtomicU64>,
}

impl Pipeline {
    /// Builds and starts `appsrc ! chain ! appsink`; `epoch` is when its times begin. Errors that come later
    /// arrive on `failures`.
    ///
    /// This may open a device and wait for it, so it does not belong on a runtime's thread.
    ///
    /// # Errors
    /// Why it does not start.
    pub(super) fn start(
        caps: &gst::Caps,
        chain: Vec<gst::Element>,
        epoch: Instant,
        failures: mpsc::Sender<String>,
        deliver: impl Fn(Unit) + Send + Sync + 'static,
    ) -> Result<Self, String> {
        let source = gst_app::AppSrc::builder()
            .caps(caps)
            .format(gst::Format::Time)
            .is_live(true)
            .max_buffers(WAITING)
            .leaky_type(gst_app::AppLeakyType::Downstream)
            .build();
        let output_ms = Arc::new(AtomicU64::new(millis(epoch.elapsed())));
        let sink = sink(epoch, output_ms.clone(), deliver);
        let pipeline = gst::Pipeline::new();
        let mut elements = vec![source.clone().upcast()];
        elements.extend(chain);
        elements.push(sink.upcast());
        pipeline
            .add_many(&elements)
            .and_then(|()| gst::Element::link_many(&elements))
            .map_err(|error| error.to_string())?;
        report_errors(&pipeline, failures);
        let started = Self { pipeline, source, epoch, output_ms };
        started
            .pipeline
            .set_state(gst::State::Playing)
            .map_err(|_| "the encoder does not start".to_owned())?;
        Ok(started)
    }

    /// Gives the encoder a picture to be shown `time` after the rendition began.
    pub(super) fn push(&self, picture: &gst::BufferRef, time: Duration) -> Pushed {
        if self.source.current_level_buffers() >= WAITING {
            let newest = Duration::from_millis(self.output_ms.load(Ordering::Relaxed));
            let quiet = self.epoch.elapsed().saturating_sub(newest);
            return if quiet > STALL { Pushed::Stalled } else { Pushed::Skipped };
        }
        // Shares the pixels; only the times are this rendition's own.
        let mut buffer = picture.copy();
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(gst::ClockTime::try_from(time).ok());
            buffer.set_dts(None);
            buffer.set_duration(None);
        }
        // A refusal means the pipeline failed or ends: its bus tells.
        match self.source.push_buffer(buffer) {
            Ok(_) => Pushed::Taken,
            Err(_) => Pushed::Skipped,
        }
    }

    /// Makes the next picture one that decoding can start at.
    pub(super) fn force_key(&self) {
        let Some(pad) = self.pipeline.by_name("encoder").and_then(|encoder| encoder.static_pad("src")) else {
            return;
        };
        let event = gst_video::UpstreamForceKeyUnitEvent::builder().all_headers(true).build();
        pad.send_event(event);
    }

    /// Ends it, away from the runtime's threads: drivers may take their time.
    pub(super) async fn stop(self) {
        if tokio::task::spawn_blocking(move || drop(self)).await.is_err() {
            tracing::warn!("an encoder crashed while it was shut down");
        }
    }
}

#[cfg(test)]
impl Pipeline {
    /// What a driver does when its device is gone.
    pub(super) fn break_down(&self, reason: &str) {
        let error = gst::message::Error::builder(gst::CoreError::Failed, reason).src(&self.pipeline).build();
        self.pipeline.post_message(error).expect("a pipeline should have a bus");
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        if self.pipeline.set_state(gst::State::Null).is_err() {
            tracing::warn!("an encoding pipeline did not shut down");
        }
    }
}

fn sink(
    epoch: Instant,
    output_ms: Arc<AtomicU64>,
    deliver: impl Fn(Unit) + Send + Sync + 'static,
) -> gst_app::AppSink {
    let take = move |sink: &gst_app::AppSink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        let Some(buffer) = sample.buffer() else { return Ok(gst::FlowSuccess::Ok) };
        output_ms.store(millis(epoch.elapsed()), Ordering::Relaxed);
        let map = buffer.map_readable().map_err(|_| gst::FlowError::Error)?;
        // Not the bare PTS: x264enc moves that by 1000 hours, and its segment along.
        let segment = sample.segment().and_then(|segment| segment.downcast_ref::<gst::ClockTime>());
        let running = segment.and_then(|segment| segment.to_running_time(buffer.pts()));
        let time = running.map_or(Duration::ZERO, Duration::from);
        deliver(Unit {
            data: Arc::from(map.as_slice()),
            key: !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT),
            time,
            at: epoch + time,
        });
        Ok(gst::FlowSuccess::Ok)
    };
    let sink = gst_app::AppSink::builder().sync(false).max_buffers(WAITING as u32).build();
    sink.set_callbacks(gst_app::AppSinkCallbacks::builder().new_sample(take).build());
    sink
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Passes errors on from whatever thread they happen in, and keeps the bus empty.
fn report_errors(pipeline: &gst::Pipeline, failures: mpsc::Sender<String>) {
    let Some(bus) = pipeline.bus() else { return };
    bus.set_sync_handler(move |_, message| {
        if let gst::MessageView::Error(error) = message.view() {
            // When one is waiting already, it says enough.
            let _ = failures.try_send(error.error().to_string());
        }
        gst::BusSyncReply::Drop
    });
}
