//! A look at one person, from whom it is had at to what it says of them.

use super::cutout::Cutout;
use super::people::{Next, People, Rules, Seen};
use crate::engine::EngineError;
use crate::meta::{Object, Rect};
use crate::person::{Look, Looker, carried, tie};

/// Label of those who are looked at.
pub(super) const PERSON: &str = "person";

/// A look to be had, without the frame that it is of.
#[derive(Debug)]
pub struct Task {
    next: Next,
    cutout: Cutout,
    /// Score of a tie on the person.
    tie: Option<f32>,
}

impl Task {
    /// Has it. Blocks for some 110 ms.
    ///
    /// # Errors
    /// When a network cannot be loaded, or an inference fails.
    pub fn look(&self, looker: &mut Looker) -> Result<Look, EngineError> {
        let person = self.cutout.of_frame(&self.next.rect);
        looker.look(&self.cutout.picture(), &person, self.tie)
    }
}

impl People {
    /// Takes notice of whom the detector saw of a frame's `objects`, and of what they carry; answers their tracks and
    /// boxes. What motion alone carries may not be there, and its box is not exact.
    pub fn notice(&mut self, objects: &[Object]) -> Vec<(u64, Rect)> {
        let is_person = |object: &&Object| object.seen && object.label == PERSON;
        let people = objects.iter().filter(is_person);
        let seen: Vec<_> = people.filter_map(|object| Some((object.track?, object.rect))).collect();
        let rects: Vec<Rect> = seen.iter().map(|(_, rect)| *rect).collect();
        self.see(&seen, &carried(&rects, objects));
        seen
    }

    /// A look at whoever is next of those who were `seen` among the frame's `objects`. The frame has `size` pixels, and
    /// `cut` what is around a box of it.
    pub fn begin_look(
        &mut self,
        (seen, objects): (&[(u64, Rect)], &[Object]),
        size: (f32, f32),
        rules: Rules,
        cut: impl FnOnce(&Rect) -> Option<Cutout>,
    ) -> Option<Task> {
        let next = self.next(seen, size, rules)?;
        let cutout = cut(&next.rect)?;
        self.begin(next, seen, size);
        Some(Task { next, cutout, tie: tie(&next.rect, objects) })
    }

    /// Takes what it saw.
    pub fn end_look(&mut self, task: &Task, look: &Look) {
        let marks = look.marks.iter().cloned().map(|mark| task.cutout.to_frame(mark)).collect();
        let landmarks = look.landmarks().into_iter().map(|point| task.cutout.point_to_frame(point)).collect();
        self.finish(task.next, Seen { look, marks, landmarks });
    }
}
