//! Several users of one network: they share it, none waits for ever, and nobody gets another's boxes.

mod common;

use std::num::NonZero;

use common::{MovingTarget, error_in_widths, init, models_dir, runtime};
use gstvision::engine::{Assets, Catalog, Detector, Device, I420, LoadOptions, Wanted};

/// Pictures that each user looks at: enough that the pool sees that one session is too few.
const PICTURES: u64 = 8;

#[test]
fn users_at_the_same_time_share_as_many_sessions_as_there_are_cores() {
    init();
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let catalog = Catalog::open(Some(models_dir().as_ref())).expect("the catalog should open");
    let manifest = catalog.find("slow_blob").expect("the model should be there");
    let options = LoadOptions {
        assets: Assets::new("/nowhere"),
        runtime: Some(runtime().into()),
        device: Device::Auto,
        threads: 1,
    };
    let wanted = Wanted::new(&manifest, &["person"], 0.5).expect("the label should be known");
    let look = |user: u64| -> Detector {
        let mut detector = Detector::load(&manifest, &options).expect("the model should load");
        for picture in 0..PICTURES {
            let target = MovingTarget::default();
            let number = user * 20 + picture;
            let info = gst_video::VideoInfo::from_caps(&target.caps()).expect("the caps should be good");
            let buffer = target.frame(number);
            let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(&buffer, &info)
                .expect("the frame should be readable");
            let picture = I420::of(&frame).expect("the frame should be I420");
            let (found, timing) = detector.detect(&picture, &wanted).expect("the inference should work");
            assert!(error_in_widths(&found[0].rect, &target.rect(number)) <= 0.02);
            assert!(timing.inference > timing.preprocess);
        }
        detector
    };
    let users = cores as u64 + 2;
    let detectors: Vec<Detector> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..users).map(|user| scope.spawn(move || look(user))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no user should fail")).collect()
    });
    let sessions = detectors[0].model().sessions();
    let least = cores.min(2);
    assert!((least..=cores).contains(&sessions), "{sessions} sessions on {cores} cores");
    assert!(detectors.iter().all(|detector| detector.model().sessions() == sessions), "all share one pool");
}
