//! `cargo xtask nightly`: the tests scaled up, Miri, and the fuzz targets.
//!
//! Miri needs a nightly toolchain and asks rustup for the sources of the standard library when they are
//! missing; cargo-fuzz is better with one. Where they are not installed the run says so and goes on.

use crate::fuzz::{Toolchain, targets};
use crate::stage::{Count, Stage};
use crate::suite::{Depth, Suite};
use crate::workspace;
use anyhow::Result;
use clap::Args;
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

/// Every fuzz target.
fn fuzz(suite: &mut Suite, seconds: u32) -> Result<()> {
    let Some(toolchain) = Toolchain::find() else {
        let why = "`cargo fuzz` fails; run `cargo install cargo-fuzz`, it needs a C++ compiler";
        suite.run.skip("fuzz", why);
        return Ok(());
    };
    for target in targets()? {
        let limits = suite.depth.program();
        let command = toolchain.run(&target, seconds)?;
        suite.run.stage(Stage::new(format!("fuzz {}", target.name), command, limits))?;
    }
    Ok(())
}
