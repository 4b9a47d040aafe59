//! Runs Go's own type checker tests, `src/internal/types/testdata`: every
//! error must be expected by an `ERROR` comment after the token it is at, and
//! every such comment must be met.
//!
//! The files of a folder are one package; each passes if the package does.

mod support;

use conformance::{Suite, missing, places};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use support::Library;
use trigo_syntax::FilePos;
use trigo_types::{Config, GoVersion, check_package};

/// An expected error: a column, and a pattern that is a substring or a regular expression.
struct Expected {
    col: u32,
    pattern: String,
    is_regex: bool,
}

/// Finds the `ERROR` comments of a file, by the line of the token before each.
fn expectations(text: &str) -> HashMap<u32, Vec<Expected>> {
    let bytes = text.as_bytes();
    let mut map: HashMap<u32, Vec<Expected>> = HashMap::new();
    let (mut i, mut line, mut start) = (0, 1u32, 0);
    let mut prev = (0u32, 0u32);
    while i < bytes.len() {
        let here = (line, (i - start) as u32 + 1);
        let rest = &text[i..];
        let len = if bytes[i] == b'\n' {
            (line, start) = (line + 1, i + 1);
            1
        } else if bytes[i].is_ascii_whitespace() {
            1
        } else if rest.starts_with("//") || rest.starts_with("/*") {
            let block = rest.starts_with("/*");
            let end = match block {
                true => rest.find("*/").map_or(rest.len(), |e| e + 2),
                false => rest.find('\n').unwrap_or(rest.len()),
            };
            let body = if block { &rest[2..end - 2] } else { &rest[2..end] };
            let is_regex = body.starts_with(" ERRORx ");
            if is_regex || body.starts_with(" ERROR ") {
                let literal = body.trim_start_matches(" ERROR").trim_start_matches('x').trim();
                let pattern = trigo_types::constant::unquote(literal).unwrap_or_default();
                let pattern = String::from_utf8_lossy(&pattern).into_owned();
                map.entry(prev.0).or_default().push(Expected { col: prev.1, pattern, is_regex });
            }
            for (at, _) in rest[..end].match_indices('\n') {
                (line, start) = (line + 1, i + at + 1);
            }
            end
        } else {
            prev = here;
            token_len(rest, &mut line, &mut start, i)
        };
        i += len;
    }
    map
}

fn token_len(rest: &str, line: &mut u32, start: &mut usize, at: usize) -> usize {
    let first = rest.chars().next().unwrap_or(' ');
    match first {
        '"' | '\'' => {
            let mut escaped = false;
            for (i, c) in rest.char_indices().skip(1) {
                match c {
                    '\n' => return i,
                    _ if escaped => escaped = false,
                    '\\' => escaped = true,
                    c if c == first => return i + 1,
                    _ => {}
                }
            }
            rest.len()
        }
        '`' => {
            let end = rest[1..].find('`').map_or(rest.len(), |e| e + 2);
            for (i, _) in rest[..end].match_indices('\n') {
                (*line, *start) = (*line + 1, at + i + 1);
            }
            end
        }
        c if c.is_alphanumeric() || c == '_' => {
            rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())
        }
        c => c.len_utf8(),
    }
}

/// The columns by which an error may be off, as in Go's own test.
fn tolerance(dir: &str) -> u32 {
    match dir {
        "check" => 50,
        "spec" => 20,
        "examples" => 125,
        _ => 100,
    }
}

/// Checks one package; gives what went wrong.
fn run(library: &Library, files: &[PathBuf], tolerance: u32) -> Vec<String> {
    let mut syntax = Vec::new();
    let parsed: Vec<Arc<_>> = files.iter().map(|f| library.parse(f, &mut syntax)).collect();
    let mut expected = HashMap::new();
    for (path, file) in files.iter().zip(&parsed) {
        expected.insert(file.id(), expectations(&fs::read_to_string(path).unwrap_or_default()));
    }
    let first = fs::read_to_string(&files[0]).unwrap_or_default();
    let flags = first.lines().next().filter(|l| l.starts_with("// -")).unwrap_or("");
    let lang = flags.split_whitespace().find_map(|f| f.strip_prefix("-lang="));
    let config = Config {
        importer: library,
        go_version: lang.and_then(GoVersion::parse),
        ignore_func_bodies: false,
        fake_import_c: flags.contains("-fakeImportC"),
        ignore_branch_errors: false,
    };
    let checked = check_package(&library.store, "p", &parsed, config);
    let mut found: Vec<(Option<FilePos>, String)> =
        syntax.iter().map(|d| (Some(d.pos), d.message.to_string())).collect();
    found.extend(checked.errors.into_iter().map(|e| (e.pos, e.message)));
    let mut failures = Vec::new();
    for (pos, message) in found {
        let Some(pos) = pos else {
            failures.push(format!("error without place: {message}"));
            continue;
        };
        let file = parsed.iter().find(|f| f.id() == pos.file);
        let at =
            file.map(|f| f.line_col(pos.pos)).unwrap_or(trigo_syntax::LineCol { line: 0, col: 0 });
        let name = file.map_or("", |f| f.name().rsplit('/').next().unwrap_or(""));
        let matching = |e: &Expected| match e.is_regex {
            true => support::go_regex(&e.pattern).is_match(&message),
            false => message.contains(&e.pattern),
        };
        let list = expected.get_mut(&pos.file).and_then(|m| m.get_mut(&at.line));
        let hit = list.as_ref().and_then(|l| {
            (0..l.len()).filter(|&i| matching(&l[i])).min_by_key(|&i| l[i].col.abs_diff(at.col))
        });
        match (list, hit) {
            (Some(list), Some(i)) => {
                let e = list.remove(i);
                if e.col.abs_diff(at.col) > tolerance {
                    failures.push(format!(
                        "{name}:{}:{}: want column {}: {message}",
                        at.line, at.col, e.col
                    ));
                }
            }
            _ => failures.push(format!("{name}:{}:{}: unexpected: {message}", at.line, at.col)),
        }
    }
    for (id, lines) in expected {
        let name = parsed
            .iter()
            .find(|f| f.id() == id)
            .map_or("", |f| f.name().rsplit('/').next().unwrap_or(""));
        for (line, list) in lines {
            failures.extend(
                list.iter().map(|e| format!("{name}:{line}:{}: missing: {}", e.col, e.pattern)),
            );
        }
    }
    failures.extend(library.problems.take());
    failures.sort();
    failures
}

fn sorted(dir: &Path) -> Vec<PathBuf> {
    let mut list: Vec<PathBuf> =
        fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path()).collect();
    list.sort();
    list
}

fn main() -> ExitCode {
    let Some(goroot) = places::goroot() else {
        return missing("types", "distribution of Go");
    };
    let library = Library::new(goroot.clone(), true);
    let root = goroot.join("src/internal/types/testdata");
    let mut suite = Suite::new("types");
    for dir in ["check", "examples", "fixedbugs", "spec"] {
        for entry in sorted(&root.join(dir)) {
            let files = if entry.is_dir() { sorted(&entry) } else { vec![entry] };
            for file in &files {
                let name = file.strip_prefix(&root).unwrap_or(file).to_string_lossy();
                suite.run(&name, || run(&library, &files, tolerance(dir)));
            }
        }
    }
    suite.finish()
}
