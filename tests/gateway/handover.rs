//! A second process listens where the first does, and takes its clients over.

use std::path::Path;
use std::process::Stdio;

use atalaya::domain::Role;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use crate::follower::{Follower, seated};
use crate::redis::server;
use crate::redis_faults::Load;
use crate::redis_server::{Redis, free_port};
use crate::world::{SECRET, World, within};

const CLIENTS: usize = 20;

/// The program on `port`, once it serves.
async fn start(redis: &Redis, port: u16, data_dir: &Path) -> Child {
    let mut child = spawn(redis, port, data_dir);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = within(lines.next_line()).await.unwrap().expect("the server should start");
    assert!(line.contains(&port.to_string()), "{line}");
    let mut errors = BufReader::new(child.stderr.take().unwrap()).lines();
    tokio::spawn(async move { while let Ok(Some(_)) = errors.next_line().await {} });
    child
}

fn spawn(redis: &Redis, port: u16, data_dir: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_atalaya"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("ATALAYA_") {
            command.env_remove(name);
        }
    }
    command
        .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data-dir"])
        .arg(data_dir)
        .env("ATALAYA_SERVER__REUSE_PORT", "true")
        .env("ATALAYA_AUTH__JWT_SECRET", SECRET)
        .env("ATALAYA_REDIS__URL", redis.url())
        .env("ATALAYA_WEBRTC__LISTEN", "127.0.0.1:0")
        .env("ATALAYA_JOBS__ENABLED", "false")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command.spawn().unwrap()
}

fn terminate(child: &Child) {
    let pid = child.id().expect("the server should run").to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
}

/// Where the next process keeps its data.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Folder {
    Same,
    Other,
}

/// Clients of a server that the next one replaces under load.
async fn hand_over(folder: Folder) {
    let (redis, port) = (Redis::start(), free_port());
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let publisher: World = server(&redis.url()).await;
    let mut first = start(&redis, port, one.path()).await;
    let (_home, homes) = watch::channel(format!("ws://127.0.0.1:{port}"));
    let (seats, mut seen) = watch::channel(0);
    let followers: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let token = publisher.token(&format!("waiter-{number}"), Role::Waiter, &[5]);
            tokio::spawn(Follower::new("waiter", token).follow(homes.clone(), seats.clone()))
        })
        .collect();
    seated(&mut seen, CLIENTS).await;
    let load = Load::of(publisher);
    load.more(50).await;
    let _second = match folder {
        Folder::Other => start(&redis, port, two.path()).await,
        // It waits for the folder, and whoever connects waits with it.
        Folder::Same => {
            let mut child = spawn(&redis, port, one.path());
            let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
            while !within(lines.next_line()).await.unwrap().unwrap().contains("waiting for the other one") {}
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            child
        }
    };
    terminate(&first);
    within(first.wait()).await.unwrap();
    seated(&mut seen, 2 * CLIENTS).await;
    load.more(50).await;
    let (_publisher, sent) = load.end().await;
    for follower in followers {
        let Follower { numbers, closes, .. } = within(follower).await.unwrap();
        assert!(numbers.iter().copied().eq(0..sent), "{sent}: {numbers:?}");
        assert_eq!(closes.iter().filter(|code| **code == 1012).count(), 1, "{closes:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_process_takes_over_on_the_same_address_and_nothing_is_lost() {
    hand_over(Folder::Other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_same_data_folder_the_next_process_waits_and_so_do_clients() {
    hand_over(Folder::Same).await;
}
