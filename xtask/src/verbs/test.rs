//! `cargo xtask test`: every test that a change must pass.

use crate::suite::{Depth, Suite};
use anyhow::Result;
use clap::Args;
use std::process::ExitCode;

/// Arguments of `test`.
#[derive(Args)]
pub struct Test {}

impl Test {
    /// Runs the suite. The last line it prints is `N passed, N failed`.
    ///
    /// # Errors
    ///
    /// When a step cannot be carried out at all.
    pub fn run(self) -> Result<ExitCode> {
        let mut suite = Suite::new(Depth::Quick)?;
        suite.run_all()?;
        Ok(suite.finish())
    }
}
