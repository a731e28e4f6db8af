//! Tells of shifts that start and end, and of figures that were brought up to date.

use std::collections::BTreeSet;
use std::time::Duration;

use tracing::{info, warn};

use crate::domain::{BranchId, Occurrence, Publisher, Shift, ShiftId, ShiftNews, TenantId, Timestamp};
use crate::store::{Store, StoreError};

/// A shift that ended earlier is no news: it was numbered late, for a record that waited for the database.
const OLD: Duration = Duration::from_secs(86_400);

/// Tells of each shift once that it has started, and once that it has ended: late, if nobody was there. How many of those
/// that run have started.
///
/// # Errors
/// When the database fails; what was not told yet is told the next time.
pub(super) async fn tell_shifts(
    store: &Store,
    publisher: &Publisher,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let is_news = |shift: &Shift| shift.end + OLD > now;
    let (ended, started) = store.take_shift_news(now).await?;
    let has_begun = |shift: &&Shift| (shift.start..shift.end).contains(&now);
    let begun = started.iter().filter(has_begun).inspect(|shift| {
        let Shift { tenant, branch, id, name, .. } = shift;
        info!(%tenant, %branch, shift = %id, name, "a shift has started");
    });
    let begun = begun.count();
    let ended = ended.into_iter().filter(is_news).map(|shift| (shift.end, Occurrence::ShiftEnded(shift)));
    let started =
        started.into_iter().filter(is_news).map(|shift| (shift.start, Occurrence::ShiftStarted(shift)));
    // In the order in which it happened; at a boundary one ends before the next one starts.
    let mut news: Vec<_> = ended.chain(started).collect();
    news.sort_by_key(|(at, _)| *at);
    news.into_iter().for_each(|(_, occurrence)| publisher.tell(occurrence));
    Ok(begun)
}

/// Tells the figures of the shifts that run in `branches`, and of those that were just `settled`.
pub(super) async fn tell_summaries(
    store: &Store,
    publisher: &Publisher,
    branches: &BTreeSet<(TenantId, BranchId)>,
    settled: &[(TenantId, ShiftId)],
    now: Timestamp,
) {
    for (tenant, shift) in settled {
        let told = async {
            match store.shift(*tenant, *shift).await? {
                Some(shift) if shift.end + OLD > now => tell_summary(store, publisher, shift, now).await,
                _ => Ok(()),
            }
        };
        warn_of(told.await);
    }
    for (tenant, branch) in branches {
        let told = async {
            let shift = store.shift_at(*tenant, *branch, now).await?;
            tell_summary(store, publisher, shift, now).await
        };
        warn_of(told.await);
    }
}

async fn tell_summary(
    store: &Store,
    publisher: &Publisher,
    shift: Shift,
    now: Timestamp,
) -> Result<(), StoreError> {
    let summary = store.summary(shift.tenant, &shift).await?;
    publisher.tell(Occurrence::SummaryUpdated(ShiftNews {
        visits: summary.visits,
        unique_people: summary.unique_people,
        at: now,
        is_over: shift.end <= now,
        shift,
    }));
    Ok(())
}

/// One branch of which nothing can be told keeps no other's news back; the next hour has newer ones.
fn warn_of(told: Result<(), StoreError>) {
    if let Err(error) = told {
        warn!(%error, "a shift's figures could not be told");
    }
}
