//! Folders that secrets will lie in, each for one server at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Holds the number of the process that uses the folder.
const LOCK_FILE: &str = "atalaya.lock";

/// Makes `folder` and what is missing above it, for its owner only. One that is there stays as its owner made it; what
/// we put there is closed to others all the same.
///
/// # Errors
/// When it cannot be made.
pub fn private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// A data folder that is ours until this is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes `folder`, which is there: two servers on one would count everybody twice.
    ///
    /// # Errors
    /// [`io::ErrorKind::ResourceBusy`] when another process has it, which the message names; and when it cannot be written.
    pub fn take(folder: &Path) -> io::Result<Self> {
        let path = folder.join(LOCK_FILE);
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                // What is told without it is true, too.
                let _ = file.read_to_string(&mut process);
                let process = process.trim();
                let reason = format!("another Atalaya uses it (process {process})");
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, reason));
            }
        }
        file.set_len(0)?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Self { _file: file })
    }
}
