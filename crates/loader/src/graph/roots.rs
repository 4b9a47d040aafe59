//! From the arguments of a command to packages.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::resolve::Target;
use super::{Loader, Place};
use crate::error::Error;
use crate::module::{ModuleId, below};
use crate::pattern::{self, Pattern, Wildcard};
use crate::standard::StandardLibrary;

/// The import path of the package that named files make up.
pub(super) const FILES_PACKAGE: &str = "command-line-arguments";

/// The packages that patterns name, before they are read.
#[derive(Default)]
pub(super) struct Candidates {
    /// By import path.
    pub targets: BTreeMap<String, Candidate>,
    pub errors: Vec<Error>,
}

pub(super) struct Candidate {
    pub target: Target,
    /// Whether it was named as such; else it may turn out to be no package at all.
    pub explicit: bool,
    /// The pattern that first named it.
    pub pattern: usize,
}

impl Loader {
    pub(super) fn candidates(&self, patterns: &[Pattern]) -> Candidates {
        let mut candidates = Candidates::default();
        for (number, pattern) in patterns.iter().enumerate() {
            let found = match pattern {
                // builtin is documentation only, and runtime/cgo is no part of it without cgo.
                Pattern::Std => Ok(self.standard_candidates(&|path| {
                    below(path, "cmd").is_none() && !matches!(path, "builtin" | "runtime/cgo")
                })),
                Pattern::Cmd => Ok(self.standard_candidates(&|path| below(path, "cmd").is_some())),
                Pattern::Path(path) => self.find_package(path).map(|target| vec![target]),
                Pattern::Paths(wildcard) => Ok(self.path_candidates(wildcard)),
                Pattern::Directory(dir) => self.directory_candidate(dir).map(|target| vec![target]),
                Pattern::Directories { root, wildcard } => {
                    self.directory_candidates(root, wildcard)
                }
            };
            let explicit = matches!(pattern, Pattern::Path(_) | Pattern::Directory(_));
            match found {
                Ok(targets) => candidates.add(targets, explicit, number),
                Err(message) => candidates.errors.push(Error::new(message)),
            }
        }
        candidates
    }

    /// The package of named files, in the place of their directory.
    pub(super) fn files_target(&self, dir: &Path) -> Target {
        let inside = self.directory_candidate(dir).ok();
        Target {
            path: FILES_PACKAGE.to_string(),
            location: inside
                .as_ref()
                .map_or(FILES_PACKAGE.to_string(), |target| target.path.clone()),
            dir: dir.to_path_buf(),
            place: inside.map_or(Place::Outside, |target| target.place),
        }
    }

    fn standard_candidates(&self, wanted: &dyn Fn(&str) -> bool) -> Vec<Target> {
        let standard = self.standard();
        pattern::walk(standard.src(), &|_, _| false)
            .into_iter()
            .filter_map(|dir| Some((standard.path_of(&dir)?, dir)))
            .filter(|(path, _)| wanted(path))
            .map(|(path, dir)| Target::new(path, dir, Place::Standard))
            .collect()
    }

    fn path_candidates(&self, wildcard: &Wildcard) -> Vec<Target> {
        let mut targets = Vec::new();
        if StandardLibrary::owns(wildcard.prefix()) {
            targets = self.standard_candidates(&|path| wildcard.matches(path));
        }
        for (id, module) in self.modules().into_iter().flat_map(|modules| modules.iter()) {
            let prefix = wildcard.prefix();
            let overlaps = module.path.starts_with(prefix) || prefix.starts_with(&module.path);
            if let (true, Ok(dir)) = (overlaps, &module.dir) {
                let in_module = self.module_candidates(id, dir, dir);
                targets
                    .extend(in_module.into_iter().filter(|target| wildcard.matches(&target.path)));
            }
        }
        targets
    }

