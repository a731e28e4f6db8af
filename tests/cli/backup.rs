//! `atalaya backup` and `atalaya restore` beside a server that runs.

use std::path::Path;

use crate::eventually::eventually;
use crate::program::Program;
use crate::server::{serve, serve_anywhere, terminate};

fn named(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn a_server_that_runs_is_backed_up_and_one_that_is_stopped_restored() {
    let kept = tempfile::tempdir().unwrap();
    let data = kept.path().join("data");
    let (server, _) = serve(serve_anywhere().data_dir(&data)).await;
    let file = kept.path().join("mine.db");
    let made = Program::new(&["backup", named(&file)]).data_dir(&data).run().await.fine();
    assert!(made.starts_with(named(&file)) && made.trim().ends_with("checked"), "{made}");
    let again = Program::new(&["backup", named(&file)]).data_dir(&data).run().await;
    again.failed(1, &["mine.db", "it is there already"]);
    let refused = Program::new(&["restore", named(&file)]).data_dir(&data).run().await;
    refused.failed(1, &["in use by another Atalaya (process ", "stop that one"]);
    terminate(server).await;
    let restored = Program::new(&["restore", named(&file)]).data_dir(&data).run().await.fine();
    assert!(
        restored.contains("rows restored") && restored.contains("atalaya.db.before-restore"),
        "{restored}"
    );
    let (server, _) = serve(serve_anywhere().data_dir(&data)).await;
    terminate(server).await;
}

#[tokio::test]
async fn a_server_makes_its_first_backup_by_itself_and_commands_put_theirs_beside_it() {
    let (server, _) = serve(serve_anywhere()).await;
    let data = server.folder.path().join("data");
    let count = || {
        let names = std::fs::read_dir(data.join("backups")).into_iter().flatten().flatten();
        names.filter(|entry| named(&entry.path()).ends_with(".db")).count()
    };
    eventually("a backup", async || (count() == 1).then_some(())).await;
    // Names go by the second.
    eventually("another one", async || {
        let ended = Program::new(&["backup"]).data_dir(&data).run().await;
        (ended.code == Some(0)).then_some(())
    })
    .await;
    assert_eq!(count(), 2);
    terminate(server).await;
}

#[tokio::test]
async fn postgres_is_told_how_and_what_is_absent_is_named() {
    for command in [&["backup"][..], &["restore", "a.db"]] {
        let program =
            Program::new(command).env("ATALAYA_DATABASE__URL", "postgres://a:hunter2@127.0.0.1:1/x");
        let ended = program
            .run()
            .await
            .failed(1, &["pg_restore", "--exit-on-error --single-transaction", "docs/operations.md"]);
        assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
    }
    Program::new(&["backup"]).run().await.failed(1, &["there is no database at", "atalaya.db"]);
    Program::new(&["restore", "absent.db"])
        .run()
        .await
        .failed(1, &["absent.db: there is no such file; name one"]);
}
