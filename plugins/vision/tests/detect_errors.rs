//! A detector that cannot start says once, in one sentence, what is wrong and what to do.

mod common;

use std::sync::mpsc;
use std::time::Duration;

use common::{detector, folder, init, models_dir};
use gst::prelude::*;

const BLOB: &str = include_str!("models/blob.toml");
const NANODET: &str = include_str!("../../../models/nanodet.toml");

/// The text of the only error that `element` posts when it is started.
fn error_of(element: &gst::Element) -> String {
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    assert!(element.set_state(gst::State::Paused).is_err(), "it should not start");
    let errors: Vec<_> = std::iter::from_fn(|| bus.pop_filtered(&[gst::MessageType::Error])).collect();
    element.set_state(gst::State::Null).expect("a failed element should stop");
    assert_eq!(errors.len(), 1, "{errors:?}");
    let gst::MessageView::Error(error) = errors[0].view() else { panic!("only errors were taken") };
    error.error().message().to_owned()
}

/// A detector with the manifest `text`, in a folder called `name`; its weights are those of the toy models.
fn detector_with(name: &str, text: &str) -> gst::Element {
    init();
    let folder = folder(name, &[("changed.toml", text)]);
    let element = detector("changed");
    element.set_property("models-dir", folder.to_str().expect("the path should be text"));
    element.set_property("assets-dir", concat!(env!("CARGO_MANIFEST_DIR"), "/tests"));
    element
}

fn renamed(text: &str) -> String {
    text.replacen("name = \"blob\"", "name = \"changed\"", 1)
}

#[test]
fn missing_weights_are_named_with_the_way_to_get_them() {
    init();
    let element = detector("nanodet");
    element.set_property("assets-dir", "/nowhere");
    assert_eq!(
        error_of(&element),
        "model \"nanodet\": weights /nowhere/models/nanodet.onnx are missing; run \"make setup\" or set the \
         assets folder (ATALAYA_ASSETS_DIR) to one that has them"
    );
}

#[test]
fn faces_are_not_hidden_by_an_element_that_cannot_find_them() {
    init();
    let element = gst::ElementFactory::make("visionblur").property("assets-dir", "/nowhere").build();
    let element = element.expect("visionblur should be registered");
    element.set_property_from_str("target", "faces");
    let error = error_of(&element);
    assert!(error.starts_with("model \"blazeface_front\": weights /nowhere/models/"), "{error}");
    element.set_property_from_str("target", "heads");
    element.set_state(gst::State::Paused).expect("heads need no model");
    element.set_state(gst::State::Null).expect("it should stop");
}

#[test]
fn weights_with_another_checksum_are_refused() {
    let found = "42370cac340100b6c7764017dfc4db0f1f6fc4a02aab0787d1fcd808d54b2727";
    let expected = "0".repeat(64);
    let element = detector_with("checksum", &renamed(BLOB).replace(found, &expected));
    let error = error_of(&element);
    assert!(error.contains(&format!("have sha256 {found}, the manifest says {expected}")), "{error}");
    assert!(error.contains("put its sha256 into the manifest"), "{error}");
}

#[test]
fn a_network_of_another_input_is_refused_with_both_shapes() {
    let element = detector_with("input", &renamed(BLOB).replace("width = 320", "width = 416"));
    assert_eq!(
        error_of(&element),
        "model \"changed\" does not fit its manifest: inputs: found \"image\" f32 [1, 3, 240, 320]; expected \
         one f32 or u8 [1, 3, 240, 416]"
    );
}

#[test]
fn a_network_of_another_output_is_refused_with_both_shapes() {
    let element = detector_with("output", &renamed(BLOB).replace("end2end", "nanodet"));
    let error = error_of(&element);
    assert!(error.contains("outputs: found \"boxes\" f32 [1, 1, 6]; expected for stride 8"), "{error}");
}

#[test]
fn a_manifest_with_an_unknown_decoder_is_refused_with_its_line() {
    let element = detector_with("decoder", &renamed(BLOB).replace("end2end", "yolo9000"));
    let error = error_of(&element);
    assert!(error.contains("changed.toml line 6: `decoder = \"yolo9000\"`: unknown variant"), "{error}");
}

#[test]
fn a_file_that_is_no_network_is_refused() {
    init();
    let of_blob = "42370cac340100b6c7764017dfc4db0f1f6fc4a02aab0787d1fcd808d54b2727";
    let of_text = "0e668baeb36bdc26f2e1d0ef18231cf9691164e23adc211315ded82fd710e114";
    let manifest = renamed(BLOB).replace("blob.onnx", "text.onnx").replace(of_blob, of_text);
    let folder = folder("no-network", &[("changed.toml", &manifest), ("text.onnx", "not a network")]);
    let element = detector("changed");
    element.set_property("models-dir", folder.to_str().expect("the path should be text"));
    let error = error_of(&element);
    assert!(error.starts_with("model \"changed\": ONNX Runtime does not take "), "{error}");
    assert!(error.contains("no-network/text.onnx: "), "{error}");
}

#[test]
fn a_missing_runtime_is_named_with_the_way_to_get_it() {
    init();
    let element = detector("blob");
    element.set_property("runtime", "/nowhere/libonnxruntime.so");
    let error = error_of(&element);
    assert!(
        error.starts_with("ONNX Runtime /nowhere/libonnxruntime.so is missing; run \"make setup\""),
        "{error}"
    );
}

