//! Non-maximum suppression: of boxes that mean the same thing, the best one stays.

/// Boxes looked at, best first. More come only from a threshold so low that it means nothing, and the work grows
/// with the square.
const MAX_CANDIDATES: usize = 1000;

/// A box as a network gives it, in pixels of its input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub(super) x1: f32,
    pub(super) y1: f32,
    pub(super) x2: f32,
    pub(super) y2: f32,
    pub(super) score: f32,
    pub(super) class: usize,
}

impl Candidate {
    fn area(&self) -> f32 {
        (self.x2 - self.x1).max(0.0) * (self.y2 - self.y1).max(0.0)
    }

    /// Intersection over union, 0..1.
    fn overlap(&self, other: &Self) -> f32 {
        let width = (self.x2.min(other.x2) - self.x1.max(other.x1)).max(0.0);
        let height = (self.y2.min(other.y2) - self.y1.max(other.y1)).max(0.0);
        let shared = width * height;
        let union = self.area() + other.area() - shared;
        if union > 0.0 { shared / union } else { 0.0 }
    }
}

/// Keeps of every class the boxes that no better one overlaps by more than `limit`; best first.
///
/// Boxes of equal score keep their order, so the answer depends on nothing but the boxes.
pub(super) fn suppress(mut candidates: Vec<Candidate>, limit: f32) -> Vec<Candidate> {
    candidates.sort_by(|one, other| other.score.total_cmp(&one.score));
    candidates.truncate(MAX_CANDIDATES);
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        let hidden =
            |better: &Candidate| better.class == candidate.class && better.overlap(&candidate) > limit;
        if !kept.iter().any(hidden) {
            kept.push(candidate);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn candidate(x1: f32, score: f32, class: usize) -> Candidate {
        Candidate { x1, y1: 0.0, x2: x1 + 10.0, y2: 20.0, score, class }
    }

    #[test]
    fn the_best_of_overlapping_boxes_stays() {
        let cases: [(&str, Vec<Candidate>, Vec<f32>); 5] = [
            ("nothing", vec![], vec![]),
            ("overlap 9/11", vec![candidate(0.0, 0.5, 0), candidate(1.0, 0.9, 0)], vec![0.9]),
            ("overlap 5/15", vec![candidate(0.0, 0.5, 0), candidate(5.0, 0.9, 0)], vec![0.9, 0.5]),
            ("other class", vec![candidate(0.0, 0.5, 0), candidate(1.0, 0.9, 1)], vec![0.9, 0.5]),
            // The middle one hides behind the first, so it cannot hide the last.
            (
                "chain",
                vec![candidate(0.0, 0.9, 0), candidate(3.0, 0.8, 0), candidate(6.0, 0.7, 0)],
                vec![0.9, 0.7],
            ),
        ];
        for (name, boxes, scores) in cases {
            let kept: Vec<_> = suppress(boxes, 0.5).iter().map(|kept| kept.score).collect();
            assert_eq!(kept, scores, "{name}");
        }
    }

    #[test]
    fn boxes_without_area_are_harmless() {
        let flat = Candidate { x1: 5.0, y1: 5.0, x2: 5.0, y2: 5.0, score: 0.5, class: 0 };
        assert_eq!(suppress(vec![flat, flat], 0.5).len(), 2);
    }

    fn any_box() -> impl Strategy<Value = Candidate> {
        let side = 0.0f32..100.0;
        let size = 0.1f32..50.0;
        (side.clone(), side, size.clone(), size, 0.0f32..1.0, 0usize..3).prop_map(
            |(x1, y1, w, h, score, class)| Candidate { x1, y1, x2: x1 + w, y2: y1 + h, score, class },
        )
    }

    proptest! {
        #[test]
        fn what_stays_is_sorted_apart_and_covers_what_went(
            boxes in prop::collection::vec(any_box(), 0..60),
            limit in 0.05f32..0.95,
        ) {
            let kept = suppress(boxes.clone(), limit);
            for pair in kept.windows(2) {
                prop_assert!(pair[0].score >= pair[1].score);
            }
            for (index, one) in kept.iter().enumerate() {
                prop_assert!(boxes.contains(one));
                for other in &kept[index + 1..] {
                    prop_assert!(one.class != other.class || one.overlap(other) <= limit);
                }
            }
            for gone in boxes.iter().filter(|candidate| !kept.contains(candidate)) {
                prop_assert!(kept.iter().any(|better| better.class == gone.class
                    && better.score >= gone.score
                    && better.overlap(gone) > limit));
            }
            prop_assert_eq!(suppress(kept.clone(), limit), kept);
        }
    }
}
