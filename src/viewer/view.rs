//! Which of a camera's pictures somebody watches.

use gst::prelude::*;
use serde::Deserialize;

use crate::camera::Overlay;

use super::encoder::make;

/// With boxes or without, and how large. All who watch the same view share an encode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct View {
    pub overlay: Overlay,
    /// As large as the camera has it without one.
    pub height: Option<Height>,
}

impl From<Overlay> for View {
    fn from(overlay: Overlay) -> Self {
        Self { overlay, height: None }
    }
}

/// The most lines a picture has, one of [`Height::ALLOWED`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "u32")]
pub struct Height(u32);

impl Height {
    /// What may be asked for, lines.
    pub const ALLOWED: [u32; 4] = [180, 360, 540, 720];
}

impl TryFrom<u32> for Height {
    type Error = String;

    fn try_from(lines: u32) -> Result<Self, String> {
        match Self::ALLOWED.contains(&lines) {
            true => Ok(Self(lines)),
            false => Err(format!("{lines} is none of the heights 180, 360, 540 and 720")),
        }
    }
}

/// How pictures are made smaller, if they are.
#[derive(Debug)]
pub(super) struct Scaled {
    pub(super) elements: Vec<gst::Element>,
    /// What comes out.
    pub(super) caps: gst::Caps,
    /// Its height by that of what goes in, 0 to 1.
    pub(super) ratio: f64,
}

/// Makes pictures of `caps` at most as high as `most`, in the same shape. Smaller ones stay as they are.
///
/// # Errors
/// Which element is missing.
pub(super) fn scale(caps: &gst::Caps, most: Option<Height>) -> Result<Scaled, String> {
    let untouched = Scaled { elements: Vec::new(), caps: caps.clone(), ratio: 1.0 };
    let side = |name| caps.structure(0).and_then(|fields| fields.get::<i32>(name).ok()).unwrap_or(0);
    let (width, height) = (side("width"), side("height"));
    let Some(lines) =
        most.and_then(|Height(lines)| i32::try_from(lines).ok()).filter(|&lines| lines < height)
    else {
        return Ok(untouched);
    };
    let ratio = f64::from(lines) / f64::from(height);
    // Even, as encoders want it.
    let columns = ((f64::from(width) * ratio / 2.0).round() as i32).max(1) * 2;
    let mut smaller = caps.clone();
    let fields = smaller.make_mut().structure_mut(0).ok_or("the picture has no size")?;
    fields.set("width", columns);
    fields.set("height", lines);
    let scale = make("videoscale")?;
    // A column more or less by rounding is no reason for a black border.
    scale.set_property("add-borders", false);
    let filter = make("capsfilter")?;
    filter.set_property("caps", &smaller);
    Ok(Scaled { elements: vec![scale, filter], caps: smaller, ratio })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(of: (i32, i32), most: Option<u32>) -> (i32, i32, usize) {
        gst::init().expect("GStreamer should start");
        let caps = gst::Caps::builder("video/x-raw").field("width", of.0).field("height", of.1).build();
        let most = most.map(|lines| Height::try_from(lines).expect("it should be allowed"));
        let scaled = scale(&caps, most).expect("videoscale should be there");
        let fields = scaled.caps.structure(0).expect("caps should have a structure");
        (fields.get("width").unwrap(), fields.get("height").unwrap(), scaled.elements.len())
    }

    #[test]
    fn pictures_become_smaller_in_their_shape_and_never_larger() {
        assert_eq!(size((1920, 1080), Some(360)), (640, 360, 2));
        assert_eq!(size((768, 576), Some(360)), (480, 360, 2));
        assert_eq!(size((1079, 1919), Some(180)), (102, 180, 2));
        assert_eq!(size((1, 4000), Some(180)), (2, 180, 2));
        assert_eq!(size((640, 360), Some(360)), (640, 360, 0));
        assert_eq!(size((641, 359), Some(360)), (641, 359, 0));
        assert_eq!(size((1920, 1080), None), (1920, 1080, 0));
    }

    #[test]
    fn few_heights_may_be_asked_for() {
        assert!(Height::ALLOWED.into_iter().all(|lines| Height::try_from(lines).is_ok()));
        for lines in [0, 1, 359, 4_000_000_000] {
            let error = Height::try_from(lines).unwrap_err();
            assert!(Height::ALLOWED.iter().all(|allowed| error.contains(&allowed.to_string())), "{error}");
        }
    }
}
