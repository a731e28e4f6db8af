//! `visionattributes`: looks closer at the people that were tracked and says what they wear and carry, see
//! [`crate::person`].
//!
//! ```sh
//! gst-launch-1.0 filesrc location=people.mp4 ! decodebin ! videoconvert ! \
//!     visiondetect labels=person,backpack,handbag,suitcase,tie ! visiontrack ! visionattributes ! \
//!     visionoverlay ! videoconvert ! autovideosink
//! ```
//!
//! # Work
//!
//! A look at one person takes some 110 ms of a core, twice as long as a detection, so it is had on a thread of its own
//! and seldom: each person who is confirmed and large enough once at first sight, then every `interval-ms` when the crop
//! is as good as those before, after five looks a quarter as often. All looks of one camera together take at most
//! `budget` of a core. Cameras share the networks and wait for them in turn, so none starves another.
//!
//! On the streaming thread there is nothing but a copy of the person's part of the frame. With `wait` the frame waits
//! for the look, and looks are counted with a fixed cost in media time, so that a file gives the same answer twice.
//!
//! # Things
//!
//! Backpacks, handbags, suitcases and ties that the detector found say something about people and are no objects of
//! their own behind this element, unless `keep-things` is set.
//!
//! # Without the element
//!
//! [`People`] says who is to be looked at and what all looks say together; [`Task`] is a look, with what it needs of a frame.
//! Whoever has pictures that are in no pipeline does with them what the element does.

mod cutout;
mod imp;
mod people;
mod settings;
mod task;
mod worker;

pub use cutout::Cutout;
pub use people::{People, Rules};
pub use task::Task;

use gst::glib;
use gst::prelude::*;

glib::wrapper! {
    /// The element; its properties are described by `gst-inspect-1.0 visionattributes`.
    pub struct VisionAttributes(ObjectSubclass<imp::VisionAttributes>)
        @extends gst_base::BaseTransform, gst::Element, gst::Object;
}

/// Makes the element known to GStreamer.
///
/// # Errors
/// When the registry refuses it.
pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(Some(plugin), "visionattributes", gst::Rank::NONE, VisionAttributes::static_type())
}
