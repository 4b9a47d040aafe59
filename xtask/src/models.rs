//! The list of loom models that must exist.
//!
//! A model that is renamed or compiled out would vanish without a failing test. So the models found
//! must be exactly those named in `xtask/loom-models.txt`; `TRIGO_BLESS=1` rewrites that list. A
//! model is a test of the heap or the runtime, built with `--cfg loom`: every test of an integration test
//! `loom_*`, and every unit test in a module `models`.

use crate::artifacts::{Kind, Program};
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// One loom test of one program.
#[derive(Debug)]
pub struct Model<'a> {
    /// The program it is part of.
    pub program: &'a Program,
    /// Its path, as libtest names it.
    pub test: String,
}

impl Model<'_> {
    /// The line that names it in the list.
    pub fn name(&self) -> String {
        format!("{} {}", self.program.name, self.test)
    }
}

/// All models in the programs of a loom build.
///
/// # Errors
///
/// When a program cannot list its tests.
pub fn find(programs: &[Program]) -> Result<Vec<Model<'_>>> {
    let mut models = Vec::new();
    for program in programs {
        let all = match program.kind {
            Kind::Integration => program.target.starts_with("loom_"),
            Kind::Unit => false,
            Kind::Example => continue,
        };
        let tests = tests(program)?.into_iter().filter(|test| all || test.contains("models::"));
        models.extend(tests.map(|test| Model { program, test }));
    }
    Ok(models)
}

fn tests(program: &Program) -> Result<Vec<String>> {
    let output = program.command().args(["--list", "--format", "terse"]).output();
    let output = output.with_context(|| format!("cannot run {}", program.name))?;
    ensure!(output.status.success(), "{} cannot list its tests", program.name);
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let tests = lines.lines().filter_map(|line| line.strip_suffix(": test"));
    Ok(tests.map(str::to_owned).collect())
}

/// Compares the models' names with the list, or writes the list when blessing.
///
/// # Errors
///
/// When they differ; the message names each difference.
pub fn compare(found: &BTreeSet<String>, list: &Path) -> Result<()> {
    if std::env::var_os("TRIGO_BLESS").is_some() {
        return write(found, list);
    }
    check(found, list)
}

const HEADER: &str = "\
# The loom models that must exist. `TRIGO_BLESS=1 cargo xtask test` rewrites this list.
";

fn write(found: &BTreeSet<String>, list: &Path) -> Result<()> {
    let lines: String = found.iter().map(|name| format!("{name}\n")).collect();
    fs::write(list, format!("{HEADER}{lines}"))
        .with_context(|| format!("cannot write {}", list.display()))
}

fn check(found: &BTreeSet<String>, list: &Path) -> Result<()> {
    let text =
        fs::read_to_string(list).with_context(|| format!("cannot read {}", list.display()))?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let expected: BTreeSet<String> = lines.map(str::to_owned).collect();
    let gone = expected.difference(found).map(|name| format!("  vanished: {name}"));
    let new = found.difference(&expected).map(|name| format!("  not listed: {name}"));
    let differences: Vec<_> = gone.chain(new).collect();
    if !differences.is_empty() {
        bail!(
            "the loom models are not those of {}; if that is intended, run with TRIGO_BLESS=1\n{}",
            list.display(),
            differences.join("\n")
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_vanished_and_a_new_model_are_both_named() {
        let dir = tempfile::tempdir().unwrap();
        let list = dir.path().join("list");
        write(&set(&["a", "b"]), &list).unwrap();
        check(&set(&["b", "a"]), &list).unwrap();
        let error = check(&set(&["b", "c"]), &list).unwrap_err().to_string();
        assert!(error.contains("vanished: a"), "{error}");
        assert!(error.contains("not listed: c"), "{error}");
        assert!(!error.contains(": b"), "{error}");
    }
}
