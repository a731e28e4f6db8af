//! Every standard model fits its manifest, and a network that does not fit is refused with what was found and expected.

mod common;

use common::{folder, init, models_dir, runtime};
use gstvision::engine::{
    AUTO, Assets, Catalog, Device, EngineError, Feed, LoadOptions, Manifest, Network, silero,
};

fn load(manifest: &Manifest, assets: Assets) -> Result<Network, EngineError> {
    init();
    let options = LoadOptions { assets, runtime: Some(runtime().into()), device: Device::Auto, threads: 1 };
    Network::load(manifest, &options)
}

#[test]
fn every_standard_model_fits_its_manifest() {
    let catalog = Catalog::open(None).expect("the catalog should open");
    for manifest in catalog.iter() {
        let loaded = load(manifest, Assets::locate());
        if let Err(EngineError::Deviates { .. }) = &loaded {
            // This processor computes it wrongly, and knows.
            let automatic = catalog.find_for(manifest.job(), AUTO).expect("there is a standard one");
            assert_ne!(automatic.name, manifest.name);
            continue;
        }
        assert!(loaded.is_ok(), "{}", loaded.err().map_or_else(String::new, |error| error.to_string()));
    }
}

#[test]
fn silence_is_no_speech_however_long_it_lasts() {
    let catalog = Catalog::open(None).expect("the catalog should open");
    let manifest = catalog.find("silero_vad").expect("the model should be there");
    let network = load(&manifest, Assets::locate()).expect("the model should load");
    let mut listener = silero::Listener::new(&manifest).expect("it is for voices");
    for chunk in 0..10 {
        let speech = listener
            .listen(&[0.0; 512], |feeds| network.run(feeds, silero::read))
            .expect("the inference should work");
        assert!(speech < 0.1, "chunk {chunk}: {speech}");
    }
}

/// The text of the refusal of a toy detector's network under the manifest `text`.
fn refusal(name: &str, text: &str) -> String {
    let toy = include_str!("models/blob.toml");
    let weights = std::fs::read(format!("{}/blob.onnx", models_dir())).expect("the toy should be there");
    let folder = folder(name, &[]);
    std::fs::write(folder.join("blob.onnx"), weights).expect("the folder should be writable");
    let line = |key: &str, text: &str| {
        let start = format!("{key} = ");
        text.lines().find(|line| line.starts_with(&start)).expect("the key should be there").to_owned()
    };
    let mut text = text.to_owned();
    for key in ["file", "sha256"] {
        text = text.replacen(&line(key, &text), &line(key, toy), 1);
    }
    std::fs::write(folder.join("changed.toml"), text).expect("the folder should be writable");
    let manifest = Manifest::open(&folder.join("changed.toml")).expect("the manifest should be good");
    load(&manifest, Assets::new("/nowhere")).err().expect("it should be refused").to_string()
}

#[test]
fn another_input_is_refused_with_names_and_shapes() {
    let pose = include_str!("../../../models/blazepose_lite.toml");
    assert_eq!(
        refusal("another-input", pose),
        "model \"blazepose_lite\" does not fit its manifest: inputs: found \"image\" f32 [1, 3, 240, 320]; expected \
         one f32 or u8 [1, 256, 256, 3]"
    );
    let voice = include_str!("../../../models/silero_vad.toml");
    assert_eq!(
        refusal("another-sound", voice),
        "model \"silero_vad\" does not fit its manifest: inputs: found \"image\" f32 [1, 3, 240, 320]; expected \
         \"input\" f32 [1, 576], \"state\" f32 [2, 1, 128], \"sr\" i64 []"
    );
}

#[test]
fn another_output_is_refused_with_names_and_shapes() {
    let sized = |text: &str| {
        let mut sized = String::new();
        for line in text.lines() {
            sized.push_str(match line.split(' ').next() {
                Some("width") => "width = 320",
                Some("height") => "height = 240",
                Some("layout") => "layout = \"nchw\"",
                _ => line,
            });
            sized.push('\n');
        }
        sized
    };
    let cases = [
        (
            "pose",
            include_str!("../../../models/blazepose_full.toml"),
            "\"Identity\" f32 [1, 195], \"Identity_1\" f32 [1, 1]",
        ),
        (
            "face",
            include_str!("../../../models/blazeface_front.toml"),
            "\"Identity:0\" f32 [1, 512, 1], \"Identity_2:0\" f32 [1, 512, 16], \"Identity_1:0\" f32 [1, 384, 1], \
             \"Identity_3:0\" f32 [1, 384, 16]",
        ),
        ("age", include_str!("../../../models/age_v1.toml"), "\"probabilities\" f32 [1, 81]"),
        ("mask", include_str!("../../../models/selfie_multiclass.toml"), "\"Identity\" f32 [1, 240, 320, 6]"),
    ];
    for (name, text, expected) in cases {
        let error = refusal(name, &sized(text));
        let told = format!("outputs: found \"boxes\" f32 [1, 1, 6]; expected {expected}");
        assert!(error.ends_with(&told), "{name}: {error}");
    }
}

#[test]
fn a_feed_of_another_size_is_an_error_and_no_crash() {
    let manifest = Manifest::open(format!("{}/blob.toml", models_dir()).as_ref()).expect("it should be good");
    let network = load(&manifest, Assets::new("/nowhere")).expect("the toy should load");
    for feeds in [vec![], vec![Feed::F32(&[0.0; 7])], vec![Feed::I64(&[0; 3 * 240 * 320])]] {
        let error = network.run(&feeds, |_| Ok(())).expect_err("it should be refused").to_string();
        assert!(error.starts_with("model \"blob\" failed on a frame"), "{error}");
    }
}

#[test]
fn a_network_that_answers_otherwise_than_where_it_was_made_is_refused() {
    let text =
        std::fs::read_to_string(format!("{}/blob.toml", models_dir())).expect("the toy should be there");
    // What the toy really makes of the test picture, and the box of another one.
    for (answer, is_right) in
        [("0.0, 0.0, 320.0, 240.0, 1.0, 0.0", true), ("0.0, 0.0, 160.0, 240.0, 1.0, 0.0", false)]
    {
        let check = format!("[check]\nlimit = 0.2\n[check.answers]\nboxes = [{answer}]\n");
        let folder = folder("checked", &[("blob.toml", &format!("{text}\n{check}"))]);
        std::fs::copy(format!("{}/blob.onnx", models_dir()), folder.join("blob.onnx"))
            .expect("it should be copied");
        let manifest = Manifest::open(&folder.join("blob.toml")).expect("the manifest should be good");
        match load(&manifest, Assets::new("/nowhere")) {
            Ok(_) => assert!(is_right, "{answer}"),
            Err(error) => {
                assert!(!is_right, "{answer}: {error}");
                assert!(
                    error.to_string().contains("on the test picture, where its manifest allows 0.2"),
                    "{error}"
                );
            }
        }
    }
}
