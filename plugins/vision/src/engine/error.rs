//! What can go wrong between a model's name and its boxes; each message says what to do about it.

use std::path::PathBuf;

use super::manifest::{Job, ManifestError};

/// Why a model could not be loaded or run.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error("no model \"{name}\"; there are: {known}")]
    NoSuchModel { name: String, known: String },
    #[error("model \"{model}\": weights {path} are missing; {remedy}")]
    MissingWeights { model: String, path: PathBuf, remedy: &'static str },
    #[error("model \"{model}\": weights {path} cannot be read: {reason}")]
    UnreadableWeights { model: String, path: PathBuf, reason: String },
    #[error("model \"{model}\": weights {path} have sha256 {found}, the manifest says {expected}; {remedy}")]
    WrongChecksum { model: String, path: PathBuf, expected: String, found: String, remedy: &'static str },
    #[error(
        "ONNX Runtime {path} is missing; run \"make setup\", or set the runtime or the assets folder \
         (ATALAYA_ASSETS_DIR) to where it is"
    )]
    MissingRuntime { path: PathBuf },
    #[error("ONNX Runtime cannot be used: {reason}; run \"make setup\" to get one that can")]
    BadRuntime { reason: String },
    #[error("ONNX Runtime is already loaded from {loaded}; {wanted} cannot be loaded beside it")]
    OtherRuntime { loaded: PathBuf, wanted: PathBuf },
    #[error("no device \"{name}\"; there are: auto, cpu, cuda, tensorrt, openvino")]
    NoSuchDevice { name: String },
    #[error(
        "device \"{name}\" is not available: ONNX Runtime {runtime} has no {missing}, only {there}; set the runtime to \
         a library that has it, or use auto or cpu"
    )]
    UnavailableDevice { name: &'static str, missing: &'static str, runtime: PathBuf, there: String },
    #[error("model \"{model}\": device \"{name}\" cannot be used: {reason}; mend that, or use auto or cpu")]
    UnusableDevice { model: String, name: &'static str, reason: String },
    #[error("model \"{model}\": ONNX Runtime does not take {path}: {reason}")]
    Refused { model: String, path: PathBuf, reason: String },
    #[error("model \"{model}\" does not fit its manifest: {problem}")]
    Unfit { model: String, problem: String },
    #[error(
        "model \"{model}\" is off by {off:.2} on the test picture, where its manifest allows {limit}: this machine \
         computes it wrongly; use another model, such as the one it was made from"
    )]
    Deviates { model: String, off: f32, limit: f32 },
    #[error(
        "model \"{model}\" cannot be used here: its job is \"{job}\", and one for \"{wanted}\" is needed"
    )]
    WrongJob { model: String, job: Job, wanted: Job },
    #[error("model \"{model}\" has no label \"{label}\"; it has: {known}")]
    NoSuchLabel { model: String, label: String, known: String },
    #[error("model \"{model}\" failed on a frame: {reason}")]
    Inference { model: String, reason: String },
}
