//! `atalaya serve` and `atalaya demo` as processes: address, link, signals.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::Value;

use crate::common::within_deadline;
use crate::eventually::eventually;
use crate::program::{Program, Running, assets_dir};

/// What is promised for the end after SIGTERM.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// Starts a server on any free port; gives the address that it prints.
pub(crate) async fn serve(program: Program) -> (Running, String) {
    let mut server = program.start();
    let line = server.line_with("listens on").await;
    let address = line.split_whitespace().last().unwrap().to_owned();
    (server, address)
}

pub(crate) fn serve_anywhere() -> Program {
    Program::new(&["serve", "--listen", "127.0.0.1:0"])
}

pub(crate) async fn get(url: &str, token: &str) -> (StatusCode, Value) {
    let answer = reqwest::Client::new().get(url).bearer_auth(token).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

pub(crate) async fn terminate(server: Running) {
    let asked = Instant::now();
    server.signal("TERM");
    let ended = server.end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(asked.elapsed() < ENDS_WITHIN, "took {:?}", asked.elapsed());
    assert!(ended.stderr.contains("stopped"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_token_of_the_same_data_folder_opens_the_server_and_no_other_does() {
    let (server, address) = serve(serve_anywhere()).await;
    let issue = ["token", "issue", "--role", "viewer", "--ttl", "1h"];
    let token = Program::new(&issue).data_dir(&server.folder.path().join("data")).run().await.fine();
    let foreign = Program::new(&issue).run().await.fine();
    let cameras = format!("{address}/api/v1/cameras");
    assert_eq!(get(&cameras, token.trim()).await.0, StatusCode::OK);
    assert_eq!(get(&cameras, foreign.trim()).await.0, StatusCode::UNAUTHORIZED);
    let anonymous = reqwest::get(&cameras).await.unwrap();
    assert_eq!(anonymous.status(), StatusCode::UNAUTHORIZED);
    terminate(server).await;
}

#[tokio::test]
async fn the_first_start_prints_a_link_and_later_ones_do_not() {
    let (mut server, _) = serve(serve_anywhere()).await;
    let link = server.line_with("/login?token=").await;
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = http.get(link.trim()).send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite"), "{cookie}");
    let again = http.get(link.trim()).send().await.unwrap();
    assert!(again.headers().get("set-cookie").is_none(), "a link works once");
    let data = server.folder.path().join("data");
    let kept = tempfile::tempdir().unwrap();
    std::fs::copy(data.join("jwt.secret"), kept.path().join("jwt.secret")).unwrap();
    terminate(server).await;
    let (second, _) = serve(serve_anywhere().data_dir(kept.path())).await;
    second.signal("TERM");
    let ended = second.end().await;
    assert!(!ended.stdout.contains("token="), "no token in a service's journal: {}", ended.stdout);
}

#[tokio::test]
async fn a_data_folder_serves_one_server_at_a_time() {
    let (server, _) = serve(serve_anywhere()).await;
    let folder = server.folder.path().join("data");
    let second = serve_anywhere().data_dir(&folder).run().await;
    let process = format!("process {}", server.id());
    second.failed(1, &[folder.to_str().unwrap(), "in use by another Atalaya", &process, "--data-dir"]);
    let migrate = Program::new(&["migrate"]).data_dir(&folder).run().await;
    migrate.failed(1, &["in use by another Atalaya", &process]);
    server.signal("KILL");
    server.end().await;
    let (third, _) = serve(serve_anywhere().data_dir(&folder)).await;
    terminate(third).await;
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for command in ["serve", "demo"] {
        let ended = Program::new(&[command, "--listen", &address]).run().await;
        let ended = ended.failed(1, &[&format!("{address} is in use"), "--listen"]);
        assert_eq!(ended.stdout, "");
    }
}

#[tokio::test]
async fn a_camera_without_its_model_fails_with_what_to_do_and_the_server_goes_on() {
    let settings = "[detector]\nmodel = \"nanodet\"\n\
                    [[cameras]]\nid = \"hall\"\npipeline = \"test\"\nparameters = { attributes-budget = 0.0 }\n";
    let program = Program::new(&["serve", "--listen", "127.0.0.1:0", "--config", "a.toml"]);
    let assets = tempfile::tempdir().unwrap();
    std::fs::create_dir(assets.path().join("models")).unwrap();
    std::os::unix::fs::symlink(assets_dir().join("lib"), assets.path().join("lib")).unwrap();
    let weights = assets.path().join("models/nanodet.onnx");
    let program = program.file("a.toml", settings).env("ATALAYA_ASSETS_DIR", assets.path());
    let (server, address) = serve(program).await;
    let issue = Program::new(&["token", "issue", "--role", "admin"]);
    let token = issue.data_dir(&server.folder.path().join("data")).run().await.fine();
    let camera = format!("{address}/api/v1/cameras/hall");
    let failed = failure(&camera, token.trim(), "missing").await;
    assert!(failed.contains("nanodet.onnx") && failed.contains("make setup"), "{failed}");
    std::fs::write(&weights, "altered").unwrap();
    let restart = reqwest::Client::new().post(format!("{camera}/restart")).bearer_auth(token.trim());
    assert!(restart.send().await.unwrap().status().is_success());
    let failed = failure(&camera, token.trim(), "sha256").await;
    assert!(failed.contains("nanodet.onnx"), "{failed}");
    assert_eq!(reqwest::get(format!("{address}/readyz")).await.unwrap().status(), StatusCode::OK);
    terminate(server).await;
}

/// The reason why a camera has failed, once it holds `part`.
async fn failure(camera: &str, token: &str, part: &str) -> String {
    let url = format!("{camera}/status");
    eventually(&format!("a failure over what is {part}"), async || {
        let (_, status) = get(&url, token).await;
        let reason = status["reason"].as_str()?.to_owned();
        (status["state"] == "failed" && reason.contains(part)).then_some(reason)
    })
    .await
}

/// A camera whose first frame is under way for a minute: its pipeline cannot end before that.
const SLOW: &str = r#"
name = "slow"
description = "Takes a minute for a frame"
kind = "live"
launch = "videotestsrc is-live=true ! identity sleep-time=60000000 ! appsink name=records"
"#;

fn serve_with_a_pipeline_that_hangs() -> Program {
    let settings = "pipelines_dir = \"own\"\n[[cameras]]\nid = \"hall\"\npipeline = \"slow\"\n";
    let program = Program::new(&["serve", "--listen", "127.0.0.1:0", "--config", "a.toml"]);
    program.file("a.toml", settings).file("own/slow.toml", SLOW)
}

/// A server whose camera has a frame under way.
async fn serve_that_hangs() -> Running {
    let (server, address) = serve(serve_with_a_pipeline_that_hangs()).await;
    let issue = Program::new(&["token", "issue", "--role", "viewer"]);
    let token = issue.data_dir(&server.folder.path().join("data")).run().await.fine();
    let status = format!("{address}/api/v1/cameras/hall/status");
    eventually("a frame under way", async || {
        let (_, status) = get(&status, token.trim()).await;
        status["bytes_in"].as_u64().filter(|bytes| *bytes > 0)
    })
    .await;
    server
}

#[tokio::test]
async fn a_pipeline_that_hangs_does_not_hold_up_the_end() {
    terminate(serve_that_hangs().await).await;
}

#[tokio::test]
async fn a_second_signal_ends_at_once() {
    let server = serve_that_hangs().await;
    server.signal("TERM");
    let asked = Instant::now();
    server.signal("INT");
    let ended = server.end().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("ended by a second signal"), "{}", ended.stderr);
    assert!(asked.elapsed() < Duration::from_secs(2), "took {:?}", asked.elapsed());
}

#[tokio::test]
async fn a_signal_ends_a_start_that_waits_for_its_database() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://a:b@{}/c", silent.local_addr().unwrap());
    let server = serve_anywhere().env("ATALAYA_DATABASE__URL", url).start();
    let _connection = within_deadline("the server's question", silent.accept()).await.unwrap();
    let asked = Instant::now();
    server.signal("TERM");
    let ended = server.end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(asked.elapsed() < Duration::from_secs(2), "took {:?}", asked.elapsed());
}

/// By the command that the server prints, with nothing but the usual folders.
#[tokio::test]
async fn another_link_can_be_had_for_a_server_that_runs() {
    for command in ["demo", "serve"] {
        let server = Program::new(&[command, "--listen", "127.0.0.1:0"]).usual_folders();
        // A demo keeps its numbers to itself.
        let server = if command == "demo" {
            server.env("ATALAYA_DATABASE__URL", "postgres://a:b@127.0.0.1:1/c")
        } else {
            server
        };
        let mut server = server.start();
        let printed = server.line_with("another one: ").await;
        let words: Vec<_> = printed.split_whitespace().skip_while(|word| *word != "token").collect();
        let link = Program::new(&words).run().await.fine();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let answer = http.get(link.trim()).send().await.unwrap();
        assert!(answer.headers().contains_key("set-cookie"), "{command}: {printed}: {answer:?}");
        terminate(server).await;
    }
}
