//! The standard model on real footage: the boxes an independent implementation finds, and the same ones every time.

mod common;

use common::{asset, init};
use gst::prelude::*;
use gstvision::engine::{Assets, Catalog, Device, EngineError, LoadOptions, Network};
use gstvision::meta::{Detections, Object};

/// Of the footage, in pixels.
const SIZE: (f32, f32) = (768.0, 576.0);

/// What the first `count` frames of the demo footage carry behind `visiondetect` with `threshold` and a model.
fn detect_with(model: &str, count: usize, threshold: f32) -> Vec<Detections> {
    init();
    asset("models/nanodet.onnx");
    let launch = "filesrc name=file ! decodebin ! videoconvert ! visiondetect name=detect max-wait-ms=-1 ! \
                  appsink name=sink sync=false max-buffers=1";
    let pipeline = gst::parse::launch(launch).expect("the pipeline should be built");
    let pipeline = pipeline.downcast::<gst::Pipeline>().expect("it should be a pipeline");
    let by_name = |name| pipeline.by_name(name).expect("the element should be there");
    by_name("file").set_property("location", asset("footage/vtest.avi").to_str());
    by_name("detect").set_property("threshold", threshold);
    by_name("detect").set_property("model", model);
    let sink = by_name("sink").downcast::<gst_app::AppSink>().expect("it should be an appsink");
    pipeline.set_state(gst::State::Playing).expect("the pipeline should start");
    let frames = (0..count)
        .map(|_| {
            let sample = sink.pull_sample().expect("there should be more frames");
            Detections::read(sample.buffer().expect("a sample has a buffer")).expect("it has detections")
        })
        .collect();
    pipeline.set_state(gst::State::Null).expect("the pipeline should stop");
    frames
}

fn detect(count: usize, threshold: f32) -> Vec<Detections> {
    detect_with("nanodet", count, threshold)
}

/// Left, top, right and bottom in pixels.
fn corners(object: &Object) -> [f32; 4] {
    let rect = object.rect;
    let (right, bottom) = (rect.x + rect.w, rect.y + rect.h);
    [rect.x * SIZE.0, rect.y * SIZE.1, right * SIZE.0, bottom * SIZE.1]
}

#[test]
fn people_are_where_an_independent_implementation_sees_them() {
    // By the model's own recipe in NumPy and OpenCV, on the first frame: corners and score.
    let expected = [
        ([639.8, 238.3, 684.1, 323.9], 0.845),
        ([500.8, 155.7, 528.8, 233.7], 0.777),
        ([253.3, 220.5, 282.0, 310.2], 0.777),
    ];
    let frames = detect(1, 0.5);
    let Detections { objects: mut found, threshold, .. } = frames[0].clone();
    found.retain(|object| object.score >= threshold);
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (corners_expected, score) in expected {
        let near = |object: &&Object| {
            corners(object)
                .iter()
                .zip(corners_expected)
                .all(|(found, expected)| (found - expected).abs() < 2.0)
        };
        let object =
            found.iter().find(near).unwrap_or_else(|| panic!("nobody at {corners_expected:?}: {found:?}"));
        assert!((object.score - score).abs() < 0.03, "{} instead of {score}", object.score);
        assert_eq!(object.label, "person");
    }
}

#[test]
fn the_same_footage_gives_the_same_answer() {
    let (first, second) = (detect(12, 0.0), detect(12, 0.0));
    assert_eq!(first, second);
    for frame in &first {
        let people = frame.objects.iter().filter(|object| object.score >= frame.threshold).count();
        assert!(people >= 2, "frame {} shows more than {people}", frame.frame);
        // The model's low threshold lets weak boxes through, for the tracker.
        assert!(frame.objects.iter().all(|object| object.score >= 0.25));
        assert!(frame.objects.iter().any(|object| object.score < frame.threshold));
    }
}

#[test]
fn whole_numbers_see_the_people_that_floats_see() {
    const WHOLE: &str = "nanodet_int8";
    init();
    let catalog = Catalog::open(None).expect("the catalog should open");
    let manifest = catalog.find(WHOLE).expect("it is a standard one");
    let options = LoadOptions { assets: Assets::locate(), runtime: None, device: Device::Auto, threads: 1 };
    if let Err(EngineError::Deviates { .. }) = Network::load(&manifest, &options) {
        // This processor computes it wrongly, and nobody is given it.
        return;
    }
    let (floats, whole) = (detect(30, 0.5), detect_with(WHOLE, 30, 0.5));
    let (mut seen, mut missed) = (0, 0);
    for (float, whole) in floats.iter().zip(&whole) {
        assert_eq!(whole.model, WHOLE);
        // The surest ones: where a score is near the threshold, both are right.
        for person in float.objects.iter().filter(|object| object.score >= 0.6) {
            let near = |other: &&Object| {
                let off =
                    corners(person).into_iter().zip(corners(other)).map(|(one, other)| (one - other).abs());
                other.label == person.label
                    && (other.score - person.score).abs() < 0.15
                    && off.sum::<f32>() < 24.0
            };
            seen += 1;
            missed += u32::from(!whole.objects.iter().any(|object| near(&object)));
        }
    }
    assert!(seen >= 60 && missed * 20 <= seen, "{missed} of {seen} are seen otherwise");
}
