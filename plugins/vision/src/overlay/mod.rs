//! `visionoverlay`: draws the detections a frame carries onto it.

mod imp;

use gst::{glib, prelude::*};

glib::wrapper! {
    /// The element; see its `gst-inspect-1.0 visionoverlay`.
    pub struct VisionOverlay(ObjectSubclass<imp::VisionOverlay>)
        @extends gst_base::BaseTransform, gst::Element, gst::Object;
}

/// Registers the element.
pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(Some(plugin), "visionoverlay", gst::Rank::NONE, VisionOverlay::static_type())
}
