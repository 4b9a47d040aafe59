//! Damaged sources never make the checker panic or hang: each file of the standard library and of the commands, among
//! the sound other files of its package; and the files of Go's type checker tests, which are dense with odd code.
//!
//! A sample of them, or all in the long form of the tests.

mod support;

use conformance::damage::{Damage, Random};
use conformance::places;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{Library, gotest};
use trigo_syntax::ast::File;
use trigo_syntax::token::Token;
use trigo_syntax::{FileId, Interner, Lexer, Mode, Source, parse_file};
use trigo_types::{CompilerFlags, Config, check_package, compiler_errors};

/// How many bytes of source are checked before the store, which forgets nothing, is replaced.
const BYTES_PER_STORE: usize = 50_000_000;

/// Damages files and checks their packages.
struct Breaker {
    goroot: PathBuf,
    library: Library,
    bytes: usize,
    random: Random,
    panics: Vec<String>,
}

impl Breaker {
    fn new() -> Self {
        let goroot = places::goroot().expect("a distribution of Go: run `cargo xtask setup`");
        let library = Library::new(goroot.clone(), true);
        Self { goroot, library, bytes: 0, random: Random::new(places::seed()), panics: Vec::new() }
    }

    /// Damages `files[which]` in every way, `rounds` times, and checks all of `files` as one package each time.
    fn damage(&mut self, path: &str, files: &[PathBuf], which: usize, rounds: usize) {
        if self.bytes > BYTES_PER_STORE {
            self.library = Library::new(self.goroot.clone(), true);
            self.bytes = 0;
        }
        let text = std::fs::read(&files[which]).unwrap_or_default();
        let spans = token_spans(&text, &self.library.interner);
        let sound = |(i, f): (usize, &PathBuf)| {
            (i != which).then(|| self.library.parse(f, &mut Vec::new()))
        };
        let mut package: Vec<_> = files.iter().enumerate().filter_map(sound).collect();
        let sound_bytes: usize = package.iter().map(|file| file.source().text.len()).sum();
        for damage in std::iter::repeat_n(Damage::ALL, rounds).flatten() {
            let damaged = damage.apply(&text, &spans, &mut self.random);
            package.truncate(files.len() - 1);
            package.push(self.parse(&damaged));
            let start = Instant::now();
            let result = catch_unwind(AssertUnwindSafe(|| self.check(path, &package)));
            let slow = start.elapsed() > Duration::from_secs(20);
            if result.is_err() || slow {
                let out = std::env::temp_dir().join(format!("damaged-{}.go", self.panics.len()));
                let _ = std::fs::write(&out, &damaged);
                let file = files[which].display();
                self.panics.push(format!("{damage:?} {file} (kept as {})", out.display()));
            }
            self.bytes += sound_bytes + damaged.len();
        }
    }

    fn parse(&self, text: &[u8]) -> Arc<File> {
        let source = Source::new(FileId(1_000_000), "damaged.go", text);
        Arc::new(parse_file(source, &self.library.interner, Mode::default(), &mut Vec::new()))
    }

    fn check(&self, path: &str, files: &[Arc<File>]) {
        let config = Config {
            importer: &self.library,
            go_version: None,
            ignore_func_bodies: false,
            fake_import_c: false,
            ignore_branch_errors: false,
        };
        let store = &self.library.store;
        let checked = check_package(store, path, files, config);
        compiler_errors(store, files, &checked, CompilerFlags::default());
    }

    fn finish(self) {
        let panics = self.panics;
        assert!(panics.is_empty(), "the checker panicked, or took too long, on {panics:#?}");
    }
}

fn token_spans(text: &[u8], names: &Interner) -> Vec<Range<usize>> {
    let source = Source::new(FileId(0), "sound.go", text);
    let mut lexer = Lexer::new(&source, names);
    let mut spans = Vec::new();
    while lexer.next_token() != Token::Eof {
        spans.push(lexer.span());
    }
    spans
}

#[test]
fn damaged_files_of_the_standard_library() {
    let (step, rounds) = if places::nightly() { (1, 3) } else { (101, 1) };
    let mut breaker = Breaker::new();
    // Which files are in the sample depends on the seed.
    let mut number = places::seed() as usize;
    for path in support::library::packages(&breaker.goroot) {
        let dir = breaker.library.dir(&path);
        let files = breaker.library.go_files(&dir, false);
        for which in 0..files.len() {
            number += 1;
            if number.is_multiple_of(step) {
                breaker.damage(&path, &files, which, rounds);
            }
        }
    }
    assert!(number > 3000, "{number} files are too few for a distribution");
    breaker.finish();
}

#[test]
fn damaged_files_of_type_checker_tests() {
    let rounds = if places::nightly() { 40 } else { 1 };
    let mut breaker = Breaker::new();
    let data = breaker.goroot.join("src/internal/types/testdata");
    let dirs = ["check", "examples", "fixedbugs", "spec"];
    let files = dirs.iter().flat_map(|dir| gotest::sorted(&data.join(dir)));
    for file in files.filter(|file: &PathBuf| Path::is_file(file)) {
        breaker.damage("p", &[file], 0, rounds);
    }
    breaker.finish();
}
