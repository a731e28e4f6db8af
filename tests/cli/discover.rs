//! `atalaya discover`: a camera a line, or an entry for the configuration file.

use serde_json::Value;

use crate::program::Program;
use crate::simulated::SimulatedCamera;

const PASSWORD: &str = "s3cret-word";

async fn camera() -> (SimulatedCamera, String) {
    let camera =
        SimulatedCamera::start(&["--path", "stream1", "--user", "ana", "--password", PASSWORD]).await;
    let port = url::Url::parse(&camera.url).unwrap().port().unwrap().to_string();
    (camera, port)
}

fn discover(port: &str, more: &[&str]) -> Program {
    let arguments = ["discover", "127.0.0.1", "--rtsp-port", port, "--onvif-port", port];
    Program::new(&[&arguments, more].concat())
}

#[tokio::test]
async fn a_camera_is_a_line_of_json_and_its_password_is_nowhere() {
    let (camera, port) = camera().await;
    let ended = discover(&port, &["--user", "ana"]).env("CAMERA_PASSWORD", PASSWORD).run().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let line: Value = serde_json::from_str(ended.stdout.trim()).unwrap();
    assert_eq!((&line["kind"], &line["found_by"]), (&"camera".into(), &"rtsp".into()), "{line}");
    assert_eq!(line["entry"]["parameters"]["location"], camera.url.as_str());
    assert_eq!(line["entry"]["parameters"]["password"], "***");
    assert!(!ended.stdout.contains(PASSWORD) && !ended.stderr.contains(PASSWORD), "{ended:?}");
    assert!(ended.stderr.contains("1 found") && ended.stderr.contains("in the place of ***"), "{ended:?}");
}

#[tokio::test]
async fn an_entry_for_the_configuration_file_is_taken_by_it() {
    let (camera, port) = camera().await;
    let known = format!(
        "[[cameras]]\nid = \"camera-127-0-0-1\"\npipeline = \"rtsp\"\nparameters = {{ location = \"{}\" }}\n",
        camera.url
    );
    let again =
        discover(&port, &["--toml", "--user", "ana", "--config", "mine.toml"]).file("mine.toml", &known);
    let entry = again.env("CAMERA_PASSWORD", PASSWORD).run().await.fine();
    assert!(entry.contains("known as camera-127-0-0-1"), "{entry}");
    assert!(entry.contains("id = \"camera-127-0-0-1-2\"") && !entry.contains(PASSWORD), "{entry}");
    let both =
        Program::new(&["pipelines", "list", "--config", "both.toml"]).file("both.toml", known + &entry);
    both.run().await.fine();
}

#[tokio::test]
async fn what_needs_a_user_says_so_and_nothing_found_says_what_to_check() {
    let (_camera, port) = camera().await;
    let line: Value = serde_json::from_str(discover(&port, &[]).run().await.fine().trim()).unwrap();
    assert_eq!((&line["needs_credentials"], &line["entry"]), (&true.into(), &Value::Null), "{line}");
    // Nobody listens on the first port.
    let ended = discover("1", &["--timeout", "3s"]).run().await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""), "{ended:?}");
    assert!(ended.stderr.contains("no camera answered there"), "{ended:?}");
}
