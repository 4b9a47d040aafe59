//! How Go's `test` directory describes its tests (`cmd/internal/testdir`): a recipe in the first line, and comments
//! `// ERROR "pattern" …` on the lines that must have errors.

use super::go_regex;
use super::library::constraint_holds;
use regex::Regex;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The first line of a test that is no build constraint.
pub struct Recipe {
    /// What to do with the test, such as `errorcheck`.
    pub action: String,
    /// The flags that follow.
    pub flags: Vec<String>,
}

impl Recipe {
    /// The recipe of a test that runs on linux/amd64 without cgo; `None` for others and for helper files.
    pub fn of(text: &str) -> Option<Self> {
        let is_constraint =
            |line: &str| line.starts_with("//go:build") || line.starts_with("// +build");
        let line = text.lines().find(|line| !line.is_empty() && !is_constraint(line))?;
        let header = text.split("\npackage").next().unwrap_or(text);
        let holds = |line: &str| line.strip_prefix("//go:build ").is_none_or(constraint_holds);
        if !header.lines().all(holds) {
            return None;
        }
        let mut words = line.strip_prefix("//")?.split_whitespace().map(str::to_owned);
        Some(Self { action: words.next()?, flags: words.collect() })
    }

    pub fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|f| f == flag)
    }

    /// The value of a flag `name=value`.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.flags.iter().find_map(|f| f.strip_prefix(name)?.strip_prefix('='))
    }

    /// Whether the compiler must complain.
    pub fn wants_errors(&self) -> bool {
        self.action.starts_with("errorcheck")
    }
}

/// The packages of a folder of tests in the order in which they are compiled: by the names of their first files.
pub fn packages(dir: &Path, file_by_file: bool) -> Vec<Vec<PathBuf>> {
    let clause = Regex::new(r"(?m)^package (\w+)").expect("a valid pattern");
    let mut packages: Vec<(String, Vec<PathBuf>)> = Vec::new();
    for path in sorted(dir).into_iter().filter(|p| p.extension().is_some_and(|e| e == "go")) {
        let text = fs::read_to_string(&path).unwrap_or_default();
        let name = clause.captures(&text).map_or("", |c| c.get(1).map_or("", |m| m.as_str()));
        match packages.iter_mut().find(|(known, _)| !file_by_file && known == name) {
            Some((_, files)) => files.push(path),
            None => packages.push((name.to_owned(), vec![path])),
        }
    }
    packages.into_iter().map(|(_, files)| files).collect()
}

pub fn sorted(dir: &Path) -> Vec<PathBuf> {
    let mut list: Vec<PathBuf> =
        fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path()).collect();
    list.sort();
    list
}

/// All Go files below `dir` that may be tests: those of folders `*.dir` belong to the test beside the folder.
pub fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    for e in sorted(dir) {
        if e.is_dir() && e.extension().is_none_or(|x| x != "dir") {
            files(&e, out);
        } else if e.extension().is_some_and(|x| x == "go") {
            out.push(e);
        }
    }
}

/// The name by which a test's errors speak of a file.
pub fn short_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// An error as the compiler prints it: after `//line` directives, without its column.
pub struct Found {
    pub file: String,
    pub line: u32,
    pub message: String,
}

/// Compares the errors of some files with the comments in them. Errors in other files do not count.
pub fn compare(paths: &[PathBuf], mut found: Vec<Found>) -> Vec<String> {
    found.sort_by(|a, b| (&a.file, a.line, &a.message).cmp(&(&b.file, b.line, &b.message)));
    found.dedup_by(|a, b| (&a.file, a.line, &a.message) == (&b.file, b.line, &b.message));
    let mut failures = Vec::new();
    for path in paths {
        let name = short_name(path);
        let text = fs::read_to_string(path).unwrap_or_default();
        for (line, patterns) in expectations(&text) {
            for pattern in patterns {
                let regex = go_regex(&with_lines(&pattern, &name, line));
                let before = found.len();
                found.retain(|f| f.file != name || f.line != line || !regex.is_match(&f.message));
                if found.len() == before {
                    failures.push(format!("{name}:{line}: missing: {pattern}"));
                }
            }
        }
    }
    found.retain(|f| paths.iter().any(|path| short_name(path) == f.file));
    failures
        .extend(found.iter().map(|f| format!("{}:{}: unexpected: {}", f.file, f.line, f.message)));
    failures
}

/// The patterns expected on each line.
fn expectations(text: &str) -> BTreeMap<u32, Vec<String>> {
    let comment = Regex::new(r"// (?:GC_)?ERROR (.*)").expect("a valid pattern");
    let quoted = Regex::new(r#""([^"]*)""#).expect("a valid pattern");
    let mut map: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.contains("////")) {
        let patterns = comment.captures(line).map_or("", |c| c.get(1).map_or("", |m| m.as_str()));
        let patterns: Vec<_> = quoted.captures_iter(patterns).map(|c| c[1].to_owned()).collect();
        if !patterns.is_empty() {
            map.insert(i as u32 + 1, patterns);
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
