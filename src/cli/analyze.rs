//! `atalaya analyze`: who is on pictures.

use std::path::Path;

use anyhow::{Context, Result, bail};
use gstvision::engine::Catalog;

use super::args::AnalyzeArgs;
use super::out;
use crate::app::load_options;
use crate::config::Config;
use crate::still::{Analyser, Picture};
use crate::wire::image::{Image, Person};

/// Larger files are no pictures of a camera.
const MAX_BYTES: u64 = 64 << 20;

/// # Errors
/// When the model cannot be used, or a picture cannot be analysed; the others are, first.
pub(super) fn run(args: &AnalyzeArgs, config: &Config) -> Result<()> {
    let catalog = Catalog::open(config.models_dir.as_deref())?;
    let options = load_options(config, config.detector.threads.into())?;
    let mut analyser = Analyser::load(catalog.into(), &config.detector.model, options)?;
    let mut failed = 0;
    for path in &args.images {
        match analyse(&mut analyser, path) {
            Ok(image) => out::line(image.to_json())?,
            Err(error) => {
                failed += 1;
                out::complain(&error);
            }
        }
    }
    match failed {
        0 => Ok(()),
        1 => bail!("1 picture could not be analysed"),
        many => bail!("{many} pictures could not be analysed"),
    }
}

fn analyse(analyser: &mut Analyser, path: &Path) -> Result<Image> {
    let name = path.display().to_string();
    let size = std::fs::metadata(path).with_context(|| name.clone())?.len();
    if size > MAX_BYTES {
        bail!("{name}: {size} bytes are too many for a picture; at most {MAX_BYTES}");
    }
    let bytes = std::fs::read(path).with_context(|| name.clone())?;
    let picture = Picture::decode(&bytes).with_context(|| name.clone())?;
    let people = analyser.analyse(&picture).with_context(|| name.clone())?;
    let size = (picture.width(), picture.height());
    let people = people.iter().map(|person| Person::new(&person.detection, person.face, size)).collect();
    Ok(Image { file: name, width: size.0, height: size.1, people })
}
