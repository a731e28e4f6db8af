//! `visionblur`: makes people's faces, heads or all of them unrecognisable before anybody sees the picture.

mod faces;
mod imp;
pub mod regions;

use gst::{glib, prelude::*};

glib::wrapper! {
    /// The element; see its `gst-inspect-1.0 visionblur`.
    pub struct VisionBlur(ObjectSubclass<imp::VisionBlur>)
        @extends gst_base::BaseTransform, gst::Element, gst::Object;
}

/// Registers the element.
pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    imp::Target::static_type().mark_as_plugin_api(gst::PluginAPIFlags::empty());
    gst::Element::register(Some(plugin), "visionblur", gst::Rank::NONE, VisionBlur::static_type())
}
