//! Pictures → JPEG, by GStreamer's encoder: it takes them in the colours they have here, in a tenth of the time of one
//! written in Rust.
//!
//! The encoder is an element on its own between two pads: what is put into the one comes out of the other before the call
//! returns, on the caller's thread.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gst::prelude::*;
use gst_video::{VideoFormat, VideoInfo};
use thiserror::Error;

use super::picture::Picture;

/// Of annotated pictures, 1..=100: what the clients of old were given.
const QUALITY: i32 = 85;

/// JPEG's colours come in blocks of so many pixels a side.
const BLOCK: usize = 16;

/// Encoders that are kept though nobody needs them now: as many sizes as streams of a venue usually have.
const MOST_IDLE: usize = 8;

/// Why a picture could not be encoded.
#[derive(Debug, Error)]
#[error("the JPEG encoder (jpegenc, Debian package gstreamer1.0-plugins-good): {0}")]
pub struct EncodeError(String);

/// An encoder of pictures of one size, that of the first.
#[derive(Debug)]
pub(super) struct Encoder {
    element: gst::Element,
    source: gst::Pad,
    /// Held for what comes out of the element to have somewhere to go.
    _drain: gst::Pad,
    out: Arc<Mutex<Option<gst::Buffer>>>,
    /// Of the pictures of one size so far.
    info: Option<VideoInfo>,
}

impl Encoder {
    /// # Errors
    /// When GStreamer has no such encoder.
    pub(super) fn new() -> Result<Self, EncodeError> {
        let element = gst::ElementFactory::make("jpegenc").property("quality", QUALITY).build();
        let element = element.map_err(|_| EncodeError("not installed".to_owned()))?;
        let out = Arc::<Mutex<Option<gst::Buffer>>>::default();
        let taken = out.clone();
        let drain = gst::Pad::builder(gst::PadDirection::Sink)
            .chain_function(move |_, _, buffer| {
                *taken.lock().unwrap_or_else(PoisonError::into_inner) = Some(buffer);
                Ok(gst::FlowSuccess::Ok)
            })
            .build();
        let source = gst::Pad::builder(gst::PadDirection::Src).build();
        let encoder = Self { element, source, _drain: drain.clone(), out, info: None };
        encoder.connect(&drain).map_err(|error| EncodeError(error.to_string()))?;
        Ok(encoder)
    }

    fn connect(&self, drain: &gst::Pad) -> Result<(), gst::glib::BoolError> {
        let pad = |name| {
            let missing = || gst::glib::bool_error!("no pad {name}");
            self.element.static_pad(name).ok_or_else(missing)
        };
        let link = |from: &gst::Pad, to: &gst::Pad| {
            from.link(to).map(drop).map_err(|error| gst::glib::bool_error!("cannot be linked: {error}"))
        };
        link(&self.source, &pad("sink")?)?;
        link(&pad("src")?, drain)?;
        drain.set_active(true)?;
        self.source.set_active(true)?;
        self.element.set_state(gst::State::Playing).map_err(|error| gst::glib::bool_error!("{error}"))?;
        match self.source.push_event(gst::event::StreamStart::new("picture")) {
            true => Ok(()),
            false => Err(gst::glib::bool_error!("takes no stream")),
        }
    }

    /// Whether it takes `picture`: the element of GStreamer 1.22 takes no second size.
    fn fits(&self, picture: &Picture) -> bool {
        let size = (picture.width(), picture.height());
        self.info.as_ref().is_none_or(|info| (info.width(), info.height()) == size)
    }

    /// `picture` as JPEG.
    ///
    /// # Errors
    /// When it does not fit, or the encoder fails.
    pub(super) fn encode(&mut self, picture: &Picture) -> Result<Vec<u8>, EncodeError> {
        let wrong = |error: &dyn std::fmt::Display| EncodeError(error.to_string());
        if !self.fits(picture) {
            return Err(wrong(&"made for pictures of another size"));
        }
        let info = self.info_for(picture).map_err(|error| wrong(&error))?;
        let buffer = copy_of(picture, &info).map_err(|error| wrong(&error))?;
        self.source.push(buffer).map_err(|error| wrong(&error))?;
        let out = self.out.lock().unwrap_or_else(PoisonError::into_inner).take();
        let out = out.ok_or_else(|| EncodeError("no picture came out".to_owned()))?;
        let jpeg = out.map_readable().map_err(|error| wrong(&error))?;
        Ok(jpeg.to_vec())
    }

