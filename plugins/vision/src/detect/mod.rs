//! `visiondetect`: looks at frames and puts what it sees on them, see [`crate::meta`].
//!
//! ```sh
//! gst-launch-1.0 filesrc location=people.mp4 ! decodebin ! videoconvert ! visiondetect ! visiontrack ! \
//!     visionoverlay ! videoconvert ! autovideosink
//! ```
//!
//! # Waiting
//!
//! One thread looks at one frame at a time; a frame that comes while it is busy passes by. `max-wait-ms` says how
//! long a frame that is looked at may be held back for its own result:
//!
//! | value | meaning |
//! | --- | --- |
//! | -2 | three quarters of a frame's time, from the caps or, where they do not say, measured (the default) |
//! | -1 | for ever: every result is on its own frame and the same stream gives the same answer; for files |
//! | 0 | never: every result comes with a later frame |
//! | above 0 | that many milliseconds |
//!
//! A finite wait is only tried while the running mean of inference times is below it, so a slow model costs no frame
//! rate: its results come with later frames, and `seen_pts` tells which frame they are of.
//!
//! # Pixels
//!
//! They are read once, on the streaming thread, into the network's input: half a millisecond at 768×576, one at
//! 1920×1080 (`cargo bench --bench detect`), one to three percent of the inference. Handing a reference to the worker
//! instead would save that, but whoever draws behind would have to copy the frame as long as it is held, and a
//! capture device would run out of buffers.

mod change;
mod cue;
mod imp;
mod pace;
mod settings;
mod stats;
mod stream;
mod worker;

use gst::glib;
use gst::prelude::*;

pub(crate) use settings::error_message;
pub use stats::{INFERENCE_BOUNDS_MS, STATS, Stats};

glib::wrapper! {
    /// The element; its properties are described by `gst-inspect-1.0 visiondetect`.
    pub struct VisionDetect(ObjectSubclass<imp::VisionDetect>)
        @extends gst_base::BaseTransform, gst::Element, gst::Object;
}

/// Makes the element known to GStreamer.
///
/// # Errors
/// When the registry refuses it.
pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(Some(plugin), "visiondetect", gst::Rank::NONE, VisionDetect::static_type())
}
