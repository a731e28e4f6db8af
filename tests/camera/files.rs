//! Recorded videos: every frame once and in order, whatever else the file holds.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use atalaya::camera::{Catalog, DetectorSettings, FrameStream, Pace, PipelineError};
use atalaya::domain::{CameraState, Frame, ParamValue};

use crate::common::{World, camera, undetected, until, within_deadline};
use crate::film::{cut, film};

const MP4: &str = "x264enc tune=zerolatency speed-preset=ultrafast ! mp4mux";
const AVI: &str = "jpegenc ! avimux";
/// Sound before the picture, and subtitles that nobody wants.
const EVERYTHING: &str = "x264enc bframes=2 speed-preset=ultrafast ! queue ! matroskamux name=mux \
    audiotestsrc num-buffers=80 ! vorbisenc ! queue ! mux. audiotestsrc num-buffers=80 ! flacenc ! queue ! mux. mux.";

fn location(path: &Path) -> (&'static str, ParamValue) {
    ("location", ParamValue::Text(path.display().to_string()))
}

/// Plays `path` through the `file` pipeline to its end.
fn play(path: &Path, pace: Pace) -> Result<Vec<Frame>, PipelineError> {
    let folder = undetected();
    let catalog = Catalog::load(Some(folder.path()))?;
    let (key, value) = location(path);
    let parameters = BTreeMap::from([(key.to_owned(), value)]);
    let mut stream =
        FrameStream::open(&*catalog.get("file")?, &parameters, &DetectorSettings::default(), pace)?;
    let mut frames = Vec::new();
    while let Some(frame) = stream.next_frame()? {
        frames.push(frame);
    }
    Ok(frames)
}

#[test]
fn every_frame_comes_once_in_order_with_its_media_time() {
    let folder = tempfile::tempdir().unwrap();
    for (name, launch) in [("a.mp4", MP4), ("a.avi", AVI), ("a.mkv", EVERYTHING)] {
        let path = folder.path().join(name);
        film(&path, 60, launch);
        let frames = play(&path, Pace::Fast).unwrap();
        let seen: Vec<_> = frames.iter().map(|frame| (frame.number, frame.pts_ms)).collect();
        let expected: Vec<_> = (0..60).map(|number| (number, number * 40)).collect();
        assert_eq!(seen, expected, "{name}");
        assert!(frames.iter().all(|frame| (frame.width, frame.height) == (128, 96)), "{name}");
    }
}

#[test]
fn realtime_takes_as_long_as_the_recording() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.avi");
    film(&path, 25, AVI);
    let start = Instant::now();
    assert_eq!(play(&path, Pace::Realtime).unwrap().len(), 25);
    assert!(start.elapsed() >= Duration::from_millis(900), "took {:?}", start.elapsed());
}

#[test]
fn a_file_that_is_cut_off_gives_what_is_there_or_says_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let avi = folder.path().join("cut.avi");
    film(&avi, 60, AVI);
    cut(&avi, 50);
    let frames = play(&avi, Pace::Fast).unwrap();
    assert!((20..60).contains(&frames.len()), "{} frames of half a file", frames.len());
    // The index of an MP4 comes last: without it nothing can be found.
    let mp4 = folder.path().join("cut.mp4");
    film(&mp4, 60, MP4);
    cut(&mp4, 50);
    assert_eq!(
        play(&mp4, Pace::Fast).unwrap_err().to_string(),
        "the file is cut off or broken: no picture can be found in it"
    );
}

#[test]
fn what_is_no_video_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.avi");
    let absent = play(&path, Pace::Fast).unwrap_err().to_string();
    assert_eq!(absent, format!("parameter `location`: there is no file {:?}", path.display().to_string()));
    std::fs::write(&path, "nothing to see here\n".repeat(100)).unwrap();
    assert_eq!(play(&path, Pace::Fast).unwrap_err().to_string(), "this is not a video that GStreamer knows");
    std::fs::write(&path, "").unwrap();
    let empty = play(&path, Pace::Fast).unwrap_err().to_string();
    assert!(empty.contains("not a video") || empty.contains("no picture"), "{empty}");
}

#[tokio::test]
async fn a_server_plays_a_file_once_or_in_a_loop() {
    let descriptions = undetected();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.avi");
    film(&path, 25, AVI);
    let world = World::new(Some(descriptions.path()));
    let start = Instant::now();
    let once = world.cameras.put(camera("once", "file", &[location(&path)]));
    let again =
        world.cameras.put(camera("again", "file", &[location(&path), ("loop", ParamValue::Bool(true))]));
    let mut frames = again.frames();
    until(&once, "started", |state| matches!(state, CameraState::Running { .. })).await;
    until(&once, "finished", |state| *state == CameraState::Stopped).await;
    assert!(start.elapsed() >= Duration::from_millis(900), "a second of film took {:?}", start.elapsed());
    assert_eq!((once.status().frames_in, once.status().last_error), (25, None));
    let mut starts = 0;
    while starts < 3 {
        starts += u32::from(within_deadline("a frame", frames.recv()).await.unwrap().number == 0);
    }
    assert_eq!(again.status().reconnects, 0, "a loop is no loss");
    world.end().await;
}

#[tokio::test]
async fn a_broken_file_fails_at_once() {
    let descriptions = undetected();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.avi");
    std::fs::write(&path, "nothing to see here\n".repeat(100)).unwrap();
    let world = World::new(Some(descriptions.path()));
    let handle = world.cameras.put(camera("file", "file", &[location(&path)]));
    let settled = |state: &CameraState| !matches!(state, CameraState::Connecting { .. });
    let state = until(&handle, "failed", settled).await;
    let CameraState::Failed { reason, .. } = state else { panic!("not failed: {state:?}") };
    assert_eq!(reason, "this is not a video that GStreamer knows");
    world.end().await;
}

#[tokio::test]
async fn a_short_video_that_plays_over_and_over_does_not_keep_the_machine_busy() {
    let films = tempfile::tempdir().unwrap();
    let path = films.path().join("blink.avi");
    film(&path, 1, AVI);
    let folder = undetected();
    let mut world = World::new(Some(folder.path()));
    let start = Instant::now();
    world.cameras.put(camera("wall", "file", &[location(&path), ("loop", ParamValue::Bool(true))]));
    for _ in 0..3 {
        within_deadline("a picture of each round", world.records.recv()).await.unwrap();
    }
    assert!(start.elapsed() >= Duration::from_secs(2), "three rounds in {:?}", start.elapsed());
    world.end().await;
}
