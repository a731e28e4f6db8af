//! Many rows in one statement: as arrays on Postgres, as tuples on SQLite; and one transaction of either database.
//!
//! Every statement's text is one of a few, so that both databases keep it prepared: Postgres takes any number of rows in
//! the same text, SQLite gets them by 256, 64, 16, 4 and 1.

use std::fmt::Write as _;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::types::chrono::{DateTime, Utc};
use sqlx::{Arguments, AssertSqlSafe, FromRow, Postgres, Sqlite, Transaction};

use super::columns::Time;
use super::{Pools, StoreError, in_time};
use crate::domain::Timestamp;

/// Rows of a statement on SQLite, which takes 32766 values at most and reads a new text in more time than it writes
/// the rows.
const CHUNKS: [usize; 5] = [256, 64, 16, 4, 1];

/// Reading first and writing then, a transaction of another process in between would end ours.
const SQLITE_BEGIN: &str = "begin immediate";

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell<'a> {
    Int(i64),
    /// Null when there is none.
    Maybe(Option<i64>),
    Text(&'a str),
    Time(Timestamp),
    Bool(bool),
    Real(f32),
    Json(String),
}

/// Rows of the same columns, one after the other.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    width: usize,
    cells: Vec<Cell<'a>>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(width: usize) -> Self {
        Self { width, cells: Vec::new() }
    }

    pub(super) fn push(&mut self, row: impl IntoIterator<Item = Cell<'a>>) {
        self.cells.extend(row);
        debug_assert!(
            self.cells.len().is_multiple_of(self.width),
            "every row should have {} cells",
            self.width
        );
    }
}

/// A transaction; it is rolled back when it is dropped.
#[derive(Debug)]
pub(super) enum Writing {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// A row that either database can answer.
pub(super) trait Answered:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin> Answered for T {}

/// A text for each database.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sql {
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
}

impl Sql {
    /// One that both take.
    pub(super) const fn same(text: &'static str) -> Self {
        Self { sqlite: text, postgres: text }
    }
}

impl Writing {
    pub(super) async fn begin(pools: &Pools) -> Result<Self, sqlx::Error> {
        Ok(match pools {
            Pools::Sqlite(pool) => Self::Sqlite(pool.begin_with(SQLITE_BEGIN).await?),
            Pools::Postgres(pool) => Self::Postgres(pool.begin().await?),
        })
    }

    pub(super) async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres(transaction) => transaction.commit().await,
        }
    }

    /// Runs a statement; answers how many rows it touched.
    pub(super) async fn run(&mut self, sql: Sql, values: &[Cell<'_>]) -> Result<u64, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(transaction) => {
                let query = sqlx::query_with(sql.sqlite, sqlite_arguments(values)?);
                query.execute(&mut **transaction).await?.rows_affected()
            }
            Self::Postgres(transaction) => {
                let query = sqlx::query_with(sql.postgres, single_arguments(values)?);
                query.execute(&mut **transaction).await?.rows_affected()
            }
        })
    }

    pub(super) async fn ask<R: Answered>(
        &mut self,
        sql: Sql,
        values: &[Cell<'_>],
    ) -> Result<Vec<R>, sqlx::Error> {
        match self {
            Self::Sqlite(transaction) => {
                let query = sqlx::query_as_with(sql.sqlite, sqlite_arguments(values)?);
                query.fetch_all(&mut **transaction).await
            }
            Self::Postgres(transaction) => {
                let query = sqlx::query_as_with(sql.postgres, single_arguments(values)?);
                query.fetch_all(&mut **transaction).await
            }
        }
    }

    /// Runs `head`, all `rows`, `tail`; does nothing without rows.
    pub(super) async fn put(&mut self, head: &str, rows: &Rows<'_>, tail: &str) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(transaction) => {
                for cells in chunks(rows) {
                    let text = sqlite_text(head, cells.len() / rows.width, rows.width, tail);
                    let query = sqlx::query_with(AssertSqlSafe(text), sqlite_arguments(cells)?);
                    query.execute(&mut **transaction).await?;
                }
            }
            Self::Postgres(transaction) if !rows.cells.is_empty() => {
                let text = postgres_text(head, &rows.cells[..rows.width], tail);
                let query = sqlx::query_with(AssertSqlSafe(text), array_arguments(rows)?);
                query.execute(&mut **transaction).await?;
            }
            Self::Postgres(_) => {}
        }
        Ok(())
    }

    /// As [`Writing::put`], of a statement that answers rows.
    pub(super) async fn put_asking<R: Answered>(
        &mut self,
        head: &str,
        rows: &Rows<'_>,
        tail: Sql,
    ) -> Result<Vec<R>, sqlx::Error> {
        let mut answers = Vec::new();
        match self {
            Self::Sqlite(transaction) => {
                for cells in chunks(rows) {
                    let text = sqlite_text(head, cells.len() / rows.width, rows.width, tail.sqlite);
                    let query = sqlx::query_as_with(AssertSqlSafe(text), sqlite_arguments(cells)?);
                    answers.append(&mut query.fetch_all(&mut **transaction).await?);
                }
            }
            Self::Postgres(transaction) if !rows.cells.is_empty() => {
                let text = postgres_text(head, &rows.cells[..rows.width], tail.postgres);
                let query = sqlx::query_as_with(AssertSqlSafe(text), array_arguments(rows)?);
                answers = query.fetch_all(&mut **transaction).await?;
            }
            Self::Postgres(_) => {}
        }
        Ok(answers)
    }
}

