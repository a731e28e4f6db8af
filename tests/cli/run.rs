//! `atalaya run`: one JSON object a line, the same for the same file, and a clear end when there is none.

use serde_json::Value;

use crate::film::{cut, film};
use crate::program::{Program, assets_dir};
use crate::simulated::SimulatedCamera;

/// The first seconds of the demo's footage: four people and more walk through it.
fn people() -> Vec<u8> {
    let mut footage = std::fs::read(assets_dir().join("footage/vtest.avi")).expect("run `make assets`");
    footage.truncate(400_000);
    footage
}

fn lines(output: &str) -> Vec<Value> {
    output.lines().map(|line| serde_json::from_str(line).expect("each line should be JSON")).collect()
}

fn of_kind<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["kind"] == kind).collect()
}

#[tokio::test]
async fn a_file_gives_frames_visits_zones_and_an_end() {
    let program = Program::new(&["run", "file", "location=a.avi", "--zone", "all=0,0,1,0,1,1,0,1"]);
    let output = program.file("a.avi", people()).run().await.fine();
    let lines = lines(&output);
    let frames = of_kind(&lines, "frame");
    assert!(frames.len() > 15, "{} frames", frames.len());
    for (number, frame) in frames.iter().enumerate() {
        assert_eq!(frame["frame"], number, "{frame}");
        assert_eq!(frame["pts_ms"], number * 100, "ten frames a second: {frame}");
        assert_eq!((frame["width"].as_u64(), frame["height"].as_u64()), (Some(768), Some(576)));
        assert!(!frame["detections"].as_array().unwrap().is_empty(), "people are in every frame: {frame}");
    }
    let detection = &frames[10]["detections"][0];
    assert_eq!(detection["label"], "person");
    assert!(detection["box"].as_array().unwrap().iter().all(Value::is_f64), "{detection}");
    assert!(detection["confidence"].as_f64().unwrap() > 0.3, "{detection}");
    assert!(frames[0]["detections"][0]["track"].is_null(), "not confirmed at the first sight");
    let (visits, zones) = (of_kind(&lines, "visit"), of_kind(&lines, "zone"));
    assert!(visits.len() >= 4, "{visits:?}");
    for visit in &visits {
        let ms = |key: &str| visit[key].as_u64().unwrap();
        assert_eq!(ms("dwell_ms"), ms("leave_ms") - ms("enter_ms"), "{visit}");
        let colour = &visit["attributes"]["primary_color"];
        assert_eq!(colour["value"].is_null(), colour["confidence"] == 0.0, "{visit}");
    }
    assert!(zones.iter().all(|zone| zone["zone"] == "all") && zones.len() >= 4, "{zones:?}");
    let end = lines.last().unwrap();
    assert_eq!((&end["kind"], &end["frames"]), (&"end".into(), &frames.len().into()));
    assert_eq!(end["people"], visits.len(), "{end}");
    assert_eq!(end["seconds"].as_f64(), Some(frames.len() as f64 / 10.0));
}

#[tokio::test]
async fn the_same_file_gives_the_same_output_to_the_byte() {
    let once = Program::new(&["run", "file", "location=a.avi", "--line", "door=0.5,0,0.5,1"]);
    let again = Program::new(&["run", "file", "location=a.avi", "--line", "door=0.5,0,0.5,1"]);
    let once = once.file("a.avi", people()).run().await.fine();
    assert!(once.lines().count() > 20, "{once}");
    assert_eq!(once, again.file("a.avi", people()).run().await.fine());
}

#[tokio::test]
async fn a_reader_that_leaves_ends_it_in_peace() {
    let program = Program::new(&["run", "file", "location=a.avi"]).file("a.avi", people());
    let mut running = program.start();
    running.line().await;
    let (code, stderr) = running.leave().await;
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
}

async fn refused(code: i32, arguments: &[&str], parts: &[&str]) {
    let ended = Program::new(&[&["run"], arguments].concat()).file("a", "").run().await.failed(code, parts);
    assert_eq!(ended.stdout, "");
}

