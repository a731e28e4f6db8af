//! Watching, from the offer to the decoded picture, over real sockets and real encoders.

#[path = "client.rs"]
mod client;
mod still;
mod studio;
mod webrtc;
