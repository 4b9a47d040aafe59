//! The table of conformance suites.
//!
//! A suite has one runner: a test program of the room that it tries, built on the package in `tests/`, where its lists
//! of known failures are. It prints `SUITE: PASSED/TOTAL` and fails when a case went otherwise than the lists expect.
//! A new suite is a line here.

use crate::artifacts::{Kind, Program};
use anyhow::{Result, ensure};

/// A conformance suite.
pub struct Suite {
    /// Its name on the command line and in `tests/`.
    pub name: &'static str,
    /// The package with its runner.
    pub package: &'static str,
    /// The test target of that package which is its runner.
    pub target: &'static str,
}

/// All suites.
pub const SUITES: &[Suite] = &[
    Suite { name: "std", package: "trigo-types", target: "std" },
    Suite { name: "types", package: "trigo-types", target: "types" },
    Suite { name: "syntax", package: "trigo-syntax", target: "syntax" },
    Suite { name: "errorcheck-syntax", package: "trigo-syntax", target: "errorcheck_syntax" },
    Suite { name: "errorcheck-types", package: "trigo-types", target: "errorcheck_types" },
    Suite { name: "go-run", package: "trigo", target: "go_run" },
    Suite { name: "go-run-torture", package: "trigo", target: "go_run_torture" },
];

impl Suite {
    /// The suite of which a program is the runner, if it is one.
    pub fn of(program: &Program) -> Option<&'static Suite> {
        SUITES.iter().find(|suite| program.name == suite.runner())
    }

    fn runner(&self) -> String {
        format!("{} tests/{}", self.package, self.target)
    }
}

/// Fails unless every suite's runner is among the programs. So no suite vanishes because its runner was renamed.
///
/// # Errors
///
/// Names the suites without a runner.
pub fn check_complete(programs: &[Program]) -> Result<()> {
    let found = |suite: &Suite| {
        let is_runner = |p: &Program| p.kind == Kind::Integration && p.name == suite.runner();
        programs.iter().any(is_runner)
    };
    let missing: Vec<String> = SUITES
        .iter()
        .filter(|suite| !found(suite))
        .map(|suite| format!("  {}: there is no {}", suite.name, suite.runner()))
        .collect();
    ensure!(missing.is_empty(), "suites without a runner:\n{}", missing.join("\n"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_without_a_runner_is_named() {
        let error = check_complete(&[]).unwrap_err().to_string();
        assert!(error.contains("errorcheck-types: there is no trigo-types tests/errorcheck_types"));
    }
}
