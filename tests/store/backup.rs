//! Copies of the SQLite file: whole whoever writes meanwhile, refused when they are not right, put back without a loss.

use std::fs;
use std::path::{Path, PathBuf};

use atalaya::store::Store;
use atalaya::store::backup::{copy, inspect, restore};
use sqlx::Connection;

use crate::fixture::{Fresh, at, branch_id, postgres, seconds, sqlite, tenant, visit};
use crate::postgres::Cluster;

const ENTER: &str = "2026-06-10T17:00:00Z";

async fn with_visits(count: u64) -> Fresh {
    let fresh = sqlite().await;
    write(&fresh.store, 0, count).await;
    fresh
}

async fn write(store: &Store, from: u64, count: u64) {
    let records: Vec<_> = (from..from + count).map(|n| visit(1, n, at(ENTER), seconds(n))).collect();
    store.write_visits(tenant(1), &records).await.unwrap();
}

async fn visits(store: &Store) -> u64 {
    let shift = store.shift_at(tenant(1), branch_id(2), at(ENTER)).await.unwrap();
    store.summary(tenant(1), &shift).await.unwrap().visits
}

async fn reopened(folder: &Path) -> Store {
    let store = Store::open(None, folder).await.unwrap();
    store.migrate().await.unwrap();
    store
}

