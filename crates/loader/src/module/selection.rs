//! Minimal version selection: of each module, the highest version that any go.mod reached from
//! the main modules asks for.
//!
//! Module graph pruning, <https://go.dev/ref/mod#graph-pruning>: a module of Go 1.17 or later
//! lists all that its packages need, so that the requirements of its requirements do not count.
//! A go.mod that is not in the cache is taken as one without requirements and remembered, so that
//! an import that then cannot be found can say why.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::PathBuf;

use super::workspace::{Replacement, Workspace, check_release};
use super::{Module, ModuleCache, Modules};
use crate::error::Result;
use crate::modfile::{ModFile, ModuleVersion, Strictness, Version};
use crate::version::GoVersion;

/// Adds the selected modules to the main ones.
pub(super) fn add(modules: &mut Modules, cache: Option<&ModuleCache>) -> Result<()> {
    let mut walk = Walk {
        workspace: &modules.workspace,
        cache,
        selected: BTreeMap::new(),
        files: HashMap::new(),
        visited: HashSet::new(),
    };
    walk.run()?;
    let selected = std::mem::take(&mut walk.selected);
    let mut incomplete = Vec::new();
    let mut list = Vec::new();
    for (path, version) in selected {
        let module = ModuleVersion { path, version };
        let file = walk.go_mod(&module)?;
        let go_version = match &file {
            Ok(file) => file.go_version(),
            Err(why) => {
                incomplete.push(why.clone());
                GoVersion::UNSTATED
            }
        };
        let (dir, local) = walk.dir(&module);
        list.push(Module {
            path: module.path,
            version: Some(module.version),
            dir,
            go_version,
            local,
        });
    }
    modules.list.extend(list);
    modules.incomplete = incomplete;
    Ok(())
}

/// A go.mod file, or why there is none.
type GoMod = std::result::Result<std::rc::Rc<ModFile>, String>;

struct Walk<'a> {
    workspace: &'a Workspace,
    cache: Option<&'a ModuleCache>,
    selected: BTreeMap<String, Version>,
    files: HashMap<String, GoMod>,
    /// The modules whose requirements were read, with whether those requirements' own were too.
    visited: HashSet<(String, bool)>,
}

impl Walk<'_> {
    fn run(&mut self) -> Result<()> {
        let mut queue: Vec<(ModuleVersion, bool)> = Vec::new();
        for main in &self.workspace.modules {
            let pruned = main.file.is_pruned();
            queue.extend(main.file.require.iter().map(|require| (require.module.clone(), pruned)));
        }
        while let Some((module, pruned)) = queue.pop() {
            if self.is_main(&module.path) || self.workspace.excludes(&module) {
                continue;
            }
            self.raise(&module);
            if !self.visited.insert((module.to_string(), pruned)) {
                continue;
            }
            let Ok(file) = self.go_mod(&module)? else {
                continue;
            };
            let deep = !pruned || !file.is_pruned();
            for require in &file.require {
                if deep {
                    queue.push((require.module.clone(), file.is_pruned()));
                } else if !self.is_main(&require.module.path)
                    && !self.workspace.excludes(&require.module)
                {
                    self.raise(&require.module);
                }
            }
        }
        Ok(())
    }

    fn is_main(&self, path: &str) -> bool {
        self.workspace.modules.iter().any(|main| main.file.module == path)
    }

    fn raise(&mut self, module: &ModuleVersion) {
        match self.selected.get_mut(&module.path) {
            Some(version) if *version >= module.version => {}
            Some(version) => *version = module.version.clone(),
            None => {
                self.selected.insert(module.path.clone(), module.version.clone());
            }
        }
    }

    /// The go.mod of a module, after replacement.
    fn go_mod(&mut self, module: &ModuleVersion) -> Result<GoMod> {
        let key = module.to_string();
        if let Some(file) = self.files.get(&key) {
            return Ok(file.clone());
        }
        let file = self.read_go_mod(module)?;
        self.files.insert(key, file.clone());
        Ok(file)
    }

    fn read_go_mod(&self, module: &ModuleVersion) -> Result<GoMod> {
        let candidates: Vec<PathBuf> = match self.workspace.replacement(module) {
            Some(Replacement::Directory(dir)) => vec![dir.join("go.mod")],
            replacement => {
                let source = match replacement {
                    Some(Replacement::Module(other)) => other,
                    _ => module.clone(),
                };
                let files = self.cache.map(|cache| cache.go_mod_files(&source));
                files.map_or(Vec::new(), Vec::from)
            }
        };
        for path in candidates {
            let Ok(source) = fs::read(&path) else {
                continue;
            };
            let file = ModFile::parse(&path, &source, Strictness::Dependency)?;
            check_release(&path, file.go)?;
            return Ok(Ok(file.into()));
        }
        Ok(Err(format!("the go.mod of {module} is not in the module cache; run: go mod download")))
    }

    /// Where a module's files are, and whether the user may change them there.
    fn dir(&self, module: &ModuleVersion) -> (std::result::Result<PathBuf, String>, bool) {
        let source = match self.workspace.replacement(module) {
            Some(Replacement::Directory(dir)) if dir.join("go.mod").is_file() => {
                return (Ok(dir), true);
            }
            Some(Replacement::Directory(dir)) => {
                let why = format!(
                    "module {module} is replaced by the directory {}, which has no go.mod file",
                    dir.display()
                );
                return (Err(why), true);
            }
            Some(Replacement::Module(other)) => other,
            None => module.clone(),
        };
        let Some(cache) = self.cache else {
            let why = format!("module {module}: no module cache; set GOMODCACHE or HOME");
            return (Err(why), false);
        };
        let dir = cache.dir(&source);
        if dir.is_dir() {
            return (Ok(dir), false);
        }
        let why = format!(
            "module {source} is required but not in the module cache {}; run: go mod download {}",
            cache.root().display(),
            module.path
        );
        (Err(why), false)
    }
}
