//! `atalaya models`: what models there are, whether they are sound, and how fast they are here.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use gstvision::engine::{
    self, AUTO, Assets, Catalog, Colours, Device, EngineError, Feed, I420, LoadOptions, Manifest, Network,
    Plane, Preprocessor, Tensor, silero,
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
    match command {
        ModelsCommand::List => list(&catalog, &load_options(config, 1)?),
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

fn list(catalog: &Catalog, options: &LoadOptions) -> Result<()> {
    let mut rows =
        vec![["model", "job", "auto", "input", "licence", "weights", "what"].map(str::to_owned).to_vec()];
    for manifest in catalog.iter() {
        let there = if options.assets.weights(manifest).is_file() { "there" } else { "missing: make setup" };
        rows.push(vec![
            manifest.name.clone(),
            manifest.job().name().to_owned(),
            // What "auto" stands for on this machine.
            if catalog.choose(manifest.job(), AUTO, options)? == *manifest { AUTO } else { "-" }.to_owned(),
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
    let threads: Vec<_> = [1, 2, 4].into_iter().filter(|&threads| threads == 1 || threads <= cores).collect();
    let runtime = config.detector.runtime.clone();
    let runtime = runtime.unwrap_or_else(|| Assets::new(&config.assets_dir).runtime());
    let there = engine::devices(&runtime)?;
    let devices = match config.detector.device.parse()? {
        Device::Auto => there.clone(),
        named => vec![named],
    };
    let mut rows =
        vec![["model", "device", "threads", "preprocess ms", "inference ms"].map(str::to_owned).to_vec()];
    let mut failures = Vec::new();
    for manifest in manifests {
        for (&device, &threads) in devices.iter().flat_map(|d| threads.iter().map(move |t| (d, t))) {
            let options = LoadOptions { device, ..load_options(config, threads)? };
            let figures = match Network::load(manifest, &options) {
                Ok(network) => figures(&time(&network)?, manifest.input.is_some()),
                // Another device may take what this one does not.
                Err(error) if devices.len() > 1 => {
                    failures.push(error);
                    ["-", "failed"].map(str::to_owned)
                }
                Err(error) => return Err(error.into()),
            };
            let place = [manifest.name.clone(), device.name().to_owned(), threads.to_string()];
            rows.push(place.into_iter().chain(figures).collect());
        }
    }
    out::table(&rows)?;
    for failure in failures {
        out::line(failure)?;
    }
    let absent = Device::NAMED.into_iter().filter(|device| !there.contains(device)).map(Device::name);
    let absent = absent.collect::<Vec<_>>().join(", ");
    if !absent.is_empty() {
        out::line(format_args!("ONNX Runtime {} has no {absent}", runtime.display()))?;
    }
    Ok(())
}

/// The medians in milliseconds: of the way into the tensor, when there is one, and of the network.
fn figures(times: &[Times], has_picture: bool) -> [String; 2] {
    let ms = |part: fn(&Times) -> Duration| format!("{:.2}", median(times, part).as_secs_f64() * 1e3);
    let preprocess = if has_picture { ms(|times| times.preprocess) } else { "-".to_owned() };
    [preprocess, ms(|times| times.inference)]
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
