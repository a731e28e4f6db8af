//! What looking at a frame costs: the way into the tensor, the network, and the element around both.
//!
//! `cargo bench -p gst-plugin-vision --bench detect`; the networks need the assets of `make setup`.

use divan::Bencher;
use gst_check::Harness;
use gst_video::{VideoFormat, VideoFrameRef, VideoInfo};
use gstvision::engine::{
    Assets, Catalog, Detector, Device, I420, Job, LoadOptions, Manifest, Preprocessor, Region, Tensor, Wanted,
};
use gstvision::meta::Rect;

fn main() {
    gst::init().expect("GStreamer should start");
    gstvision::plugin_register_static().expect("the plugin should register");
    divan::main();
}

/// Sizes of the demo footage and of usual cameras.
const SIZES: [(u32, u32); 4] = [(640, 480), (768, 576), (1280, 720), (1920, 1080)];

fn nanodet() -> Manifest {
    let catalog = Catalog::open(None).expect("the catalog should open");
    catalog.find("nanodet").expect("the standard model should be there")
}

fn info((width, height): (u32, u32)) -> VideoInfo {
    VideoInfo::builder(VideoFormat::I420, width, height)
        .fps(gst::Fraction::new(25, 1))
        .build()
        .expect("the size should be possible")
}

/// A picture with something in it, so that no branch is always taken.
fn picture(info: &VideoInfo) -> gst::Buffer {
    gst::Buffer::from_mut_slice(
        (0..info.size()).map(|index| (index * 31 % 219 + 16) as u8).collect::<Vec<_>>(),
    )
}

fn load(threads: usize) -> (Detector, Wanted) {
    let manifest = nanodet();
    let options = LoadOptions { assets: Assets::locate(), runtime: None, device: Device::Auto, threads };
    let detector = Detector::load(&manifest, &options).expect("the model should load; run \"make setup\"");
    let wanted =
        Wanted::new(&manifest, &["person"], manifest.thresholds.low_score()).expect("it knows people");
    (detector, wanted)
}

#[divan::bench(args = SIZES)]
fn preprocess(bencher: Bencher<'_, '_>, size: (u32, u32)) {
    let info = info(size);
    let buffer = picture(&info);
    let frame = VideoFrameRef::from_buffer_ref_readable(&buffer, &info).expect("it should be readable");
    let picture = I420::of(&frame).expect("it is I420");
    let manifest = nanodet();
    let mut preprocessor = Preprocessor::new(manifest.picture_for(Job::Detector).expect("it is a detector"));
    let mut tensor = Tensor::default();
    bencher.bench_local(|| preprocessor.fill(&picture, &mut tensor));
}

/// A person in full HD, of these heights in pixels, for the landmarks.
#[divan::bench(args = [100, 300, 900])]
fn crop(bencher: Bencher<'_, '_>, height: u32) {
    crop_at(bencher, |size| {
        let share = height as f32 / size.1;
        Region::around(&Rect { x: 0.4, y: 0.05, w: share / 4.0, h: share }, 1.25, size)
    });
}

/// The same, leaning.
#[divan::bench(args = [100, 300, 900])]
fn crop_turned(bencher: Bencher<'_, '_>, height: u32) {
    crop_at(bencher, |size| {
        let share = height as f32 / size.1;
        let feet = (0.5 + share * 0.1, 0.05 + share);
        Region::through([(0.5, 0.05), feet], [(0.5, 0.1), (0.5, 0.9)], size).expect("they are two points")
    });
}

fn crop_at(bencher: Bencher<'_, '_>, region: impl Fn((f32, f32)) -> Region) {
    let info = info((1920, 1080));
    let buffer = picture(&info);
    let frame = VideoFrameRef::from_buffer_ref_readable(&buffer, &info).expect("it should be readable");
    let picture = I420::of(&frame).expect("it is I420");
    let catalog = Catalog::open(None).expect("the catalog should open");
    let manifest = catalog.find("blazepose_full").expect("the model should be there");
    let preprocessor = Preprocessor::new(manifest.picture_for(Job::Landmarks).expect("it is for landmarks"));
    let region = region(picture.shown_size());
    let mut tensor = Tensor::default();
    bencher.bench_local(|| preprocessor.crop(&picture, &region, &mut tensor));
}

#[divan::bench(args = [1, 2], sample_count = 30, sample_size = 1)]
fn inference_by_threads(bencher: Bencher<'_, '_>, threads: usize) {
    let (detector, wanted) = load(threads);
    let info = info(SIZES[1]);
    let buffer = picture(&info);
    let frame = VideoFrameRef::from_buffer_ref_readable(&buffer, &info).expect("it should be readable");
    let mut tensor = Tensor::default();
    let model = detector.model();
    Preprocessor::new(model.input()).fill(&I420::of(&frame).expect("it is I420"), &mut tensor);
    bencher.bench_local(|| model.infer(&tensor, &wanted).expect("the inference should work"));
}

/// The whole element, every frame looked at and waited for.
#[divan::bench(args = SIZES, sample_count = 30, sample_size = 1)]
fn element(bencher: Bencher<'_, '_>, size: (u32, u32)) {
    let element = gst::ElementFactory::make("visiondetect")
        .property("max-wait-ms", -1)
        .build()
        .expect("visiondetect should be registered");
    let info = info(size);
    let mut harness = Harness::with_element(&element, Some("sink"), Some("src"));
    harness.set_src_caps(info.to_caps().expect("the caps should be possible"));
    let buffer = picture(&info);
    bencher.bench_local(|| harness.push_and_pull(buffer.clone()).expect("the frame should come out"));
}
