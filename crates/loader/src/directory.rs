//! One directory as one package: which of its files belong to it, and as what.
//!
//! The rules are those of `go help packages` and `go help buildconstraint`: files whose names
//! begin with `_` or `.` do not exist; the name's suffixes and the build constraint select among
//! the rest; `_test.go` files are the package's own tests, or, in a package whose name ends in
//! `_test`, tests from outside.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Position, Result};
use crate::header::Header;
use crate::manifest::{Facts, Manifest};
use crate::source::SourceFile;
use crate::tags::Tags;

/// A package's directory, read.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// The directory.
    pub dir: PathBuf,
    /// The name in the package clauses; empty if no file has one.
    pub name: String,
    /// The Go files that belong to the package, tests included where they were asked for, by name.
    pub files: Vec<Arc<SourceFile>>,
    /// Names of Go files that are left out: by their name, their constraint, or because they use
    /// cgo.
    pub ignored_go_files: Vec<String>,
    /// Those of them that use cgo.
    pub cgo_files: Vec<String>,
    /// Names of assembly, C and other files that the go command knows and that are left out here.
    pub ignored_other_files: Vec<String>,
    /// Names of assembly files.
    pub assembly_files: Vec<String>,
    /// Names of C header files; assembly may include them.
    pub header_files: Vec<String>,
    /// Names of object files to link.
    pub object_files: Vec<String>,
    /// Names of files in languages that only cgo can compile.
    pub foreign_files: Vec<String>,
    /// Whether the directory has Go test files; known even where they were not read.
    pub has_tests: bool,
    /// What is wrong with single files, in order of their names.
    pub errors: Vec<Error>,
}

/// What a Go file belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The package.
    Package,
    /// The package's tests, compiled into it.
    Test,
    /// Tests of the package from outside, a package of their own.
    ExternalTest,
}

/// Whether test files are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tests {
    /// They are passed over.
    Skip,
    /// They are read like the others.
    Read,
}

impl Directory {
    /// Reads a directory. What is wrong with single files is kept in [`Directory::errors`].
    ///
    /// # Errors
    /// If the directory cannot be read.
    pub fn read(dir: &Path, tags: &Tags, tests: Tests, manifest: &Manifest) -> Result<Directory> {
        Directory::read_replaced(dir, &[], tags, tests, manifest)
    }

    /// Reads named files of one directory as a package. Constraints do not apply: who names a
    /// file wants it.
    pub fn of_files(dir: &Path, names: &[String], manifest: &Manifest) -> Directory {
        let mut directory = Directory { dir: dir.to_path_buf(), ..Directory::default() };
        for name in names {
            directory.add(name, None, Tests::Read, manifest);
        }
        directory
    }

    /// A package of files that are given with their contents, as if they were in a directory.
    pub fn of_sources(dir: &Path, files: &[(&str, Arc<[u8]>)], tags: &Tags) -> Directory {
        let mut directory = Directory { dir: dir.to_path_buf(), ..Directory::default() };
        for (name, source) in files {
            if tags.allow_name(name) {
                directory.add_source(name, Some(tags), source.clone());
            } else {
                directory.ignore(Kind::Go, name);
            }
        }
        directory
    }

    /// Reads a directory in which the contents of some Go files are replaced.
    ///
    /// # Errors
    /// If the directory cannot be read.
    pub fn read_replaced(
        dir: &Path,
        files: &[(&str, Arc<[u8]>)],
        tags: &Tags,
        tests: Tests,
        manifest: &Manifest,
    ) -> Result<Directory> {
        let mut directory = Directory { dir: dir.to_path_buf(), ..Directory::default() };
        for name in file_names(dir)? {
            match files.iter().find(|(replaced, _)| *replaced == name) {
                Some((_, source)) => directory.add_source(&name, Some(tags), source.clone()),
                None => directory.add(&name, Some(tags), tests, manifest),
            }
        }
        Ok(directory)
    }

    /// The files of one role.
    pub fn files_of(&self, role: Role) -> impl Iterator<Item = &Arc<SourceFile>> {
        self.files.iter().filter(move |file| file.role == role)
    }

    /// Whether a role has files.
    pub fn has(&self, role: Role) -> bool {
        self.files_of(role).next().is_some()
    }

    /// Whether the directory holds no Go file at all, not even one that is left out.
    pub fn has_no_go_files(&self) -> bool {
        self.files.is_empty() && self.ignored_go_files.is_empty() && !self.has_tests
    }

