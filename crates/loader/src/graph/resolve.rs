//! From an import path to the package it means, and whether the importer may import it.

use std::collections::HashMap;
use std::path::PathBuf;

use super::{Loader, Place};
use crate::module::below;
use crate::standard::StandardLibrary;

/// A package that was found but not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Its import path.
    pub path: String,
    /// The path by which the `internal` rule judges it as an importer: its import path, or for
    /// named files, that of their directory.
    pub location: String,
    pub dir: PathBuf,
    pub place: Place,
}

impl Target {
    pub(super) fn new(path: String, dir: PathBuf, place: Place) -> Target {
        Target { location: path.clone(), path, dir, place }
    }
}

/// Resolves imports, remembering what it found.
pub(super) struct Resolver<'a> {
    loader: &'a Loader,
    /// By the tree the importer is in and the path as written.
    known: HashMap<(Tree, String), Result<Target, String>>,
}

/// Importers of one tree mean the same package by the same path.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Tree {
    Std,
    Cmd,
    Modules,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(loader: &'a Loader) -> Resolver<'a> {
        Resolver { loader, known: HashMap::new() }
    }

    /// The package that `path` means in the files of `importer`.
    pub(super) fn resolve(&mut self, importer: &Target, path: &str) -> Result<Target, String> {
        let tree = match importer.place {
            Place::Standard if below(&importer.path, "cmd").is_some() => Tree::Cmd,
            Place::Standard => Tree::Std,
            _ => Tree::Modules,
        };
        let key = (tree, path.to_string());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let found = self.find(importer, path);
        self.known.insert(key, found.clone());
        found
    }

    fn find(&self, importer: &Target, path: &str) -> Result<Target, String> {
        check_import_path(path)?;
        if importer.place == Place::Standard && !StandardLibrary::owns(path) {
            let vendored = self.loader.standard().vendored(path, &importer.path);
            let vendored =
                vendored.ok_or_else(|| format!("package {path} is not vendored in GOROOT"))?;
            return self.loader.find_standard(&vendored);
        }
        if ["vendor", "cmd/vendor"].iter().any(|vendor| below(path, vendor).is_some()) {
            let short = path.trim_start_matches("cmd/").trim_start_matches("vendor/");
            return Err(format!("{path} must be imported as {short}"));
        }
        self.loader.find_package(path)
    }
}

impl Loader {
    /// The package with an import path, for importers outside the standard library.
    pub(super) fn find_package(&self, path: &str) -> Result<Target, String> {
        let owned = StandardLibrary::owns(path);
        if owned && let Ok(target) = self.find_standard(path) {
            return Ok(target);
        }
        let in_module = |list: &crate::module::Modules| {
            list.iter().any(|(_, module)| below(path, &module.path).is_some())
        };
        match self.modules() {
            Some(modules) if !owned || in_module(modules) => {
                let found = modules.find(path)?;
                Ok(Target::new(path.to_string(), found.dir, Place::Module(found.module)))
            }
            None if !owned => Err(format!(
                "no required module provides package {path}: go.mod file not found in current directory or any parent directory; see 'go help modules'"
            )),
            _ => Err(self.not_in_std(path)),
        }
    }

    pub(super) fn find_standard(&self, path: &str) -> Result<Target, String> {
        let dir = self.standard().find(path).ok_or_else(|| self.not_in_std(path))?;
        Ok(Target::new(path.to_string(), dir, Place::Standard))
    }

    pub(super) fn not_in_std(&self, path: &str) -> String {
        let dir = self.standard().src().join(path);
        format!("package {path} is not in std ({})", dir.display())
    }
}

/// Refuses what cannot be the path of a package in a module: see "Import declarations" in the Go
/// specification, and `go help importpath`.
fn check_import_path(path: &str) -> Result<(), String> {
    if path.is_empty() {
        return Err("invalid import path: empty string".to_string());
    }
    if matches!(path, "." | "..") || path.starts_with("./") || path.starts_with("../") {
        return Err(format!(
            "{path} is relative, but relative import paths are not supported in module mode"
        ));
    }
    if path.starts_with('/') {
        return Err(format!("cannot import absolute path {path}"));
    }
    let bad = path.chars().find(|&c| !(c.is_alphanumeric() || "-._~/+".contains(c)));
    if let Some(c) = bad {
        return Err(format!("malformed import path {path:?}: invalid char {c:?}"));
    }
    let strange =
        |element: &str| element.is_empty() || element.starts_with('.') || element.ends_with('.');
    if path.split('/').any(strange) {
        return Err(format!(
            "malformed import path {path:?}: a path element is empty, or begins or ends with a dot"
        ));
    }
    Ok(())
}

/// Whether `importer` may import `imported`, by the rule of `internal` directories: only from
/// within the directory that holds `internal`.
pub(super) fn may_import(importer: &Target, imported: &Target) -> bool {
    let Some(parent) = parent_of_internal(&imported.path) else {
        return true;
    };
    let same_tree = imported.place != Place::Standard || importer.place == Place::Standard;
    same_tree && (parent.is_empty() || below(&importer.location, parent).is_some())
}

/// The path in front of the last `internal` element.
fn parent_of_internal(path: &str) -> Option<&str> {
    let mut at = path.len();
    for element in path.rsplit('/') {
        at -= element.len();
        if element == "internal" {
            return Some(path[..at].trim_end_matches('/'));
        }
        at = at.saturating_sub(1);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_belongs_to_its_parent() {
        assert_eq!(parent_of_internal("a/internal/b"), Some("a"));
        assert_eq!(parent_of_internal("a/internal"), Some("a"));
        assert_eq!(parent_of_internal("internal/b"), Some(""));
        assert_eq!(parent_of_internal("a/internal/b/internal/c"), Some("a/internal/b"));
        assert_eq!(parent_of_internal("a/internals"), None);
        let target = |path: &str, place| Target::new(path.to_string(), PathBuf::new(), place);
        let module = Place::Module(crate::module::ModuleId(0));
        let may = |from: &str, to: &str| may_import(&target(from, module), &target(to, module));
        assert!(may("m/a", "m/a/internal/x") && may("m/a/b", "m/a/internal/x"));
        assert!(!may("m/ab", "m/a/internal/x") && !may("m", "m/a/internal/x"));
        let std = |path| target(path, Place::Standard);
        assert!(may_import(&std("fmt"), &std("internal/abi")));
        assert!(!may_import(&target("fmt", module), &std("internal/abi")));
        assert!(!may_import(&std("fmt"), &std("cmd/internal/x")));
    }

    #[test]
    fn malformed_paths() {
        for path in ["", "./a", "..", "/a", "a b", "a//b", "a/", ".a", "a/b.", "a\\b", "a:b"] {
            assert!(check_import_path(path).is_err(), "{path}");
        }
        for path in ["a", "a.b/c-d/v2", "gopkg.in/yaml.v3", "a/~x", "a/ü"] {
            assert!(check_import_path(path).is_ok(), "{path}");
        }
    }
}
