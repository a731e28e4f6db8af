//! `atalaya pipelines`: every problem of a file is a line with its place.

use crate::program::Program;

const HEAD: &str = "name = \"mine\"\ndescription = \"Mine\"\nkind = \"live\"\nlaunch = '''\n";

/// What `pipelines check mine.toml` prints for a description with this launch text.
async fn check(launch: &str, more: &str) -> Vec<String> {
    let program = Program::new(&["pipelines", "check", "mine.toml"]);
    let ended = program.file("mine.toml", format!("{HEAD}{launch}\n'''\n{more}")).run().await;
    let problems: Vec<_> = ended.stdout.lines().map(str::to_owned).collect();
    let told =
        if problems.len() == 1 { "1 problem".to_owned() } else { format!("{} problems", problems.len()) };
    ended.failed(1, &[&told]);
    problems
}

#[tokio::test]
async fn the_standard_ones_are_listed_shown_and_sound() {
    let list = Program::new(&["pipelines", "list"]).run().await.fine();
    let names: Vec<_> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, ["file", "rtsp", "test", "usb", "whip"]);
    let shown = Program::new(&["pipelines", "show", "rtsp"]).run().await.fine();
    for part in ["rtspsrc", "visiondetect", "location", "(required)", "inference-interval"] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    for names in [&[][..], &["rtsp", "usb"]] {
        let check = [&["pipelines", "check"], names].concat();
        assert_eq!(Program::new(&check).run().await.fine(), "all sound\n");
    }
    let unknown = Program::new(&["pipelines", "show", "rtps"]).run().await;
    unknown.failed(2, &["no pipeline \"rtps\"; there are file, rtsp, test, usb"]);
}

#[tokio::test]
async fn problems_are_told_with_file_line_and_reason() {
    let sink = "! appsink name=records";
    let unknown = check(&format!("videotestsrc\n! notanelement\n{sink}"), "").await;
    assert!(unknown[0].starts_with("mine.toml:6: ") && unknown[0].contains("notanelement"), "{unknown:?}");
    let missing = check(&format!("videotestsrc\n! vaapipostproc\n{sink}"), "").await;
    assert!(
        missing[0].starts_with("mine.toml:6: ") && missing[0].contains("gstreamer1.0-vaapi"),
        "{missing:?}"
    );
    let no_sink = check("videotestsrc ! fakesink", "").await;
    assert!(no_sink[0].starts_with("mine.toml:") && no_sink[0].contains("records"), "{no_sink:?}");
    let loose = check(&format!("videotestsrc\n! videoconvert\nqueue {sink}"), "").await;
    assert!(loose[0].starts_with("mine.toml:6: ") && loose[0].contains("is a `!` missing"), "{loose:?}");
    let parameter = "[parameters.speed]\ntype = \"int\"\ndescription = \"S\"\ntarget = \"source.spede\"\n";
    let wrong = check(&format!("videotestsrc name=source {sink}"), parameter).await;
    assert!(wrong[0].starts_with("mine.toml:") && wrong[0].contains("spede"), "{wrong:?}");
    Program::new(&["pipelines", "check", "absent.toml"])
        .run()
        .await
        .failed(1, &["absent.toml", "No such file"]);
}

#[tokio::test]
async fn a_file_of_ones_own_runs_by_its_path() {
    let text = format!("{HEAD}videotestsrc num-buffers=5 ! appsink name=records sync=false\n'''\n");
    let out = Program::new(&["run", "./mine.toml"]).file("mine.toml", text).run().await.fine();
    assert_eq!(out.lines().count(), 6, "five frames and the end: {out}");
}
