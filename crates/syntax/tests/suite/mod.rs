//! The conformance suites that need a parser only.
//!
//! * `syntax`: the files in `cmd/compile/internal/syntax/testdata`, whose comments say which errors are expected where;
//!   and every file of the distribution's `src`, which must parse, and parse to the same tree once printed.
//! * `errorcheck-syntax`: those files of Go's `test` folder that the compiler gives up on before it checks types.
#![allow(dead_code)] // Each user takes its part.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;
use trigo_syntax::ast::File;
use trigo_syntax::token::Token;
use trigo_syntax::{
    Diagnostic, FileId, Interner, Lexer, Mode, SYNTAX_ERROR, Source, dump, parse_file,
    printed_errors, printer,
};

/// How a suite went.
pub struct Report {
    pub suite: &'static str,
    pub total: usize,
    /// What went wrong with each file that failed.
    pub failures: Vec<String>,
}

impl Report {
    fn new(suite: &'static str) -> Self {
        Self { suite, total: 0, failures: Vec::new() }
    }

    fn add(&mut self, path: &Path, result: Result<(), String>) {
        self.total += 1;
        if let Err(failure) = result {
            self.failures.push(format!("{}: {failure}", path.display()));
        }
    }

    /// `SUITE: PASSED/TOTAL`.
    pub fn summary(&self) -> String {
        format!("{}: {}/{}", self.suite, self.total - self.failures.len(), self.total)
    }
}

/// Runs the suite `syntax` on the distribution in `goroot`.
pub fn syntax(goroot: &Path) -> Report {
    let mut report = Report::new("syntax");
    let names = Interner::new();
    for path in go_files(&goroot.join("src/cmd/compile/internal/syntax/testdata")) {
        report.add(&path, expected_errors(&path, &names));
    }
    for path in go_files(&goroot.join("src")) {
        report.add(&path, round_trip(&path, &names));
    }
    report
}

/// Runs the suite `errorcheck-syntax` on Go's `test` folder.
pub fn errorcheck(test: &Path) -> Report {
    let mut report = Report::new("errorcheck-syntax");
    let names = Interner::new();
    for path in go_files(test) {
        if let Some(result) = errorcheck_file(&path, &names) {
            report.add(&path, result);
        }
    }
    report
}

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

fn read(path: &Path) -> (String, Vec<u8>) {
    let text = fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    (path.to_string_lossy().into_owned(), text)
}

/// Parses a file, prints it, and parses that: no errors, and the same tree.
pub fn round_trip(path: &Path, names: &Interner) -> Result<(), String> {
    let (name, text) = read(path);
    let (file, errors) = parse(&name, &text, names);
    if !errors.is_empty() {
        return Err(render(&file, &errors).join("\n"));
    }
    let printed = printer::print_file(&file, names);
    let (again, errors) = parse("printed.go", printed.as_bytes(), names);
    if !errors.is_empty() {
        return Err(format!("printed: {}", render(&again, &errors).join("\n")));
    }
    let (before, after) = (dump(&file, names), dump(&again, names));
    if before == after {
        return Ok(());
    }
    let mut lines = before.lines().zip(after.lines());
    match lines.find(|(before, after)| before != after) {
        Some((before, after)) => Err(format!("`{}` became `{}`", before.trim(), after.trim())),
        None => Err("one tree is the beginning of the other".into()),
    }
}

/// Where an error is expected: on a line, or at a column of it.
type Place = (u32, Option<u32>);

