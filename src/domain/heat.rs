//! Where people stand: a small grid over the picture with the time that feet were in each cell. No picture, no person.

use super::Point;

/// Milliseconds that people stood in each cell, rows from the top, each from the left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heat {
    cells: Vec<u64>,
}

impl Default for Heat {
    fn default() -> Self {
        Self { cells: vec![0; Self::COLUMNS * Self::ROWS] }
    }
}

impl Heat {
    /// Cells across: one of an ordinary picture is about as large as a person's stand.
    pub const COLUMNS: usize = 32;
    /// Cells down.
    pub const ROWS: usize = 18;

    /// The grid of `cells`, as [`Self::cells`] gave them; `None` when there are not as many as it has.
    pub fn from_cells(cells: Vec<u64>) -> Option<Self> {
        (cells.len() == Self::COLUMNS * Self::ROWS).then_some(Self { cells })
    }

    pub fn cells(&self) -> &[u64] {
        &self.cells
    }

    /// Time of all people together.
    pub fn total_ms(&self) -> u64 {
        self.cells.iter().fold(0, |sum, cell| sum.saturating_add(*cell))
    }

    /// Adds the time of another one.
    pub fn add(&mut self, other: &Self) {
        for (cell, more) in self.cells.iter_mut().zip(&other.cells) {
            *cell = cell.saturating_add(*more);
        }
    }

    /// Somebody stood at `foot`, in fractions of the picture, for `ms`. Feet below the picture's border are in its
    /// last row.
    pub fn stand(&mut self, foot: Point, ms: u64) {
        let cell = |at: f32, count: usize| ((at.clamp(0.0, 1.0) * count as f32) as usize).min(count - 1);
        let at = cell(foot.y, Self::ROWS) * Self::COLUMNS + cell(foot.x, Self::COLUMNS);
        self.cells[at] = self.cells[at].saturating_add(ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_are_added_and_read_back() {
        let mut one = Heat::default();
        one.stand(Point { x: 0.2, y: 0.9 }, 70);
        let mut sum = one.clone();
        sum.add(&one);
        assert_eq!(sum.total_ms(), 140);
        assert_eq!(Heat::from_cells(sum.cells().to_vec()), Some(sum));
        assert_eq!(Heat::from_cells(vec![1; 3]), None);
    }
}
