//! What the doctor says of a machine that has everything, and of one where each thing in turn is missing.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as loudly as tests")]

use std::net::TcpListener;
use std::path::Path;

use atalaya::config::{Config, Overrides, load_with};
use atalaya::doctor::{Mark, Report, run};

/// The machine's own settings, with a data folder and ports of the test's own.
fn config(dir: &Path) -> Config {
    let assets = std::env::vars_os().filter(|(name, _)| name == "ATALAYA_ASSETS_DIR");
    let mut config = load_with(&Overrides::default(), assets).unwrap();
    config.data_dir = dir.join("data");
    config.server.listen = "127.0.0.1:0".parse().unwrap();
    config.webrtc.listen = "127.0.0.1:0".parse().unwrap();
    config
}

#[track_caller]
fn assert_found(report: &Report, what: &str, mark: Mark, parts: &[&str]) {
    let found = report.findings.iter().filter(|finding| finding.what == what).collect::<Vec<_>>();
    let says = |detail: &str| parts.iter().all(|part| detail.contains(part));
    assert!(
        found.iter().any(|finding| finding.mark == mark && says(&finding.detail)),
        "no {mark:?} {what} with {parts:?} in {found:?}"
    );
}

#[tokio::test]
async fn machine_after_set_up_is_ready() {
    let dir = tempfile::tempdir().unwrap();
    let report = run(&config(dir.path())).await;
    assert!(report.is_ready(), "{report}");
    assert_found(&report, "GStreamer", Mark::Fine, &["1."]);
    assert_found(&report, "pipelines", Mark::Fine, &["rtsp", "usb", "file", "test", "whip"]);
    assert_found(&report, "elements", Mark::Fine, &[]);
    assert_found(&report, "encoder", Mark::Fine, &["enc", "H.264"]);
    assert_found(&report, "model", Mark::Fine, &["nanodet", "checksum right"]);
    assert_found(&report, "ONNX Runtime", Mark::Fine, &["libonnxruntime.so", " on the cpu"]);
    assert_found(&report, "demo footage", Mark::Fine, &["vtest.avi"]);
    assert_found(&report, "data folder", Mark::Fine, &["made at the first start"]);
    assert!(report.to_string().ends_with("ready"));
    assert!(!dir.path().join("data").exists(), "the doctor changes nothing");
}

#[tokio::test]
async fn empty_assets_folder_is_told_file_by_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    config.assets_dir = dir.path().to_owned();
    let report = run(&config).await;
    assert!(!report.is_ready());
    assert_found(&report, "model", Mark::Missing, &["models/nanodet", "make setup"]);
    assert_found(&report, "ONNX Runtime", Mark::Missing, &["lib/libonnxruntime.so", "make assets"]);
    assert_found(&report, "demo footage", Mark::Note, &["footage/vtest.avi", "make assets"]);
    assert!(report.to_string().ends_with("2 things have to be mended first"), "{report}");
}

#[tokio::test]
async fn altered_weights_are_told_with_both_checksums() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    std::fs::create_dir(dir.path().join("models")).unwrap();
    std::fs::write(dir.path().join("models/nanodet.onnx"), "altered").unwrap();
    config.detector.model = "nanodet".into();
    config.assets_dir = dir.path().to_owned();
    assert_found(&run(&config).await, "model", Mark::Missing, &["nanodet.onnx", "sha256", "make setup"]);
}

#[tokio::test]
async fn file_that_is_no_runtime_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    let fake = dir.path().join("libonnxruntime.so");
    std::fs::write(&fake, "not a library").unwrap();
    config.detector.runtime = Some(fake);
    let report = run(&config).await;
    assert!(!report.is_ready(), "{report}");
    assert_found(&report, "ONNX Runtime", Mark::Missing, &["ONNX Runtime"]);
}

#[tokio::test]
async fn unknown_model_and_pipeline_are_told_with_those_that_there_are() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    config.detector.model = "nanodetta".into();
    let text = "[[cameras]]\nid = \"door\"\npipeline = \"rstp\"\n";
    config.cameras = toml::from_str::<Config>(text).unwrap().cameras;
    let report = run(&config).await;
    assert_found(&report, "model", Mark::Missing, &["nanodetta", "nanodet"]);
    assert_found(&report, "cameras", Mark::Missing, &["door", "rstp", "rtsp"]);
    config.detector.model = "age_v1".into();
    assert_found(
        &run(&config).await,
        "model",
        Mark::Missing,
        &["age_v1", "\"age\"", "\"detector\" is needed"],
    );
}

#[tokio::test]
async fn machine_without_a_working_encoder_is_told_what_was_tried() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    config.viewer.encoders = vec!["nosuchenc".into()];
    assert_found(&run(&config).await, "encoder", Mark::Missing, &["nosuchenc", "gstreamer1.0-plugins-ugly"]);
}

#[tokio::test]
async fn data_folder_that_cannot_be_written_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    // A file where a folder should be stops even root.
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    config.data_dir = file.join("data");
    assert_found(&run(&config).await, "data folder", Mark::Missing, &["file", "--data-dir"]);
}

#[tokio::test]
async fn database_that_does_not_answer_is_told_without_its_password() {
    let dir = tempfile::tempdir().unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("database.url = \"postgres://atalaya:hunter2@{closed}/atalaya\"");
    let mut config = config(dir.path());
    config.database = toml::from_str::<Config>(&url).unwrap().database;
    let report = run(&config).await;
    assert_found(&report, "database", Mark::Missing, &["127.0.0.1"]);
    assert!(!report.to_string().contains("hunter2"), "{report}");
}

#[tokio::test]
async fn taken_ports_are_told_but_may_be_our_own() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    config.server.listen = taken.local_addr().unwrap();
    config.webrtc.listen = "192.0.2.1:9".parse().unwrap();
    let report = run(&config).await;
    assert_found(&report, "HTTP port", Mark::Note, &["taken", "--listen"]);
    assert_found(&report, "WebRTC port", Mark::Missing, &["192.0.2.1:9", "webrtc.listen"]);
}

#[tokio::test]
async fn camera_whose_parameters_do_not_fit_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mine.toml");
    let cameras = "[[cameras]]\nid = \"door\"\npipeline = \"rtsp\"\n\
                   [[cameras]]\nid = \"film\"\npipeline = \"file\"\nparameters = { location = \"/absent.avi\" }\n";
    std::fs::write(&file, cameras).unwrap();
    let mut config = config(dir.path());
    config.cameras =
        load_with(&Overrides { file: Some(file), ..Overrides::default() }, Vec::new()).unwrap().cameras;
    let report = run(&config).await;
    assert_found(&report, "cameras", Mark::Missing, &["\"door\"", "`location`", "required"]);
    assert_found(&report, "cameras", Mark::Missing, &["\"film\"", "`location`", "/absent.avi"]);
}
