//! From heads that have to be hidden to the faces on them: less is hidden, but never less than a face.
//!
//! A head stays hidden whole unless exactly one face is surely found on it, in this very frame, and on nobody else's
//! head: what a face detector misses, or finds in the wrong place, is hidden as if it had not been asked. No frame waits
//! for it either: while others use the network, heads stay hidden whole.

use std::path::PathBuf;
use std::time::Duration;

use crate::engine::blazeface::{BlazeFace, Face};
use crate::engine::{
    Assets, Catalog, EngineError, Feed, I420, Job, LoadOptions, Network, Preprocessor, Region, Tensor,
};
use crate::meta::Rect;

/// The model for near faces, as in a crop of a head.
const MODEL: &str = "blazeface_front";

/// Score of a face from which on it is one; backs of heads reach 0.75.
const SURE: f32 = 0.8;

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
        let set = |text: &Option<String>| text.clone().filter(|text| !text.is_empty()).map(PathBuf::from);
        let device = places.device.parse()?;
        let manifest = Catalog::open(set(&places.models_dir).as_deref())?.find_for(Job::Face, MODEL)?;
        let assets = set(&places.assets_dir).map_or_else(Assets::locate, Assets::new);
        let options = LoadOptions { assets, runtime: set(&places.runtime), device, threads: 1 };
        Ok(Self {
            decoder: BlazeFace::new(&manifest)?,
            preprocessor: Preprocessor::new(manifest.picture_for(Job::Face)?),
            network: Network::load(&manifest, &options)?,
            tensor: Tensor::default(),
            turn: 0,
        })
    }

    /// Makes those of `heads` smaller that have one face; `is_recent` says of each whether its person was seen of late.
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

/// What to hide instead of head number `own` of `heads`, on which `faces` were found.
fn own_face(own: usize, heads: &[Rect], faces: &[Face]) -> Option<Rect> {
    let head = heads.get(own)?;
    let [face] = faces else { return None };
    let middle = (face.rect.x + face.rect.w / 2.0, face.rect.y + face.rect.h / 2.0);
    let fits = face.score >= SURE && WIDTHS.contains(&(face.rect.w / head.w)) && holds(head, middle);
    let others = heads.iter().enumerate().filter(|(index, _)| *index != own);
    let is_shared = others.into_iter().any(|(_, other)| holds(other, middle));
    let (by_x, by_y) = (face.rect.w * MARGIN, face.rect.h * MARGIN);
    (fits && !is_shared).then_some(Rect {
        x: face.rect.x - by_x,
        y: face.rect.y - by_y,
        w: face.rect.w + 2.0 * by_x,
        h: face.rect.h + 2.0 * by_y,
    })
}

fn holds(rect: &Rect, (x, y): (f32, f32)) -> bool {
    (rect.x..rect.x + rect.w).contains(&x) && (rect.y..rect.y + rect.h).contains(&y)
}

#[cfg(test)]
mod tests {
    use super::*;
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
}
