//! What can go wrong between the product and its database, told apart by what the caller can do about it.

use thiserror::Error;

use crate::domain::{BranchId, TenantId};

/// Why the store could not do what it was asked. No message ever holds a password.
#[derive(Debug, Error)]
pub enum StoreError {
    /// It cannot be opened, and only a person can change that.
    #[error("cannot use {place}: {reason}; {remedy}")]
    Open { place: String, reason: String, remedy: String },
    /// Something of that name is there already.
    #[error("{0} exists already")]
    Conflict(String),
    /// A row of one tenant was handed in under another's name.
    #[error("row of tenant {row} handed in as tenant {caller}")]
    Tenant { row: TenantId, caller: TenantId },
    #[error("branch {branch} of tenant {tenant}: {reason}")]
    Branch { tenant: TenantId, branch: BranchId, reason: String },
    /// The text is not a cursor of this list.
    #[error("{0:?} is not a cursor of this list")]
    Cursor(String),
    /// The database cannot be reached, is starting or is full: the same call may succeed later.
    #[error("the database does not answer: {0}")]
    Away(#[source] sqlx::Error),
    /// Somebody else wrote what cannot be read as ours.
    #[error("stored {what} cannot be read: {reason}")]
    Row { what: String, reason: String },
    /// The database refused; trying again will not help.
    #[error("the database refused: {0}")]
    Refused(#[source] sqlx::Error),
}

impl StoreError {
    /// True when the same call may succeed later.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Away(_))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if may_pass(&error) { Self::Away(error) } else { Self::Refused(error) }
    }
}

fn may_pass(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| is_passing_code(&code)),
        _ => false,
    }
}

/// What time or a person's hand on the machine can mend, so that rows are worth keeping for a retry. Postgres:
/// connection, read-only server, login, no such database, rolled back, no permission, no such table (somebody restores a
/// backup), out of resources, lock not to be had, operator, system, data damaged. SQLite (the low byte of extended codes
/// is the basic one): busy, locked, no memory, read-only, disk I/O, damaged, full, cannot open, not a database.
fn is_passing_code(code: &str) -> bool {
    if code.len() == 5 {
        let classes =
            ["08", "25006", "28", "3D", "40", "42501", "42P01", "53", "55P03", "57", "58", "XX001", "XX002"];
        return classes.iter().any(|class| code.starts_with(class));
    }
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5..=8 | 10 | 11 | 13 | 14 | 26))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_passing_troubles_are_worth_a_retry() {
        let postgres = ["08006", "57P01", "53100", "53300", "25006", "40001", "28P01", "42P01", "XX001"];
        let sqlite = ["5", "517", "6", "8", "10", "778", "11", "267", "13", "14", "26"];
        for code in postgres.into_iter().chain(sqlite) {
            assert!(is_passing_code(code), "{code}");
        }
        for code in ["23505", "42703", "22003", "XX000", "1", "9", "19", "2067"] {
            assert!(!is_passing_code(code), "{code}");
        }
    }
}
