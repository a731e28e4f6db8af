//! One camera watched over time.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::line::{LineWatch, Segment, Step};
use super::zone::{Change, Inside, Polygon, ZoneWatch};
use super::{Happening, PERSON, Rules, Stay};
use crate::domain::{Attributes, Detection, Frame, Line, Point, Zone};

/// A box's lower edge trembles in proportion to its height: nearer than this share of it to a border, a foot
/// may be on either side.
const MARGIN_OF_HEIGHT: f32 = 0.05;

/// The least margin, in picture heights: about two pixels of an ordinary picture.
const MIN_MARGIN: f32 = 0.004;

/// How long the number of somebody who left is kept, to know the person again if the tracker does. It bounds
/// what is kept over days.
const MEMORY_MS: u64 = 600_000;

/// Turns the frames of one run of one camera into happenings. Begin a new one when the camera restarts, as
/// track numbers then begin anew.
#[derive(Debug, Clone)]
pub struct Observer {
    rules: Rules,
    lines: Vec<Line>,
    zones: Vec<Zone>,
    /// The latest time that was given: time never goes back in here.
    now_ms: u64,
    last_frame_ms: u64,
    in_view: usize,
    /// Where the people in the newest frame stand who count.
    feet: Vec<Point>,
    counted: u64,
    /// By track, so that happenings of one instant come in a fixed order.
    present: BTreeMap<u64, Person>,
    /// Counted people who are gone, and when they were last seen.
    gone: BTreeMap<u64, u64>,
}

#[derive(Debug, Clone)]
struct Person {
    stay: Stay,
    /// The last frame with a box of them, also one that motion alone carried.
    view_ms: u64,
    counts: bool,
    lines: Vec<LineWatch>,
    zones: Vec<ZoneWatch>,
    /// Told once the person counts, or never.
    held: Vec<Happening>,
}

/// The lines and zones in units of the picture's height.
struct Shapes {
    segments: Vec<Segment>,
    polygons: Vec<Polygon>,
    aspect: f32,
}

impl Observer {
    /// An observer by the default [`Rules`].
    pub fn new(lines: Vec<Line>, zones: Vec<Zone>) -> Self {
        Self::with_rules(Rules::default(), lines, zones)
    }

    pub fn with_rules(rules: Rules, lines: Vec<Line>, zones: Vec<Zone>) -> Self {
        Self {
            rules,
            lines,
            zones,
            now_ms: 0,
            last_frame_ms: 0,
            in_view: 0,
            feet: Vec::new(),
            counted: 0,
            present: BTreeMap::new(),
            gone: BTreeMap::new(),
        }
    }

    /// Takes in a frame. `now_ms` is its media time, or any other time in milliseconds as long as all calls
    /// use the same; what would go back in time is taken as standing still.
    pub fn observe(&mut self, now_ms: u64, frame: &Frame) -> Vec<Happening> {
        let mut out = self.tick(now_ms);
        let shapes = self.shapes(frame);
        self.last_frame_ms = self.now_ms;
        self.in_view = 0;
        self.feet.clear();
        for detection in &frame.detections {
            let Some(track) = detection.track.filter(|_| detection.label.as_ref() == PERSON) else {
                continue;
            };
            self.in_view += 1;
            // What motion alone carries may be gone already: it prolongs nothing and crosses nothing.
            if detection.seen {
                self.see(track, detection, &frame.model, &shapes);
                self.count(track, &mut out);
            }
            if let Some(person) = self.present.get_mut(&track) {
                person.view_ms = self.now_ms;
                if person.counts {
                    self.feet.push(detection.rect.foot());
                }
            }
        }
        out
    }

