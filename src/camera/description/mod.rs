//! A pipeline as its author wrote it: launch text with named elements, and the parameters that set properties
//! on them.
//!
//! Values are never pasted into the text: what a user types cannot become an element.

mod build;
mod catalog;
mod check;
mod launch;
mod packages;
mod parameters;
mod parse;
mod property;
mod retune;

use std::fmt;

use thiserror::Error;

use crate::domain::ParamValue;

pub use build::Built;
pub use catalog::Catalog;
pub use packages::debian_package;
pub(super) use packages::decoder_package;
pub(super) use retune::Own;

/// The sink every description must have: it hands each frame's metadata to the app.
const RECORDS: &str = "records";
/// The tee that viewers are attached to; without it a camera cannot be watched.
const VIEWS: &str = "views";
/// The detector; without it nothing is detected.
pub(super) const DETECT: &str = "detect";
/// What looks closer at people; without it nothing is said of them.
pub(super) const ATTRIBUTES: &str = "attributes";
/// What hides people; with any other element of this name nothing is hidden.
pub(super) const BLUR: &str = "blur";

/// The source, an `appsrc`, of pictures that are sent to the camera; without it nobody can publish to it.
const PUBLISHED: &str = "published";

/// What feeds a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Frames come when they come and are dropped when they cannot be looked at in time.
    Live,
    /// Frames wait until they are looked at; there is an end.
    File,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::File => "file",
        }
    }
}

/// Type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterType {
    Bool,
    Int,
    Float,
    String,
    Url,
    /// A file or device that exists.
    Path,
    /// One of a fixed list of words.
    Choice,
}

impl ParameterType {
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float",
            Self::String => "string",
            Self::Url => "url",
            Self::Path => "path",
            Self::Choice => "choice",
        }
    }
}

/// A property of a named element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub element: String,
    pub property: String,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.element, self.property)
    }
}

/// Something that a camera's owner may set.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    pub name: String,
    pub kind: ParameterType,
    pub description: String,
    /// What holds when nothing is set; absent: the launch text's own value.
    pub default: Option<ParamValue>,
    /// Bounds of an int or float, both included.
    pub min: Option<f64>,
    pub max: Option<f64>,
    /// The words a choice may be.
    pub choices: Vec<String>,
    pub required: bool,
    /// Never shown again once set. Of a URL only the password is secret.
    pub secret: bool,
    pub targets: Vec<Target>,
    /// Line of the file that the parameter begins in.
    pub(super) line: usize,
}

/// A checked description file.
#[derive(Debug, Clone)]
pub struct Description {
    pub name: String,
    /// One sentence for people.
    pub description: String,
    pub kind: Kind,
    /// The launch text as written.
    pub launch: String,
    pub parameters: Vec<Parameter>,
    /// Where it was read from, for messages.
    pub file: String,
    /// Line of the file that the first line of `launch` stands in.
    launch_line: usize,
}

impl Description {
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// Whether it plays what somebody publishes to the camera, and nothing otherwise.
    pub fn is_published(&self) -> bool {
        launch::elements(&self.launch).iter().any(|used| used.name.as_deref() == Some(PUBLISHED))
    }

    fn problem(&self, line: usize, reason: impl Into<String>) -> Problem {
        Problem { file: self.file.clone(), line, reason: reason.into() }
    }
}

/// One thing that is wrong with a description.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Error)]
#[error("{file}:{line}: {reason}")]
pub struct Problem {
    pub file: String,
    /// From 1.
    pub line: usize,
    pub reason: String,
}

/// Why a pipeline cannot be built. Each needs a human: trying again does not help.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PipelineError {
    #[error("no pipeline {name:?}; there are {known}")]
    Unknown { name: String, known: String },
    #[error("parameter `{key}`: {reason}")]
    Parameter { key: String, reason: String },
    #[error("{0}")]
    Description(Problem),
    #[error("cannot read pipelines in {path}: {reason}")]
    Folder { path: String, reason: String },
    /// The description is right, but GStreamer or its plugin is not.
    #[error("{reason}")]
    Machine { reason: String },
}

impl PipelineError {
    fn parameter(key: &str, reason: impl Into<String>) -> Self {
        Self::Parameter { key: key.to_owned(), reason: reason.into() }
    }
}
