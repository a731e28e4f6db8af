//! When the settings are to be read again: their file has changed, or SIGHUP asks for it.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// How often the file is looked at. A look is one system call, and there is no file system where it does not work.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(super) struct Reload {
    hangup: Signal,
    file: Option<PathBuf>,
    known: Stamp,
    looks: Interval,
}

/// What differs when a file was written, or another put in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp(Option<(SystemTime, u64, u64)>);

impl Stamp {
    fn of(file: Option<&Path>) -> Self {
        let metadata = file.and_then(|file| std::fs::metadata(file).ok());
        Self(metadata.and_then(|about| Some((about.modified().ok()?, about.len(), about.ino()))))
    }
}

impl Reload {
    /// Takes `file` as known.
    ///
    /// # Errors
    /// When the system has no signals to give.
    pub(super) fn new(file: Option<&Path>) -> io::Result<Self> {
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let hangup = signal(SignalKind::hangup())?;
        Ok(Self { hangup, known: Stamp::of(file), file: file.map(Path::to_owned), looks })
    }

    /// Completes when the settings are to be read again. A file that is being written is waited for until it rests.
    pub(super) async fn asked(&mut self) {
        let mut fresh = None;
        loop {
            let hung_up = tokio::select! {
                _ = self.hangup.recv() => true,
                _ = self.looks.tick() => false,
            };
            let now = Stamp::of(self.file.as_deref());
            if hung_up || (now != self.known && fresh == Some(now)) {
                self.known = now;
                return;
            }
            fresh = Some(now);
        }
    }
}