    /// Tells the element of the size before the first picture.
    fn info_for(&mut self, picture: &Picture) -> Result<VideoInfo, gst::glib::BoolError> {
        let (width, height) = (picture.width(), picture.height());
        if let Some(info) = &self.info {
            return Ok(info.clone());
        }
        let info = VideoInfo::builder(VideoFormat::I420, width, height).build()?;
        let segment = gst::FormattedSegment::<gst::ClockTime>::new();
        let events = [gst::event::Caps::new(&info.to_caps()?), gst::event::Segment::new(&segment)];
        if !events.into_iter().all(|event| self.source.push_event(event)) {
            return Err(gst::glib::bool_error!("takes no picture of {width}x{height}"));
        }
        self.info = Some(info.clone());
        Ok(info)
    }
}

/// Encoders for pictures of several streams, each of a size of its own.
#[derive(Debug, Default)]
pub struct Encoders {
    /// Those that were used last come last.
    idle: Mutex<Vec<Encoder>>,
}

impl Encoders {
    /// `picture` as JPEG, by an encoder that had pictures of its size before, if one is idle.
    ///
    /// # Errors
    /// When the encoder fails.
    pub fn encode(&self, picture: &Picture) -> Result<Vec<u8>, EncodeError> {
        let fitting = {
            let mut idle = self.idle();
            let at = idle.iter().rposition(|encoder| encoder.fits(picture));
            at.map(|at| idle.remove(at))
        };
        let mut encoder = fitting.map_or_else(Encoder::new, Ok)?;
        let jpeg = encoder.encode(picture)?;
        // One that failed is not used again.
        let mut idle = self.idle();
        idle.push(encoder);
        let oldest = (idle.len() > MOST_IDLE).then(|| idle.remove(0));
        drop(idle);
        drop(oldest);
        Ok(jpeg)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Encoder>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // An element that is not stopped is not freed.
        let _ = self.element.set_state(gst::State::Null);
    }
}

/// `picture` as the encoder reads it: in whole blocks, beyond the picture's edges too. What is there is the edge again,
/// or it would shine through.
fn copy_of(picture: &Picture, info: &VideoInfo) -> Result<gst::Buffer, gst::glib::BoolError> {
    let half = picture.width.div_ceil(2);
    let stride = picture.width.next_multiple_of(BLOCK);
    let rows = (info.height() as usize).next_multiple_of(BLOCK);
    let planes = [(picture.width, stride, rows), (half, stride / 2, rows / 2), (half, stride / 2, rows / 2)];
    let mut bytes = Vec::with_capacity(stride * rows * 3 / 2);
    let mut offsets = Vec::new();
    for ((width, stride, rows), plane) in planes.into_iter().zip(&picture.planes) {
        offsets.push(bytes.len());
        let last = plane.chunks_exact(width).last().unwrap_or_default();
        for row in plane.chunks_exact(width).chain(std::iter::repeat(last)).take(rows) {
            bytes.extend_from_slice(row);
            let edge = row.last().copied().unwrap_or_default();
            bytes.resize(bytes.len() + stride - width, edge);
        }
    }
    let mut buffer = gst::Buffer::from_mut_slice(bytes);
    let writable = buffer.get_mut().expect("a new buffer should be writable");
    // Elements drop what has no time.
    writable.set_pts(gst::ClockTime::ZERO);
    let strides = planes.map(|(_, stride, _)| i32::try_from(stride).unwrap_or(i32::MAX));
    let (flags, format) = (gst_video::VideoFrameFlags::empty(), VideoFormat::I420);
    gst_video::VideoMeta::add_full(writable, flags, format, info.width(), info.height(), &offsets, &strides)?;
    Ok(buffer)
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;

    fn picture(width: u32, height: u32) -> Picture {
        Picture::of(&RgbImage::from_pixel(width, height, image::Rgb([200, 30, 40])).into())
    }

    #[test]
    fn pictures_of_any_size_are_encoded_each_size_by_an_encoder_of_its_own() {
        gst::init().unwrap();
        let encoders = Encoders::default();
        let sizes = [(64, 48), (33, 17), (64, 48), (1, 1), (33, 17), (640, 480), (64, 48), (1, 1)];
        for (width, height) in sizes {
            let jpeg = encoders.encode(&picture(width, height));
            let jpeg = jpeg.unwrap_or_else(|error| panic!("{width}x{height}: {error}"));
            let again = image::load_from_memory(&jpeg).unwrap().into_rgb8();
            assert_eq!(again.dimensions(), (width, height));
            let pixel = again.get_pixel(width / 2, height / 2).0;
            let near = pixel.iter().zip([200, 30, 40]).all(|(value, wanted)| value.abs_diff(wanted) < 8);
            assert!(near, "{pixel:?}");
        }
        assert_eq!(encoders.idle().len(), 4, "none is made for a size that came before");
        for width in 1..40 {
            encoders.encode(&picture(width, 8)).unwrap();
        }
        assert_eq!(encoders.idle().len(), MOST_IDLE);
    }
}
