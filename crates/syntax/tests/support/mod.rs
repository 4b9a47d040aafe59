//! What the conformance suites of the parser share.
#![allow(dead_code)] // Each user takes its part.

use regex::Regex;
use std::fs;
use std::path::{Path, PathBuf};
use trigo_syntax::ast::File;
use trigo_syntax::{Diagnostic, FileId, Interner, Mode, Source, parse_file};

/// All Go files below `dir` in the order of their names, without folders named `testdata` other than itself.
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
    let mode = Mode { check_branches: true, ..Mode::default() };
    let mut diagnostics = Vec::new();
    let file = parse_file(Source::new(FileId(0), name, text), names, mode, &mut diagnostics);
    (file, diagnostics)
}

/// The errors as a compiler prints them.
pub fn render(file: &File, diagnostics: &[Diagnostic]) -> Vec<String> {
    let line = |d: &Diagnostic| format!("{}: {}", file.position(d.pos.pos), d.message);
    diagnostics.iter().map(line).collect()
}

/// A file's name and bytes.
pub fn read(path: &Path) -> (String, Vec<u8>) {
    let text = fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    (path.to_string_lossy().into_owned(), text)
}

/// Whether a pattern of Go's regular expressions is found in a message.
pub fn is_match(pattern: &str, message: &str) -> bool {
    // To Go a brace that starts no repetition is an ordinary character.
    let braces = Regex::new(r"\\.|\{(?:\d+(?:,\d*)?\})?").expect("a valid pattern");
    let pattern = &braces.replace_all(pattern, |found: &regex::Captures| match &found[0] {
        "{" => r"\{".to_owned(),
        other => other.to_owned(),
    });
    let pattern = Regex::new(pattern).unwrap_or_else(|e| panic!("pattern {pattern}: {e}"));
    pattern.is_match(message)
}
