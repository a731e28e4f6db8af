//! What waits for the database on disk, so that no end of the process can take it: files of lines, oldest first.
//!
//! Whoever adds records has them on the disk when the call returns. Whoever reads them takes them off when the database
//! has them, file by file: what a crash makes them write twice changes nothing, as every record may be written again.
//! The files are bounded; when they are full the oldest goes. So what is lost is what is furthest from now, visits go
//! from their beginning to their end and never only their end, and room is made without reading anything.

mod folder;
mod line;
mod reader;

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tracing::{error, warn};

use self::reader::Part;
use super::{Record, StoreError};

/// Size of a file: what is lost at once when it is full, and written again at most after a crash.
const SEGMENT_BYTES: u64 = 1 << 20;

/// Damaged files that are kept for somebody to look at: a disk that goes bad must not fill itself with them.
const KEPT_DAMAGED: usize = 16;

/// The files of one database; one process holds them at a time.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    max_bytes: u64,
    /// Oldest first.
    segments: VecDeque<Segment>,
    /// The last of them, while it takes more.
    open: Option<File>,
    /// Number of the first that this process began.
    first_own: u64,
    next: u64,
    /// How far the oldest has been written to the database.
    done: Position,
    /// How far it was read.
    read: Option<(u64, Position)>,
    /// Records that went without the database having them.
    lost: u64,
    /// Set when the oldest went for want of space, until nothing waits any more.
    is_full: bool,
    /// Damaged files that are kept.
    damaged: usize,
    /// Freed by the system when the process ends, however it ends.
    _lock: File,
}

#[derive(Debug, Clone, Copy)]
struct Segment {
    number: u64,
    bytes: u64,
    records: u64,
}

/// How far a segment is done with.
#[derive(Debug, Clone, Copy, Default)]
struct Position {
    bytes: u64,
    records: u64,
    /// Lines among them that are damaged.
    damaged: u64,
}

/// How full a spool is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpoolFigures {
    /// Records that wait.
    pub records: u64,
    pub bytes: u64,
    pub max_bytes: u64,
    /// Some of them are left from an earlier process.
    pub has_earlier: bool,
    /// Records that went, by this process, without the database having them: for want of space, or damaged.
    pub lost: u64,
    /// Space ran out, and something waits since.
    pub is_full: bool,
    /// Files that were damaged and are kept aside, as of the start or of the last one.
    pub damaged_files: usize,
}

impl Spool {
    /// Takes hold of the spool in `data_dir` of the database at [`place`](super::Store::place), with what an earlier
    /// process left in it. Records of another database are left alone and named in the log.
    ///
    /// # Errors
    /// When the folder cannot be used, or another process holds it.
    pub fn open(data_dir: &Path, place: &str, max_bytes: u64) -> Result<Self, StoreError> {
        let folder::Opened { folder, lock, segments, next } = folder::open(data_dir, place)?;
        let damaged = folder::keep_damaged(&folder, KEPT_DAMAGED);
        Ok(Self {
            folder,
            max_bytes,
            segments,
            open: None,
            first_own: next,
            next,
            done: Position::default(),
            read: None,
            lost: 0,
            is_full: false,
            damaged,
            _lock: lock,
        })
    }

