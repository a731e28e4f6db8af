//! Whatever a detector answers becomes boxes in the picture, or an error.
#![no_main]

use gstvision::engine::{Answer, Manifest, Wanted, read_boxes};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Case {
    decoder: u8,
    /// Of the outputs, as the network promised them.
    shapes: Vec<Vec<i8>>,
    /// Numbers of each output, and where the answer does not keep the promise its true shape.
    values: Vec<Vec<f32>>,
    min_score: f32,
}

const HEAD: &str = "name = \"m\"\ndescription = \"m\"\nfile = \"m.onnx\"\nlicence = \"MIT\"\n\
                    labels = [\"background\", \"person\"]\n";
const TAIL: &str = "[input]\nwidth = 64\nheight = 32\nlayout = \"nchw\"\ncolour_order = \"rgb\"\n\
                    mean = [0.0, 0.0, 0.0]\nstd = [1.0, 1.0, 1.0]\nletterbox = true\n\
                    [thresholds]\nscore = 0.5\nnms = 0.5\n";
/// Decoders with outputs that fit; the same numbers of others are as good as random.
const DECODERS: [(&str, &[(&str, &[i64])]); 7] = [
    (
        "decoder = \"nanodet\"",
        &[
            ("", &[1, 32, 2]),
            ("", &[1, 32, 12]),
            ("", &[1, 8, 2]),
            ("", &[1, 8, 12]),
            ("", &[1, 2, 2]),
            ("", &[1, 2, 12]),
        ],
    ),
    ("decoder = \"end2end\"", &[("", &[1, -1, 6])]),
    ("decoder = \"yolov8\"", &[("", &[1, 6, -1])]),
    ("decoder = \"yolov8\"", &[("", &[1, -1, 6])]),
    ("decoder = \"yolox\"", &[("", &[1, 42, 7])]),
    (
        "decoder = \"ssd\"\nbox_format = \"yxyx\"\noutputs = { boxes = \"b\", scores = \"s\", classes = \"c\" }",
        &[("b", &[1, -1, 4]), ("s", &[1, -1]), ("c", &[1, -1])],
    ),
    (
        "decoder = \"ssd\"\nbox_format = \"xyxy\"\noutputs = { boxes = \"b\", scores = \"s\" }",
        &[("b", &[-1, 4]), ("s", &[-1, -1, 2])],
    ),
];

fuzz_target!(|case: Case| {
    let (decoder, fitting) = DECODERS[usize::from(case.decoder) % DECODERS.len()];
    let text = format!("{HEAD}sha256 = \"{}\"\n{decoder}\n{TAIL}", "0".repeat(64));
    let manifest = Manifest::parse(&text, "m.toml").expect("the manifest should be good");
    let names: Vec<_> = fitting.iter().map(|(name, _)| *name).collect();
    let shapes: Vec<Vec<i64>> =
        case.shapes.iter().map(|shape| shape.iter().map(|side| i64::from(*side)).collect()).collect();
    // With shapes of its own mostly a refusal; without, answers of any length to what fits.
    let outputs: Vec<(&str, &[i64])> = match shapes.is_empty() {
        true => fitting.to_vec(),
        false => names.iter().copied().zip(shapes.iter().map(Vec::as_slice)).collect(),
    };
    let mut values = case.values;
    for (place, (_, shape)) in fitting.iter().enumerate().take(values.len()) {
        // Of grids the number of cells is fixed, and short answers would all be refused.
        if shape.iter().all(|side| *side > 0) {
            values[place].resize(shape.iter().product::<i64>() as usize, 0.25);
        }
    }
    let true_shapes: Vec<[i64; 3]> =
        values.iter().map(|values| [1, values.len() as i64 / 6, 6]).collect();
    let answers: Vec<_> = values
        .iter()
        .zip(&true_shapes)
        .map(|(values, shape)| Answer { shape, values })
        .collect();
    let Ok(wanted) = Wanted::new(&manifest, &[], case.min_score) else { return };
    if let Ok(found) = read_boxes(&manifest, &outputs, &answers, &wanted) {
        for found in found {
            assert!(found.rect.x >= 0.0 && found.rect.y >= 0.0 && found.rect.w > 0.0 && found.rect.h > 0.0);
            assert!(found.rect.x + found.rect.w <= 1.0001 && found.rect.y + found.rect.h <= 1.0001);
            assert!(found.class < manifest.labels.len());
        }
    }
});
