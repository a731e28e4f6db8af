//! How long a network stays in memory, in a test program of its own since it turns the clock of the process.

mod common;

use common::{MovingTarget, detector, init};
use gst::prelude::*;
use gst_check::{Harness, TestClock};
use gstvision::engine::{Loaded, loaded};

fn blob() -> Option<Loaded> {
    loaded().into_iter().find(|network| network.model == "blob")
}

#[test]
fn a_network_outlives_a_reconnect_and_is_freed_a_minute_after_its_last_user() {
    init();
    let clock = TestClock::new();
    gst::SystemClock::set_default(Some(&clock));
    let target = MovingTarget::default();
    let element = detector("blob");
    element.set_property("max-wait-ms", -1);
    let mut harness = Harness::with_element(&element, Some("sink"), Some("src"));
    harness.set_src_caps(target.caps());
    harness.push_and_pull(target.frame(0)).expect("the frame should come out");
    let first = blob().expect("it is loaded");
    assert!(first.inference_ms.is_some(), "it looked at a frame");
    let stop = || element.set_state(gst::State::Null).expect("the element should stop");
    // Lets whoever waits for the time that it then is go on, and says how many they were.
    let pass_seconds = |seconds: i64| {
        clock.advance_time(seconds * 1_000_000_000);
        std::iter::from_fn(|| {
            let due = clock.next_entry_time().is_some_and(|time| time <= clock.time());
            due.then(|| clock.process_next_clock_id())
        })
        .count()
    };
    stop();
    assert_eq!(pass_seconds(59), 0);
    assert_eq!(blob().as_ref(), Some(&first));
    element.set_state(gst::State::Playing).expect("the element should start again");
    assert_eq!(blob().as_ref(), Some(&first), "its figures go on, so it is the same one");
    assert_eq!(pass_seconds(2), 1);
    assert_eq!(blob().as_ref(), Some(&first), "it has a user again");
    stop();
    assert_eq!(pass_seconds(59), 0);
    assert_eq!(blob().as_ref(), Some(&first));
    assert_eq!(pass_seconds(1), 1);
    assert_eq!(blob(), None);
}
