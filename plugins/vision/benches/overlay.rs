//! What drawing and tracking cost a frame, with eight people: `cargo bench -p gst-plugin-vision --bench overlay`.

use std::time::Duration;

use divan::{Bencher, black_box};
use gstvision::{
    draw::{I420Frame, Painter, Planes, Style, colour::YuvSpace, no_signal},
    meta::{Detections, Object, Rect},
    track::Tracker,
};

fn main() {
    divan::main();
}

/// Eight people who walk to and fro, `step` frames into the walk.
fn people(step: u64) -> Vec<Object> {
    let person = |number: u64| {
        let swing = ((step + number * 17) % 100) as f32 / 100.0;
        let rect = Rect {
            x: 0.05 + 0.11 * number as f32 + 0.05 * swing,
            y: 0.2 + 0.04 * (number % 4) as f32,
            w: 0.08,
            h: 0.42,
        };
        Object {
            label: "person".into(),
            score: 0.8,
            rect,
            track: Some(number + 1),
            seen: true,
            ..Object::default()
        }
    };
    (0..8).map(person).collect()
}

/// The planes of a grey picture.
struct Picture {
    width: usize,
    height: usize,
    data: [Vec<u8>; 3],
}

impl Picture {
    fn new((width, height): (usize, usize)) -> Self {
        let chroma = width / 2 * height / 2;
        Self { width, height, data: [vec![128; width * height], vec![128; chroma], vec![128; chroma]] }
    }

    fn frame(&mut self) -> I420Frame<'_> {
        let [y, u, v] = &mut self.data;
        let strides = [self.width, self.width / 2, self.width / 2];
        I420Frame::new(Planes { data: [y, u, v], strides }, self.width, self.height, YuvSpace::BT601)
            .expect("the planes are large enough")
    }
}

const SIZES: [(usize, usize); 2] = [(640, 480), (1920, 1080)];

#[divan::bench(args = SIZES)]
fn draw_eight_people(bencher: Bencher<'_, '_>, size: (usize, usize)) {
    let mut picture = Picture::new(size);
    let mut painter = Painter::default();
    let mut step = 0;
    bencher.bench_local(|| {
        step += 1;
        let detections = Detections { objects: people(step), ..Detections::default() };
        painter.draw(&mut picture.frame(), black_box(&detections), Style::default());
    });
}

#[divan::bench(args = SIZES)]
fn grey_a_lost_picture(bencher: Bencher<'_, '_>, size: (usize, usize)) {
    let mut picture = Picture::new(size);
    bencher.bench_local(|| no_signal(&mut picture.frame(), black_box("no signal")));
}

#[divan::bench]
fn track_eight_people(bencher: Bencher<'_, '_>) {
    let mut tracker = Tracker::default();
    let mut step = 0;
    bencher.bench_local(|| {
        step += 1;
        let at = Duration::from_millis(40 * step);
        tracker.update(at, &people(step));
        black_box(tracker.boxes_at(at));
    });
}
