//! Which Debian package holds an element, so that "not found" comes with the command that helps.

/// Packages of Debian 12, each followed by indented lines with the elements in it.
const ELEMENTS: &str = include_str!("packages.txt");

/// The package with the decoders and encoders of FFmpeg, whose elements share prefixes.
const LIBAV: &str = "gstreamer1.0-libav";

/// The Debian package that holds element `factory`; `None` when no known one does.
pub fn debian_package(factory: &str) -> Option<&'static str> {
    if ["avdec_", "avenc_", "avmux_", "avdemux_"].iter().any(|prefix| factory.starts_with(prefix)) {
        return Some(LIBAV);
    }
    let mut package = None;
    for line in ELEMENTS.lines() {
        if !line.starts_with(' ') {
            package = Some(line);
        } else if line.split_whitespace().any(|name| name == factory) {
            return package;
        }
    }
    None
}

/// The Debian package that decodes `media_type`, e.g. `video/x-h265`.
pub(in crate::camera) fn decoder_package(media_type: &str) -> &'static str {
    match media_type {
        "video/x-vp8" | "video/x-vp9" | "image/jpeg" | "image/png" => "gstreamer1.0-plugins-good",
        "video/x-av1" => "gstreamer1.0-plugins-bad",
        _ => LIBAV,
    }
}

/// Says that `factory` is not there and what to do about it.
pub(super) fn missing_element(factory: &str) -> String {
    match debian_package(factory) {
        Some(package) => format!("no element `{factory}` on this machine: apt install {package}"),
        None => match nearest(factory) {
            Some(near) => format!("no element `{factory}`; did you mean `{near}`?"),
            None => format!("no element `{factory}`, and no known Debian package has it"),
        },
    }
}

/// The known element that differs in one or two letters.
fn nearest(factory: &str) -> Option<&'static str> {
    const VISION: [&str; 6] =
        ["visionattributes", "visionblur", "visiondetect", "visionmask", "visionoverlay", "visiontrack"];
    let known = ELEMENTS.lines().filter(|line| line.starts_with(' ')).flat_map(str::split_whitespace);
    let scored = known.chain(VISION).map(|name| (distance(factory, name), name));
    scored.min().filter(|&(letters, _)| letters <= 2).map(|(_, name)| name)
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_elements_have_packages() {
        for (factory, package) in [
            ("rtspsrc", Some("gstreamer1.0-plugins-good")),
            ("x264enc", Some("gstreamer1.0-plugins-ugly")),
            ("h264parse", Some("gstreamer1.0-plugins-bad")),
            ("videoconvert", Some("gstreamer1.0-plugins-base")),
            ("queue", Some("libgstreamer1.0-0")),
            ("avdec_h265", Some("gstreamer1.0-libav")),
            ("vaapih264enc", Some("gstreamer1.0-vaapi")),
            ("flux", None),
        ] {
            assert_eq!(debian_package(factory), package, "{factory}");
        }
    }

    #[test]
    fn a_typing_mistake_gets_a_suggestion() {
        assert_eq!(missing_element("videoconver"), "no element `videoconver`; did you mean `videoconvert`?");
        assert_eq!(missing_element("visiondetec"), "no element `visiondetec`; did you mean `visiondetect`?");
        assert_eq!(
            missing_element("fluxcompensator"),
            "no element `fluxcompensator`, and no known Debian package has it"
        );
    }
}
