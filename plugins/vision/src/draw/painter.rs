//! One frame's detections on its picture: an outline in the track's colour, and a label.

use super::{
    colour::{Rgb, track_colour},
    frame::{Area, I420Frame},
    labels::{Placer, Wanted},
    marks,
    shape::{self, Paint},
    text::{Lettering, Text},
};
use crate::meta::{About, Detections, Object, Rect};
use crate::person::Language;

/// Opacity of the dark rim that parts a box from a background of its own colour.
const RIM: u8 = 90;

/// What to do with boxes of no confirmed track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unconfirmed {
    Hidden,
    /// A thin grey dashed line without a label.
    Dashed,
}

/// Whether boxes have labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Labels {
    Hidden,
    Shown,
}

/// Which of the things seen on people are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marks {
    Hidden,
    /// Face, garment, head accessory and bag, each as a box with its name.
    Boxes,
    /// … and the skeleton of landmarks.
    BoxesAndLandmarks,
}

/// How detections look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    pub labels: Labels,
    pub unconfirmed: Unconfirmed,
    pub marks: Marks,
    /// Of the labels.
    pub language: Language,
    /// Thickness of lines in px; 0 = by the height of the picture.
    pub line_width: u32,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            labels: Labels::Shown,
            unconfirmed: Unconfirmed::Dashed,
            marks: Marks::Boxes,
            language: Language::English,
            line_width: 0,
        }
    }
}

/// Sizes that follow from the picture.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    line: i32,
    radius: i32,
    /// Height of capitals.
    cap: u32,
}

impl Sizes {
    fn of(frame: &I420Frame<'_>, style: Style) -> Self {
        let height = frame.height() as u32;
        // Even, so that a line covers whole blocks of colour.
        let auto = (height.div_ceil(480).next_multiple_of(2)).max(2);
        let line = if style.line_width == 0 { auto } else { style.line_width } as i32;
        Self { line, radius: line * 2, cap: (height / 48).max(7) }
    }
}

/// Draws frames one after the other; remembers lettering and the places of labels.
#[derive(Default)]
pub struct Painter {
    lettering: Lettering,
    placer: Placer,
}

impl Painter {
    /// Draws `detections` on the frame they belong to.
    pub fn draw(&mut self, frame: &mut I420Frame<'_>, detections: &Detections, style: Style) {
        let sizes = Sizes::of(frame, style);
        if style.unconfirmed == Unconfirmed::Dashed {
            for object in detections.shown().filter(|object| object.track.is_none()) {
                if let Some(area) = on_picture(object.rect, frame) {
                    let line = (sizes.line / 2).max(1);
                    shape::dash(frame, area, line, Paint { colour: Rgb::GREY, opacity: 255, radius: 0 });
                }
            }
        }
        let mut tracks: Vec<(u64, &Object, Area)> = detections
            .shown()
            .filter_map(|object| Some((object.track?, object, on_picture(object.rect, frame)?)))
            .collect();
        // Whoever stands lower in the picture is nearer and hides the others.
        tracks.sort_by_key(|(track, _, area)| (area.y1, *track));
        for (track, object, area) in &tracks {
            outline(frame, *area, sizes, track_colour(*track));
            if let Some(about) = &object.about {
                self.about(frame, about, sizes, style);
            }
        }
        if style.labels == Labels::Shown {
            self.label(frame, tracks, sizes, style.language);
        }
    }

    /// What was seen on a person.
    fn about(&mut self, frame: &mut I420Frame<'_>, about: &About, sizes: Sizes, style: Style) {
        if style.marks == Marks::Hidden {
            return;
        }
        if style.marks == Marks::BoxesAndLandmarks {
            marks::skeleton(frame, &about.landmarks, sizes.line);
        }
        for mark in &about.marks {
            let Some(area) = on_picture(mark.rect, frame) else { continue };
            let paint = Paint { colour: marks::colour(mark.kind), opacity: 255, radius: sizes.radius };
            shape::stroke(frame, area, sizes.line, paint);
            if style.labels == Labels::Hidden {
                continue;
            }
            let text = self.lettering.text(style.language.word(&mark.label), (sizes.cap * 3 / 4).max(6));
            let (width, height) = (text.width + sizes.cap as i32 / 2, even(text.cap_height as f32 * 1.7));
            // On a small person names would hide what they name.
            if width <= area.width().max(sizes.cap as i32 * 4) && height * 2 <= area.height() {
                tag(frame, Area::new(area.x0, area.y0, width, height), &text, paint);
            }
        }
    }

    fn label(
        &mut self,
        frame: &mut I420Frame<'_>,
        mut tracks: Vec<(u64, &Object, Area)>,
        sizes: Sizes,
        language: Language,
    ) {
        // Whoever came first keeps the best place.
        tracks.sort_by_key(|(track, ..)| *track);
        let cap = sizes.cap as i32;
        let texts: Vec<_> = tracks
            .iter()
            .map(|(track, object, _)| {
                self.lettering.text(&format!("{} {track}", language.word(&object.label)), sizes.cap)
            })
            .collect();
        let wanted: Vec<Wanted> = tracks
            .iter()
            .zip(&texts)
            .map(|((track, _, anchor), text)| Wanted {
                track: *track,
                anchor: *anchor,
                width: text.width + cap,
                height: even(cap as f32 * 1.8),
            })
            .collect();
        let places = self.placer.place(frame.area(), &wanted);
        for (((track, ..), text), place) in tracks.iter().zip(&texts).zip(places) {
            tag(
                frame,
                place,
                text,
                Paint { colour: track_colour(*track), opacity: 255, radius: sizes.radius },
            );
        }
    }
}

/// A coloured line with a dark rim on both sides.
fn outline(frame: &mut I420Frame<'_>, area: Area, sizes: Sizes, colour: Rgb) {
    let rim = Paint { colour: Rgb::BLACK, opacity: RIM, radius: sizes.radius + 1 };
    shape::stroke(frame, area.grown(1), sizes.line + 2, rim);
    shape::stroke(frame, area, sizes.line, Paint { colour, opacity: 255, radius: sizes.radius });
}

fn tag(frame: &mut I420Frame<'_>, place: Area, text: &Text, paint: Paint) {
    shape::fill(frame, place, paint);
    let x = place.x0 + (place.width() - text.width) / 2;
    let baseline = place.y0 + (place.height() + text.cap_height) / 2;
    text.paint(frame, (x, baseline), paint.colour.ink());
}

/// `rect` in pixels, on the grid of colour blocks so that lines are crisp; `None` when nothing of it can be seen.
fn on_picture(rect: Rect, frame: &I420Frame<'_>) -> Option<Area> {
    let (width, height) = (frame.width() as f32, frame.height() as f32);
    let edges = [rect.x * width, rect.y * height, (rect.x + rect.w) * width, (rect.y + rect.h) * height];
    if edges.iter().any(|edge| !edge.is_finite()) {
        return None;
    }
    // Far outside nothing is seen; cutting there keeps the sums small.
    let [x0, y0, x1, y1] = edges.map(|edge| even(edge.clamp(-width - height, 2.0 * (width + height))));
    let area = Area { x0, y0, x1: x1.max(x0 + 2), y1: y1.max(y0 + 2) };
    (area.overlap(frame.area()) > 0).then_some(area)
}

/// The nearest even number.
fn even(value: f32) -> i32 {
    (value / 2.0).round() as i32 * 2
}
