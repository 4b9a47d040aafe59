//! A small importer for tests: standard library packages from a GOROOT, for
//! linux/amd64 without cgo.

use regex::Regex;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use trigo_syntax::ast::File;
use trigo_syntax::{Diagnostic, FileId, Interner, Mode, Source, parse_file};
use trigo_types::{
    Checked, CompilerFlags, Config, GoVersion, Importer, PkgId, Store, check_package,
    compiler_errors,
};

/// Go experiments that are on in the release.
const EXPERIMENTS: &[&str] = &[
    "regabiwrappers",
    "regabiargs",
    "dwarf5",
    "randomizedheapbase64",
    "greenteagc",
    "jsonv2",
    "sizespecializedmalloc",
];

#[rustfmt::skip]
const SYSTEMS: &[&str] = &["aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "js",
    "linux", "nacl", "netbsd", "openbsd", "plan9", "solaris", "wasip1", "windows", "zos"];

#[rustfmt::skip]
const MACHINES: &[&str] = &["386", "amd64", "amd64p32", "arm", "armbe", "arm64", "arm64be", "loong64", "mips",
    "mipsle", "mips64", "mips64le", "mips64p32", "mips64p32le", "ppc", "ppc64", "ppc64le", "riscv", "riscv64",
    "s390", "s390x", "sparc", "sparc64", "wasm"];

fn tag_holds(tag: &str) -> bool {
    if let Some(minor) = tag.strip_prefix("go1.") {
        return minor.parse::<u32>().is_ok_and(|m| m <= GoVersion::CURRENT.0);
    }
    match tag.strip_prefix("goexperiment.") {
        Some(experiment) => EXPERIMENTS.contains(&experiment),
        None => matches!(tag, "linux" | "amd64" | "unix" | "gc"),
    }
}

/// Evaluates a build constraint expression.
pub fn constraint_holds(text: &str) -> bool {
    fn or(t: &mut &str) -> bool {
        let mut v = and(t);
        while let Some(rest) = t.trim_start().strip_prefix("||") {
            *t = rest;
            v |= and(t);
        }
        v
    }
    fn and(t: &mut &str) -> bool {
        let mut v = not(t);
        while let Some(rest) = t.trim_start().strip_prefix("&&") {
            *t = rest;
            v &= not(t);
        }
        v
    }
    fn not(t: &mut &str) -> bool {
        *t = t.trim_start();
        if let Some(rest) = t.strip_prefix('!') {
            *t = rest;
            return !not(t);
        }
        if let Some(rest) = t.strip_prefix('(') {
            *t = rest;
            let v = or(t);
            *t = t.trim_start().strip_prefix(')').unwrap_or(t);
            return v;
        }
        let end =
            t.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(t.len());
        let (tag, rest) = t.split_at(end);
        *t = rest;
        tag_holds(tag)
    }
    let mut rest = text;
    or(&mut rest)
}

/// Whether a file's name and build constraint admit it.
pub fn file_matches(name: &str, text: &str) -> bool {
    let stem = name.trim_end_matches(".go").trim_end_matches("_test");
    let parts: Vec<&str> = stem.split('_').skip(1).collect();
    let fits = |part: &str| tag_holds(part);
    let name_fits = match &parts[..] {
        [.., os, arch] if SYSTEMS.contains(os) && MACHINES.contains(arch) => fits(os) && fits(arch),
        [.., last] if SYSTEMS.contains(last) || MACHINES.contains(last) => fits(last),
        _ => true,
    };
    let header = text.lines().take_while(|l| !l.starts_with("package "));
    let constraint = header.filter_map(|l| l.strip_prefix("//go:build ")).next();
    name_fits && constraint.is_none_or(constraint_holds)
}

