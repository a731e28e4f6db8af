//! Networks in the forms that people bring: each decoder finds the target in a real network's answer, and a network
//! that is something else than its manifest says is refused with what was found and what was expected.

mod common;

use common::{MovingTarget, error_in_widths, folder, init, models_dir, runtime};
use gstvision::engine::{
    Assets, Catalog, Detector, Device, EngineError, I420, LoadOptions, Manifest, Wanted,
};

fn load(manifest: &Manifest) -> Result<Detector, EngineError> {
    init();
    let options = LoadOptions {
        assets: Assets::new("/nowhere"),
        runtime: Some(runtime().into()),
        device: Device::Auto,
        threads: 1,
    };
    Detector::load(manifest, &options)
}

#[test]
fn every_decoder_finds_the_target_in_the_answer_of_a_network() {
    let catalog =
        Catalog::open(Some(format!("{}/decoders", models_dir()).as_ref())).expect("the catalog should open");
    for name in ["yolov8_blob", "yolov8_rows_blob", "yolox_blob", "ssd_blob"] {
        let manifest = catalog.find(name).expect("the model should be there");
        let mut detector = load(&manifest).unwrap_or_else(|error| panic!("{error}"));
        let wanted = Wanted::new(&manifest, &[], 0.5).expect("it has labels");
        let target = MovingTarget::default();
        let info = gst_video::VideoInfo::from_caps(&target.caps()).expect("the caps should be good");
        for number in [0, 17, 60] {
            let buffer = target.frame(number);
            let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(&buffer, &info)
                .expect("the frame should be readable");
            let picture = I420::of(&frame).expect("the frame should be I420");
            let (found, _) = detector.detect(&picture, &wanted).expect("the inference should work");
            assert_eq!(found.len(), 1, "{name}, frame {number}: {found:?}");
            let error = error_in_widths(&found[0].rect, &target.rect(number));
            assert!(error <= 0.02, "{name}, frame {number}: off by {error} of its width");
            assert_eq!(manifest.labels[found[0].class], "person", "{name}");
        }
    }
}

/// The text of the refusal of the network of `weights` under the manifest of `name`, changed by `changes`.
fn refusal(name: &str, weights: &str, changes: &[(&str, &str)]) -> String {
    let read = |name: &str| {
        std::fs::read_to_string(format!("{}/decoders/{name}.toml", models_dir())).expect("it should be there")
    };
    let sum = |text: &str| text.lines().find(|line| line.starts_with("sha256")).expect("a sum").to_owned();
    let mut text = read(name).replace(&sum(&read(name)), &sum(&read(weights)));
    text = text.replace(&format!("{name}.onnx"), &format!("{weights}.onnx"));
    for (from, to) in changes {
        assert!(text.contains(from), "{from} should be in the manifest");
        text = text.replace(from, to);
    }
    let folder = folder(&format!("{name}-of-{weights}"), &[("changed.toml", &text)]);
    let file = format!("{weights}.onnx");
    std::fs::copy(format!("{}/decoders/{file}", models_dir()), folder.join(&file))
        .expect("it should be copied");
    let manifest = Manifest::open(&folder.join("changed.toml")).expect("the manifest should be good");
    load(&manifest).err().expect("it should be refused").to_string()
}

#[test]
fn a_network_of_another_kind_is_refused_with_what_was_found_and_expected() {
    let labels = ("[\"person\", \"bag\"]", "[\"person\"]");
    let cases = [
        (
            refusal("yolov8_blob", "yolox_blob", &[]),
            "model \"yolov8_blob\" does not fit its manifest: outputs: found \"output\" f32 [1, 1580, 7]; expected one \
             f32 [1, 6, n] or [1, n, 6]: 4 of the box and one for each of 2 labels",
        ),
        (
            refusal("yolov8_rows_blob", "yolov8_rows_blob", &[labels]),
            "outputs: found \"output\" f32 [1, 1, 6]; expected one f32 [1, 5, n] or [1, n, 5]",
        ),
        (
            refusal("yolox_blob", "yolov8_blob", &[]),
            "outputs: found \"output\" f32 [1, 6, 1]; expected one f32 [1, 1580, 7]: a row for every cell",
        ),
        (
            refusal("ssd_blob", "ssd_blob", &[("scores = \"scores\"", "scores = \"confidences\"")]),
            "outputs: found \"boxes\" f32 [1, 1, 4], \"scores\" f32 [1, 1], \"classes\" i64 [1, 1]; expected \"boxes\" \
             f32 [1, n, 4], \"confidences\" f32 [1, n], \"classes\" f32 or i64 [1, n]",
        ),
        (
            refusal("ssd_blob", "yolov8_blob", &[]),
            "inputs: found \"image\" f32 [1, 3, 240, 320]; expected one f32 or u8 [1, 240, 320, 3]",
        ),
    ];
    for (error, told) in cases {
        assert!(error.contains(told), "{error}");
    }
}
