//! Which test programs and examples cargo built.
//!
//! Cargo builds them all at once and lists them as JSON messages; running each as a stage of its
//! own, rather than through `cargo test`, makes a hang or a crash cost one program and not the run.

use anyhow::{Context, Result, ensure};
use cargo_metadata::{Artifact, Message, Metadata, Target, TargetKind};
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
        command.current_dir(&self.package_dir).env("CARGO_MANIFEST_DIR", &self.package_dir);
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

/// Fails unless every test and example that the workspace declares is among the programs; those
/// that need a feature are left out. So no test vanishes because nobody ran it.
///
/// # Errors
///
/// Names what is missing.
pub fn check_complete(programs: &[Program], metadata: &Metadata) -> Result<()> {
    check_some(programs, metadata, |target| target.required_features.is_empty())
}

/// As [`check_complete`], for the tests that need `feature`, of which there must be one.
///
/// # Errors
///
/// Names what is missing.
pub fn check_feature(programs: &[Program], metadata: &Metadata, feature: &str) -> Result<()> {
    ensure!(!programs.is_empty(), "no test needs the feature `{feature}`");
    check_some(programs, metadata, |target| target.required_features.iter().any(|f| f == feature))
}

fn check_some(
    programs: &[Program],
    metadata: &Metadata,
    wanted: impl Fn(&Target) -> bool,
) -> Result<()> {
    let mut missing = Vec::new();
    for package in metadata.workspace_packages() {
        for target in package.targets.iter().filter(|target| wanted(target)) {
            let is_example = target.kind.contains(&TargetKind::Example);
            let Some((_, label)) = describe(target, target.test && !is_example) else {
                continue;
            };
            let name = format!("{} {label}", package.name);
            if !programs.iter().any(|program| program.name == name) {
                missing.push(format!("  not built: {name}"));
            }
        }
    }
    ensure!(missing.is_empty(), "{}", missing.join("\n"));
    Ok(())
}

/// The artifact as a program to run, unless it is a library, a build script or a plain binary.
fn program(artifact: Artifact, metadata: &Metadata) -> Option<Program> {
    let executable = artifact.executable?.into_std_path_buf();
    let mut packages = metadata.packages.iter();
    let package = packages.find(|package| package.id == artifact.package_id)?;
    let (kind, label) = describe(&artifact.target, artifact.profile.test)?;
    Some(Program {
        name: format!("{} {label}", package.name),
        kind,
        target: artifact.target.name,
        executable,
        package_dir: package.manifest_path.parent()?.as_std_path().to_path_buf(),
    })
}

/// What a target is when it is built as a test or, if not `as_test`, as it stands.
fn describe(target: &Target, as_test: bool) -> Option<(Kind, String)> {
    let name = &target.name;
    let of_kind = |kind| target.kind.contains(&kind);
    Some(match as_test {
        true if of_kind(TargetKind::Test) => (Kind::Integration, format!("tests/{name}")),
        true if of_kind(TargetKind::Bin) => (Kind::Unit, format!("bin {name}")),
        true if of_kind(TargetKind::Example) => (Kind::Unit, format!("examples/{name}")),
        true if of_kind(TargetKind::Bench) => (Kind::Unit, format!("benches/{name}")),
        true => (Kind::Unit, "lib".to_owned()),
        false if of_kind(TargetKind::Example) => (Kind::Example, format!("example {name}")),
        false => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    #[test]
    fn a_test_program_that_was_not_built_is_named() {
        let metadata = workspace::metadata().unwrap();
        let error = check_complete(&[], &metadata).unwrap_err().to_string();
        assert!(error.contains("not built: xtask bin xtask"), "{error}");
        assert!(error.contains("not built: trigo-heap lib"), "{error}");
    }

    #[test]
    fn a_test_behind_a_feature_is_asked_for_apart() {
        let metadata = workspace::metadata().unwrap();
        let all = check_complete(&[], &metadata).unwrap_err().to_string();
        assert!(!all.contains("model_faults"), "{all}");
        assert!(check_feature(&[], &metadata, "fault-injection").is_err());
        let other = Program {
            name: "x".into(),
            kind: Kind::Integration,
            target: "x".into(),
            executable: PathBuf::new(),
            package_dir: PathBuf::new(),
        };
        let error = check_feature(&[other], &metadata, "fault-injection").unwrap_err();
        assert_eq!(error.to_string(), "  not built: trigo-heap tests/model_faults");
    }

    #[test]
    fn messages_name_the_programs_and_nothing_else() {
        let metadata = workspace::metadata().unwrap();
        let packages = metadata.workspace_packages();
        let id = &packages.iter().find(|package| package.name == "xtask").unwrap().id;
        let message = |kind: &str, test: bool, executable: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","package_id":"{id}","manifest_path":"/x/Cargo.toml",
                "target":{{"kind":["{kind}"],"crate_types":["bin"],"name":"t","src_path":"/x/t.rs"}},
                "profile":{{"opt_level":"0","debug_assertions":true,"overflow_checks":true,"test":{test}}},
                "features":[],"filenames":[],"executable":{executable},"fresh":true}}"#
            )
            .replace('\n', " ")
        };
        let lines = [
            message("test", true, "\"/x/t1\""),
            message("example", false, "\"/x/t2\""),
            message("bin", false, "\"/x/t3\""),
            message("lib", false, "null"),
        ];
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("messages");
        std::fs::write(&file, lines.join("\n")).unwrap();
        let found = programs(&file, &metadata).unwrap();
        let names: Vec<_> = found.iter().map(|program| program.name.as_str()).collect();
        assert_eq!(names, ["xtask example t", "xtask tests/t"]);
        assert_eq!(found[1].kind, Kind::Integration);
        assert_eq!(found[1].command().get_program(), "/x/t1");
    }
}
