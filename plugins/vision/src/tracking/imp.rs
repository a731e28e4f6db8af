//! The element around [`crate::track`]: reads detections off buffers, writes tracks back. Never touches pixels.
//!
//! ```text
//! gst-launch-1.0 filesrc location=clip.avi ! decodebin ! videoconvert ! \
//!   visiondetect ! visiontrack ! visionoverlay ! videoconvert ! autovideosink
//! ```

use std::{
    sync::{LazyLock, Mutex, MutexGuard},
    time::Duration,
};

use gst::{glib, prelude::*, subclass::prelude::*};
use gst_base::subclass::{BaseTransformMode, prelude::*};

use crate::{
    meta::Detections,
    sync::lock,
    track::{self, Taken, Tracker},
};

static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new("visiontrack", gst::DebugColorFlags::empty(), Some("numbers for detections"))
});

/// A step back in time by more than this is another stream; a smaller one is a camera's jitter.
const STEP_BACK: gst::ClockTime = gst::ClockTime::from_mseconds(500);

#[derive(Debug, Clone, Copy)]
struct Settings {
    memory_ms: u32,
    coast_ms: u32,
    confirm_hits: u32,
    confirm_ms: u32,
}

impl Default for Settings {
    fn default() -> Self {
        let default = track::Settings::default();
        let ms = |duration: Duration| duration.as_millis() as u32;
        Self {
            memory_ms: ms(default.memory),
            coast_ms: ms(default.coast),
            confirm_hits: default.confirm_hits,
            confirm_ms: ms(default.confirm_after),
        }
    }
}

impl Settings {
    /// Both thresholds are the detector's matter: it says from which score on a box may begin a track.
    fn with_high_score(self, high_score: f32) -> track::Settings {
        let ms = |ms: u32| Duration::from_millis(u64::from(ms));
        track::Settings {
            memory: ms(self.memory_ms),
            coast: ms(self.coast_ms),
            confirm_hits: self.confirm_hits,
            confirm_after: ms(self.confirm_ms),
            high_score,
        }
    }
}

#[derive(Default)]
struct State {
    tracker: Tracker,
    segment: Option<gst::Segment>,
    last_pts: Option<gst::ClockTime>,
    counts: Counts,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    frames: u64,
    results: u64,
    /// Results that belong to an earlier frame than the one that brought them.
    late_results: u64,
    /// Results that were ignored: older than one before them, or from before a step back in time.
    old_results: u64,
    lateness: gst::ClockTime,
}

#[derive(Default, glib::Properties)]
#[properties(wrapper_type = super::VisionTrack)]
pub struct VisionTrack {
    #[property(name = "memory-ms", type = u32, get, set, member = memory_ms, maximum = 600_000, default = Settings::default().memory_ms,
        blurb = "How long a hidden object keeps its number (media time)")]
    #[property(name = "coast-ms", type = u32, get, set, member = coast_ms, maximum = 60_000, default = Settings::default().coast_ms,
        blurb = "How long a box is shown, moved on by its speed, for an object that is not detected any more; one missed result is forgiven at any rate")]
    #[property(name = "confirm-hits", type = u32, get, set, member = confirm_hits, minimum = 1, maximum = 1000, default = Settings::default().confirm_hits,
        blurb = "Detections it takes until a track gets its number")]
    #[property(name = "confirm-ms", type = u32, get, set, member = confirm_ms, maximum = 60_000, default = Settings::default().confirm_ms,
        blurb = "Time these detections must span at least")]
    settings: Mutex<Settings>,
    state: Mutex<State>,
}

#[glib::object_subclass]
impl ObjectSubclass for VisionTrack {
    const NAME: &'static str = "VisionTrack";
    type Type = super::VisionTrack;
    type ParentType = gst_base::BaseTransform;
}

impl ObjectImpl for VisionTrack {
    fn properties() -> &'static [glib::ParamSpec] {
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
            let stats = glib::ParamSpecBoxed::builder::<gst::Structure>("stats")
                .blurb(
                    "Counts since the start: frames, results, late-results, old-results, mean-lateness-ms, \
                     tracks-confirmed, tracks-remembered",
                )
                .read_only()
                .build();
            VisionTrack::derived_properties().iter().cloned().chain([stats]).collect()
        });
        &PROPERTIES
    }

    fn set_property(&self, id: usize, value: &glib::Value, pspec: &glib::ParamSpec) {
        self.derived_set_property(id, value, pspec);
    }

    fn property(&self, id: usize, pspec: &glib::ParamSpec) -> glib::Value {
        // A structure has no property type of its own, so the derive does not know it.
        if pspec.name() == "stats" { self.stats().to_value() } else { self.derived_property(id, pspec) }
    }
}

impl GstObjectImpl for VisionTrack {}

