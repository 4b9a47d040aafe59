//! `cargo xtask nightly`: the tests scaled up, Miri, AddressSanitizer, and the fuzz targets.
//!
//! Miri and AddressSanitizer need a nightly toolchain; Miri's component is asked of rustup when it is missing.
//! cargo-fuzz is better with one. Where they cannot be had the run says so and goes on.

use crate::fuzz::{Toolchain, targets};
use crate::stage::{Count, Stage};
use crate::suite::{Depth, Suite};
use crate::workspace;
use anyhow::Result;
use clap::{Args, ValueEnum};
use std::process::{Command, ExitCode};

/// Arguments of `nightly`.
#[derive(Args)]
pub struct Nightly {
    /// Only this step; several may be named
    #[arg(long, value_enum)]
    only: Vec<Step>,
    /// How long each fuzz target runs, in seconds
    #[arg(long, default_value_t = 1800)]
    fuzz_seconds: u32,
}

/// What a night consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Step {
    /// The tests, scaled up
    Tests,
    /// Miri on the heap's unit tests and on small programs
    Miri,
    /// The heap's tests with AddressSanitizer
    Address,
    /// Every fuzz target
    Fuzz,
}

impl Nightly {
    /// Runs everything that is installed. The last line it prints is `N passed, N failed`.
    ///
    /// # Errors
    ///
    /// When a step cannot be carried out at all.
    pub fn run(self) -> Result<ExitCode> {
        let mut suite = Suite::new(Depth::Long)?;
        let steps = if self.only.is_empty() { Step::value_variants() } else { &self.only };
        for step in steps {
            match step {
                Step::Tests => suite.run_all()?,
                Step::Miri => miri(&mut suite)?,
                Step::Address => address(&mut suite)?,
                Step::Fuzz => fuzz(&mut suite, self.fuzz_seconds)?,
            }
        }
        Ok(suite.finish())
    }
}

/// Miri on the heap: each test once, and those of the protocols with several schedules of their threads.
fn miri(suite: &mut Suite) -> Result<()> {
    let target = suite.target("miri");
    let mut setup = workspace::cargo_nightly();
    setup.args(["miri", "setup", "--target-dir"]).arg(&target);
    if !workspace::has_nightly("miri") || !workspace::succeeds(&mut setup) {
        let why = "`cargo +nightly miri setup` fails; run `rustup toolchain install nightly \
                   --component miri --component rust-src`";
        suite.run.skip("miri", why);
        return Ok(());
    }
    let mut stage = |name: &str, flags: &str, arguments: &[&str]| {
        let mut command = workspace::cargo_nightly();
        command.args(["miri", "test", "--package", "trigo-heap", "--target-dir"]).arg(&target);
        command.args(arguments).env("MIRIFLAGS", join("MIRIFLAGS", flags));
        libtest(suite, name, command)
    };
    // The heap's objects are found from integers, so that provenance is exposed by design.
    let once = "-Zmiri-permissive-provenance";
    stage("miri trigo-heap", once, &["--lib", "--test", "small_programs"])?;
    let often = format!("{once} -Zmiri-many-seeds=0..8");
    stage("miri trigo-heap, many schedules", &often, &["--lib", "protocol::gate"])
}

/// The heap's tests with AddressSanitizer: what the heap does beside its objects, which the sanitizer does not know. Stacks
/// that are scanned have gaps between variables that must not be read, so tests that scan the native stack are left out; and
/// so are those that measure time.
fn address(suite: &mut Suite) -> Result<()> {
    const TARGET: &str = "x86_64-unknown-linux-gnu";
    let name = "address trigo-heap";
    if !workspace::succeeds(workspace::cargo_nightly().arg("--version")) {
        suite.run.skip(name, "there is no nightly; run `rustup toolchain install nightly`");
        return Ok(());
    }
    let mut command = workspace::cargo_nightly();
    command.args(["test", "--package", "trigo-heap", "--profile", "checked", "--target", TARGET]);
    command.arg("--target-dir").arg(suite.target("address"));
    command.args(["--lib", "--test", "model", "--"]);
    let skipped = ["native_stack", "ten_million", "stats::holds", "assist::"];
    command.args(skipped.iter().flat_map(|tests| ["--skip", tests]));
    command.env("RUSTFLAGS", join("RUSTFLAGS", "-Zsanitizer=address"));
    libtest(suite, name, command)
}

fn libtest(suite: &mut Suite, name: &str, command: Command) -> Result<()> {
    let stage = Stage::new(name, command, suite.depth.program());
    suite.run.stage(Stage { count: Count::Libtest, ..stage })?;
    Ok(())
}

/// `flags` behind those that the environment variable has.
fn join(variable: &str, flags: &str) -> String {
    format!("{} {flags}", std::env::var(variable).unwrap_or_default()).trim().to_owned()
}

/// Every fuzz target.
fn fuzz(suite: &mut Suite, seconds: u32) -> Result<()> {
    let Some(toolchain) = Toolchain::find() else {
        let why = "`cargo fuzz` fails; run `cargo install cargo-fuzz`, it needs a C++ compiler";
        suite.run.skip("fuzz", why);
        return Ok(());
    };
    for target in targets()? {
        let limits = suite.depth.program();
        let command = toolchain.run(&target, seconds)?;
        suite.run.stage(Stage::new(format!("fuzz {}", target.name), command, limits))?;
    }
    Ok(())
}
