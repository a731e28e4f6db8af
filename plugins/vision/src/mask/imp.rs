//! The element around [`crate::draw::mask`]: I420 in place; without polygons frames pass untouched.
//!
//! ```text
//! gst-launch-1.0 v4l2src ! videoconvert ! visionmask polygons="0,0,0.3,0,0.3,1,0,1" ! \
//!   visiondetect ! visiontrack ! visionoverlay ! videoconvert ! autovideosink
//! ```

use std::sync::{LazyLock, Mutex, MutexGuard};

use gst::{glib, prelude::*, subclass::prelude::*};
use gst_base::{
    prelude::*,
    subclass::{BaseTransformMode, prelude::*},
};

use crate::{
    draw::{
        I420Frame,
        mask::{Mask, parse_polygons},
    },
    sync::lock,
};

static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new("visionmask", gst::DebugColorFlags::empty(), Some("paints parts of pictures out"))
});

#[derive(Default)]
struct State {
    info: Option<gst_video::VideoInfo>,
    /// The text of the mask at hand and what it means in pictures of this size; `None` when that is not known yet.
    mask: Option<(String, Mask)>,
}

#[derive(Default, glib::Properties)]
#[properties(wrapper_type = super::VisionMask)]
pub struct VisionMask {
    #[property(name = "polygons", type = String, get, set, mutable_playing,
        blurb = "What is painted out: x,y,x,y,x,y… in fractions of the picture; further polygons after a ;")]
    polygons: Mutex<String>,
    state: Mutex<State>,
}

#[glib::object_subclass]
impl ObjectSubclass for VisionMask {
    const NAME: &'static str = "VisionMask";
    type Type = super::VisionMask;
    type ParentType = gst_base::BaseTransform;
}

#[glib::derived_properties]
impl ObjectImpl for VisionMask {}

impl GstObjectImpl for VisionMask {}

impl ElementImpl for VisionMask {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "Vision mask",
                "Filter/Effect/Video",
                "Paints parts of the picture out",
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

impl BaseTransformImpl for VisionMask {
    const MODE: BaseTransformMode = BaseTransformMode::AlwaysInPlace;
    const PASSTHROUGH_ON_SAME_CAPS: bool = false;
    const TRANSFORM_IP_ON_PASSTHROUGH: bool = false;

    /// A text that is no polygon is told before the first frame, rather than by a picture without a mask.
    fn start(&self) -> Result<(), gst::ErrorMessage> {
        parse_polygons(&lock(&self.polygons))
            .map(|_| ())
            .map_err(|error| gst::error_msg!(gst::LibraryError::Settings, ("property `polygons`: {error}")))
    }

    fn set_caps(&self, incaps: &gst::Caps, _outcaps: &gst::Caps) -> Result<(), gst::LoggableError> {
        let info = gst_video::VideoInfo::from_caps(incaps)
            .map_err(|_| gst::loggable_error!(CAT, "cannot understand {incaps}"))?;
        *self.state() = State { info: Some(info), mask: None };
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        *self.state() = State::default();
        Ok(())
    }

    fn before_transform(&self, inbuf: &gst::BufferRef) {
        let is_bare = lock(&self.polygons).trim().is_empty();
        self.obj().set_passthrough(is_bare);
        self.parent_before_transform(inbuf);
    }

    fn transform_ip(&self, buffer: &mut gst::BufferRef) -> Result<gst::FlowSuccess, gst::FlowError> {
        let mut state = self.state();
        let State { info, mask } = &mut *state;
        let info = info.as_ref().ok_or(gst::FlowError::NotNegotiated)?;
        self.follow_polygons(mask, info)?;
        let mut frame = gst_video::VideoFrameRef::from_buffer_ref_writable(buffer, info)
            .map_err(|error| self.failed(&error))?;
        let mut picture = I420Frame::from_video_frame(&mut frame).map_err(|error| self.failed(&error))?;
        if let Some((_, mask)) = mask {
            mask.paint(&mut picture);
        }
        Ok(gst::FlowSuccess::Ok)
    }
}

impl VisionMask {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Makes the mask anew when somebody has changed the polygons.
    fn follow_polygons(
        &self,
        mask: &mut Option<(String, Mask)>,
        info: &gst_video::VideoInfo,
    ) -> Result<(), gst::FlowError> {
        let text = lock(&self.polygons);
        if mask.as_ref().is_some_and(|(known, _)| *known == *text) {
            return Ok(());
        }
        let text = text.clone();
        let polygons = parse_polygons(&text).map_err(|error| self.failed(&error))?;
        *mask = Some((text, Mask::new(&polygons, info.width() as usize, info.height() as usize)));
        Ok(())
    }

    /// The frame goes no further: what cannot be painted out is not shown.
    fn failed(&self, error: &dyn std::fmt::Display) -> gst::FlowError {
        gst::element_imp_error!(self, gst::LibraryError::Settings, ("property `polygons`: {error}"));
        gst::FlowError::Error
    }
}
