//! Notices a file in which nothing can be found.
//!
//! Its demuxer says so, but `decodebin` swallows an error that comes while it is still plugging that demuxer in: the
//! pipeline then waits for a picture for ever.

use std::time::Duration;

use gst::prelude::*;

use super::meter::Meter;

/// Silence after which a demuxer without streams that has stopped reading has given up: far longer than the moment
/// between its last read and its first stream.
const DEMUXER_PATIENCE: Duration = Duration::from_secs(1);

/// Silence after which any file is broken. Long enough for the first start on a busy machine, which loads the
/// decoders from a cold disk.
const START_PATIENCE: Duration = Duration::from_secs(12);

/// True when the file that `pipeline` plays will never give its first picture.
pub(super) fn is_broken(pipeline: &gst::Pipeline, meter: &Meter) -> bool {
    let silence = meter.silence();
    silence >= START_PATIENCE || (silence >= DEMUXER_PATIENCE && has_given_up(pipeline))
}

fn has_given_up(pipeline: &gst::Pipeline) -> bool {
    pipeline.iterate_recurse().into_iter().flatten().any(|element| {
        let class = element.metadata("klass").unwrap_or_default();
        class.contains("Demux") && element.src_pads().is_empty() && !element.sink_pads().iter().any(reads)
    })
}

/// A demuxer that pulls its file does so in a task of its sink pad.
fn reads(pad: &gst::Pad) -> bool {
    pad.mode() != gst::PadMode::Pull || pad.task_state() == gst::TaskState::Started
}