#[test]
fn settings_that_cannot_be_are_named() {
    init();
    let cases = [
        (
            "model",
            "nanodot",
            "no model \"nanodot\"; there are: blob, fragile_blob, nanodet, nanodet_int8, slow_blob",
        ),
        (
            "model",
            "age_v1",
            "model \"age_v1\" cannot be used here: its job is \"age\", and one for \"detector\" is needed",
        ),
        ("device", "cuda", "device \"cuda\" is not available: ONNX Runtime /"),
        ("device", "tensorrt", "device \"tensorrt\" is not available: ONNX Runtime /"),
        ("device", "openvino", "device \"openvino\" is not available: ONNX Runtime /"),
        ("device", "gpu", "no device \"gpu\"; there are: auto, cpu"),
        ("labels", "person, dog", "model \"blob\" has no label \"dog\"; it has: person"),
        ("models-dir", "/nowhere", "/nowhere cannot be read"),
    ];
    for (property, value, message) in cases {
        let element = detector("blob");
        element.set_property(property, value);
        let error = error_of(&element);
        assert!(error.starts_with(message), "{property} = {value}: {error}");
    }
}

#[test]
fn a_detector_starts_again_after_its_settings_were_corrected() {
    init();
    let element = detector("nanodot");
    error_of(&element);
    element.set_property("model", format!("{}/blob.toml", models_dir()));
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    let target = common::MovingTarget::default();
    harness.set_src_caps(target.caps());
    assert!(harness.push_and_pull(target.frame(0)).is_ok());
}

#[test]
fn the_standard_manifest_is_the_one_that_is_built_in() {
    let built_in = gstvision::engine::Catalog::open(None).expect("the catalog should open");
    let standard = gstvision::engine::Manifest::parse(NANODET, "nanodet.toml").expect("it should be good");
    assert_eq!(built_in.find("nanodet").expect("it should be there"), standard);
}

#[test]
fn what_is_loading_holds_up_nobody_else() {
    init();
    let of_blob = "42370cac340100b6c7764017dfc4db0f1f6fc4a02aab0787d1fcd808d54b2727";
    let manifest = renamed(BLOB).replace("blob.onnx", "pipe.onnx").replace(of_blob, &"5".repeat(64));
    let folder = folder("slow-disk", &[("changed.toml", &manifest)]);
    let weights = folder.join("models/pipe.onnx");
    let _ = std::fs::remove_file(&weights);
    std::fs::create_dir_all(folder.join("models")).expect("the folder should be made");
    let made = std::process::Command::new("mkfifo").arg(&weights).status().expect("mkfifo should start");
    assert!(made.success(), "a pipe should be made");
    let element = detector("changed");
    element.set_property("models-dir", folder.to_str().expect("the path should be text"));
    element.set_property("assets-dir", folder.to_str().expect("the path should be text"));
    std::thread::scope(|scope| {
        let starting = scope.spawn(|| error_of(&element));
        // Opening it for writing waits for the reader; from then on the reader waits for this end. Should nobody ever
        // read, only a thread that no one waits for stands still.
        let (opened, is_open) = std::sync::mpsc::channel();
        std::thread::spawn(move || opened.send(std::fs::OpenOptions::new().write(true).open(&weights)));
        let end = is_open.recv_timeout(std::time::Duration::from_secs(30));
        let end = end.expect("the weights should be read").expect("the pipe should open");
        let (done, is_done) = std::sync::mpsc::channel();
        scope.spawn(move || {
            let other = detector("blob");
            other.set_state(gst::State::Paused).expect("another model should load");
            let loaded = gstvision::engine::loaded();
            other.set_state(gst::State::Null).expect("it should stop");
            done.send(loaded).expect("the test waits for this");
        });
        let loaded = is_done.recv_timeout(std::time::Duration::from_secs(30));
        drop(end);
        let error = starting.join().expect("the element should have failed in peace");
        assert!(error.contains("have sha256 e3b0c44298fc"), "nothing came out of the pipe: {error}");
        let loaded = loaded.expect("nobody should wait for a model of others");
        assert!(loaded.iter().any(|network| network.model == "blob"), "{loaded:?}");
        assert!(loaded.iter().all(|network| network.model != "changed"), "{loaded:?}");
    });
}

#[test]
fn a_frame_that_is_not_what_its_caps_promise_is_named_in_the_message() {
    init();
    let element = detector("blob");
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    harness.set_src_caps(common::MovingTarget::default().caps());
    assert_eq!(harness.push(gst::Buffer::from_slice([0_u8; 10])), Err(gst::FlowError::Error));
    let error = bus.pop_filtered(&[gst::MessageType::Error]).expect("an error should be posted");
    let gst::MessageView::Error(error) = error.view() else { panic!("only errors were taken") };
    assert_eq!(error.error().message(), "a frame is not the I420 its caps promise");
    assert!(error.error().matches(gst::StreamError::Failed), "it may be different next time");
}

#[test]
fn whoever_hears_of_an_error_may_ask_back_at_once() {
    init();
    let element = detector("blob");
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    harness.set_src_caps(common::MovingTarget::default().caps());
    let (said, answers) = mpsc::channel();
    bus.set_sync_handler(move |_, message| {
        if message.type_() == gst::MessageType::Error {
            let stats = element.property::<gst::Structure>("stats");
            let is_answered = element.query(&mut gst::query::Latency::new());
            said.send((stats.get::<u64>("frames"), is_answered)).expect("a test");
        }
        gst::BusSyncReply::Drop
    });
    // On a thread of its own, so that a deadlock is a failure.
    std::thread::spawn(move || harness.push(gst::Buffer::from_slice([0_u8; 10])));
    assert_eq!(answers.recv_timeout(Duration::from_secs(20)), Ok((Ok(1), true)));
}
