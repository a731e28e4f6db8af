//! WebRTC: one UDP socket and one task for all viewers of all cameras, and for those who publish to one.
//!
//! Browsers connect by WHEP: their offer is answered over HTTP, then everything goes over the one socket.
//! ICE is the light kind (a server with known addresses only answers), the encode is shared, and nothing a
//! single viewer sends or fails to do reaches another.

mod address;
mod answer;
mod fragment;
mod hub;
mod link;
mod outbox;
mod publisher;
mod session;
mod socket;
mod stun;

pub(super) use address::candidates;
pub use answer::Purpose;
pub(super) use answer::{Accepted, Certificate, accept, certificate};
pub(super) use fragment::parse as parse_fragment;
pub(super) use hub::{Command, Hub};
pub use link::ice_server_links;
pub(super) use publisher::Publisher;
pub(super) use session::{Directory, Listed, Listing, Role, Session, Viewer};
pub(super) use socket::Socket;
