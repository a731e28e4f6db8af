//! A model's description file (`models/*.toml`): where its weights come from, what it takes and what its answer means.
//!
//! Weights are never committed and come from elsewhere, so the manifest is the contract: a file whose sha256 differs
//! or a network whose tensors differ from it is refused before the first frame.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

mod input;
mod job;
mod origin;

pub use input::{ColourOrder, Input, Layout, Sound, Thresholds};
pub use job::{BoxFormat, DecoderKind, Job};
pub use origin::{Check, MadeFrom, Registry, Source};

use super::error::EngineError;

/// A key with a value that cannot be, the value, and why.
type Wrong = (&'static str, String, &'static str);

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
    /// How boxes are written; there with the decoder `ssd` and only then.
    pub box_format: Option<BoxFormat>,
    /// Names of the classes, in the order of the network's; empty when it tells none apart.
    #[serde(default)]
    pub labels: Vec<String>,
    /// The picture it takes; `None` when its job is [`Job::Voice`] and only then.
    pub input: Option<Input>,
    /// The sound it takes; there when its job is [`Job::Voice`] and only then.
    pub sound: Option<Sound>,
    /// Names of the network's outputs, by what they are to the decoder.
    #[serde(default)]
    pub outputs: BTreeMap<String, String>,
    pub thresholds: Thresholds,
    /// Where the set-up gets the weights; `None` for a file the user brings.
    pub source: Option<Source>,
    /// What the set-up makes the weights of, instead of a source.
    pub made_from: Option<MadeFrom>,
    /// What it must make of the test picture to be used.
    pub check: Option<Check>,
    /// Folder of the manifest; `None` for one that is built in.
    #[serde(skip)]
    pub folder: Option<PathBuf>,
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

    /// What the model is for.
    pub fn job(&self) -> Job {
        self.decoder.job()
    }

    /// The picture it takes when it does the job `wanted`.
    ///
    /// # Errors
    /// When it does another one.
    pub fn picture_for(&self, wanted: Job) -> Result<&Input, EngineError> {
        let input = self.input.as_ref().filter(|_| self.job() == wanted);
        input.ok_or_else(|| self.wrong_job(wanted))
    }

    /// The sound it takes when it is for voices.
    ///
    /// # Errors
    /// When it does another job.
    pub fn sound_for_voice(&self) -> Result<&Sound, EngineError> {
        self.sound.as_ref().ok_or_else(|| self.wrong_job(Job::Voice))
    }

    pub(super) fn wrong_job(&self, wanted: Job) -> EngineError {
        EngineError::WrongJob { model: self.name.clone(), job: self.job(), wanted }
    }

    /// The first key with a value that cannot be, the value, and why.
    fn check(&self) -> Result<(), Wrong> {
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
        self.check_labels()?;
        self.check_tensors()?;
        self.thresholds.check()?;
        match &self.check {
            // What was put in whole numbers comes out wrong on some machines, and only this can tell.
            None if self.made_from.is_some() => {
                Err(("check", "(none)".to_owned(), "must be there with made_from"))
            }
            check => check.as_ref().map_or(Ok(()), Check::check),
        }
    }

    fn check_labels(&self) -> Result<(), Wrong> {
        if self.labels.is_empty() && self.decoder.has_classes() {
            return Err(("labels", "[]".to_owned(), "must name every class of the network"));
        }
        if !self.labels.is_empty() && !self.decoder.has_classes() {
            return Err((
                "labels",
                format!("{:?}", self.labels),
                "must be left out: this decoder has no classes",
            ));
        }
        if let Some((_, twice)) =
            self.labels.iter().enumerate().find(|(index, label)| self.labels[..*index].contains(label))
        {
            return Err(("labels", quoted(twice), "must not name a class twice"));
        }
        Ok(())
    }

    /// Input and outputs, as far as they can be judged without the network.
    fn check_tensors(&self) -> Result<(), Wrong> {
        let missing = |key, reason| Err((key, "(none)".to_owned(), reason));
        match (self.job() == Job::Voice, &self.input, &self.sound) {
            (false, Some(input), None) => input.check()?,
            (true, None, Some(sound)) => sound.check()?,
            (true, ..) => return missing("sound", "must be there, and no input: this decoder takes sound"),
            (false, ..) => {
                return missing("input", "must be there, and no sound: this decoder takes pictures");
            }
        }
        if self.box_format.is_some() != self.decoder.has_box_format() {
            let value = self.box_format.map_or("(none)".to_owned(), |format| format!("{format:?}"));
            return Err(("box_format", value, "must be there with the decoder ssd and only then"));
        }
        let outputs = self.decoder.outputs();
        let is_known = |name: &String| {
            outputs.needed.iter().chain(outputs.optional).any(|known| *known == name.as_str())
        };
        let is_right = self.outputs.keys().all(is_known)
            && outputs.needed.iter().all(|output| self.outputs.contains_key(*output));
        if !is_right {
            let named: Vec<_> = self.outputs.keys().map(String::as_str).collect();
            return Err(("outputs", format!("[{}]", named.join(", ")), outputs.rule));
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

    const GOOD: &str = include_str!("../../../tests/models/blob.toml");

    #[test]
    fn a_good_manifest_says_what_it_holds() {
        let manifest = Manifest::parse(GOOD, "blob.toml").unwrap();
        assert_eq!(manifest.name, "blob");
        assert_eq!(manifest.decoder, DecoderKind::End2End);
        assert_eq!(manifest.job(), Job::Detector);
        assert_eq!(manifest.picture_for(Job::Detector).unwrap().shape(), [1, 3, 240, 320]);
        assert_eq!(manifest.thresholds.low_score(), 0.5);
        assert_eq!(manifest.source, None);
        let turned = GOOD.replace("nchw", "nhwc").replace("score = 0.5", "score = 0.5\nlow = 0.25");
        let turned = Manifest::parse(&turned, "blob.toml").unwrap();
        assert_eq!(turned.input.as_ref().unwrap().shape(), [1, 240, 320, 3]);
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

    const POSE: &str = include_str!("../../../../../models/blazepose_lite.toml");
    const VOICE: &str = include_str!("../../../../../models/silero_vad.toml");

    #[test]
    fn a_manifest_of_another_job_names_its_outputs_and_is_given_for_that_job_alone() {
        let pose = Manifest::parse(POSE, "pose.toml").unwrap();
        assert_eq!((pose.job(), pose.outputs["presence"].as_str()), (Job::Landmarks, "Identity_1"));
        assert_eq!(pose.picture_for(Job::Landmarks).unwrap().shape(), [1, 256, 256, 3]);
        let error = pose.picture_for(Job::Face).unwrap_err().to_string();
        assert!(error.contains("its job is \"landmarks\", and one for \"face\" is needed"), "{error}");
        let voice = Manifest::parse(VOICE, "voice.toml").unwrap();
        assert_eq!(voice.sound_for_voice().unwrap().rate_hz, 16000);
        assert!(voice.picture_for(Job::Voice).is_err() && pose.sound_for_voice().is_err());
    }

    #[test]
    fn what_does_not_belong_to_a_decoder_is_refused() {
        let sound = "[sound]\nrate_hz = 16000\nsamples = 512\ncontext = 64\n";
        let cases = [
            (
                POSE,
                "presence = \"Identity_1\"",
                "",
                "outputs = [landmarks]: must name landmarks and presence",
            ),
            (POSE, "presence =", "persons =", "outputs = [landmarks, persons]: must name landmarks and"),
            (
                POSE,
                "decoder = \"blazepose\"",
                "decoder = \"age\"",
                "outputs = [landmarks, presence]: must name years",
            ),
            (POSE, "[source]", "labels = [\"a\"]\n[source]", "labels = [\"a\"]: must be left out"),
            (POSE, "[outputs]", &format!("{sound}[outputs]"), "input = (none): must be there, and no sound"),
            (
                GOOD,
                "[thresholds]",
                "[outputs]\nboxes = \"b\"\n[thresholds]",
                "outputs = [boxes]: must not be named",
            ),
            (
                GOOD,
                "decoder = \"end2end\"",
                "decoder = \"end2end\"\nbox_format = \"xyxy\"",
                "box_format = Xyxy: must be there with the decoder ssd and only then",
            ),
            (GOOD, "\"end2end\"", "\"ssd\"", "box_format = (none): must be there with the decoder ssd"),
            (
                GOOD,
                "\"end2end\"",
                "\"ssd\"\nbox_format = \"xyxy\"",
                "outputs = []: must name boxes, scores and, if there are, classes",
            ),
            (
                GOOD,
                "[input]",
                "[made_from]\nmodel = \"m\"\nranges = \"m.ranges\"\n[input]",
                "check = (none): must be there with made_from",
            ),
            (VOICE, sound, "", "sound = (none): must be there, and no input"),
            (VOICE, "rate_hz = 16000", "rate_hz = 16", "sound.rate_hz = 16: must be 8000 to 192000"),
            (VOICE, "samples = 512", "samples = 0", "sound.samples = 0: must be 1 to 1048576"),
            (VOICE, "context = 64", "context = 513", "sound.context = 513: must be at most sound.samples"),
        ];
        for (text, from, to, message) in cases {
            assert!(text.contains(from), "{from} should be in the manifest");
            let error = Manifest::parse(&text.replace(from, to), "m.toml").unwrap_err().to_string();
            assert!(error.contains(message), "{to}: {error}");
        }
    }
}
