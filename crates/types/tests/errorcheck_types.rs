//! The suite `errorcheck-types`: the tests of Go's `test` directory that need only a type checker. `errorcheck` files
//! and `errorcheckdir` folders must have the errors that their comments expect, and no other; `compile` files and
//! `compiledir` folders must have none.
//!
//! Left out by rule, and not counted: tests for another system or architecture; those with the flag `-0`, whose
//! expected lines are notes of the back end; those with an experiment that no release turns on.

mod support;

use conformance::{Suite, missing, places};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use support::Library;
use support::gotest::{self, Found, Recipe};
use trigo_syntax::{Mode, SYNTAX_ERROR, printed_errors};
use trigo_types::{
    Checked, CompilerFlags, Config, GoVersion, Importer, PkgId, check_package, compiler_errors,
};

const ACTIONS: [&str; 4] = ["errorcheck", "errorcheckdir", "compile", "compiledir"];

/// The packages of a test's folder, which import each other as `./name`, and the library.
struct Folder<'a> {
    library: &'a Library,
    packages: RefCell<HashMap<String, PkgId>>,
}

impl Importer for Folder<'_> {
    fn import(&self, path: &str, from: &str) -> Result<PkgId, String> {
        let local = path.strip_prefix("./").map(|name| format!("test/{name}"));
        let known = self.packages.borrow().get(local.as_deref().unwrap_or(path)).copied();
        match known {
            Some(pkg) => Ok(pkg),
            None => self.library.import(path, from),
        }
    }
}

impl Folder<'_> {
    /// Compiles a package as far as its types are checked.
    fn compile(&self, path: &str, files: &[PathBuf], recipe: &Recipe) -> (Checked, Vec<Found>) {
        let mut found = Vec::new();
        let mut syntax_is_right = true;
        let mode = Mode { check_branches: true, ..Mode::default() };
        let parsed: Vec<_> = files
            .iter()
            .map(|path| {
                let mut errors = Vec::new();
                let file = self.library.parse_with(path, mode, &mut errors);
                self.library.store.add_file(file.clone());
                syntax_is_right &= !errors.iter().any(|e| e.message.starts_with(SYNTAX_ERROR));
                let errors = printed_errors(&file, &errors);
                found.extend(errors.into_iter().map(|e| (Some(e.pos), e.message.to_string())));
                file
            })
            .collect();
        let config = Config {
            importer: self,
            go_version: recipe.value("-lang").and_then(GoVersion::parse),
            ignore_func_bodies: false,
            fake_import_c: false,
            ignore_branch_errors: true,
        };
        let checked = check_package(&self.library.store, path, &parsed, config);
        if syntax_is_right {
            let flags = CompilerFlags {
                lang: config.go_version,
                standard: recipe.has("-std") || recipe.has("-+"),
                complete: recipe.has("-complete"),
            };
            let more = compiler_errors(&self.library.store, &parsed, &checked, flags);
            found.extend(checked.errors.iter().chain(&more).map(|e| (e.pos, e.message.clone())));
        }
        let found = found.into_iter().map(|(pos, message)| {
            let position = pos.and_then(|pos| self.library.store.position(pos));
            let file = position.as_ref().map_or(Path::new(""), |p| Path::new(&*p.file));
            Found {
                file: gotest::short_name(file),
                line: position.as_ref().map_or(0, |p| p.line),
                message: without_folders(&message, files),
            }
        });
        (checked, found.collect())
    }
}

/// A message that names files of the test as the comments in them do.
fn without_folders(message: &str, files: &[PathBuf]) -> String {
    let folder = |path: &PathBuf| format!("{}/", path.parent().unwrap_or(path).to_string_lossy());
    files.first().map(folder).map_or_else(|| message.to_owned(), |dir| message.replace(&dir, ""))
}

/// Compiles a test's packages in order; all but the last must be without errors, and the last as expected.
fn run(library: &Library, packages: &[Vec<PathBuf>], recipe: &Recipe) -> Vec<String> {
    let folder = Folder { library, packages: RefCell::default() };
    let mut failures = Vec::new();
    for (i, files) in packages.iter().enumerate() {
        let name = files.first().and_then(|f| f.file_stem()).unwrap_or_default().to_string_lossy();
        let path = match packages.len() {
            1 => recipe.value("-p").unwrap_or("p").to_owned(),
            _ => format!("test/{name}"),
        };
        let (checked, found) = folder.compile(&path, files, recipe);
        if i + 1 == packages.len() && recipe.wants_errors() {
            failures.extend(gotest::compare(files, found));
        } else {
            let line = |f: Found| format!("{}:{}: unexpected: {}", f.file, f.line, f.message);
            failures.extend(found.into_iter().map(line));
        }
        folder.packages.borrow_mut().insert(path, checked.pkg);
    }
    failures.extend(library.problems.take());
    failures
}

fn main() -> ExitCode {
    let (Some(goroot), Some(dir)) = (places::goroot(), places::go_tests()) else {
        return missing("errorcheck-types", "distribution of Go or no copy of its test directory");
    };
    let library = Library::new(goroot, false);
    let mut files = Vec::new();
    gotest::files(&dir, &mut files);
    let mut suite = Suite::new("errorcheck-types");
    for path in files {
        let text = fs::read(&path).unwrap_or_default();
        let Some(recipe) = Recipe::of(&String::from_utf8_lossy(&text)) else { continue };
        let left_out = recipe.has("-0") || recipe.has("-goexperiment");
        if left_out || !ACTIONS.contains(&recipe.action.as_str()) {
            continue;
        }
        let name = path.strip_prefix(&dir).unwrap_or(&path).to_string_lossy();
        suite.run(&name, || {
            let packages = match recipe.action.ends_with("dir") {
                true => gotest::packages(&path.with_extension("dir"), recipe.has("-s")),
                false => vec![vec![path.clone()]],
            };
            run(&library, &packages, &recipe)
        });
    }
    suite.finish()
}
