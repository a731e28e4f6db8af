//! Both databases have the same tables and columns, and docs/privacy.md lists every one.

use std::collections::BTreeSet;

use sqlx::Connection;

use crate::fixture::{postgres, sqlite};

const SQLITE: &str = "select m.name, c.name from sqlite_schema m join pragma_table_info(m.name) c
    where m.type = 'table' and m.name not like 'sqlite_%'";
const POSTGRES: &str = "select table_name::text, column_name::text from information_schema.columns
    where table_schema = 'public'";

type Columns = BTreeSet<(String, String)>;

async fn columns() -> (Columns, Columns) {
    let (file, server) = (sqlite().await, postgres().await);
    let path = file.folder.path().join("atalaya.db");
    let mut connection = sqlx::SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
    let in_file: Vec<_> = sqlx::query_as(SQLITE).fetch_all(&mut connection).await.unwrap();
    let mut connection = sqlx::PgConnection::connect(server.url.as_deref().unwrap()).await.unwrap();
    let on_server: Vec<_> = sqlx::query_as(POSTGRES).fetch_all(&mut connection).await.unwrap();
    (in_file.into_iter().collect(), on_server.into_iter().collect())
}

/// The names in backquotes in the first column of each table, and in the text of the last section.
fn documented() -> Columns {
    let text = include_str!("../../docs/privacy.md");
    let stored =
        text.split_once("## What is stored").unwrap().1.split_once("## What is not there").unwrap().0;
    let mut columns = Columns::new();
    for section in stored.split("\n### ").skip(1) {
        let (table, body) = section.split_once('\n').unwrap();
        let has_rows = body.contains("\n| ");
        for line in body.lines().filter(|line| line.starts_with('|') || !has_rows) {
            let first = if has_rows { line.split('|').nth(1).unwrap() } else { line };
            let names = first.split('`').skip(1).step_by(2);
            columns.extend(names.map(|name| (table.to_owned(), name.to_owned())));
        }
    }
    columns
}

#[tokio::test]
async fn tables_are_the_same_and_every_column_is_documented() {
    let (in_file, on_server) = columns().await;
    assert!(in_file.contains(&("visit".to_owned(), "dwell_ms".to_owned())), "{in_file:?}");
    assert_eq!(in_file, on_server);
    assert_eq!(documented(), in_file);
}