    /// Watches other lines and zones from now on. Visits go on, and so do crossings and stays of what stays as it was;
    /// a stay in a zone that is gone or lies elsewhere now ends.
    pub fn set_shapes(&mut self, lines: Vec<Line>, zones: Vec<Zone>) -> Vec<Happening> {
        let as_before = |line: &Line| {
            self.lines.iter().position(|before| before.name == line.name && before.lies_as(line))
        };
        let kept_lines: Vec<_> = lines.iter().map(as_before).collect();
        let as_before = |zone: &Zone| self.zones.iter().position(|before| before.lies_as(zone));
        let kept_zones: Vec<_> = zones.iter().map(as_before).collect();
        let mut out = Vec::new();
        for (track, person) in &mut self.present {
            person.lines = carried_over(&mut person.lines, &kept_lines);
            let kept = carried_over(&mut person.zones, &kept_zones);
            for (watch, zone) in person.zones.iter_mut().zip(&self.zones) {
                person.held.extend(watch.end().map(|change| zone_changed(zone, *track, change)));
            }
            person.zones = kept;
            if person.counts {
                out.append(&mut person.held);
            }
        }
        (self.lines, self.zones) = (lines, zones);
        out
    }

    /// Lets time pass without a frame, so that visits end though the camera is silent.
    pub fn tick(&mut self, now_ms: u64) -> Vec<Happening> {
        self.now_ms = self.now_ms.max(now_ms);
        let (now, quiet) = (self.now_ms, self.rules.quiet_ms);
        if now - self.last_frame_ms > quiet {
            self.in_view = 0;
        }
        let is_over = |person: &Person| now - person.stay.leave_ms > quiet;
        let over: Vec<u64> =
            self.present.iter().filter(|(_, person)| is_over(person)).map(|(track, _)| *track).collect();
        self.gone.retain(|_, left_ms| now - *left_ms <= MEMORY_MS);
        self.end(&over)
    }

    /// Ends everything that is open, at its last sight.
    pub fn finish(&mut self) -> Vec<Happening> {
        self.in_view = 0;
        let all: Vec<u64> = self.present.keys().copied().collect();
        self.end(&all)
    }

    /// Distinct people so far who were seen long enough.
    pub fn people(&self) -> u64 {
        self.counted
    }

    /// Confirmed people in the newest frame; 0 when it is long ago.
    pub fn now(&self) -> usize {
        self.in_view
    }

    /// People who are there: those who count and are in view. Somebody whom the tracker lost is, for as long as somebody
    /// new takes to count, so that a person whose number changes is not two.
    pub fn there(&self) -> usize {
        self.present.values().filter(|person| self.is_there(person)).count()
    }

    /// Where the people in the newest frame stand who count, in fractions of the picture.
    pub fn feet(&self) -> &[Point] {
        &self.feet
    }

    /// How many people are in each zone.
    pub fn in_zones(&self) -> impl Iterator<Item = (&Arc<str>, usize)> {
        self.zones.iter().enumerate().map(|(index, zone)| {
            let is_inside = |person: &&Person| self.is_there(person) && person.zones[index].is_inside();
            (&zone.name, self.present.values().filter(is_inside).count())
        })
    }

    fn is_there(&self, person: &Person) -> bool {
        person.counts && self.now_ms - person.view_ms <= self.rules.min_stay_ms
    }

    /// The visits that have started and not ended, as they stand.
    pub fn open(&self) -> impl Iterator<Item = &Stay> {
        self.present.values().filter(|person| person.counts).map(|person| &person.stay)
    }

    fn shapes(&self, frame: &Frame) -> Shapes {
        let aspect =
            if frame.width > 0 && frame.height > 0 { frame.width as f32 / frame.height as f32 } else { 1.0 };
        Shapes {
            segments: self.lines.iter().map(|line| Segment::new(line, aspect)).collect(),
            polygons: self.zones.iter().map(|zone| Polygon::new(zone, aspect)).collect(),
            aspect,
        }
    }

