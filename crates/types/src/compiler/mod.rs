//! What Go's compiler complains of beyond its type checker: misused directives, anonymous interfaces that refer to
//! themselves, types too large for any machine. Follows `cmd/compile/internal/noder`, and `types/size.go` beside it.
//!
//! The phases are gc's. What directives say by themselves is reported whatever else is wrong; the rest needs a package
//! without type errors, and each phase one without errors of those before.

mod directives;
mod embed;
mod interfaces;
mod linkname;
mod pragma;
mod sizes;

use crate::check::{Checked, TypeError};
use crate::ids::TypeId;
use crate::results::FileInfo;
use crate::store::Store;
use crate::version::GoVersion;
use std::sync::Arc;
use trigo_syntax::ast::{ExprId, File};
use trigo_syntax::{FilePos, Pos};

/// How a package is compiled, as far as errors depend on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct CompilerFlags {
    /// The module's language version (`-lang`); none for the newest.
    pub lang: Option<GoVersion>,
    /// Whether the package is part of the standard library (`-std`), which may use more directives.
    pub standard: bool,
    /// Whether all of the package is Go (`-complete`), so that functions must have bodies.
    pub complete: bool,
}

/// The errors that Go's compiler adds to those of the parser and the type checker, in the order in which it finds them.
///
/// `files` are those that `checked` was made of. The caller has reported syntax errors already and does not call this
/// if there are any.
pub fn compiler_errors(
    store: &Store,
    files: &[Arc<File>],
    checked: &Checked,
    flags: CompilerFlags,
) -> Vec<TypeError> {
    let files = files.iter().map(|file| &**file).collect();
    let mut c = Compiler { store, files, checked, flags, errors: Vec::new() };
    c.directive_errors();
    if !checked.errors.is_empty() {
        return c.errors;
    }
    for phase in [Compiler::interface_errors, Compiler::declaration_errors, Compiler::size_errors] {
        if c.errors.is_empty() {
            phase(&mut c);
        }
    }
    c.errors
}

struct Compiler<'a> {
    store: &'a Store,
    files: Vec<&'a File>,
    checked: &'a Checked,
    flags: CompilerFlags,
    errors: Vec<TypeError>,
}

impl<'a> Compiler<'a> {
    fn error(&mut self, file: &File, pos: Pos, message: impl Into<String>) {
        let pos = Some(FilePos { file: file.id(), pos });
        self.errors.push(TypeError { pos, message: message.into(), soft: false });
    }

    /// Each file with what is known of it.
    fn checked_files(&self) -> Vec<(&'a File, &'a FileInfo)> {
        self.files.iter().copied().zip(&self.checked.info.files).collect()
    }

    /// A type as text, the package's own names without a prefix.
    fn show(&self, t: TypeId) -> String {
        let prefix = |pkg| {
            let package = self.store.pkg(pkg);
            let name = package.name().filter(|_| pkg != self.checked.pkg);
            name.map_or_else(String::new, |name| self.store.text(name).to_owned())
        };
        self.store.type_string(t, &prefix)
    }

    fn allows(&self, minor: u32) -> bool {
        self.flags.lang.is_none_or(|v| v >= GoVersion(minor))
    }
}

/// All expressions of a file in the order of their numbers.
fn expressions(file: &File) -> impl Iterator<Item = ExprId> {
    (0..file.expr_count()).map(ExprId::from_index)
}

/// Whether a file imports `path`.
fn imports(file: &File, path: &str) -> bool {
    file.imports().any(|(_, literal)| {
        crate::constant::unquote(file.literal(literal))
            .is_some_and(|found| found == path.as_bytes())
    })
}
