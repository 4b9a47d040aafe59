//! Runs those `errorcheck` files of Go's `test/` directory that need only a
//! type checker: each line with an `ERROR` comment must have errors that match
//! all its patterns, and no other line may have any.

mod support;

use conformance::{Suite, missing, places};
use regex::Regex;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use support::Library;
use trigo_syntax::Mode;
use trigo_types::{Config, GoVersion, check_package};

/// The patterns expected on each line.
fn expectations(text: &str) -> BTreeMap<u32, Vec<String>> {
    let comment = Regex::new(r"// (?:GC_)?ERROR (.*)").expect("a valid pattern");
    let quoted = Regex::new(r#""((?:[^"\\]|\\.)*)"|`([^`]*)`"#).expect("a valid pattern");
    let mut map: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for (i, line) in text.lines().enumerate() {
        let Some(found) = comment.captures(line) else {
            continue;
        };
        for pattern in quoted.captures_iter(&found[1]) {
            let raw = pattern.get(1).or(pattern.get(2)).map_or("", |m| m.as_str());
            let raw = raw.replace("\\\\", "\\").replace("\\\"", "\"");
            map.entry(i as u32 + 1).or_default().push(raw);
        }
    }
    map
}

/// Replaces `LINE+n` by the file's name and a line number.
fn with_lines(pattern: &str, name: &str, line: u32) -> String {
    let place = Regex::new(r"LINE(?:([+-])(\d+))?").expect("a valid pattern");
    let number = |c: &regex::Captures<'_>| {
        let n: u32 = c.get(2).map_or(0, |n| n.as_str().parse().unwrap_or(0));
        match c.get(1).map(|s| s.as_str()) {
            Some("-") => format!("{name}:{}", line.saturating_sub(n)),
            _ => format!("{name}:{}", line + n),
        }
    };
    place.replace_all(pattern, number).into_owned()
}

fn run(library: &Library, path: &Path, text: &str) -> Vec<String> {
    let mut syntax = Vec::new();
    let mode = Mode { check_branches: true, ..Mode::default() };
    let file = library.parse_with(path, mode, &mut syntax);
    let first = text.lines().next().unwrap_or("");
    let lang = first.split_whitespace().find_map(|f| f.strip_prefix("-lang="));
    let config = Config {
        importer: library,
        go_version: lang.and_then(GoVersion::parse),
        ignore_func_bodies: false,
        fake_import_c: false,
        ignore_branch_errors: true,
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = format!("{}/", path.parent().unwrap_or(path).to_string_lossy());
    let shown = |message: &str| message.replace(&folder, "");
    let mut errors: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    // Go's compiler shows one syntax error a line, and looks at types only if there is none.
    let mut parsed = true;
    for d in &syntax {
        let list = errors.entry(file.line_col(d.pos.pos).line).or_default();
        if d.message.starts_with("syntax error") {
            parsed = false;
            if list.iter().any(|m| m.starts_with("syntax error")) {
                continue;
            }
        }
        list.push(shown(&d.message));
    }
    if parsed {
        let checked = check_package(&library.store, "p", std::slice::from_ref(&file), config);
        for e in checked.errors {
            let line = e.pos.map_or(0, |p| file.line_col(p.pos).line);
            errors.entry(line).or_default().push(shown(&e.message));
        }
    }
    let mut failures = Vec::new();
    for (line, patterns) in expectations(text) {
        let mut found = errors.remove(&line).unwrap_or_default();
        for pattern in patterns {
            let regex = support::go_regex(&with_lines(&pattern, &name, line));
            let before = found.len();
            found.retain(|m| !regex.is_match(m));
            if found.len() == before {
                failures.push(format!("{line}: missing: {pattern}"));
            }
        }
        failures.extend(found.iter().map(|m| format!("{line}: unmatched: {m}")));
    }
    for (line, messages) in errors {
        failures.extend(messages.iter().map(|m| format!("{line}: unexpected: {m}")));
    }
    failures
}

fn go_files(dir: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path()).collect();
    entries.sort();
    for e in entries {
        if e.is_dir() && e.extension().is_none_or(|x| x != "dir") {
            go_files(&e, out);
        } else if e.extension().is_some_and(|x| x == "go") {
            out.push(e);
        }
    }
}

fn main() -> ExitCode {
    let (Some(goroot), Some(dir)) = (places::goroot(), places::go_tests()) else {
        return missing("errorcheck-types", "distribution of Go or no copy of its test directory");
    };
    let library = Library::new(goroot, false);
    let mut files = Vec::new();
    go_files(&dir, &mut files);
    let mut suite = Suite::new("errorcheck-types");
    for path in files {
        let text = fs::read_to_string(&path).unwrap_or_default();
        let first = text.lines().next().unwrap_or("");
        let flags = first.strip_prefix("// errorcheck").map(str::trim);
        if flags.is_some_and(|f| f.is_empty() || f.starts_with("-lang=")) {
            let name = path.strip_prefix(&dir).unwrap_or(&path).to_string_lossy();
            suite.run(&name, || run(&library, &path, &text));
        }
    }
    suite.finish()
}
