//! Rows as CSV and as JSON, one a line: what programs of others read.

mod cells;
mod lines;

use super::ZoneClock;
use crate::domain::{ExportKind, ExportRow};

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// RFC 4180, in UTF-8, with a header.
    Csv,
    /// An object a line.
    Ndjson,
}

impl ExportFormat {
    pub const ALL: [Self; 2] = [Self::Csv, Self::Ndjson];

    /// How the names of its files end.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    pub fn from_extension(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.extension() == name)
    }
}

/// A file of rows that is being written.
#[derive(Debug)]
pub struct Sheet {
    format: ExportFormat,
    kind: ExportKind,
    clock: ZoneClock,
}

impl Sheet {
    /// Of rows of `kind`, with times by `clock`.
    pub fn new(kind: ExportKind, format: ExportFormat, clock: ZoneClock) -> Self {
        Self { format, kind, clock }
    }

    /// What stands before all rows.
    pub fn head(&self) -> Vec<u8> {
        match self.format {
            ExportFormat::Csv => cells::head(self.kind),
            ExportFormat::Ndjson => Vec::new(),
        }
    }

    /// These rows, which follow those before.
    pub fn rows(&self, rows: &[ExportRow]) -> Vec<u8> {
        match self.format {
            ExportFormat::Csv => cells::rows(rows, &self.clock),
            ExportFormat::Ndjson => lines::rows(rows, &self.clock),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{BranchId, CameraId, Crossing, Place, ShiftId, TenantId, Timestamp};

    fn crossing(line: &str) -> ExportRow {
        ExportRow::Crossing(Crossing {
            shift: ShiftId::new(3).unwrap(),
            place: Place {
                tenant: TenantId::default(),
                branch: BranchId::default(),
                sector: None,
                camera: CameraId::new("door").unwrap(),
            },
            track: 7,
            line: line.to_owned(),
            entrance: true,
            inwards: true,
            at: Timestamp::from_millis(1_767_225_600_000),
        })
    }

    fn sheet(format: ExportFormat) -> Sheet {
        Sheet::new(ExportKind::Crossings, format, ZoneClock::of("Europe/Madrid"))
    }

    #[test]
    fn what_looks_like_a_formula_is_text_in_csv() {
        for (line, cell) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@sum", "'@sum"),
            ("\tx", "'\tx"),
            ("door = way", "door = way"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
        ] {
            let text = String::from_utf8(sheet(ExportFormat::Csv).rows(&[crossing(line)])).unwrap();
            let expected = format!("3,1,,door,7,{cell},true,in,2026-01-01T01:00:00+01:00\r\n");
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn json_has_texts_as_they_are() {
        let text =
            String::from_utf8(sheet(ExportFormat::Ndjson).rows(&[crossing("=1"), crossing("ä")])).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[0],
            r#"{"shift_id":3,"branch_id":1,"sector_id":null,"camera":"door","track":7,"line":"=1","entrance":true,"direction":"in","at":"2026-01-01T01:00:00+01:00"}"#
        );
        assert_eq!((lines.len(), text.ends_with('\n')), (2, true));
    }

    #[test]
    fn every_kind_has_a_header() {
        for kind in ExportKind::ALL {
            let head = Sheet::new(kind, ExportFormat::Csv, ZoneClock::utc()).head();
            assert!(String::from_utf8(head).unwrap().ends_with("\r\n"), "{kind}");
        }
        assert_eq!(sheet(ExportFormat::Ndjson).head(), b"");
    }
}
