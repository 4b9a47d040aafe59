//! Finds Go and builds the programs in `bench/heap` with it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

/// The release that Trigo measures itself against.
const RELEASE: &str = "go1.27.3";

/// The built programs.
pub struct Go {
    /// What `go version` says.
    pub version: String,
    /// The program that runs one workload.
    pub program: PathBuf,
}

/// The pinned `go` command and what it says of its version.
pub fn checked() -> Result<(PathBuf, String)> {
    let go = find()?;
    let output = command(&go).arg("version").output();
    let output = output.with_context(|| format!("cannot run {}", go.display()))?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    ensure!(
        version.contains(RELEASE),
        "{} is {version:?}, not {RELEASE}: run `cargo xtask setup`, or name another go command \
         in TRIGO_BENCH_GO",
        go.display()
    );
    Ok((go, version))
}

/// Builds the Go side of the heap's benchmark beside this program's own file. Needs no network.
pub fn build() -> Result<Go> {
    let (go, version) = checked()?;
    let program = std::env::current_exe()?.with_file_name("trigo-bench-heap-go");
    let status = command(&go)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/heap"))
        .args(["build", "-o"])
        .arg(&program)
        .arg(".")
        .status()?;
    ensure!(status.success(), "the Go programs in bench/heap do not build");
    Ok(Go { version, program })
}

/// The `go` command: from `TRIGO_BENCH_GO`, or from Trigo's cache.
fn find() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("TRIGO_BENCH_GO") {
        return Ok(path.into());
    }
    let cache = match std::env::var_os("TRIGO_CACHE") {
        Some(path) => PathBuf::from(path),
        None => std::env::home_dir()
            .context("there is no home folder: set TRIGO_CACHE")?
            .join(".cache/trigo"),
    };
    let go = cache.join("go-1.27.3/bin/go");
    if !go.exists() {
        bail!(
            "there is no {}: run `cargo xtask setup` first, or name a go command of release \
             {RELEASE} in TRIGO_BENCH_GO",
            go.display()
        );
    }
    Ok(go)
}

/// The go command, kept from the network and from the user's own settings.
pub fn command(go: &Path) -> Command {
    let mut command = Command::new(go);
    command
        .env("GOTOOLCHAIN", "local")
        .env("GOPROXY", "off")
        .env("GOENV", "off")
        .env("GOWORK", "off")
        .env("CGO_ENABLED", "0")
        .env_remove("GOROOT")
        .env_remove("GOFLAGS")
        .env_remove("GOEXPERIMENT");
    command
}
