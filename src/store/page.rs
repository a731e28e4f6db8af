//! Pages of a list: how many rows one has, and the cursor that the next one begins after.

use crate::domain::Timestamp;

/// Most rows of a page.
pub const MAX_PAGE: u32 = 500;

/// The end of the year 9999, far within what either database can hold.
const LATEST_MS: i64 = 253_402_300_799_999;

/// Later than anything there is.
pub(super) const LATEST: Timestamp = Timestamp::from_millis(LATEST_MS);

/// Earlier than anything there is.
pub(super) const EARLIEST: Timestamp = Timestamp::from_millis(-1);

/// Some rows of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// Newest first.
    pub items: Vec<T>,
    /// To be passed on for the next page; `None` at the end.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// The page of `limit` rows that `items`, read by [`rows_to_read`], begin with.
    pub(super) fn cut(mut items: Vec<T>, limit: u32, cursor: impl Fn(&T) -> String) -> Self {
        let most = rows(limit) as usize;
        let more = items.len() > most;
        items.truncate(most);
        let next_cursor = items.last().filter(|_| more).map(cursor);
        Self { items, next_cursor }
    }
}

/// One more than the page shows tells whether there is another page.
pub(super) fn rows_to_read(limit: u32) -> i64 {
    i64::from(rows(limit)) + 1
}

fn rows(limit: u32) -> u32 {
    limit.clamp(1, MAX_PAGE)
}

/// An instant in a cursor. What a client makes up must not get further than here: SQLite would look for it, Postgres
/// refuse it.
pub(super) fn instant(hexadecimal: &str) -> Option<Timestamp> {
    let ms = i64::from_str_radix(hexadecimal, 16).ok()?;
    (0..=LATEST_MS).contains(&ms).then(|| Timestamp::from_millis(ms))
}
