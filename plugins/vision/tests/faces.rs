//! `visionblur target=faces` with real pictures and the real model: a face that is surely there is hidden, and where
//! none is found the whole head is.

mod common;

use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use gst::prelude::*;
use gstvision::engine::{Assets, Catalog, Device, Feed, Job, LoadOptions, Network};
use gstvision::meta::{Detections, Object, Rect};

const WIDTH: usize = 320;
const HEIGHT: usize = 240;

/// A centre, half a width and half a height in shares of a face, and a colour (Y, U, V).
type Oval = ((f32, f32), (f32, f32), [u8; 3]);

/// A drawn face.
const FACE: [Oval; 12] = [
    ((0.0, -0.12), (1.12, 1.2), [45, 125, 135]),
    ((0.0, 0.0), (0.95, 1.1), [170, 112, 150]),
    ((-0.38, -0.36), (0.26, 0.05), [50, 125, 135]),
    ((0.38, -0.36), (0.26, 0.05), [50, 125, 135]),
    ((-0.38, -0.16), (0.2, 0.1), [215, 128, 128]),
    ((0.38, -0.16), (0.2, 0.1), [215, 128, 128]),
    ((-0.38, -0.16), (0.1, 0.1), [35, 128, 128]),
    ((0.38, -0.16), (0.1, 0.1), [35, 128, 128]),
    ((0.0, 0.15), (0.1, 0.22), [150, 114, 152]),
    ((-0.09, 0.33), (0.06, 0.04), [100, 118, 145]),
    ((0.09, 0.33), (0.06, 0.04), [100, 118, 145]),
    ((0.0, 0.6), (0.34, 0.09), [95, 115, 175]),
];

/// The tests share one network, and whoever finds it busy hides heads: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn info() -> gst_video::VideoInfo {
    let builder = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, WIDTH as u32, HEIGHT as u32);
    builder.fps(gst::Fraction::new(25, 1)).build().expect("a valid picture")
}

/// A rough wall before which drawn faces are, each with the middle and the half width given in pixels.
fn picture(at_ms: u64, faces: &[(f32, f32, f32)], people: &[Rect]) -> gst::Buffer {
    let info = info();
    let mut bytes = vec![128; info.size()];
    for (at, value) in bytes[..WIDTH * HEIGHT].iter_mut().enumerate() {
        *value = if (at / WIDTH + at % WIDTH).is_multiple_of(2) { 100 } else { 120 };
    }
    for (x, y, half) in faces {
        for ((dx, dy), (across, down), colour) in FACE {
            for (plane, value) in colour.into_iter().enumerate() {
                let shift = usize::from(plane > 0);
                let scale = (1 << shift) as f32;
                let (stride, offset) = (info.stride()[plane] as usize, info.offset()[plane]);
                for row in 0..HEIGHT >> shift {
                    for column in 0..WIDTH >> shift {
                        let right = (column as f32 * scale - x) / half - dx;
                        let below = (row as f32 * scale - y) / half - dy;
                        if (right / across).hypot(below / down) < 1.0 {
                            // A little rough, so that what is hidden can be told from what is not.
                            bytes[offset + row * stride + column] = value + ((row + column) % 2 * 6) as u8;
                        }
                    }
                }
            }
        }
    }
    let object = |rect: &Rect| Object {
        label: "person".into(),
        score: 0.8,
        rect: *rect,
        track: None,
        seen: true,
        ..Object::default()
    };
    let objects = people.iter().map(object).collect();
    let mut buffer = gst::Buffer::from_mut_slice(bytes);
    let writable = buffer.get_mut().expect("a new buffer is writable");
    writable.set_pts(gst::ClockTime::from_mseconds(at_ms));
    let seen = Detections { fresh: true, objects, ..Detections::default() };
    seen.attach(writable).expect("the meta is registered");
    buffer
}

fn blur(target: &str) -> gst_check::Harness {
    common::init();
    let element = gst::ElementFactory::make("visionblur")
        .property_from_str("target", target)
        .property("runtime", common::runtime())
        .build()
        .expect("visionblur should be registered");
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    harness.set_src_caps(info().to_caps().expect("caps of a valid picture"));
    harness.play();
    harness
}

fn luma(buffer: &gst::Buffer) -> Vec<u8> {
    buffer.map_readable().expect("a readable picture")[..WIDTH * HEIGHT].to_vec()
}

/// Whether luma at a pixel differs from its neighbour's.
fn is_rough(buffer: &gst::Buffer, x: usize, y: usize) -> bool {
    let luma = luma(buffer);
    luma[y * WIDTH + x] != luma[y * WIDTH + x + 1]
}

/// A person whose head is as wide as the box says and whose body is below the picture.
const PERSON: Rect = Rect { x: 0.3, y: 0.1, w: 0.4, h: 1.2 };

