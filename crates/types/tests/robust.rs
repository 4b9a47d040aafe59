//! Odd input: deep, long, broken and large packages give errors or are right, never a panic, a hang or a stack
//! overflow. The tests run on the small stacks of test threads.

use std::sync::Arc;
use std::time::{Duration, Instant};
use trigo_syntax::{FileId, Interner, MAX_NESTING, MAX_TYPE_NESTING, Mode, Source, parse_file};
use trigo_types::{CompilerFlags, Config, Importer, PkgId, Store, check_package, compiler_errors};

struct NoImports;

impl Importer for NoImports {
    fn import(&self, _: &str, _: &str) -> Result<PkgId, String> {
        Err("there is no other package".into())
    }
}

/// The errors of a file, those of the parser first.
fn errors(text: impl AsRef<[u8]>) -> Vec<String> {
    errors_within(text, Duration::from_secs(20))
}

fn errors_within(text: impl AsRef<[u8]>, limit: Duration) -> Vec<String> {
    let start = Instant::now();
    let interner = Arc::new(Interner::new());
    let store = Store::new(interner.clone());
    let mut syntax = Vec::new();
    let mode = Mode { check_branches: true, ..Mode::default() };
    let source = Source::new(FileId(1), "p.go", text.as_ref());
    let files = [Arc::new(parse_file(source, &interner, mode, &mut syntax))];
    let config = Config {
        importer: &NoImports,
        go_version: None,
        ignore_func_bodies: false,
        fake_import_c: false,
        ignore_branch_errors: true,
    };
    let checked = check_package(&store, "p", &files, config);
    let more = compiler_errors(&store, &files, &checked, CompilerFlags::default());
    let syntax = syntax.into_iter().map(|d| d.message.into_string());
    let found = checked.errors.into_iter().chain(more).map(|e| e.message);
    let all = syntax.chain(found).collect();
    assert!(start.elapsed() < limit, "checking took {:?}", start.elapsed());
    all
}

/// Declarations `decl(0)` to `decl(n - 1)`.
fn many(n: usize, decl: impl Fn(usize) -> String) -> String {
    format!("package p\n{}", (0..n).map(|i| decl(i) + "\n").collect::<String>())
}

fn body(statements: &str) -> String {
    format!("package p\nfunc f(x int) int {{\n{statements}\nreturn x\n}}\n")
}

#[test]
fn nesting_as_deep_as_the_parser_allows_is_fine() {
    let n = MAX_NESTING / 2 - 20;
    let repeated = |n: usize, open: &str, middle: &str, close: &str| {
        format!("{}{middle}{}", open.repeat(n), close.repeat(n))
    };
    let nested = |open, middle, close| repeated(n, open, middle, close);
    let types = |open, middle, close| repeated(MAX_TYPE_NESTING / 2 - 20, open, middle, close);
    for text in [
        body(&format!("x = {}", nested("(", "x", ")"))),
        body(&format!("x = {}", nested("- ", "x", ""))),
        body(&format!("x = {}", nested("f(", "x", ")"))),
        body(&format!("x = {}", nested("1 + (", "x", ")"))),
        body(&nested("{", "", "}")),
        body(&nested("if x > 0 {", "", "}")),
        body(&nested("for range x {", "", "}")),
        body(&nested("switch { case x > 0: ", "", "}")),
        body(&format!("{}{}", "func() { ".repeat(n / 2), " }()".repeat(n / 2))),
        body(&format!("var a {}\n_ = a", types("[]", "int", ""))),
        body(&format!("var a {}\n_ = a", types("*", "int", ""))),
        body(&format!("var a {}\n_ = a", types("map[int]", "int", ""))),
        body(&format!("var a {}\n_ = a", types("chan ", "int", ""))),
        body(&format!("var a {}\n_ = a", types("func(", "", ")"))),
        body(&format!("var a {}\n_ = a", types("struct { x ", "int", "}"))),
        body(&format!("var a {}\n_ = a", types("interface { m(", "", ") }"))),
        format!("package p\ntype G[T any] struct {{ t T }}\nvar g {}\n", types("G[", "int", "]")),
        format!(
            "package p\ntype G[T any] []T\nvar g = {}{}\n",
            "G[".repeat(90),
            "int".to_owned() + &"]".repeat(90) + "{}"
        ),
    ] {
        let found = errors(&text);
        let start: String = text.chars().take(90).collect();
        assert!(found.is_empty(), "{start}: {:?}", found.first());
    }
}

