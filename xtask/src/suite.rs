//! Which steps Trigo's tests consist of.
//!
//! The same steps serve `test` and `nightly`; [`Depth`] sets how long each may take, and tells the
//! tests through `TRIGO_NIGHTLY` to do more. Every test program, example and loom model is a stage
//! of its own.

use crate::artifacts::{self, Kind, Program};
use crate::conformance;
use crate::guard::Limits;
use crate::models;
use crate::stage::{Count, Run, Stage};
use crate::{cache, walls, workspace};
use anyhow::Result;
use cargo_metadata::Metadata;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

/// How much a run of the tests does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// What every change must pass, within 40 minutes on two cores.
    Quick,
    /// The same tests scaled up, for a night.
    Long,
}

/// Of the suites that compile and run programs, a quick run takes one case in so many.
const QUICK_SAMPLE: &str = "12";

const MINUTE: Duration = Duration::from_secs(60);
const GIB: u64 = 1 << 30;

impl Depth {
    fn budget(self) -> Duration {
        match self {
            Depth::Quick => 38 * MINUTE,
            Depth::Long => 12 * 60 * MINUTE,
        }
    }

    fn limits(self, minutes: u32, gibibytes: u64) -> Limits {
        let (time, memory) = if self == Depth::Quick { (1, 1) } else { (12, 2) };
        Limits { time: minutes * time * MINUTE, memory: gibibytes * memory * GIB }
    }

    /// The limits of fetching, of a build or of an analysis of the sources.
    pub fn build(self) -> Limits {
        self.limits(25, 8)
    }

    /// The limits of one test program.
    pub fn program(self) -> Limits {
        self.limits(10, 4)
    }

    /// The limits of one example or one loom model.
    pub fn small(self) -> Limits {
        self.limits(5, 4)
    }
}

/// A run of the tests in progress.
pub struct Suite {
    /// How much it does.
    pub depth: Depth,
    /// Its results so far.
    pub run: Run,
    metadata: Metadata,
}

impl Suite {
    /// Prepares a run: adds missing toolchain components, reads the workspace.
    ///
    /// # Errors
    ///
    /// When rustfmt or clippy cannot be had, or the workspace cannot be read.
    pub fn new(depth: Depth) -> Result<Suite> {
        workspace::ensure_components()?;
        let metadata = workspace::metadata()?;
        let logs = metadata.target_directory.join("xtask").into_std_path_buf();
        Ok(Suite { depth, run: Run::new(logs, depth.budget())?, metadata })
    }

    /// A folder below cargo's target folder.
    pub fn target(&self, name: &str) -> PathBuf {
        self.metadata.target_directory.join(name).into_std_path_buf()
    }

    /// Runs all steps. A step that fails does not keep the others from running, unless they need
    /// it.
    ///
    /// # Errors
    ///
    /// When a step cannot be carried out at all. That tests fail is a result, not an error.
    pub fn run_all(&mut self) -> Result<()> {
        self.sources()?;
        self.setup()?;
        self.programs()?;
        self.faults()?;
        self.models()
    }

    /// Prints the last line and gives the exit code.
    pub fn finish(self) -> ExitCode {
        self.run.finish()
    }

    /// Format, walls between rooms, lints, documentation.
    fn sources(&mut self) -> Result<()> {
        self.cargo_stage("format", &["fmt", "--all", "--check"], &[])?;
        let metadata = &self.metadata;
        self.run.check("walls", || walls::check(metadata));
        let clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
        self.cargo_stage("clippy", &clippy, &[])?;
        let doc = ["doc", "--workspace", "--no-deps", "--document-private-items"];
        self.cargo_stage("doc", &doc, &[("RUSTDOCFLAGS", "-D warnings")])?;
        Ok(())
    }

    /// The outside parts that tests use as oracles. The tests find them through `TRIGO_CACHE`.
    fn setup(&mut self) -> Result<()> {
        for part in ["go", "tests"] {
            let mut command = Command::new(std::env::current_exe()?);
            command.args(["setup", "--only", part]);
            let stage = Stage::new(format!("setup {part}"), command, self.depth.build());
            self.run.stage(stage)?;
        }
        Ok(())
    }

    /// Unit, integration and documentation tests, and the examples.
    fn programs(&mut self) -> Result<()> {
        let arguments = ["test", "--workspace", "--profile", "checked"];
        let mut build = workspace::cargo();
        build.args(arguments);
        let Some(programs) = self.build("build", build)? else {
            return Ok(());
        };
        let metadata = &self.metadata;
        let complete = || artifacts::check_complete(&programs, metadata);
        self.run.check("all programs built", complete);
        self.run.check("all suites built", || conformance::check_complete(&programs));
        for program in &programs {
            let (limits, count) = match (program.kind, conformance::Suite::of(program)) {
                (Kind::Example, _) => (self.depth.small(), Count::One),
                (_, Some(suite)) => (self.depth.program(), Count::Suite(suite.name)),
                (_, None) => (self.depth.program(), Count::Libtest),
            };
            self.program_stage(program.name.clone(), program.command(), limits, count)?;
        }
        let mut doctests = workspace::cargo();
        doctests.args(arguments).arg("--doc");
        let limits = self.depth.build();
        self.program_stage("doc tests".to_owned(), doctests, limits, Count::Libtest)
    }

