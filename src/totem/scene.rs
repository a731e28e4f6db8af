//! Whether a picture shows another scene than the one before: somebody is suddenly there or gone, or the camera looks
//! elsewhere. Then what was seen before means nothing.
//!
//! Pure: a coarse grid of brightness, compared from picture to picture. What changes slowly is not told; the detector looks
//! often enough for that.

/// Cells across and down.
const COLUMNS: usize = 32;
const ROWS: usize = 24;

/// Pixels that are read of a cell, across and down: noise and fine patterns are gone in their mean.
const READ: usize = 4;

/// A cell's mean brightness must differ by so much, 0..255, for it to have changed; whoever moves a little changes it by
/// less, but for a few cells at the edge.
const CHANGED: i32 = 20;

/// Part of the cells that must have changed at once: a person 4 metres away.
const SCENE: f32 = 0.05;

/// What the picture before looked like.
#[derive(Debug, Default)]
pub(super) struct Scene {
    cells: Vec<i32>,
    now: Vec<i32>,
}

impl Scene {
    /// Takes the next picture in, `luma` in rows of `width`; whether it is of another scene.
    pub(super) fn is_new(&mut self, luma: &[u8], width: usize) -> bool {
        let height = luma.len() / width.max(1);
        self.now.clear();
        for row in 0..ROWS {
            for column in 0..COLUMNS {
                self.now.push(mean(luma, (width, height), (column, row)));
            }
        }
        std::mem::swap(&mut self.cells, &mut self.now);
        let (before, now) = (&self.now, &self.cells);
        if before.len() != now.len() {
            return false;
        }
        // The light, or the camera's exposure, moves all cells alike.
        let mut shifts: Vec<i32> = before.iter().zip(now).map(|(before, now)| now - before).collect();
        let middle = shifts.len() / 2;
        let shift = *shifts.select_nth_unstable(middle).1;
        let changed = before.iter().zip(now).filter(|(before, now)| (*now - *before - shift).abs() > CHANGED);
        changed.count() as f32 > SCENE * (COLUMNS * ROWS) as f32
    }
}

fn mean(luma: &[u8], (width, height): (usize, usize), (column, row): (usize, usize)) -> i32 {
    let place = |cell: usize, cells: usize, at: usize, size: usize| {
        ((cell * READ + at) * size + size / 2) / (cells * READ)
    };
    let mut sum = 0;
    for down in 0..READ {
        let y = place(row, ROWS, down, height).min(height.saturating_sub(1));
        for across in 0..READ {
            let x = place(column, COLUMNS, across, width);
            sum += luma.get(y * width + x).map_or(0, |value| i32::from(*value));
        }
    }
    sum / (READ * READ) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A wall with a pattern, and a person so wide who stands at `x`.
    fn picture(x: Option<usize>, brighter: u8) -> Vec<u8> {
        let pixel = |at: usize| {
            let (column, row) = (at % 320, at / 320);
            let is_person = x.is_some_and(|x| (x..x + 60).contains(&column) && row > 60);
            let noise = (at * 7919 % 11) as u8;
            brighter + noise + if is_person { 60 } else { 110 + (column / 20 % 2 * 20) as u8 }
        };
        (0..320 * 240).map(pixel).collect()
    }

    #[test]
    fn somebody_who_is_suddenly_there_or_gone_is_another_scene_and_a_step_or_light_is_none() {
        let mut scene = Scene::default();
        let mut is_new = |x, brighter| scene.is_new(&picture(x, brighter), 320);
        assert!(!is_new(None, 0), "the first picture is compared with nothing");
        assert!(!is_new(None, 0));
        assert!(is_new(Some(100), 0), "there");
        assert!(!is_new(Some(104), 0), "a step");
        assert!(!is_new(Some(104), 60), "light");
        assert!(is_new(None, 60), "gone");
    }

    #[test]
    fn pictures_of_any_size_are_taken() {
        let mut scene = Scene::default();
        for (width, height) in [(1, 1), (3, 2), (7, 40), (4000, 1)] {
            assert!(!scene.is_new(&vec![9; width * height], width), "{width}x{height}");
        }
    }
}
