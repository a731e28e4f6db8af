//! A server whose settings change under it.

use std::collections::BTreeMap;
use std::path::Path;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::eventually::eventually;
use crate::postgres::Cluster;
use crate::program::Program;
use crate::server::{get, serve, terminate};

const PLAIN: &str = "name = \"plain\"\ndescription = \"A ball\"\nkind = \"live\"\nlaunch = \"\"\"
videotestsrc name=source is-live=true pattern=ball ! video/x-raw,format=I420,width=64,height=48,framerate=10/1
  ! appsink name=records sync=false\"\"\"\n";

fn camera(id: &str, name: &str) -> String {
    format!("[[cameras]]\nid = \"{id}\"\nname = \"{name}\"\npipeline = \"plain\"\n")
}

/// As an editor does: a new file in the place of the old one.
fn write(folder: &Path, settings: &str) {
    std::fs::write(folder.join("new.toml"), settings).unwrap();
    std::fs::rename(folder.join("new.toml"), folder.join("mine.toml")).unwrap();
}

/// Name and whose it is, of each camera.
fn cameras(list: &Value) -> BTreeMap<String, (String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let items = list["items"].as_array().unwrap().iter();
    items.map(|item| (text(&item["id"]), (text(&item["name"]), text(&item["managed_by"])))).collect()
}

fn expected(all: &[[&str; 3]]) -> BTreeMap<String, (String, String)> {
    all.iter().map(|[id, name, by]| ((*id).to_owned(), ((*name).to_owned(), (*by).to_owned()))).collect()
}

#[tokio::test]
async fn what_changes_in_the_file_holds_and_a_mistake_changes_nothing() {
    let head = "pipelines_dir = \"pipes\"\n";
    let first = format!("{head}{}{}", camera("a", "A"), camera("b", "B"));
    let program = Program::new(&["serve", "--listen", "127.0.0.1:0", "--config", "mine.toml"]);
    let (server, address) = serve(program.file("pipes/plain.toml", PLAIN).file("mine.toml", first)).await;
    let folder = server.folder.path().to_owned();
    let issue = Program::new(&["token", "issue", "--role", "admin"]).data_dir(&folder.join("data"));
    let token = issue.run().await.fine().trim().to_owned();
    let url = format!("{address}/api/v1/cameras");
    let shown = async |all: &[[&str; 3]]| {
        let wanted = expected(all);
        eventually("the cameras of the settings", async || {
            (cameras(&get(&url, &token).await.1) == wanted).then_some(())
        })
        .await;
    };
    let body = json!({"id": "c", "name": "C", "pipeline": "plain"});
    let made = reqwest::Client::new().post(&url).bearer_auth(&token).json(&body).send().await.unwrap();
    assert_eq!(made.status(), StatusCode::CREATED);
    shown(&[["a", "A", "file"], ["b", "B", "file"], ["c", "C", "api"]]).await;
    let frames = async || get(&format!("{url}/b/status"), &token).await.1["frames_in"].as_u64().unwrap();
    let before = eventually("frames", async || Some(frames().await).filter(|frames| *frames > 3)).await;

    write(&folder, &format!("{head}{}{}", camera("b", "Bar"), camera("c", "File")));
    shown(&[["b", "Bar", "file"], ["c", "File", "file"]]).await;
    assert!(frames().await >= before, "the camera was made anew for its name");

    write(&folder, &format!("{head}{}", camera("b", "Broken").replace("pipeline ", "pipelin ")));
    server.signal("HUP");
    let told = async |part: &str| {
        eventually(part, async || server.has_said(part).then_some(())).await;
    };
    told("the settings stay as they are: config file mine.toml: line 5: key `cameras[0].pipelin`").await;
    shown(&[["b", "Bar", "file"], ["c", "File", "file"]]).await;

    let b = |more: &str| format!("{head}{}{}{more}", camera("c", "Changed"), camera("b", "Bar"));
    write(&folder, &b("").replace("plain", "plian"));
    told("the settings stay as they are: camera \"c\": no pipeline \"plian\"; there are file, plain").await;
    write(&folder, &b("parameters = { speed = 2 }\n"));
    told("the settings stay as they are: camera \"b\": parameter `speed`: ").await;
    shown(&[["b", "Bar", "file"], ["c", "File", "file"]]).await;
    assert!(!server.has_said("camera failed"), "what plays is left alone");

    write(&folder, &b("sector = 3\n"));
    shown(&[["b", "Bar", "file"], ["c", "Changed", "file"]]).await;
    told("into a sector that nobody has made yet").await;

    write(&folder, &format!("{head}[server]\nmax_body_bytes = 5000\n{}", camera("b", "Bar")));
    shown(&[["b", "Bar", "file"], ["c", "C", "api"]]).await;
    told("what changed in these holds after a restart sections=\"server\"").await;
    terminate(server).await;
}

