//! The console's client in TypeScript, run by Node against a whole server; what it has to hold stands in
//! `console/tests/gateway`.

use atalaya::domain::Role;
use tokio::process::Command;

use crate::world::{World, within};

#[tokio::test(flavor = "multi_thread")]
async fn the_consoles_client_loses_nothing_and_doubles_nothing_when_its_connection_is_cut() {
    let world = World::start().await;
    let node = within(
        Command::new("node")
            .args(["--test", "--test-reporter=spec", "console/tests/gateway/client.test.mjs"])
            .env("ATALAYA_URL", format!("http://{}", world.address()))
            .env("ATALAYA_TOKEN", world.token("ana", Role::Admin, &[]))
            .kill_on_drop(true)
            .output(),
    )
    .await;
    let node = node.expect("node should start: run `make setup`");
    let [said, complained] = [&node.stdout, &node.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(node.status.success(), "the client found something wrong:\n{said}{complained}");
}