    /// Where the files lie.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn figures(&self) -> SpoolFigures {
        let records: u64 = self.segments.iter().map(|segment| segment.records).sum();
        SpoolFigures {
            records: records.saturating_sub(self.done.records),
            bytes: self.bytes(),
            max_bytes: self.max_bytes,
            has_earlier: self.segments.front().is_some_and(|oldest| oldest.number < self.first_own),
            lost: self.lost,
            is_full: self.is_full,
            damaged_files: self.damaged,
        }
    }

    /// Adds records; they survive the process and a power cut when this returns. The oldest go for them when there is no
    /// more space.
    ///
    /// # Errors
    /// When the disk does not take them; nothing was added then.
    pub fn append(&mut self, records: &[Record]) -> io::Result<()> {
        let mut text = Vec::new();
        for record in records {
            line::put(record, &mut text);
        }
        let added = text.len() as u64;
        while self.bytes() + added > self.max_bytes && !self.segments.is_empty() {
            self.drop_oldest();
            self.is_full = true;
        }
        if self.segments.back().is_none_or(|last| last.bytes + added > SEGMENT_BYTES) {
            self.open = None;
        }
        if self.open.is_none() {
            self.open = Some(folder::create(&self.folder, self.next)?);
            self.segments.push_back(Segment { number: self.next, bytes: 0, records: 0 });
            self.next += 1;
        }
        let (Some(file), Some(last)) = (&mut self.open, self.segments.back_mut()) else { return Ok(()) };
        if let Err(error) = file.write_all(&text).and_then(|()| file.sync_data()) {
            // A part of it may stand there. If not even that can be mended, reading stops where we do.
            if file.set_len(last.bytes).is_err() {
                self.open = None;
            }
            return Err(error);
        }
        last.bytes += added;
        last.records += records.len() as u64;
        Ok(())
    }

    /// The oldest records, `most` at most; they stay until [`Spool::confirm`]. Empty when there are none.
    pub fn read(&mut self, most: usize) -> Vec<Record> {
        while let Some(oldest) = self.segments.front().copied() {
            match reader::read(&self.segment_path(oldest.number), oldest, self.done, most) {
                Ok(Part { records, end, torn_bytes }) => {
                    if torn_bytes > 0 {
                        let file = self.segment_path(oldest.number);
                        warn!(file = %file.display(), torn_bytes, "a record that was not wholly written when the program ended is cut off");
                    }
                    if records.is_empty() {
                        self.lost += end.damaged - self.done.damaged;
                        self.done = end;
                        self.finish_oldest();
                        continue;
                    }
                    self.read = Some((oldest.number, end));
                    return records;
                }
                Err(error) => {
                    let file = self.segment_path(oldest.number);
                    error!(file = %file.display(), %error, "a file of records that wait cannot be read");
                    self.lost += oldest.records.saturating_sub(self.done.records);
                    self.done.damaged += 1;
                    self.finish_oldest();
                }
            }
        }
        Vec::new()
    }

    /// The database has what was read last.
    pub fn confirm(&mut self) {
        // What was read may have been dropped since, to make room.
        let Some((number, end)) = self.read.take() else { return };
        let Some(oldest) = self.segments.front().copied().filter(|oldest| oldest.number == number) else {
            return;
        };
        self.lost += end.damaged - self.done.damaged;
        self.done = end;
        if end.bytes >= oldest.bytes {
            self.finish_oldest();
        }
    }

    fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// Makes room.
    fn drop_oldest(&mut self) {
        self.lost +=
            self.segments.front().map_or(0, |oldest| oldest.records.saturating_sub(self.done.records));
        self.done.damaged = 0;
        self.finish_oldest();
    }

    /// Lets go of the oldest file; one with damage in it is kept aside.
    fn finish_oldest(&mut self) {
        let Some(oldest) = self.segments.pop_front() else { return };
        if self.segments.is_empty() {
            (self.open, self.is_full) = (None, false);
        }
        let is_damaged = std::mem::take(&mut self.done).damaged > 0;
        let path = self.segment_path(oldest.number);
        let done = if is_damaged {
            let aside = folder::damaged_path(&self.folder, oldest.number);
            error!(file = %aside.display(), "some records that waited are damaged; the file is kept, the others are written");
            let moved = fs::rename(&path, aside);
            self.damaged = folder::keep_damaged(&self.folder, KEPT_DAMAGED);
            moved
        } else {
            fs::remove_file(&path)
        };
        if let Err(error) = done {
            // At the next start it is read again, which does no harm.
            warn!(file = %path.display(), %error, "cannot remove a file of records that are written");
        }
    }

    fn segment_path(&self, number: u64) -> PathBuf {
        folder::segment_path(&self.folder, number)
    }
}

#[cfg(test)]
mod tests;
