//! `visionmask`: paints parts of the picture out, before anything looks at it.

mod imp;

use gst::{glib, prelude::*};

glib::wrapper! {
    /// The element; see its `gst-inspect-1.0 visionmask`.
    pub struct VisionMask(ObjectSubclass<imp::VisionMask>)
        @extends gst_base::BaseTransform, gst::Element, gst::Object;
}

/// Registers the element.
pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(Some(plugin), "visionmask", gst::Rank::NONE, VisionMask::static_type())
}