async fn execute(file: &Path, sql: &'static str) {
    let mut connection = sqlx::SqliteConnection::connect(file.to_str().unwrap()).await.unwrap();
    sqlx::query(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

fn database(fresh: &Fresh) -> PathBuf {
    fresh.folder.path().join("atalaya.db")
}

#[tokio::test(flavor = "multi_thread")]
async fn copy_made_while_others_write_is_whole_and_can_be_opened() {
    let fresh = with_visits(500).await;
    let store = fresh.store.clone();
    let writing = tokio::spawn(async move {
        for round in 1..40 {
            write(&store, round * 100_000, 50).await;
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("atalaya.db");
    let made = fresh.store.back_up(&to).await.unwrap();
    writing.await.unwrap();
    assert_eq!(made.schema, Store::schema_version());
    assert_eq!(made.bytes, fs::metadata(&to).unwrap().len());
    assert_eq!(inspect(&to).await.unwrap(), made);
    let copied = visits(&reopened(folder.path()).await).await;
    assert!(
        (500..=500 + 39 * 50).contains(&copied) && (copied - 500) % 50 == 0,
        "{copied}: no batch is torn"
    );
    assert_eq!(visits(&fresh.store).await, 500 + 39 * 50);
}

#[tokio::test]
async fn copy_is_for_its_owner_only_and_overwrites_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let fresh = with_visits(1).await;
    let to = fresh.folder.path().join("kept/copy.db");
    fresh.store.back_up(&to).await.unwrap();
    assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
    let before = fs::read(&to).unwrap();
    let error = fresh.store.back_up(&to).await.unwrap_err().to_string();
    assert!(error.contains("copy.db: it is there already"), "{error}");
    assert_eq!(fs::read(&to).unwrap(), before);
    assert_eq!(fs::read_dir(to.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
}

#[tokio::test]
async fn postgres_is_backed_up_by_its_own_program() {
    let fresh = postgres().await;
    let error = fresh.store.back_up(&fresh.folder.path().join("a.db")).await.unwrap_err().to_string();
    assert!(error.contains("pg_dump"), "{error}");
}

#[tokio::test]
async fn restore_brings_back_what_was_there_and_moves_the_rest_aside() {
    let fresh = with_visits(20).await;
    let backup = fresh.folder.path().join("backup.db");
    fresh.store.back_up(&backup).await.unwrap();
    write(&fresh.store, 1000, 5).await;
    fresh.store.close().await;
    let restored = restore(&backup, &database(&fresh)).await.unwrap();
    let moved = restored.moved.unwrap();
    assert_eq!(moved, fresh.folder.path().join("atalaya.db.before-restore"));
    let store = reopened(fresh.folder.path()).await;
    assert_eq!(visits(&store).await, 20);
    store.close().await;
    let again = restore(&moved, &database(&fresh)).await.unwrap();
    assert_eq!(again.moved.unwrap(), fresh.folder.path().join("atalaya.db.before-restore-2"));
    assert_eq!(visits(&reopened(fresh.folder.path()).await).await, 25, "what was moved aside is whole");
    assert!(backup.exists());
}

#[tokio::test]
async fn restore_makes_a_database_where_there_is_none() {
    let fresh = with_visits(3).await;
    let backup = fresh.folder.path().join("backup.db");
    fresh.store.back_up(&backup).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let restored = restore(&backup, &folder.path().join("new/atalaya.db")).await.unwrap();
    assert_eq!(restored.moved, None);
    assert_eq!(visits(&reopened(&folder.path().join("new")).await).await, 3);
}

#[tokio::test]
async fn restore_leaves_a_database_in_use_alone() {
    let fresh = with_visits(3).await;
    let backup = fresh.folder.path().join("backup.db");
    fresh.store.back_up(&backup).await.unwrap();
    let error = restore(&backup, &database(&fresh)).await.unwrap_err().to_string();
    assert!(error.contains("a server is using it; stop the server first"), "{error}");
    write(&fresh.store, 100, 1).await;
    assert_eq!(visits(&fresh.store).await, 4, "it goes on as if nothing had been");
}

#[tokio::test]
async fn damaged_database_is_moved_aside_with_its_log() {
    let fresh = with_visits(3).await;
    let backup = fresh.folder.path().join("backup.db");
    fresh.store.back_up(&backup).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("atalaya.db");
    fs::write(&file, vec![b'x'; 8192]).unwrap();
    fs::write(folder.path().join("atalaya.db-wal"), b"log").unwrap();
    fs::write(folder.path().join("atalaya.db-shm"), b"index").unwrap();
    let moved = restore(&backup, &file).await.unwrap().moved.unwrap();
    assert_eq!(fs::read(&moved).unwrap(), vec![b'x'; 8192]);
    assert_eq!(fs::read(folder.path().join("atalaya.db.before-restore-wal")).unwrap(), b"log");
    let of_before = |entry: fs::DirEntry| entry.file_name().to_string_lossy().ends_with("-shm");
    let mut left = fs::read_dir(folder.path()).unwrap().map(Result::unwrap);
    assert!(!left.any(of_before), "the log's index is of no use to anybody");
    assert_eq!(visits(&reopened(folder.path()).await).await, 3);
}

#[tokio::test]
async fn what_is_no_good_backup_is_refused_and_the_database_stays() {
    let fresh = with_visits(200).await;
    let file = |name: &str| fresh.folder.path().join(name);
    fresh.store.back_up(&file("newer.db")).await.unwrap();
    execute(&file("newer.db"), "update _sqlx_migrations set version = 9999 where version = 1").await;
    fresh.store.back_up(&file("torn.db")).await.unwrap();
    let whole = fs::read(file("torn.db")).unwrap();
    let mut torn = whole.clone();
    torn[8192..20_000].fill(0x5a);
    fs::write(file("torn.db"), torn).unwrap();
    fs::write(file("cut.db"), &whole[..whole.len() / 2]).unwrap();
    fs::write(file("text.db"), "not a database, but long enough to look at").unwrap();
    sqlx::SqliteConnection::connect(&format!("{}?mode=rwc", file("other.db").display())).await.unwrap();
    execute(&file("other.db"), "create table a (b int)").await;
    fresh.store.close().await;
    let before = fs::read(database(&fresh)).unwrap();
    for (name, told) in [
        ("newer.db", "its schema 9999 is newer than"),
        ("torn.db", "it is damaged"),
        ("cut.db", "it is damaged"),
        ("text.db", "it is damaged, or not an SQLite file"),
        ("other.db", "it is no database of Atalaya"),
        ("absent.db", "there is no such file"),
        ("atalaya.db", "it is the database itself"),
    ] {
        let error = restore(&file(name), &database(&fresh)).await.unwrap_err().to_string();
        assert!(error.contains(told) && error.contains(name), "{name}: {error}");
        assert_eq!(fs::read(database(&fresh)).unwrap(), before, "{name}");
    }
}

#[tokio::test]
async fn copy_of_a_damaged_database_is_not_kept() {
    let fresh = with_visits(200).await;
    fresh.store.close().await;
    let mut bytes = fs::read(database(&fresh)).unwrap();
    bytes[8192..20_000].fill(0x5a);
    fs::write(database(&fresh), bytes).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let error = copy(&database(&fresh), &folder.path().join("a.db")).await.unwrap_err().to_string();
    assert!(error.contains("damaged"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// With the commands of docs/operations.md.
#[tokio::test]
async fn documented_commands_dump_a_postgres_and_bring_it_back() {
    let cluster = Cluster::shared();
    let (url, other) = (cluster.create_database(), cluster.create_database());
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(Some(&url), folder.path()).await.unwrap();
    store.migrate().await.unwrap();
    write(&store, 0, 30).await;
    let docs = include_str!("../../docs/operations.md");
    let run = |start: &str, url: &str| {
        let line = docs.lines().find(|line| line.starts_with(start)).unwrap();
        let words: Vec<_> = line.split_whitespace().map(|word| word.replace("\"$URL\"", url)).collect();
        cluster.run(&words);
    };
    run("pg_dump ", &url);
    // Over a database that has other rows, and over an empty one.
    write(&store, 100, 5).await;
    store.close().await;
    for url in [url, other] {
        run("pg_restore ", &url);
        let store = Store::open(Some(&url), folder.path()).await.unwrap();
        store.migrate().await.unwrap();
        assert_eq!(visits(&store).await, 30);
        write(&store, 200, 1).await;
        assert_eq!(visits(&store).await, 31);
        store.close().await;
    }
}
