//! Everybody who watches: WebRTC by WHEP, MJPEG, snapshots.
//!
//! A picture is encoded once for all who watch it and not at all while nobody does. An encode (`rendition`)
//! has a pipeline of its own, so a camera that restarts, or an encoder that fails, costs no viewer his
//! connection. Viewers are many and strangers: each has bounded queues, none can slow a camera or another.
//!
//! ```text
//! camera ─► feed (live, or greyed) ─► pipeline H.264 ─► hub ─► sessions (one UDP socket)
//!                                  └► pipeline JPEG  ─► newest ─► MJPEG streams
//! ```

use std::sync::{Mutex, MutexGuard, PoisonError};

mod cameras;
mod encoder;
mod error;
mod feed;
mod figures;
mod heatmap;
mod mjpeg;
mod pipeline;
mod product;
mod rendition;
mod renditions;
mod snapshot;
mod still;
mod view;
mod viewers;
mod webrtc;

pub use encoder::working_encoder;
pub use error::ViewerError;
pub use figures::ViewerFigures;
pub use heatmap::{Background, heatmap_png};
pub use mjpeg::{MJPEG_BOUNDARY, MJPEG_CONTENT_TYPE};
pub use view::{Height, View};
pub use viewers::{Answer, Encodes, SessionCamera, Viewers};
pub use webrtc::{Purpose, ice_server_links};

/// Locks one of the room's maps. They are whole after every statement, so a panic while one was held harms
/// nobody else.
fn lock<T>(map: &Mutex<T>) -> MutexGuard<'_, T> {
    map.lock().unwrap_or_else(PoisonError::into_inner)
}
