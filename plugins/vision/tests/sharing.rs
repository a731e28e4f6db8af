//! Several users of one network: they share it, none waits for ever, and nobody gets another's boxes.

mod common;

use std::num::NonZero;
use std::sync::Barrier;

use common::{MovingTarget, error_in_widths, init, models_dir, runtime};
use gstvision::engine::{
    Assets, Catalog, Check, Detector, Device, EngineError, I420, LoadOptions, Manifest, Network, Wanted,
};

/// Pictures that each user looks at: enough that the pool sees that one session is too few.
const PICTURES: u64 = 8;

fn options() -> LoadOptions {
    LoadOptions {
        assets: Assets::new("/nowhere"),
        runtime: Some(runtime().into()),
        device: Device::Auto,
        threads: 1,
    }
}

/// A toy that must answer with these numbers to the test picture.
fn checked(name: &str, answer: [f32; 6]) -> Manifest {
    let catalog = Catalog::open(Some(models_dir().as_ref())).expect("the catalog should open");
    let manifest = catalog.find(name).expect("the model should be there");
    let check = Check { limit: 0.2, answers: [("boxes".to_owned(), answer.to_vec())].into() };
    Manifest { check: Some(check), ..manifest }
}

/// What the toys really make of the test picture, and the box of another one.
const RIGHT: [f32; 6] = [0.0, 0.0, 320.0, 240.0, 1.0, 0.0];
const WRONG: [f32; 6] = [0.0, 0.0, 160.0, 240.0, 1.0, 0.0];

fn deviates(loaded: &Result<Network, EngineError>) -> bool {
    matches!(loaded, Err(EngineError::Deviates { .. }))
}

#[test]
fn of_those_who_start_at_once_nobody_is_given_a_network_that_deviates() {
    init();
    let manifest = checked("slow_blob", WRONG);
    let together = Barrier::new(3);
    let load = || {
        together.wait();
        Network::load(&manifest, &options())
    };
    let loaded: Vec<_> = std::thread::scope(|scope| {
        let users: Vec<_> = (0..3).map(|_| scope.spawn(load)).collect();
        users.into_iter().map(|user| user.join().expect("no user should panic")).collect()
    });
    assert!(loaded.iter().all(deviates));
}

#[test]
fn a_check_is_not_believed_to_be_another() {
    init();
    let right = Network::load(&checked("blob", RIGHT), &options());
    assert!(right.is_ok() && deviates(&Network::load(&checked("blob", WRONG), &options())));
    let unchecked = Network::load(&Manifest { check: None, ..checked("blob", WRONG) }, &options());
    assert!(unchecked.is_ok() && deviates(&Network::load(&checked("blob", WRONG), &options())));
}

#[test]
fn users_at_the_same_time_share_as_many_sessions_as_there_are_cores() {
    init();
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let catalog = Catalog::open(Some(models_dir().as_ref())).expect("the catalog should open");
    let manifest = catalog.find("slow_blob").expect("the model should be there");
    let options = options();
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
