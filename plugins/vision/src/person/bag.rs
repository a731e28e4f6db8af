//! Bags: boxes of a detector that belong to somebody.

use super::words::Bag;
use crate::meta::{Object, Rect};

/// Score from which a bag is believed: false handbags reach 0.37.
const BELIEVED: f32 = 0.4;

/// The part of a bag that must lie in its owner's box, which is widened by this part of its width on both sides.
const HELD: f32 = 0.6;
const REACH: f32 = 0.25;

/// Label of a tie.
const TIE: &str = "tie";

/// A bag somebody carries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Carried {
    pub bag: Bag,
    /// The detector's, 0..1.
    pub score: f32,
    pub rect: Rect,
}

/// What `label` of a detector is, when it is a thing that belongs to a person.
fn bag_of(label: &str) -> Option<Bag> {
    [Bag::Backpack, Bag::Handbag, Bag::Suitcase].into_iter().find(|bag| bag.name() == label)
}

/// Whether `label` is of a thing that says something about a person.
pub fn is_worn(label: &str) -> bool {
    bag_of(label).is_some() || label == TIE
}

/// The bag that each of `people` carries: every bag has one owner, every person at most one bag, the surest.
pub fn carried(people: &[Rect], objects: &[Object]) -> Vec<Option<Carried>> {
    let mut carried = vec![None; people.len()];
    // What motion alone carries was not seen again.
    for object in objects.iter().filter(|object| object.seen && object.score >= BELIEVED) {
        let Some(bag) = bag_of(&object.label) else { continue };
        let hold = |person: &Rect| held_part(&object.rect, person);
        let owner = (0..people.len()).max_by(|one, other| {
            let key = |index: &usize| (hold(&people[*index]), -distance(&object.rect, &people[*index]));
            let (one, other) = (key(one), key(other));
            one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1))
        });
        let Some(owner) = owner.filter(|owner| hold(&people[*owner]) >= HELD) else { continue };
        let slot: &mut Option<Carried> = &mut carried[owner];
        if slot.is_none_or(|before| before.score < object.score) {
            *slot = Some(Carried { bag, score: object.score, rect: object.rect });
        }
    }
    carried
}

/// The score of the tie on the chest of `person`, when there is one.
pub fn tie(person: &Rect, objects: &[Object]) -> Option<f32> {
    let is_on_chest = |object: &&Object| {
        let (x, y) = (object.rect.x + object.rect.w / 2.0, object.rect.y + object.rect.h / 2.0);
        object.label == TIE
            && object.score >= BELIEVED
            && (person.x + 0.2 * person.w..person.x + 0.8 * person.w).contains(&x)
            && (person.y..person.y + 0.7 * person.h).contains(&y)
    };
    objects.iter().filter(is_on_chest).map(|object| object.score).max_by(f32::total_cmp)
}

/// The part of `thing` within reach of `person`, 0..1.
fn held_part(thing: &Rect, person: &Rect) -> f32 {
    let (left, right) = (person.x - REACH * person.w, person.x + person.w * (1.0 + REACH));
    let across = (thing.x + thing.w).min(right) - thing.x.max(left);
    let down = (thing.y + thing.h).min(person.y + person.h * 1.05) - thing.y.max(person.y);
    let area = thing.w * thing.h;
    if area > 0.0 { across.max(0.0) * down.max(0.0) / area } else { 0.0 }
}

fn distance(one: &Rect, other: &Rect) -> f32 {
    let x = one.x + one.w / 2.0 - other.x - other.w / 2.0;
    let y = one.y + one.h / 2.0 - other.y - other.h / 2.0;
    x.hypot(y)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(label: &str, score: f32, rect: [f32; 4]) -> Object {
        let [x, y, w, h] = rect;
        Object { label: label.into(), score, rect: Rect { x, y, w, h }, seen: true, ..Object::default() }
    }

    const PEOPLE: [Rect; 2] =
        [Rect { x: 0.2, y: 0.2, w: 0.1, h: 0.5 }, Rect { x: 0.35, y: 0.2, w: 0.1, h: 0.5 }];

    #[test]
    fn a_bag_belongs_to_the_nearest_who_reaches_it() {
        let objects = [
            object("handbag", 0.5, [0.19, 0.45, 0.04, 0.1]),
            object("backpack", 0.6, [0.42, 0.25, 0.05, 0.15]),
            object("suitcase", 0.9, [0.7, 0.5, 0.1, 0.2]),
        ];
        let found: Vec<_> = carried(&PEOPLE, &objects).iter().map(|found| found.map(|own| own.bag)).collect();
        assert_eq!(found, [Some(Bag::Handbag), Some(Bag::Backpack)]);
        assert_eq!(carried(&[], &objects), []);
    }

    #[test]
    fn what_the_detector_is_not_sure_of_is_no_bag() {
        let objects =
            [object("handbag", 0.37, [0.21, 0.45, 0.04, 0.1]), object("dog", 0.9, [0.2, 0.4, 0.1, 0.2])];
        assert_eq!(carried(&PEOPLE, &objects), [None, None]);
    }

    #[test]
    fn of_two_bags_the_surer_is_told() {
        let objects = [
            object("handbag", 0.5, [0.21, 0.45, 0.04, 0.1]),
            object("suitcase", 0.8, [0.2, 0.5, 0.06, 0.18]),
        ];
        assert_eq!(carried(&PEOPLE[..1], &objects)[0].map(|own| own.bag), Some(Bag::Suitcase));
    }

    #[test]
    fn a_tie_hangs_on_a_chest() {
        let objects =
            [object("tie", 0.6, [0.24, 0.3, 0.02, 0.1]), object("tie", 0.9, [0.36, 0.65, 0.02, 0.1])];
        assert_eq!(tie(&PEOPLE[0], &objects), Some(0.6));
        assert_eq!(tie(&PEOPLE[1], &objects), None);
    }
}
