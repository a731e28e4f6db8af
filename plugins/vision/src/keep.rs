//! Networks that outlive the element that used them, for a while.

use gst::prelude::*;

/// How long: a camera that reconnects need not load them again, and one that was switched off does not hold 60 MB for
/// ever.
const KEEP_LOADED: gst::ClockTime = gst::ClockTime::from_seconds(60);

/// Holds `guard` for a while. GStreamer's clock lets go of it, so no thread of ours sleeps for it; when it cannot, the
/// guard goes at once.
pub(crate) fn keep_for_a_while(guard: impl Send + Sync + 'static) {
    let clock = gst::SystemClock::obtain();
    let id = clock.new_single_shot_id(clock.time() + KEEP_LOADED);
    // What cannot be kept is loaded anew by the next one.
    let _ = id.wait_async(move |_, _, _| drop(guard));
}
