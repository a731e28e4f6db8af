//! Cameras: from a description file to a running pipeline that is kept running.

mod announce;
mod backoff;
mod cameras;
mod description;
mod figures;
mod file;
mod handle;
mod meter;
mod publish;
mod reach;
mod reason;
mod redact;
mod run;
mod stream;
mod supervisor;
mod tap;
mod transit;
mod tuning;
mod views;
mod watchdog;

use std::sync::OnceLock;

pub use cameras::{CameraContext, Cameras, DetectorSettings};
pub use description::{
    Built, Catalog, Description, Kind, Parameter, ParameterType, PipelineError, Problem, Target,
    debian_package,
};
pub use handle::{CameraFeed, CameraHandle, CameraStatus, Demand, Overlay, Picture};
pub use publish::{Codec, Encoded, Publishing, Taken};
pub use redact::redact;
pub use stream::{Ender, FrameStream, Pace};

/// Starts GStreamer and registers the vision elements; does nothing the second time.
///
/// # Errors
/// When GStreamer is not usable on this machine.
pub fn start_gstreamer() -> Result<(), PipelineError> {
    static STARTED: OnceLock<Result<(), String>> = OnceLock::new();
    let started = STARTED.get_or_init(|| {
        gst::init().map_err(|error| format!("cannot start GStreamer: {error}"))?;
        gstvision::plugin_register_static()
            .map_err(|error| format!("cannot register the vision elements: {error}"))
    });
    started.clone().map_err(|reason| PipelineError::Machine { reason })
}