impl ElementImpl for VisionTrack {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "Vision tracker",
                "Filter/Analyzer/Video",
                "Follows detections over frames and predicts their boxes to the frame shown",
                "The Atalaya developers",
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            let caps = gst_video::VideoCapsBuilder::new().any_features().build();
            [("sink", gst::PadDirection::Sink), ("src", gst::PadDirection::Src)]
                .map(|(name, direction)| {
                    gst::PadTemplate::new(name, direction, gst::PadPresence::Always, &caps)
                        .expect("the pad template should be valid")
                })
                .into()
        });
        &TEMPLATES
    }
}

impl BaseTransformImpl for VisionTrack {
    const MODE: BaseTransformMode = BaseTransformMode::AlwaysInPlace;
    const PASSTHROUGH_ON_SAME_CAPS: bool = false;
    const TRANSFORM_IP_ON_PASSTHROUGH: bool = false;

    fn start(&self) -> Result<(), gst::ErrorMessage> {
        let mut state = self.state();
        state.reset();
        state.counts = Counts::default();
        Ok(())
    }

    fn sink_event(&self, event: gst::Event) -> bool {
        match event.view() {
            gst::EventView::FlushStop(_) | gst::EventView::StreamStart(_) => {
                self.state().reset();
            }
            gst::EventView::Segment(segment) => {
                let mut state = self.state();
                // A segment that is only announced again changes no time.
                if state.segment.as_ref() != Some(segment.segment()) {
                    state.reset();
                    state.segment = Some(segment.segment().clone());
                }
            }
            _ => (),
        }
        self.parent_sink_event(event)
    }

    fn transform_ip(&self, buffer: &mut gst::BufferRef) -> Result<gst::FlowSuccess, gst::FlowError> {
        let (Some(pts), Some(mut detections)) = (buffer.pts(), Detections::read(buffer)) else {
            gst::debug!(CAT, imp = self, "nothing to track: a buffer without time or detections");
            return Ok(gst::FlowSuccess::Ok);
        };
        let settings = self.settings();
        self.state().track(pts, &mut detections, settings);
        detections.attach(buffer).map_err(|error| {
            gst::element_imp_error!(self, gst::LibraryError::Failed, ("cannot attach tracks: {error}"));
            gst::FlowError::Error
        })?;
        Ok(gst::FlowSuccess::Ok)
    }
}

impl State {
    fn reset(&mut self) {
        self.tracker.reset();
        self.segment = None;
        self.last_pts = None;
    }

    /// Takes the result in `detections`, if it is a new one, and puts the tracks in its place.
    fn track(&mut self, pts: gst::ClockTime, detections: &mut Detections, settings: Settings) {
        if self.last_pts.is_some_and(|last| pts + STEP_BACK < last) {
            gst::info!(CAT, "time went back from {} to {pts}: all tracks end", self.last_pts.display());
            self.tracker.reset();
        }
        self.last_pts = Some(pts);
        self.counts.frames += 1;
        self.tracker.set_settings(settings.with_high_score(detections.threshold));
        let result = detections.seen_pts.filter(|_| detections.fresh);
        detections.fresh = result.is_some_and(|result| self.take(result, pts, detections));
        detections.objects = self.tracker.boxes_at(pts.into());
        for object in &mut detections.objects {
            // Said once, by the frame that brings the result.
            object.seen &= detections.fresh;
        }
    }

    /// False when the result was ignored.
    fn take(&mut self, result: gst::ClockTime, pts: gst::ClockTime, detections: &Detections) -> bool {
        self.counts.results += 1;
        let lateness = pts.saturating_sub(result);
        self.counts.lateness += lateness;
        if !lateness.is_zero() {
            self.counts.late_results += 1;
        }
        // After a step back in time the result that was on its way is of a time yet to come; taken, it would make
        // all that follow too old.
        let is_taken =
            result <= pts && self.tracker.update(result.into(), &detections.objects) != Taken::TooOld;
        self.counts.old_results += u64::from(!is_taken);
        is_taken
    }
}

impl VisionTrack {
    fn settings(&self) -> Settings {
        *lock(&self.settings)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn stats(&self) -> gst::Structure {
        let state = self.state();
        let counts = state.counts;
        let lateness_ms = counts.lateness.nseconds() as f64 / 1e6 / counts.results.max(1) as f64;
        gst::Structure::builder("visiontrack-stats")
            .field("frames", counts.frames)
            .field("results", counts.results)
            .field("late-results", counts.late_results)
            .field("old-results", counts.old_results)
            .field("mean-lateness-ms", lateness_ms)
            .field("tracks-confirmed", state.tracker.confirmed())
            .field("tracks-remembered", state.tracker.remembered() as u64)
            .build()
    }
}
