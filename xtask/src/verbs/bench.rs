//! `cargo xtask bench`: hand over to the benchmark harness in `bench/`.

use super::setup::{self, Part};
use crate::{cache, workspace};
use anyhow::{Context, Result, ensure};
use clap::Args;
use std::process::ExitCode;

const HARNESS: &str = "trigo-bench";

/// Arguments of `bench`.
#[derive(Args)]
pub struct Bench {
    /// The benchmark, for instance `heap`
    name: String,
    /// Arguments for the benchmark itself
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Bench {
    /// Runs the harness with optimisation, after making sure that the Go it measures against is
    /// there. The harness finds it through `TRIGO_CACHE`.
    ///
    /// # Errors
    ///
    /// When this checkout has no harness, or Go cannot be installed.
    pub fn run(self) -> Result<ExitCode> {
        let metadata = workspace::metadata()?;
        ensure!(
            metadata.workspace_packages().iter().any(|package| package.name == HARNESS),
            "there is no package {HARNESS} in this workspace: the benchmark harness is not part of \
             this checkout, so there is nothing that could run `{}`",
            self.name
        );
        setup::ensure(Part::Go)?;
        // The benchmarks of whole programs run the command that stands beside the harness.
        let mut build = workspace::cargo();
        build.args(["build", "--release", "--quiet", "--package", "trigo"]);
        if !build.status().context("cannot run cargo")?.success() {
            return Ok(ExitCode::FAILURE);
        }
        let mut harness = workspace::cargo();
        harness
            .args(["run", "--release", "--quiet", "--package", HARNESS, "--", &self.name])
            .args(&self.arguments)
            .env("TRIGO_CACHE", cache::dir()?);
        let status = harness.status().context("cannot run cargo")?;
        Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
