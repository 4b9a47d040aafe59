//! Folders of Go's `test/` as modules.

use std::collections::HashMap;
use std::fs;
use std::io::Result;
use std::path::Path;

/// Lays the files of a folder out as the module `test`: `package main` at its top, each other package in a folder named
/// after its first file, as which `import "./name"` means it. Only the import paths in the texts change, and names that would
/// make a file one of a package's tests.
pub fn module_of_files(from: &Path, to: &Path, file_is_package: bool) -> Result<()> {
    fs::create_dir_all(to)?;
    fs::write(to.join("go.mod"), "module test\n\ngo 1.27\n")?;
    let mut folders: HashMap<String, String> = HashMap::new();
    for name in go_files(from)? {
        let text = String::from_utf8_lossy(&fs::read(from.join(&name))?).into_owned();
        let package = package_name(&text).to_owned();
        let stem = name.trim_end_matches(".go").to_owned();
        let folder = match (package.as_str(), file_is_package) {
            ("main", _) => String::new(),
            (_, true) => stem,
            (_, false) => folders.entry(package).or_insert(stem).clone(),
        };
        let folder = to.join(folder);
        fs::create_dir_all(&folder)?;
        let name = match name.strip_suffix("_test.go") {
            Some(stem) => format!("{stem}_tested.go"),
            None => name,
        };
        fs::write(folder.join(name), absolute_imports(&text))?;
    }
    Ok(())
}

/// Copies a folder, with its folders, as a module of its own name.
pub fn module_of_folder(from: &Path, to: &Path, version: &str) -> Result<()> {
    copy(from, to)?;
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    fs::write(to.join("go.mod"), format!("module {name}\ngo {version}\n"))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &target)?,
            false => drop(fs::copy(entry.path(), target)?),
        }
    }
    Ok(())
}

fn go_files(dir: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".go") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn package_name(text: &str) -> &str {
    let clause = text.lines().find_map(|line| line.strip_prefix("package "));
    clause.and_then(|rest| rest.split([' ', ';', '\t', '/']).next()).unwrap_or_default()
}

/// Turns `"./name"` into `"test/name"`, in import declarations.
fn absolute_imports(text: &str) -> String {
    let mut inside = false;
    let line = |line: &str| {
        let start = line.trim_start();
        inside |= start.starts_with("import (");
        let is_import = inside || start.starts_with("import ") || start.starts_with("import\t");
        inside &= !start.starts_with(')');
        if is_import { line.replace("\"./", "\"test/") } else { line.to_owned() }
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}
