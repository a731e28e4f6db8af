//! ONNX Runtime behind one door: which models there are, whether their files are right, and what they see.
//!
//! Nothing here knows GStreamer's threads or the application. A [`Manifest`] describes a model; a [`Catalog`] holds
//! the standard ones and the user's; a [`Model`] is one that was loaded, checked against its manifest and shared by
//! everybody who asked for the same file; a [`Detector`] is the simplest use of it: a picture in, boxes out.

mod assets;
mod catalog;
mod decode;
mod detector;
mod error;
mod fit;
mod frame;
mod manifest;
mod model;
mod nms;
mod pool;
mod preprocess;
mod resample;
mod runtime;
mod sessions;

pub use assets::{ASSETS_DIR_VARIABLE, Assets};
pub use catalog::Catalog;
pub use decode::Wanted;
pub use detector::{Detector, Timing};
pub use error::EngineError;
pub use frame::{Colours, I420, Plane};
pub use manifest::{
    ColourOrder, DecoderKind, Input, Layout, Manifest, ManifestError, Registry, Source, Thresholds,
};
pub use model::{Found, LoadOptions, Model};
pub use preprocess::{Preprocessor, Tensor};
pub use runtime::Device;
pub use sessions::{Loaded, loaded};
