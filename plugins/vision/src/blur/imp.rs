//! The element around [`super::regions`]: I420 in place, and a frame with nothing to hide passes untouched.
//!
//! ```text
//! gst-launch-1.0 filesrc location=clip.avi ! decodebin ! videoconvert ! \
//!   visiondetect ! visiontrack ! visionblur ! videoconvert ! autovideosink
//! ```

use std::sync::{LazyLock, Mutex, MutexGuard};
use std::time::Duration;

use gst::{glib, prelude::*, subclass::prelude::*};
use gst_base::{
    prelude::*,
    subclass::{BaseTransformMode, prelude::*},
};

use super::faces::{Faces, Places, RECENT};
use super::regions::{Cover, Part, Patience, Regions};
use crate::{
    detect::error_message,
    draw::{I420Frame, frame::Area},
    engine::{EngineError, I420},
    meta::{Detections, Rect},
    sync::lock,
};

static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new("visionblur", gst::DebugColorFlags::empty(), Some("hides people"))
});

/// A part that is hidden has so many cells across: too few to tell a face.
const CELLS: i32 = 6;

/// Cells across a picture that is hidden whole.
const CELLS_OF_ALL: i32 = 12;

/// What of a person is hidden.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "VisionBlurTarget")]
#[repr(i32)]
pub enum Target {
    #[default]
    #[enum_value(name = "Heads", nick = "heads")]
    Heads,
    #[enum_value(name = "Whole people", nick = "people")]
    People,
    #[enum_value(name = "Nobody: frames pass untouched", nick = "nobody")]
    Nobody,
    #[enum_value(name = "Faces that are surely found, whole heads otherwise", nick = "faces")]
    Faces,
}

#[derive(Debug, Clone)]
struct Settings {
    target: Target,
    hold_ms: u32,
    blackout_ms: u32,
    models_dir: Option<String>,
    assets_dir: Option<String>,
    runtime: Option<String>,
    device: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            target: Target::Heads,
            hold_ms: 1000,
            blackout_ms: 2000,
            models_dir: None,
            assets_dir: None,
            runtime: None,
            device: "auto".to_owned(),
        }
    }
}

impl Settings {
    fn load_faces(&self) -> Result<Faces, EngineError> {
        Faces::load(&Places {
            models_dir: self.models_dir.clone(),
            assets_dir: self.assets_dir.clone(),
            runtime: self.runtime.clone(),
            device: self.device.clone(),
        })
    }
}

#[derive(Default)]
struct State {
    is_started: bool,
    info: Option<gst_video::VideoInfo>,
    regions: Regions,
    /// `None` as long as nobody asked for faces.
    faces: Option<Faces>,
    /// Of the frame at hand.
    cover: Option<Cover>,
}

#[derive(Default, glib::Properties)]
#[properties(wrapper_type = super::VisionBlur)]
pub struct VisionBlur {
    #[property(name = "target", type = Target, get, set, member = target, mutable_playing,
        blurb = "What of a person is hidden", builder(Target::Heads))]
    #[property(name = "hold-ms", type = u32, get, set, member = hold_ms, mutable_playing, maximum = 60_000, default = 1000,
        blurb = "Somebody who is missed stays hidden, by more and more, until a result of so long after their last \
        sight misses them, too")]
    #[property(name = "blackout-ms", type = u32, get, set, member = blackout_ms, mutable_playing, minimum = 100, maximum = 60_000,
        default = 2000, blurb = "Without any result of the detector for so long, the whole picture is hidden")]
    #[property(name = "models-dir", get, set, type = Option<String>, member = models_dir,
        mutable_ready, blurb = "Folder of manifests that add to the standard ones or replace them")]
    #[property(name = "assets-dir", get, set, type = Option<String>, member = assets_dir,
        mutable_ready, blurb = "Folder with models/*.onnx and lib/libonnxruntime.so (unset = \
        ATALAYA_ASSETS_DIR, else ~/.local/share/atalaya, else /usr/share/atalaya)")]
    #[property(name = "runtime", get, set, type = Option<String>, member = runtime,
        mutable_ready, blurb = "Path of ONNX Runtime's library (unset = that of assets-dir)")]
    #[property(name = "device", get, set, type = String, member = device, default = Some("auto"),
        mutable_ready, blurb = "Where the model of faces runs: auto, cpu, cuda, tensorrt or openvino")]
    settings: Mutex<Settings>,
    state: Mutex<State>,
}

