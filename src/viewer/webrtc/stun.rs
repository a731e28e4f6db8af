//! Whom a STUN packet is for.
//!
//! The first packets of a viewer come from an address nobody knows yet, but they name the session: RFC 8489,
//! attribute USERNAME, the part before the colon is our side's ICE user name.

const HEADER: usize = 20;
const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const BINDING_REQUEST: [u8; 2] = [0, 1];
const USERNAME: u16 = 0x0006;

/// Our ICE user name in a binding request; `None` when `packet` is anything else.
pub(super) fn local_user(packet: &[u8]) -> Option<&str> {
    if packet.len() < HEADER || packet[..2] != BINDING_REQUEST || packet[4..8] != COOKIE {
        return None;
    }
    let mut rest = &packet[HEADER..];
    loop {
        let (head, tail) = rest.split_first_chunk::<4>()?;
        let kind = u16::from_be_bytes([head[0], head[1]]);
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let value = tail.get(..length)?;
        if kind == USERNAME {
            return std::str::from_utf8(value).ok()?.split(':').next();
        }
        // Values are padded to four bytes.
        rest = tail.get(length.next_multiple_of(4)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut packet = vec![0, 1, 0, 0];
        packet.extend(COOKIE);
        packet.extend([7; 12]);
        for (kind, value) in attributes {
            packet.extend(kind.to_be_bytes());
            packet.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
            packet.extend(*value);
            packet.resize(packet.len().next_multiple_of(4), 0);
        }
        packet
    }

    #[test]
    fn the_user_before_the_colon_is_ours() {
        let packet = request(&[(0x8022, b"abc"), (USERNAME, b"ours:theirs"), (0x24, &[1, 2, 3, 4])]);
        assert_eq!(local_user(&packet), Some("ours"));
    }

    #[test]
    fn other_and_broken_packets_are_for_nobody() {
        let good = request(&[(USERNAME, b"ours:theirs")]);
        for cut in 0..good.len() - 1 {
            assert_eq!(local_user(&good[..cut]), None, "cut at {cut}");
        }
        let mut response = good.clone();
        response[0] = 1;
        assert_eq!(local_user(&response), None);
        assert_eq!(local_user(&request(&[(0x24, b"1234")])), None);
        assert_eq!(local_user(&[0x80; 40]), None);
    }
}
