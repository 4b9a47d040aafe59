//! The list of named, timed, counted steps that a test run is made of.
//!
//! A stage is a command under limits. Its output goes to a log file; the terminal gets one line per
//! stage and the end of the log of each one that failed. The last line of a run is `N passed, N
//! failed`: a test program counts with as many tests as it reports, everything else counts as one.

use crate::guard::{self, End, Limits, Outcome};
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

/// How a stage's result becomes a number of passed and failed tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// The stage is one test.
    One,
    /// The stage reports its tests as libtest does, in `test result:` lines.
    Libtest,
    /// The stage is the conformance suite of this name and reports `SUITE: PASSED/TOTAL`.
    Suite(&'static str),
}

/// One step of a run.
pub struct Stage {
    /// What the step is called on the terminal and, with `/` and spaces replaced, its log file.
    pub name: String,
    /// What it runs.
    pub command: Command,
    /// What it may use.
    pub limits: Limits,
    /// How it counts.
    pub count: Count,
    /// Where its standard output goes, when not into the log.
    pub stdout: Option<PathBuf>,
}

impl Stage {
    /// A stage that counts as one test and logs all it prints.
    pub fn new(name: impl Into<String>, command: Command, limits: Limits) -> Stage {
        Stage { name: name.into(), command, limits, count: Count::One, stdout: None }
    }
}

/// Runs stages and adds up their results.
pub struct Run {
    logs: PathBuf,
    deadline: Instant,
    passed: u64,
    failed: u64,
    skipped: u64,
    interrupted: bool,
}

impl Run {
    /// A run that writes its logs into `logs` and ends every stage after `budget` at the latest.
    ///
    /// # Errors
    ///
    /// When the folder cannot be created.
    pub fn new(logs: PathBuf, budget: Duration) -> Result<Run> {
        fs::create_dir_all(&logs).with_context(|| format!("cannot create {}", logs.display()))?;
        Ok(Run {
            logs,
            deadline: Instant::now() + budget,
            passed: 0,
            failed: 0,
            skipped: 0,
            interrupted: false,
        })
    }

    /// Runs a stage, prints its line, and says whether it passed.
    ///
    /// # Errors
    ///
    /// When its log cannot be written or read. That the stage itself fails is a result, not an
    /// error.
    pub fn stage(&mut self, mut stage: Stage) -> Result<bool> {
        if self.interrupted {
            return Ok(false);
        }
        let log = self.logs.join(file_name(&stage.name));
        let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let stdout = match &stage.stdout {
            Some(path) => File::create(path)?,
            None => file.try_clone()?,
        };
        stage.command.stdout(stdout).stderr(file);
        let left = self.deadline.saturating_duration_since(Instant::now());
        stage.limits.time = stage.limits.time.min(left);

        print!("{:<40} ", stage.name);
        std::io::stdout().flush()?;
        let outcome = match guard::run(&mut stage.command, stage.limits) {
            Ok(outcome) => outcome,
            Err(error) => {
                println!("FAILED: {error:#}");
                self.failed += 1;
                return Ok(false);
            }
        };
        self.record(&stage, &outcome, &log)
    }

    /// Runs a check inside this process; its error is the failure's text.
    pub fn check(&mut self, name: &str, check: impl FnOnce() -> Result<()>) -> bool {
        if self.interrupted {
            return false;
        }
        let start = Instant::now();
        let result = check();
        print!("{name:<40} {:>7.1} s             ", start.elapsed().as_secs_f64());
        match result {
            Ok(()) => {
                println!("ok");
                self.passed += 1;
                true
            }
            Err(error) => {
                println!("FAILED");
                println!("{error:#}");
                self.failed += 1;
                false
            }
        }
    }

    /// Notes a stage that cannot run here, and why.
    pub fn skip(&mut self, name: &str, why: &str) {
        println!("{name:<40} skipped: {why}");
        self.skipped += 1;
    }

