//! Shapes on a picture, in fractions of its width and height (0..1, origin top left).

use std::fmt;
use std::sync::Arc;

/// Most lines, and most zones, of a camera: each is tested against each person in each frame.
const MAX_SHAPES: usize = 64;

/// Most corners of a zone: more is a drawing, not an area.
const MAX_CORNERS: usize = 64;

/// More do not stand before one camera.
const MOST_PEOPLE: u32 = 10_000;

/// A day: who stays longer is an employee.
const LONGEST_DWELL_S: u32 = 86_400;

/// Longer names do not fit a table.
const MAX_NAME_CHARS: usize = 64;

/// A point of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub x: f32,
    pub y: f32,
}

/// A box: top left corner, width and height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    pub x: f32,
    pub y: f32,
    pub w: f32,
    pub h: f32,
}

impl Rect {
    /// Where the person stands: the middle of the lower edge.
    pub fn foot(self) -> Point {
        Point { x: self.x + self.w / 2.0, y: self.y + self.h }
    }
}

/// A directed segment. `in` is a crossing from left to right of it, looking from `from` to `to`.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub name: Arc<str>,
    pub from: Point,
    pub to: Point,
    /// Whoever crosses it inwards comes into the branch.
    pub entrance: bool,
}

impl Line {
    /// Whether both lie in the same place, whatever they are called and mean.
    pub fn lies_as(&self, other: &Self) -> bool {
        self.from == other.from && self.to == other.to
    }
}

/// Which way a line was crossed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From left to right, looking from the line's first to its second point at the picture as it is shown.
    In,
    Out,
}

impl Direction {
    pub const ALL: [Self; 2] = [Self::In, Self::Out];

    /// The word for it in API and console.
    pub fn name(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|direction| direction.name() == name)
    }

    /// 1 inwards, -1 outwards: their sum is who came and has not left.
    pub fn sign(self) -> i32 {
        match self {
            Self::In => 1,
            Self::Out => -1,
        }
    }
}

/// A closed polygon of three corners or more.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    pub name: Arc<str>,
    pub corners: Vec<Point>,
    /// More people than this at once are told; `None`: any number is fine.
    pub max_people: Option<u32>,
    /// Whoever stays so long is told, seconds; `None`: nobody is.
    pub dwell_s: Option<u32>,
}

impl Zone {
    /// A zone of which nobody is told anything while it goes on.
    pub fn new(name: &str, corners: Vec<Point>) -> Self {
        Self { name: name.into(), corners, max_people: None, dwell_s: None }
    }

    /// Whether both are the same area by the same name, whatever is told of them.
    pub fn lies_as(&self, other: &Self) -> bool {
        self.name == other.name && self.corners == other.corners
    }
}

/// Why lines or zones cannot be watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShapeError {
    /// `lines`, or `zones[2]`: what does not fit.
    pub field: String,
    /// What is wrong with it, for people.
    pub reason: String,
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.reason)
    }
}

impl std::error::Error for ShapeError {}

/// Whether these lines and zones can be watched; the one check for all who may give them.
///
/// # Errors
/// The first that cannot, and why.
pub fn check_shapes(lines: &[Line], zones: &[Zone]) -> Result<(), ShapeError> {
    let names: Vec<_> = lines.iter().map(|line| &line.name).collect();
    check_list("lines", &names, |index| lines[index].check())?;
    let names: Vec<_> = zones.iter().map(|zone| &zone.name).collect();
    check_list("zones", &names, |index| zones[index].check())
}

fn check_list(
    list: &str,
    names: &[&Arc<str>],
    check: impl Fn(usize) -> Result<(), String>,
) -> Result<(), ShapeError> {
    if names.len() > MAX_SHAPES {
        let reason = format!("has {}, at most {MAX_SHAPES} are allowed", names.len());
        return Err(ShapeError { field: list.to_owned(), reason });
    }
    for (index, name) in names.iter().enumerate() {
        let error = |reason| ShapeError { field: format!("{list}[{index}]"), reason };
        if names[..index].contains(name) {
            return Err(error(format!("the name {name:?} stands there twice")));
        }
        check_name(name).and_then(|()| check(index)).map_err(error)?;
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), String> {
    if (1..=MAX_NAME_CHARS).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(format!("the name {name:?} must have 1 to {MAX_NAME_CHARS} printable characters"))
    }
}

