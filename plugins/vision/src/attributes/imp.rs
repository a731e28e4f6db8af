//! The element around [`People`] and the thread that looks at them.

use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::subclass::{BaseTransformMode, prelude::*};

use super::cutout::Cutout;
use super::people::People;
use super::settings::Settings;
use super::task::PERSON;
use super::worker::{Dead, Outcome, Worker};
use crate::detect::error_message;
use crate::engine::age::AgeReader;
use crate::engine::{EngineError, I420};
use crate::keep::keep_for_a_while;
use crate::meta::{Detections, Rect};
use crate::person::is_worn;
use crate::sync::lock;

static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new(
        "visionattributes",
        gst::DebugColorFlags::empty(),
        Some("What people wear and carry"),
    )
});

/// What a look is taken to cost while frames wait for it: about what it takes on a fast core. What it really took would
/// make the answer depend on the machine.
const FIXED_COST: Duration = Duration::from_millis(80);

/// How often a failure is repeated on the bus at most.
const WARN_EVERY: Duration = Duration::from_secs(1);

/// A step back in time by more than this is another stream.
const STEP_BACK: gst::ClockTime = gst::ClockTime::from_mseconds(500);

/// What the running element needs to look at anybody.
struct Looking {
    worker: Worker,
    ages: AgeReader,
    /// Holds the networks.
    keeper: Box<dyn Send + Sync>,
}

/// The running element.
#[derive(Default)]
struct State {
    is_started: bool,
    /// `None` as long as there was no budget: no network is loaded then.
    looking: Option<Looking>,
    info: Option<gst_video::VideoInfo>,
    people: People,
    epoch: u64,
    last_pts: Option<gst::ClockTime>,
    last_warning: Option<Instant>,
    counts: Counts,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    frames: u64,
    looks: u64,
    errors: u64,
    time: Duration,
}

/// Implementation of the element.
#[derive(Default, glib::Properties)]
#[properties(wrapper_type = super::VisionAttributes)]
pub struct VisionAttributes {
    #[property(name = "models-dir", get, set, type = Option<String>, member = models_dir,
        mutable_ready, blurb = "Folder of manifests that add to the standard ones or replace them")]
    #[property(name = "assets-dir", get, set, type = Option<String>, member = assets_dir,
        mutable_ready, blurb = "Folder with models/*.onnx and lib/libonnxruntime.so (unset = \
        ATALAYA_ASSETS_DIR, else ~/.local/share/atalaya, else /usr/share/atalaya)")]
    #[property(name = "runtime", get, set, type = Option<String>, member = runtime,
        mutable_ready, blurb = "Path of ONNX Runtime's library (unset = that of assets-dir)")]
    #[property(name = "device", get, set, type = String, member = device, default = Some("auto"),
        mutable_ready, blurb = "Where the models run: auto, cpu, cuda, tensorrt or openvino")]
    #[property(name = "threads", get, set, type = u32, member = threads, default = 1, minimum = 1,
        maximum = 64, mutable_ready, blurb = "Threads one inference may use")]
    #[property(name = "budget", get, set, type = f32, member = budget, default = 0.1, minimum = 0.0,
        maximum = 1.0, mutable_playing, blurb = "Share of a core that looks at people may take (0 = look at \
        nobody; the models are loaded when it is first more)")]
    #[property(name = "interval-ms", get, set, type = u32, member = interval_ms, default = 2000,
        maximum = 600_000, mutable_playing, blurb = "Between two looks at one person, at least (media time)")]
    #[property(name = "wait", get, set, type = bool, member = wait, default = false,
        mutable_playing, blurb = "Hold a frame for the look that it gives rise to; for files")]
    #[property(name = "keep-things", get, set, type = bool, member = keep_things, default = false,
        mutable_playing, blurb = "Hand on the boxes of bags and ties as objects of their own, too")]
    settings: Mutex<Settings>,
    state: Mutex<State>,
}

#[glib::object_subclass]
impl ObjectSubclass for VisionAttributes {
    const NAME: &'static str = "GstVisionAttributes";
    type Type = super::VisionAttributes;
    type ParentType = gst_base::BaseTransform;
}

