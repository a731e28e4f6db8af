//! Does a network's input fit its manifest? Asked once, at load, so that no frame is ever fed to a wrong network.

use std::fmt;

use ort::value::{Outlet, TensorElementType, ValueType};

use super::decode::silero;
use super::manifest::Manifest;

/// Name, type and shape of an input or output, free of ONNX Runtime so that the decoders stay pure.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TensorInfo {
    pub(super) name: String,
    pub(super) is_f32: bool,
    /// As people read it, e.g. `f32` or `u8`.
    kind: String,
    /// -1 where the size is open.
    pub(super) shape: Vec<i64>,
}

impl TensorInfo {
    #[cfg(test)]
    pub(super) fn f32(name: &str, shape: &[i64]) -> Self {
        Self { name: name.to_owned(), is_f32: true, kind: "f32".to_owned(), shape: shape.to_vec() }
    }

    fn of(outlet: &Outlet) -> Self {
        let (is_f32, kind, shape) = match outlet.dtype() {
            ValueType::Tensor { ty, shape, .. } => {
                (*ty == TensorElementType::Float32, ty.to_string(), shape.iter().copied().collect())
            }
            other => (false, other.to_string(), Vec::new()),
        };
        Self { name: outlet.name().to_owned(), is_f32, kind, shape }
    }

    /// True when name, type and shape are as promised, or the shape is open where it differs.
    fn keeps(&self, promise: &Expected) -> bool {
        let is_open = |(found, wanted): (&i64, &i64)| found == wanted || *found == -1 || *wanted == -1;
        promise.name.as_ref().is_none_or(|name| *name == self.name)
            && self.kind == promise.kind
            && self.shape.len() == promise.shape.len()
            && self.shape.iter().zip(&promise.shape).all(is_open)
    }
}

/// A tensor as the manifest promises it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expected {
    /// Any when `None`.
    pub(super) name: Option<String>,
    /// As [`TensorInfo`] has it.
    kind: &'static str,
    /// -1 where any size will do.
    pub(super) shape: Vec<i64>,
}

impl Expected {
    /// One of floats.
    pub(super) fn f32(name: Option<&str>, shape: Vec<i64>) -> Self {
        Self { name: name.map(str::to_owned), kind: "f32", shape }
    }

    /// One of whole numbers.
    pub(super) fn i64(name: &str, shape: Vec<i64>) -> Self {
        Self { name: Some(name.to_owned()), kind: "i64", shape }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name:?} {} {:?}", self.kind, self.shape),
            None => write!(f, "one {} {:?}", self.kind, self.shape),
        }
    }
}

impl fmt::Display for TensorInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" {} {:?}", self.name, self.kind, self.shape)
    }
}

/// Describes all of `outlets`.
pub(super) fn describe(outlets: &[Outlet]) -> Vec<TensorInfo> {
    outlets.iter().map(TensorInfo::of).collect()
}

/// Puts tensors into a message.
pub(super) fn list(tensors: &[TensorInfo]) -> String {
    tensors.iter().map(TensorInfo::to_string).collect::<Vec<_>>().join(", ")
}

/// The inputs that the network of `manifest` must have, in the order they are fed.
pub(super) fn inputs_of(manifest: &Manifest) -> Vec<Expected> {
    let picture =
        manifest.input.iter().map(|input| Expected::f32(None, input.shape().map(|side| side as i64).into()));
    let sound = manifest.sound.iter().flat_map(silero::inputs);
    picture.chain(sound).collect()
}

/// Checks that `found` are all of `expected` and nothing else, since a network runs only when every input is fed; gives
/// their names in that order. The error says what was found and what was expected.
pub(super) fn check_inputs(expected: &[Expected], found: &[TensorInfo]) -> Result<Vec<String>, String> {
    let places = place(expected, found).filter(|_| expected.len() == found.len());
    let places = places.ok_or_else(|| complaint("inputs", expected, found))?;
    Ok(places.into_iter().map(|place| found[place].name.clone()).collect())
}

/// Checks that all of `expected` are among `found`; gives where. The error says what was found and what was expected.
pub(super) fn check_outputs(expected: &[Expected], found: &[TensorInfo]) -> Result<Vec<usize>, String> {
    place(expected, found).ok_or_else(|| complaint("outputs", expected, found))
}

fn place(expected: &[Expected], found: &[TensorInfo]) -> Option<Vec<usize>> {
    expected.iter().map(|promise| found.iter().position(|tensor| tensor.keeps(promise))).collect()
}

fn complaint(what: &str, expected: &[Expected], found: &[TensorInfo]) -> String {
    let expected: Vec<_> = expected.iter().map(Expected::to_string).collect();
    format!("{what}: found {}; expected {}", list(found), expected.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_fits_when_every_fixed_side_does() {
        let manifest = Manifest::parse(include_str!("../../tests/models/blob.toml"), "blob.toml").unwrap();
        let fits = |inputs: &[TensorInfo]| check_inputs(&inputs_of(&manifest), inputs);
        assert_eq!(fits(&[TensorInfo::f32("image", &[1, 3, 240, 320])]), Ok(vec!["image".to_owned()]));
        assert_eq!(fits(&[TensorInfo::f32("image", &[-1, 3, -1, -1])]), Ok(vec!["image".to_owned()]));
        let error = fits(&[TensorInfo::f32("image", &[1, 3, 320, 240])]).unwrap_err();
        assert_eq!(error, "inputs: found \"image\" f32 [1, 3, 320, 240]; expected one f32 [1, 3, 240, 320]");
        let bytes = TensorInfo {
            is_f32: false,
            kind: "u8".to_owned(),
            ..TensorInfo::f32("image", &[1, 3, 240, 320])
        };
        assert!(fits(std::slice::from_ref(&bytes)).unwrap_err().contains("\"image\" u8"));
        assert!(fits(&[bytes.clone(), bytes]).is_err());
        assert!(fits(&[]).is_err());
    }

    #[test]
    fn outputs_are_found_by_name_wherever_they_lie() {
        let scores = Expected::f32(Some("scores"), vec![1, 2]);
        let boxes = Expected::f32(Some("boxes"), vec![-1, 4]);
        let found = [
            TensorInfo::f32("other", &[1, 2]),
            TensorInfo::f32("boxes", &[7, 4]),
            TensorInfo::f32("scores", &[1, -1]),
        ];
        assert_eq!(check_outputs(&[scores.clone(), boxes.clone()], &found), Ok(vec![2, 1]));
        let error = check_outputs(&[scores, boxes], &found[..2]).unwrap_err();
        let expected = "outputs: found \"other\" f32 [1, 2], \"boxes\" f32 [7, 4]; \
                        expected \"scores\" f32 [1, 2], \"boxes\" f32 [-1, 4]";
        assert_eq!(error, expected);
    }
}
