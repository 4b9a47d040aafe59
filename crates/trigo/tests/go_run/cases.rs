//! What the suites `go-run` and `go-run-torture` have in common: the cases, and how one is run.
//!
//! A test's first line says what to do with it ([`recipe`]); `cmd/internal/testdir` of Go's distribution says what that
//! means: a program ends with status 0 and prints what the `.out` file beside it holds, or nothing. The same is done
//! here with `trigo build`. Programs of several files in one folder, which Go's tests hand to the compiler one by one,
//! are laid out as a module first ([`layout`]).
//!
//! With `TRIGO_SAMPLE=N`, every N-th test is run, chosen by its name: what a change must pass. With
//! `TRIGO_GO_RUN_COMMAND`, another command than the `trigo` under test: with Go's own, the runner tests itself.

use crate::layout;
use crate::recipe::{Kind, Recipe};
use conformance::process::{self, Limits};
use conformance::{Suite, missing, places};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

/// The folders that Go's own runner looks into.
const FOLDERS: &[&str] = &[
    ".",
    "ken",
    "chan",
    "interface",
    "internal/runtime/sys",
    "syntax",
    "dwarf",
    "fixedbugs",
    "codegen",
    "abi",
    "typeparam",
    "typeparam/mdempsky",
    "arenas",
    "simd",
];

const BUILD: Limits = Limits { time: Duration::from_secs(120), memory: 4 << 30 };
const RUN: Limits = Limits { time: Duration::from_secs(60), memory: 3 << 30 };

/// What the suites differ in.
#[derive(Clone, Copy)]
pub struct Conditions {
    /// Variables for the programs under test.
    pub environment: &'static [(&'static str, &'static str)],
    /// How many times as long as usual a program may run.
    pub patience: u32,
    /// Of so many cases of a sample, one is run.
    pub thinning: u64,
}

/// A test: its name, from the test directory on, and what its first line says.
struct Case {
    name: String,
    recipe: Recipe,
}

/// Runs a suite.
pub fn run(suite: Suite, conditions: Conditions) -> ExitCode {
    let Some(tests) = places::go_tests() else {
        return missing(suite.name(), "test directory of Go");
    };
    let command = std::env::var_os("TRIGO_GO_RUN_COMMAND")
        .map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_trigo")), PathBuf::from);
    let mut cases: Vec<Case> = FOLDERS.iter().flat_map(|folder| cases(&tests, folder)).collect();
    let sample = std::env::var("TRIGO_SAMPLE").ok().and_then(|n| n.parse().ok());
    let mut suite = match sample.map(|n: u64| n * conditions.thinning) {
        None => suite,
        Some(n) => {
            cases.retain(|case| number(&case.name).is_multiple_of(n));
            suite.part()
        }
    };
    let run = |case: &Case| {
        let test = Test { command: &command, tests: &tests, case, conditions };
        test.run().err().unwrap_or_default()
    };
    suite.run_all(&cases, |case| &case.name, run);
    suite.finish()
}

