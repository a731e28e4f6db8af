//! Folders that secrets will lie in, each for one server at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use thiserror::Error;

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

/// Why a data folder is not ours.
#[derive(Debug, Error)]
pub enum FolderError {
    #[error("data folder {} is in use by another Atalaya (process {process}); stop that one, or name another folder by \
        `--data-dir` or `data_dir`", folder.display())]
    Taken { folder: PathBuf, process: String },
    #[error("cannot use data folder {}: {error}; make it writable for this user, or name another one by \
        `--data-dir` or `data_dir`", folder.display())]
    Unusable { folder: PathBuf, error: io::Error },
}

impl FolderLock {
    /// Takes `folder`, which is made when it is not there: two servers on one would count everybody twice.
    ///
    /// # Errors
    /// When another process has it, or it cannot be written.
    pub fn take(folder: &Path) -> Result<Self, FolderError> {
        let unusable = |error| FolderError::Unusable { folder: folder.to_owned(), error };
        private_folder(folder).map_err(unusable)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(folder.join(LOCK_FILE)).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                // What is told without it is true, too.
                let _ = file.read_to_string(&mut process);
                let process = process.trim().to_owned();
                return Err(FolderError::Taken { folder: folder.to_owned(), process });
            }
        }
        file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(unusable)?;
        Ok(Self { _file: file })
    }
}
