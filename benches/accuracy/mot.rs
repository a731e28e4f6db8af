//! CLEAR MOT and identity figures (Bernardin & Stiefelhagen 2008; Ristani et al. 2016) for boxes with numbers.

use std::collections::{BTreeMap, BTreeSet};

use pathfinding::prelude::{Matrix, kuhn_munkres};

/// Least overlap at which a box counts as found.
const MIN_IOU: f64 = 0.5;
/// Fixed-point scale of overlaps in the assignment.
const SCALE: f64 = 1e6;

/// A numbered box in pixels: x, y, width, height.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbered {
    pub(crate) id: u64,
    pub(crate) rect: [f64; 4],
}

/// Boxes by frame, from 0.
pub(crate) type Boxes = BTreeMap<u64, Vec<Numbered>>;

/// What a tracker's boxes are worth against the truth; shares are 0..1, `mota` may be negative.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) recall: f64,
    pub(crate) precision: f64,
    pub(crate) mota: f64,
    pub(crate) idf1: f64,
    pub(crate) switches: u64,
    pub(crate) people_true: usize,
    pub(crate) people_found: usize,
}

pub(crate) fn compare(truth: &Boxes, found: &Boxes, frames: u64) -> Figures {
    let (mut hits, mut misses, mut false_hits, mut switches) = (0u64, 0u64, 0u64, 0u64);
    let mut last: BTreeMap<u64, u64> = BTreeMap::new();
    let mut together: BTreeMap<(u64, u64), u64> = BTreeMap::new();
    for frame in 0..frames {
        let truth = truth.get(&frame).map_or(&[][..], Vec::as_slice);
        let found = found.get(&frame).map_or(&[][..], Vec::as_slice);
        let pairs = matches(truth, found, &last);
        for (t, f) in &pairs {
            let (t, f) = (truth[*t].id, found[*f].id);
            if last.insert(t, f).is_some_and(|before| before != f) {
                switches += 1;
            }
        }
        for t in truth {
            for f in found.iter().filter(|f| iou(t.rect, f.rect) >= MIN_IOU) {
                *together.entry((t.id, f.id)).or_default() += 1;
            }
        }
        hits += pairs.len() as u64;
        misses += (truth.len() - pairs.len()) as u64;
        false_hits += (found.len() - pairs.len()) as u64;
    }
    let (all_true, all_found) = ((hits + misses) as f64, (hits + false_hits) as f64);
    Figures {
        recall: hits as f64 / all_true.max(1.0),
        precision: hits as f64 / all_found.max(1.0),
        mota: 1.0 - (misses + false_hits + switches) as f64 / all_true.max(1.0),
        idf1: 2.0 * identity_hits(&together) / (all_true + all_found).max(1.0),
        switches,
        people_true: ids(truth).len(),
        people_found: ids(found).len(),
    }
}

/// Pairs of indices: first who was together before and still overlaps, then the best assignment of the rest.
fn matches(truth: &[Numbered], found: &[Numbered], last: &BTreeMap<u64, u64>) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    let (mut taken_t, mut taken_f) = (BTreeSet::new(), BTreeSet::new());
    for (t, object) in truth.iter().enumerate() {
        let before = last.get(&object.id);
        let again = found.iter().position(|f| Some(&f.id) == before && iou(object.rect, f.rect) >= MIN_IOU);
        if let Some(f) = again.filter(|f| !taken_f.contains(f)) {
            taken_t.insert(t);
            taken_f.insert(f);
            pairs.push((t, f));
        }
    }
    let rest_t: Vec<_> = (0..truth.len()).filter(|t| !taken_t.contains(t)).collect();
    let rest_f: Vec<_> = (0..found.len()).filter(|f| !taken_f.contains(f)).collect();
    let weight = |t: usize, f: usize| {
        let overlap = iou(truth[rest_t[t]].rect, found[rest_f[f]].rect);
        if overlap >= MIN_IOU { (overlap * SCALE) as i64 } else { 0 }
    };
    let assigned = assign(rest_t.len(), rest_f.len(), weight);
    pairs.extend(assigned.into_iter().map(|(t, f)| (rest_t[t], rest_f[f])));
    pairs
}

/// The assignment with the largest sum of weights; pairs of weight 0 are left out.
fn assign(rows: usize, columns: usize, weight: impl Fn(usize, usize) -> i64) -> Vec<(usize, usize)> {
    if rows == 0 || columns == 0 {
        return Vec::new();
    }
    let wide = columns.max(rows);
    let matrix = Matrix::from_fn(rows, wide, |(r, c)| if c < columns { weight(r, c) } else { 0 });
    let (_, columns_of) = kuhn_munkres(&matrix);
    columns_of.into_iter().enumerate().filter(|(r, c)| matrix[(*r, *c)] > 0).collect()
}

/// Most frames in which true and found identities can agree under one mapping for the whole clip.
fn identity_hits(together: &BTreeMap<(u64, u64), u64>) -> f64 {
    let truth: Vec<_> = together.keys().map(|k| k.0).collect::<BTreeSet<_>>().into_iter().collect();
    let found: Vec<_> = together.keys().map(|k| k.1).collect::<BTreeSet<_>>().into_iter().collect();
    let weight = |t: usize, f: usize| together.get(&(truth[t], found[f])).map_or(0, |n| *n as i64);
    let pairs = assign(truth.len(), found.len(), weight);
    pairs.into_iter().map(|(t, f)| weight(t, f) as f64).sum()
}

fn ids(boxes: &Boxes) -> BTreeSet<u64> {
    boxes.values().flatten().map(|b| b.id).collect()
}

/// Intersection over union of two boxes.
pub(crate) fn iou(a: [f64; 4], b: [f64; 4]) -> f64 {
    let w = (a[0] + a[2]).min(b[0] + b[2]) - a[0].max(b[0]);
    let h = (a[1] + a[3]).min(b[1] + b[3]) - a[1].max(b[1]);
    if w <= 0.0 || h <= 0.0 {
        return 0.0;
    }
    w * h / (a[2] * a[3] + b[2] * b[3] - w * h)
}