    fn see(&mut self, track: u64, detection: &Detection, model: &Arc<str>, shapes: &Shapes) {
        let now = self.now_ms;
        let person = self.present.entry(track).or_insert_with(|| Person {
            stay: Stay {
                track,
                enter_ms: now,
                leave_ms: now,
                confidence: detection.confidence,
                model: model.clone(),
                attributes: Attributes::default(),
            },
            view_ms: now,
            counts: false,
            lines: vec![LineWatch::default(); self.lines.len()],
            zones: vec![ZoneWatch::default(); self.zones.len()],
            held: Vec::new(),
        });
        person.stay.leave_ms = now;
        if detection.confidence > person.stay.confidence {
            person.stay.confidence = detection.confidence;
            person.stay.model = model.clone();
        }
        if let Some(attributes) = &detection.attributes {
            person.stay.attributes = Attributes::clone(attributes);
        }
        let mut foot = detection.rect.foot();
        foot.x *= shapes.aspect;
        let margin = (detection.rect.h * MARGIN_OF_HEIGHT).max(MIN_MARGIN);
        let step = Step { foot, margin, at_ms: now };
        let Person { lines, zones, held, .. } = person;
        for ((watch, segment), line) in lines.iter_mut().zip(&shapes.segments).zip(&self.lines) {
            let crossed = watch.step(segment, step, self.rules.line_settle_ms);
            held.extend(crossed.map(|crossing| line_crossed(line, track, crossing)));
        }
        for ((watch, polygon), zone) in zones.iter_mut().zip(&shapes.polygons).zip(&self.zones) {
            let change = watch.step(polygon, step, self.rules.zone_settle_ms);
            held.extend(change.map(|change| zone_changed(zone, track, change)));
            let dwelt = zone.dwell_s.and_then(|dwell_s| watch.dwell(u64::from(dwell_s) * 1000));
            held.extend(dwelt.map(|inside| zone_dwelt(zone, track, inside)));
        }
    }

    /// Tells what is held back of a person who counts by now.
    fn count(&mut self, track: u64, out: &mut Vec<Happening>) {
        let Some(person) = self.present.get_mut(&track) else { return };
        if !person.counts && person.stay.dwell_ms() >= self.rules.min_stay_ms {
            person.counts = true;
            if self.gone.remove(&track).is_none() {
                self.counted += 1;
            }
            out.push(Happening::VisitStarted(person.stay.clone()));
        }
        if person.counts {
            out.append(&mut person.held);
        }
    }

    fn end(&mut self, tracks: &[u64]) -> Vec<Happening> {
        let mut out = Vec::new();
        for track in tracks {
            let Some(mut person) = self.present.remove(track).filter(|person| person.counts) else {
                continue;
            };
            out.append(&mut person.held);
            for (watch, line) in person.lines.iter_mut().zip(&self.lines) {
                out.extend(watch.end().map(|crossing| line_crossed(line, *track, crossing)));
            }
            for (watch, zone) in person.zones.iter_mut().zip(&self.zones) {
                out.extend(watch.end().map(|change| zone_changed(zone, *track, change)));
            }
            self.gone.insert(*track, person.stay.leave_ms);
            out.push(Happening::VisitEnded(person.stay));
        }
        out
    }
}

/// The watches of `before` at their new places; what was not `kept` begins anew.
fn carried_over<W: Default>(before: &mut [W], kept: &[Option<usize>]) -> Vec<W> {
    kept.iter().map(|at| at.map(|at| std::mem::take(&mut before[at])).unwrap_or_default()).collect()
}

fn line_crossed(line: &Line, track: u64, (direction, at_ms): (super::Direction, u64)) -> Happening {
    Happening::LineCrossed { line: line.name.clone(), direction, track, at_ms }
}

fn zone_changed(zone: &Zone, track: u64, change: Change) -> Happening {
    let zone = zone.name.clone();
    match change {
        Change::Entered(at_ms) => Happening::ZoneEntered { zone, track, at_ms },
        Change::Left(inside) => {
            Happening::ZoneLeft { zone, track, enter_ms: inside.enter_ms, leave_ms: inside.leave_ms }
        }
    }
}

fn zone_dwelt(zone: &Zone, track: u64, inside: Inside) -> Happening {
    let Inside { enter_ms, leave_ms: at_ms } = inside;
    Happening::ZoneDwelt { zone: zone.name.clone(), track, enter_ms, at_ms }
}

#[cfg(test)]
#[path = "observer_tests.rs"]
mod tests;