    /// Prints the last line and turns the run into an exit code.
    pub fn finish(self) -> ExitCode {
        if self.interrupted {
            println!("interrupted");
        }
        if self.skipped > 0 {
            println!("stages skipped, see above: {}", self.skipped);
        }
        println!("{} passed, {} failed", self.passed, self.failed);
        if self.failed > 0 || self.interrupted || self.passed == 0 {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }

    fn record(&mut self, stage: &Stage, outcome: &Outcome, log: &Path) -> Result<bool> {
        let text = tail(log)?;
        let counted = match stage.count {
            Count::One => None,
            Count::Libtest => libtest_result(&text),
            Count::Suite(name) => suite_result(&text, name),
        };
        let success = matches!(outcome.end, End::Exited(status) if status.success());
        let (passed, failed) = match (counted, success) {
            // The known failures of a suite that ends well are none.
            (Some((passed, _)), true) if matches!(stage.count, Count::Suite(_)) => (passed, 0),
            (Some((passed, failed)), true) => (passed, failed),
            (Some((passed, failed)), false) => (passed, failed.max(1)),
            (None, true) => (u64::from(stage.count == Count::One), 0),
            (None, false) => (0, 1),
        };
        // A test program that ends well without a result line did not run its tests.
        let silent = counted.is_none() && success && stage.count != Count::One;
        let failed = failed + u64::from(silent);
        self.passed += passed;
        self.failed += failed;
        self.interrupted |= outcome.end == End::Interrupted;

        let seconds = outcome.wall.as_secs_f64();
        let megabytes = outcome.peak >> 20;
        print!("{seconds:>7.1} s {megabytes:>6} MiB  ");
        match stage.count {
            Count::One if failed == 0 => println!("ok"),
            Count::Libtest if failed == 0 => println!("ok, {passed} tests"),
            Count::Suite(_) if failed == 0 => println!("ok, {passed} cases"),
            _ => {
                println!("FAILED: {}", reason(stage, outcome, silent));
                print_end(&text, log);
            }
        }
        Ok(failed == 0)
    }
}

fn reason(stage: &Stage, outcome: &Outcome, silent: bool) -> String {
    match &outcome.end {
        End::Exited(_) if silent => "it reported no test result".to_owned(),
        End::Exited(status) => status.to_string(),
        End::TimedOut => format!("killed after {:.0} s", stage.limits.time.as_secs_f64()),
        End::OverMemory => {
            let (used, limit) = (outcome.peak >> 20, stage.limits.memory >> 20);
            format!("killed at {used} MiB, over its limit of {limit} MiB")
        }
        End::Interrupted => "interrupted".to_owned(),
    }
}

fn print_end(text: &str, log: &Path) {
    const LINES: usize = 60;
    let lines: Vec<&str> = text.lines().collect();
    for line in &lines[lines.len().saturating_sub(LINES)..] {
        println!("    {line}");
    }
    println!("    whole log: {}", log.display());
}

fn file_name(stage: &str) -> String {
    let safe = |c: char| {
        if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' }
    };
    format!("{}.log", stage.chars().map(safe).collect::<String>())
}

/// The last mebibyte of a log.
fn tail(log: &Path) -> Result<String> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(1 << 20)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Adds up libtest's `test result: ok. 3 passed; 1 failed; …` lines; none found is `None`.
fn libtest_result(text: &str) -> Option<(u64, u64)> {
    let results = text.lines().filter_map(|line| {
        let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let number = |label: &str| {
            let part = counts.split("; ").find_map(|part| part.strip_suffix(label))?;
            part.trim().parse::<u64>().ok()
        };
        Some((number(" passed")?, number(" failed")?))
    });
    results.reduce(|sum, next| (sum.0 + next.0, sum.1 + next.1))
}

/// Reads the line `SUITE: PASSED/TOTAL` of the suite `name`, as passed and failed.
fn suite_result(text: &str, name: &str) -> Option<(u64, u64)> {
    let line = text.lines().rev().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))?;
    let (passed, total) = line.split_once('/')?;
    let (passed, total): (u64, u64) = (passed.parse().ok()?, total.parse().ok()?);
    Some((passed, total.checked_sub(passed)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { time: Duration::from_secs(60), memory: 1 << 30 };

    fn shell(name: &str, count: Count, script: &str) -> Stage {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let stage = Stage::new(name, command, LIMITS);
        Stage { count, ..stage }
    }

    fn new_run(dir: &Path) -> Run {
        Run::new(dir.join("logs"), Duration::from_secs(60)).unwrap()
    }

    #[test]
    fn results_of_several_programs_add_up() {
        let text = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured\nnoise\n\
            test result: FAILED. 10 passed; 2 failed; 0 ignored\n";
        assert_eq!(libtest_result(text), Some((13, 2)));
        assert_eq!(libtest_result("nothing here"), None);
    }

    #[test]
    fn a_suite_counts_what_passed_and_fails_by_its_code() {
        assert_eq!(suite_result("x: why\nstd-x: 1/1\nstd: 7/9\n", "std"), Some((7, 2)));
        assert_eq!(suite_result("std: 9/7", "std"), None);
        let dir = tempfile::tempdir().unwrap();
        let mut run = new_run(dir.path());
        assert!(run.stage(shell("known", Count::Suite("s"), "echo s: 7/9")).unwrap());
        assert!(!run.stage(shell("surprise", Count::Suite("s"), "echo s: 8/9; false")).unwrap());
        assert!(!run.stage(shell("mute", Count::Suite("s"), "true")).unwrap());
        assert_eq!((run.passed, run.failed), (15, 2));
    }

    #[test]
    fn stages_count_and_log() {
        let dir = tempfile::tempdir().unwrap();
        let mut run = new_run(dir.path());
        let line = "echo 'test result: ok. 3 passed; 0 failed; 0 ignored'";
        assert!(run.stage(shell("a b", Count::Libtest, line)).unwrap());
        assert!(run.stage(shell("one", Count::One, "true")).unwrap());
        assert!(!run.stage(shell("bad", Count::One, "echo why; false")).unwrap());
        assert_eq!((run.passed, run.failed), (4, 1));
        let log = fs::read_to_string(dir.path().join("logs/bad.log")).unwrap();
        assert_eq!(log, "why\n");
        assert!(dir.path().join("logs/a-b.log").exists());
    }

    #[test]
    fn a_crash_after_passed_tests_is_a_failure() {
        let dir = tempfile::tempdir().unwrap();
        let mut run = new_run(dir.path());
        let script = "echo 'test result: ok. 3 passed; 0 failed; 0 ignored'; kill -SEGV $$";
        assert!(!run.stage(shell("crash", Count::Libtest, script)).unwrap());
        assert_eq!((run.passed, run.failed), (3, 1));
    }

    #[test]
    fn a_test_program_that_says_nothing_is_a_failure() {
        let dir = tempfile::tempdir().unwrap();
        let mut run = new_run(dir.path());
        assert!(!run.stage(shell("silent", Count::Libtest, "true")).unwrap());
        assert_eq!((run.passed, run.failed), (0, 1));
    }

    #[test]
    fn a_hang_is_one_failure_and_the_next_stage_runs() {
        let dir = tempfile::tempdir().unwrap();
        let mut run = new_run(dir.path());
        let mut hang = shell("hang", Count::One, "sleep 300");
        hang.limits.time = Duration::from_millis(200);
        assert!(!run.stage(hang).unwrap());
        assert!(run.stage(shell("next", Count::One, "true")).unwrap());
        assert_eq!((run.passed, run.failed), (1, 1));
    }

    #[test]
    fn the_budget_of_the_run_cuts_a_stage_short() {
        let dir = tempfile::tempdir().unwrap();
        let mut run = Run::new(dir.path().join("logs"), Duration::from_millis(200)).unwrap();
        assert!(!run.stage(shell("long", Count::One, "sleep 300")).unwrap());
        assert_eq!((run.passed, run.failed), (0, 1));
    }

    #[test]
    fn a_run_without_any_passed_test_is_no_success() {
        let dir = tempfile::tempdir().unwrap();
        let code = format!("{:?}", new_run(dir.path()).finish());
        assert_eq!(code, format!("{:?}", ExitCode::FAILURE));
    }
}
