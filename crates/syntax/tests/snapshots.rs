//! Trees, printed files and errors against files that hold what they should be.
//!
//! `tests/snapshots/trees/NAME.go` goes with `NAME.tree` and `NAME.printed`, `tests/snapshots/errors/NAME.go` with
//! `NAME.errors`. `TRIGO_BLESS=1 cargo test --test snapshots` writes them anew; look at the difference before
//! committing it.

use std::path::{Path, PathBuf};
use std::{env, fs};

use trigo_syntax::ast::File;
use trigo_syntax::{FileId, Interner, Mode, Source, dump, parse_file, printed_errors, printer};

fn inputs(folder: &str) -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(folder);
    let entries = fs::read_dir(&dir).expect("the snapshots' folder");
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.expect("a folder's entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ext| ext == "go"));
    paths.sort();
    assert!(!paths.is_empty(), "{} has no Go files", dir.display());
    paths
}

fn parse(name: &str, text: &[u8], names: &Interner) -> (File, String) {
    let mode = Mode { comments: false, check_branches: true, imports_only: false };
    let mut errors = Vec::new();
    let file = parse_file(Source::new(FileId(0), name, text), names, mode, &mut errors);
    let errors = printed_errors(&file, &errors);
    let lines =
        errors.iter().map(|error| format!("{}: {}\n", file.position(error.pos.pos), error.message));
    let lines = lines.collect();
    (file, lines)
}

fn compare(path: &Path, actual: &str) {
    if env::var_os("TRIGO_BLESS").is_some_and(|value| value == "1") {
        fs::write(path, actual).expect("a writable snapshot");
        return;
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    assert!(
        expected == actual,
        "{} differs; TRIGO_BLESS=1 accepts what follows\n{actual}",
        path.display()
    );
}

#[test]
fn trees() {
    let names = Interner::new();
    for path in inputs("trees") {
        let (file, errors) = parse("in.go", &fs::read(&path).expect("a readable file"), &names);
        assert_eq!(errors, "", "{}", path.display());
        let tree = dump(&file, &names);
        compare(&path.with_extension("tree"), &tree);
        let printed = printer::print_file(&file, &names);
        compare(&path.with_extension("printed"), &printed);
        let (again, errors) = parse("printed.go", printed.as_bytes(), &names);
        assert_eq!(errors, "", "{} printed", path.display());
        assert_eq!(dump(&again, &names), tree, "{} printed", path.display());
    }
}

#[test]
fn errors() {
    let names = Interner::new();
    for path in inputs("errors") {
        let text = fs::read(&path).expect("a readable file");
        let (_, errors) = parse("in.go", &text, &names);
        assert_ne!(errors, "", "{}", path.display());
        compare(&path.with_extension("errors"), &errors);
    }
}
