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

use super::regions::{Cover, Part, Patience, Regions};
use crate::{
    draw::{I420Frame, frame::Area},
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
}

#[derive(Debug, Clone, Copy)]
struct Settings {
    target: Target,
    hold_ms: u32,
    blackout_ms: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { target: Target::Heads, hold_ms: 1000, blackout_ms: 2000 }
    }
}

#[derive(Default)]
struct State {
    info: Option<gst_video::VideoInfo>,
    regions: Regions,
    /// Of the frame at hand.
    cover: Option<Cover>,
}

#[derive(Default, glib::Properties)]
#[properties(wrapper_type = super::VisionBlur)]
pub struct VisionBlur {
    #[property(name = "target", type = Target, get, set, member = target,
        blurb = "What of a person is hidden", builder(Target::Heads))]
    #[property(name = "hold-ms", type = u32, get, set, member = hold_ms, maximum = 60_000, default = 1000,
        blurb = "How long somebody who is not seen any more stays hidden, by more and more")]
    #[property(name = "blackout-ms", type = u32, get, set, member = blackout_ms, minimum = 100, maximum = 60_000,
        default = 2000, blurb = "Without any result of the detector for so long, the whole picture is hidden")]
    settings: Mutex<Settings>,
    state: Mutex<State>,
}

#[glib::object_subclass]
impl ObjectSubclass for VisionBlur {
    const NAME: &'static str = "VisionBlur";
    type Type = super::VisionBlur;
    type ParentType = gst_base::BaseTransform;
}

#[glib::derived_properties]
impl ObjectImpl for VisionBlur {}

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
        let settings = *lock(&self.settings);
        let part = match settings.target {
            Target::Heads => Part::Head,
            Target::People => Part::Whole,
        };
        let patience = Patience {
            hold: Duration::from_millis(settings.hold_ms.into()),
            blackout: Duration::from_millis(settings.blackout_ms.into()),
        };
        let detections = Detections::read(inbuf);
        let at = inbuf.pts().map(Duration::from);
        let mut state = self.state();
        let cover = state.regions.cover(at, detections.as_ref(), part, patience);
        let is_bare = matches!(&cover, Cover::Parts(parts) if parts.is_empty());
        state.cover = Some(cover);
        drop(state);
        self.obj().set_passthrough(is_bare);
        self.parent_before_transform(inbuf);
    }

    fn transform_ip(&self, buffer: &mut gst::BufferRef) -> Result<gst::FlowSuccess, gst::FlowError> {
        let mut state = self.state();
        let cover = state.cover.take().unwrap_or(Cover::Everything);
        let info = state.info.as_ref().ok_or(gst::FlowError::NotNegotiated)?;
        let mut frame = gst_video::VideoFrameRef::from_buffer_ref_writable(buffer, info)
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
