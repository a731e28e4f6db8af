//! Where labels go: at their boxes, inside the picture, not over each other, and without jumping about.

use std::collections::HashMap;

use super::frame::Area;

/// A label that wants a place.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    pub track: u64,
    /// The box it belongs to.
    pub anchor: Area,
    pub width: i32,
    pub height: i32,
}

/// Places at a box, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    AboveLeft,
    AboveRight,
    InsideTop,
    Below,
    InsideBottom,
}

const SLOTS: [Slot; 5] =
    [Slot::AboveLeft, Slot::AboveRight, Slot::InsideTop, Slot::Below, Slot::InsideBottom];

impl Slot {
    fn area(self, label: &Wanted) -> Area {
        let Wanted { anchor, width, height, .. } = *label;
        let (x, y) = match self {
            Self::AboveLeft => (anchor.x0, anchor.y0.saturating_sub(height)),
            Self::AboveRight => (anchor.x1.saturating_sub(width), anchor.y0.saturating_sub(height)),
            Self::InsideTop => (anchor.x0, anchor.y0),
            Self::Below => (anchor.x0, anchor.y1),
            Self::InsideBottom => (anchor.x0, anchor.y1.saturating_sub(height)),
        };
        Area::new(x, y, width, height)
    }
}

/// Remembers where each track's label was.
#[derive(Debug, Default)]
pub struct Placer {
    before: HashMap<u64, Slot>,
}

impl Placer {
    /// A place inside `picture` for each of `labels`; those that come first choose first.
    pub fn place(&mut self, picture: Area, labels: &[Wanted]) -> Vec<Area> {
        let mut now = HashMap::with_capacity(labels.len());
        let mut taken: Vec<Area> = Vec::with_capacity(labels.len());
        let heads: Vec<Area> = labels.iter().map(|label| head(label.anchor)).collect();
        for label in labels {
            let before = self.before.get(&label.track).copied();
            let claims = Claims { taken: &taken, heads: &heads };
            let (slot, area) = SLOTS
                .iter()
                .map(|slot| (*slot, pushed_inside(slot.area(label), picture)))
                .min_by_key(|(slot, area)| claims.cost(label, *slot, *area, before))
                .expect("there should be at least one slot");
            now.insert(label.track, slot);
            taken.push(area);
        }
        self.before = now;
        taken
    }
}

/// Places that should stay free.
struct Claims<'a> {
    taken: &'a [Area],
    heads: &'a [Area],
}

impl Claims<'_> {
    /// Covered labels weigh most, then covered heads, then the distance from the box, then the order of the
    /// slots. A slot the label was not in before must be free by a margin, so that two people who walk side by
    /// side do not make labels flicker.
    fn cost(&self, label: &Wanted, slot: Slot, area: Area, before: Option<Slot>) -> i64 {
        let margin = match before {
            Some(before) if before != slot => label.height / 2,
            _ => 0,
        };
        let covered =
            |area: Area, others: &[Area]| -> i64 { others.iter().map(|other| area.overlap(*other)).sum() };
        let (labels, heads) = (covered(area.grown(margin), self.taken), covered(area, self.heads));
        let wished = slot.area(label);
        let pushed = i64::from((area.x0 - wished.x0).abs()) + i64::from((area.y0 - wished.y0).abs());
        let order = SLOTS.iter().position(|other| *other == slot).unwrap_or(0) as i64;
        labels * 1000 + heads * 100 + pushed * 10 + order
    }
}

/// Where people look first: the top of a box.
fn head(anchor: Area) -> Area {
    Area { y1: anchor.y0.saturating_add(anchor.height() / 4), ..anchor }
}

/// Moves `area` into `picture`; what is larger than the picture starts at its top left.
fn pushed_inside(area: Area, picture: Area) -> Area {
    let x = area.x0.min(picture.x1.saturating_sub(area.width())).max(picture.x0);
    let y = area.y0.min(picture.y1.saturating_sub(area.height())).max(picture.y0);
    Area::new(x, y, area.width(), area.height())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PICTURE: Area = Area { x0: 0, y0: 0, x1: 640, y1: 480 };

    fn label(track: u64, x: i32, y: i32) -> Wanted {
        Wanted { track, anchor: Area::new(x, y, 60, 160), width: 80, height: 20 }
    }

    #[test]
    fn a_label_alone_sits_on_its_box() {
        let placed = Placer::default().place(PICTURE, &[label(1, 100, 100)]);
        assert_eq!(placed, [Area::new(100, 80, 80, 20)]);
    }

    #[test]
    fn labels_stay_inside_the_picture() {
        let wanted = [label(1, -40, -30), label(2, 620, 470), label(3, 620, -100), label(4, -90, 300)];
        for area in Placer::default().place(PICTURE, &wanted) {
            assert_eq!(area.overlap(PICTURE), i64::from(area.width() * area.height()), "{area:?}");
        }
    }

    #[test]
    fn people_close_together_have_labels_that_do_not_overlap() {
        let wanted = [label(1, 100, 100), label(2, 130, 105), label(3, 160, 95)];
        let placed = Placer::default().place(PICTURE, &wanted);
        for (index, area) in placed.iter().enumerate() {
            for other in &placed[index + 1..] {
                assert_eq!(area.overlap(*other), 0, "{placed:?}");
            }
        }
    }

    #[test]
    fn a_label_goes_below_rather_than_over_a_neighbours_head() {
        // Above the second box stands the first one's head, and beside it the picture ends.
        let tall = Wanted { anchor: Area::new(540, 70, 60, 200), ..label(1, 0, 0) };
        let small = Wanted { anchor: Area::new(600, 110, 30, 60), ..label(2, 0, 0) };
        let placed = Placer::default().place(PICTURE, &[tall, small]);
        assert_eq!(placed[1].overlap(head(tall.anchor)), 0, "{placed:?}");
    }

    #[test]
    fn a_label_does_not_jump_while_a_neighbour_is_near() {
        let mut placer = Placer::default();
        let apart = placer.place(PICTURE, &[label(1, 100, 100), label(2, 150, 100)])[1];
        assert_ne!(apart, Area::new(150, 80, 80, 20), "it had to give way");
        // One pixel beside the neighbour's label: free, but not by the margin.
        let offset = apart.y0 - 100;
        let still = placer.place(PICTURE, &[label(1, 100, 100), label(2, 181, 100)])[1];
        assert_eq!(still.y0 - 100, offset, "it stays where it was");
        let free = placer.place(PICTURE, &[label(1, 100, 100), label(2, 300, 100)])[1];
        assert_eq!(free, Area::new(300, 80, 80, 20), "it goes home when there is room");
    }
}