#[test]
fn a_face_is_hidden_and_what_is_beside_it_is_not() {
    let _alone = alone();
    let face = (160.0, 70.0, 34.0);
    let shown = blur("faces").push_and_pull(picture(0, &[face], &[PERSON])).expect("a frame");
    for (x, y) in [(160, 70), (146, 64), (174, 64), (160, 92), (140, 70), (180, 70)] {
        assert!(!is_rough(&shown, x, y), "the face shows at {x},{y}");
    }
    for (x, y) in [(90, 24), (230, 24), (90, 100), (160, 180)] {
        assert!(is_rough(&shown, x, y), "hidden for nothing at {x},{y}");
    }
    let heads = blur("heads").push_and_pull(picture(0, &[face], &[PERSON])).expect("a frame");
    assert!(!is_rough(&heads, 90, 24) && !is_rough(&heads, 90, 100), "as heads, more is hidden");
}

#[test]
fn faces_that_are_asked_for_while_frames_flow_are_found_from_then_on() {
    let _alone = alone();
    let face = (160.0, 70.0, 34.0);
    let mut blur = blur("nobody");
    let shown = blur.push_and_pull(picture(0, &[face], &[PERSON])).expect("a frame");
    assert!(is_rough(&shown, 160, 70), "nobody was to be hidden");
    blur.element().expect("it has an element").set_property_from_str("target", "faces");
    let shown = blur.push_and_pull(picture(40, &[face], &[PERSON])).expect("a frame");
    assert!(!is_rough(&shown, 160, 70), "the face shows");
    assert!(is_rough(&shown, 90, 24), "the head is hidden instead of the face");
}

#[test]
fn without_a_face_or_with_two_the_head_is_hidden() {
    let _alone = alone();
    for faces in [&[][..], &[(135.0, 80.0, 20.0), (185.0, 80.0, 20.0)]] {
        let shown = blur("faces").push_and_pull(picture(0, faces, &[PERSON])).expect("a frame");
        let heads = blur("heads").push_and_pull(picture(0, faces, &[PERSON])).expect("a frame");
        assert!(luma(&shown) == luma(&heads), "{faces:?}");
    }
}

#[test]
fn a_face_that_may_be_the_neighbours_leaves_both_heads_hidden() {
    let _alone = alone();
    let people = [PERSON, Rect { x: 0.35, ..PERSON }];
    let face = [(160.0, 90.0, 34.0)];
    let shown = blur("faces").push_and_pull(picture(0, &face, &people)).expect("a frame");
    let heads = blur("heads").push_and_pull(picture(0, &face, &people)).expect("a frame");
    assert!(luma(&shown) == luma(&heads));
}

#[test]
fn in_a_crowd_no_more_heads_are_looked_at_than_a_frame_has_time_for_and_each_has_its_turn() {
    let _alone = alone();
    let people: Vec<_> = (0..6).map(|at| Rect { x: at as f32 / 6.0, y: 0.1, w: 0.16, h: 0.5 }).collect();
    let faces: Vec<_> = (0..6).map(|at| (at as f32 * 320.0 / 6.0 + 26.0, 44.0, 13.0)).collect();
    let mut blur = blur("faces");
    let mut tight = [0; 6];
    for frame in 0..3 {
        let shown = blur.push_and_pull(picture(frame * 40, &faces, &people)).expect("a frame");
        let now: Vec<_> = (0..6).filter(|at| is_rough(&shown, at * 320 / 6 + 20, 22)).collect();
        assert!(now.len() <= 4, "{now:?}");
        now.iter().for_each(|at| tight[*at] += 1);
        for (x, y, _) in &faces {
            assert!(!is_rough(&shown, *x as usize, *y as usize), "no face shows");
        }
    }
    assert!(tight.iter().all(|count| *count >= 1), "{tight:?}");
}

#[test]
fn while_others_use_the_network_heads_are_hidden_and_no_frame_waits() {
    let _alone = alone();
    let face = [(160.0, 70.0, 34.0)];
    let heads = blur("heads").push_and_pull(picture(0, &face, &[PERSON])).expect("a frame");
    let mut faces = blur("faces");
    let manifest = Catalog::open(None).expect("a catalogue").find_for(Job::Face, "blazeface_front");
    let manifest = manifest.expect("a standard model");
    let runtime = Some(common::runtime().into());
    let options = LoadOptions { assets: Assets::locate(), runtime, device: Device::Auto, threads: 1 };
    let network = Network::load(&manifest, &options).expect("a network");
    let input = vec![0.0; 128 * 128 * 3];
    let (taken, is_taken) = mpsc::channel();
    let (free, is_free) = mpsc::channel::<()>();
    let (show, is_shown) = mpsc::channel();
    let (used, input) = (&network, &input);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let answer = used.run(&[Feed::F32(input)], |_| {
                taken.send(()).expect("a test");
                // An error is the end of the test, which frees it, too.
                let _ = is_free.recv();
                Ok(())
            });
            answer.expect("an answer");
        });
        is_taken.recv().expect("a network in use");
        scope.spawn(move || {
            show.send(faces.push_and_pull(picture(0, &face, &[PERSON])).expect("a frame")).expect("a test");
            show.send(faces.push_and_pull(picture(40, &face, &[PERSON])).expect("a frame")).expect("a test");
        });
        let shown = is_shown.recv_timeout(Duration::from_secs(20));
        drop(free);
        assert_eq!(network.sessions(), 1, "and none is built for it");
        assert!(luma(&shown.expect("a frame should not wait")) == luma(&heads));
    });
}