    /// The directories of a module at and below `from`, as packages.
    fn module_candidates(&self, id: ModuleId, module_dir: &Path, from: &Path) -> Vec<Target> {
        let Some(modules) = self.modules() else {
            return Vec::new();
        };
        let ignored = modules.ignored(id);
        let skip = |dir: &Path, name: &str| {
            let rest = dir.strip_prefix(module_dir).ok().and_then(Path::to_str).unwrap_or("");
            name == "vendor" || dir.join("go.mod").is_file() || is_ignored(rest, ignored)
        };
        let base = &modules.module(id).path;
        pattern::walk(from, &skip)
            .into_iter()
            .filter_map(|dir| {
                let path = match dir.strip_prefix(module_dir).ok()?.to_str()? {
                    "" => base.clone(),
                    rest => format!("{base}/{rest}"),
                };
                Some(Target::new(path, dir, Place::Module(id)))
            })
            .collect()
    }

    /// The package in a directory.
    fn directory_candidate(&self, dir: &Path) -> Result<Target, String> {
        if !dir.is_dir() {
            return Err(format!("stat {}: directory not found", dir.display()));
        }
        let dir = real(dir);
        if let Some(path) = self.standard().path_of(&dir) {
            return Ok(Target::new(path, dir, Place::Standard));
        }
        let Some(modules) = self.modules() else {
            return Err(format!(
                "{}: go.mod file not found in {} or any parent directory; name the .go files, or write a go.mod file",
                dir.display(),
                self.dir().display()
            ));
        };
        match modules.package_in(&dir) {
            Some((id, path)) => Ok(Target::new(path, dir, Place::Module(id))),
            None => Err(format!(
                "directory {} is outside the main modules (those of {})",
                dir.display(),
                modules.workspace().file().display()
            )),
        }
    }

    fn directory_candidates(
        &self,
        root: &Path,
        wildcard: &Wildcard,
    ) -> Result<Vec<Target>, String> {
        let here = self.directory_candidate(root)?;
        let matches = |target: &Target| {
            // The pattern was made from the directory as the user wrote it.
            let below_root = target.dir.strip_prefix(&here.dir).unwrap_or(&target.dir);
            let path = root.join(below_root);
            wildcard.matches(path.to_str().unwrap_or("").trim_end_matches('/'))
        };
        let targets = match here.place {
            Place::Module(id) => {
                let module_dir =
                    self.modules().and_then(|modules| modules.module(id).dir.clone().ok());
                let module_dir = module_dir.unwrap_or_else(|| here.dir.clone());
                let mut targets = self.module_candidates(id, &module_dir, &here.dir);
                targets.extend(self.nested_candidates(id, &here.dir));
                targets
            }
            _ => pattern::walk(&here.dir, &|dir, name| {
                name == "vendor" || dir.join("go.mod").is_file()
            })
            .into_iter()
            .filter_map(|dir| Some((self.standard().path_of(&dir)?, dir)))
            .map(|(path, dir)| Target::new(path, dir, Place::Standard))
            .collect(),
        };
        Ok(targets.into_iter().filter(matches).collect())
    }

    /// The packages of other workspace modules that lie below a directory of this one.
    fn nested_candidates(&self, outer: ModuleId, from: &Path) -> Vec<Target> {
        let modules = self.modules().into_iter().flat_map(|modules| modules.iter());
        modules
            .filter(|(id, module)| *id != outer && module.is_main())
            .filter_map(|(id, module)| Some((id, module.dir.as_ref().ok()?)))
            .filter(|(_, dir)| dir.starts_with(from))
            .flat_map(|(id, dir)| self.module_candidates(id, dir, dir))
            .collect()
    }
}

impl Candidates {
    fn add(&mut self, targets: Vec<Target>, explicit: bool, pattern: usize) {
        for target in targets {
            let candidate = self.targets.entry(target.path.clone()).or_insert(Candidate {
                target,
                explicit,
                pattern,
            });
            candidate.explicit |= explicit;
        }
    }
}

/// Whether go.mod's `ignore` lines name a directory, given relative to the module.
fn is_ignored(rest: &str, ignored: &[String]) -> bool {
    ignored.iter().any(|ignored| match ignored.strip_prefix("./") {
        Some(rooted) => rest == rooted.trim_end_matches('/'),
        None => {
            let name = ignored.trim_end_matches('/');
            rest == name || rest.ends_with(&format!("/{name}"))
        }
    })
}

fn real(dir: &Path) -> PathBuf {
    dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf())
}
