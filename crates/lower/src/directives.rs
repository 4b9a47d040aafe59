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

    /// Whether what a call's arguments convert from pointers to numbers stays alive until it returns. gc's other meaning
    /// of `uintptrescapes`, that it must not move, holds for every object.
    pub fn keeps_pointers(&self) -> bool {
        self.words().any(|word| matches!(word, "go:uintptrescapes" | "go:uintptrkeepalive"))
    }

    /// Those that say something about the function's code.
    pub fn attrs(&self) -> Attrs {
        let mut attrs = Attrs::default();
        for word in self.words() {
            attrs = attrs.with(match word {
                "go:nosplit" => Attrs::NOSPLIT,
                "go:noinline" => Attrs::NOINLINE,
                "go:nowritebarrier" | "go:nowritebarrierrec" => Attrs::NOWRITEBARRIER,
                _ => Attrs::default(),
            });
        }
        attrs
    }

    /// Their names.
    fn words(&self) -> impl Iterator<Item = &'f str> {
        let file = self.file;
        let directives = &file[file[self.decl].directives];
        directives.iter().filter_map(|&d| file.directive_text(d).split_ascii_whitespace().next())
    }
}
