//! What the element tests share: toy models, and a target whose place in every frame is known.

#![allow(dead_code, reason = "every test file uses its share of this")]

use std::path::{Path, PathBuf};

use gst::prelude::*;
use gstvision::engine::{ASSETS_DIR_VARIABLE, Assets};
use gstvision::meta::Rect;

/// Starts GStreamer with our elements; may be called by every test.
pub(crate) fn init() {
    gst::init().expect("GStreamer should start");
    gstvision::plugin_register_static().expect("the plugin should register");
}

/// Folder of the toy models and their manifests.
pub(crate) fn models_dir() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models").to_owned()
}

/// The installed assets, with `file` in them.
pub(crate) fn asset(file: &str) -> PathBuf {
    let path = Assets::locate().folder().join(file);
    let advice = format!("run \"make setup\" or set {ASSETS_DIR_VARIABLE}");
    assert!(path.is_file(), "{} is missing; {advice}", path.display());
    path
}

/// ONNX Runtime of the installed assets.
pub(crate) fn runtime() -> String {
    asset("lib/libonnxruntime.so").to_str().expect("the path should be text").to_owned()
}

/// A detector with a toy model: `blob` (fast), `slow_blob` (about 120 ms) or `fragile_blob` (fails without a target).
pub(crate) fn detector(model: &str) -> gst::Element {
    gst::ElementFactory::make("visiondetect")
        .property("models-dir", models_dir())
        .property("model", model)
        .property("runtime", runtime())
        .build()
        .expect("visiondetect should be registered")
}

/// A bright square on dark ground that moves from left to right at a constant speed, for the toy models to find.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MovingTarget {
    /// Of the picture, in pixels; even.
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Of the square, in pixels.
    pub(crate) side: usize,
    /// Pixels a frame.
    pub(crate) speed: usize,
    /// Y of the square; 235 is white.
    pub(crate) brightness: u8,
    pub(crate) fps: i32,
}

impl Default for MovingTarget {
    fn default() -> Self {
        Self { width: 640, height: 480, side: 80, speed: 5, brightness: 235, fps: 25 }
    }
}

impl MovingTarget {
    pub(crate) fn caps(&self) -> gst::Caps {
        gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, self.width as u32, self.height as u32)
            .fps(gst::Fraction::new(self.fps, 1))
            .build()
            .and_then(|info| info.to_caps())
            .expect("the caps should be possible")
    }

    /// When frame `number` is shown.
    pub(crate) fn pts(&self, number: u64) -> gst::ClockTime {
        gst::ClockTime::SECOND.mul_div_floor(number, self.fps as u64).expect("the time should fit")
    }

    /// Left edge in pixels; it goes through the picture again and again.
    fn left(&self, number: u64) -> usize {
        (number as usize * self.speed) % (self.width - self.side)
    }

    fn top(&self) -> usize {
        (self.height - self.side) / 3
    }

    /// Where the target is in frame `number`, in fractions of the picture.
    pub(crate) fn rect(&self, number: u64) -> Rect {
        let (width, height) = (self.width as f32, self.height as f32);
        Rect {
            x: self.left(number) as f32 / width,
            y: self.top() as f32 / height,
            w: self.side as f32 / width,
            h: self.side as f32 / height,
        }
    }

    /// Where the target is in the frame that is shown at `pts`.
    pub(crate) fn rect_at(&self, pts: gst::ClockTime) -> Rect {
        // Half a nanosecond of rounding must not become the frame before.
        self.rect((pts.nseconds() + 1000) * self.fps as u64 / gst::ClockTime::SECOND.nseconds())
    }

    /// Frame `number` with its time.
    pub(crate) fn frame(&self, number: u64) -> gst::Buffer {
        self.frame_with_stride(number, self.width)
    }

    /// The same with rows of `stride` bytes in Y and half of that in U and V, as decoders make them.
    pub(crate) fn frame_with_stride(&self, number: u64, stride: usize) -> gst::Buffer {
        let (luma, chroma) = (stride * self.height, stride * self.height / 4);
        let mut bytes = vec![16; luma];
        bytes.resize(luma + 2 * chroma, 128);
        for row in bytes.chunks_exact_mut(stride).skip(self.top()).take(self.side) {
            row[self.left(number)..][..self.side].fill(self.brightness);
            row[self.width..].fill(235);
        }
        let mut buffer = gst::Buffer::from_mut_slice(bytes);
        let writable = buffer.get_mut().expect("a new buffer should be writable");
        writable.set_pts(self.pts(number));
        if stride != self.width {
            gst_video::VideoMeta::add_full(
                writable,
                gst_video::VideoFrameFlags::empty(),
                gst_video::VideoFormat::I420,
                self.width as u32,
                self.height as u32,
                &[0, luma, luma + chroma],
                &[stride as i32, stride as i32 / 2, stride as i32 / 2],
            )
            .expect("the meta should fit the buffer");
        }
        buffer
    }
}

/// Distance of the centres of two boxes in widths of `truth`.
pub(crate) fn error_in_widths(found: &Rect, truth: &Rect) -> f32 {
    let dx = found.x + found.w / 2.0 - truth.x - truth.w / 2.0;
    let dy = (found.y + found.h / 2.0 - truth.y - truth.h / 2.0) * truth.w / truth.h;
    dx.hypot(dy) / truth.w
}

/// The middle one of `values`; NaN when there are none.
pub(crate) fn median(mut values: Vec<f32>) -> f32 {
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f32::NAN)
}

/// A folder of this test run with `files` in it.
pub(crate) fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("the folder should be made");
    for (file, text) in files {
        std::fs::write(folder.join(file), text).expect("the file should be written");
    }
    folder
}