    /// The heap's tests that break its protocol on purpose: those that need a feature to be built.
    fn faults(&mut self) -> Result<()> {
        let mut build = workspace::cargo();
        build.args(["test", "-p", "trigo-heap", "--profile", "checked"]);
        build.args(["--features", "fault-injection", "--test", "*_faults"]);
        let Some(programs) = self.build("faults build", build)? else {
            return Ok(());
        };
        let metadata = &self.metadata;
        let complete = || artifacts::check_feature(&programs, metadata, "fault-injection");
        self.run.check("all fault tests built", complete);
        for program in &programs {
            let name = program.name.clone();
            let limits = self.depth.program();
            self.program_stage(name, program.command(), limits, Count::Libtest)?;
        }
        Ok(())
    }

    /// The loom models of the heap and the runtime.
    fn models(&mut self) -> Result<()> {
        let heap = workspace::root().join("crates/heap");
        let mut build = workspace::cargo();
        build
            .args(["test", "-p", "trigo-heap", "-p", "trigo-runtime", "--release", "--lib"])
            .arg("--target-dir")
            .arg(self.target("loom"))
            .env("RUSTFLAGS", with_loom(std::env::var("RUSTFLAGS").ok()));
        if has_loom_targets(&heap.join("tests")) {
            build.args(["--test", "loom_*"]);
        }
        let Some(programs) = self.build("loom build", build)? else {
            return Ok(());
        };
        let models = models::find(&programs)?;
        let names = models.iter().map(models::Model::name).collect();
        let list = workspace::root().join("xtask/loom-models.txt");
        self.run.check("loom models listed", || models::compare(&names, &list));
        for model in &models {
            let mut command = model.program.command();
            command.args(["--exact", &model.test]);
            let name = format!("loom {}", model.test);
            self.program_stage(name, command, self.depth.small(), Count::Libtest)?;
        }
        Ok(())
    }

    /// Builds without running and returns what was built, or `None` when that failed.
    fn build(&mut self, name: &str, mut command: Command) -> Result<Option<Vec<Program>>> {
        command.args(["--no-run", "--message-format=json-render-diagnostics"]);
        let messages = self.target("xtask").join(format!("{}.json", name.replace(' ', "-")));
        let mut stage = Stage::new(name, command, self.depth.build());
        stage.stdout = Some(messages.clone());
        if !self.run.stage(stage)? {
            return Ok(None);
        }
        artifacts::programs(&messages, &self.metadata).map(Some)
    }

    fn cargo_stage(
        &mut self,
        name: &str,
        arguments: &[&str],
        env: &[(&str, &str)],
    ) -> Result<bool> {
        let mut command = workspace::cargo();
        command.args(arguments).envs(env.iter().copied());
        self.run.stage(Stage::new(name, command, self.depth.build()))
    }

    fn program_stage(
        &mut self,
        name: String,
        mut command: Command,
        limits: Limits,
        count: Count,
    ) -> Result<()> {
        command.env("TRIGO_CACHE", cache::dir()?);
        match self.depth {
            Depth::Quick => command.env("TRIGO_SAMPLE", QUICK_SAMPLE),
            Depth::Long => command.env("TRIGO_NIGHTLY", "1"),
        };
        let stage = Stage::new(name, command, limits);
        self.run.stage(Stage { count, ..stage })?;
        Ok(())
    }
}

fn with_loom(flags: Option<String>) -> String {
    format!("{} --cfg loom", flags.unwrap_or_default()).trim().to_owned()
}

fn has_loom_targets(tests: &std::path::Path) -> bool {
    let Ok(entries) = std::fs::read_dir(tests) else {
        return false;
    };
    let mut names = entries.flatten().map(|entry| entry.file_name());
    names.any(|name| name.to_string_lossy().starts_with("loom_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loom_joins_the_flags_that_are_there() {
        assert_eq!(with_loom(None), "--cfg loom");
        assert_eq!(with_loom(Some("-C x".into())), "-C x --cfg loom");
    }

    #[test]
    fn a_quick_run_ends_within_forty_minutes_whatever_hangs() {
        assert!(Depth::Quick.budget() < 40 * MINUTE);
        assert!(Depth::Quick.program().time < Depth::Quick.budget());
    }
}
