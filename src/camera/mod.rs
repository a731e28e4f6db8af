//! Cameras: from a description file to a running pipeline that is kept running.

mod handle;

pub use handle::{CameraFeed, CameraHandle, CameraStatus, Demand, Overlay, Picture};
