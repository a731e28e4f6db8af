//! Who goes with whom: pairs of rows and columns with the largest sum of affinities.

use pathfinding::prelude::{Matrix, kuhn_munkres};

/// Affinities become whole numbers, as the Hungarian method wants them; finer differences are noise.
const STEPS: f64 = 1e6;

/// Pairs (row, column) by rising row; no row and no column appears twice.
///
/// `affinity` is in 0..=1, more is better; `None` forbids the pair. Sums decide, so one good pair does not block
/// two fair ones.
pub fn best_pairs(
    rows: usize,
    columns: usize,
    affinity: impl Fn(usize, usize) -> Option<f64>,
) -> Vec<(usize, usize)> {
    if rows == 0 || columns == 0 {
        return Vec::new();
    }
    // A forbidden pair weighs nothing, an allowed one at least 1.
    let weight = |row, column| -> i64 {
        affinity(row, column).map_or(0, |value| 1 + (value.clamp(0.0, 1.0) * STEPS).round() as i64)
    };
    let mut weights = Matrix::new(rows, columns, 0);
    for row in 0..rows {
        for column in 0..columns {
            weights[(row, column)] = weight(row, column);
        }
    }
    // The method wants as many columns as rows at least.
    if rows <= columns {
        let (_, chosen) = kuhn_munkres(&weights);
        let pairs = chosen.into_iter().enumerate();
        return pairs.filter(|pair| weights[*pair] > 0).collect();
    }
    let (_, chosen) = kuhn_munkres(&weights.transposed());
    let pairs = chosen.into_iter().enumerate().map(|(column, row)| (row, column));
    let mut pairs: Vec<_> = pairs.filter(|pair| weights[*pair] > 0).collect();
    pairs.sort_unstable();
    pairs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_sum_decides_and_not_the_first_best_pair() {
        let table = [[0.9, 0.8], [0.8, 0.1]];
        assert_eq!(best_pairs(2, 2, |row, column| Some(table[row][column])), [(0, 1), (1, 0)]);
    }

    #[test]
    fn forbidden_pairs_are_never_made() {
        assert_eq!(best_pairs(2, 1, |row, _| (row == 1).then_some(0.0)), [(1, 0)]);
        assert_eq!(best_pairs(2, 3, |_, _| None), []);
        assert_eq!(best_pairs(0, 3, |_, _| Some(1.0)), []);
        assert_eq!(best_pairs(3, 0, |_, _| Some(1.0)), []);
    }

    /// The best sum by trying everything.
    fn best_sum(table: &[Vec<Option<f64>>], row: usize, taken: &mut Vec<bool>) -> f64 {
        let Some(line) = table.get(row) else { return 0.0 };
        let mut best = best_sum(table, row + 1, taken);
        for (column, value) in line.iter().enumerate() {
            if let (Some(value), false) = (value, taken[column]) {
                taken[column] = true;
                best = best.max(value + best_sum(table, row + 1, taken));
                taken[column] = false;
            }
        }
        best
    }

    proptest! {
        #[test]
        fn no_other_choice_of_pairs_is_better(
            table in (1..5_usize, 1..5_usize).prop_flat_map(|(rows, columns)| {
                proptest::collection::vec(
                    proptest::collection::vec(proptest::option::of(0.0..1.0), columns),
                    rows,
                )
            })
        ) {
            let columns = table[0].len();
            let pairs = best_pairs(table.len(), columns, |row, column| table[row][column]);
            let mut seen = vec![false; columns];
            let mut sum = 0.0;
            for (row, column) in pairs {
                prop_assert!(!std::mem::replace(&mut seen[column], true));
                sum += table[row][column].expect("forbidden pairs are never made");
            }
            let best = best_sum(&table, 0, &mut vec![false; columns]);
            prop_assert!((sum - best).abs() < 1e-5, "{} {}", sum, best);
        }
    }
}
