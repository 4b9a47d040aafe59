//! `cargo xtask nightly`: the tests scaled up, Miri, and the fuzz targets.
//!
//! Miri and cargo-fuzz need a nightly toolchain; Miri asks rustup for the sources of the standard
//! library when they are missing. Where they are not installed the run says so and
//! goes on.

use crate::stage::{Count, Stage};
use crate::suite::{Depth, Suite};
use crate::workspace;
use anyhow::{Context, Result, ensure};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `nightly`.
#[derive(Args)]
pub struct Nightly {
    /// How long each fuzz target runs, in seconds
    #[arg(long, default_value_t = 1800)]
    fuzz_seconds: u32,
}

impl Nightly {
    /// Runs everything that is installed. The last line it prints is `N passed, N failed`.
    ///
    /// # Errors
    ///
    /// When a step cannot be carried out at all.
    pub fn run(self) -> Result<ExitCode> {
        let mut suite = Suite::new(Depth::Long)?;
        suite.run_all()?;
        miri(&mut suite)?;
        fuzz(&mut suite, self.fuzz_seconds)?;
        Ok(suite.finish())
    }
}

/// Miri on the heap's unit tests; those that map memory are left out under `cfg(miri)`.
fn miri(suite: &mut Suite) -> Result<()> {
    let name = "miri trigo-heap";
    let target = suite.target("miri");
    let mut setup = workspace::cargo_nightly();
    setup.args(["miri", "setup", "--target-dir"]).arg(&target);
    if !workspace::succeeds(&mut setup) {
        let why =
            "`cargo +nightly miri setup` fails; run `rustup +nightly component add miri rust-src`";
        suite.run.skip(name, why);
        return Ok(());
    }
    let mut command = workspace::cargo_nightly();
    command.args(["miri", "test", "--package", "trigo-heap", "--lib", "--target-dir"]).arg(&target);
    let stage = Stage::new(name, command, suite.depth.program());
    suite.run.stage(Stage { count: Count::Libtest, ..stage })?;
    Ok(())
}

/// Every fuzz target of every crate that has a `fuzz` folder.
fn fuzz(suite: &mut Suite, seconds: u32) -> Result<()> {
    let folders = fuzz_folders(&workspace::root().join("crates"))?;
    if folders.is_empty() {
        suite.run.skip("fuzz", "no crate has a fuzz folder");
        return Ok(());
    }
    if !workspace::succeeds(workspace::cargo_nightly().args(["fuzz", "--version"])) {
        let why = "`cargo +nightly fuzz` fails; run `cargo install cargo-fuzz`";
        suite.run.skip("fuzz", why);
        return Ok(());
    }
    for folder in folders {
        for target in fuzz_targets(&folder)? {
            let mut command = workspace::cargo_nightly();
            command.args(["fuzz", "run", "--fuzz-dir"]).arg(&folder);
            command.args([&target, "--", &format!("-max_total_time={seconds}")]);
            let limits = suite.depth.program();
            suite.run.stage(Stage::new(format!("fuzz {target}"), command, limits))?;
        }
    }
    Ok(())
}

fn fuzz_folders(crates: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(crates)? {
        let folder = entry?.path().join("fuzz");
        if folder.join("Cargo.toml").is_file() {
            folders.push(folder);
        }
    }
    folders.sort();
    Ok(folders)
}

fn fuzz_targets(folder: &Path) -> Result<Vec<String>> {
    let mut list = workspace::cargo_nightly();
    list.args(["fuzz", "list", "--fuzz-dir"]).arg(folder);
    let output = list.output().context("cannot run cargo fuzz")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "cannot list the fuzz targets in {}: {errors}",
        folder.display()
    );
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}
