//! Which test programs and examples cargo built.
//!
//! Cargo builds them all at once and lists them as JSON messages; running each as a stage of its
//! own, rather than through `cargo test`, makes a hang or a crash cost one program and not the run.

use anyhow::{Context, Result};
use cargo_metadata::{Artifact, Message, Metadata, TargetKind};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An executable that a build left behind.
#[derive(Debug)]
pub struct Program {
    /// Its package and target, as `trigo-heap tests/model`.
    pub name: String,
    /// What its target is.
    pub kind: Kind,
    /// Its target's name.
    pub target: String,
    executable: PathBuf,
    package_dir: PathBuf,
}

/// What a [`Program`] is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The tests inside a library or a binary.
    Unit,
    /// An integration test.
    Integration,
    /// An example, to be run as it is.
    Example,
}

impl Program {
    /// A command that runs it as `cargo test` and `cargo run` would: in its package's folder.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.executable);
        command
            .current_dir(&self.package_dir)
            .env("CARGO_MANIFEST_DIR", &self.package_dir);
        command
    }
}

/// The programs named in a file of cargo's JSON messages, sorted by name.
///
/// # Errors
///
/// When the file cannot be read or is not of that form.
pub fn programs(messages: &Path, metadata: &Metadata) -> Result<Vec<Program>> {
    let file = File::open(messages)
        .with_context(|| format!("cannot read cargo's messages in {}", messages.display()))?;
    let mut programs = Vec::new();
    for message in Message::parse_stream(BufReader::new(file)) {
        if let Message::CompilerArtifact(artifact) = message? {
            programs.extend(program(artifact, metadata));
        }
    }
    programs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(programs)
}

/// The artifact as a program to run, unless it is a library, a build script or a plain binary.
fn program(artifact: Artifact, metadata: &Metadata) -> Option<Program> {
    let executable = artifact.executable?.into_std_path_buf();
    let package = metadata
        .packages
        .iter()
        .find(|package| package.id == artifact.package_id)?;
    let target = artifact.target;
    let of_kind = |kind| target.kind.contains(&kind);
    let (kind, label) = match artifact.profile.test {
        true if of_kind(TargetKind::Test) => (Kind::Integration, format!("tests/{}", target.name)),
        true if of_kind(TargetKind::Bin) => (Kind::Unit, format!("bin {}", target.name)),
        true if of_kind(TargetKind::Example) => (Kind::Unit, format!("examples/{}", target.name)),
        true if of_kind(TargetKind::Bench) => (Kind::Unit, format!("benches/{}", target.name)),
        true => (Kind::Unit, "lib".to_owned()),
        false if of_kind(TargetKind::Example) => {
            (Kind::Example, format!("example {}", target.name))
        }
        false => return None,
    };
    Some(Program {
        name: format!("{} {label}", package.name),
        kind,
        target: target.name,
        executable,
        package_dir: package.manifest_path.parent()?.as_std_path().to_path_buf(),
    })
}
