//! A pipeline's description file, as a user or the API gives it.
#![no_main]

use atalaya::camera::Description;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(problem) = Description::parse("fuzzed.toml", text) {
        assert!(!problem.to_string().is_empty());
    }
});
