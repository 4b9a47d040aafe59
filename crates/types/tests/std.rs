//! Checks the standard library with all function bodies; there must be no errors.
//!
//! Arguments are import paths; without any, every package under `src` is
//! checked. `--tests` adds the test files, `--cmd` the commands.

mod support;

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;
use support::Library;

fn packages(root: &Path, dir: &Path, out: &mut Vec<String>) {
    let mut entries: Vec<_> =
        fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path()).collect();
    entries.sort();
    if let Ok(path) = dir.strip_prefix(root)
        && !path.as_os_str().is_empty()
    {
        out.push(path.to_string_lossy().into_owned());
    }
    for e in entries {
        let name = e.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if e.is_dir() && name != "testdata" && name != "vendor" && !name.starts_with(['_', '.']) {
            packages(root, &e, out);
        }
    }
}

fn main() -> ExitCode {
    let Some(goroot) = support::goroot() else {
        println!("std: no GOROOT found, nothing checked");
        return ExitCode::SUCCESS;
    };
    let flag = |name: &str| std::env::args().any(|a| a == name);
    let (tests, cmd) = (flag("--tests"), flag("--cmd"));
    let args: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let library = Library::new(goroot.clone(), false);
    let mut paths = args;
    if paths.is_empty() {
        let src = goroot.join("src");
        packages(&src, &src, &mut paths);
        paths.retain(|p| cmd || !p.starts_with("cmd"));
    }
    let start = Instant::now();
    let (mut passed, mut total) = (0, 0);
    for path in &paths {
        let files = library.go_files(&library.dir(path), false);
        if files.is_empty() || path == "unsafe" || path == "builtin" {
            continue;
        }
        total += 1;
        let mut messages = library.check_messages(path, &files);
        if tests {
            messages.extend(library.test_messages(path, &files));
        }
        if messages.is_empty() {
            passed += 1;
        } else {
            println!("{path}: {} errors", messages.len());
            for m in messages.iter().take(12) {
                println!("  {m}");
            }
        }
    }
    for m in library.problems.borrow().iter().take(30) {
        println!("imported: {m}");
    }
    println!("std: {passed}/{total} in {:?}", start.elapsed());
    if passed == total { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
