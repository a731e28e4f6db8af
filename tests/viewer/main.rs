//! Watching, from the offer to the decoded picture, over real sockets and real encoders.

#[path = "client.rs"]
mod client;
#[path = "../common/mod.rs"]
mod common;
mod recovery;
#[path = "../common/simulated.rs"]
mod simulated;
mod still;
mod studio;
mod webrtc;