impl ObjectImpl for VisionAttributes {
    fn properties() -> &'static [glib::ParamSpec] {
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
            let stats = glib::ParamSpecBoxed::builder::<gst::Structure>("stats")
                .blurb("Counts since the start: frames, looks, errors, mean-look-ms")
                .read_only()
                .build();
            VisionAttributes::derived_properties().iter().cloned().chain([stats]).collect()
        });
        &PROPERTIES
    }

    fn set_property(&self, id: usize, value: &glib::Value, spec: &glib::ParamSpec) {
        self.derived_set_property(id, value, spec);
        if spec.name() == "budget" {
            self.look_from_now_on();
        }
    }

    fn property(&self, id: usize, spec: &glib::ParamSpec) -> glib::Value {
        // A structure has no property type of its own, so the derive does not know it.
        if spec.name() == "stats" { self.stats().to_value() } else { self.derived_property(id, spec) }
    }
}

impl GstObjectImpl for VisionAttributes {}

impl ElementImpl for VisionAttributes {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "Attributes of people",
                "Filter/Analyzer/Video",
                "Says what tracked people wear and carry and how old they look",
                "The Atalaya authors",
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(crate::draw::i420_pads);
        &TEMPLATES
    }
}

impl BaseTransformImpl for VisionAttributes {
    const MODE: BaseTransformMode = BaseTransformMode::AlwaysInPlace;
    const PASSTHROUGH_ON_SAME_CAPS: bool = false;
    const TRANSFORM_IP_ON_PASSTHROUGH: bool = false;

    fn start(&self) -> Result<(), gst::ErrorMessage> {
        let settings = lock(&self.settings).clone();
        let looking = if settings.budget > 0.0 { Some(self.start_looking(&settings)?) } else { None };
        *lock(&self.state) = State { is_started: true, looking, ..State::default() };
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        let state = std::mem::take(&mut *lock(&self.state));
        if let Some(Looking { worker, keeper, .. }) = state.looking {
            keep_for_a_while(keeper);
            // Ending the thread waits for the look at hand.
            drop(worker);
        }
        Ok(())
    }

    fn set_caps(&self, incaps: &gst::Caps, _outcaps: &gst::Caps) -> Result<(), gst::LoggableError> {
        let info = gst_video::VideoInfo::from_caps(incaps)
            .map_err(|_| gst::loggable_error!(CAT, "cannot read the caps {incaps}"))?;
        lock(&self.state).info = Some(info);
        Ok(())
    }

    fn sink_event(&self, event: gst::Event) -> bool {
        // Behind a flush or a new stream times begin anew.
        if matches!(event.view(), gst::EventView::FlushStop(_) | gst::EventView::StreamStart(_)) {
            lock(&self.state).reset();
        }
        self.parent_sink_event(event)
    }

    fn propose_allocation(
        &self,
        decide_query: Option<&gst::query::Allocation>,
        query: &mut gst::query::Allocation,
    ) -> Result<(), gst::LoggableError> {
        self.parent_propose_allocation(decide_query, query)?;
        // Planes and strides are read from the meta, so a decoder need not copy its padded frames for us.
        query.add_allocation_meta::<gst_video::VideoMeta>(None);
        Ok(())
    }

    fn transform_ip(&self, buffer: &mut gst::BufferRef) -> Result<gst::FlowSuccess, gst::FlowError> {
        let (Some(pts), Some(mut detections)) = (buffer.pts(), Detections::read(buffer)) else {
            gst::debug!(CAT, imp = self, "nobody to look at: a buffer without time or detections");
            return Ok(gst::FlowSuccess::Ok);
        };
        let settings = lock(&self.settings).clone();
        // No lock is held while messages are posted, since whoever listens may ask back.
        let handled = lock(&self.state).handle(buffer, pts, &mut detections, &settings);
        match handled {
            Ok(None) => {}
            Ok(Some(error)) => gst::element_imp_warning!(self, gst::StreamError::Failed, ("{error}")),
            Err(error) => {
                gst::element_imp_error!(self, gst::StreamError::Failed, ("{error}"));
                return Err(gst::FlowError::Error);
            }
        }
        detections.attach(buffer).map_err(|error| {
            gst::element_imp_error!(self, gst::CoreError::Failed, ("the meta is not registered: {error}"));
            gst::FlowError::Error
        })?;
        Ok(gst::FlowSuccess::Ok)
    }
}

impl VisionAttributes {
    fn start_looking(&self, settings: &Settings) -> Result<Looking, gst::ErrorMessage> {
        let looker = settings.load().map_err(|error| error_message(&error))?;
        gst::info!(CAT, imp = self, "looking at people for {} of a core", settings.budget);
        let (ages, keeper) = (looker.age_reader(), Box::new(looker.keep_loaded()));
        let worker = Worker::start(looker).map_err(|error| {
            gst::error_msg!(gst::ResourceError::Failed, ("no thread to look at people: {error}"))
        })?;
        Ok(Looking { worker, ages, keeper })
    }

