//! `atalaya models`: what models there are, whether they are sound, and how fast they are here.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use gstvision::engine::{
    Assets, Catalog, Colours, EngineError, Feed, I420, Manifest, Network, Plane, Preprocessor, Tensor, silero,
};

use super::args::ModelsCommand;
use super::out;
use crate::app::load_options;
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
        ModelsCommand::Verify { names } => verify(&chosen(&catalog, &names)?, config),
        ModelsCommand::Bench { names } => bench(&chosen(&catalog, &names)?, config),
    }
}

fn chosen(catalog: &Catalog, names: &[String]) -> Result<Vec<Manifest>> {
    if names.is_empty() {
        return Ok(catalog.iter().cloned().collect());
    }
    names.iter().map(|name| Ok(catalog.find(name)?)).collect()
}

fn list(catalog: &Catalog, assets: &Assets) -> Result<()> {
    let mut rows = vec![["model", "job", "input", "licence", "weights", "what"].map(str::to_owned).to_vec()];
    for manifest in catalog.iter() {
        let there = if assets.weights(manifest).is_file() { "there" } else { "missing: make setup" };
        rows.push(vec![
            manifest.name.clone(),
            manifest.job().name().to_owned(),
            input(manifest),
            manifest.licence.clone(),
            there.to_owned(),
            manifest.description.clone(),
        ]);
    }
    out::table(&rows)
}

fn input(manifest: &Manifest) -> String {
    let picture = manifest.input.as_ref().map(|input| format!("{}x{}", input.width, input.height));
    let sound = manifest.sound.map(|sound| format!("{} at {} Hz", sound.samples, sound.rate_hz));
    picture.or(sound).unwrap_or_default()
}

fn verify(manifests: &[Manifest], config: &Config) -> Result<()> {
    let mut wrong = 0;
    for manifest in manifests {
        match Network::load(manifest, &load_options(config, 1)?) {
            Ok(network) => {
                out::line(format_args!("{}: sound, runs on {}", manifest.name, network.device().name()))?;
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

fn bench(manifests: &[Manifest], config: &Config) -> Result<()> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = [1, 2, 4].into_iter().filter(|&threads| threads == 1 || threads <= cores);
    let mut rows =
        vec![["model", "device", "threads", "preprocess ms", "inference ms"].map(str::to_owned).to_vec()];
    for (manifest, threads) in manifests.iter().flat_map(|m| threads.clone().map(move |t| (m, t))) {
        let network = Network::load(manifest, &load_options(config, threads)?)?;
        let times = time(&network)?;
        let ms = |part: fn(&Times) -> Duration| format!("{:.2}", median(&times, part).as_secs_f64() * 1e3);
        rows.push(vec![
            manifest.name.clone(),
            network.device().name().to_owned(),
            threads.to_string(),
            if manifest.input.is_some() { ms(|times| times.preprocess) } else { "-".to_owned() },
            ms(|times| times.inference),
        ]);
    }
    out::table(&rows)
}

/// How long the two parts of one look took.
struct Times {
    /// From the picture to the tensor.
    preprocess: Duration,
    /// The network alone.
    inference: Duration,
}

fn median(times: &[Times], part: fn(&Times) -> Duration) -> Duration {
    let mut parts: Vec<_> = times.iter().map(part).collect();
    parts.sort_unstable();
    parts[parts.len() / 2]
}

/// Times of looks at a grey picture or of silence for [`BENCH_TIME`], after one to warm up.
fn time(network: &Network) -> Result<Vec<Times>> {
    let mut look = looker(network)?;
    look()?;
    let (start, mut times) = (Instant::now(), Vec::new());
    while times.is_empty() || start.elapsed() < BENCH_TIME {
        times.push(look()?);
    }
    Ok(times)
}

type Look<'a> = Box<dyn FnMut() -> Result<Times, EngineError> + 'a>;

fn looker(network: &Network) -> Result<Look<'_>> {
    let Some(input) = &network.manifest().input else {
        let mut listener = silero::Listener::new(network.manifest())?;
        let silence = vec![0.0; network.manifest().sound_for_voice()?.samples];
        return Ok(Box::new(move || {
            let start = Instant::now();
            listener.listen(&silence, |feeds| network.run(feeds, silero::read))?;
            Ok(Times { preprocess: Duration::ZERO, inference: start.elapsed() })
        }));
    };
    let (mut preprocessor, mut tensor) = (Preprocessor::new(input), Tensor::default());
    let grey = vec![128; WIDTH * HEIGHT];
    Ok(Box::new(move || {
        let start = Instant::now();
        preprocessor.fill(&picture(&grey), &mut tensor);
        let filled = Instant::now();
        network.run(&[Feed::F32(tensor.values())], |_| Ok(()))?;
        Ok(Times { preprocess: filled - start, inference: filled.elapsed() })
    }))
}

/// A picture whose planes all begin with the bytes of `grey`.
fn picture(grey: &[u8]) -> I420<'_> {
    let chroma = Plane { bytes: grey, stride: WIDTH / 2 };
    I420 {
        width: WIDTH,
        height: HEIGHT,
        pixel_aspect: 1.0,
        planes: [Plane { bytes: grey, stride: WIDTH }, chroma, chroma],
        colours: Colours::of(&gst_video::VideoColorimetry::new(
            gst_video::VideoColorRange::Range16_235,
            gst_video::VideoColorMatrix::Bt601,
            gst_video::VideoTransferFunction::Bt601,
            gst_video::VideoColorPrimaries::Unknown,
        )),
    }
}
