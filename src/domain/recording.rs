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
    /// States that wait for the database, in memory or on disk.
    pub waiting: usize,
    /// Those of them that the end of the process would cost: what came in the last second, or cannot be put on disk.
    pub in_memory: usize,
    /// What waits on disk takes so much of the space it may have.
    pub spool_bytes: u64,
    pub spool_max_bytes: u64,
    /// Files that came back from the disk otherwise than they were written, and are kept for somebody to look at.
    pub spool_damaged_files: usize,
    /// Lost, because too many waited or the database refused them for good.
    pub dropped: u64,
    /// States are being lost for want of space.
    pub is_losing: bool,
    /// Failed attempts to write.
    pub failures: u64,
    /// The last attempt to write failed: the database is away.
    pub is_stuck: bool,
}

impl RecorderFigures {
    /// Whether somebody should look: four fifths of the space are used.
    pub fn is_filling(bytes: u64, max_bytes: u64) -> bool {
        bytes > 0 && bytes >= max_bytes / 5 * 4
    }
}
