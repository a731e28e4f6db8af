//! The models that look at one person, on the first frame of the demo footage: they say there what an independent
//! implementation (the models' own recipe in NumPy and Pillow) says.

mod common;

use common::{asset, init};
use gst::prelude::*;
use gstvision::engine::blazepose::{BlazePose, BodyPart};
use gstvision::engine::mask::{MaskReader, Material};
use gstvision::engine::{
    Answer, Assets, Catalog, Device, Feed, I420, LoadOptions, Manifest, Network, Preprocessor, Region,
    Tensor, blazeface::BlazeFace,
};
use gstvision::meta::Rect;

/// Of the footage, in pixels.
const SIZE: (f32, f32) = (768.0, 576.0);

/// Somebody who comes towards the camera: left, top, right and bottom in pixels.
const PERSON: [f32; 4] = [253.3, 220.5, 282.0, 310.2];

/// Hands the first frame of the footage to `look`.
fn with_frame<R>(look: impl FnOnce(&I420<'_>) -> R) -> R {
    init();
    let launch = "filesrc name=file ! decodebin ! videoconvert ! video/x-raw,format=I420 ! appsink name=sink sync=false";
    let pipeline = gst::parse::launch(launch).expect("the pipeline should be built");
    let pipeline = pipeline.downcast::<gst::Pipeline>().expect("it should be a pipeline");
    let by_name = |name| pipeline.by_name(name).expect("the element should be there");
    by_name("file").set_property("location", asset("footage/vtest.avi").to_str());
    let sink = by_name("sink").downcast::<gst_app::AppSink>().expect("it should be an appsink");
    pipeline.set_state(gst::State::Playing).expect("the pipeline should start");
    let sample = sink.pull_sample().expect("there should be a frame");
    pipeline.set_state(gst::State::Null).expect("the pipeline should stop");
    let info =
        gst_video::VideoInfo::from_caps(sample.caps().expect("it has caps")).expect("they are of video");
    let buffer = sample.buffer().expect("a sample has a buffer");
    let frame =
        gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, &info).expect("it should be readable");
    look(&I420::of(&frame).expect("it is I420"))
}

fn load(name: &str) -> (Manifest, Network) {
    let manifest = Catalog::open(None).map(|catalog| catalog.find(name));
    let manifest = manifest.expect("the catalog should open").expect("the model should be there");
    let options = LoadOptions { assets: Assets::locate(), runtime: None, device: Device::Auto, threads: 1 };
    let network = Network::load(&manifest, &options).expect("the model should load");
    (manifest, network)
}

/// What `read` makes of the answer of `network` to the square around the person, `margin` times as wide.
fn look<R>(
    network: &Network,
    margin: f32,
    read: impl FnOnce(&[Answer<'_>], &Region) -> Result<R, String>,
) -> R {
    with_frame(|frame| {
        let [left, top, right, bottom] = PERSON;
        let rect = Rect {
            x: left / SIZE.0,
            y: top / SIZE.1,
            w: (right - left) / SIZE.0,
            h: (bottom - top) / SIZE.1,
        };
        let region = Region::around(&rect, margin, frame.shown_size());
        let input = network.manifest().input.as_ref().expect("it takes pictures");
        let mut tensor = Tensor::default();
        Preprocessor::new(input).crop(frame, &region, &mut tensor);
        let answer = network.run(&[Feed::F32(tensor.values())], |answers| read(answers, &region));
        answer.expect("the inference should work")
    })
}

#[test]
fn landmarks_are_where_an_independent_implementation_sees_them() {
    let parts = [
        BodyPart::Nose,
        BodyPart::LeftShoulder,
        BodyPart::RightShoulder,
        BodyPart::LeftHip,
        BodyPart::RightHip,
        BodyPart::LeftKnee,
        BodyPart::RightAnkle,
    ];
    let lite = [
        (271.7, 229.9),
        (259.3, 239.3),
        (270.3, 239.0),
        (261.5, 266.2),
        (267.5, 266.0),
        (263.9, 284.8),
        (275.4, 299.1),
    ];
    let full = [
        (270.4, 229.9),
        (258.9, 236.7),
        (272.2, 238.5),
        (262.5, 265.8),
        (271.5, 265.7),
        (262.7, 284.4),
        (275.1, 303.5),
    ];
    for (name, expected) in [("blazepose_lite", lite), ("blazepose_full", full)] {
        let (manifest, network) = load(name);
        let decoder = BlazePose::new(&manifest).expect("it is for landmarks");
        let pose = look(&network, 1.25, |answers, region| decoder.decode(answers, region));
        let pose = pose.expect("there is a person");
        assert!(pose.presence > 0.99, "{name}: {}", pose.presence);
        for (part, expected) in parts.into_iter().zip(expected) {
            let point = pose.at(part);
            let away = (point.x * SIZE.0 - expected.0).hypot(point.y * SIZE.1 - expected.1);
            assert!(away < 2.0, "{name}: {part:?} is {away} pixels away");
            assert!(point.visibility > 0.7, "{name}: {part:?} {point:?}");
        }
    }
}

#[test]
fn where_nobody_is_there_is_no_pose() {
    let (manifest, network) = load("blazepose_full");
    let decoder = BlazePose::new(&manifest).expect("it is for landmarks");
    let grey = vec![0.5; 3 * 256 * 256];
    let region = Region::around(&Rect { x: 0.0, y: 0.0, w: 1.0, h: 1.0 }, 1.0, SIZE);
    let pose = network.run(&[Feed::F32(&grey)], |answers| decoder.decode(answers, &region));
    assert_eq!(pose.expect("the inference should work"), None);
}

#[test]
fn clothes_are_where_an_independent_implementation_sees_them() {
    let (manifest, network) = load("selfie_multiclass");
    let reader = MaskReader::new(&manifest).expect("it makes masks");
    let mask = look(&network, 1.1, |answers, region| reader.decode(answers, region));
    for (material, share) in [
        (Material::Background, 0.8935),
        (Material::Clothes, 0.0812),
        (Material::Hair, 0.0080),
        (Material::Other, 0.0),
    ] {
        let found = mask.share(material);
        assert!((found - share).abs() < 0.02, "{material:?}: {found} instead of {share}");
    }
    let at = |x: f32, y: f32| mask.at(x / SIZE.0, y / SIZE.1);
    assert_eq!(at(265.0, 252.0), Some(Material::Clothes), "the chest");
    assert_eq!(at(240.0, 230.0), Some(Material::Background), "the path");
}

#[test]
fn nobody_far_away_has_a_face() {
    let (manifest, network) = load("blazeface_back");
    let decoder = BlazeFace::new(&manifest).expect("it is for faces");
    let faces = with_frame(|frame| {
        let input = manifest.input.as_ref().expect("it takes pictures");
        let mut tensor = Tensor::default();
        Preprocessor::new(input).fill(frame, &mut tensor);
        let region = tensor.region().expect("it was filled");
        network.run(&[Feed::F32(tensor.values())], |answers| decoder.decode(answers, region))
    });
    assert_eq!(faces.expect("the inference should work"), []);
}
