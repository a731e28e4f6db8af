//! ONNX Runtime behind one door: which models there are, whether their files are right, and what they see.
//!
//! Nothing here knows GStreamer's threads or the application. A [`Manifest`] describes a model; a [`Catalog`] holds
//! the standard ones and the user's; a [`Model`] is one that was loaded, checked against its manifest and shared by
//! everybody who asked for the same file; a [`Detector`] is the simplest use of it: a picture in, boxes out. A model
//! for another job than boxes is a [`Network`], whose answers one of the decoders ([`age`], [`blazeface`],
//! [`blazepose`], [`mask`], [`silero`]) reads.

mod assets;
mod catalog;
mod check;
mod crop;
mod decode;
mod detector;
mod error;
mod fit;
mod frame;
mod manifest;
mod model;
mod network;
mod nms;
mod pool;
mod preprocess;
mod region;
mod resample;
mod runtime;
mod sessions;
mod turned;

pub use assets::{ASSETS_DIR_VARIABLE, Assets};
pub use catalog::{AUTO, Catalog};
pub use decode::{Answer, Wanted, age, blazeface, blazepose, mask, silero};
pub use detector::{Detector, Timing};
pub use error::EngineError;
pub use frame::{Colours, I420, Plane};
pub use manifest::{
    BoxFormat, Check, ColourOrder, DecoderKind, Input, Job, Layout, MadeFrom, Manifest, ManifestError,
    Registry, Sound, Source, Thresholds,
};
pub use model::{Found, Model, read_boxes};
pub(crate) use network::path_of;
pub use network::{Feed, LoadOptions, Network};
pub use preprocess::{Preprocessor, Tensor};
pub use region::Region;
pub use runtime::{Device, devices};
pub use sessions::{Loaded, loaded};
