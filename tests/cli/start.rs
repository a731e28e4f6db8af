//! What a first start makes of a machine: folders, files, and the hours of its only branch.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

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

/// The name of a token.
fn name_of(token: &str) -> String {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["jti"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_server_whose_database_is_a_file_knows_at_its_first_request_which_tokens_are_revoked() {
    let data = tempfile::tempdir().unwrap();
    let begin = async || serve(serve_anywhere().data_dir(data.path())).await;
    let issue = async || {
        let program = Program::new(&["token", "issue", "--role", "admin"]).data_dir(data.path());
        program.run().await.fine().trim().to_owned()
    };
    let (server, address) = begin().await;
    let (good, revoked) = (issue().await, issue().await);
    let url = format!("{address}/api/v1/tokens/{}", name_of(&revoked));
    let answer = reqwest::Client::new().delete(url).bearer_auth(&good).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    terminate(server).await;
    for (token, status) in [(&revoked, 401), (&good, 200)] {
        let (server, address) = begin().await;
        assert_eq!(get(&format!("{address}/api/v1/cameras"), token).await.0, status);
        terminate(server).await;
    }
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
