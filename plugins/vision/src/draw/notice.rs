//! The picture of a camera that is away: its last one, greyed, with words across it.

use super::{
    colour::Rgb,
    frame::{Area, I420Frame},
    shape::{self, Paint},
    text::Text,
};

/// How much of the light stays: enough to know the place, too little to take it for live.
const BRIGHTNESS: u8 = 135;

/// Takes the colour out of `frame`, darkens it and writes `text` large across its middle.
///
/// Lines are split at `\n`; the first is the headline, those below are smaller ("no signal\nsince 12:04").
pub fn no_signal(frame: &mut I420Frame<'_>, text: &str) {
    frame.grey(BRIGHTNESS);
    let (width, height) = (frame.width() as u32, frame.height() as u32);
    let lines: Vec<Text> = text
        .lines()
        .enumerate()
        .map(|(index, line)| fitted(line, (height / if index == 0 { 18 } else { 32 }).max(6), width * 9 / 10))
        .collect();
    let Some(headline) = lines.first() else { return };
    let gap = headline.cap_height * 4 / 5;
    let tall: i32 = lines.iter().map(|line| line.cap_height).sum::<i32>() + gap * (lines.len() as i32 - 1);
    let wide = lines.iter().map(|line| line.width).max().unwrap_or(0);
    let mut top = (height as i32 - tall) / 2;
    let pad = headline.cap_height;
    let plate = Area::new((width as i32 - wide) / 2, top, wide, tall).grown(pad);
    shape::fill(frame, plate, Paint { colour: Rgb::BLACK, opacity: 150, radius: pad / 2 });
    for line in &lines {
        let start = (width as i32 - line.width) / 2;
        line.paint(frame, (start, top + line.cap_height), Rgb::WHITE);
        top += line.cap_height + gap;
    }
}

/// `line` with capitals of `cap_height` pixels, or smaller when it would be wider than `widest`.
fn fitted(line: &str, cap_height: u32, widest: u32) -> Text {
    let text = Text::new(line, cap_height);
    if text.width <= widest as i32 {
        return text;
    }
    Text::new(line, (cap_height * widest / text.width.max(1) as u32).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::{Planes, colour::YuvSpace};

    #[test]
    fn a_lost_picture_is_grey_dark_and_has_bright_words_in_its_middle() {
        let (width, height) = (161, 119);
        let mut data = [vec![200u8; 161 * 119], vec![90u8; 81 * 60], vec![200u8; 81 * 60]];
        let [y, u, v] = &mut data;
        let planes = Planes { data: [y, u, v], strides: [161, 81, 81] };
        let mut frame =
            I420Frame::new(planes, width, height, YuvSpace::BT601).expect("planes are large enough");
        no_signal(&mut frame, "sin señal\ndesde 12:04:31");
        assert!(data[1].iter().chain(&data[2]).all(|value| *value == 128));
        assert!(data[0][0] < 120, "the corner is dark");
        let middle = &data[0][161 * 45..161 * 75];
        assert!(middle.iter().any(|value| *value > 225), "the words are bright");
    }

    #[test]
    fn words_fit_into_the_smallest_pictures() {
        for (width, height) in [(1_usize, 1_usize), (2, 3), (16, 9), (33, 400)] {
            let chroma = width.div_ceil(2) * height.div_ceil(2);
            let mut data = [vec![200u8; width * height], vec![90u8; chroma], vec![200u8; chroma]];
            let [y, u, v] = &mut data;
            let half = width.div_ceil(2);
            let planes = Planes { data: [y, u, v], strides: [width, half, half] };
            let mut frame =
                I420Frame::new(planes, width, height, YuvSpace::BT601).expect("planes are large enough");
            no_signal(&mut frame, "no signal");
            assert!(data[1].iter().chain(&data[2]).all(|value| *value == 128), "{width}x{height}");
        }
    }
}