/// Compares a file's errors with its comments `// ERROR pattern`, which expect an error on their line, and
/// `/* ERROR pattern */`, which expect one at the token after them.
fn expected_errors(path: &Path, names: &Interner) -> Result<(), String> {
    let (name, text) = read(path);
    let (file, errors) = parse(&name, &text, names);
    let mut expected = declared_errors(&file, names);
    let mut problems = Vec::new();
    for error in &errors {
        let at = file.line_col(error.pos.pos);
        let places: [Place; 2] = [(at.line, Some(at.col)), (at.line, None)];
        let Some(place) = places.into_iter().find(|place| expected.contains_key(place)) else {
            problems.push(format!("unexpected: {}:{}: {}", at.line, at.col, error.message));
            continue;
        };
        let pattern = &expected[&place];
        if is_match(pattern, &error.message) {
            expected.remove(&place);
        } else {
            problems.push(format!("{}:{}: {} is not {pattern}", at.line, at.col, error.message));
        }
    }
    problems
        .extend(expected.iter().map(|(place, pattern)| format!("missing: {place:?}: {pattern}")));
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

fn declared_errors(file: &File, names: &Interner) -> BTreeMap<Place, String> {
    let mut lexer = Lexer::new(file.source(), names);
    lexer.keep_comments();
    let mut expected = BTreeMap::new();
    let mut seen = 0;
    loop {
        let tok = lexer.next_token();
        let token = file.line_col(lexer.pos());
        for comment in &lexer.comments()[seen..] {
            let text = file.comment_text(*comment);
            if let Some(pattern) = text.strip_prefix("// ERROR ") {
                let line = file.line_col(comment.pos).line;
                expected.insert((line, None), pattern.trim().to_owned());
            } else if let Some(pattern) = text.strip_prefix("/* ERROR ") {
                let pattern = pattern.trim_end_matches("*/").trim().to_owned();
                expected.insert((token.line, Some(token.col)), pattern);
            }
        }
        seen = lexer.comments().len();
        if tok == Token::Eof {
            return expected;
        }
    }
}

fn is_match(pattern: &str, message: &str) -> bool {
    // To Go a brace that starts no repetition is an ordinary character.
    let braces = Regex::new(r"\\.|\{(?:\d+(?:,\d*)?\})?").expect("a valid pattern");
    let pattern = &braces.replace_all(pattern, |found: &regex::Captures| match &found[0] {
        "{" => r"\{".to_owned(),
        other => other.to_owned(),
    });
    let pattern = Regex::new(pattern).unwrap_or_else(|e| panic!("pattern {pattern}: {e}"));
    pattern.is_match(message)
}

/// Compares a file's errors with its comments `// ERROR "pattern" …`, if the file is one for errors and the parser has
/// something to say about it.
///
/// After syntax errors the compiler stops: there are no others. After the parser's other errors it goes on to types,
/// and what is missing may come from there.
fn errorcheck_file(path: &Path, names: &Interner) -> Option<Result<(), String>> {
    let (name, text) = read(path);
    let first = text.split(|&byte| byte == b'\n').find(|line| !line.is_empty())?;
    if !first.starts_with(b"// errorcheck") || first.starts_with(b"// errorcheckdir") {
        return None;
    }
    let (file, errors) = parse(&name, &text, names);
    let source = String::from_utf8_lossy(&text);
    if errors.is_empty() && !source.contains("ERROR \"syntax error: ") {
        return None;
    }
    let complete = errors.iter().any(|error| error.message.starts_with(SYNTAX_ERROR));
    let (unexpected, missing) = compare_lines(&file, &source, &printed_errors(&file, &errors));
    let problems: Vec<String> =
        unexpected.into_iter().chain(missing.into_iter().filter(|_| complete)).collect();
    Some(if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) })
}

/// The errors that are not expected, and those that are and are not there.
fn compare_lines(file: &File, source: &str, errors: &[Diagnostic]) -> (Vec<String>, Vec<String>) {
    let mut by_line: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for error in errors {
        let line = file.position(error.pos.pos).line;
        by_line.entry(line).or_default().push(error.message.replace(&**file.name(), "FILE"));
    }
    let comment = Regex::new(r"// (?:GC_)?ERROR (.*)").expect("a valid pattern");
    let quoted = Regex::new(r#""([^"]*)"|`([^`]*)`"#).expect("a valid pattern");
    let relative = Regex::new(r"LINE(?:([+-]\d+))?").expect("a valid pattern");
    let mut missing = Vec::new();
    for (i, text) in source.lines().enumerate() {
        let line = i as u32 + 1;
        let Some(patterns) = comment.captures(text).filter(|_| !text.contains(" //// ")) else {
            continue;
        };
        let found = by_line.entry(line).or_default();
        for pattern in quoted.captures_iter(&patterns[1]) {
            let pattern = pattern.get(1).or(pattern.get(2)).map_or("", |m| m.as_str());
            let pattern = relative.replace_all(pattern, |captures: &regex::Captures| {
                let offset =
                    captures.get(1).map_or(0, |m| m.as_str().parse::<i64>().expect("a number"));
                format!("FILE:{}", i64::from(line) + offset)
            });
            let before = found.len();
            found.retain(|message| !is_match(&pattern, message));
            if found.len() == before {
                missing.push(format!("missing: {line}: {pattern}"));
            }
        }
    }
    let unexpected = by_line.iter().flat_map(|(line, messages)| {
        messages.iter().map(move |message| format!("unexpected: {line}: {message}"))
    });
    (unexpected.collect(), missing)
}
