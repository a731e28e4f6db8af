//! One pipeline without a supervisor: its frames one by one, none left out, until it ends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gst::prelude::*;

use super::cameras::DetectorSettings;
use super::description::{Built, Description, Kind, PipelineError};
use super::file;
use super::meter::Meter;
use super::reach::trouble_reaching;
use super::reason::{BROKEN_FILE, MissingPlugin, Trouble, explain};
use super::redact::redact;
use super::tap::Tap;
use super::watchdog::FILE_PATIENCE;
use crate::clock::Clock;
use crate::domain::{CameraId, Frame, ParamValue, TenantId};

/// Parameter that paces a file.
pub(super) const REALTIME: &str = "realtime";

/// How long to wait for a frame before looking for errors again.
const LOOK_EVERY: gst::ClockTime = gst::ClockTime::from_mseconds(100);

/// Nobody is there to restart it: longer than a camera's in a server.
const LIVE_PATIENCE: Duration = Duration::from_secs(10);

/// How fast a file is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// As the machine can.
    Fast,
    /// As it was filmed.
    Realtime,
}

/// Frames of one run of a pipeline, in source order. Blocks; not for the runtime's threads.
pub struct FrameStream {
    built: Built,
    tap: Tap,
    secrets: Vec<String>,
    /// The address that is connected to.
    url: Option<String>,
    /// What elements said is missing, in case one gives up over it.
    missing: Vec<MissingPlugin>,
    meter: Arc<Meter>,
    any: bool,
}

/// Without its address and secrets.
impl std::fmt::Debug for FrameStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FrameStream").field("built", &self.built).finish_non_exhaustive()
    }
}

impl FrameStream {
    /// Builds and starts the pipeline.
    ///
    /// # Errors
    /// When `parameters` do not fit, or an element refuses to start.
    pub fn open(
        description: &Description,
        parameters: &BTreeMap<String, ParamValue>,
        detector: &DetectorSettings,
        pace: Pace,
    ) -> Result<Self, PipelineError> {
        let mut parameters = parameters.clone();
        if description.kind == Kind::File && description.parameter(REALTIME).is_some() {
            parameters.entry(REALTIME.to_owned()).or_insert(ParamValue::Bool(pace == Pace::Realtime));
        }
        if description.is_published() {
            let reason =
                format!("pipeline {:?} plays what is published to a camera of a server", description.name);
            return Err(PipelineError::Machine { reason });
        }
        let built = description.build(&parameters)?;
        detector.apply(&built);
        // Back-pressure instead of drops: every frame is wanted. A live source drops before its detector then.
        built.records.set_max_buffers(4);
        built.records.set_drop(false);
        let id = CameraId::new(&description.name).or_else(|_| CameraId::new("pipeline"));
        let id = id.map_err(|error| PipelineError::Machine { reason: error.to_string() })?;
        let mut stream = Self {
            tap: Tap::new(TenantId::default(), id, Clock::system()),
            secrets: description.secrets(&parameters),
            url: description.url(&parameters).map(str::to_owned),
            missing: Vec::new(),
            meter: Arc::new(Meter::new()),
            any: false,
            built,
        };
        stream.meter.attach(&stream.built);
        match stream.built.pipeline.set_state(gst::State::Playing) {
            Ok(_) => Ok(stream),
            Err(_) => Err(stream.refusal()),
        }
    }

    /// What ends the source early.
    pub fn ender(&self) -> Ender {
        Ender(self.built.pipeline.downgrade())
    }

    /// Length of the source, when it has one and says so.
    pub fn duration(&self) -> Option<Duration> {
        self.built.pipeline.query_duration::<gst::ClockTime>().map(Duration::from)
    }

    /// The next frame; `None` at the end of the source.
    ///
    /// # Errors
    /// When an element failed, e.g. over a truncated file; there is no further frame then.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, PipelineError> {
        let mut waited = Duration::ZERO;
        loop {
            if let Some(sample) = self.built.records.try_pull_sample(LOOK_EVERY) {
                if let Some(frame) = self.tap.frame(&sample) {
                    self.any = true;
                    return Ok(Some(frame));
                }
                continue;
            }
            if let Some(error) = self.failure() {
                return Err(error);
            }
            if self.built.records.is_eos() {
                let nothing = PipelineError::Machine { reason: "there is no picture in it".to_owned() };
                return if self.any { Ok(None) } else { Err(nothing) };
            }
            if self.built.kind == Kind::File
                && !self.any
                && file::is_broken(&self.built.pipeline, &self.meter)
            {
                return Err(PipelineError::Machine { reason: BROKEN_FILE.to_owned() });
            }
            waited += Duration::from(LOOK_EVERY);
            let patience = patience(self.built.kind);
            if waited >= patience {
                let reason = format!("no picture for {} s", patience.as_secs());
                return Err(PipelineError::Machine { reason });
            }
        }
    }

    /// The first error on the bus, in words for people and without secrets.
    fn failure(&mut self) -> Option<PipelineError> {
        let bus = self.built.pipeline.bus()?;
        while let Some(message) = bus.pop_filtered(&[gst::MessageType::Error, gst::MessageType::Element]) {
            match message.view() {
                gst::MessageView::Element(element) => {
                    self.missing.extend(MissingPlugin::from_message(element));
                }
                gst::MessageView::Error(error) => {
                    let reason = match explain(error, &self.missing) {
                        Trouble::Unreachable(reason) => self.unreachable().unwrap_or(reason),
                        trouble => trouble.reason(),
                    };
                    return Some(PipelineError::Machine { reason: redact(&reason, &self.secrets) });
                }
                _ => {}
            }
        }
        None
    }

    /// Why no connection can be made, as the network tells.
    fn unreachable(&self) -> Option<String> {
        let url = self.url.as_deref()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        let trouble = runtime.block_on(trouble_reaching(url));
        // A name server that was given up on is not waited for after all.
        runtime.shutdown_background();
        trouble
    }

    fn refusal(&mut self) -> PipelineError {
        self.failure()
            .unwrap_or_else(|| PipelineError::Machine { reason: "the pipeline did not start".into() })
    }
}

/// Without a picture for so long, the source is taken for dead.
fn patience(kind: Kind) -> Duration {
    match kind {
        Kind::Live => LIVE_PATIENCE,
        Kind::File => FILE_PATIENCE,
    }
}

/// Ends a [`FrameStream`] from another thread: frames that are under way still come.
#[derive(Debug, Clone)]
pub struct Ender(gst::glib::WeakRef<gst::Pipeline>);

impl Ender {
    /// Does nothing once the stream is gone.
    pub fn end(&self) {
        if let Some(pipeline) = self.0.upgrade() {
            pipeline.send_event(gst::event::Eos::new());
        }
    }
}

impl Drop for FrameStream {
    fn drop(&mut self) {
        let _ = self.built.pipeline.set_state(gst::State::Null);
    }
}
