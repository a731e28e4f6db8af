//! The folder of a spool: one for each database, so that a changed `database.url` pours no records into another one.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tracing::{error, info, warn};

use super::Segment;
use crate::config::private_folder;
use crate::store::StoreError;

/// Below the data folder.
const FOLDER: &str = "spool";

/// File that says in words whose records lie beside it.
const LABEL: &str = "database";

/// File that is locked while a process uses the folder.
const LOCK: &str = "lock";

const EXTENSION: &str = "jsonl";

/// Of a file with damage in it, once all that is whole in it was written.
const DAMAGED: &str = "damaged";

pub(super) struct Opened {
    pub(super) folder: PathBuf,
    pub(super) lock: File,
    pub(super) segments: VecDeque<Segment>,
    /// The first number that no file has had.
    pub(super) next: u64,
}

/// Takes hold of the folder for the database at `place`.
pub(super) fn open(data_dir: &Path, place: &str) -> Result<Opened, StoreError> {
    // A data folder that moves takes its database along: within it, only the file's own name counts.
    let place = place.replace(&format!("{}/", data_dir.display()), "");
    let all = data_dir.join(FOLDER);
    let sum = Sha256::digest(place.as_bytes());
    let name: String = sum[..6].iter().map(|byte| format!("{byte:02x}")).collect();
    let folder = all.join(name);
    let fail = |reason: String, remedy: &str| StoreError::Open {
        place: format!("spool folder {}", folder.display()),
        reason,
        remedy: remedy.to_owned(),
    };
    let unusable = |error: io::Error| fail(error.to_string(), "make it readable and writable for this user");
    private_folder(&folder).map_err(unusable)?;
    let lock = private().truncate(false).open(folder.join(LOCK)).map_err(unusable)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let reason = "another process uses it".to_owned();
            return Err(fail(reason, "stop that one, or name another folder by `--data-dir` or `data_dir`"));
        }
        Err(TryLockError::Error(error)) => return Err(unusable(error)),
    }
    let label = private().truncate(true).open(folder.join(LABEL));
    label.and_then(|mut file| writeln!(file, "{place}")).map_err(unusable)?;
    let segments = segments(&folder).map_err(unusable)?;
    let records: u64 = segments.iter().map(|segment| segment.records).sum();
    if records > 0 {
        info!(records, folder = %folder.display(), "records of an earlier run wait on disk and are written first");
    }
    tell_of_others(&all, &folder);
    let damaged = numbers(&folder, DAMAGED).map_err(unusable)?;
    let last = segments.back().map(|last| last.number).max(damaged.last().copied());
    let next = last.map_or(0, |last| last + 1);
    Ok(Opened { folder, lock, segments, next })
}

/// Begins a segment; its name survives a power cut, too.
pub(super) fn create(folder: &Path, number: u64) -> io::Result<File> {
    let path = segment_path(folder, number);
    let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)?;
    File::open(folder)?.sync_all()?;
    Ok(file)
}

pub(super) fn segment_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:012}.{EXTENSION}"))
}

pub(super) fn damaged_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:012}.{DAMAGED}"))
}

/// Deletes the oldest of the damaged files beyond `most`; answers how many are left.
pub(super) fn keep_damaged(folder: &Path, most: usize) -> usize {
    let mut damaged = numbers(folder, DAMAGED).unwrap_or_default();
    let gone = damaged.len().saturating_sub(most);
    for number in damaged.drain(..gone) {
        let path = damaged_path(folder, number);
        match fs::remove_file(&path) {
            Ok(()) => {
                error!(file = %path.display(), most, "too many damaged files are kept; the oldest is deleted");
            }
            Err(error) => warn!(file = %path.display(), %error, "cannot delete a damaged file"),
        }
    }
    damaged.len()
}

/// Numbers of the files of a kind, in order.
fn numbers(folder: &Path, extension: &str) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|is| is == extension) {
            numbers.extend(path.file_stem().and_then(|stem| stem.to_str()?.parse::<u64>().ok()));
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).mode(0o600);
    options
}

/// What lies in a folder, oldest first.
fn segments(folder: &Path) -> io::Result<VecDeque<Segment>> {
    let segment = |number| {
        let (bytes, records) = count(&segment_path(folder, number))?;
        Ok(Segment { number, bytes, records })
    };
    numbers(folder, EXTENSION)?.into_iter().map(segment).collect()
}

/// Bytes and lines of a file.
fn count(path: &Path) -> io::Result<(u64, u64)> {
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path)?);
    let (mut bytes, mut lines) = (0, 0);
    loop {
        let part = reader.fill_buf()?;
        if part.is_empty() {
            return Ok((bytes, lines));
        }
        lines += part.iter().filter(|byte| **byte == b'\n').count() as u64;
        let length = part.len();
        bytes += length as u64;
        reader.consume(length);
    }
}

/// Names what waits for databases that are not in use: nobody else would remember.
fn tell_of_others(all: &Path, own: &Path) {
    for entry in fs::read_dir(all).into_iter().flatten().flatten() {
        let folder = entry.path();
        let records: u64 = match segments(&folder) {
            Ok(segments) if folder != own => segments.iter().map(|segment| segment.records).sum(),
            _ => continue,
        };
        if records > 0 {
            let database = fs::read_to_string(folder.join(LABEL)).unwrap_or_default();
            let database = database.trim();
            warn!(
                records, database, folder = %folder.display(),
                "records for another database wait on disk; they are written when `database.url` names it again"
            );
        }
    }
}
