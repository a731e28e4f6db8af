//! What the log says of a request that failed here.

use std::io::Write;
use std::sync::{Arc, Mutex};

use reqwest::{Method, StatusCode};
use sqlx::Connection;
use tracing::Level;

use crate::world::{World, header};

/// A log that a test can read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(line)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_of_ours_is_logged_under_the_id_that_the_client_was_told() {
    let log = Log::default();
    // Even where nothing but errors is wanted.
    let subscriber = tracing_subscriber::fmt().with_max_level(Level::ERROR).with_ansi(false);
    subscriber
        .with_writer({
            let log = log.clone();
            move || log.clone()
        })
        .init();
    let world = World::start().await;
    let file = world.folder.path().join("atalaya.db");
    let mut database = sqlx::SqliteConnection::connect(file.to_str().unwrap()).await.unwrap();
    for table in ["visit", "shift", "camera"] {
        sqlx::query(sqlx::AssertSqlSafe(format!("drop table {table}"))).execute(&mut database).await.unwrap();
    }
    for (method, path, id) in [
        (Method::GET, "/api/v1/shifts?branch_id=1", "read-1"),
        // Goes on in a task of its own.
        (Method::DELETE, "/api/v1/cameras/hall", "change-1"),
    ] {
        let response = world.admin(method, path).header("x-request-id", id).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(header(&response, "x-request-id"), id);
        let problem: serde_json::Value = response.json().await.unwrap();
        assert!(!problem.to_string().contains("no such table"), "{problem}");
        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let line =
            log.lines().find(|line| line.contains(id)).unwrap_or_else(|| panic!("{id} is not in {log}"));
        assert!(line.contains("no such table") && !line.contains("branch_id=1"), "{line}");
    }
}
