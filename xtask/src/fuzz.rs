//! The fuzz targets: which there are, and how one is run.
//!
//! A crate's targets are the programs of its `fuzz` folder, for cargo-fuzz. That folder's Cargo.toml says under
//! `[package.metadata.seeds]` which folders of Go's distribution have good inputs to start from, and which dictionary
//! of tokens helps. Inputs of ours that found something new are kept in `fuzz/corpus`, outside the repository.

use crate::{cache, workspace};
use anyhow::{Context, Result};
use cargo_metadata::{MetadataCommand, Package};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A fuzz target.
pub struct Target {
    /// Its crate and name, as `types checker`.
    pub name: String,
    program: String,
    folder: PathBuf,
    seeds: Vec<String>,
    dictionary: Option<String>,
}

/// Every fuzz target of every crate that has a `fuzz` folder.
///
/// # Errors
///
/// When a folder's Cargo.toml cannot be read.
pub fn targets() -> Result<Vec<Target>> {
    let mut targets = Vec::new();
    let crates = workspace::root().join("crates");
    let entries = std::fs::read_dir(&crates).with_context(|| crates.display().to_string())?;
    let mut folders = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>>>()?;
    folders.sort();
    for folder in folders {
        let manifest = folder.join("fuzz/Cargo.toml");
        if !manifest.is_file() {
            continue;
        }
        let room = folder.file_name().unwrap_or_default().to_string_lossy();
        let metadata = MetadataCommand::new().manifest_path(&manifest).no_deps().exec()?;
        for package in metadata.workspace_packages() {
            targets.extend(of_package(package, &room, &folder.join("fuzz")));
        }
    }
    Ok(targets)
}

fn of_package(package: &Package, room: &str, folder: &Path) -> Vec<Target> {
    let options = &package.metadata["seeds"];
    let seeds = options["goroot"].as_array().into_iter().flatten();
    let seeds: Vec<String> = seeds.filter_map(|seed| seed.as_str().map(str::to_owned)).collect();
    let dictionary = options["dictionary"].as_str().map(str::to_owned);
    let programs = package.targets.iter().map(|target| target.name.clone());
    programs
        .map(|program| Target {
            name: format!("{room} {program}"),
            program,
            folder: folder.to_owned(),
            seeds: seeds.clone(),
            dictionary: dictionary.clone(),
        })
        .collect()
}

/// A toolchain that cargo-fuzz can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// Nightly, with AddressSanitizer.
    Nightly,
    /// Stable, without a sanitizer: panics, hangs and memory limits are found all the same.
    Stable,
}

impl Toolchain {
    /// The best one that is there; `None` without cargo-fuzz.
    pub fn find() -> Option<Toolchain> {
        [Toolchain::Nightly, Toolchain::Stable]
            .into_iter()
            .find(|toolchain| workspace::succeeds(toolchain.cargo().args(["fuzz", "--version"])))
    }

    fn cargo(self) -> Command {
        match self {
            Toolchain::Nightly => workspace::cargo_nightly(),
            Toolchain::Stable => workspace::cargo(),
        }
    }

    /// Runs a target for a time; it ends with the first input that panics, hangs for 20 seconds or takes 2 GiB.
    ///
    /// # Errors
    ///
    /// When the folder of inputs cannot be made, or Go's distribution is needed and not there.
    pub fn run(self, target: &Target, seconds: u32) -> Result<Command> {
        let corpus = target.folder.join("corpus").join(&target.program);
        std::fs::create_dir_all(&corpus).with_context(|| corpus.display().to_string())?;
        let mut command = self.cargo();
        command.args(["fuzz", "run"]);
        if self == Toolchain::Stable {
            command.args(["--sanitizer", "none"]);
        }
        command.arg("--fuzz-dir").arg(&target.folder).arg(&target.program).arg(corpus);
        if !target.seeds.is_empty() {
            let goroot = cache::go_root()?;
            command.args(target.seeds.iter().map(|seed| goroot.join(seed)));
        }
        command.args(["--", "-timeout=20", "-rss_limit_mb=2048", "-max_len=6000"]);
        command.arg(format!("-max_total_time={seconds}"));
        if let Some(dictionary) = &target.dictionary {
            let path = target.folder.join(dictionary);
            command.arg(format!("-dict={}", path.display()));
        }
        Ok(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_targets_are_found_with_their_seeds() {
        let targets = targets().unwrap();
        let names: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
        for name in ["loader go_mod", "syntax lexer", "syntax parser", "types checker"] {
            assert!(names.contains(&name), "{name} is not in {names:?}");
        }
        for target in targets.iter().filter(|target| target.name.starts_with("types")) {
            assert!(!target.seeds.is_empty());
            let dictionary = target.dictionary.as_ref().unwrap();
            assert!(target.folder.join(dictionary).is_file(), "{dictionary}");
        }
    }
}
