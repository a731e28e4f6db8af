//! Rows of the recorder's tables, each written the same way: bounded statements, columns in their order.

use sqlx::query_builder::Separated;
use sqlx::{Encode, Postgres, Sqlite, Type};

use crate::domain::{Place, SectorId, Timestamp};

/// Rows of one statement: both databases limit its parameters, SQLite to 32766.
pub(super) const ROWS_A_STATEMENT: usize = 500;

/// A row that is being built, of either database.
pub(super) trait Row: Sized {
    /// Appends a column.
    fn put<'t, T>(&mut self, value: T) -> &mut Self
    where
        T: Encode<'t, Sqlite> + Type<Sqlite> + Encode<'t, Postgres> + Type<Postgres>;
}

impl Row for Separated<'_, Sqlite, &'static str> {
    fn put<'t, T>(&mut self, value: T) -> &mut Self
    where
        T: Encode<'t, Sqlite> + Type<Sqlite> + Encode<'t, Postgres> + Type<Postgres>,
    {
        self.push_bind(value)
    }
}

impl Row for Separated<'_, Postgres, &'static str> {
    fn put<'t, T>(&mut self, value: T) -> &mut Self
    where
        T: Encode<'t, Sqlite> + Type<Sqlite> + Encode<'t, Postgres> + Type<Postgres>,
    {
        self.push_bind(value)
    }
}

/// A record of one table.
pub(super) trait Inserted {
    /// The statement up to its values: tenant, branch, sector, camera, shift, run, and then what `put` appends.
    const INSERT: &str;
    /// What becomes of a row that is there already.
    const KEEP: &str;

    fn place(&self) -> &Place;
    fn run(&self) -> i64;
    /// The instant that decides about the shift.
    fn begin(&self) -> Timestamp;
    /// Appends the columns of this table alone.
    fn put(&self, row: &mut impl Row);
}

/// Appends all columns of `record`, which belongs to the shift of this number.
pub(super) fn put_all<R: Inserted>(row: &mut impl Row, record: &R, shift: i64) {
    let place = record.place();
    row.put(place.tenant.get())
        .put(place.branch.get())
        .put(place.sector.map(SectorId::get))
        .put(place.camera.as_str())
        .put(shift)
        .put(record.run());
    record.put(row);
}

/// Writes rows, pairs of a record and the number of its shift, within an open transaction.
macro_rules! insert {
    ($transaction:ident, $record:ty, $rows:expr) => {
        for rows in $rows.chunks($crate::store::insert::ROWS_A_STATEMENT) {
            let mut query = sqlx::QueryBuilder::new(<$record as $crate::store::insert::Inserted>::INSERT);
            query.push_values(rows, |mut row, (record, shift)| {
                $crate::store::insert::put_all::<$record>(&mut row, record, *shift);
            });
            query.push(<$record as $crate::store::insert::Inserted>::KEEP);
            // Its text depends on the number of rows; keeping each would fill the cache of statements.
            query.build().persistent(false).execute(&mut *$transaction).await?;
        }
    };
}
pub(super) use insert;
