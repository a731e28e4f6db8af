//! That SQLite takes the index that was made for a question, in a new file as in a full one.

use super::aggregate::{OPEN_SHIFTS, RECOUNT, RECOUNT_PEAKS};
use super::branch::SELECT_NEWEST_SHIFT;
use super::bulk::Sql;
use super::count::PEAK;
use super::{Pools, Store};

#[tokio::test]
async fn rows_of_a_shift_are_found_by_their_shift() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(None, folder.path()).await.unwrap();
    store.migrate().await.unwrap();
    let wanted: [(Sql, &[&str]); 5] = [
        (RECOUNT, &["visit_by_shift", "line_crossing_by_shift", "zone_stay_by_shift"]),
        (RECOUNT_PEAKS, &["occupancy_by_shift"]),
        (PEAK, &["occupancy_by_shift"]),
        (OPEN_SHIFTS, &["visit_open"]),
        (Sql::same(SELECT_NEWEST_SHIFT), &["sqlite_autoindex_shift_1"]),
    ];
    for (question, indexes) in wanted {
        for pools in [&store.read, &store.write] {
            let plan = plan(pools, question.sqlite).await;
            for index in indexes {
                assert!(plan.contains(&format!("INDEX {index}")), "no {index} in:\n{plan}");
            }
        }
    }
    store.close().await;
}

async fn plan(pools: &Pools, question: &str) -> String {
    let Pools::Sqlite(pool) = pools else { panic!("a store without an address should be a file") };
    let explain = sqlx::AssertSqlSafe(format!("explain query plan {question}"));
    let steps: Vec<(i64, i64, i64, String)> = sqlx::query_as(explain).fetch_all(pool).await.unwrap();
    steps.into_iter().map(|(.., step)| step + "\n").collect()
}