impl Point {
    fn check(self) -> Result<(), String> {
        if (0.0..=1.0).contains(&self.x) && (0.0..=1.0).contains(&self.y) {
            Ok(())
        } else {
            Err(format!("[{}, {}] is outside 0..1; coordinates are fractions of the picture", self.x, self.y))
        }
    }
}

impl Line {
    fn check(&self) -> Result<(), String> {
        self.from.check()?;
        self.to.check()?;
        if self.from == self.to {
            return Err("both ends are the same point".to_owned());
        }
        Ok(())
    }
}

impl Zone {
    fn check(&self) -> Result<(), String> {
        let count = self.corners.len();
        if !(3..=MAX_CORNERS).contains(&count) {
            return Err(format!("has {count} corners, needs 3 to {MAX_CORNERS}"));
        }
        self.corners.iter().try_for_each(|corner| corner.check())?;
        if let Some(first) =
            (0..count).find(|index| self.corners[*index] == self.corners[(index + 1) % count])
        {
            let next = (first + 1) % count;
            return Err(format!("corners {first} and {next} are the same point; a zone closes by itself"));
        }
        if let Some((first, second)) = self.crossing() {
            return Err(format!(
                "crosses itself: its edges {first} and {second} meet; give the corners in their order around it"
            ));
        }
        self.check_thresholds()
    }

    fn check_thresholds(&self) -> Result<(), String> {
        if let Some(people) = self.max_people.filter(|people| *people > MOST_PEOPLE) {
            return Err(format!("max_people {people} is not within 0..={MOST_PEOPLE}"));
        }
        match self.dwell_s.filter(|dwell| !(1..=LONGEST_DWELL_S).contains(dwell)) {
            Some(dwell) => Err(format!("dwell_s {dwell} is not within 1..={LONGEST_DWELL_S}")),
            None => Ok(()),
        }
    }

    /// Two edges that have more in common than the corner between neighbours.
    fn crossing(&self) -> Option<(usize, usize)> {
        let count = self.corners.len();
        let edge = |index: usize| (self.corners[index], self.corners[(index + 1) % count]);
        let mut pairs = (0..count).flat_map(|first| (first + 1..count).map(move |second| (first, second)));
        pairs.find(|(first, second)| {
            let ((a, b), (c, d)) = (edge(*first), edge(*second));
            if *second == first + 1 {
                folds_back(a, b, d)
            } else if (second + 1) % count == *first {
                folds_back(c, a, b)
            } else {
                touches((a, b), (c, d))
            }
        })
    }
}

