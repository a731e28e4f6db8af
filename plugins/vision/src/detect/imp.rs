//! The element around [`Stream`]: properties, states, caps, queries and messages.

use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::subclass::prelude::*;

use super::pace::Patience;
use super::settings::{Settings, error_message};
use super::stats::Stats;
use super::stream::{Handled, Stream};
use crate::engine::{EngineError, Thresholds};
use crate::keep::keep_for_a_while;
use crate::sync::lock;

static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new("visiondetect", gst::DebugColorFlags::empty(), Some("Object detector"))
});

/// How often the statistics are posted, and a failure is repeated on the bus at most.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// The running element.
struct Running {
    stream: Stream,
    /// Of the model; they hold while `threshold` is 0.
    thresholds: Thresholds,
    /// What was said in answer to the last latency query.
    latency: Duration,
    last_report: Instant,
    last_warning: Option<Instant>,
}

/// Implementation of the element.
#[derive(Default, glib::Properties)]
#[properties(wrapper_type = super::VisionDetect)]
pub struct VisionDetect {
    #[property(name = "model", get, set, type = String, member = model, default = Some("auto"),
        mutable_ready, blurb = "Name of a model, path of a manifest (with a / or ending in .toml), or auto: the \
        standard one that is fastest here")]
    #[property(name = "models-dir", get, set, type = Option<String>, member = models_dir,
        mutable_ready, blurb = "Folder of manifests that add to the standard ones or replace them")]
    #[property(name = "assets-dir", get, set, type = Option<String>, member = assets_dir,
        mutable_ready, blurb = "Folder with models/*.onnx and lib/libonnxruntime.so (unset = \
        ATALAYA_ASSETS_DIR, else ~/.local/share/atalaya, else /usr/share/atalaya)")]
    #[property(name = "runtime", get, set, type = Option<String>, member = runtime,
        mutable_ready, blurb = "Path of ONNX Runtime's library (unset = that of assets-dir)")]
    #[property(name = "device", get, set, type = String, member = device, default = Some("auto"),
        mutable_ready, blurb = "Where the model runs: auto, cpu, cuda, tensorrt or openvino")]
    #[property(name = "threads", get, set, type = u32, member = threads, default = 1, minimum = 1,
        maximum = 64, mutable_ready, blurb = "Threads one inference may use")]
    #[property(name = "labels", get, set, type = String, member = labels, default = Some("person"),
        mutable_ready, blurb = "Labels to look for, separated by commas (empty = all of the model's)")]
    #[property(name = "inference-interval", get, set, type = u32, member = inference_interval,
        default = 1, minimum = 1, mutable_playing, blurb = "Look at every n-th frame")]
    #[property(name = "max-wait-ms", get, set, type = i32, member = max_wait_ms, default = -2,
        minimum = -2, maximum = 60_000, mutable_playing, blurb = "How long a frame may wait for its own \
        result, in ms (0 = never, -1 = for ever, -2 = three quarters of a frame's time)")]
    #[property(name = "threshold", get, set, type = f32, member = threshold, default = 0.0, minimum = 0.0,
        maximum = 1.0, mutable_playing, blurb = "Score from which a box can begin a track (0 = the \
        model's); weaker ones are passed on too, as far as the model's are good enough to carry a known track on")]
    settings: Mutex<Settings>,
    stats: Mutex<Stats>,
    /// `None` = stopped.
    running: Mutex<Option<Running>>,
}

#[glib::object_subclass]
impl ObjectSubclass for VisionDetect {
    const NAME: &'static str = "GstVisionDetect";
    type Type = super::VisionDetect;
    type ParentType = gst_base::BaseTransform;
}

impl ObjectImpl for VisionDetect {
    fn properties() -> &'static [glib::ParamSpec] {
        // A structure is no type that can be derived; the others keep their numbers as it comes last.
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
            let stats = glib::ParamSpecBoxed::builder::<gst::Structure>("stats")
                .blurb("What was counted since the start; also posted about once a second")
                .read_only()
                .build();
            VisionDetect::derived_properties().iter().cloned().chain([stats]).collect()
        });
        &PROPERTIES
    }

    fn set_property(&self, id: usize, value: &glib::Value, spec: &glib::ParamSpec) {
        self.derived_set_property(id, value, spec);
    }

    fn property(&self, id: usize, spec: &glib::ParamSpec) -> glib::Value {
        match spec.name() {
            "stats" => lock(&self.stats).to_structure().to_value(),
            _ => self.derived_property(id, spec),
        }
    }
}

impl GstObjectImpl for VisionDetect {}

impl ElementImpl for VisionDetect {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "Object detector",
                "Filter/Analyzer/Video",
                "Finds people and things and puts their boxes on the frame they are in",
                "The Atalaya authors",
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            let caps = gst_video::VideoCapsBuilder::new().format(gst_video::VideoFormat::I420).build();
            [("sink", gst::PadDirection::Sink), ("src", gst::PadDirection::Src)]
                .map(|(name, direction)| {
                    gst::PadTemplate::new(name, direction, gst::PadPresence::Always, &caps)
                        .expect("a template with a name and caps should be made")
                })
                .to_vec()
        });
        &TEMPLATES
    }
}

impl BaseTransformImpl for VisionDetect {
    const MODE: gst_base::subclass::BaseTransformMode = gst_base::subclass::BaseTransformMode::AlwaysInPlace;
    const PASSTHROUGH_ON_SAME_CAPS: bool = false;
    const TRANSFORM_IP_ON_PASSTHROUGH: bool = false;

