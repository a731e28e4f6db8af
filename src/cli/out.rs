//! The one way to standard output: logs and progress go to standard error.

use std::fmt::Display;
use std::io::{self, Write};

use anyhow::{Context, Result};

/// Prints one line.
///
/// # Errors
/// When standard output is closed or full.
pub(super) fn line(text: impl Display) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).context("standard output")
}

/// Says on standard error why the program ends, with all causes in one line.
pub(super) fn complain(error: &anyhow::Error) {
    // Without standard error there is nobody to tell.
    let _ = writeln!(io::stderr(), "atalaya: {error:#}");
}

/// Tells on standard error how it goes.
pub(super) fn note(text: impl Display) {
    // Without standard error there is nobody to tell.
    let _ = writeln!(io::stderr(), "{text}");
}

/// True when `error` only says that the reader of standard output has gone, as `head` does.
pub(super) fn is_reader_gone(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// Rows in columns as wide as their widest cell; the last column is left ragged.
pub(super) fn table(rows: &[Vec<String>]) -> Result<()> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max();
    let widths: Vec<_> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    for row in rows {
        let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}")).collect();
        line(cells.join("  ").trim_end())?;
    }
    Ok(())
}
