//! `atalaya models`, and what a missing or altered model does to the commands that need one.

use crate::film::film;
use crate::program::{Program, assets_dir};

/// Of the standard detectors, whichever this machine takes.
const WEIGHTS: [&str; 2] = ["models/nanodet.onnx", "models/nanodet_int8.onnx"];

#[tokio::test]
async fn models_are_listed_and_verified() {
    let list = Program::new(&["models", "list"]).run().await.fine();
    let row = list.lines().find(|line| line.starts_with("nanodet ")).expect("a row for nanodet");
    assert!(row.contains("Apache-2.0") && row.contains("there"), "{row}");
    let voice = list.lines().find(|line| line.starts_with("silero_vad ")).expect("a row for silero_vad");
    assert!(voice.contains("voice") && voice.contains("512 at 16000 Hz"), "{voice}");
    let automatic = list.lines().filter(|line| line.split_whitespace().nth(2) == Some("auto"));
    let detectors = automatic.filter(|line| line.starts_with("nanodet")).count();
    assert_eq!(detectors, 1, "one of both: {list}");
    let verified = Program::new(&["models", "verify"]).run().await.fine();
    let names = list.lines().skip(1).filter_map(|line| line.split_whitespace().next());
    let expected: Vec<_> = names.map(|name| format!("{name}: sound, runs on cpu")).collect();
    assert!(expected.len() >= 9 && expected.contains(&"nanodet: sound, runs on cpu".to_owned()));
    assert_eq!(verified.lines().collect::<Vec<_>>(), expected);
    let unknown = Program::new(&["models", "verify", "yolo99"]).run().await;
    unknown.failed(1, &["yolo99", "nanodet"]);
}

#[tokio::test]
async fn models_of_every_kind_are_timed() {
    let bench = Program::new(&["models", "bench", "blazeface_front", "silero_vad"]).run().await.fine();
    for (name, preprocess) in [("blazeface_front", "0."), ("silero_vad", "-")] {
        let row = bench.lines().find(|line| line.starts_with(name)).expect("a row");
        let cells: Vec<_> = row.split_whitespace().collect();
        assert_eq!(cells[1..3], ["cpu", "1"], "{row}");
        assert!(cells[3].starts_with(preprocess) && cells[4].parse::<f64>().unwrap() > 0.0, "{row}");
    }
    let absent = bench.lines().last().unwrap();
    assert!(absent.ends_with("has no cuda, tensorrt, openvino"), "{bench}");
}

#[tokio::test]
async fn a_device_that_is_not_there_is_refused_by_name() {
    for (device, missing) in [
        ("cuda", "CUDAExecutionProvider"),
        ("tensorrt", "TensorrtExecutionProvider"),
        ("openvino", "OpenVINOExecutionProvider"),
    ] {
        let verify = Program::new(&["models", "verify", "nanodet"]).env("ATALAYA_DETECTOR__DEVICE", device);
        let verify = verify.run().await;
        let told = format!("device \"{device}\" is not available: ONNX Runtime ");
        assert!(verify.stdout.contains(&told), "{}", verify.stdout);
        assert!(verify.stdout.contains(&format!("has no {missing}, only cpu")), "{}", verify.stdout);
        verify.failed(1, &["1 of 1 models cannot be used"]);
    }
}

/// Both commands that load models tell the same.
async fn refused(assets: &std::path::Path, parts: &[&str]) {
    let verify = Program::new(&["models", "verify", "nanodet"]).env("ATALAYA_ASSETS_DIR", assets).run().await;
    let told = verify.stdout.clone();
    verify.failed(1, &["1 of 1 models cannot be used"]);
    let run = Program::new(&["run", "file", "location=a.avi", "attributes-budget=0"])
        .env("ATALAYA_ASSETS_DIR", assets);
    film(&run.folder.path().join("a.avi"), 5, "jpegenc ! avimux");
    let run = run.run().await.failed(1, parts);
    assert_eq!(run.stdout, "", "no frame without a model");
    for part in parts {
        assert!(told.contains(part), "{told} does not say {part}");
    }
}

#[tokio::test]
async fn a_missing_model_is_named_with_what_to_do() {
    let assets = tempfile::tempdir().unwrap();
    refused(assets.path(), &["models/nanodet", "missing", "make setup"]).await;
}

#[tokio::test]
async fn an_altered_model_is_named_with_what_to_do() {
    let assets = tempfile::tempdir().unwrap();
    std::fs::create_dir(assets.path().join("models")).unwrap();
    for file in WEIGHTS {
        std::fs::write(assets.path().join(file), "altered").unwrap();
    }
    std::os::unix::fs::symlink(assets_dir().join("lib"), assets.path().join("lib")).unwrap();
    refused(assets.path(), &["models/nanodet", "sha256", "make setup"]).await;
}

#[tokio::test]
async fn a_missing_runtime_is_named_with_what_to_do() {
    let assets = tempfile::tempdir().unwrap();
    std::fs::create_dir(assets.path().join("models")).unwrap();
    for file in WEIGHTS {
        std::fs::copy(assets_dir().join(file), assets.path().join(file)).unwrap();
    }
    refused(assets.path(), &["ONNX Runtime", "libonnxruntime.so", "make"]).await;
}

#[tokio::test]
async fn the_demo_without_footage_says_how_to_get_it() {
    let demo = Program::new(&["demo", "--listen", "127.0.0.1:0"]).env("ATALAYA_ASSETS_DIR", "/nowhere");
    demo.run().await.failed(1, &["/nowhere/footage/vtest.avi", "make setup", "--footage"]);
}
