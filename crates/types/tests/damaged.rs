//! Damaged sources must never make the checker panic: files of the standard
//! library and of Go's type checker tests, cut short or with tokens deleted,
//! doubled or swapped.

mod support;

use conformance::places;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use support::Library;
use trigo_syntax::{FileId, Mode, Source, parse_file};
use trigo_types::{Config, check_package};

/// A small generator of numbers that look random, always the same.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n.max(1)
    }
}

/// The places of words and signs in a text.
fn tokens(text: &[u8]) -> Vec<(usize, usize)> {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let (mut out, mut i) = (Vec::new(), 0);
    while i < text.len() {
        let start = i;
        i += 1;
        if word(text[start]) {
            while i < text.len() && word(text[i]) {
                i += 1;
            }
        }
        if !text[start].is_ascii_whitespace() {
            out.push((start, i));
        }
    }
    out
}

fn damage(text: &[u8], random: &mut Random) -> Vec<u8> {
    let list = tokens(text);
    if list.len() < 4 {
        return Vec::new();
    }
    let mut out = text.to_vec();
    for _ in 0..=random.below(3) {
        let (a, b) = list[random.below(list.len())];
        let (c, d) = list[random.below(list.len())];
        if b > out.len() || d > out.len() {
            continue;
        }
        match random.below(4) {
            0 => out.truncate(a),
            1 => out.splice(a..b, []).for_each(drop),
            2 => {
                let token = text[c..d].to_vec();
                out.splice(a..b, token).for_each(drop);
            }
            _ => {
                let mut token = text[a..b].to_vec();
                token.insert(0, b' ');
                out.splice(b..b, token).for_each(drop);
            }
        }
    }
    out
}

#[test]
fn damaged_files_never_panic() {
    let goroot = places::goroot().expect("a distribution of Go: run `cargo xtask setup`");
    let rounds: usize =
        std::env::var("TRIGO_ROUNDS").ok().and_then(|r| r.parse().ok()).unwrap_or(1);
    let library = Library::new(goroot.clone(), true);
    let mut files: Vec<PathBuf> = Vec::new();
    let data = goroot.join("src/internal/types/testdata");
    for dir in ["check", "examples", "fixedbugs", "spec"] {
        files.extend(
            std::fs::read_dir(data.join(dir)).into_iter().flatten().flatten().map(|e| e.path()),
        );
    }
    for package in ["slices", "maps", "iter", "sort", "bufio", "unique"] {
        files.extend(library.go_files(&goroot.join("src").join(package), false));
    }
    files.retain(|f| f.is_file());
    files.sort();
    let mut random = Random(1);
    let mut panics = Vec::new();
    for path in &files {
        let text = std::fs::read(path).unwrap_or_default();
        for _ in 0..rounds {
            let damaged = damage(&text, &mut random);
            let result = catch_unwind(AssertUnwindSafe(|| {
                let source = Source::new(FileId(1_000_000), "damaged.go", damaged.clone());
                let file = parse_file(source, &library.interner, Mode::default(), &mut Vec::new());
                let config = Config {
                    importer: &library,
                    go_version: None,
                    ignore_func_bodies: false,
                    fake_import_c: false,
                    ignore_branch_errors: false,
                };
                check_package(&library.store, "p", &[Arc::new(file)], config).errors.len()
            }));
            if result.is_err() {
                let out = std::env::temp_dir().join(format!("damaged-{}.go", panics.len()));
                let _ = std::fs::write(&out, &damaged);
                panics.push(format!("{} (kept as {})", path.display(), out.display()));
            }
        }
    }
    assert!(panics.is_empty(), "the checker panicked on damage to {panics:#?}");
}
