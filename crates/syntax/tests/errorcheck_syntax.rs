//! The suite `errorcheck-syntax`: those files of Go's `test` directory for which the parser alone has errors.

mod support;

use conformance::{Suite, missing, places};
use regex::Regex;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use support::{go_files, is_match, parse, read};
use trigo_syntax::ast::File;
use trigo_syntax::{Diagnostic, Interner, SYNTAX_ERROR, printed_errors};

fn main() -> ExitCode {
    let Some(dir) = places::go_tests() else {
        return missing("errorcheck-syntax", "copy of Go's test directory");
    };
    let names = Interner::new();
    let mut suite = Suite::new("errorcheck-syntax");
    for path in go_files(&dir) {
        let name = path.strip_prefix(&dir).unwrap_or(&path).to_string_lossy();
        if let Some(problems) = problems(&path, &names) {
            suite.run(&name, || problems);
        }
    }
    suite.finish()
}

/// Compares a file's errors with its comments `// ERROR "pattern" …`, if the file is one for errors and the parser has
/// something to say about it.
///
/// After syntax errors the compiler stops: there are no others. After the parser's other errors it goes on to types,
/// and what is missing may come from there.
fn problems(path: &Path, names: &Interner) -> Option<Vec<String>> {
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
    Some(unexpected.into_iter().chain(missing.into_iter().filter(|_| complete)).collect())
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
