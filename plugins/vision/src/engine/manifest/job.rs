//! What models are for, and what the decoder of each reads.

use std::fmt;

use serde::Deserialize;

/// How a network's answer is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DecoderKind {
    /// NanoDet: class scores and box side distributions for each cell of three grids.
    NanoDet,
    /// Rows of x1, y1, x2, y2 in pixels of the input, score, class.
    End2End,
    /// YOLOv8, YOLO11 and their kin: a box and a score per class for each place.
    YoloV8,
    /// YOLOX: boxes relative to the cells of three grids, each with a score that something is there.
    YoloX,
    /// SSD and others that end in finished boxes, with boxes and scores in outputs of their own.
    Ssd,
    /// 39 points of x, y, z, visibility, presence, and how sure it is of a person.
    BlazePose,
    /// Scores and boxes with six key points for the anchors of two grids.
    BlazeFace,
    /// How likely each year of age from 0 to 80 is.
    Age,
    /// A score a class for every pixel of the input.
    Mask,
    /// How likely a chunk of sound holds speech, and what to remember for the next one.
    Silero,
}

/// How the corners of a box are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoxFormat {
    /// x1, y1, x2, y2 in fractions of the input.
    Xyxy,
    /// y1, x1, y2, x2 in fractions of the input, as TensorFlow has it.
    Yxyx,
    /// x1, y1, x2, y2 in pixels of the input, as PyTorch has it.
    XyxyPx,
}

/// The outputs that the manifest must name.
pub(in super::super) struct Outputs {
    /// By what they are to the decoder.
    pub(in super::super) needed: &'static [&'static str],
    /// What may be named too.
    pub(super) optional: &'static [&'static str],
    /// The same in words.
    pub(super) rule: &'static str,
}

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// Boxes of people and things in a frame.
    Detector,
    /// Points of one person's body.
    Landmarks,
    /// Faces and their key points.
    Face,
    /// The age of one face.
    Age,
    /// What each pixel of one person is.
    Mask,
    /// Speech in sound.
    Voice,
}

impl Job {
    /// The name it is shown under.
    pub fn name(self) -> &'static str {
        match self {
            Self::Detector => "detector",
            Self::Landmarks => "landmarks",
            Self::Face => "face",
            Self::Age => "age",
            Self::Mask => "mask",
            Self::Voice => "voice",
        }
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl DecoderKind {
    /// What it finds.
    pub fn job(self) -> Job {
        match self {
            Self::NanoDet | Self::End2End | Self::YoloV8 | Self::YoloX | Self::Ssd => Job::Detector,
            Self::BlazePose => Job::Landmarks,
            Self::BlazeFace => Job::Face,
            Self::Age => Job::Age,
            Self::Mask => Job::Mask,
            Self::Silero => Job::Voice,
        }
    }

    /// True when the network tells classes apart, which the manifest must name.
    pub(super) fn has_classes(self) -> bool {
        matches!(self.job(), Job::Detector | Job::Mask)
    }

    /// True when the manifest must say how boxes are written.
    pub(super) fn has_box_format(self) -> bool {
        self == Self::Ssd
    }

    /// The outputs it reads, as the manifest calls them. Where shapes tell them apart they are found by these,
    /// because names and order vary with the converter.
    pub(in super::super) fn outputs(self) -> Outputs {
        let (needed, optional, rule): (&[&str], &[&str], _) = match self {
            Self::NanoDet | Self::End2End | Self::YoloV8 | Self::YoloX => {
                (&[], &[], "must not be named: this decoder finds them by their shapes")
            }
            Self::Ssd => {
                (&["boxes", "scores"], &["classes"], "must name boxes, scores and, if there are, classes")
            }
            Self::BlazePose => (&["landmarks", "presence"], &[], "must name landmarks and presence"),
            Self::BlazeFace => (
                &["fine_scores", "fine_boxes", "coarse_scores", "coarse_boxes"],
                &[],
                "must name fine_scores, fine_boxes, coarse_scores and coarse_boxes",
            ),
            Self::Age => (&["years"], &[], "must name years"),
            Self::Mask => (&["classes"], &[], "must name classes"),
            Self::Silero => (&["speech", "state"], &[], "must name speech and state"),
        };
        Outputs { needed, optional, rule }
    }
}
