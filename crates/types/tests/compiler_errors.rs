//! The errors that Go's compiler adds to those of the type checker. Each was seen in gc's output; the suite
//! `errorcheck-types` has many more.

use std::sync::Arc;
use trigo_syntax::{FileId, Interner, Mode, Source, parse_file};
use trigo_types::{
    CompilerFlags, Config, GoVersion, Importer, PkgId, Store, UNSAFE, check_package,
    compiler_errors,
};

struct Unsafe;

impl Importer for Unsafe {
    fn import(&self, path: &str, _: &str) -> Result<PkgId, String> {
        if path == "unsafe" { Ok(UNSAFE) } else { Err("not here".into()) }
    }
}

/// The errors of a file as `line: message`, those of the checker first.
fn errors(text: &str, flags: CompilerFlags) -> Vec<String> {
    let interner = Arc::new(Interner::new());
    let store = Store::new(interner.clone());
    let source = Source::new(FileId(1), "p.go", text.as_bytes());
    let file = Arc::new(parse_file(source, &interner, Mode::default(), &mut Vec::new()));
    let config = Config {
        importer: &Unsafe,
        go_version: flags.lang,
        ignore_func_bodies: false,
        fake_import_c: false,
        ignore_branch_errors: false,
    };
    let files = [file];
    let checked = check_package(&store, "p", &files, config);
    let more = compiler_errors(&store, &files, &checked, flags);
    let line =
        |pos: Option<trigo_syntax::FilePos>| pos.map_or(0, |p| files[0].line_col(p.pos).line);
    checked.errors.iter().chain(&more).map(|e| format!("{}: {}", line(e.pos), e.message)).collect()
}

fn plain(text: &str) -> Vec<String> {
    errors(text, CompilerFlags::default())
}

#[test]
fn directives_stand_alone_before_what_they_are_for() {
    let text = "package p\n//go:noinline\nvar x int //go:nosplit\n\n//go:noinline\nfunc f() {}\n";
    let misplaced = "misplaced compiler directive";
    assert_eq!(plain(text), [format!("3: {misplaced}")]);
    let text = "package p\n//go:noinline\nvar x int\n\n//go:nosplit\n";
    assert_eq!(plain(text), [format!("5: {misplaced}")], "what belongs to nothing comes first");
    assert_eq!(plain("package p\n//go:noinline\nvar x int\n"), [format!("2: {misplaced}")]);
}

#[test]
fn some_directives_are_for_the_runtime_or_for_cgo() {
    assert_eq!(
        plain("package p\n//go:systemstack\nfunc f() {}\n"),
        ["2: //go:systemstack only allowed in runtime"]
    );
    assert_eq!(
        plain("package p\n//go:cgo_ldflag \"-lm\"\nfunc f() {}\n"),
        ["2: //go:cgo_ldflag \"-lm\" only allowed in cgo-generated code"]
    );
    let standard = CompilerFlags { standard: true, ..CompilerFlags::default() };
    assert_eq!(
        errors("package p\n//go:unheardof\nfunc f() {}\n", standard),
        ["2: //go:unheardof is not allowed in the standard library"]
    );
}

#[test]
fn linknames_need_unsafe_and_name_something() {
    let text = "package p\n//go:linkname f runtime.f\nfunc f()\n";
    assert_eq!(plain(text), ["2: //go:linkname only allowed in Go files that import \"unsafe\""]);
    let other = "//go:linknamestd only allowed in Go files that import \"unsafe\"";
    assert_eq!(plain(&text.replace("linkname", "linknamestd")), [format!("2: {other}")]);
    let text = "package p\nimport _ \"unsafe\"\n//go:linkname g runtime.f\nfunc f()\n";
    assert_eq!(plain(text), ["3: //go:linkname must refer to declared function or variable"]);
    assert_eq!(
        plain("package p\n//go:linkname\nfunc f()\n"),
        ["2: usage: //go:linkname localname [linkname]"]
    );
}

#[test]
fn a_complete_package_has_all_bodies() {
    let text = "package p\nimport _ \"unsafe\"\nfunc f()\n//go:linkname g runtime.g\nfunc g()\n";
    assert!(plain(text).is_empty());
    let complete = CompilerFlags { complete: true, ..CompilerFlags::default() };
    assert_eq!(errors(text, complete), ["3: missing function body"]);
}

#[test]
fn nothing_is_added_to_type_errors_but_what_directives_say_by_themselves() {
    let text = "package p\nvar x string = 1\nvar c chan [1 << 17]byte\n//go:nosplit\n";
    let found = plain(text);
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[1], "4: misplaced compiler directive");
}

#[test]
fn no_machine_holds_some_types() {
    for (text, message) in [
        ("var c chan [1 << 17]byte", "channel element type too large (>64kB)"),
        ("var m map[int][1 << 31]byte", "map element type too large"),
        ("var a [1 << 50]byte", "type [1125899906842624]byte larger than address space"),
        ("func f(a [3]int) { println(a) }", "illegal types for operand: println\n\t[3]int"),
    ] {
        assert_eq!(plain(&format!("package p\n{text}\n")), [format!("2: {message}")]);
    }
}

#[test]
fn version_errors_say_where_the_version_comes_from() {
    let lang = CompilerFlags { lang: Some(GoVersion(17)), ..CompilerFlags::default() };
    assert_eq!(
        errors("package p\nfunc f[T any]() {}\n", lang),
        [
            "2: type parameter requires go1.18 or later (-lang was set to go1.17; check go.mod)",
            "2: predeclared any requires go1.18 or later (-lang was set to go1.17; check go.mod)",
        ]
    );
    assert_eq!(
        errors("//go:build go1.21\n\npackage p\nfunc f() { for range 3 {} }\n", lang),
        [
            "4: cannot range over 3 (untyped int constant): requires go1.22 or later (file declares //go:build go1.21)"
        ]
    );
}
