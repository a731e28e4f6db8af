//! The element `visionoverlay` with real pictures: what it draws, what it leaves alone, what cannot break it.

use std::sync::Once;

use gst_video::prelude::*;
use gstvision::{
    draw::{Rgb, TRACK_COLOURS, colour::YuvSpace},
    meta::{About, Detections, Mark, MarkKind, Object, Rect},
};
use proptest::prelude::*;

fn init() {
    static INIT: Once = Once::new();
    INIT.call_once(|| {
        gst::init().expect("GStreamer should start");
        gstvision::plugin_register_static().expect("the plugin should register");
    });
}

fn info(width: u32, height: u32) -> gst_video::VideoInfo {
    init();
    let builder = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, width, height);
    builder.fps(gst::Fraction::new(25, 1)).build().expect("a valid picture")
}

fn harness(info: &gst_video::VideoInfo) -> gst_check::Harness {
    let mut harness = gst_check::Harness::new("visionoverlay");
    harness.set_src_caps(info.to_caps().expect("caps of a valid picture"));
    harness
}

fn object(rect: Rect, track: Option<u64>) -> Object {
    Object { label: "person".into(), score: 0.8, rect, track, seen: true, ..Object::default() }
}

/// A mid-grey picture with detections.
fn picture(info: &gst_video::VideoInfo, objects: Vec<Object>) -> gst::Buffer {
    let mut buffer = gst::Buffer::from_slice(vec![128_u8; info.size()]);
    let writable = buffer.get_mut().expect("a new buffer is writable");
    writable.set_pts(gst::ClockTime::ZERO);
    let detections = Detections { objects, ..Detections::default() };
    detections.attach(writable).expect("the meta is registered");
    buffer
}

/// Luma and both colours at a pixel.
fn pixel(buffer: &gst::Buffer, info: &gst_video::VideoInfo, x: usize, y: usize) -> [u8; 3] {
    let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, info).expect("a readable picture");
    [0, 1, 2].map(|plane| {
        let shift = usize::from(plane > 0);
        let stride = frame.plane_stride()[plane as usize] as usize;
        frame.plane_data(plane).expect("a plane")[(y >> shift) * stride + (x >> shift)]
    })
}

fn in_yuv(colour: Rgb) -> [u8; 3] {
    let yuv = YuvSpace::BT601.yuv(colour);
    [yuv.y, yuv.u, yuv.v]
}

const MIDDLE: Rect = Rect { x: 0.25, y: 0.25, w: 0.5, h: 0.5 };

#[test]
fn a_track_is_outlined_in_its_colour_and_its_inside_is_left_alone() {
    let info = info(640, 480);
    let mut harness = harness(&info);
    for track in [1, 2, 12, 13] {
        let drawn =
            harness.push_and_pull(picture(&info, vec![object(MIDDLE, Some(track))])).expect("a frame");
        let expected = in_yuv(TRACK_COLOURS[(track as usize - 1) % 12]);
        for (x, y) in [(160, 240), (479, 240), (320, 120), (320, 359)] {
            assert_eq!(pixel(&drawn, &info, x, y), expected, "track {track} at {x},{y}");
        }
        assert_eq!(pixel(&drawn, &info, 320, 240), [128; 3]);
        assert_eq!(pixel(&drawn, &info, 20, 20), [128; 3]);
    }
}

#[test]
fn a_label_has_a_filled_ground_and_ink_that_contrasts() {
    let info = info(640, 480);
    let mut harness = harness(&info);
    let drawn = harness.push_and_pull(picture(&info, vec![object(MIDDLE, Some(1))])).expect("a frame");
    let [ground, ..] = in_yuv(TRACK_COLOURS[0]);
    let row: Vec<u8> = (160..240).map(|x| pixel(&drawn, &info, x, 111)[0]).collect();
    assert!(row.iter().filter(|luma| **luma == ground).count() > 20, "{row:?}");
    assert!(row.iter().any(|luma| *luma < 30), "{row:?}");
    let element = harness.element().expect("the harness has an element");
    element.set_property("show-labels", false);
    let bare = harness.push_and_pull(picture(&info, vec![object(MIDDLE, Some(1))])).expect("a frame");
    assert_eq!(pixel(&bare, &info, 200, 111), [128; 3]);
}

