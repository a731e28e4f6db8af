//! WebSocket frames as bytes, made once for all who get them.

use bytes::Bytes;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};

/// A text message.
pub fn text(text: &str) -> Bytes {
    encode(Frame::message(Bytes::copy_from_slice(text.as_bytes()), OpCode::Data(Data::Text), true))
}

/// What is in a message that [`text`] has made.
pub(super) fn payload(frame: &Bytes) -> Bytes {
    // RFC 6455, section 5.2: the length stands in 7, 16 or 64 bits.
    let head = match frame.get(1) {
        Some(126) => 4,
        Some(127) => 10,
        _ => 2,
    };
    frame.slice(head.min(frame.len())..)
}

/// A ping that the peer has to answer.
pub(super) fn ping() -> Bytes {
    encode(Frame::ping(Bytes::new()))
}

/// The end; `reason` of 123 bytes at most.
pub(super) fn close(code: u16, reason: &str) -> Bytes {
    encode(Frame::close(Some(CloseFrame { code: code.into(), reason: reason.into() })))
}

fn encode(frame: Frame) -> Bytes {
    let mut bytes = Vec::with_capacity(frame.len());
    frame.format(&mut bytes).expect("memory should take what is written to it");
    bytes.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_as_rfc_6455_has_them() {
        assert_eq!(&text("Hi")[..], b"\x81\x02Hi");
        assert_eq!(&text(&"x".repeat(300))[..4], b"\x81\x7e\x01\x2c");
        for length in [0, 125, 126, 65_535, 65_536] {
            let message = "x".repeat(length);
            assert_eq!(payload(&text(&message)), message.as_bytes(), "{length}");
        }
        assert_eq!(&ping()[..], b"\x89\x00");
        assert_eq!(&close(4430, "slow")[..], b"\x88\x06\x11\x4eslow");
    }
}
