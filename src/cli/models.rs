//! `atalaya models`: what models there are, whether they are sound, and how fast they are here.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use gstvision::engine::{
    Assets, Catalog, Colours, Detector, Device, I420, LoadOptions, Manifest, Plane, Wanted,
};

use super::args::ModelsCommand;
use super::out;
use crate::camera::start_gstreamer;
use crate::config::Config;

/// Picture size of the benchmark, as of an ordinary camera.
const WIDTH: usize = 640;
const HEIGHT: usize = 480;
/// Long enough for a median that holds still, short enough to wait for.
const BENCH_TIME: Duration = Duration::from_secs(2);

/// # Errors
/// When a model is unknown, missing, or not what its manifest says.
pub(super) fn run(command: ModelsCommand, config: &Config) -> Result<()> {
    start_gstreamer()?;
    let catalog = Catalog::open(config.models_dir.as_deref())?;
    let assets = Assets::new(&config.assets_dir);
    match command {
        ModelsCommand::List => list(&catalog, &assets),
        ModelsCommand::Verify { names } => verify(&chosen(&catalog, &names)?, &assets, config),
        ModelsCommand::Bench { names } => bench(&chosen(&catalog, &names)?, &assets, config),
    }
}

fn chosen(catalog: &Catalog, names: &[String]) -> Result<Vec<Manifest>> {
    if names.is_empty() {
        return Ok(catalog.iter().cloned().collect());
    }
    names.iter().map(|name| Ok(catalog.find(name)?)).collect()
}

fn list(catalog: &Catalog, assets: &Assets) -> Result<()> {
    let mut rows = vec![["model", "input", "licence", "weights", "what"].map(str::to_owned).to_vec()];
    for manifest in catalog.iter() {
        let there = if assets.weights(manifest).is_file() { "there" } else { "missing: make setup" };
        rows.push(vec![
            manifest.name.clone(),
            format!("{}x{}", manifest.input.width, manifest.input.height),
            manifest.licence.clone(),
            there.to_owned(),
            manifest.description.clone(),
        ]);
    }
    out::table(&rows)
}

fn options(assets: &Assets, config: &Config, threads: usize) -> Result<LoadOptions> {
    let device: Device = config.detector.device.parse()?;
    Ok(LoadOptions { assets: assets.clone(), runtime: config.detector.runtime.clone(), device, threads })
}

fn verify(manifests: &[Manifest], assets: &Assets, config: &Config) -> Result<()> {
    let mut wrong = 0;
    for manifest in manifests {
        match Detector::load(manifest, &options(assets, config, 1)?) {
            Ok(detector) => {
                out::line(format_args!(
                    "{}: sound, runs on {}",
                    manifest.name,
                    detector.model().device().name()
                ))?;
            }
            Err(error) => {
                wrong += 1;
                out::line(error)?;
            }
        }
    }
    if wrong > 0 {
        bail!("{wrong} of {} models cannot be used", manifests.len());
    }
    Ok(())
}

fn bench(manifests: &[Manifest], assets: &Assets, config: &Config) -> Result<()> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = [1, 2, 4].into_iter().filter(|&threads| threads == 1 || threads <= cores);
    let mut rows =
        vec![["model", "device", "threads", "preprocess ms", "inference ms"].map(str::to_owned).to_vec()];
    for (manifest, threads) in manifests.iter().flat_map(|m| threads.clone().map(move |t| (m, t))) {
        let mut detector = Detector::load(manifest, &options(assets, config, threads)?)?;
        let (preprocess, inference) = time(&mut detector)?;
        rows.push(vec![
            manifest.name.clone(),
            detector.model().device().name().to_owned(),
            threads.to_string(),
            format!("{:.1}", preprocess.as_secs_f64() * 1e3),
            format!("{:.1}", inference.as_secs_f64() * 1e3),
        ]);
    }
    out::table(&rows)
}

/// Medians of both parts over [`BENCH_TIME`], after one run to warm up.
fn time(detector: &mut Detector) -> Result<(Duration, Duration)> {
    let (luma, chroma) = (vec![128; WIDTH * HEIGHT], vec![128; WIDTH * HEIGHT / 4]);
    let chroma = Plane { bytes: &chroma, stride: WIDTH / 2 };
    let frame = I420 {
        width: WIDTH,
        height: HEIGHT,
        pixel_aspect: 1.0,
        planes: [Plane { bytes: &luma, stride: WIDTH }, chroma, chroma],
        colours: Colours::of(&gst_video::VideoColorimetry::new(
            gst_video::VideoColorRange::Range16_235,
            gst_video::VideoColorMatrix::Bt601,
            gst_video::VideoTransferFunction::Bt601,
            gst_video::VideoColorPrimaries::Unknown,
        )),
    };
    let wanted = Wanted::new(detector.model().manifest(), &[], detector.model().manifest().thresholds.score)?;
    detector.detect(&frame, &wanted)?;
    let (mut preprocess, mut inference) = (Vec::new(), Vec::new());
    let start = Instant::now();
    while start.elapsed() < BENCH_TIME {
        let (_, timing) = detector.detect(&frame, &wanted)?;
        preprocess.push(timing.preprocess);
        inference.push(timing.inference);
    }
    preprocess.sort_unstable();
    inference.sort_unstable();
    Ok((preprocess[preprocess.len() / 2], inference[inference.len() / 2]))
}
