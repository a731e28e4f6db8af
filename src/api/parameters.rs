//! A camera's parameters as a client wrote them: what stands masked, what they may name, where secrets may go.
//!
//! A secret that was shown masked and comes back so is not a new value: the stored one stays. A mask anywhere else is
//! refused, and so is another address for a camera whose secrets stay, so that a stored password can neither be lost
//! by accident nor be sent to another machine.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::error::ApiError;
use super::request::Answer;
use crate::camera::{Description, Parameter, ParameterType, PipelineError};
use crate::domain::{Camera, ParamValue};
use crate::wire::ParameterValue;

/// What secrets are shown as.
pub(super) const MASK: &str = "***";

type Values = BTreeMap<String, ParamValue>;

/// What a client wrote, with the masked values filled in.
pub(super) struct Given {
    pub(super) values: Values,
    /// Names of what it wrote in full.
    pub(super) typed: BTreeSet<String>,
}

/// `given` with what stands masked in it taken from `before`, as long as that has the same pipeline: another one may
/// show what this one hides.
pub(super) fn restore(
    given: BTreeMap<String, ParameterValue>,
    before: Option<&Camera>,
    description: &Description,
) -> Answer<Given> {
    let before = same_pipeline(before, description);
    let shown = before.map(|before| description.shown(&before.parameters)).unwrap_or_default();
    let mut restored = Given { values: Values::new(), typed: BTreeSet::new() };
    for (key, value) in given {
        let value = ParamValue::from(value);
        if !matches!(&value, ParamValue::Text(text) if text.contains(MASK)) {
            restored.typed.insert(key.clone());
            restored.values.insert(key, value);
            continue;
        }
        let stored = before.and_then(|before| before.parameters.get(&key));
        let Some(stored) = stored.filter(|_| shown.get(&key) == Some(&value)) else {
            return Err(ApiError::invalid(
                format!("parameters.{key}"),
                format!("{MASK} stands for a secret; write the secret itself, or send back what was shown"),
            ));
        };
        restored.values.insert(key, stored.clone());
    }
    Ok(restored)
}

/// Refuses `after` when it has another address than `before`, but secrets that were kept: those whose names are not
/// among the `typed` ones.
pub(super) fn keep_secrets_home(
    description: &Description,
    before: &Camera,
    after: &Values,
    typed: &BTreeSet<String>,
) -> Answer<()> {
    let Some(before) = same_pipeline(Some(before), description) else { return Ok(()) };
    if addresses(description, &before.parameters) == addresses(description, after) {
        return Ok(());
    }
    for (key, value) in after.iter().filter(|(key, _)| !typed.contains(*key)) {
        let alone = Values::from([(key.clone(), value.clone())]);
        if !description.secrets(&alone).is_empty() {
            return Err(ApiError::invalid(
                format!("parameters.{key}"),
                "belongs to the address before; write it again for the new one, or null to drop it",
            ));
        }
    }
    Ok(())
}

fn same_pipeline<'a>(before: Option<&'a Camera>, description: &Description) -> Option<&'a Camera> {
    before.filter(|before| before.pipeline == description.name)
}

/// Where each address leads, whatever a description calls its type. It is compared letter by letter up to the path: programs do not agree on how an odd one
/// is to be read.
fn addresses<'a>(description: &'a Description, values: &'a Values) -> Vec<Option<&'a str>> {
    let lead = |text: &'a str| {
        let begin = text.find("://").map_or(0, |at| at + 3);
        let end = text[begin..].find(['/', '?']).map_or(text.len(), |length| begin + length);
        &text[..end]
    };
    let lead_of = |parameter: &'a Parameter| match values.get(&parameter.name).or(parameter.default.as_ref())
    {
        Some(ParamValue::Text(text)) if parameter.kind == ParameterType::Url || text.contains("://") => {
            Some(lead(text))
        }
        _ => None,
    };
    description.parameters.iter().map(lead_of).collect()
}

/// Checks `values` against the description and against what clients may name at all; the path of a file becomes the
/// one it really has. What `before` had may stay, wherever it lies. Touches the file system.
///
/// # Errors
/// The parameter that does not fit.
pub(super) fn check(
    description: &Description,
    media_dir: Option<&Path>,
    before: Option<&Camera>,
    values: &mut Values,
) -> Result<(), PipelineError> {
    let before = same_pipeline(before, description);
    for (key, value) in values.iter_mut() {
        if before.is_some_and(|before| before.parameters.get(key) == Some(value)) {
            continue;
        }
        let ParamValue::Text(text) = value else { continue };
        let refuse = |reason: String| PipelineError::Parameter { key: key.clone(), reason };
        // Postgres cannot keep a zero, and nobody means the others.
        if text.chars().any(char::is_control) {
            return Err(refuse("has a control character in it".to_owned()));
        }
        if description.parameter(key).is_some_and(|parameter| parameter.kind == ParameterType::Path) {
            *text = named_file(media_dir, text).map_err(refuse)?;
        }
    }
    description.check_parameters(values)
}

/// Takes files that a client may not name out of the defaults of a description that it wrote, and says which.
pub(super) fn confine_defaults(
    description: &mut Description,
    media_dir: Option<&Path>,
) -> Vec<PipelineError> {
    let mut refused = Vec::new();
    let paths = description.parameters.iter_mut().filter(|parameter| parameter.kind == ParameterType::Path);
    for parameter in paths {
        if let Some(ParamValue::Text(text)) = &parameter.default
            && let Err(reason) = named_file(media_dir, text)
        {
            refused.push(PipelineError::Parameter { key: parameter.name.clone(), reason });
            parameter.default = None;
        }
    }
    refused
}

fn named_file(media_dir: Option<&Path>, file: &str) -> Result<String, String> {
    let Some(folder) = media_dir else {
        return Err("files cannot be named here, as `server.media_dir` is not set".to_owned());
    };
    below(folder, file)
        .ok_or_else(|| format!("there is no file {file:?} in the folder of `server.media_dir`"))
}

/// The real path of `file` when that lies below `folder`. Of what lies elsewhere nothing is told, not even whether it
/// is there.
fn below(folder: &Path, file: &str) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let path: PathBuf = folder.join(file).canonicalize().ok()?;
    let is_below = path.starts_with(&folder) && path != folder;
    path.to_str().filter(|_| is_below).map(str::to_owned)
}