#[glib::object_subclass]
impl ObjectSubclass for VisionBlur {
    const NAME: &'static str = "VisionBlur";
    type Type = super::VisionBlur;
    type ParentType = gst_base::BaseTransform;
}

impl ObjectImpl for VisionBlur {
    fn properties() -> &'static [glib::ParamSpec] {
        Self::derived_properties()
    }

    fn set_property(&self, id: usize, value: &glib::Value, spec: &glib::ParamSpec) {
        self.derived_set_property(id, value, spec);
        if spec.name() == "target" {
            self.find_faces_from_now_on();
        }
    }

    fn property(&self, id: usize, spec: &glib::ParamSpec) -> glib::Value {
        self.derived_property(id, spec)
    }
}

impl GstObjectImpl for VisionBlur {}

impl ElementImpl for VisionBlur {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "Vision blur",
                "Filter/Effect/Video",
                "Makes the people that a frame's detections tell of unrecognisable, and all of it when there are none",
                "The Atalaya developers",
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(crate::draw::i420_pads);
        &TEMPLATES
    }
}

impl BaseTransformImpl for VisionBlur {
    const MODE: BaseTransformMode = BaseTransformMode::AlwaysInPlace;
    const PASSTHROUGH_ON_SAME_CAPS: bool = false;
    const TRANSFORM_IP_ON_PASSTHROUGH: bool = false;

    fn set_caps(&self, incaps: &gst::Caps, _outcaps: &gst::Caps) -> Result<(), gst::LoggableError> {
        let info = gst_video::VideoInfo::from_caps(incaps)
            .map_err(|_| gst::loggable_error!(CAT, "cannot understand {incaps}"))?;
        self.state().info = Some(info);
        Ok(())
    }

    fn start(&self) -> Result<(), gst::ErrorMessage> {
        let settings = lock(&self.settings).clone();
        let faces = match settings.target {
            Target::Faces => Some(settings.load_faces().map_err(|error| error_message(&error))?),
            Target::Heads | Target::People | Target::Nobody => None,
        };
        *self.state() = State { is_started: true, faces, ..State::default() };
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        *self.state() = State::default();
        Ok(())
    }

    fn sink_event(&self, event: gst::Event) -> bool {
        match event.view() {
            gst::EventView::FlushStop(_) | gst::EventView::StreamStart(_) => {
                self.state().regions = Regions::default();
            }
            _ => {}
        }
        self.parent_sink_event(event)
    }

    /// A frame with nothing to hide is handed on as it is, also when others hold it: nothing is copied.
    fn before_transform(&self, inbuf: &gst::BufferRef) {
        let (target, hold_ms, blackout_ms) = {
            let settings = lock(&self.settings);
            (settings.target, settings.hold_ms, settings.blackout_ms)
        };
        let part = match target {
            Target::Heads | Target::Faces => Part::Head,
            Target::People => Part::Whole,
            Target::Nobody => {
                self.obj().set_passthrough(true);
                return self.parent_before_transform(inbuf);
            }
        };
        let patience = Patience {
            hold: Duration::from_millis(hold_ms.into()),
            blackout: Duration::from_millis(blackout_ms.into()),
        };
        let detections = Detections::read(inbuf);
        let at = inbuf.pts().map(Duration::from);
        let mut state = self.state();
        let mut cover = state.regions.cover(at, detections.as_ref(), part, patience);
        if let (Target::Faces, Cover::Parts(heads), Some(at)) = (target, &mut cover, at) {
            self.tighten(&mut state, inbuf, heads, at);
        }
        let is_bare = matches!(&cover, Cover::Parts(parts) if parts.is_empty());
        state.cover = Some(cover);
        drop(state);
        self.obj().set_passthrough(is_bare);
        self.parent_before_transform(inbuf);
    }

