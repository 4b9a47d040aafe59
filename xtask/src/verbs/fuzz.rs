//! `cargo xtask fuzz`: the fuzz targets, each for some time.

use super::setup::{self, Part};
use crate::fuzz::{Toolchain, targets};
use anyhow::{Context, Result, ensure};
use clap::Args;
use std::process::ExitCode;

/// Arguments of `fuzz`.
#[derive(Args)]
pub struct Fuzz {
    /// Only the targets whose names, such as `types checker`, contain this
    name: Option<String>,
    /// How long each target runs, in seconds
    #[arg(long, default_value_t = 120)]
    seconds: u32,
}

impl Fuzz {
    /// Runs the targets one after the other and ends with the first that finds a fault.
    ///
    /// # Errors
    ///
    /// When there is no such target, or cargo-fuzz is missing.
    pub fn run(self) -> Result<ExitCode> {
        let toolchain = Toolchain::find().context(
            "`cargo fuzz` fails; run `cargo install cargo-fuzz`, it needs a C++ compiler",
        )?;
        setup::ensure_quietly(Part::Go)?;
        let mut targets = targets()?;
        targets.retain(|target| self.name.as_ref().is_none_or(|name| target.name.contains(name)));
        ensure!(!targets.is_empty(), "there is no fuzz target of that name");
        for target in targets {
            println!("fuzz {} for {} s", target.name, self.seconds);
            let status = toolchain.run(&target, self.seconds)?.status()?;
            if !status.success() {
                println!("fuzz {}: {status}", target.name);
                return Ok(ExitCode::FAILURE);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