    fn start(&self) -> Result<(), gst::ErrorMessage> {
        let settings = lock(&self.settings).clone();
        let (model, wanted) = settings.load().map_err(|error| error_message(&error))?;
        let manifest = model.manifest();
        gst::info!(CAT, imp = self, "model {} runs on {}", manifest.name, model.device().name());
        let name = manifest.name.clone();
        *lock(&self.stats) =
            Stats { model: name, device: model.device().name().to_owned(), ..Stats::default() };
        let thresholds = manifest.thresholds;
        let stream = Stream::start(Arc::new(model), wanted).map_err(|error| {
            gst::error_msg!(gst::ResourceError::Failed, ("no thread for the inference: {error}"))
        })?;
        let latency = Duration::ZERO;
        let running =
            Running { stream, thresholds, latency, last_report: Instant::now(), last_warning: None };
        *lock(&self.running) = Some(running);
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        let running = lock(&self.running).take();
        if let Some(running) = &running {
            keep_for_a_while(running.stream.model().keep_loaded());
        }
        // Ending the thread waits for the inference at hand; nobody else needs the lock for that.
        drop(running);
        Ok(())
    }

    fn set_caps(&self, incaps: &gst::Caps, _outcaps: &gst::Caps) -> Result<(), gst::LoggableError> {
        let info = gst_video::VideoInfo::from_caps(incaps)
            .map_err(|_| gst::loggable_error!(CAT, "cannot read the caps {incaps}"))?;
        if let Some(running) = &mut *lock(&self.running) {
            running.stream.pace.declare(info.fps());
            running.stream.info = Some(info);
        }
        Ok(())
    }

    fn sink_event(&self, event: gst::Event) -> bool {
        match event.view() {
            // Behind either of them time starts anew, and a result from before would be taken for a later one.
            gst::EventView::FlushStop(_) | gst::EventView::Segment(_) => {
                if let Some(running) = &mut *lock(&self.running) {
                    running.stream.flush();
                }
            }
            gst::EventView::Eos(_) => self.report(),
            _ => {}
        }
        self.parent_sink_event(event)
    }

    fn query(&self, direction: gst::PadDirection, query: &mut gst::QueryRef) -> bool {
        let is_answered = BaseTransformImplExt::parent_query(self, direction, query);
        if is_answered && let gst::QueryViewMut::Latency(latency) = query.view_mut() {
            self.add_latency(latency);
        }
        is_answered
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
        let mut guard = lock(&self.running);
        let running = guard.as_mut().ok_or(gst::FlowError::Flushing)?;
        let rules = lock(&self.settings).rules(running.thresholds);
        let mut stats = lock(&self.stats).clone();
        let handled = running.stream.handle(buffer, &rules, &mut stats);
        let handled = handled
            .map(|Handled { detections, failure }| (detections, running.notices(rules.patience, failure)));
        *lock(&self.stats) = stats;
        // Before anything is posted, an error, too: whoever listens may ask back.
        drop(guard);
        let (detections, notices) = handled.map_err(|error| {
            gst::element_imp_error!(self, gst::StreamError::Failed, ("{error}"));
            gst::FlowError::Error
        })?;
        detections.attach(buffer).map_err(|error| {
            gst::element_imp_error!(self, gst::CoreError::Failed, ("the meta is not registered: {error}"));
            gst::FlowError::Error
        })?;
        self.tell(notices);
        Ok(gst::FlowSuccess::Ok)
    }
}

impl VisionDetect {
    /// Adds the time a frame may be held to what upstream needs.
    fn add_latency(&self, query: &mut gst::query::Latency) {
        let patience = lock(&self.settings).patience();
        let Some(held) = lock(&self.running).as_ref().map(|running| running.stream.latency(patience)) else {
            return;
        };
        let held = gst::ClockTime::try_from(held).unwrap_or(gst::ClockTime::ZERO);
        let (is_live, min, max) = query.result();
        query.set(is_live, min + held, max.map(|max| max + held));
    }

    /// Posts what a frame gave rise to; no lock is held, since whoever listens may ask back.
    fn tell(&self, notices: Notices) {
        if notices.is_latency_new {
            self.post(gst::message::Latency::builder().src(&*self.obj()).build());
        }
        if notices.is_report_due {
            self.report();
        }
        if let Some(error) = notices.failure {
            gst::element_imp_warning!(self, gst::StreamError::Failed, ("{error}"));
        }
    }

    /// Posts the statistics.
    fn report(&self) {
        let structure = lock(&self.stats).to_structure();
        self.post(gst::message::Element::builder(structure).src(&*self.obj()).build());
    }

    fn post(&self, message: gst::Message) {
        if self.obj().post_message(message).is_err() {
            gst::debug!(CAT, imp = self, "nobody listens to messages");
        }
    }
}

/// What a frame gave rise to beside its detections.
struct Notices {
    is_latency_new: bool,
    is_report_due: bool,
    failure: Option<EngineError>,
}

impl Running {
    fn notices(&mut self, patience: Patience, failure: Option<EngineError>) -> Notices {
        let now = Instant::now();
        // A drift of a measured frame time is not worth a new distribution of latencies in the whole pipeline.
        let latency = self.stream.latency(patience);
        let is_latency_new = latency.abs_diff(self.latency) > self.latency / 4;
        if is_latency_new {
            self.latency = latency;
        }
        let is_report_due = now - self.last_report >= REPORT_EVERY;
        if is_report_due {
            self.last_report = now;
        }
        let is_quiet = self.last_warning.is_none_or(|last| now - last >= REPORT_EVERY);
        let failure = failure.filter(|_| is_quiet);
        if failure.is_some() {
            self.last_warning = Some(now);
        }
        Notices { is_latency_new, is_report_due, failure }
    }
}
