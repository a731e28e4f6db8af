//! Does a network's input fit its manifest? Asked once, at load, so that no frame is ever fed to a wrong network.

use std::fmt;

use ort::value::{Outlet, TensorElementType, ValueType};

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

    /// True when the shape is `wanted`, or open where it differs.
    pub(super) fn takes(&self, wanted: &[i64]) -> bool {
        self.is_f32
            && self.shape.len() == wanted.len()
            && self.shape.iter().zip(wanted).all(|(found, wanted)| found == wanted || *found == -1)
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

/// Checks that `inputs` are the one the manifest describes; the error says what was found and what was expected.
pub(super) fn check_inputs(manifest: &Manifest, inputs: &[TensorInfo]) -> Result<(), String> {
    let expected = manifest.input_shape();
    if let [input] = inputs
        && input.takes(&expected.map(|side| side as i64))
    {
        return Ok(());
    }
    Err(format!("inputs: found {}; expected one f32 {expected:?}", list(inputs)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_fits_when_every_fixed_side_does() {
        let manifest = Manifest::parse(include_str!("../../tests/models/blob.toml"), "blob.toml").unwrap();
        let fits = |inputs: &[TensorInfo]| check_inputs(&manifest, inputs);
        assert_eq!(fits(&[TensorInfo::f32("image", &[1, 3, 240, 320])]), Ok(()));
        assert_eq!(fits(&[TensorInfo::f32("image", &[-1, 3, -1, -1])]), Ok(()));
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
}
