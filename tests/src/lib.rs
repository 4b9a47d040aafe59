//! What all conformance suites share.
//!
//! A suite runs cases that were written by others: Go's packages, Go's tests. Its runner is a test program of the room
//! that it tries (`xtask/src/conformance.rs` lists them); it gives each case to a [`Suite`], which knows what is
//! expected of it and prints the one line `SUITE: PASSED/TOTAL`.
//!
//! What is expected stands beside this crate's `src`, in a folder per suite:
//!
//! * `known-failures.txt`: cases that fail, each with its reason. They count in the total. One that passes fails the
//!   run, so that the list is never longer than the truth.
//! * `not-applicable.txt`: cases that ask for something which is not this suite's matter, each with the rule by which
//!   it is left out. They are not run and not counted.
//!
//! A [variant](Suite::variant) of a suite has the lists of that one, and may have a `not-applicable.txt` of its own besides.
//!
//! A runner's arguments select cases by substring; `-v` shows why known failures fail.

pub mod damage;
mod list;
pub mod places;
pub mod process;

use list::List;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, available_parallelism};

/// How many lines of a failure are shown.
const SHOWN: usize = 12;

/// A suite while it runs.
pub struct Suite {
    name: &'static str,
    known: List,
    outside: List,
    filters: Vec<String>,
    verbose: bool,
    passed: usize,
    total: usize,
    surprises: Vec<String>,
    /// Whether the lists may name cases that are not met.
    is_part: bool,
    /// Whether known failures are left out.
    is_variant: bool,
}

impl Suite {
    /// The suite `name`, with its lists and the arguments of the process.
    ///
    /// # Panics
    ///
    /// When a list cannot be read or has a line that gives no reason.
    pub fn new(name: &'static str) -> Self {
        Self::with_lists(name, name)
    }

    /// The suite `name`, which runs the cases of the suite `of` under other conditions. It has the lists of that one, so it
    /// may have no failure that `of` lacks; what is known to fail there is not run here.
    ///
    /// # Panics
    ///
    /// As [`Suite::new`].
    pub fn variant(name: &'static str, of: &str) -> Self {
        let mut suite = Self { is_variant: true, ..Self::with_lists(name, of) };
        suite.outside.add(List::read(&lists(name).join("not-applicable.txt")));
        suite
    }

    /// A part of the suite, chosen by its runner.
    pub fn part(self) -> Self {
        Self { is_part: true, ..self }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    fn with_lists(name: &'static str, lists: &str) -> Self {
        let folder = self::lists(lists);
        let (flags, filters): (Vec<String>, Vec<String>) =
            std::env::args().skip(1).partition(|argument| argument.starts_with('-'));
        Self {
            name,
            known: List::read(&folder.join("known-failures.txt")),
            outside: List::read(&folder.join("not-applicable.txt")),
            filters,
            verbose: flags.iter().any(|flag| flag == "-v"),
            passed: 0,
            total: 0,
            surprises: Vec::new(),
            is_part: false,
            is_variant: false,
        }
    }

    /// Whether a case is selected and applicable.
    pub fn wants(&mut self, case: &str) -> bool {
        let selected = self.filters.is_empty() || self.filters.iter().any(|f| case.contains(f));
        let left_out = self.is_variant && self.known.find(case).is_some();
        selected && self.outside.find(case).is_none() && !left_out
    }

    /// Runs those of some cases that are selected and applicable, as many at once as there are processors, as
    /// [`Suite::run`] does one.
    pub fn run_all<T: Sync>(
        &mut self,
        cases: &[T],
        name: impl Fn(&T) -> &str,
        run: impl Fn(&T) -> Vec<String> + Sync,
    ) {
        let wanted: Vec<&T> = cases.iter().filter(|case| self.wants(name(case))).collect();
        let (next, threads) = (AtomicUsize::new(0), available_parallelism().map_or(1, usize::from));
        let results: Vec<OnceLock<Vec<String>>> = wanted.iter().map(|_| OnceLock::new()).collect();
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    loop {
                        let i = next.fetch_add(1, Ordering::SeqCst);
                        let Some(case) = wanted.get(i) else { break };
                        let _ = results[i].set(caught(|| run(case)));
                    }
                });
            }
        });
        for (case, failures) in wanted.into_iter().zip(results) {
            self.record(name(case), &failures.into_inner().unwrap_or_default());
        }
    }

    /// Runs a case, if it is selected and applicable. It gives what went wrong, line by line; a panic is a failure of
    /// the case alone.
    pub fn run(&mut self, case: &str, run: impl FnOnce() -> Vec<String>) {
        if !self.wants(case) {
            return;
        }
        let failures = caught(run);
        self.record(case, &failures);
    }

    fn record(&mut self, case: &str, failures: &[String]) {
        self.total += 1;
        self.passed += usize::from(failures.is_empty());
        let reason = self.known.find(case);
        let surprise = match (failures.is_empty(), &reason) {
            (true, None) => return,
            (true, Some(_)) => Some("passes, but is listed as a known failure".to_owned()),
            (false, None) => Some(format!("fails: {} differences", failures.len())),
            (false, Some(_)) => None,
        };
        if self.verbose || surprise.is_some() {
            let what = surprise.as_deref().or(reason.as_deref()).unwrap_or_default();
            eprintln!("{case}: {what}");
            failures.iter().take(SHOWN).for_each(|line| eprintln!("    {line}"));
        }
        self.surprises.extend(surprise);
    }

    /// Prints `SUITE: PASSED/TOTAL`. The code is a failure if a case went otherwise than expected, if a list names a
    /// case that is none, or if there was nothing to run.
    pub fn finish(mut self) -> ExitCode {
        if self.filters.is_empty() && !self.is_part {
            for case in self.known.unseen().chain(self.outside.unseen()) {
                eprintln!("{case}: is listed, but there is no such case");
                self.surprises.push(case.to_owned());
            }
        }
        println!("{}: {}/{}", self.name, self.passed, self.total);
        match self.surprises.is_empty() && self.total > 0 {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        }
    }
}

