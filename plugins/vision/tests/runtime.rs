//! The life of the one ONNX Runtime in a process, in a test program of its own since it cannot be unloaded.

mod common;

use common::{folder, init, models_dir, runtime};
use gstvision::engine::{Assets, Catalog, Device, LoadOptions, Model};

#[test]
fn a_runtime_that_cannot_be_used_leaves_room_for_one_that_can() {
    init();
    let folder = folder("runtimes", &[("text.so", "not a library")]);
    let catalog = Catalog::open(Some(models_dir().as_ref())).expect("the catalog should open");
    let blob = catalog.find("blob").expect("the model should be there");
    let load = |path: std::path::PathBuf| {
        let options = LoadOptions {
            assets: Assets::new("/nowhere"),
            runtime: Some(path),
            device: Device::Auto,
            threads: 1,
        };
        Model::load(&blob, &options).map_err(|error| error.to_string())
    };
    let error = load("/nowhere/libonnxruntime.so".into()).err().expect("it is not there");
    assert!(error.starts_with("ONNX Runtime /nowhere/libonnxruntime.so is missing"), "{error}");
    let error = load(folder.join("text.so")).err().expect("it is no library");
    assert!(error.starts_with("ONNX Runtime cannot be used: failed to load from"), "{error}");
    assert!(error.ends_with("run \"make setup\" to get one that can"), "{error}");

    let first = load(runtime().into()).expect("the installed runtime should load");
    assert_eq!(first.device(), Device::Cpu);

    // The same file again shares the network; another file cannot come beside the first.
    let second = load(runtime().into()).expect("it is loaded already");
    assert_eq!((first.sessions(), second.sessions()), (1, 1));
    drop((first, second));
    let error = load(folder.join("text.so")).err().expect("there can be only one");
    assert!(error.contains("is already loaded from") && error.contains("text.so"), "{error}");
}
