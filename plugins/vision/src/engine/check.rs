//! Does a network do on this machine what it did where it was made? Asked once, when it is loaded.
//!
//! A network in whole numbers comes out right only if the processor's instructions do what the runtime expects of
//! them, and on some they saturate. Its checksum cannot tell that; its answer to a picture that everybody can draw can.

use super::decode::Answer;
use super::manifest::{Check, Input, Layout};

/// The test picture as `input` wants it: slopes of other directions and lengths in each channel, so that much of what
/// a network looks for is somewhere in it. `models/convert/calibrate.py` draws the same.
pub(super) fn picture(input: &Input) -> Vec<f32> {
    let Input { width, height, .. } = *input;
    let value = |x: usize, y: usize, channel: usize| {
        let slope = (x * (2 + channel) + y * 3) % 510;
        (slope.abs_diff(255) as f32 - input.mean[channel]) / input.std[channel]
    };
    let mut values = vec![0.0; 3 * width * height];
    for y in 0..height {
        for x in 0..width {
            for channel in 0..3 {
                let index = match input.layout {
                    Layout::Nchw => (channel * height + y) * width + x,
                    Layout::Nhwc => (y * width + x) * 3 + channel,
                };
                values[index] = value(x, y, channel);
            }
        }
    }
    values
}

/// How far `answers`, of the outputs called `names`, are off from those of `check`, in the mean of the outputs: 0 when
/// they are the same, 1 when they are as far from them as nothing at all.
pub(super) fn deviation(check: &Check, names: &[&str], answers: &[Answer<'_>]) -> Result<f32, String> {
    let mut sum = 0.0;
    for (name, expected) in &check.answers {
        let answer = names.iter().position(|known| known == name).and_then(|place| answers.get(place));
        let values = answer.map(|answer| answer.values).filter(|values| values.len() >= expected.len());
        let values =
            values.ok_or_else(|| format!("it has no output {name:?} of {} numbers", expected.len()))?;
        let chosen = values.iter().step_by(values.len() / expected.len());
        let square =
            |numbers: &mut dyn Iterator<Item = f32>| numbers.map(|number| number * number).sum::<f32>();
        let off = square(&mut chosen.zip(expected).map(|(found, expected)| found - expected));
        sum += (off / square(&mut expected.iter().copied())).sqrt();
    }
    Ok(sum / check.answers.len() as f32)
}

#[cfg(test)]
mod tests {
    use super::super::manifest::Manifest;
    use super::*;

    fn check() -> Check {
        let answers = [("a".to_owned(), vec![3.0, 4.0]), ("b".to_owned(), vec![2.0])];
        Check { limit: 0.2, answers: answers.into() }
    }

    #[test]
    fn a_deviation_is_the_mean_of_all_outputs_in_their_own_size() {
        let off = |a: &[f32], b: &[f32]| {
            let answers = [b, a].map(|values| Answer { shape: &[], values });
            deviation(&check(), &["b", "a"], &answers)
        };
        // Every second number of the first output is looked at.
        assert_eq!(off(&[3.0, 9.0, 4.0, 9.0], &[2.0]), Ok(0.0));
        assert_eq!(off(&[0.0; 4], &[0.0]), Ok(1.0));
        assert_eq!(off(&[3.0, 0.0, 4.0, 0.0], &[2.4]).map(|off| (off * 100.0).round()), Ok(10.0));
        assert!(off(&[f32::NAN; 4], &[2.0]).unwrap().is_nan());
        assert_eq!(off(&[1.0], &[2.0]), Err("it has no output \"a\" of 2 numbers".to_owned()));
    }

    #[test]
    fn the_test_picture_is_the_same_in_both_layouts() {
        let manifest = |layout| {
            let text = include_str!("../../tests/models/blob.toml").replace("\"nchw\"", layout);
            Manifest::parse(&text, "blob.toml").unwrap().input.unwrap()
        };
        let (planes, pixels) = (picture(&manifest("\"nchw\"")), picture(&manifest("\"nhwc\"")));
        // Column 7 of row 5 in the last channel: 7 · 4 + 5 · 3 = 43, which is 212 away from 255.
        let (index, area) = (5 * 320 + 7, 320 * 240);
        assert_eq!((planes[2 * area + index] * 255.0).round(), 212.0);
        assert_eq!(pixels[3 * index + 2], planes[2 * area + index]);
        assert!(planes.iter().all(|value| (0.0..=1.0).contains(value)));
    }
}