/// Go's regular expressions take a brace that starts no repetition as it is.
pub fn go_regex(pattern: &str) -> Regex {
    let mut escaped = String::new();
    let chars: Vec<char> = pattern.chars().collect();
    for (i, &c) in chars.iter().enumerate() {
        let repeats = c == '{' && chars.get(i + 1).is_some_and(char::is_ascii_digit);
        let closes = c == '}' && i > 0 && chars[i - 1].is_ascii_digit();
        if matches!(c, '{' | '}') && !repeats && !closes && (i == 0 || chars[i - 1] != '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    Regex::new(&escaped).unwrap_or_else(|e| panic!("pattern {pattern}: {e}"))
}

/// Loads and checks packages of a GOROOT.
pub struct Library {
    pub store: Store,
    pub interner: Arc<Interner>,
    pub goroot: PathBuf,
    next_file: Cell<u32>,
    packages: RefCell<HashMap<String, Option<PkgId>>>,
    /// Errors in imported packages.
    pub problems: RefCell<Vec<String>>,
}

impl Library {
    pub fn new(goroot: PathBuf, test_functions: bool) -> Self {
        let interner = Arc::new(Interner::new());
        let store = match test_functions {
            true => Store::for_tests(interner.clone()),
            false => Store::new(interner.clone()),
        };
        let (next_file, packages) = (Cell::new(1), RefCell::default());
        Self { store, interner, goroot, next_file, packages, problems: RefCell::default() }
    }

    pub fn parse(&self, path: &Path, errors: &mut Vec<Diagnostic>) -> Arc<File> {
        self.parse_with(path, Mode::default(), errors)
    }

    pub fn parse_with(&self, path: &Path, mode: Mode, errors: &mut Vec<Diagnostic>) -> Arc<File> {
        let text = fs::read(path).unwrap_or_default();
        let id = FileId(self.next_file.get());
        self.next_file.set(id.0 + 1);
        let source = Source::new(id, path.to_string_lossy(), text);
        Arc::new(parse_file(source, &self.interner, mode, errors))
    }

    /// The Go files of a folder that are built.
    pub fn go_files(&self, dir: &Path, tests: bool) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = fs::read_dir(dir)
            .into_iter()
            .flatten()
            .filter_map(|e| Some(e.ok()?.path()))
            .filter(|p| {
                let name = p.file_name().unwrap_or_default().to_string_lossy().into_owned();
                name.ends_with(".go")
                    && !name.starts_with(['_', '.'])
                    && name.ends_with("_test.go") == tests
                    && fs::read_to_string(p).is_ok_and(|text| file_matches(&name, &text))
                    && !self.uses_cgo(p)
            })
            .collect();
        files.sort();
        files
    }

    /// The folder of a package, named from `src` on.
    pub fn dir(&self, path: &str) -> PathBuf {
        self.goroot.join("src").join(path)
    }

    /// What an import path means in the file `from`: the standard library and the commands have vendored packages.
    fn resolve(&self, path: &str, from: &str) -> String {
        let src = self.goroot.join("src");
        let importer = Path::new(from);
        let vendors = [(src.join("cmd"), "cmd/vendor"), (src, "vendor")];
        vendors
            .iter()
            .filter(|(folder, _)| importer.starts_with(folder))
            .map(|(_, vendor)| format!("{vendor}/{path}"))
            .find(|vendored| self.dir(vendored).is_dir())
            .unwrap_or_else(|| path.to_owned())
    }

    pub fn check(&self, path: &str, files: &[PathBuf], bodies: bool) -> (Checked, Vec<Diagnostic>) {
        let mut syntax = Vec::new();
        let files: Vec<Arc<File>> = files.iter().map(|f| self.parse(f, &mut syntax)).collect();
        let config = Config {
            importer: self,
            go_version: None,
            ignore_func_bodies: !bodies,
            fake_import_c: false,
            ignore_branch_errors: false,
        };
        let mut checked = check_package(&self.store, path, &files, config);
        if bodies {
            let flags = CompilerFlags { standard: true, ..CompilerFlags::default() };
            let more = compiler_errors(&self.store, &files, &checked, flags);
            checked.errors.extend(more);
        }
        (checked, syntax)
    }

    /// The errors of a package.
    pub fn check_messages(&self, path: &str, files: &[PathBuf]) -> Vec<String> {
        let (checked, syntax) = self.check(path, files, true);
        self.messages(&checked, &syntax)
    }

    /// The errors of a package together with its tests, and of its external tests.
    pub fn test_messages(&self, path: &str, files: &[PathBuf], tests: Vec<PathBuf>) -> Vec<String> {
        let is_external = |p: &PathBuf| {
            let text = fs::read_to_string(p).unwrap_or_default();
            let package = text.lines().find_map(|l| l.strip_prefix("package "));
            package.is_some_and(|name| {
                name.split_whitespace().next().is_some_and(|n| n.ends_with("_test"))
            })
        };
        let (external, internal): (Vec<_>, Vec<_>) = tests.into_iter().partition(is_external);
        let mut all = files.to_vec();
        all.extend(internal);
        // External tests see what the package's own test files export.
        let (checked, syntax) = self.check(path, &all, true);
        let mut messages = self.messages(&checked, &syntax);
        if !external.is_empty() {
            // Packages that import the tested one see its test variant too.
            let saved = self.packages.borrow().clone();
            let original = saved.get(path).copied().flatten();
            self.packages.borrow_mut().retain(|_, pkg| {
                pkg.is_none_or(|p| original.is_none_or(|original| !self.depends_on(p, original)))
            });
            self.packages.borrow_mut().insert(path.into(), Some(checked.pkg));
            messages.extend(self.check_messages(&format!("{path}_test"), &external));
            *self.packages.borrow_mut() = saved;
        }
        messages
    }

    fn depends_on(&self, pkg: PkgId, on: PkgId) -> bool {
        let (mut seen, mut work) = (HashSet::new(), vec![pkg]);
        while let Some(p) = work.pop() {
            if p == on {
                return true;
            }
            if seen.insert(p) {
                work.extend_from_slice(self.store.pkg(p).imports());
            }
        }
        false
    }

    /// Whether a file needs cgo.
    fn uses_cgo(&self, path: &Path) -> bool {
        let text = fs::read(path).unwrap_or_default();
        let source = Source::new(FileId(0), "", text);
        let mode = Mode { imports_only: true, ..Mode::default() };
        let file = parse_file(source, &self.interner, mode, &mut Vec::new());
        file.imports().any(|(_, import)| file.literal(import) == "\"C\"")
    }

    /// Errors as `file:line:col: message`.
    pub fn messages(&self, checked: &Checked, syntax: &[Diagnostic]) -> Vec<String> {
        let place = |pos| self.store.position(pos).map_or_else(|| "-".into(), |p| p.to_string());
        let parsed = syntax.iter().map(|d| format!("{}: {}", place(d.pos), d.message));
        let found = checked
            .errors
            .iter()
            .map(|e| format!("{}: {}", e.pos.map_or_else(|| "-".into(), place), e.message));
        parsed.chain(found).collect()
    }
}

impl Importer for Library {
    fn import(&self, path: &str, from: &str) -> Result<PkgId, String> {
        let path = &*self.resolve(path, from);
        if let Some(known) = self.packages.borrow().get(path) {
            return known.ok_or_else(|| "import cycle".into());
        }
        let files = self.go_files(&self.dir(path), false);
        if files.is_empty() {
            return Err(format!("package {path} is not in std"));
        }
        self.packages.borrow_mut().insert(path.into(), None);
        let (checked, syntax) = self.check(path, &files, false);
        self.problems.borrow_mut().extend(self.messages(&checked, &syntax));
        self.packages.borrow_mut().insert(path.into(), Some(checked.pkg));
        Ok(checked.pkg)
    }
}

/// The folders of a distribution that may be packages, vendored ones too, named from `src` on.
pub fn packages(goroot: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let src = goroot.join("src");
    find_packages(&src, &src, &mut found);
    // The checker knows `unsafe` by itself; `builtin` is documentation.
    found.retain(|path| path != "unsafe" && path != "builtin");
    found
}

fn find_packages(root: &Path, dir: &Path, out: &mut Vec<String>) {
    if let Ok(path) = dir.strip_prefix(root)
        && !path.as_os_str().is_empty()
    {
        out.push(path.to_string_lossy().into_owned());
    }
    for entry in super::gotest::sorted(dir) {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if entry.is_dir() && name != "testdata" && !name.starts_with(['_', '.']) {
            find_packages(root, &entry, out);
        }
    }
}
