//! All packages a build needs, bottom-up.
//!
//! A [`Loader`] turns arguments into a [`Graph`]: the packages they name and everything these
//! import, each after the packages it imports. The same sources give the same graph in the same
//! order, whatever was read first.
//!
//! With tests, a package has up to three forms, as in the go command: as others import it; with
//! its `_test.go` files compiled in ([`Form::WithTests`]); and its external tests
//! ([`Form::ExternalTest`]), which import the second. A package that the external tests import and
//! that itself imports the package under test comes once more ([`Form::Rebuilt`]), so that all of
//! them mean the same package.

mod load;
mod order;
mod resolve;
mod roots;
mod variants;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

pub use load::{Config, Loader};

use crate::assembly::{self, Jump};
use crate::directory::{Directory, Role};
use crate::error::{Error, Result};
use crate::module::ModuleId;
use crate::source::SourceFile;
use crate::version::GoVersion;

/// The index of a package in [`Graph::packages`]. A package's imports have smaller ids than it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageId(pub u32);

/// The packages of a build.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Each after those it imports.
    pub packages: Vec<Package>,
    /// What the arguments named, by import path.
    pub roots: Vec<Root>,
    /// What is wrong with the arguments themselves.
    pub errors: Vec<Error>,
    /// Remarks about the arguments that are no errors.
    pub warnings: Vec<String>,
}

/// A package that the arguments named, in its forms.
#[derive(Clone, Debug)]
pub struct Root {
    /// Its import path.
    pub path: String,
    /// Its files.
    pub directory: Arc<Directory>,
    /// As others import it; none if it has only tests.
    pub plain: Option<PackageId>,
    /// With its tests compiled in; none if it has no such tests or they were not asked for.
    pub with_tests: Option<PackageId>,
    /// Its external tests; none if it has none or they were not asked for.
    pub external_test: Option<PackageId>,
}

/// A package: one unit to check and to compile.
#[derive(Clone, Debug)]
pub struct Package {
    /// Its import path; that of external tests ends in `_test`.
    pub path: String,
    /// Which form of the package this is.
    pub form: Form,
    /// The import path of the package under test that this form is for; none for a plain one.
    pub for_test: Option<String>,
    /// Where it comes from.
    pub place: Place,
    /// The language version of its module.
    pub go_version: GoVersion,
    /// The files; [`Package::files`] are those of this form.
    pub directory: Arc<Directory>,
    /// The imports of its files, by path.
    pub imports: Vec<Import>,
    /// The `//go:embed` patterns of its files that match, sorted.
    pub embeds: Vec<Embed>,
    /// What is wrong with its files, imports and patterns, sorted.
    pub errors: Vec<Error>,
}

/// The form of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// As others import it.
    Plain,
    /// With its tests compiled in.
    WithTests,
    /// The tests from outside.
    ExternalTest,
    /// Like plain, but importing a package with its tests.
    Rebuilt,
}

/// Where a package comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The standard library, or the go command's sources.
    Standard,
    /// A module.
    Module(ModuleId),
    /// A directory that is in no module.
    Outside,
}

/// An import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The path as it is written.
    pub path: String,
    /// The package it means; none if there is an error about it.
    pub package: Option<PackageId>,
}

/// A `//go:embed` pattern and the files it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embed {
    /// The pattern as it is written.
    pub pattern: String,
    /// Slash-separated paths relative to the package's directory, sorted.
    pub files: Vec<String>,
}

impl Graph {
    /// A package.
    pub fn package(&self, id: PackageId) -> &Package {
        &self.packages[id.0 as usize]
    }

    /// The packages with their ids, bottom-up.
    pub fn iter(&self) -> impl Iterator<Item = (PackageId, &Package)> {
        (0..).map(PackageId).zip(&self.packages)
    }

    /// All errors: those of the arguments, then those of all packages, sorted, each once.
    pub fn all_errors(&self) -> Vec<&Error> {
        let mut errors: Vec<&Error> = self.errors.iter().collect();
        errors.extend(self.packages.iter().flat_map(|package| &package.errors));
        errors.sort();
        errors.dedup();
        errors
    }
}

impl Package {
    /// The package's name, as its files declare it.
    pub fn name(&self) -> &str {
        let file = self.files().find(|file| !file.header.package.is_empty());
        file.map_or("", |file| &file.header.package)
    }

    /// The Go files of this form, by name.
    pub fn files(&self) -> impl Iterator<Item = &Arc<SourceFile>> {
        let roles = self.form.roles();
        self.directory.files.iter().filter(move |file| roles.contains(&file.role))
    }

    /// The directory the files are in.
    pub fn dir(&self) -> &PathBuf {
        &self.directory.dir
    }

    /// Its functions without a body that are others, because assembly does nothing but jump there. The standard library's
    /// assembly has its counterparts in the runtime instead.
    ///
    /// # Errors
    /// If a file of assembly cannot be read.
    pub fn jumps(&self) -> Result<Vec<Jump>> {
        let mut jumps = Vec::new();
        if self.place == Place::Standard && !self.path.starts_with("cmd/") {
            return Ok(jumps);
        }
        for name in &self.directory.assembly_files {
            let path = self.dir().join(name);
            let source = fs::read(&path).map_err(|error| Error::io("reading", &path, &error))?;
            jumps.extend(assembly::jumps(&String::from_utf8_lossy(&source)));
        }
        Ok(jumps)
    }

    /// The package's name in messages: its path, and which test it is for.
    pub fn describe(&self) -> String {
        match &self.for_test {
            Some(test) => format!("{} [{test}.test]", self.path),
            None => self.path.clone(),
        }
    }
}

impl Form {
    /// The roles of the files that make up this form.
    pub fn roles(self) -> &'static [Role] {
        match self {
            Form::Plain | Form::Rebuilt => &[Role::Package],
            Form::WithTests => &[Role::Package, Role::Test],
            Form::ExternalTest => &[Role::ExternalTest],
        }
    }
}
