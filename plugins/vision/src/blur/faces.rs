//! From heads that have to be hidden to the faces on them: less is hidden, but never less than a face.
//!
//! A head stays hidden whole unless one face is surely found on it in this very frame, nothing else there may be a face,
//! and it is on nobody else's head: what a face detector misses, or finds in the wrong place, is hidden as if it had not
//! been asked. A face at the edge of its head is hidden with all of the head. No frame waits for any of this: while others
//! use the network, heads stay hidden whole.

use std::time::Duration;

use crate::engine::blazeface::{BlazeFace, Face};
use crate::engine::{
    Catalog, EngineError, Feed, I420, Job, LoadOptions, Manifest, Network, Preprocessor, Region, Tensor,
    path_of,
};
use crate::meta::Rect;

/// The model for near faces, as in a crop of a head.
const MODEL: &str = "blazeface_front";

/// Score of a face from which on it is one; backs of heads reach 0.75.
const SURE: f32 = 0.8;

/// … and from which on it may be one: a second one that is half turned away is less sure than the first.
const POSSIBLE: f32 = 0.2;

/// Where in its head the middle of a face is, across and down. At an edge it is more likely to be a neighbour's.
const MIDDLE: std::ops::Range<f32> = 0.25..0.75;

/// Width of a face in widths of its head's part, which is as wide as the whole person.
const WIDTHS: std::ops::Range<f32> = 0.15..1.0;

/// Share of its size by which a hidden part is larger than its face on each side: brow, chin and ears belong to it.
const MARGIN: f32 = 0.4;

/// Who was not seen for longer may be elsewhere, and the face there another's.
pub(super) const RECENT: Duration = Duration::from_millis(500);

/// Heads that are looked at in one frame, so that a crowd holds no frame up: about 2 ms each. Counted and not timed, so
/// that a file's pictures are the same on every machine where nobody else uses the network.
pub(super) const MOST: usize = 4;

/// Where models are looked for; as the properties of `visiondetect`.
#[derive(Debug, Clone)]
pub(super) struct Places {
    pub(super) models_dir: Option<String>,
    pub(super) assets_dir: Option<String>,
    pub(super) runtime: Option<String>,
    pub(super) device: String,
}

/// Finds faces on heads.
pub(super) struct Faces {
    network: Network,
    decoder: BlazeFace,
    preprocessor: Preprocessor,
    tensor: Tensor,
    /// Whose turn it is first: with more heads than are looked at, each has its turn.
    turn: usize,
}

impl Faces {
    pub(super) fn load(places: &Places) -> Result<Self, EngineError> {
        let (assets_dir, runtime) = (places.assets_dir.as_deref(), places.runtime.as_deref());
        let options = LoadOptions::of_properties(assets_dir, runtime, &places.device, 1)?;
        let models_dir = path_of(places.models_dir.as_deref());
        let manifest = Catalog::open(models_dir.as_deref())?.find_for(Job::Face, MODEL)?;
        Ok(Self {
            decoder: decoder(&manifest)?,
            preprocessor: Preprocessor::new(manifest.picture_for(Job::Face)?),
            network: Network::load(&manifest, &options)?,
            tensor: Tensor::default(),
            turn: 0,
        })
    }

    /// Makes those of `heads` smaller that have one face in the middle, and larger those that have one at an edge;
    /// `is_recent` says of each whether its person was seen of late.
    ///
    /// # Errors
    /// When an inference fails; all heads are as they were then.
    pub(super) fn tighten(
        &mut self,
        frame: &I420<'_>,
        heads: &mut [Rect],
        is_recent: &[bool],
    ) -> Result<(), EngineError> {
        let mut found = vec![Vec::new(); heads.len()];
        let count = heads.len().max(1);
        let of_late = (0..heads.len()).map(|step| (self.turn + step) % count);
        let chosen = of_late.filter(|head| is_recent.get(*head) == Some(&true));
        for head in chosen.take(MOST).collect::<Vec<_>>() {
            // Whose turn it would have been is the first in the next frame.
            let Some(faces) = self.find(frame, &heads[head])? else { break };
            found[head] = faces;
            self.turn = head + 1;
        }
        let tight: Vec<_> = (0..heads.len()).map(|head| own_face(head, heads, &found[head])).collect();
        for (head, face) in heads.iter_mut().zip(tight) {
            if let Some(face) = face {
                *head = face;
            }
        }
        Ok(())
    }

    /// `None` when others use the network.
    fn find(&mut self, frame: &I420<'_>, head: &Rect) -> Result<Option<Vec<Face>>, EngineError> {
        let region = Region::around(head, 1.0, frame.shown_size());
        self.preprocessor.crop(frame, &region, &mut self.tensor);
        let feeds = [Feed::F32(self.tensor.values())];
        self.network.try_run(&feeds, |answers| self.decoder.decode(answers, &region))
    }
}

/// Tells of all that may be a face, so that no second one is overlooked.
fn decoder(manifest: &Manifest) -> Result<BlazeFace, EngineError> {
    let mut all = manifest.clone();
    all.thresholds.score = POSSIBLE;
    BlazeFace::new(&all)
}

