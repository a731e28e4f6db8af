//! Builds the web console, so that plain `cargo build` gives a binary with its page inside.
//!
//! The console's packages are installed by `make setup`, never from here: a build asks no registry. Where they
//! are missing the binary still builds, and the server's own page says what to do.

#![allow(clippy::print_stdout, reason = "printing is how a build script speaks to cargo")]

use std::path::Path;
use std::process::Command;
use std::{fs, io};

const INPUTS: [&str; 4] =
    ["console/src", "console/page.html", "console/build.mjs", "console/package-lock.json"];

fn main() -> io::Result<()> {
    for input in INPUTS {
        println!("cargo::rerun-if-changed={input}");
    }
    let packages = Path::new("console/node_modules");
    let installed = packages.join(".package-lock.json");
    if installed.is_file() {
        println!("cargo::rerun-if-changed={}", installed.display());
        bundle();
        return Ok(());
    }
    // Cargo takes a path that is not there for a changed one and would rebuild each time; an empty folder is
    // quiet until packages arrive in it.
    fs::create_dir_all(packages)?;
    println!("cargo::rerun-if-changed={}", packages.display());
    not_built("its packages are not installed (run `make setup`)");
    Ok(())
}

fn bundle() {
    match Command::new("node").arg("console/build.mjs").output() {
        Ok(out) if out.status.success() => {}
        Ok(out) => {
            println!("cargo::error=node console/build.mjs: {}", out.status);
            for line in String::from_utf8_lossy(&out.stderr).lines() {
                println!("cargo::error={line}");
            }
        }
        Err(error) => not_built(&format!("node does not start: {error}")),
    }
}

/// What an earlier build made stays: an old page is better than none.
fn not_built(reason: &str) {
    println!("cargo::warning=the console was not built: {reason}");
}