#[test]
fn what_was_seen_on_people_has_boxes_in_colours_of_their_own() {
    let info = info(640, 480);
    let mut harness = harness(&info);
    let rect = Rect { x: 0.375, y: 0.375, w: 0.25, h: 0.25 };
    let seen = |kind: MarkKind| {
        let mark = Mark { kind, label: kind.name().into(), rect };
        let about = Some(Box::new(About { marks: vec![mark], ..About::default() }));
        vec![Object { about, ..object(MIDDLE, Some(1)) }]
    };
    let colours = [
        (MarkKind::Face, 0x00_e676),
        (MarkKind::Garment, 0xff_9100),
        (MarkKind::HeadAccessory, 0xff_40ff),
        (MarkKind::Bag, 0x18_ffff),
    ];
    for (kind, colour) in colours {
        let drawn = harness.push_and_pull(picture(&info, seen(kind))).expect("a frame");
        for (x, y) in [(240, 270), (398, 240), (320, 298)] {
            assert_eq!(pixel(&drawn, &info, x, y), in_yuv(Rgb::from_hex(colour)), "{kind:?} at {x},{y}");
        }
    }
    harness.element().expect("the harness has an element").set_property("show-attributes", false);
    let drawn = harness.push_and_pull(picture(&info, seen(MarkKind::Face))).expect("a frame");
    assert_eq!(pixel(&drawn, &info, 240, 270), [128; 3]);
}

#[test]
fn labels_speak_the_language_they_are_asked_to() {
    let info = info(640, 480);
    let mut harness = harness(&info);
    let ground = in_yuv(TRACK_COLOURS[0])[0];
    let mut width = |language: &str| {
        harness.element().expect("the harness has an element").set_property("language", language);
        let drawn = harness.push_and_pull(picture(&info, vec![object(MIDDLE, Some(1))])).expect("a frame");
        (160..480).filter(|x| pixel(&drawn, &info, *x, 106)[0] == ground).count()
    };
    let (english, spanish, unknown) = (width("en"), width("es"), width("de"));
    assert!(spanish > english, "\"persona 1\" is longer than \"person 1\": {spanish} and {english}");
    assert_eq!(unknown, english);
}

#[test]
fn unconfirmed_boxes_are_dashed_grey_or_not_there() {
    let info = info(640, 480);
    let mut harness = harness(&info);
    let count_changed = |buffer: &gst::Buffer| {
        let line: Vec<[u8; 3]> = (160..480).map(|x| pixel(buffer, &info, x, 120)).collect();
        line.iter().filter(|value| **value != [128; 3]).count()
    };
    let drawn = harness.push_and_pull(picture(&info, vec![object(MIDDLE, None)])).expect("a frame");
    let changed = count_changed(&drawn);
    assert!((100..=220).contains(&changed), "half of the line is dashes: {changed} of 320");
    let element = harness.element().expect("the harness has an element");
    element.set_property("show-unconfirmed", false);
    let drawn = harness.push_and_pull(picture(&info, vec![object(MIDDLE, None)])).expect("a frame");
    assert_eq!(count_changed(&drawn), 0);
}

#[test]
fn boxes_below_the_threshold_are_drawn_only_with_a_track() {
    let info = info(640, 480);
    let mut harness = harness(&info);
    let mut drawn = |track| {
        let mut weak = picture(&info, vec![]);
        let objects = vec![Object { score: 0.3, ..object(MIDDLE, track) }];
        let detections = Detections { threshold: 0.6, objects, ..Detections::default() };
        detections.attach(weak.get_mut().expect("one holder")).expect("the meta is registered");
        let passed = harness.push_and_pull(weak.clone()).expect("a frame");
        passed.as_ptr() != weak.as_ptr() && pixel(&passed, &info, 160, 240) != [128; 3]
    };
    assert!(!drawn(None), "without a tracker nothing is known of it");
    assert!(drawn(Some(1)), "a tracker knows it from before");
}

#[test]
fn lines_are_as_wide_as_asked_or_fit_the_picture() {
    let widths = |height: u32, line_width: u32| {
        let info = info(height * 4 / 3, height);
        let mut harness = harness(&info);
        let element = harness.element().expect("the harness has an element");
        element.set_property("line-width", line_width);
        let drawn = harness.push_and_pull(picture(&info, vec![object(MIDDLE, Some(2))])).expect("a frame");
        let ink = YuvSpace::of(&info).yuv(TRACK_COLOURS[1]).y;
        let [x, y] = [height / 3, height / 2].map(|value| value as usize);
        (x - 10..x + 40).filter(|x| pixel(&drawn, &info, *x, y)[0] == ink).count()
    };
    assert_eq!(widths(480, 0), 2);
    assert_eq!(widths(1080, 0), 4);
    assert_eq!(widths(480, 7), 7);
}

#[test]
fn a_frame_that_others_hold_is_drawn_on_a_copy_and_keeps_its_detections() {
    let info = info(640, 480);
    let mut harness = harness(&info);
    let shared = picture(&info, vec![object(MIDDLE, Some(1))]);
    let drawn = harness.push_and_pull(shared.clone()).expect("a frame");
    assert_eq!(pixel(&shared, &info, 160, 240), [128; 3]);
    assert_ne!(pixel(&drawn, &info, 160, 240), [128; 3]);
    assert_eq!(Detections::read(&drawn), Detections::read(&shared));
}

