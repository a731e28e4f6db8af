//! When the settings are to be read again: their file has changed, or SIGHUP asks for it.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

/// How often the file is looked at. A look is one system call, and there is no file system where it does not work.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Until settings that could not be brought in, as when the database is away, are tried again.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(10);

pub(super) struct Reload {
    hangup: Signal,
    file: Option<PathBuf>,
    known: Stamp,
    looks: Interval,
    /// When the settings are read again though nothing has changed.
    again: Option<Instant>,
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
        Ok(Self { hangup, known: Stamp::of(file), file: file.map(Path::to_owned), looks, again: None })
    }

    /// Has the settings read again in a while.
    pub(super) fn ask_again(&mut self) {
        self.again = Some(Instant::now() + TRY_AGAIN_AFTER);
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
            let is_time = self.again.is_some_and(|again| again <= Instant::now());
            if hung_up || is_time || (now != self.known && fresh == Some(now)) {
                self.known = now;
                self.again = None;
                return;
            }
            fresh = Some(now);
        }
    }
}
