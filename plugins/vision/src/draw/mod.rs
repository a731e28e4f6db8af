//! Pictures: boxes, labels and notices drawn straight onto planar YUV.
//!
//! Decoders give I420 and encoders want I420; drawing there saves two conversions a frame. Nothing here knows
//! of elements, so a viewer can grey a lost camera's last picture with the same code and the same lettering.
//!
//! # Layout
//! - [`colour`]: the twelve track colours and RGB → YUV
//! - [`frame`]: a picture one can paint on
//! - [`shape`]: rounded and dashed boxes
//! - [`text`]: anti-aliased lettering
//! - [`labels`]: where labels go so that they neither overlap nor jump
//! - `marks`: what was seen on people
//! - [`mask`]: parts of a picture that are painted out
//! - `mosaic`: parts of a picture that are made unrecognisable
//! - `painter`: one frame's detections
//! - `notice`: the "no signal" picture

pub mod colour;
pub mod frame;
pub mod labels;
mod marks;
pub mod mask;
mod mosaic;
mod notice;
mod painter;
pub mod shape;
pub mod text;

pub use colour::{Rgb, TRACK_COLOURS, track_colour};
pub use frame::{DrawError, I420Frame, Planes};
pub use notice::no_signal;
pub use painter::{Labels, Marks, Painter, Style, Unconfirmed};

/// Pad templates of an element that paints on what passes through it.
pub(crate) fn i420_pads() -> Vec<gst::PadTemplate> {
    let caps = gst_video::VideoCapsBuilder::new().format(gst_video::VideoFormat::I420).build();
    [("sink", gst::PadDirection::Sink), ("src", gst::PadDirection::Src)]
        .map(|(name, direction)| {
            gst::PadTemplate::new(name, direction, gst::PadPresence::Always, &caps)
                .expect("the pad template should be valid")
        })
        .into()
}
