//! Where people stand: a small grid over the picture with the time that feet were in each cell. No picture, no person.

use crate::domain::Point;

/// Cells across and down. A cell of an ordinary picture is about as large as a person's stand.
pub const COLUMNS: usize = 48;
/// See [`COLUMNS`].
pub const ROWS: usize = 27;

/// Feet hold their place until the next look, but no longer than this: then the camera was away.
const HOLDS_MS: u64 = 2_000;

/// Milliseconds that people stood in each cell, rows from the top, each from the left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heatmap {
    cells: Vec<u64>,
}

impl Default for Heatmap {
    fn default() -> Self {
        Self { cells: vec![0; COLUMNS * ROWS] }
    }
}

impl Heatmap {
    /// The grid of `cells`, as [`Self::cells`] gave them; `None` when there are not as many as it has.
    pub fn from_cells(cells: Vec<u64>) -> Option<Self> {
        (cells.len() == COLUMNS * ROWS).then_some(Self { cells })
    }

    pub fn cells(&self) -> &[u64] {
        &self.cells
    }

    pub fn is_empty(&self) -> bool {
        self.cells.iter().all(|cell| *cell == 0)
    }

    /// Adds the time of another one.
    pub fn add(&mut self, other: &Self) {
        for (cell, more) in self.cells.iter_mut().zip(&other.cells) {
            *cell = cell.saturating_add(*more);
        }
    }

    /// Somebody stood at `foot`, in fractions of the picture, for `ms`. Feet below the picture's border are in its
    /// last row.
    fn stand(&mut self, foot: Point, ms: u64) {
        let cell = |at: f32, count: usize| ((at.clamp(0.0, 1.0) * count as f32) as usize).min(count - 1);
        let at = cell(foot.y, ROWS) * COLUMNS + cell(foot.x, COLUMNS);
        self.cells[at] = self.cells[at].saturating_add(ms);
    }
}

/// Feet over time → heat.
#[derive(Debug, Clone, Default)]
pub struct HeatWatch {
    last: Option<(Vec<Point>, u64)>,
    heat: Heatmap,
}

impl HeatWatch {
    /// Takes in where people stand at `now_ms`. Time that goes back stands still.
    pub fn observe(&mut self, now_ms: u64, feet: Vec<Point>) {
        let now_ms = self.last.as_ref().map_or(now_ms, |(_, since)| now_ms.max(*since));
        if let Some((feet, since)) = self.last.take() {
            let ms = (now_ms - since).min(HOLDS_MS);
            for foot in feet {
                self.heat.stand(foot, ms);
            }
        }
        self.last = Some((feet, now_ms));
    }

    /// What has gathered since the last time this was asked; `None` when nobody was there.
    pub fn take(&mut self) -> Option<Heatmap> {
        let heat = std::mem::take(&mut self.heat);
        (!heat.is_empty()).then_some(heat)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn point(x: f32, y: f32) -> Point {
        Point { x, y }
    }

    #[test]
    fn time_is_counted_where_the_feet_are() {
        let mut watch = HeatWatch::default();
        watch.observe(0, vec![point(0.0, 0.0), point(1.0, 1.3)]);
        watch.observe(400, vec![point(0.5, 0.5)]);
        watch.observe(500, Vec::new());
        watch.observe(900, Vec::new());
        let heat = watch.take().expect("people were there");
        let warm: Vec<_> = heat.cells().iter().enumerate().filter(|(_, ms)| **ms > 0).collect();
        let middle = ROWS / 2 * COLUMNS + COLUMNS / 2;
        assert_eq!(warm, [(0, &400), (middle, &100), (COLUMNS * ROWS - 1, &400)]);
        assert_eq!(watch.take(), None, "it is told once");
    }

    #[test]
    fn somebody_does_not_stand_there_while_the_camera_is_away() {
        let mut watch = HeatWatch::default();
        watch.observe(0, vec![point(0.1, 0.1)]);
        watch.observe(60_000, vec![point(0.1, 0.1)]);
        assert_eq!(watch.take().expect("heat").cells().iter().sum::<u64>(), HOLDS_MS);
    }

    proptest! {
        #[test]
        fn no_time_is_lost_wherever_the_feet_are(
            feet in proptest::collection::vec((-1.0..2.0_f32, -1.0..2.0_f32), 0..9), ms in 0..HOLDS_MS,
        ) {
            let mut watch = HeatWatch::default();
            watch.observe(5, feet.iter().map(|(x, y)| point(*x, *y)).collect());
            watch.observe(5 + ms, Vec::new());
            let sum = watch.take().map_or(0, |heat| heat.cells().iter().sum::<u64>());
            prop_assert_eq!(sum, feet.len() as u64 * ms);
        }
    }

    #[test]
    fn grids_are_added_and_read_back() {
        let mut one = Heatmap::default();
        one.stand(point(0.2, 0.9), 70);
        let mut sum = one.clone();
        sum.add(&one);
        assert_eq!(sum.cells().iter().sum::<u64>(), 140);
        assert_eq!(Heatmap::from_cells(sum.cells().to_vec()), Some(sum));
        assert_eq!(Heatmap::from_cells(vec![1; 3]), None);
    }
}
