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

    pub fn format(&self) -> ExportFormat {
        self.format
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
    use crate::domain::{
        Attributes, BranchId, CameraId, Crossing, Direction, PeopleMinute, Place, ShiftId, TenantId,
        Timestamp, Visit, VisitId, VoiceActivity, ZoneStay,
    };

    const AT: Timestamp = Timestamp::from_millis(1_767_225_600_000);

    fn shift() -> ShiftId {
        ShiftId::new(3).unwrap()
    }

    fn place() -> Place {
        let (tenant, branch) = (TenantId::default(), BranchId::default());
        Place { tenant, branch, sector: None, camera: CameraId::new("door").unwrap() }
    }

    fn crossing(line: &str) -> ExportRow {
        let (line, direction) = (line.to_owned(), Direction::In);
        let crossing =
            Crossing { shift: shift(), place: place(), track: 7, line, entrance: true, direction, at: AT };
        ExportRow::Crossing(crossing)
    }

    /// A row of a kind.
    fn row(kind: ExportKind) -> ExportRow {
        let (shift, place) = (shift(), place());
        match kind {
            ExportKind::Visits => ExportRow::Visit {
                id: VisitId::new(1).unwrap(),
                shift,
                open: false,
                visit: Visit {
                    place,
                    track: 7,
                    enter: AT,
                    leave: AT,
                    confidence: 0.5,
                    model: "m".into(),
                    attributes: Attributes::default(),
                },
            },
            ExportKind::Crossings => crossing("front"),
            ExportKind::Stays => {
                let zone = "bar".to_owned();
                ExportRow::Stay(ZoneStay { shift, place, track: 7, zone, enter: AT, leave: AT })
            }
            ExportKind::Occupancy => {
                let (min, mean, max) = (0, 0.5, 1);
                ExportRow::Minute(PeopleMinute { shift, place, start: AT, min, mean, max, seen_ms: 60_000 })
            }
            ExportKind::Voice => ExportRow::Voice(VoiceActivity {
                place,
                begin: AT,
                duration_ms: 5000,
                speech_ms: 1000,
                speech_ratio: 0.2,
                loudness_db: -20.0,
            }),
        }
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
    fn every_kind_has_a_header_of_as_many_columns_as_its_rows() {
        for kind in ExportKind::ALL {
            let sheet = Sheet::new(kind, ExportFormat::Csv, ZoneClock::utc());
            let columns = |bytes: Vec<u8>| {
                let line = String::from_utf8(bytes).unwrap();
                line.strip_suffix("\r\n").unwrap().split(',').count()
            };
            assert_eq!(columns(sheet.head()), columns(sheet.rows(&[row(kind)])), "{kind}");
        }
        assert_eq!(sheet(ExportFormat::Ndjson).head(), b"");
    }
}
