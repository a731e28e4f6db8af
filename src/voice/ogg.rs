//! Ogg: the packets of a file with one stream, RFC 3533.
//!
//! Read strictly, page after page, and with every checksum: what a recorder wrote and a network carried is whole or
//! refused. Nothing is looked for behind what cannot be read.

use super::sound::SoundError;

const HEAD: usize = 27;

/// What every page begins with, the version included.
const MAGIC: &[u8] = b"OggS\0";

const CONTINUED: u8 = 1;
const LAST: u8 = 4;

/// One page, cut out of the file.
struct Page<'a> {
    flags: u8,
    /// Where the stream stands at its end, in the codec's terms.
    position: u64,
    stream: u32,
    number: u32,
    lengths: &'a [u8],
    body: &'a [u8],
}

/// Hands every packet of `bytes` to `take`, and answers where the stream stands at its end.
///
/// # Errors
/// When `bytes` are no whole Ogg file with one stream, and what `take` fails with.
pub(super) fn packets(
    bytes: &[u8],
    mut take: impl FnMut(&[u8]) -> Result<(), SoundError>,
) -> Result<u64, SoundError> {
    let (mut rest, mut expected) = (bytes, None);
    let mut packet = Vec::new();
    let mut is_begun = false;
    loop {
        let (page, next) = page(rest)?;
        rest = next;
        let (stream, number) = expected.unwrap_or((page.stream, page.number));
        if page.stream != stream {
            return Err(several());
        }
        if page.number != number || (page.flags & CONTINUED != 0) != is_begun {
            return Err(broken("a page is missing"));
        }
        expected = Some((stream, number.wrapping_add(1)));
        let mut body = page.body;
        for length in page.lengths {
            let (part, others) = body.split_at_checked(usize::from(*length)).ok_or_else(cut)?;
            packet.extend_from_slice(part);
            body = others;
            // A full part is followed by another one of the same packet.
            is_begun = *length == 255;
            if !is_begun {
                take(&packet)?;
                packet.clear();
            }
        }
        if page.flags & LAST != 0 {
            return match rest {
                _ if is_begun => Err(cut()),
                [] => Ok(page.position),
                // Streams one behind the other: half of the sound would be lost without a word.
                _ if rest.starts_with(MAGIC) => Err(several()),
                _ => Err(broken("there is something behind its last page")),
            };
        }
    }
}

fn page(bytes: &[u8]) -> Result<(Page<'_>, &[u8]), SoundError> {
    let (head, rest) = bytes.split_at_checked(HEAD).ok_or_else(cut)?;
    if !head.starts_with(MAGIC) {
        return Err(broken("a page does not begin as Ogg pages do"));
    }
    let (lengths, rest) = rest.split_at_checked(usize::from(head[26])).ok_or_else(cut)?;
    let size = lengths.iter().map(|length| usize::from(*length)).sum();
    let (body, rest) = rest.split_at_checked(size).ok_or_else(cut)?;
    let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    // The checksum is of the page with nothing in the checksum's place.
    let sum =
        [&head[..22], &[0; 4], &head[26..], lengths, body].iter().fold(0, |sum, part| checksum(sum, part));
    if sum != number(22) {
        return Err(broken("a page's checksum is wrong"));
    }
    let position = u64::from(number(6)) | u64::from(number(10)) << 32;
    Ok((Page { flags: head[5], position, stream: number(14), number: number(18), lengths, body }, rest))
}

/// CRC of RFC 3533: the polynomial 0x04c11db7, highest bit first, beginning with 0.
fn checksum(sum: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(sum, |sum, byte| (sum << 8) ^ TABLE[((sum >> 24) as u8 ^ byte) as usize])
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = (index as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            value = if value >> 31 == 1 { (value << 1) ^ 0x04c1_1db7 } else { value << 1 };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
};

fn several() -> SoundError {
    SoundError::Unsupported("an Ogg file with several streams is not taken".to_owned())
}

fn cut() -> SoundError {
    broken("it ends before its last page")
}

fn broken(reason: &str) -> SoundError {
    SoundError::Broken(reason.to_owned())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A page as `page` reads it.
    pub(in super::super) fn written(
        flags: u8,
        position: u64,
        number: u32,
        lengths: &[u8],
        body: &[u8],
    ) -> Vec<u8> {
        let mut bytes = b"OggS\0".to_vec();
        bytes.push(flags);
        bytes.extend(position.to_le_bytes());
        bytes.extend(7u32.to_le_bytes());
        bytes.extend(number.to_le_bytes());
        bytes.extend([0; 4]);
        bytes.push(lengths.len() as u8);
        bytes.extend(lengths);
        bytes.extend(body);
        let sum = checksum(0, &bytes);
        bytes[22..26].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    fn read(bytes: &[u8]) -> Result<(Vec<Vec<u8>>, u64), SoundError> {
        let mut all = Vec::new();
        let end = packets(bytes, |packet| {
            all.push(packet.to_vec());
            Ok(())
        })?;
        Ok((all, end))
    }

    /// Packets of 2, 300 and 0 bytes, the second one over two pages.
    fn file() -> Vec<u8> {
        let first = [&[1, 2][..], &[3; 255]].concat();
        [written(2, 0, 0, &[2, 255], &first), written(CONTINUED | LAST, 960, 1, &[45, 0], &[3; 45])].concat()
    }

    #[test]
    fn packets_are_put_together_over_pages() {
        assert_eq!(read(&file()), Ok((vec![vec![1, 2], vec![3; 300], vec![]], 960)));
    }

    #[test]
    fn what_stands_behind_the_end_is_not_passed_over() {
        let chained = [file(), file()].concat();
        assert!(matches!(read(&chained), Err(SoundError::Unsupported(_))));
        let padded = [file(), vec![0; 7]].concat();
        assert_eq!(read(&padded), Err(broken("there is something behind its last page")));
    }

    #[test]
    fn what_is_cut_off_or_changed_anywhere_is_broken() {
        let file = file();
        for length in 0..file.len() {
            assert!(matches!(read(&file[..length]), Err(SoundError::Broken(_))), "{length}");
        }
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 0x10;
            assert!(read(&changed).is_err(), "{at}");
        }
        let (first, second) = (written(2, 0, 0, &[1], &[1]), written(LAST, 0, 2, &[1], &[1]));
        assert_eq!(read(&[first, second].concat()), Err(broken("a page is missing")));
    }
}
