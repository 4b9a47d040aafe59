//! File tests: a folder of `tests/files` is what is done to a program, a file `NAME.ir` in it a program in text form, and
//! `NAME.out` what must come out. `TRIGO_BLESS=1` writes the latter anew.

use std::fs;
use std::path::{Path, PathBuf};
use trigo_ir::inline::{Body, Names};
use trigo_ir::text::{parse_program, print_program};
use trigo_ir::verify::{verify_func, verify_program};
use trigo_ir::{Program, Sym, Syms, inline, passes};

/// What a folder's name stands for.
fn run(action: &str, mut program: Program) -> String {
    if action == "verify" {
        return verify_program(&program).expect_err("a file of this folder breaks a rule");
    }
    assert_eq!(verify_program(&program), Ok(()), "the input breaks a rule");
    if action == "inline" {
        inline_all(&mut program);
    } else if action != "text" {
        let mut all = passes::ALL.iter().chain(passes::AGAIN);
        let pass = all.find(|(name, _)| *name == action);
        let pass = pass.unwrap_or_else(|| panic!("no pass is called {action}")).1;
        for func in &mut program.funcs {
            pass(&program.context, func);
            assert_eq!(verify_func(&program.context, func), Ok(()), "the output breaks a rule");
            passes::compact::run(&program.context, func);
        }
    }
    assert_eq!(verify_program(&program), Ok(()), "the output breaks a rule");
    print_program(&program)
}

/// Inlines what is small enough.
fn inline_all(program: &mut Program) {
    let context = program.context.clone();
    let names = TestNames(&context.syms);
    let funcs = program.funcs.iter();
    let bodies =
        funcs.filter_map(|func| Some((func.sym, Body::new(&context, func, &names)?))).collect();
    for func in &mut program.funcs {
        if inline::run(func, &bodies) {
            passes::run_again(&context, func);
        }
    }
}

/// `main.native` is a leaf, `runtime.…` is hidden, `main.throw` never returns.
struct TestNames<'a>(&'a Syms);

impl Names for TestNames<'_> {
    fn is_native_leaf(&self, sym: Sym) -> bool {
        self.0.text(sym) == "main.native"
    }

    fn is_hidden(&self, sym: Sym) -> bool {
        self.0.text(sym).starts_with("runtime.")
    }

    fn never_returns(&self, sym: Sym) -> bool {
        self.0.text(sym) == "main.throw"
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of file tests");
    let mut paths: Vec<_> = entries.map(|e| e.expect("a folder's entry").path()).collect();
    paths.sort();
    paths
}

#[test]
fn each_file_gives_what_is_beside_it() {
    let bless = std::env::var_os("TRIGO_BLESS").is_some();
    let mut failed = Vec::new();
    let mut count = 0;
    for folder in entries(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files")) {
        let action =
            folder.file_name().and_then(|n| n.to_str()).expect("a folder's name").to_string();
        for path in
            entries(&folder).into_iter().filter(|p| p.extension().is_some_and(|e| e == "ir"))
        {
            let input = fs::read_to_string(&path).expect("a readable file");
            let program =
                parse_program(&input).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let output = run(&action, program);
            let beside = path.with_extension("out");
            count += 1;
            if bless {
                fs::write(&beside, &output).expect("a writable folder");
            } else if fs::read_to_string(&beside).unwrap_or_default() != output {
                failed.push(format!("{}: the output is now\n{output}", beside.display()));
            }
            if action != "verify" {
                let again =
                    parse_program(&output).unwrap_or_else(|e| panic!("{}: {e}", beside.display()));
                assert_eq!(
                    print_program(&again),
                    output,
                    "{} parsed and printed",
                    beside.display()
                );
            }
        }
    }
    assert!(count > 0, "no file tests");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn errors_of_the_text_say_the_line() {
    let error =
        parse_program("func main.f() () {\nb0:\n  v0: i64 = iconst 1\n  frobnicate v0\n}").err();
    assert_eq!(
        error.as_deref(),
        Some("line 4: no instruction is called frobnicate, at Word(\"v0\")")
    );
    let error = parse_program("func main.f() () {\nb0:\n  keep_alive v1\n  return\n}\n").err();
    assert_eq!(error.as_deref(), Some("line 6: v1 is used and never made, above, at End"));
    let error = parse_program("descriptor main.T").err();
    assert_eq!(
        error.as_deref(),
        Some("line 1: a type that the text does not define, at Word(\"main.T\")")
    );
}