    /// No lock is held when an error is posted, since whoever listens may ask back.
    fn transform_ip(&self, buffer: &mut gst::BufferRef) -> Result<gst::FlowSuccess, gst::FlowError> {
        let (info, cover) = {
            let mut state = self.state();
            (state.info.clone(), state.cover.take().unwrap_or(Cover::Everything))
        };
        let info = info.ok_or(gst::FlowError::NotNegotiated)?;
        let mut frame = gst_video::VideoFrameRef::from_buffer_ref_writable(buffer, &info)
            .map_err(|error| self.failed(&error))?;
        let mut picture = I420Frame::from_video_frame(&mut frame).map_err(|error| self.failed(&error))?;
        hide(&mut picture, &cover);
        Ok(gst::FlowSuccess::Ok)
    }
}

impl VisionBlur {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Loads the network where faces are first asked for while frames flow: on the thread that asks. Until it is there,
    /// and when it cannot be had, heads are hidden.
    fn find_faces_from_now_on(&self) {
        let settings = lock(&self.settings).clone();
        let is_wanted =
            |state: &State| state.is_started && state.faces.is_none() && settings.target == Target::Faces;
        if !is_wanted(&self.state()) {
            return;
        }
        match settings.load_faces() {
            Ok(faces) => {
                let mut state = self.state();
                if is_wanted(&state) {
                    state.faces = Some(faces);
                }
            }
            Err(error) => {
                gst::element_imp_warning!(
                    self,
                    gst::StreamError::Failed,
                    ("heads are hidden, as faces cannot be looked for: {error}")
                );
            }
        }
    }

    /// Hides faces instead of `heads` where that is safe; heads when it fails.
    fn tighten(&self, state: &mut State, buffer: &gst::BufferRef, heads: &mut [Rect], at: Duration) {
        let is_recent: Vec<_> = state.regions.unseen(at).map(|unseen| unseen <= RECENT).collect();
        let (Some(faces), Some(info)) = (&mut state.faces, &state.info) else { return };
        let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, info);
        let Some(picture) = frame.as_ref().ok().and_then(I420::of) else { return };
        if let Err(error) = faces.tighten(&picture, heads, &is_recent) {
            gst::warning!(CAT, imp = self, "heads are hidden, as faces cannot be looked for: {error}");
        }
    }

    /// The frame goes no further: what cannot be hidden is not shown.
    fn failed(&self, error: &dyn std::fmt::Display) -> gst::FlowError {
        gst::element_imp_error!(
            self,
            gst::ResourceError::Write,
            ("cannot hide people in the picture: {error}")
        );
        gst::FlowError::Error
    }
}

fn hide(picture: &mut I420Frame<'_>, cover: &Cover) {
    let all = picture.area();
    match cover {
        Cover::Everything => picture.pixelate(all, (all.height() / CELLS_OF_ALL) as usize),
        Cover::Parts(parts) => {
            for part in parts {
                let area = pixels(*part, all);
                let side = (area.width().min(area.height()) / CELLS).max(1);
                // A side of few values keeps the cells of somebody who comes nearer from swimming.
                picture.pixelate(area, (side as usize).next_power_of_two());
            }
        }
    }
}

/// Every pixel that `rect` touches in a picture as large as `all`.
fn pixels(rect: Rect, all: Area) -> Area {
    let (width, height) = (all.width() as f32, all.height() as f32);
    Area {
        x0: (rect.x * width).floor() as i32,
        y0: (rect.y * height).floor() as i32,
        x1: ((rect.x + rect.w) * width).ceil() as i32,
        y1: ((rect.y + rect.h) * height).ceil() as i32,
    }
}
