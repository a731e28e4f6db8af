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
/// connection, read-only server, login, no such database, rolled back, out of resources, operator, system.
/// SQLite (the low byte of extended codes is the basic one): busy, locked, read-only, disk I/O, full, cannot
/// open.
fn is_passing_code(code: &str) -> bool {
    if code.len() == 5 {
        let classes = ["08", "25006", "28", "3D", "40", "53", "57", "58"];
        return classes.iter().any(|class| code.starts_with(class));
    }
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_passing_troubles_are_worth_a_retry() {
        for code in
            ["08006", "57P01", "53100", "40001", "28P01", "5", "517", "6", "8", "13", "14", "10", "778"]
        {
            assert!(is_passing_code(code), "{code}");
        }
        for code in ["23505", "42P01", "22003", "1", "19", "2067", "26", "11"] {
            assert!(!is_passing_code(code), "{code}");
        }
    }
}