/// Asks for rows outside of a transaction.
pub(super) async fn ask<R: Answered>(
    pools: &Pools,
    sql: Sql,
    values: &[Cell<'_>],
) -> Result<Vec<R>, StoreError> {
    in_time(async {
        match pools {
            Pools::Sqlite(pool) => {
                sqlx::query_as_with(sql.sqlite, sqlite_arguments(values)?).fetch_all(pool).await
            }
            Pools::Postgres(pool) => {
                sqlx::query_as_with(sql.postgres, single_arguments(values)?).fetch_all(pool).await
            }
        }
    })
    .await
}

/// The rows in pieces of which there are few sizes.
fn chunks<'c, 'a>(rows: &'c Rows<'a>) -> impl Iterator<Item = &'c [Cell<'a>]> {
    let mut rest = &rows.cells[..];
    std::iter::from_fn(move || {
        let left = rest.len() / rows.width;
        let size = CHUNKS.into_iter().find(|size| *size <= left)?;
        let (piece, others) = rest.split_at(size * rows.width);
        rest = others;
        Some(piece)
    })
}

fn sqlite_text(head: &str, rows: usize, width: usize, tail: &str) -> String {
    let row = format!("({})", vec!["?"; width].join(","));
    format!("{head}values {}{tail}", vec![row; rows].join(","))
}

fn postgres_text(head: &str, first: &[Cell<'_>], tail: &str) -> String {
    let (mut columns, mut arrays) = (String::new(), String::new());
    for (index, cell) in first.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let array = match cell {
            Cell::Int(_) | Cell::Maybe(_) => "bigint",
            Cell::Text(_) | Cell::Json(_) => "text",
            Cell::Time(_) => "timestamptz",
            Cell::Bool(_) => "boolean",
            Cell::Real(_) => "real",
        };
        let cast = if matches!(cell, Cell::Json(_)) { "::jsonb" } else { "" };
        // Writing to a String cannot fail.
        let _ = write!(columns, "{comma}c{index}{cast}");
        let _ = write!(arrays, "{comma}${}::{array}[]", index + 1);
    }
    let names = columns.replace("::jsonb", "");
    format!("{head}select {columns} from unnest({arrays}) as given ({names}){tail}")
}

/// Each cell as an argument of its own.
macro_rules! singly {
    ($arguments:ty, $cells:expr) => {{
        let mut arguments = <$arguments>::default();
        for cell in $cells {
            match cell {
                Cell::Int(value) => arguments.add(*value),
                Cell::Maybe(value) => arguments.add(*value),
                Cell::Text(value) => arguments.add(*value),
                Cell::Time(value) => arguments.add(Time(*value)),
                Cell::Bool(value) => arguments.add(*value),
                Cell::Real(value) => arguments.add(*value),
                Cell::Json(value) => arguments.add(value.as_str()),
            }
            .map_err(sqlx::Error::Encode)?;
        }
        Ok(arguments)
    }};
}

fn sqlite_arguments(cells: &[Cell<'_>]) -> Result<SqliteArguments, sqlx::Error> {
    singly!(SqliteArguments, cells)
}

fn single_arguments(cells: &[Cell<'_>]) -> Result<PgArguments, sqlx::Error> {
    singly!(PgArguments, cells)
}

/// The columns as arrays; what is of another kind than the first of its column is a mistake of ours.
fn array_arguments(rows: &Rows<'_>) -> Result<PgArguments, sqlx::Error> {
    /// The values of a column, which are all of one kind.
    macro_rules! column {
        ($column:expr, $kind:path) => {
            $column
                .map(|cell| match cell {
                    $kind(value) => value.clone(),
                    other => unreachable!("{other:?} should be of the kind of its column"),
                })
                .collect::<Vec<_>>()
        };
    }
    let mut arguments = PgArguments::default();
    for (index, first) in rows.cells.iter().take(rows.width).enumerate() {
        let column = rows.cells.iter().skip(index).step_by(rows.width);
        match first {
            Cell::Int(_) => arguments.add(column!(column, Cell::Int)),
            Cell::Maybe(_) => arguments.add(column!(column, Cell::Maybe)),
            Cell::Text(_) => arguments.add(column!(column, Cell::Text)),
            Cell::Bool(_) => arguments.add(column!(column, Cell::Bool)),
            Cell::Real(_) => arguments.add(column!(column, Cell::Real)),
            Cell::Json(_) => arguments.add(column!(column, Cell::Json)),
            Cell::Time(_) => {
                let times = column!(column, Cell::Time).into_iter().map(instant);
                arguments.add(times.collect::<Result<Vec<_>, _>>()?)
            }
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

fn instant(at: Timestamp) -> Result<DateTime<Utc>, sqlx::Error> {
    let ms = at.as_millis();
    DateTime::from_timestamp_millis(ms)
        .ok_or_else(|| sqlx::Error::Encode(format!("{ms} ms is no instant").into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_texts_write_any_number_of_rows() {
        let mut rows = Rows::new(2);
        for n in 0..345 {
            rows.push([Cell::Int(n), Cell::Text("a")]);
        }
        let sizes: Vec<_> = chunks(&rows).map(|cells| cells.len() / 2).collect();
        assert_eq!(sizes, [256, 64, 16, 4, 4, 1]);
        assert_eq!(chunks(&rows).flatten().collect::<Vec<_>>(), rows.cells.iter().collect::<Vec<_>>());
        assert_eq!(sqlite_text("insert ", 2, 2, " end"), "insert values (?,?),(?,?) end");
        assert_eq!(
            postgres_text("insert ", &[Cell::Int(1), Cell::Json(String::new())], " end"),
            "insert select c0,c1::jsonb from unnest($1::bigint[],$2::text[]) as given (c0,c1) end"
        );
    }
}
