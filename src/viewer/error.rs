//! Why somebody cannot watch, in words that may be shown to whoever asked.

use std::net::SocketAddr;

use thiserror::Error;

/// Everything that can keep a viewer from watching.
#[derive(Debug, Error)]
pub enum ViewerError {
    /// Come back when somebody left.
    #[error("{max} viewers are there already, which is the most allowed (config key `viewer.max_viewers`)")]
    Full { max: usize },
    /// The tenant waits for so many stills that one more would not come soon.
    #[error("{max} of your snapshots are being taken already; try again in a moment")]
    Busy { max: usize },
    /// The session description cannot be read or answered.
    #[error("the offer cannot be answered: {0}")]
    Offer(String),
    /// Nothing in the offer could show what is sent here.
    #[error("the offer has no video that receives H.264 with packetization-mode=1")]
    NoH264,
    /// Nothing in the offer could be played.
    #[error("the offer has no video that sends H.264 with packetization-mode=1, or VP8")]
    NoVideo,
    /// The trickled candidates cannot be read.
    #[error("the ICE fragment cannot be read: {0}")]
    Fragment(String),
    /// The fragment's credentials are not those of the offer.
    #[error("a session cannot restart ICE; delete it and make a new offer")]
    IceRestart,
    /// Never was, was deleted, or ended by itself.
    #[error("there is no such session")]
    NoSession,
    /// The camera has nothing to show.
    #[error("camera {camera:?} has no picture: {reason}")]
    NoPicture { camera: String, reason: String },
    /// No encoder passed its test run.
    #[error("no {codec} encoder works here; install the Debian package {package}. Tried: {tried}")]
    NoEncoder { codec: &'static str, package: &'static str, tried: String },
    /// The UDP socket of all WebRTC traffic cannot be had.
    #[error("config key `webrtc.listen`: UDP address {address} cannot be used: {reason}")]
    Listen { address: SocketAddr, reason: std::io::Error },
    /// The server is shutting down.
    #[error("the server is stopping")]
    Stopping,
}
