//! Finding a Go distribution, and the files in it.
#![allow(dead_code)] // Each test uses its part.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use trigo_syntax::ast::File;
use trigo_syntax::{Diagnostic, FileId, Interner, Mode, Source, parse_file};

/// The version of Go whose distribution the tests want.
pub const GO_VERSION: &str = "1.27.3";

/// The GOROOT to test against: `$TRIGO_GOROOT`, `$GOROOT`, or `go-1.27.3` in Trigo's cache. Without one says so.
pub fn goroot() -> Option<PathBuf> {
    let cache = env::var_os("TRIGO_CACHE")
        .map(PathBuf::from)
        .or_else(|| env::var_os("XDG_CACHE_HOME").map(|dir| PathBuf::from(dir).join("trigo")))
        .or_else(|| env::var_os("HOME").map(|dir| PathBuf::from(dir).join(".cache/trigo")))
        .map(|dir| dir.join(format!("go-{GO_VERSION}")));
    let given = ["TRIGO_GOROOT", "GOROOT"].into_iter().filter_map(env::var_os).map(PathBuf::from);
    let found = given.chain(cache).find(|dir| dir.join("src/fmt/print.go").is_file());
    if found.is_none() {
        println!(
            "SKIPPED: no Go {GO_VERSION} distribution found; set TRIGO_GOROOT to its folder, or run `cargo xtask setup`"
        );
    }
    found
}

/// Whether the long form of tests was asked for.
pub fn nightly() -> bool {
    env::var_os("TRIGO_NIGHTLY").is_some_and(|value| value == "1")
}

/// All Go files below `dir` in the order of their names, without folders named `testdata`.
pub fn go_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display())) {
            let path = entry.expect("a folder's entry").path();
            if path.is_dir() {
                if !path.ends_with("testdata") {
                    dirs.push(path);
                }
            } else if path.extension().is_some_and(|ext| ext == "go") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Parses `text` as a compiler does.
pub fn parse(name: &str, text: &[u8], names: &Interner) -> (File, Vec<Diagnostic>) {
    let mode = Mode {
        check_branches: true,
        ..Mode::default()
    };
    let mut diagnostics = Vec::new();
    let file = parse_file(Source::new(FileId(0), name, text), names, mode, &mut diagnostics);
    (file, diagnostics)
}

/// The errors as a compiler prints them.
pub fn render(file: &File, diagnostics: &[Diagnostic]) -> Vec<String> {
    let line = |d: &Diagnostic| format!("{}: {}", file.position(d.pos.pos), d.message);
    diagnostics.iter().map(line).collect()
}
