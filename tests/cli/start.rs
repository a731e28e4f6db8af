//! What a first start makes of a machine: folders, files, and the hours of its only branch.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::program::Program;
use crate::server::{get, serve, serve_anywhere, terminate};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn what_the_first_start_makes_is_closed_to_others() {
    let (server, _) = serve(serve_anywhere()).await;
    let data = server.folder.path().join("data");
    assert_eq!(mode(&data), 0o700);
    for file in ["jwt.secret", "atalaya.db", "atalaya.db-wal", "atalaya.db-shm"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
    terminate(server).await;
    // `make setup` makes the default folder for its assets, before there is anything to hide.
    let open = tempfile::tempdir().unwrap();
    std::fs::set_permissions(open.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let (server, _) = serve(serve_anywhere().data_dir(open.path())).await;
    for file in ["jwt.secret", "atalaya.db"] {
        assert_eq!(mode(&open.path().join(file)), 0o600, "{file}");
    }
    terminate(server).await;
}

#[tokio::test]
async fn a_branch_that_nobody_described_keeps_the_hours_of_the_machine() {
    let (server, address) = serve(serve_anywhere().env("TZ", "Asia/Kathmandu")).await;
    let issue = Program::new(&["token", "issue", "--role", "viewer"]);
    let token = issue.data_dir(&server.folder.path().join("data")).run().await.fine();
    let (_, shift) = get(&format!("{address}/api/v1/shifts/current"), token.trim()).await;
    let start = shift["start"].as_str().unwrap();
    assert!(
        ["06", "14", "22"].iter().any(|hour| start.ends_with(&format!("T{hour}:00:00+05:45"))),
        "{shift}"
    );
    terminate(server).await;
}
