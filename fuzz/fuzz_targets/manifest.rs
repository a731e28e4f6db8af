//! A model's manifest, as a user writes it.
#![no_main]

use gstvision::engine::{Manifest, Preprocessor};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(manifest) = Manifest::parse(text, "fuzzed.toml") {
        assert!(manifest.input.is_some() != manifest.sound.is_some());
        if let Some(input) = &manifest.input {
            Preprocessor::new(input);
        }
    }
});