    /// Why there is nothing to compile, in the go command's words; and where cgo is the reason, that.
    pub fn nothing_to_build(&self) -> String {
        let dir = self.dir.display();
        if self.has_tests {
            format!("no non-test Go files in {dir}")
        } else if self.ignored_go_files.is_empty() {
            format!("no Go files in {dir}")
        } else if let Some(file) = self.cgo_files.first() {
            let why = format!("Trigo does not compile cgo, and {file} imports \"C\"");
            format!("build constraints exclude all Go files in {dir} ({why})")
        } else {
            format!("build constraints exclude all Go files in {dir}")
        }
    }

    fn add(&mut self, name: &str, tags: Option<&Tags>, tests: Tests, manifest: &Manifest) {
        let extension = name.rfind('.').map_or("", |dot| &name[dot..]);
        let Some(kind) = Kind::of(extension) else {
            return;
        };
        let is_test = name.ends_with("_test.go");
        self.has_tests |= is_test;
        if is_test && tests == Tests::Skip {
            return;
        }
        if tags.is_some_and(|tags| !tags.allow_name(name)) {
            return self.ignore(kind, name);
        }
        match kind {
            Kind::Object => self.object_files.push(name.to_string()),
            _ => match manifest.look(&self.dir.join(name)) {
                Ok((facts, text)) if kind == Kind::Go => self.add_go(name, tags, facts, text),
                Ok((facts, _)) => self.add_other(kind, name, tags, &facts),
                Err(error) => {
                    let path = self.dir.join(name);
                    let message = Error::io("open", &path, &error).message;
                    self.errors.push(Error::at(Position::file(&path), message));
                }
            },
        }
    }

    fn ignore(&mut self, kind: Kind, name: &str) {
        match kind {
            Kind::Go => self.ignored_go_files.push(name.to_string()),
            _ => self.ignored_other_files.push(name.to_string()),
        }
    }

    fn add_source(&mut self, name: &str, tags: Option<&Tags>, source: Arc<[u8]>) {
        let facts = Facts::of(Path::new(name), &source);
        self.add_go(name, tags, facts, Some(source));
    }

    /// Adds a Go file; its text is read later if it is not given.
    fn add_go(&mut self, name: &str, tags: Option<&Tags>, facts: Facts, source: Option<Arc<[u8]>>) {
        let path = self.dir.join(name);
        let constraint = match &facts.constraint {
            Ok(constraint) => constraint,
            Err(message) => {
                let message = message.clone();
                return self.errors.push(Error::at(Position::file(&path), message));
            }
        };
        if let (Some(tags), Some(expr)) = (tags, constraint)
            && !tags.satisfy(expr)
        {
            return self.ignore(Kind::Go, name);
        }
        let mut file = SourceFile::new(path, &facts, source);
        file.header.go_version = constraint.as_ref().and_then(|expr| expr.go_version());
        // gofmt's documentation-only files, which the go command leaves out by their name.
        if file.header.package == "documentation" {
            return self.ignore(Kind::Go, name);
        }
        let cgo = file.header.imports.iter().find(|import| import.path == "C");
        if let Some(import) = cgo {
            if name.ends_with("_test.go") {
                let position = file.position(import.offset);
                let message = format!("use of cgo in test {name} not supported");
                self.errors.push(Error::at(position, message));
            }
            self.cgo_files.push(name.to_string());
            return self.ignore(Kind::Go, name);
        }
        file.role = self.role(name, &file.header);
        self.check_name(&file);
        self.files.push(Arc::new(file));
    }

    fn role(&self, name: &str, header: &Header) -> Role {
        if !name.ends_with("_test.go") {
            Role::Package
        } else if header.package.ends_with("_test") && header.package != self.name {
            Role::ExternalTest
        } else {
            Role::Test
        }
    }

    /// All files of a directory must name one package.
    fn check_name(&mut self, file: &SourceFile) {
        let mut name = file.header.package.as_str();
        if name.is_empty() {
            return;
        }
        if file.role == Role::ExternalTest {
            name = name.strip_suffix("_test").unwrap_or(name);
        }
        if self.name.is_empty() {
            self.name = name.to_string();
        } else if self.name != name {
            let first = self.files.first().map_or("", |first| first.name());
            let message = format!(
                "found packages {} ({first}) and {name} ({}) in {}",
                self.name,
                file.name(),
                self.dir.display()
            );
            let position = file.position(file.header.package_offset);
            self.errors.push(Error::at(position, message));
        }
    }

