//! Rows of the recorder's tables, each written the same way: columns in their order, many at once.

use super::bulk::{Cell, Rows, Sql, Writing};
use crate::domain::{Place, SectorId, Timestamp};

/// A record of one table.
pub(super) trait Inserted {
    /// The statement up to its values: tenant, branch, sector, camera, shift, run, and then what `put` appends.
    const INSERT: &str;
    /// How many columns that makes.
    const COLUMNS: usize;
    /// What becomes of a row that is there already.
    const KEEP: &str;

    fn place(&self) -> &Place;
    fn run(&self) -> i64;
    /// The instant that decides about the shift.
    fn begin(&self) -> Timestamp;
    /// Appends the columns of this table alone.
    fn put<'a>(&'a self, row: &mut Vec<Cell<'a>>);
}

/// A record and the number of the shift it belongs to.
pub(super) type InShift<'a, R> = (&'a R, i64);

/// All columns of all records.
pub(super) fn rows<'a, R: Inserted>(records: &[InShift<'a, R>]) -> Rows<'a> {
    let mut rows = Rows::new(R::COLUMNS);
    for (record, shift) in records {
        let place = record.place();
        let mut row = Vec::with_capacity(R::COLUMNS);
        row.extend([
            Cell::Int(place.tenant.get()),
            Cell::Int(place.branch.get()),
            Cell::Maybe(place.sector.map(SectorId::get)),
            Cell::Text(place.camera.as_str()),
            Cell::Int(*shift),
            Cell::Int(record.run()),
        ]);
        record.put(&mut row);
        rows.push(row);
    }
    rows
}

/// Writes records within an open transaction.
pub(super) async fn insert<R: Inserted>(
    writing: &mut Writing,
    records: &[InShift<'_, R>],
) -> Result<(), sqlx::Error> {
    writing.put(R::INSERT, &rows(records), R::KEEP).await
}

/// The same for a table whose `KEEP` ends in `returning`: answers that of the rows that were written or changed.
pub(super) async fn insert_asking<R: Inserted, A: super::bulk::Answered>(
    writing: &mut Writing,
    records: &[InShift<'_, R>],
) -> Result<Vec<A>, sqlx::Error> {
    writing.put_asking(R::INSERT, &rows(records), Sql::same(R::KEEP)).await
}
