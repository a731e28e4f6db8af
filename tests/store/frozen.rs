//! A Postgres that says nothing any more: not crashed, which every caller notices, but silent.

use atalaya::store::Store;
use tokio::task::JoinSet;

use crate::eventually::eventually;
use crate::fixture::{at, branch_id, seconds, tenant, visit};
use crate::postgres::Cluster;

/// What callers wait at most, and time for a busy machine.
const LONGEST: u64 = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen_postgres_counts_as_away_and_serves_again_when_it_thaws() {
    let (cluster, folder) = (Cluster::start(), tempfile::tempdir().unwrap());
    let store = Store::open(Some(&cluster.create_database()), folder.path()).await.unwrap();
    store.migrate().await.unwrap();
    let (one, enter) = (tenant(1), at("2026-06-10T17:00:00Z"));
    let shift = store.shift_at(one, branch_id(2), enter).await.unwrap();
    store.write_visits(one, &[visit(1, 1, enter, seconds(5))]).await.unwrap();

    tokio::task::block_in_place(|| cluster.freeze());
    // More than there are connections: each must be given up, whether it has one or waits for one.
    let mut calls = JoinSet::new();
    for track in 0..12 {
        let store = store.clone();
        calls.spawn(async move { store.write_visits(one, &[visit(1, track, enter, seconds(5))]).await });
    }
    let all = tokio::time::timeout(seconds(LONGEST), calls.join_all()).await;
    for done in all.expect("no call should wait for ever") {
        let error = done.unwrap_err();
        assert!(error.is_away(), "{error}");
    }

    tokio::task::block_in_place(|| cluster.thaw());
    eventually("it serves again", async || {
        store.write_visits(one, &[visit(1, 2, enter, seconds(5))]).await.ok()
    })
    .await;
    let summary = store.summary(one, &shift).await.unwrap();
    assert!((2..=12).contains(&summary.visits), "none is doubled: {summary:?}");
}