    fn add_other(&mut self, kind: Kind, name: &str, tags: Option<&Tags>, facts: &Facts) {
        let excluded = match (tags, &facts.constraint) {
            (Some(tags), Ok(Some(expr))) => !tags.satisfy(expr),
            _ => false,
        };
        let list = match kind {
            _ if excluded => &mut self.ignored_other_files,
            Kind::Assembly => &mut self.assembly_files,
            Kind::Header => &mut self.header_files,
            Kind::Foreign => &mut self.foreign_files,
            Kind::Go | Kind::Object | Kind::CAssembly => &mut self.ignored_other_files,
        };
        list.push(name.to_string());
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Go,
    Assembly,
    /// Assembly that the C compiler preprocesses: only for cgo.
    CAssembly,
    Header,
    Object,
    Foreign,
}

impl Kind {
    fn of(extension: &str) -> Option<Kind> {
        Some(match extension {
            ".go" => Kind::Go,
            ".s" => Kind::Assembly,
            ".S" | ".sx" => Kind::CAssembly,
            ".h" | ".hh" | ".hpp" | ".hxx" => Kind::Header,
            ".syso" => Kind::Object,
            ".c" | ".cc" | ".cpp" | ".cxx" | ".m" | ".f" | ".F" | ".for" | ".f90" | ".swig"
            | ".swigcxx" => Kind::Foreign,
            _ => return None,
        })
    }
}

/// The names of a directory's files that are not hidden, sorted. A link counts as what it points
/// to.
fn file_names(dir: &Path) -> Result<Vec<String>> {
    let failed = |error| Error::io("open", dir, &error);
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let kind = entry.file_type().map_err(failed)?;
        let is_dir = kind.is_dir() || kind.is_symlink() && entry.path().is_dir();
        if !is_dir && !name.starts_with(['_', '.']) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)]) -> Directory {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let manifest = Manifest::default();
        Directory::read(dir.path(), &Tags::default(), Tests::Read, &manifest).unwrap()
    }

    fn names(directory: &Directory, role: Role) -> Vec<&str> {
        directory.files_of(role).map(|file| file.name()).collect()
    }

    #[test]
    fn sorts_files_by_role() {
        let d = read(&[
            ("a.go", "package p"),
            ("a_test.go", "package p"),
            ("b_test.go", "package p_test"),
            ("c.go", "package p\nimport \"C\""),
            ("d_windows.go", "package p"),
            ("e.go", "//go:build ignore\n\npackage main"),
            ("f.go", "package documentation"),
            ("_g.go", "package q"),
            (".h.go", "package q"),
            ("i.s", ""),
            ("j_arm64.s", ""),
            ("k.S", ""),
            ("l.h", ""),
            ("m.syso", ""),
            ("n.c", ""),
            ("o.txt", ""),
        ]);
        assert_eq!(d.name, "p");
        assert_eq!(names(&d, Role::Package), ["a.go"]);
        assert_eq!(names(&d, Role::Test), ["a_test.go"]);
        assert_eq!(names(&d, Role::ExternalTest), ["b_test.go"]);
        assert_eq!(d.ignored_go_files, ["c.go", "d_windows.go", "e.go", "f.go"]);
        assert_eq!(d.assembly_files, ["i.s"]);
        assert_eq!(d.ignored_other_files, ["j_arm64.s", "k.S"]);
        assert_eq!(
            (&d.header_files[..], &d.object_files[..]),
            (&["l.h".to_string()][..], &["m.syso".to_string()][..])
        );
        assert_eq!(d.foreign_files, ["n.c"]);
        assert_eq!(d.errors, []);
    }

    #[test]
    fn names_two_packages_in_one_directory() {
        let d = read(&[("a.go", "package p"), ("b.go", "\npackage q")]);
        let position = d.errors[0].position.as_ref().unwrap();
        assert_eq!((position.line, position.column), (2, 9));
        assert!(d.errors[0].message.starts_with("found packages p (a.go) and q (b.go) in "));
    }

    #[test]
    fn a_broken_file_still_belongs() {
        let d = read(&[("a.go", "\0\0"), ("b.go", "package p")]);
        assert_eq!(names(&d, Role::Package), ["a.go", "b.go"]);
        assert_eq!(d.name, "p");
    }

    #[test]
    fn reports_what_it_cannot_read() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/nonexistent", dir.path().join("a.go")).unwrap();
        let read =
            |dir: &Path| Directory::read(dir, &Tags::default(), Tests::Read, &Manifest::default());
        let d = read(dir.path()).unwrap();
        assert!(d.errors[0].to_string().ends_with("a.go: no such file or directory"));
        let missing = read(&dir.path().join("x"));
        assert!(missing.unwrap_err().message.contains("no such file or directory"));
    }
}