/// Branches are written to the database, which may be away when they change.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_did_not_take_is_tried_again_and_a_signal_is_heard_meanwhile() {
    let cluster = Cluster::start();
    let branch = |name: &str| format!("[[branches]]\nname = \"{name}\"\ntime_zone = \"UTC\"\n");
    let program = Program::new(&["serve", "--listen", "127.0.0.1:0", "--config", "mine.toml"]);
    let program = program.file("mine.toml", branch("First"));
    let (server, address) = serve(program.env("ATALAYA_DATABASE__URL", cluster.create_database())).await;
    let folder = server.folder.path().to_owned();
    let issue = Program::new(&["token", "issue", "--role", "admin"]).data_dir(&folder.join("data"));
    let token = issue.run().await.fine().trim().to_owned();
    let name = async || get(&format!("{address}/api/v1/branches/1"), &token).await.1["name"].clone();
    assert_eq!(name().await, "First");
    tokio::task::block_in_place(|| cluster.crash());
    write(&folder, &branch("Second"));
    eventually("a refusal", async || server.has_said("the settings stay as they are").then_some(())).await;
    tokio::task::block_in_place(|| cluster.resume());
    eventually("the second name", async || (name().await == "Second").then_some(())).await;
    tokio::task::block_in_place(|| cluster.freeze());
    let read = || server.said("reading the settings again");
    let before = read();
    write(&folder, &branch("Third"));
    eventually("another reading", async || (read() > before).then_some(())).await;
    terminate(server).await;
}

/// Which sectors there are is asked for a warning only: what has changed waits for no answer.
#[tokio::test(flavor = "multi_thread")]
async fn cameras_in_sectors_change_at_once_while_the_database_does_not_answer() {
    let cluster = Cluster::start();
    let ids: Vec<_> = (10..30).map(|number| format!("c{number}")).collect();
    let settings = |name: &str, more: &str| -> String {
        ids.iter().map(|id| format!("{}enabled = false\n{more}", camera(id, name))).collect()
    };
    let program = Program::new(&["serve", "--listen", "127.0.0.1:0", "--config", "mine.toml"]);
    let program = program.file("mine.toml", settings("Before", "").replace("plain", "test"));
    let (server, address) = serve(program.env("ATALAYA_DATABASE__URL", cluster.create_database())).await;
    let folder = server.folder.path().to_owned();
    let issue = Program::new(&["token", "issue", "--role", "admin"]).data_dir(&folder.join("data"));
    let token = issue.run().await.fine().trim().to_owned();
    let all_are = async |name: &str| {
        let wanted = ids.iter().map(|id| (id.clone(), (name.to_owned(), "file".to_owned()))).collect();
        eventually(name, async || {
            (cameras(&get(&format!("{address}/api/v1/cameras"), &token).await.1) == wanted).then_some(())
        })
        .await;
    };
    all_are("Before").await;
    tokio::task::block_in_place(|| cluster.freeze());
    write(&folder, &settings("After", "sector = 3\n").replace("plain", "test"));
    // Twenty answers that do not come would take longer than anybody waits here.
    all_are("After").await;
    tokio::task::block_in_place(|| cluster.thaw());
    terminate(server).await;
}
