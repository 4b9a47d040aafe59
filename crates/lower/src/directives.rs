//! `//go:` directives: link names and properties of functions.

use trigo_ir::func::Attrs;
use trigo_syntax::ast::{DeclId, File};

/// The `//go:linkname` directives of a file (and `//go:linknamestd`, which only the standard library may use): the local
/// name, and the link name that it gives.
pub(crate) fn linknames(file: &File) -> impl Iterator<Item = (&str, Option<&str>)> {
    file.all_directives().iter().filter_map(|&directive| {
        let mut words = file.directive_text(directive).split_ascii_whitespace();
        match words.next()? {
            "go:linkname" | "go:linknamestd" => Some((words.next()?, words.next())),
            _ => None,
        }
    })
}

/// The directives of a declaration.
pub(crate) struct Directives<'f> {
    file: &'f File,
    decl: DeclId,
}

impl<'f> Directives<'f> {
    pub fn of(file: &'f File, decl: DeclId) -> Self {
        Self { file, decl }
    }

    /// Those that say something about the function's code.
    pub fn attrs(&self) -> Attrs {
        let mut attrs = Attrs::default();
        for &directive in &self.file[self.file[self.decl].directives] {
            let text = self.file.directive_text(directive);
            attrs = attrs.with(match text.split_ascii_whitespace().next() {
                Some("go:nosplit") => Attrs::NOSPLIT,
                Some("go:noinline") => Attrs::NOINLINE,
                Some("go:nowritebarrier" | "go:nowritebarrierrec") => Attrs::NOWRITEBARRIER,
                _ => Attrs::default(),
            });
        }
        attrs
    }
}
