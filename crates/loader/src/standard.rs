//! The standard library and the go command's own sources as places to find packages in.
//!
//! They are modules of a kind (`std` and `cmd`), but their packages have no module path in front,
//! and each vendors what it takes from elsewhere: an import of `golang.org/x/net` in `net/http`
//! means `vendor/golang.org/x/net`, one in `cmd/go` means `cmd/vendor/golang.org/x/net`.

use std::path::{Path, PathBuf};

use crate::module::below;

/// The source tree of a GOROOT.
#[derive(Clone, Debug)]
pub struct StandardLibrary {
    src: PathBuf,
}

impl StandardLibrary {
    /// The tree in a directory, `$GOROOT/src`.
    pub fn new(src: impl Into<PathBuf>) -> StandardLibrary {
        StandardLibrary { src: src.into() }
    }

    /// The tree's directory.
    pub fn src(&self) -> &Path {
        &self.src
    }

    /// Whether an import path can only mean a package of the standard library: its first element
    /// has no dot.
    pub fn owns(path: &str) -> bool {
        !path.split('/').next().unwrap_or("").contains('.')
    }

    /// The directory of a package, if there is one.
    pub fn find(&self, path: &str) -> Option<PathBuf> {
        let dir = self.src.join(path);
        (!path.is_empty() && dir.is_dir()).then_some(dir)
    }

    /// The path of the vendored package that `path` means in the package `importer` of this tree.
    pub fn vendored(&self, path: &str, importer: &str) -> Option<String> {
        let vendor = match below(importer, "cmd") {
            Some(_) => "cmd/vendor",
            None => "vendor",
        };
        let vendored = format!("{vendor}/{path}");
        self.find(&vendored).map(|_| vendored)
    }

    /// The import path of a directory of the tree.
    pub fn path_of(&self, dir: &Path) -> Option<String> {
        let path = dir.strip_prefix(&self.src).ok()?.to_str()?;
        (!path.is_empty()).then(|| path.to_string())
    }
}
