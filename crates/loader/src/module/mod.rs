//! Modules: which ones a build uses, in which versions, and where their files lie.
//!
//! Follows <https://go.dev/ref/mod>, for a command that changes nothing: go.mod and go.work are
//! never written, no module is downloaded. The steps are
//!
//! 1. [`workspace`]: the main modules, from go.mod or go.work at or above a directory;
//! 2. `selection`: minimal version selection over the go.mod files in the module cache, or
//!    `vendor`: the modules a vendor directory holds;
//! 3. [`Modules::find`]: the module that provides an import path.

mod cache;
mod selection;
mod vendor;
pub mod workspace;

use std::fs;
use std::path::{Path, PathBuf};

pub use cache::ModuleCache;

use crate::error::{Error, Result};
use crate::modfile::{VendorList, Version};
use crate::version::GoVersion;
use workspace::Workspace;

/// A module that a build may use packages of.
#[derive(Clone, Debug)]
pub struct Module {
    /// The module's path.
    pub path: String,
    /// The selected version; none for a main module.
    pub version: Option<Version>,
    /// Where its files lie, or why they are not there.
    pub dir: std::result::Result<PathBuf, String>,
    /// The language version of its packages.
    pub go_version: GoVersion,
    /// Whether it can change under the user's hands: a main module, or one replaced by a directory.
    /// Only there can another module begin inside it.
    pub local: bool,
}

impl Module {
    /// Whether the build is of this module, not only with it.
    pub fn is_main(&self) -> bool {
        self.version.is_none()
    }
}

/// The index of a module in [`Modules::list`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleId(pub u32);

/// How imports are resolved to modules: the go command's `-mod` flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModMode {
    /// From the module cache, as go.mod says.
    Readonly,
    /// The same here; the go command would also update go.mod.
    Mod,
    /// From the vendor directory.
    Vendor,
}

impl ModMode {
    /// Reads the flag's value.
    ///
    /// # Errors
    /// If there is no such mode.
    pub fn parse(text: &str) -> Result<ModMode> {
        match text {
            "readonly" => Ok(ModMode::Readonly),
            "mod" => Ok(ModMode::Mod),
            "vendor" => Ok(ModMode::Vendor),
            _ => Err(Error::new(format!(
                "-mod={text} not supported (can be '', 'mod', 'readonly', or 'vendor')"
            ))),
        }
    }
}

/// The modules of a build.
#[derive(Clone, Debug)]
pub struct Modules {
    /// The modules: main modules first, then by path.
    pub list: Vec<Module>,
    workspace: Workspace,
    vendor: Option<Vendored>,
    /// Modules whose requirements could not be read, with the reason.
    incomplete: Vec<String>,
}

#[derive(Clone, Debug)]
struct Vendored {
    dir: PathBuf,
    list: VendorList,
    /// For each module of the vendor list, its place in [`Modules::list`].
    modules: Vec<ModuleId>,
}

/// A package found in a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The module.
    pub module: ModuleId,
    /// The package's directory.
    pub dir: PathBuf,
}

impl Modules {
    /// Selects the modules for a workspace.
    ///
    /// # Errors
    /// A malformed go.mod or vendor/modules.txt that does not fit it, or a module that needs a
    /// later Go.
    pub fn select(
        workspace: Workspace,
        mode: Option<ModMode>,
        cache: Option<ModuleCache>,
    ) -> Result<Modules> {
        let mut modules = Modules {
            list: workspace.modules.iter().map(|main| main.module()).collect(),
            workspace,
            vendor: None,
            incomplete: Vec::new(),
        };
        if modules.uses_vendor(mode) {
            vendor::add(&mut modules)?;
        } else {
            selection::add(&mut modules, cache.as_ref())?;
        }
        Ok(modules)
    }

    /// The Go version that programs are written for, unless they say otherwise, and the settings of GODEBUG that go.work or
    /// go.mod give them.
    pub fn defaults(&self) -> (GoVersion, &[(String, String)]) {
        (self.workspace.go_version(), self.workspace.godebug())
    }

    fn uses_vendor(&self, mode: Option<ModMode>) -> bool {
        match mode {
            Some(mode) => mode == ModMode::Vendor,
            None => {
                let vendor = self.workspace.vendor_dir();
                self.workspace.go_version() >= GoVersion::language(14)
                    && vendor.is_dir()
                    && (!self.workspace.is_go_work() || vendor::is_of_workspace(&vendor))
            }
        }
    }

    /// The workspace the build is of.
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// A module.
    pub fn module(&self, id: ModuleId) -> &Module {
        &self.list[id.0 as usize]
    }

