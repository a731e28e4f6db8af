//! Lines of a segment, with what a crash or a bad disk made of them.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::{Position, Segment, line};
use crate::store::Record;

/// Some records, and how far the segment is done with once the database has them.
pub(super) struct Part {
    pub(super) records: Vec<Record>,
    pub(super) end: Position,
    /// Length of a last line without its end, which was never wholly written.
    pub(super) torn_bytes: u64,
}

/// Reads `most` records at most from `start` on. Lines that are damaged are passed over, and the position says so.
pub(super) fn read(path: &Path, segment: Segment, start: Position, most: usize) -> io::Result<Part> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(start.bytes))?;
    let mut reader = BufReader::new(file.take(segment.bytes.saturating_sub(start.bytes)));
    let (mut end, mut records, mut torn_bytes) = (start, Vec::new(), 0);
    let mut text = Vec::new();
    while records.len() < most {
        text.clear();
        let length = reader.read_until(b'\n', &mut text)? as u64;
        if length == 0 {
            break;
        }
        end.bytes += length;
        if text.pop() != Some(b'\n') {
            torn_bytes = length;
            break;
        }
        end.records += 1;
        match line::parse(&text) {
            Some(record) => records.push(record),
            None => end.damaged += 1,
        }
    }
    Ok(Part { records, end, torn_bytes })
}
