//! What cannot be opened is named, with what to do; what was promised survives.

use std::path::Path;

use atalaya::store::{Store, StoreError};
use sqlx::Connection;

use crate::fixture::{at, branch_id, postgres, seconds, sqlite, tenant, visit};
use crate::postgres::Cluster;

async fn refusal(url: Option<&str>, folder: &Path) -> String {
    let error = Store::open(url, folder).await.unwrap_err();
    assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
    error.to_string()
}

#[tokio::test]
async fn read_only_data_folder_is_named() {
    // Nobody, not even root, may put a file there.
    let error = refusal(None, Path::new("/sys/kernel")).await;
    assert!(error.starts_with("cannot use data folder /sys/kernel: "), "{error}");
    assert!(error.ends_with("or name another one by `--data-dir` or `data_dir`"), "{error}");
}

#[tokio::test]
async fn file_in_place_of_the_data_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let error = refusal(None, &file).await;
    assert!(error.starts_with(&format!("cannot use data folder {}: ", file.display())), "{error}");
}

#[tokio::test]
async fn damaged_file_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("atalaya.db");
    let garbage = vec![b'x'; 8192];
    std::fs::write(&file, &garbage).unwrap();
    let error = refusal(None, folder.path()).await;
    let start = format!("cannot use SQLite file {}: it is damaged, or not an SQLite file", file.display());
    assert!(error.starts_with(&start), "{error}");
    assert_eq!(std::fs::read(&file).unwrap(), garbage);
}

#[tokio::test]
async fn folder_in_place_of_the_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("atalaya.db")).unwrap();
    let error = refusal(None, folder.path()).await;
    assert!(error.contains("it cannot be opened"), "{error}");
}

#[tokio::test]
async fn file_locked_by_another_process_is_named() {
    let fresh = sqlite().await;
    fresh.store.close().await;
    let file = fresh.folder.path().join("atalaya.db");
    let mut other = sqlx::SqliteConnection::connect(file.to_str().unwrap()).await.unwrap();
    sqlx::query("pragma locking_mode = exclusive").execute(&mut other).await.unwrap();
    sqlx::query("begin exclusive").execute(&mut other).await.unwrap();
    let error = refusal(None, fresh.folder.path()).await;
    assert!(error.contains("another process has locked it"), "{error}");
    other.close().await.unwrap();
    Store::open(None, fresh.folder.path()).await.unwrap();
}

#[tokio::test]
async fn data_folder_is_made_and_closed_to_others() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let nested = folder.path().join("a/b");
    Store::open(None, &nested).await.unwrap().migrate().await.unwrap();
    assert_eq!(std::fs::metadata(&nested).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(nested.join("atalaya.db").is_file());
}

#[tokio::test]
async fn sqlite_url_names_a_file_beside_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(Some("sqlite://other.db"), folder.path()).await.unwrap();
    store.migrate().await.unwrap();
    assert!(store.place().ends_with("/other.db"), "{}", store.place());
    assert!(folder.path().join("other.db").is_file());
}

#[tokio::test]
async fn unusable_urls_are_refused_without_being_shown() {
    let folder = tempfile::tempdir().unwrap();
    for url in
        ["mysql://root:hunter2@host/db", "sqlite::memory:", "sqlite://", "postgres://u:hunter2@[bad/db"]
    {
        let error = refusal(Some(url), folder.path()).await;
        assert!(error.starts_with("cannot use `database.url`: it "), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn unreachable_postgres_is_named_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("postgres://shop:hunter2@127.0.0.1:{port}/venue");
    let error = refusal(Some(&url), folder.path()).await;
    let start = format!("cannot use Postgres database \"venue\" at 127.0.0.1:{port}: ");
    assert!(error.starts_with(&start), "{error}");
    assert!(error.contains("refused"), "{error}");
    assert!(error.ends_with("check host and port in `database.url`, and that it is running"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn missing_postgres_database_and_user_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::shared();
    let error = refusal(Some(&cluster.url("nowhere")), folder.path()).await;
    assert!(error.contains("database \"nowhere\" does not exist; create it"), "{error}");
    let stranger = cluster.url("postgres").replace("postgres@", "stranger:hunter2@");
    let error = refusal(Some(&stranger), folder.path()).await;
    assert!(error.contains("role \"stranger\" does not exist; check user and password"), "{error}");
}

#[tokio::test]
async fn schemas_of_other_programs_are_left_alone() {
    let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
        select 9999, 'later', success, checksum, 1 from _sqlx_migrations limit 1";
    let other =
        "update _sqlx_migrations set checksum = (select checksum from _sqlx_migrations where version = 1)
        where version = 2";
    for (change, told) in [
        (newer, format!("its schema 9999 is newer than {}", Store::schema_version())),
        (other, "its schema 2 is not this program's; start the program version that made it".to_owned()),
    ] {
        for fresh in [sqlite().await, postgres().await] {
            fresh.run(change).await;
            let error = fresh.store.migrate().await.unwrap_err().to_string();
            assert!(error.contains(&told), "{error}");
        }
    }
}

#[tokio::test]
async fn committed_visits_survive_a_kill() {
    let fresh = sqlite().await;
    let enter = at("2026-06-10T17:00:00Z");
    fresh.store.write_visits(tenant(1), &[visit(1, 1, enter, seconds(5))]).await.unwrap();
    // What a killed process leaves: the files as they are, nothing closed, the shared memory gone.
    let left = tempfile::tempdir().unwrap();
    for name in ["atalaya.db", "atalaya.db-wal"] {
        std::fs::copy(fresh.folder.path().join(name), left.path().join(name)).unwrap();
    }
    let store = Store::open(None, left.path()).await.unwrap();
    store.migrate().await.unwrap();
    let shift = store.shift_at(tenant(1), branch_id(2), enter).await.unwrap();
    assert_eq!(store.visits(tenant(1), shift.id, None, 10).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn sqlite_never_says_locked() {
    let fresh = sqlite().await;
    let enter = at("2026-06-10T17:00:00Z");
    let shift = fresh.store.shift_at(tenant(1), branch_id(2), enter).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..8_u64 {
        let store = fresh.store.clone();
        tasks.spawn(async move {
            for round in 0..25 {
                let records: Vec<_> =
                    (0..20).map(|n| visit(1, writer * 1000 + round * 20 + n, enter, seconds(n))).collect();
                store.write_visits(tenant(1), &records).await.unwrap();
            }
        });
        let (store, shift) = (fresh.store.clone(), shift.clone());
        tasks.spawn(async move {
            for _ in 0..25 {
                store.summary(tenant(1), &shift).await.unwrap();
                store.visits(tenant(1), shift.id, None, 50).await.unwrap();
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(fresh.store.summary(tenant(1), &shift).await.unwrap().visits, 8 * 25 * 20);
}