/// The folder with the lists of a suite.
fn lists(suite: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(suite)
}

/// Says what the suite misses on this machine and gives the exit code for it.
pub fn missing(suite: &str, what: &str) -> ExitCode {
    eprintln!("{suite}: there is no {what} here; run `cargo xtask setup`");
    ExitCode::FAILURE
}

/// What a case gives; a panic is a failure too.
fn caught(run: impl FnOnce() -> Vec<String>) -> Vec<String> {
    catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|panic| vec![format!("panicked: {}", panic_text(&*panic))])
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suite(known: &str, outside: &str) -> Suite {
        Suite {
            name: "s",
            known: List::parse("known", known),
            outside: List::parse("outside", outside),
            filters: Vec::new(),
            verbose: false,
            passed: 0,
            total: 0,
            surprises: Vec::new(),
            is_part: false,
            is_variant: false,
        }
    }

    fn is_success(code: ExitCode) -> bool {
        format!("{code:?}") == format!("{:?}", ExitCode::SUCCESS)
    }

    fn fail() -> Vec<String> {
        vec!["1: unexpected".into()]
    }

    #[test]
    fn a_known_failure_counts_and_is_no_surprise() {
        let mut s = suite("b.go: the reason\n", "c.go: the rule\n");
        s.run("a.go", Vec::new);
        s.run("b.go", fail);
        s.run("c.go", || unreachable!("it is not run"));
        assert_eq!((s.passed, s.total), (1, 2));
        assert!(is_success(s.finish()));
    }

    #[test]
    fn an_unlisted_failure_fails_the_run() {
        let mut s = suite("", "");
        s.run("a.go", Vec::new);
        s.run("b.go", || panic!("at the wrong moment"));
        assert_eq!((s.passed, s.total), (1, 2));
        assert!(!is_success(s.finish()));
    }

    #[test]
    fn a_listed_failure_that_passes_fails_the_run() {
        let mut s = suite("a.go: the reason\n", "");
        s.run("a.go", Vec::new);
        assert!(!is_success(s.finish()));
    }

    #[test]
    fn in_a_variant_a_listed_failure_is_not_run() {
        let mut s = Suite { is_variant: true, ..suite("a.go: the reason\n", "") };
        s.run("a.go", || unreachable!("it is not run"));
        s.run("b.go", Vec::new);
        assert_eq!((s.passed, s.total), (1, 1));
        assert!(is_success(s.finish()));
    }

    #[test]
    fn a_listed_case_that_does_not_exist_fails_the_run() {
        for (known, outside) in [("gone.go: why", ""), ("", "gone.go: why")] {
            let mut s = suite(known, outside);
            s.run("a.go", Vec::new);
            assert!(!is_success(s.finish()));
        }
    }

    #[test]
    fn an_empty_suite_is_no_success() {
        assert!(!is_success(suite("", "").finish()));
    }
}
