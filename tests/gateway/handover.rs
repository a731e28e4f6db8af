//! A second process listens where the first does, and takes its clients over.

use std::path::Path;

use atalaya::domain::Role;
use tokio::sync::watch;

use crate::follower::{Follower, seated};
use crate::program::Program;
use crate::redis::{server, until};
use crate::redis_faults::Load;
use crate::redis_server::{Redis, free_port};
use crate::world::{SECRET, World, within};

const CLIENTS: usize = 20;

/// The program on `port`, with its data in `data_dir`.
fn program(redis: &Redis, port: u16, data_dir: &Path) -> Program {
    Program::new(&["serve", "--listen", &format!("127.0.0.1:{port}")])
        .data_dir(data_dir)
        .env("ATALAYA_SERVER__REUSE_PORT", "true")
        .env("ATALAYA_AUTH__JWT_SECRET", SECRET)
        .env("ATALAYA_REDIS__URL", redis.url())
        .env("ATALAYA_JOBS__ENABLED", "false")
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
    let mut first = program(&redis, port, one.path()).start();
    first.line_with("listens on").await;
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
    let data_dir = if folder == Folder::Same { one.path() } else { two.path() };
    let mut second = program(&redis, port, data_dir).start();
    match folder {
        Folder::Other => drop(second.line_with("listens on").await),
        // It waits for the folder, and whoever connects waits with it.
        Folder::Same => until("it waits", || second.has_said("waiting for the other one")).await,
    }
    first.signal("TERM");
    assert_eq!(first.end().await.code, Some(0));
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
