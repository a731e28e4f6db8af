//! Whether a JPEG is all there.
//!
//! Decoders fill in grey what is missing at the end, and nobody would know that half of the people were cut off.

const START_OF_SCAN: u8 = 0xda;
const END_OF_IMAGE: u8 = 0xd9;

/// True when the markers of `bytes` lead to the end of the image: ITU-T T.81, annex B.
pub(super) fn is_complete(bytes: &[u8]) -> bool {
    walk(bytes).is_some()
}

fn walk(bytes: &[u8]) -> Option<()> {
    let mut at = 2;
    loop {
        // Markers may be led by any number of fill bytes.
        while *bytes.get(at)? == 0xff && *bytes.get(at + 1)? == 0xff {
            at += 1;
        }
        let [0xff, marker] = *bytes.get(at..at + 2)? else { return None };
        at += 2;
        match marker {
            END_OF_IMAGE => return Some(()),
            // Markers that stand alone.
            0x01 | 0xd0..=0xd8 => {}
            _ => {
                let length = u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?);
                at = at.checked_add(usize::from(length.max(2)))?;
                if marker == START_OF_SCAN {
                    at = end_of_scan(bytes, at)?;
                }
            }
        }
    }
}

/// Where the next marker begins after a scan's data, in which 0xff stands before 0 or a restart marker only.
fn end_of_scan(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == 0xff)?;
        match *bytes.get(at + 1)? {
            0 | 0xd0..=0xd7 => at += 2,
            0xff => at += 1,
            _ => return Some(at),
        }
    }
}
