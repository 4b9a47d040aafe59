//! The suite `syntax`: the files of `cmd/compile/internal/syntax/testdata`, whose comments say which errors are expected
//! where; and every file of the distribution's `src`, which must parse, and parse to the same tree once printed.

mod support;

use conformance::{Suite, missing, places};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use support::{go_files, is_match, parse, read, render};
use trigo_syntax::ast::File;
use trigo_syntax::token::Token;
use trigo_syntax::{Interner, Lexer, dump, printer};

fn main() -> ExitCode {
    let Some(goroot) = places::goroot() else {
        return missing("syntax", "distribution of Go");
    };
    let src = goroot.join("src");
    let names = Interner::new();
    let mut suite = Suite::new("syntax");
    let mut run = |path: &Path, case: &dyn Fn(&Path, &Interner) -> Vec<String>| {
        let name = path.strip_prefix(&src).unwrap_or(path).to_string_lossy();
        suite.run(&name, || case(path, &names));
    };
    for path in go_files(&src.join("cmd/compile/internal/syntax/testdata")) {
        run(&path, &expected_errors);
    }
    for path in go_files(&src) {
        run(&path, &round_trip);
    }
    suite.finish()
}

/// Parses a file, prints it, and parses that: no errors, and the same tree.
fn round_trip(path: &Path, names: &Interner) -> Vec<String> {
    let (name, text) = read(path);
    let (file, errors) = parse(&name, &text, names);
    if !errors.is_empty() {
        return render(&file, &errors);
    }
    let printed = printer::print_file(&file, names);
    let (again, errors) = parse("printed.go", printed.as_bytes(), names);
    if !errors.is_empty() {
        return render(&again, &errors).iter().map(|e| format!("printed: {e}")).collect();
    }
    let (before, after) = (dump(&file, names), dump(&again, names));
    if before == after {
        return Vec::new();
    }
    let mut lines = before.lines().zip(after.lines());
    vec![match lines.find(|(before, after)| before != after) {
        Some((before, after)) => format!("`{}` became `{}`", before.trim(), after.trim()),
        None => "one tree is the beginning of the other".into(),
    }]
}

/// Where an error is expected: on a line, or at a column of it.
type Place = (u32, Option<u32>);

/// Compares a file's errors with its comments `// ERROR pattern`, which expect an error on their line, and
/// `/* ERROR pattern */`, which expect one at the token after them.
fn expected_errors(path: &Path, names: &Interner) -> Vec<String> {
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
    problems
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
