//! One run of one pipeline: started and ended on threads that may block.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gst::prelude::*;
use tokio::sync::mpsc;

use super::cameras::CameraContext;
use super::description::{Built, Description, Kind, PipelineError};
use super::file;
use super::handle::{Inner, Overlay};
use super::meter::Meter;
use super::publish::Intake;
use super::reason::MissingPlugin;
use super::stream::REALTIME;
use super::tap::Tap;
use super::views::Valves;
use crate::domain::{Camera, Frame, ParamValue};

/// A pipeline that was started; dropping it stops it, which may block.
#[derive(Debug)]
pub(super) struct Run {
    built: Built,
    valves: Option<Valves>,
    /// It takes what is published to the camera.
    intake: Option<Intake>,
    pub(super) meter: Arc<Meter>,
    /// Counts the pipelines of this camera that are alive.
    alive: Arc<AtomicUsize>,
}

/// What a pipeline tells the camera's task.
#[derive(Debug)]
pub(super) enum Signal {
    /// An error, or a plugin that is missing.
    Message(gst::Message),
    /// The last frame went through.
    End,
}

/// What the app wants of a run.
pub(super) struct Plan {
    pub(super) context: Arc<CameraContext>,
    pub(super) inner: Arc<Inner>,
    pub(super) camera: Arc<Camera>,
    pub(super) description: Arc<Description>,
    pub(super) signals: mpsc::Sender<Signal>,
    pub(super) alive: Arc<AtomicUsize>,
}

/// Why a run did not start.
#[derive(Debug)]
pub(super) enum StartError {
    Pipeline(PipelineError),
    /// An element refused; it said why on the bus.
    Refused,
}

impl Run {
    /// Builds and starts the pipeline. Blocks; not for the runtime's threads.
    pub(super) fn start(plan: &Plan) -> Result<Self, StartError> {
        let mut parameters = plan.camera.parameters.clone();
        if plan.description.kind == Kind::File && plan.description.parameter(REALTIME).is_some() {
            parameters.entry(REALTIME.to_owned()).or_insert(ParamValue::Bool(true));
        }
        let built = plan.description.build(&parameters).map_err(StartError::Pipeline)?;
        plan.context.detector.apply(&built);
        plan.alive.fetch_add(1, Ordering::AcqRel);
        let mut run = Self {
            built,
            valves: None,
            intake: None,
            meter: Arc::new(Meter::new()),
            alive: plan.alive.clone(),
        };
        run.valves = run.attach_views(plan).map_err(StartError::Pipeline)?;
        run.meter.attach(&run.built);
        run.attach_records(plan);
        run.listen(plan.signals.clone());
        run.built.pipeline.set_state(gst::State::Playing).map_err(|_| StartError::Refused)?;
        // It refuses pictures before.
        run.intake = run.built.published.clone().map(|source| Intake::new(plan.inner.clone(), source));
        Ok(run)
    }

    pub(super) fn pipeline(&self) -> gst::Pipeline {
        self.built.pipeline.clone()
    }

    /// True when this plays a file that will never give a picture.
    pub(super) fn is_broken_file(&self) -> bool {
        file::is_broken(&self.built.pipeline, &self.meter)
    }

    fn attach_views(&self, plan: &Plan) -> Result<Option<Valves>, PipelineError> {
        let Some(tee) = &self.built.views else { return Ok(None) };
        let (inner, language) = (&plan.inner, &plan.context.language);
        let valves = Valves::attach(&self.built.pipeline, tee, inner, language).map_err(|error| {
            PipelineError::Machine { reason: format!("cannot attach viewers: {}", error.message) }
        })?;
        for overlay in [Overlay::Plain, Overlay::Drawn] {
            valves.set(overlay, *inner.view(overlay).wanted().borrow());
        }
        Ok(Some(valves))
    }

    /// Lets every frame go to listeners and to the recorder. Runs on the streaming thread: it never waits.
    fn attach_records(&self, plan: &Plan) {
        let camera = &plan.camera;
        let mut tap = Tap::new(camera.tenant, camera.id.clone(), plan.context.clock.clone());
        let (meter, records) = (self.meter.clone(), plan.context.records.clone());
        let inner = Arc::downgrade(&plan.inner);
        let signals = plan.signals.clone();
        let callbacks = gst_app::AppSinkCallbacks::builder()
            // The bus would tell of the end only when all sinks have seen it, and closed valves let nothing pass.
            .eos(move |_| {
                let _ = signals.try_send(Signal::End);
            })
            .new_sample(move |sink| {
                let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                let Some(frame) = tap.frame(&sample) else { return Ok(gst::FlowSuccess::Ok) };
                let frame: Arc<Frame> = Arc::new(frame);
                meter.picture(&frame, sample.buffer().and_then(gst::BufferRef::pts));
                if let Some(inner) = inner.upgrade() {
                    // An error only says that nobody listens.
                    let _ = inner.frames.send(frame.clone());
                }
                if records.try_send(frame).is_err() {
                    meter.unrecorded.fetch_add(1, Ordering::Relaxed);
                }
                Ok(gst::FlowSuccess::Ok)
            })
            .build();
        self.built.records.set_callbacks(callbacks);
    }

    /// Passes on what the camera's task has to know; the rest of the bus's messages is dropped where it comes up.
    fn listen(&self, signals: mpsc::Sender<Signal>) {
        let Some(bus) = self.built.pipeline.bus() else { return };
        let meter = self.meter.clone();
        bus.set_sync_handler(move |_, message| {
            match message.view() {
                gst::MessageView::Element(element) if MissingPlugin::from_message(element).is_none() => {}
                gst::MessageView::Error(_) | gst::MessageView::Element(_) => {
                    // A full channel means that the end of this run was told many times over.
                    let _ = signals.try_send(Signal::Message(message.clone()));
                }
                gst::MessageView::Progress(_) => meter.sign_of_life(),
                _ => {}
            }
            gst::BusSyncReply::Drop
        });
    }

    /// Opens or closes the branch of `overlay`.
    pub(super) fn set_wanted(&self, overlay: Overlay, wanted: usize) {
        if let Some(valves) = &self.valves {
            valves.set(overlay, wanted);
        }
    }

    /// The detector's own figures.
    pub(super) fn detector_stats(&self) -> Option<gst::Structure> {
        let detect = self.built.detect.as_ref()?;
        detect.find_property("stats").map(|_| detect.property::<gst::Structure>("stats"))
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.intake = None;
        // Messages of the end are of no interest, and the handler holds the channel's sender.
        if self.built.pipeline.set_state(gst::State::Null).is_err() {
            tracing::warn!("a pipeline refused to stop");
        }
        if let Some(bus) = self.built.pipeline.bus() {
            bus.unset_sync_handler();
        }
        self.alive.fetch_sub(1, Ordering::AcqRel);
    }
}
