//! Vendoring: all packages the main modules need, in their vendor directory.
//!
//! The directory is used only if its list of modules agrees with go.mod, as
//! <https://go.dev/ref/mod#vendoring> asks.

use std::fs;
use std::path::Path;

use super::workspace::MainModule;
use super::{Module, ModuleId, Modules, Vendored};
use crate::error::{Error, Result};
use crate::modfile::{ModuleVersion, Target, VendorList, VendoredModule, Version};

/// Adds the vendored modules to the main ones.
pub(super) fn add(modules: &mut Modules) -> Result<()> {
    let dir = modules.workspace.vendor_dir();
    // Without a list, nothing is vendored; go.mod then says whether that is right.
    let list = VendorList::parse(&fs::read(VendorList::path(&dir)).unwrap_or_default());
    let problems = inconsistencies(modules, &list);
    if !problems.is_empty() {
        let hint = if modules.workspace.is_go_work() { "go work vendor" } else { "go mod vendor" };
        return Err(Error::new(format!(
            "inconsistent vendoring in {}:\n\t{}\n\n\tTo ignore the vendor directory, use -mod=readonly or -mod=mod.\n\tTo sync the vendor directory, run:\n\t\t{hint}",
            dir.parent().unwrap_or(&dir).display(),
            problems.join("\n\t")
        )));
    }
    let mut ids = Vec::new();
    for (index, vendored) in list.modules.iter().enumerate() {
        ids.push(ModuleId(u32::try_from(modules.list.len()).unwrap_or(u32::MAX)));
        modules.list.push(Module {
            path: vendored.path.clone(),
            // A replaced module may be listed without a version; it is no main module for that.
            version: Version::parse(&vendored.version).or_else(|| Version::parse("v0.0.0")),
            dir: Ok(dir.join(&vendored.path)),
            go_version: list.go_version(index),
            local: false,
        });
    }
    modules.vendor = Some(Vendored { dir, list, modules: ids });
    Ok(())
}

/// Whether a vendor directory was made for a workspace.
pub(super) fn is_of_workspace(vendor: &Path) -> bool {
    fs::read(VendorList::path(vendor)).is_ok_and(|source| VendorList::parse(&source).workspace)
}

/// How the list differs from what the main modules' go.mod files say.
fn inconsistencies(modules: &Modules, list: &VendorList) -> Vec<String> {
    let mut problems = Vec::new();
    for main in &modules.workspace.modules {
        let required = main.file.require.iter().map(|require| &require.module);
        for module in required.filter(|module| !is_main(modules, &module.path)) {
            let entry = list.modules.iter().find(|entry| is(entry, module));
            if !entry.is_some_and(|entry| entry.explicit) && !modules.workspace.is_go_work() {
                problems.push(format!(
                    "{module}: is explicitly required in go.mod, but not marked as explicit in vendor/modules.txt"
                ));
            }
            if let Some(entry) = entry {
                problems.extend(check_replacement(main, module, entry));
            }
        }
    }
    for entry in list.modules.iter().filter(|entry| entry.explicit && !entry.version.is_empty()) {
        let mut required = modules.workspace.modules.iter().flat_map(|main| &main.file.require);
        if !required.any(|require| is(entry, &require.module)) && !modules.workspace.is_go_work() {
            problems.push(format!(
                "{}@{}: is marked as explicit in vendor/modules.txt, but not explicitly required in go.mod",
                entry.path, entry.version
            ));
        }
    }
    problems
}

fn is_main(modules: &Modules, path: &str) -> bool {
    modules.workspace.modules.iter().any(|main| main.file.module == path)
}

fn is(entry: &VendoredModule, module: &ModuleVersion) -> bool {
    entry.path == module.path && entry.version == module.version.to_string()
}

fn check_replacement(
    main: &MainModule,
    module: &ModuleVersion,
    entry: &VendoredModule,
) -> Option<String> {
    let replace = main.file.replace.iter().find(|replace| {
        let same_version =
            replace.version.as_ref().is_none_or(|version| *version == module.version);
        replace.path == module.path && same_version
    });
    let wanted = match replace.map(|replace| &replace.target) {
        None => String::new(),
        Some(Target::Directory(dir)) => dir.clone(),
        Some(Target::Module(other)) => format!("{} {}", other.path, other.version),
    };
    if wanted == entry.replacement {
        return None;
    }
    Some(match (wanted.as_str(), entry.replacement.as_str()) {
        (_, "") => format!(
            "{module}: is replaced in go.mod, but not marked as replaced in vendor/modules.txt"
        ),
        ("", _) => format!(
            "{module}: is marked as replaced in vendor/modules.txt, but not replaced in go.mod"
        ),
        (wanted, listed) => format!(
            "{module}: is replaced by {wanted} in go.mod, but marked as replaced by {listed} in vendor/modules.txt"
        ),
    })
}
