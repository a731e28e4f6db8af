//! Does a network's input fit its manifest? Asked once, at load, so that no frame is ever fed to a wrong network.

use std::fmt;

use ort::value::{Outlet, TensorElementType, ValueType};

use super::decode::silero;
use super::manifest::{Input, Manifest};

/// Kind of a tensor that takes pixels as they are, 0..255.
pub(super) const BYTES: &str = "u8";

/// Name, type and shape of an input or output, free of ONNX Runtime so that the decoders stay pure.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TensorInfo {
    pub(super) name: String,
    pub(super) is_f32: bool,
    /// i64, as classes are counted.
    pub(super) is_whole: bool,
    /// As people read it, e.g. `f32` or `u8`.
    pub(super) kind: String,
    /// -1 where the size is open.
    pub(super) shape: Vec<i64>,
}

impl TensorInfo {
    pub(super) fn f32(name: &str, shape: &[i64]) -> Self {
        let kind = "f32".to_owned();
        Self { name: name.to_owned(), is_f32: true, is_whole: false, kind, shape: shape.to_vec() }
    }

    #[cfg(test)]
    pub(super) fn i64(name: &str, shape: &[i64]) -> Self {
        Self { is_f32: false, is_whole: true, kind: "i64".to_owned(), ..Self::f32(name, shape) }
    }

    fn of(outlet: &Outlet) -> Self {
        let (element, kind, shape) = match outlet.dtype() {
            ValueType::Tensor { ty, shape, .. } => (Some(*ty), ty.to_string(), shape.to_vec()),
            other => (None, other.to_string(), Vec::new()),
        };
        let is = |wanted| element == Some(wanted);
        let (is_f32, is_whole) = (is(TensorElementType::Float32), is(TensorElementType::Int64));
        Self { name: outlet.name().to_owned(), is_f32, is_whole, kind, shape }
    }

    /// True when name, type and shape are as promised, or the shape is open where it differs.
    fn keeps(&self, promise: &Expected) -> bool {
        let is_open = |(found, wanted): (&i64, &i64)| found == wanted || *found == -1 || *wanted == -1;
        promise.name.as_ref().is_none_or(|name| *name == self.name)
            && promise.kinds.contains(&self.kind.as_str())
            && self.shape.len() == promise.shape.len()
            && self.shape.iter().zip(&promise.shape).all(is_open)
    }
}

/// A tensor as the manifest promises it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expected {
    /// Any when `None`.
    pub(super) name: Option<String>,
    /// As [`TensorInfo`] has it; any of these.
    kinds: &'static [&'static str],
    /// -1 where any size will do.
    pub(super) shape: Vec<i64>,
}

impl Expected {
    /// One of floats.
    pub(super) fn f32(name: Option<&str>, shape: Vec<i64>) -> Self {
        Self { name: name.map(str::to_owned), kinds: &["f32"], shape }
    }

    /// One of whole numbers.
    pub(super) fn i64(name: &str, shape: Vec<i64>) -> Self {
        Self { name: Some(name.to_owned()), kinds: &["i64"], shape }
    }

    /// A picture, as floats or, with [`BYTES`], as it comes out of a camera.
    fn picture(shape: [usize; 4]) -> Self {
        Self { name: None, kinds: &["f32", BYTES], shape: shape.map(|side| side as i64).into() }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = self.kinds.join(" or ");
        match &self.name {
            Some(name) => write!(f, "{name:?} {kinds} {:?}", self.shape),
            None => write!(f, "one {kinds} {:?}", self.shape),
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
fn inputs_of(manifest: &Manifest) -> Vec<Expected> {
    let picture = manifest.input.iter().map(|input| Expected::picture(input.shape()));
    let sound = manifest.sound.iter().flat_map(silero::inputs);
    picture.chain(sound).collect()
}

/// Checks that `found` are all that `manifest` expects and nothing else, since a network runs only when every input is
/// fed; gives them in the order they are fed. The error says what was found and what was expected.
pub(super) fn check_inputs(manifest: &Manifest, found: &[TensorInfo]) -> Result<Vec<TensorInfo>, String> {
    let expected = inputs_of(manifest);
    let places = place(&expected, found).filter(|_| expected.len() == found.len());
    let places = places.ok_or_else(|| complaint("inputs", &expected, found))?;
    let fed = places.into_iter().zip(expected).map(|(place, promise)| {
        let TensorInfo { name, kind, .. } = &found[place];
        if let Some(input) = manifest.input.as_ref().filter(|input| kind == BYTES && !input.is_plain()) {
            let Input { mean, std, .. } = input;
            return Err(format!(
                "inputs: {name:?} takes bytes, 0 to 255; expected a mean of 0 and a std of 1, not {mean:?} and {std:?}"
            ));
        }
        Ok(TensorInfo { shape: promise.shape, ..found[place].clone() })
    });
    fed.collect()
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
        let fits = |inputs: &[TensorInfo]| check_inputs(&manifest, inputs);
        let whole = TensorInfo::f32("image", &[1, 3, 240, 320]);
        assert_eq!(fits(std::slice::from_ref(&whole)), Ok(vec![whole.clone()]));
        assert_eq!(fits(&[TensorInfo::f32("image", &[-1, 3, -1, -1])]), Ok(vec![whole]));
        let error = fits(&[TensorInfo::f32("image", &[1, 3, 320, 240])]).unwrap_err();
        assert_eq!(
            error,
            "inputs: found \"image\" f32 [1, 3, 320, 240]; expected one f32 or u8 [1, 3, 240, 320]"
        );
        let kind = |kind: &str| TensorInfo {
            is_f32: false,
            kind: kind.to_owned(),
            ..TensorInfo::f32("image", &[1, 3, 240, 320])
        };
        assert!(fits(&[kind("f16")]).unwrap_err().contains("\"image\" f16"));
        assert!(fits(&[kind("f32"), kind("f32")]).is_err());
        assert!(fits(&[]).is_err());
        let error = fits(&[kind("u8")]).unwrap_err();
        assert!(
            error.starts_with("inputs: \"image\" takes bytes, 0 to 255; expected a mean of 0"),
            "{error}"
        );
        let plain =
            include_str!("../../tests/models/blob.toml").replace("255.0, 255.0, 255.0", "1.0, 1.0, 1.0");
        let plain = Manifest::parse(&plain, "blob.toml").unwrap();
        assert_eq!(check_inputs(&plain, &[kind("u8")]), Ok(vec![kind("u8")]));
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