#[test]
fn nesting_beyond_that_is_an_error() {
    let n = 100_000;
    for (open, close) in [("(", ")"), ("f(", ")"), ("- ", ""), ("func() int { return ", " }()")] {
        let found = errors(body(&format!("x = {}x{}", open.repeat(n), close.repeat(n))));
        assert!(found.iter().any(|e| e.contains("nesting is deeper than")), "{open}: {found:?}");
    }
}

#[test]
fn long_chains_are_no_nesting() {
    let n = 10_000;
    for text in [
        body(&format!("x = {}x", "x + ".repeat(n))),
        body(&format!("_ = {}\"\"", "\"a\" + ".repeat(n))),
        body(&format!("_ = {}true", "x == 1 && ".repeat(n))),
        body(&format!("{}{{}}", "if x > 0 {} else ".repeat(n))),
        body(&"x = f(x)\n".repeat(n)),
        format!("package p\nvar a = []int{{{}}}\n", "1, ".repeat(n)),
        format!(
            "package p\nvar a = [...]string{{{}}}\n",
            "9: \"x\", ".to_owned() + &"\"y\", ".repeat(n)
        ),
    ] {
        let found = errors(&text);
        let start: String = text.chars().take(60).collect();
        assert!(found.is_empty(), "{start}: {:?}", found.first());
    }
}

#[test]
fn declarations_may_depend_on_each_other_in_long_chains() {
    let n = 5_000;
    for (what, text) in [
        (
            "constants",
            many(n, |i| format!("const c{i} = c{} + 1", i + 1)) + &format!("const c{n} = 0\n"),
        ),
        ("variables", many(n, |i| format!("var v{i} = v{}", i + 1)) + &format!("var v{n} = 0\n")),
        (
            "functions",
            many(n, |i| format!("var v{i} = f{i}(); func f{i}() int {{ return v{} }}", i + 1))
                + &format!("var v{n} = 0\n"),
        ),
        (
            "structs",
            many(n, |i| format!("type T{i} struct {{ x T{} }}", i + 1))
                + &format!("type T{n} int\n"),
        ),
        ("arrays", many(n, |i| format!("type T{i} [1]T{}", i + 1)) + &format!("type T{n} int\n")),
        (
            "defined types",
            many(n, |i| format!("type T{i} T{}", i + 1)) + &format!("type T{n} int\n"),
        ),
        (
            "aliases",
            many(n, |i| format!("type A{i} = []A{}", i + 1)) + &format!("type A{n} = int\n"),
        ),
        (
            // Each has all the methods of those after it.
            "interfaces",
            many(1_000, |i| format!("type I{i} interface {{ I{}; m{i}() }}", i + 1))
                + "type I1000 any\n",
        ),
        (
            "functions' types",
            many(n, |i| format!("type F{i} func(F{})", i + 1)) + &format!("type F{n} int\n"),
        ),
        (
            "array lengths",
            many(n, |i| format!("var a{i} [len(a{})]int", i + 1)) + &format!("var a{n} [1]int\n"),
        ),
    ] {
        let found = errors(&text);
        assert!(found.is_empty(), "{what}: {:?}", found.first());
    }
    let embedded = many(n, |i| format!("type T{i} struct {{ T{} }}", i + 1))
        + &format!("type T{n} struct {{ x int }}\nvar t T0\nvar x = t.x\n");
    assert_eq!(errors(embedded), <[String; 0]>::default());
}

#[test]
fn long_cycles_are_errors() {
    let n = 3_000;
    for (what, text) in [
        ("constants", many(n, |i| format!("const c{i} = c{}", (i + 1) % n))),
        ("variables", many(n, |i| format!("var v{i} = v{}", (i + 1) % n))),
        ("structs", many(n, |i| format!("type T{i} struct {{ x T{} }}", (i + 1) % n))),
        ("defined types", many(n, |i| format!("type T{i} T{}", (i + 1) % n))),
        ("aliases", many(n, |i| format!("type A{i} = A{}", (i + 1) % n))),
        ("interfaces", many(n, |i| format!("type I{i} interface {{ I{} }}", (i + 1) % n))),
        ("array lengths", many(n, |i| format!("var a{i} [len(a{})]int", (i + 1) % n))),
    ] {
        let found = errors(&text);
        assert!(!found.is_empty() && found.len() < n, "{what}: {} errors", found.len());
    }
}

