//! What the recorder has done so far.

/// Figures of the recorder; counts since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecorderFigures {
    /// Frames taken in.
    pub frames: u64,
    /// Visits that go on.
    pub visits_open: usize,
    /// States written: each visit has two or more, each minute of a camera some.
    pub written: u64,
    /// States that wait for the database.
    pub waiting: usize,
    /// Lost, because too many waited or the database refused them for good.
    pub dropped: u64,
    /// Failed attempts to write.
    pub failures: u64,
    /// The last attempt to write failed: the database is away.
    pub is_stuck: bool,
}
