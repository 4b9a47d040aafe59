//! This repository's root and the cargo that builds it.

use anyhow::{Context, Result, ensure};
use cargo_metadata::{Metadata, MetadataCommand};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The root folder of the repository.
pub fn root() -> PathBuf {
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR")
        .unwrap_or_else(|| OsString::from(env!("CARGO_MANIFEST_DIR")));
    let xtask = Path::new(&xtask);
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// The same cargo that runs this xtask, started in the repository's root.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    forget_xtask(&mut command);
    command
}

/// A cargo of the nightly toolchain. It goes through rustup's `cargo`, the one that knows
/// `+nightly`.
pub fn cargo_nightly() -> Command {
    let mut command = Command::new("cargo");
    command
        .arg("+nightly")
        .current_dir(root())
        .env_remove("CARGO")
        .env_remove("RUSTC")
        .env_remove("RUSTDOC")
        .env_remove("RUSTUP_TOOLCHAIN");
    forget_xtask(&mut command);
    command
}

/// Removes what `cargo run` said about the xtask package, lest a child take it for its own.
fn forget_xtask(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
}

/// The workspace as cargo sees it: members, their dependencies, the target folder.
pub fn metadata() -> Result<Metadata> {
    MetadataCommand::new()
        .current_dir(root())
        .no_deps()
        .exec()
        .context("cargo metadata failed in the repository's root")
}

/// Makes sure that rustfmt and clippy are there, asking rustup for them when they are not.
///
/// # Errors
///
/// When they are missing and rustup is too, or cannot fetch them.
pub fn ensure_components() -> Result<()> {
    for (component, subcommand) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if succeeds(cargo().args([subcommand, "--version"])) {
            continue;
        }
        println!("{component} is missing; asking rustup for it");
        let advice = format!(
            "run `rustup component add {component}`, or install your system's package of it"
        );
        let status = Command::new("rustup").args(["component", "add", component]).status();
        let status = status.with_context(|| format!("{component} is missing: {advice}"))?;
        ensure!(status.success(), "rustup could not add {component}: {advice}");
    }
    Ok(())
}

/// Whether the nightly toolchain has a component whose subcommand of cargo has its name, asking rustup for it, and for the
/// sources of the standard library, when it has not.
pub fn has_nightly(component: &str) -> bool {
    let is_there = || succeeds(cargo_nightly().args([component, "--version"]));
    if is_there() {
        return true;
    }
    println!("{component} is missing; asking rustup for it");
    let mut add = Command::new("rustup");
    add.args(["component", "add", "--toolchain", "nightly", component, "rust-src"]);
    succeeds(&mut add) && is_there()
}

/// Whether the command can be run and ends well. What it prints is dropped.
pub fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}
