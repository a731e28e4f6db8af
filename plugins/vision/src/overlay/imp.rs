//! The element around [`crate::draw`]: I420 in place, and a frame without boxes passes untouched.
//!
//! ```text
//! gst-launch-1.0 filesrc location=clip.avi ! decodebin ! videoconvert ! \
//!   visiondetect ! visiontrack ! visionoverlay ! videoconvert ! autovideosink
//! ```

use std::sync::{LazyLock, Mutex, MutexGuard};

use gst::{glib, prelude::*, subclass::prelude::*};
use gst_base::{
    prelude::*,
    subclass::{BaseTransformMode, prelude::*},
};

use crate::{
    draw::{I420Frame, Labels, Marks, Painter, Style, Unconfirmed},
    meta::Detections,
    person::Language,
    sync::lock,
};

static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new("visionoverlay", gst::DebugColorFlags::empty(), Some("boxes on pictures"))
});

#[derive(Debug, Clone)]
struct Settings {
    show_labels: bool,
    show_unconfirmed: bool,
    show_attributes: bool,
    show_landmarks: bool,
    language: String,
    line_width: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            show_labels: true,
            show_unconfirmed: true,
            show_attributes: true,
            show_landmarks: false,
            language: "en".to_owned(),
            line_width: 0,
        }
    }
}

impl From<&Settings> for Style {
    fn from(settings: &Settings) -> Self {
        Self {
            labels: if settings.show_labels { Labels::Shown } else { Labels::Hidden },
            unconfirmed: if settings.show_unconfirmed { Unconfirmed::Dashed } else { Unconfirmed::Hidden },
            marks: match (settings.show_attributes, settings.show_landmarks) {
                (false, _) => Marks::Hidden,
                (true, false) => Marks::Boxes,
                (true, true) => Marks::BoxesAndLandmarks,
            },
            // A word of no language of ours is shown in the first.
            language: Language::of(&settings.language).unwrap_or_default(),
            line_width: settings.line_width,
        }
    }
}

#[derive(Default)]
struct State {
    info: Option<gst_video::VideoInfo>,
    painter: Painter,
}

#[derive(Default, glib::Properties)]
#[properties(wrapper_type = super::VisionOverlay)]
pub struct VisionOverlay {
    #[property(name = "show-labels", type = bool, get, set, member = show_labels, default = true,
        blurb = "Write what it is and its track number on every confirmed box")]
    #[property(name = "show-unconfirmed", type = bool, get, set, member = show_unconfirmed, default = true,
        blurb = "Draw boxes that have no track number, thin, grey and dashed")]
    #[property(name = "show-attributes", type = bool, get, set, member = show_attributes, default = true,
        blurb = "Draw boxes around what visionattributes saw on people: face green, garment orange, head accessory magenta, bag cyan")]
    #[property(name = "show-landmarks", type = bool, get, set, member = show_landmarks, default = false,
        blurb = "Draw the skeleton, too, when attributes are drawn")]
    #[property(name = "language", type = String, get, set, member = language, default = Some("en"),
        blurb = "Language of labels: en or es")]
    #[property(name = "line-width", type = u32, get, set, member = line_width, maximum = 64, default = 0,
        blurb = "Thickness of lines in pixels (0 = by the height of the picture)")]
    settings: Mutex<Settings>,
    state: Mutex<State>,
}

#[glib::object_subclass]
impl ObjectSubclass for VisionOverlay {
    const NAME: &'static str = "VisionOverlay";
    type Type = super::VisionOverlay;
    type ParentType = gst_base::BaseTransform;
}

#[glib::derived_properties]
impl ObjectImpl for VisionOverlay {}

impl GstObjectImpl for VisionOverlay {}

impl ElementImpl for VisionOverlay {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "Vision overlay",
                "Filter/Effect/Video",
                "Draws the boxes and labels of the detections that a frame carries",
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

impl BaseTransformImpl for VisionOverlay {
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

    /// A frame without boxes is handed on as it is, also when others hold it: nothing is copied.
    fn before_transform(&self, inbuf: &gst::BufferRef) {
        let is_bare = Detections::read(inbuf).is_none_or(|detections| detections.shown().next().is_none());
        self.obj().set_passthrough(is_bare);
        self.parent_before_transform(inbuf);
    }

    /// Pixels that others hold too are copied when they are mapped to be drawn on; all metas come along. No lock is held
    /// when an error is posted, since whoever listens may ask back.
    fn transform_ip(&self, buffer: &mut gst::BufferRef) -> Result<gst::FlowSuccess, gst::FlowError> {
        let Some(detections) = Detections::read(buffer) else { return Ok(gst::FlowSuccess::Ok) };
        let style = Style::from(&*lock(&self.settings));
        let info = self.state().info.clone();
        let info = info.ok_or(gst::FlowError::NotNegotiated)?;
        let mut frame = gst_video::VideoFrameRef::from_buffer_ref_writable(buffer, &info)
            .map_err(|error| self.failed(&error))?;
        let mut picture = I420Frame::from_video_frame(&mut frame).map_err(|error| self.failed(&error))?;
        self.state().painter.draw(&mut picture, &detections, style);
        Ok(gst::FlowSuccess::Ok)
    }
}

impl VisionOverlay {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn failed(&self, error: &dyn std::fmt::Display) -> gst::FlowError {
        gst::element_imp_error!(self, gst::ResourceError::Write, ("cannot draw on the picture: {error}"));
        gst::FlowError::Error
    }
}
