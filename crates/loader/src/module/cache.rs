//! The module cache, as the go command lays it out: `path@version` holds a module's files,
//! `cache/download/path/@v/version.mod` its go.mod. Capital letters are written `!` and the small
//! letter, for file systems that do not tell them apart.

use std::path::{Path, PathBuf};

use crate::modfile::{ModuleVersion, Version};

/// A module cache; it is only read.
#[derive(Clone, Debug)]
pub struct ModuleCache {
    root: PathBuf,
}

impl ModuleCache {
    /// The cache in a directory, which need not exist.
    pub fn new(root: impl Into<PathBuf>) -> ModuleCache {
        ModuleCache { root: root.into() }
    }

    /// The cache's directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the files of a module are.
    pub fn dir(&self, module: &ModuleVersion) -> PathBuf {
        self.root.join(format!("{}@{}", escape(&module.path), escape_version(&module.version)))
    }

    /// Where a module's go.mod may be, in order.
    pub fn go_mod_files(&self, module: &ModuleVersion) -> [PathBuf; 2] {
        let download = self.root.join("cache/download").join(escape(&module.path));
        [
            download.join(format!("@v/{}.mod", escape_version(&module.version))),
            self.dir(module).join("go.mod"),
        ]
    }
}

fn escape_version(version: &Version) -> String {
    escape(&version.to_string())
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_uppercase() {
            escaped.push('!');
        }
        escaped.push(c.to_ascii_lowercase());
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_capitals() {
        let module = ModuleVersion {
            path: "github.com/Azure/SDK".to_string(),
            version: Version::parse("v1.0.0-RC1").unwrap(),
        };
        let cache = ModuleCache::new("/c");
        assert_eq!(cache.dir(&module), Path::new("/c/github.com/!azure/!s!d!k@v1.0.0-!r!c1"));
        assert_eq!(
            cache.go_mod_files(&module)[0],
            Path::new("/c/cache/download/github.com/!azure/!s!d!k/@v/v1.0.0-!r!c1.mod")
        );
    }
}
