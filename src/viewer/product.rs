//! What a rendition makes of pictures: H.264 for WebRTC, or JPEG for MJPEG.

use std::sync::Arc;

use gst::prelude::*;

use super::ViewerError;
use super::encoder::{self, Encoders};
use super::view::{Height, Scaled, scale};

/// See the module.
#[derive(Debug, Clone)]
pub(super) enum Product {
    H264(Arc<Encoders>),
    Jpeg { quality: u32 },
}

/// A way to make it that is worth a try; after it failed, ask for the next.
#[derive(Debug)]
pub(super) enum Attempt {
    H264 { recipe: &'static encoder::Recipe, bitrate_kbps: u32 },
    Jpeg { quality: u32 },
}

impl Product {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::H264(_) => Kind::H264,
            Self::Jpeg { .. } => Kind::Jpeg,
        }
    }

    /// The first way to make it, or the next behind `failed`.
    ///
    /// # Errors
    /// [`ViewerError::NoEncoder`] when there is none.
    pub(super) async fn attempt(&self, failed: Option<&Attempt>) -> Result<Attempt, ViewerError> {
        match (self, failed) {
            (Self::H264(encoders), failed) => {
                let failed = match failed {
                    Some(Attempt::H264 { recipe, .. }) => Some(recipe.element),
                    _ => None,
                };
                let recipe = encoders.working(failed).await?;
                Ok(Attempt::H264 { recipe, bitrate_kbps: encoders.bitrate_kbps() })
            }
            (Self::Jpeg { quality }, None) => {
                find_jpeg_encoder()?;
                Ok(Attempt::Jpeg { quality: *quality })
            }
            (Self::Jpeg { .. }, Some(_)) => Err(no_jpeg("jpegenc: failed while running".into())),
        }
    }
}

impl Attempt {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::H264 { recipe, .. } => recipe.element,
            Self::Jpeg { .. } => "jpegenc",
        }
    }

    /// The elements that encode pictures of `caps`, no higher than `height`.
    ///
    /// # Errors
    /// Which one is missing.
    pub(super) fn elements(
        &self,
        caps: &gst::Caps,
        height: Option<Height>,
    ) -> Result<Vec<gst::Element>, String> {
        let Scaled { mut elements, caps, ratio } = scale(caps, height)?;
        match self {
            Self::H264 { recipe, bitrate_kbps } => {
                elements.extend(even(&caps)?);
                // A pixel of a small picture has more in it: bits go down with the height, not with the area.
                let kbps = (f64::from(*bitrate_kbps) * ratio).ceil() as u32;
                elements.extend(recipe.elements(kbps)?);
            }
            Self::Jpeg { quality } => {
                elements.push(jpeg_encoder(*quality).map_err(|error| error.to_string())?);
            }
        }
        Ok(elements)
    }
}

/// H.264 with halved colour planes has even sizes only: an odd last column or line is cut off.
fn even(caps: &gst::Caps) -> Result<Vec<gst::Element>, String> {
    let odd = |side| caps.structure(0).and_then(|fields| fields.get::<i32>(side).ok()).unwrap_or(0) % 2;
    let (right, bottom) = (odd("width"), odd("height"));
    if right == 0 && bottom == 0 {
        return Ok(Vec::new());
    }
    let crop = encoder::make("videocrop")?;
    crop.set_property("right", right);
    crop.set_property("bottom", bottom);
    Ok(vec![crop])
}

/// Tells renditions of one picture apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    H264,
    Jpeg,
}

/// # Errors
/// [`ViewerError::NoEncoder`] when it is not installed.
pub(super) fn find_jpeg_encoder() -> Result<(), ViewerError> {
    match gst::ElementFactory::find("jpegenc") {
        Some(_) => Ok(()),
        None => Err(no_jpeg("jpegenc: not installed".into())),
    }
}

fn jpeg_encoder(quality: u32) -> Result<gst::Element, ViewerError> {
    gst::ElementFactory::make("jpegenc")
        .property("quality", i32::try_from(quality).unwrap_or(100).clamp(1, 100))
        .build()
        .map_err(|_| no_jpeg("jpegenc: not installed".into()))
}

fn no_jpeg(tried: String) -> ViewerError {
    ViewerError::NoEncoder { codec: "JPEG", package: "gstreamer1.0-plugins-good", tried }
}