#[tokio::test]
async fn parameters_that_do_not_fit_are_named() {
    refused(2, &["fiel"], &["no pipeline \"fiel\"; there are file, rtsp, test, usb"]).await;
    refused(2, &["file"], &["parameter `location`", "required"]).await;
    refused(2, &["file", "location=absent.avi"], &["`location`", "no file", "absent.avi"]).await;
    refused(2, &["file", "location=a", "speed=1"], &["`speed`", "inference-interval"]).await;
    refused(2, &["file", "location=a", "location=a"], &["`location`: is given twice"]).await;
    refused(2, &["file", "location=a", "inference-interval=0"], &["`inference-interval`", "0", "1 to 1000"])
        .await;
    refused(2, &["rtsp", "location=http://a/b"], &["`location`", "http://a/b", "rtsp://"]).await;
    refused(1, &["./absent.toml"], &["absent.toml", "No such file"]).await;
    refused(1, &["a.avi"], &["a.avi is no pipeline description", "atalaya run file location=a.avi"]).await;
}

#[tokio::test]
async fn files_that_are_no_video_or_cut_off_are_told() {
    let text = Program::new(&["run", "file", "location=a.avi"]).file("a.avi", "not a video\n".repeat(99));
    text.run().await.failed(1, &["this is not a video that GStreamer knows"]);
    let program = Program::new(&["run", "file", "location=a.mp4"]);
    let path = program.folder.path().join("a.mp4");
    film(&path, 60, "x264enc tune=zerolatency speed-preset=ultrafast ! mp4mux");
    cut(&path, 50);
    program.run().await.failed(1, &["the file is cut off or broken: no picture can be found in it"]);
}

#[tokio::test]
async fn a_camera_that_cannot_be_had_is_told_in_plain_words() {
    let camera = SimulatedCamera::start(&["--user", "ana", "--password", "right-horse"]).await;
    let wrong = camera.url.replace("rtsp://", "rtsp://ana:wrong-battery@");
    let ended = Program::new(&["run", "rtsp", &format!("location={wrong}")]).run().await;
    let ended = ended.failed(1, &["camera refused user name or password (401)"]);
    assert!(!ended.stderr.contains("wrong-battery"), "{}", ended.stderr);
    let url = camera.kill().await;
    refused(1, &["rtsp", &format!("location={url}")], &["connection refused by 127.0.0.1 on port "]).await;
}

#[tokio::test]
async fn a_live_source_is_told_as_it_happens_and_ends_with_a_signal() {
    let mut running = Program::new(&["run", "test"]).start();
    for number in 0..3 {
        let line: Value = serde_json::from_str(&running.line().await).unwrap();
        assert_eq!((&line["kind"], &line["frame"]), (&"frame".into(), &number.into()));
    }
    running.signal("INT");
    let ended = running.end().await;
    let end = lines(&ended.stdout).pop().expect("a last line");
    assert_eq!(end["kind"], "end", "{end}");
    assert!(end["frames"].as_u64() >= Some(3), "{end}");
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

#[tokio::test]
async fn a_camera_that_goes_away_leaves_what_was_seen() {
    let camera = SimulatedCamera::start(&[]).await;
    let mut running = Program::new(&["run", "rtsp", &format!("location={}", camera.url)]).start();
    running.line_with("\"kind\":\"frame\"").await;
    camera.kill().await;
    // A camera that hangs up ends its stream; one whose cable is cut is an error, after the same last lines.
    let ended = running.end().await;
    assert_eq!(lines(&ended.stdout).pop().expect("a last line")["kind"], "end");
}

/// Each frame is told and then under way for a minute.
const SLOW: &str = r#"
name = "slow"
description = "Takes a minute for a frame"
kind = "live"
launch = """
videotestsrc is-live=true ! tee name=both
both. ! appsink name=records sync=false
both. ! identity sleep-time=60000000 ! fakesink async=false sync=false
"""
"#;

#[tokio::test]
async fn a_second_signal_ends_a_pipeline_that_hangs() {
    let mut running = Program::new(&["run", "./slow.toml"]).file("slow.toml", SLOW).start();
    running.line().await;
    running.signal("INT");
    running.signal("TERM");
    let ended = running.end().await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), ""));
}