#[test]
fn a_frame_without_boxes_is_handed_on_without_a_copy() {
    let info = info(640, 480);
    let mut harness = harness(&info);
    for _ in 0..2 {
        let shared = picture(&info, vec![]);
        let passed = harness.push_and_pull(shared.clone()).expect("a frame");
        assert_eq!(passed.as_ptr(), shared.as_ptr());
        // Going back and forth between drawing and passing must not wear off.
        let drawn = harness.push_and_pull(picture(&info, vec![object(MIDDLE, Some(1))])).expect("a frame");
        assert_ne!(pixel(&drawn, &info, 160, 240), [128; 3]);
    }
}

#[test]
fn drawing_follows_padded_rows_and_leaves_the_padding_alone() {
    let info = info(640, 480);
    let mut harness = harness(&info);
    let drawn = |buffer: gst::Buffer, harness: &mut gst_check::Harness| {
        let drawn = harness.push_and_pull(buffer).expect("a frame");
        let frame =
            gst_video::VideoFrameRef::from_buffer_ref_readable(&drawn, &info).expect("a readable picture");
        [0, 1, 2].map(|plane| {
            let stride = frame.plane_stride()[plane as usize] as usize;
            let bytes = frame.plane_data(plane).expect("a plane");
            bytes.chunks(stride).map(<[u8]>::to_vec).collect::<Vec<_>>()
        })
    };
    let boxes = || vec![object(MIDDLE, Some(1)), object(Rect { x: 0.9, y: 0.9, w: 0.3, h: 0.3 }, None)];
    let dense = drawn(picture(&info, boxes()), &mut harness);
    // As decoders hand them out: rows of 704 bytes, and planes that end 16 rows below the picture.
    let mut buffer = gst::Buffer::from_slice(vec![128_u8; 704 * 496 * 3 / 2]);
    let writable = buffer.get_mut().expect("a new buffer is writable");
    let luma = 704 * 496;
    gst_video::VideoMeta::add_full(
        writable,
        gst_video::VideoFrameFlags::empty(),
        gst_video::VideoFormat::I420,
        640,
        480,
        &[0, luma, luma + luma / 4],
        &[704, 352, 352],
    )
    .expect("the meta should fit the buffer");
    let detections = Detections { objects: boxes(), ..Detections::default() };
    detections.attach(writable).expect("the meta is registered");
    let padded = drawn(buffer, &mut harness);
    for plane in 0..3 {
        let (width, height) = if plane == 0 { (640, 480) } else { (320, 240) };
        let (dense, padded) = (&dense[plane], &padded[plane]);
        assert!(dense.iter().flatten().any(|byte| *byte != 128), "something is drawn on plane {plane}");
        for (row, (dense, padded)) in dense.iter().zip(padded).take(height).enumerate() {
            assert!(dense[..width] == padded[..width], "plane {plane}, row {row}");
            assert!(padded[width..].iter().all(|byte| *byte == 128), "padding of plane {plane}, row {row}");
        }
        assert!(padded[height..].iter().flatten().all(|byte| *byte == 128), "below plane {plane}");
    }
}

#[test]
fn a_picture_that_cannot_be_drawn_on_is_an_error_that_says_so() {
    let info = info(640, 480);
    let mut harness = harness(&info);
    let bus = gst::Bus::new();
    harness.element().expect("the harness has an element").set_bus(Some(&bus));
    let mut small = gst::Buffer::from_slice([128_u8; 10]);
    let detections = Detections { objects: vec![object(MIDDLE, None)], ..Detections::default() };
    detections.attach(small.get_mut().expect("a new buffer is writable")).expect("the meta is registered");
    assert_eq!(harness.push(small), Err(gst::FlowError::Error));
    let error = bus.pop_filtered(&[gst::MessageType::Error]).expect("an error is posted");
    let gst::MessageView::Error(error) = error.view() else { panic!("only errors were taken") };
    let text = error.error().message().to_owned();
    assert!(text.starts_with("cannot draw on the picture: "), "{text}");
}

fn any_rect() -> impl Strategy<Value = Rect> {
    let number = prop_oneof![
        6 => -0.5..1.5_f32,
        1 => prop_oneof![Just(f32::NAN), Just(f32::INFINITY), Just(f32::MAX), Just(f32::MIN), Just(0.0_f32)],
    ];
    [number.clone(), number.clone(), number.clone(), number].prop_map(|[x, y, w, h]| Rect { x, y, w, h })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_box_and_no_size_of_picture_can_break_it(
        (width, height) in prop_oneof![Just((641, 479)), (1..200_u32, 1..200_u32)],
        boxes in proptest::collection::vec((any_rect(), proptest::option::of(any::<u64>()), "\\PC{0,80}"), 0..10),
        line_width in 0..65_u32,
    ) {
        let info = info(width, height);
        let mut harness = harness(&info);
        harness.element().expect("the harness has an element").set_property("line-width", line_width);
        let objects = boxes.into_iter().map(|(rect, track, label)| Object { label, ..object(rect, track) });
        let buffer = picture(&info, objects.collect());
        let size = buffer.size();
        let drawn = harness.push_and_pull(buffer).expect("a frame");
        prop_assert_eq!(drawn.size(), size);
    }
}
