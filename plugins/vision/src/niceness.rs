//! Who goes first when a machine has too little: the picture, then what is found in it.

use std::io;
use std::thread::{Builder, JoinHandle};

use rustix::process::{getpriority_process, setpriority_process};
use rustix::thread::gettid;

/// What `renice` calls it, from 0 (as all others) to 19 (only what nobody else wants). At 10 a thread gets about a tenth
/// of a core that a streaming thread wants as well, and all of one that nobody wants.
const NICENESS: i32 = 10;

/// Starts a thread that lets those go first which decode, encode and send pictures: a camera that is looked at less often
/// still counts, while a picture that comes late is seen by everybody. Threads that ONNX Runtime makes for itself, where it
/// is given more than one, are not lowered.
///
/// # Errors
/// When the system has no thread left.
pub(crate) fn spawn_behind_video(
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    Builder::new().name(name.to_owned()).spawn(|| {
        go_last();
        work();
    })
}

/// On Linux niceness is each thread's own.
fn go_last() {
    let thread = Some(gettid());
    let lowered = getpriority_process(thread).and_then(|now| setpriority_process(thread, now.max(NICENESS)));
    if let Err(error) = lowered {
        // A sandbox may forbid it, and then all is as it would be without.
        gst::debug!(gst::CAT_PERFORMANCE, "the priority of an analysis is not lowered: {error}");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn only_the_thread_itself_goes_last() {
        let niceness = || getpriority_process(Some(gettid())).unwrap();
        let before = niceness();
        let (tell, told) = mpsc::channel();
        spawn_behind_video("last", move || tell.send(niceness()).unwrap()).unwrap().join().unwrap();
        assert_eq!(told.recv().unwrap(), before.max(NICENESS));
        assert_eq!(niceness(), before);
    }
}
