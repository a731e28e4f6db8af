//! Builds the web console, so that plain `cargo build` gives a binary with its page inside.
//!
//! The console's packages are installed by `make setup`, never from here: a build asks no registry. Where they
//! are missing the binary still builds and its page says what to do.

#![allow(clippy::print_stdout, reason = "printing is how a build script speaks to cargo")]

use std::path::Path;
use std::process::Command;
use std::{fs, io};

const INPUTS: [&str; 4] =
    ["console/src", "console/index.html", "console/build.mjs", "console/package-lock.json"];

const PLACEHOLDER: &str = "<!doctype html><meta charset=\"utf-8\"><title>Atalaya</title>\
<p>This binary was built without its console. Run <code>make setup</code>, then build again.</p>\n";

fn main() -> io::Result<()> {
    for input in INPUTS {
        println!("cargo::rerun-if-changed={input}");
    }
    let packages = Path::new("console/node_modules");
    let installed = packages.join(".package-lock.json");
    if installed.is_file() {
        println!("cargo::rerun-if-changed={}", installed.display());
        return bundle();
    }
    // Cargo takes a path that is not there for a changed one and would rebuild each time; an empty folder is
    // quiet until packages arrive in it.
    fs::create_dir_all(packages)?;
    println!("cargo::rerun-if-changed={}", packages.display());
    placeholder("its packages are not installed (run `make setup`)")
}

fn bundle() -> io::Result<()> {
    match Command::new("node").arg("console/build.mjs").output() {
        Ok(out) if out.status.success() => {}
        Ok(out) => {
            for line in String::from_utf8_lossy(&out.stderr).lines() {
                println!("cargo::error=console: {line}");
            }
        }
        Err(error) => placeholder(&format!("node does not start: {error}"))?,
    }
    Ok(())
}

fn placeholder(reason: &str) -> io::Result<()> {
    println!("cargo::warning=the console is not in this binary: {reason}");
    let dist = Path::new("console/dist");
    // A page that was built before stays: it is better than none.
    if !dist.join("assets").is_dir() {
        fs::create_dir_all(dist)?;
        fs::write(dist.join("index.html"), PLACEHOLDER)?;
    }
    Ok(())
}