    /// Loads the networks where the first budget is given to an element that plays: on the thread that gives it.
    fn look_from_now_on(&self) {
        let settings = lock(&self.settings).clone();
        let is_wanted = |state: &State| state.is_started && state.looking.is_none() && settings.budget > 0.0;
        if !is_wanted(&lock(&self.state)) {
            return;
        }
        match self.start_looking(&settings) {
            Ok(looking) => {
                let mut state = lock(&self.state);
                if is_wanted(&state) {
                    state.looking = Some(looking);
                }
            }
            Err(error) => gst::element_imp_warning!(self, gst::StreamError::Failed, ("{error}")),
        }
    }

    fn stats(&self) -> gst::Structure {
        let counts = lock(&self.state).counts;
        let mean = counts.time.as_secs_f64() * 1000.0 / counts.looks.max(1) as f64;
        gst::Structure::builder("visionattributes-stats")
            .field("frames", counts.frames)
            .field("looks", counts.looks)
            .field("errors", counts.errors)
            .field("mean-look-ms", mean)
            .build()
    }
}

impl State {
    fn reset(&mut self) {
        self.people.reset();
        self.epoch += 1;
        self.last_pts = None;
    }

    /// Handles one frame; answers what failed without ending the stream, once a second at most.
    fn handle(
        &mut self,
        buffer: &gst::BufferRef,
        pts: gst::ClockTime,
        detections: &mut Detections,
        settings: &Settings,
    ) -> Result<Option<EngineError>, Dead> {
        if self.last_pts.is_some_and(|last| pts + STEP_BACK < last) {
            self.reset();
        }
        self.last_pts = Some(pts);
        self.counts.frames += 1;
        let rules = settings.rules();
        self.people.advance(pts.into(), rules);
        let mut failure = None;
        if let Some(outcome) =
            self.looking.as_mut().map(|looking| looking.worker.take()).transpose()?.flatten()
        {
            failure = self.settle(outcome, settings);
        }
        if detections.fresh {
            let seen = self.people.notice(&detections.objects);
            failure = self.look(buffer, &seen, detections, settings)?.or(failure);
            if let Some(looking) = &self.looking {
                self.people.sum_up(|votes| votes.attributes(&looking.ages));
            }
        }
        if !settings.keep_things {
            detections.objects.retain(|object| !is_worn(&object.label));
        }
        if self.looking.is_some() {
            for object in detections.objects.iter_mut().filter(|object| object.label == PERSON) {
                object.about = self.people.about(object);
            }
        }
        let is_new = || self.last_warning.is_none_or(|last| last.elapsed() >= WARN_EVERY);
        let told = failure.filter(|_| is_new());
        if told.is_some() {
            self.last_warning = Some(Instant::now());
        }
        Ok(told)
    }

    /// Begins a look at whoever is next, and has it at once when frames wait.
    fn look(
        &mut self,
        buffer: &gst::BufferRef,
        seen: &[(u64, Rect)],
        detections: &Detections,
        settings: &Settings,
    ) -> Result<Option<EngineError>, Dead> {
        let (Some(looking), Some(info)) = (&mut self.looking, &self.info) else { return Ok(None) };
        if looking.worker.is_busy() {
            return Ok(None);
        }
        let size = (info.width() as f32, info.height() as f32);
        let cut = |rect: &Rect| cut(buffer, info, rect);
        let task = self.people.begin_look((seen, &detections.objects), size, settings.rules(), cut);
        let Some(task) = task else { return Ok(None) };
        looking.worker.submit(task, self.epoch)?;
        if !settings.wait {
            return Ok(None);
        }
        let outcome = looking.worker.wait()?;
        Ok(self.settle(outcome, settings))
    }

    /// Takes a look into account; answers why it failed.
    fn settle(&mut self, outcome: Outcome, settings: &Settings) -> Option<EngineError> {
        let Outcome { task, epoch, look, took } = outcome;
        self.people.charge(if settings.wait { FIXED_COST } else { took });
        let look = match look {
            Ok(look) => look,
            Err(error) => {
                self.counts.errors += 1;
                return Some(error);
            }
        };
        self.counts.looks += 1;
        self.counts.time += took;
        if epoch == self.epoch {
            self.people.end_look(&task, &look);
        }
        None
    }
}

/// The part of the frame in `buffer` that a look at whoever is in `rect` needs.
fn cut(buffer: &gst::BufferRef, info: &gst_video::VideoInfo, rect: &Rect) -> Option<Cutout> {
    let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, info).ok()?;
    Cutout::around(&I420::of(&frame)?, rect)
}
