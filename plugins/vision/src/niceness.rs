//! Who goes first when a machine has too little: the picture, then what is found in it.

use rustix::process::{getpriority_process, setpriority_process};
use rustix::thread::gettid;

/// What `renice` calls it, from 0 (as all others) to 19 (only what nobody else wants). At 10 a thread gets about a tenth
/// of a core that a streaming thread wants as well, and all of one that nobody wants.
const NICENESS: i32 = 10;

/// Lets the threads that decode, encode and send pictures go before this one: a camera that is looked at less often
/// still counts, while a picture that comes late is seen by everybody. Threads that ONNX Runtime makes for itself, where it
/// is given more than one, are not lowered.
pub(crate) fn let_video_go_first() {
    // On Linux niceness is each thread's own.
    let thread = Some(gettid());
    let lowered = getpriority_process(thread).and_then(|now| setpriority_process(thread, now.max(NICENESS)));
    if let Err(error) = lowered {
        // A sandbox may forbid it, and then all is as it would be without.
        gst::debug!(gst::CAT_PERFORMANCE, "the priority of an analysis is not lowered: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_thread_itself_goes_last() {
        let before = getpriority_process(Some(gettid())).unwrap();
        let inside = std::thread::spawn(|| {
            let_video_go_first();
            getpriority_process(Some(gettid())).unwrap()
        });
        assert_eq!(inside.join().unwrap(), before.max(NICENESS));
        assert_eq!(getpriority_process(Some(gettid())).unwrap(), before);
    }
}
