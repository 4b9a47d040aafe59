//! vendor/modules.txt: which module each vendored package came from.
//!
//! `# path version` starts a module, with `=> path version` or `=> directory` behind it if it was
//! replaced; `## explicit; go 1.N` says more of it; the other lines are its packages.

use std::collections::HashMap;
use std::path::Path;

use crate::version::GoVersion;

/// The list, read.
#[derive(Clone, Debug, Default)]
pub struct VendorList {
    /// The modules, in the order of the file.
    pub modules: Vec<VendoredModule>,
    /// For each package's import path, the index of its module.
    pub packages: HashMap<String, usize>,
    /// Whether the vendor directory is a workspace's.
    pub workspace: bool,
}

/// A vendored module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VendoredModule {
    /// The module's path.
    pub path: String,
    /// Its version; empty for a line that only records a replacement of all versions.
    pub version: String,
    /// What it was replaced by, as written behind the arrow; empty if it was not.
    pub replacement: String,
    /// Whether the main module's go.mod names it.
    pub explicit: bool,
    /// Its language version.
    pub go: Option<GoVersion>,
}

impl VendorList {
    /// Reads the list. Lines it does not understand are passed over, as the go command does.
    pub fn parse(source: &[u8]) -> VendorList {
        let mut list = VendorList::default();
        for line in String::from_utf8_lossy(source).lines() {
            if let Some(annotation) = line.strip_prefix("## ") {
                list.annotate(annotation);
            } else if let Some(module) = line.strip_prefix("# ") {
                list.modules.push(module_line(module));
            } else if let Some(last) = list.modules.len().checked_sub(1) {
                let package = line.trim();
                if !package.is_empty() && !package.contains(' ') {
                    list.packages.insert(package.to_string(), last);
                }
            }
        }
        list
    }

    fn annotate(&mut self, annotation: &str) {
        for entry in annotation.split(';').map(str::trim) {
            if entry == "workspace" {
                self.workspace = true;
            }
            let Some(module) = self.modules.last_mut() else {
                continue;
            };
            if entry == "explicit" {
                module.explicit = true;
            } else if let Some(version) = entry.strip_prefix("go ") {
                module.go = GoVersion::parse(version.trim());
            }
        }
    }

    /// The language version of a package's module; as for go.mod, 1.16 where none is stated.
    pub fn go_version(&self, module: usize) -> GoVersion {
        self.modules[module].go.unwrap_or(GoVersion::UNSTATED)
    }

    /// Where the list of a vendor directory lies.
    pub fn path(vendor: &Path) -> std::path::PathBuf {
        vendor.join("modules.txt")
    }
}

fn module_line(line: &str) -> VendoredModule {
    let (module, replacement) = line.split_once("=>").unwrap_or((line, ""));
    let mut words = module.split_whitespace();
    VendoredModule {
        path: words.next().unwrap_or("").to_string(),
        version: words.next().unwrap_or("").to_string(),
        replacement: replacement.split_whitespace().collect::<Vec<_>>().join(" "),
        ..VendoredModule::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_modules_and_packages() {
        let list = VendorList::parse(
            b"## workspace\n# a.b/c v1.0.0 => ../c\n## explicit; go 1.20\na.b/c\na.b/c/d\n# e v2.0.0\ne/f\n# x => ./y\n",
        );
        assert!(list.workspace);
        assert_eq!(list.modules.len(), 3);
        assert_eq!(list.modules[0].replacement, "../c");
        assert!(list.modules[0].explicit && !list.modules[1].explicit);
        assert_eq!(list.packages["a.b/c/d"], 0);
        assert_eq!(list.packages["e/f"], 1);
        assert_eq!(list.go_version(0), GoVersion::language(20));
        assert_eq!(list.go_version(1), GoVersion::UNSTATED);
        assert_eq!(list.modules[2].version, "");
    }

    #[test]
    fn garbage_is_an_empty_list() {
        assert_eq!(VendorList::parse(b"\xff\0\n#\n##\nx").packages.len(), 0);
    }
}
