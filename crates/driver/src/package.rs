//! One package: its files parsed and checked.

use std::path::Path;
use std::sync::Arc;

use trigo_loader::graph::{self, PackageId, Place};
use trigo_loader::source::SourceFile;
use trigo_loader::{Error, Position};
use trigo_syntax::ast::File;
use trigo_syntax::{FileId, Mode, Source};
use trigo_types::{
    Checked, CompilerFlags, Config, GoVersion, Importer, Info, PkgId, Store, TypeError,
};

use crate::Work;
use crate::stored::Stored;

/// A parsed and, if its syntax allowed it, checked package.
#[derive(Default)]
pub struct Package {
    /// The package in the store; none if it was not checked: because of errors in loading or syntax, here or in what it
    /// imports.
    pub pkg: Option<PkgId>,
    /// Its trees, in the order of [`graph::Package::files`].
    pub files: Vec<Arc<File>>,
    /// What the checker found out, by file in that order.
    pub info: Info,
    /// What is wrong with it: syntax errors or type errors, not sorted.
    pub errors: Vec<Error>,
    /// What the cache has of it, or will have.
    pub(crate) stored: Option<Stored>,
}

impl Package {
    /// Whether it was checked and has no errors.
    pub fn is_sound(&self) -> bool {
        (self.pkg.is_some() || self.stored.is_some()) && self.errors.is_empty()
    }

    /// The bodies of its generic and inlinable functions, for [`trigo_types::archive::ArchivedBodies`], if the package comes
    /// from the cache.
    ///
    /// Reads a file. None if it is damaged; [`Package::files`] has the bodies of a package that was checked.
    pub fn archived_bodies(&self) -> Option<Vec<u8>> {
        self.stored.as_ref()?.bodies()
    }

    /// Forgets how the package is written; where its objects are declared can still be said.
    pub(crate) fn drop_trees(&mut self, store: &Store) {
        for file in std::mem::take(&mut self.files) {
            store.drop_tree(&file);
        }
        self.info = Info::default();
    }

    pub(crate) fn parse(work: &Work<'_>, source: &graph::Package, id: PackageId) -> Package {
        let mut errors = Vec::new();
        let files = (work.first_file(id).0..)
            .zip(source.files())
            .map(|(number, file)| parse(file, FileId(number), work.store, &mut errors))
            .collect();
        Package { pkg: None, files, info: Info::default(), errors, stored: None }
    }

    pub(crate) fn check(&mut self, work: &Work<'_>, id: PackageId, skips_bodies: bool) {
        let source = work.graph.package(id);
        let config = Config {
            importer: &Imports { work, source },
            go_version: Some(GoVersion(source.go_version.minor)),
            ignore_func_bodies: skips_bodies,
            fake_import_c: false,
            ignore_branch_errors: true,
        };
        let mut checked = trigo_types::check_package(work.store, &source.path, &self.files, config);
        if !skips_bodies {
            let flags = compiler_flags(source);
            let more = trigo_types::compiler_errors(work.store, &self.files, &checked, flags);
            checked.errors.extend(more);
        }
        let Checked { pkg, errors, info } = checked;
        self.errors.extend(errors.into_iter().map(|error| located(work.store, error)));
        (self.pkg, self.info) = (Some(pkg), info);
    }
}

/// The flags that `go build` gives to the compiler, as far as errors depend on them.
pub(crate) fn compiler_flags(source: &graph::Package) -> CompilerFlags {
    let standard = source.place == Place::Standard;
    let directory = &source.directory;
    let all_go = directory.assembly_files.is_empty() && directory.object_files.is_empty();
    CompilerFlags {
        lang: Some(GoVersion(source.go_version.minor)),
        standard,
        // Some bodies of the standard library are linked in from the runtime.
        complete: all_go && !standard,
    }
}

/// Parses a file; its syntax errors are added to `errors`.
fn parse(file: &SourceFile, id: FileId, store: &Store, errors: &mut Vec<Error>) -> Arc<File> {
    let text = file.text();
    let source = Source::new(id, name(file), text.as_deref().cloned().unwrap_or_default());
    let mode = Mode { check_branches: true, ..Mode::default() };
    let mut diagnostics = Vec::new();
    let tree = trigo_syntax::parse_file(source, store.interner(), mode, &mut diagnostics);
    if let Err(error) = text {
        errors.push(error);
        return Arc::new(tree);
    }
    for diagnostic in trigo_syntax::printed_errors(&tree, &diagnostics) {
        let position = place(tree.position(diagnostic.pos.pos));
        errors.push(Error::at(position, &*diagnostic.message));
    }
    Arc::new(tree)
}

/// What messages call a file.
pub(crate) fn name(file: &SourceFile) -> Arc<str> {
    file.path.to_string_lossy().into()
}

fn located(store: &Store, error: TypeError) -> Error {
    match error.pos.and_then(|pos| store.position(pos)) {
        Some(at) => Error::at(place(at), error.message),
        None => Error::new(error.message),
    }
}

fn place(at: trigo_syntax::Position) -> Position {
    Position { file: Path::new(&*at.file).to_path_buf(), line: at.line, column: at.col }
}

/// The packages that one package imports.
struct Imports<'w> {
    work: &'w Work<'w>,
    source: &'w graph::Package,
}

impl Importer for Imports<'_> {
    fn import(&self, path: &str, _: &str) -> Result<PkgId, String> {
        let import = self.source.imports.iter().find(|import| import.path == path);
        let package = import.and_then(|import| import.package);
        package.and_then(|id| self.work.pkg(id)).ok_or_else(|| format!("could not import {path}"))
    }
}
