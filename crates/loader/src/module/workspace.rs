//! The main modules: the one whose go.mod is at or above a directory, or those of a go.work file.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::Module;
use crate::environment::Environment;
use crate::error::{Error, Position, Result};
use crate::modfile::{ModFile, ModuleVersion, Replace, Strictness, Target, WorkFile};
use crate::version::GoVersion;

/// The main modules of a build.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The modules, in the order of go.work.
    pub modules: Vec<MainModule>,
    work: Option<WorkFile>,
}

/// A main module.
#[derive(Clone, Debug)]
pub struct MainModule {
    /// Its directory.
    pub dir: PathBuf,
    /// Its go.mod.
    pub file: ModFile,
}

impl MainModule {
    fn read(dir: &Path) -> Result<MainModule> {
        let path = dir.join("go.mod");
        let source = read(&path)?;
        let file = ModFile::parse(&path, &source, Strictness::Main)?;
        check_release(&path, file.go)?;
        Ok(MainModule { dir: dir.to_path_buf(), file })
    }

    pub(super) fn module(&self) -> Module {
        Module {
            path: self.file.module.clone(),
            version: None,
            dir: Ok(self.dir.clone()),
            go_version: self.file.go_version(),
            local: true,
        }
    }
}

/// What stands in for a module, with paths made absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// A directory.
    Directory(PathBuf),
    /// Another module.
    Module(ModuleVersion),
}

impl Workspace {
    /// Finds the main modules for a directory. None if it is in no module.
    ///
    /// # Errors
    /// A go.mod or go.work file that cannot be read or needs a later Go.
    pub fn find(dir: &Path, environment: &Environment) -> Result<Option<Workspace>> {
        if environment.get("GO111MODULE") == Some("off") {
            let message = "GO111MODULE=off is not supported: Trigo builds modules; unset it, and write a go.mod file";
            return Err(Error::new(message));
        }
        if let Some(file) = work_file(dir, environment) {
            return Workspace::of_work_file(&file).map(Some);
        }
        let Some(root) = dir.ancestors().find(|dir| dir.join("go.mod").is_file()) else {
            return Ok(None);
        };
        Ok(Some(Workspace { modules: vec![MainModule::read(root)?], work: None }))
    }

    fn of_work_file(path: &Path) -> Result<Workspace> {
        let work = WorkFile::parse(path, &read(path)?)?;
        check_release(path, work.go)?;
        let root = path.parent().unwrap_or(Path::new("/"));
        let mut modules: Vec<MainModule> = Vec::new();
        for (dir, position) in &work.uses {
            let dir = clean(&root.join(dir));
            let at = |message: String| Error::at(position.clone(), message);
            if !dir.join("go.mod").is_file() {
                return Err(at(format!(
                    "no go.mod file in {}, which go.work lists",
                    dir.display()
                )));
            }
            let module = MainModule::read(&dir)?;
            if modules.iter().any(|other| other.file.module == module.file.module) {
                return Err(at(format!(
                    "module {} appears twice in the workspace",
                    module.file.module
                )));
            }
            modules.push(module);
        }
        Ok(Workspace { modules, work: Some(work) })
    }

    /// Whether a go.work file makes it up.
    pub fn is_go_work(&self) -> bool {
        self.work.is_some()
    }

    /// The file that makes it up: go.work or go.mod.
    pub fn file(&self) -> &Path {
        match (&self.work, self.modules.first()) {
            (Some(work), _) => &work.file,
            (None, Some(main)) => &main.file.file,
            (None, None) => Path::new("go.mod"),
        }
    }

    /// The vendor directory, whether it is there or not.
    pub fn vendor_dir(&self) -> PathBuf {
        self.file().with_file_name("vendor")
    }

    /// The Go version of the go.work file, or of the one main module.
    pub fn go_version(&self) -> GoVersion {
        match &self.work {
            Some(work) => work.go.unwrap_or(GoVersion::language(18)),
            None => self.modules.first().map_or(GoVersion::UNSTATED, |main| main.file.go_version()),
        }
    }

    /// The settings of GODEBUG of the go.work file, or of the one main module.
    pub fn godebug(&self) -> &[(String, String)] {
        match &self.work {
            Some(work) => &work.godebug,
            None => self.modules.first().map_or(&[], |main| &main.file.godebug),
        }
    }

    /// Whether a version of a module is refused.
    pub fn excludes(&self, module: &ModuleVersion) -> bool {
        self.modules.iter().any(|main| main.file.exclude.contains(module))
    }

    /// What stands in for a module, if it is replaced: go.work goes first, and a replacement of
    /// one version before one of all.
    pub fn replacement(&self, module: &ModuleVersion) -> Option<Replacement> {
        let work = self.work.iter().map(|work| (&work.file, &work.replace));
        let mains = self.modules.iter().map(|main| (&main.file.file, &main.file.replace));
        work.chain(mains).find_map(|(file, replace)| {
            let of_path = || replace.iter().filter(|replace| replace.path == module.path);
            let exact = of_path().find(|replace| replace.version.as_ref() == Some(&module.version));
            let chosen = exact.or_else(|| of_path().find(|replace| replace.version.is_none()))?;
            Some(absolute(file, chosen))
        })
    }
}

fn absolute(file: &Path, replace: &Replace) -> Replacement {
    match &replace.target {
        Target::Directory(dir) => {
            let base = file.parent().unwrap_or(Path::new("/"));
            Replacement::Directory(clean(&base.join(dir)))
        }
        Target::Module(module) => Replacement::Module(module.clone()),
    }
}

/// The go.work file in force, by GOWORK or at or above a directory.
fn work_file(dir: &Path, environment: &Environment) -> Option<PathBuf> {
    match environment.get("GOWORK") {
        Some("off") => None,
        Some(file) => Some(PathBuf::from(file)),
        None => dir.ancestors().map(|dir| dir.join("go.work")).find(|file| file.is_file()),
    }
}

/// Fails if a file asks for a later Go than the pinned release.
pub(super) fn check_release(file: &Path, go: Option<GoVersion>) -> Result<()> {
    match go {
        Some(go) if go > GoVersion::PINNED => {
            let message = format!("requires go >= {go} (running go {})", GoVersion::PINNED);
            Err(Error::at(Position::file(file), message))
        }
        _ => Ok(()),
    }
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| Error::io("open", path, &error))
}

/// Removes `.` and `..` by name, without asking the file system.
pub(crate) fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}
