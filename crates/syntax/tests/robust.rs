//! Bad input: broken, odd, deep and large files give errors, never a panic, a hang or a stack overflow.

use std::fs;
use std::time::{Duration, Instant};

use conformance::damage::{Damage, Random};
use conformance::places;
use trigo_syntax::ast::File;
use trigo_syntax::token::Token;
use trigo_syntax::{
    Diagnostic, FileId, Interner, Lexer, MAX_ERRORS, MAX_NESTING, MAX_TYPE_NESTING, Mode, Source,
    dump, parse_file, printer,
};

const MODE: Mode = Mode { comments: true, check_branches: true, imports_only: false };

fn parse(text: impl AsRef<[u8]>) -> (File, Vec<Diagnostic>, Interner) {
    let names = Interner::new();
    let mut errors = Vec::new();
    let source = Source::new(FileId(0), "test.go", text.as_ref());
    let file = parse_file(source, &names, MODE, &mut errors);
    (file, errors, names)
}

/// Each error as `line:col: message`.
fn errors(text: impl AsRef<[u8]>) -> Vec<String> {
    let (file, errors, _) = parse(text);
    let line = |error: &Diagnostic| {
        let at = file.line_col(error.pos.pos);
        format!("{}:{}: {}", at.line, at.col, error.message)
    };
    errors.iter().map(line).collect()
}

fn body(statements: &str) -> String {
    format!("package p\nfunc f() {{\n{statements}\n}}\n")
}

/// Parses damaged text, prints what there is, and asks for the positions of all errors.
fn survive(text: &[u8], names: &Interner) {
    let start = Instant::now();
    let mut errors = Vec::new();
    let file = parse_file(Source::new(FileId(0), "damaged.go", text), names, MODE, &mut errors);
    printer::print_file(&file, names);
    for error in errors {
        file.position(error.pos.pos);
    }
    assert!(start.elapsed() < Duration::from_secs(20), "parsing took {:?}", start.elapsed());
}

#[test]
fn damaged_std_files() {
    let goroot = places::goroot().expect("a distribution of Go: run `cargo xtask setup`");
    let mut files = Vec::new();
    for dir in ["src", "src/cmd"] {
        files.extend(suite_files(&goroot.join(dir)));
    }
    files.sort();
    files.dedup();
    let (step, rounds) = if places::nightly() { (1, 8) } else { (97, 2) };
    let names = Interner::new();
    let mut random = Random::new(places::seed());
    for path in files.iter().step_by(step) {
        let text = fs::read(path).expect("a readable file");
        let source = Source::new(FileId(0), "std.go", &*text);
        let spans = token_spans(&source, &names);
        for damage in std::iter::repeat_n(Damage::ALL, rounds).flatten() {
            survive(&damage.apply(&text, &spans, &mut random), &names);
        }
    }
}

fn suite_files(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("a folder's entry").path();
        if path.is_dir() && !path.ends_with("testdata") {
            files.extend(suite_files(&path));
        } else if path.extension().is_some_and(|ext| ext == "go") {
            files.push(path);
        }
    }
    files
}

fn token_spans(source: &Source, names: &Interner) -> Vec<std::ops::Range<usize>> {
    let mut lexer = Lexer::new(source, names);
    let mut spans = Vec::new();
    while lexer.next_token() != Token::Eof {
        spans.push(lexer.span());
    }
    spans
}

#[test]
fn deep_nesting_is_an_error() {
    let n = 200_000;
    let nested = |open: &str, middle: &str, close: &str| {
        format!("{}{middle}{}", open.repeat(n), close.repeat(n))
    };
    let message = |limit| format!("nesting is deeper than {limit} levels");
    let messages = [message(MAX_NESTING), message(MAX_TYPE_NESTING)];
    for text in [
        body(&format!("_ = {}", nested("(", "x", ")"))),
        body(&format!("_ = {}", nested("- ", "x", ""))),
        body(&format!("_ = {}", nested("<-", "x", ""))),
        body(&format!("_ = {}", nested("f(", "x", ")"))),
        body(&format!("_ = {}", nested("x[", "x", "]"))),
        body(&format!("_ = {}", nested("func() { _ = ", "x", " }"))),
        body(&format!("_ = T{}", nested("{", "", "}"))),
        body(&format!("_ = x{}", ".y".repeat(n))),
        body(&format!("_ = x{}", "()".repeat(n))),
        body(&format!("_ = x{}", "[0]".repeat(n))),
        body(&format!("_ = x{}", ".(T)".repeat(n))),
        body(&format!("_ = x * {}", nested("(x + ", "x", ")"))),
        body(&nested("{", "", "}")),
        body(&nested("if x {", "", "}")),
        body(&nested("for {", "", "}")),
        body(&nested("switch { case x: ", "", "}")),
        body(&nested("select { default: ", "", "}")),
        body(&nested("if func() { ", "", "}() {}")),
        body(&(0..n).map(|i| format!("L{i}: ")).collect::<String>()),
        body(&format!("var x {}", nested("[]", "int", ""))),
        body(&format!("var x {}", nested("*", "int", ""))),
        body(&format!("var x {}", nested("chan ", "int", ""))),
        body(&format!("var x {}", nested("map[", "int", "]int"))),
        body(&format!("var x {}", nested("func(", "", ")"))),
        body(&format!("var x {}", nested("func() ", "int", ""))),
        body(&format!("var x {}", nested("struct { x ", "int", "}"))),
        body(&format!("var x {}", nested("interface { m(", "", ") }"))),
        body(&format!("var x {}", nested("T[", "int", "]"))),
        body(&format!("type T[{}", nested("P (", "int", ")"))),
        body(&format!("type T[P interface{{ {} }}] int", nested("~[", "1", "]int"))),
    ] {
        let errors = errors(&text);
        let start: String = text.chars().take(60).collect();
        let is_it = |error: &String| messages.iter().any(|message| error.ends_with(message));
        assert!(errors.iter().any(is_it), "{start}: {errors:?}");
    }
}