    /// The modules with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (ModuleId, &Module)> {
        (0..).map(ModuleId).zip(&self.list)
    }

    /// The directories a main module's go.mod tells patterns to pass over, as they are written.
    pub fn ignored(&self, id: ModuleId) -> &[String] {
        let main = self.workspace.modules.get(id.0 as usize);
        main.map_or(&[], |main| &main.file.ignore)
    }

    /// Finds the package with an import path.
    ///
    /// # Errors
    /// What is missing and what to do, or which modules contradict each other.
    pub fn find(&self, path: &str) -> std::result::Result<Found, String> {
        let mut found: Vec<Found> = Vec::new();
        let mut absent = None;
        let candidates =
            self.iter().filter(|(_, module)| self.vendor.is_none() || module.is_main());
        for (id, module) in candidates {
            let Some(rest) = below(path, &module.path) else {
                continue;
            };
            match &module.dir {
                Ok(dir) if is_package_dir(dir, rest, module.local) => {
                    found.push(Found { module: id, dir: join(dir, rest) })
                }
                Ok(_) => {}
                Err(why) => absent = Some(why),
            }
        }
        found.extend(self.find_vendored(path));
        match (found.pop(), found.is_empty()) {
            (Some(only), true) => Ok(only),
            (Some(last), false) => Err(self.ambiguous(path, &found, &last)),
            (None, _) => Err(self.nobody_provides(path, absent)),
        }
    }

    fn find_vendored(&self, path: &str) -> Option<Found> {
        let vendored = self.vendor.as_ref()?;
        let module = vendored.modules[*vendored.list.packages.get(path)?];
        let dir = vendored.dir.join(path);
        dir.is_dir().then_some(Found { module, dir })
    }

    fn ambiguous(&self, path: &str, others: &[Found], last: &Found) -> String {
        let mut message = format!("ambiguous import: found package {path} in multiple modules:");
        for found in others.iter().chain([last]) {
            let module = self.module(found.module);
            let version = module.version.as_ref().map_or(String::new(), |v| format!(" {v}"));
            message += &format!("\n\t{}{version} ({})", module.path, found.dir.display());
        }
        message
    }

    fn nobody_provides(&self, path: &str, absent: Option<&String>) -> String {
        if let Some(why) = absent {
            return why.clone();
        }
        if self.vendor.is_some() {
            return format!(
                "cannot find module providing package {path}: import lookup disabled by -mod=vendor"
            );
        }
        let main =
            self.list.iter().find(|module| module.is_main() && below(path, &module.path).is_some());
        if let Some(main) = main {
            return format!("package {path} is not in the main module {}", main.path);
        }
        let mut message =
            format!("no required module provides package {path}; to add it:\n\tgo get {path}");
        for why in &self.incomplete {
            message += &format!("\n\t({why})");
        }
        message
    }

    /// The main module a directory belongs to, and the import path of the package in it.
    pub fn package_in(&self, dir: &Path) -> Option<(ModuleId, String)> {
        let mains = self.iter().filter(|(_, module)| module.is_main());
        mains
            .filter_map(|(id, module)| {
                let rest = dir.strip_prefix(module.dir.as_ref().ok()?).ok()?;
                Some((id, module, rest.to_str()?))
            })
            .filter(|(_, module, rest)| {
                module.dir.as_ref().is_ok_and(|dir| !leaves_module(dir, rest))
            })
            .max_by_key(|(_, module, _)| module.dir.as_ref().map_or(0, |dir| dir.as_os_str().len()))
            .map(|(id, module, rest)| {
                let path = match rest {
                    "" => module.path.clone(),
                    rest => format!("{}/{rest}", module.path),
                };
                (id, path)
            })
    }
}

/// What stands behind `prefix` in a path, without the slash; None if the path is not below it.
pub(crate) fn below<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    match path.strip_prefix(prefix)? {
        "" => Some(""),
        rest => rest.strip_prefix('/'),
    }
}

fn join(dir: &Path, rest: &str) -> PathBuf {
    if rest.is_empty() { dir.to_path_buf() } else { dir.join(rest) }
}

/// Whether a directory of a module holds a package of that module.
fn is_package_dir(dir: &Path, rest: &str, local: bool) -> bool {
    !(local && leaves_module(dir, rest)) && has_go_files(&join(dir, rest))
}

/// Whether another module begins between a module's directory and one below it.
fn leaves_module(dir: &Path, rest: &str) -> bool {
    let mut at = dir.to_path_buf();
    rest.split('/').filter(|element| !element.is_empty()).any(|element| {
        at.push(element);
        at.join("go.mod").is_file()
    })
}

fn has_go_files(dir: &Path) -> bool {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .any(|path| path.extension().is_some_and(|extension| extension == "go") && !path.is_dir())
}
