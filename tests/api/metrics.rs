//! `/metrics`: every figure is there, and says what its name says.

use atalaya::domain::RecorderFigures;
use futures_util::StreamExt;
use reqwest::Method;

use crate::world::{World, header};

const HALL: &str = "{camera=\"hall\",tenant=\"1\"}";

/// One reading of all figures.
struct Figures(String);

impl Figures {
    async fn read(world: &World) -> Self {
        let response = world.admin(Method::GET, "/metrics").send().await.unwrap();
        assert!(header(&response, "content-type").starts_with("application/openmetrics-text; version=1.0.0"));
        Self(response.text().await.unwrap())
    }

    #[track_caller]
    fn value(&self, series: &str) -> f64 {
        let line = self.0.lines().find(|line| line.starts_with(&format!("{series} ")));
        let line = line.unwrap_or_else(|| panic!("{series} is not in {}", self.0));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }

    #[track_caller]
    fn hall(&self, name: &str) -> f64 {
        self.value(&format!("atalaya_{name}{HALL}"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_told_for_each_camera_and_for_the_process() {
    let world = World::start().await;
    world.running(1, "hall").await;
    let figures = Figures::read(&world).await;
    for name in [
        "camera_frames_total",
        "camera_frames_analysed_total",
        "camera_frames_dropped_total",
        "camera_detections_total",
        "camera_detection_errors_total",
        "camera_restarts_total",
        "camera_received_bytes_total",
        "camera_fps_in",
        "camera_fps_analysed",
        "camera_latency_mean_seconds",
        "camera_inference_mean_seconds",
        "camera_inference_seconds_count",
        "camera_people",
        "camera_viewers",
        "viewer_sent_bytes_total",
        "viewer_sent_packets_total",
        "viewer_skipped_frames_total",
    ] {
        figures.hall(name);
    }
    let text = &figures.0;
    assert!(text.contains("atalaya_camera_inference_seconds_bucket{"), "{text}");
    for (state, is_it) in
        [("running", 1.0), ("lost", 0.0), ("connecting", 0.0), ("stopped", 0.0), ("failed", 0.0)]
    {
        let labels = format!("{{camera=\"hall\",tenant=\"1\",state=\"{state}\"}}");
        assert_eq!(figures.value(&format!("atalaya_camera_state{labels}")), is_it, "{state}");
    }
    assert!(figures.value("process_resident_memory_bytes") > 1e6);
    assert!(figures.value("process_open_fds") > 3.0);
    assert!(figures.value("process_cpu_seconds_total") > 0.0);
    assert_eq!(figures.value("process_start_time_seconds"), 1_777_888_800.0);
    assert_eq!(text.matches("# EOF").count(), 1);
    assert!(text.ends_with("# EOF\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_of_a_camera_rise_with_what_comes_in_and_goes_out() {
    let world = World::start().await;
    world.running(1, "hall").await;
    let before = Figures::read(&world).await;
    assert_eq!((before.hall("camera_viewers"), before.hall("viewer_sent_bytes_total")), (0.0, 0.0));
    let response = world.admin(Method::GET, "/api/v1/cameras/hall/mjpeg").send().await.unwrap();
    let mut stream = response.bytes_stream();
    let mut got = 0;
    // Figures of a camera are gathered twice a second; the stream goes on meanwhile, as fast as it is read.
    let after = tokio::time::timeout(std::time::Duration::from_secs(30), async {
        loop {
            got += stream.next().await.unwrap().unwrap().len();
            let figures = Figures::read(&world).await;
            let risen = |name| figures.hall(name) > before.hall(name);
            if risen("camera_frames_total")
                && risen("viewer_sent_bytes_total")
                && figures.hall("camera_fps_in") > 0.0
            {
                break figures;
            }
        }
    });
    let after = after.await.expect("frames and bytes should be counted");
    assert!(got > 0);
    assert_eq!(after.hall("camera_viewers"), 1.0);
    assert_eq!(after.hall("viewer_sent_packets_total"), 0.0, "those are of WebRTC");
    assert_eq!(after.hall("camera_restarts_total"), 0.0);
    assert_eq!(after.hall("camera_detection_errors_total"), 0.0);
    let others = "{camera=\"fixed\",tenant=\"1\"}";
    assert_eq!(
        after.value(&format!("atalaya_viewer_sent_bytes_total{others}")),
        0.0,
        "each to its own camera"
    );
    assert_eq!(after.value(&format!("atalaya_camera_viewers{others}")), 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_tell_what_the_recorder_could_not_write() {
    let world = World::start().await;
    *world.recorder.lock().unwrap() = RecorderFigures {
        frames: 1,
        visits_open: 2,
        written: 3,
        waiting: 4,
        in_memory: 1,
        spool_bytes: 7,
        spool_max_bytes: 8,
        spool_damaged_files: 9,
        dropped: 5,
        is_losing: true,
        failures: 6,
        is_stuck: true,
    };
    let figures = Figures::read(&world).await;
    for (name, value) in [
        ("waiting", 4.0),
        ("in_memory", 1.0),
        ("spool_bytes", 7.0),
        ("spool_max_bytes", 8.0),
        ("spool_damaged_files", 9.0),
        ("dropped_total", 5.0),
        ("losing", 1.0),
        ("failures_total", 6.0),
        ("stuck", 1.0),
    ] {
        assert_eq!(figures.value(&format!("atalaya_recorder_{name}")), value, "{name}");
    }
    for name in ["frames", "written", "visits_open"] {
        assert!(!figures.0.contains(&format!("atalaya_recorder_{name}")), "{name} tells of other tenants");
    }
}