/// What to hide instead of head number `own` of `heads`, on which `faces` were found.
fn own_face(own: usize, heads: &[Rect], faces: &[Face]) -> Option<Rect> {
    let head = heads.get(own)?;
    let [face] = faces else { return None };
    let middle = (face.rect.x + face.rect.w / 2.0, face.rect.y + face.rect.h / 2.0);
    let fits = face.score >= SURE && WIDTHS.contains(&(face.rect.w / head.w)) && holds(head, middle);
    let others = heads.iter().enumerate().filter(|(index, _)| *index != own);
    let is_shared = others.into_iter().any(|(_, other)| holds(other, middle));
    let (by_x, by_y) = (face.rect.w * MARGIN, face.rect.h * MARGIN);
    let hidden = Rect {
        x: face.rect.x - by_x,
        y: face.rect.y - by_y,
        w: face.rect.w + 2.0 * by_x,
        h: face.rect.h + 2.0 * by_y,
    };
    let (across, down) = ((middle.0 - head.x) / head.w, (middle.1 - head.y) / head.h);
    let is_in_the_middle = MIDDLE.contains(&across) && MIDDLE.contains(&down);
    let instead = if is_in_the_middle { hidden } else { around(head, &hidden) };
    (fits && !is_shared).then_some(instead)
}

/// The smallest box with both in it.
fn around(one: &Rect, other: &Rect) -> Rect {
    let (x, y) = (one.x.min(other.x), one.y.min(other.y));
    let (right, bottom) = ((one.x + one.w).max(other.x + other.w), (one.y + one.h).max(other.y + other.h));
    Rect { x, y, w: right - x, h: bottom - y }
}

fn holds(rect: &Rect, (x, y): (f32, f32)) -> bool {
    (rect.x..rect.x + rect.w).contains(&x) && (rect.y..rect.y + rect.h).contains(&y)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Answer;
    use crate::engine::blazeface::KEY_POINTS;

    const HEADS: [Rect; 2] =
        [Rect { x: 0.1, y: 0.1, w: 0.2, h: 0.2 }, Rect { x: 0.25, y: 0.1, w: 0.2, h: 0.2 }];

    fn face(x: f32, w: f32, score: f32) -> Face {
        Face { score, rect: Rect { x, y: 0.15, w, h: 0.1 }, points: [(x, 0.15); KEY_POINTS] }
    }

    #[test]
    fn one_sure_face_is_hidden_with_what_belongs_to_it() {
        let hidden = own_face(0, &HEADS, &[face(0.12, 0.08, 0.9)]).unwrap();
        let expected = [0.12 - 0.032, 0.15 - 0.04, 0.08 * 1.8, 0.1 * 1.8];
        for (found, expected) in [hidden.x, hidden.y, hidden.w, hidden.h].iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{hidden:?}");
        }
    }

    #[test]
    fn whatever_is_in_doubt_leaves_the_head_hidden() {
        let none = |faces: &[Face]| own_face(0, &HEADS, faces).is_none();
        assert!(none(&[]), "no face");
        assert!(none(&[face(0.12, 0.08, 0.79)]), "not sure");
        assert!(none(&[face(0.12, 0.08, 0.9), face(0.2, 0.08, 0.9)]), "two faces");
        assert!(none(&[face(0.12, 0.02, 0.9)]), "too small for this head");
        assert!(none(&[face(0.12, 0.3, 0.9)]), "too large");
        assert!(none(&[face(0.02, 0.08, 0.9)]), "beside the head");
        assert!(none(&[face(0.23, 0.08, 0.9)]), "on the other's head too");
    }

    #[test]
    fn a_face_at_the_edge_of_a_head_is_hidden_with_all_of_the_head() {
        let edge = Face { rect: Rect { y: 0.22, ..face(0.12, 0.08, 0.9).rect }, ..face(0.12, 0.08, 0.9) };
        for (face, bottom) in [(face(0.105, 0.04, 0.9), 0.3), (edge, 0.36)] {
            let hidden = own_face(0, &HEADS, &[face]).unwrap();
            let corners = [hidden.x, hidden.y, hidden.x + hidden.w, hidden.y + hidden.h];
            let expected = [0.1_f32.min(face.rect.x - 0.4 * face.rect.w), 0.1, 0.3, bottom];
            for (found, expected) in corners.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-6, "{face:?} {hidden:?}");
            }
        }
    }

    #[test]
    fn what_may_be_a_second_face_is_not_overlooked() {
        let text = include_str!("../../../../models/blazeface_front.toml");
        let decoder = decoder(&Manifest::parse(text, "blazeface_front.toml").unwrap()).unwrap();
        let [mut scores, mut boxes] = [vec![-100.0; 512], vec![0.0; 512 * 16]];
        for (anchor, logit) in [(100, 3.0), (300, -1.2)] {
            scores[anchor] = logit;
            boxes[anchor * 16..][..4].copy_from_slice(&[0.0, 0.0, 16.0, 16.0]);
        }
        let (no_scores, no_boxes) = (vec![-100.0; 384], vec![0.0; 384 * 16]);
        let answers = [&scores, &boxes, &no_scores, &no_boxes].map(|values| Answer { shape: &[], values });
        let whole = Region::around(&Rect { x: 0.0, y: 0.0, w: 1.0, h: 1.0 }, 1.0, (128.0, 128.0));
        assert_eq!(decoder.decode(&answers, &whole).unwrap().len(), 2);
    }
}
