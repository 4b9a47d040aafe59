//! `cargo xtask conformance`: one suite of Go's packages or tests, and the line that counts what passed.

use super::setup::{self, Part};
use crate::conformance::{SUITES, Suite};
use crate::{cache, workspace};
use anyhow::{Context, Result};
use clap::Args;
use clap::builder::PossibleValuesParser;
use std::process::ExitCode;

/// Arguments of `conformance`.
#[derive(Args)]
pub struct Conformance {
    /// The suite
    #[arg(value_parser = PossibleValuesParser::new(SUITES.iter().map(|suite| suite.name)))]
    suite: String,
    /// Show why known failures fail
    #[arg(short, long)]
    verbose: bool,
    /// Only the cases whose names contain one of these
    cases: Vec<String>,
}

impl Conformance {
    /// Builds the suite's runner and runs it. On standard output it prints one line, `SUITE: PASSED/TOTAL`; what went
    /// otherwise than expected is on standard error and makes the code a failure.
    ///
    /// # Errors
    ///
    /// When the outside parts cannot be had, or cargo cannot be run.
    pub fn run(self) -> Result<ExitCode> {
        for part in [Part::Go, Part::Tests] {
            setup::ensure_quietly(part)?;
        }
        let is_asked_for = |suite: &&Suite| suite.name == self.suite;
        let suite = SUITES.iter().find(is_asked_for).context("a suite that does not exist")?;
        let mut command = workspace::cargo();
        command
            .args(["test", "--quiet", "--profile", "checked", "--package", suite.package])
            .args(["--test", suite.target, "--"])
            .args(self.verbose.then_some("-v"))
            .args(&self.cases)
            .env("TRIGO_CACHE", cache::dir()?);
        let status = command.status().context("cannot run cargo")?;
        Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