#[test]
fn what_grows_without_bound_is_refused() {
    for (what, text) in [
        ("instances", "package p\ntype T[P any] struct { x *T[*T[P]] }\nvar v T[int]\n".to_owned()),
        ("calls", "package p\nfunc f[P any](p P) { f([]P{p}) }\nfunc g() { f(1) }\n".to_owned()),
        ("shifts", "package p\nconst c = 1 << 1000000000\n".to_owned()),
        ("products", body(&format!("const a = 1 << 500\nx = {}a", "a * ".repeat(3)))),
        ("exponents", "package p\nconst c = 1e1000000000 * 1e1000000000\n".to_owned()),
        (
            "strings",
            many(40, |i| format!("const s{} = s{i} + s{i}", i + 1))
                + "const s0 = \"0123456789\"\nvar x int = len(s40)\nvar y [1]int = s40\n",
        ),
        ("arrays", "package p\nvar a [1 << 62][1 << 62]int\n".to_owned()),
    ] {
        let found = errors(&text);
        assert!(!found.is_empty(), "{what}");
        assert!(
            found.iter().all(|e| e.len() < 10_000),
            "{what}: an error of {} bytes",
            found.iter().map(String::len).max().unwrap_or(0)
        );
    }
}

#[test]
fn wide_packages_take_time_in_proportion() {
    let n = 20_000;
    for (what, text) in [
        ("functions", many(n, |i| format!("func f{i}(x int) int {{ y := x; return y }}"))),
        (
            "methods",
            "package p\ntype T int\n".to_owned()
                + &many(n, |i| format!("func (t T) m{i}() {{}}"))["package p\n".len()..],
        ),
        (
            "fields",
            format!(
                "package p\ntype T struct {{\n{}}}\nvar t T\nvar x = t.f7\n",
                (0..n).map(|i| format!("f{i} int\n")).collect::<String>()
            ),
        ),
        (
            "interface methods",
            format!(
                "package p\ntype I interface {{\n{}}}\n",
                (0..n).map(|i| format!("m{i}()\n")).collect::<String>()
            ),
        ),
        (
            "cases",
            body(&format!(
                "switch x {{\n{}}}",
                (0..n).map(|i| format!("case {i}:\n")).collect::<String>()
            )),
        ),
        (
            "keys",
            format!(
                "package p\nvar m = map[int]int{{\n{}}}\n",
                (0..n).map(|i| format!("{i}: 1,\n")).collect::<String>()
            ),
        ),
        (
            "variables in a block",
            body(&(0..n).map(|i| format!("v{i} := x; _ = v{i}\n")).collect::<String>()),
        ),
        (
            "constants with iota",
            format!(
                "package p\nconst (\nc0 = iota\n{})\n",
                (1..n).map(|i| format!("c{i}\n")).collect::<String>()
            ),
        ),
    ] {
        let found = errors(&text);
        assert!(found.is_empty(), "{what}: {:?}", found.first());
    }
}

#[test]
fn broken_bytes_are_errors_with_types_checked_besides() {
    let has = |text: &[u8], message: &str| {
        let found = errors(text);
        assert!(found.iter().any(|e| e.contains(message)), "{message} is not in {found:?}");
    };
    has(b"package p\nvar s string = \"\xff\"\nvar x int = s\n", "invalid UTF-8 encoding");
    has(b"package p\nvar s string = \"\xff\"\nvar x int = s\n", "cannot use s");
    has(b"package p\nvar x\0 int = \"\"\n", "invalid NUL character");
    has(b"package p\nvar \xef\xbb\xbfx int = \"\"\n", "invalid BOM in the middle of the file");
    assert!(errors(b"\xef\xbb\xbfpackage p\nvar x int = 1\n").is_empty());
    assert!(
        errors(b"package p\r\n\r\nvar s = `a\r\nb`\r\nvar a [len(s)]int\r\nvar b [2]int\r\n").len()
            == 1
    );
    assert!(
        errors(b"package p\r\nconst s = `a\r\nb`\r\nvar a [len(s)]int = [3]int{}\r\n").is_empty()
    );
    assert!(errors(b"").len() == 1);
}

#[test]
fn large_files() {
    let megabytes = if conformance::places::nightly() { 100 } else { 4 };
    let rest = "(x int, s string) (int, string) { y := x*2 + len(s); return y, s + \"text\" }";
    let count = megabytes * 1_000_000 / rest.len();
    let text = many(count, |i| format!("func f{i}{rest}"));
    let found = errors_within(text, Duration::from_secs(120));
    assert!(found.is_empty(), "{:?}", found.first());
}