#[test]
fn nesting_below_the_limit_is_fine() {
    let n = MAX_NESTING / 2 - 10;
    for (open, close) in [("(", ")"), ("f(", ")"), ("- ", ""), ("[]int{", "}"), ("x[", "]")] {
        let text = body(&format!("_ = {}x{}", open.repeat(n), close.repeat(n)));
        let (file, errors, names) = parse(&text);
        assert!(errors.is_empty(), "{open}: {errors:?}");
        let printed = printer::print_file(&file, &names);
        assert_eq!(dump(&file, &names), dump(&parse(&printed).0, &parse(&printed).2), "{open}");
    }
}

#[test]
fn long_chains_are_no_nesting() {
    let n = 20_000;
    let else_ifs = "if x {} else ".repeat(n);
    for text in [
        body(&format!("_ = {}x", "x + ".repeat(n))),
        body(&format!("{else_ifs}{{}}")),
        body(&"x()\n".repeat(n)),
        body(&format!("f({})", "x, ".repeat(n))),
        format!("package p\ntype T[P *A{}] int\n", "|B".repeat(n)),
        format!("package p\ntype T[P *A{},] int\n", "|B".repeat(n)),
        format!("package p\ntype I interface {{ A{} }}\n", "|B".repeat(n)),
    ] {
        let (file, errors, names) = parse(&text);
        assert!(
            errors.iter().all(|error| !error.message.contains("nesting")),
            "{:?}",
            errors.first()
        );
        let printed = printer::print_file(&file, &names);
        let again = parse(&printed).0;
        assert_eq!(again.expr_count(), file.expr_count());
    }
}

#[test]
fn printed_numbers_do_not_swallow_dots() {
    for text in ["f(1 ...)", "f(a + 1 ...)", "f(-0x1 ...)", "f(1.5...)", "1 .x", "f(x1...)"] {
        let (file, errors, names) = parse(body(&format!("_ = {text}")));
        assert!(errors.is_empty(), "{text}: {errors:?}");
        let (again, errors, _) = parse(printer::print_file(&file, &names));
        assert!(errors.is_empty(), "{text}: {errors:?}");
        assert_eq!(dump(&file, &names), dump(&again, &names));
    }
}

#[test]
fn broken_bytes() {
    assert_eq!(
        errors(b"package p\nvar s = \"\xff\xfe\"\n"),
        ["2:10: invalid UTF-8 encoding", "2:11: invalid UTF-8 encoding",]
    );
    assert_eq!(errors(b"package p // \xc3\nvar x\xe2\x82 int"), ["1:14: invalid UTF-8 encoding",]);
    assert_eq!(
        errors(b"package p\nvar x\0 = 'a\0'\n"),
        ["2:6: invalid NUL character", "2:12: invalid NUL character"]
    );
    assert_eq!(errors(b"\xef\xbb\xbfpackage p\n"), Vec::<String>::new());
    assert_eq!(
        errors(b"package p\nvar \xef\xbb\xbfx int\n"),
        ["2:5: invalid BOM in the middle of the file"]
    );
    assert_eq!(errors(b""), ["1:1: syntax error: package statement must be first"]);
    assert_eq!(
        errors(b"package \xe2\x82\xac"),
        ["1:9: invalid character U+20AC '€' in identifier",]
    );
}

#[test]
fn carriage_returns() {
    let text = b"package p\r\n\r\n//go:noinline\r\nfunc f() {\r\n\treturn // done\r\n}\r\nvar s = `a\r\nb`\r\n";
    let (file, errors, _) = parse(text);
    assert!(errors.is_empty(), "{errors:?}");
    let decl = &file[file[file.decls][0]];
    assert_eq!(file.directive_text(file[decl.directives][0]), "go:noinline");
    assert_eq!(file.comment_text(file.comments()[1]), "// done");
}

#[test]
fn large_files() {
    let megabytes = if places::nightly() { 100 } else { 8 };
    let line = "var x = append(y, 1234, \"text\") // a comment that makes the line longer\n";
    let lines = megabytes * 1_000_000 / line.len();
    let text = format!("package p\n{}", line.repeat(lines));
    let (file, errors, _) = parse(&text);
    assert!(errors.is_empty(), "{:?}", errors.first());
    assert_eq!(file.decls.len(), lines);
    assert_eq!(file.line_col(file.eof).line as usize, lines + 2);
    let one_line = format!("package p\nvar s = `{}`\n", "x".repeat(megabytes * 1_000_000));
    assert!(parse(&one_line).1.is_empty());
    let zeros = vec![0; megabytes * 100_000];
    assert_eq!(parse(&zeros).1.len(), MAX_ERRORS);
    let broken = body(&"a b\n".repeat(megabytes * 100_000));
    assert_eq!(parse(&broken).1.len(), MAX_ERRORS);
}
