//! What a network takes, a picture or a chunk of sound, and from which scores on its answer counts.

use serde::Deserialize;

use super::Wrong;

/// Largest side of a network's input in pixels; more is a typing error and would ask for gigabytes.
const MAX_SIDE_PX: usize = 4096;

/// Longest chunk of sound; more is a typing error too.
const MAX_SAMPLES: usize = 1 << 20;

/// A picture: one f32 tensor of three channels.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    pub layout: Layout,
    pub colour_order: ColourOrder,
    /// Taken from each channel, 0..255, in `colour_order`.
    pub mean: [f32; 3],
    /// Divides each channel after that.
    pub std: [f32; 3],
    /// True keeps the picture's shape and fills the rest with `pad`; false stretches it.
    pub letterbox: bool,
    /// Value of every channel beside the picture, 0..255.
    #[serde(default)]
    pub pad: f32,
}

/// Order of the input's dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// One plane a channel.
    Nchw,
    /// The channels of a pixel side by side.
    Nhwc,
}

/// Order of the input's channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColourOrder {
    Rgb,
    Bgr,
}

/// A chunk of mono sound, -1..1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sound {
    /// Samples a second.
    pub rate_hz: u32,
    /// New samples of a chunk.
    pub samples: usize,
    /// Last samples of the chunk before, which are heard again in front of the new ones.
    pub context: usize,
}

/// What counts as seen when the user says nothing; all 0..1.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// From which on the answer counts by itself: of a box (it begins a track), a face, a person's presence, an age range, a pixel's
    /// class, speech.
    pub score: f32,
    /// Score of a detector's box that is still good enough to carry a known track on; `score` when absent.
    pub low: Option<f32>,
    /// Overlap (intersection over union) above which two boxes of a class mean the same; absent keeps all.
    pub nms: Option<f32>,
}

impl Input {
    /// The shape of the tensor.
    pub fn shape(&self) -> [usize; 4] {
        let Self { width, height, .. } = *self;
        match self.layout {
            Layout::Nchw => [1, 3, height, width],
            Layout::Nhwc => [1, height, width, 3],
        }
    }

    /// True when the pixels are taken as they are, 0..255.
    pub(in super::super) fn is_plain(&self) -> bool {
        self.mean == [0.0; 3] && self.std == [1.0; 3]
    }

    pub(super) fn check(&self) -> Result<(), Wrong> {
        for (key, side) in [("input.width", self.width), ("input.height", self.height)] {
            if side == 0 || side > MAX_SIDE_PX {
                return Err((key, side.to_string(), "must be 1 to 4096 pixels"));
            }
        }
        if !self.mean.iter().all(|mean| mean.is_finite()) {
            return Err(("input.mean", format!("{:?}", self.mean), "must be numbers"));
        }
        if !self.std.iter().all(|std| std.is_finite() && *std > 0.0) {
            return Err(("input.std", format!("{:?}", self.std), "must be above 0"));
        }
        if !(0.0..=255.0).contains(&self.pad) {
            return Err(("input.pad", self.pad.to_string(), "must be 0 to 255"));
        }
        Ok(())
    }
}

impl Sound {
    pub(super) fn check(&self) -> Result<(), Wrong> {
        if !(8000..=192_000).contains(&self.rate_hz) {
            return Err(("sound.rate_hz", self.rate_hz.to_string(), "must be 8000 to 192000"));
        }
        if self.samples == 0 || self.samples > MAX_SAMPLES {
            return Err(("sound.samples", self.samples.to_string(), "must be 1 to 1048576"));
        }
        if self.context > self.samples {
            return Err(("sound.context", self.context.to_string(), "must be at most sound.samples"));
        }
        Ok(())
    }
}

impl Thresholds {
    /// Lowest score worth passing on to a tracker.
    pub fn low_score(&self) -> f32 {
        self.low.unwrap_or(self.score)
    }

    pub(super) fn check(&self) -> Result<(), Wrong> {
        let fraction = |value: f32| value > 0.0 && value <= 1.0;
        if !fraction(self.score) {
            return Err(("thresholds.score", self.score.to_string(), "must be above 0, at most 1"));
        }
        if let Some(low) = self.low.filter(|low| !fraction(*low) || *low > self.score) {
            return Err(("thresholds.low", low.to_string(), "must be above 0, at most thresholds.score"));
        }
        if let Some(nms) = self.nms.filter(|nms| !fraction(*nms)) {
            return Err(("thresholds.nms", nms.to_string(), "must be above 0, at most 1"));
        }
        Ok(())
    }
}
