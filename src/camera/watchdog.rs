//! Notices how a run of a pipeline ends: by a word of the pipeline, or by its silence.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::description::Kind;
use super::reason::{BROKEN_FILE, MissingPlugin, Trouble, explain};
use super::run::{Run, Signal};

/// A live camera without any sign of life for so long is lost.
const PATIENCE: Duration = Duration::from_secs(3);
/// A camera that sends, but no picture can be made of it: long enough for a key frame every ten seconds.
const KEY_FRAME_PATIENCE: Duration = Duration::from_secs(15);
/// A file may be on a slow disk and its detector on a slow machine.
pub(super) const FILE_PATIENCE: Duration = Duration::from_secs(60);

/// How a run ended.
pub(super) enum End {
    /// The owner wants something else now.
    Asked,
    /// A file came to its end.
    Finished,
    Trouble(Trouble),
}

/// What is known of a pipeline while it is watched.
pub(super) struct Watchdog<'a> {
    pub(super) run: &'a Run,
    kind: Kind,
    missing: Vec<MissingPlugin>,
    /// When the first picture came.
    pub(super) running: Option<Instant>,
}

impl<'a> Watchdog<'a> {
    pub(super) fn new(run: &'a Run, kind: Kind) -> Self {
        Self { run, kind, missing: Vec::new(), running: None }
    }

    pub(super) fn hear(&mut self, signal: &Signal) -> Option<End> {
        let Signal::Message(message) = signal else { return Some(self.end_of_stream()) };
        match message.view() {
            gst::MessageView::Error(error) => {
                let trouble = explain(error, &self.missing);
                Some(End::Trouble(match (self.kind, trouble) {
                    // The same file gives the same error.
                    (Kind::File, trouble) => Trouble::Failed(trouble.reason()),
                    (Kind::Live, trouble) => trouble,
                }))
            }
            gst::MessageView::Element(element) => {
                self.missing.extend(MissingPlugin::from_message(element));
                None
            }
            _ => None,
        }
    }

    fn end_of_stream(&self) -> End {
        let shown = self.running.is_some() || self.run.meter.frames_out.load(Ordering::Relaxed) > 0;
        match (self.kind, shown) {
            (Kind::File, true) => End::Finished,
            (Kind::File, false) => End::Trouble(Trouble::Failed("there is no picture in this file".into())),
            (Kind::Live, _) => End::Trouble(Trouble::Lost("the camera ended the stream".into())),
        }
    }

    /// Says so when the pipeline has been silent for too long.
    pub(super) fn overdue(&self) -> Option<Trouble> {
        let (dark, silent) = (self.run.meter.darkness(), self.run.meter.silence());
        let running = self.running.is_some();
        let no_picture = |patience: Duration| format!("no picture for {} s", patience.as_secs());
        if self.kind == Kind::File {
            if !running && self.run.is_broken_file() {
                return Some(Trouble::Failed(BROKEN_FILE.to_owned()));
            }
            return (dark >= FILE_PATIENCE).then(|| Trouble::Failed(no_picture(FILE_PATIENCE)));
        }
        if running && dark >= PATIENCE {
            return Some(Trouble::Lost(no_picture(PATIENCE)));
        }
        if !running && silent >= PATIENCE {
            return Some(Trouble::Lost(format!("no answer from the camera for {} s", PATIENCE.as_secs())));
        }
        (!running && dark >= KEY_FRAME_PATIENCE)
            .then(|| Trouble::Lost(format!("data but no picture for {} s", KEY_FRAME_PATIENCE.as_secs())))
    }
}
