//! Other people's trackers on our detections, and other people's figures for our boxes.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::clip::{self, Clip};
use crate::mot::Boxes;

/// Runs trackers in Python and judges boxes with it.
pub(crate) struct Peers {
    /// Interpreters, each with one package; see `scripts/peers.sh`.
    interpreters: Vec<PathBuf>,
    /// Where they write.
    folder: tempfile::TempDir,
}

impl Peers {
    pub(crate) fn new(interpreters: &str) -> Result<Self> {
        let interpreters = interpreters.split_whitespace().map(PathBuf::from).collect();
        Ok(Self { interpreters, folder: tempfile::tempdir()? })
    }

    /// What each tracker makes of our detections in `clip`, by its name and setting.
    pub(crate) fn tracks(&self, clip: &Clip) -> Result<Vec<(String, Boxes)>> {
        let folder = self.folder.path().join(&clip.name);
        std::fs::create_dir_all(&folder)?;
        let detections = self.folder.path().join(format!("{}.txt", clip.name));
        std::fs::write(&detections, clip.detections()?)?;
        for interpreter in &self.interpreters {
            let fps = clip.fps.to_string();
            self.python(interpreter, "peers.py", &[fps.as_ref(), detections.as_ref(), folder.as_ref()])?;
        }
        let mut files: Vec<_> =
            std::fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
        files.sort();
        let tracks = |file: PathBuf| {
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            Ok((name, clip::read(&file)?))
        };
        files.into_iter().map(tracks).collect()
    }

    /// MOTA and IDF1 of `found`, in percent, as py-motmetrics has them; `None` when that is not there.
    pub(crate) fn judge(&self, clip: &Clip, found: &Boxes) -> Result<Option<(f64, f64)>> {
        let file = self.folder.path().join("ours.txt");
        std::fs::write(&file, clip::rows(found))?;
        for interpreter in &self.interpreters {
            let answer = self.python(interpreter, "judge.py", &[clip.truth_file.as_ref(), file.as_ref()])?;
            let figures: Vec<f64> = answer.split_whitespace().filter_map(|word| word.parse().ok()).collect();
            if let [mota, idf1] = figures[..] {
                return Ok(Some((mota, idf1)));
            }
        }
        Ok(None)
    }

    fn python(&self, interpreter: &Path, script: &str, arguments: &[&Path]) -> Result<String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/accuracy").join(script);
        let output = Command::new(interpreter).arg(&script).args(arguments).output();
        let output = output.with_context(|| format!("{}", interpreter.display()))?;
        if !output.status.success() {
            bail!("{}: {}", script.display(), String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?)
    }
}