/// A number that a name always has (FNV-1a).
fn number(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |h: u64, byte| {
        (h ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The tests of a folder that are run, by name.
fn cases(tests: &Path, folder: &str) -> Vec<Case> {
    let entries = fs::read_dir(tests.join(folder)).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.retain(|name| name.ends_with(".go"));
    names.sort();
    let case = |name: String| {
        let name = if folder == "." { name } else { format!("{folder}/{name}") };
        let text = fs::read(tests.join(&name)).ok()?;
        let recipe = Recipe::read(&String::from_utf8_lossy(&text))?;
        Some(Case { name, recipe })
    };
    names.into_iter().filter_map(case).collect()
}

/// What went wrong, line by line.
type Failure = Vec<String>;

/// A case about to be run.
struct Test<'t> {
    command: &'t Path,
    tests: &'t Path,
    case: &'t Case,
    conditions: Conditions,
}

impl Test<'_> {
    fn run(&self) -> Result<(), Failure> {
        let &Test { command, tests, case, conditions } = self;
        let folder = tempfile::tempdir().map_err(told)?;
        let (source, recipe) = (tests.join(&case.name), &case.recipe);
        let files = source.with_extension("dir");
        let program = Program { command, recipe, conditions, path: folder.path().join("program") };
        let output = match recipe.kind {
            Kind::Run => {
                // Source files may follow, as they may in `go run`.
                let is_source = |name: &&String| name.ends_with(".go");
                let more = recipe.arguments.iter().take_while(is_source).count();
                let (more, arguments) = recipe.arguments.split_at(more);
                let more: Vec<PathBuf> = more.iter().map(|name| tests.join(name)).collect();
                let sources = std::iter::once(&source).chain(&more).map(PathBuf::as_path);
                program.build(&sources.collect::<Vec<_>>(), tests)?;
                program.run(tests, arguments)?
            }
            Kind::RunOutput => {
                let more: Vec<PathBuf> =
                    recipe.arguments.iter().map(|name| tests.join(name)).collect();
                let sources = std::iter::once(&source).chain(&more).map(PathBuf::as_path);
                program.build(&sources.collect::<Vec<_>>(), tests)?;
                let text = program.run(tests, &[])?;
                let made = folder.path().join("made.go");
                fs::write(&made, text).map_err(told)?;
                program.build(&[&made], tests)?;
                program.run(tests, &[])?
            }
            Kind::RunDir => {
                let module = folder.path().join("test");
                layout::module_of_files(&files, &module, recipe.file_is_package).map_err(told)?;
                program.build(&[Path::new(".")], &module)?;
                program.run(tests, &recipe.arguments)?
            }
            Kind::RunInDir => {
                let name = files.file_name().unwrap_or_default();
                let module = folder.path().join("src").join(name);
                let version = recipe.module_version.as_deref().unwrap_or("1.14");
                layout::module_of_folder(&files, &module, version).map_err(told)?;
                program.build(&[Path::new(".")], &module)?;
                program.run(&module, &[])?
            }
        };
        compare(&output, &expected(&source))
    }
}

/// What a test should print.
fn expected(source: &Path) -> Vec<u8> {
    fs::read(source.with_extension("out")).unwrap_or_default()
}

fn compare(got: &[u8], expected: &[u8]) -> Result<(), Failure> {
    if got == expected {
        return Ok(());
    }
    let (got, expected) = (String::from_utf8_lossy(got), String::from_utf8_lossy(expected));
    let (mut g, mut e) = (got.lines(), expected.lines());
    for line in 1.. {
        let pair = (g.next(), e.next());
        if pair.0 != pair.1 {
            let show = |line: Option<&str>| line.unwrap_or("nothing more").to_owned();
            return Err(vec![
                format!("the output differs in line {line}"),
                format!("expected: {}", show(pair.1)),
                format!("got:      {}", show(pair.0)),
            ]);
        }
        if pair == (None, None) {
            break;
        }
    }
    Err(vec!["the output differs in its line ends".into()])
}

/// An executable to be.
struct Program<'t> {
    command: &'t Path,
    recipe: &'t Recipe,
    conditions: Conditions,
    path: PathBuf,
}

impl Program<'_> {
    fn build(&self, sources: &[&Path], dir: &Path) -> Result<(), Failure> {
        let mut command = Command::new(self.command);
        command.current_dir(dir).arg("build").args(&self.recipe.build_flags);
        command.arg("-o").arg(&self.path).args(sources);
        let outcome = self.start(&mut command, BUILD)?;
        if outcome.is_success() { Ok(()) } else { Err(outcome.failure("build")) }
    }

    fn run(&self, dir: &Path, arguments: &[String]) -> Result<Vec<u8>, Failure> {
        let time = self.recipe.seconds.map_or(RUN.time, Duration::from_secs);
        let mut command = Command::new(&self.path);
        command.current_dir(dir).args(arguments).envs(self.conditions.environment.iter().copied());
        let limits = Limits { time: time * self.conditions.patience, ..RUN };
        let outcome = self.start(&mut command, limits)?;
        if outcome.is_success() { Ok(outcome.output) } else { Err(outcome.failure("run")) }
    }

    fn start(&self, command: &mut Command, limits: Limits) -> Result<process::Outcome, Failure> {
        command.env("GOENV", "off").env("GOFLAGS", "").env("GOWORK", "off").env("CGO_ENABLED", "0");
        command.envs(self.recipe.environment.iter().map(|(name, value)| (name, value)));
        process::run(command, limits).map_err(told)
    }
}

fn told(error: std::io::Error) -> Failure {
    vec![error.to_string()]
}
