//! Links the runtime once, to the image that every compiled program carries.
//!
//! The runtime is a package of this workspace, compiled here once more: as a static library, optimised, at fixed addresses
//! and without unwinding, whatever `trigo` itself is compiled for. A C compiler links it with the C library.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where programs begin: `trigo_abi::PROGRAM_BASE`.
const PROGRAM_BASE: &str = "0x2000000";

fn main() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for part in ["runtime", "heap/src", "heap/Cargo.toml", "abi"] {
        println!("cargo::rerun-if-changed={}", crates.join(part).display());
    }
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let image = out.join("runtime");
    let manifest = crates.join("runtime/Cargo.toml");
    assert!(
        manifest.is_file(),
        "{} is missing: trigo is built inside its repository, because every program that it compiles carries the runtime",
        manifest.display()
    );
    link(&library(&manifest, &out), &image);
    println!("cargo::rustc-env=TRIGO_RUNTIME_IMAGE={}", image.display());
}

/// Compiles the runtime to a static library.
fn library(manifest: &Path, out: &Path) -> PathBuf {
    // All profiles of `trigo` share the folder: target/PROFILE/build/trigo-HASH/out is four levels below it.
    let target = out.ancestors().nth(4).expect("a target folder").join("runtime-image");
    let mut cargo = Command::new(env::var_os("CARGO").expect("cargo sets it"));
    cargo
        .args(["rustc", "--release", "--lib", "--crate-type", "staticlib", "--manifest-path"])
        .arg(manifest)
        .arg("--target-dir")
        .arg(&target)
        .env("RUSTFLAGS", "-Crelocation-model=static -Cforce-frame-pointers=yes")
        .env("CARGO_PROFILE_RELEASE_PANIC", "abort")
        .env("CARGO_PROFILE_RELEASE_LTO", "fat")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "false");
    for variable in ["CARGO_ENCODED_RUSTFLAGS", "RUSTC_WORKSPACE_WRAPPER", "RUSTC_WRAPPER", "RUSTC"]
    {
        cargo.env_remove(variable);
    }
    run(&mut cargo);
    target.join("release/libtrigo_runtime.a")
}

/// Links the library with the C library, keeping what it exports.
fn link(library: &Path, image: &Path) {
    let mut cc = Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()));
    // The standard library refers to gettid weakly, and link-time optimisation makes the runtime's reference one with that;
    // a weak reference takes nothing out of an archive.
    cc.args(["-static", "-no-pie", "-Wl,--gc-sections", "-Wl,--gc-keep-exported"])
        .args([
            "-Wl,--undefined=main",
            "-Wl,--undefined=gettid",
            "-Wl,--build-id",
            "-Wl,-z,noexecstack",
        ])
        .arg(format!("-Wl,--defsym=trigo_module={PROGRAM_BASE}"))
        .arg("-o")
        .args([image, library])
        .arg("-lm");
    run(&mut cc);
}

fn run(command: &mut Command) {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("the runtime cannot be built: {program}: {status}: {command:?}"),
        Err(error) => {
            panic!("the runtime cannot be built: cannot run {program}: {error}; is it installed?")
        }
    }
}
