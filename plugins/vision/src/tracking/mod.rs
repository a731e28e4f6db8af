//! `visiontrack`: gives detections numbers that stay with their objects, and moves boxes to the frame shown.

mod imp;

use gst::{glib, prelude::*};

glib::wrapper! {
    /// The element; see its `gst-inspect-1.0 visiontrack`.
    pub struct VisionTrack(ObjectSubclass<imp::VisionTrack>)
        @extends gst_base::BaseTransform, gst::Element, gst::Object;
}

/// Registers the element.
pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(Some(plugin), "visiontrack", gst::Rank::NONE, VisionTrack::static_type())
}
