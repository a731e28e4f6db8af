//! Footage as an endless stream of frames.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gst::prelude::*;

use super::DemoError;

/// How long the first frame may take to be decoded.
const FIRST_FRAME: gst::ClockTime = gst::ClockTime::from_seconds(10);
/// Frames that lag more than this are dropped: a process that was asleep does not make up for it.
const LATEST: gst::ClockTime = gst::ClockTime::from_mseconds(500);

/// A file that can be decoded.
#[derive(Debug, Clone)]
pub(super) struct Footage {
    path: Arc<PathBuf>,
    /// Of each decoded frame.
    caps: gst::Caps,
    fps: gst::Fraction,
}

/// A pipeline that decodes the file once.
struct Decoder {
    pipeline: gst::Pipeline,
    frames: gst_app::AppSink,
}

impl Footage {
    /// Looks at the first frame of `path`; `fps` overrides the file's own rate.
    pub(super) fn open(path: &Path, fps: Option<u32>) -> Result<Self, DemoError> {
        let error = |reason: String| DemoError::Footage { path: path.to_owned(), reason };
        if !path.is_file() {
            return Err(error("there is no such file".to_owned()));
        }
        let decoder = Decoder::open(path).map_err(|reason| error(reason.to_string()))?;
        let sample = decoder.frames.try_pull_sample(FIRST_FRAME);
        let caps = sample.as_ref().and_then(|sample| sample.caps());
        let caps = caps.ok_or_else(|| error("no picture in it can be decoded".to_owned()))?.to_owned();
        let own = caps.structure(0).and_then(|caps| caps.get::<gst::Fraction>("framerate").ok());
        let fps = match (fps, own) {
            (Some(fps), _) => gst::Fraction::new(i32::try_from(fps).unwrap_or(i32::MAX), 1),
            (None, Some(own)) if own.numer() > 0 => own,
            _ => return Err(error("it does not say its frame rate".to_owned())),
        };
        let mut caps = caps;
        caps.make_mut().set("framerate", fps);
        Ok(Self { path: Arc::new(path.to_owned()), caps, fps })
    }

    /// Frames a second, rounded up.
    pub(super) fn whole_fps(&self) -> u32 {
        u32::try_from(self.fps.numer()).unwrap_or(1).div_ceil(u32::try_from(self.fps.denom()).unwrap_or(1))
    }

    /// Pushes frames into `source` on a thread of their own until it wants no more.
    pub(super) fn feed(&self, source: gst_app::AppSrc) {
        source.set_caps(Some(&self.caps));
        let footage = self.clone();
        let feeding = std::thread::Builder::new().name("footage".to_owned()).spawn(move || {
            if let Err(error) = footage.push_all(&source) {
                tracing::error!(path = %footage.path.display(), %error, "the footage cannot be played");
            }
        });
        if let Err(error) = feeding {
            tracing::error!(%error, "no thread for the footage");
        }
    }

    fn push_all(&self, source: &gst_app::AppSrc) -> Result<(), gst::glib::Error> {
        let mut number = 0;
        loop {
            let decoder = Decoder::open(&self.path)?;
            let mut empty = true;
            while let Ok(sample) = decoder.frames.pull_sample() {
                empty = false;
                number = self.next_number(number, source);
                let Some(mut buffer) = sample.buffer_owned() else { continue };
                {
                    let buffer = buffer.make_mut();
                    buffer.set_pts(self.time_of(number));
                    buffer.set_dts(gst::ClockTime::NONE);
                    buffer.set_duration(self.time_of(1));
                }
                number += 1;
                if source.push_buffer(buffer).is_err() {
                    return Ok(());
                }
            }
            if empty {
                return Ok(());
            }
        }
    }

    /// `number`, or a later one when the clock has run away from it.
    fn next_number(&self, number: u64, source: &gst_app::AppSrc) -> u64 {
        let now = source.current_running_time().unwrap_or_default();
        if self.time_of(number) + LATEST >= now {
            return number;
        }
        let (frames, seconds) = (self.fps.numer().unsigned_abs(), self.fps.denom().unsigned_abs());
        now.mul_div_ceil(u64::from(frames), u64::from(seconds) * gst::ClockTime::SECOND.nseconds())
            .map_or(number, gst::ClockTime::nseconds)
    }

    fn time_of(&self, number: u64) -> gst::ClockTime {
        let (frames, seconds) = (self.fps.numer().unsigned_abs(), self.fps.denom().unsigned_abs());
        gst::ClockTime::SECOND
            .mul_div_floor(number * u64::from(seconds), u64::from(frames))
            .unwrap_or(gst::ClockTime::MAX)
    }
}

impl Decoder {
    fn open(path: &Path) -> Result<Self, gst::glib::Error> {
        let launch = "filesrc name=file ! decodebin ! videoconvert \
                      ! video/x-raw,format=I420 ! appsink name=frames sync=false max-buffers=5";
        let pipeline = gst::parse::launch(launch)?;
        let pipeline = pipeline.downcast::<gst::Pipeline>().expect("several elements should make a pipeline");
        let file = pipeline.by_name("file").expect("the element should be there by the name in the text");
        file.set_property("location", path);
        let frames = pipeline.by_name("frames").and_then(|sink| sink.downcast::<gst_app::AppSink>().ok());
        let decoder =
            Self { pipeline, frames: frames.expect("the sink should be there by the name in the text") };
        if decoder.pipeline.set_state(gst::State::Playing).is_err() {
            let message = "the file cannot be opened";
            return Err(gst::glib::Error::new(gst::ResourceError::OpenRead, message));
        }
        Ok(decoder)
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        if self.pipeline.set_state(gst::State::Null).is_err() {
            tracing::warn!("the footage's decoder refused to stop");
        }
    }
}