/// Positive when `c` is on one side of the endless line from `a` to `b`, negative on the other, 0 on it.
fn side(a: Point, b: Point, c: Point) -> f64 {
    let [ax, ay, bx, by, cx, cy] = [a.x, a.y, b.x, b.y, c.x, c.y].map(f64::from);
    (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
}

/// Whether the way from `a` over `b` to `c` returns on itself.
fn folds_back(a: Point, b: Point, c: Point) -> bool {
    let ahead = (b.x - a.x) * (c.x - b.x) + (b.y - a.y) * (c.y - b.y);
    side(a, b, c) == 0.0 && ahead <= 0.0
}

/// Whether two segments have a point in common.
fn touches((a, b): (Point, Point), (c, d): (Point, Point)) -> bool {
    let (to_c, to_d, to_a, to_b) = (side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b));
    if to_c * to_d < 0.0 && to_a * to_b < 0.0 {
        return true;
    }
    let within = |p: Point, a: Point, b: Point| {
        (a.x.min(b.x)..=a.x.max(b.x)).contains(&p.x) && (a.y.min(b.y)..=a.y.max(b.y)).contains(&p.y)
    };
    (to_c == 0.0 && within(c, a, b))
        || (to_d == 0.0 && within(d, a, b))
        || (to_a == 0.0 && within(a, c, d))
        || (to_b == 0.0 && within(b, c, d))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str, corners: &[(f32, f32)]) -> Zone {
        Zone::new(name, corners.iter().map(|(x, y)| Point { x: *x, y: *y }).collect())
    }

    fn line(name: &str, to: (f32, f32)) -> Line {
        let (from, to) = (Point { x: 0.0, y: 0.0 }, Point { x: to.0, y: to.1 });
        Line { name: name.into(), from, to, entrance: false }
    }

    #[test]
    fn zones_that_enclose_an_area_are_fine() {
        for corners in [
            &[(0.0, 0.0), (1.0, 0.0), (0.5, 1.0)][..],
            &[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.2), (0.0, 1.0)],
            // A corner on a straight edge is of no use and does no harm.
            &[(0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)],
        ] {
            assert_eq!(check_shapes(&[], &[zone("a", corners)]), Ok(()), "{corners:?}");
        }
    }

    #[test]
    fn zones_that_cross_touch_or_enclose_nothing_are_refused() {
        for (corners, reason) in [
            (&[(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)][..], "crosses itself: its edges 0 and 2"),
            (&[(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)], "crosses itself"),
            (&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.0), (0.0, 1.0)], "crosses itself"),
            (&[(0.0, 0.0), (1.0, 0.0), (0.5, 0.0), (0.5, 1.0)], "crosses itself"),
            (&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0)], "corners 3 and 0 are the same point"),
            (&[(0.0, 0.0), (1.0, 1.0)], "has 2 corners, needs 3"),
            (&[(0.0, 0.0), (1.2, 0.0), (1.0, 1.0)], "[1.2, 0] is outside 0..1"),
            (&[(0.0, f32::NAN), (1.0, 0.0), (1.0, 1.0)], "outside 0..1"),
        ] {
            let error = check_shapes(&[], &[zone("a", corners)]).unwrap_err();
            assert_eq!(error.field, "zones[0]");
            assert!(error.reason.contains(reason), "{corners:?}: {error}");
        }
    }

    #[test]
    fn thresholds_that_nobody_can_mean_are_refused() {
        let fine = zone("a", &[(0.0, 0.0), (1.0, 0.0), (0.5, 1.0)]);
        let check = |max_people, dwell_s| check_shapes(&[], &[Zone { max_people, dwell_s, ..fine.clone() }]);
        assert_eq!(check(Some(0), Some(1)), Ok(()));
        assert_eq!(check(Some(10_000), Some(86_400)), Ok(()));
        for (max_people, dwell_s, reason) in [
            (Some(10_001), None, "max_people 10001 is not within 0..=10000"),
            (None, Some(0), "dwell_s 0 is not within 1..=86400"),
            (None, Some(86_401), "dwell_s 86401 is not within 1..=86400"),
        ] {
            assert_eq!(check(max_people, dwell_s).unwrap_err().to_string(), format!("zones[0]: {reason}"));
        }
    }

    #[test]
    fn what_does_not_fit_is_named_by_its_place() {
        let good = line("door", (1.0, 0.0));
        for (lines, told) in [
            (vec![good.clone(), line("b", (0.0, 0.0))], "lines[1]: both ends are the same point"),
            (vec![good.clone(), good.clone()], "lines[1]: the name \"door\" stands there twice"),
            (vec![line("", (1.0, 0.0))], "lines[0]: the name \"\" must have 1 to 64 printable characters"),
            (vec![good; 65], "lines: has 65, at most 64 are allowed"),
        ] {
            assert_eq!(check_shapes(&lines, &[]).unwrap_err().to_string(), told);
        }
    }
}
